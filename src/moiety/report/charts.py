"""What is drawn on an interactive page: charts of series, as plain data for the page's script.

A series carries tags, such as `{"size": "16", "quantity": "exact"}`.  The page makes a row of switches of every tag
that differs between the series of a chart; a series is drawn while all its tags are switched on.
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
_DIGITS = 6  # of numbers on the page


@dataclass(frozen=True)
class Series:
    """One line or row of points.

    Arguments:
        name: Told where the pointer is.
        x, y, error: Of the same length; NaN, or no errors at all, where there are none.
        tags: What switches it on and off.
        colour: In the words of CSS.
        line: `"solid"`, `"dashed"`, `"dotted"` or `""`.
        mark: `"disk"`, `"square"`, `"triangle"`, `"diamond"`, or `""`.
        hollow: Whether marks are rings.
        guessed: Places in x, y of marks that are rings though the others are not.
        unit: Of y, where the chart has several; becomes the label of its axis.
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

    Arguments:
        name: Of its place in the page.
        x, y: Labels of the axes, with units.
        series: See `Series`.
        one_of: Tags of which one value at a time is on.
        off: Values of tags that are off at first.
        zero: Whether a line marks y = 0.
        dodge: Whether points at one place stand side by side.
        along: What x is, in short.
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


def ramp(share: float) -> str:
    """A colour between those of the page, from 0 (small scales) to 1 (large ones), whose lightness rises, too.

    Example:
        >>> ramp(0.25)
        'color-mix(in oklab, var(--low), var(--middle) 50%)'
    """
    first, second, part = (
        ("low", "middle", 2 * share) if share < 0.5 else ("middle", "high", 2 * share - 1)
    )
    return f"color-mix(in oklab, var(--{first}), var(--{second}) {100 * part:.0f}%)"


def as_json(said: Any) -> str:
    """Plain data for a script element: short numbers, null for what is not finite, and nothing that ends the element.

    Example:
        >>> as_json({"a": [0.1 + 0.2, float("nan")], "b": "</script>"})
        '{"a":[0.3,null],"b":"\\\\u003c/script>"}'
    """
    return json.dumps(_short(said), separators=(",", ":"), ensure_ascii=False).replace(
        "<", "\\u003c"
    )


def _short(said: Any) -> Any:
    if isinstance(said, (Chart, Series)):
        return _short(asdict(said))
    if isinstance(said, Mapping):
        return {name: _short(value) for name, value in said.items()}
    if isinstance(said, (list, tuple)):
        return [_short(value) for value in said]
    if isinstance(said, float):
        return float(f"{said:.{_DIGITS}g}") if isfinite(said) else None
    return said
