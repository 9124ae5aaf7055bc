r"""Replica exchange of two-state lattices, 64 in a word per site, at up to 64 temperatures.

At temperature i the energies are scaled by c_i <= 1, E/T_i = c_i E/T, c_0 = 1.  After a few
heat-bath sweeps, lattices at adjacent temperatures are exchanged with probability
min(1, exp[(c_i - c_j) (E_i - E_j) / T]).  States that are stuck at temperature 0 are renewed at the
highest temperature, where single spins move freely.

The temperatures come from a trial run of 64 lattices, from c = 1 to where correlations are short.
The last c is the largest at which, and below which, no autocorrelation time exceeds 20 sweeps.
Between it and c = 1 the temperatures lie at equal steps, of at most 1, of the length
int sqrt(Var E/T) dc, which accepts about half of the exchanges.

Hukushima & Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996), https://arxiv.org/abs/cond-mat/9512035
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
from numba import njit

from ...base.random import Streams
from ...data.statistics import tau_int
from ._arrays import Codes, Integers, Reals, Sites, Stream, Words
from ._team import Dynamics
from .multispin import Odds, flip_costs, sweep
from .splitmix import stream, uniform
from .words import WIDTH, Layout, census, pack, turn, unpack

__all__ = ["exchange", "tempered"]

_SWEEPS = 4  # between exchanges
_TRIAL = 1024  # steps of the trial run, of _SWEEPS sweeps each; the second half is observed
_QUICK = 20.0  # sweeps: longest autocorrelation time at the highest temperature
_EASY = 0.5  # fraction of the transition point of a tree at which the trial run begins
_STEP = 1.0  # largest length between temperatures

Observables = Callable[
    [Integers, Integers], Reals
]  # of (equal bonds, counts); see `lattice.orders`


@dataclass
class _Replicas:
    """64 // temperatures sets of replicas in a word.

    Args:
        words: States, shape `(sites,)`.
        lattice: Bit of the lattice at each temperature, shape `(set, temperature)`.
        parity: Whether the next exchanges begin at temperature 0 or 1.
    """

    words: Words
    lattice: Integers
    parity: int = 0


@dataclass(frozen=True, eq=False)
class _Model:
    """A two-state lattice; the energies at all temperatures are multiples of E/T at temperature 0.

    Args:
        layout: The lattice.
        groups: Group of the site at each place, shape `(sites,)`.
        bond: Energy of an equal pair over -T.
        field: Field over T.
    """

    layout: Layout
    groups: Integers
    bond: float
    field: float

    def odds(self, scales: Reals) -> Odds:
        """Heat bath of 64 lattices with energies multiplied by their scales."""
        z = len(self.layout.neighbours)
        return Odds.of(flip_costs(z, self.bond * scales, self.field * scales))

    def advance(self, words: Words, odds: Odds, rng: Stream) -> None:
        """Make the sweeps between two exchanges."""
        layout = self.layout
        sweep(words, layout.neighbours, layout.bounds, odds.cases, odds.digits, rng, _SWEEPS)

    def count(self, words: Words) -> tuple[Integers, Integers, Reals]:
        """Equal bonds, sites by group and state, and E/T at temperature 0, of all 64 lattices."""
        equal, counts = census(words, self.layout.neighbours, self.groups)
        moment = (counts[..., 1] - counts[..., 0]).sum(axis=-1)
        return equal, counts, -self.bond * equal.sum(axis=-1) - self.field * moment


def tempered(
    neighbours: Sites,
    bond: float,
    field: float,
    groups: Integers | None,
    orders: Observables,
    names: tuple[str, ...],
    seed: int,
) -> Dynamics:
    """Replica exchange; an update is a few sweeps at all temperatures and an exchange.

    Args:
        neighbours: Neighbour table; see `_lattice.neighbour_table`.
        bond: Energy of an equal pair over -T.
        field: Field over T.
        groups: Sublattice of every site; see `lattice.lattice_dynamics`.
        orders: Observables as a function of (equal bonds, counts).
        names: Names of the observables.
        seed: Seed for the trial run.
    """
    layout, sites = Layout.of(neighbours), len(neighbours)
    places = layout.stored(np.zeros(sites, np.int64) if groups is None else groups)
    model = _Model(layout, places, bond, field)
    scales = _choose_scales(model, orders, seed)
    sets = WIDTH // len(scales)

    def start(number: int, generator: np.random.Generator) -> _Replicas:
        states = generator.integers(0, 2, (WIDTH, sites), dtype=np.uint8)
        states[::2] = 0
        return _Replicas(pack(states, layout), np.arange(sets * len(scales)).reshape(sets, -1))

    def advance(state: _Replicas, rng: Stream, updates: int) -> int:
        for _ in range(updates):
            model.advance(state.words, model.odds(_scale_of(state.lattice, scales)), rng)
            exchange(state.lattice, scales, model.count(state.words)[2], state.parity, rng)
            state.parity = 1 - state.parity
        if field == 0:
            turn(state.words, rng)
        return updates * sites

    def observables(state: _Replicas) -> Reals:
        return orders(*model.count(state.words)[:2])[state.lattice[:, 0]]

    def read(state: _Replicas) -> Codes:
        return unpack(state.words, layout)[state.lattice[:, 0]]

    return Dynamics(start, advance, observables, sites, sets, read, names=names)


def _scale_of(lattice: Integers, scales: Reals) -> Reals:
    """Scale of each of the 64 lattices; lattices outside all sets have the last scale."""
    scale = np.full(WIDTH, scales[-1])
    scale[lattice.ravel()] = np.tile(scales, len(lattice))
    return scale


@njit(nogil=True, cache=True)
def exchange(lattice: Integers, scales: Reals, energies: Reals, parity: int, rng: Stream) -> None:
    """Propose exchanges of every second pair of adjacent temperatures, starting at `parity`.

    Args:
        lattice: Lattice at each temperature, shape `(set, temperature)`; changed in place.
        scales: Scale of the energy at each temperature.
        energies: E/T at temperature 0 of each lattice.
        parity: 0 or 1.
        rng: Random stream of `splitmix`.
    """
    for row in range(lattice.shape[0]):
        for i in range(parity, lattice.shape[1] - 1, 2):
            low, high = lattice[row, i], lattice[row, i + 1]
            gain = (scales[i] - scales[i + 1]) * (energies[low] - energies[high])
            if gain >= 0.0 or uniform(rng) < np.exp(gain):
                lattice[row, i], lattice[row, i + 1] = high, low


def _choose_scales(model: _Model, orders: Observables, seed: int) -> Reals:
    """Scales c_0 = 1 > c_1 > ..., at most 64, from a trial run."""
    scales = np.linspace(1.0, _easy_scale(model), WIDTH)
    streams = Streams(seed)
    rng = stream(streams.integer("rungs"))
    hot = streams.numpy("rungs").integers(0, 2, (WIDTH, len(model.groups)), dtype=np.uint8)
    words, odds = pack(hot, model.layout), model.odds(scales)
    energies, observed = [], []
    for step in range(_TRIAL):
        model.advance(words, odds, rng)
        if 2 * step >= _TRIAL:
            equal, counts, energy = model.count(words)
            energies.append(energy)
            observed.append(orders(equal, counts))
    series = np.array(observed).transpose(1, 0, 2)  # (lattice, step, observable)
    slow = np.array([_SWEEPS * max(map(tau_int, lattice.T)) for lattice in series])
    last = len(scales) - int(np.argmax((slow > _QUICK)[::-1])) if (slow > _QUICK).any() else 0
    return _equal_steps(scales[: min(last, WIDTH - 1) + 1], np.std(energies, axis=0))


def _easy_scale(model: _Model) -> float:
    """Scale at which correlations are short, at most 1."""
    branches = max(len(model.layout.neighbours) - 1, 1)
    easy = 2 * np.arctanh(min(_EASY / branches, 0.9))
    return float(min(1.0, easy / max(abs(model.bond), 1e-12)))


def _equal_steps(scales: Reals, spread: Reals) -> Reals:
    """Scales from the first to the last at equal lengths, at most `_STEP` if 64 suffice for that.

    Args:
        scales: Scales of the trial run, shape `(n,)`.
        spread: Standard deviation of E/T at each scale, shape `(64,)`.
    """
    middle = 0.5 * (spread[: len(scales) - 1] + spread[1 : len(scales)])
    length = np.concatenate([[0.0], np.cumsum(middle * -np.diff(scales))])
    count = min(1 + ceil(length[-1] / _STEP), WIDTH)
    chosen = np.interp(np.linspace(0.0, length[-1], count), length, scales)
    chosen[0] = scales[0]  # the length may not grow at first, where the lattice is frozen
    return chosen
