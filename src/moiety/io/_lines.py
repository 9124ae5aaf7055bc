"""Text files line by line, so that every message can name the line.

Files that end in `.gz` or `.bz2` are unpacked while they are read.
"""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from textwrap import shorten
from typing import IO, NoReturn

import numpy as np

from ..base.errors import InputError
from ._format import DAMAGE, cause

__all__ = ["PACKED", "Lines", "Table", "opened", "placed", "short"]

_OPENERS = {".gz": gzip.open, ".bz2": bz2.open}
PACKED = tuple(_OPENERS)
_SHOWN = 40


class Lines:
    """The lines of a file and the number of the last one that was read, from 1."""

    def __init__(self, file: IO[str]):
        self._file = file
        self.number = 0

    def take(self, wanted: str) -> str:
        """The next line; the end of the file is an error."""
        line = self._next()
        if not line:
            raise InputError(f"the file ends where {wanted} is expected; truncated?")
        return line

    def skip_blank(self) -> str:
        """The next line that is not blank, or an empty text at the end of the file."""
        while (line := self._next()) and not line.strip():
            pass
        return line

    def table(self, rows: int, columns: Sequence[str], what: str) -> Table:
        """Rows of fields, one line each, with one field a column at least."""
        first, lines = self.number + 1, []
        try:
            for line in islice(self._file, rows):
                lines.append(line)
        except DAMAGE as error:
            raise InputError(f"{cause(error)}; truncated or damaged?") from error
        finally:
            self.number += len(lines)
        _check_end(lines[-1] if lines else "")
        if len(lines) < rows:
            raise InputError(f"the file ends after {len(lines)} of {rows} {what}s; truncated?")
        return Table(tuple(lines), tuple(columns), first, what)

    def _next(self) -> str:
        self.number += 1
        try:
            line = next(self._file, "")
        except DAMAGE as error:
            raise InputError(f"{cause(error)}; truncated or damaged?") from error
        _check_end(line)
        return line


@dataclass(frozen=True)
class Table:
    """Rows of fields by the names of their columns.

    Arguments:
        lines: One a row.
        columns: Names, one for each field at least that a row has.
        first: Number of the first line in its file.
        what: A row is, for messages.
    """

    lines: tuple[str, ...]
    columns: tuple[str, ...]
    first: int
    what: str

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """Columns as numbers, shape `(rows, names)`; none may be NaN or infinite."""
        places = [self.columns.index(name) for name in names]
        if not self.lines:
            return np.empty((0, len(places)))
        if not all(map(str.strip, self.lines)):  # blank lines would be passed over
            self._complain(names)
        try:
            values = np.loadtxt(self.lines, np.float64, comments=None, usecols=places, ndmin=2)
        except ValueError:
            self._complain(names)
        if not np.isfinite(values).all():
            self._complain(names)
        return values

    def labels(self, name: str) -> np.ndarray | list[str]:
        """A column as whole numbers, or else as it stands."""
        place = self.columns.index(name)
        with suppress(IndexError, ValueError):  # short rows are named below, words are no numbers
            if self.lines and self.lines[0].split()[place].isdecimal():
                return np.loadtxt(self.lines, np.int64, comments=None, usecols=place, ndmin=1)
        fields = [line.split() for line in self.lines]
        if any(len(row) <= place for row in fields):
            self._complain([name])
        return [row[place] for row in fields]

    def _complain(self, names: Sequence[str]) -> NoReturn:
        """Name the first row that is wrong."""
        for number, line in enumerate(self.lines, start=self.first):
            row = line.split()
            if len(row) < len(self.columns):
                words = f"expected {self.what} of {len(self.columns)} columns, found {short(line)}"
                raise AtLine(number, f"{words}; truncated, or the number of particles is wrong?")
            for name in names:
                if not _is_finite(row[self.columns.index(name)]):
                    raise AtLine(
                        number, f"{name} is {row[self.columns.index(name)]!r}, no finite number"
                    )
        raise InputError(f"the {self.what}s cannot be read as {len(self.columns)} columns")


class AtLine(InputError):
    """A refusal that knows its line already."""

    def __init__(self, number: int, message: str):
        super().__init__(message)
        self.number = number


@contextmanager
def opened(path: Path) -> Iterator[Lines]:
    """The lines of a text file, packed or not."""
    opener = _OPENERS.get(path.suffix.lower(), open)
    with opener(path, "rt", encoding="utf-8", errors="replace") as file:
        yield Lines(file)


@contextmanager
def placed(lines: Lines, frame: int) -> Iterator[None]:
    """Name the frame and the line in every refusal inside the block."""
    try:
        yield
    except InputError as error:
        number = error.number if isinstance(error, AtLine) else lines.number
        raise InputError(f"frame {frame}, line {number}: {error}") from error


def short(line: str) -> str:
    """A line as messages show it."""
    return (
        repr(shorten(line.strip(), _SHOWN, placeholder=" ...")) if line.strip() else "a blank line"
    )


def _check_end(line: str) -> None:
    """A last line may be cut within a number, which would go unseen."""
    if line and not line.endswith("\n"):
        raise InputError(
            "the last line is not finished; truncated? (if it is whole, end it with a line break)"
        )


def _is_finite(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
