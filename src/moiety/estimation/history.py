"""The history of a training, check by check, and how the training ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["History", "TrainingStatus"]


class TrainingStatus(StrEnum):
    """How a training ended, the best outcome first."""

    CONVERGED = "converged"
    OUT_OF_BUDGET = "out of budget"
    DIVERGED = "diverged"

    @classmethod
    def worst(cls, statuses: Iterable[TrainingStatus]) -> TrainingStatus:
        """The worst of several.

        Example:
            >>> str(TrainingStatus.worst([TrainingStatus.DIVERGED, TrainingStatus.CONVERGED]))
            'diverged'
        """
        return max(statuses, key=list(cls).index)


@dataclass(frozen=True)
class History:
    """Values at each check of a training.

    Args:
        steps: Optimiser steps before the check.
        training: Minus the loss, averaged over the steps since the last check.
        validation: Minus the loss on the validation pairs.
        smoothed: Moving average of `validation`, from which a plateau is detected.
        bound: The reported bound on the validation pairs, in nats.
    """

    steps: tuple[int, ...] = ()
    training: tuple[float, ...] = ()
    validation: tuple[float, ...] = ()
    smoothed: tuple[float, ...] = ()
    bound: tuple[float, ...] = ()

    def with_check(
        self, step: int, training: float, validation: float, smoothed: float, bound: float
    ) -> History:
        """This history and one more check."""
        return History(
            (*self.steps, step),
            (*self.training, training),
            (*self.validation, validation),
            (*self.smoothed, smoothed),
            (*self.bound, bound),
        )

    def then(self, later: History) -> History:
        """This history continued by that of a later training of the same network.

        Args:
            later: Its values; its steps are counted from the end of this history.

        Example:
            >>> first = History((25, 50), bound=(0.1, 0.2))
            >>> both = first.then(History((25,), bound=(0.3,)))
            >>> both.steps, both.bound
            ((25, 50, 75), (0.1, 0.2, 0.3))
        """
        done = self.steps[-1] if self.steps else 0
        return History(
            (*self.steps, *(done + step for step in later.steps)),
            (*self.training, *later.training),
            (*self.validation, *later.validation),
            (*self.smoothed, *later.smoothed),
            (*self.bound, *later.bound),
        )

    @property
    def late_gain(self) -> float:
        """Gain of the bound in the second half of the training, in nats, never negative.

        Gains shrink like 1/steps or faster, so about as much may still be missing.  Before the
        first check the bound was zero: a single check counts with all its value.

        Example:
            >>> History(steps=(1, 2, 3, 4), bound=(0.1, 0.5, 0.6, 0.625)).late_gain
            0.125
        """
        values = [0.0, *self.bound]
        if len(self.bound) > 1:
            return max(values[-1] - values[len(values) // 2], 0.0)
        return max(values[-1], 0.0)
