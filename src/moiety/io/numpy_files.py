"""NumPy files: `.npy` holds a single array, `.npz` several arrays by name.

Pickled objects are never loaded.
"""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np

from ..base.errors import InputError
from ._format import ENERGY, VARIABLE, Format, Stored, choose
from ._limits import bytes_of, check_size
from ._positions import refuse_positions

__all__ = ["NPY", "NPZ", "headers_of"]

_LONGEST_HEADER = 2**16  # bytes; NumPy itself parses 10,000


@dataclass(frozen=True)
class _Header:
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        return bytes_of(self.shape, self.dtype)


def _read_npy(path: Path, variable: str | None) -> Stored:
    if variable is not None:
        raise InputError(f"a .npy file has no named variables; leave out {variable!r}")
    with path.open("rb") as file:
        header = _header(file)
        _refuse_objects(header)
        refuse_positions(path.stem, header)
        found = path.stat().st_size - file.tell()
    if header.nbytes > found:
        raise InputError(f"declares {header.nbytes:,} bytes and holds {found:,}; truncated?")
    return Stored(np.load(path, mmap_mode="r", allow_pickle=False))  # later copied slab by slab


def _write_npy(path: Path, stored: Stored) -> None:
    """Write the array alone, with axes `(draw, *space)` if there is only one chain."""
    np.save(path, stored.array[0] if len(stored.array) == 1 else stored.array, allow_pickle=False)


def _read_npz(path: Path, variable: str | None) -> Stored:
    headers = headers_of(path)
    arrays = {name: header for name, header in headers.items() if not name.startswith("moiety_")}
    name = choose(arrays, variable)
    _refuse_objects(headers[name])
    names = [key for key in headers if key not in arrays] if name == VARIABLE else []
    check_size(sum(headers[key].nbytes for key in (name, *names)), path.stat().st_size)
    with np.load(path, allow_pickle=False) as file:
        return Stored(file[name], None, {key: str(file[key]) for key in names})


def _write_npz(path: Path, stored: Stored) -> None:
    texts = {name: text for name, text in stored.attributes.items() if name.startswith("moiety_")}
    energies = {} if stored.energies is None else {ENERGY: stored.energies}
    arrays = {VARIABLE: stored.array, **energies}
    np.savez_compressed(path, allow_pickle=False, **arrays, **texts)


def headers_of(path: Path) -> dict[str, _Header]:
    """Shape and dtype of every array in an archive, without reading the arrays.

    Args:
        path: The file.
    """
    with zipfile.ZipFile(path) as archive:
        headers = {}
        for member in archive.infolist():
            if member.filename.endswith(".npy"):
                name = member.filename.removesuffix(".npy")
                with archive.open(member) as file:
                    headers[name] = header = _header(file)
                if header.nbytes > member.file_size and not header.dtype.hasobject:
                    found = f"{header.nbytes:,} bytes and holds {member.file_size:,}"
                    raise InputError(f"its array {name!r} declares {found}; damaged?")
        return headers


def _header(file: IO[bytes]) -> _Header:
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(_limited(file, version))
    return _Header(shape, dtype)


def _limited(file: IO[bytes], version: tuple[int, int]) -> IO[bytes]:
    """The header alone; newer versions may declare one of up to 4 GB."""
    size = struct.Struct("<H" if version == (1, 0) else "<I")
    start = file.read(size.size)
    (length,) = size.unpack(start)
    if length > _LONGEST_HEADER:
        raise InputError(f"its header declares {length:,} bytes; damaged?")
    return BytesIO(start + file.read(length))


def _refuse_objects(header: _Header) -> None:
    if header.dtype.hasobject:
        raise InputError(
            "the array holds Python objects, which are never unpickled; save it as numbers"
        )


NPY = Format("a NumPy array", (".npy",), _read_npy, _write_npy, attributes=False)
NPZ = Format("a NumPy archive", (".npz",), _read_npz, _write_npz)
