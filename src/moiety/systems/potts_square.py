r"""Potts model of q states on a square torus: E = -J sum_<ij> delta(s_i, s_j), s = 0..q-1.

The ferromagnet orders at T_c = J / ln(1 + sqrt q), continuously for q <= 4.  For larger q the
transition is discontinuous, and coexisting phases interchange slowly.

Wu, Rev. Mod. Phys. 54, 235 (1982), https://doi.org/10.1103/RevModPhys.54.235
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..data.samples import Samples
from ..exact import enumeration
from ._lattice import checked_states, equal_bonds, neighbour_table, sublattices
from ._models import LatticeModel
from ._sampling import lattice_samples
from ._spins import ising_symmetries

__all__ = ["PottsSquare"]


@dataclass(frozen=True)
class PottsSquare(LatticeModel):
    """Potts states on a periodic square lattice.

    Args:
        size: Side, or `(Lx, Ly)`.  A side of 2 has two bonds per pair of sites, a side of 1 none.
        temperature: T in units of energy (k_B = 1).
        states: q, from 2 to 256.
        coupling: J; negative for an antiferromagnet.

    Example:
        >>> PottsSquare(size=8, temperature=1.0).sample(samples=64, seed=1)
        <Samples discrete q=3, 8 chains x 8 draws of 8x8, periodic>
        >>> round(PottsSquare(size=(4, 3), temperature=1e9).exact_entropy(), 6)  # log 3
        1.098612
    """

    name: ClassVar[str] = "potts-square"

    temperature: float
    states: int = 3
    coupling: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_numbers("temperature", positive=True)
        self._check_numbers("coupling")
        object.__setattr__(self, "states", checked_states(self.states))

    @property
    def symmetries(self) -> tuple[str, ...]:
        """Symmetries of the Hamiltonian; see `moiety.data.samples.SYMMETRIES`.

        `flip`, the reversal of the codes, permutes equivalent states.
        """
        return ising_symmetries(self.shape, 0.0)

    def energy(self, values: np.ndarray) -> np.ndarray:
        """Total energies, shape `(chain, draw)`, of codes 0..q-1."""
        return -self.coupling * equal_bonds(values)

    def exact_entropy(self) -> float | None:
        """Entropy per site in nats by enumeration of up to 2**20 configurations, else None."""
        return enumeration.system_entropy(self, self.states)

    def entropy_infinite(self) -> float | None:
        """None: only the critical point is solved."""
        return None

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Samples:
        """Practically independent samples; `_sampling.lattice_samples` describes the algorithms.

        Args:
            samples: Number of samples, rounded up to equally many draws from each chain.
            algorithm: `"wolff"`, `"swendsen-wang"` or `"metropolis"`; the fastest valid algorithm
                by default.  An antiferromagnet of more than 2 states admits only
                `"metropolis"`; 2 states admit all algorithms of the Ising models.
            options: Options of `driver.run_chains`: `chains`, `seed`, `thinning`, `burn_in`, ...
        """
        labels, bond = tuple(range(self.states)), self.coupling / self.temperature
        options |= {"samples": samples, "algorithm": algorithm}
        options["groups"] = sublattices(self.shape, 2) if bond < 0 else None
        return lattice_samples(self, neighbour_table(self.shape), labels, bond, **options)
