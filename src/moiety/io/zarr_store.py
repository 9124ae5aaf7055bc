"""Zarr stores: a folder with an array `states`, its named dimensions and its attributes.

Needs the package zarr (https://zarr.readthedocs.io), an optional extra.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..base import scratch
from ..base.errors import InputError
from ._format import VARIABLE, Format, Stored, choose, chunks

if TYPE_CHECKING:
    import zarr

__all__ = ["ZARR"]


def _read(path: Path, variable: str | None) -> Stored:
    root = _zarr().open(str(path), mode="r")
    array = root if hasattr(root, "shape") else _member(root, variable)
    attributes = dict(array.attrs)
    # Zarr reads missing chunks as zeros, but moiety writes all chunks.
    missing = array.nchunks - array.nchunks_initialized
    if missing and "moiety_kind" in attributes:
        raise InputError(f"{missing} of its {array.nchunks} chunks are missing; copy it again")
    return Stored(scratch.copied(array), _dims(array), attributes)


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
    array[...] = stored.array


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
