r"""The mutual information M of one cut, from samples, with its error.

Cross-fitting (`folds`) gives one bound per fold, each on samples that its critic never saw,

    M_bound = sum_f (n_f / n) M_f.

What the critics miss makes that too small.  Two parts of the missing M can be seen and are added:
critics with independent errors lose what follows from how far they are apart (`disagreement`); and
gains shrink like 1/steps, so about as much as the second half of the training gained is still
missing.  The bound itself is kept as well.

The sampling error follows from how much each sample moves the estimate.  For Donsker-Varadhan,
with e the mean of e^F over product pairs, sample i moves M by

    IF_i = F_i - <F> - (<e^F>_{i first} + <e^F>_{i second}) / e + 2

because each product pair depends on two samples.  Influences of several cuts and of counted blocks
add up, so the error of an entropy includes their correlations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from ..base.random import Streams
from ..data.samples import Samples
from ..data.statistics import standard_error
from ..geometry.cuts import Cut
from .estimator import Estimator, MutualInformation, Round, scale_training
from .evaluation import (
    CHUNK,
    calibration,
    effective_pairs,
    evaluate,
    held_out_batches,
    sample_influence,
)  # fmt: skip
from .execution import Execution, Task
from .folds import Fold, Folds, cross_fit, cross_splits, disagreement, one_thread
from .history import TrainingStatus
from .networks import Weights
from .objectives import BOUNDS, Bound
from .pairs import Source, shifts, spread_out
from .re_pairing import place_effect, score_at_same_places
from .scores import Batch
from .training import Trained, train
from .windows import windows_of

__all__ = ["estimate_mutual_information", "mutual_information_of"]

_VALIDATED_PLACES, _VALIDATED_PRODUCTS = 16384, 2
_FEWEST_VALIDATED, _MOST_VALIDATED = 512, 4096  # pairs
_COMPARED_PLACES = 4096  # interface sites on which the folds' critics are compared
_SPREAD_SIGMAS = 2.0  # sampling errors beyond which the folds' distance is blamed on training


def estimate_mutual_information(
    samples: Samples,
    cut: Cut,
    estimator: Estimator | None = None,
    execution: Execution | None = None,
    *,
    tau: float = 0.5,
    warm_start: Sequence[nn.Module | Weights] = (),
    effort: float = 1.0,
    task: Task | None = None,
) -> MutualInformation:
    """Estimate M between the halves of a cut of a lattice.

    Args:
        samples: Configurations.
        cut: A cut of the ladder of the samples' lattice.
        estimator: Algorithms; `Estimator()` by default.
        execution: Seed, device, threads and folds; `Execution()` by default.
        tau: Autocorrelation time of the samples in draws; the halves of product pairs are at
            least three of these apart.
        warm_start: One network per fold whose weights start the new ones.  They must come from
            the same folds or from other samples.
        effort: Share of the training steps to spend on this cut.
        task: Hooks of this work.

    Raises:
        Stopped: The task's tick asked to stop.

    Example:
        >>> from ..geometry.cuts import ladder
        >>> from .training import Training
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(64, 8, 8))
        >>> top = ladder((8, 8), (True, True)).cuts[0]
        >>> quick = Estimator(training=Training(steps=50))
        >>> samples = Samples.from_array(spins, periodic=True)
        >>> abs(estimate_mutual_information(samples, top, quick).value) < 0.1  # independent spins
        True
    """
    execution = execution or Execution()
    return mutual_information_of(
        windows_of(samples, cut, execution.device),
        (samples.chains, samples.draws),
        estimator or Estimator(),
        execution,
        tau=tau,
        warm_start=warm_start,
        effort=effort,
        task=task,
    )


@one_thread()
def mutual_information_of(
    source: Source,
    shape: tuple[int, int],
    estimator: Estimator,
    execution: Execution,
    *,
    tau: float = 0.5,
    warm_start: Sequence[nn.Module | Weights] = (),
    effort: float = 1.0,
    part: Round | None = None,
    task: Task | None = None,
) -> MutualInformation:
    """Estimate M between the halves of the pairs that a source draws.

    Args:
        source: Source of the pairs.
        shape: Numbers of chains and of draws per chain of its samples.
        estimator: Algorithms.
        execution: Seed, device, threads and folds.
        tau: See `estimate_mutual_information`.
        warm_start: See `estimate_mutual_information`.
        effort: See `estimate_mutual_information`.
        part: Round of the training; by default all of it.
        task: See `estimate_mutual_information`.
    """
    started, part = perf_counter(), part or Round()
    training = scale_training(estimator.training, source, effort)
    scaled = replace(estimator, training=replace(training, steps=part.steps(training)))
    before = part.before
    folds: Folds[_Reading] = cross_fit(
        cross_splits(*shape, execution.folds),
        source.key,
        lambda: estimator.critic.build(source.shape),
        lambda fold: _fit(source, scaled, tau, fold, part.number),
        execution,
        warm_start=before.modules if before else warm_start,
        task=task,
    )
    scatter, seconds = _scatter(source, folds, execution.seed), perf_counter() - started
    if before:
        folds, seconds = folds.after(before.histories), seconds + before.seconds
    return _combined(folds, shape, scatter, seconds)


@dataclass(frozen=True, eq=False)
class _Reading:
    """Values that one fold's critic gives to its held-out samples."""

    value: float
    influence: np.ndarray  # of the held-out samples
    bounds: Mapping[str, float]
    support: float
    calibration_gain: float
    calibrate: Callable[[Tensor], Tensor]
    at_same_places: np.ndarray  # by held-out sample


def _fit(
    source: Source, estimator: Estimator, tau: float, fold: Fold, number: int
) -> tuple[Trained, _Reading]:
    """Train and read a fold's critic; its held-out pairs are the same in every round."""
    config, generator = estimator.training, fold.streams.torch("train")

    def batch(indices: np.ndarray, size: int, products: int, augment: bool = False) -> Batch:
        picks = spread_out(indices, size, generator)
        a, b = source.draw(picks, generator, augment=augment)
        return Batch(a, b, shifts(size, len(indices), tau, products, generator))

    def draw() -> Batch:
        return batch(fold.split.train, config.batch, estimator.objective.products, augment=True)

    judged = max(_VALIDATED_PLACES // source.interface, _FEWEST_VALIDATED)
    products = max(estimator.objective.products, _VALIDATED_PRODUCTS)
    count = ceil(min(judged, _MOST_VALIDATED) / CHUNK)
    validation = [batch(fold.split.validation, CHUNK, products) for _ in range(count)]
    if number:
        generator = fold.streams.torch("train", number)
    trained = train(
        fold.network,
        estimator.objective,
        estimator.bound,
        draw,
        validation,
        config,
        tick=fold.tick,
        on_check=fold.on_check,
    )
    return _read(source, estimator.bound, tau, fold, trained, validation)


def _read(
    source: Source,
    bound: Bound,
    tau: float,
    fold: Fold,
    trained: Trained,
    validation: Sequence[Batch],
) -> tuple[Trained, _Reading]:
    """Evaluate a trained critic on the held-out samples of its fold."""
    calibrate, gain = calibration(trained.module, validation)
    streams = fold.streams.torch("test")
    batches = held_out_batches(source, fold.split.test, tau, streams, fold.tick)
    scored = evaluate(trained.module, batches, calibrate)
    if not (torch.isfinite(scored.joint).all() and torch.isfinite(scored.product).all()):
        trained = replace(trained, status=TrainingStatus.DIVERGED)
    reading = _Reading(
        value=bound(scored.joint, scored.product),
        influence=sample_influence(scored, bound, fold.split.test),
        bounds={name: kind()(scored.joint, scored.product) for name, kind in BOUNDS.items()},
        support=effective_pairs(scored.product),
        calibration_gain=gain,
        calibrate=calibrate,
        at_same_places=score_at_same_places(
            source, fold.split.test, trained.module, calibrate, fold.streams.torch("re-paired")
        ),
    )
    return trained, reading


@torch.no_grad()
def _scatter(source: Source, folds: Folds[_Reading], seed: int) -> float:
    """Loss of each fold's critic from errors independent of the others', in nats."""
    generator = Streams(seed).torch("scatter")
    parts = []
    for _ in range(max(_COMPARED_PLACES // source.interface // CHUNK, 1)):
        picks = torch.randint(folds.samples, (CHUNK,), generator=generator)
        a, b = source.draw(picks, generator)
        by_fold = []
        for trained, reading in zip(folds.trained, folds.readings, strict=True):
            by_fold.append(reading.calibrate(trained.module(a, b)))
        parts.append(torch.stack(by_fold))
    scores = torch.cat(parts, dim=1).double()
    return disagreement(scores - scores.mean(dim=1, keepdim=True))


def _combined(
    folds: Folds[_Reading], shape: tuple[int, int], scatter: float, seconds: float
) -> MutualInformation:
    readings = folds.readings
    influence = folds.gathered([reading.influence for reading in readings])
    sampling = standard_error(influence.reshape(shape))
    values = np.array([reading.value for reading in readings])
    late = folds.late_gain()
    added = scatter + late
    # independent folds already spread by sqrt(folds) sampling errors
    spread = float(values.var(ddof=1)) / len(values)
    beyond = spread > _SPREAD_SIGMAS**2 * sampling**2
    return MutualInformation(
        value=folds.mean(values) + added,
        sampling=sampling,
        missing=added + folds.mean([reading.calibration_gain for reading in readings]),
        late=late,
        spread=float(np.sqrt(spread - sampling**2)) if beyond else 0.0,
        influence=influence,
        bounds={
            name: folds.mean([reading.bounds[name] for reading in readings])
            for name in readings[0].bounds
        },
        support=sum(reading.support for reading in readings),
        places=place_effect(
            folds.gathered([reading.at_same_places for reading in readings]), shape
        ),
        status=folds.status,
        histories=folds.histories,
        modules=folds.modules,
        seconds=seconds,
    )
