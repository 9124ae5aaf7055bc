"""NumPy files: `.npy` holds a single array, `.npz` several arrays by name.

Pickled objects are never loaded.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from ..base.errors import InputError
from ._format import VARIABLE, Format, Stored, choose

__all__ = ["NPY", "NPZ"]


@dataclass(frozen=True)
class _Header:
    ndim: int
    dtype: np.dtype


def _read_npy(path: Path, variable: str | None) -> Stored:
    if variable is not None:
        raise InputError(f"a .npy file has no named variables; leave out {variable!r}")
    with path.open("rb") as file:
        _refuse_objects(_header(file))
    return Stored(np.load(path, mmap_mode="r", allow_pickle=False))  # later copied slab by slab


def _write_npy(path: Path, stored: Stored) -> None:
    """Write the array alone, with axes `(draw, *space)` if there is only one chain."""
    np.save(path, stored.array[0] if len(stored.array) == 1 else stored.array, allow_pickle=False)


def _read_npz(path: Path, variable: str | None) -> Stored:
    headers = _headers(path)
    arrays = {name: header for name, header in headers.items() if not name.startswith("moiety_")}
    name = choose(arrays, variable)
    _refuse_objects(headers[name])
    with np.load(path, allow_pickle=False) as file:
        names = [key for key in headers if key not in arrays] if name == VARIABLE else []
        return Stored(file[name], None, {key: str(file[key]) for key in names})


def _write_npz(path: Path, stored: Stored) -> None:
    texts = {name: text for name, text in stored.attributes.items() if name.startswith("moiety_")}
    np.savez_compressed(path, allow_pickle=False, **{VARIABLE: stored.array}, **texts)


def _headers(path: Path) -> dict[str, _Header]:
    """Number of axes and dtype of every array in an archive, without reading the arrays."""
    with zipfile.ZipFile(path) as archive:
        headers = {}
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as file:
                    headers[member.removesuffix(".npy")] = _header(file)
        return headers


def _header(file: IO[bytes]) -> _Header:
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(file)
    return _Header(len(shape), dtype)


def _refuse_objects(header: _Header) -> None:
    if header.dtype.hasobject:
        raise InputError(
            "the array holds Python objects, which are never unpickled; save it as numbers"
        )


NPY = Format("a NumPy array", (".npy",), _read_npy, _write_npy, attributes=False)
NPZ = Format("a NumPy archive", (".npz",), _read_npz, _write_npz)
