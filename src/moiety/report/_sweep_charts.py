"""Charts of a sweep over one axis: entropy, differences between routes, M and its slope."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import nan
from typing import Any

from ..probe import slope
from ..results.types import Source
from ._scales import scales
from .charts import CURVES, Chart, Series
from .curves import Curve, Finished

__all__ = ["charts"]

_MARKS = ("disk", "square", "triangle", "diamond")
_UNITS = {"temperature": "temperature (units of energy, k_B = 1)"}

_Read = Callable[[Finished], tuple[float | None, float]]
"""Returns a value (None where there is none) and its standard error."""

_Style = Mapping[str, Any]
"""Keyword arguments for `Series`."""


def charts(curves: Sequence[Curve]) -> list[Chart]:
    """Return all charts that have something to show.

    Args:
        curves: Curves of the sweep.
    """
    along = curves[0].along
    label = _UNITS.get(along, along)
    drawn = [
        _entropy(curves, label),
        _differences(curves, label),
        _heat(curves, label),
        _information(curves, label),
        _slopes(curves, label),
    ]
    return [replace(chart, along=along) for chart in drawn if chart.series]


def _entropy(curves: Sequence[Curve], label: str) -> Chart:
    names = [name for curve in curves for point in curve.points for name in point.baselines]
    off = tuple(dict.fromkeys(name for name in names if name != "heat-capacity"))
    routes: dict[str, tuple[_Read, _Style]] = {
        "exact": (lambda point: (point.exact, nan), {"line": "dashed", "mark": ""}),
        "estimate": (lambda point: (point.result.entropy, point.result.error), {}),
        "chain rule": (_chain_rule, {"line": "", "hollow": True}),
    }
    routes |= {name: (_baseline(name), {"line": "dotted", "hollow": True}) for name in off}
    series = _series(curves, "quantity", routes)
    return Chart("entropy", label, "entropy s (nats/site)", series, off=off)


def _differences(curves: Sequence[Curve], label: str) -> Chart:
    between = "estimate − chain rule"
    routes: dict[str, tuple[_Read, _Style]] = {
        "estimate − exact": (_from_exact, {"line": ""}),
        "chain rule − exact": (_chain_rule_from_exact, {"line": "", "hollow": True}),
        between: (_difference, {"line": "", "mark": "diamond"}),
    }
    series = _series(curves, "difference", routes)
    is_exact = any(row.tags["difference"] == "estimate − exact" for row in series)
    off = (between,) if is_exact else ()
    return Chart(
        "differences", label, "difference (nats/site)", series, off=off, zero=True, dodge=True
    )


def _heat(curves: Sequence[Curve], label: str) -> Chart:
    read = _baseline("heat-capacity")
    series = [_over(curve, "by fluctuations", {}, read, style) for style, curve in _styled(curves)]
    return Chart("heat", label, "heat capacity (k_B/site)", [row for row in series if row.x])


def _information(curves: Sequence[Curve], label: str) -> Chart:
    series = []
    for scale in scales(curves):
        guessed = [i for i, level in enumerate(scale.levels) if level.source == Source.EXTRAPOLATED]
        total = scale.series(scale.x, scale.values, scale.errors, "M (nats)")
        total = replace(total, guessed=guessed)
        series += [total, scale.per_site(total, "M / interface (nats/site)")]
    return Chart("information", label, "M (nats)", series, one_of=("curve", "M"))


def _slopes(curves: Sequence[Curve], label: str) -> Chart:
    along = curves[0].along
    rate = f"dM/d{'T' if along == 'temperature' else f'({along})'}"
    series = []
    for scale in scales(curves):
        precise = scale.precise
        if len(precise[0]) > 1:
            x, y, error = (part.tolist() for part in slope(*precise))
            total = scale.series(x, y, error, f"{rate} (nats)")
            series += [total, scale.per_site(total, f"{rate} / interface (nats/site)")]
    return Chart("slopes", label, rate, series, one_of=("curve", "M"), zero=True)


def _series(
    curves: Sequence[Curve], tag: str, routes: Mapping[str, tuple[_Read, _Style]]
) -> list[Series]:
    """Return the non-empty series of all routes for all curves."""
    series = [
        _over(curve, name, {tag: name}, read, {**style, **own})
        for style, curve in _styled(curves)
        for name, (read, own) in routes.items()
    ]
    return [row for row in series if row.x]


def _styled(curves: Sequence[Curve]) -> Iterator[tuple[dict[str, Any], Curve]]:
    for number, curve in enumerate(curves):
        colour, mark = CURVES[number % len(CURVES)], _MARKS[number % len(_MARKS)]
        yield {"colour": colour, "mark": mark}, curve


def _over(curve: Curve, name: str, tags: Mapping[str, str], read: _Read, style: _Style) -> Series:
    """Return one number of every state point of a curve, where there is one."""
    x, y, errors = [], [], []
    for place, point in zip(curve.x, curve.points, strict=True):
        value, error = read(point)
        if value is not None:
            x.append(place)
            y.append(value)
            errors.append(error)
    full_name = ", ".join(filter(None, (name, str(curve))))
    return Series(full_name, x, y, errors, {**tags, **curve.labels}, **style)


def _chain_rule(point: Finished) -> tuple[float | None, float]:
    other = point.result.cross_check
    return (other.entropy, other.error) if other else (None, nan)


def _baseline(name: str) -> _Read:
    def read(point: Finished) -> tuple[float | None, float]:
        baseline = point.baselines.get(name)
        return (baseline["value"], baseline["error"]) if baseline else (None, nan)

    return read


def _from_exact(point: Finished) -> tuple[float | None, float]:
    if point.exact is None:
        return None, nan
    return point.result.entropy - point.exact, point.result.error


def _chain_rule_from_exact(point: Finished) -> tuple[float | None, float]:
    entropy, error = _chain_rule(point)
    if entropy is None or point.exact is None:
        return None, nan
    return entropy - point.exact, error


def _difference(point: Finished) -> tuple[float | None, float]:
    other = point.result.cross_check
    return (other.difference, other.difference_error) if other else (None, nan)
