r"""The excess entropy of particles, inserted one by one in a random order.

Give every particle a time of insertion t, independent and uniform in (0, 1).  The times say nothing
about the positions.  In their order the particles appear at a rate lambda(x, t | those before), and
the log density of a frame, relative to an ideal gas of the same density rho, is

    sum_i log(lambda(x_i, t_i) / rho) - int dt int dx (lambda - rho).

Its mean over frames is -S_ex.  One network gives lambda for every place and time, from the
particles that are present within some radius.  Whatever lambda,

    s_ex <= <int dt int dx lambda> / N - 1 - <log(lambda / rho)>,

so that held-out frames give an upper bound, as the chain rule of a lattice does, and what training
is known to miss is subtracted in the same way.  Nothing is counted, cropped or divided into cells,
and there is no ceiling from the number of frames.  The integral is a mean over proposed places.

At the end (t near 1) log lambda is the work of inserting a particle into a full system, at the
start that of the first particles: thermodynamic integration along the density, from samples alone.

The number of particles is fixed in a simulation but not under the network.  For short-range
correlations this cancels to order 1/N: the bound is that of an infinite system.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Unpack

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ..base.deadline import Deadline
from ..data.particles import Particles
from ..data.statistics import series_error
from ..estimation.execution import Execution, RunOptions, Task, run_settings
from ..estimation.folds import Fold, Folds, cross_fit, cross_splits, disagreement, one_thread
from ..estimation.history import History, TrainingStatus
from ..estimation.training import Trained, Training, minimise
from .network import InsertionRate, Surroundings
from .places import Places, places_of, spacing

__all__ = ["Insertions", "InsertionEstimate", "estimate_by_insertion"]

_RADIUS = {1: 5.0, 2: 3.5, 3: 2.6}  # typical distances
_FRAMES, _CHUNK = 8, 2048  # frames of a batch; places that are evaluated at once
_VALIDATED, _CALIBRATED = 1 / 8, 1 / 4  # of the evaluations
_REPEATS = 4  # readings of each particle, in different orders


@dataclass(frozen=True)
class Insertions:
    """How the excess entropy is estimated from insertions.

    Args:
        radius: How far a place sees, in density^(-1/d); by default 5, 3.5 or 2.6 in one, two or
            three dimensions, less in boxes narrower than twice that.
        width: Width of the hidden layers.
        evaluations: Largest number of held-out particles, and of proposed places, that are read;
            at most four times the number of particles in all frames.
        training: Training; its `batch` counts particles, beside as many proposals.
    """

    radius: float | None = None
    width: int = 128
    evaluations: int = 1 << 17
    training: Training = field(
        default_factory=lambda: Training(
            steps=800, batch=512, learning_rate=3e-3, averaging=0.99, check_every=50,
            patience=6, gain=5e-4, drops=2, drop=0.3,
        )
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class InsertionEstimate:
    """The estimate from insertions.

    Args:
        entropy: Excess entropy per particle in nats: `bound` minus `missing`.
        error: One standard error.
        bound: Upper bound up to sampling errors.
        missing: What training may not have found yet and what the folds' networks lose by their
            disagreement, in nats per particle.
        influence: By how much each frame moves the entropy, shape `(n,)`.
        integral: Mean of the rate over the density, read from held-out frames: 1 for a rate that
            is right.
        status: The worst status of the folds' trainings.
        histories: Training history of each fold.
        modules: Trained network of each fold.
        seconds: Wall time.
    """

    entropy: float
    error: float
    bound: float
    missing: float
    influence: np.ndarray
    integral: float
    status: TrainingStatus
    histories: tuple[History, ...]
    modules: tuple[nn.Module, ...]
    seconds: float


@dataclass(frozen=True, eq=False)
class _Read:
    surprise: np.ndarray
    integral: np.ndarray


def estimate_by_insertion(
    particles: Particles, config: Insertions | None = None, **run: Unpack[RunOptions]
) -> InsertionEstimate:
    """Estimate the entropy per particle in excess of the ideal gas.

    Args:
        particles: Frames at one state point, in periodic boxes.
        config: Settings; `Insertions()` by default.
        **run: Seed, folds, threads, device and hooks; see `RunOptions`.

    Raises:
        InputError: A box that is not periodic or narrower than twice the radius, more than eight
            kinds of particles by type and diameter, or too few frames.
        Stopped: `should_stop` returned True or the time limit has passed.

    Example:
        >>> positions = np.random.default_rng(0).random((64, 60, 2)) * 10
        >>> gas = Particles.from_frames(positions, cells=10.0, periodic=True)
        >>> quick = Insertions(evaluations=2**12, training=Training(steps=50, batch=128))
        >>> abs(estimate_by_insertion(gas, quick, seed=1).entropy) < 0.2
        True
    """
    execution, hooks, limit = run_settings(run)
    deadline = Deadline(perf_counter(), limit, hooks.should_stop)
    task = hooks.task("insertions", 0, 1, deadline.is_over)
    return insertions_of(particles, config or Insertions(), execution, task=task)


@one_thread()
def insertions_of(
    particles: Particles, config: Insertions, execution: Execution, *, task: Task | None = None
) -> InsertionEstimate:
    """See `estimate_by_insertion`, with its run settings as objects.

    Args:
        particles: Frames.
        config: Settings.
        execution: Seed, device, threads and folds.
        task: Hooks of this work.
    """
    started, space = perf_counter(), particles.dimensions
    execution.check_folds(particles.n)
    most = 0.499 * float(particles.widths.min()) / spacing(particles)
    radius = config.radius or min(_RADIUS[space], most)
    most_read = max(_REPEATS * len(particles.positions), _CHUNK)
    config = replace(config, evaluations=min(config.evaluations, most_read))
    rng = np.random.default_rng(execution.seed)
    places = places_of(particles, radius, rng, execution.device)
    folds = cross_fit(
        cross_splits(particles.chains, particles.draws, execution.folds),
        "insertions",
        lambda: InsertionRate(space, places.kinds, places.core, radius, config.width),
        lambda fold: _fit(places, config, fold),
        execution,
        task=task,
    )
    return _combined(folds, places, execution.seed, perf_counter() - started)


def _fit(places: Places, config: Insertions, fold: Fold) -> tuple[Trained, _Read]:
    network, rng, split = fold.network, fold.streams.numpy("batches"), fold.split
    each = max(config.training.batch // _FRAMES, 2)
    chunks = _chunks(config.evaluations * _VALIDATED)

    def loss() -> Tensor:
        frames = rng.choice(split.train, _FRAMES)
        inside, seen = places.inserted(frames, each, rng), places.proposed(frames, each, rng)
        typical, other = places.typical_rate(inside.times), places.typical_rate(seen.times)
        hits = (inside.weights * softplus(typical - network(inside))).mean()
        misses = (seen.weights * other.exp() * softplus(network(seen) - other)).mean()
        return hits + misses

    judging = fold.streams.numpy("judge")
    judged = [
        (places.inserted(*part, judging), places.proposed(*part, judging))
        for part in [_shared(split.validation, _CHUNK)] * chunks
    ]

    @torch.no_grad()
    def judge(average: nn.Module) -> tuple[float, float]:
        gains = np.mean([_gain(average, inside) for inside, _ in judged])
        rates = np.mean([_integral(average, seen) for _, seen in judged])
        # as if the rate were calibrated, which it will be: most of the noise is that of its mean
        value = float(gains - np.log(rates))
        return value, value

    trained = minimise(
        network, loss, judge, config.training, tick=fold.tick, on_check=fold.on_check
    )
    average = trained.module
    assert isinstance(average, InsertionRate)
    known = np.concatenate([split.train, split.validation])
    _calibrate(places, average, known, _chunks(config.evaluations * _CALIBRATED), fold)
    return trained, _read(places, average, split.test, config.evaluations, fold)


def _chunks(evaluations: float) -> int:
    return max(int(evaluations / _CHUNK), 1)


def _shared(frames: np.ndarray, places: int) -> tuple[np.ndarray, int]:
    """All frames, or as many as have 16 places each, and the number of places in each."""
    chosen = frames[:: max(len(frames) * 16 // places, 1)]
    return chosen, max(places // len(chosen), 2)


def _gain(network: nn.Module, inside: Surroundings) -> float:
    """Mean of log(rate / density) over particles."""
    return float((inside.weights * network(inside)).mean())


def _integral(network: nn.Module, seen: Surroundings) -> float:
    """Mean of rate / density over box and time."""
    return float((seen.weights * network(seen).exp()).mean())


@torch.no_grad()
def _calibrate(
    places: Places, network: InsertionRate, frames: np.ndarray, chunks: int, fold: Fold
) -> None:
    """Scale the rate so that its mean over frames that the network may know is the density."""
    rng, values = fold.streams.numpy("calibrate"), []
    for _ in range(chunks):
        fold.tick()
        seen = places.proposed(*_shared(rng.permutation(frames), _CHUNK), rng)
        values.append(_integral(network, seen))
    network.shift.sub_(float(np.log(np.mean(values))))


@torch.no_grad()
def _read(
    places: Places, network: nn.Module, frames: np.ndarray, evaluations: int, fold: Fold
) -> _Read:
    rng, surprise, integral = fold.streams.numpy("read"), [], []
    parts = max(-(-evaluations // (len(frames) * _CHUNK)), 1)
    each = max(evaluations // (len(frames) * parts), 2)
    for frame in np.split(frames, len(frames)):
        fold.tick()
        gains, rates = [], []
        for _ in range(parts):
            gains.append(_gain(network, places.inserted(frame, each, rng)))
            rates.append(_integral(network, places.proposed(frame, each, rng)))
        integral.append(np.mean(rates))
        surprise.append(np.mean(rates) - 1 - np.mean(gains))
    return _Read(np.array(surprise), np.array(integral))


@torch.no_grad()
def _combined(folds: Folds[_Read], places: Places, seed: int, seconds: float) -> InsertionEstimate:
    particles, rng = places.particles, np.random.default_rng(seed)
    influence = folds.gathered([reading.surprise for reading in folds.readings])
    inside = places.inserted(*_shared(np.arange(particles.n), 2 * _CHUNK), rng)
    scores = torch.stack([module(inside) for module in folds.modules])
    bound, missing = float(influence.mean()), folds.late_gain() + disagreement(scores)
    integral = folds.gathered([reading.integral for reading in folds.readings])
    return InsertionEstimate(
        entropy=bound - missing,
        error=float(np.hypot(series_error(influence, particles), missing)),
        bound=bound,
        missing=missing,
        influence=influence,
        integral=float(integral.mean()),
        status=folds.status,
        histories=folds.histories,
        modules=folds.modules,
        seconds=seconds,
    )
