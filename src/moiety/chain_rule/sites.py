"""Batches of sites from one or several state points.

A site is read in a view: the whole lattice row by row, or the second half of a cut with or without
the first half.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..base.errors import InputError
from ..geometry.cuts import Cut
from .batches import CHUNK, ORIGINS, Reading
from .contexts import Contexts
from .pool import SamplePool
from .views import Neighbourhood, View, conditional_view, marginal_view, near_cut, whole_view

__all__ = ["Sites"]

_WHOLE_SHARE = 0.5  # share of a batch for the whole lattice if there are cuts, too


class Sites:
    """The views of a lattice and the samples that they are read from.

    Args:
        pool: Samples of all state points.
        around: Neighbourhood of a site.
        cuts: Cuts whose views are wanted, too.
        device: Where the samples are kept.

    Raises:
        InputError: Cuts or several state points of samples whose sites differ.
    """

    names, shares = ("row by row",), (1.0,)

    def __init__(self, pool: SamplePool, around: Neighbourhood, cuts: Sequence[Cut], device: str):
        self.pool, self.cuts, self.around = pool, tuple(cuts), around
        self.fixed = not pool.homogeneous
        self._check_fixed()
        self.contexts = Contexts(
            pool.values,
            pool.periodic,
            pool.encoding,
            pool.symmetries,
            around,
            device,
            fixed=self.fixed,
        )
        self.points = torch.from_numpy(pool.points).float().to(device)
        self.whole = whole_view(pool.shape, pool.periodic, around)
        upright = [self._upright(cut) for cut in self.cuts]
        self.pairs = [
            (conditional_view(cut, around), marginal_view(cut, around)) for cut in upright
        ]
        self.trained = self._trained_views(upright)

    def _check_fixed(self) -> None:
        if self.fixed and (self.cuts or len(self.pool.sweep) > 1):
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

    def _upright(self, cut: Cut) -> Cut:
        """The cut with layers that are rows, if its axes may be swapped.

        Sites far from the first half then have the contexts of the whole lattice, which the
        network knows best.
        """
        axes = [(self.pool.shape[axis], self.pool.periodic[axis]) for axis in (0, cut.axis)]
        may_swap = "transpose" in self.pool.symmetries and axes[0] == axes[1]
        return cut.swapped(0, cut.axis) if may_swap else cut

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

    def read(
        self,
        module: nn.Module,
        indices: Tensor,
        per_sample: float,
        generator: torch.Generator,
        tick: Callable[[], None],
    ) -> Reading:
        """See `Batches.read`."""

        def log_p(views: Sequence[View]) -> list[np.ndarray]:
            return self._by_sample(module, views, indices, per_sample, generator, tick)

        surprise = -log_p((self.whole,))[0]
        by_cut = {}
        for cut, views in zip(self.cuts, self.pairs, strict=True):
            conditional, marginal = log_p(views)
            by_cut[cut.parent] = views[0].sites * (conditional - marginal)
        return Reading(surprise, by_cut, surprise[:, None])

    @torch.no_grad()
    def _by_sample(
        self,
        module: nn.Module,
        views: Sequence[View],
        indices: Tensor,
        per_sample: float,
        generator: torch.Generator,
        tick: Callable[[], None],
    ) -> list[np.ndarray]:
        """Mean log p of each held-out sample in every view, at the same sites in all of them."""
        runs, length = views[0].places.shape[:2]
        origins = 1 if self.fixed else ORIGINS
        each = max(min(round(per_sample / length), origins * runs), 1)
        samples = indices.repeat_interleave(each)
        log_p: list[list[Tensor]] = [[] for _ in views]
        noise = torch.rand(len(indices), each, generator=generator)
        even = (torch.arange(each) + noise) * (runs / each)  # evenly over the view
        picks = even.long().clamp(max=runs - 1).flatten()
        for part in torch.split(torch.arange(len(samples)), max(CHUNK // length, 1)):
            tick()
            state = generator.get_state()
            for view, values in zip(views, log_p, strict=True):
                generator.set_state(state)  # the same places
                drawn = self.draw(view, samples[part], picks[part], generator)
                values.append(module(*drawn).double().cpu())
        return [torch.cat(values).view(len(indices), -1).mean(dim=1).numpy() for values in log_p]
