r"""Single-site Metropolis updates of q-state models, and what is observed of a configuration.

E/T = -bond * sum_<ij> delta(s_i, s_j) - field * sum_i sigma_i (sigma = 2 s - 1, q = 2).
A random site is proposed another state, accepted with probability min(1, exp(-dE/T))
(Metropolis et al., J. Chem. Phys. 21, 1087 (1953)).  Sites are picked at random: in
order, nearly all proposals being accepted at high temperature, every sweep would just
reverse the one before.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .splitmix import below, uniform

__all__ = ["metropolis", "observe"]


@njit(nogil=True, cache=True)
def metropolis(values, neighbours, states, bond, field, rng, updates):
    """`updates` sweeps of `sites` proposals each, in place; returns the number of proposals."""
    sites = len(values)
    for _ in range(updates * sites):
        i = below(rng, sites)
        old = np.int64(values[i])
        new = (old + 1 + below(rng, states - 1)) % states
        gain = 0
        for k in range(neighbours.shape[1]):
            state = values[neighbours[i, k]]
            gain += np.int64(state == new) - np.int64(state == old)
        logarithm = bond * gain + 2.0 * field * (new - old)
        if logarithm >= 0.0 or uniform(rng) < np.exp(logarithm):
            values[i] = new
    return updates * sites


@njit(nogil=True, cache=True)
def observe(values, neighbours, equal, counts, groups):
    """Fill `equal (directions,)`, bonds between equal states, and `counts (groups, states)`, sites by both."""
    equal[:], counts[:] = 0, 0
    for i in range(len(values)):
        counts[groups[i], values[i]] += 1
        for k in range(neighbours.shape[1] // 2):
            equal[k] += np.int64(values[i] == values[neighbours[i, k]])
