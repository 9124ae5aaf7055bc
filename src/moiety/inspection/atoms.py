"""Whether angles or reals have a density: no value may occur more often than chance allows."""

from __future__ import annotations

import numpy as np

from ..data.samples import Samples
from .findings import Finding

__all__ = ["density"]

_MOST_VALUES = 2**20
_FEWEST = 10  # occurrences of a value
_SMALLEST_SHARE = 1e-4
_GRID = 1e-3  # deviation from a multiple of the step, in steps
_FEW_TIES = 0.2
_GAPS = 10  # values of a grid that may be missing for each one that occurs


def density(samples: Samples) -> Finding:
    """Check that no value has a finite probability.

    Args:
        samples: Angles or reals.
    """
    flat = samples.values.reshape(-1)
    values = np.asarray(flat[:: max(flat.size // _MOST_VALUES, 1)])
    distinct, counts = np.unique(values, return_counts=True)
    ties = 1 - len(distinct) / len(values)
    largest = int(counts.max())
    share = largest / len(values)
    if len(distinct) == 1 or (ties > _FEW_TIES and not _is_atom(counts)):
        return Finding("density", False, ties, _rounded(distinct))
    if largest >= max(_FEWEST, _SMALLEST_SHARE * len(values)):
        value = float(distinct[counts.argmax()])
        text = (
            f"{100 * share:.2g}% of the sites are exactly {value:g}: such states have no density;"
            " leave them out, or read the states as discrete"
        )
        return Finding("density", False, share, text)
    return Finding("density", True, share, "no value occurs more often than a density allows")


def _is_atom(counts: np.ndarray) -> bool:
    """Whether all ties are of few values."""
    ordered = np.sort(counts)[::-1]
    return bool((ordered[:8] - 1).sum() > 0.9 * (ordered - 1).sum())


def _rounded(distinct: np.ndarray) -> str:
    advice = "read them as discrete states, or write all digits"
    count = f"the states take only {len(distinct):,} values"
    if len(distinct) < 2:
        return f"{count}: {advice}"
    step = float(np.diff(distinct).min())
    multiples = distinct / step
    even = np.abs(multiples - np.rint(multiples)).max() < _GRID
    if even and np.ptp(multiples) < _GAPS * len(distinct):
        return f"{count}, multiples of {step:.3g}: {advice}"
    return f"{count}: {advice}"
