"""Fluids: a fixed number of particles in a periodic cube."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._lattice import checked_number
from ._models import Model
from ._sampling import exact_draws, provenance
from .dynamics._arrays import Reals, Stream
from .dynamics.driver import Draws

__all__ = [
    "DENSITIES",
    "Fluid",
    "as_particles",
    "checked_below",
    "checked_count",
    "exact_particles",
]

DENSITIES = (1e-6, 1e6)  # beyond them the box or the distances between particles are lost


@dataclass(frozen=True)
class Fluid(Model):
    """A fixed number of particles of diameter 1 in a periodic cube.

    Args:
        particles: Number of particles N.
    """

    most: ClassVar[int] = 10**6  # particles; a frame takes 24 MB

    particles: int

    def __post_init__(self) -> None:
        number = checked_count("particles", self.particles, self.most)
        object.__setattr__(self, "particles", number)

    @property
    @abstractmethod
    def dimensions(self) -> int:
        """Number of space dimensions, from 1 to 3."""

    @property
    @abstractmethod
    def side(self) -> float:
        """Side of the box in diameters."""

    @property
    def periodic(self) -> tuple[bool, ...]:
        """Whether the boundaries are periodic, per axis."""
        return (True,) * self.dimensions

    @abstractmethod
    def exact_excess_entropy(self) -> float:
        """Excess entropy per particle in nats over the ideal gas, for infinitely many particles."""

    @abstractmethod
    def finite_excess_entropy(self) -> float:
        """Excess entropy per particle in nats over the ideal gas, for N particles in this box."""

    @abstractmethod
    def sample(self, samples: int = 2048, **options: Any) -> Particles:
        """Practically independent frames."""


def checked_count(name: str, count: int, most: int | None = None) -> int:
    """A whole number from 1 to `most`; otherwise raise InputError."""
    whole = isinstance(count, Integral) and not isinstance(count, bool)
    if not whole or count < 1 or (most is not None and count > most):
        bounds = "a positive integer" if most is None else f"an integer from 1 to {most}"
        raise InputError(f"{name} must be {bounds}, not {count!r}")
    return int(count)


def checked_below(name: str, value: float, end: float, *, closed: bool = False) -> float:
    """A number above 0 and below `end`, or equal to it if `closed`; otherwise raise InputError."""
    number = checked_number(name, value, positive=True, span=DENSITIES)
    if number > end or (number == end and not closed):
        raise InputError(
            f"{name} must be {'at most' if closed else 'below'} {end:g}, not {value!r}"
        )
    return number


def exact_particles(
    system: Fluid, draw: Callable[[Reals, Stream], None], **options: Any
) -> Particles:
    """`Particles` of a system that is sampled exactly: every draw is independent.

    Args:
        system: The system.
        draw: `draw(state, rng)` fills the coordinates of all particles, shape
            `(particles * dimensions,)`, from a random stream of `splitmix`.
        options: See `_sampling.exact_draws`.
    """
    sites = system.particles * system.dimensions
    return as_particles(system, exact_draws(system, draw, sites, np.float64, **options), "exact")


def as_particles(
    system: Fluid, draws: Draws, algorithm: str, measured: Mapping[str, np.ndarray] | None = None
) -> Particles:
    """Convert draws to `Particles` of diameter 1 with their provenance.

    Args:
        system: The system that was sampled.
        draws: Draws whose values begin with the coordinates of all particles.
        algorithm: Name of the algorithm.
        measured: Numbers per frame, each of shape `(frames,)`.
    """
    frames = draws.values[..., : system.particles * system.dimensions]
    return Particles.from_frames(
        list(frames.reshape(-1, system.particles, system.dimensions)),
        cells=system.side,
        periodic=True,
        diameters=1.0,
        chains=len(draws.values),
        measured=measured or {},
        provenance=provenance(system, draws, algorithm),
    )
