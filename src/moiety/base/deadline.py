"""Deadlines: whether long work should stop, and how much time each part of it may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

__all__ = ["Deadline"]

_TRAINING_SHARE = 0.7  # share of a cut's time for its training; evaluation takes the rest


class Deadline:
    """The end of an estimate: the user's request to stop, or a time limit.

    Args:
        started: `perf_counter()` at the start of the work.
        limit: Time limit in seconds; none by default.
        should_stop: The user's request; asked often.

    Example:
        >>> deadline = Deadline(perf_counter(), limit=60.0)
        >>> deadline.has_passed(), deadline.is_over(share=0.5)
        (False, False)
    """

    def __init__(
        self,
        started: float,
        limit: float | None = None,
        should_stop: Callable[[], bool] | None = None,
    ):
        self.started, self.limit, self.should_stop = started, limit, should_stop

    def has_passed(self, share: float = 1.0) -> bool:
        """Whether this share of the time limit has passed."""
        return self.limit is not None and perf_counter() - self.started > share * self.limit

    def is_over(self, share: float = 1.0) -> bool:
        """Whether this share of the time has passed or the user asked to stop."""
        return self.has_passed(share) or bool(self.should_stop and self.should_stop())

    def seconds_for_training(self, share: float, efforts: Sequence[float]) -> float | None:
        """Seconds for the first of several trainings; None without a time limit.

        Args:
            share: Share of the time limit that all these trainings may use.
            efforts: Relative effort of each training, the next one first.
        """
        if self.limit is None:
            return None
        left = max(share * self.limit - (perf_counter() - self.started), 0.0)
        return _TRAINING_SHARE * left * efforts[0] / sum(efforts)
