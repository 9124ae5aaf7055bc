r"""The difference of two results for particles: its parts by scale, and its error.

    Delta s = sum_k (t_2k - t_1k) - log(rho_2 / rho_1),     t_k = -M_k / (2 rho V_k)

with t_0 = -KL / (rho V_0) the term of the smallest blocks.

The errors of the two phases add in quadrature, part by part.  Their samples are independent.  What
training and area law miss is not: it makes both entropies too large, so that some of it cancels.
With missing parts a and b of one sign the difference errs by at most max(a, b), which is below
(a^2 + b^2)^(1/2); how much cancels is not known, and nothing is subtracted for it.  Within one
phase the frames that are denser by chance also have the lower excess entropy, so that the
sampling errors of both parts add up linearly.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot, log
from typing import Any

from ..base.errors import InputError
from ..results.difference import Coexistence, EntropyDifference, Measured, ScaleDifference
from ..results.result import EntropyResult
from ..results.types import Check, CrossCheck, Level, Source, Status
from .budget import total_error
from .checks import routes_agree
from .coexistence import melting_check

__all__ = ["UNITS", "check_comparable", "subtract"]

UNITS = {"k_B": ("k_B/particle", 1.0), "J/mol/K": ("J/mol/K", 8.314462618)}
"""Unit of the entropy by name, and the size of one nat in it."""

_SETTINGS = (
    "resolution", "largest", "types", "diameters", "critic", "objective", "bound", "training",
)  # fmt: skip
_SAME_LENGTH = 1e-6  # relative, of two sigmas
_SAME_PARTICLES = 0.01  # relative, of the mean volumes of a particle

Results = tuple[EntropyResult, EntropyResult]
Names = tuple[str, str]


def check_comparable(results: Results, names: Names) -> None:
    """Refuse results that were made with different settings, or that are not of particles.

    Args:
        results: The results.
        names: Their names.

    Raises:
        InputError: They cannot be compared; says which setting differs.
    """
    for result, name in zip(results, names, strict=True):
        if result.samples.get("kind") != "particles":
            raise InputError(f"{name}: holds the entropy of a lattice; differences need particles")
        if "sigma" not in result.provenance:
            raise InputError(
                f"{name}: does not record its unit of length; make it again by moiety estimate"
            )
    first, second = (result.provenance for result in results)
    apart = abs(first["sigma"] - second["sigma"]) > _SAME_LENGTH * abs(first["sigma"])
    settings: list[tuple[str, Any, Any]] = []
    settings += [("sigma", first["sigma"], second["sigma"])] if apart else []
    one, other = (_configuration(result) for result in results)
    settings += [
        (name, one.get(name), other.get(name))
        for name in _SETTINGS
        if one.get(name) != other.get(name)
    ]
    dimensions = [len(result.samples["shape"]) for result in results]
    settings += [("dimensions", dimensions[0], dimensions[1])] if len(set(dimensions)) > 1 else []
    if settings:
        name, *values = settings[0]
        shown = " and ".join(map(_short, values))
        raise InputError(
            f"{names[0]} and {names[1]} differ in {name} ({shown}): estimate both in the same way"
        )


def _configuration(result: EntropyResult) -> Mapping[str, Any]:
    found = result.provenance.get("configuration")
    return found if isinstance(found, Mapping) else {}


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)[:60]


def subtract(
    results: Results, names: Names, unit: str, coexistence: Coexistence | None = None
) -> EntropyDifference:
    """Subtract the first entropy from the second.

    Args:
        results: Comparable results, in nats per particle.
        names: Their names.
        unit: A name of `UNITS`.
        coexistence: See `with_coexistence`.
    """
    label, nat = UNITS[unit]
    excess = (results[1].entropy - results[0].entropy) * nat
    density, sampled = _density_part(results)
    budget = {name: part * nat for name, part in _budget(results).items()}
    crossed = _crossed(results, density, nat)
    error = total_error(budget)
    checks = [*_of_phases(results, names), _one_substance(results)]
    checks += [_routes(crossed, label)] if crossed else []
    checks += melting_check(Measured(excess + density * nat, error), coexistence)
    return EntropyDifference(
        names=names,
        results=results,
        entropy=excess + density * nat,
        error=error,
        excess=Measured(excess, hypot(*(result.error for result in results)) * nat),
        density=Measured(density * nat, sampled * nat),
        budget=budget,
        scales=_scales(results, nat),
        status=Status(tuple(checks)),
        cross_check=crossed,
        coexistence=coexistence,
        unit=label,
    )


def _density_part(results: Results) -> tuple[float, float]:
    """-log(rho_2 / rho_1) and its error, in nats."""
    first, second = (float(result.samples["density"]) for result in results)
    return -log(second / first), hypot(*(_density_error(result) for result in results))


def _density_error(result: EntropyResult) -> float:
    """Relative error of the density; 0 where all boxes are the same."""
    return float(result.provenance.get("density_error", 0.0))


def _budget(results: Results) -> dict[str, float]:
    """Parts of the error in nats per particle."""
    names = dict.fromkeys(name for result in results for name in result.budget)
    parts = {name: [result.budget.get(name, 0.0) for result in results] for name in names}
    pairs = zip(parts["samples"], results, strict=True)
    parts["samples"] = [part + _density_error(result) for part, result in pairs]
    return {name: hypot(*both) for name, both in parts.items()}


def _scales(results: Results, nat: float) -> tuple[ScaleDifference, ...]:
    """Terms by scale: smallest blocks, cuts that both phases estimated, all larger blocks."""
    known = [_estimated(result) for result in results]
    shared = [shape for shape in known[0] if shape in known[1]]
    starts = [result.entropy + sum(map(_term, result.levels)) for result in results]
    rows = [_smallest(results, (starts[0], starts[1]), nat)]
    for shape in shared:
        pair = known[0][shape], known[1][shape]
        rows.append(_of_levels(pair, nat))
    left = [
        (*(level for level in result.levels if level.shape not in shared),) for result in results
    ]
    terms = -sum(map(_term, left[0])) * nat, -sum(map(_term, left[1])) * nat
    error = nat * hypot(*(level.weight * level.error for part in left for level in part))
    volume = min(level.volume for part in left for level in part)
    return (*rows, ScaleDifference("larger blocks", volume, None, terms, error))


def _estimated(result: EntropyResult) -> dict[tuple[float, ...], Level]:
    """Estimated levels by the sides of a half, smallest first."""
    levels = [level for level in result.levels if level.source == Source.ESTIMATED]
    return {level.shape: level for level in reversed(levels)}


def _term(level: Level) -> float:
    return level.weight * level.mutual_information


def _smallest(results: Results, starts: tuple[float, float], nat: float) -> ScaleDifference:
    volumes = [float(_volume(result.bases[0].shape)) for result in results]
    error = hypot(*(result.budget.get("base", 0.0) for result in results))
    terms = starts[0] * nat, starts[1] * nat
    return ScaleDifference("smallest blocks", volumes[0], None, terms, error * nat)


def _volume(shape: tuple[float, ...]) -> float:
    volume = 1.0
    for side in shape:
        volume *= side
    return volume


def _of_levels(pair: tuple[Level, Level], nat: float) -> ScaleDifference:
    first, second = pair
    values = [Measured(level.mutual_information, level.error) for level in pair]
    return ScaleDifference(
        "x".join(f"{side:g}" for side in first.shape),
        first.volume,
        (values[0], values[1]),
        (-_term(first) * nat, -_term(second) * nat),
        hypot(*(level.weight * level.error for level in pair)) * nat,
    )


def _crossed(results: Results, density: float, nat: float) -> CrossCheck | None:
    """The difference by the second route; None if a phase has none."""
    first, second = (result.cross_check for result in results)
    if first is None or second is None:
        return None
    sampled = hypot(
        *(
            other.error + _density_error(result)
            for other, result in zip((first, second), results, strict=True)
        )
    )
    return CrossCheck(
        entropy=(second.entropy - first.entropy + density) * nat,
        error=sampled * nat,
        difference=(second.difference - first.difference) * nat,
        difference_error=hypot(first.difference_error, second.difference_error) * nat,
    )


def _routes(crossed: CrossCheck, unit: str) -> Check:
    """A difference of upper bounds is none, so that no route is the better one by its sign."""
    check = routes_agree(crossed, unit)
    text = f"by both routes, Δs differs by {crossed.difference:+.2g} {unit}"
    size = f"{text}, {crossed.sigmas:.1f} of its errors"
    advice = "" if check.passed else ": compare s by both routes, phase by phase; the lower is best"
    return Check("cross-check", check.passed, size + advice)


def _of_phases(results: Results, names: Names) -> list[Check]:
    """The failed checks of each estimate, or that all have passed."""
    checks = []
    for result, name in zip(results, names, strict=True):
        failed = [check for check in result.status.checks if not check.passed]
        checks += [
            Check(f"{name}: {check.name}", False, f"{name}: {check.message}") for check in failed
        ]
        if not failed:
            checks.append(Check(name, True, f"{name}: every check passed"))
    return checks


def _one_substance(results: Results) -> Check:
    """Whether the mean volume of a particle is the same, as far as diameters are known."""
    name, volumes = "one substance", []
    for result in results:
        fraction, density = (result.samples.get(key) for key in ("packing_fraction", "density"))
        if fraction is None or not density:
            return Check(name, True, "diameters are unknown; both phases count as one substance")
        volumes.append(fraction / density)
    apart = abs(volumes[1] / volumes[0] - 1)
    if apart <= _SAME_PARTICLES:
        return Check(name, True, "both phases hold the same particles on average")
    text = (
        f"the mean volume of a particle differs by {apart:.0%}: the phases hold different mixtures,"
        " whose entropies of mixing differ, too"
    )
    return Check(name, False, text)
