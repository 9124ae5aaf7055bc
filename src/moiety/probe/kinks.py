r"""Changes of slope in curves with errors.

The model is two straight lines that meet at x_c,
$$y(x) = a + b x + c \max(x - x_c, 0).$$
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base.errors import InputError
from ..base.random import Streams

__all__ = ["Kink", "kink"]

_DRAWS = 400
_GRID = 401  # values of x_c to try
_CLOSEST = 2  # minimum number of points on either side of the change
_LEAST = 4  # minimum number of points, for four parameters
_SIGNIFICANT = 11.8  # decrease of chi^2; 0.2% of 20,000 straight lines with noise exceeded it


@dataclass(frozen=True)
class Kink:
    """A change of slope.

    Args:
        at: Where the slope changes.
        at_error: One standard error of `at`.
        change: Slope after the change minus slope before.
        change_error: One standard error of `change`.
        improvement: Decrease of chi^2 from a single straight line, which has two parameters less.
    """

    at: float
    at_error: float
    change: float
    change_error: float
    improvement: float

    @property
    def significant(self) -> bool:
        """Whether two lines describe the curve better than one, by three sigma."""
        return self.improvement >= _SIGNIFICANT


def kink(
    x: NDArray[np.float64], values: NDArray[np.float64], errors: NDArray[np.float64], seed: int = 0
) -> Kink:
    """Find where the slope of a curve changes, by a fit of two straight lines that meet.

    The errors are the spread of the fit over curves drawn within their errors.

    Args:
        x: Abscissas, shape `(n,)`.
        values: Values of the curve, shape `(n,)`.
        errors: Independent standard errors of the values, shape `(n,)`.
        seed: Seed for the drawn curves.

    Raises:
        InputError: There are fewer than four points.

    Example:
        >>> phi = np.linspace(0.5, 1.1, 13)
        >>> change = kink(phi, -phi + 3 * np.maximum(phi - 0.84, 0), np.full(13, 0.01))
        >>> abs(change.at - 0.84) < 0.003, round(change.change, 1), change.significant
        (True, 3.0, True)
    """
    if len(x) < _LEAST:
        raise InputError(f"{len(x)} points are too few; a change of slope needs {_LEAST}")
    rng, ordered = Streams(seed).numpy("kink"), np.sort(x)
    grid = np.linspace(ordered[_CLOSEST - 1], ordered[-_CLOSEST], _GRID)
    noise = rng.normal(size=(_DRAWS + 1, len(values)))
    draws = values + errors * noise * np.arange(_DRAWS + 1).clip(max=1)[:, None]  # first: no noise
    best, slopes, squares = np.zeros(len(draws)), np.zeros(len(draws)), np.full(len(draws), np.inf)
    for at in grid:
        design = np.column_stack([np.ones_like(x), x, np.maximum(x - at, 0)]) / errors[:, None]
        fitted, *_ = np.linalg.lstsq(design, (draws / errors).T, rcond=None)
        chi2 = (((draws / errors).T - design @ fitted) ** 2).sum(axis=0)
        better = chi2 < squares
        best[better], slopes[better], squares[better] = at, fitted[2][better], chi2[better]
    line = np.column_stack([np.ones_like(x), x]) / errors[:, None]
    fitted, *_ = np.linalg.lstsq(line, values / errors, rcond=None)
    straight = ((values / errors - line @ fitted) ** 2).sum()
    return Kink(
        float(best[0]),
        float(best[1:].std()),
        float(slopes[0]),
        float(slopes[1:].std()),
        float(straight - squares[0]),
    )
