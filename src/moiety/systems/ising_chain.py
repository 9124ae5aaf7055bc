r"""Ising model on a ring: E = -J sum_i s_i s_{i+1} - H sum_i s_i, s = ±1.

Ising, Z. Phys. 31, 253 (1925); solved by its transfer matrix.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ..data.samples import Samples
from ..exact.chain import chain_entropy
from ._lattice import checked_number, checked_shape, neighbour_table, sublattices
from ._sampling import lattice_samples
from ._spins import SPINS, ising_energy, ising_symmetries

__all__ = ["IsingChain"]


@dataclass(frozen=True)
class IsingChain:
    """Ising spins on a ring.

    Arguments:
        size: Number of sites.  A ring of 2 has two bonds, one of 1 has none.
        temperature: In units of energy (k_B = 1).
        coupling: J; negative for an antiferromagnet.
        field: H.

    Example:
        >>> model = IsingChain(size=64, temperature=1.0)
        >>> model.sample(samples=64, seed=1)
        <Samples discrete q=2, 8 chains x 8 draws of 64, periodic>
        >>> round(model.exact_entropy(), 7)
        0.3653338
    """

    size: int
    temperature: float
    coupling: float = 1.0
    field: float = 0.0

    name: ClassVar[str] = "ising-chain"

    def __post_init__(self):
        object.__setattr__(self, "size", checked_shape(self.size, 1)[0])
        object.__setattr__(
            self, "temperature", checked_number("temperature", self.temperature, positive=True)
        )
        object.__setattr__(self, "coupling", checked_number("coupling", self.coupling))
        object.__setattr__(self, "field", checked_number("field", self.field))

    @property
    def shape(self) -> tuple[int, ...]:
        """Its one side."""
        return (self.size,)

    @property
    def periodic(self) -> tuple[bool, ...]:
        """Its one axis is."""
        return (True,)

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
        """Entropy per site of this ring in nats."""
        return chain_entropy(self.temperature, self.size, coupling=self.coupling, field=self.field)

    def entropy_infinite(self) -> float | None:
        """Entropy per site of the infinite chain in nats."""
        return chain_entropy(self.temperature, coupling=self.coupling, field=self.field)

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
