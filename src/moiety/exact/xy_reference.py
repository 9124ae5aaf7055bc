r"""XY model on the 64x64 torus: a table of entropies from thermodynamic integration.

    s(T) = ln 2 pi - int_0^beta u dbeta' + beta u(beta),    u = <E> / N including the field,

E = -J sum_<ij> cos(t_i - t_j) - H sum_i cos t_i with J = 1, angles in radians.
`validation/xy_reference.py` measured u twice at 102 temperatures per field; it documents the fit
and the errors.  The same recipe reproduces the entropy of the 2x2 torus, a ring with a known
entropy (`xy.chain_entropy`).  Tests compare the table with two limits:

    T -> 0, H = 0   s = [ln 2 pi sqrt(N) + 1/2 sum_{k != 0} (1 + ln 2 pi T / lambda_k)] / N
                    + T/8 (1 - 1/N)^2 + O(T^2), lambda_k = 4 - 2 cos k_1 - 2 cos k_2: spin waves;
                    the zero mode is an angle from 0 to 2 pi that moves all N spins; the term in T
                    comes from <cos> to second order;
    T -> oo, H = 0  ln Z / N = ln 2 pi + 2 ln I_0(K) + 2 v^4 + O(K^6), v = I_1(K) / I_0(K), K = 1/T.

Between tabulated temperatures s is a cubic spline in ln T.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np
from scipy.interpolate import CubicSpline

from ..base.errors import InputError

__all__ = ["SHAPE", "xy_reference_entropy", "xy_reference_table"]

SHAPE = (64, 64)
_FILE = "xy_reference.csv"
_INTERPOLATION = 6e-5  # error of the spline, measured at all midpoints (the recipe prints it)


def xy_reference_entropy(temperature: float, field: float = 0.0) -> tuple[float, float]:
    """Differential entropy per site in nats of the 64x64 torus at J = 1, and its standard error.

    Args:
        temperature: T within the table, 0.1 to 4.
        field: H, a field of the table: 0, 0.05, 0.1, 0.5 or 1.

    Raises:
        InputError: The temperature or field is not in the table.

    Example:
        >>> entropy, error = xy_reference_entropy(0.9)
        >>> round(entropy, 2), error < 5e-4
        (0.98, True)
    """
    table = xy_reference_table(field)
    temperatures, _, errors, _ = table.T
    if not temperatures[0] <= temperature <= temperatures[-1]:
        raise InputError(
            f"temperature must lie in {temperatures[0]:g}..{temperatures[-1]:g}, "
            f"not {temperature!r}"
        )
    between = 0.0 if temperature in temperatures else _INTERPOLATION
    error = np.hypot(np.interp(temperature, temperatures, errors), between)
    return float(_spline(field)(np.log(temperature))), float(error)


def xy_reference_table(field: float = 0.0) -> np.ndarray:
    """The table for one field.

    Args:
        field: H.

    Returns:
        One row per temperature: temperature, entropy, its error, energy per site; shape `(n, 4)`.

    Raises:
        InputError: The field is not in the table.

    Example:
        >>> xy_reference_table(0.5)[:, 0].min()
        np.float64(0.1)
    """
    table = _tables()
    if field not in table:
        raise InputError(
            f"field must be one of {', '.join(f'{known:g}' for known in table)}, not {field!r}"
        )
    return table[field].copy()


@cache
def _tables() -> dict[float, np.ndarray]:
    """All rows, by field."""
    text = (files(__package__) / _FILE).read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    tables: dict[float, list[list[float]]] = {}
    for row in rows:
        numbers = [float(row[name]) for name in ("temperature", "entropy", "error", "energy")]
        tables.setdefault(float(row["field"]), []).append(numbers)
    return {field: np.array(numbers) for field, numbers in tables.items()}


@cache
def _spline(field: float) -> CubicSpline:
    temperatures, entropies, _, _ = xy_reference_table(field).T
    return CubicSpline(np.log(temperatures), entropies)
