"""Batches of places: particles at their times of insertion, and proposals for others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import gamma, pi

import numpy as np
import torch
from torch import Tensor

from ..base.errors import InputError
from ..data.kinds import kinds_of
from ..data.particles import Particles
from ..estimation.crop_kernels import SPACE, binned
from .kernels import Found, Frames, Proposals, closest, propose, revisit
from .network import Surroundings

__all__ = ["Places", "insertable", "places_of", "spacing"]

_ANYWHERE = 0.5  # share of proposals; the others lie near absent particles
_NEAR = 0.4  # how near, in typical distances
_PARTS = 20  # of the time, for proposals
_POWER = 0.75  # how much more often places are proposed at times when few do not overlap
_PILOT, _PILOT_FRAMES = 2000, 4
_ROOM = 1.3  # first guess of the room for particles around a place, relative to their mean number
_MOST_KINDS = 8  # of particles
_NARROWEST = 3.0  # box, in typical distances


def spacing(particles: Particles) -> float:
    """Typical distance of neighbours: density^(-1/d), in the unit of the positions.

    Args:
        particles: Frames.

    Example:
        >>> frames = np.random.default_rng(0).random((8, 64, 3)) * 8
        >>> round(spacing(Particles.from_frames(frames, cells=8.0, periodic=True)), 9)
        2.0
    """
    return float(particles.density ** (-1 / particles.dimensions))


@dataclass(frozen=True, eq=False)
class Places:
    """What batches are drawn from.

    Args:
        particles: Frames.
        frames: The same for the kernels.
        proposals: How places are proposed.
        typical: Typical log rate of places without overlap in each part of the time.
        device: Where batches go.
    """

    particles: Particles
    frames: Frames
    proposals: Proposals
    typical: np.ndarray
    device: str

    @property
    def kinds(self) -> int:
        """Number of kinds of particles."""
        return len(self.frames.core)

    @property
    def core(self) -> float:
        """Smallest distance of two particles, in typical distances."""
        return float(self.frames.core.min()) / spacing(self.particles)

    def inserted(self, frames: np.ndarray, each: int, rng: np.random.Generator) -> Surroundings:
        """Particles at their times of insertion, weighted by the number in their frame.

        Args:
            frames: Frames, in any order.
            each: Number of particles of each.
            rng: Random numbers.
        """
        owners = np.repeat(frames, each)
        even = (np.arange(each) + rng.random((len(frames), each))) / each
        at = (rng.permuted(even, axis=1).ravel() * self.particles.counts[owners]).astype(np.int64)
        chosen, times = self.particles.starts[owners] + at, rng.permuted(even, axis=1).ravel()
        seed = int(rng.integers(2**31))
        for found in self._rooms(len(owners)):
            found.times[:], found.own[:] = times, self.frames.kinds[chosen]
            if revisit(self.frames, chosen, owners, seed, found):
                counts = self.particles.counts
                return self._surroundings(found, counts[owners] / counts.mean())
        raise AssertionError("there is always more room")

    def proposed(self, frames: np.ndarray, each: int, rng: np.random.Generator) -> Surroundings:
        """Places where a particle could be inserted.

        The mean of weight times rate is an unbiased estimate of the integral of rate / density over
        box and time, divided by the mean volume: 1 if the rate is right.

        Args:
            frames: Frames, in any order.
            each: Number of places in each, at least 2.
            rng: Random numbers.
        """
        return self._proposed(frames, each, rng)[0]

    def typical_rate(self, times: Tensor) -> Tensor:
        """Typical log rate at times of insertion.

        Args:
            times: Times, shape `(n,)`.
        """
        part = np.searchsorted(self.proposals.edges, times.cpu().numpy(), side="right") - 1
        return self._sent(self.typical[part.clip(0, _PARTS - 1)])

    def with_trials(self, rng: np.random.Generator) -> Places:
        """The same with more proposals at times when most places overlap.

        Args:
            rng: Random numbers.
        """
        few = np.linspace(0, self.particles.n - 1, _PILOT_FRAMES).astype(np.int64)
        met = self._proposed(few, _PILOT, rng)[1]
        rarity = (met[0] + 1) / (met[1] + 1)
        shares = np.diff(self.proposals.edges) * rarity**_POWER
        return replace(
            self,
            proposals=self.proposals._replace(ends=np.cumsum(shares) / shares.sum()),
            typical=np.log(rarity).astype(np.float32),
        )

    def _proposed(
        self, frames: np.ndarray, each: int, rng: np.random.Generator
    ) -> tuple[Surroundings, np.ndarray]:
        seed, weights = int(rng.integers(2**31)), np.zeros(each * len(frames))
        tried = np.zeros(len(frames))
        for found in self._rooms(len(weights)):
            met = np.zeros((2, _PARTS))
            chosen = np.asarray(frames, np.int64)
            if propose(self.frames, self.proposals, chosen, each, seed, found, weights, tried, met):
                # the search ends with a success, so that the unbiased share is that before it
                volumes = self.particles.volumes
                shares = (each - 1) / (tried - 1) * volumes[chosen] / volumes.mean()
                return self._surroundings(found, weights * np.repeat(shares, each)), met
        raise AssertionError("there is always more room")

    def _rooms(self, places: int) -> Iterator[Found]:
        """Empty arrays for what is found, each with more room than the last."""
        space, radius = self.particles.dimensions, self.frames.radius
        ball = pi ** (space / 2) / gamma(space / 2 + 1) * radius**space
        most = int(_ROOM * ball * self.particles.density) + 8
        while True:
            vectors = np.zeros((places, most, SPACE), np.float32)
            numbers, own = np.zeros((2, places), np.int64)
            yield Found(vectors, np.zeros((places, most), np.int8), numbers, own, np.zeros(places))
            most *= 2

    def _surroundings(self, found: Found, weights: np.ndarray) -> Surroundings:
        most = max(int(found.numbers.max()), 1)
        there = np.arange(most) < found.numbers[:, None]
        scale = np.float32(1 / spacing(self.particles))
        vectors = found.vectors[:, :most, : self.particles.dimensions] * scale
        return Surroundings(
            self._sent(np.where(there[..., None], vectors, np.float32(0))),
            self._sent(np.where(there, found.kinds[:, :most], -1).astype(np.int64)),
            self._sent(found.own),
            self._sent(found.times.astype(np.float32)),
            self._sent(weights.astype(np.float32)),
        )

    def _sent(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.device)


def places_of(
    particles: Particles, radius: float, rng: np.random.Generator, device: str = "cpu"
) -> Places:
    """Prepare batches of places.

    Args:
        particles: Frames in periodic boxes.
        radius: How far a place sees, in typical distances.
        rng: Random numbers for trial proposals.
        device: Where batches go.

    Raises:
        InputError: A box that is not periodic, or narrower than twice the radius; too many kinds;
            a frame without particles.
    """
    if not all(particles.periodic):
        raise InputError("insertions need boxes that are periodic along every edge")
    typical = spacing(particles)
    reach, narrowest = radius * typical, float(particles.widths.min())
    if 2 * reach > narrowest:
        raise InputError(
            f"a place sees {reach:.3g} far, which is more than half of a box of {narrowest:.3g};"
            " give a smaller radius or a larger box"
        )
    if particles.counts.min() == 0:
        raise InputError(f"frame {int(particles.counts.argmin())} holds no particles")
    kinds = _kinds(particles)
    core = np.full((kinds.max() + 1, kinds.max() + 1), typical)
    frames = Frames(
        binned(particles), kinds, particles.starts, core, particles.dimensions, typical,
        _NEAR * typical,
    )  # fmt: skip
    closest(frames)
    frames = frames._replace(core=core * (1 - 1e-9), radius=reach)
    edges = 1 - (1 - np.linspace(0, 1, _PARTS + 1)) ** 2
    even = Proposals(edges, np.linspace(0, 1, _PARTS + 1)[1:], _ANYWHERE)
    places = Places(particles, frames, even, np.zeros(_PARTS, np.float32), device)
    return places.with_trials(rng)


def insertable(particles: Particles) -> bool:
    """Whether boxes and kinds of particles are fit for insertions with the default radius.

    Args:
        particles: Frames.

    Example:
        >>> frames = np.random.default_rng(0).random((8, 64, 2)) * 8
        >>> [
        ...     insertable(Particles.from_frames(frames, cells=8.0, periodic=flag))
        ...     for flag in (True, False)
        ... ]
        [True, False]
    """
    narrow = bool(particles.widths.min() < _NARROWEST * spacing(particles))
    fits = all(particles.periodic) and particles.counts.min() > 0 and not narrow
    return bool(fits and kinds_of(particles)[0] <= _MOST_KINDS)


def _kinds(particles: Particles) -> np.ndarray:
    """Kind of each particle, by its type and its diameter, in the order of the bins."""
    names, kinds = kinds_of(particles)
    if names > _MOST_KINDS:
        raise InputError(
            f"{names} kinds of particles by type and diameter; insertions tell at most"
            f" {_MOST_KINDS} apart"
        )
    return np.asarray(kinds[binned(particles).order], np.int64)
