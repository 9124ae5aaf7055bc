r"""Replica exchange of two-state lattices: 64 of them in one word a site, at up to 64 temperatures.

Hukushima & Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996).  Rung i has energies scaled by
c_i <= 1, E/T_i = c_i E/T, c_0 = 1.  After some heat-bath sweeps the lattices of neighbouring
rungs trade places with probability min(1, exp[(c_i - c_j) (E_i - E_j) / T]).  What gets
stuck at rung 0 is shaken up on the last rung, where single spins move freely.

The rungs come from a trial run with 64 lattices from c = 1 to where correlations are short:
the last one is the largest c up to which no autocorrelation time is longer than 20 sweeps;
between it and c = 1 the rungs lie at equal steps, of one or less, of the length
int sqrt(Var E/T) dc, which lets about half of the exchanges through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
from numba import njit

from ...base.random import Streams
from ...data.statistics import tau_int
from .driver import Dynamics
from .multispin import WIDTH, Layout, Odds, census, flip_costs, pack, sweep, turn, unpack
from .splitmix import stream, uniform

__all__ = ["exchange", "tempered"]

_SWEEPS = 4  # between exchanges
_TRIAL = 1024  # exchanges' worth of sweeps, half of them watched
_QUICK = 20.0  # sweeps: the longest autocorrelation time of the last rung
_EASY = 0.5  # of a tree's transition, where the trial begins
_STEP = 1.0  # of the length between rungs


@dataclass
class _Ladders:
    """64 // rungs ladders in one word: `lattice[ladder, rung]` is the bit at a rung of a ladder."""

    words: np.ndarray
    lattice: np.ndarray
    parity: int = 0


@dataclass(frozen=True, eq=False)
class _Model:
    """A two-state lattice whose energies at all rungs are multiples of one, E/T at rung 0."""

    layout: Layout
    groups: np.ndarray
    bond: float
    field: float

    def odds(self, scales: np.ndarray) -> Odds:
        """Heat bath of 64 lattices at their scales."""
        z = len(self.layout.neighbours)
        return Odds.of(flip_costs(z, self.bond * scales, self.field * scales))

    def advance(self, words: np.ndarray, odds: Odds, rng: np.ndarray) -> None:
        """Some sweeps."""
        sweep(
            words, self.layout.neighbours, self.layout.bounds, odds.cases, odds.digits, rng, _SWEEPS
        )

    def count(self, words: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Equal bonds, sites by group and state, and E/T at rung 0, of all 64."""
        equal, counts = census(words, self.layout.neighbours, self.groups)
        moment = (counts[..., 1] - counts[..., 0]).sum(axis=-1)
        return equal, counts, -self.bond * equal.sum(axis=-1) - self.field * moment


def tempered(
    neighbours: np.ndarray,
    bond: float,
    field: float,
    groups: np.ndarray | None,
    orders: Callable,
    names: tuple[str, ...],
    seed: int,
) -> Dynamics:
    """Replica exchange as a dynamics; one update is some sweeps of all rungs and one exchange.

    Arguments:
        neighbours, bond, field, groups: See `_dynamics.lattice_dynamics`.
        orders, names: What is watched, of (equal bonds, counts), and what it is called.
        seed: Of the trial run.
    """
    layout, sites = Layout.of(neighbours), len(neighbours)
    places = layout.stored(np.zeros(sites, np.int64) if groups is None else groups)
    model = _Model(layout, places, bond, field)
    scales = _rungs(model, orders, seed)
    ladders = WIDTH // len(scales)

    def start(number: int, generator: np.random.Generator) -> _Ladders:
        states = generator.integers(0, 2, (WIDTH, sites), dtype=np.uint8)
        states[::2] = 0
        return _Ladders(pack(states, layout), np.arange(ladders * len(scales)).reshape(ladders, -1))

    def advance(state: _Ladders, rng: np.ndarray, updates: int) -> int:
        for _ in range(updates):
            model.advance(state.words, model.odds(_scale_of(state.lattice, scales)), rng)
            exchange(state.lattice, scales, model.count(state.words)[2], state.parity, rng)
            state.parity = 1 - state.parity
        if field == 0:
            turn(state.words, rng)
        return updates * sites

    def watch(state: _Ladders) -> np.ndarray:
        return orders(*model.count(state.words)[:2])[state.lattice[:, 0]]

    def read(state: _Ladders) -> np.ndarray:
        return unpack(state.words, layout)[state.lattice[:, 0]]

    return Dynamics(start, advance, watch, sites, ladders, read, names=names)


def _scale_of(lattice: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Scale of each of the 64 lattices; those of no ladder go with the last rung."""
    found = np.full(WIDTH, scales[-1])
    found[lattice.ravel()] = np.tile(scales, len(lattice))
    return found


@njit(nogil=True, cache=True)
def exchange(lattice, scales, energies, parity, rng):
    """Offer every second pair of neighbouring rungs, from `parity` on, to trade lattices, in place."""
    for ladder in range(lattice.shape[0]):
        for rung in range(parity, lattice.shape[1] - 1, 2):
            low, high = lattice[ladder, rung], lattice[ladder, rung + 1]
            gain = (scales[rung] - scales[rung + 1]) * (energies[low] - energies[high])
            if gain >= 0.0 or uniform(rng) < np.exp(gain):
                lattice[ladder, rung], lattice[ladder, rung + 1] = high, low


def _rungs(model: _Model, orders: Callable, seed: int) -> np.ndarray:
    """Scales c_0 = 1 > c_1 > ..., at most 64 of them."""
    scales = np.linspace(1.0, _easy_scale(model), WIDTH)
    streams = Streams(seed)
    rng = stream(streams.integer("rungs"))
    hot = streams.numpy("rungs").integers(0, 2, (WIDTH, len(model.groups)), dtype=np.uint8)
    words, odds = pack(hot, model.layout), model.odds(scales)
    energies, watched = [], []
    for step in range(_TRIAL):
        model.advance(words, odds, rng)
        if 2 * step >= _TRIAL:
            equal, counts, energy = model.count(words)
            energies.append(energy)
            watched.append(orders(equal, counts))
    slow = np.array(
        [_SWEEPS * max(map(tau_int, series.T)) for series in np.array(watched).transpose(1, 0, 2)]
    )
    last = len(scales) - np.argmax((slow > _QUICK)[::-1]) if (slow > _QUICK).any() else 0
    return _equally_far(scales[: min(last, WIDTH - 1) + 1], np.std(energies, axis=0))


def _easy_scale(model: _Model) -> float:
    """The scale at which correlations are short, at most 1."""
    branches = max(len(model.layout.neighbours) - 1, 1)
    easy = 2 * np.arctanh(min(_EASY / branches, 0.9))
    return float(min(1.0, easy / max(abs(model.bond), 1e-12)))


def _equally_far(scales: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Scales from the first to the last one at equal lengths of at most `_STEP`, if 64 are enough for that."""
    middle = 0.5 * (spread[: len(scales) - 1] + spread[1 : len(scales)])
    length = np.concatenate([[0.0], np.cumsum(middle * -np.diff(scales))])
    rungs = min(1 + ceil(length[-1] / _STEP), WIDTH)
    found = np.interp(np.linspace(0.0, length[-1], rungs), length, scales)
    found[0] = scales[0]  # at the end of what may be a flat stretch, a frozen one
    return found
