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
from dataclasses import dataclass, field
from time import perf_counter
from typing import Unpack

import numpy as np
from torch import nn

from ..base.deadline import Deadline
from ..base.errors import InputError
from ..data.samples import Samples
from ..data.statistics import series_error
from ..estimation.execution import Execution, RunOptions, Task, run_settings
from ..estimation.folds import Folds, cross_fit, one_thread
from ..estimation.history import History, TrainingStatus
from ..estimation.networks import Weights
from ..geometry.cuts import Cut, Shape
from .arranged import ArrangedSites
from .batches import Batches, Reading
from .choice import Choice, batches_in, better_order
from .network import ConditionalNetwork, build_network
from .orders import Order
from .pool import SamplePool
from .reading import fit, scatter
from .rule import ChainRule
from .sampling import Draws, draw, log_density

__all__ = [
    "ChainRule", "ChainRuleEstimate", "ScaleShare", "chain_rule_of", "estimate_chain_rule",
    "estimate_chain_rules",
]  # fmt: skip


@dataclass(frozen=True)
class ScaleShare:
    """What the sites of one kind add to the entropy.

    Args:
        name: Name of the kind.
        share: Their share of all sites.
        entropy: Mean entropy of such a site given those before it, in nats: an upper bound.
        error: Standard error of `entropy`.
    """

    name: str
    share: float
    entropy: float
    error: float


@dataclass(frozen=True, eq=False)
class ChainRuleEstimate:
    """The estimate of the chain rule at one state point.

    Args:
        entropy: Entropy per site in nats: `bound` minus `missing`.
        bound: Held-out mean of -log p per site, an upper bound up to sampling errors.
        missing: What training may not have found yet, what the folds' networks lose by their
            disagreement, and what no order of the sites shows (`choice.Choice.unseen`), in nats
            per site.
        influence: By how much each sample moves the entropy, shape `(n,)`.
        order: The order of the sites.
        scales: What the sites of each kind add to the entropy.
        mutual_information: M in nats and its influence, by the sides of the block that is cut.
        status: The worst status of the folds' trainings.
        histories: Training history of each fold.
        modules: Trained network of each fold.
        seconds: Wall time.
        sites: What the networks were trained on.
        point: Number of the state point.
    """

    entropy: float
    bound: float
    influence: np.ndarray
    missing: float
    order: Order
    scales: tuple[ScaleShare, ...]
    mutual_information: dict[Shape, tuple[float, np.ndarray]]
    status: TrainingStatus
    histories: tuple[History, ...]
    modules: tuple[nn.Module, ...]
    seconds: float
    sites: Batches | None = field(default=None, repr=False)
    point: int = 0

    @property
    def samples(self) -> Samples:
        """The samples of the state point."""
        if self.sites is None:
            raise InputError("this estimate does not hold its samples")
        return self.sites.pool.sweep[self.point]

    def held_out(self, fold: int) -> np.ndarray:
        """The samples that the network of a fold has never seen.

        Args:
            fold: The fold.
        """
        if self.sites is None:
            raise InputError("this estimate does not hold its samples")
        pool = self.sites.pool
        test = pool.splits(len(self.modules))[fold].test
        first, end = pool.starts[self.point : self.point + 2]
        held_out: np.ndarray = test[(test >= first) & (test < end)] - first
        return held_out

    def sample(self, n: int, seed: int = 0, fold: int = 0) -> Draws:
        """Draw configurations from the network of a fold, site after site.

        They are distributed like the samples up to the network's misfit, and come with the
        logarithm of the density that they were drawn from.

        Args:
            n: Number of configurations, at least 8.
            seed: Seed of the random numbers.
            fold: The fold.

        Raises:
            InputError: Too few configurations, or networks of cuts or of sites that differ.

        Example:
            >>> spins = np.random.default_rng(0).random((256, 4, 4)) < 0.9
            >>> from moiety.estimation.training import Training
            >>> quick = ChainRule(evaluations=2**14, training=Training(steps=100))
            >>> estimate = estimate_chain_rule(Samples.from_array(spins, periodic=True), quick)
            >>> draws = estimate.sample(512)
            >>> draws.samples, bool(abs(draws.samples.values.mean() - 0.9) < 0.03)
            (<Samples discrete q=2, 1 chain x 512 draws of 4x4, periodic>, True)
        """
        return draw(*self._drawn_from(fold), n, seed, self.point)

    def log_density(self, samples: Samples, fold: int = 0) -> np.ndarray:
        """Log density of whole configurations under the network of a fold.

        Args:
            samples: Configurations of the same kind and shape.
            fold: The fold.

        Returns:
            Nats, or relative to the unit of continuous states, shape `(n,)`.

        Raises:
            InputError: Networks of cuts or of sites that differ, or other samples.
        """
        return log_density(*self._drawn_from(fold), samples, self.point)

    def _drawn_from(self, fold: int) -> tuple[ArrangedSites, ConditionalNetwork]:
        network = self.modules[fold]
        if isinstance(self.sites, ArrangedSites) and isinstance(network, ConditionalNetwork):
            return self.sites, network
        raise InputError("networks of cuts, or of sites that differ, draw no configurations")


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
        >>> from moiety.estimation.training import Training
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
        >>> from moiety.estimation.training import Training
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
    training = config.training.warm() if warm_start else config.training
    pool = SamplePool(sweep, points)
    choice = (
        Choice(config.order)
        if config.order
        else better_order(
            pool,
            config.width,
            config.training,
            execution,
            cuts=cuts,
            warm_start=warm_start,
            task=task,
        )
    )
    sites = batches_in(choice.order, pool, cuts, execution.device)
    folds = cross_fit(
        pool.splits(execution.folds),
        "chain rule",
        lambda: build_network(sites, config.width),
        lambda fold: fit(sites, training, config.evaluations, fold, precision=config.precision),
        execution,
        warm_start=warm_start,
        task=task,
    )
    return _combined(folds, sites, choice, execution.seed, perf_counter() - started)


def _combined(
    folds: Folds[Reading], sites: Batches, choice: Choice, seed: int, seconds: float
) -> tuple[ChainRuleEstimate, ...]:
    readings, pool = folds.readings, sites.pool
    influences = pool.by_point(folds.gathered([reading.surprise for reading in readings]))
    by_cut = {
        parent: pool.by_point(folds.gathered([reading.by_cut[parent] for reading in readings]))
        for parent in readings[0].by_cut
    }
    by_kind = [
        pool.by_point(folds.gathered([reading.by_kind[:, k] for reading in readings]))
        for k in range(len(sites.names))
    ]
    late = float(np.mean([history.late_gain for history in folds.histories]))

    def estimate(point: int) -> ChainRuleEstimate:
        bound = float(influences[point].mean())
        missing = late + scatter(sites, folds, point, seed) + choice.unseen(point)
        return ChainRuleEstimate(
            entropy=bound - missing,
            bound=bound,
            influence=influences[point],
            missing=missing,
            order=choice.order,
            scales=tuple(
                _share(name, share, values[point], pool.sweep[point])
                for name, share, values in zip(sites.names, sites.shares, by_kind, strict=True)
            ),
            mutual_information={
                parent: (float(values[point].mean()), values[point])
                for parent, values in by_cut.items()
            },
            status=folds.status,
            histories=folds.histories,
            modules=folds.modules,
            seconds=seconds,
            sites=sites,
            point=point,
        )

    return tuple(estimate(point) for point in range(len(pool.sweep)))


def _share(name: str, share: float, values: np.ndarray, samples: Samples) -> ScaleShare:
    error = series_error(values, samples)
    return ScaleShare(name, share, float(values.mean()) / share, error / share)
