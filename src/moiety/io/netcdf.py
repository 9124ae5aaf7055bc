"""netCDF files: a variable `states` with named dimensions and its attributes.

Written as netCDF-4; the classic format is read, too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
    # Times and coordinates are not decoded: only the states matter here.
    with xarray.open_dataset(
        path, engine=engine, decode_times=False, decode_coords=False
    ) as dataset:
        if "moiety_result" in dataset.attrs:
            raise InputError("holds the result of an estimate, not samples; moiety report shows it")
        chosen = dataset[choose(dataset.data_vars, variable)]
        return Stored(_values(chosen), tuple(map(str, chosen.dims)), dict(chosen.attrs))


def _write(path: Path, stored: Stored) -> None:
    import h5netcdf

    with h5netcdf.File(path, "w") as file:
        file.dimensions = dict(zip(stored.dims, stored.array.shape, strict=True))
        variable = file.create_variable(
            VARIABLE,
            stored.dims,
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
    # h5netcdf reads this attribute first and, if that fails, prints a traceback when it is collected.
    with h5py.File(path, "r") as file:
        file.attrs.get("_nc3_strict")
    return "h5netcdf"


def _values(variable: xarray.DataArray) -> np.ndarray:
    """The array; integers whose fill value no entry uses are integers again."""
    raw = np.dtype(variable.encoding.get("dtype", variable.dtype))
    values = scratch.copied(variable.variable, change=lambda part: part.values)
    masked = raw.kind in "iu" and values.dtype.kind == "f" and np.isfinite(values).all()
    return values.astype(raw) if masked and (values == values.astype(raw)).all() else values


NETCDF = Format("netCDF", (".nc",), _read, _write)
