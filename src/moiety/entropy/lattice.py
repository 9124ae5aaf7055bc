r"""The entropy of a lattice system from its samples.

    s = (1 / V_0) [ sum_bases n S(base) - sum_cuts n M(cut) ]             (Eq. 4)

The samples are inspected first; copies among them are left out, and what else is wrong with them
becomes part of the status.  Small blocks are counted.  The cuts above them are estimated from the
smallest upwards (`climb`); the rest is extrapolated.  Then training continues where most of M is
missing, until the error is small enough or no longer comes from training (`refinement`).  Last
comes the chain rule, a second route on the same samples (`cross_check`).
"""

from __future__ import annotations

from dataclasses import asdict
from time import perf_counter
from typing import Any, Unpack

from .. import __version__
from ..base.deadline import Deadline
from ..base.errors import InputError
from ..chain_rule.estimate import ChainRule, ChainRuleEstimate
from ..data.digest import digest_of
from ..data.observables import observables
from ..data.samples import Samples
from ..estimation.critics import Critic
from ..estimation.estimator import Estimator, described
from ..estimation.execution import Execution, Hooks, RunOptions, run_settings
from ..estimation.networks import Networks
from ..estimation.objectives import Bound, Objective
from ..estimation.training import Training
from ..geometry.cuts import Cut, ladder
from ..inspection import Inspection, inspect
from ..results.result import EntropyResult, networks_of
from ..results.types import Ended
from .checks import lattice_status
from .climb import Climb
from .counted_blocks import BlockCounts
from .cross_check import compare, given_estimate, second_route
from .distinct import distinct_samples
from .inhomogeneous import estimate_inhomogeneous, refuse_ladder, with_steps
from .lattice_terms import LatticeTerms, ladder_cut
from .limits import entropy_limits
from .refinement import refine
from .rungs import ClimbRules
from .sample_statistics import SampleStatistics

__all__ = ["estimate_entropy"]

_CROSS_CHECK_SHARE = 0.25  # share of a time limit that is left for the cross-check


def estimate_entropy(
    samples: Samples,
    *,
    critic: Critic | None = None,
    objective: Objective | None = None,
    bound: Bound | None = None,
    training: Training | None = None,
    warm_start: EntropyResult | Networks | None = None,
    cross_check: bool | ChainRuleEstimate = True,
    chain_rule: ChainRule | None = None,
    excess: bool = False,
    tail: bool = True,
    precision: float = 0.002,
    **run: Unpack[RunOptions],
) -> EntropyResult:
    """Estimate the entropy per site, its error and its split over length scales.

    Args:
        samples: Configurations at one state point.
        critic: Network that scores pairs; `InterfaceCritic()` by default.
        objective: Loss that training minimises; `JensenShannon()` by default.
        bound: Bound that is reported; `DonskerVaradhanBound()` by default.
        training: Training of the smallest cut; `Training()` by default.
        warm_start: An earlier estimate, of other samples, whose networks start the new ones.  A
            warm start needs a third of the steps, at least 100 per cut.
        cross_check: Whether to estimate the entropy by the chain rule, too; or an estimate by
            the chain rule of these samples, such as one state point of a sweep.
        chain_rule: Settings of the chain rule; `ChainRule()` by default.
        excess: Whether to leave out the entropy of the single sites (Eq. 8): -sum M / (2 V).
        tail: Whether levels may be extrapolated where the area law holds.  Levels beyond what the
            samples can certify always are.
        precision: Error of s, in nats per site, down to which training continues as long as the
            error comes from training.
        **run: Keywords `seed`, `folds`, `threads`, `device`, `time_limit`, `progress`,
            `should_stop` and `on_check`; see `RunOptions`.  After a stop or a time limit, the
            remaining levels are extrapolated.

    Raises:
        InputError: A lattice too small to halve, too few samples for the number of folds, or a
            setting out of range.
        EstimateError: Training diverged at the smallest estimated level, continuous states that
            are all equal, or a stop before anything was known.

    Example:
        >>> import moiety
        >>> model = moiety.system("ising-square", size=4, temperature=4.0)
        >>> samples, quick = model.sample(256, seed=1), Training(steps=50)
        >>> result = estimate_entropy(samples, training=quick, cross_check=False)
        >>> abs(result.entropy - model.exact_entropy()) < 0.03
        True
    """
    started = perf_counter()
    execution, hooks, limit = run_settings(run)
    if not samples.homogeneous:
        refuse_ladder(critic=critic, objective=objective, bound=bound)
        return estimate_inhomogeneous(
            samples,
            chain_rule or with_steps(training),
            execution,
            hooks,
            limit=limit,
            warm_start=networks_of(warm_start),
            cross_check=bool(cross_check),
            excess=excess,
            precision=precision,
        )
    estimator = Estimator.of(critic, objective, bound, training)
    execution.check_folds(samples.n)
    if not precision > 0:
        raise InputError(f"precision must be positive, not {precision}")
    start, given = networks_of(warm_start), given_estimate(cross_check, samples.n)
    found = inspect(samples)
    inspected = perf_counter()
    distinct = distinct_samples(samples, found.originals)
    if distinct is not samples:
        execution.check_folds(distinct.n)
        # a given estimate has read copies of what it was trained on
        cross_check, given = cross_check is True or given is not None, None
    deadline = Deadline(started, limit, hooks.should_stop)
    share = 1 - _CROSS_CHECK_SHARE * (cross_check is True)
    rules = ClimbRules(tail=tail and not found.conserved)
    terms = _counted(distinct, estimator, execution, rules, start, excess)
    counted = perf_counter()
    _climb(terms.climb, deadline, share, hooks)
    ended = refine(terms, precision, deadline, share, hooks)
    other = given
    if cross_check is True and not terms.climb.is_stopped:
        total = len(terms.climb.cuts)
        task = hooks.task("chain rule", total, total, deadline.is_over, text="cross-check")
        other = second_route(
            distinct,
            chain_rule or ChainRule(),
            execution,
            deadline=deadline,
            warm_start=start.chain_rule,
            task=task,
        )
    asked: dict[str, Any] = {
        "tail": tail,
        "precision": precision,
        "time_limit": limit,
        "excess": excess,
    }
    asked |= {"warm_start": bool(start.cuts), "cross_check": other is not None}
    asked |= {"chain_rule": described(chain_rule or ChainRule())} if cross_check is True else {}
    timing = {"inspection": inspected - started, "counting": counted - inspected}
    timing["total"] = perf_counter() - started
    origin = {"n": samples.n, "homogeneous": samples.homogeneous, "digest": digest_of(samples)}
    return _result(
        terms, samples.n, found, other, ended, {**_provenance(terms, asked), **origin}, timing
    )


def _counted(
    samples: Samples,
    estimator: Estimator,
    execution: Execution,
    rules: ClimbRules,
    warm_start: Networks,
    excess: bool,
) -> LatticeTerms:
    """Count the smallest blocks and prepare the climb."""
    rungs, counts = ladder(samples.shape, samples.periodic), BlockCounts(samples)
    cuts, bases = rungs.above(counts.is_base)
    single = counts[(1,) * len(samples.shape)] if excess else None
    shape = (samples.chains, samples.draws)
    series = [*observables(samples).values()]
    series += [counts[base].influence.reshape(shape) for base in bases]
    climb: Climb[Cut] = Climb(
        [ladder_cut(cut, rungs, samples, execution.device) for cut in reversed(cuts)],
        estimator,
        execution,
        SampleStatistics.of(series),
        shape,
        rules,
        warm_start,
    )
    return LatticeTerms(rungs, samples, counts, bases, single, climb)


def _climb(climb: Climb[Cut], deadline: Deadline, share: float, hooks: Hooks) -> None:
    """Estimate the cuts from the smallest upwards."""
    total = len(climb.cuts)
    for done, cut in enumerate(climb.cuts):
        efforts = [other.effort for other in climb.cuts[done:]]
        seconds = deadline.seconds_for_training(share, efforts)
        task = hooks.task(cut.name, done, total, lambda: deadline.is_over(share))
        climb.take(cut, task, seconds)


def _result(
    terms: LatticeTerms,
    n: int,
    found: Inspection,
    other: ChainRuleEstimate | None,
    ended: Ended,
    provenance: dict[str, Any],
    timing: dict[str, float],
) -> EntropyResult:
    total, levels, bases = terms.sum(), terms.levels(), terms.base_blocks()
    entropy, budget, samples = total.entropy, total.budget, terms.samples
    timing["training"] = sum(m.seconds for _, m in terms.climb.estimated)
    crossed = None
    if other:
        timing["cross_check"] = other.seconds
        crossed = compare(total, entropy, terms.site, other)
    described = {"n": n, "shape": list(samples.shape), "kind": samples.kind}
    described |= {"distinct": samples.n} if samples.n < n else {}
    described |= asdict(terms.climb.statistics)
    status = lattice_status(
        described,
        levels,
        bases,
        budget,
        terms.counts.refused,
        crossed,
        axes=[cut.axis for cut in terms.ladder.cuts],
        findings=found.findings,
        entropy=entropy + terms.site,
        limits=entropy_limits(samples),
    )
    return EntropyResult(
        entropy=entropy,
        error=total.error,
        budget=budget,
        levels=levels,
        bases=bases,
        status=status,
        samples=described,
        cross_check=crossed,
        ended=str(ended),
        timing=timing,
        provenance=provenance,
        read_as=samples.read_as(),
        networks=Networks(
            {cut.key: m.modules for cut, m in terms.climb.estimated}, other.modules if other else ()
        ),
    )


def _provenance(terms: LatticeTerms, asked: dict[str, Any]) -> dict[str, Any]:
    climb, samples = terms.climb, terms.samples
    configuration = {**climb.estimator.described(), **asdict(climb.execution), **asked}
    return {
        "version": __version__,
        "seed": climb.execution.seed,
        "configuration": configuration,
        "samples": dict(samples.provenance),
        "symmetries": list(samples.symmetries),
        "periodic": list(samples.periodic),
    }
