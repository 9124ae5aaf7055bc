"""The entropy of a lattice by the chain rule alone: no ladder, no levels, less time.

    s = (1 / V) sum_i H(x_i | x_j, j before i)

Sites are equivalent, so one network serves all of them (`chain_rule.estimate`).  The error adds up

    samples    spread of the samples' influences
    training   what training may not have found yet and what the folds' networks lose by their
               disagreement; it is subtracted from s, and as uncertain as it is large
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np

from ..base.deadline import Deadline
from ..base.errors import EstimateError, InputError
from ..chain_rule.estimate import ChainRule, ChainRuleEstimate
from ..data.observables import observables
from ..data.statistics import series_error
from ..estimation.execution import Execution, Hooks
from ..estimation.networks import Networks
from ..results.result import EntropyResult
from ..results.types import Check, ScaleEntropy, Status
from .budget import total_error
from .checks import sample_checks
from .counted_blocks import BlockCounts
from .cross_check import second_route
from .inhomogeneous import reason_to_end
from .inspected import InspectedSamples
from .limits import entropy_limits, limit_checks
from .own_checks import trained
from .own_sites import as_base
from .sample_statistics import SampleStatistics

__all__ = ["ROUTES", "check_route", "estimate_by_chain_rule"]

ROUTES = ("both", "mutual-information", "chain-rule")


def check_route(route: str) -> None:
    """Refuse a route that does not exist.

    Args:
        route: Name of the route.

    Raises:
        InputError: An unknown name.
    """
    if route not in ROUTES:
        raise InputError(f"unknown route {route!r}; choose from {', '.join(ROUTES)}")


def estimate_by_chain_rule(
    inspected: InspectedSamples,
    config: ChainRule | ChainRuleEstimate,
    execution: Execution,
    hooks: Hooks,
    deadline: Deadline,
    asked: Mapping[str, Any],
    start: Networks,
) -> tuple[EntropyResult, ChainRuleEstimate]:
    """Estimate the entropy per site of samples whose sites are equivalent.

    Args:
        inspected: Configurations at one state point.
        config: Settings of the chain rule, or an estimate of these samples.
        execution: Seed, device, threads and folds.
        hooks: Functions of the user.
        deadline: When the work began and when it must end.
        asked: `precision`, the error of s in nats per site that is small enough, and `excess`,
            whether to leave out the entropy of the single sites.
        start: Networks that start the new ones.

    Returns:
        A result without levels, whose base is a single site, and the estimate that it rests on.

    Raises:
        EstimateError: Continuous states that are all equal, a training that diverged, or a stop
            before it was finished.
    """
    samples = inspected.distinct
    estimate = config if isinstance(config, ChainRuleEstimate) else None
    if isinstance(config, ChainRule):
        task = hooks.task("chain rule", 0, 1, deadline.is_over)
        warm = start.chain_rule
        estimate = second_route(
            samples, config, execution, deadline=deadline, warm_start=warm, task=task
        )
        asked = {**asked, "chain_rule": config.described(), "warm_start": bool(warm)}
    if estimate is None:
        raise EstimateError("stopped, or diverged, before the chain rule had an answer")
    site = BlockCounts(samples)[(1,) * len(samples.shape)]
    removed = site.entropy if asked["excess"] else 0.0
    influence = estimate.influence - (site.influence if asked["excess"] else 0.0)
    budget = {"samples": series_error(influence, samples), "training": estimate.missing}
    seconds = perf_counter() - deadline.started
    described = inspected.described(SampleStatistics.of(observables(samples).values()))
    scales = estimate.scales if len(estimate.scales) > 1 else ()
    result = EntropyResult(
        entropy=estimate.entropy - removed,
        error=total_error(budget),
        budget=budget,
        levels=(),
        bases=(as_base(site, samples),),
        status=_status(inspected, described, estimate, budget),
        samples=described,
        ended=str(reason_to_end(budget, deadline, asked["precision"])),
        timing={"training": estimate.seconds, "total": seconds},
        provenance=inspected.provenance(execution, {**asked, "cross_check": False}),
        read_as=inspected.given.read_as(),
        networks=Networks({}, estimate.modules),
        scales=tuple(ScaleEntropy(**vars(one)) for one in scales),
    )
    return result, estimate


def _status(
    inspected: InspectedSamples,
    described: Mapping[str, Any],
    estimate: ChainRuleEstimate,
    budget: Mapping[str, float],
) -> Status:
    limits = entropy_limits(inspected.distinct)
    error = total_error(budget)
    gains = [history.late_gain for history in estimate.histories]
    late = float(np.mean(gains)) if gains else 0.0  # an estimate of a sweep keeps no histories
    return Status(
        (
            *(Check(item.name, item.passed, item.message) for item in inspected.found.findings),
            *sample_checks(described),
            *(limit_checks(estimate.entropy, error, limits) if limits else ()),
            trained(late, budget["samples"]),
        )
    )
