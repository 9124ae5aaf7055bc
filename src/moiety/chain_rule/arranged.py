r"""Contexts and targets of single sites in any order, with the context at each site's own scale.

A configuration is moved to a random place, and to a random image under the spatial symmetries, and
encoded as a whole; then a table of neighbours picks the contexts of some of its sites.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from .batches import CHUNK, Reading
from .contexts import images_of
from .neighbours import contexts_of, neighbours, places_of
from .orders import Order
from .pool import SamplePool

__all__ = ["ArrangedSites"]

_SAMPLES, _MOST_SITES = 16, 1 << 18  # in a batch: samples, and sites of whole samples


class ArrangedSites:
    """Batches of sites of whole lattices, visited in an order.

    Args:
        pool: Samples of one or several state points.
        order: The order.
        device: Where the samples are kept.
    """

    fixed = False

    def __init__(self, pool: SamplePool, order: Order, device: str):
        self.pool, self.device = pool, device
        self.around = order.neighbourhood(len(pool.shape))
        self.arrangement = order.arrange(pool.shape, pool.periodic)
        self.flat = torch.from_numpy(np.ascontiguousarray(pool.values)).to(device).reshape(-1)
        self.points = torch.from_numpy(pool.points).float().to(device)
        self.by_rank = torch.from_numpy(np.argsort(self.arrangement.rank))
        self.kind = torch.from_numpy(self.arrangement.kind)
        closed = all(pool.periodic)
        images = images_of(pool.symmetries if closed else (), pool.shape)
        self.images = [torch.from_numpy(image) for image in images]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the kinds of site."""
        return self.arrangement.names

    @property
    def shares(self) -> tuple[float, ...]:
        """Shares of the kinds in all sites."""
        counts = np.bincount(self.arrangement.kind, minlength=len(self.names))
        return tuple((counts / self.pool.sites).tolist())

    @cached_property
    def _places(self) -> Tensor:
        return torch.from_numpy(places_of(self.pool.shape))

    @cached_property
    def _neighbours(self) -> Tensor:
        """Number of each neighbour, that of an empty site if it is unknown, `(sites, k)`."""
        found, pool = self.arrangement, self.pool
        table = neighbours(pool.shape, pool.periodic, self.around.steps, found.spacing, found.rank)
        return torch.from_numpy(table)

    @cached_property
    def _from(self) -> list[Tensor]:
        """Number of the site that each site of an image of a periodic lattice comes from."""
        shape = self.pool.shape
        sides, strides = torch.tensor(shape), np.cumprod([1, *shape[:0:-1]])[::-1].copy()
        moved = [(self._places @ image) % sides for image in self.images]
        return [places @ torch.from_numpy(strides) for places in moved]

    def batch(
        self, indices: Tensor, size: int, generator: torch.Generator, *, augment: bool
    ) -> tuple[Tensor, ...]:
        """Sites spread evenly over the order, the same of a few random samples; see `Batches`.

        Args:
            indices: Samples to read.
            size: Number of sites.
            generator: Source of random numbers.
            augment: Whether to read random images of the lattice.
        """
        different = max(min(_SAMPLES, _MOST_SITES // self.pool.sites), 1)
        each = min(max(size // different, 1), self.pool.sites)
        count = max(size // each, 1)
        samples = indices[torch.randint(len(indices), (count,), generator=generator)]
        picks = self.spread(1, each, generator)
        return self.draw(samples, picks, generator, augment=augment)

    def spread(self, count: int, each: int, generator: torch.Generator) -> Tensor:
        """Sites spread evenly over the order for each of some samples, shape `(count, each)`."""
        start = torch.rand(count, 1, generator=generator)
        even = (torch.arange(each) + start) * (self.pool.sites / each)
        return self.by_rank[even.long().clamp(max=self.pool.sites - 1)]

    def draw(
        self, samples: Tensor, picks: Tensor, generator: torch.Generator, *, augment: bool = False
    ) -> tuple[Tensor, ...]:
        """Read some sites of each sample, which is moved to a random place.

        Args:
            samples: Index of each sample, shape `(n,)`.
            picks: Sites to read, shape `(n, m)`, or `(1, m)` for the same of every sample.
            generator: Source of random numbers.
            augment: Whether to read random images of the lattice.

        Returns:
            Contexts `(n * m, channels, k)`, 0 where unknown; whether neighbours are known,
            `(n * m, 1, k)`, as floats; targets `(n * m, channels)`; parameters of the state point;
            kinds of the sites, `(n * m,)`, if there are several.
        """
        encoded = self._configurations(samples, generator, augment)
        return self._read(_with_empty(encoded), picks, self.points[samples.to(self.device)])

    def contexts(self, encoded: Tensor, picks: Tensor, point: int = 0) -> tuple[Tensor, ...]:
        """Read some sites of encoded configurations of a state point, as `draw` does.

        Args:
            encoded: Shape `(n, channels, sites)`.
            picks: Sites to read, shape `(n, m)` or `(1, m)`.
            point: Number of the state point.
        """
        return self._read(_with_empty(encoded), picks, self._at(point, len(encoded)))

    def inputs(self, encoded: Tensor, site: int, point: int = 0) -> tuple[Tensor, ...]:
        """Context, what is known, state point and kind of one site in every configuration.

        Args:
            encoded: Shape `(n, channels, sites + 1)`; sites that come later are not read, and what
                is unknown is read from the last one, which is 0.
            site: The site.
            point: Number of the state point.
        """
        read = self._read(encoded, torch.tensor([[site]]), self._at(point, len(encoded)))
        context, known, _, *rest = read
        return context, known, *rest

    def _at(self, point: int, count: int) -> Tensor:
        return self.points[self.pool.starts[point]].expand(count, -1)

    def _read(self, encoded: Tensor, picks: Tensor, points: Tensor) -> tuple[Tensor, ...]:
        context, known = contexts_of(encoded, self._neighbours[picks])
        count, channels, each = len(encoded), encoded.shape[1], picks.shape[1]
        target = encoded.gather(2, picks.to(self.device)[:, None].expand(count, channels, -1))
        read = (
            context,
            known,
            target.permute(0, 2, 1).flatten(0, 1),
            points.repeat_interleave(each, dim=0),
        )
        if len(self.names) == 1:
            return read
        return *read, self.kind[picks].expand(count, -1).flatten().to(self.device)

    def _configurations(self, samples: Tensor, generator: torch.Generator, augment: bool) -> Tensor:
        """Whole encoded samples at random places, shape `(n, channels, sites)`."""
        shape, image = self.pool.shape, 0
        if augment and len(self.images) > 1:
            image = int(torch.randint(len(self.images), (), generator=generator))
        closed = [axis for axis, closed in enumerate(self.pool.periodic) if closed]
        origins = [
            torch.randint(shape[axis], (len(samples),), generator=generator) for axis in closed
        ]
        values = self.flat.view(-1, *shape)[samples.to(self.device)]
        if closed:
            back = (-torch.stack(origins, dim=1)).tolist()
            moved = zip(values, back, strict=True)
            values = torch.stack([torch.roll(sample, by, closed) for sample, by in moved])
        values = values.flatten(1)
        if image:
            values = values[:, self._from[image].to(self.device)]
        return self.pool.encoding(values)

    @torch.no_grad()
    def read(
        self,
        module: nn.Module,
        indices: Tensor,
        per_sample: float,
        generator: torch.Generator,
        tick: Callable[[], None],
    ) -> Reading:
        """See `Batches.read`; every site once where as many are wanted."""
        each = int(min(max(per_sample, 1), self.pool.sites))
        by_kind = np.zeros((len(indices), len(self.names)))
        for part in torch.split(torch.arange(len(indices)), max(CHUNK // each, 1)):
            tick()
            picks = self.spread(len(part), each, generator)
            drawn = self.draw(indices[part], picks, generator)
            surprise = -module(*drawn).double().cpu().view(len(part), each).numpy()
            kinds = self.kind[picks].numpy()
            for kind in range(len(self.names)):
                by_kind[part.numpy(), kind] = (surprise * (kinds == kind)).mean(axis=1)
        return Reading(by_kind.sum(axis=1), {}, by_kind)


def _with_empty(encoded: Tensor) -> Tensor:
    """Encoded configurations and an empty site at the end, `(n, channels, sites + 1)`."""
    return torch.cat([encoded, encoded.new_zeros(*encoded.shape[:2], 1)], dim=2)
