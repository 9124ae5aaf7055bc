r"""Views: which sites are visited, in which order, and which of their neighbours are known.

The chain rule visits the sites of a window one after another,

    log p(x) = sum_i log p(x_i | x_j, j before i).

The sites before i inside some neighbourhood are its context.  The others are unknown: they come
later or lie outside the window.  On a torus the last rows have known neighbours on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import numpy as np

from ..geometry.cuts import Cut, Shape

__all__ = [
    "Neighbourhood", "View", "conditional_view", "marginal_view", "near_cut", "whole_view",
]  # fmt: skip

_LONGEST_RUN = 64
_AT_ONCE = 1 << 22  # neighbours compared together


@dataclass(frozen=True)
class Neighbourhood:
    """Offsets of the sites that a context may hold: a cube, and longer arms along the axes.

    Args:
        dimensions: Number of space axes.
        radius: Half the side of the cube.
        reach: Length of the arm along the last axis, which is three sites wide.
        star: Whether there are arms along all axes.
        later: Whether to hold sites of later rows, too, which are known only if the first axis is
            periodic.

    Example:
        >>> Neighbourhood(dimensions=1, radius=1).steps.tolist()  # the site itself is never known
        [[-1], [0], [1]]
        >>> len(Neighbourhood(2, 2, 12).steps)  # 5 x 5, and 3 rows of 25
        85
    """

    dimensions: int
    radius: int
    reach: int = 0
    star: bool = False
    later: bool = True

    @cached_property
    def rows(self) -> tuple[tuple[Shape, int], ...]:
        """Offsets along the leading axes, and the half-length of the row along the last axis."""
        arms = max(self.reach, self.radius)
        farthest = arms if self.star else max(self.radius, 1 if self.reach else 0)
        leading = product(range(-farthest, farthest + 1), repeat=self.dimensions - 1)
        kept = (offset for offset in leading if self.later or not any(offset) or offset < (0,))
        halves = [(offset, self._half_length(offset)) for offset in kept]
        return tuple((offset, half) for offset, half in halves if half is not None)

    def _half_length(self, leading: Shape) -> int | None:
        sizes = sorted((abs(step) for step in leading), reverse=True)
        if not sizes or (sizes[0] <= 1 and self.reach):
            return max(self.reach, self.radius)
        if sizes[0] <= self.radius:
            return self.radius
        return 1 if self.star and all(size <= 1 for size in sizes[1:]) else None

    @cached_property
    def steps(self) -> np.ndarray:
        """All offsets, row by row, shape `(k, dimensions)`."""
        rows = [(*leading, step) for leading, half in self.rows for step in range(-half, half + 1)]
        return np.array(rows, np.int64)


@dataclass(frozen=True, eq=False)
class View:
    """Sites of a window in runs along its last axis, and which of their neighbours are known.

    Args:
        window: Sides of the window.
        places: Coordinates of the sites in the window, shape `(runs, length, dimensions)`.
        known: Whether each neighbour is known, shape `(runs, length, k)`, in the order of the
            neighbourhood's steps.
    """

    window: Shape
    places: np.ndarray
    known: np.ndarray

    @property
    def sites(self) -> int:
        """Number of sites."""
        return int(self.places.shape[0] * self.places.shape[1])

    def numbers(self, shape: Shape) -> np.ndarray:
        """Number of each site in a lattice where the window starts at the origin.

        Args:
            shape: Sides of the lattice.

        Returns:
            Numbers, the last axis fastest, shape `(runs, length)`.
        """
        numbers: np.ndarray = np.ravel_multi_index(tuple(np.moveaxis(self.places, -1, 0)), shape)
        return numbers


def whole_view(shape: Shape, periodic: Sequence[bool], around: Neighbourhood) -> View:
    """All sites of a lattice, row by row.

    Args:
        shape: Sides of the lattice.
        periodic: One flag per axis.
        around: Neighbourhood of a site.

    Example:
        >>> view = whole_view((3,), (True,), Neighbourhood(1, 1))
        >>> view.known.tolist()  # the last site knows both neighbours
        [[[False, False, False], [True, False, False], [True, False, True]]]
    """
    places = _places(shape)
    return _view(shape, places, _before(places, shape, periodic, around.steps), shape[-1])


def marginal_view(cut: Cut, around: Neighbourhood) -> View:
    """The sites of a cut's second half, layer by layer from the cut, without the first half.

    If the halves meet at both ends, layers alternate between the two ends.  Each end then looks
    like the end of a cut that meets once, and sites between two known layers lie in the middle, in
    this view and in `conditional_view` alike.

    Args:
        cut: The cut.
        around: Neighbourhood of a site.
    """
    wraps = tuple(closed and axis != cut.axis for axis, closed in enumerate(cut.wraps))
    places = _places(cut.right)
    neighbours, inside = _wrapped(places[:, None] + around.steps, cut.right, wraps)
    known = inside & (_inward_ranks(neighbours, cut) < _inward_ranks(places, cut)[:, None])
    return _view(cut.parent, places + _second_half(cut), known, cut.right[-1])


def conditional_view(cut: Cut, around: Neighbourhood) -> View:
    """The same sites in the same order, with the first half known.

    In this order (see `marginal_view`) the first half matters little beyond the first layer, whose
    sites have it in their context.  With layers across the cut instead, sites far from the first
    half would need more of it than their context holds.

    Args:
        cut: The cut.
        around: Neighbourhood of a site.

    Example:
        >>> from ..geometry.cuts import ladder
        >>> cut, around = ladder((4,), (True,)).cuts[0], Neighbourhood(1, 1)
        >>> marginal_view(cut, around).known.tolist()
        [[[False, False, False], [True, False, False]]]
        >>> conditional_view(cut, around).known.tolist()
        [[[True, False, False], [True, False, True]]]
    """
    places, shift = _places(cut.right), _second_half(cut)
    neighbours, inside = _wrapped((places + shift)[:, None] + around.steps, cut.parent, cut.wraps)
    rest = neighbours - shift
    first = rest[..., cut.axis] < 0
    before = _inward_ranks(rest, cut) < _inward_ranks(places, cut)[:, None]
    return _view(cut.parent, places + shift, inside & (first | before), cut.right[-1])


def near_cut(view: View, cut: Cut, layers: int = 1) -> View:
    """The sites of a cut's view within a few layers of the first half.

    M is made of these sites, but they are a small part of a view.

    Args:
        view: A view of the cut.
        cut: The cut.
        layers: Number of layers.

    Example:
        >>> from ..geometry.cuts import ladder
        >>> cut = ladder((8,), (True,)).cuts[0]  # a ring: the halves meet at both ends
        >>> near_cut(conditional_view(cut, Neighbourhood(1, 1)), cut).places.ravel().tolist()
        [4, 7]
    """
    depth = view.places[..., cut.axis] - cut.left[cut.axis]
    if cut.wraps[cut.axis]:
        depth = np.minimum(depth, cut.right[cut.axis] - 1 - depth)
    near = depth < layers
    if (near.all(axis=1) | ~near.any(axis=1)).all():  # runs lie along the layers
        return View(view.window, view.places[near[:, 0]], view.known[near[:, 0]])
    return View(view.window, view.places[near][:, None], view.known[near][:, None])


def _view(window: Shape, places: np.ndarray, known: np.ndarray, side: int) -> View:
    """A view in runs that divide the last side."""
    length = max(run for run in range(1, min(side, _LONGEST_RUN) + 1) if side % run == 0)
    runs = places.reshape(-1, length, len(window))
    return View(window, runs, known.reshape(-1, length, known.shape[-1]))


def _second_half(cut: Cut) -> np.ndarray:
    """Coordinates of the origin of the second half."""
    shift = np.zeros(len(cut.parent), np.int64)
    shift[cut.axis] = cut.left[cut.axis]
    return shift


def _places(shape: Shape) -> np.ndarray:
    return np.stack(np.unravel_index(np.arange(prod(shape)), shape), axis=1)


def _before(
    places: np.ndarray, shape: Shape, wraps: Sequence[bool], steps: np.ndarray
) -> np.ndarray:
    """Whether each neighbour lies inside and comes before its site."""

    def is_before(sites: np.ndarray) -> np.ndarray:
        neighbours, inside = _wrapped(sites[:, None] + steps, shape, wraps)
        earlier: np.ndarray = _ranks(neighbours, shape) < _ranks(sites, shape)[:, None]
        known: np.ndarray = inside & earlier
        return known

    parts = np.array_split(places, 1 + len(places) * len(steps) // _AT_ONCE)
    return np.concatenate([is_before(part) for part in parts])


def _wrapped(
    coordinates: np.ndarray, shape: Shape, wraps: Sequence[bool]
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates wrapped along the periodic axes, and whether they are inside the window."""
    sides, closed = np.array(shape), np.array(wraps)
    inside = closed | ((coordinates >= 0) & (coordinates < sides))
    wrapped = np.where(closed, coordinates % sides, coordinates)
    return wrapped, np.all(inside, axis=-1)


def _inward_ranks(coordinates: np.ndarray, cut: Cut) -> np.ndarray:
    """Order of the sites of the second half, from the cut inwards."""
    layers, last = coordinates[..., cut.axis], cut.right[cut.axis] - 1
    if cut.faces == 2:
        layers = np.where(2 * layers <= last, 2 * layers, 2 * (last - layers) + 1)
    inward = coordinates.copy()
    inward[..., cut.axis] = layers
    return _ranks(inward, cut.right, cut.axis)


def _ranks(coordinates: np.ndarray, shape: Shape, slowest: int = 0) -> np.ndarray:
    """Order of the sites: layer by layer along one axis, row by row within a layer."""
    order = [slowest, *[axis for axis in range(len(shape)) if axis != slowest]]
    strides = np.cumprod((1, *[shape[axis] for axis in order[:0:-1]]))[::-1]
    ranks: np.ndarray = coordinates[..., order] @ strides
    return ranks
