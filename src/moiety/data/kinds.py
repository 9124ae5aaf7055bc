"""Kinds of particles: types and diameters that occur together."""

from __future__ import annotations

import numpy as np

from .particles import Particles

__all__ = ["kinds_of"]


def kinds_of(particles: Particles) -> tuple[int, np.ndarray]:
    """Number of kinds of particles, and the kind of each one.

    Args:
        particles: Frames; particles of a kind have the same type and the same diameter.

    Returns:
        The number of kinds, and the index of each particle's, shape `(total,)`.

    Example:
        >>> frames = [np.arange(6.0).reshape(3, 2)] * 8
        >>> mixed = Particles.from_frames(
        ...     frames, cells=9.0, periodic=True, types=np.array([4, 4, 7])
        ... )
        >>> number, kinds = kinds_of(mixed)
        >>> number, kinds[:3].tolist()
        (2, [0, 0, 1])
    """
    columns = [column for column in (particles.types, particles.diameters) if column is not None]
    if not columns:
        return 1, np.zeros(len(particles.positions), np.int64)
    names, kinds = np.unique(np.stack(columns), axis=1, return_inverse=True)
    return int(names.shape[1]), np.asarray(kinds, np.int64).ravel()
