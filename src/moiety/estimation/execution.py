"""How an estimate runs, and who hears of its progress.

The public functions take these settings as plain keywords (`RunOptions`).  Inside, they travel as
two frozen objects, `Execution` and `Hooks`; a single piece of work receives a `Task`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import count
from typing import TypedDict

from ..base.errors import InputError, Stopped
from .history import History

__all__ = ["Execution", "Hooks", "OnCheck", "Progress", "RunOptions", "Task", "run_settings"]

Progress = Callable[[float, int, str], None]
"""Called with (levels done, number of levels, what is being done)."""

OnCheck = Callable[[str, int, History], None]
"""Called with (what is trained, fold, its history) from the thread of that fold."""


class RunOptions(TypedDict, total=False):
    """Keywords that every public estimate takes.

    Args:
        seed: Seed for all random numbers; 0 by default.
        device: Device of the networks, such as `"cpu"` or `"cuda"`; `"cpu"` by default.
        threads: Number of folds trained side by side, one thread each; 2 by default.
        folds: Number of folds; each sample is held out in one of them; 2 by default.
        progress: Called as `progress(levels done, number of levels, text)`.
        should_stop: Asked often; once it returns True the estimate ends early.
        on_check: Called as `on_check(what is trained, fold, history)` at every check of every
            training, such as a `ScalarLog`.
        time_limit: Time limit in seconds; none by default.  Results then depend on the speed of
            the machine.
    """

    seed: int
    device: str
    threads: int
    folds: int
    progress: Progress | None
    should_stop: Callable[[], bool] | None
    on_check: OnCheck | None
    time_limit: float | None


@dataclass(frozen=True)
class Execution:
    """Where and how an estimate runs.

    Args:
        seed: Seed for all random numbers.
        device: Device of the networks.
        threads: Number of folds trained side by side, one thread each.
        folds: Number of folds; each sample is held out in one of them.

    Raises:
        InputError: Fewer than two folds or no thread.
    """

    seed: int = 0
    device: str = "cpu"
    threads: int = 2
    folds: int = 2

    def __post_init__(self) -> None:
        if self.folds < 2 or self.threads < 1:
            raise InputError(
                f"folds must be at least 2 and threads at least 1, not {self.folds}, {self.threads}"
            )

    def check_folds(self, samples: int) -> None:
        """Refuse more folds than the samples allow.

        Args:
            samples: Number of samples.

        Raises:
            InputError: Fewer than four samples a fold.
        """
        if self.folds > samples // 4:
            raise InputError(
                f"folds must be 2 to {samples // 4}, a quarter of the samples, not {self.folds}"
            )


@dataclass(frozen=True)
class Task:
    """A piece of long work, seen from inside.

    Args:
        tick: Called often; raises `Stopped` to end the work.
        on_check: Called with (fold, history) at every check of a training.
    """

    tick: Callable[[], None] = lambda: None
    on_check: Callable[[int, History], None] | None = None


@dataclass(frozen=True)
class Hooks:
    """Functions of the user that are called during an estimate.

    Args:
        progress: See `RunOptions`.
        should_stop: See `RunOptions`.
        on_check: See `RunOptions`.
    """

    progress: Progress | None = None
    should_stop: Callable[[], bool] | None = None
    on_check: OnCheck | None = None

    def task(
        self,
        name: str,
        done: int,
        total: int,
        is_over: Callable[[], bool] = lambda: False,
        *,
        text: str | None = None,
    ) -> Task:
        """One piece of the work.

        Args:
            name: What is trained, for `on_check`.
            done: Levels that are finished.
            total: Number of levels.
            is_over: Whether to stop; asked at every tick.
            text: What `progress` shows; `name` by default.

        Example:
            >>> shown = []
            >>> task = Hooks(progress=lambda *step: shown.append(step)).task("4 | 4", 1, 3)
            >>> task.tick()
            >>> shown
            [(1, 3, '4 | 4'), (1.03, 3, '4 | 4')]
        """
        report = self._reporter(done, total, text or name)

        def tick() -> None:
            report()
            if is_over():
                raise Stopped(f"stopped during {name}")

        on_check = self.on_check
        if on_check is None:
            return Task(tick)
        return Task(tick, lambda fold, history: on_check(name, fold, history))

    def _reporter(self, done: int, total: int, text: str) -> Callable[[], None]:
        """Report the start of a level, and then ticks that approach its end."""
        progress = self.progress
        if progress is None:
            return lambda: None
        if done == total:
            return lambda: progress(done, total, text)
        progress(done, total, text)
        ticks = count(1)
        return lambda: progress(done + 1 - 0.97 ** next(ticks), total, text)


def run_settings(options: RunOptions) -> tuple[Execution, Hooks, float | None]:
    """The objects behind the keywords of a public function, and the time limit in seconds.

    Args:
        options: The keywords.

    Raises:
        TypeError: An unknown keyword.
        InputError: A time limit that is not positive; see also `Execution`.

    Example:
        >>> run_settings({"seed": 3})[0]
        Execution(seed=3, device='cpu', threads=2, folds=2)
    """
    parts = ({item.name for item in fields(kind)} for kind in (Execution, Hooks))
    execution, hooks = ({k: v for k, v in options.items() if k in names} for names in parts)
    limit = options.get("time_limit")
    unknown = options.keys() - execution.keys() - hooks.keys() - {"time_limit"}
    if unknown:
        raise TypeError(f"unexpected keyword argument {min(unknown)!r}")
    if limit is not None and not limit > 0:
        raise InputError(f"time_limit must be positive, not {limit}")
    return Execution(**execution), Hooks(**hooks), limit  # type: ignore[arg-type]  # checked above
