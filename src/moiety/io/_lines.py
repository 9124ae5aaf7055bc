"""Read text files line by line, so that every message can name the line.

Files that end in `.gz` or `.bz2` are decompressed while they are read.
"""

from __future__ import annotations

import bz2
import gzip
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

import numpy as np

from ..base.errors import InputError
from ._format import DAMAGE, cause
from ._limits import Counted, Packed

__all__ = ["PACKED", "AtLine", "Lines", "Table", "check_end", "opened", "placed", "short", "whole"]

_UNPACKED: dict[str, Callable[[Path], Packed]] = {".gz": gzip.GzipFile, ".bz2": bz2.BZ2File}
PACKED = tuple(_UNPACKED)  # suffixes of compressed files
_SHOWN = 40
_LONGEST = 2**20  # characters of a line
_DIGITS = 15  # of a number of rows
_FEWEST_ROWS = 4  # that show how many digits a column has
_REMEMBERED = 64  # rows of earlier frames


class Lines:
    """The lines of a file, and the number of the last line read, counted from 1.

    Args:
        file: An open text file.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._before: list[str] = []  # last rows of the tables so far
        self._again = ""
        self.number = 0

    def take(self, wanted: str) -> str:
        """Read the next line; the end of the file is an error.

        Args:
            wanted: What the line should contain, for messages.
        """
        line = self._read()
        if not line:
            raise InputError(f"the file ends where {wanted} is expected; truncated?")
        return line

    def put_back(self, line: str) -> None:
        """Let the last line be read again.

        Args:
            line: The line.
        """
        self._again = line
        self.number -= 1

    def skip_blank(self) -> str:
        """Read the next line that is not blank; return "" at the end of the file."""
        while (line := self._read()) and not line.strip():
            pass
        return line

    def table(self, rows: int, columns: Sequence[str], what: str) -> Table:
        """Read rows of fields.

        Args:
            rows: Number of rows, one line each.
            columns: Names of the columns.
            what: What a row describes, for messages.
        """
        first = self.number + 1
        lines = self.rows(rows, what)
        check_end([*self._before, *lines])
        self._before = [*self._before, *lines][-_REMEMBERED:]
        return Table(tuple(lines), tuple(columns), first, what)

    def rows(self, rows: int, what: str) -> list[str]:
        """Read a number of lines.

        Args:
            rows: Number of lines.
            what: What a line describes, for messages.
        """
        first, lines = self.number + 1, list[str]()
        while len(lines) < rows and (line := self._read()):
            lines.append(line)
        self.number = first - 1 + len(lines)
        if len(lines) < rows:
            raise InputError(f"the file ends after {len(lines)} of {rows} {what}s; truncated?")
        return lines

    def _read(self) -> str:
        self.number += 1
        if self._again:
            line, self._again = self._again, ""
            return line
        try:
            line = self._file.readline(_LONGEST + 1)
        except InputError:
            raise
        except DAMAGE as error:
            raise InputError(f"{cause(error)}; truncated or damaged?") from error
        if len(line) > _LONGEST:
            raise InputError(f"the line has more than {_LONGEST:,} characters; damaged?")
        return line


@dataclass(frozen=True)
class Table:
    """Rows of fields with named columns.

    Args:
        lines: One line per row.
        columns: Names of the columns; a row may have further fields.
        first: Number of the first line in its file.
        what: What a row describes, for messages.
    """

    lines: tuple[str, ...]
    columns: tuple[str, ...]
    first: int
    what: str

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """Parse columns as finite numbers, shape `(rows, names)`.

        Args:
            names: Names of the columns.

        Raises:
            InputError: A row is short, or a field is not a finite number.
        """
        places = [self.columns.index(name) for name in names]
        if not self.lines:
            return np.empty((0, len(places)))
        if not all(map(str.strip, self.lines)):  # np.loadtxt would skip blank lines
            self._complain(names)
        try:
            values = np.loadtxt(self.lines, np.float64, comments=None, usecols=places, ndmin=2)
        except ValueError:
            self._complain(names)
        if not np.isfinite(values).all():
            self._complain(names)
        return values

    def labels(self, name: str) -> np.ndarray | list[str]:
        """Parse a column as whole numbers, or else as text.

        Args:
            name: Name of the column.
        """
        place = self.columns.index(name)
        with suppress(IndexError, ValueError):  # a short row is reported below, text is kept
            if self.lines and self.lines[0].split(None, place + 1)[place].isdecimal():
                return np.loadtxt(self.lines, np.int64, comments=None, usecols=place, ndmin=1)
        fields = [line.split(None, place + 1) for line in self.lines]
        if any(len(row) <= place for row in fields):
            self._complain([name])
        return [row[place] for row in fields]

    def _complain(self, names: Sequence[str]) -> NoReturn:
        """Raise an error that names the first bad row."""
        for number, line in enumerate(self.lines, start=self.first):
            row = line.split()
            if len(row) < len(self.columns):
                expected = f"expected {self.what} of {len(self.columns)} columns"
                hint = "truncated, or the number of particles is wrong?"
                raise AtLine(number, f"{expected}, found {short(line)}; {hint}")
            for name in names:
                text = row[self.columns.index(name)]
                if not _is_finite(text):
                    raise AtLine(number, f"{name} is {short(text)}, not a finite number")
        raise InputError(f"the {self.what}s cannot be read as {len(self.columns)} columns")


class AtLine(InputError):
    """An error with the number of its line.

    Args:
        number: Number of the line.
        message: What is wrong with it.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


@contextmanager
def opened(path: Path) -> Iterator[Lines]:
    """Open the lines of a text file, compressed or not.

    Args:
        path: The file.
    """
    with _open_text(path) as file:
        yield Lines(file)


@contextmanager
def placed(lines: Lines, frame: int) -> Iterator[None]:
    """Name the frame and the line in every error inside the block.

    Args:
        lines: The lines of the file.
        frame: Number of the frame, from 0.
    """
    try:
        yield
    except InputError as error:
        number = error.number if isinstance(error, AtLine) else lines.number
        raise InputError(f"frame {frame}, line {number}: {error}") from error


def short(line: str) -> str:
    """Shorten a line for messages.

    Args:
        line: Text of the line.
    """
    words = line.strip()[: 8 * _SHOWN].split()  # lines may be long
    text = " ".join(words)
    if len(text) > _SHOWN:
        text = f"{text[: _SHOWN - 4].rstrip()} ..."
    return repr(text) if text else "a blank line"


def whole(line: str, what: str) -> int:
    """Parse a number of rows.

    Args:
        line: Text of the line.
        what: What is counted, for messages.

    Raises:
        InputError: The line is not a whole number.
    """
    if not line.strip().isdecimal() or len(line.strip()) > _DIGITS:
        raise InputError(f"expected {what}, found {short(line)}")
    return int(line)


def _open_text(path: Path) -> IO[str]:
    unpack = _UNPACKED.get(path.suffix.lower())
    if unpack is None:
        return path.open(encoding="utf-8", errors="replace")
    counted = Counted(unpack(path), path.stat().st_size)
    return io.TextIOWrapper(io.BufferedReader(counted, 2**16), encoding="utf-8", errors="replace")


def check_end(rows: Sequence[str]) -> None:
    r"""Refuse a last line without a line break whose last number has lost digits.

    A line break that is only missing is no truncation.  A number is cut if it has fewer decimals
    than all others of its column: one fewer where these have equally many, else two.

    Args:
        rows: Lines of a table, the last of which may be the last of its file.

    Raises:
        InputError: The last number was cut.

    Example:
        >>> check_end(["0.25 0.75\n"] * 8 + ["0.50 0.25"])
        >>> check_end(["0.25 0.75\n"] * 8 + ["0.50 0.2"])
        Traceback (most recent call last):
            ...
        moiety.base.errors.InputError: the last number, '0.2', lost digits; truncated?
    """
    if len(rows) <= _FEWEST_ROWS or rows[-1].endswith("\n"):
        return
    last, *others = [_decimals(row) for row in (rows[-1], *rows[:-1])]
    if last <= min(others) - (1 if min(others) == max(others) else 2):
        number = short(rows[-1].split()[-1])
        raise InputError(f"the last number, {number}, lost digits; truncated?")


def _decimals(row: str) -> int:
    """Characters after the point of the last field; 0 for a whole number or a blank line."""
    return len("".join(row.split()[-1:]).partition(".")[2])


def _is_finite(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
