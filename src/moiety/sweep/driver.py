"""Run a plan: submit chains to an executor, retry those that fail, and report the outcome."""

from __future__ import annotations

import os
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from ._locks import is_free
from .chain import run_chain
from .executors import Workers, processes
from .plan import Chain, Plan, Point
from .store import DONE, FAILED, RUNNING, TRIES, State, Store

__all__ = ["Outcome", "sweep"]

_TICK = 0.5  # seconds between checks of the store
_MOST_DEATHS = 20  # times that workers may die

Watch = Callable[[Sequence[State]], None]


@dataclass(frozen=True)
class Outcome:
    """Outcome of a sweep.

    Args:
        states: State of every state point of the plan.
        done_before: Number of state points that were done before this run.
        stopped: Whether the user stopped the sweep.
        errors: Last error of each state point that was given up, by key.  If the disk is full, this
            is the only record of it.
    """

    states: tuple[State, ...]
    done_before: int
    stopped: bool
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Number of state points with a result."""
        return sum(state.state == DONE for state in self.states)

    @property
    def failed(self) -> tuple[State, ...]:
        """State points that were given up."""
        return tuple(
            state
            for state in self.states
            if state.state == FAILED or (state.state != DONE and state.point.key in self.errors)
        )


def sweep(
    plan: Plan,
    store: Store,
    workers: Workers | None = None,
    *,
    only: Sequence[int] | None = None,
    log: str | os.PathLike[str] | None = None,
    progress: Watch | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Run the unfinished state points of a plan.

    Each chain is one task.  A chain that fails is resumed at the state point that failed.  After
    three failures of one state point its chain is given up, and the other chains continue.

    Args:
        plan: Chains of state points.
        store: Store of the results.
        workers: Executor, see `executors`; default two processes on this machine.
        only: Numbers of the chains to run; default all.
        log: Folder for TensorBoard scalars, as seen by the workers; default none.
        progress: Called every half second with the states of all state points.
        should_stop: Called regularly; after it returns True, no further state point is started.

    Returns:
        The outcome.

    Example:
        >>> import tempfile
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> grid = {"name": "ising-chain", "size": 4, "temperature": [3.0, 2.5], "samples": 1024}
        >>> plan = Plan.of({"system": [grid], "estimate": {"cross_check": False}})
        >>> store = Store(tempfile.mkdtemp())
        >>> sweep(plan, store, ThreadPoolExecutor).done
        2
        >>> sweep(plan, store, ThreadPoolExecutor).done_before
        2
    """
    done_before = sum(store.is_done(point.key) for point in plan.points)
    chains = plan.chains if only is None else tuple(plan.chains[number] for number in only)
    flag = store.folder / f"stop-{token_hex(4)}"
    folder = None if log is None else os.path.abspath(log)
    run = _Run(plan, chains, store, flag.resolve(), progress, should_stop, folder)
    try:
        run.all(workers or processes())
    finally:
        flag.unlink(missing_ok=True)
    return Outcome(tuple(store.states(plan)), done_before, run.stopped, run.given_up())


@dataclass
class _Run:
    """A sweep in progress.

    Args:
        plan: Chains of state points.
        chains: The chains to run.
        store: Store of the results.
        flag: File that tells workers to stop.
        progress: Called with the states of all state points.
        should_stop: Returns True when the sweep should stop.
        log: Absolute path of the folder for TensorBoard scalars.
        stopped: Whether the user stopped the sweep.
        deaths: Number of times that workers died.
        errors: Errors of tasks by the key of the state point that they ended at.
    """

    plan: Plan
    chains: Sequence[Chain]
    store: Store
    flag: Path
    progress: Watch | None
    should_stop: Callable[[], bool] | None
    log: str | None
    stopped: bool = False
    deaths: int = 0
    errors: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def all(self, workers: Workers) -> None:
        """Run all chains with new workers until they are done, given up or stopped.

        Nothing is written before the workers answer.

        Args:
            workers: Executor.
        """
        begun = False
        while not begun or self._goes_on():
            busy = any(map(self._next, self.chains))
            with workers() if busy else nullcontext() as executor:
                if not begun:
                    self._begin()
                begun = True
                if executor is not None:
                    self.submit_all(executor)

    def _begin(self) -> None:
        self.store.save_plan(self.plan)
        self.store.clear_failures(point.key for chain in self.chains for point in chain)

    def _goes_on(self) -> bool:
        return bool(self.unfinished()) and not self.stopped and self.deaths <= _MOST_DEATHS

    def unfinished(self) -> list[Chain]:
        """Return the chains with unfinished state points, except those given up."""
        return [
            chain
            for chain in self.chains
            if (point := self._next(chain)) and self._attempts(point) < TRIES
        ]

    def _attempts(self, point: Point) -> int:
        return max(len(self.store.failures(point.key)), len(self.errors[point.key]))

    def _next(self, chain: Chain) -> Point | None:
        """Return the first unfinished state point of a chain, if any."""
        return next((point for point in chain if not self.store.is_done(point.key)), None)

    def given_up(self) -> dict[str, str]:
        """Return the last error of each state point that was given up."""
        return {key: errors[-1] for key, errors in self.errors.items() if len(errors) >= TRIES}

    def submit_all(self, executor: Executor) -> None:
        """Run all unfinished chains until they are done, given up or stopped, or workers die.

        Args:
            executor: Executor of the tasks.
        """
        futures = {self._submit(executor, chain): chain for chain in self.unfinished()}
        while futures:
            done, _ = wait(futures, timeout=_TICK, return_when=FIRST_COMPLETED)
            for future in done:
                chain = futures.pop(future)
                error = _error(future)
                if isinstance(error, (BrokenExecutor, CancelledError)):
                    self._note_deaths([chain, *futures.values()])
                    return
                if error and not self.stopped:
                    self._note_error(chain, error)
                    if chain in self.unfinished():
                        futures[self._submit(executor, chain)] = chain
            if self.progress:
                self.progress(self.store.states(self.plan))
            if not self.stopped and self.should_stop and self.should_stop():
                futures = self._stop(futures)

    def _stop(self, futures: dict[Future[int], Chain]) -> dict[Future[int], Chain]:
        """Tell the workers to stop, and return the tasks that have already started."""
        self.stopped = True
        self.flag.touch()
        return {future: chain for future, chain in futures.items() if not future.cancel()}

    def _submit(self, executor: Executor, chain: Chain) -> Future[int]:
        folder = str(self.store.folder.resolve())
        return executor.submit(run_chain, folder, chain, str(self.flag), log=self.log)

    def _note_error(self, chain: Chain, error: BaseException) -> None:
        """Count an error, and log it if the worker could not: no package there, or a full disk."""
        point = self._next(chain)
        if point:
            self.errors[point.key].append(traceback.format_exception_only(error)[-1].strip())
            if len(self.store.failures(point.key)) < len(self.errors[point.key]):
                self.store.record_failure(point, "".join(traceback.format_exception(error)))

    def _note_deaths(self, chains: Sequence[Chain]) -> None:
        """Count a failure for every running state point: which worker died first is unknown."""
        self.deaths += 1
        for chain in chains:
            if not is_free(self.store, chain):  # another sweep is working on it
                continue
            for state in map(self.store.state, chain):
                if state.state == RUNNING:
                    self.store.record_failure(
                        state.point, "its worker died: killed, or out of memory\n"
                    )


def _error(future: Future[int]) -> BaseException | None:
    """Return the error of a finished task; a scheduler that is lost cancels its tasks."""
    try:
        return future.exception()
    except CancelledError as error:
        return error
