r"""Which Markov chain moves a lattice of discrete states, E/T = -bond sum delta(s, s') - field sum sigma.

Single-spin updates of 64 lattices at once are the fastest where correlations are short.
Between spins of any sign of coupling these are no longer than those of the ferromagnet on
a tree of z branches, which orders where tanh(|bond| / 2) (z - 1) = 1; clusters take over
somewhat before that.

Watched are the energy; the variance of the number of equal bonds over the directions of the
lattice, which tells stripes and winding sectors; the magnetisation, sites in state 0; and

    order = sum_q |sum_g w^g n_gq|^2,    w = exp(2 pi i / groups),

n_gq being the sites of group g in state q: the uniform order, and that of the sublattices
where there are such groups.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ...base.errors import InputError
from .clusters import mixed, swendsen_wang, wolff
from .driver import Dynamics
from .metropolis import metropolis, observe
from .multispin import WIDTH, Layout, Odds, census, flip_costs, pack, sweep, turn, unpack
from .replica_exchange import tempered

__all__ = ["ALGORITHMS", "NAMES", "default_algorithm", "lattice_dynamics", "one_by_one", "orders"]

_KERNELS = {
    "swendsen-wang": swendsen_wang,
    "wolff": wolff,
    "mixed": mixed,
    "metropolis": metropolis,
}
ALGORITHMS = ("heat-bath", *_KERNELS, "replica-exchange")
NAMES = ("energy", "anisotropy", "magnetisation", "order", "sublattice order")
_SHORT = 0.95  # of the tree's transition
_SHORT_RING = 0.8  # per bond: a tree of one branch, a ring, orders at T = 0 only


def default_algorithm(states: int, neighbours: int, bond: float, field: float = 0.0) -> str:
    """The best algorithm that is valid for a model of so many states and neighbours.

    Example:
        >>> default_algorithm(2, 4, 2 / 3.5), default_algorithm(2, 4, 2 / 2.3), default_algorithm(3, 4, -1.0)
        ('heat-bath', 'wolff', 'metropolis')
    """
    transfer = np.tanh(abs(bond) / 2)
    if states == 2 and transfer * (neighbours - 1) < _SHORT and transfer < _SHORT_RING:
        return "heat-bath"
    if bond >= 0:
        return "wolff"
    if states == 2:
        return "swendsen-wang" if field == 0 else "mixed"
    return "metropolis"


def lattice_dynamics(
    neighbours: np.ndarray,
    states: int,
    bond: float,
    field: float = 0.0,
    *,
    algorithm: str | None = None,
    groups: np.ndarray | None = None,
    seed: int = 0,
) -> Dynamics:
    """A chain of discrete states; no algorithm: the best that is valid.

    Arguments:
        neighbours: See `_lattice.neighbour_table`.
        states: q.
        bond, field: See above.
        algorithm: One of `ALGORITHMS`.
        groups: Sublattice 0, 1, .. of every site, whose order is watched, too.
        seed: Of what is done to choose the temperatures of a replica exchange.

    Raises:
        InputError: An unknown algorithm, or one that the model does not admit.
    """
    algorithm = algorithm or default_algorithm(states, neighbours.shape[1], bond, field)
    _check(algorithm, states, bond, field)
    if algorithm == "replica-exchange":
        return tempered(
            neighbours,
            bond,
            field,
            groups,
            partial(orders, bond=bond, field=field),
            _names(groups),
            seed,
        )
    if algorithm == "heat-bath":
        return _multispin(neighbours, bond, field, groups)
    return one_by_one(_KERNELS[algorithm], neighbours, states, bond, field, groups)


def _check(algorithm: str, states: int, bond: float, field: float) -> None:
    if algorithm not in ALGORITHMS:
        raise InputError(f"unknown algorithm {algorithm!r}; choose from {', '.join(ALGORITHMS)}")
    if algorithm in ("swendsen-wang", "wolff", "mixed") and states > 2 and bond < 0:
        raise InputError("clusters of an antiferromagnet need 2 states; choose metropolis")
    if algorithm in ("heat-bath", "replica-exchange") and states > 2:
        raise InputError(f"{algorithm} needs 2 states; choose swendsen-wang or metropolis")


def orders(equal: np.ndarray, counts: np.ndarray, bond: float, field: float) -> np.ndarray:
    """What is watched of one or more configurations.

    Arguments:
        equal: Equal bonds, shape `(..., directions)`.
        counts: Sites, shape `(..., groups, states)`.
        bond, field: See above; a field goes with two states.

    Returns:
        Shape `(..., 4)`, or `(..., 5)` if there are groups: see `NAMES`.

    Example:
        >>> orders(np.array([2, 2]), np.array([[2, 0], [0, 2]]), 0.5, 0.1).tolist()
        [-2.0, 0.0, 2.0, 8.0, 8.0]
    """
    groups = counts.shape[-2]
    waves = np.exp(2j * np.pi * np.outer(range(min(groups, 2)), range(groups)) / groups)
    moments = np.abs(waves @ counts) ** 2  # (..., 1 or 2, states)
    spread = equal.var(axis=-1) if equal.shape[-1] else np.zeros(equal.shape[:-1])
    down, up = counts[..., 0].sum(axis=-1), counts[..., 1].sum(axis=-1)
    whole = [-bond * equal.sum(axis=-1) - field * (up - down), spread, down]
    return np.stack([*whole, *np.moveaxis(moments.sum(axis=-1), -1, 0)], axis=-1)


def _names(groups: np.ndarray | None) -> tuple[str, ...]:
    return NAMES if groups is not None and groups.any() else NAMES[:-1]


def one_by_one(
    kernel: Callable, neighbours, states, bond, field, groups: np.ndarray | None = None
) -> Dynamics:
    """The dynamics of a kernel that moves one lattice of `uint8` states.

    Arguments:
        kernel: `kernel(values, neighbours, states, bond, field, rng, updates)`, in place;
            returns the number of sites updated.
    """
    sites = len(neighbours)
    groups = np.zeros(sites, np.int64) if groups is None else groups

    def start(number: int, generator: np.random.Generator) -> np.ndarray:
        return generator.integers(0, states if number % 2 else 1, sites, dtype=np.uint8)

    def advance(state: np.ndarray, rng: np.ndarray, updates: int) -> int:
        return kernel(state, neighbours, states, bond, field, rng, updates)

    def watch(state: np.ndarray) -> np.ndarray:
        equal, counts = (
            np.empty(neighbours.shape[1] // 2, np.int64),
            np.empty((groups.max() + 1, states), np.int64),
        )
        observe(state, neighbours, equal, counts, groups)
        return orders(equal, counts, bond, field)

    return Dynamics(start, advance, watch, sites, names=_names(groups))


def _multispin(neighbours, bond, field, groups) -> Dynamics:
    """64 lattices in the bits of one word a site; without a field each draw ends with a random global flip."""
    layout, sites = Layout.of(neighbours), len(neighbours)
    odds = Odds.of(flip_costs(neighbours.shape[1], bond, field))
    places = layout.stored(np.zeros(sites, np.int64) if groups is None else groups)

    def start(number: int, generator: np.random.Generator) -> np.ndarray:
        states = generator.integers(0, 2, (WIDTH, sites), dtype=np.uint8)
        states[::2] = 0
        return pack(states, layout)

    def advance(words: np.ndarray, rng: np.ndarray, updates: int) -> int:
        sweep(words, layout.neighbours, layout.bounds, odds.cases, odds.digits, rng, updates)
        if field == 0:
            turn(words, rng)
        return updates * sites

    def watch(words: np.ndarray) -> np.ndarray:
        return orders(*census(words, layout.neighbours, places), bond, field)

    return Dynamics(
        start,
        advance,
        watch,
        sites,
        WIDTH,
        lambda words: unpack(words, layout),
        names=_names(groups),
    )
