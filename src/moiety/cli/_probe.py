"""`moiety probe`: what a sweep says of phases."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from ..base.errors import InputError
from ._options import Force, Json
from ._terminal import note, say, writing

__all__ = ["EXAMPLE", "probe"]

EXAMPLE = """Example:

\b
  moiety probe ising --out phases.png
  moiety probe study.nc --along field --json
"""

_Source = Annotated[
    Path,
    Argument(
        metavar="DIR_OR_FILE",
        help="The store of a sweep, or what moiety collect wrote of it (.nc).",
    ),
]
_Along = Annotated[str, Option(metavar="NAME", help="The axis along which phases may change.")]
_Out = Annotated[
    Path | None, Option("--out", metavar="FILE", help="Where to draw it (.png, .pdf or .svg).")
]


def probe(
    source: _Source,
    along: _Along = "temperature",
    out: _Out = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Find where phases change from the mutual information of a sweep.

    No order parameter is needed: M between neighbouring blocks is largest, or rises
    fastest, where correlations change. Prints where, by scale and with errors, and the
    area law M = alpha l + beta of every state point; draws both and how much each scale
    takes from the entropy.
    """
    from ..io import check_output
    from ..probe import area_laws, draw, find_peaks

    if out and out.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise InputError(f"{out}: figures are written as .png, .pdf or .svg")
    if out:
        check_output(out, force)
    data = _data(source)
    found, laws = find_peaks(data, along), area_laws(data, along)
    if out:
        draw(data, along).savefig(out, dpi=200)
        note(f"wrote {out}")
    if as_json:
        peaks = [asdict(one) for one in found]
        say(
            json.dumps(
                {
                    "along": along,
                    "peaks": peaks,
                    "area_laws": [{"labels": labels, **asdict(law)} for labels, law in laws],
                }
            )
        )
        return
    _show(found, laws, along)


def _data(source: Path) -> Any:
    import xarray

    from ..io._format import naming
    from ..sweep import Store, collect

    if source.is_dir():
        return collect(Store.opened(source))
    with naming(source, "cannot be read as what moiety collect wrote"):
        if not source.is_file():
            raise InputError("no such file; check the name")
        with xarray.open_dataset(source, engine="h5netcdf") as data:
            return data.load()


def _show(found: list[Any], laws: list[Any], along: str) -> None:
    """Two tables for each curve."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False, emoji=False)
    for place, labels in enumerate({_named(one.labels): one.labels for one in found}.values()):
        peaks = Table(
            "sites",
            "largest M",
            f"at {along}",
            f"rises fastest at {along}",
            box=None,
            pad_edge=False,
        )
        for one in (one for one in found if one.labels == labels):
            height = f"{one.highest.height:.3f} ± {one.highest.height_error:.3f}"
            peaks.add_row(f"{one.volume:g}", height, str(one.highest), str(one.steepest))
        fits = Table(
            along, "alpha (nats/site)", "beta (nats)", "chi2", "blocks", box=None, pad_edge=False
        )
        for label, law in laws:
            if {name: value for name, value in label.items() if name != along} == labels:
                beta = f"{law.beta:.3f} ± {law.beta_error:.3f}"
                fits.add_row(
                    f"{label[along]:g}",
                    f"{law.alpha:.4f} ± {law.alpha_error:.4f}",
                    beta,
                    f"{law.chi2:.1f}",
                    str(law.points),
                )
        with writing():
            console.print(
                *([""] if place else []),
                f"{_named(labels)}: mutual information of halves",
                "",
                peaks,
                sep="\n",
            )
            if fits.row_count:
                console.print("", "area law M = alpha l + beta", "", fits, sep="\n")


def _named(labels: dict[str, Any]) -> str:
    return ", ".join(
        str(value)
        if name == "system"
        else f"{name} {value:g}"
        if isinstance(value, float)
        else f"{name} {value}"
        for name, value in labels.items()
    )
