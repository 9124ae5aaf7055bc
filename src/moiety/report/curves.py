"""Charts of a sweep: entropy, differences between routes, M and its slope by scale, over one axis of the grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2, nan
from typing import Any

import numpy as np

from ..base import words
from ..base.errors import InputError
from ..probe import Peak, peak, peak_of_slope, slope
from ..results.result import EntropyResult
from ..results.types import Level, Source
from ..sweep.plan import Point, shown
from .charts import CURVES, Chart, Series, ramp

__all__ = ["Curve", "Finished", "charts", "curves", "differing", "peaks"]

_MARKS = ("disk", "square", "triangle", "diamond")
_KNOWN, _SMALL = 0.2, 0.05  # relative error and error in nats of an M whose slope is drawn, at most
_UNITS = {"temperature": "temperature (units of energy, k_B = 1)"}


@dataclass(frozen=True)
class Finished:
    """A state point that is done.

    Arguments:
        point: Which.
        result: Of its estimate.
        baselines: Value and error by name.
        exact: Its entropy, where that is known.
    """

    point: Point
    result: EntropyResult
    baselines: Mapping[str, Mapping[str, float]]
    exact: float | None


@dataclass(frozen=True)
class Curve:
    """State points that differ along one axis alone.

    Arguments:
        labels: What they have in common and other curves may not.
        along: The axis.
        points: In its order.
    """

    labels: Mapping[str, str]
    along: str
    points: tuple[Finished, ...]

    @property
    def x(self) -> list[float]:
        """Places along the axis."""
        return [float(one.point.labels[self.along]) for one in self.points]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.labels.items())


def differing(points: Sequence[Point]) -> list[str]:
    """Labels that tell some of these state points from others, in their order; of a single one, all."""
    names = list(dict.fromkeys(name for point in points for name in point.labels))
    return [
        name for name in names if len({point.labels.get(name) for point in points}) > 1
    ] or names


def curves(finished: Sequence[Finished]) -> list[Curve]:
    """The finished state points by curve, along the temperature or else the axis with most values."""
    points = [one.point for one in finished]
    along = _axis(points)
    names = [name for name in differing(points) if name != along] if len(points) > 1 else []
    groups: dict[tuple[str, ...], list[Finished]] = {}
    for one in finished:
        key = tuple(shown(one.point.labels.get(name, "–")) for name in names)
        groups.setdefault(key, []).append(one)
    ordered = [sorted(group, key=lambda one: one.point.labels[along]) for group in groups.values()]
    return [
        Curve(dict(zip(names, key, strict=True)), along, tuple(group))
        for key, group in zip(groups, ordered, strict=True)
    ]


def _axis(points: Sequence[Point]) -> str:
    numeric = [
        name for name in points[0].labels
        if all(isinstance(point.labels.get(name), (int, float)) for point in points)
    ]  # fmt: skip
    count = {name: len({point.labels[name] for point in points}) for name in numeric}
    if count.get("temperature", 0) > 1:
        return "temperature"
    return max(
        numeric, key=lambda name: (count[name], name != "seed", name == "temperature")
    )  # there is always a seed


def charts(found: Sequence[Curve]) -> list[Chart]:
    """All charts that have something to show."""
    label = _UNITS.get(found[0].along, found[0].along)
    made = [
        _entropy(found, label),
        _differences(found, label),
        _heat(found, label),
        _information(found, label),
        _slopes(found, label),
    ]
    return [replace(chart, along=found[0].along) for chart in made if chart.series]


def _entropy(found: Sequence[Curve], label: str) -> Chart:
    series, off = (
        [],
        dict.fromkeys(
            name
            for curve in found
            for one in curve.points
            for name in one.baselines
            if name != "heat-capacity"
        ),
    )
    for style, curve in _styled(found):
        routes = {
            "exact": (lambda one: (one.exact, nan), {"line": "dashed", "mark": ""}),
            "estimate": (lambda one: (one.result.entropy, one.result.error), {}),
            "chain rule": (_crossed, {"line": "", "hollow": True}),
        }
        routes |= {name: (_baseline(name), {"line": "dotted", "hollow": True}) for name in off}
        series += [
            _over(curve, name, {"quantity": name}, read, {**style, **how})
            for name, (read, how) in routes.items()
        ]
    return Chart("entropy", label, "entropy s (nats/site)", _kept(series), off=tuple(off))


def _differences(found: Sequence[Curve], label: str) -> Chart:
    series = []
    for style, curve in _styled(found):
        routes = {
            "estimate − exact": (_from_exact, {}),
            "chain rule − exact": (_crossed_from_exact, {"hollow": True}),
            "estimate − chain rule": (_apart, {"mark": "diamond"}),
        }
        series += [
            _over(curve, name, {"difference": name}, read, {**style, "line": "", **how})
            for name, (read, how) in routes.items()
        ]
    kept = _kept(series)
    known = {one.tags["difference"] for one in kept} & {"estimate − exact"}
    return Chart(
        "differences",
        label,
        "difference (nats/site)",
        kept,
        off=("estimate − chain rule",) if known else (),
        zero=True,
        dodge=True,
    )


def _heat(found: Sequence[Curve], label: str) -> Chart:
    read = _baseline("heat-capacity")
    series = [_over(curve, "by fluctuations", {}, read, style) for style, curve in _styled(found)]
    return Chart("heat", label, "heat capacity (k_B/site)", _kept(series))


def _information(found: Sequence[Curve], label: str) -> Chart:
    series = []
    for one in _scales(found):
        guessed = [place for place, level in enumerate(one.levels) if level.source == Source.EXTRAPOLATED]
        whole = Series(
            one.called,
            one.x,
            one.m,
            one.error,
            one.tags,
            one.colour,
            guessed=guessed,
            unit="M (nats)",
        )
        series += [whole, one.by_site(whole, "M / interface (nats/site)")]
    return Chart("information", label, "M (nats)", series, one_of=("curve", "M"))


def _slopes(found: Sequence[Curve], label: str) -> Chart:
    series, rate = [], f"dM/d{_short(found[0].along)}"
    for one in _scales(found):
        known = one.known
        if len(known[0]) > 1:
            whole = Series(
                one.called,
                *(part.tolist() for part in slope(*known)),
                one.tags,
                one.colour,
                unit=f"{rate} (nats)",
            )
            series += [whole, one.by_site(whole, f"{rate} / interface (nats/site)")]
    return Chart("slopes", label, rate, series, one_of=("curve", "M"), zero=True)


def _short(along: str) -> str:
    return "T" if along == "temperature" else f"({along})"


def peaks(found: Sequence[Curve]) -> list[dict[str, Any]]:
    """Where M of each scale is largest and where it rises fastest, of those that peak between the ends of a curve."""
    rows = []
    for one in _scales(found):
        try:
            highest, steepest = peak(*one.known), peak_of_slope(*one.known)
        except InputError:  # too few places
            continue
        if highest.inside or steepest.inside:
            rows.append(
                {
                    "curve": one.tags["curve"],
                    "halves": one.tags["halves"],
                    "highest": _at(highest),
                    "steepest": _at(steepest),
                }
            )
    return rows


def _at(found: Peak) -> str:
    return str(found) if found.inside else "–"


@dataclass(frozen=True)
class _Scale:
    """M of one kind of cut along a curve."""

    tags: Mapping[str, str]
    colour: str
    x: Sequence[float]
    levels: Sequence[Level]

    @property
    def called(self) -> str:
        return ", ".join(filter(None, (self.tags["halves"], self.tags["curve"])))

    @property
    def m(self) -> list[float]:
        return [level.mutual_information for level in self.levels]

    @property
    def error(self) -> list[float]:
        return [level.error for level in self.levels]

    @property
    def known(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places, M and errors of what is known well enough to tell a slope."""
        x, m, error = np.array(self.x), np.array(self.m), np.array(self.error)
        well = np.isfinite(m) & (error <= np.maximum(_KNOWN * np.abs(m), _SMALL))
        return x[well], m[well], error[well]

    def by_site(self, series: Series, unit: str) -> Series:
        """The same for each site of the interface, by which scales can be compared."""
        sites = self.levels[0].interface
        scaled = {
            "y": [value / sites for value in series.y],
            "error": [value / sites for value in series.error],
        }
        return replace(
            series, **scaled, tags={**series.tags, "M": "a site of the interface"}, unit=unit
        )


def _scales(found: Sequence[Curve]) -> Iterator[_Scale]:
    """Every kind of cut along every curve, the largest halves first; a colour is a volume, for all curves alike."""
    largest = log2(
        max(
            [
                2,
                *(
                    level.volume
                    for curve in found
                    for one in curve.points
                    for level in one.result.levels
                ),
            ]
        )
    )
    for curve in found:
        kinds: dict[tuple[int, ...], list[tuple[float, Level]]] = {}
        for x, one in zip(curve.x, curve.points, strict=True):
            for level in one.result.levels:
                kinds.setdefault(level.shape, []).append((x, level))
        for shape, seen in sorted(kinds.items(), key=lambda kind: -kind[1][0][1].volume):
            tags = {"curve": str(curve), "halves": words.shape(shape), "M": "of the cut"}
            yield _Scale(
                tags,
                ramp(log2(seen[0][1].volume) / largest),
                [x for x, _ in seen],
                [level for _, level in seen],
            )


def _styled(found: Sequence[Curve]) -> Iterator[tuple[dict[str, Any], Curve]]:
    for place, curve in enumerate(found):
        yield {"colour": CURVES[place % len(CURVES)], "mark": _MARKS[place % len(_MARKS)]}, curve


_Read = Callable[[Finished], tuple[float | None, float]]


def _over(
    curve: Curve, name: str, tags: Mapping[str, str], read: _Read, how: Mapping[str, Any]
) -> Series:
    """One number of every state point of a curve, where there is one."""
    rows = [(x, *read(one)) for x, one in zip(curve.x, curve.points, strict=True)]
    x, y, error = ([row[column] for row in rows if row[1] is not None] for column in range(3))
    return Series(_called(curve, name), x, y, error, {**tags, **curve.labels}, **how)


def _called(curve: Curve, name: str) -> str:
    return ", ".join(filter(None, (name, str(curve))))


def _kept(series: Sequence[Series]) -> list[Series]:
    return [one for one in series if one.x]


def _crossed(one: Finished) -> tuple[float | None, float]:
    other = one.result.cross_check
    return (other.entropy, other.error) if other else (None, nan)


def _baseline(name: str) -> _Read:
    def read(one: Finished) -> tuple[float | None, float]:
        said = one.baselines.get(name)
        return (said["value"], said["error"]) if said else (None, nan)

    return read


def _from_exact(one: Finished) -> tuple[float | None, float]:
    return (None, nan) if one.exact is None else (one.result.entropy - one.exact, one.result.error)


def _crossed_from_exact(one: Finished) -> tuple[float | None, float]:
    entropy, error = _crossed(one)
    return (None, nan) if entropy is None or one.exact is None else (entropy - one.exact, error)


def _apart(one: Finished) -> tuple[float | None, float]:
    other = one.result.cross_check
    return (other.difference, other.difference_error) if other else (None, nan)
