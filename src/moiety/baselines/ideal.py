"""What entropies of particles in excess of the ideal gas need: periodic boxes, uniform points."""

from __future__ import annotations

import numpy as np

from ..base.errors import InputError
from ..data.kinds import EVERY_MARK, Kinds
from ..data.particles import Particles
from ..data.samples import Samples

__all__ = ["few_kinds", "periodic_particles", "uniform_points"]

_MOST_KINDS = 8


def periodic_particles(samples: Samples | Particles, name: str) -> Particles:
    """The same particles, if a baseline can take them.

    Args:
        samples: Frames of particles in boxes that are periodic along every edge.
        name: What the baseline is called.

    Raises:
        InputError: A lattice, a boundary that is not periodic, or a frame without particles.
    """
    if not isinstance(samples, Particles):
        raise InputError(f"{name} needs particles, not a lattice")
    if not all(samples.periodic):
        raise InputError(f"{name} needs boxes that are periodic along every edge")
    if samples.counts.min() < 2:
        raise InputError(
            f"frame {int(samples.counts.argmin())} holds fewer than 2 particles; {name} needs pairs"
        )
    return samples


def few_kinds(particles: Particles, name: str) -> Kinds:
    """Kinds of particles by type and diameter.

    Args:
        particles: Frames.
        name: What the baseline is called.

    Raises:
        InputError: There are more than 8 kinds.
    """
    kinds = EVERY_MARK.kinds(particles)
    if kinds.number > _MOST_KINDS:
        raise InputError(
            f"{kinds.number} kinds of particles by type and diameter; {name} takes at most"
            f" {_MOST_KINDS}; leave the diameters out or sort them into classes"
        )
    return kinds


def uniform_points(
    particles: Particles, numbers: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Points that are uniform in the boxes, one frame after the other, shape `(total, d)`.

    Args:
        particles: Frames, for their boxes.
        numbers: Number of points in each frame, shape `(n,)`.
        rng: Random numbers.
    """
    parts = rng.random((int(numbers.sum()), particles.dimensions))
    edges = np.repeat(particles.cells, numbers, axis=0)
    return np.asarray(np.einsum("ni,nij->nj", parts, edges))
