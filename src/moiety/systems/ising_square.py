r"""Ising model on a square torus: E = -J sum_<ij> s_i s_j - H sum_i s_i, s = ±1.

Onsager, Phys. Rev. 65, 117 (1944); on the torus Kaufman, Phys. Rev. 76, 1232 (1949).
Its critical temperature is T_c = 2 J / ln(1 + sqrt 2) = 2.269185 J.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ..data.samples import Samples
from ..exact import enumeration
from ..exact.chain import chain_entropy
from ..exact.kaufman import kaufman_entropy
from ..exact.onsager import onsager_entropy
from ._lattice import checked_number, checked_shape, neighbour_table, sublattices
from ._sampling import lattice_samples
from ._spins import SPINS, ising_energy, ising_symmetries

__all__ = ["IsingSquare"]


@dataclass(frozen=True)
class IsingSquare:
    """Ising spins on a periodic square lattice.

    Arguments:
        size: Side, or `(Lx, Ly)`.  A side of 2 has two bonds a pair, a side of 1 none.
        temperature: In units of energy (k_B = 1).
        coupling: J; negative for an antiferromagnet.
        field: H.

    Example:
        >>> model = IsingSquare(size=8, temperature=2.5)
        >>> model.sample(samples=64, seed=1)
        <Samples discrete q=2, 8 chains x 8 draws of 8x8, periodic>
        >>> round(IsingSquare(64, 1.8).exact_entropy(), 7)
        0.0935228
    """

    size: int | tuple[int, int]
    temperature: float
    coupling: float = 1.0
    field: float = 0.0

    name: ClassVar[str] = "ising-square"

    def __post_init__(self):
        object.__setattr__(self, "size", checked_shape(self.size, 2))
        object.__setattr__(
            self, "temperature", checked_number("temperature", self.temperature, positive=True)
        )
        object.__setattr__(self, "coupling", checked_number("coupling", self.coupling))
        object.__setattr__(self, "field", checked_number("field", self.field))

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
        """Of the Hamiltonian, see `samples.SYMMETRIES`."""
        return ising_symmetries(self.shape, self.field)

    def parameters(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def energy(self, values: np.ndarray) -> np.ndarray:
        """Total energies, shape `(chain, draw)`, of codes 0 (down) and 1 (up)."""
        return ising_energy(values, self.coupling, self.field)

    def exact_entropy(self) -> float | None:
        """Entropy per site of this lattice in nats, where it is known.

        Kaufman's torus at H = 0 (any J on even sides, where J and -J are one model), the
        ring for a single row, up to 20 sites by enumeration.
        """
        if min(self.shape) == 1:
            return chain_entropy(
                self.temperature, max(self.shape), coupling=self.coupling, field=self.field
            )
        if self.field == 0 and (self.coupling >= 0 or not any(side % 2 for side in self.shape)):
            return kaufman_entropy(self.temperature, self.shape, coupling=self.coupling)
        return enumeration.system_entropy(self, 2)

    def entropy_infinite(self) -> float | None:
        """Entropy per site of the infinite lattice in nats; none in a field."""
        return (
            onsager_entropy(self.temperature, coupling=self.coupling) if self.field == 0 else None
        )

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Samples:
        """Practically independent samples; see `_sampling.lattice_samples` for the algorithms.

        Arguments:
            samples: Number of samples, rounded up to equal draws of all chains.
            algorithm: `"heat-bath"`, `"metropolis"`, `"swendsen-wang"`, `"wolff"`, `"mixed"` or
                `"replica-exchange"`; the best by default.
            options: Of `_walk.walk`: `chains`, `seed`, `thinning`, `burn_in`, `progress`, ..
        """
        bond, field = 2 * self.coupling / self.temperature, self.field / self.temperature
        options |= {"samples": samples, "algorithm": algorithm}
        options["groups"] = sublattices(self.shape, 2) if bond < 0 else None
        return lattice_samples(self, neighbour_table(self.shape), SPINS, bond, field, **options)
