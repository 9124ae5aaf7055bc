r"""Peaks of curves with errors, their slopes, and the area law M = alpha l + beta through blocks.

The errors of a peak are the spread of where it lies in curves drawn anew within their errors, and that between two
places nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..base.random import Streams

__all__ = ["AreaFit", "Peak", "area_fit", "peak", "peak_of_slope", "slope"]

_DRAWS = 400
_POINTS = 5  # that the parabola at a peak is laid through
_KNOWN = 0.2  # relative error of an M that is fitted at most
_LEAST_INTERFACE = 2


@dataclass(frozen=True)
class Peak:
    """Where a curve is largest.

    Arguments:
        at, at_error: Place and one standard error of it.
        height, height_error: Value there.
        inside: Whether it lies between the ends of the curve, not at one of them.
    """

    at: float
    at_error: float
    height: float
    height_error: float
    inside: bool

    def __str__(self) -> str:
        return (
            f"{self.at:.3f} ± {self.at_error:.3f}" if self.inside else f"at the end ({self.at:g})"
        )


def peak(x: np.ndarray, values: np.ndarray, errors: np.ndarray, seed: int = 0) -> Peak:
    """The largest value of a curve, by a parabola through the points about it.

    Arguments:
        x: Places in rising order, shape `(n,)`.
        values, errors: Shape `(n,)`, errors independent of each other.
        seed: Of the draws that the errors of the peak are the spread of.

    Raises:
        InputError: Fewer than three points, or places out of order.

    Example:
        >>> x = np.linspace(0, 2, 21)
        >>> found = peak(x, -((x - 1.03) ** 2), np.full(21, 1e-4))
        >>> round(found.at, 2), found.inside, found.at_error < 0.05
        (1.03, True, True)
    """
    _check(x, 3)
    return _summarised(x, [_vertex(x, one) for one in _drawn(values, errors, seed)])


def slope(
    x: np.ndarray, values: np.ndarray, errors: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The derivative of a curve halfway between its points, and its errors.

    Returns:
        Places, slopes and errors, shape `(n - 1,)`; neighbouring errors are anticorrelated.

    Example:
        >>> slope(np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 2.0]), np.zeros(3))[1].tolist()
        [2.0, 0.0]
    """
    _check(x, 2)
    step = np.diff(x)
    return x[:-1] + step / 2, np.diff(values) / step, np.hypot(errors[1:], errors[:-1]) / step


def peak_of_slope(x: np.ndarray, values: np.ndarray, errors: np.ndarray, seed: int = 0) -> Peak:
    """Where a curve rises fastest; the draws are of the curve itself, whose slopes share their errors.

    Raises:
        InputError: Fewer than four points, or places out of order.

    Example:
        >>> x = np.linspace(-2, 2, 41)
        >>> found = peak_of_slope(x, np.tanh((x - 0.3) / 0.4), np.full(41, 1e-4))
        >>> abs(found.at - 0.3) < 0.02
        True
    """
    _check(x, 4)
    halfway = x[:-1] + np.diff(x) / 2
    return _summarised(
        halfway,
        [_vertex(halfway, np.diff(one) / np.diff(x)) for one in _drawn(values, errors, seed)],
    )


@dataclass(frozen=True)
class AreaFit:
    """M = alpha l + beta of one state point, with one standard error each, in nats.

    Arguments:
        alpha, alpha_error: A site of the interface.
        beta, beta_error: What is not along it: log 2 of an ordered Ising lattice.
        chi2: Of the fit, for `points - 2` degrees of freedom.
        points: Blocks that were fitted.
    """

    alpha: float
    alpha_error: float
    beta: float
    beta_error: float
    chi2: float
    points: int


def area_fit(interfaces: np.ndarray, values: np.ndarray, errors: np.ndarray) -> AreaFit:
    """The area law through the blocks of one state point that are known well enough.

    Arguments:
        interfaces, values, errors: l, M and its error by block, shape `(n,)`; NaN where there is none.

    Raises:
        InputError: Fewer than three blocks, or one interface alone.

    Example:
        >>> sites = np.array([2.0, 4.0, 8.0, 16.0])
        >>> found = area_fit(sites, 0.1 * sites + 0.7, np.full(4, 0.01))
        >>> round(found.alpha, 3), round(found.beta, 3)
        (0.1, 0.7)
    """
    used = (
        np.isfinite(values)
        & np.isfinite(errors)
        & (interfaces >= _LEAST_INTERFACE)
        & (errors <= _KNOWN * np.abs(values))
    )
    if used.sum() < 3 or len(np.unique(interfaces[used])) < 2:
        raise InputError(
            f"an area law needs three blocks with errors below {_KNOWN:.0%} and two interfaces"
        )
    spread = np.maximum(errors[used], 1e-9)
    design = np.column_stack([interfaces[used], np.ones(used.sum())]) / spread[:, None]
    found, *_ = np.linalg.lstsq(design, values[used] / spread, rcond=None)
    covariance = np.linalg.inv(design.T @ design)
    chi2 = float(((design @ found - values[used] / spread) ** 2).sum())
    errors_of = np.sqrt(np.diag(covariance))
    return AreaFit(
        float(found[0]),
        float(errors_of[0]),
        float(found[1]),
        float(errors_of[1]),
        chi2,
        int(used.sum()),
    )


def _check(x: np.ndarray, least: int) -> None:
    if len(x) < least or not (np.diff(x) > 0).all():
        raise InputError(
            f"a peak needs {least} places in rising order, not {np.asarray(x).tolist()}"
        )


def _drawn(values: np.ndarray, errors: np.ndarray, seed: int) -> np.ndarray:
    """The curve, and draws of it within its errors."""
    noise = Streams(seed).numpy("peak").normal(size=(_DRAWS, len(values)))
    return np.vstack([values, values + errors * noise])


def _vertex(x: np.ndarray, values: np.ndarray) -> tuple[float, float, bool]:
    """Place and height of the largest value, and whether it lies inside."""
    top = int(np.argmax(values))
    if top in (0, len(x) - 1):
        return float(x[top]), float(values[top]), False
    start = min(max(top - _POINTS // 2, 0), max(len(x) - _POINTS, 0))
    near = slice(start, start + _POINTS)
    scale = x[near].max() - x[near].min()
    a, b, c = np.polyfit((x[near] - x[top]) / scale, values[near], 2)
    at = -b / (2 * a) if a < 0 else 0.0
    within = x[near].min() - x[top] <= at * scale <= x[near].max() - x[top]
    if not (a < 0 and within):  # no parabola that opens downwards has its top here
        return float(x[top]), float(values[top]), True
    return float(x[top] + at * scale), float(c - b**2 / (4 * a)), True


def _summarised(x: np.ndarray, found: list[tuple[float, float, bool]]) -> Peak:
    at, heights, inside = (np.array(column) for column in zip(*found, strict=True))
    low, high = np.quantile(at[1:], [0.16, 0.84])
    gap = float(np.diff(x)[max(int(np.searchsorted(x, at[0])) - 1, 0)]) if len(x) > 1 else 0.0
    resolved = gap / np.sqrt(12)  # between two places nothing is known
    return Peak(
        float(at[0]),
        float(np.hypot((high - low) / 2, resolved)),
        float(heights[0]),
        float(heights[1:].std()),
        bool(inside[0]),
    )
