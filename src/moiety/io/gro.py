"""GRO files of GROMACS with one frame or many (https://manual.gromacs.org), compressed or not.

A frame is a title, the number of atoms, one line per atom in fixed columns, and the box: its three
sides, or v1x v2y v3z v1y v1z v2x v2z v3x v3y.  The width of a coordinate is the distance between
two decimal points.  The corner of the box is the origin, all boundaries are periodic unless the
user says otherwise, and types are the names of the atoms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._format import Periodic
from ._lines import PACKED, AtLine, Lines, check_end, opened, placed, short, whole
from ._topology import with_topology
from ._trajectory import Frame, TrajectoryFormat, coded, gather

__all__ = ["GRO"]

_START = 20  # columns before the coordinates
_NAME = slice(10, 15)
_SPACE = 3
_WIDEST = 30
_TILTED = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1))


def _read(path: Path, topology: Path | None, periodic: Periodic | None) -> Particles:
    provenance = {"file": path.name, "format": GRO.name}
    with opened(path) as lines:
        particles = gather(_frames(lines), periodic=periodic, provenance=provenance)
    return with_topology(particles, topology)


def _frames(lines: Lines) -> Iterator[Frame]:
    k, boxes = 0, list[str]()
    while True:
        with placed(lines, k):
            title = lines.skip_blank()
            if not title:
                return
            number = _number(lines, title)
            first = lines.number + 1
            rows = lines.rows(number, "atom")
            box = lines.take("the box")
            boxes = [*boxes[-8:], box]
            check_end(boxes)
            frame = _frame(rows, first, box)
        yield frame
        k += 1


def _number(lines: Lines, title: str) -> int:
    """The number of atoms: the line after the title, which may be blank and is skipped then."""
    line = lines.take("the number of atoms")
    if title.strip().isdecimal() and not line.strip().isdecimal():
        lines.put_back(line)
        line = title
    return whole(line, "the number of atoms")


def _frame(rows: Sequence[str], first: int, box: str) -> Frame:
    types, names = coded([row[_NAME].strip() or "?" for row in rows])
    return Frame(_positions(rows, first), _cell(box), (True,) * _SPACE, types=types, names=names)


def _positions(rows: Sequence[str], first: int) -> np.ndarray:
    width = _width(rows[0], first) if rows else 0
    starts = [_START + width * axis for axis in range(_SPACE)]
    positions = np.empty((len(rows), _SPACE))
    for place, row in enumerate(rows):
        try:
            positions[place] = [float(row[start : start + width]) for start in starts]
        except ValueError:
            raise AtLine(
                first + place,
                f"expected an atom with three coordinates, found {short(row)}; truncated, or the"
                " number of atoms is wrong?",
            ) from None
    return positions


def _width(row: str, first: int) -> int:
    """Columns of a coordinate: the distance between two decimal points."""
    point = row.find(".", _START)
    width = row.find(".", point + 1) - point
    if point < 0 or not 1 < width <= _WIDEST:
        raise AtLine(first, f"expected an atom with three coordinates, found {short(row)}")
    return width


def _cell(line: str) -> np.ndarray:
    try:
        numbers = [*map(float, line.split())]
    except ValueError:
        numbers = []
    if len(numbers) not in (_SPACE, len(_TILTED)) or not np.isfinite(numbers).all():
        raise InputError(f"expected a box of 3 or 9 numbers, found {short(line)}")
    if not any(numbers):
        raise InputError("has no box: its sides are 0")
    cell = np.zeros((_SPACE, _SPACE))
    for (edge, axis), number in zip(_TILTED, numbers, strict=False):
        cell[edge, axis] = number
    return cell


GRO = TrajectoryFormat(
    "GRO", tuple(f".gro{packed}" for packed in ("", *PACKED)), _read, topology=True
)
