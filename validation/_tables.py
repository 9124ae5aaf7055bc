"""Pages of measured tables: printed as they grow, kept as Markdown."""

import argparse
import platform
from collections.abc import Callable, Sequence
from datetime import date
from os import cpu_count
from pathlib import Path

from moiety import __version__

__all__ = ["MISSED", "Page", "provenance", "renewed", "row", "sections"]

MISSED = "Targets missed"  # begins the verdict of a part that misses some


class Page:
    """Lines that are printed at once and kept."""

    def __init__(self):
        self.lines: list[str] = []

    def __call__(self, line: str = "") -> None:
        print(line, flush=True)
        self.lines.append(line)

    def table(self, *names: str) -> None:
        """The head of a table."""
        self(row(*names))
        self("|" + "---|" * len(names))

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines) + "\n"


def row(*cells: object) -> str:
    """A line of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def provenance(command: str) -> str:
    """Version, day, machine and the command, in one sentence."""
    return f"moiety {__version__}, {date.today()}, {platform.machine()} with {cpu_count()} cores; `{command}`."


def sections(path: Path) -> dict[str, str]:
    """The parts of a page by their second-level headings; none where there is no page yet."""
    parts = path.read_text(encoding="utf-8").split("\n## ")[1:] if path.exists() else []
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip("\n") for part in parts}


def renewed(
    about: str,
    heading: str,
    parts: Sequence[str],
    default: Path,
    part: Callable[[str, argparse.Namespace], str],
) -> bool:
    """The program of a page that is made part by part; whether a part missed a target.

    Arguments:
        about: What `--help` says.
        heading: What stands above all parts.
        parts: Their names, in their order.
        default: Where the page is; with `--quick` nothing is written unless told.
        part: Makes one of them; the options have `seed` and `quick`.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--only", choices=parts, help="renew this part of the page")
    parser.add_argument("--seed", type=int, default=1, help="of samples and networks")
    parser.add_argument(
        "--quick", action="store_true", help="tiny runs, to try the program; they judge nothing"
    )
    parser.add_argument("--out", type=Path, help=f"{default}; with --quick none, by default")
    options = parser.parse_args()
    out = options.out or (None if options.quick else default)
    missed = False
    for name in [options.only] if options.only else parts:
        text = part(name, options)
        missed |= MISSED in text
        if out:  # after each part: an interrupt keeps those that are done
            found = sections(out) | {name: text}
            page = "\n\n".join(
                [heading] + [f"## {known}\n\n{found[known]}" for known in parts if known in found]
            )
            out.write_text(page + "\n", encoding="utf-8")
    return missed
