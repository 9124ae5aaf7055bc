"""Labels of state points: names and values over which `collect` lays out its dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..systems import system

if TYPE_CHECKING:
    from .plan import Point

__all__ = ["complete", "reserved", "same_labels"]

_RESERVED = (
    "system file seed level entropy error cross_check cross_check_error exact tau ok seconds"
    " mutual_information mutual_information_error volume interface"
    " naive naive_error compression compression_error heat_capacity heat_capacity_error"
)


def reserved() -> frozenset[str]:
    """Return the names that a label from the name of a file cannot have."""
    return frozenset(_RESERVED.split())


def same_labels(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the first two state points that no label tells apart, if there are any.

    Args:
        points: The state points.
    """
    seen: dict[tuple[tuple[str, Any], ...], Point] = {}
    for point in points:
        labels = complete(point)
        name = tuple(sorted((key, _hashable(value)) for key, value in labels.items()))
        if name in seen:
            return seen[name], point
        seen[name] = point
    return ()


def complete(point: Point) -> dict[str, Any]:
    """Return the labels of a state point, with the defaults of its system.

    Args:
        point: The state point.
    """
    return {**_defaults(point.source), **point.labels}


def _defaults(source: Mapping[str, Any]) -> dict[str, Any]:
    if "parameters" not in source:
        return {}
    parameters = system(source["system"], **source["parameters"]).parameters()
    return {name: value for name, value in parameters.items() if name != "size"}


def _hashable(value: Any) -> Any:
    return value if isinstance(value, (int, float, str)) else str(value)
