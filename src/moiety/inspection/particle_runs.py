"""Frames along a run of particles: copies, drifts, particles that never move, varying densities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..data.particles import Particles
from ..data.statistics import tau_int
from .findings import Finding
from .neighbours import nearest_distances

__all__ = ["FramesLikeness", "copies", "densities", "drift", "frozen"]

_FEWEST_FRAMES = 8  # that differ; an estimate from fewer is refused
_SAME = 1e-6  # relative; positions in single precision are good to 1e-7
_MOST = 2**21  # particles whose neighbours are searched
_SIGMAS = 5.0
_MOST_SIGMAS = 1e6
_EXPLAINED = 0.1  # share of a series' variance that a drift must explain
_FEWEST = 20  # draws of a chain that can show a drift
_ALL = 0.95  # share of the variance that no slow but stationary quantity owes to a trend
_FEWEST_KNOWN = 10.0  # effective frames about the trend; slower changes may come back
_START = 10  # the first tenth of a chain is compared with the rest
_FLUCTUATION = 3.0  # of the density, in units of an ideal gas's

Floats = NDArray[np.float64]


class FramesLikeness:
    """Numbers that do not change if a frame is moved, turned, reflected or put into other order.

    They are the mean, the ends and the quartiles of the distances to the nearest neighbours.

    Args:
        particles: Frames.
    """

    def __init__(self, particles: Particles):
        self.values = np.array([_likeness(particles, frame) for frame in range(particles.n)])

    @property
    def mean_distance(self) -> Floats:
        """Mean distance to the nearest neighbour, shape `(n,)`."""
        return self.values[:, 0]

    def originals(self) -> NDArray[np.int64]:
        """Index of the first frame that each frame is a copy of, shape `(n,)`."""
        order = np.lexsort(self.values.T[::-1])
        ordered = self.values[order]
        steps = np.abs(np.diff(ordered, axis=0))
        new = (steps > _SAME * np.maximum(np.abs(ordered[1:]), 1e-300)).any(axis=1)
        group = np.concatenate([[0], np.cumsum(new)])
        first = np.full(group[-1] + 1, len(order))
        np.minimum.at(first, group, order)
        originals = np.empty(len(order), np.int64)
        originals[order] = first[group]
        return originals


def _likeness(particles: Particles, frame: int) -> Floats:
    if len(particles.positions) > _MOST:  # the same arrays only
        points = particles.frame(frame)
        parts = [points.sum(), (points**2).sum(), *points[:1].ravel(), *points[-1:].ravel()]
        return np.asarray(parts, np.float64)
    nearest = nearest_distances(particles, frame)
    if not len(nearest):
        return np.asarray([*particles.frame(frame).sum(axis=0), len(nearest)], np.float64)
    return np.asarray([nearest.mean(), *np.quantile(nearest, (0, 0.25, 0.5, 0.75, 1))], np.float64)


def copies(originals: NDArray[np.int64]) -> Finding:
    """Whether frames occur more than once.

    Args:
        originals: The frame that each is a copy of.
    """
    n, differ = len(originals), len(np.unique(originals))
    if differ == n:
        return Finding("copies", True, 0.0, "no frame is a copy of another")
    few = "" if differ >= _FEWEST_FRAMES else f", and at least {_FEWEST_FRAMES} that differ"
    text = (
        f"only {differ} of {n} frames differ; the others are copies, perhaps moved, turned or"
        f" reflected, and count once: give each frame once{few}"
    )
    return Finding("copies", False, 1 - differ / n, text)


def drift(particles: Particles, likeness: FramesLikeness) -> Finding:
    """Whether the frames change along the run.

    Args:
        particles: Frames.
        likeness: Their nearest neighbours.
    """
    found = [
        (*_drift(values.reshape(particles.chains, particles.draws)), name)
        for name, values in _series(particles, likeness)
    ]
    sigmas, explained, name = max(found)
    moving = [(s, e, n) for s, e, n in found if s > _SIGMAS and e > _EXPLAINED]
    if not moving:
        text = f"no quantity drifts (largest: {sigmas:.1f} errors)"
        return Finding("drift", True, sigmas, text)
    sigmas, explained, name = max(moving)
    text = (
        f"the {name} drifts along the run ({sigmas:.0f} errors, {explained:.0%} of its variance):"
        " leave out the frames before equilibrium"
    )
    return Finding("drift", False, sigmas, text)


def _series(particles: Particles, likeness: FramesLikeness) -> Iterator[tuple[str, Floats]]:
    yield "distance to the nearest neighbour", likeness.mean_distance
    yield "density", particles.counts / particles.volumes
    for name, values in particles.measured.items():
        numbers = np.asarray(values)
        if numbers.dtype.kind in "fiu" and np.isfinite(numbers).all():
            numbers = numbers.astype(np.float64)
            if not _counts_up(numbers.reshape(particles.chains, particles.draws)):
                yield name, numbers


def _counts_up(series: Floats) -> bool:
    """Whether a series only grows, as steps and times do."""
    return bool((np.diff(series, axis=1) > 0).all())


def _drift(series: Floats) -> tuple[float, float]:
    """Largest trend along the chains in its errors, and the share of the variance it explains."""
    draws = series.shape[1]
    total = float(((series - series.mean()) ** 2).sum())
    if draws < _FEWEST or total <= 1e-20 * float((series**2).sum()):
        return 0.0, 0.0
    time = np.arange(draws)
    start = (time < max(draws // _START, 1)).astype(float)
    found = []
    for contrast in (time - time.mean(), start - start.mean()):
        size = (series - series.mean()) @ contrast / (contrast @ contrast)  # by chain
        rest = series - series.mean(axis=1, keepdims=True) - size.mean() * contrast
        tau = tau_int(rest)
        error = rest.std() * np.sqrt(2 * tau / (contrast @ contrast) / len(series))
        explained = size.mean() ** 2 * (contrast @ contrast) * len(series) / total
        if series.size < 2 * tau * _FEWEST_KNOWN and explained < _ALL:
            continue
        sigmas = min(abs(float(size.mean())) / max(float(error), 1e-300), _MOST_SIGMAS)
        found.append((sigmas, float(explained)))
    return max(found, default=(0.0, 0.0))


def frozen(particles: Particles) -> Finding:
    """Whether some particles never move.

    Args:
        particles: Frames.
    """
    fine = Finding("all particles move", True, 0.0, "every particle moves")
    if particles.counts.min() != particles.counts.max():
        return fine
    chosen = np.unique(np.linspace(0, particles.n - 1, 9).astype(int))
    parts = np.linalg.inv(particles.cells)
    places = np.stack([particles.frame(k) @ parts[k] for k in chosen])
    apart = np.abs(places - places[0])
    still = (np.minimum(apart, 1 - apart) < _SAME).all(axis=(0, 2))
    if not still.any() or still.all():  # equal frames are copies
        return fine
    text = (
        f"{int(still.sum())} of {len(still)} particles never move: they are walls, which belong to"
        " the box; their places are counted as if they were anywhere"
    )
    return Finding("all particles move", False, float(still.mean()), text)


def densities(particles: Particles) -> Finding:
    """Whether all frames belong to one state point, judged by their densities.

    Args:
        particles: Frames.
    """
    values = particles.counts / particles.volumes
    spread = float(values.std() / values.mean())
    limit = _FLUCTUATION / float(np.sqrt(particles.counts.mean()))
    if spread == 0:
        return Finding("one density", True, 0.0, "all frames have the same density")
    text = f"the density varies by {spread:.2%} from frame to frame"
    if spread <= limit:
        return Finding("one density", True, spread, text)
    advice = f"{text}, more than that of one fluid ({limit:.2%}): give frames at one state point"
    return Finding("one density", False, spread, advice)
