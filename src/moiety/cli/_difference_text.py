"""Print a difference of entropies for readers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.words import measured
from ._result import empty_table, hanging
from ._terminal import say, writing

if TYPE_CHECKING:
    from rich.table import Table

    from ..results.difference import EntropyDifference

__all__ = ["show"]

_COLUMNS = 80
_WIDEST = 16  # characters of a name in a table


def show(found: EntropyDifference) -> None:
    """Print a difference with both phases, its scales, its error budget and warnings.

    Args:
        found: The difference.
    """
    from rich.console import Console

    from ..results.types import Status

    line = str(replace(found, status=Status(())))  # warnings are printed at the end
    say(line if len(line) <= _COLUMNS else line.replace("  [", "\n  [", 1))
    console = Console(highlight=False, markup=False, emoji=False)
    first, second = labels(found.names)
    with writing():
        for part in (_phases(found, first, second), _scales(found, first, second), _budget(found)):
            console.print()
            console.print(part)
        for head, text in _coexistence(found):
            console.print(hanging(head, text))
        for warning in found.status.warnings:
            console.print(hanging("warning:", warning))


def labels(names: tuple[str, str]) -> tuple[str, str]:
    """Short names of two files that tell them apart.

    Args:
        names: Names of the files.

    Example:
        >>> labels(("runs/solid.gsd", "runs/liquid.gsd")), labels(("a/x.nc", "b/x.nc"))
        (('solid', 'liquid'), ('first', 'second'))
    """
    stems = [Path(name).stem for name in names]
    if stems[0] == stems[1] or max(map(len, stems)) > _WIDEST or not all(stems):
        return "first", "second"
    return stems[0], stems[1]


def _phases(found: EntropyDifference, first: str, second: str) -> Table:
    """Excess entropy, density and number of samples of both phases, and what they differ by."""
    from ..results.types import Estimate

    table = empty_table("<", first, second, f"Δs / ({found.unit})")
    pair = found.results
    table.add_row(
        "excess s / nats", *(str(Estimate(one.entropy, one.error)) for one in pair),
        str(found.excess),
    )  # fmt: skip
    densities = (f"{one.samples['density']:.5g}" for one in pair)
    table.add_row("density / sigma^-d", *densities, str(found.density))
    table.add_row("both", "", "", measured(found.entropy, found.error))
    other = found.cross_check
    if other:
        crossed = (str(one.cross_check or "") for one in pair)
        table.add_row("cross-check", *crossed, str(other))
    table.add_row("effective samples", *(f"{one.samples['effective']:.0f}" for one in pair), "")
    return table


def _scales(found: EntropyDifference, first: str, second: str) -> Table:
    table = empty_table("<half", f"M {first}", f"M {second}", f"Δs / ({found.unit})")
    for scale in found.scales:
        values = map(str, scale.information) if scale.information else ("", "")
        table.add_row(scale.name, *values, str(scale.difference))
    table.add_row("density", "", "", str(found.density))
    return table


def _budget(found: EntropyDifference) -> Table:
    """Return the parts of the error, which add in quadrature."""
    table = empty_table("<error of Δs", *found.budget)
    table.add_row(found.unit, *(f"{part:.2g}" for part in found.budget.values()))
    return table


def _coexistence(found: EntropyDifference) -> list[tuple[str, str]]:
    """Return lines about enthalpies and temperature."""
    known = found.coexistence
    if known is None:
        return []
    molar = found.unit == "J/mol/K"
    energy, kelvin = (" J/mol", " K") if molar else ("", "")
    first, second = found.names
    lines = []
    if known.melting:
        lines.append(("T_m:", f"{known.melting}{kelvin} = Δh/Δs, if both vary little with T"))
    if known.enthalpy:
        lines.append(("Δh:", f"{known.enthalpy}{energy}"))
    if known.expected:
        text = f"{known.expected} {found.unit} = Δh/T, if both coexist at T = {known.temperature:g}"
        lines.append(("Δs:", f"{text}{kelvin}"))
    if known.free_energy:
        change = known.free_energy
        stable = first if change.value > 0 else second
        verdict = f"{stable} is stable" if abs(change.value) > 2 * change.error else "undecided"
        lines.append(("Δg:", f"{change}{energy} at T = {known.temperature:g}{kelvin}: {verdict}"))
    elif known.heat:
        lines.append(("T Δs:", f"{known.heat}{energy}: the latent heat if both coexist at T"))
    return lines
