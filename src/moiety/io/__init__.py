"""Reading and writing samples: one file a format, one line each in `FORMATS` or `TRAJECTORIES`.

Samples of lattices are arrays; files that `save` wrote say all about them, and of raw
arrays of others the user says what the file does not: always whether the edges are periodic.
Configurations of particles are trajectories; their files say the box of each frame.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..base.atomic import atomic, check_output
from ..base.errors import InputError
from ..data.particles import Particles
from ..data.samples import KINDS, Samples
from ._coding import Description, axes_of, encode, restore
from ._format import Format, Stored, naming
from ._lines import PACKED
from ._trajectory import TrajectoryFormat
from .gsd_files import GSD
from .hdf5 import HDF5
from .lammps import LAMMPS
from .mdanalysis import MDANALYSIS
from .netcdf import NETCDF
from .netcdf_particles import PARTICLES_NETCDF, holds_particles, is_amber
from .numpy_files import NPY, NPZ
from .xyz import XYZ
from .zarr_store import ZARR

__all__ = ["FORMATS", "TRAJECTORIES", "check_output", "load", "save"]

FORMATS: dict[str, Format] = {
    suffix: form for form in (NPY, NPZ, HDF5, NETCDF, ZARR) for suffix in form.suffixes
}
# Of particles; netCDF files of both kinds share a suffix, and their content tells.
TRAJECTORIES: dict[str, TrajectoryFormat] = {
    suffix: form
    for form in (GSD, LAMMPS, XYZ, MDANALYSIS, PARTICLES_NETCDF)
    for suffix in form.suffixes
}


def load(
    path: str | os.PathLike[str],
    *,
    axes: Sequence[str] | str | None = None,
    kind: str | None = None,
    states: int | None = None,
    periodic: bool | Sequence[bool] | None = None,
    symmetries: Sequence[str] | str | None = None,
    variable: str | None = None,
    topology: str | os.PathLike[str] | None = None,
) -> Samples | Particles:
    """Samples of a lattice or particles from a file; its suffix tells the format.

    What is said here goes before what the file says.  Of particles, `periodic` and
    `topology` alone may be said; lengths keep the unit of the file, and a plane is seen
    by a last coordinate that never varies.

    Arguments:
        path: A file, or the folder of a Zarr store.
        axes: Names of the array's axes in order, as in `Samples.from_array`; may be
            left out where the file names them (`draw`, `time`, `sample` or `step`;
            `chain` or `replica`; `x`, `y`, `z`) or the shape tells.
        kind: `"discrete"`, `"angle"` or `"real"`; may be left out for integers and
            for floats in units of `rad`.
        states: Declared number q of discrete states.
        periodic: For all space axes, or one flag for each; needed for raw arrays.
        symmetries: As in `Samples`; a sequence or `"flip,reflect"`.
        variable: Name of the array; may be left out where one only is plausible.
        topology: A second file that names the particles, for formats that MDAnalysis reads.

    Raises:
        InputError: The file is missing, empty, damaged, of no known format, or
            holds no samples; or more needs to be said.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "spins.npy"
        >>> np.save(file, np.random.default_rng(0).choice([-1, 1], size=(32, 8, 8)))
        >>> load(file, periodic=True)
        <Samples discrete q=2, 1 chain x 32 draws of 8x8, periodic>
        >>> frame = '2\\nLattice="4 0 0 0 4 0 0 0 4"\\nA 1.0 2.0 3.0\\nB 2.5 3.0 1.0\\n'
        >>> _ = file.with_suffix(".xyz").write_text(8 * frame)
        >>> load(file.with_suffix(".xyz"))
        <Particles 3-D, 1 chain x 8 frames, 2 particles, periodic>
    """
    path = Path(path)
    with naming(path, "cannot be opened"):
        form = _format_of_input(path)
    words = {"axes": axes, "kind": kind, "states": states, "symmetries": symmetries}
    if isinstance(form, TrajectoryFormat):
        return _particles(path, form, periodic, topology, {**words, "variable": variable})
    with naming(path, f"cannot be read as {form.name}; damaged, incomplete or another format?"):
        if topology is not None:
            raise InputError("holds samples of a lattice; topology is for particles, leave it out")
        stored = _native(form.read(path, variable))
        said = Description.of(stored)
    with naming(path, "holds no samples as described"):
        _check_words(kind, states, periodic)
        words |= {"periodic": periodic, "symmetries": _names(symmetries)}
        return _foreign(stored, **words) if said is None else _ours(stored, said, **words)


def save(
    samples: Samples | Particles, path: str | os.PathLike[str], *, force: bool = False
) -> None:
    """Write samples of a lattice or particles to a file; its suffix tells the format.

    All of `Samples` is kept, except in `.npy` files, which hold the array alone.
    All of `Particles` is kept in `.nc` files; `.gsd` files round positions, boxes and
    diameters to float32.  The provenance is kept as JSON: its tuples come back as lists.

    Arguments:
        samples: What to write.
        path: A file, or the folder of a Zarr store.
        force: Whether a file that is there already may be replaced.

    Raises:
        InputError: The path is taken, its folder missing, its suffix unknown, or it
            cannot be written.

    Example:
        >>> import tempfile
        >>> field = np.random.default_rng(0).normal(size=(16, 12))
        >>> file = Path(tempfile.mkdtemp()) / "field.npz"
        >>> save(Samples.from_array(field, kind="real", periodic=False), file)
        >>> load(file)
        <Samples real, 1 chain x 16 draws of 12, open>
    """
    path = Path(path)
    with naming(path, "cannot be written"):
        form = _format_of_output(path, samples)
    check_output(path, force)
    with naming(path, "cannot be written"), atomic(path) as part:
        form.write(
            part,
            samples if isinstance(samples, Particles) else _native(encode(samples, path.parent)),
        )


def _suffix(path: Path) -> str:
    """Of a packed file with the one before it.

    Example:
        >>> _suffix(Path("melt.0.LAMMPSTRJ.gz"))
        '.lammpstrj.gz'
    """
    ends = [suffix.lower() for suffix in path.suffixes[-2:]] or [""]
    return "".join(ends) if ends[-1] in PACKED else ends[-1]


def _format_of(suffix: str) -> Format | TrajectoryFormat:
    form = FORMATS.get(suffix) or TRAJECTORIES.get(suffix)
    if form is None:
        words = (
            f"known are {', '.join(FORMATS)} of lattices and {', '.join(TRAJECTORIES)} of particles"
        )
        raise InputError(f"the suffix {suffix!r} is unknown; {words}")
    return form


def _format_of_input(path: Path) -> Format | TrajectoryFormat:
    if not path.exists():
        raise InputError("no such file; check the name")
    if path.is_dir() and path.suffix.lower() not in ZARR.suffixes:
        raise InputError("is a folder; give a file in it")
    form = _format_of(_suffix(path))
    if not path.is_dir() and path.stat().st_size == 0:
        raise InputError("the file is empty (0 bytes); write it anew")
    if form is ZARR and not path.is_dir():
        raise InputError(f"is a file, but {form.name} is a folder; check the suffix")
    if form is NETCDF:
        return (
            PARTICLES_NETCDF if holds_particles(path) else MDANALYSIS if is_amber(path) else NETCDF
        )
    return form


def _format_of_output(path: Path, samples: Any) -> Format | TrajectoryFormat:
    form = _format_of(_suffix(path))
    if not isinstance(samples, (Samples, Particles)):
        words = "see Samples.from_array and Particles.from_frames"
        raise InputError(
            f"Samples and Particles can be saved, not {type(samples).__name__}; {words}"
        )
    forms = TRAJECTORIES if isinstance(samples, Particles) else FORMATS
    writable = [suffix for suffix, one in forms.items() if one.write]
    if _suffix(path) not in writable:
        raise InputError(
            f"{type(samples).__name__} are saved as {', '.join(writable)}, not as {form.name}"
        )
    return forms[_suffix(path)]


def _particles(
    path: Path, form: TrajectoryFormat, periodic: Any, topology: Any, words: dict[str, Any]
) -> Particles:
    with naming(path, "holds no particles as described"):
        wrong = [name for name, value in words.items() if value is not None]
        if wrong:
            raise InputError(
                f"holds particles; {', '.join(wrong)} can be said of lattices only: leave out"
            )
        if topology is not None and not form.topology:
            raise InputError(
                f"{form.name} says the types itself; topology is for formats like .dcd and .xtc, leave it out"
            )
        _check_words(None, None, periodic)
    with naming(path, f"cannot be read as {form.name}; damaged, incomplete or another format?"):
        return form.read(path, None if topology is None else Path(topology), periodic)


def _ours(
    stored: Stored, said: Description, *, axes, kind, states, periodic, symmetries
) -> Samples:
    """Samples of a file that `save` wrote."""
    if symmetries is None:
        symmetries = said.symmetries
    if axes is None and kind in (None, said.kind) and states in (None, len(said.labels)):
        samples = restore(stored, said)
        flags = said.periodic if periodic is None else _flags(periodic, len(samples.shape))
        return samples.replace(periodic=flags, symmetries=symmetries)
    if axes is not None and periodic is None and len(set(said.periodic)) > 1:
        raise InputError("its edges differ from axis to axis; with other axes, say periodic, too")
    return Samples.from_array(
        stored.array,
        periodic=said.periodic if periodic is None else periodic,
        axes=axes or axes_of(stored.dims) or ["chain", "draw", "x", "y", "z"][: stored.array.ndim],
        kind=kind or said.kind,
        states=states,
        symmetries=symmetries,
        provenance=said.provenance,
    )


def _foreign(stored: Stored, *, axes, kind, states, periodic, symmetries) -> Samples:
    """Samples of a raw array."""
    if periodic is None:
        raise InputError(
            "the file does not say whether the edges are periodic; say --periodic or --no-periodic"
        )
    return Samples.from_array(
        stored.array,
        periodic=periodic,
        axes=axes or axes_of(stored.dims),
        kind=_kind_by_units(stored, kind),
        states=states,
        symmetries=symmetries or (),
    )


def _kind_by_units(stored: Stored, kind: str | None) -> str | None:
    units = str(stored.attributes.get("units", "")).lower()
    if units.startswith("degree") and kind == "angle":
        raise InputError(f"the angles are in units of {units}; convert them to radians")
    radians = units in ("rad", "radian", "radians") and stored.array.dtype.kind == "f"
    return "angle" if kind is None and radians else kind


def _native(stored: Stored) -> Stored:
    """The same in the byte order of this machine."""
    dtype = stored.array.dtype
    array = stored.array if dtype.isnative else stored.array.astype(dtype.newbyteorder("="))
    return Stored(array, stored.dims, stored.attributes)


def _check_words(kind: Any, states: Any, periodic: Any) -> None:
    if kind is not None and kind not in KINDS:
        raise InputError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if states is not None and (
        not isinstance(states, (int, np.integer)) or isinstance(states, bool) or states < 1
    ):
        raise InputError(f"states must be a positive whole number, not {states!r}")
    flags = (
        ()
        if periodic is None
        else (periodic,)
        if isinstance(periodic, (bool, np.bool_))
        else periodic
    )
    if not isinstance(flags, Iterable) or not all(
        isinstance(flag, (bool, np.bool_)) for flag in flags
    ):
        raise InputError(
            f"periodic must be True, False or one of them for each space axis, not {periodic!r}"
        )


def _names(symmetries: Sequence[str] | str | None) -> tuple[str, ...] | None:
    if symmetries is None:
        return None
    names = symmetries.split(",") if isinstance(symmetries, str) else tuple(symmetries)
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"symmetries must be names, not {symmetries!r}")
    return tuple(name.strip() for name in names if name.strip())


def _flags(periodic: bool | Sequence[bool], space: int) -> tuple[bool, ...]:
    return (
        (bool(periodic),) * space
        if isinstance(periodic, (bool, np.bool_))
        else tuple(map(bool, periodic))
    )
