"""Pages of measured tables, printed line by line and written as Markdown."""

import argparse
import platform
from collections.abc import Callable, Sequence
from datetime import date
from os import cpu_count
from pathlib import Path

from moiety import __version__

__all__ = ["MISSED", "Page", "provenance", "renewed", "row", "sections"]

MISSED = "Targets missed"  # start of the verdict on a part that misses targets


class Page:
    """Lines that are printed and kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str = "") -> None:
        print(line, flush=True)
        self.lines.append(line)

    def table(self, *names: str) -> None:
        """Add the header of a table."""
        self(row(*names))
        self("|" + "---|" * len(names))

    @property
    def text(self) -> str:
        """The whole page."""
        return "\n".join(self.lines) + "\n"


def row(*cells: object) -> str:
    """A line of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def provenance(command: str) -> str:
    """Version, day, machine and command in a sentence."""
    machine = f"{platform.machine()} with {cpu_count()} cores"
    return f"moiety {__version__}, {date.today()}, {machine}; `{command}`."


def sections(path: Path) -> dict[str, str]:
    """Parts of a page by second-level heading; empty if the page does not exist yet."""
    parts = path.read_text(encoding="utf-8").split("\n## ")[1:] if path.exists() else []
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip("\n") for part in parts}


def renewed(
    about: str,
    heading: str,
    parts: Sequence[str],
    default: Path,
    part: Callable[[str, argparse.Namespace], str],
) -> bool:
    """Run the program that renews a page part by part; return whether a part missed a target.

    Args:
        about: Description for `--help`.
        heading: Text above all parts.
        parts: Names of the parts in their order.
        default: Path of the page; with `--quick` nothing is written without `--out`.
        part: Function that makes a part; its options have `seed` and `quick`.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--only", choices=parts, help="renew this part of the page")
    parser.add_argument("--seed", type=int, default=1, help="seed for samples and networks")
    parser.add_argument(
        "--quick", action="store_true", help="tiny runs to try the program, without a verdict"
    )
    parser.add_argument("--out", type=Path, help=f"{default}; with --quick none, by default")
    options = parser.parse_args()
    out = options.out or (None if options.quick else default)
    missed = False
    for name in [options.only] if options.only else parts:
        text = part(name, options)
        missed |= MISSED in text
        if out:  # after each part, so that an interrupt keeps the finished parts
            texts = sections(out) | {name: text}
            blocks = [f"## {known}\n\n{texts[known]}" for known in parts if known in texts]
            page = "\n\n".join([heading, *blocks])
            out.write_text(page + "\n", encoding="utf-8")
    return missed
