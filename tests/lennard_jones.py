r"""Lennard-Jones atoms for tests: Metropolis moves of single atoms in a periodic cube.

    U = 4 sum_{i<j} (r^-12 - r^-6)     for r < cut, with the nearest images

A cut potential is not shifted.  Distances to all other atoms are computed for each move, which is
quick enough for a thousand atoms.
"""

import numpy as np
from numba import njit

from moiety import Particles

WIDEST = 4.0  # cut of the potential in diameters


@njit(cache=True)
def _energy(positions, side, cut2, which, x, y, z):
    total = 0.0
    for j in range(len(positions)):
        if j == which:
            continue
        dx, dy, dz = positions[j, 0] - x, positions[j, 1] - y, positions[j, 2] - z
        dx -= side * np.round(dx / side)
        dy -= side * np.round(dy / side)
        dz -= side * np.round(dz / side)
        r2 = dx * dx + dy * dy + dz * dz
        if r2 < cut2:
            inverse = 1 / (r2 * r2 * r2)
            total += 4 * inverse * (inverse - 1)
    return total


@njit(cache=True)
def _sweeps(positions, side, cut2, temperature, step, number, seed):
    np.random.seed(seed)
    n, accepted = len(positions), 0
    for _ in range(number * n):
        i = np.random.randint(n)
        x, y, z = positions[i]
        new = np.empty(3)
        for axis in range(3):
            new[axis] = (positions[i, axis] + step * (2 * np.random.random() - 1)) % side
        change = _energy(positions, side, cut2, i, new[0], new[1], new[2])
        change -= _energy(positions, side, cut2, i, x, y, z)
        if change <= 0 or np.random.random() < np.exp(-change / temperature):
            positions[i] = new
            accepted += 1
    return accepted / (number * n)


def lattice(cells, side):
    """A face-centred cubic lattice of 4 cells^3 atoms."""
    corners = np.stack(np.meshgrid(*[np.arange(cells)] * 3, indexing="ij"), -1).reshape(-1, 1, 3)
    base = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]) + 0.25
    return (corners + base).reshape(-1, 3) * side / cells


def lennard_jones(cells, temperature, density, frames, *, seed, gap=20, burn_in=400, step=0.25):
    """Frames of 4 cells^3 atoms, `gap` sweeps apart.

    The step fits fluids at half of the density of a liquid: about half of the moves are accepted.
    """
    side = (4 * cells**3 / density) ** (1 / 3)
    cut2, positions = min(WIDEST, side / 2) ** 2, lattice(cells, side)
    shots = []
    for k in range(frames):
        number = burn_in if k == 0 else gap
        _sweeps(positions, side, cut2, temperature, step, number, seed + 1000003 * k)
        shots.append(positions.copy())
    return Particles.from_frames(shots, cells=side, periodic=True)
