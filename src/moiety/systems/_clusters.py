r"""Cluster updates of q-state models, E/T = -bond * sum_<ij> delta(s_i, s_j) - field * sum_i sigma_i.

A satisfied bond joins its sites with probability 1 - exp(-|bond|); a cluster's states
are then shifted together, s -> s + shift mod q.

- Swendsen & Wang, Phys. Rev. Lett. 58, 86 (1987): every cluster draws its own shift.
  In a field (q = 2 only) it flips with probability 1 / (1 + exp(2 field * moment)),
  moment = sum of sigma = 2 s - 1 over the cluster, which is its heat bath.
- Wolff, Phys. Rev. Lett. 62, 361 (1989): the cluster of a random site gets a new state.
  At low temperature that cluster is nearly the lattice and the magnetisation would
  alternate with the parity of the updates, so all states are shifted at the end of a
  call by one random amount, a symmetry of the model.  No field.

For bond < 0 (q = 2 only) the satisfied bonds are those between unlike states.  Its
clusters in a field know nothing of the field while they grow: Metropolis sweeps in
between look after the local excitations (`mixed`).
Kernels work in place on `values (sites,) uint8`, draw from the stream `rng`, and
return how many sites they updated.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ._metropolis import metropolis
from ._splitmix import below, uniform

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
    """`updates` clusters, then one random shift of all states (`field` must be 0)."""
    sites = len(values)
    probability = -np.expm1(-abs(bond))
    visited = np.zeros(sites, np.int64)
    stack = np.empty(sites, np.int32)
    updated = 0
    for update in range(1, updates + 1):
        updated += _flip_cluster(values, neighbours, states, bond, probability, rng, visited, update, stack)
    shift = below(rng, states)
    for i in range(sites):
        values[i] = (values[i] + shift) % states
    return updated


@njit(nogil=True, cache=True)
def _flip_cluster(values, neighbours, states, bond, probability, rng, visited, update, stack):
    shift = 1 + below(rng, states - 1)
    stack[0] = below(rng, len(values))
    visited[stack[0]] = update
    waiting, size = 1, 0
    while waiting:
        waiting -= 1
        i = stack[waiting]
        for k in range(neighbours.shape[1]):
            j = neighbours[i, k]
            # members have or will have another state: membership, not equality, rules them out
            if visited[j] != update and (values[i] == values[j]) == (bond > 0) and uniform(rng) < probability:
                visited[j] = update
                stack[waiting] = j
                waiting += 1
        values[i] = (values[i] + shift) % states
        size += 1
    return size
