"""Chains that are moved in parallel threads, and the thread that waits for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from math import ceil
from threading import Event
from typing import Any, TypeVar

import numpy as np

from ...base.random import Streams
from ._arrays import Reals, Stream
from .splitmix import stream

__all__ = ["Control", "Dynamics", "Member", "Progress", "Team", "members"]

_REPORT_EVERY = 0.2  # seconds

Progress = Callable[[int, int], None]
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Dynamics:
    """A Markov chain on the states of a system, or `width` chains that are moved together.

    Args:
        start: `start(number, generator)` returns a state: an array unless `read` is given.
        advance: `advance(state, rng, updates)` moves a state in place, without the GIL, and
            returns the number of sites updated in each chain.
        observe: Maps a state to the numbers whose autocorrelation times count, shape `(k,)` or
            `(width, k)`.
        sites: Number of sites.
        width: Number of chains in a state.
        read: Maps a state to its values, shape `(sites,)` or `(width, sites)`; by default the
            state is its values.
        dtype: Type of the values.
        names: Names of the observed numbers.
    """

    start: Callable[[int, np.random.Generator], Any]
    advance: Callable[[Any, Stream, int], int]
    observe: Callable[[Any], Any]
    sites: int
    width: int = 1
    read: Callable[[Any], np.ndarray] = np.asarray
    dtype: type[Any] = np.uint8
    names: tuple[str, ...] = ()


@dataclass
class Member:
    """A state under way.

    Args:
        state: The state, which the dynamics moves in place.
        rng: Random stream of the state.
        chains: Rows of the chains in this state among all chains.
        pace: Updates per sweep.
    """

    state: Any
    rng: Stream
    chains: slice
    pace: float = 1.0

    def observed(self, dynamics: Dynamics) -> Reals:
        """Observed numbers, shape `(chain, observable)`."""
        rows = np.array(dynamics.observe(self.state), dtype=float, ndmin=2)
        return rows[: self.chains.stop - self.chains.start]


class Control:
    """Report progress from the waiting thread, and halt the chains.

    Args:
        progress: Called as `progress(done, total)` with numbers of draws.
        total: Number of draws wanted from all chains.
        should_stop: Called now and then; True halts the chains.
    """

    def __init__(
        self, progress: Progress | None, total: int, should_stop: Callable[[], bool] | None
    ) -> None:
        self.progress, self.total, self.should_stop = progress, total, should_stop
        self.done, self.halt = 0, Event()

    def results(self, futures: Sequence[Future[_Result]]) -> list[_Result]:
        """Wait for all futures; return their results in order, or raise what they raised."""
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=_REPORT_EVERY, return_when="FIRST_EXCEPTION")
            self.report()
            if self.should_stop and self.should_stop():
                self.halt.set()
            for future in done:
                future.result()
        return [future.result() for future in futures]

    def report(self) -> None:
        """Report the number of draws done."""
        if self.progress:
            self.progress(self.done, self.total)


@dataclass(frozen=True, eq=False)
class Team:
    """All chains of a run, with the threads that move them.

    Args:
        dynamics: Moves the states.
        members: The states in order; the last state may hold more chains than are used.
        pool: Threads.
        control: Progress and stop.
    """

    dynamics: Dynamics
    members: Sequence[Member]
    pool: Executor
    control: Control

    def each(self, task: Callable[..., _Result], *arguments: Any) -> list[_Result]:
        """Results of `task(dynamics, member, *arguments, halt)` for all members, in parallel."""
        return self.control.results(
            [
                self.pool.submit(task, self.dynamics, member, *arguments, self.control.halt)
                for member in self.members
            ]
        )


def members(dynamics: Dynamics, chains: int, streams: Streams) -> list[Member]:
    """States that hold so many chains, each with its own random streams."""
    width = dynamics.width
    return [
        Member(
            dynamics.start(i, streams.numpy("start", i)),
            stream(streams.integer("chain", i)),
            slice(i * width, min((i + 1) * width, chains)),
        )
        for i in range(ceil(chains / width))
    ]
