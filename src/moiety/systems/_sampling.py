r"""Markov chains run to equilibrium, then thinned until their draws are independent.

Even chains start cold, odd ones hot.  One sweep updates as many sites as the lattice
has, on average: for Wolff clusters the mean cluster of the burn-in says how many
updates that takes, a number that is fixed before the first draw (stopping once enough
sites were flipped would favour what large clusters leave behind).

Unless the user says otherwise
- the burn-in is doubled, from 512 sweeps on, until it is 50 autocorrelation times long,
  the larger of that of the energy and of the order parameter over its second half.  It is
  taken about the mean of all chains, so that chains which still remember a cold or a
  hot start make it long;
- draws are 5 such times apart (and at least 8 sweeps, which is enough for an update
  that forgets half of a rare excitation), so that exp(-5) or so of a fluctuation is left.
Both are capped; past the caps `chains.tau_int` of the draws tells what is left.  The
known cases: Metropolis below a transition, discontinuous transitions (Potts, q > 4),
and large ordered antiferromagnets in a strong field, whose domains outlive the burn-in.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from math import ceil, prod
from threading import Event
from typing import Any

import numpy as np

from .. import __version__
from ..chains import tau_int
from ..errors import InputError
from ..random import Streams
from ..samples import MINIMUM_SAMPLES, Samples
from ._clusters import mixed, swendsen_wang, wolff
from ._metropolis import metropolis, observe
from ._splitmix import stream

__all__ = [
    "ALGORITHMS",
    "Dynamics",
    "Walk",
    "as_samples",
    "exact_samples",
    "lattice_dynamics",
    "lattice_samples",
    "walk",
]

ALGORITHMS = {"wolff": wolff, "swendsen-wang": swendsen_wang, "mixed": mixed, "metropolis": metropolis}
FIRST_BURN_IN, LAST_BURN_IN = 512, 8192  # sweeps
FIRST_THINNING, LAST_THINNING = 8, 256  # sweeps
_BURN_IN_TIMES, _THINNING_TIMES = 50, 5  # autocorrelation times
_REPORT_EVERY = 0.2  # seconds
_OF_INDEPENDENT_DRAWS = {"algorithm": (None, "exact"), "thinning": (None, 1), "burn_in": (None, 0)}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Dynamics:
    """A Markov chain on the states of one system.

    Arguments:
        start: `start(chain, generator)` -> state of `sites` entries.
        advance: `advance(state, rng, updates)`, in place, without the GIL; returns the
            number of sites updated.
        observe: state -> numbers whose autocorrelation times count.
        sites: Number of sites.
    """

    start: Callable[[int, np.random.Generator], np.ndarray]
    advance: Callable[[np.ndarray, np.ndarray, int], int]
    observe: Callable[[np.ndarray], tuple[float, ...]]
    sites: int


@dataclass(frozen=True)
class Walk:
    """What a walk gave: values `(chain, draw, sites)`, and sweeps of thinning, burn-in and tau_int."""

    values: np.ndarray
    thinning: int
    burn_in: int
    tau_int: float


@dataclass
class _Chain:
    """A chain under way: its state, its random stream, its updates a sweep."""

    state: np.ndarray
    rng: np.ndarray
    pace: float = 1.0
    drawn: int = 0


def walk(
    dynamics: Dynamics,
    *,
    samples: int = 2048,
    chains: int = 8,
    seed: int = 0,
    thinning: int | None = None,
    burn_in: int | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Walk:
    """Draws from several chains, the same whatever the number of threads.

    Arguments: see `lattice_samples`; `samples` is rounded up to a multiple of `chains`.
    """
    _check(samples, chains, seed, thinning, burn_in, threads)
    chains = min(chains, samples)
    draws = ceil(samples / chains)
    streams = Streams(seed)
    team = [
        _Chain(dynamics.start(i, streams.numpy("start", i)), stream(streams.integer("chain", i))) for i in range(chains)
    ]
    stop = Event()
    with ThreadPoolExecutor(threads or min(chains, os.cpu_count() or 1)) as pool:
        try:
            burnt, tau = _settle(dynamics, team, pool, stop, burn_in, progress and (lambda: progress(0, chains * draws)))
            thinning = thinning or int(np.clip(ceil(_THINNING_TIMES * tau), FIRST_THINNING, LAST_THINNING))
            values = np.empty((chains, draws, dynamics.sites), team[0].state.dtype)
            pairs = zip(team, values, strict=True)
            futures = [pool.submit(_draw, dynamics, chain, out, thinning, stop) for chain, out in pairs]
            _follow(futures, progress and (lambda: progress(sum(chain.drawn for chain in team), chains * draws)))
        finally:
            stop.set()  # an interrupt ends the chains too
    return Walk(values, thinning, burnt, tau)


def _check(samples, chains, seed, thinning, burn_in, threads) -> None:
    counts = {"samples": samples, "chains": chains, "seed": seed}
    counts |= {"thinning": thinning, "burn_in": burn_in, "threads": threads}
    least = {"samples": MINIMUM_SAMPLES, "chains": 1, "seed": 0, "thinning": 1, "burn_in": 0, "threads": 1}
    for name, count in counts.items():
        optional = name in ("thinning", "burn_in", "threads") and count is None
        whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
        if not optional and (not whole or count < least[name]):
            raise InputError(f"{name} must be an integer of at least {least[name]}, not {count!r}")


def _settle(dynamics, team, pool, stop, burn_in, report) -> tuple[int, float]:
    """Sweeps of burn-in done and the autocorrelation time in sweeps over their second half."""
    total = FIRST_BURN_IN if burn_in is None else burn_in
    _sweep_all(dynamics, team, pool, stop, total // 2, report)
    tau = _sweep_all(dynamics, team, pool, stop, total - total // 2, report)
    while burn_in is None and total < min(_BURN_IN_TIMES * tau, LAST_BURN_IN):
        tau = _sweep_all(dynamics, team, pool, stop, total, report)
        total *= 2
    return total, tau


def _sweep_all(dynamics, team, pool, stop, sweeps, report) -> float:
    """Sweep all chains, agree on one pace, and return the largest autocorrelation time."""
    if sweeps == 0:
        return 0.5
    futures = [pool.submit(_record, dynamics, chain, sweeps, stop) for chain in team]
    _follow(futures, report)
    series, paces = zip(*(future.result() for future in futures), strict=True)
    for chain in team:
        chain.pace = float(np.mean(paces))
    return max(tau_int(observable) for observable in np.moveaxis(np.array(series), -1, 0))


def _record(dynamics: Dynamics, chain: _Chain, sweeps: int, stop: Event) -> tuple[np.ndarray, float]:
    """Observables after every sweep, `(sweep, observable)`, and the updates that a sweep takes."""
    series, updates, updated = [], 0, 0
    for _ in range(sweeps):
        if stop.is_set():
            break
        tries = ceil(chain.pace)
        sites = dynamics.advance(chain.state, chain.rng, tries)
        chain.pace = 0.8 * chain.pace + 0.2 * tries * dynamics.sites / sites  # follow the relaxation
        updates, updated = updates + tries, updated + sites
        series.append(dynamics.observe(chain.state))
    return np.array(series, dtype=float), updates * dynamics.sites / max(updated, 1)


def _draw(dynamics: Dynamics, chain: _Chain, out: np.ndarray, thinning: int, stop: Event) -> None:
    """Fill `out` (draw, sites) with draws `thinning` sweeps apart."""
    updates = max(1, ceil(thinning * chain.pace))
    for row in out:
        if stop.is_set():
            return
        dynamics.advance(chain.state, chain.rng, updates)
        row[:] = chain.state
        chain.drawn += 1


def _follow(futures, report: Callable[[], None] | None) -> None:
    """Wait for all futures, reporting from this thread, and raise what they raised."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=_REPORT_EVERY if report else None, return_when="FIRST_EXCEPTION")
        if report:
            report()
        for future in done:
            future.result()


def lattice_dynamics(
    neighbours: np.ndarray, states: int, bond: float, field: float = 0.0, *, algorithm: str | None = None
) -> Dynamics:
    """A chain for E/T = -bond sum delta(s, s') - field sum (2 s - 1); no algorithm: the best that is valid.

    Raises:
        InputError: An unknown algorithm, or one that the model does not admit.
    """
    algorithm = algorithm or _default(states, bond, field)
    if algorithm not in ALGORITHMS:
        raise InputError(f"unknown algorithm {algorithm!r}; choose from {', '.join(ALGORITHMS)}")
    if algorithm == "wolff" and field != 0:
        raise InputError("wolff clusters admit no field; choose swendsen-wang or metropolis")
    if algorithm != "metropolis" and states > 2 and bond < 0:
        raise InputError("clusters of an antiferromagnet need 2 states; choose metropolis")
    kernel, sites = ALGORITHMS[algorithm], len(neighbours)

    def start(chain: int, generator: np.random.Generator) -> np.ndarray:
        return generator.integers(0, states if chain % 2 else 1, sites, dtype=np.uint8)

    def advance(state: np.ndarray, rng: np.ndarray, updates: int) -> int:
        return kernel(state, neighbours, states, bond, field, rng, updates)

    return Dynamics(start, advance, lambda state: observe(state, neighbours, states), sites)


def _default(states: int, bond: float, field: float) -> str:
    if bond >= 0 or (states == 2 and field == 0):
        return "swendsen-wang"
    return "mixed" if states == 2 else "metropolis"


def lattice_samples(
    system, neighbours: np.ndarray, labels: tuple[int, ...], bond: float, field: float = 0.0, *, algorithm=None, **options
) -> Samples:
    """`Samples` of a system of discrete states.

    Arguments:
        system: Has `name`, `shape`, `periodic`, `symmetries`, `parameters()`.
        neighbours: See `_lattice.neighbour_table`.
        labels: What the codes 0..q-1 stand for.
        bond, field: See `lattice_dynamics`.
        algorithm: `"swendsen-wang"` (the default), `"wolff"` (no field), `"mixed"`
            (Swendsen-Wang and Metropolis in turn, the default of antiferromagnets in
            a field) or `"metropolis"` (all there is for antiferromagnets of more than
            2 states).  The last one stays, below a transition, in the
            phase of its cold start or the stripes of its hot one: then `tau_int` of
            the provenance is thousands of sweeps and the draws are no sample.
        options: `samples`, `chains`, `seed`, `thinning`, `burn_in`, `progress`, `threads`.
    """
    algorithm = algorithm or _default(len(labels), bond, field)
    result = walk(lattice_dynamics(neighbours, len(labels), bond, field, algorithm=algorithm), **options)
    return as_samples(system, result, "discrete", labels, algorithm, options.get("seed", 0))


def exact_samples(
    system, draw, kind: str, dtype: type, labels: tuple[int, ...], rejected: dict[str, Any], **options: Any
) -> Samples:
    """`Samples` of a system whose every draw is independent of the one before.

    Arguments:
        system: Has `name`, `shape`, `periodic`, `symmetries`, `parameters()`.
        draw: `draw(state, rng)` fills a state of `sites` entries from a stream of `_splitmix`.
        kind, dtype, labels: Of the samples.
        rejected: Options of a Markov chain; none but those of independent draws is taken.
        options: `samples` (rounded up to equal draws of all chains), `chains`, `seed`,
            `progress`, a callable of (done, total), `threads`.
    """
    for option, value in rejected.items():
        if value not in _OF_INDEPENDENT_DRAWS.get(option, ()):
            raise InputError(f"{system.name} is sampled exactly: {option} {value!r} has no meaning")
    sites = prod(system.shape)

    def advance(state: np.ndarray, rng: np.ndarray, updates: int) -> int:
        draw(state, rng)
        return updates * sites

    dynamics = Dynamics(lambda chain, generator: np.zeros(sites, dtype), advance, lambda state: (0.0,), sites)
    result = walk(dynamics, thinning=1, burn_in=0, **options)
    return as_samples(system, result, kind, labels, "exact", options.get("seed", 0))


def as_samples(system, result: Walk, kind: str, labels: tuple[int, ...], algorithm: str, seed: int) -> Samples:
    """The draws of a walk as `Samples` that say where they come from."""
    provenance = {
        "system": system.name,
        "parameters": system.parameters(),
        "algorithm": algorithm,
        "thinning": result.thinning,
        "burn_in": result.burn_in,
        "tau_int": result.tau_int,
        "seed": seed,
        "chains": len(result.values),
        "version": __version__,
    }
    values = result.values.reshape(*result.values.shape[:2], *system.shape)
    return Samples(values, kind, system.periodic, labels, system.symmetries, provenance)
