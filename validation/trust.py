"""Write the table of treacherous input into docs/trust.md, from what moiety says now.

    python validation/trust.py

Every row of the tests is run once.  The page keeps the rest of its text: the table stands between
two comments.
"""

from __future__ import annotations

import argparse
import io as streams
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import moiety
from moiety.cli import main as command

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
import treacherous_commands as commands
import treacherous_files as files
import treacherous_samples as samples

PAGE = Path(__file__).resolve().parent.parent / "docs" / "trust.md"
START, END = "<!-- table of inputs -->", "<!-- end of the table -->"
LONGEST = 170  # characters of a line that are shown

Line = tuple[str, str, str]


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    tables = {"Files and options": of_files(), "Samples": of_samples()}
    tables["Commands and plans"] = of_commands()
    text = "\n".join(part for name, rows in tables.items() for part in written(name, [*rows]))
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(START)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{START}\n\n{text}\n{END}{after}", encoding="utf-8")


def written(name: str, rows: list[Line]) -> Iterator[str]:
    yield f"### {name}\n"
    yield "| input | exit code | line |\n|---|---|---|"
    for what, code, line in rows:
        yield f"| {what} | {code} | {escaped(line)} |"
    yield ""


def escaped(line: str) -> str:
    """A line as a cell of a table, cut where it is very long."""
    short = line if len(line) <= LONGEST else line[:LONGEST].rsplit(" ", 1)[0] + " ..."
    marked = re.sub(r"([\\`*_{}\[\]<>|$])", r"\\\1", short)
    return marked.replace("\\<", "&lt;").replace("\\>", "&gt;")


def shown(words: list[str], folder: Path) -> tuple[int, str]:
    """Exit code and error line of a command, without the name of the folder."""
    out, err = streams.StringIO(), streams.StringIO()
    code = 0
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        try:
            command(words)
        except SystemExit as end:
            code = int(end.code or 0)
    text = err.getvalue().strip().splitlines() or [""]
    line = text[-1].removeprefix("error: ").replace(f"{folder}{os.sep}", "")
    return code, line.replace(str(folder), ".")


def of_files() -> Iterator[Line]:
    for row in files.ROWS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = row.make(folder)
            words = row.words if isinstance(row.words, list) else row.words.split()
            words = [str(path) if word == "FILE" else word for word in words]
            code, line = shown(["estimate", str(path), *words, "--quiet"], folder)
            yield row.what, str(code), line


def of_samples() -> Iterator[Line]:
    for row in samples.ROWS:
        inspection = moiety.inspect(row.make())
        yield row.what, "0, doubtful", "; ".join(inspection.warnings)


def of_commands() -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands.prepare(folder)
        for what, typed, *_ in commands.ROWS:
            plan = "[[" in typed
            (folder / "bad.toml").write_text(typed if plan else "")
            words = shlex.split("sweep bad.toml --out new --dry-run" if plan else typed)
            code, line = shown(words, folder)
            yield what, str(code), line


if __name__ == "__main__":
    main()
