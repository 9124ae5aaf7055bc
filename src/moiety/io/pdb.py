"""PDB files with many models (https://www.wwpdb.org/documentation/file-format), compressed or not.

Frames are separated by MODEL, ENDMDL or END.  The box of a frame is the last CRYST1 before its
atoms, so that one record may serve all models; its corner is the origin, and all boundaries are
periodic unless the user says otherwise.  Types are the elements, or else the names of the atoms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._cells import cell_of, is_boxed
from ._format import Periodic
from ._lines import PACKED, Lines, opened, placed, short
from ._topology import with_topology
from ._trajectory import Frame, TrajectoryFormat, coded, gather

__all__ = ["PDB"]

_COORDINATES = (slice(30, 38), slice(38, 46), slice(46, 54))
_LENGTHS = (slice(6, 15), slice(15, 24), slice(24, 33))
_ANGLES = (slice(33, 40), slice(40, 47), slice(47, 54))
_NAME, _ELEMENT = slice(12, 16), slice(76, 78)
_SPACE = 3


@dataclass(frozen=True)
class _Model:
    """The atoms of a frame as they are read."""

    positions: list[list[float]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        self.positions.append(_numbers(line, _COORDINATES, "an atom with three coordinates"))
        self.names.append(line[_NAME].strip() or "?")
        self.elements.append(line[_ELEMENT].strip())

    def frame(self, cell: np.ndarray | None) -> Frame:
        if cell is None:
            raise InputError("has no box (CRYST1) before its atoms")
        labels = self.elements if all(self.elements) else self.names
        types, names = coded(labels)
        positions = np.array(self.positions).reshape(-1, _SPACE)
        return Frame(positions, cell, (True,) * _SPACE, types=types, names=names)


def _read(path: Path, topology: Path | None, periodic: Periodic | None) -> Particles:
    provenance = {"file": path.name, "format": PDB.name}
    with opened(path) as lines:
        particles = gather(_frames(lines), periodic=periodic, provenance=provenance)
    return with_topology(particles, topology)


def _frames(lines: Lines) -> Iterator[Frame]:
    k, cell, model, is_open = 0, None, _Model(), False
    while True:
        with placed(lines, k):
            line = lines.skip_blank()
            record = line[:6].strip()
            if record == "CRYST1":
                cell = _cell(line)
            elif record in ("ATOM", "HETATM"):
                model.add(line)
            elif line and record not in ("MODEL", "ENDMDL", "END"):
                continue
            else:
                if is_open and not line:
                    raise InputError("the file has a MODEL without its ENDMDL; truncated?")
                is_open = record == "MODEL"
                frame = model.frame(cell) if model.positions else None
                if frame:
                    yield frame
                    k, model = k + 1, _Model()
                if not line:
                    return


def _cell(line: str) -> np.ndarray | None:
    lengths = np.array(_numbers(line, _LENGTHS, "the lengths of the box"))
    if not is_boxed(lengths):
        return None
    return cell_of(lengths, np.array(_numbers(line, _ANGLES, "the angles of the box")))


def _numbers(line: str, columns: tuple[slice, ...], what: str) -> list[float]:
    try:
        return [float(line[column]) for column in columns]
    except ValueError:
        raise InputError(f"expected {what}, found {short(line)}; truncated or damaged?") from None


PDB = TrajectoryFormat(
    "PDB",
    tuple(plain + packed for packed in ("", *PACKED) for plain in (".pdb", ".ent")),
    _read,
    topology=True,
)
