r"""Do particles keep exact distances?  A search for peaks of g(r) that are narrower than a pixel.

For every distance r and width w, the pairs in [r, r + w] are compared with those around it:

    share = pairs in [r, r + w] / pairs in [r - 9.5 w, r + 10.5 w]

It is 1/20 where g(r) is smooth, 1/10 behind the step of hard particles, at most 0.32 behind a gap
distribution that diverges like the inverse root of the gap, and nearly 1 where particles touch:
there the joint density is singular, and M grows with the logarithm of the resolution.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..data.kinds import kinds_of
from ..data.particles import Particles
from .neighbours import near_pairs

__all__ = ["Peak", "sharpest_peak"]

_WIDTHS = (1e-4, 1e-3, 1e-2)  # in diameters; a pixel is 0.1 at the usual resolution
_FEWEST = 50  # pairs; chance puts 50 of 100 where 5 are expected once in 10^33
_PAIRS = 400_000
_FRAMES = 64
_REACH = 1.6  # in diameters
_SHELL = 1.5  # in mean spacings
_MOST_KINDS = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Peak:
    """Where g(r) is sharpest.

    Args:
        share: Share of the pairs around the place that lie within one width of it.
        distance: The place, in diameters.
        width: Width w, in diameters.
    """

    share: float
    distance: float
    width: float


def sharpest_peak(particles: Particles, sigma: float) -> Peak:
    """The place where most of the pairs around lie within one width.

    Args:
        particles: Frames.
        sigma: Unit of length.

    Example:
        >>> rows = [np.arange(0.0, 40.0, 2.0)[:, None] + k for k in range(16)]
        >>> frames = Particles.from_frames(rows, cells=40.0, periodic=True)
        >>> sharpest_peak(frames, 2.0)
        Peak(share=1.0, distance=1.0, width=0.0001)
    """
    peaks = [
        _peak(distances, width) for distances in _groups(particles, sigma) for width in _WIDTHS
    ]
    return max(peaks, key=lambda peak: peak.share, default=Peak(0.0, 0.0, _WIDTHS[0]))


def _peak(distances: Floats, width: float) -> Peak:
    ordered = np.sort(distances)
    places = np.arange(len(ordered))
    inside = np.searchsorted(ordered, ordered + width, "right") - places
    first = np.searchsorted(ordered, ordered - 9.5 * width)
    around = np.searchsorted(ordered, ordered + 10.5 * width, "right") - first
    share = np.where(inside >= _FEWEST, inside / np.maximum(around, 1), 0.0)
    if not len(share):
        return Peak(0.0, 0.0, width)
    best = int(np.argmax(share))
    middle = best + int(inside[best]) // 2
    return Peak(float(share[best]), float(ordered[min(middle, len(ordered) - 1)]), width)


def _groups(particles: Particles, sigma: float) -> Iterator[Floats]:
    """Distances between particles of two kinds; and of all, in units of where they touch."""
    kinds, names = _kinds(particles)
    largest = 1.0 if particles.diameters is None else float(particles.diameters.max()) / sigma
    spacing = particles.density ** (-1 / particles.dimensions) / sigma
    first, second, distances = _pairs(particles, sigma * max(_REACH * largest, _SHELL * spacing))
    distances = distances / sigma
    if particles.diameters is not None:
        touching = (particles.diameters[first] + particles.diameters[second]) / 2
        yield distances * sigma / touching
    low = np.minimum(kinds[first], kinds[second])
    label = low * names + np.maximum(kinds[first], kinds[second])
    for pair in np.unique(label):
        yield distances[label == pair]


def _kinds(particles: Particles) -> tuple[NDArray[np.int64], int]:
    """A number for each kind of particles; a single kind where they are too many."""
    number, labels = kinds_of(particles)
    if number > _MOST_KINDS:
        return np.zeros(len(particles.positions), np.int64), 1
    return labels, number


def _pairs(
    particles: Particles, reach: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Near pairs of frames spread over the run, until there are enough."""
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
