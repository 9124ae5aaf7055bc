r"""Minimising the energy of soft disks: FIRE, with a list of neighbours that is made anew as they move.

    E = sum_{i<j} (1 - r_ij / sigma_ij)^2 / 2    for r_ij < sigma_ij = (sigma_i + sigma_j) / 2

in a periodic square.  FIRE (Bitzek et al., PRL 97, 170201 (2006)) is molecular dynamics that bends the
velocities towards the forces, goes faster while that is downhill, and stops dead where it is not;
with half a step back there (Guenole et al., Comput. Mater. Sci. 175, 109584 (2020)).

Masses, energies and the smaller diameter are 1.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["contacts", "forces", "neighbours", "relax"]

SKIN = 0.3  # of the list, in smaller diameters
_FIRST_STEP, _LONGEST_STEP, _SHORTEST_STEP = 0.1, 0.35, 1e-3
_GROWTH, _SHRINKAGE, _PATIENCE = 1.1, 0.5, 5
_MIXING, _FADING = 0.1, 0.99
_PER_DISK = 14  # places of the list for each disk, to begin with


@njit(nogil=True, cache=True)
def neighbours(positions, diameters, side, skin):
    """Pairs nearer than their contact and a skin, each once: where each disk's begin, `(n + 1,)`, and the others."""
    count = len(positions)
    cut = diameters.max() + skin
    along = max(int(side / cut), 1)
    cell_of = np.empty(count, np.int64)
    heads = np.full(along * along, -1, np.int64)
    following = np.empty(count, np.int64)
    for i in range(count):
        column, row = (
            int(positions[i, 0] / side * along) % along,
            int(positions[i, 1] / side * along) % along,
        )
        cell_of[i] = column * along + row
        following[i] = heads[cell_of[i]]
        heads[cell_of[i]] = i
    starts = np.zeros(count + 1, np.int64)
    others = np.empty(_PER_DISK * count, np.int64)
    filled = 0
    around = min(along, 3)
    for i in range(count):
        column, row = cell_of[i] // along, cell_of[i] % along
        for a in range(around):
            for b in range(around):
                j = heads[
                    (column + a - around // 2) % along * along + (row + b - around // 2) % along
                ]
                while j >= 0:
                    if j > i:
                        x, y = positions[j, 0] - positions[i, 0], positions[j, 1] - positions[i, 1]
                        x -= side * np.rint(x / side)
                        y -= side * np.rint(y / side)
                        reach = 0.5 * (diameters[i] + diameters[j]) + skin
                        if x * x + y * y < reach * reach:
                            if filled == len(others):
                                others = np.concatenate((others, np.empty(len(others), np.int64)))
                            others[filled] = j
                            filled += 1
                    j = following[j]
        starts[i + 1] = filled
    return starts, others[:filled]


@njit(nogil=True, cache=True)
def forces(positions, diameters, side, starts, others, out):
    """Fill in the forces, shape `(n, 2)`; the energy and the virial, sum over pairs of r f."""
    energy = virial = 0.0
    out[:] = 0.0
    for i in range(len(positions)):
        for k in range(starts[i], starts[i + 1]):
            j = others[k]
            x, y = positions[j, 0] - positions[i, 0], positions[j, 1] - positions[i, 1]
            x -= side * np.rint(x / side)
            y -= side * np.rint(y / side)
            contact = 0.5 * (diameters[i] + diameters[j])
            squared = x * x + y * y
            if squared < contact * contact:
                distance = np.sqrt(squared)
                overlap = 1.0 - distance / contact
                energy += 0.5 * overlap * overlap
                virial += distance * overlap / contact
                push = overlap / contact / max(distance, 1e-300)
                out[i, 0] -= push * x
                out[i, 1] -= push * y
                out[j, 0] += push * x
                out[j, 1] += push * y
    return energy, virial


@njit(nogil=True, cache=True)
def relax(positions, diameters, side, tolerance, steps):
    """Move disks to the nearest minimum of the energy.

    Arguments:
        positions: Shape `(n, 2)`; moved in place, and outside the box where they have left it.
        diameters: Shape `(n,)`.
        side: Of the box.
        tolerance: Largest force that may be left on a disk.
        steps: At most.

    Returns:
        Energy, virial, largest force and the number of steps.
    """
    skin = SKIN * diameters.min()
    pull, velocities, listed = np.zeros_like(positions), np.zeros_like(positions), positions.copy()
    starts, others = neighbours(positions % side, diameters, side, skin)
    energy, virial = forces(positions, diameters, side, starts, others, pull)
    step, mixing, downhill = _FIRST_STEP, _MIXING, 0
    largest = np.inf
    for taken in range(steps):
        power = along = length = largest = 0.0
        for i in range(len(positions)):
            fx, fy, vx, vy = pull[i, 0], pull[i, 1], velocities[i, 0], velocities[i, 1]
            power += fx * vx + fy * vy
            along += vx * vx + vy * vy
            squared = fx * fx + fy * fy
            length += squared
            largest = max(largest, squared)
        largest = np.sqrt(largest)
        if largest <= tolerance:
            return energy, virial, largest, taken
        if power > 0 or taken == 0:
            downhill += 1
            if downhill > _PATIENCE:
                step = min(step * _GROWTH, _LONGEST_STEP)
                mixing *= _FADING
        else:
            downhill = 0
            step = max(step * _SHRINKAGE, _SHORTEST_STEP)
            mixing = _MIXING
            for i in range(len(positions)):
                for axis in range(2):
                    positions[i, axis] -= 0.5 * step * velocities[i, axis]
                    velocities[i, axis] = 0.0
            along = 0.0
        turn = mixing * np.sqrt(along / length)
        moved = 0.0
        for i in range(len(positions)):
            squared = 0.0
            for axis in range(2):
                velocities[i, axis] = (
                    (1.0 - mixing) * velocities[i, axis]
                    + turn * pull[i, axis]
                    + step * pull[i, axis]
                )
                positions[i, axis] += step * velocities[i, axis]
                squared += (positions[i, axis] - listed[i, axis]) ** 2
            moved = max(moved, squared)
        if 4.0 * moved > skin * skin:
            listed[:] = positions
            starts, others = neighbours(positions % side, diameters, side, skin)
        energy, virial = forces(positions, diameters, side, starts, others, pull)
    return energy, virial, largest, steps


@njit(nogil=True, cache=True)
def contacts(positions, diameters, side):
    """Contacts of each disk, shape `(n,)`, once rattlers are gone: those left with fewer than three, again and again."""
    starts, others = neighbours(positions % side, diameters, side, 0.0)
    held = np.ones(len(positions), np.bool_)
    found = np.zeros(len(positions), np.int64)
    while True:
        found[:] = 0
        for i in range(len(positions)):
            for k in range(starts[i], starts[i + 1]):
                if held[i] and held[others[k]]:
                    found[i] += 1
                    found[others[k]] += 1
        loose = 0
        for i in range(len(positions)):
            if held[i] and found[i] < 3:
                held[i] = False
                loose += 1
        if loose == 0:
            return found
