"""Products of three and four neighbouring sites.

Sites and bonds may be alike everywhere although couplings of three or four sites are not.  Each
state becomes one of two (the state that is followed or another; the sign of the sine; above or
below the mean), and the parity of a few sites is whether an odd number of them is in the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import combinations

import numpy as np

__all__ = ["parities"]

_Offsets = tuple[tuple[int, ...], ...]


def parities(there: np.ndarray, periodic: Sequence[bool]) -> Iterator[tuple[str, int, np.ndarray]]:
    """Parity of three sites in a row, and of three and four sites of squares of 2x2.

    Args:
        there: Whether each site is in the first of two states, shape `(n, *space)`.
        periodic: One flag per space axis.

    Yields:
        A name, the number of sites and the parities, shape `(n, *positions)`.

    Example:
        >>> spins = np.random.default_rng(0).random((2, 4, 4)) < 0.5
        >>> names = [name for name, *_ in parities(spins, (True, True))]
        >>> len(names), names[0]
        (7, 'the parity of the sites (0, 0), (1, 0), (2, 0)')
    """
    shape = there.shape[1:]
    for offsets in _groups(len(shape)):
        reach = np.max(offsets, axis=0) + 1
        if all(
            side >= needed + (closed and needed > 1)
            for side, needed, closed in zip(shape, reach, periodic, strict=True)
        ):
            name = "the parity of the sites " + ", ".join(map(str, offsets))
            yield (
                name,
                len(offsets),
                reduce(np.logical_xor, _moved(there, offsets, reach, periodic)),
            )


def _groups(dimensions: int) -> list[_Offsets]:
    """Offsets of the sites of each group from its position."""
    unit = np.eye(dimensions, dtype=int)
    groups = [[k * step for k in range(3)] for step in unit]
    for one, other in combinations(unit, 2):
        square = [0 * one, one, other, one + other]
        groups += [*map(list, combinations(square, 3)), square]
    return [tuple(tuple(map(int, site)) for site in group) for group in groups]


def _moved(
    there: np.ndarray, offsets: _Offsets, reach: np.ndarray, periodic: Sequence[bool]
) -> Iterator[np.ndarray]:
    """The sites of every group at one offset after the other; groups do not cross free ends."""
    axes = tuple(range(1, there.ndim))
    inside = [
        slice(None) if closed else slice(side - needed + 1)
        for side, needed, closed in zip(there.shape[1:], reach, periodic, strict=True)
    ]
    for offset in offsets:
        yield np.roll(there, [-step for step in offset], axes)[(slice(None), *inside)]
