r"""Ising model on a triangular torus: E = -J sum_<ij> s_i s_j - H sum_i s_i, s = ±1.

Stored on a square array, the neighbours of a site are (±1, 0), (0, ±1), (1, 1), (-1, -1).
Houtappel, Physica 16, 425 (1950); Wannier, Phys. Rev. 79, 357 (1950).  The ferromagnet
is critical at T_c = 4 J / ln 3 = 3.640957 J; the antiferromagnet is frustrated, disordered
at every T > 0, and keeps 0.3230659 nats per site at T = 0.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil, prod
from typing import Any, ClassVar

import numpy as np

from ..exact import enumeration
from ..exact.houtappel import houtappel_entropy
from ..samples import Samples
from ._lattice import checked_number, checked_shape, neighbour_table
from ._sampling import FIRST_THINNING, LAST_THINNING, lattice_samples
from ._spins import SPINS

__all__ = ["IsingTriangular"]

_OFFSETS = ((1, 0), (0, 1), (1, 1))


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
        object.__setattr__(self, "temperature", checked_number("temperature", self.temperature, positive=True))
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
            if any(step % side for step, side in zip(offset, self.shape, strict=True)):  # as in the table
                equal = (values == np.roll(values, [-step for step in offset], (2, 3))).sum(axis=(2, 3))
                bonds = bonds + 2 * equal - prod(self.shape)
        magnetisation = 2 * values.sum(axis=(2, 3), dtype=np.int64) - prod(self.shape)
        return -self.coupling * bonds - self.field * magnetisation

    def exact_entropy(self) -> float | None:
        """Entropy per site of this lattice in nats, by enumeration of up to 20 sites, else none."""
        return enumeration.system_entropy(self, 2)

    def entropy_infinite(self) -> float | None:
        """Entropy per site of the infinite lattice in nats; none in a field."""
        return houtappel_entropy(self.temperature, coupling=self.coupling) if self.field == 0 else None

    def sample(self, samples: int = 2048, *, algorithm: str | None = None, **options: Any) -> Samples:
        """Practically independent samples; see `_sampling.lattice_samples` for the options.

        Clusters of the frustrated antiferromagnet fill the lattice and, alone, hardly move it
        (tau_int of the energy of 64x64 at T = 1: 387 sweeps, Metropolis 3.3), but their flips
        forget the sign of the sublattice order, which Metropolis keeps for a thousand sweeps
        at T = 0.5 (48x48: tau_int 849); so `"mixed"` is the default there.  That order relaxes
        more slowly than what `lattice_samples` observes, hence a default thinning of its own
        at H = 0.  At T = 0.2 every chain keeps, whatever the algorithm, the numbers of broken
        bonds of the three directions with which its burn-in ended: not an ergodic sample,
        though all energies are right.

        Arguments:
            samples: Number of samples, rounded up to equal draws of all chains.
            algorithm: `"swendsen-wang"`, `"wolff"`, `"mixed"` or `"metropolis"`; the best by default.
            options: `chains=8`, `seed=0`, `thinning=None` and `burn_in=None` in sweeps,
                `progress=None`, a callable of (done, total), `threads=None`.
        """
        if self.coupling < 0:
            algorithm = algorithm or "mixed"
            if self.field == 0 and options.get("thinning") is None:
                options["thinning"] = self._patience()
        bond, field = 2 * self.coupling / self.temperature, self.field / self.temperature
        neighbours = neighbour_table(self.shape, _OFFSETS)
        return lattice_samples(
            self, neighbours, SPINS, bond, field, samples=samples, algorithm=algorithm, **options
        )

    def _patience(self) -> int:
        """Sweeps between draws of the antiferromagnet: five tau_int of its squared sublattice order.

        Measured on 48x48 to 64x64, mixed: 0.5, 2.2, 20 and 150 to 700 sweeps at T = 4, 2, 1
        and 0.5; 20 (|J| / T)^3 between.  Past the cap draws of large lattices stay correlated.
        """
        sweeps = 5 * 20 * min(-self.coupling / self.temperature, 10.0) ** 3
        return int(np.clip(ceil(sweeps), FIRST_THINNING, LAST_THINNING))
