r"""Particles by compression: images of the boxes, compressed beside images of an ideal gas.

    s = [C(particles) - C(ideal gas)] V / N,

C the entropy per voxel by `compression_entropy`, V the number of voxels and N that of particles.
A voxel is 0 without a centre, and otherwise tells the kind of a particle.  The ideal gas has as
many particles in the same boxes.  LZMA sees a string of voxels: it finds what repeats along a row,
and little of what lies in other rows, so that s is too large, often by most of its size.  Voxels
divide the edges of the box, and their number is the same in all frames.
"""

from __future__ import annotations

from math import log2

import numpy as np

from ..base.errors import InputError
from ..base.random import Streams
from ..data.particles import Particles
from ..data.samples import Samples
from ..results.types import Estimate
from .compression import ORDERS, compression_entropy
from .ideal import few_kinds, periodic_particles, uniform_points

__all__ = ["particle_compression_entropy", "voxels"]

_NAME = "compression of particles"
_RESOLUTION = 4.0
_MOST_VOXELS = 1 << 31


def particle_compression_entropy(
    particles: Particles, *, resolution: float = _RESOLUTION, order: str = "rows", seed: int = 0
) -> Estimate:
    """Estimate the excess entropy by compression of images, in nats per particle.

    The error is the spread between parts of the frames.  It excludes the correlations that the
    compressor misses, which are most of them, and what particles share within a voxel.

    Args:
        particles: Frames in periodic boxes of any shape, whose numbers may vary.  Kinds are told
            apart by type and diameter.
        resolution: Voxels per diameter of the smallest particles, or per mean distance of
            neighbours where diameters are not known.  A voxel should hold at most one centre.
        order: Order of the voxels: `"rows"`, or `"hilbert"` in square boxes, with a number of
            voxels that is a power of two.
        seed: Seed for the ideal gas.

    Returns:
        The entropy in excess of the ideal gas of the same density on the same voxels, and its
        error.

    Raises:
        InputError: The samples are a lattice, the boundary is not periodic, there are more than 8
            kinds, the resolution is not positive or makes more than 2^31 voxels, or the order is
            unknown or does not fit the box.

    Example:
        >>> import moiety
        >>> rods = moiety.system("hard-rods", particles=200, density=0.6)
        >>> s = particle_compression_entropy(rods.sample(64, seed=1))  # -0.916 would be right
        >>> -0.5 < s.entropy < -0.2
        True
    """
    particles = periodic_particles(particles, _NAME)
    few_kinds(particles, _NAME)
    shape = _shape(particles, resolution, order)
    points = uniform_points(particles, particles.counts, Streams(seed).numpy("voxels"))
    real, ideal = (
        compression_entropy(voxels(one, shape), order=order)
        for one in (particles, particles.replace(positions=points))
    )
    each = float(np.prod(shape)) / float(particles.counts.mean())
    return Estimate(
        (real.entropy - ideal.entropy) * each, float(np.hypot(real.error, ideal.error)) * each
    )


def voxels(particles: Particles, shape: tuple[int, ...]) -> Samples:
    """Images of the boxes: 0 in empty voxels, 1 + the kind of a particle in others.

    Args:
        particles: Frames in periodic boxes, with at most 8 kinds of particles.
        shape: Number of voxels along each edge of the box.

    Raises:
        InputError: There are more than 8 kinds.

    Example:
        >>> frames = Particles.from_frames([np.array([[0.5], [3.9]])] * 8, cells=4.0, periodic=True)
        >>> voxels(frames, (4,)).values[0, 0].tolist()
        [1, 0, 0, 1]
    """
    kinds = few_kinds(particles, _NAME)
    frames = np.repeat(np.arange(particles.n), particles.counts)
    inverse = np.linalg.inv(particles.cells)
    parts = np.einsum("ni,nij->nj", particles.positions, inverse[frames])
    places = np.clip((parts * shape).astype(np.int64), 0, np.array(shape) - 1)
    image = np.zeros((particles.n, *shape), np.uint8)
    image[(frames, *places.T)] = kinds.labels + 1
    return Samples(
        values=image.reshape(particles.chains, particles.draws, *shape),
        kind="discrete",
        periodic=(True,) * len(shape),
        labels=tuple(range(kinds.number + 1)),
    )


def _shape(particles: Particles, resolution: float, order: str) -> tuple[int, ...]:
    """Number of voxels along each edge."""
    if not 0 < resolution < np.inf:
        raise InputError(f"resolution must be positive, not {resolution}")
    if order not in ORDERS:
        raise InputError(f"order must be one of {', '.join(ORDERS)}, not {order!r}")
    unit = (
        particles.density ** (-1 / particles.dimensions)
        if particles.diameters is None
        else float(particles.diameters.min())
    )
    along = np.linalg.norm(particles.cells, axis=2).mean(axis=0) * resolution / unit
    if float(np.prod(along)) * particles.n > _MOST_VOXELS:
        raise InputError(
            f"a resolution of {resolution:g} makes too many voxels; give a smaller one"
        )
    if order == "hilbert":
        along = 2.0 ** np.round([log2(max(one, 1.0)) for one in along])
    return tuple(int(max(round(float(one)), 1)) for one in along)
