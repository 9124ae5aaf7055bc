"""Distances between near particles of a frame, in boxes of any shape."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..data.particles import Particles

__all__ = ["near_pairs", "nearest_distances", "pairs_of_run", "with_images"]

_PAIRS = 400_000
_FRAMES = 64

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def near_pairs(particles: Particles, frame: int, reach: float) -> tuple[Integers, Integers, Floats]:
    """Both particles and the distance of each pair closer than `reach`, each pair once.

    Args:
        particles: Frames.
        frame: Index of the frame.
        reach: Largest distance; at most half of the box is searched.

    Example:
        >>> pair = np.array([[0.1, 0.0], [9.9, 0.0]])
        >>> frames = Particles.from_frames([pair] * 8, cells=10.0, periodic=True)
        >>> [part.round(3).tolist() for part in near_pairs(frames, 0, 1.0)]
        [[0], [1], [0.2]]
    """
    positions = particles.frame(frame)
    reach = min(reach, 0.499 * float(_closed_width(particles, frame)))
    images, origins = with_images(particles, frame, reach)
    found = cKDTree(positions).sparse_distance_matrix(cKDTree(images), reach, output_type="ndarray")
    first, second = found["i"].astype(np.int64), origins[found["j"]]
    once = first < second
    return first[once], second[once], np.asarray(found["v"][once], np.float64)


def pairs_of_run(particles: Particles, reach: float) -> tuple[Integers, Integers, Floats]:
    """Near pairs as `near_pairs`, of frames spread over the run, until there are enough.

    Args:
        particles: Frames.
        reach: Largest distance.

    Returns:
        Indices of both particles among those of all frames, and the distance.
    """
    frames = np.unique(np.linspace(0, particles.n - 1, min(_FRAMES, particles.n)).astype(int))
    parts, found = [], 0
    for frame in np.random.default_rng(0).permutation(frames):
        first, second, distances = near_pairs(particles, int(frame), reach)
        start = particles.starts[frame]
        parts.append((first + start, second + start, distances))
        found += len(distances)
        if found > _PAIRS:
            break
    first, second, distances = (np.concatenate(part) for part in zip(*parts, strict=True))
    return first, second, distances


def nearest_distances(particles: Particles, frame: int) -> Floats:
    """Distance of each particle to the nearest other one, sorted, shape `(number,)`.

    Args:
        particles: Frames.
        frame: Index of the frame.

    Example:
        >>> row = np.arange(6.0)[:, None]
        >>> frames = Particles.from_frames([row] * 8, cells=8.0, periodic=True)
        >>> nearest_distances(frames, 0).tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    positions = particles.frame(frame)
    if len(positions) < 2:
        return np.zeros(0)
    spacing = (float(particles.volumes[frame]) / len(positions)) ** (1 / particles.dimensions)
    reach = min(2 * spacing, 0.499 * _closed_width(particles, frame))
    images, _ = with_images(particles, frame, reach)
    distances, _ = cKDTree(images).query(positions, k=2)
    return np.sort(np.asarray(distances[:, 1], np.float64))


def _closed_width(particles: Particles, frame: int) -> float:
    """Smallest width of the box between faces that are joined; infinite if none is."""
    widths = particles.widths[frame]
    return float(
        min((w for w, c in zip(widths, particles.periodic, strict=True) if c), default=np.inf)
    )


def with_images(particles: Particles, frame: int, reach: float) -> tuple[Floats, Integers]:
    """Particles and their periodic images within `reach` of the box, and whose images they are.

    Args:
        particles: Frames.
        frame: Index of the frame.
        reach: Largest distance from the box, at most its width.

    Returns:
        Positions, shape `(images, d)`, the particles themselves first; and indices within the
        frame, shape `(images,)`.

    Example:
        >>> pair = np.array([[0.1], [5.0]])
        >>> frames = Particles.from_frames([pair] * 8, cells=10.0, periodic=True)
        >>> [part.ravel().round(3).tolist() for part in with_images(frames, 0, 1.0)]
        [[0.1, 5.0, 10.1], [0, 1, 0]]
    """
    positions, cell = particles.frame(frame), particles.cells[frame]
    parts, margin = positions @ np.linalg.inv(cell), reach / particles.widths[frame]
    images, origins = [positions], [np.arange(len(positions))]
    steps = [(-1, 0, 1) if closed else (0,) for closed in particles.periodic]
    for shift in product(*steps):
        if any(shift):
            moved = parts + shift
            near = ((moved >= -margin) & (moved < 1 + margin)).all(axis=1)
            images.append(moved[near] @ cell)
            origins.append(np.flatnonzero(near))
    return np.concatenate(images), np.concatenate(origins).astype(np.int64)
