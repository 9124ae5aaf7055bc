"""netCDF files: a variable `states` with named dimensions and its attributes.

moiety writes netCDF-4 and reads the classic format, too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import scratch
from ..base.errors import InputError
from ._format import VARIABLE, Format, Stored, choose, chunks, fill

if TYPE_CHECKING:
    import xarray

__all__ = ["NETCDF"]


def _read(path: Path, variable: str | None) -> Stored:
    import xarray

    engine = _engine(path)
    # Only the states matter here, so times and coordinates are not decoded.
    with xarray.open_dataset(
        path, engine=engine, decode_times=False, decode_coords=False
    ) as dataset:
        if "moiety_result" in dataset.attrs:
            raise InputError("holds the result of an estimate, not samples; moiety report shows it")
        arrays = {str(name): array for name, array in dataset.data_vars.items()}
        chosen = arrays[choose(arrays, variable)]
        return Stored(_values(chosen), tuple(map(str, chosen.dims)), dict(chosen.attrs))


def _write(path: Path, stored: Stored) -> None:
    import h5netcdf

    with h5netcdf.File(path, "w") as file:
        dims = stored.dims or ()
        file.dimensions = dict(zip(dims, stored.array.shape, strict=True))
        variable = file.create_variable(
            VARIABLE,
            dims,
            stored.array.dtype,
            chunks=chunks(stored.array),
            compression="gzip",
            compression_opts=4,
            shuffle=True,
            fletcher32=True,
        )
        fill(variable, stored.array)
        variable.attrs.update(stored.attributes)


def _engine(path: Path) -> str:
    import h5py

    with path.open("rb") as file:
        if file.read(3) == b"CDF":
            return "scipy"
    # h5netcdf reads this attribute first.  If that fails, it prints a traceback when collected.
    with h5py.File(path, "r") as file:
        file.attrs.get("_nc3_strict")
    return "h5netcdf"


def _values(variable: xarray.DataArray) -> np.ndarray:
    """Copy the array; integers stay integers where no entry has the fill value."""
    raw = np.dtype(variable.encoding.get("dtype", variable.dtype))
    values = scratch.copied(variable.variable, change=_as_array)
    masked = raw.kind in "iu" and values.dtype.kind == "f" and np.isfinite(values).all()
    return values.astype(raw) if masked and (values == values.astype(raw)).all() else values


def _as_array(part: Any) -> np.ndarray:
    array: np.ndarray = part.values
    return array


NETCDF = Format("netCDF", (".nc",), _read, _write)
