r"""What all Ising models share: codes 0, 1 for s = -1, +1, and E = -J sum s s' - H sum s."""

from __future__ import annotations

from math import prod

import numpy as np

from ._lattice import equal_bonds

__all__ = ["SPINS", "ising_energy", "ising_symmetries"]

SPINS = (-1, 1)


def ising_energy(values: np.ndarray, coupling: float, field: float) -> np.ndarray:
    """Total energies on a (hyper)cubic torus.

    Arguments:
        values: Codes, shape `(chain, draw, *space)`.

    Returns:
        Shape `(chain, draw)`.

    Example:
        >>> ising_energy(np.ones((1, 1, 4, 4), np.uint8), 1.0, 0.5)
        array([[-40.]])
    """
    shape = values.shape[2:]
    bonds = prod(shape) * sum(side > 1 for side in shape)
    magnetisation = 2 * values.sum(axis=tuple(range(2, values.ndim)), dtype=np.int64) - prod(shape)
    return -coupling * (2 * equal_bonds(values) - bonds) - field * magnetisation


def ising_symmetries(shape: tuple[int, ...], field: float) -> tuple[str, ...]:
    """Symmetries of the Hamiltonian on a (hyper)cubic torus.

    Example:
        >>> ising_symmetries((8, 8), 0.0), ising_symmetries((8, 4), 1.0)
        (('flip', 'reflect', 'transpose'), ('reflect',))
    """
    flip = ("flip",) if field == 0 else ()
    transpose = ("transpose",) if len(set(shape)) < len(shape) else ()
    return (*flip, "reflect", *transpose)
