"""From a plan to a full store: chains to an executor, again where they fail, and what became of them."""

from __future__ import annotations

import os
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from .chain import run_chain
from .executors import Workers, processes
from .plan import Chain, Plan, Point
from .store import DONE, FAILED, RUNNING, TRIES, State, Store

__all__ = ["Outcome", "sweep"]

_TICK = 0.5  # seconds between looks at the store
_BREAKS = 20  # times that workers may die


@dataclass(frozen=True)
class Outcome:
    """What became of a sweep.

    Arguments:
        states: Of all state points.
        before: How many were done already.
        stopped: Whether the user ended it.
        errors: Of state points that were given up, by their keys, what went wrong last; the store may have no
            log of that, where the disk is full.
    """

    states: tuple[State, ...]
    before: int
    stopped: bool
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """State points that have a result."""
        return sum(state.state == DONE for state in self.states)

    @property
    def failed(self) -> tuple[State, ...]:
        """Those that were given up."""
        return tuple(
            one
            for one in self.states
            if one.state == FAILED or (one.state != DONE and one.point.key in self.errors)
        )


def sweep(
    plan: Plan,
    store: Store,
    workers: Workers | None = None,
    *,
    only: Sequence[int] | None = None,
    log: str | os.PathLike[str] | None = None,
    progress: Callable[[Sequence[State]], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Run what is left of a plan.

    Each chain of state points is a task.  One that fails is tried again, from the state point
    at which it failed on; after three failures of a state point its chain is given up and the others go on.

    Arguments:
        plan: What is to be done.
        store: Where results are and go.
        workers: See `executors`; two processes of this machine by default.
        only: Numbers of the chains that are run, by default all.
        log: Folder for scalars of TensorBoard, as the workers see it; by default none are written.
        progress: Called every half a second with the states of all state points.
        stop: Asked often; once it says True no further state point is begun.

    Example:
        >>> import tempfile
        >>> grid = {"name": "ising-square", "size": 8, "temperature": [3.0, 2.5], "samples": 64}
        >>> plan = Plan.of({"system": [grid], "estimate": {"steps": 30, "cross_check": False}})
        >>> store = Store(tempfile.mkdtemp())
        >>> sweep(plan, store, processes(1)).done, sweep(plan, store, processes(1)).before
        (2, 2)
    """
    before = sum(store.is_done(point.key) for point in plan.points)
    store.note_plan(plan)
    chains = plan.chains if only is None else tuple(plan.chains[number] for number in only)
    store.forgive(point.key for chain in chains for point in chain)
    flag = store.folder / f"stop-{token_hex(4)}"
    run = _Run(plan, chains, store, flag.resolve(), progress, stop, log and os.path.abspath(log))
    try:
        while run.left() and not run.stopped and run.breaks <= _BREAKS:
            with (workers or processes())() as executor:
                run.submit(executor)
    finally:
        flag.unlink(missing_ok=True)
    return Outcome(tuple(store.states(plan)), before, run.stopped, run.given_up())


class _Run:
    """What is known of a sweep while it runs."""

    def __init__(
        self, plan: Plan, chains: Sequence[Chain], store: Store, flag: Path,
        progress: Callable[[Sequence[State]], None] | None, stop: Callable[[], bool] | None,
        log: str | None,
    ):  # fmt: skip
        self.plan, self.chains, self.store, self.flag, self.progress, self.stop = (
            plan,
            chains,
            store,
            flag,
            progress,
            stop,
        )
        self.stopped, self.breaks, self.log = False, 0, log
        self.errors: dict[str, list[str]] = defaultdict(
            list
        )  # by the state point that a task ended at

    def left(self) -> list[Chain]:
        """Chains with state points to do, but for those given up."""
        found = []
        for chain in self.chains:
            first = self._next(chain)
            if (
                first
                and max(len(self.store.failures(first.key)), len(self.errors[first.key])) < TRIES
            ):
                found.append(chain)
        return found

    def _next(self, chain: Chain) -> Point | None:
        """The state point of a chain that is to be done next, if any."""
        return next((point for point in chain if not self.store.is_done(point.key)), None)

    def given_up(self) -> dict[str, str]:
        """What went wrong last, by state point."""
        return {key: errors[-1] for key, errors in self.errors.items() if len(errors) >= TRIES}

    def submit(self, executor: Executor) -> None:
        """All that is left, until it is done, given up or stopped, or the workers have died."""
        futures = {self._one(executor, chain): chain for chain in self.left()}
        while futures:
            done, _ = wait(futures, timeout=_TICK, return_when=FIRST_COMPLETED)
            for future in done:
                chain = futures.pop(future)
                if isinstance(future.exception(), BrokenExecutor):
                    self._note_deaths([chain, *futures.values()])
                    return
                if future.exception() and not self.stopped:
                    self._note_error(chain, future.exception())
                    if chain in self.left():
                        futures[self._one(executor, chain)] = chain
            if self.progress:
                self.progress(self.store.states(self.plan))
            if not self.stopped and self.stop and self.stop():
                self.stopped = True
                self.flag.touch()
                futures = {
                    future: chain for future, chain in futures.items() if not future.cancel()
                }

    def _one(self, executor: Executor, chain: Chain) -> Future:
        return executor.submit(
            run_chain, str(self.store.folder.resolve()), chain, str(self.flag), log=self.log
        )

    def _note_error(self, chain: Chain, error: BaseException) -> None:
        """Count it here, too: a worker without this package writes no log, nor does one whose disk is full."""
        point = self._next(chain)
        if point:
            self.errors[point.key].append(traceback.format_exception_only(error)[-1].strip())
            if len(self.store.failures(point.key)) < len(self.errors[point.key]):
                self.store.fail(point, "".join(traceback.format_exception(error)))

    def _note_deaths(self, chains: Sequence[Chain]) -> None:
        """State points whose worker is no more have failed; the driver cannot tell which of them was to blame."""
        self.breaks += 1
        for chain in filter(self.store.is_free, chains):  # another sweep may work on some
            for state in map(self.store.state, chain):
                if state.state == RUNNING:
                    self.store.fail(state.point, "its worker died: killed, or out of memory\n")
