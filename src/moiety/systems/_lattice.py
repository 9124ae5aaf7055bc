r"""Neighbour tables of periodic lattices, and checks of parameters.

Along a periodic side of length 2 a pair of sites has *two* bonds, one in each direction, so the
sum over bonds is the same expression at every size.  A side of length 1 has no bonds.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, prod
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import InputError

__all__ = [
    "checked_number",
    "checked_shape",
    "checked_states",
    "equal_bonds",
    "neighbour_table",
    "sublattices",
]

_MOST_SITES = 2**31 - 1  # numbers of sites fit 32 bits


def neighbour_table(
    shape: Sequence[int], offsets: Sequence[Sequence[int]] | None = None
) -> NDArray[np.int32]:
    """Neighbours of every site of a torus.

    Args:
        shape: Sides of the lattice.
        offsets: One vector per bond direction; unit vectors by default.

    Returns:
        Shape `(sites, z)`: the z/2 forward neighbours, then the z/2 backward neighbours.  The
        first half of the columns therefore holds every bond once.

    Example:
        >>> neighbour_table((3,)).tolist()
        [[1, 2], [2, 0], [0, 1]]
        >>> neighbour_table((2,)).tolist()  # one bond in each direction
        [[1, 1], [0, 0]]
        >>> neighbour_table((1, 1)).shape
        (1, 0)
    """
    if prod(shape) > _MOST_SITES:
        raise InputError(
            f"a lattice of {prod(shape):.3g} sites is too large for the memory of this machine;"
            " take a smaller one"
        )
    sites = np.arange(prod(shape), dtype=np.int32).reshape(shape)
    moves = [
        tuple(offset)
        for offset in (np.eye(len(shape), dtype=int).tolist() if offsets is None else offsets)
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


def sublattices(shape: Sequence[int], count: int) -> NDArray[np.int64]:
    """Sublattice of every site: the sum of its coordinates modulo `count`, shape `(sites,)`.

    Example:
        >>> sublattices((2, 3), 2).tolist()
        [0, 1, 0, 1, 0, 1]
    """
    sums: NDArray[np.int64] = np.indices(shape).sum(axis=0).ravel()
    return sums % count


def equal_bonds(values: np.ndarray) -> NDArray[np.int64]:
    """Number of bonds between equal states on a hypercubic torus.

    Args:
        values: Shape `(chain, draw, *space)`.

    Returns:
        Shape `(chain, draw)`.
    """
    space = tuple(range(2, values.ndim))
    total = np.zeros(values.shape[:2], dtype=np.int64)
    for axis in space:
        if values.shape[axis] > 1:
            total += (values == np.roll(values, -1, axis)).sum(axis=space)
    return total


def checked_shape(size: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """Sides of a lattice, from a single number or one number per axis; or raise InputError."""
    sides: tuple[Any, ...] = ()
    if isinstance(size, Integral):
        sides = (size,) * axes
    elif isinstance(size, Sequence):
        sides = tuple(size)
    if len(sides) != axes or not all(_is_positive_integer(side) for side in sides):
        raise InputError(f"size must be a positive integer or {axes} of them, not {size!r}")
    return tuple(int(side) for side in sides)


def _is_positive_integer(side: Any) -> bool:
    return isinstance(side, Integral) and not isinstance(side, bool) and int(side) >= 1


def checked_number(
    name: str, value: float, *, positive: bool = False, span: tuple[float, float] = (1e-100, 1e100)
) -> float:
    """A finite number within `span` or 0, positive if `positive`; otherwise raise InputError.

    Squares of numbers beyond the default span overflow or vanish.
    """
    if (
        not isinstance(value, Real)
        or isinstance(value, bool)
        or not _is_finite(value)
        or (positive and value <= 0)
    ):
        raise InputError(
            f"{name} must be a {'positive' if positive else 'finite'} number, not {value!r}"
        )
    if value != 0 and not span[0] <= abs(value) <= span[1]:
        raise InputError(f"{name} must be between {span[0]:g} and {span[1]:g}, not {value:g}")
    return float(value)


def _is_finite(value: Real) -> bool:
    try:
        return isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def checked_states(states: int) -> int:
    """Number of states per site, which fits a byte; otherwise raise InputError."""
    if not isinstance(states, Integral) or not 2 <= states <= 256:
        raise InputError(f"states must be an integer from 2 to 256, not {states!r}")
    return int(states)
