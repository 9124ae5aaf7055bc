"""Whether sites with own means form sublattices: a pattern that repeats along each axis."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np

from .fields import Field
from .units import Units

__all__ = ["sublattices"]

_LONGEST_PERIOD = 4
_EXPLAINED = 0.9  # of the variance over positions
_APART = 0.2  # of the range of the means, between groups


def sublattices(field: Field, units: Units) -> tuple[int, int]:
    """Number of sublattices with own means, and of different translations of their pattern.

    Args:
        field: Means of a quantity of sites.
        units: The units of these means.

    Returns:
        Both are 1 if the pattern does not repeat.

    Example:
        >>> from .fields import unit_fields
        >>> from .units import units_of
        >>> from ..data.samples import Samples
        >>> draws = np.random.default_rng(0).random((512, 8, 8))
        >>> checkerboard = np.where(np.indices((8, 8)).sum(0) % 2, 0.2, 0.8)
        >>> samples = Samples.from_array(draws < checkerboard, periodic=True)
        >>> units = units_of(samples)
        >>> sublattices(unit_fields(samples, units)[0], units)
        (2, 2)
    """
    shape = field.means.shape[1:]
    deviations = field.deviations.reshape(field.means.shape)
    total = _certain(deviations, units)
    periods = [[p for p in range(1, _LONGEST_PERIOD + 1) if side % p == 0] for side in shape]
    for cell in sorted(product(*periods), key=prod):
        if 1 < prod(cell) < prod(shape) / 2:
            means = _cell_means(deviations, cell)
            if _certain(means, units) * prod(shape) / prod(cell) > _EXPLAINED * total:
                return _groups(means.mean(axis=0)), _translations(means.mean(axis=0))
    return 1, 1


def _certain(deviations: np.ndarray, units: Units) -> float:
    """Sum of squares of the means over units, without the part that comes from sampling errors."""
    flat = deviations.reshape(len(deviations), -1)
    products = flat @ flat.T
    return float(products[units.apart].sum() / units.apart.sum())


def _cell_means(deviations: np.ndarray, cell: tuple[int, ...]) -> np.ndarray:
    """Mean over all cells, shape `(units, *cell)`."""
    sides: list[int] = []
    for side, period in zip(deviations.shape[1:], cell, strict=True):
        sides += [side // period, period]
    return np.asarray(
        deviations.reshape(len(deviations), *sides).mean(axis=tuple(range(1, 2 * len(cell), 2)))
    )


def _groups(pattern: np.ndarray) -> int:
    """Number of clusters of the means on a line."""
    ordered = np.sort(pattern, axis=None)
    return 1 + int((np.diff(ordered) > _APART * np.ptp(ordered)).sum())


def _translations(pattern: np.ndarray) -> int:
    """Number of translations of a pattern that differ."""
    axes = tuple(range(pattern.ndim))
    shifts = [np.roll(pattern, shift, axes) for shift in np.ndindex(pattern.shape)]
    same = [np.abs(shifted - pattern).max() < _APART * np.ptp(pattern) for shifted in shifts]
    return len(shifts) // max(sum(map(bool, same)), 1)
