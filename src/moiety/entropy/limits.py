r"""What the entropy of discrete sites can be at all.

    0 <= s <= 1/N sum_b H(block b) <= 1/N sum_i H(x_i) <= log q

The sums run over blocks that cover the lattice and over its sites, each with its own distribution.
Where all sites are equivalent, these bounds are the entropies of a single block and a single site.
Where they are not, they are lower, and an average over positions may exceed them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, log

from ..data.samples import Samples
from ..inspection.site_bound import site_bound
from ..results.types import Check
from .own_blocks import BlockBound, below_blocks, block_bound

__all__ = ["EntropyLimits", "entropy_limits", "limit_checks"]

_SIGMAS = 3.0
_FAR = 0.01  # nats per site beyond a limit that a large error does not excuse
_ROUNDING = 1e-6  # nats that sums of single-precision scores may err by


@dataclass(frozen=True)
class EntropyLimits:
    """Upper limits of the entropy per site, in nats.

    Args:
        states: log q.
        sites: Mean entropy of the sites at their own positions.
        error: One standard error of `sites`.
        blocks: Mean entropy of small blocks at their own positions; None if the samples are too
            few to count any.
    """

    states: float
    sites: float
    error: float
    blocks: BlockBound | None = None


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
    return EntropyLimits(log(max(samples.states, 1)), *site_bound(samples), block_bound(samples))


def limit_checks(entropy: float, error: float, limits: EntropyLimits) -> tuple[Check, ...]:
    """Check an entropy against its limits.

    Args:
        entropy: Entropy per site in nats, single sites included.
        error: Its standard error.
        limits: See `entropy_limits`.
    """
    inside = _in_range(entropy, error, limits)
    if not inside.passed:  # a number outside the range says nothing about the sites
        return (inside,)
    sites = _below_sites(entropy, error, limits)
    if not (sites.passed and limits.blocks):
        return inside, sites
    return inside, sites, below_blocks(entropy, error, limits.blocks)


def _in_range(entropy: float, error: float, limits: EntropyLimits) -> Check:
    allowed = _allowed(error)
    inside = -allowed <= entropy <= limits.states + allowed
    verdict = "lies within" if inside else "cannot be: it must lie within"
    span = f"0 and log q = {limits.states:.4f}"
    return Check("s in range", inside, f"s = {entropy:.4f} {verdict} {span}")


def _below_sites(entropy: float, error: float, limits: EntropyLimits) -> Check:
    """What the sites share lowers s below the mean of their entropies."""
    below = entropy <= limits.sites + _allowed(hypot(error, limits.error))
    sites = f"the mean entropy of the sites at their own positions, {limits.sites:.4f}"
    message = f"s = {entropy:.4f} does not exceed {sites}"
    if not below:
        message = f"s = {entropy:.4f} exceeds {sites}: the sites are not equivalent"
    return Check("s <= H(site)", below, message)


def _allowed(error: float) -> float:
    """Three errors; of a large error only one, so that it excuses no impossible number."""
    return max(min(_SIGMAS * error, _FAR), error) + _ROUNDING
