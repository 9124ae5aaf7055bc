"""Interpret a raw array: check its numbers, name its axes, code its states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import scratch
from ..base.errors import InputError

__all__ = [
    "SPACE_AXES",
    "as_floats",
    "axis_names",
    "checked",
    "coded",
    "in_standard_order",
    "kind_of",
]

SPACE_AXES = ("x", "y", "z")
_MOST_STATES = 256  # a state is one byte


def checked(array: Any) -> np.ndarray:
    """Return the array if it is a complete array of finite numbers or booleans.

    Raises:
        InputError: It is masked, ragged, empty, or has NaN, infinite or other entries.
    """
    if np.ma.is_masked(array):
        raise InputError("the array has masked entries; remove those samples first")
    try:
        array = np.asarray(array)
    except ValueError as error:
        raise InputError(f"the array is ragged or no array at all ({error})") from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"the array holds {array.dtype} entries; numbers or booleans are needed")
    if array.size == 0:
        raise InputError(f"the array is empty (shape {array.shape})")
    if array.dtype.kind == "f":
        bad = sum(
            int((~np.isfinite(array[part])).sum())
            for part in scratch.slabs(array.shape, array.itemsize)
        )
        if bad:
            raise InputError(
                f"the array holds {bad} NaN or infinite entries; remove those samples first"
            )
    return np.asarray(array)


def axis_names(shape: tuple[int, ...], axes: Sequence[str] | str | None) -> tuple[str, ...]:
    """Names of the axes of an array, in order.

    Args:
        shape: Shape of the array.
        axes: Names as given by the user, or None to deduce them from the shape.

    Raises:
        InputError: The names do not match the shape, or the shape is ambiguous.
    """
    if axes is None:
        return _deduced_axes(shape)
    names = tuple(name.strip() for name in (axes.split(",") if isinstance(axes, str) else axes))
    given, space = ",".join(names), [name for name in names if name in SPACE_AXES]
    if set(names) - {"chain", "draw", *SPACE_AXES} or len(set(names)) < len(names):
        raise InputError(f"axes {given!r} must be chain, draw, x, y, z, each once")
    if len(names) != len(shape):
        raise InputError(
            f"axes {given!r} name {len(names)} axes but the array has {len(shape)}: {shape}"
        )
    if "draw" not in names or set(space) != set(SPACE_AXES[: max(len(space), 1)]):
        raise InputError(f"axes {given!r} must hold draw and x, or x and y, or x, y and z")
    return names


def in_standard_order(array: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """A view with axes `(chain, draw, *space)`.

    Args:
        array: Array with axes in any order; the chain axis may be missing.
        names: Names of its axes.
    """
    order = [name for name in ("chain", "draw", *SPACE_AXES) if name in names]
    array = np.transpose(array, [names.index(name) for name in order])
    return array if "chain" in names else array[None]


def kind_of(array: np.ndarray) -> str:
    """The kind of state, where the numbers alone decide it.

    Raises:
        InputError: They could be angles or real states.
    """
    if array.dtype.kind in "biu" or np.isin(array, (-1.0, 1.0)).all():
        return "discrete"
    raise InputError(
        "floating-point states may be angles or reals; say which, for example --kind angle"
    )


def coded(values: np.ndarray, states: int | None) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Codes 0..q-1 and the label of each code.

    Args:
        values: Discrete states in any numbering.
        states: Number q of states; deduced from the values if None.

    Raises:
        InputError: More than 256 states, or more than `states`.
    """
    distinct = _distinct(values)
    if states is not None and len(distinct) > states:
        raise InputError(f"{len(distinct)} different states found but {states} declared")
    if len(distinct) > _MOST_STATES:
        raise InputError(
            f"more than {_MOST_STATES} different states; discrete states may be at most "
            f"{_MOST_STATES}: angles or reals?"
        )
    labels = _labels(distinct, states)
    are_codes = len(labels) == int(labels[-1]) + 1 and labels[0] == 0
    codes = scratch.copied(
        values, np.uint8, np.asarray if are_codes else lambda part: np.searchsorted(labels, part)
    )
    return codes, tuple(label.item() for label in labels)


def as_floats(values: np.ndarray, states: int | None) -> np.ndarray:
    """Continuous states as C-ordered, writeable floats of 4 or 8 bytes.

    Args:
        values: Angles or real states.
        states: The number of discrete states that the user gave, which must be None.
    """
    if states is not None:
        raise InputError("a number of states goes with discrete states only")
    dtype = np.dtype(np.float64 if values.dtype.itemsize > 4 else np.float32)
    # a read-only array is the user's file, which must not change
    ready = values.dtype == dtype and values.flags.c_contiguous and values.flags.writeable
    return values if ready else scratch.copied(values, dtype)


def _deduced_axes(shape: tuple[int, ...]) -> tuple[str, ...]:
    """The only reading of an array's shape, or an error that asks for it.

    A reading is dropped when the number of chains or draws happens to equal a side of
    the lattice, because the order is then ambiguous.
    """
    if not 2 <= len(shape) <= 5:
        raise InputError(
            f"an array of {len(shape)} axes {shape} is no set of samples: "
            "draw and 1 to 3 space axes are needed"
        )
    if len(shape) == 2:
        return ("draw", "x")
    readings: list[tuple[str, ...]] = []
    for leading in (("draw",), ("chain", "draw")):
        if 1 <= len(shape) - len(leading) <= 3:
            readings.append((*leading, *SPACE_AXES[: len(shape) - len(leading)]))
    if len(shape) <= 4:
        readings.append((*SPACE_AXES[: len(shape) - 1], "draw"))
    plausible = [names for names in readings if not _coincides(names, shape)]
    if len(plausible) != 1:
        example = ",".join(readings[0])
        raise InputError(
            f"the order of the axes of shape {shape} is ambiguous; "
            f"name them, for example --axes {example}"
        )
    return plausible[0]


def _coincides(names: tuple[str, ...], shape: tuple[int, ...]) -> bool:
    sides = {side for name, side in zip(names, shape, strict=True) if name in SPACE_AXES}
    counts = {count for name, count in zip(names, shape, strict=True) if name not in SPACE_AXES}
    return bool(sides & counts)


def _distinct(values: np.ndarray) -> np.ndarray:
    """The different values in order, or some of them if there are more than 256."""
    distinct = values[:0].ravel()
    for part in scratch.slabs(values.shape, values.itemsize):
        distinct = np.union1d(distinct, values[part])
        scratch.release(values)
        if len(distinct) > _MOST_STATES:
            break
    return distinct


def _labels(distinct: np.ndarray, states: int | None) -> np.ndarray:
    """The full alphabet of the distinct values: ±1, 0..q-1, or just themselves."""
    if np.isin(distinct, (-1, 1)).all() and (distinct < 0).any() and states in (None, 2):
        return np.array([-1, 1])
    whole = (distinct == np.round(distinct)).all() and distinct.min() >= 0
    q = states or int(distinct.max()) + 1
    if whole and distinct.max() < q <= _MOST_STATES:
        return np.arange(max(q, 1))
    if states is not None and states != len(distinct):
        raise InputError(
            f"states {distinct.min()}..{distinct.max()} do not fit "
            f"{states} declared states 0..{states - 1}"
        )
    return distinct
