"""Charts of an interactive page as plain data for its script.

A series carries tags, such as `{"size": "16", "quantity": "exact"}`.  The page shows a row of
buttons for every tag that differs between the series of a chart.  A series is drawn while all its
tags are switched on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

__all__ = ["CURVES", "Chart", "Series", "as_json", "ramp"]

CURVES = tuple(
    f"var(--{name})" for name in ("blue", "vermilion", "green", "purple", "orange", "sky", "grey")
)
_DIGITS = 6  # significant digits of numbers on the page


@dataclass(frozen=True)
class Series:
    """One line or row of points.

    Args:
        name: Label beside the pointer.
        x: Positions.
        y: Values, as many as `x`; NaN where there is none.
        error: Standard errors, as many as `x`, or empty; NaN where there is none.
        tags: Names and values of the buttons that switch the series on and off.
        colour: CSS colour.
        line: `"solid"`, `"dashed"`, `"dotted"` or `""`.
        mark: `"disk"`, `"square"`, `"triangle"`, `"diamond"` or `""`.
        hollow: Whether marks are rings.
        guessed: Indices of points that are drawn as rings in a series of filled marks.
        unit: Label of the y axis, if the units of a chart differ.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    error: Sequence[float] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    colour: str = CURVES[0]
    line: str = "solid"
    mark: str = "disk"
    hollow: bool = False
    guessed: Sequence[int] = ()
    unit: str = ""


@dataclass(frozen=True)
class Chart:
    """Series over one pair of axes.

    Args:
        name: Name of its place in the page.
        x: Label of the x axis, with unit.
        y: Label of the y axis, with unit.
        series: The series.
        one_of: Tags of which one value at a time is on.
        off: Values of tags that are off at first.
        zero: Whether to draw a line at y = 0.
        dodge: Whether to shift points at the same position apart.
        along: Short name of x.
        doublings: Whether x is the binary logarithm of what the axis shows.
    """

    name: str
    x: str
    y: str
    series: Sequence[Series]
    one_of: Sequence[str] = ()
    off: Sequence[str] = ()
    zero: bool = False
    dodge: bool = False
    along: str = ""
    doublings: bool = False


def ramp(share: float) -> str:
    """Return a CSS colour on a scale of increasing lightness.

    Args:
        share: Position on the scale, from 0 (small blocks) to 1 (large blocks).

    Example:
        >>> ramp(0.25)
        'color-mix(in oklab, var(--low), var(--middle) 50%)'
    """
    first, second, part = (
        ("low", "middle", 2 * share) if share < 0.5 else ("middle", "high", 2 * share - 1)
    )
    return f"color-mix(in oklab, var(--{first}), var(--{second}) {100 * part:.0f}%)"


def as_json(data: Any) -> str:
    r"""Return data as JSON that is safe inside a script element.

    Numbers are rounded, NaN and infinity become null, and no text can end the element.

    Args:
        data: Charts, series, mappings, lists, numbers and text.

    Example:
        >>> as_json({"a": [0.1 + 0.2, float("nan")], "b": "</script>"})
        '{"a":[0.3,null],"b":"\\u003c/script>"}'
    """
    text = json.dumps(_plain(data), separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c")


def _plain(data: Any) -> Any:
    if isinstance(data, (Chart, Series)):
        return _plain(asdict(data))
    if isinstance(data, Mapping):
        return {name: _plain(value) for name, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain(value) for value in data]
    if isinstance(data, float):
        return float(f"{data:.{_DIGITS}g}") if isfinite(data) else None
    return data
