"""From the draws of a walk to `Samples` that say where they come from."""

from __future__ import annotations

from inspect import signature
from math import isfinite, prod
from typing import Any

import numpy as np

from .. import __version__
from ..base.errors import InputError
from ..data.samples import Samples
from .dynamics.driver import Dynamics, Walk, walk
from .dynamics.lattice import default_algorithm, lattice_dynamics

__all__ = ["as_samples", "exact_samples", "exact_walk", "lattice_samples", "provenance"]

_OF_INDEPENDENT_DRAWS = {"algorithm": (None, "exact"), "thinning": (None, 1), "burn_in": (None, 0)}


def lattice_samples(
    system, neighbours: np.ndarray, labels: tuple[int, ...], bond: float, field: float = 0.0, *,
    algorithm: str | None = None, groups: np.ndarray | None = None, **options: Any,
) -> Samples:  # fmt: skip
    """`Samples` of a system of discrete states.

    Arguments:
        system: Has `name`, `shape`, `periodic`, `symmetries`, `parameters()`.
        neighbours: See `_lattice.neighbour_table`.
        labels: What the codes 0..q-1 stand for.
        bond, field: See `_dynamics`.
        algorithm: The best one unless given (`_dynamics.default_algorithm`).
            - `"heat-bath"`: single spins, of two states, 64 lattices at once; `"metropolis"`:
              single spins at random.  Below a transition they stay in the phase or the
              stripes that they began with, which `rhat` and `effective` of the provenance
              tell: such draws are no sample.
            - `"swendsen-wang"`, `"wolff"`: clusters; the latter with a ghost spin in a field.
            - `"mixed"`: Swendsen-Wang and Metropolis in turn, of two states.
            - `"replica-exchange"`: heat baths at many temperatures, of two states.
        groups: See `_dynamics.lattice_dynamics`.
        options: Of `_walk.walk`.
    """
    algorithm = algorithm or default_algorithm(len(labels), neighbours.shape[1], bond, field)
    seed = options.get("seed", 0)
    dynamics = lattice_dynamics(
        neighbours, len(labels), bond, field, algorithm=algorithm, groups=groups, seed=seed
    )
    return as_samples(system, walk(dynamics, **options), "discrete", labels, algorithm)


def exact_samples(
    system, draw, kind: str, dtype: type, labels: tuple[int, ...], **options: Any
) -> Samples:
    """`Samples` of a system whose every draw is independent of the one before.

    Arguments:
        system: Has `name`, `shape`, `periodic`, `symmetries`, `parameters()`.
        draw: `draw(state, rng)` fills a state of `sites` entries from a stream of `_splitmix`.
        kind, dtype, labels: Of the samples.
        options: See `exact_walk`.
    """
    result = exact_walk(system, draw, prod(system.shape), dtype, **options)
    return as_samples(system, result, kind, labels, "exact")


def exact_walk(system, draw, sites: int, dtype: type, **options: Any) -> Walk:
    """The walk of a system whose every draw is independent of the one before.

    Arguments:
        system, draw, dtype: See `exact_samples`.
        sites: Entries of a state.
        options: Of `_walk.walk`; of those of a Markov chain (`algorithm`, `thinning`, `burn_in`) none but
            what independent draws have is taken.
    """
    rejected = {name: options.pop(name) for name in _OF_INDEPENDENT_DRAWS if name in options}
    for option, value in rejected.items():
        if value not in _OF_INDEPENDENT_DRAWS[option]:
            raise InputError(f"{system.name} is sampled exactly: {option} {value!r} has no meaning")
    unknown = [option for option in options if option not in signature(walk).parameters]
    if unknown:
        raise InputError(f"{system.name} is sampled exactly: there is no option {unknown[0]!r}")

    def advance(state: np.ndarray, rng: np.ndarray, updates: int) -> int:
        draw(state, rng)
        return updates * sites

    def start(number: int, generator: np.random.Generator) -> np.ndarray:
        return np.zeros(sites, dtype)

    dynamics = Dynamics(start, advance, lambda state: (0.0,), sites, dtype=dtype, names=("none",))
    return walk(dynamics, thinning=1, burn_in=0, **options)


def as_samples(system, result: Walk, kind: str, labels: tuple[int, ...], algorithm: str) -> Samples:
    """The draws of a walk as `Samples` that say where they come from."""
    values = result.values.reshape(*result.values.shape[:2], *system.shape)
    return Samples(
        values,
        kind,
        system.periodic,
        labels,
        system.symmetries,
        provenance(system, result, algorithm),
    )


def provenance(system, result: Walk, algorithm: str) -> dict[str, Any]:
    """Where the draws of a walk come from."""
    return {
        "system": system.name,
        "parameters": system.parameters(),
        "algorithm": algorithm,
        "thinning": result.thinning,
        "burn_in": result.burn_in,
        "tau_int": result.tau_int,
        "tau_draws": result.tau_draws,
        "effective": result.effective,
        "rhat": result.rhat if isfinite(result.rhat) else None,
        "complete": result.complete,
        "seed": result.seed,
        "chains": len(result.values),
        "version": __version__,
    }
