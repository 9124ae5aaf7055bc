r"""Lennard-Jones atoms for tests: Metropolis moves of single atoms in a periodic cube.

    U = 4 sum_{i<j} (r^-12 - r^-6)     for r < cut, with the nearest images

A cut potential is not shifted.  Distances to all other atoms are computed for each move, which is
quick enough for a thousand atoms.
"""

import numpy as np
from numba import njit

from moiety import Particles

WIDEST = 4.0  # cut of the potential in diameters


@njit(fastmath={"contract", "reassoc", "arcp", "nsz"}, error_model="numpy", inline="always")
def _energy(positions, r, side, cut2, j, itself):
    """Energy of atom j and an atom at r; 0 for the atom itself."""
    dx, dy, dz = positions[0, j] - r[0], positions[1, j] - r[1], positions[2, j] - r[2]
    dx -= side * np.floor(dx / side + 0.5)
    dy -= side * np.floor(dy / side + 0.5)
    dz -= side * np.floor(dz / side + 0.5)
    r2 = dx * dx + dy * dy + dz * dz
    r2 = np.inf if itself else r2
    inverse = 1 / (r2 * r2 * r2)
    return 4 * inverse * (inverse - 1) if r2 < cut2 else 0.0


# sums in any order and distances without branches: about ten times as fast
@njit(cache=True, fastmath={"contract", "reassoc", "arcp", "nsz"}, error_model="numpy")
def _change(positions, side, cut2, i, old, new):
    total = 0.0
    for j in range(positions.shape[1]):
        total += _energy(positions, new, side, cut2, j, j == i)
        total -= _energy(positions, old, side, cut2, j, j == i)
    return total


@njit(cache=True)
def _sweeps(positions, side, cut2, temperature, step, number, seed):
    """Move atoms, positions of shape `(3, n)`; returns the share of accepted moves."""
    np.random.seed(seed)
    n, accepted = positions.shape[1], 0
    old, new = np.empty(3), np.empty(3)
    for _ in range(number * n):
        i = np.random.randint(n)
        old[:] = positions[:, i]
        for axis in range(3):
            new[axis] = (old[axis] + step * (2 * np.random.random() - 1)) % side
        change = _change(positions, side, cut2, i, old, new)
        if change <= 0 or np.random.random() < np.exp(-change / temperature):
            positions[:, i] = new
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
    cut2, positions = min(WIDEST, side / 2) ** 2, np.ascontiguousarray(lattice(cells, side).T)
    shots = []
    for k in range(frames):
        number = burn_in if k == 0 else gap
        _sweeps(positions, side, cut2, temperature, step, number, seed + 1000003 * k)
        shots.append(positions.T.copy())
    return Particles.from_frames(shots, cells=side, periodic=True)
