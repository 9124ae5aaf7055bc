r"""Ising model on a square torus: E = -J sum_<ij> s_i s_j - H sum_i s_i, s = ±1.

The critical temperature is T_c = 2 J / ln(1 + sqrt 2) = 2.269185 J.

- Infinite lattice: Onsager, Phys. Rev. 65, 117 (1944), https://doi.org/10.1103/PhysRev.65.117
- Torus: Kaufman, Phys. Rev. 76, 1232 (1949), https://doi.org/10.1103/PhysRev.76.1232
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..exact import enumeration
from ..exact.chain import chain_entropy
from ..exact.kaufman import kaufman_entropy
from ..exact.onsager import onsager_entropy
from ._spins import IsingModel

__all__ = ["IsingSquare"]


@dataclass(frozen=True)
class IsingSquare(IsingModel):
    """Ising spins on a periodic square lattice.

    Args:
        size: Side, or `(Lx, Ly)`.  A side of 2 has two bonds per pair of sites, a side of 1 none.
        temperature: T in units of energy (k_B = 1).
        coupling: J; negative for an antiferromagnet.
        field: H.

    Example:
        >>> model = IsingSquare(size=8, temperature=2.5)
        >>> model.sample(samples=64, seed=1)
        <Samples discrete q=2, 8 chains x 8 draws of 8x8, periodic>
        >>> round(IsingSquare(64, 1.8).exact_entropy(), 7)
        0.0935228
    """

    name: ClassVar[str] = "ising-square"

    def exact_entropy(self) -> float | None:
        """Entropy per site of this lattice in nats, or None where it is not known.

        Known are Kaufman's torus at H = 0 (for J < 0 on even sides only, where J and -J are
        equivalent), the ring for a single row, and up to 20 sites by enumeration.
        """
        if min(self.shape) == 1:
            return chain_entropy(
                self.temperature, max(self.shape), coupling=self.coupling, field=self.field
            )
        if self.field == 0 and (self.coupling >= 0 or not any(side % 2 for side in self.shape)):
            return kaufman_entropy(self.temperature, self.shape, coupling=self.coupling)
        return enumeration.system_entropy(self, 2)

    def entropy_infinite(self) -> float | None:
        """Entropy per site of the infinite lattice in nats; None in a field."""
        if self.field != 0:
            return None
        return onsager_entropy(self.temperature, coupling=self.coupling)
