"""Print a result for readers or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from ._terminal import say, writing

if TYPE_CHECKING:
    from rich.table import Table

    from ..results.result import EntropyResult

__all__ = ["empty_table", "hanging", "in_json", "plain", "show"]

_COLUMNS = 80
_SAID = {"unit of length": "lengths:", "kinds of particles": "kinds:"}  # checks that are choices
_ENDINGS = {
    "precision": "the target precision is reached",
    "samples": "short of the target precision: more samples, not more training, would help",
    "training": "short of the target precision: further training would gain little",
    "time limit": "stopped by the time limit",
    "stopped": "stopped by the user",
}


def in_json(result: EntropyResult) -> str:
    """Return a result as one JSON object on one line, without NaN.

    Args:
        result: The result.
    """
    return json.dumps(plain(result.to_dict()), allow_nan=False)


def plain(value: Any) -> Any:
    """Return numbers, text, lists and mappings, with null for NaN and infinity.

    Args:
        value: Any of these, also in each other.

    Example:
        >>> import numpy as np
        >>> plain({"a": np.float64("nan"), "b": (1, np.bool_(True), np.arange(2))})
        {'a': None, 'b': [1, True, [0, 1]]}
    """
    if hasattr(value, "tolist"):  # NumPy
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if value is None or isinstance(value, (str, int)) else str(value)


def show(result: EntropyResult, exact: float | None) -> None:
    """Print a result with the exact value, levels, error budget, samples and warnings.

    Args:
        result: The result.
        exact: Exact entropy in the unit of the result, if it is known.
    """
    from rich.console import Console

    from ..results.types import Status

    line = str(replace(result, status=Status(())))  # warnings are printed at the end
    say(line if len(line) <= _COLUMNS else line.replace("  [", "\n  [", 1))
    if exact is not None:
        say(_comparison(result, exact))
    console = Console(highlight=False, markup=False, emoji=False)
    with writing():
        terms = _levels(result) if result.levels else _sites(result)
        for part in (terms, _budget(result), *_energies(result), _samples(result.samples)):
            console.print()
            console.print(part)
        if result.read_as:
            console.print(hanging("read as:", str(result.read_as.get("text", ""))))
        if result.ended in _ENDINGS:
            console.print(hanging("ended:", _ENDINGS[result.ended]))
        for check in result.status.checks:
            if check.passed and check.name == "counted blocks":
                console.print(hanging("base:", check.message))  # mentions smaller blocks
            if check.passed and check.name in _SAID:
                console.print(hanging(_SAID[check.name], check.message))
        for warning in result.status.warnings:
            console.print(hanging("warning:", warning))


def _comparison(result: EntropyResult, exact: float) -> str:
    difference = result.entropy - exact
    size = (
        f"{abs(difference) / result.error:.1f} standard errors"
        if result.error > 0
        else f"{abs(difference):.1g}"
    )
    side = "above" if difference > 0 else "below"
    return f"exact {exact:.5f} {result.unit}; the estimate is {size} {side}"


def empty_table(*columns: str) -> Table:
    """Return an empty table for 80 columns.

    Args:
        *columns: Names of the columns; `<` marks those of text.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold"
    )
    for column in columns:
        text = column.startswith("<")
        table.add_column(column.lstrip("<"), justify="left" if text else "right", no_wrap=not text)
    return table


def _levels(result: EntropyResult) -> Table:
    """Return a row for each level: half, interface, M, and its term in the entropy per site."""
    from ..results.types import Estimate

    term = "M/2V" if result.unit == "nats/site" else "off s"
    table = empty_table("k", "half", "interface", "M / nats", term, "<source")
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


def _sites(result: EntropyResult) -> Table:
    """Return the terms of a result without levels: sites alone, and all correlations."""
    from ..results.site_plots import start_of
    from ..results.types import Estimate

    (base,) = result.bases
    alone = f"each alone {Estimate(base.entropy, base.error)} on average"
    correlations = result.entropy - start_of(result)
    return hanging("sites:", f"{alone}, correlations {correlations:+.4f} by the chain rule")


def _budget(result: EntropyResult) -> Table:
    """Return the parts of the error, which add in quadrature."""
    table = empty_table("<error of", *result.budget)
    table.add_row(result.unit, *(f"{part:.2g}" for part in result.budget.values()))
    return table


def _energies(result: EntropyResult) -> list[Table]:
    """Return what known energies give: F, s from it, U and C, and the bracket of s."""
    from ..base.words import measured

    free = result.free_energy
    if free is None:
        return []
    rows = [
        ("F", measured(free.value, free.error), f"per site, at T = {free.temperature:g}"),
        ("(E - F)/T", measured(free.entropy, free.entropy_error), "s from the free energy"),
        ("E", measured(free.energy, free.energy_error), "mean energy per site"),
        ("C", measured(free.heat_capacity, free.heat_capacity_error), "heat capacity per site"),
    ]
    if free.bracket:
        ends = f"{free.bracket.lower:.5f} to {free.bracket.upper:.5f}"
        text = "s lies in here, for this mean energy"
        rows.insert(2, ("bracket", ends, text))
    table = empty_table("<energies", "", "<")
    for row in rows:
        table.add_row(*row)
    return [table]


def _samples(samples: Mapping[str, Any]) -> Table:
    shape = "x".join(f"{side:.4g}" for side in samples["shape"])
    if samples["kind"] == "particles":
        shape = f"{samples['particles']:g} particles in {shape} diameters"
    size = f"effective sample size {samples['effective']:.0f}"
    quality = f"tau {samples['tau']:.2g} draws, R-hat {samples['rhat']:.2f}"
    return hanging("samples:", f"{samples['n']} of {shape}, {size} ({quality})")


def hanging(head: str, text: str) -> Table:
    """Return a line with hanging indent.

    Args:
        head: What the line begins with.
        text: The rest, which is wrapped.
    """
    from rich.table import Table

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(head, text)
    return grid
