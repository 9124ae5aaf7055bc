r"""The mutual information of one cut, from samples, with its error.

The samples are cut into folds.  Each fold's critic is trained on the samples outside
it and read out inside it, so that every sample is held out once and the bound is

    M_bound = sum_f (n_f / n) M_f,       M_f: the bound of fold f's critic on fold f.

What critics miss makes that too small.  Two parts of it can be told and are added: critics
F* + d_f that err independently of each other lose, to second order, half the variance of d_f
over joint pairs, which is half the variance of F between folds; and gains shrink like 1/steps,
so that as much as the second half of the training gained is still missing.  The bound is kept.

The sampling error comes from how much each sample moves it.  For Donsker-Varadhan,
with e the mean of e^F over product pairs, sample i moves M by

    IF_i = F_i - <F> - (<e^F>_{i first} + <e^F>_{i second}) / e + 2

(each product pair depends on two samples).  Influences of several cuts and of the
counted blocks add up, so that the error of an entropy knows how they are correlated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from functools import partial
from math import ceil, sqrt
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import nn

from ..base.random import Streams
from ..data.samples import Samples
from ..data.statistics import standard_error
from ..geometry.cuts import Cut
from .critics import Critic, InterfaceCritic, TrainedCritic, Weights, hand_on
from .evaluation import CHUNK, calibration, held_out, read_out, sample_influence, support
from .objectives import BOUNDS, Bound, DonskerVaradhanBound, JensenShannon, Objective
from .pairs import Encoding, Source, Split, Windows, cross_splits, shifts, spread_out
from .training import (
    CONVERGED,
    DIVERGED,
    OUT_OF_BUDGET,
    Batch,
    History,
    Training,
    side_by_side,
    train,
)

__all__ = [
    "Estimator",
    "Information",
    "estimate_information",
    "from_below",
    "information_of",
    "scaled_training",
]

_TRAINED_PLACES, _LEAST_BATCH = 4096, 32  # of the interface, and pairs, per step
_VALIDATED_PLACES, _VALIDATED_PRODUCTS = 16384, 2
_SCATTERED_PLACES = 4096  # of the interface, from which the scatter of folds is read
_SPREAD_SIGMAS = 2.0  # sampling errors that folds must lie apart before training is to blame


@dataclass(frozen=True)
class Estimator:
    """The algorithms that estimate a cut.

    Arguments:
        critic: Network that scores pairs.
        objective: What training minimises.
        bound: What is read out of the trained critic.
        training: Of a cut whose error matters fully; see `effort` of `estimate_information`.
        folds: Number of held-out sets.
        seed: Of all random numbers.
        device: Where the networks live.
        threads: Folds that are trained side by side, one thread each.
    """

    critic: Critic = field(default_factory=InterfaceCritic)
    objective: Objective = field(default_factory=JensenShannon)
    bound: Bound = field(default_factory=DonskerVaradhanBound)
    training: Training = field(default_factory=Training)
    folds: int = 2
    seed: int = 0
    device: str = "cpu"
    threads: int = 2

    def __post_init__(self):
        if self.folds < 2 or self.threads < 1:
            raise ValueError(
                f"folds must be at least 2 and threads at least 1: {self.folds}, {self.threads}"
            )

    def described(self) -> dict[str, Any]:
        """Its fields as plain mappings, each algorithm with its name."""
        return {
            name: {"name": type(part).__name__, **asdict(part)} if is_dataclass(part) else part
            for name, part in vars(self).items()
        }


@dataclass(frozen=True, eq=False)
class Information:
    """M of one cut.

    Arguments:
        value: In nats: the bound with what training has not found yet.
        sampling: One standard error from the finite number of samples.
        missing: What may be missing, in nats: as much as was added to the bound for late gains
            and the scatter of folds, and as calibration mended.
        late: The part of it that is late gains, which more training would find.
        spread: Half the distance between folds beyond what sampling explains.
        influence: How much each sample moves `value`, mean zero, shape `(n,)`.
        bounds: All bounds read out of the same critics, by name.
        support: Number of product pairs that carry <e^F> (its effective sample size).
        status: The worst of the folds': `"converged"`, `"out of budget"`, `"diverged"`.
        histories, modules: One a fold.
        seconds: Wall time.
    """

    value: float
    sampling: float
    missing: float
    late: float
    spread: float
    influence: np.ndarray
    bounds: Mapping[str, float]
    support: float
    status: str
    histories: tuple[History, ...]
    modules: tuple[nn.Module, ...]
    seconds: float

    @property
    def error(self) -> float:
        """One standard error: samples, training and the spread of folds together."""
        return float(np.sqrt(self.sampling**2 + self.missing**2 + self.spread**2))


def estimate_information(
    samples: Samples,
    cut: Cut,
    estimator: Estimator | None = None,
    *,
    tau: float = 0.5,
    warm: Sequence[nn.Module | Weights] = (),
    effort: float = 1.0,
    progress: Callable[[], None] | None = None,
    watch: Callable[[int, History], None] | None = None,
) -> Information:
    """M between the halves of a cut.

    Arguments:
        samples: Configurations.
        cut: One of the ladder of the samples' lattice.
        estimator: Algorithms.
        tau: Autocorrelation time of the samples in draws: product pairs are taken from
            samples at least three of these apart.
        warm: One network a fold whose weights start the new ones, trained on the same
            folds.
        effort: Share of the training steps that this cut is worth.
        progress: Called often; may raise to stop the work.
        watch: Told a fold and its history at every look of its training.

    Example:
        >>> from ..geometry.cuts import ladder
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(64, 8, 8))
        >>> top = ladder((8, 8), (True, True)).cuts[0]
        >>> quick = Estimator(training=Training(steps=50))
        >>> m = estimate_information(Samples.from_array(spins, periodic=True), top, quick)
        >>> abs(m.value) < 0.1  # independent spins
        True
    """
    estimator = estimator or Estimator()
    values = torch.from_numpy(samples.values.reshape(samples.n, *samples.shape)).to(
        estimator.device
    )
    encoding = Encoding.of(samples.kind, samples.states, samples.values)
    windows = Windows(values, cut, samples.periodic, encoding, samples.symmetries)
    options = {"tau": tau, "warm": warm, "effort": effort, "progress": progress, "watch": watch}
    return information_of(windows, samples.chains, samples.draws, estimator, **options)


def information_of(
    source: Source,
    chains: int,
    draws: int,
    estimator: Estimator,
    *,
    tau: float = 0.5,
    warm: Sequence[nn.Module | Weights] = (),
    effort: float = 1.0,
    progress: Callable[[], None] | None = None,
    watch: Callable[[int, History], None] | None = None,
) -> Information:
    """M between the halves of the pairs that a source gives.

    Arguments:
        source: Of the pairs.
        chains, draws: Of its samples.
        estimator, tau, warm, effort, progress, watch: See `estimate_information`.
    """
    started = perf_counter()
    splits = cross_splits(chains, draws, estimator.folds)
    training = estimator.training
    if isinstance(estimator.critic, TrainedCritic) and not warm:
        warm = [estimator.critic.start(source.key, fold) for fold in range(estimator.folds)]
        training = training.warm() if all(warm) else training
    training = scaled_training(training, source, effort)

    streams = [
        Streams(Streams(estimator.seed).integer(source.key, fold))
        for fold in range(estimator.folds)
    ]
    networks = [
        _network(estimator, source, streams[f], warm[f] if warm else None)
        for f in range(estimator.folds)
    ]

    def one(fold: int, look: Callable[[], None]) -> _Fold:
        configured = replace(estimator, training=training)
        return _fold(
            source,
            splits[fold],
            configured,
            tau,
            networks[fold],
            streams[fold],
            look,
            watch and partial(watch, fold),
        )

    folds = side_by_side(one, estimator.folds, estimator.threads, estimator.device, progress)
    scatter = _scatter(source, folds, chains * draws, estimator.seed)
    return _combined(folds, splits, (chains, draws), scatter, perf_counter() - started)


def scaled_training(training: Training, cut: Cut | Source, effort: float) -> Training:
    """Fewer steps where the cut matters less, fewer pairs where each teaches more.

    Arguments:
        training: As configured; of 100 steps or more at least 100 are left.
        cut: The longer its interface, the smaller its batches.
        effort: Share of the steps.

    Example:
        >>> from ..geometry.cuts import ladder
        >>> config = scaled_training(Training(), ladder((64, 64), (True, True)).cuts[0], 0.2)
        >>> config.steps, config.batch
        (160, 32)
        >>> scaled_training(Training().warm(), ladder((64, 64), (True, True)).cuts[0], 0.2).steps  # never below 100
        100
    """
    batch = max(
        min(training.batch, _TRAINED_PLACES // cut.interface), min(_LEAST_BATCH, training.batch)
    )
    return replace(
        training, steps=max(round(training.steps * effort), min(100, training.steps)), batch=batch
    )


def from_below(training: Training, cut: Cut | Source) -> Training:
    """Training of networks that start from those of a smaller cut: slower by the root of the interface.

    A score is a sum along the interface: the longer that is, the more it moves by the same change of weights.  At the
    full rate bounds of two systems were between 0.2% better and 3% worse, and the largest cut of one failed
    (docs/tried.md).

    Example:
        >>> from ..geometry.cuts import ladder
        >>> from_below(Training(learning_rate=0.01), ladder((16, 16), (False, False)).cuts[0]).learning_rate  # two of 8x16
        0.0025
    """
    return replace(training, learning_rate=training.learning_rate / sqrt(cut.interface))


@dataclass(frozen=True, eq=False)
class _Fold:
    value: float
    influence: np.ndarray  # of the test samples
    bounds: Mapping[str, float]
    support: float
    mended: float
    status: str
    history: History
    module: nn.Module
    calibrate: Callable[[torch.Tensor], torch.Tensor]


def _fold(
    source: Source,
    split: Split,
    estimator: Estimator,
    tau: float,
    network: nn.Module,
    streams: Streams,
    look: Callable[[], None],
    watch: Callable[[History], None] | None,
) -> _Fold:
    config, generator = estimator.training, streams.torch("train")

    def batch(indices: np.ndarray, size: int, products: int, augment: bool = False) -> Batch:
        picks = spread_out(indices, size, generator)
        a, b = source.draw(picks, generator, augment=augment)
        return Batch(a, b, shifts(size, len(indices), tau, products, generator))

    def draw() -> Batch:
        return batch(split.train, config.batch, estimator.objective.products, augment=True)

    judged = max(_VALIDATED_PLACES // source.interface, 512)
    products = max(estimator.objective.products, _VALIDATED_PRODUCTS)
    validation = [
        batch(split.validation, CHUNK, products) for _ in range(ceil(min(judged, 4096) / CHUNK))
    ]
    trained = train(
        network, estimator.objective, estimator.bound, draw, validation, config, look, watch
    )
    calibrate, mended = calibration(trained.module, validation)
    batches = held_out(source, split.test, tau, streams.torch("test"), look)
    found = read_out(trained.module, batches, calibrate)
    finite = bool(torch.isfinite(found.joint).all() and torch.isfinite(found.product).all())
    return _Fold(
        value=estimator.bound(found.joint, found.product),
        influence=sample_influence(found, estimator.bound, split.test),
        bounds={name: kind()(found.joint, found.product) for name, kind in BOUNDS.items()},
        support=support(found.product),
        mended=mended,
        status=trained.status if finite else DIVERGED,
        history=trained.history,
        module=trained.module,
        calibrate=calibrate,
    )


def _network(
    estimator: Estimator, source: Source, streams: Streams, start: nn.Module | Weights | None
) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(streams.integer("weights"))
        module = estimator.critic.build(source.shape)
    if start is not None:
        hand_on(start, module)
    return module.to(estimator.device)


@torch.no_grad()
def _scatter(source: Source, folds: Sequence[_Fold], samples: int, seed: int) -> float:
    """What each fold's critic loses by erring apart from the others', in nats."""
    generator = Streams(seed).torch("scatter")
    parts = []
    for _ in range(max(_SCATTERED_PLACES // source.interface // CHUNK, 1)):
        a, b = source.draw(torch.randint(samples, (CHUNK,), generator=generator), generator)
        parts.append(torch.stack([fold.calibrate(fold.module(a, b)) for fold in folds]))
    scores = torch.cat(parts, dim=1).double()
    return float((scores - scores.mean(dim=1, keepdim=True)).var(dim=0).mean()) / 2


def _combined(
    folds: Sequence[_Fold],
    splits: Sequence[Split],
    shape: tuple[int, int],
    scatter: float,
    seconds: float,
) -> Information:
    shares = np.array([len(split.test) for split in splits]) / np.prod(shape)
    influence = np.empty(np.prod(shape))
    for fold, split in zip(folds, splits, strict=True):
        influence[split.test] = fold.influence
    sampling = standard_error(influence.reshape(shape))
    values = np.array([fold.value for fold in folds])
    late = float(shares @ [fold.history.late_gain for fold in folds])
    added = scatter + late
    # independent folds spread by sqrt(folds) sampling errors already
    spread = float(values.var(ddof=1)) / len(values)
    return Information(
        value=float(shares @ values) + added,
        sampling=sampling,
        missing=added + float(shares @ [fold.mended for fold in folds]),
        late=late,
        spread=float(np.sqrt(spread - sampling**2))
        if spread > _SPREAD_SIGMAS**2 * sampling**2
        else 0.0,
        influence=influence,
        bounds={
            name: float(shares @ [fold.bounds[name] for fold in folds]) for name in folds[0].bounds
        },
        support=sum(fold.support for fold in folds),
        status=max((fold.status for fold in folds), key=(CONVERGED, OUT_OF_BUDGET, DIVERGED).index),
        histories=tuple(fold.history for fold in folds),
        modules=tuple(fold.module for fold in folds),
        seconds=seconds,
    )
