"""Charts of the page of a difference: M of both phases, and Δs, by scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import hypot, log2
from typing import Any

from ..results.difference import EntropyDifference, ScaleDifference
from ..results.plot_axes import Units
from ..results.types import Level, Source
from .charts import CURVES, Chart, Series

__all__ = ["charts"]

_MARKS = ("square", "disk")


def charts(found: EntropyDifference, names: tuple[str, str]) -> list[Chart]:
    """Return both charts.

    Args:
        found: The difference.
        names: Names of the phases.
    """
    units = Units.of(found.results[0])
    half, block = (f"volume of {part} V ({units.volume})" for part in ("a half", "both halves"))
    both = (_information(found, names, half, units), _difference(found, block))
    return [replace(chart, along="V =", doublings=True) for chart in both]


def _information(
    found: EntropyDifference, names: tuple[str, str], label: str, units: Units
) -> Chart:
    series = []
    for place, (name, result) in enumerate(zip(names, found.results, strict=True)):
        levels = tuple(reversed(result.levels))
        guessed = [k for k, level in enumerate(levels) if level.source == Source.EXTRAPOLATED]
        style: dict[str, Any] = {"colour": CURVES[place], "mark": _MARKS[place], "guessed": guessed}
        tags = {"phase": name, "M": "M"}
        per_face = {"phase": name, "M": "M / interface"}
        whole, density = [1.0] * len(levels), [level.interface for level in levels]
        series += [
            _series(name, levels, whole, tags, "M (nats)", style),
            _series(name, levels, density, per_face, f"M / interface ({units.density})", style),
        ]
    return Chart("information", label, "M (nats)", series, one_of=("M",))


def _series(
    name: str,
    levels: Sequence[Level],
    unit: Sequence[float],
    tags: dict[str, str],
    label: str,
    style: dict[str, Any],
) -> Series:
    pairs = list(zip(levels, unit, strict=True))
    return Series(
        name,
        [log2(level.volume) for level in levels],
        [level.mutual_information / size for level, size in pairs],
        [level.error / size for level, size in pairs],
        tags,
        unit=label,
        **style,
    )


def _difference(found: EntropyDifference, label: str) -> Chart:
    scales = found.scales
    x = [_place(scale, scales) for scale in scales]
    total, square = found.density.value, found.density.error**2
    sums, errors = [total], [found.density.error]
    for scale in scales:
        total, square = total + scale.difference.value, hypot(square**0.5, scale.error) ** 2
        sums.append(total)
        errors.append(square**0.5)
    unit = f"Δs ({found.unit})"
    end = [len(scales)]
    running = Series(
        "running sum", [x[0] - 1, *x], sums, errors, {"shown": "running sum"}, CURVES[0],
        guessed=end, unit=unit,
    )  # fmt: skip
    terms = [scale.difference for scale in scales]
    each = Series(
        "each scale", x, [term.value for term in terms], [term.error for term in terms],
        {"shown": "each scale"}, CURVES[1], line="", mark="square", guessed=[len(scales) - 1],
        unit=f"part of Δs ({found.unit})",
    )  # fmt: skip
    return Chart("difference", label, unit, [running, each], one_of=("shown",), zero=True)


def _place(scale: ScaleDifference, scales: Sequence[ScaleDifference]) -> float:
    """log2 of the volume of both halves; the smallest blocks are not cut."""
    return log2(scale.volume) + (0 if scale is scales[0] else 1)
