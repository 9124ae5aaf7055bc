r"""What the entropy of discrete sites can be at all.

    0 <= s <= 1/N sum_i H(x_i) <= log q

The sum runs over the sites of the lattice, each with its own distribution.  Where all sites are
equivalent, the bound in the middle is the entropy of a single site.  Where they are not, it is
lower, and an average over positions may exceed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from ..data.samples import Samples
from ..inspection.site_bound import site_bound

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


def entropy_limits(samples: Samples) -> EntropyLimits | None:
    """The limits for some samples; None for continuous states.

    Args:
        samples: Configurations.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> spins = rng.random((256, 8, 8)) < rng.choice([0.1, 0.9], size=(8, 8))
        >>> limits = entropy_limits(Samples.from_array(spins, periodic=True))
        >>> round(limits.states, 4), round(limits.sites, 2)  # H(0.1) = 0.325
        (0.6931, 0.33)
    """
    if samples.kind != "discrete":
        return None
    return EntropyLimits(log(max(samples.states, 1)), *site_bound(samples))
