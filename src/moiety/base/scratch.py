"""Scratch arrays, on disk if they are large.

An array above `LARGEST_IN_MEMORY` bytes is a memory-mapped temporary file without a name.
The file disappears with the array or the process, however that ends, and the operating system
may reclaim the memory of its pages at any time.
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
    """Allocate an array, in memory or on disk.

    Args:
        shape: Shape of the array.
        dtype: Type of its entries.
        folder: Folder of the temporary file; the system's default if None.

    Raises:
        OSError: The disk is too full.

    Example:
        >>> empty((2, 3), np.uint8).shape
        (2, 3)
    """
    size = prod(shape) * np.dtype(dtype).itemsize
    if size <= LARGEST_IN_MEMORY:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, size)  # a full disk shows here, not as a crash later
        return np.frombuffer(mmap.mmap(file.fileno(), size), dtype).reshape(shape)


def is_large(array: Any) -> bool:
    """Whether an array or a tensor is large enough to be on disk."""
    return bool(array.nbytes > LARGEST_IN_MEMORY)


def slabs(
    shape: tuple[int, ...], itemsize: int, axes: int | None = None
) -> Iterator[tuple[slice, ...]]:
    """Indices of consecutive pieces of an array, each of about 64 MiB.

    The first axis is cut into ranges; if a single index of it is too large, the second axis is
    cut too, and so on.

    Args:
        shape: Shape of the array.
        itemsize: Bytes per entry.
        axes: Number of leading axes that may be cut, all if None; pieces may then be larger.

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
    """Copy an array slab by slab, in memory or on disk.

    Args:
        source: An array, or a variable in a file that is read when it is indexed.
        dtype: Type of the copy's entries; by default that of the source.
        change: Function applied to each slab.

    Example:
        >>> copied(np.arange(3), np.uint8, lambda part: 2 * part)
        array([0, 2, 4], dtype=uint8)
    """
    copy = empty(source.shape, dtype or source.dtype)
    if not source.shape:
        copy[()] = change(source[()])
        return copy
    for part in slabs(source.shape, source.dtype.itemsize):
        copy[part] = change(source[part])
        release(source)
        release(copy)
    return copy


def release(array: Any) -> None:
    """Free the memory of a memory-mapped array; its values stay on disk.

    Args:
        array: Any array; nothing happens if it is not memory-mapped.
    """
    base: Any = array if isinstance(array, np.ndarray) else None
    while isinstance(base, np.ndarray):
        base = base.base
    pages = base.obj if isinstance(base, memoryview) else base
    if isinstance(pages, mmap.mmap):
        pages.madvise(mmap.MADV_DONTNEED)  # the mapping is shared: the file keeps what was written
