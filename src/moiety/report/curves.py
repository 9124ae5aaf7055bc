"""Curves of a sweep: finished state points that differ along one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ..results.result import EntropyResult
from ..sweep.plan import Point, format_label

__all__ = ["Curve", "Finished", "curves", "differing"]


@dataclass(frozen=True)
class Finished:
    """A finished state point.

    Args:
        point: The state point.
        result: Its estimate.
        baselines: Value and error of each baseline by name.
        exact: Exact entropy, where it is known.
    """

    point: Point
    result: EntropyResult
    baselines: Mapping[str, Mapping[str, float]]
    exact: float | None


@dataclass(frozen=True)
class Curve:
    """State points that differ along one axis only.

    Args:
        labels: Labels that distinguish this curve from others.
        along: Name of the axis.
        points: The state points in order along the axis.
    """

    labels: Mapping[str, str]
    along: str
    points: tuple[Finished, ...]

    @property
    def x(self) -> list[float]:
        """Positions along the axis."""
        return [float(point.point.labels[self.along]) for point in self.points]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.labels.items())


def differing(points: Sequence[Point]) -> list[str]:
    """Return the names of labels that differ between state points, or all names if none differs.

    Args:
        points: The state points.
    """
    names = list(dict.fromkeys(name for point in points for name in point.labels))
    return [
        name for name in names if len({point.labels.get(name) for point in points}) > 1
    ] or names


def curves(finished: Sequence[Finished]) -> list[Curve]:
    """Group state points into curves along the temperature, or the axis with the most values.

    Args:
        finished: The finished state points.
    """
    points = [entry.point for entry in finished]
    along = _axis(points)
    names = [name for name in differing(points) if name != along] if len(points) > 1 else []
    groups = _grouped(finished, [name for name in names if name != "file"])
    if "file" in names and any(map(partial(_repeats, along), groups.values())):
        groups = _grouped(finished, names)
    else:
        names = [name for name in names if name != "file"]
    return [
        Curve(
            dict(zip(names, key, strict=True)),
            along,
            tuple(sorted(group, key=lambda entry: entry.point.labels[along])),
        )
        for key, group in groups.items()
    ]


def _grouped(
    finished: Sequence[Finished], names: Sequence[str]
) -> dict[tuple[str, ...], list[Finished]]:
    groups: dict[tuple[str, ...], list[Finished]] = {}
    for entry in finished:
        key = tuple(format_label(entry.point.labels.get(name, "–")) for name in names)
        groups.setdefault(key, []).append(entry)
    return groups


def _repeats(along: str, group: Sequence[Finished]) -> bool:
    """Return whether two state points of a group are at the same place along the axis."""
    return len({entry.point.labels[along] for entry in group}) < len(group)


def _axis(points: Sequence[Point]) -> str:
    numeric = [  # never empty, as there is always a seed
        name
        for name in points[0].labels
        if all(isinstance(point.labels.get(name), (int, float)) for point in points)
    ]
    count = {name: len({point.labels[name] for point in points}) for name in numeric}
    if count.get("temperature", 0) > 1:
        return "temperature"
    return max(numeric, key=lambda name: (count[name], name != "seed", name == "temperature"))
