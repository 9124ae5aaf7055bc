"""From the draws of Markov chains, or from independent draws, to `Samples` with provenance."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from math import isfinite, prod
from typing import Any

import numpy as np

from .. import __version__
from ..base.errors import InputError
from ..base.scratch import slabs
from ..data.samples import Samples
from ._models import LatticeModel, Model
from .dynamics._arrays import Integers, Sites, Stream
from .dynamics.driver import Draws, Dynamics, run_chains
from .dynamics.lattice import default_algorithm, lattice_dynamics

__all__ = ["as_samples", "exact_draws", "exact_samples", "lattice_samples", "provenance"]

_INDEPENDENT: dict[str, tuple[Any, ...]] = {  # values of chain options that independent draws allow
    "algorithm": (None, "exact"),
    "thinning": (None, 1),
    "burn_in": (None, 0),
}


def lattice_samples(
    system: LatticeModel,
    neighbours: Sites,
    labels: tuple[int, ...],
    bond: float,
    field: float = 0.0,
    *,
    algorithm: str | None = None,
    groups: Integers | None = None,
    **options: Any,
) -> Samples:
    """`Samples` of a system of discrete states.

    Args:
        system: The system.
        neighbours: Neighbour table; see `_lattice.neighbour_table`.
        labels: States that the codes 0..q-1 stand for.
        bond: Energy of an equal pair over -T; see `dynamics.lattice`.
        field: Field over T; see `dynamics.lattice`.
        algorithm: By default the fastest valid algorithm (`dynamics.lattice.default_algorithm`).
            - `"heat-bath"`: single spins of two states, 64 lattices at once; `"metropolis"`:
              single spins at random.  Below a transition they stay in the phase or the stripes
              that they started with.  Such draws are not samples of the equilibrium, and `rhat`
              and `effective` of the provenance show it.
            - `"swendsen-wang"`, `"wolff"`: clusters; the latter with a ghost spin in a field.
            - `"mixed"`: Swendsen-Wang and Metropolis in turn, two states only.
            - `"replica-exchange"`: heat baths at many temperatures, two states only.
        groups: Sublattice of every site; see `dynamics.lattice.lattice_dynamics`.
        options: Options of `driver.run_chains`.
    """
    if algorithm is None:
        algorithm = default_algorithm(len(labels), neighbours.shape[1], bond, field)
    seed = options.get("seed", 0)
    dynamics = lattice_dynamics(
        neighbours, len(labels), bond, field, algorithm=algorithm, groups=groups, seed=seed
    )
    return as_samples(system, run_chains(dynamics, **options), "discrete", labels, algorithm)


def exact_samples(
    system: LatticeModel,
    draw: Callable[[np.ndarray, Stream], None],
    kind: str,
    dtype: type[np.generic],
    labels: tuple[int, ...],
    **options: Any,
) -> Samples:
    """`Samples` of a system that is sampled exactly: every draw is independent.

    Args:
        system: The system.
        draw: `draw(state, rng)` fills a state, shape `(sites,)`, from a stream of `splitmix`.
        kind: Kind of the samples: `"discrete"`, `"angle"` or `"real"`.
        dtype: Type of the values.
        labels: States that the codes stand for (discrete samples only).
        options: See `exact_draws`.
    """
    draws = exact_draws(system, draw, prod(system.shape), dtype, **options)
    return as_samples(system, draws, kind, labels, "exact")


def exact_draws(
    system: Model,
    draw: Callable[[np.ndarray, Stream], None],
    sites: int,
    dtype: type[np.generic],
    **options: Any,
) -> Draws:
    """Independent draws, made by the same driver as Markov chains.

    Args:
        system: The system; its name appears in messages.
        draw: `draw(state, rng)` fills a state, shape `(sites,)`, from a stream of `splitmix`.
        sites: Number of entries of a state.
        dtype: Type of the values.
        options: Options of `driver.run_chains`.  Options of Markov chains (`algorithm`,
            `thinning`, `burn_in`) admit only values that independent draws satisfy.
    """
    _check_options(system.name, options)
    options = {name: value for name, value in options.items() if name not in _INDEPENDENT}

    def advance(state: np.ndarray, rng: Stream, updates: int) -> int:
        draw(state, rng)
        return updates * sites

    def start(number: int, generator: np.random.Generator) -> np.ndarray:
        return np.zeros(sites, dtype)

    dynamics = Dynamics(start, advance, lambda state: (0.0,), sites, dtype=dtype, names=("none",))
    return run_chains(dynamics, thinning=1, burn_in=0, **options)


def _check_options(name: str, options: dict[str, Any]) -> None:
    """Raise InputError for an option that has no meaning for independent draws."""
    for option, allowed in _INDEPENDENT.items():
        if option in options and options[option] not in allowed:
            raise InputError(
                f"{name} is sampled exactly: {option} {options[option]!r} has no meaning"
            )
    known = signature(run_chains).parameters
    unknown = [option for option in options if option not in known and option not in _INDEPENDENT]
    if unknown:
        raise InputError(f"{name} is sampled exactly: there is no option {unknown[0]!r}")


def as_samples(
    system: LatticeModel, draws: Draws, kind: str, labels: tuple[int, ...], algorithm: str
) -> Samples:
    """Convert draws to `Samples` with their provenance.

    Args:
        system: The system that was sampled.
        draws: Result of `driver.run_chains`.
        kind: Kind of the samples: `"discrete"`, `"angle"` or `"real"`.
        labels: States that the codes stand for (discrete samples only).
        algorithm: Name of the algorithm.
    """
    _check_finite(system, draws)
    return Samples(
        draws.values.reshape(*draws.values.shape[:2], *system.shape),
        kind,
        system.periodic,
        labels,
        system.symmetries,
        provenance(system, draws, algorithm),
    )


def _check_finite(system: LatticeModel, draws: Draws) -> None:
    """Refuse values that overflowed: files could not be read back."""
    values = draws.values
    parts = slabs(values.shape, values.itemsize) if values.dtype.kind == "f" else ()
    if not all(np.isfinite(values[part]).all() for part in parts):
        raise InputError(
            f"samples of {system.name} with these parameters are not finite; choose parameters"
            " nearer to 1"
        )


def provenance(system: Model, draws: Draws, algorithm: str) -> dict[str, Any]:
    """System, algorithm, seed and statistics of draws, as saved with the samples."""
    return {
        "system": system.name,
        "parameters": system.parameters(),
        "algorithm": algorithm,
        "thinning": draws.thinning,
        "burn_in": draws.burn_in,
        "tau_int": draws.tau_int,
        "tau_draws": draws.tau_draws,
        "effective": draws.effective,
        "rhat": draws.rhat if isfinite(draws.rhat) else None,
        "complete": draws.complete,
        "seed": draws.seed,
        "chains": len(draws.values),
        "given": dict(draws.given),
        "version": __version__,
    }
