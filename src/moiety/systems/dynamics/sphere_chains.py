r"""Event chains of hard spheres of diameter 1 in a periodic cube.

The chains of `event_chains`, along x, y or z: a random sphere slides until it meets another, which
then slides in its place, until the slides add up to the length of the chain.  The pressure follows
from the same sum,

    Z = <distance from first to last position along the chain> / <length>,

where an event adds the distance sqrt(1 - h^2) between the two centres along the axis, h their
transverse distance.  Spheres are found by cubic cells, each searched in all its periodic images, so
the kernels are right for boxes of any side above 1.

Michel, Kapfer & Krauth, J. Chem. Phys. 140, 054116 (2014), https://arxiv.org/abs/1309.7748
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ._arrays import Reals, Sites, Stream
from .event_chains import CONTACT, cell_of, enter, leave
from .splitmix import below, uniform

__all__ = ["crystal_order", "fill_cells", "sphere_chains"]


@njit(nogil=True, cache=True)
def fill_cells(positions: Reals, side: float, cells: int) -> tuple[Sites, Sites]:
    """First sphere of each cell, shape `(cells^3,)`, and next in the same cell, `(spheres,)`."""
    first, following = np.full(cells**3, -1, np.int32), np.empty(len(positions), np.int32)
    for i in range(len(positions)):
        enter(first, following, _place(positions, i, side, cells), i)
    return first, following


@njit(nogil=True, cache=True)
def _place(positions: Reals, i: int, side: float, cells: int) -> int:
    """Number of the cell that holds sphere i."""
    number = 0
    for axis in range(3):
        number = number * cells + cell_of(positions[i, axis], side, cells)
    return number


@njit(nogil=True, cache=True)
def _nearest(
    positions: Reals,
    following: Sites,
    j: int,
    i: int,
    axis: int,
    shifts: tuple[float, float, float],
    best: tuple[float, int, float],
) -> tuple[float, int, float]:
    """The first contact of sphere i with the spheres of a list that begins with j.

    Args:
        positions: Shape `(spheres, 3)`.
        following: Next sphere of each sphere's list.
        j: First sphere of the list; -1 if it is empty.
        i: The sphere that slides.
        axis: Axis along which it slides.
        shifts: Shifts of the image of the list along this axis and the two after it.
        best: Distance, sphere and distance between centres along the axis of the contact so far.
    """
    p, q = (axis + 1) % 3, (axis + 2) % 3
    while j >= 0:
        along = positions[j, axis] + shifts[0] - positions[i, axis]
        x = positions[j, p] + shifts[1] - positions[i, p]
        y = positions[j, q] + shifts[2] - positions[i, q]
        height = CONTACT * CONTACT - x * x - y * y
        if along > 0.0 and height > 0.0 and j != i:
            depth = np.sqrt(height)
            if along - depth < best[0]:
                best = (max(along - depth, 0.0), j, depth)
        j = following[j]
    return best


@njit(nogil=True, cache=True)
def _image(cell: int, side: float, cells: int) -> tuple[int, float]:
    """A cell inside the box, and the shift of the image with this number."""
    if cell < 0:
        return cell + cells, -side
    return (cell - cells, side) if cell >= cells else (cell, 0.0)


@njit(nogil=True, cache=True)
def _first_contact(
    positions: Reals,
    first: Sites,
    following: Sites,
    i: int,
    axis: int,
    side: float,
    cells: int,
    most: float,
) -> tuple[float, int, float]:
    """Find the first sphere that sphere i meets when it slides along an axis.

    Layers of cells are searched in order; the next layer can matter only beyond `horizon`.

    Returns:
        Distance, at most `most`; the sphere that is met, or i if there is none; and the distance
        between the two centres along the axis.
    """
    p, q = (axis + 1) % 3, (axis + 2) % 3
    here, width = positions[i, axis], side / cells
    layer = cell_of(here, side, cells)
    row, column = cell_of(positions[i, p], side, cells), cell_of(positions[i, q], side, cells)
    best = (most, i, 0.0)
    for ahead in range(cells + 1):
        if (layer + ahead) * width - here - CONTACT > best[0]:
            return best
        far, shift = _image(layer + ahead, side, cells)
        for beside in range(-1, 2):
            lane, lift = _image(row + beside, side, cells)
            for above in range(-1, 2):
                level, rise = _image(column + above, side, cells)
                cell = (
                    far * cells ** (2 - axis) + lane * cells ** (2 - p) + level * cells ** (2 - q)
                )
                shifts = (shift, lift, rise)
                best = _nearest(positions, following, first[cell], i, axis, shifts, best)
    horizon = (layer + cells + 1) * width - here - CONTACT
    return (horizon, i, 0.0) if horizon < best[0] else best


@njit(nogil=True, cache=True)
def _slide(
    positions: Reals,
    first: Sites,
    following: Sites,
    i: int,
    axis: int,
    side: float,
    cells: int,
    step: float,
) -> None:
    old = _place(positions, i, side, cells)
    moved = positions[i, axis] + step
    positions[i, axis] = moved if moved < side else moved - side
    new = _place(positions, i, side, cells)
    if new != old:
        leave(first, following, old, i)
        enter(first, following, new, i)


@njit(nogil=True, cache=True)
def sphere_chains(
    state: Reals, side: float, cells: int, length: float, chains: int, rng: Stream
) -> None:
    """Move spheres in place by a number of chains.

    Args:
        state: x, y and z of each sphere in turn, in [0, side), followed by Z as measured by these
            chains; shape `(3 * spheres + 1,)`.
        side: Side of the box, above 1.
        cells: Number of cells along a side.
        length: Mean length of the chains.
        chains: Number of chains.
        rng: Random stream of `splitmix`.
    """
    positions = state[:-1].reshape(-1, 3)
    first, following = fill_cells(positions, side, cells)
    gaps, lengths = 0.0, 0.0
    for _ in range(chains):
        axis, i = below(rng, 3), below(rng, len(positions))
        left = 2.0 * length * uniform(rng)
        lengths += left
        while left > 0.0:
            step, hit, gap = _first_contact(
                positions, first, following, i, axis, side, cells, min(left, side)
            )
            _slide(positions, first, following, i, axis, side, cells, step)
            left -= step
            gaps += gap
            i = hit
    state[-1] = 1.0 + gaps / lengths


@njit(nogil=True, cache=True)
def crystal_order(positions: Reals, side: float, cells: int) -> float:
    """Mean of |sum_i exp(i k r_i)|^2 / N^2 over the shortest k of a face-centred cubic crystal.

    It is 1 for a perfect crystal of `cells` unit cells along each side and 1/N for points.
    """
    total, unit = 0.0, 2.0 * np.pi * cells / side
    for vector in range(4):
        up, right = 1.0 - 2.0 * (vector % 2), 1.0 - 2.0 * (vector // 2)
        cosines, sines = 0.0, 0.0
        for x, y, z in positions:
            angle = unit * (x + up * y + right * z)
            cosines += np.cos(angle)
            sines += np.sin(angle)
        total += cosines * cosines + sines * sines
    return total / (4.0 * len(positions) ** 2)
