r"""XY model on a square torus: E = -J sum_<ij> cos(t_i - t_j) - H sum_i cos t_i.

At H = 0 it has quasi-long-range order below T_KT = 0.893 J.  The entropy is that of a density
over angles in radians: at most log 2 pi per site, and negative at low temperature.

- Kosterlitz & Thouless, J. Phys. C 6, 1181 (1973), https://doi.org/10.1088/0022-3719/6/7/010
- Hasenbusch, J. Phys. A 38, 5869 (2005), https://arxiv.org/abs/cond-mat/0502556
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..base.errors import InputError
from ..data.samples import Samples
from ..exact import xy
from ._lattice import neighbour_table
from ._models import SpinModel
from ._sampling import as_samples
from ._spins import ising_symmetries
from .dynamics._arrays import Reals, Sites, Stream
from .dynamics.driver import Dynamics, run_chains
from .dynamics.rotors import TURN, heat_bath, mixed, mixed_even, observe, wolff

__all__ = ["ROTOR_ALGORITHMS", "XYSquare"]

RotorKernel = Callable[[Reals, Sites, float, float, Stream, int], int]
ROTOR_ALGORITHMS: dict[str, RotorKernel] = {"mixed": mixed, "wolff": wolff, "heat-bath": heat_bath}


@dataclass(frozen=True)
class XYSquare(SpinModel):
    """Planar rotors on a periodic square lattice.

    Args:
        size: Side, or `(Lx, Ly)`.  A side of 2 has two bonds per pair of sites, a side of 1 none.
        temperature: T in units of energy (k_B = 1).
        coupling: J; negative for an antiferromagnet.
        field: H, along angle 0.

    Example:
        >>> model = XYSquare(size=8, temperature=0.9)
        >>> model.sample(samples=64, seed=1)
        <Samples angle, 8 chains x 8 draws of 8x8, periodic>
        >>> XYSquare(64, 0.9).exact_entropy() is None
        True
    """

    name: ClassVar[str] = "xy-square"

    @property
    def symmetries(self) -> tuple[str, ...]:
        """Symmetries of the Hamiltonian; see `moiety.data.samples.SYMMETRIES`.

        `flip` is t -> -t, which a field along angle 0 does not break.
        """
        return (*ising_symmetries(self.shape, 0.0), *(("turn",) if self.field == 0 else ()))

    def energy(self, values: np.ndarray) -> np.ndarray:
        """Total energies, shape `(chain, draw)`, of angles in radians.

        Example:
            >>> XYSquare(4, 1.0, field=0.5).energy(np.zeros((1, 1, 4, 4)))
            array([[-40.]])
        """
        angles = np.asarray(values, dtype=float)
        long = [axis for axis in (2, 3) if angles.shape[axis] > 1]
        bonds = sum(np.cos(angles - np.roll(angles, -1, axis)).sum(axis=(2, 3)) for axis in long)
        energies: np.ndarray = -self.coupling * bonds - self.field * np.cos(angles).sum(axis=(2, 3))
        return energies

    def exact_entropy(self) -> float | None:
        """Differential entropy per site in nats, or None where it is not known.

        Known are a ring at H = 0, and one or two sites in any field.
        """
        sites = prod(self.shape)
        if sites == 1:
            return xy.spin_entropy(self.temperature, self.field)
        if sites == 2:  # two bonds between the two sites
            return xy.pair_entropy(self.temperature, 2 * self.coupling, self.field) / 2
        if self.shape == (2, 2) and self.field == 0:  # a ring of four double bonds
            return xy.chain_entropy(self.temperature, 4, 2 * self.coupling)
        if min(self.shape) == 1 and self.field == 0 and (self.coupling >= 0 or sites % 2 == 0):
            return xy.chain_entropy(self.temperature, sites, self.coupling)
        return None

    def entropy_infinite(self) -> float | None:
        """None: not known in closed form."""
        return None

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Samples:
        """Practically independent samples: float32 angles in [0, 2 pi).

        Args:
            samples: Number of samples, rounded up to equally many draws from each chain.
            algorithm: `"mixed"` (the default: heat bath, over-relaxation and Wolff clusters),
                `"wolff"` alone, or `"heat-bath"` alone, which is slow below T_KT.
            options: Options of `driver.run_chains`; a mixed update counts as a single sweep.
        """
        algorithm = "mixed" if algorithm is None else algorithm
        draws = run_chains(self._dynamics(algorithm), samples=samples, **options)
        return as_samples(self, draws, "angle", (), algorithm)

    def _dynamics(self, algorithm: str) -> Dynamics:
        kernel, neighbours, sites = (
            self._kernel(algorithm),
            neighbour_table(self.shape),
            prod(self.shape),
        )
        bond, field = self.coupling / self.temperature, self.field / self.temperature
        parity = 1.0 - 2.0 * (np.indices(self.shape).sum(axis=0).ravel() % 2)

        def start(chain: int, generator: np.random.Generator) -> Reals:
            return generator.uniform(0.0, TURN, sites) if chain % 2 else np.zeros(sites)

        def advance(state: Reals, rng: Stream, updates: int) -> int:
            return kernel(state, neighbours, bond, field, rng, updates)

        return Dynamics(
            start,
            advance,
            lambda state: observe(state, neighbours, parity),
            sites,
            read=_single_precision,
            dtype=np.float32,
            names=("energy", "magnetisation", "order", "staggered order"),
        )

    def _kernel(self, algorithm: str) -> RotorKernel:
        if algorithm not in ROTOR_ALGORITHMS:
            raise InputError(
                f"unknown algorithm {algorithm!r}; choose from {', '.join(ROTOR_ALGORITHMS)}"
            )
        if algorithm == "mixed" and not any(side % 2 for side in self.shape):
            return partial(mixed_even, self.shape)
        return ROTOR_ALGORITHMS[algorithm]


def _single_precision(angles: Reals) -> NDArray[np.float32]:
    """float32 angles below 2 pi; the float32 closest to 2 pi lies above it."""
    single = angles.astype(np.float32)
    single[single >= np.float32(TURN)] = 0.0
    return single
