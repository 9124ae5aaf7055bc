r"""Event chains of hard disks of diameter 1 in a periodic square box (Bernard, Krauth & Wilson, PRE 80, 056704 (2009)).

A disk drawn at random slides along +x or +y until it meets another one, which slides on in its
stead, and so on until all slides together are as long as the chain.  No move is ever rejected.
The uniform measure over the configurations without overlap is stationary: as many chains end in
each of them as leave it (global balance).  The length of a chain is drawn uniformly up to twice
its mean, so that none fits the box by chance, and states are seen between chains only, for at
an event two disks touch.

The chain tells the pressure, too (Michel, Kapfer & Krauth, J. Chem. Phys. 140, 054116 (2014)):

    Z = <distance from where it begins to where it ends, along itself> / <length>,

in which an event adds the distance sqrt(1 - h^2) between the two centres, h their offset across.

Disks are found by square cells at least as wide as the reach.  The disks of a cell are a linked list:
`first (cell)`, and `following (disk)`, -1 at its end.  A cell is looked at in each of its periodic
images, which makes the kernels right for boxes of any side above 1.
"""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np
from numba import njit

from .splitmix import below, uniform

__all__ = ["bonds", "densest_cells", "event_chains", "fill", "waves"]

# Disks touch a little before 1: rounding of positions, in a chain and in boxes of up to 10^4 diameters, overlaps none.
CONTACT = 1.0 + 1e-11
BOND = 1.5  # distance below which two disks are neighbours


def densest_cells(side: float, reach: float, particles: int) -> int:
    """Cells along a side, at least as wide as the reach; in all about as many as disks at most.

    Example:
        >>> densest_cells(7.9, 1.5, 100), densest_cells(1.2, 1.5, 1), densest_cells(7.9, 1.5, 4)
        (5, 1, 2)
    """
    return max(min(int(side / reach), ceil(sqrt(particles))), 1)


@njit(nogil=True, cache=True)
def _cell(coordinate, side, cells):
    return min(int(coordinate / side * cells), cells - 1)


@njit(nogil=True, cache=True)
def _enter(first, following, cell, i):
    following[i] = first[cell]
    first[cell] = i


@njit(nogil=True, cache=True)
def _leave(first, following, cell, i):
    if first[cell] == i:
        first[cell] = following[i]
        return
    before = first[cell]
    while following[before] != i:
        before = following[before]
    following[before] = following[i]


@njit(nogil=True, cache=True)
def fill(positions, side, cells):
    """The first disk of each cell `(cells^2,)`, and which one follows each disk in its cell `(disks,)`."""
    first, following = np.full(cells * cells, -1, np.int32), np.empty(len(positions), np.int32)
    for i in range(len(positions)):
        _enter(
            first,
            following,
            _cell(positions[i, 0], side, cells) * cells + _cell(positions[i, 1], side, cells),
            i,
        )
    return first, following


@njit(nogil=True, cache=True)
def _first_contact(positions, first, following, i, axis, side, cells, most):
    """How far disk i slides along an axis, `most` at most, and into which one; itself where there is none.

    Columns of cells are looked at in order; the next one can matter only beyond `horizon`.
    """
    here, across = positions[i, axis], positions[i, 1 - axis]
    column, row, width = _cell(here, side, cells), _cell(across, side, cells), side / cells
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
def _slide(positions, first, following, i, axis, side, cells, step):
    old = _cell(positions[i, axis], side, cells)
    moved = positions[i, axis] + step
    positions[i, axis] = moved if moved < side else moved - side
    new = _cell(positions[i, axis], side, cells)
    if new != old:
        lane = _cell(positions[i, 1 - axis], side, cells)
        _leave(first, following, old * cells + lane if axis == 0 else lane * cells + old, i)
        _enter(first, following, new * cells + lane if axis == 0 else lane * cells + new, i)


@njit(nogil=True, cache=True)
def _chain(positions, first, following, i, axis, side, cells, length):
    """One chain that begins at disk i; the sum of the distances between centres at its events."""
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
def event_chains(state, side, cells, length, chains, rng):
    """Move disks in place by a number of chains.

    Arguments:
        state: x and y of each disk in turn, in [0, side), and at the end Z as these chains have it.
        side: Of the box, above 1.
        cells: Along a side.
        length: Of chains, their mean.
        chains: How many.
        rng: Stream of random numbers.
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
def waves(positions, side):
    """|sum_i exp(i k r_i)|^2 / N at the wavevectors (1, 0) and (0, 1) times 2 pi / side."""
    power = np.zeros(2)
    for axis in range(2):
        cosines, sines = 0.0, 0.0
        for i in range(len(positions)):
            angle = 2.0 * np.pi / side * positions[i, axis]
            cosines += np.cos(angle)
            sines += np.sin(angle)
        power[axis] = (cosines * cosines + sines * sines) / len(positions)
    return power


@njit(nogil=True, cache=True)
def bonds(positions, side, cells):
    """Neighbours of a disk, and the real and imaginary parts of the sum of exp(6 i t) over their directions t: means."""
    first, following = fill(positions, side, cells)
    number, total = 0, 0.0j
    for i in range(len(positions)):
        column, row = _cell(positions[i, 0], side, cells), _cell(positions[i, 1], side, cells)
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
