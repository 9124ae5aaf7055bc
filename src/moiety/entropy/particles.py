r"""The entropy of particles over that of the ideal gas, from frames of them.

Space is halved down to blocks so small that they hold at most one centre.  With M between
neighbouring blocks of volume V and the number density rho,

    s_ex = -KL(P || Poisson) / (rho V_0) - sum_k M(X_k) / (2 rho V_k)        (Eq. 8, per particle)

The first term is what the numbers n in the smallest blocks tell: P(n) against the ideal
gas's Poisson distribution of the same mean.  It leaves out how two centres lie in one block, so
that blocks with two must be rare.  The sum goes on to infinity by the area law (Eqs. 9 and 10): crops
of a periodic box are taken for those of an endless system.

With diameters, each particle's belongs to its state, as it does in the ideal gas of the same mixture.
With a resolution, positions are known to a pixel; of packings, whose contacts are exact, the
entropy depends on it for ever (the M of touching disks grows like log R), so it is part of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, inf, log
from time import perf_counter
from typing import Any

import numpy as np
from scipy.stats import poisson

from .. import __version__
from ..base.deadline import Clock, Progress, notifier
from ..base.errors import EstimateError, InputError, Stopped
from ..base.random import Streams
from ..data.particles import Particles
from ..data.statistics import rhat, series_error, tau_int
from ..estimation.critics import Critic, PointsCritic, TrainedCritic
from ..estimation.crops import Crops
from ..estimation.mutual_information import Estimator, Information, information_of
from ..estimation.objectives import Bound, Objective
from ..estimation.training import DIVERGED, Training, Watch
from ..geometry.area_law import AreaLaw, fit_area_law, is_level
from ..geometry.space import BlockCut, block_ladder
from ..results.result import ESTIMATED, EXTRAPOLATED, Base, Check, EntropyResult, Level, Status
from .checks import common_checks

__all__ = ["RESOLUTION", "default_training", "estimate_excess_entropy"]

RESOLUTION = 10.0  # pixels a diameter, as in the paper
_SMALLEST = 0.5  # side of the smallest blocks in diameters: their diagonal is shorter than one up to 3 dimensions
_LARGEST = 4.0  # side of the largest
_COUNTED = 2**20  # smallest blocks
_AT_ONCE = 8192
_DOUBLINGS = 60  # of blocks beyond those that are estimated, until nothing is left
_FITTED, _LEAST_KNOWN = 4, 3
_LEVEL_RISE = 0.1  # of M / l between the last blocks: the paper's reading of "level"
_LEAST_SUPPORT = 10.0
_MOST_SHARED = 0.01  # share of the smallest blocks that may hold more than one centre
_HARMLESS = 0.005  # nats a particle that no one would worry about
_TRAINING = Training(steps=800, batch=256)
_IMAGE_RATE = 4e-3  # at 1e-2 M of hard disks was 0.93 ± 0.36 instead of 0.71 ± 0.05 (docs/tried.md)


def default_training(critic: Critic) -> Training:
    """Of a cut, for a critic of points or of images, whose training is less steady at the rate of points.

    Example:
        >>> default_training(PointsCritic()).learning_rate
        0.01
    """
    return (
        _TRAINING if _seen_by(critic) == "points" else replace(_TRAINING, learning_rate=_IMAGE_RATE)
    )


def estimate_excess_entropy(
    particles: Particles,
    *,
    resolution: float | None = RESOLUTION,
    sigma: float | None = None,
    diameters: bool = True,
    largest: float = _LARGEST,
    critic: Critic | None = None,
    objective: Objective | None = None,
    bound: Bound | None = None,
    training: Training | None = None,
    folds: int = 2,
    time_limit: float | None = None,
    seed: int = 0,
    device: str = "cpu",
    threads: int = 2,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    watch: Watch | None = None,
) -> EntropyResult:
    """Entropy per particle in excess of the ideal gas, in nats, with its split over scales.

    Arguments:
        particles: Frames at one state point.
        resolution: R, pixels a diameter; half of it must be whole.  None for positions as they are.
        sigma: The diameter that lengths are measured in; the smallest of the particles by default.
        diameters: Whether a particle's state includes its diameter.
        largest: Side of the largest blocks, in diameters.
        critic: Network that compares two blocks: `PointsCritic()` by default, or one of images, as
            `ConvolutionalCritic.seeing(resolution)`, which wants more steps.
        training: Of a cut; `default_training(critic)` by default.
        objective, bound, folds, seed, device, threads: See `estimate_entropy`.
        time_limit: Seconds after which larger blocks are left to the area law.
        progress: Called as (levels done, levels, text).
        stop: Asked often; once it says True, the remaining levels are extrapolated.
        watch: See `estimate_entropy`.

    Raises:
        InputError: No diameter to measure lengths in, blocks that do not fit into the box or hold no
            whole number of pixels, too few frames for so many folds.
        EstimateError: Training diverged, or a stop, before any level was known.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> gas = Particles.from_frames(rng.random((64, 50, 2)) * 10, cells=10.0, periodic=True, diameters=1.0)
        >>> result = estimate_excess_entropy(gas, largest=1.0, training=Training(steps=50), seed=1)
        >>> abs(result.entropy) < 0.2, result.unit
        (True, 'nats/particle')
    """
    started = perf_counter()
    if not 2 <= folds <= particles.n // 4:
        raise InputError(
            f"folds must be from 2 to {particles.n // 4}, a quarter of the frames, not {folds}"
        )
    if time_limit is not None and not time_limit > 0:
        raise InputError(f"time_limit must be positive, not {time_limit}")
    scaled = _in_diameters(particles, sigma)
    critic = critic or PointsCritic()
    chosen = {
        "critic": critic,
        "objective": objective,
        "bound": bound,
        "training": training or default_training(critic),
    }
    chosen = {name: choice for name, choice in chosen.items() if choice is not None}
    estimator = Estimator(**chosen, folds=folds, seed=seed, device=device, threads=threads)
    told = {
        "resolution": resolution,
        "diameters": diameters and particles.diameters is not None,
        "largest": largest,
    }
    cuts = block_ladder(_SMALLEST, scaled.dimensions, largest)
    if not cuts:
        raise InputError(f"largest must be at least {_SMALLEST:g}, not {largest:g}")
    base = _counted(scaled, cuts[0], seed)
    clock = Clock(started, time_limit, stop)
    walk = _Walk(scaled, estimator, told, _autocorrelation(scaled, base), watch)
    for done, cut in enumerate(cuts):
        walk.take(cut, notifier(progress, done, len(cuts), f"{cut} | {cut}"), clock.over)
    if not walk.found:
        raise EstimateError(
            "stopped or diverged before any level was known; train longer or with a lower rate"
        )
    return _result(
        walk, base, {**told, "sigma": sigma, "time_limit": time_limit}, perf_counter() - started
    )


def _in_diameters(particles: Particles, sigma: float | None) -> Particles:
    """The same frames with lengths in units of sigma."""
    if sigma is None:
        if particles.diameters is None:
            raise InputError(
                "the frames have no diameters; say in which length blocks and pixels are measured: sigma"
            )
        sigma = float(particles.diameters.min())
    if not 0 < sigma < inf:
        raise InputError(f"sigma must be positive, not {sigma}")
    if sigma == 1:
        return particles
    diameters = None if particles.diameters is None else particles.diameters / sigma
    return particles.replace(
        positions=particles.positions / sigma, cells=particles.cells / sigma, diameters=diameters
    )


@dataclass(frozen=True, eq=False)
class _Counted:
    """Numbers in the smallest blocks.

    Arguments:
        side, volume: Of a block.
        divergence: KL(P || Poisson), in nats a block.
        influence: How much each frame moves -KL / (rho V), shape `(n,)`.
        shared: Share of blocks with more than one centre.
        blocks: Number of them counted.
    """

    side: float
    volume: float
    divergence: float
    influence: np.ndarray
    shared: float
    blocks: int


def _counted(particles: Particles, cut: BlockCut, seed: int) -> _Counted:
    """The base of the sum, from random blocks of all frames."""
    crops, generator = Crops(particles, cut, None), Streams(seed).torch("base")
    each = ceil(_COUNTED / particles.n)
    samples = np.arange(particles.n).repeat(each)
    parts = [
        crops.count(part, generator)
        for part in np.array_split(samples, ceil(len(samples) / _AT_ONCE))
    ]
    numbers = np.concatenate(parts).reshape(particles.n, each)
    found = np.bincount(numbers.ravel()) / numbers.size
    ideal = poisson.logpmf(np.arange(len(found)), particles.density * cut.volume)
    odds = np.where(found > 0, np.log(np.where(found > 0, found, 1.0)), 0.0) - ideal
    centres = particles.density * cut.volume
    by_frame = odds[numbers].mean(axis=1)
    # frames that happen to hold more in these blocks do not have a higher density: the mean is known
    surplus = numbers.mean(axis=1) - centres
    slope = float(np.cov(by_frame, surplus)[0, 1] / max(surplus.var(ddof=1), 1e-300))
    divergence = float(by_frame.mean() - slope * surplus.mean())
    influence = -(by_frame - by_frame.mean() - slope * (surplus - surplus.mean())) / centres
    return _Counted(
        cut.half[0], cut.volume, divergence, influence, float(found[2:].sum()), numbers.size
    )


def _autocorrelation(particles: Particles, base: _Counted) -> dict[str, float]:
    """tau_int in frames of the slowest series, what the frames amount to, R-hat."""
    shape = (particles.chains, particles.draws)
    series = [base.influence.reshape(shape), *(one.reshape(shape) for one in _modes(particles))]
    series += [
        np.asarray(values, float).reshape(shape)
        for values in particles.measured.values()
        if np.isfinite(values).all()
    ]
    tau = max(tau_int(one) for one in series)
    return {
        "tau": tau,
        "effective": particles.n / (2 * tau),
        "rhat": float(np.nanmax([1.0, *map(rhat, series)])),
    }


def _modes(particles: Particles) -> list[np.ndarray]:
    """Cosines and sines of the longest density waves, shape `(n,)` each."""
    frames = np.repeat(np.arange(particles.n), particles.counts)
    parts = np.einsum("ni,nij->nj", particles.positions, np.linalg.inv(particles.cells)[frames])
    waves = 2 * np.pi * parts
    return [
        np.bincount(frames, part, minlength=particles.n)
        for wave in waves.T
        for part in (np.cos(wave), np.sin(wave))
    ]


class _Walk:
    """The way up from the smallest blocks."""

    def __init__(
        self,
        particles: Particles,
        estimator: Estimator,
        told: dict[str, Any],
        chain: dict[str, float],
        watch: Watch | None = None,
    ):
        self.watch = watch
        self.particles, self.estimator, self.told, self.chain = particles, estimator, told, chain
        self.sees = _seen_by(estimator.critic)
        self.cuts: list[BlockCut] = []
        self.found: list[Information] = []
        self.ended: str | None = None

    def weight(self, cut: BlockCut) -> float:
        """By how much one nat of M lowers the entropy per particle."""
        return 1 / (2 * cut.volume * self.particles.density)

    def take(
        self, cut: BlockCut, progress: Callable[[], None] | None, over: Callable[[], bool]
    ) -> None:
        """Estimate the next cut, or end the way up."""
        if self.ended:
            return

        def look() -> None:
            if progress:
                progress()
            if over():
                raise Stopped("stopped before the estimate was complete")

        handed = isinstance(self.estimator.critic, TrainedCritic) and self.estimator.critic.networks
        warm = self.found[-1].modules if self.found and not handed else ()
        crops = Crops(
            self.particles, cut, self.told["resolution"], self.sees, self.told["diameters"]
        )
        try:
            shape = (self.particles.chains, self.particles.draws)
            watch = self.watch and partial(self.watch, f"{cut} | {cut}")
            found = information_of(
                crops,
                *shape,
                self.estimator,
                tau=self.chain["tau"],
                warm=warm,
                progress=look,
                watch=watch,
            )
        except Stopped:
            self.ended = "stopped"
            return
        if found.status == DIVERGED:
            self.ended = DIVERGED
        elif found.value > self.carried(cut) or (
            found.support < _LEAST_SUPPORT and found.value > 1
        ):
            self.ended = "past the samples"
        else:
            self.cuts.append(cut)
            self.found.append(found)

    def carried(self, cut: BlockCut) -> float:
        """About the most nats that the frames can certify for a cut: log N."""
        places = float(np.median(self.particles.volumes)) / (2 * cut.volume)
        return log(max(self.chain["effective"] * places, 2.0))

    def law(self) -> AreaLaw:
        """M = alpha l + beta through the last cuts: blocks end where their interface does, and beta is what that costs."""
        last = list(zip(self.cuts, self.found, strict=True))[-_FITTED:]
        lengths, values, errors = zip(
            *((cut.face, one.value, one.error) for cut, one in last), strict=True
        )
        return fit_area_law(lengths, values, errors, proportional=False)

    def is_level(self) -> bool:
        """Whether M / l is one number for the last blocks."""
        last = list(zip(self.cuts, self.found, strict=True))[-_LEAST_KNOWN:]
        lengths, values, errors = zip(
            *((cut.face, one.value, one.error) for cut, one in last), strict=True
        )
        return len(last) == _LEAST_KNOWN and is_level(lengths, values, errors, rise=_LEVEL_RISE)


def _seen_by(critic: Any) -> str:
    """Points or images."""
    return getattr(_plain(critic), "sees", "image")


def _plain(critic: Any) -> Any:
    return critic.critic if isinstance(critic, TrainedCritic) else critic


def _beyond(last: BlockCut) -> tuple[BlockCut, ...]:
    """The cuts above one, without end."""
    sides, cuts = list(last.parent), []
    for _ in range(_DOUBLINGS):
        short = min(sides)
        place = sides.index(short)
        cuts.append(BlockCut((short, *sorted(sides[:place] + sides[place + 1 :], reverse=True))))
        sides[place] *= 2
    return tuple(cuts)


def _result(walk: _Walk, base: _Counted, asked: dict[str, Any], seconds: float) -> EntropyResult:
    particles, law = walk.particles, walk.law()
    rest = _beyond(walk.cuts[-1])
    tail = sum(walk.weight(cut) * law(cut.face) for cut in rest)
    tail_error = sum(walk.weight(cut) * law.error(cut.face) for cut in rest)
    weights = [walk.weight(cut) for cut in walk.cuts]
    pairs = list(zip(weights, walk.found, strict=True))
    centres = particles.density * base.volume
    entropy = -base.divergence / centres - sum(weight * one.value for weight, one in pairs) - tail
    influence = base.influence - sum(weight * one.influence for weight, one in pairs)
    budget = {
        "samples": series_error(influence, particles),
        "base": base.shared / centres,
        "training": sum(weight * one.missing for weight, one in pairs),
        "folds": float(np.sqrt(sum((weight * one.spread) ** 2 for weight, one in pairs))),
        "tail": tail_error,
    }
    levels = _levels(walk, rest, law, tail, tail_error)
    bases = (Base(walk.cuts[0].half, 1, -base.divergence, budget["base"] * centres, base.blocks),)
    described = {
        "n": particles.n,
        "shape": [
            float(side)
            for side in np.median(
                1 / np.linalg.norm(np.linalg.inv(particles.cells), axis=1), axis=0
            )
        ],
        "kind": "particles",
        "particles": float(particles.counts.mean()),
        "density": particles.density,
        "packing_fraction": particles.packing_fraction,
        **walk.chain,
    }
    return EntropyResult(
        entropy=float(entropy),
        error=float(np.sqrt(sum(part**2 for part in budget.values()))),
        budget=budget,
        levels=levels,
        bases=bases,
        status=Status(
            (*_checks(walk, base, tail_error), *common_checks(described, levels, budget))
        ),
        samples=described,
        ended=walk.ended or "",
        timing={"total": seconds, "training": sum(one.seconds for one in walk.found)},
        provenance=_provenance(walk, asked),
        unit="nats/particle",
        critic=TrainedCritic(
            _plain(walk.estimator.critic),
            {cut.parent: one.modules for cut, one in zip(walk.cuts, walk.found, strict=True)},
        ),
    )


def _levels(
    walk: _Walk, rest: Sequence[BlockCut], law: AreaLaw, tail: float, tail_error: float
) -> tuple[Level, ...]:
    """Largest blocks first; all that are larger than the largest estimated ones in one line."""
    first, m = rest[0], law(rest[0].face)
    weight = tail / m if m > 0 else walk.weight(first)  # of all of them together
    shape = (0, first.half, first.volume, first.face, 1, weight, m)
    above = Level(*shape, tail_error / weight, EXTRAPOLATED, walk.ended or "area law")
    found = [
        Level(
            k, cut.half, cut.volume, cut.face, 1, walk.weight(cut), one.value, one.error, ESTIMATED, one.status, one.bounds,
            one.histories,
        )
        for k, (cut, one) in enumerate(zip(reversed(walk.cuts), reversed(walk.found), strict=True), start=1)
    ]  # fmt: skip
    return (above, *found)


def _checks(walk: _Walk, base: _Counted, tail_error: float) -> tuple[Check, ...]:
    fine = base.shared <= _MOST_SHARED
    text = f"{base.shared:.2%} of blocks of side {base.side:g} hold more than one centre, whose arrangement is left out"
    level = len(walk.found) >= _LEAST_KNOWN and walk.is_level()
    law_text = f"M / l of the last {_LEAST_KNOWN} blocks is {'' if level else 'not '}level within {_LEVEL_RISE:.0%} or 2 errors"
    level = level or tail_error <= _HARMLESS
    return Check("counted blocks", bool(fine), text), Check("area law", bool(level), law_text)


def _provenance(walk: _Walk, asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": __version__,
        "seed": walk.estimator.seed,
        "configuration": {**walk.estimator.described(), **asked, "excess": True},
        "samples": dict(walk.particles.provenance),
        "periodic": list(walk.particles.periodic),
    }
