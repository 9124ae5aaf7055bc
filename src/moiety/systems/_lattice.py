r"""Periodic lattices as neighbour tables, and the checks that every system shares.

A periodic side of length 2 has *two* bonds between its sites, one each way round,
so that the sum over bonds is the same expression at every size; a side of length 1
has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, prod
from numbers import Integral, Real

import numpy as np

from ..base.errors import InputError

__all__ = [
    "checked_number",
    "checked_shape",
    "checked_states",
    "equal_bonds",
    "neighbour_table",
    "sublattices",
]


def neighbour_table(
    shape: Sequence[int], offsets: Sequence[Sequence[int]] | None = None
) -> np.ndarray:
    """Neighbours of every site of a torus.

    Arguments:
        shape: Sides.
        offsets: One vector a bond direction; unit vectors unless given.

    Returns:
        Shape `(sites, z)`, int32: the z/2 forward neighbours, then the z/2 backward
        ones, so that the first half of the columns holds every bond once.

    Example:
        >>> neighbour_table((3,)).tolist()
        [[1, 2], [2, 0], [0, 1]]
        >>> neighbour_table((2,)).tolist()  # both ways round
        [[1, 1], [0, 0]]
        >>> neighbour_table((1, 1)).shape
        (1, 0)
    """
    if offsets is None:
        offsets = np.eye(len(shape), dtype=int)
    sites = np.arange(prod(shape), dtype=np.int32).reshape(shape)
    moves = [
        tuple(offset)
        for offset in offsets
        if any(step % side for step, side in zip(offset, shape, strict=True))
    ]
    axes = tuple(range(len(shape)))
    forward = [np.roll(sites, [-step for step in move], axes).ravel() for move in moves]
    backward = [np.roll(sites, move, axes).ravel() for move in moves]
    columns = forward + backward
    return (
        np.ascontiguousarray(np.stack(columns, 1))
        if columns
        else np.empty((sites.size, 0), np.int32)
    )


def sublattices(shape: Sequence[int], count: int) -> np.ndarray:
    """Sublattice of every site, the sum of its coordinates modulo `count`, shape `(sites,)`.

    Example:
        >>> sublattices((2, 3), 2).tolist()
        [0, 1, 0, 1, 0, 1]
    """
    return np.indices(shape).sum(axis=0).ravel() % count


def equal_bonds(values: np.ndarray) -> np.ndarray:
    """Number of bonds between equal states on a (hyper)cubic torus.

    Arguments:
        values: Shape `(chain, draw, *space)`.

    Returns:
        Shape `(chain, draw)`, int64.
    """
    space = tuple(range(2, values.ndim))
    total = np.zeros(values.shape[:2], dtype=np.int64)
    for axis in space:
        if values.shape[axis] > 1:
            total += (values == np.roll(values, -1, axis)).sum(axis=space)
    return total


def checked_shape(size: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """The sides of a lattice from one number or one number per axis."""
    sides = (
        (size,) * axes
        if isinstance(size, Integral)
        else tuple(size)
        if isinstance(size, Sequence)
        else ()
    )
    if len(sides) != axes or any(
        not isinstance(side, Integral) or isinstance(side, bool) or side < 1 for side in sides
    ):
        raise InputError(f"size must be a positive integer or {axes} of them, not {size!r}")
    return tuple(int(side) for side in sides)


def checked_number(name: str, value: float, *, positive: bool = False) -> float:
    """A finite, perhaps positive, number."""
    if (
        not isinstance(value, Real)
        or isinstance(value, bool)
        or not isfinite(value)
        or (positive and value <= 0)
    ):
        raise InputError(
            f"{name} must be a {'positive' if positive else 'finite'} number, not {value!r}"
        )
    return float(value)


def checked_states(states: int) -> int:
    """The number of states of a site, which fits one byte."""
    if not isinstance(states, Integral) or not 2 <= states <= 256:
        raise InputError(f"states must be an integer from 2 to 256, not {states!r}")
    return int(states)
