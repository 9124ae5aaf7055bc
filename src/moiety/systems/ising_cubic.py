r"""Ising model on a simple cubic torus: E = -J sum_<ij> s_i s_j - H sum_i s_i, s = ±1.

The model is not solved.  Its critical temperature is T_c = 4.511523 J: Ferrenberg, Xu & Landau,
Phys. Rev. E 97, 043301 (2018), https://doi.org/10.1103/PhysRevE.97.043301
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..exact import enumeration
from ._spins import IsingModel

__all__ = ["IsingCubic"]


@dataclass(frozen=True)
class IsingCubic(IsingModel):
    """Ising spins on a periodic simple cubic lattice.

    Args:
        size: Side, or `(Lx, Ly, Lz)`.  A side of 2 has two bonds per pair of sites, a side of 1
            none.
        temperature: T in units of energy (k_B = 1).
        coupling: J; negative for an antiferromagnet.
        field: H.

    Example:
        >>> IsingCubic(size=4, temperature=4.5).sample(samples=64, seed=1)
        <Samples discrete q=2, 8 chains x 8 draws of 4x4x4, periodic>
        >>> IsingCubic(size=4, temperature=4.5).exact_entropy() is None
        True
    """

    name: ClassVar[str] = "ising-cubic"
    axes: ClassVar[int] = 3

    def exact_entropy(self) -> float | None:
        """Entropy per site in nats by enumeration of up to 20 sites; None for larger lattices."""
        return enumeration.system_entropy(self, 2)

    def entropy_infinite(self) -> float | None:
        """None: the model is not solved."""
        return None
