"""Time and telling of it: whether to stop, and how far a long estimate is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from time import perf_counter

__all__ = ["Clock", "Progress", "notifier"]

_TRAINED = (
    0.7  # share of the time for a network that it is trained in, the rest being for reading it out
)

Progress = Callable[[float, int, str], None]


class Clock:
    """Whether to stop: by the user or because time is up."""

    def __init__(self, started: float, limit: float | None, stop: Callable[[], bool] | None):
        self.started, self.limit, self.stop = started, limit, stop

    def late(self, share: float = 1.0) -> bool:
        return self.limit is not None and perf_counter() - self.started > share * self.limit

    def ration(self, share: float, efforts: Sequence[float]) -> float | None:
        """Seconds that the first of some trainings may take; None without a limit."""
        if self.limit is None:
            return None
        left = max(share * self.limit - (perf_counter() - self.started), 0.0)
        return _TRAINED * left * efforts[0] / sum(efforts)

    def over(self, share: float = 1.0) -> bool:
        return self.late(share) or bool(self.stop and self.stop())


def notifier(
    progress: Progress | None, done: int, total: int, text: str
) -> Callable[[], None] | None:
    """Tells of a level once at its start, and then of the share of its looks that were taken."""
    if progress is None:
        return None
    progress(done, total, text)
    taken = count(1)
    return lambda: progress(done + 1 - 0.97 ** next(taken), total, text)
