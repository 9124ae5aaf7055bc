r"""Cluster updates of q-state models, E/T = -bond * sum_<ij> delta(s_i, s_j) - field * sum_i sigma_i.

A satisfied bond joins its sites with probability 1 - exp(-|bond|); a cluster's states
are then shifted together, s -> s + shift mod q.

- Swendsen & Wang, Phys. Rev. Lett. 58, 86 (1987): every cluster draws its own shift.
  In a field (q = 2 only) it flips with probability 1 / (1 + exp(2 field * moment)),
  moment = sum of sigma = 2 s - 1 over the cluster, which is its heat bath.
- Wolff, Phys. Rev. Lett. 62, 361 (1989): the cluster of a random site gets a new state.
  At low temperature that cluster is nearly the lattice and the magnetisation would
  alternate with the parity of the updates, so all states are shifted at the end of a
  call by one random amount, a symmetry of the model.
- Kent-Dobias & Sethna, Phys. Rev. E 98, 063306 (2018): a field (q = 2 only) is one more
  spin, the ghost, which is tied to every site by a bond of strength 2 |field| that is
  satisfied where the spin is along the field.  Where the ghost joins the cluster, turning
  both and then the whole lattice is turning all sites outside the cluster instead.

For bond < 0 (q = 2 only) the satisfied bonds are those between unlike states.  Its
clusters in a field know nothing of the field while they grow: Metropolis sweeps in
between look after the local excitations (`mixed`).
Kernels work in place on `values (sites,) uint8`, draw from the stream `rng`, and
return how many sites they updated.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .metropolis import metropolis
from .splitmix import INCREMENT, below, mix, next_bits, uniform

__all__ = ["mixed", "swendsen_wang", "wolff"]


@njit(nogil=True, cache=True)
def swendsen_wang(values, neighbours, states, bond, field, rng, updates):
    """`updates` sweeps over all clusters."""
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
def _join(parent, values, neighbours, bond, rng):
    """Clusters: on return parent[i] is the first site of the cluster of i."""
    probability = -np.expm1(-abs(bond))
    for i in range(len(values)):
        parent[i] = i
    for i in range(len(values)):
        for k in range(neighbours.shape[1] // 2):
            j = neighbours[i, k]
            if (values[i] == values[j]) == (bond > 0) and uniform(rng) < probability:
                _unite(parent, i, j)
    for i in range(len(values)):  # a parent comes before its children and is flat already
        parent[i] = parent[parent[i]]


@njit(nogil=True, cache=True)
def _unite(parent, i, j):
    i, j = _root(parent, i), _root(parent, j)
    if i < j:
        parent[j] = i
    else:
        parent[i] = j


@njit(nogil=True, cache=True)
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(nogil=True, cache=True)
def _choose_shifts(shift, parent, values, states, field, rng):
    """One shift a cluster, stored at its first site."""
    if field == 0.0:
        for i in range(len(values)):
            if parent[i] == i:
                shift[i] = below(rng, states)
        return
    shift[:] = 0
    for i in range(len(values)):  # the clusters' moments
        shift[parent[i]] += 2 * np.int64(values[i]) - 1
    for i in range(len(values)):
        if parent[i] == i:
            shift[i] = uniform(rng) < _heat_bath(2.0 * field * shift[i])


@njit(nogil=True, cache=True)
def _heat_bath(cost):
    """1 / (1 + exp(cost)), without overflow."""
    return np.exp(-cost) / (1.0 + np.exp(-cost)) if cost > 0.0 else 1.0 / (1.0 + np.exp(cost))


@njit(nogil=True, cache=True)
def mixed(values, neighbours, states, bond, field, rng, updates):
    """A Swendsen-Wang sweep and a Metropolis sweep in turn, `updates` times."""
    for _ in range(updates):
        swendsen_wang(values, neighbours, states, bond, field, rng, 1)
        metropolis(values, neighbours, states, bond, field, rng, 1)
    return updates * len(values)


@njit(nogil=True, cache=True)
def wolff(values, neighbours, states, bond, field, rng, updates):
    """`updates` clusters, without a field followed by one random shift of all states."""
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
        if with_ghost:  # two states: turning the cluster and the lattice
            _shift_all(values, states, 1)
    if field == 0.0:
        _shift_all(values, states, below(rng, states))
    return updated


@njit(nogil=True, cache=True)
def _limit(strength):
    """64 random bits are below this with probability 1 - exp(-strength)."""
    return np.uint64(min(-np.expm1(-strength) * 2.0**64, 2.0**64 - 2048.0))


@njit(nogil=True, cache=True)
def _shift_all(values, states, shift):
    for i in range(len(values)):
        values[i] = (values[i] + shift) % states


@njit(nogil=True, cache=True)
def _turn_like(values, neighbours, states, shift, joins, up, ties, rng, queue):
    """Turn a cluster of like states while it grows: what has been turned is not like it any more.

    Every neighbour draws a number, whether it could join or not: a branch that nobody can
    foresee costs more than that.  Returns the size and whether the ghost, like site number
    `sites` of state `up`, is in it.
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
def _offer(values, j, old, new, low, queue, size):
    """Turn site j and put it at the end of the queue, if it is like the cluster and its number is low."""
    site = np.uint32(j)  # whose index, Numba knows, does not count from the end
    joined = (values[site] == old) & low
    queue[np.uint32(size)] = site
    values[site] = new if joined else values[site]
    return size + joined


@njit(nogil=True, cache=True)
def _turn_unlike(values, neighbours, joins, up, ties, rng, visited, update, queue):
    """The same between unlike states, of which there are two; members bear the number of the update."""
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
