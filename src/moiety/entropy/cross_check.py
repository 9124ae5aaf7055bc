"""The second route to the entropy, on the same samples; of a lattice, by the chain rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from torch import nn

from ..base.deadline import Deadline
from ..base.errors import InputError, Stopped
from ..chain_rule.estimate import ChainRule, ChainRuleEstimate, chain_rule_of
from ..data.samples import Samples
from ..data.statistics import series_error
from ..estimation.execution import Execution, Task
from ..estimation.history import History, TrainingStatus
from ..estimation.networks import Weights
from ..results.types import CrossCheck, ScaleEntropy
from .budget import EntropySum

__all__ = ["Route", "compare", "compare_chain_rule", "given_estimate", "second_route"]


class Route(Protocol):
    """What a second route must know."""

    @property
    def entropy(self) -> float:
        """Entropy per site, or per particle, in nats."""
        ...

    @property
    def missing(self) -> float:
        """What training may not have found, in the same unit."""
        ...

    @property
    def influence(self) -> np.ndarray:
        """By how much each sample moves the entropy."""
        ...

    @property
    def histories(self) -> tuple[History, ...]:
        """Training history of each fold."""
        ...


def given_estimate(cross_check: bool | ChainRuleEstimate, n: int) -> ChainRuleEstimate | None:
    """An estimate by the chain rule that the user has already; None without one.

    Args:
        cross_check: The argument of `estimate_entropy`.
        n: Number of samples.

    Raises:
        InputError: The estimate belongs to another number of samples.
    """
    if isinstance(cross_check, bool) or cross_check.status == TrainingStatus.DIVERGED:
        return None
    others = len(cross_check.influence)
    if others != n:
        raise InputError(f"the cross-check belongs to {others} samples, not to these {n}")
    return replace(cross_check, histories=())  # they belong to all state points of its sweep


def second_route(
    samples: Samples,
    config: ChainRule,
    execution: Execution,
    *,
    deadline: Deadline,
    warm_start: Sequence[nn.Module | Weights],
    task: Task,
) -> ChainRuleEstimate | None:
    """Estimate the entropy by the chain rule; None if that was stopped or diverged.

    Args:
        samples: Configurations.
        config: Settings of the chain rule.
        execution: Seed, device, threads and folds.
        deadline: End of the work.
        warm_start: Networks whose weights start the new ones.
        task: Hooks of this work.
    """
    seconds = deadline.seconds_for_training(1.0, [1.0])
    if seconds is not None:
        config = replace(config, training=replace(config.training, seconds=seconds))
    try:
        (estimate,) = chain_rule_of(
            [samples], None, config, execution, warm_start=warm_start, task=task
        )
    except Stopped:
        return None
    return None if estimate.status == TrainingStatus.DIVERGED else estimate


def compare(terms: EntropySum, entropy: float, site: float, other: Route) -> CrossCheck:
    """The second route beside the first.

    Args:
        terms: The sum of the first route.
        entropy: Its entropy in nats per site, or per particle.
        site: Entropy that is left out of an excess entropy, in nats per site.
        other: The second route.
    """
    budget, samples = terms.budget, terms.samples
    error = float(np.hypot(series_error(other.influence, samples), other.missing))
    shared = series_error(terms.influence - other.influence, samples)
    rest = sum(part**2 for name, part in budget.items() if name != "samples")
    apart = float(np.sqrt(shared**2 + other.missing**2 + rest))
    histories = tuple(
        replace(history, bound=tuple(bound + site for bound in history.bound))
        for history in other.histories
    )
    return CrossCheck(
        entropy=other.entropy - site,
        error=error,
        difference=float(entropy - other.entropy + site),
        difference_error=apart,
        histories=histories,
    )


def compare_chain_rule(
    terms: EntropySum, entropy: float, site: float, other: ChainRuleEstimate
) -> CrossCheck:
    """`compare` with the order of the sites and the entropy by scale.

    Args:
        terms: See `compare`.
        entropy: See `compare`.
        site: See `compare`.
        other: The chain rule.
    """
    scales = (
        tuple(ScaleEntropy(**vars(one)) for one in other.scales) if len(other.scales) > 1 else ()
    )
    crossed = compare(terms, entropy, site, other)
    return replace(crossed, order=other.order.name, scales=scales)
