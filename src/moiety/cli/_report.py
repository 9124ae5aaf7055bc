"""`moiety report`: one page about a result, or about a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ..base.errors import InputError
from ..entropy.choices import exact_value
from ._options import Force
from ._terminal import note

__all__ = ["EXAMPLE", "check_page", "report", "write_page"]

EXAMPLE = """Example:

\b
  moiety report result.nc --out report.html
  moiety report ising --out ising.html
"""

_Result = Annotated[
    Path,
    Argument(
        metavar="RESULT",
        help="A result that moiety estimate --out wrote (.nc), or the store of a sweep (a folder).",
    ),
]
_Out = Annotated[Path, Option("--out", metavar="FILE", help="The page to write (.html).")]


def report(result: _Result, out: _Out, force: Force = False) -> None:
    """Write one self-contained HTML page about a result, or about a sweep.

    The entropy and its error, its split over length scales, the checks that it passed
    and failed, the training curves, and the exact value where it is known.

    Of a sweep, finished or not: entropy, cross-check, M by scale and its slope over the
    temperature (or the axis with most values), in charts that can be read at a point,
    switched in parts and zoomed; and a table of state points that unfold to their levels
    and training curves. Nothing is loaded from a network.
    """
    check_page(out, force)
    if result.is_dir():
        from ..report import write_sweep_report
        from ..sweep import Store

        write_sweep_report(Store.opened(result), out, force=force)
        note(f"wrote {out}")
        return
    from ..results.result import EntropyResult

    write_page(EntropyResult.load(result), out, force)


def check_page(path: Path, force: bool) -> None:
    """Refuse a page that could not be written, before the long work."""
    from ..io import check_output

    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{path}: reports are written as HTML; end the name in .html")
    check_output(path, force)


def write_page(result, path: Path, force: bool) -> None:
    """Write the page and say so."""
    from ..report import write_report

    write_report(result, path, force=force, exact=exact_value(result))
    note(f"wrote {path}")
