"""Particles in a NumPy archive: `positions (frame, particle, coordinate)` and `box`.

The box is a side, sides, edges as rows, or sides and angles in degrees; the same for all frames or
one for each.  Optional arrays are `types`, `diameters` (or `radii`) and `periodic` (or `pbc`).
The corner of the box is the origin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._cells import cell_of
from ._format import Periodic
from ._limits import check_size
from ._positions import positions_in
from ._topology import with_topology
from ._trajectory import Frame, TrajectoryFormat, coded, gather
from .numpy_files import headers_of

__all__ = ["POSITION_ARRAYS", "position_array", "read_positions"]

_BOX: tuple[str, ...] = (
    *("box", "boxes", "cell", "cells", "lattice", "edges", "sides", "unitcell", "unit_cell"),
    *("box_size", "boxsize", "box_length", "box_lengths", "l"),
)
_TYPES = ("types", "type", "species", "typeid")
_DIAMETERS = {"diameters": 1.0, "diameter": 1.0, "radii": 2.0, "radius": 2.0}
_PERIODIC = ("periodic", "pbc")
_WITH_ANGLES = 6


def position_array(path: Path, variable: str | None) -> str | None:
    """Name of the array of positions in an archive, or None if it holds a lattice.

    Args:
        path: The file.
        variable: The user's choice of an array, or None.
    """
    return positions_in(headers_of(path), variable)


def read_positions(
    path: Path, topology: Path | None, periodic: Periodic | None, variable: str | None = None
) -> Particles:
    """Read particles.

    Args:
        path: The file.
        topology: A file that names the particles, or None.
        periodic: Periodic flags that override the file, or None.
        variable: Name of the positions, or None.

    Raises:
        InputError: There are no positions or no box, or arrays do not fit together.
    """
    headers = headers_of(path)
    name = positions_in(headers, variable)
    if name is None:
        raise InputError("holds no array of positions (frame, particle, coordinate)")
    wanted = [name, *filter(None, (_first(headers, names) for names in _OPTIONAL))]
    check_size(sum(headers[key].nbytes for key in wanted), path.stat().st_size)
    with np.load(path, allow_pickle=False) as file:
        arrays = {key: np.asarray(file[key]) for key in wanted}
    provenance = {"file": path.name, "format": POSITION_ARRAYS.name}
    particles = gather(_frames(name, arrays), periodic=periodic, provenance=provenance)
    return with_topology(particles, topology)


_OPTIONAL = (_BOX, _TYPES, tuple(_DIAMETERS), _PERIODIC)


def _first(arrays: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    by_name = {name.lower(): name for name in arrays}
    return next((by_name[name] for name in names if name in by_name), None)


def _frames(name: str, arrays: Mapping[str, np.ndarray]) -> Iterator[Frame]:
    positions = arrays[name].astype(np.float64)
    frames, number, space = positions.shape
    box, kinds, sizes, wraps = (_first(arrays, names) for names in _OPTIONAL)
    if box is None:
        raise InputError(
            f"holds positions of particles ({name}: {frames} frames of {number}) and no box; add an"
            " array box, or use moiety.Particles.from_frames"
        )
    edges = _edges(arrays[box], frames, space)
    flags = None if wraps is None else _flags(arrays[wraps], space)
    types = None if kinds is None else _column(arrays[kinds], kinds, frames, number)
    diameters = None if sizes is None else _column(arrays[sizes], sizes, frames, number)
    factor = _DIAMETERS[sizes.lower()] if sizes else 1.0
    for k in range(frames):
        codes, names = (None, ()) if types is None else coded(_labels(types[k]))
        yield Frame(
            positions[k],
            edges[k],
            flags,
            None if diameters is None else factor * diameters[k].astype(np.float64),
            codes,
            names,
        )


def _labels(types: np.ndarray) -> Any:
    return types if types.dtype.kind in "iu" else [str(label) for label in types]


def _flags(given: np.ndarray, space: int) -> tuple[bool, ...]:
    flags = np.broadcast_to(given.astype(bool), (space,)) if given.size in (1, space) else None
    if flags is None:
        raise InputError(f"its periodic flags have the shape {given.shape}, not ({space},)")
    return tuple(map(bool, flags))


def _column(given: np.ndarray, name: str, frames: int, number: int) -> np.ndarray:
    """One value per frame and particle."""
    if given.shape not in ((), (number,), (frames, number)):
        raise InputError(f"its array {name} {given.shape} does not go with {number} particles")
    return np.broadcast_to(given, (frames, number))


def _edges(given: np.ndarray, frames: int, space: int) -> np.ndarray:
    """Edges of each frame as rows, shape `(frames, space, space)`."""
    if given.dtype.kind not in "fiu":
        raise InputError(f"its box holds entries of type {given.dtype}, not numbers")
    box = given.astype(np.float64)
    if box.shape in ((), (1,), (frames,), (frames, 1)) and box.shape != (space,):
        box = np.broadcast_to(box.reshape(-1, 1), (frames, space))
    if box.shape[-1:] == (_WITH_ANGLES,) and box.ndim <= 2 and space == _WITH_ANGLES // 2:
        flat = box.reshape(-1, 2, space)
        box = np.stack([cell_of(*row) for row in flat]).reshape(*box.shape[:-1], space, space)
    if box.shape in ((space,), (frames, space)):
        box = box[..., None] * np.eye(space)
    if box.shape not in ((space, space), (frames, space, space)):
        raise InputError(
            f"its box {given.shape} is neither sides nor edges in {space} dimensions, for all"
            f" frames or each of {frames}"
        )
    return np.broadcast_to(box, (frames, space, space))


POSITION_ARRAYS = TrajectoryFormat(
    "an archive of positions", (".npz",), read_positions, topology=True
)
