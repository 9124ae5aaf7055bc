r"""The network of the insertion rate.

    log(rate / density) = sum_j u(r_j, t) + f(A, t)

u is a pair term, a table of the distance whose entries depend on the time: it can be as steep as
contact asks for.  f is a network of sums over the particles that are present,

    A_nlm = sum_j g_n(r_j) Y_lm(direction of j),

which enter by their invariants under rotations, sum_m (W A)_lm (W' A)_lm with matrices W and W' for
each l: products of two sums know the angles between any two neighbours.  (Power spectra of
densities: Bartok, Kondor and Csanyi, Phys. Rev. B 87, 184115 (2013),
https://doi.org/10.1103/PhysRevB.87.184115.)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, silu

__all__ = ["InsertionRate", "Surroundings", "harmonics"]

_ORDERS = {1: 1, 2: 6, 3: 4}  # largest l by dimension
_RADIAL, _KNOTS, _CHANNELS, _TIMES = 24, 64, 24, 3


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What places see at the time of an insertion.

    Args:
        vectors: Vectors to the particles that are present, in typical distances, then zeros, shape
            `(n, most, d)`.
        kinds: Their kinds; -1 where there is none, shape `(n, most)`.
        own: Kind of the inserted particle, shape `(n,)`.
        times: Times of insertion, shape `(n,)`.
        weights: By how much each place counts in a mean, shape `(n,)`.
    """

    vectors: Tensor
    kinds: Tensor
    own: Tensor
    times: Tensor
    weights: Tensor


class InsertionRate(nn.Module):
    """Log of the rate of insertion, relative to that of an ideal gas of the same density.

    Args:
        space: Number of space dimensions.
        kinds: Number of kinds of particles.
        core: Smallest distance of two particles.
        radius: How far a place sees, in the same unit.
        width: Width of the hidden layers.
    """

    def __init__(self, space: int, kinds: int, core: float, radius: float, width: int):
        super().__init__()
        self.kinds, self.radius, self.most = kinds, radius, _ORDERS[space]
        self.centres = _fixed(torch.linspace(0.5 * core, radius, _RADIAL))
        start = 0.98 * core
        self.knots = _fixed(start + (radius - start) * torch.linspace(0, 1, _KNOTS) ** 2)
        hidden, entries = 32, kinds * _KNOTS
        self.pair = nn.Sequential(
            nn.Linear(_TIMES + kinds, hidden), nn.SiLU(), nn.Linear(hidden, entries)
        )
        rows = (self.most + 1, kinds * _RADIAL, _CHANNELS)
        self.first = nn.Parameter(torch.randn(rows) / _RADIAL**0.5)
        self.second = nn.Parameter(torch.randn(rows) / _RADIAL**0.5)
        inputs = kinds * _RADIAL + (self.most + 1) * _CHANNELS + _TIMES + kinds
        self.norm = nn.LayerNorm(inputs)
        self.into, self.between = nn.Linear(inputs, width), nn.Linear(width, width)
        self.out = nn.Linear(width, 1)
        self.shift = _fixed(torch.zeros(1))
        for last in (*list(self.pair)[-1].parameters(), *self.out.parameters()):
            nn.init.zeros_(last)

    def forward(self, seen: Surroundings) -> Tensor:
        """Log rate, shape `(n,)`.

        Args:
            seen: Surroundings of the places.
        """
        own = one_hot(seen.own, self.kinds).to(seen.vectors)
        times = seen.times[:, None]
        when = torch.cat([times, times**2, times.sqrt(), own], -1)
        there = (seen.kinds >= 0).to(seen.vectors)
        kinds = seen.kinds.clamp_min(0)
        distance = seen.vectors.norm(dim=-1).clamp_min(1e-6)
        pairs = self._pairs(distance, kinds, when) * there
        inputs = torch.cat([*self._sums(seen.vectors, distance, kinds, there), when], -1)
        hidden = silu(self.into(self.norm(inputs)))
        hidden = hidden + silu(self.between(hidden))
        total: Tensor = pairs.sum(1) + self.out(hidden)[:, 0] + self.shift
        return total

    def _pairs(self, distance: Tensor, kinds: Tensor, when: Tensor) -> Tensor:
        """The pair term of each particle, linear between knots, shape `(n, most)`."""
        upper = torch.searchsorted(self.knots, distance.contiguous()).clamp(1, _KNOTS - 1)
        low, high = self.knots[upper - 1], self.knots[upper]
        part = ((distance - low) / (high - low)).clamp(0, 1)
        table: Tensor = self.pair(when)
        entry = kinds * _KNOTS + upper
        return table.gather(1, entry - 1) * (1 - part) + table.gather(1, entry) * part

    def _sums(
        self, vectors: Tensor, distance: Tensor, kinds: Tensor, there: Tensor
    ) -> list[Tensor]:
        """Invariants of the sums over particles."""
        step = self.centres[1] - self.centres[0]
        ends = 0.5 * (1 + torch.cos(torch.pi * (distance / self.radius).clamp(max=1))) * there
        radial = (
            torch.exp(-0.5 * ((distance[..., None] - self.centres) / step) ** 2) * ends[..., None]
        )
        if self.kinds > 1:
            of_kind = one_hot(kinds, self.kinds).to(radial)
            radial = (of_kind[..., :, None] * radial[..., None, :]).flatten(2)
        angular = harmonics(vectors / distance[..., None], self.most)
        sums = radial.transpose(1, 2) @ torch.cat(angular, -1)
        found, at = [sums[..., 0]], 0
        for order, functions in enumerate(angular):
            rows = sums[..., at : at + functions.shape[-1]].transpose(1, 2)
            found.append(((rows @ self.first[order]) * (rows @ self.second[order])).sum(1))
            at += functions.shape[-1]
        return found


def _fixed(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values, requires_grad=False)


def harmonics(directions: Tensor, most: int) -> list[Tensor]:
    """Real functions of directions, one array for each order l from 0 to `most`.

    1 and the sign in one dimension; cos and sin of l times the angle in two; solid harmonics on the
    unit sphere, with sum_m Y_lm^2 = 1, in three, up to l = 4.

    Args:
        directions: Unit vectors, shape `(..., d)`.
        most: Largest l.

    Example:
        >>> direction = torch.nn.functional.normalize(torch.randn(5, 3), dim=-1)
        >>> all(torch.allclose((y**2).sum(-1), torch.ones(5)) for y in harmonics(direction, 4))
        True
    """
    one = torch.ones_like(directions[..., :1])
    if directions.shape[-1] == 1:
        return [one, directions]
    if directions.shape[-1] == 2:
        return [one, *_circular(directions, most)]
    return [one, directions, *_spherical(directions)][: most + 1]


def _circular(directions: Tensor, most: int) -> list[Tensor]:
    x, y = directions.unbind(-1)
    cos, sin = x, y
    found = [directions]
    for _ in range(most - 1):
        cos, sin = cos * x - sin * y, sin * x + cos * y
        found.append(torch.stack([cos, sin], -1))
    return found


def _spherical(directions: Tensor) -> list[Tensor]:
    x, y, z = directions.unbind(-1)
    d2 = x * x - y * y
    second = [x * y, y * z, z * x, d2 / 2, (3 * z * z - 1) / 12**0.5]
    third = [
        (5 / 8) ** 0.5 * y * (3 * x * x - y * y),
        15**0.5 * x * y * z,
        (3 / 8) ** 0.5 * y * (5 * z * z - 1),
        z * (5 * z * z - 3) / 2,
        (3 / 8) ** 0.5 * x * (5 * z * z - 1),
        15**0.5 / 2 * z * d2,
        (5 / 8) ** 0.5 * x * (x * x - 3 * y * y),
    ]
    fourth = [
        35**0.5 / 2 * x * y * d2,
        (35 / 8) ** 0.5 * y * z * (3 * x * x - y * y),
        5**0.5 / 2 * x * y * (7 * z * z - 1),
        (5 / 8) ** 0.5 * y * z * (7 * z * z - 3),
        (35 * z**4 - 30 * z * z + 3) / 8,
        (5 / 8) ** 0.5 * x * z * (7 * z * z - 3),
        5**0.5 / 4 * d2 * (7 * z * z - 1),
        (35 / 8) ** 0.5 * x * z * (x * x - 3 * y * y),
        35**0.5 / 8 * (x * x * (x * x - 3 * y * y) - y * y * (3 * x * x - y * y)),
    ]
    return [3**0.5 * torch.stack(second, -1), torch.stack(third, -1), torch.stack(fourth, -1)]
