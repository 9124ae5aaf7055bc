r"""Ideal gas: a fixed number of independent points, uniform in a periodic cube.

The excess entropy and all correlations between particles are 0.  Neighbouring parts of the box
still share information, because the total number is fixed: particle counts are multinomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from numba import njit

from ..data.particles import Particles
from ._box import DENSITIES, Fluid, checked_count, exact_particles
from ._lattice import checked_number
from .dynamics._arrays import Reals, Stream
from .dynamics.splitmix import uniform

__all__ = ["IdealGas", "scatter"]


@dataclass(frozen=True)
class IdealGas(Fluid):
    """Independent points in a periodic cube.

    Args:
        particles: Number of particles N.
        density: Particles per diameter^d, where the diameter 1 is that of the disks or rods that
            the gas is compared with.
        dimensions: d, from 1 to 3.

    Example:
        >>> gas = IdealGas(particles=100, density=0.5)
        >>> gas.sample(samples=64, seed=1)
        <Particles 2-D, 8 chains x 8 frames, 100 particles, periodic>
        >>> gas.exact_excess_entropy()
        0.0
    """

    name: ClassVar[str] = "ideal-gas"

    density: float
    dimensions: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        density = checked_number("density", self.density, positive=True, span=DENSITIES)
        object.__setattr__(self, "density", density)
        object.__setattr__(self, "dimensions", checked_count("dimensions", self.dimensions, 3))

    @property
    def side(self) -> float:
        """Side of the box in diameters."""
        return float((self.particles / self.density) ** (1 / self.dimensions))

    def exact_excess_entropy(self) -> float:
        """Excess entropy per particle: 0 by definition."""
        return 0.0

    def finite_excess_entropy(self) -> float:
        """Excess entropy per particle of N particles: 0 by definition."""
        return 0.0

    def sample(self, samples: int = 2048, **options: Any) -> Particles:
        """Independent frames.

        Args:
            samples: Number of frames, rounded up to equally many draws from each chain.
            options: See `_sampling.exact_draws`.
        """
        side = self.side

        def draw(state: Reals, rng: Stream) -> None:
            scatter(state, side, rng)

        return exact_particles(self, draw, samples=samples, **options)


@njit(nogil=True, cache=True)
def scatter(state: Reals, side: float, rng: Stream) -> None:
    """Fill `state` with uniform random numbers in [0, side)."""
    for k in range(len(state)):
        state[k] = side * uniform(rng)
