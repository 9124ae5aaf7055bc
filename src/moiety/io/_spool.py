"""Arrays that one process hands to another, in a file without a name.

The file disappears with the last process that has it open, however that ends.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..base import scratch
from ._limits import bytes_of

__all__ = ["Place", "Spool"]

_ALIGNMENT = 2**16  # bytes; a multiple of the pages of every machine


@dataclass(frozen=True)
class Place:
    """Where an array lies in a spool.

    Args:
        offset: Its first byte.
        dtype: The type of its entries, as in `numpy.dtype.str`.
        shape: Its shape.
    """

    offset: int
    dtype: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Size of the array."""
        return bytes_of(self.shape, np.dtype(self.dtype))


class Spool:
    """A file of arrays, one after the other.

    Args:
        file: Number of the open file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryFile() as file:
        ...     spool = Spool(file.fileno())
        ...     places = [spool.put(np.arange(n)) for n in (3, 4)]
        ...     spool.get(places[1])
        array([0, 1, 2, 3])
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._end = 0

    def put(self, array: np.ndarray) -> Place:
        """Append an array.

        Args:
            array: The array.
        """
        array = np.asarray(array)
        slabs = scratch.slabs(array.shape, array.itemsize) if array.shape else iter([()])
        return self.put_slabs(array.shape, array.dtype, (array[slab] for slab in slabs))

    def put_slabs(
        self, shape: tuple[int, ...], dtype: np.dtype, slabs: Iterable[np.ndarray]
    ) -> Place:
        """Append an array slab by slab.

        Args:
            shape: Shape of the whole array.
            dtype: The type of its entries.
            slabs: Its entries in order, as `scratch.slabs` cuts them.
        """
        offset = -(-self._end // _ALIGNMENT) * _ALIGNMENT
        place = Place(offset, dtype.str, tuple(map(int, shape)))
        for slab in slabs:
            offset = self._write(np.ascontiguousarray(slab, dtype), offset)
        self._end = place.offset + place.nbytes
        return place

    def get(self, place: Place) -> np.ndarray:
        """Read an array into memory, or map it if it is large.

        Args:
            place: Where it lies.

        Raises:
            EOFError: The file ends before the array does.
        """
        dtype, size = np.dtype(place.dtype), place.nbytes
        if size > os.fstat(self._file).st_size - place.offset and size:
            raise EOFError("its values were not handed over completely")
        if size > scratch.LARGEST_IN_MEMORY:
            pages = mmap.mmap(self._file, size, offset=place.offset)
            return np.frombuffer(pages, dtype).reshape(place.shape)
        array = np.empty(place.shape, dtype)
        if size:
            os.preadv(self._file, [_bytes(array)], place.offset)
        return array

    def _write(self, array: np.ndarray, offset: int) -> int:
        left: Any = _bytes(array)
        while len(left):
            written = os.pwrite(self._file, left, offset)
            left, offset = left[written:], offset + written
        return offset


def _bytes(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data
