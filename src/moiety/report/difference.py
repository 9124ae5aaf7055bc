"""The page of a difference of entropies: two phases side by side, scale by scale."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.words import measured
from ..data.particles import Particles
from ..results.difference import EntropyDifference, Measured
from ..results.plot_axes import Units
from ..results.result import EntropyResult
from ..results.snapshots import snapshot, window_of
from ._difference_charts import charts
from ._figures import inline_svg
from .page import check, render, write
from .result import meaning_of
from .scripts import scripts_for

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["render_difference_report", "write_difference_report"]

_PANEL = (3.4, 3.4)  # inches
_CAPTIONS = {
    "information": (
        "Mutual information by scale",
        "Mutual information M between two neighbouring blocks, by the volume of one of them, with"
        " one standard error. Where M per unit of the interface is flat, larger blocks add nothing"
        " new. A crystal keeps a constant, for its place and orientation, at every scale.",
    ),
    "difference": (
        "Δs by scale",
        "Running sum: Δs as blocks of this volume know it. The first point is the part of the"
        " densities alone, the second the smallest blocks, the last one (a ring) Δs with all larger"
        " blocks, by the area law. Each scale: what it alone adds.",
    ),
}
Frames = tuple[Particles | None, Particles | None]


def write_difference_report(
    found: EntropyDifference,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    frames: Frames = (None, None),
) -> None:
    """Write the page of a difference.

    Args:
        found: Output of `entropy_difference`.
        path: Output file, which ends in `.html`.
        force: Whether to replace an existing file.
        frames: Frames of both phases, of which a part is shown.

    Raises:
        InputError: The suffix is wrong, or the file exists or cannot be written.
    """
    path = check(path, force)
    write(render_difference_report(found, frames=frames), path)


def render_difference_report(found: EntropyDifference, *, frames: Frames = (None, None)) -> str:
    """Return the page of a difference as text.

    Args:
        found: Output of `entropy_difference`.
        frames: Frames of both phases, of which a part is shown.
    """
    names = _names(found)
    drawn = charts(found, names)
    return render(
        "difference.html",
        found=found,
        names=names,
        charts=[(chart.name, *_CAPTIONS[chart.name]) for chart in drawn],
        snapshots=_snapshots(found, frames),
        phases=_phases(found),
        parts=_parts(found),
        scales=_scales(found),
        budget=_budget(found),
        coexistence=_coexistence(found),
        units=Units.of(found.results[0]),
        provenance=_provenance(found),
        version=found.results[1].provenance.get("version", ""),
        **scripts_for({"charts": drawn}),
    )


def _names(found: EntropyDifference) -> tuple[str, str]:
    """Names of the files without their folders, if that tells them apart."""
    first, second = (Path(name).name for name in found.names)
    return (first, second) if first != second else found.names


def _snapshots(found: EntropyDifference, frames: Frames) -> list[Markup]:
    """A part of one frame of each phase, in the same window; empty without both frames."""
    known = [phase for phase in frames if phase is not None]
    if len(known) < len(frames):
        return []
    sigma = float(found.results[0].provenance["sigma"])
    window = window_of(*known)
    draw = partial(snapshot, window=window, diameter=sigma)
    return [
        inline_svg(f"snapshot{place}", partial(draw, phase), _PANEL)
        for place, phase in enumerate(known)
    ]


def _phases(found: EntropyDifference) -> list[tuple[str, str, str, str]]:
    """Rows of both phases and of their difference: name, first, second, contribution to Δs."""
    pair = found.results
    rows = [
        ("excess entropy (nats/particle)", *_both(pair, _excess), str(found.excess)),
        ("density (σ⁻ᵈ)", *_both(pair, _density), str(found.density)),
    ]
    other = found.cross_check
    if other:
        rows.append(("excess entropy by insertion", *_both(pair, _crossed), "–"))
    return [
        *rows,
        ("particles in a frame", *_both(pair, lambda one: f"{one.samples['particles']:g}"), ""),
        ("frames", *_both(pair, lambda one: f"{one.samples['n']}"), ""),
        ("effective frames", *_both(pair, lambda one: f"{one.samples['effective']:.0f}"), ""),
        ("checks passed", *_both(pair, _passed), ""),
    ]


def _both(pair: tuple[EntropyResult, EntropyResult], read: Any) -> tuple[str, str]:
    return read(pair[0]), read(pair[1])


def _excess(one: EntropyResult) -> str:
    return measured(one.entropy, one.error)


def _density(one: EntropyResult) -> str:
    density = float(one.samples["density"])
    return measured(density, density * float(one.provenance.get("density_error", 0.0)))


def _crossed(one: EntropyResult) -> str:
    return str(one.cross_check)


def _passed(one: EntropyResult) -> str:
    checks = one.status.checks
    return f"{sum(check.passed for check in checks)} of {len(checks)}"


def _parts(found: EntropyDifference) -> list[tuple[str, str, str]]:
    """Lines below the headline: name, value, meaning."""
    rows = [
        ("excess", str(found.excess), "from correlations: difference of the excess entropies"),
        ("density", str(found.density), "from the volume per particle: −log(ρ₂ / ρ₁)"),
    ]
    other = found.cross_check
    if other:
        apart = f"differs by {other.sigmas:.1f} of its errors from Δs"
        rows.append(("by insertion", str(other), f"the second route; {apart}"))
    return rows


def _scales(found: EntropyDifference) -> list[tuple[str, ...]]:
    """Rows of the table by scale, with the running sum."""
    total, square = found.density.value, found.density.error**2
    rows: list[tuple[str, ...]] = [("density", "", "", str(found.density), "")]
    for scale in found.scales:
        part = scale.difference
        total, square = total + part.value, square + part.error**2
        values = tuple(map(str, scale.information)) if scale.information else ("", "")
        rows.append((scale.name, *values, str(part), measured(total, sqrt(square))))
    return rows


def _budget(found: EntropyDifference) -> list[dict[str, Any]]:
    """Parts of the error, largest first, with their shares of the squared error."""
    total = sum(part**2 for part in found.budget.values())
    rows = [
        {
            "name": name,
            "error": part,
            "share": part**2 / total if total > 0 else 0.0,
            "meaning": meaning_of(name),
        }
        for name, part in found.budget.items()
    ]
    return sorted(rows, key=lambda row: -row["share"])


def _coexistence(found: EntropyDifference) -> list[tuple[str, str, str]]:
    """Rows about enthalpies and temperature: name, value, meaning."""
    known = found.coexistence
    if known is None:
        return []
    molar = found.unit == "J/mol/K"
    energy, kelvin = (" J/mol", " K") if molar else ("", "")
    at = "" if known.temperature is None else f"T = {known.temperature:g}{kelvin}"
    first, second = _names(found)
    rows: list[tuple[str, Measured | None, str, str]] = [
        ("T_m", known.melting, kelvin, "Δh/Δs: both phases have the same free energy there, if"
         " Δh and Δs vary little between the temperature of the samples and T_m"),
        ("Δh", known.enthalpy, energy, "difference of the enthalpies that were given"),
        ("Δh/T", known.expected, f" {found.unit}", f"what Δs is if both phases coexist at {at}"),
        ("Δg", known.free_energy, energy, f"Δh − T Δs at {at}: positive if {first} is stable,"
         f" negative if {second} is"),
        ("TΔs", known.heat, energy, f"the latent heat, if both phases coexist at {at}"),
    ]  # fmt: skip
    return [(name, f"{value}{unit}", text) for name, value, unit, text in rows if value]


def _provenance(found: EntropyDifference) -> list[tuple[str, str, str]]:
    """Rows of what both estimates were made with."""
    both = [one.provenance for one in found.results]
    rows = [(name, *(str(one.get(name, "–")) for one in both)) for name in ("version", "seed")]
    rows += [("unit of length σ", *(f"{one['sigma']:g}" for one in both))]
    settings = [_mapping(one.get("configuration")) for one in both]
    for name in ("largest", "resolution", "critic", "training"):
        values = [_words(one.get(name)) for one in settings]
        rows.append((name, values[0], values[1]))
    rows += [("digest of the frames", *(str(one.get("digest", "–"))[:12] for one in both))]
    return [(name, first, second) for name, first, second in rows]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        if "steps" in value:
            return f"{value['steps']} steps of {value.get('batch')} pairs"
        return str(value.get("name", ""))
    return "–" if value is None else str(value)
