r"""Orders in which the chain rule visits the sites of a lattice.

S = sum_i H(x_i | x_j, j before i) holds for every order, and each network gives an upper bound.

Row by row, the distant past matters: of long waves a context holds a part.  From coarse to fine it
does not: first come the sites of a lattice with a large spacing, then those between them, and so
on down to spacing 1.  Each site sees neighbours at its own scale, offsets times the spacing, and
coarse ones on all sides; the last sites of a model with nearest neighbours see all of these.  The
spacing is doubled until a periodic side has no such lattice; the coarse lattice that is left is
visited row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import ClassVar, Protocol

import numpy as np

from ..geometry.cuts import Shape
from .views import Neighbourhood

__all__ = ["Arrangement", "CoarseToFine", "Order", "RowByRow"]

_RADIUS = {1: 16, 2: 3, 3: 2}  # by the number of dimensions
_REACH = {1: 16, 2: 12, 3: 2}
_FINE_RADIUS = {1: 8, 2: 3, 3: 2}


@dataclass(frozen=True, eq=False)
class Arrangement:
    """All sites of a lattice in an order.

    Args:
        rank: Place of each site in the order, shape `(sites,)`.
        spacing: Length of one step of each site's context, shape `(sites,)`.
        kind: Number of each site's kind, which the network is told, shape `(sites,)`.
        names: Names of the kinds.
    """

    rank: np.ndarray
    spacing: np.ndarray
    kind: np.ndarray
    names: tuple[str, ...]


class Order(Protocol):
    """An order of the sites and what the context of a site holds."""

    name: ClassVar[str]
    """Name in results and reports."""

    def neighbourhood(self, dimensions: int, *, star: bool = False) -> Neighbourhood:
        """Offsets of the sites that a context may hold, in steps of the site's spacing."""

    def arrange(self, shape: Shape, periodic: Sequence[bool]) -> Arrangement:
        """The order of the sites of a lattice."""


@dataclass(frozen=True)
class RowByRow:
    """One site after another, along the last axis.

    Args:
        radius: A context may hold all sites up to this distance along each axis; by default 16, 3
            or 2 in one, two or three dimensions.
        reach: It may also hold sites up to this distance along the last axis, in rows at most one
            site away; by default 12 in two dimensions.  With nearest-neighbour interactions
            nothing else matters than what is known of the row and of the row before it.

    Raises:
        ValueError: A number below one.
    """

    name: ClassVar[str] = "row by row"

    radius: int | None = None
    reach: int | None = None

    def __post_init__(self) -> None:
        if any(length is not None and length < 1 for length in (self.radius, self.reach)):
            raise ValueError(f"radius and reach must be positive: {self}")

    def neighbourhood(self, dimensions: int, *, star: bool = False) -> Neighbourhood:
        """See `Order.neighbourhood`.

        Args:
            dimensions: Number of space axes.
            star: Whether there are arms along all axes.
        """
        radius, reach = self.radius or _RADIUS[dimensions], self.reach or _REACH[dimensions]
        return Neighbourhood(dimensions, radius, reach, star)

    def arrange(self, shape: Shape, periodic: Sequence[bool]) -> Arrangement:
        """See `Order.arrange`."""
        sites = prod(shape)
        return Arrangement(
            np.arange(sites), np.ones(sites, np.int64), np.zeros(sites, np.int64), (self.name,)
        )


@dataclass(frozen=True)
class CoarseToFine:
    """First a coarse lattice, then the sites between its sites, again and again.

    With spacing 2 h known, the sites of spacing h come in the order of how many of their
    coordinates are new: in two dimensions first the centres of the squares, then the middles of
    the edges, which have the centres as neighbours.

    Args:
        radius: A context holds sites up to this distance along each axis, in steps of the site's
            spacing; by default 8, 3 or 2 in one, two or three dimensions.

    Raises:
        ValueError: A radius below one.

    Example:
        >>> order = CoarseToFine().arrange((4, 4), (True, True))
        >>> order.rank.reshape(4, 4)[::2, ::2].ravel().tolist()  # spacing 2 before spacing 1
        [0, 2, 3, 1]
    """

    name: ClassVar[str] = "from coarse to fine"

    radius: int | None = None

    def __post_init__(self) -> None:
        if self.radius is not None and self.radius < 1:
            raise ValueError(f"radius must be positive: {self}")

    def neighbourhood(self, dimensions: int, *, star: bool = False) -> Neighbourhood:
        """See `Order.neighbourhood`; a cube has no arms."""
        return Neighbourhood(dimensions, self.radius or _FINE_RADIUS[dimensions])

    def arrange(self, shape: Shape, periodic: Sequence[bool]) -> Arrangement:
        """See `Order.arrange`."""
        levels = _halvings(shape, periodic)
        places = np.stack(np.unravel_index(np.arange(prod(shape)), shape), axis=1)
        spacing = np.full(len(places), 2**levels)
        group = np.zeros(len(places), np.int64)
        names = [f"spacing {2**levels}"]
        for level in range(levels - 1, -1, -1):
            step = 2**level
            on_lattice = (places % step == 0).all(axis=1)
            parity = places // step % 2
            for new in _parities(len(shape)):
                here = on_lattice & (parity == new).all(axis=1)
                if here.any():
                    spacing[here], group[here] = step, len(names)
                    names.append(f"spacing {step}, {_described(new)}")
        order = np.lexsort((np.arange(len(places)), group))
        rank = np.empty(len(places), np.int64)
        rank[order] = np.arange(len(places))
        return Arrangement(rank, spacing, group, tuple(names))


def _halvings(shape: Shape, periodic: Sequence[bool]) -> int:
    """How often the spacing can be doubled until a periodic side is odd or all sides are one."""
    levels = 0
    while any(side > 2**levels for side in shape):
        step = 2 ** (levels + 1)
        sides = zip(shape, periodic, strict=True)
        if any(closed and side % step and step % side for side, closed in sides):
            break
        levels += 1
    return levels


def _parities(dimensions: int) -> list[tuple[int, ...]]:
    """Which coordinates are odd, the most first."""
    every = [new for new in product((0, 1), repeat=dimensions) if any(new)]
    return sorted(every, key=lambda new: (-sum(new), new))


def _described(new: tuple[int, ...]) -> str:
    return "odd " + " and ".join(axis for axis, odd in zip("xyz", new, strict=False) if odd)
