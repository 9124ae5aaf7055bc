r"""Hybrid Monte Carlo of Lennard-Jones atoms in a periodic cube.

    U = 4 sum_{i<j} (r^-12 - r^-6)    for r < cutoff, with the nearest images, not shifted.

An update draws momenta of unit mass from exp(-p^2 / 2T), follows Newton's equations by the leapfrog
for a random number of steps and accepts the end with probability min(1, exp(-dH / T)).  The
leapfrog keeps volumes and can be reversed, so the distribution exp(-U / T) is stationary whatever
its step.  All atoms move together, so long density waves relax in a few updates.

Duane, Kennedy, Pendleton & Roweth, Phys. Lett. B 195, 216 (1987),
https://doi.org/10.1016/0370-2693(87)91197-X

Each force is the sum over all other atoms without branches, which a processor does several at a
time: for 864 atoms as fast as a list of neighbours.  The time grows with the square of the number.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ._arrays import Reals, Stream
from .splitmix import below, uniform

__all__ = ["forces", "hybrid"]

# sums in any order, and division by the square of a distance of "infinity"
_FAST = {"contract", "reassoc", "arcp", "nsz"}


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def forces(points: Reals, side: float, square: float, result: Reals) -> tuple[float, float]:
    """Compute the force on each atom.

    Args:
        points: x, y and z of the atoms, shape `(3, atoms)`.
        side: Side of the box.
        square: Square of the cutoff, at most half the side.
        result: Filled with the forces, shape `(3, atoms)`.

    Returns:
        U, and the virial sum_{i<j} r_ij f_ij.
    """
    number, per_side = points.shape[1], 1.0 / side
    energy, virial = 0.0, 0.0
    for i in range(number):
        x, y, z = points[0, i], points[1, i], points[2, i]
        along, across, upward = 0.0, 0.0, 0.0
        for j in range(number):
            dx, dy, dz = x - points[0, j], y - points[1, j], z - points[2, j]
            dx -= side * np.floor(dx * per_side + 0.5)
            dy -= side * np.floor(dy * per_side + 0.5)
            dz -= side * np.floor(dz * per_side + 0.5)
            r2 = dx * dx + dy * dy + dz * dz
            inverse = 1.0 / (r2 if (r2 < square) & (j != i) else np.inf)
            sixth = inverse * inverse * inverse
            energy += sixth * (sixth - 1.0)
            pull = sixth * (2.0 * sixth - 1.0)
            virial += pull
            pull *= inverse
            along += pull * dx
            across += pull * dy
            upward += pull * dz
        result[0, i], result[1, i], result[2, i] = 24.0 * along, 24.0 * across, 24.0 * upward
    return 2.0 * energy, 12.0 * virial


@njit(nogil=True, cache=True)
def _momenta(momenta: Reals, temperature: float, rng: Stream) -> float:
    """Draw momenta, shape `(3, atoms)`, by Box and Muller; return their energy."""
    energy = 0.0
    for axis in range(3):
        for i in range(momenta.shape[1]):
            size = np.sqrt(-2.0 * temperature * np.log(1.0 - uniform(rng)))
            momenta[axis, i] = size * np.cos(2.0 * np.pi * uniform(rng))
            energy += momenta[axis, i] ** 2
    return 0.5 * energy


@njit(nogil=True, cache=True)
def hybrid(
    state: Reals,
    side: float,
    cutoff: float,
    temperature: float,
    step: float,
    steps: int,
    updates: int,
    rng: Stream,
) -> int:
    """Move atoms in place by a number of updates.

    Args:
        state: x, y and z of each atom in turn, in [0, side), followed by U / N, by the virial over
            3 N T and by the share of accepted updates; shape `(3 * atoms + 3,)`.
        side: Side of the box.
        cutoff: Distance at which the potential is cut, at most half the side.
        temperature: T in units of eps.
        step: Time step, in units of sigma sqrt(mass / eps).
        steps: Mean number of steps of an update.
        updates: Number of updates.
        rng: Random stream of `splitmix`.

    Returns:
        Number of coordinates times updates.
    """
    number = len(state) // 3 - 1
    points = np.ascontiguousarray(state[: 3 * number].reshape(number, 3).T)
    pull, momenta = np.empty((3, number)), np.empty((3, number))
    energy, virial = forces(points, side, cutoff * cutoff, pull)
    accepted = 0
    for _ in range(updates):
        old, old_pull, before, old_virial = points.copy(), pull.copy(), energy, virial
        kinetic = _momenta(momenta, temperature, rng)
        for _ in range(1 + below(rng, 2 * steps - 1)):
            momenta += 0.5 * step * pull
            points += step * momenta
            energy, virial = forces(points, side, cutoff * cutoff, pull)
            momenta += 0.5 * step * pull
        change = energy - before + 0.5 * np.sum(momenta * momenta) - kinetic
        if uniform(rng) < np.exp(-change / temperature):
            accepted += 1
            points -= side * np.floor(points / side)
        else:
            points, pull, energy, virial = old, old_pull, before, old_virial
    for i in range(number):
        for axis in range(3):
            moved = points[axis, i]
            state[3 * i + axis] = moved if moved < side else 0.0
    state[-3], state[-2] = energy / number, virial / (3.0 * number * temperature)
    state[-1] = accepted / updates
    return updates * len(state)
