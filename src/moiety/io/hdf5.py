"""HDF5 files: a dataset `states` with labelled dimensions and its attributes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..base.errors import InputError
from ._format import ENERGY, VARIABLE, Format, Stored, choose, chunks, fill
from ._hdf5_tree import check_links, check_values, datasets, dims_of
from ._isolation import ask_for_array
from ._missing import Source
from ._stream import writing
from .h5md import is_h5md
from .netcdf import fill_values

__all__ = ["HDF5", "opened"]

_UNITS = ("unit", "units")


@contextmanager
def opened(path: Path, variable: str | None) -> Iterator[Source]:
    """Open a dataset.

    Args:
        path: The file.
        variable: Its path in the file, or None.

    Raises:
        InputError: There is no such dataset, or its values are not complete.
    """
    import h5py

    with h5py.File(path, "r") as file:
        if is_h5md(file):
            raise InputError("holds particles as H5MD: end its name in .h5md, or say --format h5md")
        arrays, wanted = datasets(file), variable.strip("/") if variable else None
        check_links(file, arrays, wanted)
        dataset = arrays[choose(arrays, wanted)]
        names = [name for name in dataset.attrs if name.startswith("moiety_") or name in _UNITS]
        attributes = {name: dataset.attrs[name] for name in names}
        # The axes of moiety's own files are known.  Reading variable-length text of a damaged
        # file can hang or crash.
        is_ours = "moiety_kind" in attributes
        dims = None if is_ours else dims_of(dataset)
        check_values(dataset, ("chain", "draw") if is_ours else dims, path)
        yield Source(dataset, dims, attributes, () if is_ours else fill_values(dataset))


def _read(path: Path, variable: str | None) -> Stored:
    return ask_for_array("hdf5", path, variable=variable)


def _write(path: Path, stored: Stored) -> None:
    import h5py

    versions = ("v108", "v108")  # adds checksums of the structure
    with writing(path) as stream, h5py.File(stream, "w", libver=versions) as file:
        dataset = file.create_dataset(
            VARIABLE,
            stored.array.shape,
            stored.array.dtype,
            chunks=chunks(stored.array),
            compression="gzip",
            compression_opts=4,
            shuffle=True,
            fletcher32=True,
        )
        for axis, name in enumerate(stored.dims or ()):
            dataset.dims[axis].label = name
        fill(dataset, stored.array, stream.check)
        dataset.attrs.update({name: np.bytes_(text) for name, text in stored.attributes.items()})
        if stored.energies is not None:
            file.create_dataset(ENERGY, data=stored.energies)


HDF5 = Format("HDF5", (".h5", ".hdf5"), _read, _write)
