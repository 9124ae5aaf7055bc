"""A result as text: for people, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from ._terminal import say, writing

__all__ = ["in_json", "show"]

_ENDINGS = {
    "precision": "the precision asked for is reached",
    "samples": "short of the precision asked for: more samples, not more training, would help",
    "training": "short of the precision asked for: further training would gain little",
    "time limit": "by the time limit",
    "stopped": "by the user",
}


def in_json(result: Any) -> str:
    """One JSON object on one line, without NaN."""
    return json.dumps(_plain(result.to_dict()), allow_nan=False)


def _plain(value: Any) -> Any:
    """Numbers, text, lists and mappings; null for what JSON has no number for.

    Example:
        >>> import numpy as np
        >>> _plain({"a": np.float64("nan"), "b": (1, np.bool_(True), np.arange(2))})
        {'a': None, 'b': [1, True, [0, 1]]}
    """
    if hasattr(value, "tolist"):  # NumPy
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if value is None or isinstance(value, (str, int)) else str(value)


def show(result: Any, exact: float | None) -> None:
    """Print the result, the exact value beside it, levels, error budget, samples and warnings."""
    from rich.console import Console

    from ..results.types import Status

    say(str(replace(result, status=Status(()))))  # warnings follow in lines of their own
    if exact is not None:
        say(_comparison(result, exact))
    console = Console(highlight=False, markup=False, emoji=False)
    with writing():
        for part in (_levels(result), _budget(result), _samples(result.samples)):
            console.print()
            console.print(part)
        if result.ended in _ENDINGS:
            console.print(_hanging("ended:", _ENDINGS[result.ended]))
        for check in result.status.checks:
            if check.passed and check.name == "counted blocks":
                console.print(
                    _hanging("base:", check.message)
                )  # tells of a fallback to smaller blocks
        for warning in result.status.warnings:
            console.print(_hanging("warning:", warning))


def _comparison(result: Any, exact: float) -> str:
    distance = result.entropy - exact
    apart = (
        f"{abs(distance) / result.error:.1f} errors" if result.error > 0 else f"{abs(distance):.1g}"
    )
    return f"exact {exact:.5f} {result.unit}; the estimate is {apart} {'above' if distance > 0 else 'below'}"


def _table(*columns: str) -> Any:
    """An empty table that fits 80 columns; `<` begins the names of columns of text."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold"
    )
    for column in columns:
        text = column.startswith("<")
        table.add_column(column.lstrip("<"), justify="left" if text else "right", no_wrap=not text)
    return table


def _levels(result: Any) -> Any:
    """A row for each level: a half, the sites in contact, M, and what M takes off the entropy per site."""
    from ..results.types import Estimate

    takes = "M/2V" if result.unit == "nats/site" else "off s"
    table = _table("k", "half", "contact", "M / nats", takes, "<how")
    for level in result.levels:
        table.add_row(
            str(level.level) if level.level else "",
            ("" if level.level else "from ") + "x".join(f"{side:g}" for side in level.shape),
            f"{level.interface:g}",
            str(Estimate(level.mutual_information, level.error)),
            f"{level.weight * level.mutual_information:.5f}",
            level.source if level.status == level.source else f"{level.source}: {level.status}",
        )
    return table


def _budget(result: Any) -> Any:
    """The parts of the error, whose squares add up."""
    table = _table("<error of", *result.budget)
    table.add_row(result.unit, *(f"{part:.2g}" for part in result.budget.values()))
    return table


def _samples(samples: Mapping[str, Any]) -> Any:
    shape = "x".join(f"{side:.4g}" for side in samples["shape"])
    worth = f"worth {samples['effective']:.0f} independent ones (tau {samples['tau']:.2g} draws"
    if samples["kind"] == "particles":
        shape = f"{samples['particles']:g} particles in {shape} diameters"
    return _hanging("samples:", f"{samples['n']} of {shape}, {worth}, R-hat {samples['rhat']:.2f})")


def _hanging(head: str, text: str) -> Any:
    from rich.table import Table

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(head, text)
    return grid
