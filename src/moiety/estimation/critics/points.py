r"""A critic of particles that needs no pixels: those near the interface, who is near whom.

Each particle is told its place and, from those of its own half within a reach, how they lie about it;
particles on either side of the interface then meet in pairs,

    F(a, b) = sum_{i in a, j in b, r_ij < reach} f(r_ij, i, j) + sum_i h(i, all j near i) + sum_j h(...) + g(n_a, n_b)

f, h and g are small networks.  Distances enter through smooth bumps of the gap r_ij - sigma_ij and
a sharp function of it, which tells contacts.  Nothing depends on the order of the particles, and
one set of weights serves blocks of all sizes.

References:
    Zaheer et al., NeurIPS 2017 (sums over sets); Schuett et al., NeurIPS 2017 (filters of distances).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

__all__ = ["PointsCritic"]

_BUMPS, _FIRST, _LAST = 14, -0.3, 1.3  # of the gap
_SHARP = 0.05  # where the sharp function of the gap turns
_FAR = 2.0  # beyond which a wall is as good as none

Parts = tuple[Tensor, ...]


@dataclass(frozen=True)
class PointsCritic:
    """Configuration of the network of particles.

    Arguments:
        width: Features of a particle.
        reach: Centres that are farther apart know nothing of each other, in diameters.

    Example:
        >>> from ..crops import CropShape
        >>> network = PointsCritic().build(CropShape(half=(1.0, 2.0), told=0))
        >>> network(torch.ones(5, 3, 3), torch.ones(5, 2, 3)).shape
        torch.Size([5])
    """

    sees: ClassVar[str] = "points"

    width: int = 32
    reach: float = 2.0

    def build(self, shape: Any) -> nn.Module:
        """A fresh network for points of a `crops.CropShape`."""
        return _Points(self, shape)


class _Points(nn.Module):
    def __init__(self, config: PointsCritic, shape: Any):
        super().__init__()
        self.half, self.told, self.reach, space, width = (
            shape.half,
            shape.told,
            config.reach,
            shape.dimensions,
            config.width,
        )
        geometry = _BUMPS + 3 + 2
        self.place = nn.Sequential(
            nn.Linear(2 * space + self.told, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.within = nn.Sequential(nn.Linear(geometry, width), nn.SiLU(), nn.Linear(width, width))
        self.told_by = nn.Linear(width, width, bias=False)
        self.gathered = nn.Sequential(nn.SiLU(), nn.Linear(width, width))
        self.across = nn.Linear(geometry, width)
        self.sides = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in "ab")
        self.pair = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.pairs = nn.Linear(width, 1)
        self.own = nn.ModuleList(nn.Linear(width, width) for _ in "ab")
        self.met = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in "ab")
        self.site = nn.Sequential(nn.SiLU(), nn.Linear(width, 1))
        self.numbers = nn.Sequential(nn.Linear(3, width), nn.SiLU(), nn.Linear(width, 1))
        self.register_buffer("bumps", torch.linspace(_FIRST, _LAST, _BUMPS))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.score(self.combine(*self.embed(a, b)))

    def embed(self, a: Tensor, b: Tensor) -> tuple[Parts, Parts]:
        """Points, what is known of each within its half, and the numbers of them."""
        return self._embedded(a), self._embedded(b)

    def combine(self, a: Parts, b: Parts) -> Parts:
        """Side by side; who meets whom is found when pairs are scored."""
        return (*a, *b)

    def score(self, pairs: Parts) -> Tensor:
        a, of_a, count_a, b, of_b, count_b = pairs
        which, i, j = self._near(a, b, across=True)
        first, second = which * a.shape[1] + i, which * b.shape[1] + j
        mine, theirs = of_a.flatten(0, 1), of_b.flatten(0, 1)
        shape = self._geometry(a, b, which, i, j, across=True)
        met = self.pair(
            self.across(shape) + self.sides[0](mine)[first] + self.sides[1](theirs)[second]
        )
        total = _summed(self.pairs(met), which, len(a))[:, 0]
        for k, (nodes, index, points) in enumerate(((mine, first, a), (theirs, second, b))):
            heard = _summed(met, index, len(nodes))
            one = self.site(self.own[k](nodes) + self.met[k](heard))
            total = total + (one.view(len(points), -1) * points[:, :, -1]).sum(dim=1)
        scale = self.half[0] * self.half[-1] if len(self.half) > 1 else self.half[0]
        numbers = torch.stack([count_a, count_b, count_a * count_b / scale], dim=1) / scale
        return total + self.numbers(numbers)[:, 0]

    def _embedded(self, points: Tensor) -> Parts:
        space = len(self.half)
        places = [points[:, :, :1], self.half[0] - points[:, :, :1]]
        for axis in range(1, space):
            places += [
                points[:, :, axis : axis + 1],
                self.half[axis] - points[:, :, axis : axis + 1],
            ]
        told = points[:, :, space : space + self.told]
        nodes = (
            self.place(torch.cat([torch.cat(places, dim=2).clamp(max=_FAR), told], dim=2))
            * points[:, :, -1:]
        )
        which, i, j = self._near(points, points, across=False)
        filters = self.within(self._geometry(points, points, which, i, j, across=False))
        flat = self.told_by(nodes).flatten(0, 1)
        most = points.shape[1]
        heard = _summed(filters * flat[which * most + j], which * most + i, len(flat)).view_as(
            nodes
        )
        return (
            points,
            (nodes + self.gathered(heard)) * points[:, :, -1:],
            points[:, :, -1].sum(dim=1),
        )

    def _squares(self, a: Tensor, b: Tensor, across: bool) -> Tensor:
        """Squared distances, `(n, m_a, m_b)`; those of the cut axis add up across it."""
        space = len(self.half)
        first, second = a[:, :, None, :space], b[:, None, :, :space]
        apart = first[..., 0] + second[..., 0] if across else first[..., 0] - second[..., 0]
        return apart.square() + (first[..., 1:] - second[..., 1:]).square().sum(dim=3)

    def _near(self, a: Tensor, b: Tensor, across: bool) -> tuple[Tensor, Tensor, Tensor]:
        with torch.no_grad():
            near = (self._squares(a, b, across) < self.reach**2) & (
                a[:, :, None, -1] * b[:, None, :, -1] > 0
            )
            if not across:
                near &= ~torch.eye(a.shape[1], dtype=torch.bool, device=a.device)
            return near.nonzero(as_tuple=True)

    def _geometry(
        self, a: Tensor, b: Tensor, which: Tensor, i: Tensor, j: Tensor, across: bool
    ) -> Tensor:
        """How two particles lie to each other, shape `(pairs, features)`."""
        space = len(self.half)
        first, second = a[which, i], b[which, j]
        apart = first[:, 0] + second[:, 0] if across else first[:, 0] - second[:, 0]
        distance = (
            apart.square() + (first[:, 1:space] - second[:, 1:space]).square().sum(dim=1) + 1e-12
        ).sqrt()
        contact = (
            0.5 * (first[:, space] + second[:, space]) if self.told else torch.ones_like(distance)
        )
        gap = distance - contact
        width = (_LAST - _FIRST) / (_BUMPS - 1)
        bumps = torch.exp(-0.5 * ((gap[:, None] - self.bumps) / width).square())
        sharp = torch.asinh(gap / _SHARP)
        fade = (1 - distance / self.reach).clamp(min=0)
        return torch.cat(
            [bumps, torch.stack([sharp, (gap < 0).float(), fade, apart / distance, apart], dim=1)],
            dim=1,
        )


def _summed(values: Tensor, index: Tensor, size: int) -> Tensor:
    return values.new_zeros(size, values.shape[1]).index_add_(0, index, values)
