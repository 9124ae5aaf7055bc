"""GSD files, as HOOMD-blue writes them and OVITO opens them.

The box `(Lx, Ly, Lz, xy, xz, yz)` has its centre at the origin and the edges
(Lx, 0, 0), (xy Ly, Ly, 0) and (xz Lz, yz Lz, Lz); here its corner is the origin.
Positions and boxes are stored as float32.  What GSD has no place for is JSON in the chunk
`log/moiety/description` of frame 0.  Needs the package gsd, an optional extra.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._coding import as_json
from ._format import DAMAGE, cause
from ._trajectory import Frame, TrajectoryFormat, gather

if TYPE_CHECKING:
    from gsd.hoomd import HOOMDTrajectory

__all__ = ["GSD"]

_LAYOUT = 1
_DESCRIPTION = "moiety/description"
_SPACE = 3
_COMMON = 1e-6  # of the box, what float32 cannot tell


def _read(path: Path, topology: Path | None, periodic: Any) -> Particles:
    with _hoomd().open(str(path), "r") as file:
        if not len(file):
            raise InputError("holds no frames")
        said = _description(file)
        if said is None:
            provenance = {"file": path.name, "format": GSD.name}
            return gather(
                _frames(file, _present(file), None),
                periodic=periodic,
                provenance=provenance,
                flatten=False,
            )
        present = {
            "position",
            *(["diameter"] if said["diameters"] else []),
            *(["typeid"] if said["codes"] else []),
        }
        frames = _frames(file, present, said)
        others = {"provenance": said["provenance"], "chains": said["chains"]}
        return _recoded(gather(frames, periodic=periodic, flatten=False, **others), said)


def _write(path: Path, particles: Particles) -> None:
    hoomd, said = _hoomd(), _said(particles)
    with hoomd.open(str(path), "w") as file:
        for k in range(particles.n):
            frame = _frame_of(hoomd, particles, k, said)
            if k == 0:
                frame.log[_DESCRIPTION] = np.frombuffer(
                    as_json(said, "provenance").encode(), np.uint8
                )
            file.append(frame)


def _hoomd() -> ModuleType:
    try:
        import gsd.hoomd
    except ImportError as error:
        raise InputError(
            "GSD files need the package gsd; install it with pip install 'moiety[particles]'"
        ) from error
    return gsd.hoomd


# Reading


def _frames(
    file: HOOMDTrajectory, present: set[str], said: Mapping[str, Any] | None
) -> Iterator[Frame]:
    names = said["measured"] if said else None
    for k in range(len(file)):
        try:
            snapshot = file[k]
        except DAMAGE as error:
            raise InputError(
                f"frame {k}: cannot be read ({cause(error)}); truncated or damaged?"
            ) from error
        space = (
            said["dimensions"] if said else 2 if snapshot.configuration.dimensions == 2 else _SPACE
        )
        yield _frame(
            snapshot,
            present,
            space,
            said["periodic"] if said else [True] * space,
            _logged(snapshot.log, names),
        )


def _frame(
    snapshot: Any, present: set[str], space: int, periodic: list[bool], measured: Mapping[str, Any]
) -> Frame:
    found, cell = snapshot.particles, _cell(snapshot.configuration.box)[:space, :space]
    return Frame(
        found.position[:, :space].astype(np.float64) + cell.sum(axis=0) / 2,
        cell,
        tuple(periodic),
        found.diameter.astype(np.float64) if "diameter" in present else None,
        found.typeid.astype(np.int64) if "typeid" in present else None,
        tuple(found.types),
        measured,
    )


def _cell(box: np.ndarray) -> np.ndarray:
    x, y, z, xy, xz, yz = np.asarray(box, np.float64)
    return np.array([[x, 0, 0], [xy * y, y, 0], [xz * z, yz * z, z]])


def _present(file: HOOMDTrajectory) -> set[str]:
    """Columns that some frame has; others have the default of GSD."""
    chunks = file.file.find_matching_chunk_names("particles/")
    present = {name.removeprefix("particles/") for name in chunks}
    if "position" not in present:
        raise InputError("holds no positions (particles/position)")
    return present


def _logged(log: Mapping[str, np.ndarray], names: list[str] | None) -> dict[str, Any]:
    """Logged numbers: those that were measured, or all in a file of others."""
    chosen = log if names is None else names
    single = {
        name: np.asarray(log[name]) for name in chosen if name in log and name != _DESCRIPTION
    }
    return {
        name: value.reshape(-1)[0]
        for name, value in single.items()
        if value.size == 1 and value.dtype.kind in "iuf"
    }


def _description(file: HOOMDTrajectory) -> dict[str, Any] | None:
    """What a file of ours says, or None."""
    name = f"log/{_DESCRIPTION}"
    if not file.file.chunk_exists(frame=0, name=name):
        return None
    said = json.loads(
        bytes(np.asarray(file.file.read_chunk(frame=0, name=name), np.uint8)).decode()
    )
    if said["layout"] != _LAYOUT:
        raise InputError(
            f"has layout {said['layout']!r}, this version reads {_LAYOUT!r}; update moiety"
        )
    if len(file) != said["frames"]:
        raise InputError(f"holds {len(file)} of {said['frames']} frames; truncated?")
    return said


def _recoded(particles: Particles, said: Mapping[str, Any]) -> Particles:
    """With the types and the provenance that were saved."""
    types = None if particles.types is None else np.array(said["codes"], np.int32)[particles.types]
    order = {
        name: particles.measured[name].astype(kind)
        for name, kind in zip(said["measured"], said["kinds"], strict=True)
    }
    return particles.replace(types=types, provenance=said["provenance"], measured=order)


# Writing


def _said(particles: Particles) -> dict[str, Any]:
    measured = {name: np.asarray(values) for name, values in particles.measured.items()}
    for name, values in measured.items():
        if values.dtype.kind not in "iuf" or values.shape != (particles.n,):
            raise InputError(
                f"measured {name!r} is stored as one real number a frame, not {values.dtype} {values.shape}"
            )
    return {
        "layout": _LAYOUT,
        "frames": particles.n,
        "dimensions": particles.dimensions,
        "periodic": list(particles.periodic),
        "chains": particles.chains,
        "diameters": particles.diameters is not None,
        "codes": [] if particles.types is None else np.unique(particles.types).tolist(),
        "measured": list(measured),
        "kinds": [values.dtype.str for values in measured.values()],
        "provenance": dict(particles.provenance),
    }


def _frame_of(hoomd: ModuleType, particles: Particles, k: int, said: Mapping[str, Any]) -> Any:
    frame, space = hoomd.Frame(), particles.dimensions
    part, positions = slice(*particles.starts[k : k + 2]), particles.frame(k)
    frame.configuration.step = k
    frame.configuration.dimensions = max(space, 2)
    frame.configuration.box = _box(particles.cells[k], k)
    frame.particles.N = len(positions)
    frame.particles.position = np.zeros((len(positions), _SPACE), np.float32)
    frame.particles.position[:, :space] = positions - particles.cells[k].sum(axis=0) / 2
    if particles.diameters is not None:
        frame.particles.diameter = particles.diameters[part].astype(np.float32)
    if particles.types is not None:
        frame.particles.types = _names(particles.provenance.get("types"), said["codes"])
        frame.particles.typeid = np.searchsorted(said["codes"], particles.types[part]).astype(
            np.uint32
        )
    frame.log = {name: np.asarray(particles.measured[name])[k : k + 1] for name in said["measured"]}
    return frame


def _box(cell: np.ndarray, k: int) -> list[float]:
    """Box of GSD: sides and tilts, with sides 1 where space has no such axis."""
    space = len(cell)
    full = np.eye(_SPACE)
    full[:space, :space] = cell
    sides = np.diag(full)
    if (np.abs(np.triu(full, 1)) > _COMMON * np.abs(full).max()).any() or (sides <= 0).any():
        raise InputError(
            f"frame {k}: GSD wants the first edge of a box along x, the second in the plane; save as .nc"
        )
    return [*sides, full[1, 0] / sides[1], full[2, 0] / sides[2], full[2, 1] / sides[2]]


def _names(known: Any, codes: list[int]) -> list[str]:
    """Names of the types that occur: those of the file they come from, or else numbers.

    Example:
        >>> _names(["Ar", "Ne", "Xe"], [0, 2]), _names(None, [1, 2])
        (['Ar', 'Xe'], ['1', '2'])
    """
    listed = list(known) if isinstance(known, (list, tuple)) else []
    names = [str(listed[code]) if 0 <= code < len(listed) else str(code) for code in codes]
    fit = len(set(names)) == len(codes) and all(
        name.isascii() and name.isprintable() and name for name in names
    )
    return names if fit else [str(code) for code in codes]


GSD = TrajectoryFormat("GSD", (".gsd",), _read, _write)
