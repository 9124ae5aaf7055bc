r"""Edges of the boxes in files that MDAnalysis reads, which knows lengths and angles only.

With lengths and angles the first edge would lie along x and the second in the xy plane, although
positions may refer to another orientation.  So edges are read as vectors where a file contains
them: XTC, TRR, the HISTORY of DL_POLY, and DCD of CHARMM, which writes the symmetric matrix
$$h = \begin{pmatrix} u_0 & u_1 & u_3 \\ u_1 & u_2 & u_4 \\ u_3 & u_4 & u_5 \end{pmatrix}.$$
Other DCD files contain lengths and angles, so that a box with other angles than 90 degrees is
refused.  AMBER and Tinker define the orientation, see `_cells`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InputError
from ._cells import cell_of

__all__ = ["cells", "described"]

_DEFINED = {".nc", ".ncdf", ".arc", ".txyz"}  # formats that define the orientation
_RIGHT, _DEGREES = 90.0, 1e-3
_TURN = 180.0
_SMALL = 1e-5  # cosine, or off-diagonal entry in units of the largest side
_VERSION = struct.Struct("=20i")  # after the length and the mark of a DCD file
_SINCE, _IMITATED = 22, 24  # versions of CHARMM: first with the matrix; written by other programs
_UNKNOWN = (
    "its box is known by lengths and angles only, and not how it is oriented: convert the file to"
    " one with the edges as vectors, such as .xtc, .gsd or a LAMMPS dump"
)


def cells(path: Path, suffix: str) -> Iterator[np.ndarray | None] | None:
    """Edges of each frame as rows, None where it has no box; None if the file has no vectors.

    Args:
        path: The file.
        suffix: Suffix of its format, in lower case.
    """
    readers = {".xtc": _xtc, ".trr": _trr, ".dcd": _dcd, ".history": _history}
    return readers[suffix](path) if suffix in readers else None


def described(dimensions: np.ndarray | None, suffix: str) -> np.ndarray | None:
    """Edges from lengths and angles, where these say everything; None without a box.

    Args:
        dimensions: Three lengths and three angles in degrees, or None.
        suffix: Suffix of the format, in lower case.

    Raises:
        InputError: An angle is not 90 degrees, and the format does not define the orientation.
    """
    if dimensions is None or not np.any(dimensions[:3]):
        return None
    right = bool((np.abs(dimensions[3:] - _RIGHT) < _DEGREES).all())
    if right:
        return np.diag(np.asarray(dimensions[:3], np.float64))
    if suffix not in _DEFINED:
        raise InputError(_UNKNOWN)
    return cell_of(dimensions[:3], dimensions[3:])


def _xtc(path: Path) -> Iterator[np.ndarray | None]:
    from MDAnalysis.lib.formats.libmdaxdr import XTCFile

    return _boxes(XTCFile(str(path)))


def _trr(path: Path) -> Iterator[np.ndarray | None]:
    from MDAnalysis.lib.formats.libmdaxdr import TRRFile

    return _boxes(TRRFile(str(path)))


def _boxes(opened: AbstractContextManager[Any]) -> Iterator[np.ndarray | None]:
    with opened as file:
        for frame in file:
            box = np.array(frame.box, np.float64)
            yield box if box.any() else None


def _dcd(path: Path) -> Iterator[np.ndarray | None]:
    from MDAnalysis.lib.formats.libdcd import DCDFile

    with path.open("rb") as raw:
        version = _VERSION.unpack(raw.read(8 + _VERSION.size)[8:])[-1]
    with DCDFile(str(path)) as file:
        for frame in file:
            yield _of_dcd(np.array(frame.unitcell, np.float64), version)


def _of_dcd(cell: np.ndarray, version: int) -> np.ndarray | None:
    """Edges from the six numbers of a DCD frame.

    Example:
        >>> _of_dcd(np.array([4.0, 0, 5, 0, 0, 6]), 24).tolist()
        [[4.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 6.0]]
        >>> _of_dcd(np.array([4.0, -2, 5, 1, -1, 6]), 36).tolist()
        [[4.0, -2.0, 1.0], [-2.0, 5.0, -1.0], [1.0, -1.0, 6.0]]
    """
    sides, others = cell[[0, 2, 5]], cell[[1, 3, 4]]
    if not sides.any():
        return None
    small = np.abs(others) < _SMALL * max(1.0, float(np.abs(sides).max()))
    if small.all() or (np.abs(others - _RIGHT) < _DEGREES).all():
        return np.diag(sides)
    charmm = version >= _SINCE and version != _IMITATED
    if not charmm and (np.abs(others) <= _TURN).all() and (others >= -1).all():
        raise InputError(_UNKNOWN)
    matrix = np.array(
        [[cell[0], cell[1], cell[3]], [cell[1], cell[2], cell[4]], [cell[3], cell[4], cell[5]]]
    )
    if not (np.linalg.eigvalsh(matrix) > 0).all():
        raise InputError(_UNKNOWN)
    return matrix


def _history(path: Path) -> Iterator[np.ndarray | None]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("timestep"):
                rows = [next(file, "").split() for _ in range(3)]
                yield _three_rows(rows)


def _three_rows(rows: list[list[str]]) -> np.ndarray | None:
    """Three vectors; None if the lines are an atom, because the file has no box."""
    try:
        box = np.array([[float(word) for word in row] for row in rows])
    except ValueError:
        return None
    return box if box.shape == (3, 3) and box.any() else None
