r"""Updates of planar rotors, E/T = -bond * sum_<ij> cos(t_i - t_j) - field * sum_i cos t_i.

- Wolff, Phys. Rev. Lett. 62, 361 (1989): with p_i the projection of spin i on a random
  axis, a bond joins i and j with probability 1 - exp(min(0, -2 bond p_i p_j)), and the
  cluster of a random site is reflected, p -> -p.
- Kent-Dobias & Sethna, Phys. Rev. E 98, 063306 (2018): the field is one more spin, the
  ghost, tied to every site by a bond of strength `field`.  Angles are measured from the
  ghost's direction: where the ghost is in the cluster, reflecting the cluster and turning
  the frame back onto the ghost leaves the cluster alone and reflects all other sites.
- Over-relaxation (Creutz, Phys. Rev. D 36, 515 (1987)): every spin is reflected about its
  local field; no energy changes.  Spin waves travel instead of diffusing.
- Heat bath: every angle from the von Mises distribution about its local field, by the
  rejection of Best & Fisher, Appl. Stat. 28, 152 (1979), written so that nothing cancels
  from kappa = 0 to 1e12.

A call ends with a random symmetry of the model, t -> ±t + shift (shift = 0 in a field),
without which low-temperature draws would alternate with the parity of the reflections.
Kernels work in place on `angles (sites,) float64` in [0, 2 pi), draw from the stream
`rng`, and return how many sites they updated.  In between spins are unit vectors `(x, y)`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ._splitmix import below, uniform

__all__ = ["TURN", "heat_bath", "mixed", "observe", "wolff"]

TURN = 2 * np.pi
# In a mixed update, by measurement on 64x64 at T = 0.2 (clusters set the pace: tau_int of the
# squared moment is 5.1 updates with two of them, 2.4 with four), 0.9 and 1.5.
_REFLECTIONS, _CLUSTERS = 2, 4


@njit(nogil=True, cache=True)
def mixed(angles, neighbours, bond, field, rng, updates):
    """A heat-bath sweep, two over-relaxation sweeps and four clusters, `updates` times."""
    sites = len(angles)
    x, y = np.cos(angles), np.sin(angles)
    visited = np.zeros(sites + 1, np.int64)
    queue = np.empty(sites + 1, np.int32)
    for update in range(updates):
        _thermalise(x, y, neighbours, bond, field, rng)
        for _ in range(_REFLECTIONS):
            _reflect(x, y, neighbours, bond, field)
        for cluster in range(1, _CLUSTERS + 1):
            _flip_cluster(x, y, neighbours, bond, field, rng, visited, update * _CLUSTERS + cluster, queue)
    _store(angles, x, y, field, rng)
    return updates * sites


@njit(nogil=True, cache=True)
def heat_bath(angles, neighbours, bond, field, rng, updates):
    """`updates` heat-bath sweeps."""
    x, y = np.cos(angles), np.sin(angles)
    for _ in range(updates):
        _thermalise(x, y, neighbours, bond, field, rng)
    _store(angles, x, y, field, rng)
    return updates * len(angles)


@njit(nogil=True, cache=True)
def wolff(angles, neighbours, bond, field, rng, updates):
    """`updates` clusters; the sites in them count as updated."""
    x, y = np.cos(angles), np.sin(angles)
    visited = np.zeros(len(angles) + 1, np.int64)
    queue = np.empty(len(angles) + 1, np.int32)
    updated = 0
    for update in range(1, updates + 1):
        updated += _flip_cluster(x, y, neighbours, bond, field, rng, visited, update, queue)
    _store(angles, x, y, field, rng)
    return updated


@njit(nogil=True, cache=True)
def _local_field(x, y, neighbours, i, bond, field):
    east, north = 0.0, 0.0
    for k in range(neighbours.shape[1]):
        east += x[neighbours[i, k]]
        north += y[neighbours[i, k]]
    return bond * east + field, bond * north


@njit(nogil=True, cache=True)
def _thermalise(x, y, neighbours, bond, field, rng):
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
def _von_mises(kappa, rng):
    """cos t and sin t of a density exp(kappa cos t).

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
def _reflect(x, y, neighbours, bond, field):
    """Over-relaxation of every site in turn."""
    for i in range(len(x)):
        east, north = _local_field(x, y, neighbours, i, bond, field)
        square = east * east + north * north
        if square > 0.0:
            twice = 2.0 * (x[i] * east + y[i] * north) / square
            x[i], y[i] = twice * east - x[i], twice * north - y[i]


@njit(nogil=True, cache=True)
def _flip_cluster(x, y, neighbours, bond, field, rng, visited, update, queue):
    """Reflect one cluster; the ghost is site number `sites`."""
    sites = len(x)
    axis = TURN * uniform(rng)
    east, north = np.cos(axis), np.sin(axis)
    size = _grow(x, y, neighbours, bond, field, rng, visited, update, queue, east, north)
    with_ghost = visited[sites] == update
    for i in range(sites):
        if (visited[i] == update) != with_ghost:
            twice = 2.0 * (x[i] * east + y[i] * north)
            x[i], y[i] = x[i] - twice * east, y[i] - twice * north
    return size - with_ghost


@njit(nogil=True, cache=True)
def _grow(x, y, neighbours, bond, field, rng, visited, update, queue, east, north):
    """Mark a cluster's members with the number of the update; returns their number."""
    sites = len(x)
    queue[0] = below(rng, sites)
    visited[queue[0]] = update
    done, size = 0, 1
    while done < size:
        i = queue[done]
        done += 1
        if i == sites:
            for j in range(sites):
                if visited[j] != update and _joins(2.0 * field * east * (x[j] * east + y[j] * north), rng):
                    visited[j] = update
                    queue[size] = j
                    size += 1
            continue
        projection = 2.0 * (x[i] * east + y[i] * north)
        for k in range(neighbours.shape[1]):
            j = neighbours[i, k]
            if visited[j] != update and _joins(bond * projection * (x[j] * east + y[j] * north), rng):
                visited[j] = update
                queue[size] = j
                size += 1
        if field != 0.0 and visited[sites] != update and _joins(field * projection * east, rng):
            visited[sites] = update
            queue[size] = sites
            size += 1
    return size


@njit(nogil=True, cache=True)
def _joins(strength, rng):
    """True with probability 1 - exp(min(0, -strength)); no random number where that is 0."""
    return strength > 0.0 and uniform(rng) < 1.0 - np.exp(-strength)


@njit(nogil=True, cache=True)
def _store(angles, x, y, field, rng):
    """Angles in [0, 2 pi) of the spins after a random symmetry of the model."""
    sign = 1.0 if uniform(rng) < 0.5 else -1.0
    shift = TURN * uniform(rng) if field == 0.0 else 0.0
    for i in range(len(angles)):
        angle = (sign * np.arctan2(y[i], x[i]) + shift) % TURN
        angles[i] = angle if angle < TURN else 0.0  # a tiny negative angle rounds up to a turn


@njit(nogil=True, cache=True)
def observe(angles, neighbours, parity):
    """Sum of cosines over bonds, magnetisation along the field, squares of the uniform and staggered moments."""
    x, y = np.cos(angles), np.sin(angles)
    bonds = 0.0
    for i in range(len(angles)):
        for k in range(neighbours.shape[1] // 2):
            j = neighbours[i, k]
            bonds += x[i] * x[j] + y[i] * y[j]
    east, north = x.sum(), y.sum()
    return bonds, east, east**2 + north**2, (parity * x).sum() ** 2 + (parity * y).sum() ** 2
