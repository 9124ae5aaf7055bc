"""Check a raw array: numbers only, none missing, no vectors; order its axes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..base import scratch
from ..base.errors import InputError
from ._axes import axis_names, usual_order

__all__ = ["check_complete", "check_scalars", "in_standard_order", "numbers"]

_SEVERAL = 3  # ranges of draws that a message lists
_MOST_SPACE = 3  # space axes
_LONGEST_VECTOR = 4  # components
_UNIT = 1e-5  # how far the length of a unit vector may be from 1


def numbers(array: Any) -> np.ndarray:
    """Return anything like an array as an array of numbers or booleans.

    Args:
        array: Anything.

    Raises:
        InputError: It is ragged, empty, no array at all, or has other entries.
    """
    try:
        array = np.asanyarray(array)
    except (ValueError, TypeError, RuntimeError, OverflowError, MemoryError) as error:
        raise InputError(f"the array is ragged or no array at all ({_brief(error)})") from error
    if array.dtype.kind == "c":
        raise InputError(
            f"the array holds {array.dtype} entries; numbers or booleans are needed; phases become"
            " angles by numpy.angle"
        )
    if array.dtype.kind not in "biuf":
        dtype = _brief(array.dtype)
        raise InputError(f"the array holds {dtype} entries; numbers or booleans are needed")
    if array.size == 0:
        raise InputError(f"the array is empty (shape {array.shape})")
    _check_room(array.size)
    return array if isinstance(array, np.ma.MaskedArray) else np.asarray(array)


def check_complete(array: np.ndarray, axes: Any, dims: Sequence[str] | None) -> np.ndarray:
    """Return the array if none of its entries is masked, NaN or infinite.

    Args:
        array: Numbers, possibly masked.
        axes: The names of its axes as the user gives them, or None.
        dims: The names of its axes in the file, or None.

    Raises:
        InputError: Entries are missing; the message says in which draws.
    """
    masked = np.ma.is_masked(array)
    values = np.ma.getmaskarray(array) if masked else np.asarray(array)
    missing = _count(values) if masked or values.dtype.kind == "f" else 0
    if not missing:
        return np.asarray(array)
    what = "masked" if masked else "NaN or infinite"
    entries = f"{missing:,} {what} entr{'y' if missing == 1 else 'ies'}"
    try:
        names = axis_names(values.shape, axes, dims)
    except InputError:
        raise InputError(f"the array holds {entries}; remove those samples first") from None
    bad = _incomplete(in_standard_order(values, names))
    if bad.all():
        advice = "crop the array to sites that have numbers in every draw"
        raise InputError(f"the array holds {entries}, in every draw; {advice}")
    these = "this draw" if bad.sum() == 1 else "these draws"
    raise InputError(f"the array holds {entries}, in {_draws(bad)}; leave {these} out")


def check_scalars(array: np.ndarray) -> None:
    """Refuse unit vectors and one-hot codes as states.

    Args:
        array: Complete array of numbers.

    Raises:
        InputError: The vectors along an axis of 2 to 4 components have length 1; or, of four axes
            or more, the second or the last holds a single 1 among zeros.
    """
    for axis in {1, array.ndim - 1} if array.ndim > _MOST_SPACE else ():
        if _is_one_hot(array, axis):
            raise InputError(
                f"axis {axis} of the shape {array.shape} holds a single 1 among zeros everywhere:"
                f" codes of a state, not sites; convert them with numpy.argmax(x, axis={axis})"
            )
    if array.dtype.kind != "f":
        return
    for axis, length in enumerate(array.shape):
        if 2 <= length <= _LONGEST_VECTOR < array.size and _are_units(array, axis):
            advice = (
                "convert them to angles with numpy.arctan2 and use --kind angle"
                if length == 2
                else "vector spins are not supported"
            )
            raise InputError(
                f"axis {axis} of the shape {array.shape} holds unit vectors of {length} components,"
                f" not sites; {advice}"
            )


def in_standard_order(array: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """A view with axes `(chain, draw, *space)`.

    Args:
        array: Array with axes in any order; the chain axis may be missing.
        names: Names of its axes.
    """
    array = np.transpose(array, [names.index(name) for name in usual_order(names)])
    return array if "chain" in names else array[None]


def _check_room(size: int) -> None:
    """Refuse an array whose states, of a byte at least, fit neither into memory nor on disk."""
    if size <= scratch.LARGEST_IN_MEMORY:
        return
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if size > free:
        raise InputError(
            f"the array has {size:,} entries, but only {free:,} bytes are free in {folder} for its"
            " states; take fewer draws, or set TMPDIR to a larger disk"
        )


def _brief(thing: object) -> str:
    text = " ".join(str(thing).split())
    return text if len(text) < 80 else f"{text[:76]} ..."


# Missing entries


def _slabs(array: np.ndarray, axes: int | None = None) -> Iterator[tuple[slice, ...]]:
    return scratch.slabs(array.shape, array.itemsize, axes) if array.ndim else iter([()])


def _missing(part: np.ndarray) -> np.ndarray:
    return part if part.dtype.kind == "b" else ~np.isfinite(part)


def _count(values: np.ndarray) -> int:
    return sum(int(_missing(values[part]).sum()) for part in _slabs(values))


def _incomplete(values: np.ndarray) -> np.ndarray:
    """Whether each draw lacks an entry, shape `(chain, draw)`."""
    bad = np.zeros(values.shape[:2], bool)
    space = tuple(range(2, values.ndim))
    for part in _slabs(values, 2):
        bad[part] = _missing(values[part]).any(axis=space)
    return bad


def _draws(bad: np.ndarray) -> str:
    """The draws that are marked, as ranges.

    Args:
        bad: Booleans, shape `(chain, draw)`.
    """
    texts = []
    for chain, row in enumerate(bad):
        steps = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
        ranges = [_range(int(a), int(b) - 1) for a, b in steps.reshape(-1, 2)]
        if ranges:
            texts += [f"{text} of chain {chain}" if len(bad) > 1 else text for text in ranges]
    if len(texts) > _SEVERAL:
        texts = [*texts[:_SEVERAL], f"{len(texts) - _SEVERAL} more places"]
    return ("draw " if bad.sum() == 1 else "draws ") + " and ".join(texts)


def _range(first: int, last: int) -> str:
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


# Vectors


def _is_one_hot(array: np.ndarray, axis: int) -> bool:
    """Whether all vectors along an axis are unit vectors along a coordinate."""
    vectors = np.moveaxis(array, axis, -1)
    parts = (vectors[part] for part in _slabs(vectors, vectors.ndim - 1))
    several = array.shape[axis] > 1
    return several and _mark_one(vectors[:1]) and all(map(_mark_one, parts))


def _mark_one(vectors: np.ndarray) -> bool:
    marks = vectors == 1
    return bool((marks | (vectors == 0)).all() and (marks.sum(axis=-1) == 1).all())


def _are_units(array: np.ndarray, axis: int) -> bool:
    """Whether all vectors along an axis have length 1 and are no mere spins."""
    vectors = np.moveaxis(array, axis, -1)
    first = vectors[:1] if vectors.ndim > 1 else vectors
    if not _have_length_one(first):
        return False
    parts = [vectors[part] for part in _slabs(vectors, vectors.ndim - 1)]
    return all(map(_have_length_one, parts)) and not all(map(_are_spins, parts))


def _have_length_one(vectors: np.ndarray) -> bool:
    lengths = (vectors.astype(np.float64) ** 2).sum(axis=-1)
    tolerance = max(_UNIT, 4 * float(np.finfo(vectors.dtype).eps))
    return bool((np.abs(lengths - 1) < 2 * tolerance).all())


def _are_spins(part: np.ndarray) -> bool:
    return bool(np.isin(part, (-1.0, 0.0, 1.0)).all())
