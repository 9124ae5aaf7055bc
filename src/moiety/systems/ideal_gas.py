r"""Ideal gas: a fixed number of independent points, uniform in a periodic cube.

Nothing is there to be found: its excess entropy and all correlations between its particles are 0.
Neighbouring parts of the box still share information of one kind, since what one part holds the
others lack: counts of a fixed number are multinomial.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numba import njit

from ..data.particles import Particles
from ._box import checked_count, exact_particles
from ._lattice import checked_number
from .dynamics.splitmix import uniform

__all__ = ["IdealGas", "scatter"]


@dataclass(frozen=True)
class IdealGas:
    """Points that do not see each other.

    Arguments:
        particles: Their number N.
        density: Particles per diameter^d; the diameter, 1, is that of the disks or rods that the gas is
            compared with.
        dimensions: d, from 1 to 3.

    Example:
        >>> gas = IdealGas(particles=100, density=0.5)
        >>> gas.sample(samples=64, seed=1)
        <Particles 2-D, 8 chains x 8 frames, 100 particles, periodic>
        >>> gas.exact_excess_entropy()
        0.0
    """

    particles: int
    density: float
    dimensions: int = 2

    name: ClassVar[str] = "ideal-gas"

    def __post_init__(self):
        object.__setattr__(self, "particles", checked_count("particles", self.particles))
        object.__setattr__(self, "density", checked_number("density", self.density, positive=True))
        object.__setattr__(self, "dimensions", checked_count("dimensions", self.dimensions, 3))

    @property
    def side(self) -> float:
        """Of the box, in diameters."""
        return (self.particles / self.density) ** (1 / self.dimensions)

    @property
    def periodic(self) -> tuple[bool, ...]:
        """All edges are."""
        return (True,) * self.dimensions

    def parameters(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def exact_excess_entropy(self) -> float:
        """Per particle, over itself."""
        return 0.0

    def finite_excess_entropy(self) -> float:
        """That of this number of particles, the same."""
        return 0.0

    def sample(self, samples: int = 2048, **options: Any) -> Particles:
        """Independent frames; see `_box.exact_particles` for the options."""
        side = self.side

        def draw(state: np.ndarray, rng: np.ndarray) -> None:
            scatter(state, side, rng)

        return exact_particles(self, draw, samples=samples, **options)


@njit(nogil=True, cache=True)
def scatter(state, side, rng):
    """Fill `state` with uniform numbers below `side`."""
    for k in range(len(state)):
        state[k] = side * uniform(rng)
