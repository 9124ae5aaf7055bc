"""What the numbers of an array mean: discrete states, angles in radians, or reals."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from ..base import scratch
from ..base.errors import InputError

__all__ = ["KINDS", "check_states", "coded", "limits", "understood"]

KINDS = ("discrete", "angle", "real")
_MOST_STATES = 256  # a state is one byte
_SAME_LABEL = 4e-6  # floats nearer than this part of their range are one label
_DISTINCT_LABELS = 1e-4  # labels farther apart than this are different
_LARGEST_WHOLE = 2.0**53  # beyond, floats skip whole numbers
_LARGEST_ANGLE = 4 * pi  # radians; beyond, degrees are more likely


def check_states(kind: Any, states: Any) -> None:
    """Refuse a kind of state, or a number of states, of the wrong type or value.

    Args:
        kind: Kind of state, or None.
        states: Number of discrete states, or None.
    """
    if kind is not None and (not isinstance(kind, str) or kind not in KINDS):
        raise InputError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    whole = isinstance(states, (int, np.integer)) and not isinstance(states, bool)
    if states is not None and (not whole or states < 1):
        raise InputError(f"states must be a positive whole number, not {states!r}")
    if states is not None and states > _MOST_STATES:
        raise InputError(f"states may be at most {_MOST_STATES}, not {states}")


def understood(
    values: np.ndarray, kind: str | None, states: int | None
) -> tuple[np.ndarray, str, tuple[Any, ...]]:
    """Values as moiety stores them, their kind and the labels of discrete states.

    Args:
        values: Numbers in any coding.
        kind: Kind of state, or None to take it from the numbers.
        states: Number q of discrete states; None for those that occur.

    Raises:
        InputError: The numbers do not fit their description.
    """
    kind = kind or kind_of(values)
    if kind == "discrete":
        codes, labels = coded(values, states)
        return codes, kind, labels
    if states is not None:
        raise InputError("a number of states goes with discrete states only")
    if kind == "angle":
        check_radians(values)
    return as_floats(values), kind, ()


def kind_of(array: np.ndarray) -> str:
    """The kind of state, where the numbers alone decide it.

    Args:
        array: Numbers or booleans.

    Raises:
        InputError: They could be angles or real states.
    """
    if array.dtype.kind in "biu" or np.isin(array, (-1.0, 1.0)).all():
        return "discrete"
    raise InputError(
        "floating-point states may be angles or reals; say which, for example --kind angle; or"
        " --kind discrete for labels"
    )


def limits(values: np.ndarray) -> tuple[float, float]:
    """Smallest and largest value, read slab by slab.

    Args:
        values: Array of at least one axis.
    """
    ends = []
    for part in scratch.slabs(values.shape, values.itemsize):
        ends += [values[part].min(), values[part].max()]
        scratch.release(values)
    return float(min(ends)), float(max(ends))


def as_floats(values: np.ndarray) -> np.ndarray:
    """Continuous states as C-ordered, writeable floats of 4 or 8 bytes.

    Args:
        values: Angles or real states.
    """
    dtype = np.dtype(np.float64 if values.dtype.itemsize > 4 else np.float32)
    # a read-only array is the user's file, which must not change
    ready = values.dtype == dtype and values.flags.c_contiguous and values.flags.writeable
    return values if ready else scratch.copied(values, dtype)


def check_radians(values: np.ndarray) -> None:
    """Refuse angles that are too large for radians within two turns.

    Args:
        values: Angles.
    """
    low, high = limits(values)
    if max(-low, high) > _LARGEST_ANGLE:
        raise InputError(
            f"angles from {low:.6g} to {high:.6g} are not within two turns: if they are degrees,"
            f" multiply them by pi/180 = {pi / 180:.6g}; if they are radians, wrap them by"
            " numpy.mod(x, 2 * numpy.pi)"
        )


# Discrete states


def coded(values: np.ndarray, states: int | None) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Codes 0..q-1 and the label of each code.

    Args:
        values: Discrete states in any numbering.
        states: Number q of states; None for those that occur.

    Raises:
        InputError: More than 256 states, more than `states`, or labels that differ by rounding.
    """
    distinct = _distinct(values)
    if len(distinct) > _MOST_STATES:
        raise InputError(
            f"more than {_MOST_STATES} different states; discrete states may be at most "
            f"{_MOST_STATES}: angles or reals?"
        )
    if values.dtype.kind != "f":
        labels = _alphabet(distinct, states)
        return _codes(values, labels, np.arange(len(labels))), _plain(labels)
    rounded, places = _cleaned(distinct)
    labels = _alphabet(rounded, states)
    # places in the alphabet of the distinct values
    return _codes(values, distinct, np.searchsorted(labels, rounded)[places]), _plain(labels)


def _codes(values: np.ndarray, ends: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Replace each value by the code of the range that it lies in.

    Args:
        values: The states.
        ends: Lower ends of the ranges, in order.
        codes: Code of each range.
    """
    if np.array_equal(ends, codes) and np.array_equal(ends, np.arange(len(ends))):
        return scratch.copied(values, np.uint8)  # codes already
    small = codes.astype(np.uint8)

    def change(part: np.ndarray) -> np.ndarray:
        return np.asarray(small[np.searchsorted(ends, part, side="right") - 1])

    return scratch.copied(values, np.uint8, change)


def _plain(labels: np.ndarray) -> tuple[Any, ...]:
    return tuple(label.item() for label in labels)


def _distinct(values: np.ndarray) -> np.ndarray:
    """The different values in order, or some of them if there are more than 256.

    Floats that lie within a small part of their range are one; the smallest represents them.
    """
    width = 0.0
    if values.dtype.kind == "f" and not _are_whole(values):
        low, high = limits(values)
        width = _SAME_LABEL * (high - low)
    distinct = values[:0].ravel()
    for part in scratch.slabs(values.shape, values.itemsize):
        distinct = _apart(np.union1d(distinct, values[part]), width)
        scratch.release(values)
        if len(distinct) > _MOST_STATES:
            break
    return distinct


def _are_whole(values: np.ndarray) -> bool:
    slabs = scratch.slabs(values.shape, values.itemsize)
    return all(bool((values[part] == np.round(values[part])).all()) for part in slabs)


def _apart(ordered: np.ndarray, width: float) -> np.ndarray:
    """The first of all values within a width, again and again; at most 257 of them."""
    if not width:
        return ordered
    kept: list[Any] = []
    place = 0
    while place < len(ordered) and len(kept) <= _MOST_STATES:
        kept.append(ordered[place])
        place = int(np.searchsorted(ordered, ordered[place] + width, side="right"))
    return np.array(kept, ordered.dtype)


def _cleaned(distinct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels without rounding errors, and the place of each distinct float among them.

    Clock angles that differ by full turns are one label.
    """
    values = distinct.astype(np.float64) + 0.0  # no negative zero
    if (values == np.round(values)).all():
        exact = np.abs(values).max() < _LARGEST_WHOLE
        return values.astype(np.int64) if exact else values, np.arange(len(values))
    span = values[-1] - values[0]
    gaps = np.diff(values)
    if len(gaps) and gaps.min() < _DISTINCT_LABELS * span:
        near = int(np.argmin(gaps))
        raise InputError(
            f"the states {values[near]:.8g} and {values[near + 1]:.8g} differ by rounding errors;"
            " round the array, or use --kind real or --kind angle"
        )
    whole = np.round(values)
    if (np.abs(values - whole) <= max(_SAME_LABEL * span, 1e-9)).all():
        values = whole
    else:
        values = _one_turn(values, span)
    labels, places = np.unique(values, return_inverse=True)
    return labels.astype(np.int64) if (labels == np.round(labels)).all() else labels, places


def _one_turn(values: np.ndarray, span: float) -> np.ndarray:
    """Angles of a clock within one turn, if the values are such angles over a turn or more."""
    tolerance = 2 * _SAME_LABEL * max(span, 2 * pi)
    if span < 2 * pi - tolerance:
        return values
    for q in range(1, _MOST_STATES + 1):
        steps = (values - values[0]) * q / (2 * pi)
        if (np.abs(steps - np.round(steps)) * 2 * pi / q < tolerance).all():
            return np.asarray(values[0] + np.round(steps) % q * 2 * pi / q + 0.0)
    return values


def _alphabet(distinct: np.ndarray, states: int | None) -> np.ndarray:
    """All labels, in order: those that occur, both spins, or as many as declared."""
    distinct = distinct.astype(np.uint8) if distinct.dtype.kind == "b" else distinct
    if states is not None and len(distinct) > states:
        raise InputError(f"{len(distinct)} different states found but {states} declared")
    if np.isin(distinct, (-1, 1)).all() and (distinct < 0).any() and states in (None, 2):
        return np.array([-1, 1])
    if states is None:
        return distinct
    if distinct.dtype.kind in "iu" and 0 <= distinct.min() <= distinct.max() < states:
        return np.arange(states)
    if states != len(distinct):
        raise InputError(
            f"states {distinct.min()}..{distinct.max()} do not fit "
            f"{states} declared states 0..{states - 1}"
        )
    return distinct
