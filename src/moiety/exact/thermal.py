r"""Entropy, energy and heat capacity of a system, per site, by whichever method solves it.

    s = (ln Z + U / T) / N,    u = U / N,    c = (1 / N) dU/dT = (T / N) dS/dT.

The methods, in order: closed forms, the sum over all states of a small system, the transfer
matrix of a torus with one short side.  A system is any object with the `name`, `shape`,
`temperature` and `parameters()` of the classes in `moiety.systems`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from . import chain, enumeration, houtappel, kaufman, onsager, triangular_torus, xy
from .strips import LATTICES, MOST_RING, Strip

__all__ = ["Thermal", "site_states", "thermal", "torus_strip"]


@dataclass(frozen=True)
class Thermal:
    """Exact thermal averages per site.

    Args:
        entropy: Entropy in nats; None if unknown.
        energy: Mean energy; None if unknown.
        heat_capacity: Heat capacity in units of k_B; None if unknown.
    """

    entropy: float | None = None
    energy: float | None = None
    heat_capacity: float | None = None


def thermal(system: Any, infinite: bool = False) -> Thermal:
    """Exact thermal averages of a system.

    Args:
        system: A system of `moiety.systems`, or any object like them.
        infinite: Whether to take the infinite lattice instead of the system's own.

    Example:
        >>> from moiety import system
        >>> thermal(system("ising-chain", size=8, temperature=1.0), infinite=True)
        Thermal(entropy=0.3653..., energy=-0.7615..., heat_capacity=0.4199...)
        >>> thermal(system("xy-square", size=8, temperature=1.0))
        Thermal(entropy=None, energy=None, heat_capacity=None)
    """
    solve = _SOLVED.get(system.name)
    solved = solve(system, infinite) if solve else None
    if solved is None and not infinite:
        solved = _enumerated(system) or _short_sided(system)
    if solved is None:  # the system itself may have an exact entropy
        solved = Thermal(system.entropy_infinite() if infinite else system.exact_entropy())
    return solved


def _enumerated(system: Any) -> Thermal | None:
    states = site_states(system)
    answers = None if states is None else enumeration.system_answers(system, states)
    return None if answers is None else Thermal(*answers)


def _short_sided(system: Any) -> Thermal | None:
    strip = torus_strip(system)
    if strip is None:
        return None
    rows = max(system.shape)
    return Thermal(strip.entropy(rows), strip.energy(rows))


def site_states(system: Any) -> int | None:
    """Number of states of a site; None for angles and real numbers.

    Args:
        system: See `thermal`.

    Example:
        >>> from moiety import system
        >>> site_states(system("potts-square", size=8, temperature=1.0, states=5))
        5
    """
    if system.name.startswith("ising"):
        return 2
    return getattr(system, "states", None)


def torus_strip(system: Any, width: int | None = None) -> Strip | None:
    """The rows of a torus as a strip; None if a row has too many states.

    Args:
        system: See `thermal`.
        width: Number of sites of a row; by default the shorter side.

    Example:
        >>> from moiety import system
        >>> torus_strip(system("ising-square", size=(64, 6), temperature=2.0)).width
        6
    """
    width, states = min(system.shape) if width is None else width, site_states(system)
    if system.name not in LATTICES or states is None or states**width > MOST_RING:
        return None
    options = {name: value for name, value in system.parameters().items() if name != "size"}
    return Strip(system.name, width, **options)


def _ising_square(system: Any, infinite: bool) -> Thermal | None:
    t, j = system.temperature, system.coupling
    if not infinite and min(system.shape) == 1:
        return _ring(t, max(system.shape), j, system.field)
    if system.field != 0:
        return None
    if infinite:
        return Thermal(
            onsager.onsager_entropy(t, coupling=j),
            onsager.onsager_energy(t, coupling=j),
            onsager.onsager_heat_capacity(t, coupling=j),
        )
    if j < 0 and any(side % 2 for side in system.shape):
        return None
    return Thermal(
        kaufman.kaufman_entropy(t, system.shape, coupling=j),
        kaufman.kaufman_energy(t, system.shape, coupling=j),
        kaufman.kaufman_heat_capacity(t, system.shape, coupling=j),
    )


def _ising_triangular(system: Any, infinite: bool) -> Thermal | None:
    t, j = system.temperature, system.coupling
    if not infinite and min(system.shape) == 1:  # the diagonal bond doubles the bond along the row
        return _ring(t, max(system.shape), 2 * j, system.field)
    if system.field != 0:
        return None
    if infinite:
        return Thermal(
            houtappel.houtappel_entropy(t, coupling=j),
            houtappel.houtappel_energy(t, coupling=j),
            houtappel.houtappel_heat_capacity(t, coupling=j),
        )
    if j < 0 and max(system.shape) > triangular_torus.LONGEST * min(system.shape):
        return None
    return Thermal(
        triangular_torus.triangular_torus_entropy(t, system.shape, coupling=j),
        triangular_torus.triangular_torus_energy(t, system.shape, coupling=j),
        triangular_torus.triangular_torus_heat_capacity(t, system.shape, coupling=j),
    )


def _ising_chain(system: Any, infinite: bool) -> Thermal:
    return _ring(
        system.temperature, None if infinite else system.shape[0], system.coupling, system.field
    )


def _ring(temperature: float, size: int | None, coupling: float, field: float) -> Thermal:
    functions = chain.chain_entropy, chain.chain_energy, chain.chain_heat_capacity
    return Thermal(*(function(temperature, size, coupling, field) for function in functions))


def _xy_square(system: Any, infinite: bool) -> Thermal | None:
    t, j, sites = system.temperature, system.coupling, prod(system.shape)
    if infinite:
        return None
    if system.field != 0:
        if sites > 2:
            return None
        return Thermal(
            xy.spin_entropy(t, system.field)
            if sites == 1
            else xy.pair_entropy(t, 2 * j, system.field) / 2
        )
    if system.shape == (2, 2):  # a ring of four double bonds
        j, ring = 2 * j, True
    else:
        ring = min(system.shape) == 1
    if not ring or (j < 0 and sites % 2 and sites > 1):
        return None
    return Thermal(xy.chain_entropy(t, sites, j), xy.chain_energy(t, sites, j))


def _gaussian_field(system: Any, infinite: bool) -> Thermal:
    entropy = system.entropy_infinite() if infinite else system.exact_entropy()
    return Thermal(entropy, system.temperature / 2, 0.5)  # equipartition


def _markov_chain(system: Any, infinite: bool) -> Thermal:
    """A chain without an energy; its entropy is known."""
    return Thermal(system.entropy_infinite() if infinite else system.exact_entropy())


_SOLVED: dict[str, Callable[[Any, bool], Thermal | None]] = {
    "ising-square": _ising_square,
    "ising-triangular": _ising_triangular,
    "ising-chain": _ising_chain,
    "xy-square": _xy_square,
    "gaussian-field": _gaussian_field,
    "markov-chain": _markov_chain,
}
