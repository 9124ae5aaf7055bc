"""HDF5 files: a dataset `states` with labelled dimensions and its attributes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base import scratch
from ._format import VARIABLE, Format, Stored, choose, chunks, fill

if TYPE_CHECKING:
    import h5py

__all__ = ["HDF5"]


def _read(path: Path, variable: str | None) -> Stored:
    import h5py

    with h5py.File(path, "r") as file:
        arrays: dict[str, h5py.Dataset] = {}

        def keep(name: str, item: h5py.Dataset | h5py.Group) -> None:
            if isinstance(item, h5py.Dataset):
                arrays[name] = item

        file.visititems(keep)
        dataset = arrays[choose(arrays, variable.strip("/") if variable else variable)]
        wanted = ("units", "unit")
        names = [name for name in dataset.attrs if name.startswith("moiety_") or name in wanted]
        attributes = {name: dataset.attrs[name] for name in names}
        # The axes of moiety's own files are known.  Reading variable-length text of a damaged
        # file can hang or crash.
        dims = None if "moiety_kind" in attributes else _dims(dataset)
        return Stored(scratch.copied(dataset), dims, attributes)


def _write(path: Path, stored: Stored) -> None:
    import h5py

    with h5py.File(path, "w", libver=("v108", "v108")) as file:  # adds checksums of the structure
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
        fill(dataset, stored.array)
        dataset.attrs.update({name: np.bytes_(text) for name, text in stored.attributes.items()})


def _dims(dataset: h5py.Dataset) -> tuple[str, ...]:
    """Names of the axes: their labels, or the names of the attached scales."""
    return tuple(
        dim.label or (dim[0].name.rpartition("/")[2] if len(dim) else "") for dim in dataset.dims
    )


HDF5 = Format("HDF5", (".h5", ".hdf5"), _read, _write)
