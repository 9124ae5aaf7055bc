"""Inspect samples of a lattice."""

from __future__ import annotations

from ..data.samples import Samples
from .findings import Inspection

__all__ = ["inspect"]


def inspect(samples: Samples) -> Inspection:
    """Compare samples with what the method assumes.

    Args:
        samples: Configurations of a lattice.
    """
    return Inspection(())
