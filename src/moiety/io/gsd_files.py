"""GSD files, the format of HOOMD-blue (https://gsd.readthedocs.io).

The box `(Lx, Ly, Lz, xy, xz, yz)` is centred at the origin and has the edges
(Lx, 0, 0), (xy Ly, Ly, 0) and (xz Lz, yz Lz, Lz); moiety moves its corner to the origin.
Positions and boxes are stored as float32.  The chunk `log/moiety/description` of frame 0 holds
as JSON the fields for which GSD has no place.  Needs the package gsd, an optional extra.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._coding import as_json
from ._format import DAMAGE, Periodic, cause
from ._gsd_checks import DIGEST, check_digest, check_numbers, digest_of
from ._isolation import ask_for_particles, needs
from ._trajectory import Frame, TrajectoryFormat, gather

if TYPE_CHECKING:
    from gsd.hoomd import HOOMDTrajectory

__all__ = ["GSD", "opened"]

_LAYOUT = 1
_DESCRIPTION = "moiety/description"
_SPACE = 3
_ROUNDING = 1e-6  # relative to the box: differences below the precision of float32


def _read(path: Path, topology: Path | None, periodic: Periodic | None) -> Particles:
    needs("gsd", "GSD files need", "particles")
    return ask_for_particles("gsd", path, periodic=periodic)


@contextmanager
def opened(path: Path, periodic: Periodic | None) -> Iterator[Particles]:
    """Read particles.

    Args:
        path: The file.
        periodic: Periodic flags that override the file, or None.

    Raises:
        InputError: The file holds no particles, or declares more than it can hold.
    """
    yield _particles(path, periodic)


def _particles(path: Path, periodic: Periodic | None) -> Particles:
    with _hoomd().open(str(path), "r") as file:
        check_numbers(file.file, path.stat().st_size)
        if not len(file):
            raise InputError("holds no frames")
        description = _description(file)
        if description is None:
            frames = _frames(file, _present(file), None)
            provenance = {"file": path.name, "format": GSD.name}
            return gather(frames, periodic=periodic, provenance=provenance)
        optional = {"diameter": description["diameters"], "typeid": description["codes"]}
        present = {"position", *(name for name, stored in optional.items() if stored)}
        particles = gather(
            _frames(file, present, description),
            periodic=periodic,
            provenance=description["provenance"],
            chains=description["chains"],
            is_ours=True,
        )
        return _restored(particles, description)


def _write(path: Path, particles: Particles) -> None:
    hoomd, description = _hoomd(), _describe(particles)
    with hoomd.open(str(path), "w") as file:
        for k in range(particles.n):
            frame = _frame_to_write(hoomd, particles, k, description)
            if k == 0:
                text = as_json(description, "provenance")
                frame.log[_DESCRIPTION] = np.frombuffer(text.encode(), np.uint8)
            file.append(frame)


def _hoomd() -> ModuleType:
    try:
        import gsd.hoomd
    except ImportError as error:
        raise InputError(
            "GSD files need the package gsd; install it with pip install 'moiety[particles]'"
        ) from error
    module: ModuleType = gsd.hoomd
    return module


# Reading


def _frames(
    file: HOOMDTrajectory, present: set[str], description: Mapping[str, Any] | None
) -> Iterator[Frame]:
    for k in range(len(file)):
        try:
            snapshot = file[k]
        except DAMAGE as error:
            raise InputError(
                f"frame {k}: cannot be read ({cause(error)}); truncated or damaged?"
            ) from error
        if description is None:
            space = 2 if snapshot.configuration.dimensions == 2 else _SPACE
            yield _frame(snapshot, present, [True] * space, snapshot.log)
        else:
            check_digest(snapshot, k, present)
            yield _frame(snapshot, present, description["periodic"], description["measured"])


def _frame(
    snapshot: Any, present: set[str], periodic: Sequence[bool], logged: Iterable[str]
) -> Frame:
    """Convert a snapshot; keep the logged numbers with these names."""
    space, columns = len(periodic), snapshot.particles
    cell = _cell(snapshot.configuration.box)[:space, :space]
    return Frame(
        columns.position[:, :space].astype(np.float64) + cell.sum(axis=0) / 2,
        cell,
        tuple(periodic),
        columns.diameter.astype(np.float64) if "diameter" in present else None,
        columns.typeid.astype(np.int64) if "typeid" in present else None,
        tuple(columns.types),
        _numbers(snapshot.log, logged),
    )


def _cell(box: np.ndarray) -> np.ndarray:
    x, y, z, xy, xz, yz = np.asarray(box, np.float64)
    return np.array([[x, 0, 0], [xy * y, y, 0], [xz * z, yz * z, z]])


def _present(file: HOOMDTrajectory) -> set[str]:
    """Columns that at least one frame contains; GSD fills the others with defaults."""
    chunks = file.file.find_matching_chunk_names("particles/")
    present = {name.removeprefix("particles/") for name in chunks}
    if "position" not in present:
        raise InputError("holds no positions (particles/position)")
    return present


def _numbers(log: Mapping[str, np.ndarray], names: Iterable[str]) -> dict[str, Any]:
    """Logged real numbers with these names; arrays and text are left out."""
    arrays = {
        name: np.asarray(log[name])
        for name in names
        if name in log and name not in (_DESCRIPTION, DIGEST)
    }
    return {
        name: array.reshape(-1)[0]
        for name, array in arrays.items()
        if array.size == 1 and array.dtype.kind in "iuf"
    }


def _description(file: HOOMDTrajectory) -> dict[str, Any] | None:
    """The fields that moiety stored as JSON, or None if another program wrote the file."""
    name = f"log/{_DESCRIPTION}"
    if not file.file.chunk_exists(frame=0, name=name):
        return None
    chunk = np.asarray(file.file.read_chunk(frame=0, name=name), np.uint8)
    description: dict[str, Any] = json.loads(bytes(chunk).decode())
    layout, frames = description["layout"], description["frames"]
    if layout != _LAYOUT:
        raise InputError(
            f"has layout {layout!r}, but this version reads {_LAYOUT!r}; update moiety"
        )
    if len(file) != frames:
        raise InputError(f"holds {len(file)} of {frames} frames; truncated?")
    return description


def _restored(particles: Particles, description: Mapping[str, Any]) -> Particles:
    """Restore the types, the provenance and the measured numbers that were saved."""
    types, codes = particles.types, np.array(description["codes"], np.int32)
    kinds = zip(description["measured"], description["kinds"], strict=True)
    return particles.replace(
        types=None if types is None else codes[types],
        provenance=description["provenance"],
        measured={name: particles.measured[name].astype(kind) for name, kind in kinds},
    )


# Writing


def _describe(particles: Particles) -> dict[str, Any]:
    measured = {name: np.asarray(values) for name, values in particles.measured.items()}
    for name, values in measured.items():
        if values.dtype.kind not in "iuf" or values.shape != (particles.n,):
            raise InputError(
                f"measured {name!r} needs one real number per frame, not {values.dtype} "
                f"{values.shape}"
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


def _frame_to_write(
    hoomd: ModuleType, particles: Particles, k: int, description: Mapping[str, Any]
) -> Any:
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
        codes = description["codes"]
        frame.particles.types = _names(particles.provenance.get("types"), codes)
        frame.particles.typeid = np.searchsorted(codes, particles.types[part]).astype(np.uint32)
    frame.log = {
        name: np.asarray(particles.measured[name])[k : k + 1] for name in description["measured"]
    }
    columns = [
        name for name in ("diameter", "typeid") if getattr(frame.particles, name) is not None
    ]
    frame.log[DIGEST] = digest_of(frame, columns)
    return frame


def _box(cell: np.ndarray, k: int) -> list[float]:
    """Sides and tilts of a box; a side is 1 where space has no such axis."""
    space = len(cell)
    full = np.eye(_SPACE)
    full[:space, :space] = cell
    sides = np.diag(full)
    if (np.abs(np.triu(full, 1)) > _ROUNDING * np.abs(full).max()).any() or (sides <= 0).any():
        raise InputError(
            f"frame {k}: GSD needs the first edge of a box along x and the second in the xy plane; "
            "save as .nc"
        )
    return [*sides, full[1, 0] / sides[1], full[2, 0] / sides[2], full[2, 1] / sides[2]]


def _names(known: Any, codes: list[int]) -> list[str]:
    """Names of the types: those in the provenance if GSD can store them, else their numbers.

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
