r"""Encoded contexts and target states, read from samples at random places.

Sites are read in runs along the last axis, whose contexts overlap: a run is fetched once and its
contexts are windows of it.  Neighbouring sites in a batch do no harm, because near the optimum the
gradients of -log p(x_i | before) are martingale differences and so uncorrelated.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import permutations, product
from math import prod

import numpy as np
import torch
from torch import Tensor

from ..estimation.encoding import Encoding
from ..geometry.cuts import Shape
from .views import Neighbourhood, View

__all__ = ["Contexts", "images_of"]


class Contexts:
    """Reads contexts and targets of the sites of a view.

    Args:
        values: Configurations, shape `(n, *space)`.
        periodic: One flag per axis.
        encoding: States to floats.
        symmetries: Symmetries of the Hamiltonian; there is an image of the lattice for each
            spatial one if all boundaries are periodic.
        around: Neighbourhood of a site.
        device: Where the values are kept.
        fixed: Whether windows stay in place, because sites differ.
    """

    def __init__(
        self,
        values: np.ndarray,
        periodic: Sequence[bool],
        encoding: Encoding,
        symmetries: Sequence[str],
        around: Neighbourhood,
        device: str = "cpu",
        *,
        fixed: bool = False,
    ):
        self.shape, self.periodic = values.shape[1:], tuple(periodic)
        self.encoding, self.around, self.fixed = encoding, around, fixed
        self.flat = torch.from_numpy(np.ascontiguousarray(values)).to(device).reshape(-1)
        self.sites, self.device = prod(self.shape), device
        images = images_of(symmetries if all(periodic) and not fixed else (), self.shape)
        self.images = [torch.from_numpy(image) for image in images]

    def draw(
        self, view: View, samples: Tensor, runs: Tensor, generator: torch.Generator, image: int = 0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Read the sites of runs of a view, its window anywhere in the given samples.

        Args:
            view: Window and order of the sites.
            samples: Index of each run's sample, shape `(n,)`.
            runs: Index of each run in the view, shape `(n,)`.
            generator: Source of random numbers for the places.
            image: Image of the lattice under the spatial symmetries; 0 is the lattice itself.

        Returns:
            Contexts `(n * length, channels, k)`, 0 where unknown; whether neighbours are known,
            `(n * length, 1, k)`, as floats; targets `(n * length, channels)`.
        """
        origins = torch.stack(self._origins(view, len(runs), generator), dim=1)
        starts = torch.from_numpy(view.places[:, 0])[runs] + origins
        length = view.places.shape[1]
        rows = [_row(leading, half, length) for leading, half in self.around.rows]
        moves = torch.cat(rows) @ self.images[image]
        index = (samples * self.sites)[:, None]
        for axis, side in enumerate(self.shape):
            along = (starts[:, axis, None] + moves[:, axis]) % side
            index = index + along * prod(self.shape[axis + 1 :])
        encoded = self.encoding(self.flat[index.to(self.device)])
        fetched = torch.split(encoded, [len(row) for row in rows], dim=2)
        windows = [
            row.unfold(2, row.shape[2] - length + 1, 1).permute(0, 2, 1, 3) for row in fetched
        ]
        context = torch.cat(windows, dim=3)
        middle = next(k for k, (leading, _) in enumerate(self.around.rows) if not any(leading))
        half = self.around.rows[middle][1]
        target = fetched[middle].narrow(2, half, length).permute(0, 2, 1)
        known = torch.from_numpy(view.known)[runs].to(self.device)[:, :, None].to(context.dtype)
        return (context * known).flatten(0, 1), known.flatten(0, 1), target.flatten(0, 1)

    def _origins(self, view: View, count: int, generator: torch.Generator) -> list[Tensor]:
        if self.fixed:
            return [torch.zeros(count, dtype=torch.int64)] * len(self.shape)
        sides = zip(self.shape, self.periodic, view.window, strict=True)
        rooms = [side if closed else side - inner + 1 for side, closed, inner in sides]
        return [torch.randint(room, (count,), generator=generator) for room in rooms]


@lru_cache(maxsize=1024)
def _row(leading: Shape, half: int, length: int) -> Tensor:
    """Offsets from the start of a run to all sites in one row of its contexts."""
    along = torch.arange(-half, length + half)
    across = torch.tensor(leading, dtype=torch.int64).expand(len(along), -1)
    return torch.cat([across, along[:, None]], dim=1)


def images_of(symmetries: Sequence[str], shape: Shape) -> list[np.ndarray]:
    """Matrices that map neighbours to those of an image of the lattice, the identity first.

    Args:
        symmetries: Symmetries of the Hamiltonian.
        shape: Sides of the lattice.
    """
    dimensions = len(shape)
    signs = [np.ones(dimensions, np.int64)]
    if "reflect" in symmetries:
        signs = [np.array(sign) for sign in product((1, -1), repeat=dimensions)]
    elif "invert" in symmetries:
        signs.append(-signs[0])
    orders = [tuple(range(dimensions))]
    if "transpose" in symmetries:
        sides = tuple(shape)
        orders = [
            order
            for order in permutations(range(dimensions))
            if tuple(shape[axis] for axis in order) == sides
        ]
    return [np.diag(sign)[list(order)] for order in orders for sign in signs]
