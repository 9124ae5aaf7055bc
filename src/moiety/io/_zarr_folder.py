"""The folder of a Zarr store: what its metadata may name, and which chunks it holds.

A codec of version 2 may unpickle objects, which runs code, so only codecs of numbers are let
through.  A link would read any file of the machine as a chunk.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..base.errors import InputError

__all__ = ["check_store", "written_chunks"]

_METADATA = {"zarr.json", ".zarray", ".zgroup", ".zmetadata", ".zattrs"}
_LARGEST_METADATA = 2**24  # bytes
_CODECS = {
    # version 3
    "bytes", "transpose", "gzip", "zstd", "blosc", "crc32c", "sharding_indexed",
    # version 2 (numcodecs)
    "zlib", "bz2", "lzma", "lz4", "shuffle", "delta", "fixedscaleoffset", "quantize", "bitround",
    "packbits", "astype", "crc32", "adler32", "fletcher32", "jenkins_lookup3", "pcodec", "zfpy",
}  # fmt: skip
_PLACES = ("codecs", "index_codecs", "filters", "compressor")
_NUMBER = re.compile(r"[<>|=]?[biufcSU]\d+|bool|u?int\d+|b?float\d+|complex\d+")


def check_store(folder: Path) -> None:
    """Refuse links, object codecs and types that are not numbers.

    Args:
        folder: Folder of the store.

    Raises:
        InputError: The store holds one of them.
    """
    for file in _files(folder):
        if file.name not in _METADATA:
            continue
        if file.stat().st_size > _LARGEST_METADATA:
            raise InputError(f"its metadata in {file.name} are too long; damaged?")
        _check_metadata(json.loads(file.read_bytes()))


def written_chunks(folder: Path, ndim: int) -> Iterator[tuple[int, ...]]:
    """Places of the chunks of an array, from the names of its files: `c/0/1`, `c.0.1` or `0.1`.

    Args:
        folder: Folder of the array.
        ndim: Its number of axes.
    """
    for file in _files(folder):
        words = re.split(r"[./]", str(file.relative_to(folder)))
        words = words[1:] if words[0] == "c" else words
        if all(word.isdecimal() and len(word) < 19 for word in words) and (len(words) == ndim):
            yield tuple(map(int, words))


def _files(folder: Path) -> Iterator[Path]:
    """All files of a folder and of the folders in it."""
    for entry in os.scandir(folder):
        if entry.is_symlink():
            raise InputError(f"{entry.name} in it is a link; copy the store with cp -rL")
        if entry.is_dir():
            yield from _files(Path(entry.path))
        elif entry.is_file():
            yield Path(entry.path)
        else:
            raise InputError(f"{entry.name} in it is a device or a named pipe; remove it")


def _check_metadata(value: Any) -> None:
    """Check all codecs and types in metadata, which may hold those of other arrays."""
    if isinstance(value, list):
        for entry in value:
            _check_metadata(entry)
    if not isinstance(value, dict):
        return
    is_array = "shape" in value and ("dtype" in value or "data_type" in value)
    if is_array:
        _check_type(value.get("dtype", value.get("data_type")))
    for name, entry in value.items():
        if name in _PLACES and (is_array or name != "filters"):
            _check_codecs(entry)
        if name != "attributes":
            _check_metadata(entry)


def _check_codecs(codecs: Any) -> None:
    for codec in codecs if isinstance(codecs, list) else [codecs]:
        if codec is None:
            continue
        name = codec.get("id", codec.get("name")) if isinstance(codec, dict) else codec
        if str(name).removeprefix("numcodecs.") not in _CODECS:
            raise InputError(f"uses the codec {name!r}; write it with gzip, zstd or blosc")


def _check_type(dtype: Any) -> None:
    if not (isinstance(dtype, str) and _NUMBER.fullmatch(dtype)):
        raise InputError(f"holds entries of type {dtype!r}; write it as numbers")
