"""Results and other datasets of xarray as netCDF.

HDF5 can crash on a damaged file and on a full disk.  So files are read by another process, and
written to memory first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.atomic import atomic
from ..base.errors import InputError
from ._hdf5_tree import attributes_of, check_values, variables
from ._isolation import Tree, ask

if TYPE_CHECKING:
    import h5py
    import xarray

__all__ = ["opened", "read_dataset", "write_dataset"]


def read_dataset(path: Path) -> xarray.Dataset:
    """Read all variables of a netCDF-4 file.

    Args:
        path: The file.

    Raises:
        InputError: It is damaged, or too large for its size.
    """
    import xarray

    found = ask("dataset", path)
    if not isinstance(found, Tree):
        raise TypeError("it holds no variables")
    data = {name: _variable(*parts) for name, parts in found.variables.items()}
    raw = xarray.Dataset(data, attrs=dict(found.attributes))
    return xarray.decode_cf(raw, decode_times=False)


def write_dataset(dataset: xarray.Dataset, path: Path) -> None:
    """Write a dataset completely or not at all.

    Args:
        dataset: The dataset.
        path: The file.

    Raises:
        OSError: The disk is full.
    """
    memory = BytesIO()
    with _own_locks():
        dataset.to_netcdf(memory, engine="h5netcdf")
    with atomic(path) as part:
        part.write_bytes(memory.getbuffer())


def _own_locks() -> AbstractContextManager[Any]:
    """Keep xarray from asking the scheduler of a Dask worker for a lock on a file in memory."""
    if "dask" not in sys.modules:
        return nullcontext()
    import dask

    chosen: AbstractContextManager[Any] = dask.config.set(scheduler="threads")
    return chosen


@contextmanager
def opened(path: Path) -> Iterator[Tree]:
    """Read all variables.

    Args:
        path: The file.
    """
    import h5py

    with h5py.File(path, "r") as file:
        found = {
            name: (_dims(name, dims, item), _values(item, dims, path), attributes_of(item))
            for name, dims, item in variables(file)
        }
        yield Tree(found, attributes_of(file))


def _dims(name: str, dims: tuple[str, ...] | None, item: h5py.Dataset) -> tuple[str, ...]:
    if dims is None:
        raise InputError(f"its variable {name} has no named dimensions; not a netCDF file?")
    return dims


def _values(item: h5py.Dataset, dims: tuple[str, ...] | None, path: Path) -> Any:
    """Numbers as an array, text as nested lists."""
    check_values(item, dims, path)
    if item.dtype.kind in "biufcSU":
        return item[()]
    texts: Any = item.asstr(errors="replace")[()]
    return texts.tolist() if isinstance(texts, np.ndarray) else [texts]


def _variable(dims: tuple[str, ...], values: Any, attributes: Mapping[str, Any]) -> xarray.Variable:
    import xarray

    if isinstance(values, list):
        array = np.array(values, object)
        values = array if dims else array.reshape(())
    return xarray.Variable(dims, values, dict(attributes))
