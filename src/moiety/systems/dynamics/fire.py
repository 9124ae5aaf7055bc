r"""FIRE minimisation of the energy of soft disks.

    E = sum_{i<j} (1 - r_ij / sigma_ij)^2 / 2    for r_ij < sigma_ij = (sigma_i + sigma_j) / 2

in a periodic square, with a neighbour list that is renewed as disks move.  FIRE is molecular
dynamics that bends the velocities towards the forces, accelerates while the motion is downhill, and
stops when it is not, with half a step back.  Masses, energies and the smaller diameter are 1.

- Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006), https://doi.org/10.1103/PhysRevLett.97.170201
- Guenole et al., Comput. Mater. Sci. 175, 109584 (2020),
  https://doi.org/10.1016/j.commatsci.2020.109584
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ._arrays import Integers, Reals

__all__ = ["contacts", "forces", "neighbours", "relax"]

SKIN = 0.3  # width of the skin in smaller diameters
_FIRST_STEP, _LONGEST_STEP, _SHORTEST_STEP = 0.1, 0.35, 1e-3
_GROWTH, _SHRINKAGE, _PATIENCE = 1.1, 0.5, 5
_MIXING, _FADING = 0.1, 0.99
_PER_DISK = 14  # initial capacity of the neighbour list per disk


@njit(nogil=True, cache=True)
def neighbours(
    positions: Reals, diameters: Reals, side: float, skin: float
) -> tuple[Integers, Integers]:
    """Pairs of disks closer than their contact distance plus a skin, each pair once.

    Returns:
        Place in the list at which the pairs of each disk start, shape `(n + 1,)`, and the other
        disk of each pair.
    """
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
def forces(
    positions: Reals, diameters: Reals, side: float, starts: Integers, others: Integers, out: Reals
) -> tuple[float, float]:
    """Fill in the forces, shape `(n, 2)`; return energy and virial, the sum of r f over pairs."""
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
def relax(
    positions: Reals, diameters: Reals, side: float, tolerance: float, steps: int
) -> tuple[float, float, float, int]:
    """Move disks to the nearest minimum of the energy.

    Args:
        positions: Shape `(n, 2)`; moved in place, possibly out of the box.
        diameters: Shape `(n,)`.
        side: Side of the box.
        tolerance: Largest force that may remain on a disk.
        steps: Largest number of steps.

    Returns:
        Energy, virial, largest force and number of steps.
    """
    skin = SKIN * diameters.min()
    pull, velocities, listed = np.zeros_like(positions), np.zeros_like(positions), positions.copy()
    starts, others = neighbours(positions % side, diameters, side, skin)
    energy, virial = forces(positions, diameters, side, starts, others, pull)
    step, mixing, downhill = _FIRST_STEP, _MIXING, 0
    largest = np.inf
    for taken in range(steps):
        power, along, length, largest = _progress(pull, velocities)
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
            _step_back(positions, velocities, step)
            along = 0.0
        turn = mixing * np.sqrt(along / length)
        moved = _move(positions, velocities, pull, listed, step, mixing, turn)
        if 4.0 * moved > skin * skin:
            listed[:] = positions
            starts, others = neighbours(positions % side, diameters, side, skin)
        energy, virial = forces(positions, diameters, side, starts, others, pull)
    return energy, virial, largest, steps


@njit(nogil=True, cache=True)
def _progress(pull: Reals, velocities: Reals) -> tuple[float, float, float, float]:
    """Power F v, v^2 and F^2 of all disks, and the largest force on a disk."""
    power = along = length = largest = 0.0
    for i in range(len(pull)):
        fx, fy, vx, vy = pull[i, 0], pull[i, 1], velocities[i, 0], velocities[i, 1]
        power += fx * vx + fy * vy
        along += vx * vx + vy * vy
        squared = fx * fx + fy * fy
        length += squared
        largest = max(largest, squared)
    return power, along, length, np.sqrt(largest)


@njit(nogil=True, cache=True)
def _step_back(positions: Reals, velocities: Reals, step: float) -> None:
    """Go back by half a step, and stop."""
    for i in range(len(positions)):
        for axis in range(2):
            positions[i, axis] -= 0.5 * step * velocities[i, axis]
            velocities[i, axis] = 0.0


@njit(nogil=True, cache=True)
def _move(
    positions: Reals,
    velocities: Reals,
    pull: Reals,
    listed: Reals,
    step: float,
    mixing: float,
    turn: float,
) -> float:
    """Bend the velocities, accelerate and move.

    Returns:
        Largest squared distance of a disk from its listed position.
    """
    moved = 0.0
    for i in range(len(positions)):
        squared = 0.0
        for axis in range(2):
            velocities[i, axis] = (
                (1.0 - mixing) * velocities[i, axis] + turn * pull[i, axis] + step * pull[i, axis]
            )
            positions[i, axis] += step * velocities[i, axis]
            squared += (positions[i, axis] - listed[i, axis]) ** 2
        moved = max(moved, squared)
    return moved


@njit(nogil=True, cache=True)
def contacts(positions: Reals, diameters: Reals, side: float) -> Integers:
    """Number of contacts of each disk, shape `(n,)`, after rattlers are removed.

    Rattlers are disks with fewer than three contacts; removing them can create new rattlers.
    """
    starts, others = neighbours(positions % side, diameters, side, 0.0)
    held = np.ones(len(positions), np.bool_)
    counts = np.zeros(len(positions), np.int64)
    while True:
        counts[:] = 0
        for i in range(len(positions)):
            for k in range(starts[i], starts[i + 1]):
                if held[i] and held[others[k]]:
                    counts[i] += 1
                    counts[others[k]] += 1
        loose = 0
        for i in range(len(positions)):
            if held[i] and counts[i] < 3:
                held[i] = False
                loose += 1
        if loose == 0:
            return counts
