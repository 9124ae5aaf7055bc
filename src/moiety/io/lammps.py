r"""Text dumps of LAMMPS (https://docs.lammps.org/dump.html), compressed or not.

Positions are in the columns x, xs (scaled), xu (unwrapped) or xsu (both), and y and z likewise;
a file without z is two-dimensional.  Axes may differ in style where the box is not tilted between
them: only then is what the unwrapping added a whole number of edges.  For a tilted box the file
contains the bounds b of its bounding box (https://docs.lammps.org/Howto_triclinic.html):
$$x_{lo} = b^x_{lo} - \min(0, xy, xz, xy + xz), \quad y_{lo} = b^y_{lo} - \min(0, yz),$$
and the same for the upper bounds with the maximum.

Lengths keep the unit of the file.  With `dump_modify units yes` the file names its style of units
(https://docs.lammps.org/units.html), from which the unit of length follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._format import Periodic
from ._lines import PACKED, Lines, opened, placed, short, whole
from ._trajectory import Frame, TrajectoryFormat, coded, gather

__all__ = ["LAMMPS"]

_STYLES = {"": False, "u": False, "s": True, "su": True}  # column ending: is it scaled?
_PLAIN = (".lammpstrj", ".dump", ".lammpsdump")
_COLUMNS_SHOWN = 24
_LENGTHS = {
    "lj": "",
    "real": "angstrom",
    "metal": "angstrom",
    "si": "meters",
    "cgs": "centimeters",
    "electron": "bohr",
    "micro": "micrometers",
    "nano": "nanometers",
}
_GENERAL = 4  # numbers per line of a general box: an edge and a coordinate of the corner


def _read(path: Path, topology: Path | None, periodic: Periodic | None) -> Particles:
    provenance = {"file": path.name, "format": LAMMPS.name}
    styles: set[str] = set()
    with opened(path) as lines:
        particles = gather(_frames(lines, styles), periodic=periodic, provenance=provenance)
    if not styles:
        return particles
    (style,) = styles
    units = {"units": style} | ({"length_unit": _LENGTHS[style]} if _LENGTHS[style] else {})
    return particles.replace(provenance={**particles.provenance, **units})


def _frames(lines: Lines, styles: set[str]) -> Iterator[Frame]:
    """The snapshots; the style of their units is added to `styles` if the file names it."""
    k = 0
    while line := _start(lines, k):
        with placed(lines, k):
            frame = _frame(lines, line, styles)
        yield frame
        k += 1


def _start(lines: Lines, k: int) -> str:
    with placed(lines, k):
        return lines.skip_blank()


def _frame(lines: Lines, line: str, styles: set[str]) -> Frame:
    """Read one snapshot from its first line on; the section with the atoms is the last."""
    number = box = None
    while not line.startswith("ITEM: ATOMS"):
        if line.startswith("ITEM: NUMBER OF ATOMS"):
            number = whole(lines.take("the number of atoms"), "the number of atoms")
        elif line.startswith("ITEM: BOX BOUNDS"):
            box = _box(line.split()[3:], [lines.take("the bounds of the box") for _ in range(3)])
        elif line.startswith("ITEM: UNITS"):
            _note_style(lines.take("the units").strip(), styles)
        elif line.startswith(("ITEM: TIMESTEP", "ITEM: TIME")):
            lines.take("the time")
        else:
            hint = "; more atoms than NUMBER OF ATOMS?" if not line.startswith("ITEM:") else ""
            raise InputError(f"expected an ITEM of a LAMMPS dump, found {short(line)}{hint}")
        line = lines.take("ITEM: ATOMS")
    if number is None or box is None:
        missing = "number of atoms" if number is None else "box"
        raise InputError(f"the {missing} (ITEM: ...) is missing before the atoms")
    return _atoms(lines, line.split()[2:], number, *box)


def _note_style(style: str, styles: set[str]) -> None:
    """Add a style of units, which must be that of the frames before."""
    if style not in _LENGTHS:
        raise InputError(f"the units must be one of {', '.join(_LENGTHS)}, not {short(style)}")
    if styles - {style}:
        raise InputError(f"the units are {style}, those of the frames before {min(styles)}")
    styles.add(style)


def _atoms(
    lines: Lines,
    columns: list[str],
    number: int,
    cell: np.ndarray,
    corner: np.ndarray,
    periodic: tuple[bool, ...] | None,
) -> Frame:
    axes = _axes(columns)
    names = [name for name in ("id", "diameter", "radius") if name in columns]
    table = lines.table(number, columns, "atom")
    values = table.numbers([*axes, *names])
    order = _order(values[:, len(axes)]) if "id" in columns else slice(None)
    positions = values[order, : len(axes)]
    space = len(axes)
    column = {name: values[order, space + place] for place, name in enumerate(names)}
    label = next((name for name in ("type", "element") if name in columns), None)
    types, type_names = coded(table.labels(label)) if label else (None, ())
    return Frame(
        _placed(positions, axes, cell[:space, :space], corner[:space]),
        cell[:space, :space],
        periodic and periodic[:space],
        column.get("diameter", 2 * column["radius"] if "radius" in column else None),
        None if types is None else types[order],
        type_names,
    )


def _axes(columns: list[str]) -> list[str]:
    """The columns of the coordinates, preferably all of one style."""
    present = [axis for axis in "xyz" if any(axis + style in columns for style in _STYLES)]
    for style in _STYLES:
        if "xy" in "".join(present) and all(axis + style in columns for axis in present):
            return [axis + style for axis in present]
    candidates = [(axis, axis + style) for axis in "xyz" for style in reversed(_STYLES)]
    names = {axis: name for axis, name in candidates if name in columns}  # the first style wins
    for axis in "xy":
        if axis not in names:
            shown = shorten(" ".join(columns[:_COLUMNS_SHOWN]), 200, placeholder=" ...")
            known = f"{axis} (or {axis}s, {axis}u, {axis}su)"
            raise InputError(f"there is no column {known}; it has {shown}")
    return [*names.values()]


def _placed(
    positions: np.ndarray, axes: list[str], cell: np.ndarray, corner: np.ndarray
) -> np.ndarray:
    """Positions relative to the corner of the box; scaled coordinates are in units of its edges."""
    scaled = np.array([_STYLES[name[1:]] for name in axes])
    unwrapped = np.array(["u" in name[1:] for name in axes])
    tilts = (cell != 0) & ~np.eye(len(axes), dtype=bool)
    for name, kind in (("scaled", scaled), ("unwrapped", unwrapped)):
        apart = kind[:, None] != kind[None, :]
        if (tilts & apart).any():
            raise InputError(
                f"some coordinates are {name} and others not ({' '.join(axes)}), which a tilted box"
                " does not allow; dump all of one kind"
            )
    if not scaled.any():
        return np.asarray(positions - corner)
    return np.asarray(np.where(scaled, positions @ cell, positions - corner))


def _order(ids: np.ndarray) -> np.ndarray:
    """Indices that sort the atoms by their id."""
    order = np.argsort(ids, kind="stable")
    twice = np.flatnonzero(np.diff(ids[order]) == 0)
    if len(twice):
        raise InputError(f"the id {ids[order[twice[0]]]:.0f} belongs to two atoms")
    return order


def _box(
    words: list[str], rows: list[str]
) -> tuple[np.ndarray, np.ndarray, tuple[bool, ...] | None]:
    """Edges of the box as rows, its corner, and its periodic flags if the file contains them."""
    flags = [word for word in words if len(word) == 2 and set(word) <= set("pfsm")]
    bounds = [_bounds(row) for row in rows]
    if len({len(row) for row in bounds}) > 1:
        raise InputError("the bounds of the box have different numbers of columns")
    periodic = tuple(flag == "pp" for flag in flags) if len(flags) == 3 else None
    array = np.array(bounds)
    if array.shape[1] == _GENERAL:
        return array[:, :3], array[:, 3], periodic
    return *_tilted(array), periodic


def _tilted(bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges and corner of a box from the bounds of its bounding box and its tilts."""
    xy, xz, yz = bounds[:, 2] if bounds.shape[1] > 2 else np.zeros(3)
    low, high = bounds[:, 0].copy(), bounds[:, 1].copy()
    low[:2] -= min(0, xy, xz, xy + xz), min(0, yz)
    high[:2] -= max(0, xy, xz, xy + xz), max(0, yz)
    x, y, z = high - low
    if min(x, y) <= 0 or z < 0:
        raise InputError("the box has no volume; an upper bound is not above the lower one")
    return np.array([[x, 0, 0], [xy, y, 0], [xz, yz, z]]), low


def _bounds(row: str) -> list[float]:
    try:
        numbers = [*map(float, row.split())]
    except ValueError:
        numbers = []
    if not 2 <= len(numbers) <= _GENERAL or not np.isfinite(numbers).all():
        raise InputError(f"expected bounds of the box, found {short(row)}")
    return numbers


LAMMPS = TrajectoryFormat(
    "a LAMMPS dump", tuple(plain + packed for packed in ("", *PACKED) for plain in _PLAIN), _read
)
