r"""Cluster updates of q-state models.

E/T = -bond * sum_<ij> delta(s_i, s_j) - field * sum_i sigma_i.

A satisfied bond joins its sites with probability 1 - exp(-|bond|).  The states of a cluster are
then shifted together, s -> s + shift mod q.

- Swendsen & Wang, Phys. Rev. Lett. 58, 86 (1987), https://doi.org/10.1103/PhysRevLett.58.86:
  every cluster draws its own shift.  In a field (q = 2 only) it flips with probability
  1 / (1 + exp(2 field * moment)), its heat bath, where moment is the sum of sigma = 2 s - 1 over
  the cluster.
- Wolff, Phys. Rev. Lett. 62, 361 (1989), https://doi.org/10.1103/PhysRevLett.62.361: the cluster
  of a random site gets a new state.  At low temperature that cluster is almost the whole lattice,
  and the magnetisation would alternate with the parity of the updates.  So a call ends with a
  random shift of all states, a symmetry of the model.
- Kent-Dobias & Sethna, Phys. Rev. E 98, 063306 (2018), https://arxiv.org/abs/1805.04019: a field
  (q = 2 only) is an additional spin, the ghost.  A bond of strength 2 |field| ties it to every
  site and is satisfied where the spin is along the field.  If the ghost joins the cluster, turning
  the cluster and then the whole lattice is equivalent to turning all sites outside the cluster.

For bond < 0 (q = 2 only) the satisfied bonds are those between unlike states.  In a field such
clusters grow without regard to the field, and Metropolis sweeps in between relax local
excitations (`mixed`).

Kernels work in place on `values (sites,) uint8`, draw from the stream `rng`, and return the
number of sites they updated.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ._arrays import Codes, Integers, Sites, Stream
from .metropolis import metropolis
from .splitmix import INCREMENT, below, mix, next_bits, uniform

__all__ = ["mixed", "swendsen_wang", "wolff"]


@njit(nogil=True, cache=True)
def swendsen_wang(
    values: Codes,
    neighbours: Sites,
    states: int,
    bond: float,
    field: float,
    rng: Stream,
    updates: int,
) -> int:
    """Make `updates` sweeps over all clusters."""
    sites = len(values)
    parent = np.empty(sites, np.int32)
    shift = np.empty(sites, np.int64)
    for _ in range(updates):
        _join(parent, values, neighbours, bond, rng)
        _choose_shifts(shift, parent, values, states, field, rng)
        for i in range(sites):
            values[i] = (values[i] + shift[parent[i]]) % states
    return updates * sites


@njit(nogil=True, cache=True)
def _join(parent: Sites, values: Codes, neighbours: Sites, bond: float, rng: Stream) -> None:
    """Form the clusters: on return parent[i] is the first site of the cluster of site i."""
    probability = -np.expm1(-abs(bond))
    for i in range(len(values)):
        parent[i] = i
    for i in range(len(values)):
        for k in range(neighbours.shape[1] // 2):
            j = neighbours[i, k]
            if (values[i] == values[j]) == (bond > 0) and uniform(rng) < probability:
                _unite(parent, i, j)
    for i in range(len(values)):  # a parent precedes its children and is flat already
        parent[i] = parent[parent[i]]


@njit(nogil=True, cache=True)
def _unite(parent: Sites, i: int, j: int) -> None:
    i, j = _root(parent, i), _root(parent, j)
    if i < j:
        parent[j] = i
    else:
        parent[i] = j


@njit(nogil=True, cache=True)
def _root(parent: Sites, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(nogil=True, cache=True)
def _choose_shifts(
    shift: Integers, parent: Sites, values: Codes, states: int, field: float, rng: Stream
) -> None:
    """Draw a shift for each cluster and store it at its first site."""
    if field == 0.0:
        for i in range(len(values)):
            if parent[i] == i:
                shift[i] = below(rng, states)
        return
    shift[:] = 0
    for i in range(len(values)):  # moments of the clusters
        shift[parent[i]] += 2 * np.int64(values[i]) - 1
    for i in range(len(values)):
        if parent[i] == i:
            shift[i] = uniform(rng) < _heat_bath(2.0 * field * shift[i])


@njit(nogil=True, cache=True)
def _heat_bath(cost: float) -> float:
    """1 / (1 + exp(cost)) without overflow."""
    odds: float = np.exp(-abs(cost))
    return odds / (1.0 + odds) if cost > 0.0 else 1.0 / (1.0 + odds)


@njit(nogil=True, cache=True)
def mixed(
    values: Codes,
    neighbours: Sites,
    states: int,
    bond: float,
    field: float,
    rng: Stream,
    updates: int,
) -> int:
    """Alternate Swendsen-Wang and Metropolis sweeps, `updates` times."""
    for _ in range(updates):
        swendsen_wang(values, neighbours, states, bond, field, rng, 1)
        metropolis(values, neighbours, states, bond, field, rng, 1)
    return updates * len(values)


@njit(nogil=True, cache=True)
def wolff(
    values: Codes,
    neighbours: Sites,
    states: int,
    bond: float,
    field: float,
    rng: Stream,
    updates: int,
) -> int:
    """Turn `updates` clusters; without a field, then shift all states by a random amount."""
    sites = len(values)
    joins, ties = _limit(abs(bond)), _limit(2.0 * abs(field))
    visited = np.zeros(sites + 1, np.int64)
    queue = np.empty(sites + 2, np.int32)
    updated = 0
    for update in range(1, updates + 1):
        shift = 1 + below(rng, states - 1)
        if bond > 0.0:
            size, with_ghost = _turn_like(
                values, neighbours, states, shift, joins, field > 0.0, ties, rng, queue
            )
        else:
            size, with_ghost = _turn_unlike(
                values, neighbours, joins, field > 0.0, ties, rng, visited, update, queue
            )
        updated += size
        if with_ghost:  # two states: turn the cluster and the lattice
            _shift_all(values, states, 1)
    if field == 0.0:
        _shift_all(values, states, below(rng, states))
    return updated


@njit(nogil=True, cache=True)
def _limit(strength: float) -> np.uint64:
    """Limit below which 64 random bits lie with probability 1 - exp(-strength)."""
    return np.uint64(min(-np.expm1(-strength) * 2.0**64, 2.0**64 - 2048.0))


@njit(nogil=True, cache=True)
def _shift_all(values: Codes, states: int, shift: int) -> None:
    for i in range(len(values)):
        values[i] = (values[i] + shift) % states


@njit(nogil=True, cache=True)
def _turn_like(
    values: Codes,
    neighbours: Sites,
    states: int,
    shift: int,
    joins: np.uint64,
    up: bool,
    ties: np.uint64,
    rng: Stream,
    queue: Sites,
) -> tuple[int, bool]:
    """Turn a cluster of like states while it grows: a turned site is no longer like the cluster.

    Every neighbour draws a random number, whether it could join or not: an unpredictable branch
    costs more.

    Returns:
        Size of the cluster, and whether it contains the ghost, a site of state `up` that is a
        neighbour of all sites.
    """
    sites = len(values)
    queue[0] = below(rng, sites)
    old = values[queue[0]]
    new = np.uint8((old + shift) % states)
    values[queue[0]] = new
    tied, with_ghost = ties > np.uint64(0) and old == up, False
    state = rng[0]
    done, size = 0, 1
    while done < size:
        i = queue[np.uint32(done)]
        done += 1
        for k in range(neighbours.shape[1]):
            state += INCREMENT
            size = _offer(
                values,
                neighbours[np.uint32(i), np.uint32(k)],
                old,
                new,
                mix(state) < joins,
                queue,
                size,
            )
        if tied and not with_ghost:
            state += INCREMENT
            if mix(state) < ties:
                with_ghost = True
                for j in range(sites):
                    state += INCREMENT
                    size = _offer(values, j, old, new, mix(state) < ties, queue, size)
    rng[0] = state
    return size, with_ghost


@njit(nogil=True, cache=True)
def _offer(
    values: Codes, j: int, old: np.uint8, new: np.uint8, low: np.bool_, queue: Sites, size: int
) -> int:
    """Turn site j and append it to the queue if it is like the cluster and its number is low.

    Returns:
        Number of sites in the queue.
    """
    site = np.uint32(j)  # Numba skips the check for negative indices
    joined: bool = (values[site] == old) & low
    queue[np.uint32(size)] = site
    values[site] = new if joined else values[site]
    return size + joined


@njit(nogil=True, cache=True)
def _turn_unlike(
    values: Codes,
    neighbours: Sites,
    joins: np.uint64,
    up: bool,
    ties: np.uint64,
    rng: Stream,
    visited: Integers,
    update: int,
    queue: Sites,
) -> tuple[int, bool]:
    """Turn a cluster of two states joined by unlike pairs; mark its members with `update`.

    Returns:
        Size of the cluster, and whether it contains the ghost.
    """
    sites = len(values)
    queue[0] = below(rng, sites)
    visited[queue[0]] = update
    done, size = 0, 1
    while done < size:
        i = queue[done]
        done += 1
        for k in range(neighbours.shape[1]):
            j = neighbours[i, k]
            if visited[j] != update and values[i] != values[j] and next_bits(rng) < joins:
                visited[j], queue[size], size = update, j, size + 1
        if ties > 0 and visited[sites] != update and values[i] == up and next_bits(rng) < ties:
            visited[sites] = update
            for j in range(sites):
                if visited[j] != update and values[j] == up and next_bits(rng) < ties:
                    visited[j], queue[size], size = update, j, size + 1
    for member in queue[:size]:
        values[member] ^= 1
    return size, visited[sites] == update
