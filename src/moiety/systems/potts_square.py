r"""Potts model of q states on a square torus: E = -J sum_<ij> delta(s_i, s_j), s = 0..q-1.

Wu, Rev. Mod. Phys. 54, 235 (1982).  The ferromagnet orders at T_c = J / ln(1 + sqrt q),
continuously for q <= 4; beyond, coexisting phases take long to exchange.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ..data.samples import Samples
from ..exact import enumeration
from ._lattice import (
    checked_number,
    checked_shape,
    checked_states,
    equal_bonds,
    neighbour_table,
    sublattices,
)
from ._sampling import lattice_samples
from ._spins import ising_symmetries

__all__ = ["PottsSquare"]


@dataclass(frozen=True)
class PottsSquare:
    """Potts states on a periodic square lattice.

    Arguments:
        size: Side, or `(Lx, Ly)`.  A side of 2 has two bonds a pair, a side of 1 none.
        temperature: In units of energy (k_B = 1).
        states: q, from 2 to 256.
        coupling: J; negative for an antiferromagnet.

    Example:
        >>> PottsSquare(size=8, temperature=1.0).sample(samples=64, seed=1)
        <Samples discrete q=3, 8 chains x 8 draws of 8x8, periodic>
        >>> round(PottsSquare(size=(4, 3), temperature=1e9).exact_entropy(), 6)  # log 3
        1.098612
    """

    size: int | tuple[int, int]
    temperature: float
    states: int = 3
    coupling: float = 1.0

    name: ClassVar[str] = "potts-square"

    def __post_init__(self):
        object.__setattr__(self, "size", checked_shape(self.size, 2))
        object.__setattr__(
            self, "temperature", checked_number("temperature", self.temperature, positive=True)
        )
        object.__setattr__(self, "coupling", checked_number("coupling", self.coupling))
        object.__setattr__(self, "states", checked_states(self.states))

    @property
    def shape(self) -> tuple[int, ...]:
        """Sides of the lattice."""
        return self.size

    @property
    def periodic(self) -> tuple[bool, ...]:
        """Both axes are."""
        return (True, True)

    @property
    def symmetries(self) -> tuple[str, ...]:
        """Of the Hamiltonian, see `samples.SYMMETRIES`; to reverse the codes permutes equal states."""
        return ising_symmetries(self.shape, 0.0)

    def parameters(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def energy(self, values: np.ndarray) -> np.ndarray:
        """Total energies, shape `(chain, draw)`, of codes 0..q-1."""
        return -self.coupling * equal_bonds(values)

    def exact_entropy(self) -> float | None:
        """Entropy per site in nats, by enumeration of up to 2**20 states, else none."""
        return enumeration.system_entropy(self, self.states)

    def entropy_infinite(self) -> float | None:
        """None: only the critical point is solved."""
        return None

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Samples:
        """Practically independent samples; see `_sampling.lattice_samples` for the algorithms.

        Arguments:
            samples: Number of samples, rounded up to equal draws of all chains.
            algorithm: `"wolff"`, `"swendsen-wang"` or `"metropolis"`, the only one for an
                antiferromagnet of more than 2 states; of 2 states as for Ising; the best by default.
            options: Of `_walk.walk`: `chains`, `seed`, `thinning`, `burn_in`, `progress`, ..
        """
        labels, bond = tuple(range(self.states)), self.coupling / self.temperature
        options |= {"samples": samples, "algorithm": algorithm}
        options["groups"] = sublattices(self.shape, 2) if bond < 0 else None
        return lattice_samples(self, neighbour_table(self.shape), labels, bond, **options)
