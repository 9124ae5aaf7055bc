"""Pairs of particles by distance and kind, counted frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..base.errors import InputError
from ..data.particles import Particles, ball_volume
from ..inspection.neighbours import with_images

__all__ = ["PairCounts"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PairCounts:
    """Histograms of distances, and what they would be without correlations.

    A pair of kinds a != b counts as (a, b), with `weights` 2; kinds a, a count every pair twice,
    with weight 1.

    Args:
        pairs: Ordered pairs by frame, pair of kinds and bin, shape `(n, pairs, bins)`.
        edges: Edges of the bins of each pair of kinds, shape `(pairs, bins + 1)`; below the first
            one there are no pairs.
        numbers: Particles of each kind by frame, shape `(n, kinds)`.
        volumes: Volumes of the boxes, shape `(n,)`.
        dimensions: Number of space dimensions.
    """

    pairs: NDArray[np.int64]
    edges: Floats
    numbers: NDArray[np.int64]
    volumes: Floats
    dimensions: int

    @classmethod
    def of(
        cls, particles: Particles, kinds: NDArray[np.int64], reach: float, width: float
    ) -> PairCounts:
        """Count the pairs.

        The bins of each pair of kinds begin at its smallest distance, so that the step of g(r) at
        the contact of hard particles does not fall into a bin.

        Args:
            particles: Frames in periodic boxes.
            kinds: Kind of each particle, shape `(total,)`.
            reach: Largest distance.
            width: Largest width of a bin.

        Raises:
            InputError: A pair of kinds has no two particles closer than `reach`.
        """
        number = int(kinds.max()) + 1
        both = list(combinations_with_replacement(range(number), 2))
        nearest = np.full(len(both), np.inf)
        for _, place, one, other, same in _trees(particles, kinds, both, reach):
            found = one.query(other.data, k=[2 if same else 1], distance_upper_bound=reach)[0]
            nearest[place] = min(nearest[place], float(found.min()))
        if not np.isfinite(nearest).all():
            a, b = both[int(np.argmax(nearest))]
            raise InputError(
                f"no two particles of kinds {a} and {b} are closer than {reach:.3g};"
                " give a larger reach or leave out their types"
            )
        bins = max(ceil((reach - float(nearest.min())) / width), 1)
        edges = np.linspace(nearest * (1 - 1e-9), reach, bins + 1, axis=1)
        pairs = np.zeros((particles.n, len(both), bins), np.int64)
        for frame, place, one, other, _ in _trees(particles, kinds, both, reach):
            counted = other.count_neighbors(one, edges[place], cumulative=False)
            pairs[frame, place] = counted[1:]
        frames = np.repeat(np.arange(particles.n), particles.counts)
        numbers = np.bincount(frames * number + kinds, minlength=particles.n * number)
        return cls(
            pairs,
            edges,
            numbers.reshape(particles.n, number).astype(np.int64),
            particles.volumes,
            particles.dimensions,
        )

    @property
    def weights(self) -> Floats:
        """How often each pair of kinds occurs among ordered pairs of kinds, shape `(pairs, 1)`."""
        first, second = self._both
        return np.where(first == second, 1.0, 2.0)[:, None]

    @cached_property
    def bulk(self) -> Floats:
        """Pairs at the density of the bulk, N_a N_b v / V, of the same shape as `pairs`."""
        first, second = self._both
        of_frame = self.numbers[:, first] * self.numbers[:, second] / self.volumes[:, None]
        return np.asarray(of_frame[..., None] * self._shells)

    @cached_property
    def outside(self) -> Floats:
        """Pairs at the density outside of the ball up to the bin, of the same shape as `pairs`."""
        first, second = self._both
        all_pairs = self.numbers[:, first] * (self.numbers[:, second] - (first == second))
        beyond = all_pairs[..., None] - np.cumsum(self.pairs, axis=2)
        room = self.volumes[:, None, None] - self._balls[:, 1:]
        return np.asarray(beyond / room * self._shells)

    @property
    def core(self) -> Floats:
        """Pairs that the bulk would have below the first edge, shape `(n, pairs, 1)`."""
        return self.bulk[..., :1] * (self._balls[:, :1] / self._shells[:, :1])

    @property
    def _both(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        kinds = range(self.numbers.shape[1])
        first, second = zip(*combinations_with_replacement(kinds, 2), strict=True)
        return np.array(first), np.array(second)

    @property
    def _balls(self) -> Floats:
        """Volumes of the balls up to each edge."""
        return np.asarray(ball_volume(self.dimensions) * (2 * self.edges) ** self.dimensions)

    @property
    def _shells(self) -> Floats:
        return np.diff(self._balls, axis=1)


def _trees(
    particles: Particles, kinds: NDArray[np.int64], both: list[tuple[int, int]], reach: float
) -> Iterator[tuple[int, int, cKDTree, cKDTree, bool]]:
    """Frame, index of the pair of kinds, images of the second kind, particles of the first."""
    for frame in range(particles.n):
        images, origins = with_images(particles, frame, reach)
        own = kinds[particles.starts[frame] : particles.starts[frame + 1]]
        every = [cKDTree(images[own[origins] == kind]) for kind in range(int(kinds.max()) + 1)]
        some = [cKDTree(particles.frame(frame)[own == kind]) for kind in range(len(every))]
        for place, (a, b) in enumerate(both):
            if some[a].n and every[b].n and not (a == b and some[a].n < 2):
                yield frame, place, every[b], some[a], a == b
