r"""Sums of products that are kept as logs, with two derivatives.

    Z = sum_i f_i e^{l_i},   ln Z,   (ln Z)' = Z'/Z,   (ln Z)'' = Z''/Z - (Z'/Z)^2.

Each f_i is one factor that may have either sign or vanish, so it is kept outside the log,
as a jet (f, f', f'').  One slope is taken out of all products first: then the squares
that the last difference is made of are small.
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

    Arguments:
        logs, slopes, curvatures: l_i, l_i' and l_i'', shape `(n,)` each.
        factors: f_i, f_i' and f_i'', shape `(n, 3)`.

    Example:
        >>> one, none = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 0.0])
        >>> [round(x, 6) for x in add_products([2.0, 2.0], [1.0, 3.0], [0.0, 0.0], [one, one])]  # of e^x + e^3x
        [2.693147, 2.0, 1.0]
        >>> add_products([2.0, 900.0], [1.0, 3.0], [0.5, 0.0], [one, none])[1:]
        (1.0, 0.5)
    """
    logs, slopes, curvatures = (
        np.asarray(column, dtype=float) for column in (logs, slopes, curvatures)
    )
    value, first, second = np.array(factors, dtype=float).T
    top = (logs + np.log(np.maximum(abs(value), 1e-300))).max()
    weight, common = np.exp(np.minimum(logs - top, 600.0)), float(slopes[np.argmax(logs)])
    rest = slopes - common
    z = (weight * value).sum()
    by = (weight * (first + value * rest)).sum() / z
    twice = (weight * (second + 2 * first * rest + value * (rest**2 + curvatures))).sum() / z
    return float(top + np.log(z)), float(common + by), float(twice - by**2)
