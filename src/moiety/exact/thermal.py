r"""Entropy, energy and heat capacity of a system, per site, by whichever answer knows it.

    s = (ln Z + U / T) / N,    u = U / N,    c = (1 / N) dU/dT = (T / N) dS/dT.

In order: closed forms, the sum over all states of a small system, the transfer matrix of a
torus with one short side.  A system is any object with the `name`, `shape`, `temperature` and
`parameters()` of those in `moiety.systems`; nothing here knows their classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from . import chain, enumeration, houtappel, kaufman, onsager, triangular_torus, xy
from .strips import LATTICES, MOST_RING, Strip

__all__ = ["Thermal", "site_states", "thermal", "torus_strip"]


@dataclass(frozen=True)
class Thermal:
    """Per site, in nats and units of energy; None where not known."""

    entropy: float | None = None
    energy: float | None = None
    heat_capacity: float | None = None


def thermal(system: Any, infinite: bool = False) -> Thermal:
    """What is known of a system on its lattice, or on the infinite lattice.

    Example:
        >>> from moiety import system
        >>> thermal(system("ising-chain", size=8, temperature=1.0), infinite=True)
        Thermal(entropy=0.3653..., energy=-0.7615..., heat_capacity=0.4199...)
        >>> thermal(system("xy-square", size=8, temperature=1.0))
        Thermal(entropy=None, energy=None, heat_capacity=None)
    """
    solved = _SOLVED.get(system.name, lambda *_: None)(system, infinite)
    if solved is None and not infinite:
        solved = _enumerated(system) or _short_sided(system)
    if solved is None:  # a system may know what this module does not
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
    """How many states a site has; None for angles and real numbers.

    Example:
        >>> from moiety import system
        >>> site_states(system("potts-square", size=8, temperature=1.0, states=5))
        5
    """
    if system.name.startswith("ising"):
        return 2
    return getattr(system, "states", None)


def torus_strip(system: Any, width: int | None = None) -> Strip | None:
    """The rows of a torus as a strip, of its shorter side unless a width is given; None if they have too many states.

    Example:
        >>> from moiety import system
        >>> torus_strip(system("ising-square", size=(64, 6), temperature=2.0)).width
        6
    """
    width = min(system.shape) if width is None else width
    if system.name not in LATTICES or site_states(system) ** width > MOST_RING:
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
        functions = onsager.onsager_entropy, onsager.onsager_energy, onsager.onsager_heat_capacity
        return Thermal(*(function(t, coupling=j) for function in functions))
    if j < 0 and any(side % 2 for side in system.shape):
        return None
    functions = kaufman.kaufman_entropy, kaufman.kaufman_energy, kaufman.kaufman_heat_capacity
    return Thermal(*(function(t, system.shape, coupling=j) for function in functions))


def _ising_triangular(system: Any, infinite: bool) -> Thermal | None:
    t, j = system.temperature, system.coupling
    if not infinite and min(system.shape) == 1:  # the diagonal bond doubles the one along the row
        return _ring(t, max(system.shape), 2 * j, system.field)
    if system.field != 0:
        return None
    if infinite:
        functions = (
            houtappel.houtappel_entropy,
            houtappel.houtappel_energy,
            houtappel.houtappel_heat_capacity,
        )
        return Thermal(*(function(t, coupling=j) for function in functions))
    if j < 0 and max(system.shape) > triangular_torus.LONGEST * min(system.shape):
        return None
    functions = (
        triangular_torus.triangular_torus_entropy,
        triangular_torus.triangular_torus_energy,
        triangular_torus.triangular_torus_heat_capacity,
    )
    return Thermal(*(function(t, system.shape, coupling=j) for function in functions))


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
    """No energy but -ln p, so neither energy nor heat capacity."""
    return Thermal(system.entropy_infinite() if infinite else system.exact_entropy())


_SOLVED = {
    "ising-square": _ising_square,
    "ising-triangular": _ising_triangular,
    "ising-chain": _ising_chain,
    "xy-square": _xy_square,
    "gaussian-field": _gaussian_field,
    "markov-chain": _markov_chain,
}
