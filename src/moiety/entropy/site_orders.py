"""The chain rule for samples whose sites differ, row by row and in reverse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..base.deadline import Deadline
from ..base.errors import EstimateError, Stopped
from ..chain_rule.estimate import ChainRule, ChainRuleEstimate, chain_rule_of
from ..data.samples import Samples
from ..estimation.execution import Execution, Hooks
from ..estimation.history import TrainingStatus
from ..estimation.networks import Networks
from .own_sites import site_scales

__all__ = ["Orders"]

_FIRST_SHARE = 0.5  # share of a time limit for the first order


@dataclass(frozen=True, eq=False)
class Orders:
    """The chain rule in two orders of the sites.

    Args:
        samples: Configurations.
        config: Settings of the chain rule.
        execution: Seed, device, threads and folds.
        hooks: Functions of the user.
        deadline: End of the work.
        start: Networks that start the new ones.
        total: Number of orders that are wanted.
    """

    samples: Samples
    config: ChainRule
    execution: Execution
    hooks: Hooks
    deadline: Deadline
    start: Networks
    total: int

    def first(self) -> ChainRuleEstimate:
        """Row by row.

        Raises:
            EstimateError: A stop before the end, or a training that diverged.
        """
        try:
            found = self._estimate(self._scaled, 0)
        except Stopped as error:
            raise EstimateError(
                "stopped before the chain rule was finished; allow more time"
            ) from error
        if found.status == TrainingStatus.DIVERGED:
            raise EstimateError("the training of the chain rule diverged; lower its learning rate")
        return found

    def second(self) -> ChainRuleEstimate | None:
        """In reverse; None if that was stopped or diverged."""
        space = tuple(range(2, self._scaled.values.ndim))
        values = np.ascontiguousarray(np.flip(self._scaled.values, space))
        try:
            found = self._estimate(self._scaled.replace(values=values), 1)
        except Stopped:
            return None
        return None if found.status == TrainingStatus.DIVERGED else found

    @cached_property
    def _scales(self) -> tuple[np.ndarray, np.ndarray]:
        return site_scales(self.samples.values)

    @cached_property
    def _scaled(self) -> Samples:
        """The samples; real states are measured from their site's mean in its deviations."""
        if self.samples.kind != "real":
            return self.samples
        mean, scale = self._scales
        return self.samples.replace(values=(self.samples.values - mean) / scale)

    def _estimate(self, samples: Samples, done: int) -> ChainRuleEstimate:
        name = ("chain rule", "chain rule, reversed")[done]
        task = self.hooks.task(name, done, self.total, self.deadline.is_over)
        share = _FIRST_SHARE if done + 1 < self.total else 1.0
        seconds = self.deadline.seconds_for_training(share, [1.0])
        training = replace(self.config.training, seconds=seconds)
        (found,) = chain_rule_of(
            [samples],
            None,
            replace(self.config, training=training),
            self.execution,
            warm_start=self.start.chain_rule,
            task=task,
        )
        unit = float(np.log(self._scales[1]).mean()) if samples.kind == "real" else 0.0
        return replace(found, entropy=found.entropy + unit, bound=found.bound + unit)
