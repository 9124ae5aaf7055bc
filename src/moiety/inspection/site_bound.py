r"""The mean entropy of single sites, each at its own position.

s <= (1/V) sum_i H(x_i), whatever the correlations and whether or not the positions are equivalent.
Counts are biased by (K - 1) / (2 n) for K states that occur among n samples (Miller, 1955).
"""

from __future__ import annotations

import numpy as np

from ..base import scratch
from ..data.observables import observables
from ..data.samples import Samples
from ..data.statistics import series_error, tau_int

__all__ = ["site_bound"]


def site_bound(samples: Samples) -> tuple[float, float]:
    """Upper bound on the entropy per site of discrete states, and its standard error.

    Args:
        samples: Configurations with discrete states.

    Example:
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(512, 8, 8))
        >>> spins[:, :4] = 1  # half of the sites are frozen
        >>> round(site_bound(Samples.from_array(spins, periodic=True))[0], 2)  # log(2) / 2
        0.35
    """
    flat = samples.values.reshape(samples.n, -1)
    counts = np.zeros((samples.states, flat.shape[1]))
    parts = [*scratch.slabs(flat.shape, 8, axes=1)]
    for (part,) in parts:
        counts += [(flat[part] == state).sum(axis=0) for state in range(samples.states)]
        scratch.release(flat)
    surprise = -np.log(np.maximum(counts, 1) / samples.n)
    site = np.arange(flat.shape[1])
    influence = np.concatenate([surprise[flat[part], site].mean(axis=1) for (part,) in parts])
    tau = max(map(tau_int, observables(samples).values()))
    bias = float(((counts > 0).sum(axis=0) - 1).mean()) * tau / samples.n
    entropy = min(float(influence.mean()) + bias, float(np.log(max(samples.states, 1))))
    return entropy, series_error(influence, samples)
