"""Peaks and slopes of curves with errors, and fits of the area law M = alpha l + beta.

The error of a peak's position combines its spread over curves drawn within their errors with the
spacing of the points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base.errors import InputError
from ..base.random import Streams

__all__ = ["AreaFit", "Peak", "area_fit", "peak", "peak_of_slope", "slope"]

_DRAWS = 400
_POINTS = 5  # points in the fit of a parabola at a peak
_KNOWN = 0.2  # largest relative error of an M in a fit
_LEAST_INTERFACE = 2


@dataclass(frozen=True)
class Peak:
    """The maximum of a curve.

    Args:
        at: Position of the maximum.
        at_error: One standard error of `at`.
        height: Value at the maximum.
        height_error: One standard error of `height`.
        inside: Whether the maximum lies between the ends of the curve, not at an end.
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


def peak(
    x: NDArray[np.float64], values: NDArray[np.float64], errors: NDArray[np.float64], seed: int = 0
) -> Peak:
    """Find the maximum of a curve, by a parabola through the points around it.

    Args:
        x: Abscissas in ascending order, shape `(n,)`.
        values: Values of the curve, shape `(n,)`.
        errors: Independent standard errors of the values, shape `(n,)`.
        seed: Seed for the drawn curves, which give the errors.

    Raises:
        InputError: There are fewer than three points, or they are out of order.

    Example:
        >>> x = np.linspace(0, 2, 21)
        >>> top = peak(x, -((x - 1.03) ** 2), np.full(21, 1e-4))
        >>> round(top.at, 2), top.inside, top.at_error < 0.05
        (1.03, True, True)
    """
    _check(x, 3)
    return _summarise(x, [_vertex(x, curve) for curve in _draws(values, errors, seed)])


def slope(
    x: NDArray[np.float64], values: NDArray[np.float64], errors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Differentiate a curve halfway between its points.

    Args:
        x: Abscissas in ascending order, shape `(n,)`.
        values: Values of the curve, shape `(n,)`.
        errors: Independent standard errors of the values, shape `(n,)`.

    Returns:
        Positions, slopes and their errors, shape `(n - 1,)` each; neighbouring errors are
        anticorrelated.

    Example:
        >>> slope(np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 2.0]), np.zeros(3))[1].tolist()
        [2.0, 0.0]
    """
    _check(x, 2)
    step = np.diff(x)
    return x[:-1] + step / 2, np.diff(values) / step, np.hypot(errors[1:], errors[:-1]) / step


def peak_of_slope(
    x: NDArray[np.float64], values: NDArray[np.float64], errors: NDArray[np.float64], seed: int = 0
) -> Peak:
    """Find where a curve rises fastest.

    The curve is drawn within its errors and then differentiated, since its slopes share errors.

    Args:
        x: Abscissas in ascending order, shape `(n,)`.
        values: Values of the curve, shape `(n,)`.
        errors: Independent standard errors of the values, shape `(n,)`.
        seed: Seed for the drawn curves.

    Raises:
        InputError: There are fewer than four points, or they are out of order.

    Example:
        >>> x = np.linspace(-2, 2, 41)
        >>> steepest = peak_of_slope(x, np.tanh((x - 0.3) / 0.4), np.full(41, 1e-4))
        >>> abs(steepest.at - 0.3) < 0.02
        True
    """
    _check(x, 4)
    step = np.diff(x)
    halfway = x[:-1] + step / 2
    slopes = [np.diff(curve) / step for curve in _draws(values, errors, seed)]
    return _summarise(halfway, [_vertex(halfway, curve) for curve in slopes])


@dataclass(frozen=True)
class AreaFit:
    """The area law M = alpha l + beta at a state point, in nats.

    Args:
        alpha: M per site of the interface.
        alpha_error: One standard error of `alpha`.
        beta: Part of M that does not grow with the interface, log 2 for an ordered Ising lattice.
        beta_error: One standard error of `beta`.
        chi2: chi^2 of the fit, with `points - 2` degrees of freedom.
        points: Number of blocks in the fit.
    """

    alpha: float
    alpha_error: float
    beta: float
    beta_error: float
    chi2: float
    points: int


def area_fit(
    interfaces: NDArray[np.float64], values: NDArray[np.float64], errors: NDArray[np.float64]
) -> AreaFit:
    """Fit the area law to the blocks of a state point, without those of large relative error.

    Args:
        interfaces: Interface l of each block in sites, shape `(n,)`.
        values: M of each block in nats, shape `(n,)`, or NaN.
        errors: Standard errors of M, shape `(n,)`, or NaN.

    Raises:
        InputError: There are fewer than three blocks, or all have the same interface.

    Example:
        >>> sites = np.array([2.0, 4.0, 8.0, 16.0])
        >>> law = area_fit(sites, 0.1 * sites + 0.7, np.full(4, 0.01))
        >>> round(law.alpha, 3), round(law.beta, 3)
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
            f"an area law needs three blocks with errors below {_KNOWN:.0%} and two interfaces; "
            "take more samples or train longer"
        )
    spread = np.maximum(errors[used], 1e-9)
    design = np.column_stack([interfaces[used], np.ones(used.sum())]) / spread[:, None]
    fitted, *_ = np.linalg.lstsq(design, values[used] / spread, rcond=None)
    (alpha, beta), covariance = fitted.tolist(), np.linalg.inv(design.T @ design)
    alpha_error, beta_error = np.sqrt(np.diag(covariance)).tolist()
    chi2 = float(((design @ fitted - values[used] / spread) ** 2).sum())
    return AreaFit(alpha, alpha_error, beta, beta_error, chi2, int(used.sum()))


def _check(x: NDArray[np.float64], least: int) -> None:
    if len(x) < least or not (np.diff(x) > 0).all():
        raise InputError(
            f"a curve needs at least {least} points in ascending order, not {x.tolist()}"
        )


def _draws(
    values: NDArray[np.float64], errors: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    """The curve itself, then curves drawn within its errors, shape `(1 + draws, n)`."""
    noise = Streams(seed).numpy("peak").normal(size=(_DRAWS, len(values)))
    return np.vstack([values, values + errors * noise])


def _vertex(x: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Position and height of the maximum, and whether it lies inside the curve."""
    top = int(np.argmax(values))
    if top in (0, len(x) - 1):
        return float(x[top]), float(values[top]), False
    start = min(max(top - _POINTS // 2, 0), max(len(x) - _POINTS, 0))
    near = slice(start, start + _POINTS)
    scale = x[near].max() - x[near].min()
    a, b, c = np.polyfit((x[near] - x[top]) / scale, values[near], 2)
    at = -b / (2 * a) if a < 0 else 0.0
    within = x[near].min() - x[top] <= at * scale <= x[near].max() - x[top]
    if not (a < 0 and within):  # the parabola has no maximum here
        return float(x[top]), float(values[top]), True
    return float(x[top] + at * scale), float(c - b**2 / (4 * a)), True


def _summarise(x: NDArray[np.float64], vertices: list[tuple[float, float, bool]]) -> Peak:
    """The peak of a curve, the first vertex, with errors from the vertices of drawn curves."""
    at, heights, inside = (np.array(column) for column in zip(*vertices, strict=True))
    low, high = np.quantile(at[1:], [0.16, 0.84])
    gap = float(np.diff(x)[max(int(np.searchsorted(x, at[0])) - 1, 0)]) if len(x) > 1 else 0.0
    resolution = gap / np.sqrt(12)  # standard deviation of a uniform position between two points
    return Peak(
        float(at[0]),
        float(np.hypot((high - low) / 2, resolution)),
        float(heights[0]),
        float(heights[1:].std()),
        bool(inside[0]),
    )
