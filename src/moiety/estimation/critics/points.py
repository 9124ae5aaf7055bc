r"""A critic that sees particles as points, without pixels.

Each particle is embedded from its position and from its neighbours in the same half.  Particles
on opposite sides of the interface then form pairs,

    F(a, b) = sum_{i in a, j in b, r_ij < reach} f(r_ij, i, j)
              + sum_i h(i, all j near i) + sum_j h(j, all i near j) + g(n_a, n_b)

where f, h and g are small networks.  Distances enter through smooth bumps of the gap
r_ij - sigma_ij and through a steep function of it, which resolves contacts; sigma_ij is the mean of
both diameters, or the smallest distance of both kinds.  Where there are several kinds, what a pair
adds is scaled and shifted by its two kinds.  F does not depend on the order of the particles, and
one set of weights serves blocks of all sizes.

References:
    Zaheer et al., Deep Sets, NeurIPS 2017, arXiv:1703.06114 (sums over sets);
    Schuett et al., SchNet, NeurIPS 2017, arXiv:1706.08566 (filters of distances).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

if TYPE_CHECKING:
    from ..crops import CropShape

__all__ = ["PointsCritic"]

_BUMPS, _FIRST, _LAST = 14, -0.3, 1.3  # number, first and last centre, in gaps
_GEOMETRY = _BUMPS + 3 + 2  # numbers that describe a pair of particles
_STEEP = 0.05  # scale of the steep function of the gap
_FAR = 2.0  # distances to the walls are capped here

Parts = tuple[Tensor, ...]
Indices = tuple[Tensor, Tensor, Tensor]  # block, first particle, second particle of each pair


@dataclass(frozen=True)
class PointsCritic:
    """Configuration of the network of particles.

    Args:
        width: Features per particle.
        reach: Largest distance of two centres that interact, in diameters; further where the
            smallest distance of two kinds is above 1, by as much.

    Example:
        >>> from ..crops import CropShape
        >>> network = PointsCritic().build(CropShape(half=(1.0, 2.0), features=0))
        >>> network(torch.ones(5, 3, 3), torch.ones(5, 2, 3)).shape
        torch.Size([5])
    """

    sees: ClassVar[str] = "points"

    width: int = 32
    reach: float = 2.0

    def build(self, shape: CropShape) -> nn.Module:
        """Make a network with random initial weights.

        Args:
            shape: Shape of the pairs.
        """
        return _Points(self, shape)


class _ByKinds(nn.Module):
    """Scale and shift numbers of pairs by the kinds of both particles, in either order."""

    def __init__(self, kinds: int, width: int):
        super().__init__()
        pairs = kinds * (kinds + 1) // 2
        self.scale = nn.Parameter(torch.zeros(pairs, width))
        self.shift = nn.Parameter(torch.zeros(pairs, width))

    def forward(self, values: Tensor, first: Tensor, second: Tensor) -> Tensor:
        low, high = torch.minimum(first, second), torch.maximum(first, second)
        pair = high * (high + 1) // 2 + low
        return values * (1 + self.scale[pair]) + self.shift[pair]


class _Points(nn.Module):
    bumps: Tensor
    contacts: Tensor

    def __init__(self, config: PointsCritic, shape: CropShape):
        super().__init__()
        self.sides_of_half, self.features, self.kinds = shape.half, shape.features, shape.kinds
        longest = max((distance for row in shape.contacts for distance in row), default=1.0)
        self.reach, width = config.reach + max(longest - 1, 0), config.width
        kinds = shape.kinds if shape.kinds > 1 else 0
        inputs = 2 * shape.dimensions + shape.features + kinds
        self.place = nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, width))
        self.within = nn.Sequential(nn.Linear(_GEOMETRY, width), nn.SiLU(), nn.Linear(width, width))
        self.told_by = nn.Linear(width, width, bias=False)
        self.gathered = nn.Sequential(nn.SiLU(), nn.Linear(width, width))
        self.across = nn.Linear(_GEOMETRY, width)
        self.sides = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in "ab")
        self.pair = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.pairs = nn.Linear(width, 1)
        self.own = nn.ModuleList(nn.Linear(width, width) for _ in "ab")
        self.met = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in "ab")
        self.site = nn.Sequential(nn.SiLU(), nn.Linear(width, 1))
        self.numbers = nn.Sequential(nn.Linear(3, width), nn.SiLU(), nn.Linear(width, 1))
        self.register_buffer("bumps", torch.linspace(_FIRST, _LAST, _BUMPS))
        # the data's own, also for networks that start from those of other data
        self.register_buffer("contacts", torch.tensor(shape.contacts), persistent=False)
        if shape.kinds > 1:
            self.within_kinds = _ByKinds(shape.kinds, width)
            self.across_kinds = _ByKinds(shape.kinds, width)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.score(self.combine(*self.embed(a, b)))

    def embed(self, a: Tensor, b: Tensor) -> tuple[Parts, Parts]:
        """The points of each half, their embeddings and their number."""
        return self._embedded(a), self._embedded(b)

    def combine(self, a: Parts, b: Parts) -> Parts:
        """Put the halves side by side; `score` finds the pairs of particles."""
        return (*a, *b)

    def score(self, pairs: Parts) -> Tensor:
        a, nodes_a, count_a, b, nodes_b, count_b = pairs
        block, i, j = indices = self._near(a, b, across=True)
        first, second = block * a.shape[1] + i, block * b.shape[1] + j
        nodes = nodes_a.flatten(0, 1), nodes_b.flatten(0, 1)
        geometry = self.across(self._geometry(a, b, indices, across=True))
        if self.kinds > 1:
            geometry = self.across_kinds(geometry, self._kind(a)[block, i], self._kind(b)[block, j])
        sides = [side(part) for side, part in zip(self.sides, nodes, strict=True)]
        met = self.pair(geometry + sides[0][first] + sides[1][second])
        total = _summed(self.pairs(met), block, len(a))[:, 0]
        for k, (index, points) in enumerate(((first, a), (second, b))):
            messages = _summed(met, index, len(nodes[k]))
            values = self.site(self.own[k](nodes[k]) + self.met[k](messages))
            total = total + (values.view(len(points), -1) * points[:, :, -1]).sum(dim=1)
        half = self.sides_of_half
        scale = half[0] * half[-1] if len(half) > 1 else half[0]
        numbers = torch.stack([count_a, count_b, count_a * count_b / scale], dim=1) / scale
        by_number: Tensor = self.numbers(numbers)
        return total + by_number[:, 0]

    def _embedded(self, points: Tensor) -> Parts:
        real = points[:, :, -1:]
        nodes = self.place(self._positions(points)) * real
        block, i, j = indices = self._near(points, points, across=False)
        filters = self.within(self._geometry(points, points, indices, across=False))
        if self.kinds > 1:
            kind = self._kind(points)
            filters = self.within_kinds(filters, kind[block, i], kind[block, j])
        flat = self.told_by(nodes).flatten(0, 1)
        most = points.shape[1]
        messages = _summed(filters * flat[block * most + j], block * most + i, len(flat))
        nodes = (nodes + self.gathered(messages.view_as(nodes))) * real
        return points, nodes, points[:, :, -1].sum(dim=1)

    def _kind(self, points: Tensor) -> Tensor:
        """Kind of each particle, `(n, most)`; the last number but one."""
        return points[:, :, -2].long()

    def _positions(self, points: Tensor) -> Tensor:
        """Capped distances to both walls along each axis, then the particle's other numbers."""
        space, walls = len(self.sides_of_half), []
        for axis, side in enumerate(self.sides_of_half):
            position = points[:, :, axis : axis + 1]
            walls += [position, side - position]
        others = [points[:, :, space : space + self.features]]
        if self.kinds > 1:
            others.append(one_hot(self._kind(points), self.kinds).to(points))
        return torch.cat([torch.cat(walls, dim=2).clamp(max=_FAR), *others], dim=2)

    def _squares(self, a: Tensor, b: Tensor, across: bool) -> Tensor:
        """Squared distances, `(n, m_a, m_b)`; across the cut, distances from it add up."""
        space = len(self.sides_of_half)
        first, second = a[:, :, None, :space], b[:, None, :, :space]
        apart = first[..., 0] + second[..., 0] if across else first[..., 0] - second[..., 0]
        return apart.square() + (first[..., 1:] - second[..., 1:]).square().sum(dim=3)

    def _near(self, a: Tensor, b: Tensor, across: bool) -> Indices:
        """All pairs of particles within the reach."""
        with torch.no_grad():
            real = a[:, :, None, -1] * b[:, None, :, -1] > 0
            near = (self._squares(a, b, across) < self.reach**2) & real
            if not across:
                near &= ~torch.eye(a.shape[1], dtype=torch.bool, device=a.device)
            block, i, j = near.nonzero(as_tuple=True)
            return block, i, j

    def _geometry(self, a: Tensor, b: Tensor, indices: Indices, across: bool) -> Tensor:
        """Numbers that describe pairs of particles, shape `(pairs, features)`."""
        block, i, j = indices
        space = len(self.sides_of_half)
        first, second = a[block, i], b[block, j]
        apart = first[:, 0] + second[:, 0] if across else first[:, 0] - second[:, 0]
        along = (first[:, 1:space] - second[:, 1:space]).square().sum(dim=1)
        distance = (apart.square() + along + 1e-12).sqrt()
        contact = torch.ones_like(distance)
        if self.features:
            contact = 0.5 * (first[:, space] + second[:, space])
        elif len(self.contacts):
            contact = self.contacts[first[:, -2].long(), second[:, -2].long()].to(distance)
        gap = distance - contact
        width = (_LAST - _FIRST) / (_BUMPS - 1)
        bumps = torch.exp(-0.5 * ((gap[:, None] - self.bumps) / width).square())
        steep = torch.asinh(gap / _STEEP)
        fade = (1 - distance / self.reach).clamp(min=0)
        others = [steep, (gap < 0).float(), fade, apart / distance, apart]
        return torch.cat([bumps, torch.stack(others, dim=1)], dim=1)


def _summed(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Sum the rows of `values` by index, shape `(size, features)`."""
    return values.new_zeros(size, values.shape[1]).index_add_(0, index, values)
