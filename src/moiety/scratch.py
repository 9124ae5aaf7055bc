"""Arrays that live on disk once they are large.

Above `LARGEST_IN_MEMORY` bytes an array is a mapped temporary file without a name: it is
gone with the array or the process, however that ends, and the memory it takes is the
system's to reclaim.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from math import prod

import numpy as np

__all__ = ["LARGEST_IN_MEMORY", "empty", "release"]

LARGEST_IN_MEMORY = 2**29  # bytes


def empty(shape: tuple[int, ...], dtype: np.dtype | type, folder: str | os.PathLike[str] | None = None) -> np.ndarray:
    """An array to be filled, in memory or on disk.

    Arguments:
        shape, dtype: Of the array.
        folder: Of the temporary file; the system's own unless given.

    Raises:
        OSError: The disk has no room for it.

    Example:
        >>> empty((2, 3), np.uint8).shape
        (2, 3)
    """
    size = prod(shape) * np.dtype(dtype).itemsize
    if size <= LARGEST_IN_MEMORY:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, size)  # no room shows here, not as a crash later
        return np.frombuffer(mmap.mmap(file.fileno(), size), dtype).reshape(shape)


def release(array: np.ndarray) -> None:
    """Let go of the memory that the pages of a mapped array take; its values stay."""
    base = array
    while isinstance(base, np.ndarray):
        base = base.base
    pages = base.obj if isinstance(base, memoryview) else base
    if isinstance(pages, mmap.mmap):
        pages.madvise(mmap.MADV_DONTNEED)  # of a shared mapping: what was written stays in the file
