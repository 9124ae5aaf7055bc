"""Inspect samples of a lattice."""

from __future__ import annotations

import numpy as np

from ..data.samples import MINIMUM_SAMPLES, Samples
from .conserved import conserved
from .copies import copies
from .fields import unit_fields
from .findings import Inspection
from .homogeneity import homogeneous
from .units import units_of

__all__ = ["inspect"]


def inspect(samples: Samples) -> Inspection:
    """Compare samples with what the method assumes.

    Args:
        samples: Configurations of a lattice.

    Example:
        >>> import numpy as np
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(256, 8, 8))
        >>> inspect(Samples.from_array(spins, periodic=True)).ok
        True
        >>> spins[:, 0, 0] = 1  # a frozen site
        >>> inspect(Samples.from_array(spins, periodic=True)).ok
        False
    """
    repeated, originals, distinct = copies(samples)
    constant = conserved(samples, distinct)
    once = _once(samples, originals)
    units = units_of(once)
    findings = (
        homogeneous(unit_fields(once, units), units, not samples.homogeneous),
        constant,
        repeated,
    )
    return Inspection(findings, originals, not constant.passed)


def _once(samples: Samples, originals: np.ndarray | None) -> Samples:
    """The samples without the copies."""
    if originals is None:
        return samples
    first = np.flatnonzero(originals == np.arange(samples.n))
    if len(first) < MINIMUM_SAMPLES:
        return samples
    flat = samples.values.reshape(samples.n, *samples.shape)
    return samples.replace(values=flat[first][None])
