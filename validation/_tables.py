"""Pages of measured tables: printed as they grow, kept as Markdown."""

import platform
from datetime import date
from os import cpu_count
from pathlib import Path

from moiety import __version__

__all__ = ["Page", "provenance", "row", "sections"]


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
