"""`moiety report`: one page about a result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ..choices import exact_value
from ..errors import InputError
from ._options import Force
from ._terminal import note

__all__ = ["EXAMPLE", "check_page", "report", "write_page"]

EXAMPLE = """Example:

\b
  moiety report result.nc --out report.html
"""

_Result = Annotated[Path, Argument(metavar="RESULT", help="A result that moiety estimate --out wrote (.nc).")]
_Out = Annotated[Path, Option("--out", metavar="FILE", help="The page to write (.html).")]


def report(result: _Result, out: _Out, force: Force = False) -> None:
    """Write one self-contained HTML page about a result.

    The entropy and its error, its split over length scales, the checks that it passed
    and failed, the training curves, and the exact value where it is known.
    """
    check_page(out, force)
    from ..results import EntropyResult

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
