r"""Hard rods of length 1 on a ring (Tonks, Phys. Rev. 50, 955 (1936)).

Taking its length away from every rod maps N rods on a ring of length L to N points on a ring of
length L - N, one to one but for the turn of the ring, and no two points know of each other.  So
sorted uniform numbers x_i on [0, L - N) give a draw: the rods are at x_i + i, turned by a uniform
angle.  The gaps between rods are uniform on the simplex; in the limit of a large ring they are
independent, of density p exp(-p gap) with the pressure p = rho / (1 - rho).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numba import njit

from ..data.particles import Particles
from ..exact.hard_particles import tonks_excess_entropy
from ._box import checked_below, checked_count, exact_particles
from .dynamics.splitmix import uniform

__all__ = ["HardRods", "place"]


@dataclass(frozen=True)
class HardRods:
    """Rods of length 1 on a ring.

    Arguments:
        particles: Their number N.
        density: Rods per length, between 0 and 1.

    Example:
        >>> rods = HardRods(particles=100, density=0.5)
        >>> rods.sample(samples=64, seed=1)
        <Particles 1-D, 8 chains x 8 frames, 100 particles, periodic>
        >>> round(rods.exact_excess_entropy(), 6), round(rods.finite_excess_entropy(), 6)
        (-0.693147, -0.686216)
    """

    particles: int
    density: float

    name: ClassVar[str] = "hard-rods"
    dimensions: ClassVar[int] = 1

    def __post_init__(self):
        object.__setattr__(self, "particles", checked_count("particles", self.particles))
        object.__setattr__(self, "density", checked_below("density", self.density, 1.0))

    @property
    def side(self) -> float:
        """Length of the ring, in diameters."""
        return self.particles / self.density

    @property
    def periodic(self) -> tuple[bool, ...]:
        """The ring is."""
        return (True,)

    def parameters(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def exact_excess_entropy(self) -> float:
        """Per rod in nats, over the ideal gas of the same density: infinitely many rods, ln(1 - rho)."""
        return tonks_excess_entropy(self.density)

    def finite_excess_entropy(self) -> float:
        """That of this number of rods, exact, over as many points on the same ring."""
        return tonks_excess_entropy(self.density, self.particles)

    def sample(self, samples: int = 2048, **options: Any) -> Particles:
        """Independent frames; see `_box.exact_particles` for the options."""
        side = self.side

        def draw(state: np.ndarray, rng: np.ndarray) -> None:
            place(state, side, rng)

        return exact_particles(self, draw, samples=samples, **options)


@njit(nogil=True, cache=True)
def place(state, side, rng):
    """Fill `state` with the centres of rods on a ring of length `side`."""
    for i in range(len(state)):
        state[i] = (side - len(state)) * uniform(rng)
    state.sort()
    turn = side * uniform(rng)
    for i in range(len(state)):
        moved = state[i] + i + turn
        state[i] = moved if moved < side else moved - side
