"""Zarr stores: a folder with an array `states`, its named dimensions and its attributes.

Needs the package zarr (https://zarr.readthedocs.io), an optional extra.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ._fill_values import decoder, marks
from ._format import ENERGY, VARIABLE, Format, Stored, choose, chunks
from ._isolation import ask_for_array, needs
from ._limits import bytes_of, check_size, size_of
from ._missing import Source, check_chunks
from ._zarr_folder import check_store, written_chunks

if TYPE_CHECKING:
    import zarr

__all__ = ["ZARR", "opened"]


def _read(path: Path, variable: str | None) -> Stored:
    needs("zarr", "Zarr stores need", "zarr")
    return ask_for_array("zarr", path, variable=variable)


@contextmanager
def opened(path: Path, variable: str | None) -> Iterator[Source]:
    """Open an array.

    Args:
        path: Folder of the store.
        variable: Path of the array in the store, or None.

    Raises:
        InputError: There is no such array, chunks are missing, or it uses an unknown codec.
    """
    check_store(path)
    root = _zarr().open(str(path), mode="r")
    array = root if hasattr(root, "shape") else _member(root, variable)
    attributes, dims = dict(array.attrs), _dims(array)
    chunk = getattr(array, "shards", None) or array.chunks
    size = size_of(path)
    check_size(bytes_of(chunk, array.dtype), size, "a chunk")
    check_chunks(written_chunks(path / array.path, len(array.shape)), array.shape, chunk, dims)
    is_ours = "moiety_kind" in attributes
    fill = array.fill_value if array.metadata.zarr_format == 2 else None
    missing = () if is_ours else marks(attributes, array.dtype, fill)
    yield Source(array, dims, attributes, missing, decoder(attributes))


def _write(path: Path, stored: Stored) -> None:
    group = _zarr().open_group(str(path), mode="w")
    array = group.create_array(
        VARIABLE,
        shape=stored.array.shape,
        dtype=stored.array.dtype,
        chunks=chunks(stored.array),
        compressors={"name": "gzip", "configuration": {"level": 4}},
        dimension_names=stored.dims,
        attributes=dict(stored.attributes),
        config={"write_empty_chunks": True},
    )
    # One chunk at a time: after a failure nothing is still being written.
    step = chunks(stored.array)[1]
    for chain, draws in np.ndindex(len(stored.array), -(-stored.array.shape[1] // step)):
        part = (chain, slice(draws * step, (draws + 1) * step))
        array[part] = stored.array[part]
    if stored.energies is not None:
        group.create_array(ENERGY, data=stored.energies, dimension_names=("sample",))


def _zarr() -> ModuleType:
    try:
        import zarr
    except ImportError as error:
        raise InputError(
            "Zarr stores need the package zarr; install it with pip install 'moiety[zarr]'"
        ) from error
    return zarr


def _member(group: zarr.Group, variable: str | None) -> zarr.Array[Any]:
    import zarr

    members = group.members(max_depth=None)
    arrays = {name: item for name, item in members if isinstance(item, zarr.Array)}
    return arrays[choose(arrays, variable.strip("/") if variable else variable)]


def _dims(array: zarr.Array[Any]) -> tuple[str, ...] | None:
    names: Any = getattr(array.metadata, "dimension_names", None)
    names = names or array.attrs.get("_ARRAY_DIMENSIONS")
    return tuple(map(str, names)) if names else None


ZARR = Format("a Zarr store", (".zarr",), _read, _write)
