"""Entries that a file lacks: chunks that were never written, and values that mark missing data.

Libraries fill them with zeros or with a number such as 9.97e36, which would pass for states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from ..base import scratch
from ..base.errors import InputError
from ._coding import axes_of

__all__ = ["Source", "check_chunks", "check_written", "decoded"]

_RANGES_SHOWN = 3


def _same(values: np.ndarray) -> np.ndarray:
    return values


@dataclass(frozen=True, eq=False)
class Source:
    """A variable of an open file.

    Args:
        array: What reads a part of the variable when it is indexed.
        dims: Names of its axes, or None.
        attributes: Its attributes by name.
        missing: Values that mark missing entries.
        decode: Function of the stored values that gives the values.
    """

    array: Any
    dims: tuple[str, ...] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[Any, ...] = ()
    decode: Callable[[np.ndarray], np.ndarray] = _same

    @property
    def dtype(self) -> np.dtype:
        """The type of the decoded values."""
        return self.decode(np.empty((0,) * len(self.array.shape), self.array.dtype)).dtype


def decoded(source: Source) -> Iterator[np.ndarray]:
    """Read a variable slab by slab, as `scratch.slabs` cuts it.

    Args:
        source: The variable.

    Raises:
        InputError: Entries are missing; raised after the last slab.
    """
    shape, axis = source.array.shape, _draw_axis(source.dims, len(source.array.shape))
    if not shape:
        yield source.decode(np.asarray(source.array[()]))
        return
    lacking, count = np.zeros(shape[axis], bool), 0
    for slab in scratch.slabs(shape, source.array.dtype.itemsize):
        values = np.asarray(source.array[slab])
        marked = _marked(values, source.missing)
        if marked is not None:
            count += int(marked.sum())
            others = tuple(place for place in range(marked.ndim) if place != axis)
            part = slab[axis] if axis < len(slab) else slice(None)
            lacking[part] |= marked.any(axis=others)
        yield source.decode(values)
    if count:
        marks = " or ".join("NaN" if v != v else f"{v:g}" for v in source.missing)
        raise InputError(
            f"{count:,} of {_size(shape):,} entries are missing (fill value {marks}): "
            f"{_named(np.flatnonzero(lacking), source.dims, len(shape))}; give complete draws"
        )


def check_chunks(
    present: Iterable[Sequence[int]],
    shape: Sequence[int],
    chunk: Sequence[int],
    dims: tuple[str, ...] | None,
) -> None:
    """Refuse an array with chunks that were never written.

    Args:
        present: Places of the chunks that were written, counted in chunks, each once.
        shape: Shape of the array.
        chunk: Shape of a chunk.
        dims: Names of its axes, or None.

    Raises:
        InputError: Chunks are missing; names the draws.
    """
    counts = [-(-int(side) // max(int(step), 1)) for side, step in zip(shape, chunk, strict=True)]
    axis, found = _draw_axis(dims, len(counts)), dict[int, int]()
    for place in present:
        found[place[axis]] = found.get(place[axis], 0) + 1
    each = _size(counts[:axis] + counts[axis + 1 :])
    written, step = sum(found.values()), int(chunk[axis])
    if written >= each * counts[axis]:
        return
    complete = sorted(place for place, number in found.items() if number >= each)
    gaps = _gaps(complete, counts[axis])
    spans = [(first * step, min(last * step, int(shape[axis])) - 1) for first, last in gaps]
    raise InputError(
        f"{each * counts[axis] - written:,} of its {each * counts[axis]:,} chunks are missing: "
        f"{_spans(spans, dims, len(counts))} were never written; write them, or keep the others"
    )


def check_written(written: bool, shape: Sequence[int], dims: tuple[str, ...] | None) -> None:
    """Refuse an array that was declared and never written.

    Args:
        written: Whether anything was written.
        shape: Shape of the array.
        dims: Names of its axes, or None.
    """
    if not written:
        check_chunks([], shape or (1,), shape or (1,), dims)


def _marked(values: np.ndarray, missing: tuple[Any, ...]) -> np.ndarray | None:
    """Which entries are missing, or None if no value marks them."""
    marked: np.ndarray | None = None
    for value in missing:
        here = np.isnan(values) if value != value else values == value
        marked = here if marked is None else marked | here
    return marked


def _draw_axis(dims: tuple[str, ...] | None, ndim: int) -> int:
    axes = axes_of(dims)
    return axes.index("draw") if axes and "draw" in axes and len(axes) == ndim else 0


def _named(places: np.ndarray, dims: tuple[str, ...] | None, ndim: int) -> str:
    breaks = np.flatnonzero(np.diff(places) > 1)
    firsts = places[np.concatenate([[0], breaks + 1])].tolist()
    lasts = places[np.concatenate([breaks, [-1]])].tolist()
    return _spans([*zip(firsts, lasts, strict=True)], dims, ndim)


def _gaps(complete: list[int], count: int) -> list[tuple[int, int]]:
    """Ranges of places that are not complete, each with its first place and the one after it."""
    edges = [-1, *complete, count]
    return [(a + 1, b) for a, b in pairwise(edges) if b > a + 1]


def _spans(spans: list[tuple[int, int]], dims: tuple[str, ...] | None, ndim: int) -> str:
    """Ranges in words, with the name that the file gives the axis if it is not a usual one.

    Example:
        >>> _spans([(342, 1023)], None, 3)
        'draws 342 to 1,023'
    """
    named = dims and not axes_of(dims) and dims[_draw_axis(dims, ndim)]
    name = named or "draws"
    shown = [f"{a:,} to {b:,}" if b > a else f"{a:,}" for a, b in spans[:_RANGES_SHOWN]]
    more = ", ..." if len(spans) > _RANGES_SHOWN else ""
    return f"{name} {', '.join(shown)}{more}"


def _size(sides: Iterable[int]) -> int:
    size = 1
    for side in sides:
        size *= int(side)
    return size
