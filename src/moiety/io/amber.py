"""Trajectories of AMBER as netCDF-4 (https://ambermd.org/netcdf/nctraj.xhtml).

The variables are `coordinates (frame, atom, spatial)`, `cell_lengths` and `cell_angles` (`_cells`).
MDAnalysis reads these conventions in the classic formats of netCDF; cpptraj also writes them as
netCDF-4, which is HDF5.  All boundaries are periodic unless the user says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._cells import cell_of, is_boxed
from ._coding import as_text
from ._format import Periodic
from ._hdf5_tree import check_links, check_values
from ._trajectory import Frame, gather

if TYPE_CHECKING:
    import h5py

__all__ = ["NAME", "amber_particles", "is_amber_hdf5", "is_hdf5"]

NAME = "AMBER netCDF-4"
_MAGIC = b"\x89HDF\r\n\x1a\n"
_SPACE = 3
_AXES = 3  # frame, atom, coordinate


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5, as netCDF-4 is.

    Args:
        path: The file.
    """
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def is_amber_hdf5(file: h5py.File) -> bool:
    """Whether a netCDF-4 file follows the conventions of AMBER trajectories.

    Args:
        file: The open file.
    """
    return "Conventions" in file.attrs and "AMBER" in as_text(file.attrs["Conventions"]).split()


def amber_particles(file: h5py.File, periodic: Periodic | None, name: str) -> Particles:
    """The particles in an open file.

    Args:
        file: The open file.
        periodic: Periodic flags that override the file, or None.
        name: Name of the file, for the provenance.

    Raises:
        InputError: It holds no coordinates or no box.
    """
    check_links(file)
    provenance = {"file": name, "format": NAME}
    return gather(_frames(file), periodic=periodic, provenance=provenance)


def _frames(file: h5py.File) -> Iterator[Frame]:
    positions, lengths, angles = (
        _variable(file, name, axes)
        for name, axes in (("coordinates", _AXES), ("cell_lengths", 2), ("cell_angles", 2))
    )
    if not len(positions) == len(lengths) == len(angles):
        raise InputError("its boxes and its positions have different numbers of frames")
    scale, origins = _scale(positions), file.get("cell_origin")  # LAMMPS writes it
    for k in range(len(positions)):
        if not is_boxed(lengths[k]):
            raise InputError(f"frame {k}: has no box")
        places = scale * np.asarray(positions[k], np.float64)
        if origins is not None:
            places = places - np.asarray(origins[k] if origins.ndim > 1 else origins[()])
        yield Frame(places, cell_of(lengths[k], angles[k]), (True,) * _SPACE)


def _variable(file: h5py.File, name: str, axes: int) -> Any:
    if name not in file:
        what = "no coordinates" if name == "coordinates" else "no box"
        raise InputError(f"has {what} (its variable {name} is missing)")
    check_values(file[name], None, Path(file.filename))
    if file[name].ndim != axes or file[name].shape[-1] != _SPACE:
        raise InputError(f"its variable {name} has the shape {file[name].shape}")
    return file[name]


def _scale(variable: Any) -> float:
    return float(np.ravel(variable.attrs.get("scale_factor", 1.0))[0])
