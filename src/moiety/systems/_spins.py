r"""Ising spins on a hypercubic torus: codes 0, 1 for s = -1, +1, and E = -J sum s s' - H sum s."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..data.samples import Samples
from ._lattice import equal_bonds, neighbour_table, sublattices
from ._models import SpinModel
from ._sampling import lattice_samples

__all__ = ["SPINS", "IsingModel", "ising_energy", "ising_symmetries"]

SPINS = (-1, 1)


@dataclass(frozen=True)
class IsingModel(SpinModel):
    """Ising spins on a hypercubic torus; a subclass adds what is known exactly.

    Args:
        size: Side of the lattice, or one side per axis.
        temperature: T in units of energy (k_B = 1).
        coupling: J; negative for an antiferromagnet.
        field: H.
    """

    @property
    def symmetries(self) -> tuple[str, ...]:
        """Symmetries of the Hamiltonian; see `moiety.data.samples.SYMMETRIES`."""
        return ising_symmetries(self.shape, self.field)

    def energy(self, values: np.ndarray) -> np.ndarray:
        """Total energies, shape `(chain, draw)`, of codes 0 (down) and 1 (up)."""
        return ising_energy(values, self.coupling, self.field)

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Samples:
        """Practically independent samples; `_sampling.lattice_samples` describes the algorithms.

        Args:
            samples: Number of samples, rounded up to equally many draws from each chain.
            algorithm: `"heat-bath"`, `"metropolis"`, `"swendsen-wang"`, `"wolff"`, `"mixed"` or
                `"replica-exchange"`; the fastest valid algorithm by default.
            options: Options of `driver.run_chains`: `chains`, `seed`, `thinning`, `burn_in`, ...
        """
        bond, field = 2 * self.coupling / self.temperature, self.field / self.temperature
        options |= {"samples": samples, "algorithm": algorithm}
        options["groups"] = sublattices(self.shape, 2) if bond < 0 else None
        return lattice_samples(self, neighbour_table(self.shape), SPINS, bond, field, **options)


def ising_energy(values: np.ndarray, coupling: float, field: float) -> np.ndarray:
    """Total energies on a hypercubic torus.

    Args:
        values: Codes, shape `(chain, draw, *space)`.
        coupling: J.
        field: H.

    Returns:
        Shape `(chain, draw)`.

    Example:
        >>> ising_energy(np.ones((1, 1, 4, 4), np.uint8), 1.0, 0.5)
        array([[-40.]])
    """
    shape = values.shape[2:]
    bonds = prod(shape) * sum(side > 1 for side in shape)
    magnetisation = 2 * values.sum(axis=tuple(range(2, values.ndim)), dtype=np.int64) - prod(shape)
    energies: np.ndarray = -coupling * (2 * equal_bonds(values) - bonds) - field * magnetisation
    return energies


def ising_symmetries(shape: tuple[int, ...], field: float) -> tuple[str, ...]:
    """Symmetries of the Ising Hamiltonian on a hypercubic torus.

    Example:
        >>> ising_symmetries((8, 8), 0.0), ising_symmetries((8, 4), 1.0)
        (('flip', 'reflect', 'transpose'), ('reflect',))
    """
    flip = ("flip",) if field == 0 else ()
    transpose = ("transpose",) if len(set(shape)) < len(shape) else ()
    return (*flip, "reflect", *transpose)
