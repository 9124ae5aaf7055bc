r"""Markov chains run to equilibrium, then thinned until their draws are independent.

Even chains start cold, odd ones hot.  One sweep updates as many sites as the lattice
has, on average: for Wolff clusters the mean cluster of the burn-in says how many
updates that takes, a number that is fixed before the first draw (stopping once enough
sites were flipped would favour what large clusters leave behind).

Unless the user says otherwise
- the burn-in is doubled, from 256 sweeps on, until it is 50 autocorrelation times long
  and the marginal standard error rule would cut off less than half of it.  That time is
  the largest one of what the dynamics observes, over the second half, taken about the
  mean of all chains, so that chains which still remember a cold or a hot start make it
  long;
- draws are 5 such times apart, so that exp(-5) or so of a fluctuation is left.
Both are capped; what is left shows in `tau_int`, `effective` and `rhat` of the draws
themselves, which every walk reports.  The known cases: single-spin updates below a
transition, discontinuous transitions (Potts, q > 4), and large ordered antiferromagnets
in a strong field, whose domains outlive the burn-in.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from math import ceil
from threading import Event
from typing import Any

import numpy as np

from ...base import scratch
from ...base.errors import InputError, Stopped
from ...base.random import Streams
from ...data.samples import MINIMUM_SAMPLES
from ...data.statistics import mser, rhat, tau_int
from .splitmix import stream

__all__ = ["CHAINS", "Dynamics", "Progress", "Walk", "walk"]

CHAINS = 8  # unless a dynamics moves more at a time
FIRST_BURN_IN, LAST_BURN_IN = 256, 16384  # sweeps
FIRST_THINNING, LAST_THINNING = 2, 512  # sweeps
_STATES, _FEWEST_DRAWS = 2, 8
_BURN_IN_TIMES, _THINNING_TIMES = 50, 5  # autocorrelation times
_ROUNDS = 32  # in which draws are taken: an interrupt loses one at most
_REPORT_EVERY = 0.2  # seconds

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Dynamics:
    """A Markov chain on the states of one system, or `width` of them moved at once.

    Arguments:
        start: `start(number, generator)` -> state, an array unless `read` is given.
        advance: `advance(state, rng, updates)`, in place, without the GIL; returns the
            number of sites updated in each chain.
        observe: state -> numbers whose autocorrelation times count, shape `(k,)` or
            `(width, k)`.
        sites: Number of sites.
        width: Chains that one state holds.
        read: state -> values, shape `(sites,)` or `(width, sites)`; the state itself
            unless given.
        dtype: Of the values.
        names: Of what is observed.
    """

    start: Callable[[int, np.random.Generator], Any]
    advance: Callable[[Any, np.ndarray, int], int]
    observe: Callable[[Any], Any]
    sites: int
    width: int = 1
    read: Callable[[Any], np.ndarray] = np.asarray
    dtype: type = np.uint8
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Walk:
    """What a walk gave.

    Arguments:
        values: Shape `(chain, draw, sites)`.
        thinning, burn_in: In sweeps.
        tau_int: The longest autocorrelation time of the burn-in, in sweeps.
        tau_draws: Those of the draws, in draws, by the name of what was observed; 1/2 if
            they are independent.
        rhat: The largest split R-hat of the draws.
        complete: Whether all draws were taken before the user stopped it.
        seed: Of all random numbers.
    """

    values: np.ndarray
    thinning: int
    burn_in: int
    tau_int: float
    tau_draws: dict[str, float]
    rhat: float
    complete: bool
    seed: int

    @property
    def effective(self) -> float:
        """Number of independent draws that the draws are worth."""
        return self.values.shape[0] * self.values.shape[1] / (2 * max(self.tau_draws.values()))


@dataclass
class _State:
    """A state under way: its random stream, its updates a sweep, its place among the chains."""

    state: Any
    rng: np.ndarray
    chains: slice
    pace: float = 1.0


def walk(
    dynamics: Dynamics,
    *,
    samples: int = 2048,
    chains: int | None = None,
    seed: int = 0,
    thinning: int | None = None,
    burn_in: int | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    stop: Callable[[], bool] | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Walk:
    """Draws from several chains, the same whatever the number of threads.

    Arguments:
        dynamics: What moves the chains.
        samples: Rounded up to equal draws of all chains.
        chains: 8 unless given; up to 128 of a dynamics that moves 64 at once.
        seed: Of all random numbers.
        thinning, burn_in: In sweeps; measured unless given.
        progress: A callable of (done, total) draws.
        threads: States moved side by side; one a core unless given.
        stop: Asked now and then; once it says so, the draws so far are all there is.
        folder: Where draws go that take more than half a GiB.

    Raises:
        InputError: A number that makes no sense.
        Stopped: `stop` said so before there were 8 samples.
    """
    _check(samples, chains, seed, thinning, burn_in, threads)
    chains = min(chains or _chains(dynamics, samples), samples)
    draws = ceil(samples / chains)
    team = _team(dynamics, chains, Streams(seed))
    control = _Control(progress, chains * draws, stop)
    with ThreadPoolExecutor(threads or min(len(team), os.cpu_count() or 1)) as pool:
        try:
            burnt, tau = _settle(dynamics, team, pool, control, burn_in)
            thinning = thinning or int(
                np.clip(ceil(_THINNING_TIMES * tau), FIRST_THINNING, LAST_THINNING)
            )
            values = scratch.empty((chains, draws, dynamics.sites), dynamics.dtype, folder)
            series = _draw_all(dynamics, team, pool, control, values, thinning)
        finally:
            control.halt.set()  # an interrupt ends the chains too
    done = series.shape[1]
    if chains * done < MINIMUM_SAMPLES:
        raise Stopped(f"stopped with {chains * done} samples drawn, too few to be of use")
    observed = np.moveaxis(series, -1, 0)
    names = dynamics.names or [f"observable {k}" for k in range(len(observed))]
    tau_draws = {name: float(tau_int(one)) for name, one in zip(names, observed, strict=True)}
    return Walk(
        values[:, :done],
        thinning,
        burnt,
        tau,
        tau_draws,
        max(map(rhat, observed)),
        done == draws,
        seed,
    )


def _check(samples, chains, seed, thinning, burn_in, threads) -> None:
    counts = {"samples": samples, "chains": chains, "seed": seed}
    counts |= {"thinning": thinning, "burn_in": burn_in, "threads": threads}
    least = {
        "samples": MINIMUM_SAMPLES,
        "chains": 1,
        "seed": 0,
        "thinning": 1,
        "burn_in": 0,
        "threads": 1,
    }
    for name, count in counts.items():
        optional = name not in ("samples", "seed") and count is None
        whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
        if not optional and (not whole or count < least[name]):
            raise InputError(f"{name} must be an integer of at least {least[name]}, not {count!r}")


def _chains(dynamics: Dynamics, samples: int) -> int:
    """As many as two states hold, but no more than leave 8 draws or so to each, nor fewer than 8."""
    return max(CHAINS, min(_STATES * dynamics.width, samples // _FEWEST_DRAWS))


def _team(dynamics: Dynamics, chains: int, streams: Streams) -> list[_State]:
    """The states in their order, the last of which may be wider than the chains that are left."""
    width = dynamics.width
    return [
        _State(
            dynamics.start(i, streams.numpy("start", i)),
            stream(streams.integer("chain", i)),
            slice(i * width, min((i + 1) * width, chains)),
        )
        for i in range(ceil(chains / width))
    ]


class _Control:
    """Tells the progress, from the thread that waits, and when to halt."""

    def __init__(self, progress: Progress | None, total: int, stop: Callable[[], bool] | None):
        self.progress, self.total, self.stop = progress, total, stop
        self.done, self.halt = 0, Event()

    def follow(self, futures) -> list[Any]:
        """Wait for all futures and raise what they raised; their results in order."""
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=_REPORT_EVERY, return_when="FIRST_EXCEPTION")
            if self.progress:
                self.progress(self.done, self.total)
            if self.stop and self.stop():
                self.halt.set()
            for future in done:
                future.result()
        return [future.result() for future in futures]


def _settle(dynamics, team, pool, control, burn_in) -> tuple[int, float]:
    """Sweeps of burn-in done and the autocorrelation time in sweeps over their second half."""
    total = FIRST_BURN_IN if burn_in is None else burn_in
    if total == 0:
        return 0, 0.5
    series = _sweep_all(dynamics, team, pool, control, total)
    while burn_in is None and total < LAST_BURN_IN and not _has_settled(series):
        series = np.concatenate([series, _sweep_all(dynamics, team, pool, control, total)], axis=1)
        total *= 2
    return total, _longest(series)


def _has_settled(series: np.ndarray) -> bool:
    """Whether a burn-in, shape `(chain, sweep, observable)`, is long and stationary enough."""
    sweeps = series.shape[1]
    stationary = all(mser(observable) <= sweeps // 2 for observable in np.moveaxis(series, -1, 0))
    return stationary and sweeps >= _BURN_IN_TIMES * _longest(series)


def _longest(series: np.ndarray) -> float:
    """The longest autocorrelation time over the second half."""
    return max(
        tau_int(observable) for observable in np.moveaxis(series[:, series.shape[1] // 2 :], -1, 0)
    )


def _sweep_all(dynamics, team, pool, control, sweeps) -> np.ndarray:
    """Sweep all states, agree on one pace, and return what was observed, `(chain, sweep, observable)`."""
    results = control.follow(
        [pool.submit(_record, dynamics, state, sweeps, control.halt) for state in team]
    )
    if control.halt.is_set():
        raise Stopped("stopped during the burn-in, before the first sample")
    series, paces = zip(*results, strict=True)
    for state in team:
        state.pace = float(np.mean(paces))
    return np.concatenate(series)


def _record(
    dynamics: Dynamics, chain: _State, sweeps: int, halt: Event
) -> tuple[np.ndarray, float]:
    """Observables after every sweep, `(chain, sweep, observable)`, and the updates that a sweep takes."""
    series, updates, updated = [], 0, 0
    for _ in range(sweeps):
        if halt.is_set():
            break
        tries = ceil(chain.pace)
        sites = dynamics.advance(chain.state, chain.rng, tries)
        chain.pace = (
            0.8 * chain.pace + 0.2 * tries * dynamics.sites / sites
        )  # follow the relaxation
        updates, updated = updates + tries, updated + sites
        series.append(_observed(dynamics, chain))
    return np.moveaxis(
        np.array(series, dtype=float), 0, 1
    ) if series else None, updates * dynamics.sites / max(updated, 1)


def _observed(dynamics: Dynamics, chain: _State) -> np.ndarray:
    """Shape `(chain, observable)`."""
    return np.array(dynamics.observe(chain.state), dtype=float, ndmin=2)[
        : chain.chains.stop - chain.chains.start
    ]


def _draw_all(dynamics, team, pool, control, values, thinning) -> np.ndarray:
    """Fill `values`, a block of draws of all chains at a time; what was observed, `(chain, draw, observable)`."""
    draws, block = values.shape[1], ceil(values.shape[1] / _ROUNDS)
    series = []
    for first in range(0, draws, block):
        part = values[:, first : first + block]
        futures = [
            pool.submit(_draw, dynamics, chain, part, thinning, control.halt) for chain in team
        ]
        observed = control.follow(futures)
        if control.halt.is_set():
            break
        series.append(np.concatenate(observed))
        scratch.release(values)
        control.done = len(values) * (first + part.shape[1])
    if control.progress:
        control.progress(control.done, control.total)
    return np.concatenate(series, axis=1) if series else np.empty((len(values), 0, 1))


def _draw(
    dynamics: Dynamics, chain: _State, part: np.ndarray, thinning: int, halt: Event
) -> np.ndarray | None:
    """Fill the rows of one state's chains with draws `thinning` sweeps apart."""
    updates, series = max(1, ceil(thinning * chain.pace)), []
    rows = part[chain.chains]
    for draw in range(part.shape[1]):
        if halt.is_set():
            return None
        dynamics.advance(chain.state, chain.rng, updates)
        rows[:, draw] = np.atleast_2d(dynamics.read(chain.state))[: len(rows)]
        series.append(_observed(dynamics, chain))
    return np.moveaxis(np.array(series, dtype=float), 0, 1)
