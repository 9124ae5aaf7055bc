r"""Single-site Metropolis updates of q-state models, and observables of a configuration.

E/T = -bond * sum_<ij> delta(s_i, s_j) - field * sum_i sigma_i (sigma = 2 s - 1, q = 2).
A new state is proposed for a random site and accepted with probability min(1, exp(-dE/T)):
Metropolis et al., J. Chem. Phys. 21, 1087 (1953), https://doi.org/10.1063/1.1699114
Sites are visited at random.  In order, every sweep at high temperature would only reverse the
sweep before, because nearly all proposals are accepted.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ._arrays import Codes, Integers, Sites, Stream
from .splitmix import below, uniform

__all__ = ["metropolis", "observe"]


@njit(nogil=True, cache=True)
def metropolis(
    values: Codes,
    neighbours: Sites,
    states: int,
    bond: float,
    field: float,
    rng: Stream,
    updates: int,
) -> int:
    """Make `updates` sweeps of `sites` proposals each, in place; return the number of proposals."""
    sites = len(values)
    for _ in range(updates * sites):
        i = below(rng, sites)
        old = np.int64(values[i])
        new = (old + 1 + below(rng, states - 1)) % states
        gain = np.int64(0)
        for k in range(neighbours.shape[1]):
            state = values[neighbours[i, k]]
            gain += np.int64(state == new) - np.int64(state == old)
        logarithm = bond * gain + 2.0 * field * (new - old)
        if logarithm >= 0.0 or uniform(rng) < np.exp(logarithm):
            values[i] = new
    return updates * sites


@njit(nogil=True, cache=True)
def observe(
    values: Codes, neighbours: Sites, equal: Integers, counts: Integers, groups: Integers
) -> None:
    """Count equal bonds by direction, and sites by group and state.

    Args:
        values: Codes, shape `(sites,)`.
        neighbours: Neighbour table, shape `(sites, z)`.
        equal: Filled with the number of bonds between equal states, shape `(directions,)`.
        counts: Filled with numbers of sites, shape `(groups, states)`.
        groups: Group of every site, shape `(sites,)`.
    """
    equal[:], counts[:] = 0, 0
    for i in range(len(values)):
        counts[groups[i], values[i]] += 1
        for k in range(neighbours.shape[1] // 2):
            equal[k] += np.int64(values[i] == values[neighbours[i, k]])
