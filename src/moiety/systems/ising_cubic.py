r"""Ising model on a simple cubic torus: E = -J sum_<ij> s_i s_j - H sum_i s_i, s = ±1.

Not solved; its critical temperature is T_c = 4.511523 J (Ferrenberg, Xu & Landau, Phys.
Rev. E 97, 043301 (2018)).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ..data.samples import Samples
from ..exact import enumeration
from ._lattice import checked_number, checked_shape, neighbour_table, sublattices
from ._sampling import lattice_samples
from ._spins import SPINS, ising_energy, ising_symmetries

__all__ = ["IsingCubic"]


@dataclass(frozen=True)
class IsingCubic:
    """Ising spins on a periodic simple cubic lattice.

    Arguments:
        size: Side, or `(Lx, Ly, Lz)`.  A side of 2 has two bonds a pair, a side of 1 none.
        temperature: In units of energy (k_B = 1).
        coupling: J; negative for an antiferromagnet.
        field: H.

    Example:
        >>> IsingCubic(size=4, temperature=4.5).sample(samples=64, seed=1)
        <Samples discrete q=2, 8 chains x 8 draws of 4x4x4, periodic>
        >>> IsingCubic(size=4, temperature=4.5).exact_entropy() is None
        True
    """

    size: int | tuple[int, int, int]
    temperature: float
    coupling: float = 1.0
    field: float = 0.0

    name: ClassVar[str] = "ising-cubic"

    def __post_init__(self):
        object.__setattr__(self, "size", checked_shape(self.size, 3))
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
        """All axes are."""
        return (True, True, True)

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
        """Entropy per site in nats, by enumeration of up to 20 sites, else none."""
        return enumeration.system_entropy(self, 2)

    def entropy_infinite(self) -> float | None:
        """None: the model is not solved."""
        return None

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
