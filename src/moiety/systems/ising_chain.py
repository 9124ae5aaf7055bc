r"""Ising model on a ring: E = -J sum_i s_i s_{i+1} - H sum_i s_i, s = ±1.

Solved by its transfer matrix: Ising, Z. Phys. 31, 253 (1925), https://doi.org/10.1007/BF02980577
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..exact.chain import chain_entropy
from ._spins import IsingModel

__all__ = ["IsingChain"]


@dataclass(frozen=True)
class IsingChain(IsingModel):
    """Ising spins on a ring.

    Args:
        size: Number of sites.  A ring of 2 sites has two bonds, a ring of 1 site none.
        temperature: T in units of energy (k_B = 1).
        coupling: J; negative for an antiferromagnet.
        field: H.

    Example:
        >>> model = IsingChain(size=64, temperature=1.0)
        >>> model.sample(samples=64, seed=1)
        <Samples discrete q=2, 8 chains x 8 draws of 64, periodic>
        >>> round(model.exact_entropy(), 7)
        0.3653338
    """

    name: ClassVar[str] = "ising-chain"
    axes: ClassVar[int] = 1

    size: int

    def exact_entropy(self) -> float | None:
        """Entropy per site of this ring in nats."""
        return chain_entropy(self.temperature, self.size, coupling=self.coupling, field=self.field)

    def entropy_infinite(self) -> float | None:
        """Entropy per site of the infinite chain in nats."""
        return chain_entropy(self.temperature, coupling=self.coupling, field=self.field)
