"""A result with its free energy, and what known energies say about the samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import hypot
from time import perf_counter

from ..base.errors import EstimateError, InputError, Stopped
from ..base.words import measured
from ..chain_rule.estimate import ChainRuleEstimate
from ..data.samples import Samples
from ..estimation.execution import Execution, Hooks, Task
from ..results.energies import FreeEnergy
from ..results.result import EntropyResult
from ..results.types import Check, Status
from .bennett import check_pymbar
from .energies import free_energy_of
from .known_energies import Energy, KnownEnergies

__all__ = ["add_free_energy", "checked_energies"]

_SIGMAS = 3.0
_TEMPERATURE = 0.1  # relative difference that an imperfect network may cause; 0.057 was seen
_PER_SITE = 0.1  # relative difference of a temperature over sites that betrays energies per site


def checked_energies(
    samples: Samples,
    temperature: float | None,
    energies: object,
    energy: Energy | None,
    mean_energy: tuple[float, float] | None,
    *,
    has_chain_rule: bool,
) -> KnownEnergies | None:
    """The keywords of `estimate_entropy` about energies, checked before the long work.

    Args:
        samples: The samples.
        temperature: Their temperature.
        energies: Their energies.
        energy: Function of the energy.
        mean_energy: Mean energy of a longer record, and its error.
        has_chain_rule: Whether the chain rule is part of the estimate.

    Returns:
        None if nothing was given.

    Raises:
        InputError: Only some of what is needed, energies that do not fit the samples, or a package
            that is not installed.
    """
    known = (energies, energy, mean_energy)
    if temperature is None:
        if any(part is not None for part in known):
            raise InputError("energies need the temperature of the samples; give it, too")
        return None
    if not samples.homogeneous:
        raise InputError(
            "free energies need samples whose sites are equivalent; leave out the temperature"
        )
    if not has_chain_rule:
        raise InputError("free energies come from the chain rule; do not leave it out")
    found = KnownEnergies(temperature, energies, energy, mean_energy)  # type: ignore[arg-type]
    found.of(samples)
    if found.energy is not None:
        check_pymbar()
    return found


def add_free_energy(
    result: EntropyResult,
    other: ChainRuleEstimate | None,
    known: KnownEnergies,
    execution: Execution,
    hooks: Hooks,
    is_over: Callable[[], bool],
) -> EntropyResult:
    """The result with its free energy, a bracket if the energy function is known, and checks.

    Args:
        result: The result.
        other: The estimate by the chain rule; without one there is no free energy.
        known: Temperature and energies.
        execution: Seed of the draws, and threads.
        hooks: Functions of the user.
        is_over: Whether to stop.
    """
    if other is None:
        missing = Check("free energy", False, "stopped before the free energy was known")
        return replace(result, status=Status((*result.status.checks, missing)))
    started, total = perf_counter(), len(result.levels)
    task = hooks.task("free energy", total, total, is_over)
    try:
        found, checks = _free_energy(other, known, execution, task)
    except Stopped:
        return add_free_energy(result, None, known, execution, hooks, is_over)
    excess = result.provenance["configuration"].get("excess", False)
    checks += _checks(found, result, other.samples.sites, is_excess=bool(excess))
    timing = {**result.timing, "free_energy": perf_counter() - started}
    return replace(
        result,
        free_energy=found,
        status=Status((*result.status.checks, *checks)),
        timing=timing | {"total": timing["total"] + timing["free_energy"]},
    )


def _free_energy(
    other: ChainRuleEstimate, known: KnownEnergies, execution: Execution, task: Task
) -> tuple[FreeEnergy, list[Check]]:
    """The free energy; from the samples alone, with a check that failed, if draws are too far."""
    try:
        return free_energy_of(other, known, execution, task=task), []
    except EstimateError as error:
        far = Check("overlap", False, f"no bracket: {error}")
    alone = replace(known, energies=known.of(other.samples), energy=None)
    return free_energy_of(other, alone, execution, task=task), [far]


def _checks(
    found: FreeEnergy, result: EntropyResult, sites: int, *, is_excess: bool
) -> Iterator[Check]:
    yield _temperature(found, sites)
    if found.bracket and not is_excess:
        apart = result.entropy - found.entropy
        error = hypot(result.error, found.entropy_error)
        agrees = abs(apart) <= _SIGMAS * error
        verb = "agree" if agrees else "disagree"
        yield Check(
            "free energy",
            agrees,
            f"s and (E - F) / T {verb}: they differ by {abs(apart) / max(error, 1e-12):.1f} errors",
        )


def _temperature(found: FreeEnergy, sites: int) -> Check:
    """Whether the slope of -log q against the energies fits the temperature."""
    given, fitted, error = found.temperature, found.fitted_temperature, found.fitted_error
    slope, slope_error = given / fitted, error * given / fitted**2  # of -log q against E / T
    passed = abs(slope - 1) <= max(_SIGMAS * slope_error, _TEMPERATURE)
    text = f"the networks fit T = {measured(fitted, error)}"
    if passed:
        return Check("temperature", True, f"{text}, {given:g} was given")
    if abs(fitted * sites / given - 1) < _PER_SITE:
        reason = "the energies seem to be per site; give those of the whole lattice"
    elif not 0.1 < fitted / given < 10:
        reason = f"{given:g} was given: the energies do not seem to belong to these samples"
    else:
        reason = f"{given:g} was given: wrong temperature, or energies of other samples?"
    return Check("temperature", False, f"{text}; {reason}")
