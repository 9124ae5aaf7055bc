"""Batches of sites from one or several state points.

The samples of all state points lie one after another.  A site is read in a view: the whole
lattice, or the second half of a cut with or without the first half.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..base import scratch
from ..base.errors import InputError
from ..data.samples import Samples
from ..estimation.encoding import Encoding
from ..estimation.folds import Split, cross_splits
from ..geometry.cuts import Cut
from .contexts import Contexts
from .views import Neighbourhood, View, conditional_view, marginal_view, near_cut, whole_view

__all__ = ["Sites"]

_WHOLE_SHARE = 0.5  # share of a batch for the whole lattice if there are cuts, too


class Sites:
    """The views of a lattice and the samples that they are read from.

    Args:
        sweep: Samples of each state point, all of the same kind and shape.
        points: Parameters of the state points, shape `(state points, parameters)`; None for a
            single state point.
        around: Neighbourhood of a site.
        cuts: Cuts whose views are wanted, too.
        device: Where the samples are kept.

    Raises:
        InputError: Samples that differ in kind, states, shape or boundaries; a number of points
            that does not match, or two equal points.
    """

    def __init__(
        self,
        sweep: Sequence[Samples],
        points: Sequence[Sequence[float]] | None,
        around: Neighbourhood,
        cuts: Sequence[Cut],
        device: str,
    ):
        parameters = _standardised(sweep, points)
        self.sweep, self.cuts, self.around = tuple(sweep), tuple(cuts), around
        first = self.sweep[0]
        values = _joined([samples.values.reshape(samples.n, *samples.shape) for samples in sweep])
        self.symmetries = tuple(
            name for name in first.symmetries if all(name in other.symmetries for other in sweep)
        )
        self.fixed = not first.homogeneous
        self._check_fixed()
        self.encoding = Encoding.of(first.kind, first.states, values)
        self.contexts = Contexts(
            values, first.periodic, self.encoding, self.symmetries, around, device, fixed=self.fixed
        )
        counts = [samples.n for samples in sweep]
        self.starts = np.concatenate([[0], np.cumsum(counts)])
        self.points = torch.from_numpy(parameters.repeat(counts, axis=0)).float().to(device)
        self.whole = whole_view(first.shape, first.periodic, around)
        upright = [self._upright(cut, first) for cut in self.cuts]
        self.pairs = [
            (conditional_view(cut, around), marginal_view(cut, around)) for cut in upright
        ]
        self.trained = self._trained_views(upright)

    def _check_fixed(self) -> None:
        if self.fixed and (self.cuts or len(self.sweep) > 1):
            raise InputError(
                "samples whose sites differ have a network of their own at each state point, "
                "which gives no M of cuts; leave out points and cuts"
            )

    def _trained_views(self, cuts: Sequence[Cut]) -> list[list[tuple[View, ...]]]:
        """Views of each cut for training, by the number of ends at which its halves meet."""
        views = list(zip(cuts, self.pairs, strict=True))
        kinds = [[(cut, pair) for cut, pair in views if cut.faces == faces] for faces in (1, 2)]
        return [
            [(*pair, *(near_cut(view, cut) for view in pair)) for cut, pair in kind]
            for kind in kinds
            if kind
        ]

    def _upright(self, cut: Cut, samples: Samples) -> Cut:
        """The cut with layers that are rows, if its axes may be swapped.

        Sites far from the first half then have the contexts of the whole lattice, which the
        network knows best.
        """
        axes = [(samples.shape[axis], samples.periodic[axis]) for axis in (0, cut.axis)]
        may_swap = "transpose" in self.symmetries and axes[0] == axes[1]
        return cut.swapped(0, cut.axis) if may_swap else cut

    @property
    def n(self) -> int:
        """Number of samples of all state points."""
        return int(self.starts[-1])

    @property
    def parameters(self) -> int:
        """Number of parameters of a state point."""
        return self.points.shape[1]

    def splits(self, folds: int) -> list[Split]:
        """The sets of each fold, over all state points together."""
        by_point = [cross_splits(samples.chains, samples.draws, folds) for samples in self.sweep]
        names = ("train", "validation", "test")

        def joined(name: str, fold: int) -> np.ndarray:
            sets = zip(by_point, self.starts[:-1], strict=True)
            return np.concatenate([getattr(splits[fold], name) + start for splits, start in sets])

        return [Split(*(joined(name, fold) for name in names)) for fold in range(folds)]

    def by_point(self, values: np.ndarray) -> list[np.ndarray]:
        """Split values of all samples by state point."""
        return np.split(values, self.starts[1:-1])

    def batch(
        self, indices: Tensor, size: int, generator: torch.Generator, *, augment: bool
    ) -> tuple[Tensor, ...]:
        """Random sites of the whole lattice and, if there are cuts, as many of their views.

        One cut is chosen among those whose halves meet at one end and one among those whose halves
        meet at both: only the latter have contexts beside a second end.  Half of the sites lie in
        the layers beside the first half.

        Args:
            indices: Samples to read.
            size: Number of sites.
            generator: Source of random numbers.
            augment: Whether to read a random image of the lattice.
        """
        images = len(self.contexts.images)
        image = int(torch.randint(images, (), generator=generator)) if augment else 0
        if not self.cuts:
            return self._random(self.whole, indices, size, generator, image)
        picks = [int(torch.randint(len(kind), (), generator=generator)) for kind in self.trained]
        views = [
            view for pick, kind in zip(picks, self.trained, strict=True) for view in kind[pick]
        ]
        first = round(size * _WHOLE_SHARE)
        sizes = [first, *[max((size - first) // len(views), 1)] * len(views)]
        parts = [
            self._random(view, indices, count, generator, image)
            for view, count in zip((self.whole, *views), sizes, strict=True)
        ]
        return tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))

    def _random(
        self, view: View, indices: Tensor, sites: int, generator: torch.Generator, image: int
    ) -> tuple[Tensor, ...]:
        runs, length = view.places.shape[:2]
        count = max(sites // length, 1)
        samples = indices[torch.randint(len(indices), (count,), generator=generator)]
        picks = torch.randint(runs, (count,), generator=generator)
        return self.draw(view, samples, picks, generator, image)

    def draw(
        self, view: View, samples: Tensor, runs: Tensor, generator: torch.Generator, image: int = 0
    ) -> tuple[Tensor, ...]:
        """See `Contexts.draw`; then come the parameters of each site's state point.

        The number of each site comes last if sites differ.
        """
        points = self.points[samples.to(self.points.device)]
        by_site = points.repeat_interleave(view.places.shape[1], dim=0)
        drawn = *self.contexts.draw(view, samples, runs, generator, image), by_site
        if not self.fixed:
            return drawn
        numbers = torch.from_numpy(view.numbers(self.contexts.shape))[runs]
        return *drawn, numbers.flatten().to(by_site.device)


def _standardised(sweep: Sequence[Samples], points: Sequence[Sequence[float]] | None) -> np.ndarray:
    """Standardised parameters of the state points, shape `(state points, parameters)`."""
    kinds = {
        (item.kind, item.states, item.shape, item.periodic, item.homogeneous) for item in sweep
    }
    if len(kinds) > 1:
        different = sorted(map(str, kinds))
        raise InputError(
            f"samples of one network must agree in kind, states, shape and boundaries: {different}"
        )
    is_single = points is None and len(sweep) == 1
    values = np.zeros((1, 0)) if is_single else np.array(points, dtype=float, ndmin=2)
    if len(values) != len(sweep) or len(np.unique(values, axis=0)) < len(sweep):
        raise InputError(
            f"{len(sweep)} sets of samples need as many different points, not {points}"
        )
    spread = values.std(axis=0)
    standardised: np.ndarray = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return standardised


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The samples of all state points; those of a single one are not copied."""
    if len(parts) == 1:
        return parts[0]
    shape = (sum(map(len, parts)), *parts[0].shape[1:])
    joined = scratch.empty(shape, np.result_type(*parts))
    ends = np.cumsum([len(part) for part in parts])
    for part, end in zip(parts, ends, strict=True):
        joined[end - len(part) : end] = part
        scratch.release(joined)
    return joined
