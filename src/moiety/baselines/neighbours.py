r"""Nearest-neighbour entropy: how particles differ from random points in their local environments.

A plane sweeps over the box.  With lambda the rate at which it meets particles, given all particles
behind it, the excess entropy per particle is, by the chain rule,

    s = -<ln(lambda / rho)> over particles = -D(p || q),

p the distribution of what lies behind a particle, q that of what lies behind a random point.  Here
only the k nearest particles behind are seen: D_k <= D, so that -D_k >= s, and it falls with k.
It is 0 for an ideal gas, and exact for k = 1 in one dimension if only neighbours interact.

D_k follows from distances to nearest neighbours in the space of environments, of k d dimensions
(Kozachenko and Leonenko, Probl. Inf. Transm. 23, 95 (1987), for both distributions; Wang, Kulkarni
and Verdu, IEEE Trans. Inf. Theory 55, 2392 (2009), https://doi.org/10.1109/TIT.2009.2016060):

    D_k = < k d ln(nu / eps) + ln(m / n) >,

eps the distance of an environment to the third nearest of n others of particles, nu to the third
nearest of m of random points.  Others come from another quarter of the frames, so that frames
which resemble those before them do not count as near.  Where environments are few for their k d
dimensions, D_k is too small, which is why more neighbours than one or two seldom help.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..base.errors import InputError
from ..base.random import Streams
from ..data.particles import Particles
from ..data.statistics import block_labels
from ..inspection.neighbours import with_images
from ..results.types import Estimate
from .ideal import few_kinds, periodic_particles, uniform_points

__all__ = ["neighbour_entropy"]

_NAME = "nearest-neighbour entropy"
_ENVIRONMENTS = 50_000
_NEAREST = 3
_FOLDS = 4
_PARTS = 16  # of the frames, whose spread gives the error
_START = 3.0  # mean distances of neighbours, where the search for them starts
_FARTHEST = 0.999  # of the width of a box
_MOST = 8
_RARE = 0.01  # largest share of environments of kinds that are too rare to compare

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Environments:
    """The nearest particles behind some points, for planes that sweep along each axis, both ways.

    Args:
        vectors: In mean distances of neighbours, shape `(directions, points, k * d)`.
        kinds: Numbers of the kinds of the point and of its neighbours, `(directions, points)`.
    """

    vectors: Floats
    kinds: Integers

    def chosen(self, points: NDArray[np.bool_]) -> _Environments:
        """Environments of some points."""
        return _Environments(self.vectors[:, points], self.kinds[:, points])


def neighbour_entropy(
    particles: Particles, *, neighbours: int = 1, environments: int = _ENVIRONMENTS, seed: int = 0
) -> Estimate:
    """Estimate the excess entropy from environments of nearest neighbours, in nats per particle.

    The error is the spread between parts of the frames, each compared by itself.  It excludes the
    correlations beyond the neighbours seen and the bias of the estimator; both make the entropy
    too large.

    Args:
        particles: Frames in periodic boxes of any shape, whose numbers may vary.  Kinds are told
            apart by type and diameter.
        neighbours: Number of neighbours k.
        environments: Largest number of particles whose environments are compared, spread evenly.
        seed: Seed for the random points.

    Returns:
        The entropy in excess of the ideal gas (or mixture) of the same density, and its error.

    Raises:
        InputError: The samples are a lattice, the boundary is not periodic, there are more than 8
            kinds, the boxes are too small, there are too few environments, or they repeat.

    Example:
        >>> import moiety
        >>> rods = moiety.system("hard-rods", particles=200, density=0.5)
        >>> s = neighbour_entropy(rods.sample(64, seed=1))
        >>> abs(s.entropy - rods.exact_excess_entropy()) < 4 * s.error
        True
    """
    particles = periodic_particles(particles, _NAME)
    known = few_kinds(particles, _NAME)
    number, kinds = known.number, known.labels
    if not 1 <= neighbours <= _MOST:
        raise InputError(f"neighbours must be from 1 to {_MOST}, not {neighbours}")
    least = 2 * _FOLDS * _NEAREST
    if min(environments, len(particles.positions)) < least:
        raise InputError(f"{_NAME} needs at least {least} environments")
    chosen = np.unique(
        np.linspace(0, len(kinds) - 1, min(environments, len(kinds))).round().astype(np.int64)
    )
    frames = np.searchsorted(particles.starts, chosen, side="right") - 1
    rng = Streams(seed).numpy("neighbours")
    points = uniform_points(particles, np.bincount(frames, minlength=particles.n), rng)
    real = _environments(
        particles, kinds, number, particles.positions[chosen], kinds[chosen], frames, neighbours
    )
    random = _environments(
        particles, kinds, number, points, rng.permutation(kinds[chosen]), frames, neighbours
    )
    parts = min(_PARTS, particles.n // _FOLDS)
    labels = block_labels(particles.chains, particles.draws, _FOLDS * parts).ravel()[frames]
    local = _contributions(real, random, labels // parts)
    if np.isnan(local).mean() > _RARE:
        raise InputError(
            "the kinds of neighbours are too many for these frames; give fewer neighbours or more"
            " environments"
        )
    spread = []
    for part in range(parts):
        inside = labels // _FOLDS == part
        alone = _contributions(real.chosen(inside), random.chosen(inside), labels[inside] % _FOLDS)
        spread.append(np.nanmean(alone))
    return Estimate(-float(np.nanmean(local)), float(np.std(spread, ddof=1) / np.sqrt(parts)))


def _environments(
    particles: Particles,
    kinds: Integers,
    number: int,
    points: Floats,
    own: Integers,
    frames: Integers,
    neighbours: int,
) -> _Environments:
    """What lies behind points of given kinds."""
    scale = particles.density ** (1 / particles.dimensions)
    vectors, seen = [], []
    for frame in np.unique(frames):
        there = frames == frame
        found, whose = _behind(particles, int(frame), points[there], neighbours)
        vectors.append(found * scale)
        labels = kinds[particles.starts[frame] :][whose]  # (directions, points, k)
        powers = number ** np.arange(1, neighbours + 1)
        seen.append(own[there] + labels @ powers)
    flat = np.concatenate(vectors, axis=1)
    return _Environments(
        flat.reshape(*flat.shape[:2], -1), np.concatenate(seen, axis=1).astype(np.int64)
    )


def _behind(
    particles: Particles, frame: int, points: Floats, neighbours: int
) -> tuple[Floats, Integers]:
    """Vectors to the nearest particles behind points, and their indices within the frame.

    Shapes `(2 d, points, k, d)` and `(2 d, points, k)`, by direction of the sweep.
    """
    space = particles.dimensions
    spacing = (particles.volumes[frame] / particles.counts[frame]) ** (1 / space)
    widest = _FARTHEST * float(particles.widths[frame].min())
    reach, most = min(_START * spacing * neighbours ** (1 / space), widest), 4 * neighbours + 8
    while True:
        images, origins = with_images(particles, frame, reach)
        apart, near = cKDTree(images).query(points, k=np.arange(1, min(most, len(images)) + 1))
        vectors = images[near] - points[:, None]
        order, enough = _picked(vectors, apart < reach, neighbours)
        if enough.all():
            found = np.take_along_axis(vectors[None], order[..., None], axis=2)
            return found, origins[np.take_along_axis(near[None], order, axis=2)]
        if most < len(images) and (apart[~enough, -1] < reach).all():
            most *= 2
        elif reach < widest:
            reach = min(2 * reach, widest)
        elif most < len(images):
            most *= 2
        else:
            raise InputError(
                f"frame {frame}: the box is too small for {neighbours} neighbours on each side;"
                " give fewer neighbours"
            )


def _picked(
    vectors: Floats, near: NDArray[np.bool_], neighbours: int
) -> tuple[Integers, NDArray[np.bool_]]:
    """For each direction, places of the first vectors backwards; which points have all."""
    orders, enough = [], near.sum(axis=1) >= neighbours
    for axis in range(vectors.shape[2]):
        for sign in (1, -1):
            behind = (sign * vectors[..., axis] < 0) & near
            orders.append(np.argsort(~behind, axis=1, kind="stable")[:, :neighbours])
            enough &= behind.sum(axis=1) >= neighbours
    return np.stack(orders), enough


def _contributions(real: _Environments, random: _Environments, folds: Integers) -> Floats:
    """What each environment adds to D_k, `(directions, points)`; NaN where its kinds are rare.

    Args:
        real: Environments of particles.
        random: As many environments of random points.
        folds: Quarter of the frames, shape `(points,)`.
    """
    local = np.full(real.kinds.shape, np.nan)
    for direction, fold in product(range(len(local)), range(_FOLDS)):
        own, other = real.kinds[direction], random.kinds[direction]
        for kind in np.unique(own[folds == fold]):
            at, outside = (own == kind) & (folds == fold), folds != fold
            sets = (
                real.vectors[direction, outside & (own == kind)],
                random.vectors[direction, outside & (other == kind)],
            )
            if min(map(len, sets)) >= _NEAREST:
                local[direction, at] = _log_ratio(real.vectors[direction, at], *sets)
    return local


def _log_ratio(at: Floats, others: Floats, random: Floats) -> Floats:
    """Contributions k d ln(nu / eps) of environments, where n = m."""
    eps, nu = (cKDTree(one).query(at, k=[_NEAREST])[0][:, 0] for one in (others, random))
    if not (eps > 0).all():
        raise InputError("environments repeat exactly: positions are rounded, or frames are copies")
    return np.asarray(at.shape[1] * np.log(nu / eps))
