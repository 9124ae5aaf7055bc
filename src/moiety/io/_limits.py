"""Limits on what a file may unpack to, in proportion to its size.

A few bytes can declare an array of any size, and compressed zeros shrink a thousandfold.  So every
reader compares what a file declares with the bytes that it has, before it allocates anything.
"""

from __future__ import annotations

import bz2
import gzip
import io
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..base.errors import InputError

__all__ = [
    "LARGEST_RATIO",
    "Counted",
    "Packed",
    "bytes_of",
    "check_regular",
    "check_size",
    "size_of",
]

Packed = gzip.GzipFile | bz2.BZ2File

LARGEST_RATIO = 300  # arrays; deflate reaches 1,030 with zeros, ordered spins of one byte about 100
_ALWAYS = 2**28  # bytes that every array may have, such as 65,536 draws of 64x64 equal spins
_TEXT_RATIO = 30  # text of particles shrinks by 3 to 10
_TEXT_ALWAYS = 2**25
_GIGABYTE = 1e9


def check_regular(path: Path) -> None:
    """Refuse devices and named pipes, which may never end.

    Args:
        path: An existing path; links are followed.

    Raises:
        InputError: It is neither a regular file nor a folder.
    """
    if not (path.is_file() or path.is_dir()):
        raise InputError("is a device or a named pipe; copy its content to a regular file first")


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder.

    Args:
        path: A file or a folder.
    """
    if path.is_dir():
        return sum(size_of(child) for child in path.iterdir() if not child.is_symlink())
    return path.stat().st_size


def bytes_of(shape: Iterable[int], dtype: np.dtype) -> int:
    """Bytes of an array; a type without size counts as one byte an entry.

    Args:
        shape: Its shape.
        dtype: The type of its entries.
    """
    return math.prod(map(int, shape)) * max(dtype.itemsize, 1)


def check_size(declared: int, stored: int, what: str = "an array") -> None:
    """Refuse an array much larger than the file that holds it.

    Args:
        declared: Bytes of the array in memory.
        stored: Bytes of the file.
        what: What the bytes are, for the message.

    Raises:
        InputError: It has more than 256 MiB and more than 300 times the bytes of the file.
    """
    if declared > max(_ALWAYS, LARGEST_RATIO * stored):
        raise InputError(
            f"declares {what} of {declared / _GIGABYTE:,.1f} GB in a file of {stored:,} bytes; "
            "damaged? if it is right, save it uncompressed or in a smaller type"
        )


class Counted(io.RawIOBase):
    """The unpacked bytes of a compressed text file, up to a limit.

    Args:
        packed: Stream of unpacked bytes.
        stored: Bytes of the compressed file.
    """

    def __init__(self, packed: Packed, stored: int) -> None:
        self._packed = packed
        self._left = max(_TEXT_ALWAYS, _TEXT_RATIO * stored)
        self._stored = stored

    def readable(self) -> bool:
        """Whether bytes can be read: always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read the next bytes.

        Args:
            buffer: Where they go.

        Raises:
            InputError: The text is more than 32 MiB and more than 30 times as long as its file.
        """
        chunk = self._packed.read(len(buffer))
        self._left -= len(chunk)
        if self._left < 0:
            raise InputError(
                f"unpacks to more than {_TEXT_RATIO} times its {self._stored:,} bytes; damaged? "
                "if it is right, unpack it first"
            )
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """Close the compressed file, too."""
        self._packed.close()
        super().close()
