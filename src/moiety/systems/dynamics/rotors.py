r"""Updates of planar rotors, E/T = -bond * sum_<ij> cos(t_i - t_j) - field * sum_i cos t_i.

- Wolff, Phys. Rev. Lett. 62, 361 (1989), https://doi.org/10.1103/PhysRevLett.62.361: with p_i the
  projection of spin i on a random axis, a bond joins i and j with probability
  1 - exp(min(0, -2 bond p_i p_j)), and the cluster of a random site is reflected, p -> -p.
- Kent-Dobias & Sethna, Phys. Rev. E 98, 063306 (2018), https://arxiv.org/abs/1805.04019: the field
  is an additional spin, the ghost, tied to every site by a bond of strength `field`.  Angles are
  measured from the direction of the ghost.  If the ghost is in the cluster, reflecting the cluster
  and rotating the frame back onto the ghost reflects all other sites instead.
- Over-relaxation (Creutz, Phys. Rev. D 36, 515 (1987), https://doi.org/10.1103/PhysRevD.36.515):
  every spin is reflected about its local field, which changes no energy.  Spin waves travel instead
  of diffusing.  The number of such sweeps between heat baths is random: after a fixed number,
  waves with a period that divides it would be back where they started.
- Heat bath: every angle is drawn from the von Mises distribution about its local field, by the
  rejection method of Best & Fisher, Appl. Stat. 28, 152 (1979), https://doi.org/10.2307/2346732,
  without cancellation from kappa = 0 to 1e12.

A call ends with a random symmetry of the model, t -> ±t + shift (shift = 0 in a field).  Without
it, draws at low temperature would alternate with the parity of the reflections.

Kernels work in place on `angles (sites,) float64` in [0, 2 pi), draw from the stream `rng`, and
return the number of sites they updated.  Internally spins are unit vectors `(x, y)`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ._arrays import Integers, Reals, Sites, Stream
from .checkerboard import empty_spins, pack, quarter_sine, sweep, unpack
from .splitmix import below, uniform

__all__ = ["TURN", "heat_bath", "mixed", "mixed_even", "observe", "wolff"]

TURN = 2 * np.pi
# A mixed update is _PAIRS times a heat bath and 1 to _REFLECTIONS over-relaxations, then a cluster.
# On 64x64, T = 0.1 to 4, H = 0 and 0.5, tau_int of energy, moments, vortices, helicity and longest
# spin wave is below 1 update, except for the squared moment: 2.3 at T = 1.0, 1.5 at 1.1.  Without
# the cluster, spins that wind around the torus would remain wound below T_KT.
_PAIRS, _REFLECTIONS = 2, 11


@njit(nogil=True, cache=True)
def mixed(
    angles: Reals, neighbours: Sites, bond: float, field: float, rng: Stream, updates: int
) -> int:
    """Two heat baths, each with 1 to 11 over-relaxation sweeps, and a cluster, `updates` times."""
    x, y = _unit_vectors(angles)
    visited, queue = np.zeros(len(angles) + 1, np.int64), np.empty(len(angles) + 1, np.int32)
    for update in range(1, updates + 1):
        for _ in range(_PAIRS):
            _thermalise(x, y, neighbours, bond, field, rng)
            for _ in range(1 + below(rng, _REFLECTIONS)):
                _reflect(x, y, neighbours, bond, field)
        _flip_cluster(x, y, neighbours, bond, field, rng, visited, update, queue)
    _store(angles, x, y, field, rng)
    return updates * len(angles)


@njit(nogil=True, cache=True)
def mixed_even(
    shape: tuple[int, ...],
    angles: Reals,
    neighbours: Sites,
    bond: float,
    field: float,
    rng: Stream,
    updates: int,
) -> int:
    """`mixed` with the sweeps of `checkerboard`, for two even sides."""
    x, y = _unit_vectors(angles)
    spins, pull = empty_spins(shape)
    visited, queue = np.zeros(len(angles) + 1, np.int64), np.empty(len(angles) + 1, np.int32)
    for update in range(1, updates + 1):
        pack(x, y, spins, shape)
        for _ in range(_PAIRS):
            sweep(spins, pull, shape, bond, field, rng, True)
            for _ in range(1 + below(rng, _REFLECTIONS)):
                sweep(spins, pull, shape, bond, field, rng, False)
        unpack(x, y, spins, shape)
        _flip_cluster(x, y, neighbours, bond, field, rng, visited, update, queue)
    _store(angles, x, y, field, rng)
    return updates * len(angles)


@njit(nogil=True, cache=True)
def heat_bath(
    angles: Reals, neighbours: Sites, bond: float, field: float, rng: Stream, updates: int
) -> int:
    """Make `updates` heat-bath sweeps."""
    x, y = _unit_vectors(angles)
    for _ in range(updates):
        _thermalise(x, y, neighbours, bond, field, rng)
    _store(angles, x, y, field, rng)
    return updates * len(angles)


@njit(nogil=True, cache=True)
def wolff(
    angles: Reals, neighbours: Sites, bond: float, field: float, rng: Stream, updates: int
) -> int:
    """Reflect `updates` clusters; their sites count as updated."""
    x, y = _unit_vectors(angles)
    visited = np.zeros(len(angles) + 1, np.int64)
    queue = np.empty(len(angles) + 1, np.int32)
    updated = 0
    for update in range(1, updates + 1):
        updated += _flip_cluster(x, y, neighbours, bond, field, rng, visited, update, queue)
    _store(angles, x, y, field, rng)
    return updated


@njit(nogil=True, cache=True)
def _local_field(
    x: Reals, y: Reals, neighbours: Sites, i: int, bond: float, field: float
) -> tuple[float, float]:
    east, north = 0.0, 0.0
    for k in range(neighbours.shape[1]):
        east += x[neighbours[i, k]]
        north += y[neighbours[i, k]]
    return bond * east + field, bond * north


@njit(nogil=True, cache=True)
def _thermalise(
    x: Reals, y: Reals, neighbours: Sites, bond: float, field: float, rng: Stream
) -> None:
    for i in range(len(x)):
        east, north = _local_field(x, y, neighbours, i, bond, field)
        strength = np.sqrt(east * east + north * north)
        if strength > 0.0:
            east, north = east / strength, north / strength
        else:
            east, north = 1.0, 0.0
        cosine, sine = _von_mises(strength, rng)
        x[i], y[i] = cosine * east - sine * north, cosine * north + sine * east


@njit(nogil=True, cache=True)
def _von_mises(kappa: float, rng: Stream) -> tuple[float, float]:
    """Draw t from a density proportional to exp(kappa cos t); return cos t and sin t.

    Best & Fisher's r is top / kappa with top = (1 + sqrt(1 + 4 kappa^2)) / 2, and
    gap = top - kappa; `rise` is 1 - cos t of the proposal.
    """
    root = np.sqrt(1.0 + 4.0 * kappa * kappa)
    top, gap = 0.5 * (1.0 + root), 0.5 * (1.0 + 1.0 / (root + 2.0 * kappa))
    while True:
        z = np.cos(np.pi * uniform(rng))
        rise = gap * (1.0 - z) / (top + kappa * z)
        c = gap + kappa * rise
        u = uniform(rng)
        if u < c * (2.0 - c) or u <= c * np.exp(1.0 - c):
            break
    rise = min(max(rise, 0.0), 2.0)
    sine = np.sqrt(rise * (2.0 - rise))
    return 1.0 - rise, sine if uniform(rng) < 0.5 else -sine


@njit(nogil=True, cache=True)
def _reflect(x: Reals, y: Reals, neighbours: Sites, bond: float, field: float) -> None:
    """Over-relax every site in turn."""
    for i in range(len(x)):
        east, north = _local_field(x, y, neighbours, i, bond, field)
        square = east * east + north * north
        if square > 0.0:
            twice = 2.0 * (x[i] * east + y[i] * north) / square
            x[i], y[i] = twice * east - x[i], twice * north - y[i]


@njit(nogil=True, cache=True)
def _flip_cluster(
    x: Reals,
    y: Reals,
    neighbours: Sites,
    bond: float,
    field: float,
    rng: Stream,
    visited: Integers,
    update: int,
    queue: Sites,
) -> int:
    """Reflect a cluster and return its size; the ghost is site number `sites`."""
    sites = len(x)
    axis = TURN * uniform(rng)
    east, north = np.cos(axis), np.sin(axis)
    p = x * east + y * north
    size = _grow(p, east, neighbours, bond, field, rng, visited, update, queue)
    with_ghost: bool = visited[sites] == update
    for i in range(sites):
        twice = 2.0 * p[i] if (visited[i] == update) != with_ghost else 0.0
        x[i], y[i] = x[i] - twice * east, y[i] - twice * north
    return size - with_ghost


@njit(nogil=True, cache=True)
def _grow(
    p: Reals,
    ghost: float,
    neighbours: Sites,
    bond: float,
    field: float,
    rng: Stream,
    visited: Integers,
    update: int,
    queue: Sites,
) -> int:
    """Mark the members of a cluster with the number of the update; return their number.

    `p (sites,)` and `ghost` are the projections on the axis.
    """
    sites = len(p)
    queue[0] = below(rng, sites)
    visited[queue[0]] = update
    done, size = 0, 1
    while done < size:
        i = queue[done]
        done += 1
        if i == sites:
            for j in range(sites):
                if visited[j] != update and _joins(2.0 * field * ghost * p[j], rng):
                    visited[j] = update
                    queue[size] = j
                    size += 1
            continue
        for k in range(neighbours.shape[1]):
            j = neighbours[i, k]
            if visited[j] != update and _joins(2.0 * bond * p[i] * p[j], rng):
                visited[j] = update
                queue[size] = j
                size += 1
        if field != 0.0 and visited[sites] != update and _joins(2.0 * field * p[i] * ghost, rng):
            visited[sites] = update
            queue[size] = sites
            size += 1
    return size


@njit(nogil=True, cache=True)
def _joins(strength: float, rng: Stream) -> bool:
    """True with probability 1 - exp(min(0, -strength)); draws no random number where that is 0."""
    return strength > 0.0 and uniform(rng) < 1.0 - np.exp(-strength)


@njit(nogil=True, cache=True)
def _unit_vectors(angles: Reals) -> tuple[Reals, Reals]:
    """(cos t, sin t), by polynomials that compile to vector instructions."""
    x, y = np.empty_like(angles), np.empty_like(angles)
    for i in range(len(angles)):
        u = angles[i] * (1 / TURN)
        x[i] = quarter_sine(4.0 * abs(u - np.floor(u) - 0.5) - 1.0)
        u -= 0.25
        y[i] = quarter_sine(4.0 * abs(u - np.floor(u) - 0.5) - 1.0)
    return x, y


@njit(nogil=True, cache=True, error_model="numpy")
def _store(angles: Reals, x: Reals, y: Reals, field: float, rng: Stream) -> None:
    """Store the angles in [0, 2 pi) of the spins after a random symmetry of the model."""
    sign = 1.0 if uniform(rng) < 0.5 else -1.0
    shift = TURN * uniform(rng) if field == 0.0 else 0.0
    for i in range(len(angles)):
        angle = sign * _direction(x[i], y[i]) + shift
        angle -= TURN * np.floor(angle * (1 / TURN))
        angles[i] = angle if 0.0 <= angle < TURN else 0.0  # rounding may end just outside


@njit(inline="always", nogil=True, cache=True, error_model="numpy")
def _direction(x: float, y: float) -> float:
    """arctan2(y, x) to 1e-14: halved twice, then the Taylor polynomial of degree 21 below 0.2."""
    large, small = max(abs(x), abs(y)), min(abs(x), abs(y))
    t = small / (large + np.sqrt(large * large + small * small))
    t = t / (1.0 + np.sqrt(1.0 + t * t))
    s = t * t
    p = 1 / 17 - s * (1 / 19 - s * (1 / 21))
    p = 1 / 11 - s * (1 / 13 - s * (1 / 15 - s * p))
    p = 1 / 5 - s * (1 / 7 - s * (1 / 9 - s * p))
    angle: float = 4.0 * t * (1.0 - s * (1 / 3 - s * p))
    angle = 0.5 * np.pi - angle if abs(y) > abs(x) else angle
    angle = np.pi - angle if x < 0.0 else angle
    return -angle if y < 0.0 else angle


@njit(nogil=True, cache=True)
def observe(angles: Reals, neighbours: Sites, parity: Reals) -> tuple[float, float, float, float]:
    """Observables of the rotors.

    Returns:
        Sum of cosines over bonds, magnetisation along the field, and the squares of the uniform
        and the staggered moment.
    """
    x, y = _unit_vectors(angles)
    bonds = 0.0
    for i in range(len(angles)):
        for k in range(neighbours.shape[1] // 2):
            j = neighbours[i, k]
            bonds += x[i] * x[j] + y[i] * y[j]
    east, north = x.sum(), y.sum()
    return bonds, east, east**2 + north**2, (parity * x).sum() ** 2 + (parity * y).sum() ** 2
