r"""Where g(r) has its first peak, and how far its hole reaches.

Distances of near pairs, of frames spread over the run, are counted in windows of r and compared
with those of an ideal gas,

    g(r) = pairs in [r - w, r + w] / (pairs of an ideal gas there).

The first peak is the highest point of the stretch in which g is above 1 beyond doubt for the first
time, if g falls again behind it, and if it is low at small distances.  With several kinds of
particles each two have a g(r) of their own, and the nearest peak counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..data.kinds import EVERY_MARK, Marks
from ..data.particles import Particles
from .neighbours import pairs_of_run

__all__ = ["core_distance", "first_peak"]

_REACH = 3.0  # in mean spacings
_FAR = 0.7  # of the reach, from which g is taken to be 1
_WINDOW, _STEP = 0.04, 0.01  # half width and distance of windows, in mean spacings or peaks
_SIGMAS = 5.0  # of counts, by which a peak is above 1 and above what is behind it
_HOLE = 60  # pairs of an ideal gas; chance leaves half of them out once in 10^5
_LEAST = 0.02  # by which it must be above 1, too
_MOST_KINDS = 4
_FEWEST = 1000  # pairs of two kinds

Floats = NDArray[np.float64]


def first_peak(particles: Particles, marks: Marks = EVERY_MARK) -> float | None:
    """Distance of the first peak of g(r), in the unit of the positions.

    Args:
        particles: Frames.
        marks: What tells kinds of particles apart.

    Returns:
        The distance; None if there is no peak within three mean spacings or half of the box, as in
        an ideal gas.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> gaps = rng.exponential(size=(64, 100)) + 1  # rods of length 1
        >>> rods = [np.cumsum(row)[:, None] for row in gaps]
        >>> frames = Particles.from_frames(rods, cells=gaps.sum(1)[:, None, None], periodic=True)
        >>> gas = Particles.from_frames(rng.random((64, 100, 1)), cells=1.0, periodic=True)
        >>> round(first_peak(frames)), first_peak(gas)
        (1, None)
    """
    return _nearest(_peak, particles, marks)


def core_distance(particles: Particles, marks: Marks = EVERY_MARK) -> float | None:
    """Radius of the hole of g(r) around a particle, in the unit of the positions.

    In a dilute gas of hard particles this is easier to see than the peak.

    Args:
        particles: Frames.
        marks: What tells kinds of particles apart.

    Returns:
        The distance; None if near pairs are as common as in an ideal gas, or nearly so.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> gaps = rng.exponential(40, size=(64, 100)) + 1
        >>> rods = [np.cumsum(row)[:, None] for row in gaps]
        >>> frames = Particles.from_frames(rods, cells=gaps.sum(1)[:, None, None], periodic=True)
        >>> first_peak(frames), round(core_distance(frames))
        (None, 1)
    """
    return _nearest(_hole, particles, marks)


def _nearest(
    place: Callable[[Floats, int, float], float | None], particles: Particles, marks: Marks
) -> float | None:
    """The smallest place that any group of pairs has."""
    space = particles.dimensions
    spacing = float(particles.density ** (-1 / space))
    groups = _groups(particles, marks, _REACH * spacing)
    places = [place(distances, space, spacing) for distances in groups]
    return min((one for one in places if one is not None), default=None)


def _groups(particles: Particles, marks: Marks, reach: float) -> Iterator[Floats]:
    """Distances of near pairs in rising order: of all particles, and of each two kinds."""
    first, second, distances = pairs_of_run(particles, reach)
    kinds = marks.kinds(particles)
    yield np.sort(distances)
    if 1 < kinds.number <= _MOST_KINDS:
        ends = kinds.labels[first], kinds.labels[second]
        pair = np.minimum(*ends) * kinds.number + np.maximum(*ends)
        for which in np.unique(pair):
            yield np.sort(distances[pair == which])


def _hole(distances: Floats, space: int, spacing: float) -> float | None:
    """Radius of the hole that lacks as many pairs as there are within 2^(1/d) of it."""
    if len(distances) < _HOLE or distances[-1] == 0:
        return None
    ideal = _far_pairs(distances, space) * distances**space
    lacking = np.flatnonzero((np.arange(1, len(ideal) + 1) < ideal / 2) & (ideal > _HOLE))
    return float(distances[lacking[-1]]) / 2 ** (1 / space) if len(lacking) else None


def _peak(distances: Floats, space: int, spacing: float) -> float | None:
    """The first peak of g(r) of these distances."""
    if len(distances) < _FEWEST or distances[-1] == 0:
        return None
    centres, g, error = _windows(distances, space, spacing, float(distances[-1]))
    above = np.flatnonzero(g - _SIGMAS * error > 1 + _LEAST)
    if not len(above):
        return None
    start = int(above[0])
    below = np.flatnonzero(g[start:] < 1)
    stop = start + int(below[0]) if len(below) else len(g)
    top = start + int(np.argmax((g - 2 * error)[start:stop]))
    falls = (g[top:] + _SIGMAS * error[top:] < g[top]).any()
    closer = np.searchsorted(distances, centres[top] / 2) / np.searchsorted(distances, centres[top])
    if not falls or closer > 0.5 ** (space + 1):  # half as many as in an ideal gas
        return None
    centres, g, error = _windows(distances, space, float(centres[top]), float(1.5 * centres[top]))
    return float(centres[np.argmax(g - error)])


def _windows(
    distances: Floats, space: int, scale: float, end: float
) -> tuple[Floats, Floats, Floats]:
    """Centres of windows up to a distance, g(r) there, and its error from the counts."""
    centres = np.arange(_STEP * scale, end - _WINDOW * scale, _STEP * scale)
    low, high = np.maximum(centres - _WINDOW * scale, 0.0), centres + _WINDOW * scale
    pairs = np.searchsorted(distances, high) - np.searchsorted(distances, low)
    ideal = _far_pairs(distances, space) * (high**space - low**space)
    return centres, pairs / ideal, np.sqrt(np.maximum(pairs, 1)) / ideal


def _far_pairs(distances: Floats, space: int) -> float:
    """Far pairs per r^d, which are as many as in an ideal gas, or nearly so."""
    reach = float(distances[-1])
    far = len(distances) - np.searchsorted(distances, _FAR * reach)
    return float(far / (reach**space * (1 - _FAR**space)))
