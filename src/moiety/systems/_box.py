"""What systems of a fixed number of particles in a periodic cube share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._lattice import checked_number
from ._sampling import exact_walk, provenance
from .dynamics.driver import Walk

__all__ = ["as_particles", "checked_below", "checked_count", "exact_particles"]


def checked_count(name: str, count: int, most: int | None = None) -> int:
    """A whole number of at least 1."""
    whole = isinstance(count, Integral) and not isinstance(count, bool)
    if not whole or count < 1 or (most is not None and count > most):
        bounds = "a positive integer" if most is None else f"an integer from 1 to {most}"
        raise InputError(f"{name} must be {bounds}, not {count!r}")
    return int(count)


def checked_below(name: str, value: float, end: float, *, closed: bool = False) -> float:
    """A number above 0 and below `end`, or at most `end`."""
    number = checked_number(name, value, positive=True)
    if number > end or (number == end and not closed):
        raise InputError(
            f"{name} must be {'at most' if closed else 'below'} {end:g}, not {value!r}"
        )
    return number


def exact_particles(
    system, draw: Callable[[np.ndarray, np.ndarray], None], **options: Any
) -> Particles:
    """`Particles` of a system whose every draw is independent of the one before.

    Arguments:
        system: Has `name`, `particles`, `dimensions`, `side`, `parameters()`.
        draw: `draw(state, rng)` fills the coordinates of one particle after another from a
            stream of `_splitmix`.
        options: See `_sampling.exact_walk`.
    """
    sites = system.particles * system.dimensions
    return as_particles(system, exact_walk(system, draw, sites, np.float64, **options), "exact")


def as_particles(
    system, result: Walk, algorithm: str, measured: Mapping[str, np.ndarray] | None = None
) -> Particles:
    """The draws of a walk, whose values begin with the coordinates, as `Particles` of diameter 1."""
    frames = result.values[..., : system.particles * system.dimensions]
    return Particles.from_frames(
        list(frames.reshape(-1, system.particles, system.dimensions)),
        cells=system.side,
        periodic=True,
        diameters=1.0,
        chains=len(result.values),
        measured=measured or {},
        provenance=provenance(system, result, algorithm),
    )
