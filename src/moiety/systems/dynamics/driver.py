r"""Run Markov chains to equilibrium, and thin them until their draws are independent.

Even chains start cold, odd chains hot.  A sweep updates as many sites as the lattice has, on
average.  For Wolff clusters the mean cluster size of the burn-in fixes the number of updates per
sweep before the first draw: stopping as soon as enough sites were flipped would favour the states
that large clusters leave behind.

By default
- the burn-in starts with 256 sweeps and is doubled until it is 50 autocorrelation times long and
  the marginal standard error rule would discard less than half of it.  The time is the longest
  among those of all observables over the second half.  It is measured about the mean of all
  chains, so chains that remember a cold or a hot start make it long;
- draws are 5 such times apart, which leaves about exp(-5) of a fluctuation.
Both are capped.  Remaining correlations show in `tau_int`, `effective` and `rhat` of the draws
themselves, which every run reports.  The known cases are single-spin updates below a transition,
discontinuous transitions (Potts, q > 4), and large ordered antiferromagnets in a strong field,
where domains outlive the burn-in.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil
from threading import Event

import numpy as np

from ...base import scratch
from ...base.errors import InputError, Stopped
from ...base.random import Streams
from ...data.samples import MINIMUM_SAMPLES
from ...data.statistics import rhat, tau_int
from ._arrays import Reals
from ._burn_in import settle
from ._team import Control, Dynamics, Member, Progress, Team, members

__all__ = ["CHAINS", "Draws", "Dynamics", "Progress", "check_options", "run_chains"]

CHAINS = 8  # by default, unless a dynamics moves more chains together
FIRST_THINNING, LAST_THINNING = 2, 512  # sweeps
_THINNING_TIMES = 5  # autocorrelation times
_STATES, _FEWEST_DRAWS = 2, 8
_MOST = 10**9  # samples, chains and sweeps
_MOST_THREADS = 4096
_ROUNDS = 32  # rounds of draws: an interrupt loses at most one round


@dataclass(frozen=True)
class Draws:
    """Draws from several chains, with their statistics.

    Args:
        values: Shape `(chain, draw, sites)`.
        thinning: Sweeps between draws.
        burn_in: Sweeps before the first draw.
        tau_int: Longest autocorrelation time of the burn-in, in sweeps.
        tau_draws: Autocorrelation times of the draws, in draws, by name of the observable; 1/2
            for independent draws.
        rhat: Largest split R-hat of the draws.
        complete: Whether all draws were taken before the user stopped the run.
        seed: Seed for all random numbers.
        given: Thinning and burn-in where the user chose them; without them the same draws could
            not be taken again.
    """

    values: np.ndarray
    thinning: int
    burn_in: int
    tau_int: float
    tau_draws: dict[str, float]
    rhat: float
    complete: bool
    seed: int
    given: Mapping[str, int] = field(default_factory=dict)

    @property
    def effective(self) -> float:
        """Effective sample size of the draws."""
        chains, draws = self.values.shape[:2]
        return float(chains * draws / (2 * max(self.tau_draws.values())))


def run_chains(
    dynamics: Dynamics,
    *,
    samples: int = 2048,
    chains: int | None = None,
    seed: int = 0,
    thinning: int | None = None,
    burn_in: int | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    should_stop: Callable[[], bool] | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Draws:
    """Draw samples from several chains; the number of threads does not change the results.

    Args:
        dynamics: Moves the chains.
        samples: Number of draws, rounded up to equally many from each chain.
        chains: Number of chains; 8 by default, up to 128 if a dynamics moves 64 together.
        seed: Seed for all random numbers.
        thinning: Sweeps between draws; measured by default.
        burn_in: Sweeps before the first draw; measured by default.
        progress: Called as `progress(done, total)` with numbers of draws.
        threads: Number of states moved in parallel; by default one per core.
        should_stop: Called now and then; if it returns True, the draws so far are returned.
        folder: Folder for draws that take more than half a GiB.

    Raises:
        InputError: An option is out of range.
        Stopped: `stop` returned True before there were 8 samples.
    """
    check_options(samples, chains, seed, thinning, burn_in, threads)
    if chains is not None and chains > samples:
        raise InputError(
            f"chains must be at most the number of samples, {samples}, not {chains}; each draws one"
        )
    asked = {"thinning": thinning, "burn_in": burn_in}
    chains = min(chains or _default_chains(dynamics, samples), samples)
    draws = ceil(samples / chains)
    states = members(dynamics, chains, Streams(seed))
    control = Control(progress, chains * draws, should_stop)
    with ThreadPoolExecutor(threads or min(len(states), os.cpu_count() or 1)) as pool:
        team = Team(dynamics, states, pool, control)
        try:
            burn_in, tau = settle(team, burn_in)
            thinning = thinning or _default_thinning(tau)
            values = _empty((chains, draws, dynamics.sites), dynamics.dtype, folder)
            series = _draw_all(team, values, thinning)
        finally:
            control.halt.set()  # an interrupt ends the chains too
    done = series.shape[1]
    if chains * done < MINIMUM_SAMPLES:
        raise Stopped(f"stopped with {chains * done} samples drawn, too few to be of use")
    observed = np.moveaxis(series, -1, 0)
    names = dynamics.names or [f"observable {k}" for k in range(len(observed))]
    return Draws(
        values[:, :done],
        thinning,
        burn_in,
        tau,
        {name: float(tau_int(row)) for name, row in zip(names, observed, strict=True)},
        max(map(rhat, observed)),
        done == draws,
        seed,
        {name: int(value) for name, value in asked.items() if value is not None},
    )


def _empty(
    shape: tuple[int, int, int], dtype: type[np.generic], folder: str | os.PathLike[str] | None
) -> np.ndarray:
    try:
        return scratch.empty(shape, dtype, folder)
    except OSError as error:
        raise InputError(
            f"{shape[0] * shape[1]:,} samples of {shape[2]:,} sites do not fit on the disk"
            f" ({error.strerror}); take fewer samples"
        ) from error


def check_options(
    samples: int,
    chains: int | None,
    seed: int,
    thinning: int | None,
    burn_in: int | None,
    threads: int | None,
) -> None:
    """Check options of `run_chains`.

    Args:
        samples: Number of draws.
        chains: Number of chains.
        seed: Seed for all random numbers.
        thinning: Sweeps between draws.
        burn_in: Sweeps before the first draw.
        threads: Number of states moved in parallel.

    Raises:
        InputError: An option is no integer, or out of range.
    """
    options: dict[str, tuple[int | None, int, int]] = {  # value, least and largest value
        "samples": (samples, MINIMUM_SAMPLES, _MOST),
        "chains": (chains, 1, _MOST),
        "seed": (seed, 0, 2**256),
        "thinning": (thinning, 1, _MOST),
        "burn_in": (burn_in, 0, _MOST),
        "threads": (threads, 1, _MOST_THREADS),
    }
    for name, (value, least, most) in options.items():
        if value is None and name not in ("samples", "seed"):
            continue
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
            raise InputError(f"{name} must be an integer of at least {least}, not {value!r}")
        if value > most:
            raise InputError(f"{name} must be at most {most:,}, not {value:,}")


def _default_chains(dynamics: Dynamics, samples: int) -> int:
    """As many chains as two states hold, if that leaves 8 draws to each; at least 8."""
    return max(CHAINS, min(_STATES * dynamics.width, samples // _FEWEST_DRAWS))


def _default_thinning(tau: float) -> int:
    """Sweeps between draws for an autocorrelation time in sweeps."""
    return int(np.clip(ceil(_THINNING_TIMES * tau), FIRST_THINNING, LAST_THINNING))


def _draw_all(team: Team, values: np.ndarray, thinning: int) -> Reals:
    """Fill `values`, shape `(chain, draw, sites)`, in rounds of a few draws from all chains.

    Returns:
        Observed numbers, shape `(chain, draw, observable)`; fewer draws if the user stopped.
    """
    draws, block = values.shape[1], ceil(values.shape[1] / _ROUNDS)
    control, series = team.control, []
    for first in range(0, draws, block):
        part = values[:, first : first + block]
        observed = team.each(_draw, part, thinning)
        if control.halt.is_set():
            break
        series.append(np.concatenate(observed))
        scratch.release(values)
        control.done = len(values) * (first + part.shape[1])
    control.report()
    return np.concatenate(series, axis=1) if series else np.empty((len(values), 0, 1))


def _draw(
    dynamics: Dynamics, member: Member, part: np.ndarray, thinning: int, halt: Event
) -> Reals:
    """Fill the rows of a state's chains with draws `thinning` sweeps apart.

    Returns:
        Observed numbers, shape `(chain, draw, observable)`; empty if the run was halted.
    """
    updates, series = max(1, ceil(thinning * member.pace)), []
    rows = part[member.chains]
    for draw in range(part.shape[1]):
        if halt.is_set():
            return np.empty((0, 0, 0))
        dynamics.advance(member.state, member.rng, updates)
        rows[:, draw] = np.atleast_2d(dynamics.read(member.state))[: len(rows)]
        series.append(member.observed(dynamics))
    return np.moveaxis(np.array(series, dtype=float), 0, 1)
