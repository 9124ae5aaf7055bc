"""Variables of an HDF5 or netCDF-4 file, and where their values lie.

The values must lie in the file itself: external storage, virtual datasets and links to other files
would read any file of the machine as samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ._limits import bytes_of, check_size
from ._missing import check_chunks, check_written

if TYPE_CHECKING:
    import h5py

__all__ = [
    "attributes_of",
    "check_contained",
    "check_values",
    "datasets",
    "dims_of",
    "check_links",
    "variables",
]

_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable"
_NON_COORDINATE = "_nc4_non_coord_"  # before a variable named as an axis that it does not label
_HIDDEN = {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Coordinates"}
_HIDDEN |= {"_Netcdf4Dimid", "_NCProperties", "_nc3_strict", "DIMENSION_LABELS"}


def datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    """All datasets that lie in a file itself, by path.

    Args:
        file: The open file.
    """
    import h5py

    found: dict[str, h5py.Dataset] = {}

    def keep(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item

    file.visititems(keep)  # follows hard links only
    return found


def variables(file: h5py.File) -> Iterator[tuple[str, tuple[str, ...] | None, h5py.Dataset]]:
    """The netCDF variables of the root group: name, dimensions and dataset.

    Args:
        file: The open file.
    """
    import h5py

    for name in file:
        link = file.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            continue
        item = file[name]
        if isinstance(item, h5py.Dataset) and not _is_dimension_alone(item):
            yield name.removeprefix(_NON_COORDINATE), _netcdf_dims(name, item), item


def dims_of(dataset: h5py.Dataset) -> tuple[str, ...]:
    """Names of the axes: their labels, or the names of the attached scales.

    Args:
        dataset: The dataset.
    """
    return tuple(
        dim.label or (dim[0].name.rpartition("/")[2] if len(dim) else "") for dim in dataset.dims
    )


def attributes_of(item: Any) -> dict[str, Any]:
    """Attributes without those that hold the structure of a netCDF file.

    Args:
        item: A dataset or a file.
    """
    return {name: item.attrs[name] for name in item.attrs if name not in _HIDDEN}


def check_links(
    file: h5py.File, found: Mapping[str, Any] | None = None, variable: str | None = None
) -> None:
    """Refuse links to other files, where they are what would be read.

    Args:
        file: The open file.
        found: Datasets in the file itself; None to refuse every link.
        variable: Name of the wanted dataset, or None.
    """
    if found and (variable is None or variable in found):
        return
    links = _foreign(file)
    if links and (variable is None or variable in links):
        raise InputError(f"{links[0]} is a link to another file; copy its values into this one")


def _foreign(file: h5py.File) -> list[str]:
    """Paths of all links to other files."""
    import h5py

    found: list[str] = []

    def keep(name: str, link: Any) -> None:
        if isinstance(link, h5py.ExternalLink):
            found.append(name)

    file.visititems_links(keep)
    return found


def check_contained(dataset: h5py.Dataset) -> None:
    """Refuse a dataset whose values lie in other files.

    Args:
        dataset: The dataset.
    """
    if dataset.external or dataset.is_virtual:
        kind = "external storage" if dataset.external else "a virtual dataset"
        raise InputError(f"its values lie in other files ({kind}); copy them into this file")


def check_values(dataset: h5py.Dataset, dims: tuple[str, ...] | None, path: Path) -> None:
    """Refuse a dataset whose values lie elsewhere, were never written, or do not fit the file.

    Args:
        dataset: The dataset.
        dims: Names of its axes, or None.
        path: The file.
    """
    check_contained(dataset)
    if dataset.shape is None or not dataset.size:
        return
    size, item = path.stat().st_size, np.dtype(dataset.dtype)
    if dataset.chunks is None:
        check_written(dataset.id.get_storage_size() > 0, dataset.shape, dims)
    else:
        check_size(bytes_of(dataset.chunks, item), size, "a chunk")
        check_chunks(_chunks(dataset), dataset.shape, dataset.chunks, dims)
    check_size(bytes_of(dataset.shape, item), size)


def _chunks(dataset: h5py.Dataset) -> list[tuple[int, ...]]:
    """Places of all chunks that were written, counted in chunks."""
    places: list[tuple[int, ...]] = []
    steps = dataset.chunks

    def keep(chunk: Any) -> None:
        offset = chunk.chunk_offset
        if chunk.filter_mask and dataset.fletcher32:
            raise InputError("the checksum of a chunk is switched off; damaged?")
        places.append(tuple(int(a) // int(b) for a, b in zip(offset, steps, strict=True)))

    if hasattr(dataset.id, "chunk_iter"):
        dataset.id.chunk_iter(keep)
    else:
        for number in range(dataset.id.get_num_chunks()):
            keep(dataset.id.get_chunk_info(number))
    return places


def _is_dimension_alone(dataset: h5py.Dataset) -> bool:
    name = dataset.attrs.get("NAME", b"")
    text = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
    return text.startswith(_NO_VARIABLE)


def _netcdf_dims(name: str, dataset: h5py.Dataset) -> tuple[str, ...] | None:
    if _is_scale(dataset) and dataset.ndim == 1:
        return (name,)
    dims = dims_of(dataset)
    return dims if all(dims) else None


def _is_scale(dataset: h5py.Dataset) -> bool:
    scale: Mapping[str, Any] = dataset.attrs
    return scale.get("CLASS", b"") in (b"DIMENSION_SCALE", "DIMENSION_SCALE")
