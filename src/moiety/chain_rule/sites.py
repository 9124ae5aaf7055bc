r"""Sites of a sweep of state points, and what is told of each when its turn comes in the chain rule.

Samples of all state points lie one after another.  A site is read in a scene: the whole lattice,
whose sites are told those before them, or a block, whose first half is told besides or is not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..base import scratch
from ..base.errors import InputError
from ..data.samples import Samples
from ..estimation.pairs import Encoding, Split, cross_splits
from ..geometry.cuts import Cut
from .contexts import Contexts, Neighbourhood, Scene, alone, beside, given_first, whole

__all__ = ["Sites"]

_SHARE = 0.5  # of a batch that goes to the whole lattice where cuts are asked for, too


class Sites:
    """Scenes of a lattice and the samples that they are read from.

    Arguments:
        sweep: Samples of each state point, of one kind and shape.
        points: What tells the state points apart, shape `(state points, parameters)`; of a
            single one it may be left out.
        around: What a context may hold.
        cuts: Whose halves are scenes, too.
        device: Where samples live.

    Raises:
        InputError: Samples that differ in kind, states, shape or edges; not as many points as
            there are samples, or two alike.
    """

    def __init__(
        self,
        sweep: Sequence[Samples],
        points: Sequence[Sequence[float]] | None,
        around: Neighbourhood,
        cuts: Sequence[Cut],
        device: str,
    ):
        told = _told_apart(sweep, points)
        self.sweep, self.cuts, self.around = tuple(sweep), tuple(cuts), around
        first = self.sweep[0]
        values = _together([samples.values.reshape(samples.n, *samples.shape) for samples in sweep])
        self.symmetries = tuple(
            name
            for name in first.symmetries
            if all(name in samples.symmetries for samples in sweep)
        )
        self.encoding = Encoding.of(first.kind, first.states, values)
        self.contexts = Contexts(
            values, first.periodic, self.encoding, self.symmetries, around, device
        )
        counts = [samples.n for samples in sweep]
        self.starts = np.concatenate([[0], np.cumsum(counts)])
        self.points = torch.from_numpy(told.repeat(counts, axis=0)).float().to(device)
        self.whole = whole(first.shape, first.periodic, around)
        upright = [self._upright(cut, first) for cut in self.cuts]
        self.pairs = [(given_first(cut, around), alone(cut, around)) for cut in upright]
        kinds = [
            [one for one in zip(upright, self.pairs, strict=True) if one[0].faces == faces]
            for faces in (1, 2)
        ]
        self.trained = [
            [(*pair, *(beside(scene, cut) for scene in pair)) for cut, pair in kind]
            for kind in kinds
            if kind
        ]

    def _upright(self, cut: Cut, samples: Samples) -> Cut:
        """With layers that are rows where axes may be swapped: sites far from the first half are then told
        as those of the whole lattice are, which the network knows best.
        """
        alike = [(samples.shape[axis], samples.periodic[axis]) for axis in (0, cut.axis)]
        return (
            cut.swapped(0, cut.axis)
            if "transpose" in self.symmetries and alike[0] == alike[1]
            else cut
        )

    @property
    def n(self) -> int:
        """Samples of all state points."""
        return int(self.starts[-1])

    @property
    def parameters(self) -> int:
        """Numbers that tell a state point."""
        return self.points.shape[1]

    def splits(self, folds: int) -> list[Split]:
        """Of each fold: the sets of all state points together."""
        by_point = [cross_splits(samples.chains, samples.draws, folds) for samples in self.sweep]
        names = ("train", "validation", "test")

        def joined(name: str, fold: int) -> np.ndarray:
            return np.concatenate(
                [
                    getattr(splits[fold], name) + start
                    for splits, start in zip(by_point, self.starts)
                ]
            )

        return [Split(*(joined(name, fold) for name in names)) for fold in range(folds)]

    def by_point(self, values: np.ndarray) -> list[np.ndarray]:
        """What is known of each sample, state point by state point."""
        return np.split(values, self.starts[1:-1])

    def batch(
        self, indices: Tensor, size: int, generator: torch.Generator, augment: bool
    ) -> tuple[Tensor, ...]:
        """Sites of the whole lattice and, where cuts are asked for, as many of them, picked at random.

        One cut is of those whose halves meet at one end, one of those whose halves meet at both, as far
        as there are any: what is known beside a second end is known beside no other cut.  Half of the
        sites are of the layers beside the first half.
        """
        image = (
            int(torch.randint(len(self.contexts.images), (), generator=generator)) if augment else 0
        )
        if not self.cuts:
            return self._random(self.whole, indices, size, generator, image)
        picks = [
            int(torch.randint(len(scenes), (), generator=generator)) for scenes in self.trained
        ]
        scenes = [
            scene for pick, found in zip(picks, self.trained, strict=True) for scene in found[pick]
        ]
        first = round(size * _SHARE)
        sizes = [first, *[max((size - first) // len(scenes), 1)] * len(scenes)]
        parts = [
            self._random(scene, indices, count, generator, image)
            for scene, count in zip((self.whole, *scenes), sizes, strict=True)
        ]
        return tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))

    def _random(
        self, scene: Scene, indices: Tensor, sites: int, generator: torch.Generator, image: int
    ) -> tuple[Tensor, ...]:
        runs, length = scene.places.shape[:2]
        count = max(sites // length, 1)
        samples = indices[torch.randint(len(indices), (count,), generator=generator)]
        return self.draw(
            scene, samples, torch.randint(runs, (count,), generator=generator), generator, image
        )

    def draw(
        self,
        scene: Scene,
        samples: Tensor,
        runs: Tensor,
        generator: torch.Generator,
        image: int = 0,
    ) -> tuple[Tensor, ...]:
        """See `Contexts.draw`; and the state point of each site."""
        points = self.points[samples.to(self.points.device)].repeat_interleave(
            scene.places.shape[1], dim=0
        )
        return *self.contexts.draw(scene, samples, runs, generator, image), points


def _told_apart(sweep: Sequence[Samples], points: Sequence[Sequence[float]] | None) -> np.ndarray:
    """Standardised parameters of the state points, shape `(state points, parameters)`."""
    alike = {(samples.kind, samples.states, samples.shape, samples.periodic) for samples in sweep}
    if len(alike) > 1:
        raise InputError(
            f"samples of one network must agree in kind, states, shape and edges, not {sorted(map(str, alike))}"
        )
    told = (
        np.zeros((1, 0))
        if points is None and len(sweep) == 1
        else np.array(points, dtype=float, ndmin=2)
    )
    if len(told) != len(sweep) or len(np.unique(told, axis=0)) < len(sweep):
        raise InputError(
            f"{len(sweep)} sets of samples need as many different state points, not {points}"
        )
    spread = told.std(axis=0)
    return (told - told.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _together(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Samples of all state points; those of a single one are not copied."""
    if len(parts) == 1:
        return parts[0]
    found = scratch.empty((sum(map(len, parts)), *parts[0].shape[1:]), np.result_type(*parts))
    for part, end in zip(parts, np.cumsum([len(part) for part in parts]), strict=True):
        found[end - len(part) : end] = part
        scratch.release(found)
    return found
