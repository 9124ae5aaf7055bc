r"""Ising model on a triangular torus: E = -J sum_<ij> s_i s_j - H sum_i s_i, s = ±1.

Stored on a square array, the neighbours of a site are (±1, 0), (0, ±1), (1, 1), (-1, -1).  The
ferromagnet is critical at T_c = 4 J / ln 3 = 3.640957 J.  The antiferromagnet is frustrated and
disordered at every T > 0; at T = 0 its entropy is 0.3230659 nats per site.

- Houtappel, Physica 16, 425 (1950), https://doi.org/10.1016/0031-8914(50)90130-3
- Wannier, Phys. Rev. 79, 357 (1950), https://doi.org/10.1103/PhysRev.79.357
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from ..base.errors import InputError
from ..data.samples import Samples
from ..exact import enumeration
from ..exact.chain import chain_entropy
from ..exact.houtappel import houtappel_entropy
from ..exact.triangular_torus import LONGEST, triangular_torus_entropy
from ._lattice import neighbour_table, sublattices
from ._models import SpinModel
from ._sampling import as_samples, lattice_samples
from ._spins import SPINS
from .dynamics._arrays import Integers, Sites
from .dynamics.driver import Dynamics, run_chains
from .dynamics.lattice import single_lattice
from .dynamics.loops import loops

__all__ = ["IsingTriangular"]

_OFFSETS = ((1, 0), (0, 1), (1, 1))
_COLD = -3.0  # 2 J / T below which loops decorrelate faster than single spins


@dataclass(frozen=True)
class IsingTriangular(SpinModel):
    """Ising spins on a periodic triangular lattice.

    The three-sublattice correlations of the antiferromagnet fit the torus only if both sides are
    multiples of 3.  Other sides are legal but tilt the pattern, and cold tori then deviate from
    the infinite lattice with the opposite sign: at T = 0.5 the infinite lattice has s = 0.32922,
    u = -0.99730, the 60x60 torus s = 0.32877, u = -0.99758, the 64x64 torus s = 0.32949,
    u = -0.99715.  At T = 1 these three agree to 1e-8.

    Args:
        size: Side, or `(Lx, Ly)`.  A side of 2 has two bonds per pair of sites along it.  A side
            of 1 has none, and the diagonal bond then doubles the bond along the other side.
        temperature: T in units of energy (k_B = 1).
        coupling: J; negative for the frustrated antiferromagnet.
        field: H.

    Example:
        >>> model = IsingTriangular(size=6, temperature=2.0, coupling=-1.0)
        >>> model.sample(samples=64, seed=1)
        <Samples discrete q=2, 8 chains x 8 draws of 6x6, periodic>
        >>> round(model.entropy_infinite(), 7)
        0.554579
    """

    name: ClassVar[str] = "ising-triangular"

    @property
    def symmetries(self) -> tuple[str, ...]:
        """Symmetries of the Hamiltonian; see `moiety.data.samples.SYMMETRIES`.

        The reflection of one axis is not among them: it maps the bond (1, 1) to (-1, 1).
        """
        flip = ("flip",) if self.field == 0 else ()
        transpose = ("transpose",) if self.shape[0] == self.shape[1] else ()
        return (*flip, *transpose, "invert")

    def energy(self, values: np.ndarray) -> np.ndarray:
        """Total energies, shape `(chain, draw)`, of codes 0 (down) and 1 (up)."""
        products = 0  # sum over bonds of s s'
        for offset in _OFFSETS:
            if any(step % side for step, side in zip(offset, self.shape, strict=True)):
                neighbours = np.roll(values, [-step for step in offset], (2, 3))
                equal = (values == neighbours).sum(axis=(2, 3))
                products = products + 2 * equal - prod(self.shape)
        magnetisation = 2 * values.sum(axis=(2, 3), dtype=np.int64) - prod(self.shape)
        energies: np.ndarray = -self.coupling * products - self.field * magnetisation
        return energies

    def exact_entropy(self) -> float | None:
        """Entropy per site of this lattice in nats, or None where it is not known.

        Known are the four products of the torus at H = 0, the ring for a single row, and up to
        20 sites by enumeration.
        """
        short, long = min(self.shape), max(self.shape)
        if short == 1:  # the diagonal bond doubles the bond along the row
            return chain_entropy(
                self.temperature, long, coupling=2 * self.coupling, field=self.field
            )
        if self.field == 0 and (self.coupling >= 0 or long <= LONGEST * short):
            return triangular_torus_entropy(self.temperature, self.shape, coupling=self.coupling)
        return enumeration.system_entropy(self, 2)

    def entropy_infinite(self) -> float | None:
        """Entropy per site of the infinite lattice in nats; None in a field."""
        if self.field != 0:
            return None
        return houtappel_entropy(self.temperature, coupling=self.coupling)

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Samples:
        """Practically independent samples; `_sampling.lattice_samples` describes the algorithms.

        Clusters of the frustrated antiferromagnet fill the lattice and hardly move it (64x64 at
        T = 1: the energy's tau_int is 387 sweeps, with single spins 3), so the heat bath is the
        default there.  Below T = 2/3 |J| its autocorrelation times are hundreds of sweeps, and at
        0.2 |J| it never leaves its winding sector: then loops are the default if H = 0.

        Args:
            samples: Number of samples, rounded up to equally many draws from each chain.
            algorithm: `"heat-bath"`, `"metropolis"`, `"swendsen-wang"`, `"wolff"`, `"mixed"`,
                `"replica-exchange"` or `"loops"` (H = 0 and no side of 1); the fastest valid
                algorithm by default.
            options: Options of `driver.run_chains`: `chains`, `seed`, `thinning`, `burn_in`, ...
        """
        bond, field = 2 * self.coupling / self.temperature, self.field / self.temperature
        neighbours = neighbour_table(self.shape, _OFFSETS)
        groups = sublattices(self.shape, 3) if bond < 0 else None
        if bond < 0 and algorithm is None:
            cold = bond < _COLD and self.field == 0 and min(self.shape) > 1
            algorithm = "loops" if cold else "heat-bath"
        if algorithm == "loops":
            draws = run_chains(
                self._loop_dynamics(neighbours, bond, groups), samples=samples, **options
            )
            return as_samples(self, draws, "discrete", SPINS, algorithm)
        options |= {"samples": samples, "algorithm": algorithm, "groups": groups}
        return lattice_samples(self, neighbours, SPINS, bond, field, **options)

    def _loop_dynamics(self, neighbours: Sites, bond: float, groups: Integers | None) -> Dynamics:
        if self.field != 0:
            raise InputError("loops admit no field; choose heat-bath or replica-exchange")

        return single_lattice(
            lambda values, _sites, _states, bond, _field, rng, updates: loops(
                values, self.shape, bond, rng, updates
            ),
            neighbours,
            2,
            bond,
            0.0,
            groups,
        )
