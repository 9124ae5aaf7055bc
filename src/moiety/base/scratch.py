"""Arrays that live on disk once they are large.

Above `LARGEST_IN_MEMORY` bytes an array is a mapped temporary file without a name: it is
gone with the array or the process, however that ends, and the memory it takes is the
system's to reclaim.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

__all__ = ["LARGEST_IN_MEMORY", "copied", "empty", "is_large", "release", "slabs"]

LARGEST_IN_MEMORY = 2**29  # bytes
_SLAB = 2**26  # bytes


def empty(
    shape: tuple[int, ...], dtype: np.dtype | type, folder: str | os.PathLike[str] | None = None
) -> np.ndarray:
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


def is_large(array: Any) -> bool:
    """Whether an array, or a tensor, is one of those that live on disk."""
    return array.nbytes > LARGEST_IN_MEMORY


def slabs(
    shape: tuple[int, ...], itemsize: int, axes: int | None = None
) -> Iterator[tuple[slice, ...]]:
    """Indices of consecutive pieces of some 64 MiB: of the first axis, or one by one of it and of the second.

    Arguments:
        shape, itemsize: Of the array.
        axes: How many of the first axes are cut; pieces may then be larger.

    Example:
        >>> [*slabs((4, 3, 2**20), 8)]  # 8 MiB each
        [(slice(0, 2, None),), (slice(2, 4, None),)]
        >>> len([*slabs((1, 64, 2**20), 8)])
        8
    """
    inner = max(prod(shape[1:]) * itemsize, 1)
    if inner <= _SLAB or len(shape) == 1 or axes == 1:
        step = max(_SLAB // inner, 1)
        yield from (
            (slice(first, min(first + step, shape[0])),) for first in range(0, shape[0], step)
        )
        return
    for first in range(shape[0]):
        yield from (
            (slice(first, first + 1), *rest)
            for rest in slabs(shape[1:], itemsize, axes and axes - 1)
        )


def copied(
    source: Any,
    dtype: np.dtype | type | None = None,
    change: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> np.ndarray:
    """A copy, made slab by slab, in memory or on disk.

    Arguments:
        source: An array, or a variable in a file that is read as it is indexed.
        dtype: Of the copy; that of the source unless given.
        change: What is done with each slab.

    Example:
        >>> copied(np.arange(3), np.uint8, lambda part: 2 * part)
        array([0, 2, 4], dtype=uint8)
    """
    found = empty(source.shape, dtype or source.dtype)
    if not source.shape:
        found[()] = change(source[()])
        return found
    for part in slabs(source.shape, source.dtype.itemsize):
        found[part] = change(source[part])
        for one in (source, found):
            release(one)
    return found


def release(array: np.ndarray) -> None:
    """Let go of the memory that the pages of a mapped array take; its values stay."""
    base: Any = array if isinstance(array, np.ndarray) else None
    while isinstance(base, np.ndarray):
        base = base.base
    pages = base.obj if isinstance(base, memoryview) else base
    if isinstance(pages, mmap.mmap):
        pages.madvise(mmap.MADV_DONTNEED)  # of a shared mapping: what was written stays in the file
