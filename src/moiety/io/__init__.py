r"""Read and write samples: one file per format, one line each in `FORMATS` or `TRAJECTORIES`.

Samples of lattices are arrays.  Files written by `save` are complete; a raw array from another
program leaves out some facts, which the user adds (always whether the boundaries are periodic).
Configurations of particles are trajectories, and their files contain the box of each frame.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..base.atomic import atomic, check_output
from ..base.errors import InputError
from ..data.particles import Particles
from ..data.samples import Samples
from ._coding import Description, encode
from ._declared import Declared
from ._format import Format, Periodic, Stored, naming
from ._limits import check_regular
from ._lines import PACKED
from ._topology import with_topology
from ._trajectory import TrajectoryFormat
from .amber import NAME as AMBER_HDF5
from .energies import as_energies, load_energies
from .gro import GRO
from .gsd_files import GSD
from .h5md import H5MD
from .hdf5 import HDF5
from .lammps import LAMMPS
from .mdanalysis import MDANALYSIS, reading_as
from .netcdf import NETCDF, read_any
from .netcdf_particles import PARTICLES_NETCDF, is_classic
from .numpy_files import NPY, NPZ
from .pdb import PDB
from .position_arrays import POSITION_ARRAYS, position_array, read_positions
from .xyz import XYZ
from .zarr_store import ZARR

__all__ = ["FORMATS", "TRAJECTORIES", "check_output", "load", "load_energies", "save"]

FORMATS: dict[str, Format] = {
    suffix: form for form in (NPY, NPZ, HDF5, NETCDF, ZARR) for suffix in form.suffixes
}
# Formats of particles.  Both kinds of netCDF file share a suffix and differ in content.
TRAJECTORIES: dict[str, TrajectoryFormat] = {
    suffix: form
    for form in (GSD, LAMMPS, XYZ, GRO, PDB, H5MD, MDANALYSIS, PARTICLES_NETCDF)
    for suffix in form.suffixes
}
_ALIASES = {".lammps": ".lammpstrj", ".netcdf": ".nc", ".amber": ".ncdf"}
_NO_TOPOLOGY = "holds samples of a lattice; topology is for particles, leave it out"


def load(
    path: str | os.PathLike[str],
    *,
    axes: Sequence[str] | str | None = None,
    kind: str | None = None,
    states: int | None = None,
    periodic: Periodic | None = None,
    boundary: str | None = None,
    homogeneous: bool | None = None,
    symmetries: Sequence[str] | str | None = None,
    variable: str | None = None,
    topology: str | os.PathLike[str] | None = None,
    format: str | None = None,
) -> Samples | Particles:
    r"""Read samples of a lattice or of particles; the suffix of the file selects the format.

    Arguments override the file.  For particles only `periodic`, `boundary`, `topology` and `format`
    apply; lengths keep the unit of the file, and a coordinate that never varies is left out.

    Args:
        path: A file, or the folder of a Zarr store.
        axes: Names of the array's axes in order, as in `Samples.from_array`.  Optional
            where the file names them (`draw`, `time`, `sample`, `step` or `frame`; `chain`,
            `replica`, `walker` or `run`; `x`, `y`, `z`, `lat`, `lon`, `row`, `col` or `site`)
            and where only one reading fits; a single axis with another name is the one that
            lacks.
        kind: `"discrete"`, `"angle"` or `"real"`; optional for integers and for floats
            in units of `rad`.
        states: Number q of discrete states.
        periodic: Whether the boundaries are periodic, for all space axes or one flag per axis, or
            the names of the periodic axes, such as `"x,y"`;
            this or `boundary` is required for raw arrays.
        boundary: `"periodic"`, `"free"` or `"crop"`, as in `Samples.from_array`.
        homogeneous: Whether all sites are equivalent; by default False for free boundaries.
        symmetries: As in `Samples`; a sequence or `"flip,reflect"`.
        variable: Name of the array; optional where only one array is plausible.
        topology: A second file that names the particles, for formats read by MDAnalysis.
        format: Name of the format, such as `"lammps"` or `"npy"`, or a suffix; by default the
            suffix of the file says it.

    Returns:
        `Samples` for a lattice, `Particles` for a trajectory.

    Raises:
        InputError: The file is missing, empty, damaged, in an unknown format or without
            samples; or its description is incomplete.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> file = Path(tempfile.mkdtemp()) / "spins.npy"
        >>> np.save(file, np.random.default_rng(0).choice([-1, 1], size=(32, 8, 8)))
        >>> load(file, boundary="periodic")
        <Samples discrete q=2, 1 chain x 32 draws of 8x8, periodic>
        >>> frame = '2\nLattice="4 0 0 0 4 0 0 0 4"\nA 1.0 2.0 3.0\nB 2.5 3.0 1.0\n'
        >>> _ = file.with_suffix(".xyz").write_text(8 * frame)
        >>> load(file.with_suffix(".xyz"))
        <Particles 3-D, 1 chain x 8 frames, 2 particles, periodic>
    """
    path = Path(path)
    declared = Declared(axes, kind, states, periodic, symmetries, boundary, homogeneous)
    with naming(path, "cannot be opened"):
        form = _format_of_input(path, format)
    failure = f"cannot be read as {form.name}; damaged, incomplete or another format?"
    if isinstance(form, TrajectoryFormat):
        with naming(path, "holds no particles as described"):
            _check_particle_options(form, declared, variable, topology)
        with naming(path, failure):
            flags = declared.particle_boundary()
            return form.read(path, None if topology is None else Path(topology), flags)
    with naming(path, "holds no samples as described"):
        declared.check()
    with naming(path, failure):
        stored = _stored(form, path, declared, variable, topology)
        if isinstance(stored, Particles):
            return stored
        description = Description.of(stored)
    with naming(path, "holds no samples as described"):
        return declared.samples(stored, description)


def save(
    samples: Samples | Particles,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    energies: np.ndarray | None = None,
) -> None:
    """Write samples of a lattice or of particles; the suffix of the file selects the format.

    All formats keep everything in `Samples`, except `.npy`, which stores the array alone.
    `.nc` files keep everything in `Particles`; `.gsd` files round positions, boxes and
    diameters to float32.  The provenance is stored as JSON, so its tuples come back as lists.

    Args:
        samples: The samples or particles to write.
        path: A file, or the folder of a Zarr store.
        force: Whether an existing file may be replaced.
        energies: Energy of each sample of a lattice, kept beside the samples as `energy`.

    Raises:
        InputError: The path exists, its folder is missing, its suffix is unknown, it cannot be
            written, or the energies are not one number for each sample.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> field = np.random.default_rng(0).normal(size=(16, 12))
        >>> file = Path(tempfile.mkdtemp()) / "field.npz"
        >>> save(Samples.from_array(field, axes="draw,x", kind="real", boundary="crop"), file)
        >>> load(file)
        <Samples real, 1 chain x 16 draws of 12, open>
    """
    path = Path(path)
    with naming(path, "cannot be written"):
        _check_writable(path, samples)
        kept = None if energies is None else as_energies(energies, samples.n)
    check_output(path, force)
    with naming(path, "cannot be written"), atomic(path) as part:
        if isinstance(samples, Particles):
            TRAJECTORIES[_suffix(path)].write(part, samples)
        else:
            stored = encode(samples, path.parent).native()
            FORMATS[_suffix(path)].write(part, replace(stored, energies=kept))


def _suffix(path: Path) -> str:
    """The suffix in lower case; for a compressed file, the last two suffixes.

    Example:
        >>> _suffix(Path("melt.0.LAMMPSTRJ.gz"))
        '.lammpstrj.gz'
    """
    ends = [suffix.lower() for suffix in path.suffixes[-2:]] or [""]
    return "".join(ends) if ends[-1] in PACKED else ends[-1]


def _format_of(suffix: str) -> Format | TrajectoryFormat:
    form = FORMATS.get(suffix) or TRAJECTORIES.get(suffix)
    if form is None:
        plain = [end for end in TRAJECTORIES if not end.endswith(PACKED)]
        known = f"{', '.join(FORMATS)} for lattices and {', '.join(plain)} for particles"
        raise InputError(
            f"the suffix {suffix!r} is unknown; say --format NAME, such as lammps, xyz, gsd or npy;"
            f" or use {known} (text also as .gz and .bz2)"
        )
    return form


def _format_named(name: str) -> Format | TrajectoryFormat:
    """The format with a name or a suffix, in any case and with or without a dot."""
    suffix = f".{name.lower().removeprefix('.')}"
    suffix = _ALIASES.get(suffix, suffix)
    form = FORMATS.get(suffix) or TRAJECTORIES.get(suffix)
    if form is None:
        plain = [end for end in (*FORMATS, *TRAJECTORIES) if not end.endswith(PACKED)]
        names = sorted({end.removeprefix(".") for end in (*plain, *_ALIASES)})
        raise InputError(f"the format {name!r} is unknown; choose from {', '.join(names)}")
    return reading_as(suffix) if form is MDANALYSIS else form


def _format_of_input(path: Path, name: str | None) -> Format | TrajectoryFormat:
    if not path.exists():
        raise InputError("no such file; check the name")
    check_regular(path)
    named = _format_named(name) if name is not None else None
    if path.is_dir() and named is not ZARR and path.suffix.lower() not in ZARR.suffixes:
        raise InputError("is a folder; give a file in it")
    form = named or _format_of(_suffix(path))
    if not path.is_dir() and path.stat().st_size == 0:
        raise InputError("the file is empty (0 bytes); write it again")
    if form is ZARR and not path.is_dir():
        raise InputError(f"is a file, but {form.name} is a folder; check the suffix")
    return form


def _stored(
    form: Format,
    path: Path,
    declared: Declared,
    variable: str | None,
    topology: str | os.PathLike[str] | None,
) -> Stored | Particles:
    """Read an array, or particles if a netCDF file or a NumPy archive holds them."""
    if form is NPZ and position_array(path, variable):
        _check_particle_options(POSITION_ARRAYS, declared, None, topology)
        named = None if topology is None else Path(topology)
        return read_positions(path, named, declared.particle_boundary(), variable)
    if form is not NETCDF:
        if topology is not None:
            raise InputError(_NO_TOPOLOGY)
        return form.read(path, variable).native()
    where = None if topology is None else Path(topology)
    flags = declared.particle_boundary()
    found = read_any(path, variable, where, flags)
    if isinstance(found, Particles):
        is_amber = is_classic(path) or found.provenance.get("format") == AMBER_HDF5
        _check_particle_options(
            MDANALYSIS if is_amber else PARTICLES_NETCDF, declared, variable, topology
        )
        return found if is_classic(path) else with_topology(found, where)
    if topology is not None:
        raise InputError(_NO_TOPOLOGY)
    return found.native()


def _check_writable(path: Path, samples: object) -> None:
    form = _format_of(_suffix(path))
    name = type(samples).__name__
    if isinstance(samples, Particles):
        suffixes = [end for end, other in TRAJECTORIES.items() if other.is_writable]
    elif isinstance(samples, Samples):
        suffixes = [*FORMATS]
    else:
        makers = "Samples.from_array and Particles.from_frames"
        raise InputError(f"Samples and Particles can be saved, not {name}; see {makers}")
    if _suffix(path) not in suffixes:
        raise InputError(f"{name} are saved as {', '.join(suffixes)}, not as {form.name}")


def _check_particle_options(
    form: TrajectoryFormat,
    declared: Declared,
    variable: str | None,
    topology: str | os.PathLike[str] | None,
) -> None:
    """Refuse the options of lattices, and a topology that the format cannot use."""
    options = {"axes": declared.axes, "kind": declared.kind, "states": declared.states}
    options |= {"symmetries": declared.symmetries, "variable": variable}
    options |= {"homogeneous": declared.homogeneous}
    wrong = [name for name, value in options.items() if value is not None]
    if wrong:
        raise InputError(
            f"holds particles, but {', '.join(wrong)} can be given for lattices only; leave out"
        )
    if topology is not None and not form.topology:
        raise InputError(
            f"{form.name} contains the types itself; topology is for formats like .dcd and .xtc, "
            "leave it out"
        )
    declared.check()
