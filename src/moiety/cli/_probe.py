"""`moiety probe`: find phase transitions in a sweep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from ..base.errors import InputError
from ._options import Force, Json
from ._terminal import note, say, writing

if TYPE_CHECKING:
    import xarray
    from rich.table import Table

    from ..probe import AreaFit, CurvePeaks

__all__ = ["EXAMPLE", "probe"]

EXAMPLE = """Example:

\b
  moiety probe ising --out phases.png
  moiety probe study.nc --along field --json
"""

_Source = Annotated[
    Path,
    Argument(
        metavar="DIR_OR_FILE", help="Store of a sweep (folder), or output of moiety collect (.nc)."
    ),
]
_Along = Annotated[str, Option(metavar="NAME", help="Axis along which the phase changes.")]
_Out = Annotated[
    Path | None, Option("--out", metavar="FILE", help="Output file for a plot (.png, .pdf, .svg).")
]


def probe(
    source: _Source,
    along: _Along = "temperature",
    out: _Out = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Find phase transitions from the mutual information of a sweep.

    No order parameter is needed: M between neighbouring blocks peaks, or rises
    fastest, where correlations change. Prints these places by scale with errors, and
    the area law M = alpha l + beta of every state point. The plot shows both, and how
    much each scale lowers the entropy.
    """
    from ..base.atomic import atomic
    from ..io import check_output
    from ..io._format import naming
    from ..probe import area_laws, draw, find_peaks

    if out and out.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise InputError(f"{out}: figures are written as .png, .pdf or .svg")
    if out:
        check_output(out, force)
    data = _data(source)
    peaks, laws = find_peaks(data, along), area_laws(data, along)
    if out:
        with naming(out, "cannot be written"), atomic(out) as part:
            draw(data, along).savefig(part, dpi=200)
        note(f"wrote {out}")
    if as_json:
        fits = [{"labels": labels, **asdict(law)} for labels, law in laws]
        found = {"along": along, "peaks": [*map(asdict, peaks)], "area_laws": fits}
        say(json.dumps(found, default=lambda number: number.item()))  # labels are NumPy integers
    else:
        _show(peaks, laws, along)


def _data(source: Path) -> xarray.Dataset:
    from ..io._dataset import read_dataset
    from ..io._format import naming
    from ..sweep import Store, collect

    if source.is_dir():
        return collect(Store.open(source))
    with naming(source, "cannot be read as output of moiety collect"):
        if not source.is_file():
            raise InputError("no such file; check the name")
        return read_dataset(source)


def _show(
    peaks: Sequence[CurvePeaks], laws: Sequence[tuple[Mapping[str, Any], AreaFit]], along: str
) -> None:
    """Print two tables for each curve."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    for place, labels in enumerate({_name(peak.labels): peak.labels for peak in peaks}.values()):
        fits = _fits(laws, labels, along)
        with writing():
            if place:
                console.print("")
            title = f"{_name(labels)}: mutual information of halves"
            console.print(title, "", _peaks(peaks, labels, along), sep="\n")
            if fits.row_count:
                console.print("", "area law M = alpha l + beta", "", fits, sep="\n")


def _peaks(peaks: Sequence[CurvePeaks], labels: Mapping[str, Any], along: str) -> Table:
    from rich.table import Table

    columns = ("sites", "largest M", f"at {along}", f"rises fastest at {along}")
    table = Table(*columns, box=None, pad_edge=False)
    for peak in (peak for peak in peaks if peak.labels == labels):
        height = f"{peak.highest.height:.3f} ± {peak.highest.height_error:.3f}"
        table.add_row(f"{peak.volume:g}", height, str(peak.highest), str(peak.steepest))
    return table


def _fits(
    laws: Sequence[tuple[Mapping[str, Any], AreaFit]], labels: Mapping[str, Any], along: str
) -> Table:
    from rich.table import Table

    columns = (along, "alpha (nats/site)", "beta (nats)", "chi2", "blocks")
    table = Table(*columns, box=None, pad_edge=False)
    for place, law in laws:
        if {name: value for name, value in place.items() if name != along} == labels:
            table.add_row(
                f"{place[along]:g}",
                f"{law.alpha:.4f} ± {law.alpha_error:.4f}",
                f"{law.beta:.3f} ± {law.beta_error:.3f}",
                f"{law.chi2:.1f}",
                str(law.points),
            )
    return table


def _name(labels: Mapping[str, Any]) -> str:
    return ", ".join(
        str(value)
        if name == "system"
        else f"{name} {value:g}"
        if isinstance(value, float)
        else f"{name} {value}"
        for name, value in labels.items()
    )
