"""Compiled search for the particles of a crop.

Frames are sorted into bins, so that the cost of a crop grows with the particles in it, not with
the box.  The kernels work in three dimensions; missing dimensions have a single bin.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..data.particles import Particles

__all__ = ["SPACE", "Bins", "Placements", "binned", "gather"]

SPACE = 3  # dimensions of the kernels
_MOST_BINS = 1024  # along an edge

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Bins(NamedTuple):
    """Particles sorted by frame and bin.

    Args:
        positions: Positions, shape `(total, 3)`.
        diameters: Diameters, shape `(total,)`; 1 if unknown.
        starts: First particle of each bin of each frame, then `total`.
        cells: Edge vectors of each box as rows, shape `(n, 3, 3)`.
        inverse: Inverse cells.
        closed: Whether the boundary is periodic, for each edge.
        bins: Number of bins along each edge.
        order: Index of each particle before the sorting.
    """

    positions: Floats
    diameters: Floats
    starts: Integers
    cells: Floats
    inverse: Floats
    closed: Flags
    bins: Integers
    order: Integers


class Placements(NamedTuple):
    """Where crops lie.

    Args:
        samples: Frame of each crop, shape `(n,)`.
        orders: Axis of space along which each axis of the crop lies, shape `(n, 3)`.
        flips: Whether each axis of the crop is reflected, shape `(n, 3)`.
        places: Random numbers in [0, 1) that choose the corner, shape `(n, 3)`.
    """

    samples: Integers
    orders: Integers
    flips: Flags
    places: Floats


_SORTED: WeakKeyDictionary[Particles, Bins] = WeakKeyDictionary()


def binned(particles: Particles) -> Bins:
    """Sort particles into bins, once for each object.

    Args:
        particles: Frames.
    """
    if particles not in _SORTED:
        _SORTED[particles] = _sort(particles)
    return _SORTED[particles]


def _sort(particles: Particles) -> Bins:
    space, n = particles.dimensions, particles.n
    cells = np.tile(np.eye(SPACE), (n, 1, 1))
    cells[:, :space, :space] = particles.cells
    inverse = np.asarray(np.linalg.inv(cells), np.float64)
    positions = np.zeros((len(particles.positions), SPACE))
    positions[:, :space] = particles.positions
    widths = np.median(1.0 / np.linalg.norm(inverse, axis=1), axis=0)
    spacing = particles.density ** (-1 / space)
    bins = np.ones(SPACE, np.int64)
    bins[:space] = np.clip(widths[:space] / spacing, 1, _MOST_BINS)
    frames = np.repeat(np.arange(n), particles.counts)
    fractions = np.einsum("ni,nij->nj", positions, inverse[frames])
    index = np.clip((fractions * bins).astype(np.int64), 0, bins - 1)
    flat = ((frames * bins[0] + index[:, 0]) * bins[1] + index[:, 1]) * bins[2] + index[:, 2]
    order = np.argsort(flat, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(flat, minlength=n * prod(bins.tolist())))])
    diameters = np.ones(len(positions)) if particles.diameters is None else particles.diameters
    closed = np.array([*particles.periodic, *[False] * (SPACE - space)])
    sorted_diameters = diameters[order].astype(np.float64)
    return Bins(positions[order], sorted_diameters, starts, cells, inverse, closed, bins, order)


@njit(nogil=True, cache=True)
def _place(
    cell: Floats, closed: Flags, place: Floats, spread: Floats, space: int, origin: Floats
) -> None:
    """Choose the corner of a crop: anywhere in a periodic box, else with the crop inside."""
    everywhere = True
    for axis in range(space):
        everywhere = everywhere and closed[axis]
    for axis in range(space):
        origin[axis] = 0.0
        if everywhere:
            for edge in range(space):
                origin[axis] += place[edge] * cell[edge, axis]
        else:
            room = cell[axis, axis] if closed[axis] else cell[axis, axis] - spread[axis]
            origin[axis] = place[axis] * room


@njit(nogil=True, cache=True)
def _cover(
    origin: Floats,
    spread: Floats,
    inverse: Floats,
    closed: Flags,
    bins: Integers,
    low: Integers,
    high: Integers,
) -> None:
    """First and last bin along each edge that a crop overlaps, also beyond a periodic boundary."""
    for edge in range(3):
        least, most = np.inf, -np.inf
        for which in range(8):
            part = 0.0
            for axis in range(3):
                part += (origin[axis] + spread[axis] * ((which >> axis) & 1)) * inverse[axis, edge]
            least, most = min(least, part), max(most, part)
        low[edge], high[edge] = (
            int(np.floor(least * bins[edge] - 1e-9)),
            int(np.floor(most * bins[edge] + 1e-9)),
        )
        if not closed[edge]:
            low[edge], high[edge] = max(low[edge], 0), min(high[edge], bins[edge] - 1)


@njit(nogil=True, cache=True)
def _into_box(index: Integers, bins: Integers, shift: Integers) -> None:
    """Move a bin into the box; `shift` becomes the number of boxes along each edge."""
    for edge in range(3):
        shift[edge] = index[edge] // bins[edge]
        index[edge] -= shift[edge] * bins[edge]


@njit(nogil=True, cache=True)
def _is_inside(
    position: Floats,
    shift: Integers,
    cell: Floats,
    origin: Floats,
    spread: Floats,
    space: int,
    corner: Floats,
) -> bool:
    """Whether an image of a particle is in the crop; `corner` becomes its position there."""
    inside = True
    for axis in range(space):
        value = position[axis] - origin[axis]
        for edge in range(space):
            value += shift[edge] * cell[edge, axis]
        corner[axis] = value
        inside = inside and 0.0 <= value < spread[axis]
    return inside


@njit(nogil=True, cache=True)
def _on_pixel(value: float, pixel: float) -> float:
    """The centre of the pixel that holds a coordinate; the coordinate itself without pixels."""
    return value if pixel == 0.0 else (np.floor(value / pixel) + 0.5) * pixel


@njit(nogil=True, cache=True)
def _store(
    corner: Floats,
    order: Integers,
    flip: Flags,
    parent: Floats,
    space: int,
    pixel: float,
    diameter: float,
    kind: int,
    points: NDArray[np.float32],
    counts: Integers,
) -> None:
    """Count a particle of a crop and write it down if there is room."""
    across = corner[order[0]]
    if flip[0]:
        across = parent[0] - across
    half = 0 if across < 0.5 * parent[0] else 1
    place = counts[half]
    counts[half] += 1
    if place >= points.shape[1]:
        return
    points[half, place, 0] = _on_pixel(abs(across - 0.5 * parent[0]), pixel)
    for axis in range(1, space):
        value = corner[order[axis]]
        value = parent[axis] - value if flip[axis] else value
        points[half, place, axis] = _on_pixel(value, pixel)
    points[half, place, 3] = diameter
    points[half, place, 4] = kind
    points[half, place, 5] = 1.0


@njit(nogil=True, cache=True)
def gather(
    frames: Bins,
    kinds: Integers,
    placements: Placements,
    parent: Floats,
    space: int,
    pixel: float,
    points: NDArray[np.float32],
    counts: Integers,
) -> None:
    """Fill in the particles of each crop.

    Args:
        frames: Particles in bins.
        kinds: Kind of each particle in the order of the bins.
        placements: Where the crops lie.
        parent: Sides of a crop, shape `(3,)`.
        space: Number of space dimensions.
        pixel: Side of a pixel, whose centre replaces positions inside it; 0 for exact positions.
        points: Filled with the distance from the interface, the positions along it, the diameter,
            the kind and 1 for each particle, shape `(n, 2, most, 6)`.  Particles beyond `most` are
            dropped.
        counts: Increased by the number of particles in each half, shape `(n, 2)`.
    """
    origin, corner, spread = np.zeros(3), np.zeros(3), np.zeros(3)
    low, high, bins = np.zeros(3, np.int64), np.zeros(3, np.int64), frames.bins
    shift, index = np.zeros(3, np.int64), np.zeros(3, np.int64)
    for n in range(len(placements.samples)):
        k, order = placements.samples[n], placements.orders[n]
        for axis in range(3):
            spread[order[axis]] = parent[axis]
        cell = frames.cells[k]
        _place(cell, frames.closed, placements.places[n], spread, space, origin)
        _cover(origin, spread, frames.inverse[k], frames.closed, bins, low, high)
        for x in range(low[0], high[0] + 1):
            for y in range(low[1], high[1] + 1):
                for z in range(low[2], high[2] + 1):
                    index[0], index[1], index[2] = x, y, z
                    _into_box(index, bins, shift)
                    at = ((k * bins[0] + index[0]) * bins[1] + index[1]) * bins[2] + index[2]
                    for i in range(frames.starts[at], frames.starts[at + 1]):
                        position = frames.positions[i]
                        if _is_inside(position, shift, cell, origin, spread, space, corner):
                            _store(
                                corner,
                                order,
                                placements.flips[n],
                                parent,
                                space,
                                pixel,
                                frames.diameters[i],
                                kinds[i],
                                points[n],
                                counts[n],
                            )
