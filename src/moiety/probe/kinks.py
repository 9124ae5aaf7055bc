"""Changes of slope, of curves with errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..base.random import Streams

__all__ = ["Kink", "kink"]

_DRAWS = 400
_GRID = 401  # places that are tried
_CLOSEST = 2  # points on either side of the change at least
_LEAST = 4  # points, for as many numbers
_CHANGED = 11.8  # by which chi^2 falls where the slope changes; of straight lines, 0.2% of 20,000 drawn fell by more


@dataclass(frozen=True)
class Kink:
    """Where a slope changes.

    Arguments:
        at, at_error: Place and one standard error of it.
        change, change_error: Of the slope.
        improvement: By how much chi^2 is smaller than that of one straight line, with two numbers less.
    """

    at: float
    at_error: float
    change: float
    change_error: float
    improvement: float

    @property
    def known(self) -> bool:
        """Whether two lines describe the curve better than one, by three sigma."""
        return self.improvement >= _CHANGED


def kink(x: np.ndarray, values: np.ndarray, errors: np.ndarray, seed: int = 0) -> Kink:
    """Where the slope of a curve changes, by two straight lines that meet,

        y(x) = a + b x + c max(x - x_c, 0),

    with the spread of x_c and c over draws of y within its errors.

    Arguments:
        x: Places, shape `(n,)`.
        values, errors: Shape `(n,)`, errors independent of each other.
        seed: Of the draws.

    Raises:
        InputError: Fewer than four points.

    Example:
        >>> phi = np.linspace(0.5, 1.1, 13)
        >>> found = kink(phi, -phi + 3 * np.maximum(phi - 0.84, 0), np.full(13, 0.01))
        >>> abs(found.at - 0.84) < 0.003, round(found.change, 1), found.known
        (True, 3.0, True)
    """
    if len(x) < _LEAST:
        raise InputError(f"{len(x)} points; a change of slope is told from {_LEAST} on")
    rng, ordered = Streams(seed).numpy("kink"), np.sort(x)
    grid = np.linspace(ordered[_CLOSEST - 1], ordered[-_CLOSEST], _GRID)
    draws = (
        values
        + errors
        * rng.normal(size=(_DRAWS + 1, len(values)))
        * np.arange(_DRAWS + 1).clip(max=1)[:, None]
    )
    best, slopes, squares = np.zeros(len(draws)), np.zeros(len(draws)), np.full(len(draws), np.inf)
    for at in grid:
        design = np.column_stack([np.ones_like(x), x, np.maximum(x - at, 0)]) / errors[:, None]
        fitted, *_ = np.linalg.lstsq(design, (draws / errors).T, rcond=None)
        rest = ((draws / errors).T - design @ fitted) ** 2
        better = rest.sum(axis=0) < squares
        best[better], slopes[better], squares[better] = (
            at,
            fitted[2][better],
            rest.sum(axis=0)[better],
        )
    line = np.column_stack([np.ones_like(x), x]) / errors[:, None]
    straight = (
        (values / errors - line @ np.linalg.lstsq(line, values / errors, rcond=None)[0]) ** 2
    ).sum()
    return Kink(
        float(best[0]),
        float(best[1:].std()),
        float(slopes[0]),
        float(slopes[1:].std()),
        float(straight - squares[0]),
    )
