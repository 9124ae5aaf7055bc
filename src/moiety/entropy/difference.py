r"""The entropy per particle of one phase minus that of another, from frames of both.

    s_2 - s_1 = [s_ex,2 - s_ex,1] - log(rho_2 / rho_1)

Both excess entropies are estimated in the same way: unit of length, blocks, resolution, networks,
training and seed.  `difference_terms` subtracts them, `coexistence` adds enthalpies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from time import perf_counter
from typing import Any

from ..base.errors import EstimateError, InputError, Stopped
from ..data.kinds import Marks
from ..data.particles import Particles
from ..estimation.critics import PointsCritic
from ..estimation.execution import Progress
from ..inspection.particles import inspect_particles
from ..results.difference import EntropyDifference, Measured
from ..results.result import EntropyResult
from .coexistence import coexistence_of
from .difference_terms import UNITS, check_comparable, subtract
from .particle_resolution import blocks_that_fit, check_resolution, inspection_checks
from .particles import LARGEST, SMALLEST, estimate_excess_entropy
from .unit_of_length import UnitOfLength

__all__ = ["entropy_difference"]

_SAME_LENGTH = 1e-6  # relative, of the smallest diameters

Phase = Particles | EntropyResult


def entropy_difference(
    first: Phase,
    second: Phase,
    *,
    names: tuple[str, str] = ("first", "second"),
    temperature: float | None = None,
    enthalpies: tuple[tuple[float, float], tuple[float, float]] | None = None,
    unit: str = "k_B",
    on_result: Callable[[int, EntropyResult], None] | None = None,
    **settings: Any,
) -> EntropyDifference:
    """Subtract the entropy per particle of a first phase from that of a second one.

    Args:
        first: Frames of one phase, such as a solid, or the result of `estimate_excess_entropy`.
        second: Frames of the other phase at the same temperature, such as a liquid, or a result;
            frames or results on both sides.
        names: Names of the phases for messages and pages.
        temperature: Temperature of both phases, in the unit of the enthalpies over the entropy.
        enthalpies: Enthalpy and its error of each phase: per particle and divided by k_B, or in
            J/mol with the unit J/mol/K.  Energies serve, too, if the pressure is zero or the
            volumes are the same.
        unit: `"k_B"` or `"J/mol/K"`.
        on_result: Called with 0 or 1 and the result of that phase as soon as it is known.
        **settings: Of `estimate_excess_entropy`, the same for both phases; without diameters,
            `sigma` is the first peak of g(r) of the first phase.  None for results.

    Raises:
        InputError: Frames on one side and a result on the other, an unknown unit, no common unit
            of length, results that were made with different settings, and what
            `estimate_excess_entropy` refuses.
        EstimateError: As for `estimate_excess_entropy`.
        Stopped: Asked to stop before the second phase was begun.

    Example:
        >>> import moiety
        >>> from moiety import Training
        >>> dense, thin = (moiety.system("hard-rods", particles=64, density=x) for x in (0.5, 0.25))
        >>> frames = [model.sample(64, seed=1) for model in (dense, thin)]
        >>> options = {"training": Training(steps=100), "largest": 2.0, "cross_check": False}
        >>> found = entropy_difference(*frames, seed=1, **options)
        >>> round(found.density.value, 4)  # log(0.5 / 0.25)
        0.6931
        >>> exact = 0.6931 + thin.exact_excess_entropy() - dense.exact_excess_entropy()
        >>> abs(found.entropy - exact) < 3 * found.error
        True
    """
    if unit not in UNITS:
        raise InputError(f"unknown unit {unit!r}; choose from {', '.join(UNITS)}")
    coexistence_of(Measured(1.0, 0.0), temperature, enthalpies)  # refused before the long work
    results = _results(first, second, names, on_result, settings)
    check_comparable(results, names)
    plain = subtract(results, names, unit)
    found = coexistence_of(Measured(plain.entropy, plain.error), temperature, enthalpies)
    return subtract(results, names, unit, found) if found else plain


def _results(
    first: Phase,
    second: Phase,
    names: tuple[str, str],
    on_result: Callable[[int, EntropyResult], None] | None,
    settings: dict[str, Any],
) -> tuple[EntropyResult, EntropyResult]:
    """The given results, or estimates from the given frames."""
    if isinstance(first, Particles) and isinstance(second, Particles):
        return _estimated((first, second), names, on_result, settings)
    if isinstance(first, Particles) or isinstance(second, Particles):
        raise InputError(
            f"{names[0]} and {names[1]}: one holds frames and the other a result; give frames or"
            " results of both phases"
        )
    if settings:
        raise InputError(
            f"results are there already: {', '.join(settings)} cannot change them; leave it out"
        )
    return first, second


def _estimated(
    phases: tuple[Particles, Particles],
    names: tuple[str, str],
    on_result: Callable[[int, EntropyResult], None] | None,
    settings: dict[str, Any],
) -> tuple[EntropyResult, EntropyResult]:
    """Estimate both phases in the same way, once the second one is known to be fit for it."""
    marks = Marks(settings.get("types", True), settings.get("diameters", True))
    settings = {**settings, "sigma": _common_sigma(phases, names, marks, settings.get("sigma"))}
    _check(phases, names, marks, settings)
    limit, stop = settings.pop("time_limit", None), settings.get("should_stop")
    started, found = perf_counter(), []
    for which, (phase, name) in enumerate(zip(phases, names, strict=True)):
        if which and stop is not None and stop():
            raise Stopped(f"stopped before {names[1]} was begun; there is no difference")
        own = {**settings, "progress": _part(settings.get("progress"), which, name)}
        if limit is not None:  # half of it for each, and for the second what the first has left
            own["time_limit"] = limit / 2 if not which else limit - (perf_counter() - started)
            own["time_limit"] = max(own["time_limit"], limit / 4)
        with _naming(name):
            result = estimate_excess_entropy(phase, **own)
        if on_result is not None:
            on_result(which, result)
        found.append(result)
    return found[0], found[1]


def _common_sigma(
    phases: tuple[Particles, Particles], names: tuple[str, str], marks: Marks, sigma: float | None
) -> float:
    """The length that both phases are measured in: the given one, or that of the first phase."""
    if sigma is None and all(phase.diameters is not None for phase in phases):
        smallest = [float(phase.diameters.min()) for phase in phases if phase.diameters is not None]
        if abs(smallest[1] - smallest[0]) > _SAME_LENGTH * smallest[0]:
            raise InputError(
                f"the smallest diameters of {names[0]} and {names[1]} differ ({smallest[0]:g} and"
                f" {smallest[1]:g}); give the length that blocks of both are measured in: sigma"
            )
    with _naming(names[0]):
        return UnitOfLength.of(phases[0], sigma, marks).sigma


def _check(
    phases: tuple[Particles, Particles],
    names: tuple[str, str],
    marks: Marks,
    settings: dict[str, Any],
) -> None:
    """Refuse phases that could not be estimated before the first one takes its time."""
    dimensions = [phase.dimensions for phase in phases]
    if dimensions[0] != dimensions[1]:
        raise InputError(
            f"{names[0]} has {dimensions[0]} dimensions and {names[1]} has {dimensions[1]}; give"
            " frames of the same substance"
        )
    known = [asdict(marks.known(phase)) for phase in phases]
    for mark in known[0]:
        if known[0][mark] != known[1][mark]:
            first, second = names if known[0][mark] else names[::-1]
            raise InputError(
                f"{first} has {mark} of particles and {second} has none; leave them out of both:"
                f" {mark}=False (--no-{mark})"
            )
    resolution = settings.get("resolution")
    critic = settings.get("critic") or PointsCritic()
    check_resolution(resolution, critic.sees, SMALLEST)
    for phase, name in zip(phases, names, strict=True):
        with _naming(name):
            scaled = UnitOfLength.of(phase, settings["sigma"], marks).scaled(phase)
            blocks_that_fit(scaled, SMALLEST, settings.get("largest", LARGEST))
            inspection_checks(
                inspect_particles(scaled, sigma=1.0, marks=marks.known(phase)), resolution
            )


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Put the name of the phase in front of what is wrong with it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    except EstimateError as error:
        raise EstimateError(f"{name}: {error}", error.learnt) from error


def _part(progress: Progress | None, which: int, name: str) -> Progress | None:
    """Progress of both phases together, from that of one."""
    if progress is None:
        return None
    return lambda done, total, text: progress(done + which * total, 2 * total, f"{name}: {text}")
