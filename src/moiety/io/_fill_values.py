"""What the attributes of a netCDF variable say about its values, by the CF conventions.

Missing entries have the value `_FillValue` or `missing_value`; libraries fill entries that were
never written with defaults of their own, such as 9.97e36.  Values are stored values times
`scale_factor` plus `add_offset`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["decoder", "marks"]

# Of the netCDF library (netcdf.h).  Bytes have none: all of their values are in use.
_DEFAULTS = {
    "f4": 9.9692099683868690e36,
    "f8": 9.9692099683868690e36,
    "i2": -32767,
    "i4": -2147483647,
    "i8": -9223372036854775806,
    "u2": 65535,
    "u4": 4294967295,
    "u8": 18446744073709551614,
}
_LEAST = 99  # fill values of HDF5 that mark missing entries: -99, -999, 1e30; 0 and -1 are states


def marks(attributes: Mapping[str, Any], dtype: np.dtype, fill: Any = None) -> tuple[Any, ...]:
    """Values that mark missing entries.

    Args:
        attributes: Attributes of the variable.
        dtype: The type of its entries.
        fill: The fill value of the dataset if the writer chose one.

    Example:
        >>> [float(value) for value in marks({"missing_value": [-9.0, -8.0]}, np.dtype("f8"))]
        [-9.0, -8.0, 9.969209968386869e+36]
    """
    if dtype.kind not in "iuf":
        return ()
    given = [_numbers(attributes.get(name)) for name in ("_FillValue", "missing_value")]
    found = [*given[0], *given[1]]
    found += _numbers(_DEFAULTS.get(dtype.str[1:])) if not given[0] else []
    found += [value for value in _numbers(fill) if not abs(value) < _LEAST]
    fitting = {repr(value): value for value in found if _fits(value, dtype)}
    return tuple(dtype.type(value) for value in fitting.values())


def decoder(attributes: Mapping[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    """Function of the stored values that gives the values.

    Args:
        attributes: Attributes of the variable.
    """
    scale, offset = (_numbers(attributes.get(name)) for name in ("scale_factor", "add_offset"))
    signs = {"true": "u", "false": "i"}
    kind = signs.get(str(attributes.get("_Unsigned", "")).lower())
    is_flag = str(attributes.get("dtype", "")) == "bool"  # as xarray stores them

    def values_of(stored: np.ndarray) -> np.ndarray:
        values = stored
        if kind and stored.dtype.kind in "iu":
            values = stored.view(f"{stored.dtype.str[0]}{kind}{stored.dtype.itemsize}")
        if is_flag and stored.dtype.kind in "iu":
            values = values.astype(bool)
        if scale or offset:
            values = values * float([*scale, 1][0]) + float([*offset, 0][0])
        return values

    return values_of


def _numbers(value: Any) -> list[Any]:
    """The numbers of an attribute; none if it is text or absent."""
    array = np.asarray(value).reshape(-1) if value is not None else np.empty(0)
    return array.tolist() if array.dtype.kind in "iuf" else []


def _fits(value: Any, dtype: np.dtype) -> bool:
    if dtype.kind == "f":
        return True
    limits = np.iinfo(dtype)
    return bool(limits.min <= value <= limits.max) and value == int(value)
