r"""The entropy of a lattice whose sites differ, from its samples.

    s = (1 / V) sum_i H(x_i | x_j, j before i) <= (1 / V) sum_i H(x_i)

Free ends, couplings or fields of each site, vacancies and images break the ladder of cuts, which
averages over positions.  The chain rule does not need equivalent sites: its network has terms of
its own for every site (`chain_rule.positions`), and windows stay in place.

The chain rule holds for any order of the sites.  A second estimate visits them in reverse.  Each is
an upper bound up to its errors.  The order with the higher likelihood of the validation samples
gives the result, the other one the cross-check.  The error adds up

    samples    spread of the samples' influences
    training   gain of the second half of the trainings; about as much may be missing
    folds      what each fold's network loses because its samples are few, from the distance between
               folds: it is subtracted from s, and as uncertain as it is large
    order      half of the distance between the two orders
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np

from ..base.deadline import Deadline
from ..base.errors import InputError
from ..chain_rule.estimate import ChainRule, ChainRuleEstimate
from ..data.observables import observables
from ..data.samples import Samples
from ..data.statistics import series_error
from ..estimation.execution import Execution, Hooks
from ..estimation.networks import Networks
from ..estimation.training import Training
from ..results.result import EntropyResult
from ..results.types import CrossCheck, Ended
from .budget import total_error
from .counting import CountedBlock
from .inspected import InspectedSamples
from .own_blocks import block_bound
from .own_checks import own_status
from .own_sites import as_base, own_sites
from .sample_statistics import SampleStatistics
from .site_orders import Orders

__all__ = ["estimate_inhomogeneous", "reason_to_end", "refuse_ladder", "with_steps"]

_NO_LADDER = (
    "the sites of these samples differ, so that the chain rule takes the place of the ladder of"
    " cuts"
)


def estimate_inhomogeneous(
    inspected: InspectedSamples,
    config: ChainRule,
    execution: Execution,
    hooks: Hooks,
    deadline: Deadline,
    asked: Mapping[str, Any],
    *,
    warm_start: Networks | None = None,
    cross_check: bool = True,
) -> EntropyResult:
    """Estimate the entropy per site of samples whose sites differ.

    Args:
        inspected: Configurations at one state point.
        config: Settings of the chain rule.
        execution: Seed, device, threads and folds.
        hooks: Functions of the user.
        deadline: When the work began and when it must end.
        asked: `precision`, the error of s in nats per site that is small enough, and `excess`,
            whether to leave out the entropies of the single sites.
        warm_start: Networks that start the new ones.
        cross_check: Whether to visit the sites in reverse, too.

    Returns:
        A result without levels.  Its base is the mean entropy of the single sites.

    Raises:
        EstimateError: Continuous states that are all equal at some site, a training that diverged,
            or a stop before the first order was finished.
        InputError: Fewer than four samples a fold.

    Example:
        >>> from time import perf_counter
        >>> rng = np.random.default_rng(0)
        >>> p = rng.choice([0.2, 0.8], size=(4, 4))  # independent spins: H(0.2) = 0.5004
        >>> spins = Samples.from_array(rng.random((512, 4, 4)) < p, boundary="free")
        >>> run, asked = Execution(), {"precision": 0.002, "excess": False}
        >>> inspected, deadline = InspectedSamples.of(spins, run), Deadline(perf_counter())
        >>> result = estimate_inhomogeneous(inspected, ChainRule(), run, Hooks(), deadline, asked)
        >>> abs(result.entropy - 0.5004) < 3 * result.error < 0.03
        True
    """
    samples, start = inspected.distinct, warm_start or Networks()
    site = own_sites(samples)
    orders = Orders(samples, config, execution, hooks, deadline, start, 1 + cross_check)
    first, second = orders.first(), orders.second() if cross_check else None
    if second and _likelihood(second) > _likelihood(first):
        first, second = second, first
    terms = _Terms(samples, site, bool(asked["excess"]), first, second)
    configuration = {"chain_rule": config.described(), **asked}
    configuration |= {"warm_start": bool(start.chain_rule), "cross_check": second is not None}
    provenance = inspected.provenance(execution, configuration)
    ended = reason_to_end(terms.budget, deadline, asked["precision"])
    return _result(inspected, terms, ended, provenance, perf_counter() - deadline.started)


def refuse_ladder(reason: str = _NO_LADDER, **options: object) -> None:
    """Refuse settings of the ladder of cuts, where there is none.

    Args:
        reason: Why there is none.
        **options: Settings by name; None if not set.

    Raises:
        InputError: A setting is set.
    """
    wrong = [name for name, value in options.items() if value is not None]
    if wrong:
        raise InputError(f"{reason}; leave out {', '.join(wrong)}")


def with_steps(training: Training | None) -> ChainRule:
    """The default chain rule, with the maximum number of steps of a training if one is given.

    Args:
        training: The training.
    """
    rule = ChainRule()
    if training is None:
        return rule
    return replace(rule, training=replace(rule.training, steps=training.steps))


@dataclass(frozen=True, eq=False)
class _Terms:
    """What the result is made of."""

    samples: Samples
    site: CountedBlock
    excess: bool
    first: ChainRuleEstimate
    second: ChainRuleEstimate | None

    @property
    def removed(self) -> float:
        return self.site.entropy if self.excess else 0.0

    @property
    def entropy(self) -> float:
        return self.first.entropy - self.removed

    @property
    def influence(self) -> np.ndarray:
        removed = self.site.influence if self.excess else 0.0
        influence: np.ndarray = self.first.influence - removed
        return influence

    @cached_property
    def budget(self) -> dict[str, float]:
        late = float(np.mean([history.late_gain for history in self.first.histories]))
        budget = {
            "samples": series_error(self.influence, self.samples),
            "training": late,
            "folds": max(self.first.missing - late, 0.0),
        }
        if self.second:
            budget["order"] = abs(self.first.entropy - self.second.entropy) / 2
        return budget

    def cross_check(self) -> CrossCheck | None:
        """The other order beside the chosen one."""
        other = self.second
        if other is None:
            return None
        error = float(np.hypot(series_error(other.influence, self.samples), other.missing))
        shared = series_error(self.first.influence - other.influence, self.samples)
        apart = float(np.hypot(shared, np.hypot(self.first.missing, other.missing)))
        value = other.entropy - self.removed
        histories = tuple(
            replace(history, bound=tuple(bound + self.removed for bound in history.bound))
            for history in other.histories
        )
        return CrossCheck(value, error, self.entropy - value, apart, histories)


def _likelihood(estimate: ChainRuleEstimate) -> float:
    """Mean log likelihood of the validation samples per site."""
    return float(np.mean([max(history.bound) for history in estimate.histories]))


def reason_to_end(budget: Mapping[str, float], deadline: Deadline, precision: float) -> Ended:
    """Why an estimate by the chain rule ended.

    Args:
        budget: Parts of the error, in nats per site.
        deadline: When the work had to end.
        precision: Error of s, in nats per site, that is small enough.
    """
    if total_error(budget) <= precision:
        return Ended.PRECISION
    if deadline.is_over():
        return Ended.TIME_LIMIT if deadline.has_passed() else Ended.STOPPED
    return Ended.TRAINING if budget["training"] == max(budget.values()) else Ended.SAMPLES


def _result(
    inspected: InspectedSamples,
    terms: _Terms,
    ended: Ended,
    provenance: Mapping[str, Any],
    seconds: float,
) -> EntropyResult:
    samples, other = terms.samples, terms.cross_check()
    described = inspected.described(SampleStatistics.of(observables(samples).values()))
    base = as_base(terms.site, samples)
    timing = {"training": terms.first.seconds, "total": seconds}
    timing |= {"cross_check": terms.second.seconds} if terms.second else {}
    return EntropyResult(
        entropy=terms.entropy,
        error=total_error(terms.budget),
        budget=terms.budget,
        levels=(),
        bases=(base,),
        status=own_status(
            described,
            terms.first.entropy,
            base,
            terms.budget,
            other,
            inspected.found.findings,
            block_bound(samples) if samples.kind == "discrete" else None,
        ),
        samples=described,
        cross_check=other,
        ended=str(ended),
        timing=timing,
        provenance=provenance,
        read_as=inspected.given.read_as(),
        networks=Networks({}, terms.first.modules),
    )
