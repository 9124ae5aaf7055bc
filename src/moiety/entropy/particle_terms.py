r"""The terms of the excess entropy of particles: numbers in small blocks, cuts, and the tail.

The numbers n of centres in the smallest blocks, compared with the ideal gas's Poisson distribution
of the same mean, give the first term

    -KL(P || Poisson) / (rho V_0).

It leaves out how two centres are arranged in one block and of which kinds they are, so blocks with
two must be rare.  Of a single centre it leaves out nothing: its place is uniform, and its kind has
the same distribution as in the ideal mixture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import ceil, log

import numpy as np
from scipy.stats import poisson

from ..base.random import Streams
from ..data.kinds import NO_MARKS, Marks
from ..data.particles import Particles
from ..data.statistics import series_error
from ..estimation.crops import Crops
from ..geometry.space import BlockCut, doublings
from ..results.types import Level, Reason, Source
from .budget import BaseTerm, EntropySum, TailTerm
from .climb import Climb
from .rungs import LadderCut
from .sample_statistics import SampleStatistics

__all__ = [
    "CountedNumbers", "ParticleTerms", "count_numbers", "density_error",
    "particle_statistics", "space_cut",
]  # fmt: skip

_COUNTED = 2**20  # smallest blocks
_AT_ONCE = 8192
_DOUBLINGS = 60  # of blocks above the estimated ones, until nothing is left


@dataclass(frozen=True, eq=False)
class CountedNumbers:
    """Numbers of centres in the smallest blocks.

    Args:
        side: Side of a block in diameters.
        volume: Volume of a block.
        divergence: KL(P || Poisson), in nats per block.
        influence: By how much each frame moves -KL / (rho V), shape `(n,)`.
        shared: Share of blocks with more than one centre.
        blocks: Number of blocks counted.
    """

    side: float
    volume: float
    divergence: float
    influence: np.ndarray
    shared: float
    blocks: int


def count_numbers(particles: Particles, cut: BlockCut, seed: int) -> CountedNumbers:
    """Count centres in random blocks of all frames.

    Args:
        particles: Frames, in units of the diameter.
        cut: The smallest cut; its halves are counted.
        seed: Seed for the places of the blocks.
    """
    crops, generator = Crops(particles, cut, None, marks=NO_MARKS), Streams(seed).torch("base")
    each = ceil(_COUNTED / particles.n)
    samples = np.arange(particles.n).repeat(each)
    parts = np.array_split(samples, ceil(len(samples) / _AT_ONCE))
    counts = np.concatenate([crops.count(part, generator) for part in parts])
    numbers = counts.reshape(particles.n, each)
    shares = np.bincount(numbers.ravel()) / numbers.size
    ideal = poisson.logpmf(np.arange(len(shares)), particles.density * cut.volume)
    odds = np.where(shares > 0, np.log(np.where(shares > 0, shares, 1.0)), 0.0) - ideal
    centres = particles.density * cut.volume
    by_frame = odds[numbers].mean(axis=1)
    # the mean is known: frames that happen to hold more in these blocks are no denser
    surplus = numbers.mean(axis=1) - centres
    slope = float(np.cov(by_frame, surplus)[0, 1] / max(surplus.var(ddof=1), 1e-300))
    divergence = float(by_frame.mean() - slope * surplus.mean())
    deviation = by_frame - by_frame.mean() - slope * (surplus - surplus.mean())
    return CountedNumbers(
        cut.half[0],
        cut.volume,
        divergence,
        -deviation / centres,
        float(shares[2:].sum()),
        numbers.size,
    )


def particle_statistics(particles: Particles, base: CountedNumbers) -> SampleStatistics:
    """Autocorrelation and effective number of the frames.

    Args:
        particles: Frames.
        base: Numbers of centres in the smallest blocks.
    """
    shape = (particles.chains, particles.draws)
    series = [base.influence, *_density_waves(particles)]
    measured = (np.asarray(values, float) for values in particles.measured.values())
    series += [values for values in measured if np.isfinite(values).all()]
    return SampleStatistics.of([values.reshape(shape) for values in series])


def density_error(particles: Particles) -> float:
    """Relative standard error of the density; 0 where number and box are fixed.

    Args:
        particles: Frames.

    Example:
        >>> frames = [np.random.default_rng(k).random((90 + 10 * (k % 3), 2)) * 9 for k in range(9)]
        >>> round(density_error(Particles.from_frames(frames, cells=9.0, periodic=True)), 3)
        0.029
    """
    counts, volumes = particles.counts, particles.volumes
    influence = counts / counts.mean() - volumes / volumes.mean()
    return series_error(influence, particles)


def _density_waves(particles: Particles) -> Iterable[np.ndarray]:
    """Cosines and sines of the longest density waves, shape `(n,)` each."""
    frames = np.repeat(np.arange(particles.n), particles.counts)
    inverse = np.linalg.inv(particles.cells)[frames]
    phases = 2 * np.pi * np.einsum("ni,nij->nj", particles.positions, inverse)
    for phase in phases.T:
        for part in (np.cos(phase), np.sin(phase)):
            yield np.bincount(frames, part, minlength=particles.n)


def space_cut(
    cut: BlockCut,
    particles: Particles,
    resolution: float | None,
    sees: str,
    marks: Marks,
    isotropic: bool = True,
) -> LadderCut[BlockCut]:
    """A cut of space for the climb.

    Args:
        cut: The cut.
        particles: Frames, in units of the diameter.
        resolution: Pixels per diameter; None for positions as they are.
        sees: What the critic takes: `"points"` or an `"image"`.
        marks: What is part of a particle's state besides its position.
        isotropic: Whether crops lie along any axes, reflected or not.
    """
    return LadderCut(
        cut=cut,
        key=cut.key,
        name=f"{cut} | {cut}",
        volume=cut.volume,
        interface=cut.face,
        rim=cut.rim,
        weight=1 / (2 * cut.volume * particles.density),
        places=float(np.median(particles.volumes)) / (2 * cut.volume),
        source=partial(Crops, particles, cut, resolution, sees, marks, isotropic),
    )


@dataclass(frozen=True, eq=False)
class ParticleTerms:
    """Everything that the excess entropy of particles is made of.

    Args:
        particles: Frames, in units of the diameter.
        base: Numbers of centres in the smallest blocks.
        climb: Estimated cuts.
    """

    particles: Particles
    base: CountedNumbers
    climb: Climb[BlockCut]

    def sum(self) -> EntropySum:
        """The sum of all terms; the tail goes on to infinity by the area law."""
        centres = self.particles.density * self.base.volume
        base = BaseTerm(
            -self.base.divergence / centres, self.base.influence, self.base.shared / centres
        )
        estimated = [(cut.weight, m) for cut, m in self.climb.estimated]
        law, tail = self.climb.law(), []
        for cut in _larger(self.climb.estimated[-1][0].cut):
            weight = 1 / (2 * cut.volume * self.particles.density)
            tail.append(TailTerm(weight, law(cut.face, cut.rim), law.error(cut.face, cut.rim)))
        return EntropySum(base, estimated, tail, self.particles)

    @property
    def phase_error(self) -> float:
        r"""By how much s of a crystal may be too large, in nats per particle.

        Blocks of n particles know the place of the lattice: with independent displacements to
        n^(-1/2), so that M grows by (d/2) log 2 with each doubling, which the area law leaves out:

            sum_(k >= 1) k (d/2) log 2 / (2 rho V 2^k) = (d/2) log 2 / (rho V)

        Correlated displacements, as of phonons, know it less well, and M grows more slowly.
        """
        largest = self.climb.estimated[-1][0].volume
        return self.particles.dimensions / 2 * log(2) / (self.particles.density * largest)

    def levels(self) -> tuple[Level, ...]:
        """The levels, largest blocks first; a single one stands for all that are extrapolated."""
        estimated = self.climb.estimated
        levels = [
            Level(
                depth,
                cut.cut.half,
                cut.volume,
                cut.interface,
                1,
                cut.weight,
                m.value,
                m.error,
                Source.ESTIMATED,
                str(m.status),
                m.bounds,
                m.histories,
            )
            for depth, (cut, m) in enumerate(reversed(estimated), start=1)
        ]
        return (self._tail_level(), *levels)

    def _tail_level(self) -> Level:
        tail = self.sum().tail
        first = _larger(self.climb.estimated[-1][0].cut)[0]
        m, total = tail[0].mutual_information, sum(t.weight * t.mutual_information for t in tail)
        weight = total / m if m > 0 else tail[0].weight  # of all of them together
        error = sum(term.weight * term.error for term in tail) / weight
        reason = str(self.climb.reason or Reason.AREA_LAW)
        return Level(
            0,
            first.half,
            first.volume,
            first.face,
            1,
            weight,
            m,
            error,
            Source.EXTRAPOLATED,
            reason,
        )


def _larger(last: BlockCut) -> tuple[BlockCut, ...]:
    """The cuts above one, far enough up that nothing is left."""
    return tuple(islice(doublings(last.parent), _DOUBLINGS))
