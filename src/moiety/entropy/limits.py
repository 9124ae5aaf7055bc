r"""What the entropy of discrete sites can be at all.

    0 <= s <= 1/N sum_i H(x_i) <= log q

The sum runs over the sites of the lattice, each with its own distribution.  Where all sites are
equivalent, the bound in the middle is the entropy of a single site.  Where they are not, it is
lower, and an average over positions may exceed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from ..base import scratch
from ..data.samples import Samples
from ..data.statistics import series_error

__all__ = ["EntropyLimits", "entropy_limits"]


@dataclass(frozen=True)
class EntropyLimits:
    """Upper limits of the entropy per site, in nats.

    Args:
        states: log q.
        sites: Mean entropy of the sites at their own positions.
        error: One standard error of `sites`.
    """

    states: float
    sites: float
    error: float


def entropy_limits(samples: Samples, tau: float = 0.5) -> EntropyLimits | None:
    """The limits for some samples; None for continuous states.

    The mean over the sites of the counted entropy is too small by about (q' - 1) / (2 n) for q'
    states that occur, with n the effective number of samples (Miller, 1955).  That is added.

    Args:
        samples: Configurations.
        tau: Autocorrelation time of the samples in draws.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> spins = rng.random((256, 8, 8)) < rng.choice([0.1, 0.9], size=(8, 8))
        >>> limits = entropy_limits(Samples.from_array(spins, periodic=True))
        >>> round(limits.states, 4), round(limits.sites, 2)  # H(0.1) = 0.325
        (0.6931, 0.33)
    """
    if samples.kind != "discrete":
        return None
    counts, influence = _counted(samples)
    share = counts / samples.n
    entropy = -(share * np.log(np.maximum(share, 1 / samples.n))).sum(axis=0).mean()
    missing = ((counts > 0).sum(axis=0) - 1).mean() * tau / samples.n
    error = series_error(influence, samples)
    return EntropyLimits(log(max(samples.states, 1)), float(entropy + missing), error)


def _counted(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """How often each state occurs at each site, and the mean of -log p of each sample."""
    flat = samples.values.reshape(samples.n, samples.sites)
    parts = [*scratch.slabs(flat.shape, flat.itemsize, axes=1)]
    counts = np.zeros((samples.states, samples.sites), np.int64)
    for part in parts:
        for state in range(samples.states):
            counts[state] += (flat[part] == state).sum(axis=0)
        scratch.release(flat)
    surprise = np.log(samples.n) - np.log(np.maximum(counts, 1))
    sites = np.arange(samples.sites)
    means = []
    for part in parts:
        means.append(surprise[flat[part], sites].mean(axis=1))
        scratch.release(flat)
    return counts, np.concatenate(means)
