r"""Hard rods of length 1 on a ring (Tonks, Phys. Rev. 50, 955 (1936), doi:10.1103/PhysRev.50.955).

Removing the length of every rod maps N rods on a ring of length L to N independent points on a
ring of length L - N, one to one up to a rotation.  So sorted uniform numbers x_i on [0, L - N)
give a draw: the rods are at x_i + i, rotated by a uniform random length.  The gaps between rods
are uniform on the simplex.  In the limit of a large ring they are independent with density
p exp(-p gap), where p = rho / (1 - rho) is the pressure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from numba import njit

from ..data.particles import Particles
from ..exact.hard_particles import tonks_excess_entropy
from ._box import Fluid, checked_below, exact_particles
from .dynamics._arrays import Reals, Stream
from .dynamics.splitmix import uniform

__all__ = ["HardRods", "place"]


@dataclass(frozen=True)
class HardRods(Fluid):
    """Rods of length 1 on a ring.

    Args:
        particles: Number of rods N.
        density: Rods per length, between 0 and 1.

    Example:
        >>> rods = HardRods(particles=100, density=0.5)
        >>> rods.sample(samples=64, seed=1)
        <Particles 1-D, 8 chains x 8 frames, 100 particles, periodic>
        >>> round(rods.exact_excess_entropy(), 6), round(rods.finite_excess_entropy(), 6)
        (-0.693147, -0.686216)
    """

    name: ClassVar[str] = "hard-rods"
    dimensions: ClassVar[int] = 1

    density: float

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "density", checked_below("density", self.density, 1.0))

    @property
    def side(self) -> float:
        """Length of the ring in diameters."""
        return self.particles / self.density

    def exact_excess_entropy(self) -> float:
        """Excess entropy per rod in nats over the ideal gas, ln(1 - rho): infinitely many rods."""
        return tonks_excess_entropy(self.density)

    def finite_excess_entropy(self) -> float:
        """Excess entropy per rod in nats over the ideal gas, exact for N rods on this ring."""
        return tonks_excess_entropy(self.density, self.particles)

    def sample(self, samples: int = 2048, **options: Any) -> Particles:
        """Independent frames.

        Args:
            samples: Number of frames, rounded up to equally many draws from each chain.
            options: See `_sampling.exact_draws`.
        """
        side = self.side

        def draw(state: Reals, rng: Stream) -> None:
            place(state, side, rng)

        return exact_particles(self, draw, samples=samples, **options)


@njit(nogil=True, cache=True)
def place(state: Reals, side: float, rng: Stream) -> None:
    """Fill `state` with the centres of rods on a ring of length `side`."""
    for i in range(len(state)):
        state[i] = (side - len(state)) * uniform(rng)
    state.sort()
    turn = side * uniform(rng)
    for i in range(len(state)):
        moved = state[i] + i + turn
        state[i] = moved if moved < side else moved - side
