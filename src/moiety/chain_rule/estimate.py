r"""The entropy as a sum of conditional site entropies, from one network.

    S = sum_i H(x_i | x_j, j before i) <= sum_i -<log p(x_i | context of i)>

One network gives p for every site of every window.  Its input marks which neighbours are known.
Held-out samples give the mean on the right, which is an upper bound on S: the network may be
imperfect, and a context leaves out distant sites.  Two parts of the excess can be seen and are
subtracted, with an error of the same size: networks of different folds err independently, which
costs each of them half the variance of log p between folds; and gains shrink like 1/steps, so about
as much as the second half of the training gained is still missing.

The chain rule also splits the entropy by scale, with no ceiling from the number of samples:

    M(A;B) = sum_{i in B} < log p(x_i | A and B before i) - log p(x_i | B before i) >

on the same sites, so that their noise cancels.  M, a difference of two bounds, is not itself a
bound.

Several state points, such as the temperatures of a sweep, can share one network, which receives the
parameters of the state point: what it learns at one of them helps at the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Unpack

import numpy as np
from torch import nn

from ..base.deadline import Deadline
from ..data.samples import Samples
from ..estimation.execution import Execution, RunOptions, Task, run_settings
from ..estimation.folds import Folds, cross_fit, one_thread
from ..estimation.history import History, TrainingStatus
from ..estimation.networks import Weights
from ..estimation.training import Training
from ..geometry.cuts import Cut, Shape
from .network import build_network
from .reading import Reading, fit, scatter
from .sites import Sites
from .views import Neighbourhood

__all__ = [
    "ChainRule", "ChainRuleEstimate", "chain_rule_of", "estimate_chain_rule",
    "estimate_chain_rules",
]  # fmt: skip

_RADIUS = {1: 16, 2: 3, 3: 2}  # by the number of dimensions
_REACH = {1: 16, 2: 12, 3: 2}
_FARTHEST = 63  # reach along a row of sites that differ, which may have no geometry


@dataclass(frozen=True)
class ChainRule:
    """How the chain rule is estimated.

    Args:
        radius: A context may hold all sites up to this distance along each axis; by default 16, 3
            or 2 in one, two or three dimensions.
        reach: It may also hold sites up to this distance along the last axis, in rows at most one
            site away; by default 12 in two dimensions.  With nearest-neighbour interactions
            nothing else matters than what is known of the row and of the row before it.
        width: Width of the two hidden layers.
        evaluations: Number of held-out sites that each entropy, and each M, is read from.
        training: Training; its `batch` counts sites.

    Raises:
        ValueError: A number below one.
    """

    radius: int | None = None
    reach: int | None = None
    width: int = 64
    evaluations: int = 2**21
    training: Training = field(
        default_factory=lambda: Training(
            steps=1000,
            batch=4096,
            learning_rate=1e-2,
            averaging=0.99,
            check_every=50,
            patience=6,
            gain=5e-5,
        )
    )

    def __post_init__(self) -> None:
        if min(self.width, self.evaluations, self.radius or 1, self.reach or 1) < 1:
            raise ValueError(f"radius, reach, width and evaluations must be positive: {self}")

    def neighbourhood(self, dimensions: int, *, star: bool) -> Neighbourhood:
        """The sites that a context may hold.

        Args:
            dimensions: Number of space axes.
            star: Whether there are arms along all axes.
        """
        radius, reach = self.radius or _RADIUS[dimensions], self.reach or _REACH[dimensions]
        return Neighbourhood(dimensions, radius, reach, star)


@dataclass(frozen=True, eq=False)
class ChainRuleEstimate:
    """The estimate of the chain rule at one state point.

    Args:
        entropy: Entropy per site in nats: `bound` minus `missing`.
        bound: Held-out mean of -log p per site, an upper bound up to sampling errors.
        missing: What training may not have found yet and what the folds' networks lose by their
            disagreement, in nats per site.
        influence: By how much each sample moves the entropy, shape `(n,)`.
        mutual_information: M in nats and its influence, by the sides of the block that is cut.
        status: The worst status of the folds' trainings.
        histories: Training history of each fold.
        modules: Trained network of each fold.
        seconds: Wall time.
    """

    entropy: float
    bound: float
    influence: np.ndarray
    missing: float
    mutual_information: dict[Shape, tuple[float, np.ndarray]]
    status: TrainingStatus
    histories: tuple[History, ...]
    modules: tuple[nn.Module, ...]
    seconds: float


def estimate_chain_rule(
    samples: Samples,
    config: ChainRule | None = None,
    *,
    cuts: Sequence[Cut] = (),
    warm_start: Sequence[nn.Module | Weights] = (),
    **run: Unpack[RunOptions],
) -> ChainRuleEstimate:
    """Estimate the entropy per site by the chain rule, and M of cuts.

    Args:
        samples: Configurations.
        config: Settings; `ChainRule()` by default.
        cuts: Cuts of the ladder of the samples' lattice whose M is wanted, too.
        warm_start: Networks whose weights start the new ones, from other samples or from the same
            folds.  A warm start takes a third of the steps.
        **run: Seed, folds, threads, device and hooks; see `RunOptions`.

    Raises:
        InputError: Fewer than four samples a fold.
        Stopped: `should_stop` returned True or the time limit has passed.

    Example:
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(256, 8, 8))
        >>> quick = ChainRule(evaluations=2**14, training=Training(steps=100))
        >>> estimate = estimate_chain_rule(Samples.from_array(spins, periodic=True), quick)
        >>> abs(estimate.entropy - 0.693) < 0.02  # log 2: independent spins
        True
    """
    return estimate_chain_rules([samples], config=config, cuts=cuts, warm_start=warm_start, **run)[
        0
    ]


def estimate_chain_rules(
    sweep: Sequence[Samples],
    points: Sequence[Sequence[float]] | None = None,
    *,
    config: ChainRule | None = None,
    cuts: Sequence[Cut] = (),
    warm_start: Sequence[nn.Module | Weights] = (),
    **run: Unpack[RunOptions],
) -> tuple[ChainRuleEstimate, ...]:
    """Estimate the entropy per site at several state points with one network per fold.

    Args:
        sweep: Samples of each state point, all of the same kind and shape.
        points: Temperature and any other parameters of the state points, shape `(state points,
            parameters)`; not needed for a single state point.
        config: Settings; the training steps are shared by all state points.
        cuts: See `estimate_chain_rule`.
        warm_start: See `estimate_chain_rule`.
        **run: See `estimate_chain_rule`.

    Returns:
        One estimate per state point, with the same histories, modules and seconds.

    Raises:
        InputError: Samples that differ in kind, states, shape or boundaries; a number of points
            that does not match, or two equal points; fewer than four samples a fold.
        Stopped: See `estimate_chain_rule`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> quick = ChainRule(evaluations=2**14, training=Training(steps=200))
        >>> spins = [rng.random((256, 8, 8)) < p for p in (0.5, 0.9)]
        >>> sweep = [Samples.from_array(values, periodic=True) for values in spins]
        >>> estimates = estimate_chain_rules(sweep, [[0.5], [0.9]], config=quick)
        >>> [abs(s.entropy - exact) < 0.02 for s, exact in zip(estimates, (0.693, 0.325))]
        [True, True]
    """
    execution, hooks, limit = run_settings(run)
    deadline = Deadline(perf_counter(), limit, hooks.should_stop)
    task = hooks.task("chain rule", 0, 1, deadline.is_over)
    config = config or ChainRule()
    return chain_rule_of(
        sweep, points, config, execution, cuts=cuts, warm_start=warm_start, task=task
    )


@one_thread()
def chain_rule_of(
    sweep: Sequence[Samples],
    points: Sequence[Sequence[float]] | None,
    config: ChainRule,
    execution: Execution,
    *,
    cuts: Sequence[Cut] = (),
    warm_start: Sequence[nn.Module | Weights] = (),
    task: Task | None = None,
) -> tuple[ChainRuleEstimate, ...]:
    """See `estimate_chain_rules`, with its run settings as objects.

    Args:
        sweep: Samples of each state point.
        points: Parameters of the state points.
        config: Settings.
        execution: Seed, device, threads and folds.
        cuts: Cuts whose M is wanted.
        warm_start: Networks whose weights start the new ones.
        task: Hooks of this work.
    """
    started = perf_counter()
    execution.check_folds(min((samples.n for samples in sweep), default=0))
    config = replace(config, training=config.training.warm()) if warm_start else config
    around = _around(config, sweep[0], bool(cuts))
    sites = Sites(sweep, points, around, cuts, execution.device)
    folds = cross_fit(
        sites.splits(execution.folds),
        "chain rule",
        lambda: build_network(sites, config.width),
        lambda fold: fit(sites, config.training, config.evaluations, fold),
        execution,
        warm_start=warm_start,
        task=task,
    )
    return _combined(folds, sites, execution.seed, perf_counter() - started)


def _around(config: ChainRule, samples: Samples, star: bool) -> Neighbourhood:
    """The neighbourhood of a site; if sites differ, it holds nothing that is never known."""
    around = config.neighbourhood(len(samples.shape), star=star)
    if samples.homogeneous:
        return around
    farthest = samples.shape[-1] - 1
    reach = _FARTHEST if len(samples.shape) == 1 else around.reach
    return replace(around, reach=min(reach, farthest), later=samples.periodic[0])


def _combined(
    folds: Folds[Reading], sites: Sites, seed: int, seconds: float
) -> tuple[ChainRuleEstimate, ...]:
    readings = folds.readings
    influences = sites.by_point(folds.gathered([reading.surprise for reading in readings]))
    by_cut = [
        sites.by_point(folds.gathered([reading.mutual_information[k] for reading in readings]))
        for k in range(len(sites.cuts))
    ]
    late = float(np.mean([history.late_gain for history in folds.histories]))

    def estimate(point: int) -> ChainRuleEstimate:
        bound = float(influences[point].mean())
        missing = late + scatter(sites, folds, point, seed)
        values = [(cut.parent, m[point]) for cut, m in zip(sites.cuts, by_cut, strict=True)]
        return ChainRuleEstimate(
            entropy=bound - missing,
            bound=bound,
            influence=influences[point],
            missing=missing,
            mutual_information={parent: (float(m.mean()), m) for parent, m in values},
            status=folds.status,
            histories=folds.histories,
            modules=folds.modules,
            seconds=seconds,
        )

    return tuple(estimate(point) for point in range(len(sites.sweep)))
