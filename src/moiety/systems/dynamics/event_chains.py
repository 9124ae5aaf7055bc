r"""Event chains of hard disks of diameter 1 in a periodic square box.

A random disk slides along +x or +y until it meets another disk, which then slides in its place,
until the lengths of all slides add up to the length of the chain.  No move is ever rejected.  The
uniform measure over configurations without overlap is stationary: as many chains end in each
configuration as leave it (global balance).  The length of a chain is uniform between 0 and twice
its mean, so no length is commensurate with the box.  States are observed only between chains,
because at an event two disks touch.

The chains also measure the pressure,

    Z = <distance from first to last position along the chain> / <length>,

where an event adds the distance sqrt(1 - h^2) between the two centres, h their transverse offset.

Disks are found by square cells at least as wide as the reach.  The disks of a cell form a linked
list: `first (cell)`, and `following (disk)`, -1 at its end.  A cell is searched in each of its
periodic images, so the kernels are right for boxes of any side above 1.

- Bernard, Krauth & Wilson, Phys. Rev. E 80, 056704 (2009), https://arxiv.org/abs/0903.2954
- Pressure: Michel, Kapfer & Krauth, J. Chem. Phys. 140, 054116 (2014),
  https://arxiv.org/abs/1309.7748
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numba import njit

from ._arrays import Reals, Sites, Stream
from .splitmix import below, uniform

__all__ = [
    "BOND",
    "CONTACT",
    "bonds",
    "cell_of",
    "densest_cells",
    "enter",
    "event_chains",
    "fill",
    "leave",
    "waves",
]

# Disks touch slightly before 1, so rounding of positions causes no overlap in boxes of up to 10^4
# diameters.
CONTACT = 1.0 + 1e-11
BOND = 1.5  # distance below which two disks are neighbours


def densest_cells(side: float, reach: float, particles: int, dimensions: int = 2) -> int:
    """Number of cells along a side: at least as wide as the reach, not many more than particles.

    Args:
        side: Side of the box.
        reach: Least width of a cell.
        particles: Number of particles.
        dimensions: Number of space dimensions.

    Example:
        >>> densest_cells(7.9, 1.5, 100), densest_cells(1.2, 1.5, 1), densest_cells(7.9, 1.5, 4)
        (5, 1, 2)
    """
    return max(min(int(side / reach), ceil(float(particles ** (1 / dimensions)))), 1)


@njit(nogil=True, cache=True)
def cell_of(coordinate: float, side: float, cells: int) -> int:
    """Number of the cell along an axis that holds a coordinate."""
    return min(int(coordinate / side * cells), cells - 1)


@njit(nogil=True, cache=True)
def enter(first: Sites, following: Sites, cell: int, i: int) -> None:
    """Put particle i into the list of a cell."""
    following[i] = first[cell]
    first[cell] = i


@njit(nogil=True, cache=True)
def leave(first: Sites, following: Sites, cell: int, i: int) -> None:
    """Take particle i out of the list of its cell."""
    if first[cell] == i:
        first[cell] = following[i]
        return
    before = first[cell]
    while following[before] != i:
        before = following[before]
    following[before] = following[i]


@njit(nogil=True, cache=True)
def fill(positions: Reals, side: float, cells: int) -> tuple[Sites, Sites]:
    """First disk of each cell, shape `(cells^2,)`, and next disk in the same cell, `(disks,)`."""
    first, following = np.full(cells * cells, -1, np.int32), np.empty(len(positions), np.int32)
    for i in range(len(positions)):
        column, row = cell_of(positions[i, 0], side, cells), cell_of(positions[i, 1], side, cells)
        enter(first, following, column * cells + row, i)
    return first, following


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
    """Find the first disk that disk i meets when it slides along an axis.

    Columns of cells are searched in order; the next column can matter only beyond `horizon`.

    Returns:
        Distance, at most `most`; the disk that is met, or i if there is none; and the distance
        between the two centres along the axis.
    """
    here, across = positions[i, axis], positions[i, 1 - axis]
    column, row, width = cell_of(here, side, cells), cell_of(across, side, cells), side / cells
    step, hit, gap = most, i, 0.0
    for ahead in range(cells + 1):
        horizon = (column + ahead) * width - here - CONTACT
        if horizon > step:
            return step, hit, gap
        far = column + ahead
        shift = side if far >= cells else 0.0
        far -= cells if far >= cells else 0
        for beside in range(-1, 2):
            lane = row + beside
            lift = -side if lane < 0 else side if lane >= cells else 0.0
            lane = lane + cells if lane < 0 else lane - cells if lane >= cells else lane
            cell = far * cells + lane if axis == 0 else lane * cells + far
            j = first[cell]
            while j >= 0:
                along, offset = (
                    positions[j, axis] + shift - here,
                    positions[j, 1 - axis] + lift - across,
                )
                height = CONTACT * CONTACT - offset * offset
                if along > 0.0 and height > 0.0 and j != i:
                    depth = np.sqrt(height)
                    if along - depth < step:
                        step, hit, gap = max(along - depth, 0.0), j, depth
                j = following[j]
    horizon = (column + cells + 1) * width - here - CONTACT
    return (horizon, i, 0.0) if horizon < step else (step, hit, gap)


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
    old = cell_of(positions[i, axis], side, cells)
    moved = positions[i, axis] + step
    positions[i, axis] = moved if moved < side else moved - side
    new = cell_of(positions[i, axis], side, cells)
    if new != old:
        lane = cell_of(positions[i, 1 - axis], side, cells)
        leave(first, following, old * cells + lane if axis == 0 else lane * cells + old, i)
        enter(first, following, new * cells + lane if axis == 0 else lane * cells + new, i)


@njit(nogil=True, cache=True)
def _chain(
    positions: Reals,
    first: Sites,
    following: Sites,
    i: int,
    axis: int,
    side: float,
    cells: int,
    length: float,
) -> float:
    """Run a chain from disk i; return the sum of the distances between centres at its events."""
    left, gaps = length, 0.0
    while left > 0.0:
        step, hit, gap = _first_contact(
            positions, first, following, i, axis, side, cells, min(left, side)
        )
        _slide(positions, first, following, i, axis, side, cells, step)
        left -= step
        gaps += gap
        i = hit
    return gaps


@njit(nogil=True, cache=True)
def event_chains(
    state: Reals, side: float, cells: int, length: float, chains: int, rng: Stream
) -> None:
    """Move disks in place by a number of chains.

    Args:
        state: x and y of each disk in turn, in [0, side), followed by Z as measured by these
            chains; shape `(2 * disks + 1,)`.
        side: Side of the box, above 1.
        cells: Number of cells along a side.
        length: Mean length of the chains.
        chains: Number of chains.
        rng: Random stream of `splitmix`.
    """
    positions = state[:-1].reshape(-1, 2)
    first, following = fill(positions, side, cells)
    gaps, lengths = 0.0, 0.0
    for _ in range(chains):
        axis, i = below(rng, 2), below(rng, len(positions))
        reach = 2.0 * length * uniform(rng)
        gaps += _chain(positions, first, following, i, axis, side, cells, reach)
        lengths += reach
    state[-1] = 1.0 + gaps / lengths


@njit(nogil=True, cache=True)
def waves(positions: Reals, side: float) -> Reals:
    """|sum_i exp(i k r_i)|^2 / N at the wavevectors of length 2 pi / side along the axes."""
    power = np.zeros(positions.shape[1])
    for axis in range(positions.shape[1]):
        cosines, sines = 0.0, 0.0
        for i in range(len(positions)):
            angle = 2.0 * np.pi / side * positions[i, axis]
            cosines += np.cos(angle)
            sines += np.sin(angle)
        power[axis] = (cosines * cosines + sines * sines) / len(positions)
    return power


@njit(nogil=True, cache=True)
def bonds(positions: Reals, side: float, cells: int) -> tuple[float, float, float]:
    """Means over disks of local order.

    Returns:
        Number of neighbours, and the real and imaginary parts of the sum of exp(6 i t) over the
        directions t of the neighbours.
    """
    first, following = fill(positions, side, cells)
    number, total = 0, 0.0j
    for i in range(len(positions)):
        column, row = cell_of(positions[i, 0], side, cells), cell_of(positions[i, 1], side, cells)
        for right in range(-1, 2):
            for up in range(-1, 2):
                far, lane = column + right, row + up
                shift = -side if far < 0 else side if far >= cells else 0.0
                lift = -side if lane < 0 else side if lane >= cells else 0.0
                cell = (far + cells) % cells * cells + (lane + cells) % cells
                j = first[cell]
                while j >= 0:
                    x, y = (
                        positions[j, 0] + shift - positions[i, 0],
                        positions[j, 1] + lift - positions[i, 1],
                    )
                    square = x * x + y * y
                    if j != i and square < BOND * BOND:
                        z = complex(x, y)
                        z = z * z * z
                        number += 1
                        total += z * z / (square * square * square)
                    j = following[j]
    return number / len(positions), total.real / len(positions), total.imag / len(positions)
