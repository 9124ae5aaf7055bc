"""Distances and deviations in frames of particles."""

import numpy as np
from scipy.spatial import cKDTree

from moiety.data.statistics import standard_error


def deviation(series, expected):
    """Deviation of a mean, and its standard error."""
    return np.mean(series) - expected, max(standard_error(series), 1e-12)


def by_frame(particles):
    """Positions `(frame, particle, d)`."""
    return particles.positions.reshape(particles.n, -1, particles.dimensions)


def per_chain(values, particles):
    """A number per frame, as `(chain, draw)`."""
    return np.reshape(values, (particles.chains, particles.draws))


def distances(particles, reach):
    """Frame and distance of each pair closer than `reach`, each pair once."""
    side = particles.cells[0, 0, 0]
    frames, apart = [], []
    for k, points in enumerate(by_frame(particles)):
        pairs = cKDTree(points, boxsize=side).query_pairs(reach, output_type="ndarray")
        steps = points[pairs[:, 0]] - points[pairs[:, 1]]
        apart.append(np.sqrt(((steps - side * np.round(steps / side)) ** 2).sum(axis=1)))
        frames.append(np.full(len(pairs), k))
    return np.concatenate(frames), np.concatenate(apart)
