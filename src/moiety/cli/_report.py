"""`moiety report`: write a page about a result or a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from ..base.errors import InputError
from ..entropy.choices import exact_value
from ._options import Force
from ._terminal import note

if TYPE_CHECKING:
    from ..results.result import EntropyResult

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
        help="Result of moiety estimate --out (.nc), or store of a sweep (folder).",
    ),
]
_Out = Annotated[Path, Option("--out", metavar="FILE", help="Output file (.html).")]


def report(result: _Result, out: _Out, force: Force = False) -> None:
    """Write one self-contained HTML page about a result or a sweep.

    The page of a result shows the entropy and its error, its parts by length scale,
    the checks, the training curves, and the exact value where it is known.

    The page of a sweep, finished or not, shows entropy, cross-check, M by scale and
    its slope over the temperature (or the axis with the most values) in interactive
    charts, and a table of all state points with their levels and training curves.
    Pages load nothing from the network.
    """
    check_page(out, force)
    if result.is_dir():
        from ..report import write_sweep_report
        from ..sweep import Store

        write_sweep_report(Store.open(result), out, force=force)
        note(f"wrote {out}")
        return
    from ..results.result import EntropyResult

    write_page(EntropyResult.load(result), out, force)


def check_page(path: Path, force: bool) -> None:
    """Refuse a page that could not be written, before the long work.

    Args:
        path: Output file.
        force: Whether to replace an existing file.

    Raises:
        InputError: The page could not be written.
    """
    from ..io import check_output

    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{path}: reports are written as HTML; end the name in .html")
    check_output(path, force)


def write_page(result: EntropyResult, path: Path, force: bool) -> None:
    """Write the page of a result, and print a note.

    Args:
        result: The result.
        path: Output file.
        force: Whether to replace an existing file.
    """
    from ..report import write_report

    write_report(result, path, force=force, exact=exact_value(result))
    note(f"wrote {path}")
