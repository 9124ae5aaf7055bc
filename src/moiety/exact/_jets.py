r"""Sums of products in logarithmic form, with two derivatives.

    Z = sum_i f_i e^{l_i},   ln Z,   (ln Z)' = Z'/Z,   (ln Z)'' = Z''/Z - (Z'/Z)^2.

f_i is a factor that may have either sign or vanish; it stays outside the logarithm as a
jet (f, f', f'').  One slope is factored out of all products first, which keeps the squares
in the last difference small.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["add_products"]


def add_products(
    logs: Sequence[float],
    slopes: Sequence[float],
    curvatures: Sequence[float],
    factors: Sequence[np.ndarray],
) -> tuple[float, float, float]:
    """Ln Z and its first two derivatives.

    Args:
        logs: l_i, shape `(n,)`.
        slopes: l_i', shape `(n,)`.
        curvatures: l_i'', shape `(n,)`.
        factors: Jets (f_i, f_i', f_i''), shape `(n, 3)`.

    Example:
        >>> unit, zero = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 0.0])
        >>> sums = add_products([2.0, 2.0], [1.0, 3.0], [0.0, 0.0], [unit, unit])  # e^x + e^3x
        >>> [round(x, 6) for x in sums]
        [2.693147, 2.0, 1.0]
        >>> add_products([2.0, 900.0], [1.0, 3.0], [0.5, 0.0], [unit, zero])[1:]
        (1.0, 0.5)
    """
    log, slope, curvature = (
        np.asarray(column, dtype=float) for column in (logs, slopes, curvatures)
    )
    value, first, second = np.array(factors, dtype=float).T
    top = (log + np.log(np.maximum(abs(value), 1e-300))).max()
    weight, common = np.exp(np.minimum(log - top, 600.0)), float(slope[np.argmax(log)])
    rest = slope - common
    z = (weight * value).sum()
    once = (weight * (first + value * rest)).sum() / z
    twice = (weight * (second + 2 * first * rest + value * (rest**2 + curvature))).sum() / z
    return float(top + np.log(z)), float(common + once), float(twice - once**2)
