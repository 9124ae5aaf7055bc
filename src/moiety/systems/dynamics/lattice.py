r"""Choice of the Markov chain for a lattice of discrete states, and its observables.

E/T = -bond sum delta(s, s') - field sum sigma.

Single-spin updates of 64 lattices at once are fastest where correlations are short.  For either
sign of the coupling, correlations are at most as long as those of the ferromagnet on a tree of z
branches, which orders where tanh(|bond| / 2) (z - 1) = 1.  Clusters take over slightly before that
point.

The observables are the energy; the variance over directions of the number of equal bonds, which
shows stripes and winding sectors; the magnetisation, the number of sites in state 0; and

    order = sum_q |sum_g w^g n_gq|^2,    w = exp(2 pi i / groups),

where n_gq is the number of sites of group g in state q: the uniform order, and the order of the
sublattices if there are such groups.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from ...base.errors import InputError
from ._arrays import Codes, Integers, Reals, Sites, Stream, Words
from ._team import Dynamics
from .clusters import mixed, swendsen_wang, wolff
from .metropolis import metropolis, observe
from .multispin import Odds, flip_costs, sweep
from .replica_exchange import tempered
from .words import WIDTH, Layout, census, pack, turn, unpack

__all__ = [
    "ALGORITHMS",
    "NAMES",
    "default_algorithm",
    "lattice_dynamics",
    "orders",
    "single_lattice",
]

Kernel = Callable[[Codes, Sites, int, float, float, Stream, int], int]
_KERNELS: dict[str, Kernel] = {
    "swendsen-wang": swendsen_wang,
    "wolff": wolff,
    "mixed": mixed,
    "metropolis": metropolis,
}
ALGORITHMS = ("heat-bath", *_KERNELS, "replica-exchange")
NAMES = ("energy", "anisotropy", "magnetisation", "order", "sublattice order")
_SHORT = 0.95  # fraction of the transition point of the tree
_SHORT_RING = 0.8  # per bond of a ring, the tree with a single branch, which orders only at T = 0


def default_algorithm(states: int, neighbours: int, bond: float, field: float = 0.0) -> str:
    """The fastest valid algorithm.

    Args:
        states: Number of states q.
        neighbours: Number of neighbours of a site.
        bond: Energy of an equal pair over -T.
        field: Field over T.

    Example:
        >>> default_algorithm(2, 4, 2 / 3.5), default_algorithm(2, 4, 2 / 2.3)
        ('heat-bath', 'wolff')
        >>> default_algorithm(3, 4, -1.0)
        'metropolis'
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
    neighbours: Sites,
    states: int,
    bond: float,
    field: float = 0.0,
    *,
    algorithm: str | None = None,
    groups: Integers | None = None,
    seed: int = 0,
) -> Dynamics:
    """A Markov chain of discrete states.

    Args:
        neighbours: Neighbour table; see `_lattice.neighbour_table`.
        states: Number of states q.
        bond: Energy of an equal pair over -T.
        field: Field over T.
        algorithm: A member of `ALGORITHMS`; the fastest valid algorithm by default.
        groups: Sublattice 0, 1, ... of every site, shape `(sites,)`; adds the order of the
            sublattices to the observables.
        seed: Seed for the trial run that chooses the temperatures of a replica exchange.

    Raises:
        InputError: The algorithm is unknown, or the model does not admit it.
    """
    if algorithm is None:
        algorithm = default_algorithm(states, neighbours.shape[1], bond, field)
    _check(algorithm, states, bond, field)
    if algorithm == "replica-exchange":
        observables = partial(orders, bond=bond, field=field)
        return tempered(neighbours, bond, field, groups, observables, _names(groups), seed)
    if algorithm == "heat-bath":
        return _multispin(neighbours, bond, field, groups)
    return single_lattice(_KERNELS[algorithm], neighbours, states, bond, field, groups)


def _check(algorithm: str, states: int, bond: float, field: float) -> None:
    if algorithm not in ALGORITHMS:
        raise InputError(f"unknown algorithm {algorithm!r}; choose from {', '.join(ALGORITHMS)}")
    if algorithm in ("swendsen-wang", "wolff", "mixed") and states > 2 and bond < 0:
        raise InputError("clusters of an antiferromagnet need 2 states; choose metropolis")
    if algorithm in ("heat-bath", "replica-exchange") and states > 2:
        raise InputError(f"{algorithm} needs 2 states; choose swendsen-wang or metropolis")


def orders(equal: Integers, counts: Integers, bond: float, field: float) -> Reals:
    """Observables of configurations.

    Args:
        equal: Numbers of equal bonds, shape `(..., directions)`.
        counts: Numbers of sites, shape `(..., groups, states)`.
        bond: Energy of an equal pair over -T.
        field: Field over T, with two states only.

    Returns:
        Shape `(..., 4)`, or `(..., 5)` if there are groups: see `NAMES`.

    Example:
        >>> orders(np.array([2, 2]), np.array([[2, 0], [0, 2]]), 0.5, 0.1).tolist()
        [-2.0, 0.0, 2.0, 8.0, 8.0]
    """
    moments = np.abs(_waves(counts.shape[-2]) @ counts) ** 2  # (..., 1 or 2, states)
    spread = equal.var(axis=-1) if equal.shape[-1] else np.zeros(equal.shape[:-1])
    down, up = counts[..., 0].sum(axis=-1), counts[..., 1].sum(axis=-1)
    whole = [-bond * equal.sum(axis=-1) - field * (up - down), spread, down]
    return np.stack([*whole, *np.moveaxis(moments.sum(axis=-1), -1, 0)], axis=-1)


@lru_cache
def _waves(groups: int) -> NDArray[np.complex128]:
    """Weights w^g of the uniform order and of the sublattice order, shape `(1 or 2, groups)`."""
    waves: NDArray[np.complex128] = np.exp(
        2j * np.pi * np.outer(range(min(groups, 2)), range(groups)) / groups
    )
    return waves


def _names(groups: Integers | None) -> tuple[str, ...]:
    return NAMES if groups is not None and groups.any() else NAMES[:-1]


def single_lattice(
    kernel: Kernel,
    neighbours: Sites,
    states: int,
    bond: float,
    field: float,
    groups: Integers | None = None,
) -> Dynamics:
    """Dynamics of a kernel that moves a single lattice of `uint8` states.

    Args:
        kernel: `kernel(values, neighbours, states, bond, field, rng, updates)` moves the values
            in place and returns the number of sites updated.
        neighbours: Neighbour table; see `_lattice.neighbour_table`.
        states: Number of states q.
        bond: Energy of an equal pair over -T.
        field: Field over T.
        groups: Sublattice of every site; see `lattice_dynamics`.
    """
    sites = len(neighbours)
    group_of = np.zeros(sites, np.int64) if groups is None else groups

    def start(number: int, generator: np.random.Generator) -> Codes:
        return generator.integers(0, states if number % 2 else 1, sites, dtype=np.uint8)

    def advance(state: Codes, rng: Stream, updates: int) -> int:
        return kernel(state, neighbours, states, bond, field, rng, updates)

    def observables(state: Codes) -> Reals:
        equal = np.empty(neighbours.shape[1] // 2, np.int64)
        counts = np.empty((group_of.max() + 1, states), np.int64)
        observe(state, neighbours, equal, counts, group_of)
        return orders(equal, counts, bond, field)

    return Dynamics(start, advance, observables, sites, names=_names(groups))


def _multispin(neighbours: Sites, bond: float, field: float, groups: Integers | None) -> Dynamics:
    """64 lattices in a word per site; without a field each draw ends with a random global flip."""
    layout, sites = Layout.of(neighbours), len(neighbours)
    odds = Odds.of(flip_costs(neighbours.shape[1], bond, field))
    places = layout.stored(np.zeros(sites, np.int64) if groups is None else groups)

    def start(number: int, generator: np.random.Generator) -> Words:
        states = generator.integers(0, 2, (WIDTH, sites), dtype=np.uint8)
        states[::2] = 0
        return pack(states, layout)

    def advance(words: Words, rng: Stream, updates: int) -> int:
        sweep(words, layout.neighbours, layout.bounds, odds.cases, odds.digits, rng, updates)
        if field == 0:
            turn(words, rng)
        return updates * sites

    def observables(words: Words) -> Reals:
        return orders(*census(words, layout.neighbours, places), bond, field)

    return Dynamics(
        start,
        advance,
        observables,
        sites,
        WIDTH,
        lambda words: unpack(words, layout),
        names=_names(groups),
    )
