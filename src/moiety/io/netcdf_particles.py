"""Particles as netCDF: the variables `positions`, `starts` and `cells`, and optional columns.

The attribute `moiety_particles` distinguishes these files from samples of lattices, which have the
same suffix.  Measured numbers are the variables `measured_0`, `measured_1`, ...; their attribute
`long_name` is their name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._coding import as_json, as_text, parsed
from ._format import Periodic
from ._hdf5_tree import check_values
from ._isolation import ask_for_particles
from ._stream import writing
from ._trajectory import TrajectoryFormat, with_periodic

if TYPE_CHECKING:
    import h5py

__all__ = [
    "PARTICLES_NETCDF",
    "check_classic",
    "holds_particles",
    "is_amber",
    "is_classic",
    "opened",
    "particles_of",
]

_LAYOUT = "1"
_MARK = "moiety_particles"
_CHUNK_BYTES = 2**20
_CLASSIC = b"CDF"
_VERSIONS = (1, 2)  # with offsets of 32 and of 64 bits


def holds_particles(file: h5py.File) -> bool:
    """Whether a netCDF file holds particles that moiety wrote.

    Args:
        file: The open file.
    """
    return _MARK in file.attrs


def is_classic(path: Path) -> bool:
    """Whether a netCDF file has the classic format, not that of HDF5.

    Args:
        path: The file.
    """
    with path.open("rb") as file:
        return file.read(len(_CLASSIC)) == _CLASSIC


def check_classic(path: Path) -> None:
    """Refuse the classic formats of netCDF that are not read.

    Args:
        path: A netCDF file in a classic format.

    Raises:
        InputError: It is CDF-5, or of an unknown version.
    """
    with path.open("rb") as file:
        version = file.read(len(_CLASSIC) + 1)[-1]
    if version not in _VERSIONS:
        raise InputError(
            f"is netCDF in the format CDF-{version}, which moiety does not read; convert it to"
            " netCDF-4, for example with nccopy -k nc4 old.nc new.nc"
        )


def is_amber(path: Path) -> bool:
    """Whether a netCDF file follows the conventions of Amber trajectories.

    Args:
        path: The file.
    """
    if not is_classic(path):
        return False
    check_classic(path)
    from scipy.io import netcdf_file

    with netcdf_file(path, "r") as file:
        return b"AMBER" in getattr(file, "Conventions", b"").split()


@contextmanager
def opened(path: Path) -> Iterator[Particles]:
    """Read particles.

    Args:
        path: The file.
    """
    import h5py

    with h5py.File(path, "r") as file:
        yield particles_of(file)


def particles_of(file: h5py.File) -> Particles:
    """The particles in an open file.

    Args:
        file: The open file.

    Raises:
        InputError: A newer version wrote it, or a variable is missing or incomplete.
    """
    texts = {
        name: as_text(value) for name, value in file.attrs.items() if name.startswith("moiety_")
    }
    layout = texts[_MARK]
    if layout != _LAYOUT:
        raise InputError(f"has layout {layout!r}, this version reads {_LAYOUT!r}; update moiety")
    return Particles(
        positions=_variable(file, "positions"),
        starts=_variable(file, "starts"),
        cells=_variable(file, "cells"),
        periodic=tuple(map(bool, parsed(texts, "periodic", list))),
        diameters=_variable(file, "diameters") if "diameters" in file else None,
        types=_variable(file, "types") if "types" in file else None,
        chains=parsed(texts, "chains", int),
        measured=_measured(file),
        provenance=parsed(texts, "provenance", dict),
    )


def _read(path: Path, topology: Path | None, periodic: Periodic | None) -> Particles:
    return with_periodic(ask_for_particles("particles", path), periodic)


def _write(path: Path, particles: Particles) -> None:
    import h5netcdf

    space, total = particles.dimensions, len(particles.positions)
    sizes = {
        "particle": total,
        "frame": particles.n,
        "bound": particles.n + 1,
        "space": space,
        "edge": space,
    }
    with writing(path) as stream, h5netcdf.File(stream, "w") as file:
        file.dimensions = sizes
        for name, (dims, values) in _columns(particles).items():
            _create(file, name, dims, values)
        for place, (name, values) in enumerate(particles.measured.items()):
            numbers = _numbers(name, values, particles.n)
            variable = _create(file, f"measured_{place}", ("frame",), numbers)
            variable.attrs["long_name"] = name
        file.attrs.update(_attributes(particles))


def _columns(particles: Particles) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    columns = {
        "positions": (("particle", "space"), particles.positions),
        "starts": (("bound",), particles.starts),
        "cells": (("frame", "edge", "space"), particles.cells),
        "diameters": (("particle",), particles.diameters),
        "types": (("particle",), particles.types),
    }
    return {name: (dims, values) for name, (dims, values) in columns.items() if values is not None}


def _attributes(particles: Particles) -> dict[str, str]:
    return {
        _MARK: _LAYOUT,
        "moiety_periodic": json.dumps(list(particles.periodic)),
        "moiety_chains": json.dumps(particles.chains),
        "moiety_provenance": as_json(dict(particles.provenance), "provenance"),
    }


def _create(file: Any, name: str, dims: tuple[str, ...], values: np.ndarray) -> Any:
    row = values.itemsize * int(np.prod(values.shape[1:]))
    chunks = (min(len(values), max(_CHUNK_BYTES // row, 1)), *values.shape[1:])
    packing = {"compression": "gzip", "compression_opts": 4, "shuffle": True, "fletcher32": True}
    return file.create_variable(name, dims, values.dtype, data=values, chunks=chunks, **packing)


def _numbers(name: str, values: Any, frames: int) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or array.shape != (frames,):
        raise InputError(
            f"measured {name!r} needs one real number per frame, not {array.dtype} {array.shape}"
        )
    return array


def _variable(file: h5py.File, name: str) -> np.ndarray:
    if name not in file:
        raise InputError(f"its variable {name} is missing; write the file again")
    check_values(file[name], None, Path(file.filename))
    return np.asarray(file[name][()])


def _measured(file: h5py.File) -> dict[str, np.ndarray]:
    names = sorted(
        (name for name in file if name.startswith("measured_")),
        key=lambda name: int(name.split("_")[1]),
    )
    return {as_text(file[name].attrs["long_name"]): _variable(file, name) for name in names}


PARTICLES_NETCDF = TrajectoryFormat("netCDF", (".nc",), _read, _write)
