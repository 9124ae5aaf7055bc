r"""Ising model on a triangular torus: E = -J sum_<ij> s_i s_j - H sum_i s_i, s = ±1.

Stored on a square array, the neighbours of a site are (±1, 0), (0, ±1), (1, 1), (-1, -1).
Houtappel, Physica 16, 425 (1950); Wannier, Phys. Rev. 79, 357 (1950).  The ferromagnet
is critical at T_c = 4 J / ln 3 = 3.640957 J; the antiferromagnet is frustrated, disordered
at every T > 0, and keeps 0.3230659 nats per site at T = 0.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from ..base.errors import InputError
from ..data.samples import Samples
from ..exact import enumeration
from ..exact.chain import chain_entropy
from ..exact.houtappel import houtappel_entropy
from ..exact.triangular_torus import LONGEST, triangular_torus_entropy
from ._lattice import checked_number, checked_shape, neighbour_table, sublattices
from ._sampling import as_samples, lattice_samples
from ._spins import SPINS
from .dynamics.driver import Dynamics, walk
from .dynamics.lattice import one_by_one
from .dynamics.loops import loops

__all__ = ["IsingTriangular"]

_OFFSETS = ((1, 0), (0, 1), (1, 1))
_COLD = -3.0  # 2 J / T below which loops forget faster than single spins


@dataclass(frozen=True)
class IsingTriangular:
    """Ising spins on a periodic triangular lattice.

    The antiferromagnet's three-sublattice correlations fit the torus only where both sides
    are multiples of 3.  Other sides are legal but tilt the pattern, and cold tori are off the
    infinite lattice with another sign: at T = 0.5 it has s = 0.32922, u = -0.99730, the torus
    of 60x60 s = 0.32877, u = -0.99758, that of 64x64 s = 0.32949, u = -0.99715.  At T = 1
    these three agree to 1e-8.

    Arguments:
        size: Side, or `(Lx, Ly)`.  A side of 2 has two bonds a pair along it, a side of 1
            none, and the diagonal bond then doubles the one along the other side.
        temperature: In units of energy (k_B = 1).
        coupling: J; negative for the frustrated antiferromagnet.
        field: H.

    Example:
        >>> model = IsingTriangular(size=6, temperature=2.0, coupling=-1.0)
        >>> model.sample(samples=64, seed=1)
        <Samples discrete q=2, 8 chains x 8 draws of 6x6, periodic>
        >>> round(model.entropy_infinite(), 7)
        0.554579
    """

    size: int | tuple[int, int]
    temperature: float
    coupling: float = 1.0
    field: float = 0.0

    name: ClassVar[str] = "ising-triangular"

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
        """Of the Hamiltonian, see `samples.SYMMETRIES`; the reflection of one axis moves (1, 1) to (-1, 1)."""
        flip = ("flip",) if self.field == 0 else ()
        transpose = ("transpose",) if self.shape[0] == self.shape[1] else ()
        return (*flip, *transpose, "invert")

    def parameters(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def energy(self, values: np.ndarray) -> np.ndarray:
        """Total energies, shape `(chain, draw)`, of codes 0 (down) and 1 (up)."""
        bonds = 0  # sum over bonds of s s'
        for offset in _OFFSETS:
            if any(
                step % side for step, side in zip(offset, self.shape, strict=True)
            ):  # as in the table
                equal = (values == np.roll(values, [-step for step in offset], (2, 3))).sum(
                    axis=(2, 3)
                )
                bonds = bonds + 2 * equal - prod(self.shape)
        magnetisation = 2 * values.sum(axis=(2, 3), dtype=np.int64) - prod(self.shape)
        return -self.coupling * bonds - self.field * magnetisation

    def exact_entropy(self) -> float | None:
        """Entropy per site of this lattice in nats, where it is known.

        The four products of the torus at H = 0, the ring for a single row, up to 20 sites
        by enumeration.
        """
        short, long = min(self.shape), max(self.shape)
        if short == 1:  # the diagonal bond doubles the one along the row
            return chain_entropy(
                self.temperature, long, coupling=2 * self.coupling, field=self.field
            )
        if self.field == 0 and (self.coupling >= 0 or long <= LONGEST * short):
            return triangular_torus_entropy(self.temperature, self.shape, coupling=self.coupling)
        return enumeration.system_entropy(self, 2)

    def entropy_infinite(self) -> float | None:
        """Entropy per site of the infinite lattice in nats; none in a field."""
        return (
            houtappel_entropy(self.temperature, coupling=self.coupling) if self.field == 0 else None
        )

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Samples:
        """Practically independent samples; see `_sampling.lattice_samples` for the algorithms.

        Clusters of the frustrated antiferromagnet fill the lattice and, alone, hardly move it
        (tau_int of the energy of 64x64 at T = 1: 387 sweeps, single spins 3), so the heat bath
        is the default there.  Below T = 2/3 |J| it takes hundreds of sweeps to forget and at
        0.2 |J| it never leaves its winding sector: then loops are the default, if H = 0.

        Arguments:
            samples: Number of samples, rounded up to equal draws of all chains.
            algorithm: `"heat-bath"`, `"metropolis"`, `"swendsen-wang"`, `"wolff"`, `"mixed"`,
                `"replica-exchange"` or `"loops"` (H = 0 and no side of 1); the best by default.
            options: Of `_walk.walk`: `chains`, `seed`, `thinning`, `burn_in`, `progress`, ..
        """
        bond, field = 2 * self.coupling / self.temperature, self.field / self.temperature
        neighbours, groups = (
            neighbour_table(self.shape, _OFFSETS),
            sublattices(self.shape, 3) if bond < 0 else None,
        )
        if bond < 0 and algorithm is None:
            cold = bond < _COLD and self.field == 0 and min(self.shape) > 1
            algorithm = "loops" if cold else "heat-bath"
        if algorithm == "loops":
            dynamics = self._loops(neighbours, bond, groups)
            return as_samples(
                self, walk(dynamics, samples=samples, **options), "discrete", SPINS, algorithm
            )
        options |= {"samples": samples, "algorithm": algorithm, "groups": groups}
        return lattice_samples(self, neighbours, SPINS, bond, field, **options)

    def _loops(self, neighbours: np.ndarray, bond: float, groups: np.ndarray | None) -> Dynamics:
        if self.field != 0:
            raise InputError("loops admit no field; choose heat-bath or replica-exchange")

        def kernel(values, neighbours, states, bond, field, rng, updates):
            return loops(values, self.shape, bond, rng, updates)

        return one_by_one(kernel, neighbours, 2, bond, 0.0, groups)
