"""Further trajectories, read by MDAnalysis: DCD, XTC, TRR, AMBER, Tinker and more.

Lengths keep the unit of the file (`convert_units=False`), and edges their orientation (`_vectors`).
These formats contain a box but not its position: moiety puts its corner at the origin, and all
boundaries are periodic unless the user says otherwise.  Types are those of the topology, or else
its elements, or its names of atoms.
Needs the package MDAnalysis (https://www.mdanalysis.org), an optional extra.
"""

from __future__ import annotations

import struct
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.atomic import PREFIX, sweep
from ..base.errors import InputError
from ..data.particles import Particles
from ._format import DAMAGE, Periodic, cause
from ._isolation import ask_for_particles, needs
from ._topology import check_topology, labels_of, with_topology
from ._trajectory import Frame, TrajectoryFormat, coded, gather
from ._vectors import cells, described
from .amber import is_hdf5
from .netcdf_particles import check_classic, is_classic

if TYPE_CHECKING:
    from MDAnalysis import Universe

__all__ = ["MDANALYSIS", "opened", "reading_as"]

# Formats with a single frame are left out: it is not enough for an estimate.
_SUFFIXES = ".arc .crdbox .dcd .history .mdcrd .mol2 .ncdf .tng .trc .trj .trr .trz .txyz .xtc"
_NETCDF = (".ncdf",)
_PACKAGES = {".tng": ("pytng",)}  # that MDAnalysis itself does not install
_END = object()
_DCD_HEADER, _DCD_START = struct.Struct("=i4si"), (84, b"CORD")  # in the byte order of this machine


def reading_as(suffix: str) -> TrajectoryFormat:
    """The format for files that have another suffix.

    Args:
        suffix: The suffix that the files should have, with the dot.
    """
    return replace(MDANALYSIS, read=partial(_read, suffix=suffix))


def _read(
    path: Path, topology: Path | None, periodic: Periodic | None, suffix: str = ""
) -> Particles:
    end = suffix or path.suffix.lower()
    if end in _NETCDF and is_hdf5(path):
        found = ask_for_particles("netcdf", path, variable=None, topology=None, periodic=periodic)
        return with_topology(found, topology)
    if end in _NETCDF and is_classic(path):
        check_classic(path)
    needs("MDAnalysis", "this format needs", "particles")
    for package in _PACKAGES.get(end, ()):
        _check_package(package, end)
    if topology is not None:
        check_topology(topology)
    # MDAnalysis writes index files beside some trajectories; the link keeps them out of the folder.
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        sweep(tempfile.gettempdir())
        link = Path(folder) / f"{path.name}{suffix}"
        link.symlink_to(path.resolve())
        where = str(topology.absolute()) if topology else None
        return ask_for_particles(
            "mdanalysis", link, topology=where, periodic=periodic, name=path.name
        )


def _check_package(package: str, suffix: str) -> None:
    """Refuse a format for which MDAnalysis needs a further package."""
    if find_spec(package) is None:
        raise InputError(
            f"{suffix} files need the package {package}; install it with pip install {package}, or"
            " convert the file to .xtc or .trr"
        )


@contextmanager
def opened(
    path: Path, topology: str | None, periodic: Periodic | None, name: str
) -> Iterator[Particles]:
    """Read particles.

    Args:
        path: The file, or a link to it.
        topology: A file that names the particles, or None.
        periodic: Periodic flags that override the file, or None.
        name: Name of the file, for the provenance.

    Raises:
        InputError: The file or the topology cannot be read.
    """
    provenance = {"file": name, "format": path.suffix.lower().removeprefix(".").upper()}
    if topology is not None:
        provenance["topology"] = Path(topology).name
    with _silence():
        mda = _mdanalysis()
        universe = _universe(mda, path, Path(topology) if topology else None)
        try:
            frames = _frames(universe, path)
            yield gather(frames, periodic=periodic, provenance=provenance)
        finally:
            universe.trajectory.close()


def _mdanalysis() -> ModuleType:
    try:
        import MDAnalysis
    except ImportError as error:
        raise InputError(
            "this format needs the package MDAnalysis; "
            "install it with pip install 'moiety[particles]'"
        ) from error
    module: ModuleType = MDAnalysis
    return module


@contextmanager
def _silence() -> Iterator[None]:
    """Silence warnings that do not matter here, and errors when readers of damaged files close."""
    hook = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.unraisablehook = hook


def _universe(mda: ModuleType, link: Path, topology: Path | None) -> Universe:
    files = [str(file) for file in (topology, link) if file]
    failure = ""
    try:
        return mda.Universe(*files, convert_units=False, to_guess=())
    except (*DAMAGE, StopIteration) as error:
        failure = cause(error).replace(str(link), link.name)
    doubt = f"the topology {topology} does not fit" if topology else "it needs topology="
    raise InputError(
        f"MDAnalysis cannot read it ({failure}); damaged, incomplete or another format; or {doubt}?"
    )


def _frames(universe: Universe, path: Path) -> Iterator[Frame]:
    trajectory, (types, names) = universe.trajectory, _types(universe)
    suffix = path.suffix.lower()
    vectors = cells(path, suffix)
    steps, k = iter(trajectory), 0
    while (step := _next(steps, k)) is not _END:
        with _in_frame(k):
            known = described(step.dimensions, suffix) if vectors is None else next(vectors, None)
            if known is None:
                raise InputError("has no box")
        yield Frame(step.positions.astype(np.float64), known, (True,) * 3, types=types, names=names)
        k += 1
    # MDAnalysis stops without an error at a frame that it cannot read.
    if k < max(len(trajectory), _frames_in_header(path)) or _ends_early(path, trajectory.n_atoms):
        raise InputError(f"frame {k}: is not complete; truncated or damaged?")


def _next(steps: Iterator[Any], k: int) -> Any:
    try:
        return next(steps, _END)
    except DAMAGE as error:
        raise InputError(
            f"frame {k}: cannot be read ({cause(error)}); truncated or damaged?"
        ) from error


@contextmanager
def _in_frame(k: int) -> Iterator[None]:
    """Name the frame in every refusal inside the block."""
    try:
        yield
    except InputError as error:
        raise InputError(f"frame {k}: {error}") from error


def _types(universe: Universe) -> tuple[np.ndarray | None, tuple[str, ...]]:
    labels = labels_of(universe)
    return (None, ()) if labels is None else coded(labels)


def _frames_in_header(path: Path) -> int:
    """Number of frames in the header of a DCD file, else 0; its reader skips frames cut off."""
    if path.suffix.lower() != ".dcd":
        return 0
    with path.open("rb") as file:
        length, mark, frames = _DCD_HEADER.unpack(file.read(_DCD_HEADER.size))
    return int(frames) if (length, mark) == _DCD_START else 0


def _ends_early(path: Path, particles: int) -> bool:
    """Whether an XTC or TRR file ends with the start of another frame."""
    if path.suffix.lower() not in (".xtc", ".trr"):
        return False
    with path.open("rb") as file:
        start = file.read(8)
        file.seek(-min(91, 55 + 12 * particles, path.stat().st_size), 2)
        return start in file.read()


MDANALYSIS = TrajectoryFormat("a trajectory", tuple(_SUFFIXES.split()), _read, topology=True)
