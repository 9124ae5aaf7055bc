r"""The entropy of a lattice system from its samples.

    s = (1 / V_0) [ sum_bases n S(base) - sum_cuts n M(cut) ]             (Eq. 4)

The samples are inspected first; copies among them are left out, and what else is wrong with them
becomes part of the status.  Small blocks are counted.  The cuts above them are estimated from the
smallest upwards (`climb`); the rest is extrapolated.  Then training continues where most of M is
missing, until the error is small enough or no longer comes from training (`refinement`).  Last
comes the chain rule, a second route on the same samples (`cross_check`).
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from time import perf_counter
from typing import Any, Unpack

import numpy as np

from ..base.deadline import Deadline
from ..base.errors import InputError
from ..chain_rule.estimate import ChainRule, ChainRuleEstimate
from ..data.observables import observables
from ..data.samples import Samples
from ..estimation.critics import Critic
from ..estimation.estimator import Estimator
from ..estimation.execution import Execution, Hooks, RunOptions, run_settings
from ..estimation.networks import Networks
from ..estimation.objectives import Bound, Objective
from ..estimation.training import Training
from ..geometry.cuts import Cut, ladder
from ..inspection.homogeneity import ADVICE
from ..results.result import EntropyResult, networks_of
from ..results.types import Ended
from .by_chain_rule import check_route, estimate_by_chain_rule
from .checks import lattice_status
from .climb import Climb
from .conserved_totals import raise_largest
from .counted_blocks import BlockCounts
from .cross_check import compare_chain_rule, given_estimate, second_route
from .energy_checks import add_free_energy, checked_energies
from .inhomogeneous import estimate_inhomogeneous, refuse_ladder, with_steps
from .inspected import InspectedSamples
from .known_energies import Energy
from .lattice_terms import LatticeTerms, ladder_cut
from .limits import entropy_limits
from .re_paired import re_paired
from .refinement import FIRST_BUDGETS, refine
from .rungs import ClimbRules
from .sample_statistics import SampleStatistics

__all__ = ["estimate_entropy"]

_NO_LADDER = "the chain rule alone has no ladder of cuts"
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
    temperature: float | None = None,
    energies: np.ndarray | None = None,
    energy: Energy | None = None,
    mean_energy: tuple[float, float] | None = None,
    route: str = "both",
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
        temperature: Temperature of the samples, if their energies are known; the result then has a
            `free_energy`.
        energies: Energy of each sample, of the whole lattice, in the unit of the temperature.
        energy: Function that returns the energies of any `Samples`, infinite where a configuration
            is forbidden, or a system of moiety.  The free energy is then unbiased and has a
            `bracket`: two bounds of the entropy.
        mean_energy: Mean energy of a longer record, of the whole lattice, and its error.
        route: `"both"`: mutual information gives the result and the chain rule checks it.
            `"mutual-information"`: without that check.  `"chain-rule"`: the chain rule alone gives
            the result, which has no levels, in less time.
        **run: Keywords `seed`, `folds`, `threads`, `device`, `time_limit`, `progress`,
            `should_stop` and `on_check`; see `RunOptions`.  After a stop or a time limit, the
            remaining levels are extrapolated.

    Raises:
        InputError: A lattice too small to halve, too few samples for the number of folds, a setting
            out of range, or energies that do not fit the samples.
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
    check_route(route)
    if not 0 < precision < inf:
        raise InputError(f"precision must be a positive number, not {precision}")
    cross_check = False if route == "mutual-information" else cross_check
    deadline, start = Deadline(started, limit, hooks.should_stop), networks_of(warm_start)
    given = given_estimate(cross_check, samples.n)
    known = checked_energies(
        samples, temperature, energies, energy, mean_energy, has_chain_rule=bool(cross_check)
    )
    inspected = InspectedSamples.of(samples, execution)
    asked: dict[str, Any] = {"precision": precision, "time_limit": limit, "excess": excess}
    if not samples.homogeneous:
        refuse_ladder(critic=critic, objective=objective, bound=bound)
        rule, both = chain_rule or with_steps(training), bool(cross_check)
        return estimate_inhomogeneous(
            inspected, rule, execution, hooks, deadline, asked, warm_start=start, cross_check=both
        )
    if inspected.has_copies and given is not None:
        cross_check, given = True, None  # it has read copies of what it was trained on
    enough = None if known else precision  # the better the network, the sharper the free energy
    result: EntropyResult
    other: ChainRuleEstimate | None
    if route == "chain-rule":
        refuse_ladder(_NO_LADDER, critic=critic, objective=objective, bound=bound)
        only = given or chain_rule or replace(with_steps(training), precision=enough)
        asked["route"] = route
        result, other = estimate_by_chain_rule(
            inspected, only, execution, hooks, deadline, asked, start
        )
    else:
        estimator = Estimator.of(critic, objective, bound, training)
        second = chain_rule or ChainRule(precision=enough) if cross_check is True else given
        asked["tail"] = tail
        result, other = _homogeneous(
            inspected, estimator, second, execution, hooks, deadline, asked, start
        )
    if known is None:
        return result
    known = known.without_copies(inspected.found.originals)
    return add_free_energy(result, other, known, execution, hooks, deadline.is_over)


def _homogeneous(
    samples: InspectedSamples,
    estimator: Estimator,
    second: ChainRule | ChainRuleEstimate | None,
    execution: Execution,
    hooks: Hooks,
    deadline: Deadline,
    asked: dict[str, Any],
    start: Networks,
) -> tuple[EntropyResult, ChainRuleEstimate | None]:
    """Climb the ladder of samples whose sites are equivalent; `second` is the other route."""
    inspected = perf_counter()
    share = 1 - _CROSS_CHECK_SHARE * isinstance(second, ChainRule)
    rules = replace(FIRST_BUDGETS, tail=asked["tail"] and not samples.found.conserved)
    terms = _counted(samples.distinct, estimator, execution, rules, start, asked["excess"])
    timing = {"inspection": inspected - deadline.started, "counting": perf_counter() - inspected}
    _climb(terms.climb, deadline, share, hooks)
    ended = refine(terms, asked["precision"], deadline, share, hooks)
    if samples.found.conserved:
        raise_largest(terms.climb, terms.samples)
    other = _other_route(terms, second, deadline, hooks)
    asked = asked | {"warm_start": bool(start.cuts), "cross_check": other is not None}
    if isinstance(second, ChainRule):
        asked["chain_rule"] = second.described()
    provenance = samples.provenance(execution, estimator.described() | asked)
    timing["total"] = perf_counter() - deadline.started
    return _result(samples, terms, other, ended, provenance, timing), other


def _other_route(
    terms: LatticeTerms,
    second: ChainRule | ChainRuleEstimate | None,
    deadline: Deadline,
    hooks: Hooks,
) -> ChainRuleEstimate | None:
    """The chain rule on the same samples, unless it is given or the work was stopped."""
    climb, total = terms.climb, len(terms.climb.cuts)
    if not isinstance(second, ChainRule):
        return second
    if climb.is_stopped:
        return None
    return second_route(
        terms.samples,
        second,
        climb.execution,
        deadline=deadline,
        warm_start=climb.warm_start.chain_rule,
        task=hooks.task("chain rule", total, total, deadline.is_over, text="cross-check"),
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
    inspected: InspectedSamples,
    terms: LatticeTerms,
    other: ChainRuleEstimate | None,
    ended: Ended,
    provenance: dict[str, Any],
    timing: dict[str, float],
) -> EntropyResult:
    total, levels, bases = terms.sum(), terms.levels(), terms.base_blocks()
    entropy, budget = total.entropy, total.budget
    timing["training"] = sum(m.seconds for _, m in terms.climb.estimated)
    crossed = None
    if other:
        timing["cross_check"] = other.seconds
        crossed = compare_chain_rule(total, entropy, terms.site, other)
    described = inspected.described(terms.climb.statistics)
    status = lattice_status(
        described,
        levels,
        bases,
        budget,
        terms.counts.refused,
        crossed,
        axes=[cut.axis for cut in terms.ladder.cuts],
        findings=(*inspected.found.findings, *re_paired(terms.climb.estimated, ADVICE)),
        entropy=entropy + terms.site,
        limits=entropy_limits(terms.samples),
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
        read_as=inspected.given.read_as(),
        networks=Networks(
            {cut.key: m.modules for cut, m in terms.climb.estimated}, other.modules if other else ()
        ),
    )
