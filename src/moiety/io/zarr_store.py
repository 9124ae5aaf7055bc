"""Zarr stores: a folder with an array `states`, its named dimensions and attributes.

Needs the package zarr, an optional extra.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

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
    # Chunks that are missing would be read as zeros; ours are all written.
    missing = array.nchunks - array.nchunks_initialized
    if missing and "moiety_kind" in attributes:
        raise InputError(f"{missing} of its {array.nchunks} chunks are missing; copy it anew")
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


def _member(group: zarr.Group, variable: str | None) -> zarr.Array:
    arrays = {name: item for name, item in group.members(max_depth=None) if hasattr(item, "shape")}
    return arrays[choose(arrays, variable.strip("/") if variable else variable)]


def _dims(array: zarr.Array) -> tuple[str, ...] | None:
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS")
    return tuple(map(str, names)) if names else None


ZARR = Format("a Zarr store", (".zarr",), _read, _write)
