r"""XY model on a square torus: E = -J sum_<ij> cos(t_i - t_j) - H sum_i cos t_i.

Kosterlitz & Thouless, J. Phys. C 6, 1181 (1973).  At H = 0 it has quasi-long-range order
below T_KT = 0.893 J (Hasenbusch, J. Phys. A 38, 5869 (2005)).  The entropy is that of a
density over angles in radians: log 2 pi a site at most, and negative at low temperature.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from math import prod
from typing import Any, ClassVar

import numpy as np

from ..base.errors import InputError
from ..data.samples import Samples
from ..exact import xy
from ._lattice import checked_number, checked_shape, neighbour_table
from ._sampling import as_samples
from ._spins import ising_symmetries
from .dynamics.driver import Dynamics, walk
from .dynamics.rotors import TURN, heat_bath, mixed, mixed_even, observe, wolff

__all__ = ["ROTOR_ALGORITHMS", "XYSquare"]

ROTOR_ALGORITHMS = {"mixed": mixed, "wolff": wolff, "heat-bath": heat_bath}


@dataclass(frozen=True)
class XYSquare:
    """Planar rotors on a periodic square lattice.

    Arguments:
        size: Side, or `(Lx, Ly)`.  A side of 2 has two bonds a pair, a side of 1 none.
        temperature: In units of energy (k_B = 1).
        coupling: J; negative for an antiferromagnet.
        field: H, along angle 0.

    Example:
        >>> model = XYSquare(size=8, temperature=0.9)
        >>> model.sample(samples=64, seed=1)
        <Samples angle, 8 chains x 8 draws of 8x8, periodic>
        >>> XYSquare(64, 0.9).exact_entropy() is None
        True
    """

    size: int | tuple[int, int]
    temperature: float
    coupling: float = 1.0
    field: float = 0.0

    name: ClassVar[str] = "xy-square"

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
        """Of the Hamiltonian, see `samples.SYMMETRIES`; `flip` is t -> -t, which no field along x breaks."""
        return (*ising_symmetries(self.shape, 0.0), *(("turn",) if self.field == 0 else ()))

    def parameters(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def energy(self, values: np.ndarray) -> np.ndarray:
        """Total energies, shape `(chain, draw)`, of angles in radians.

        Example:
            >>> XYSquare(4, 1.0, field=0.5).energy(np.zeros((1, 1, 4, 4)))
            array([[-40.]])
        """
        angles = np.asarray(values, dtype=float)
        long = [axis for axis in (2, 3) if angles.shape[axis] > 1]
        bonds = sum(np.cos(angles - np.roll(angles, -1, axis)).sum(axis=(2, 3)) for axis in long)
        return -self.coupling * bonds - self.field * np.cos(angles).sum(axis=(2, 3))

    def exact_entropy(self) -> float | None:
        """Differential entropy per site in nats, where it is known: a ring at H = 0, up to two sites in a field."""
        sites = prod(self.shape)
        if sites == 1:
            return xy.spin_entropy(self.temperature, self.field)
        if sites == 2:  # both bonds between the two
            return xy.pair_entropy(self.temperature, 2 * self.coupling, self.field) / 2
        if self.shape == (2, 2) and self.field == 0:  # a ring of four double bonds
            return xy.chain_entropy(self.temperature, 4, 2 * self.coupling)
        if min(self.shape) == 1 and self.field == 0 and (self.coupling >= 0 or sites % 2 == 0):
            return xy.chain_entropy(self.temperature, sites, self.coupling)
        return None

    def entropy_infinite(self) -> float | None:
        """Not known in closed form."""
        return None

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Samples:
        """Practically independent samples, float32 angles in [0, 2 pi).

        Arguments:
            samples: Number of samples, rounded up to equal draws of all chains.
            algorithm: `"mixed"` (the default: heat bath, over-relaxation and Wolff clusters),
                `"wolff"` or `"heat-bath"` alone; the last one is slow below T_KT.
            options: Of `_walk.walk`; one mixed update counts as one sweep there.
        """
        algorithm = algorithm or "mixed"
        result = walk(self._dynamics(algorithm), samples=samples, **options)
        return as_samples(self, result, "angle", (), algorithm)

    def _dynamics(self, algorithm: str) -> Dynamics:
        if algorithm not in ROTOR_ALGORITHMS:
            raise InputError(
                f"unknown algorithm {algorithm!r}; choose from {', '.join(ROTOR_ALGORITHMS)}"
            )
        kernel, neighbours, sites = (
            ROTOR_ALGORITHMS[algorithm],
            neighbour_table(self.shape),
            prod(self.shape),
        )
        if kernel is mixed and not any(side % 2 for side in self.shape):
            kernel = partial(mixed_even, self.shape)
        bond, field = self.coupling / self.temperature, self.field / self.temperature
        parity = 1.0 - 2.0 * (np.indices(self.shape).sum(axis=0).ravel() % 2)

        def start(chain: int, generator: np.random.Generator) -> np.ndarray:
            return generator.uniform(0.0, TURN, sites) if chain % 2 else np.zeros(sites)

        def advance(state: np.ndarray, rng: np.ndarray, updates: int) -> int:
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


def _single_precision(angles: np.ndarray) -> np.ndarray:
    """float32 angles, still below 2 pi: the nearest float32 of 2 pi lies above it."""
    single = angles.astype(np.float32)
    single[single >= np.float32(TURN)] = 0.0
    return single
