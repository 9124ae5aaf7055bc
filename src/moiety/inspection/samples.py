"""Inspect samples of any kind."""

from __future__ import annotations

from ..data.particles import Particles
from ..data.samples import Samples
from .findings import Inspection
from .lattice import inspect_lattice
from .particles import inspect_particles

__all__ = ["inspect"]


def inspect(samples: Samples | Particles) -> Inspection:
    """Compare samples with what the method assumes, without training.

    Args:
        samples: Configurations of a lattice, or frames of particles.

    Example:
        >>> import numpy as np
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(256, 8, 8))
        >>> inspect(Samples.from_array(spins, periodic=True)).ok
        True
        >>> spins[:, 0, 0] = 1  # a frozen site
        >>> inspect(Samples.from_array(spins, periodic=True)).warnings[0][:15]
        'not homogeneous'
    """
    if isinstance(samples, Particles):
        return inspect_particles(samples)
    return inspect_lattice(samples)
