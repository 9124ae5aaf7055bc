"""`moiety inspect`: whether the samples in a file are what the method assumes."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

from . import _estimate_options as opt
from ._options import Axes, Boundary, Format, Inhomogeneous, Json, Kind, Periodic, PeriodicAxes
from ._periodic import periodic_of
from ._terminal import progress_bar, say, writing

if TYPE_CHECKING:
    from ..inspection import Finding, Inspection

__all__ = ["EXAMPLE", "inspect"]

EXAMPLE = """Example:

\b
  moiety inspect ising.nc
  moiety inspect spins.npy --boundary periodic
  moiety inspect melt.lammpstrj.gz --json
"""


def inspect(
    file: opt.File,
    as_json: Json = False,
    boundary: Boundary = None,
    periodic: Periodic = None,
    periodic_axes: PeriodicAxes = None,
    inhomogeneous: Inhomogeneous = False,
    axes: Axes = None,
    kind: Kind = None,
    states: opt.States = None,
    symmetries: opt.Symmetries = None,
    variable: opt.Variable = None,
    topology: opt.Topology = None,
    format: Format = None,
) -> None:
    """Compare the samples in a file with what the method assumes.

    The method averages over positions and over draws. The checks ask whether all
    positions are equivalent, whether the boundary is what was said, whether a total is
    conserved, whether configurations occur again, and whether the draws are of one
    phase, without a drift. moiety estimate makes the same checks.

    Prints how the file was read, and for each check its figure and what it says. The
    exit code is 0 whatever the checks find; --json has "ok" for scripts.
    """
    from .. import inspection
    from ..io import load

    with progress_bar("inspecting"):
        samples = load(
            file,
            boundary=boundary,
            periodic=periodic_of(periodic, periodic_axes),
            homogeneous=False if inhomogeneous else None,
            axes=axes,
            kind=kind,
            states=states,
            symmetries=symmetries,
            variable=variable,
            topology=topology,
            format=format,
        )
        found = inspection.inspect(samples)
    if as_json:
        say(json.dumps(_plain(samples.read_as(), found), allow_nan=False, default=str))
    else:
        _show(samples.reading, found)


def _plain(read_as: dict[str, Any], found: Inspection) -> dict[str, Any]:
    """Everything as plain numbers and text, with null for what is not finite."""
    row = {"read_as": read_as} | found.to_dict()
    for check in row["checks"]:
        check["figure"] = check["figure"] if isfinite(check["figure"]) else None
    return row


def _show(reading: str, found: Inspection) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold"
    )
    table.add_column("check", no_wrap=True)
    table.add_column("figure", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what the samples say")
    for finding in found.findings:
        table.add_row(*_cells(finding))
    console = Console(highlight=False, markup=False, emoji=False)
    with writing():
        console.print(f"read as: {reading}")
        console.print()
        console.print(table)
        console.print()
        console.print(_verdict(found))


def _cells(finding: Finding) -> tuple[str, str, str, str]:
    mark = "ok" if finding.passed else "doubt"
    return finding.name, f"{finding.figure:.3g}", mark, finding.message


def _verdict(found: Inspection) -> str:
    count = len(found.warnings)
    if not count:
        return "The samples agree with what the method assumes."
    checks = "1 check fails" if count == 1 else f"{count} checks fail"
    return f"{checks}: an estimate from these samples is doubtful."
