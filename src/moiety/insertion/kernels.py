"""Compiled search for the particles around a place, some of which are not inserted yet.

Every particle has a time of insertion, uniform in (0, 1).  Around a place at time t, a particle is
*present* with probability t and *absent* otherwise.  Which one it is gets drawn when it is met, so
that each place has an order of insertion of its own.
"""

from __future__ import annotations

from math import pi
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..estimation.crop_kernels import Bins

__all__ = ["Found", "Frames", "Proposals", "closest", "propose", "revisit"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_FULL, _OVERLAPS = -1, -2


class Frames(NamedTuple):
    """What is searched.

    Args:
        bins: Particles in bins.
        kinds: Kind of each particle in the order of the bins.
        starts: First particle of each frame, then their number.
        core: Distances below which two kinds are never found, shape `(kinds, kinds)`.
        space: Number of space dimensions.
        radius: How far a place sees.
        near: Distance within which absent particles are counted.
    """

    bins: Bins
    kinds: Integers
    starts: Integers
    core: Floats
    space: int
    radius: float
    near: float


class Found(NamedTuple):
    """What is filled in for each place.

    Args:
        vectors: Vectors to the particles that are present, shape `(n, most, 3)`.
        kinds: Their kinds, shape `(n, most)`.
        numbers: Their numbers, shape `(n,)`.
        own: Kind of the inserted particle, shape `(n,)`.
        times: Times of insertion, shape `(n,)`.
    """

    vectors: NDArray[np.float32]
    kinds: NDArray[np.int8]
    numbers: Integers
    own: Integers
    times: Floats


class Proposals(NamedTuple):
    """How places are proposed.

    Args:
        edges: Times between which the parts lie, shape `(parts + 1,)`.
        ends: Cumulated shares of the parts, shape `(parts,)`.
        anywhere: Share of proposals anywhere in the box; the others lie near absent particles.
    """

    edges: Floats
    ends: Floats
    anywhere: float


class _Around(NamedTuple):
    """Room for the particles in a shell around a place."""

    low: Integers
    high: Integers
    shift: Integers
    indices: Integers
    vectors: Floats
    distances: Floats


@njit(nogil=True, cache=True)
def _room(most: int) -> _Around:
    return _Around(
        np.zeros(3, np.int64),
        np.zeros(3, np.int64),
        np.zeros(3, np.int64),
        np.zeros(most, np.int64),
        np.zeros((most, 3)),
        np.zeros(most),
    )


@njit(nogil=True, cache=True)
def _cover(bins: Bins, frame: int, place: Floats, radius: float, around: _Around) -> None:
    """First and last bin along each edge within a distance of a place."""
    inverse = bins.inverse[frame]
    for edge in range(3):
        part, width = 0.0, 0.0
        for axis in range(3):
            part += place[axis] * inverse[axis, edge]
            width += inverse[axis, edge] ** 2
        reach = radius * np.sqrt(width)
        around.low[edge] = int(np.floor((part - reach) * bins.bins[edge]))
        around.high[edge] = int(np.floor((part + reach) * bins.bins[edge]))
        if not bins.closed[edge]:
            around.low[edge] = max(around.low[edge], 0)
            around.high[edge] = min(around.high[edge], bins.bins[edge] - 1)


@njit(nogil=True, cache=True)
def _vector(bins: Bins, frame: int, i: int, place: Floats, shift: Integers, out: Floats) -> float:
    """The vector from a place to an image of a particle; returns its length."""
    square = 0.0
    for axis in range(3):
        part = bins.positions[i, axis] - place[axis]
        for edge in range(3):
            part += shift[edge] * bins.cells[frame, edge, axis]
        out[axis] = part
        square += part * part
    return float(np.sqrt(square))


@njit(nogil=True, cache=True)
def _shell(
    bins: Bins, frame: int, place: Floats, inner: float, outer: float, around: _Around
) -> int:
    """Find the particles between two distances; return their number, or that there is no room."""
    _cover(bins, frame, place, outer, around)
    shift, number = around.shift, 0
    for x in range(around.low[0], around.high[0] + 1):
        shift[0] = x // bins.bins[0]
        for y in range(around.low[1], around.high[1] + 1):
            shift[1] = y // bins.bins[1]
            for z in range(around.low[2], around.high[2] + 1):
                shift[2] = z // bins.bins[2]
                at = (frame * bins.bins[0] + x - shift[0] * bins.bins[0]) * bins.bins[1]
                at = (at + y - shift[1] * bins.bins[1]) * bins.bins[2]
                at += z - shift[2] * bins.bins[2]
                for i in range(bins.starts[at], bins.starts[at + 1]):
                    distance = _vector(bins, frame, i, place, shift, around.vectors[number])
                    if inner <= distance < outer:
                        around.indices[number], around.distances[number] = i, distance
                        number += 1
                        if number == len(around.indices):
                            return _FULL
    return number


@njit(nogil=True, cache=True)
def _look(
    frames: Frames,
    frame: int,
    place: Floats,
    absent: int,
    allowed: bool,
    found: Found,
    n: int,
    around: _Around,
) -> tuple[int, float]:
    """Write down the particles that are present around place n.

    The search goes from inside outwards in two shells, so that a place that overlaps is left early.

    Returns:
        The number of particles present, or why there is none; and the number of absent particles
        that are near.
    """
    kinds, kind, time = frames.kinds, found.own[n], found.times[n]
    inner = max(frames.near, frames.core[kind].max())
    number, hidden = 0, 0.0
    for shell in range(2):
        first, last = (0.0, inner) if shell == 0 else (inner, frames.radius)
        many = _shell(frames.bins, frame, place, first, last, around)
        if many == _FULL:
            return _FULL, 0.0
        for k in range(many):
            i = around.indices[k]
            if i == absent or np.random.random() >= time:
                hidden += around.distances[k] < frames.near
                continue
            if not allowed and around.distances[k] < frames.core[kind, kinds[i]]:
                return _OVERLAPS, 0.0
            if number == found.vectors.shape[1]:
                return _FULL, 0.0
            found.vectors[n, number] = around.vectors[k].astype(np.float32)
            found.kinds[n, number] = kinds[i]
            number += 1
    return number, hidden


@njit(nogil=True, cache=True)
def revisit(frames: Frames, chosen: Integers, owners: Integers, seed: int, found: Found) -> bool:
    """Surroundings of particles at their times of insertion; False if there is too little room.

    Args:
        frames: What is searched.
        chosen: The particles, in the order of the bins.
        owners: Their frames.
        seed: Seed of the other particles' times.
        found: Filled in; `own` and `times` are given.
    """
    np.random.seed(seed)
    around = _room(4 * found.vectors.shape[1])
    for n in range(len(chosen)):
        i = chosen[n]
        place = frames.bins.positions[i]
        found.numbers[n], _ = _look(frames, owners[n], place, i, True, found, n, around)
        if found.numbers[n] == _FULL:
            return False
    return True


@njit(nogil=True, cache=True)
def _anywhere(frames: Frames, frame: int, place: Floats) -> None:
    place[:] = 0.0
    for edge in range(frames.space):
        along = np.random.random()
        for axis in range(frames.space):
            place[axis] += along * frames.bins.cells[frame, edge, axis]


@njit(nogil=True, cache=True)
def _beside(frames: Frames, i: int, place: Floats) -> None:
    """A place in the ball of radius `near` around a particle."""
    square = 0.0
    for axis in range(frames.space):
        place[axis] = np.random.normal()
        square += place[axis] ** 2
    scale = frames.near * np.random.random() ** (1 / frames.space) / np.sqrt(square)
    for axis in range(frames.space):
        place[axis] = frames.bins.positions[i, axis] + scale * place[axis]


@njit(nogil=True, cache=True)
def _ball(space: int, radius: float) -> float:
    return float((2.0, pi, 4 / 3 * pi)[space - 1] * radius**space)


@njit(nogil=True, cache=True)
def propose(
    frames: Frames,
    proposals: Proposals,
    chosen: Integers,
    each: int,
    seed: int,
    found: Found,
    weights: Floats,
    tried: Floats,
    met: Floats,
) -> bool:
    """Places where a particle could be inserted; False if there is too little room.

    A frame at a time until it has its places.  Those that overlap have no rate and are left out.

    Args:
        frames: What is searched.
        proposals: How places are proposed.
        chosen: Frames.
        each: Number of places in each.
        seed: Seed.
        found: Filled in.
        weights: Filled with 1 / (density of proposals relative to a uniform one).
        tried: Filled with the number of proposals in each of the frames.
        met: Increased by the proposals of each part, then by those without overlap, shape
            `(2, parts)`.
    """
    np.random.seed(seed)
    around, place = _room(4 * found.vectors.shape[1]), np.zeros(3)
    edges, ends = proposals.edges, proposals.ends
    n, trials = 0, 0.0
    while n < each * len(chosen):
        frame = chosen[n // each]
        start, total = frames.starts[frame], frames.starts[frame + 1] - frames.starts[frame]
        part = min(int(np.searchsorted(ends, np.random.random())), len(ends) - 1)
        width = edges[part + 1] - edges[part]
        time = edges[part] + width * np.random.random()
        found.times[n], found.own[n] = time, frames.kinds[start + np.random.randint(total)]
        absent = -1
        if np.random.random() < proposals.anywhere:
            _anywhere(frames, frame, place)
        else:
            absent = start + np.random.randint(total)
            _beside(frames, absent, place)
        number, hidden = _look(frames, frame, place, absent, False, found, n, around)
        if number == _FULL:
            return False
        trials += 1.0
        met[0, part] += 1
        if number == _OVERLAPS:
            continue
        met[1, part] += 1
        found.numbers[n] = number
        volume = abs(np.linalg.det(frames.bins.cells[frame]))
        local = hidden * volume / (_ball(frames.space, frames.near) * total * (1 - time))
        share = ends[part] - (ends[part - 1] if part else 0.0)
        anywhere = proposals.anywhere
        weights[n] = width / share / (anywhere + (1 - anywhere) * local)
        n += 1
        if n % each == 0:
            tried[n // each - 1], trials = trials, 0.0
    return True


@njit(nogil=True, cache=True)
def closest(frames: Frames) -> None:
    """Lower `core` to the smallest distance of each two kinds within the radius.

    Args:
        frames: What is searched.
    """
    around, core, kinds = _room(4096), frames.core, frames.kinds
    for frame in range(len(frames.starts) - 1):
        for j in range(frames.starts[frame], frames.starts[frame + 1]):
            place = frames.bins.positions[j]
            many = _shell(frames.bins, frame, place, 0.0, frames.radius, around)
            for k in range(many):
                i = around.indices[k]
                if i != j and around.distances[k] < core[kinds[j], kinds[i]]:
                    core[kinds[j], kinds[i]] = around.distances[k]
                    core[kinds[i], kinds[j]] = around.distances[k]
