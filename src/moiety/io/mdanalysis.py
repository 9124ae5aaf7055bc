"""What else MDAnalysis reads: DCD, XTC, TRR, PDB and more, with the names of a topology if given.

Lengths keep the unit of the file (`convert_units=False`).  These formats say a box, but not where
it begins: its corner is the origin, and all its edges are periodic unless said otherwise.
Types are those of the topology, or its elements, or its names of atoms.  Needs the package
MDAnalysis, an optional extra.
"""

from __future__ import annotations

import struct
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._format import DAMAGE, cause
from ._trajectory import Frame, TrajectoryFormat, coded, gather

if TYPE_CHECKING:
    from MDAnalysis import Universe

__all__ = ["MDANALYSIS"]

# Formats of one frame alone are left out: nothing can be estimated from it.
_SUFFIXES = ".arc .crdbox .dcd .ent .gro .h5md .history .mdcrd .mol2 .ncdf .pdb .tng .trc .trj .trr .trz .txyz .xtc"
_END = object()
_DCD_HEAD, _DCD_START = struct.Struct("=i4si"), (84, b"CORD")  # in the byte order of this machine


def _read(path: Path, topology: Path | None, periodic: Any) -> Particles:
    mda = _mdanalysis()
    provenance = {"file": path.name, "format": path.suffix.lower().removeprefix(".").upper()}
    # MDAnalysis leaves files beside some trajectories: they go beside a link to it instead.
    with tempfile.TemporaryDirectory() as folder, _silence():
        link = Path(folder) / path.name
        link.symlink_to(path.resolve())
        universe = _universe(mda, link, topology)
        try:
            frames = _frames(mda, universe, path)
            return gather(frames, periodic=periodic, provenance=provenance | _also(topology))
        finally:
            universe.trajectory.close()


def _mdanalysis() -> ModuleType:
    try:
        import MDAnalysis
    except ImportError as error:
        words = "this format is read by the package MDAnalysis; install it with pip install 'moiety[particles]'"
        raise InputError(words) from error
    return MDAnalysis


@contextmanager
def _silence() -> Iterator[None]:
    """MDAnalysis warns of what does not matter here, and its readers of damaged files trip over their own end."""
    hook = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.unraisablehook = hook


def _universe(mda: ModuleType, link: Path, topology: Path | None) -> Universe:
    if topology is not None and not topology.exists():
        raise InputError(f"its topology {topology} does not exist; check the name")
    files = [str(file) for file in (topology, link) if file]
    failure = ""
    try:
        return mda.Universe(*files, convert_units=False, to_guess=())
    except (*DAMAGE, StopIteration) as error:
        failure = cause(error).replace(str(link), link.name)
    with_it = (
        f"; or the topology {topology} does not go with it"
        if topology
        else "; or it needs topology="
    )
    raise InputError(
        f"MDAnalysis cannot read it ({failure}); damaged, incomplete or another format{with_it}?"
    )


def _frames(mda: ModuleType, universe: Universe, path: Path) -> Iterator[Frame]:
    trajectory, (types, names) = universe.trajectory, _types(universe)
    steps, k = iter(trajectory), 0
    while (step := _next(steps, k)) is not _END:
        yield Frame(
            step.positions.astype(np.float64), _cell(mda, step, k), (True,) * 3, None, types, names
        )
        k += 1
    # MDAnalysis takes a frame that it cannot read for the end.
    if k < max(len(trajectory), _told(path)) or _ends_in_a_head(path, trajectory.n_atoms):
        raise InputError(f"frame {k}: is not whole; truncated or damaged?")


def _next(steps: Iterator[Any], k: int) -> Any:
    try:
        return next(steps, _END)
    except DAMAGE as error:
        raise InputError(
            f"frame {k}: cannot be read ({cause(error)}); truncated or damaged?"
        ) from error


def _cell(mda: ModuleType, step: Any, k: int) -> np.ndarray:
    if step.dimensions is None or not np.any(step.dimensions[:3]):
        raise InputError(f"frame {k}: has no box")
    return mda.lib.mdamath.triclinic_vectors(step.dimensions, dtype=np.float64)


def _types(universe: Universe) -> tuple[np.ndarray | None, tuple[str, ...]]:
    for name in ("types", "elements", "names"):
        labels = getattr(universe.atoms, name, None)
        if labels is not None and all(map(str, labels)):
            return coded([str(label) for label in labels])
    return None, ()


def _told(path: Path) -> int:
    """Frames that the head of a DCD file counts: its reader passes over those that are cut off."""
    if path.suffix.lower() != ".dcd":
        return 0
    with path.open("rb") as file:
        *start, frames = _DCD_HEAD.unpack(file.read(_DCD_HEAD.size))
    return frames if tuple(start) == _DCD_START else 0


def _ends_in_a_head(path: Path, particles: int) -> bool:
    """Whether the last bytes of an XTC or TRR file, too few for a frame, begin as its frames do."""
    if path.suffix.lower() not in (".xtc", ".trr"):
        return False
    with path.open("rb") as file:
        start = file.read(8)
        file.seek(-min(91, 55 + 12 * particles, path.stat().st_size), 2)
        return start in file.read()


def _also(topology: Path | None) -> dict[str, str]:
    return {} if topology is None else {"topology": topology.name}


MDANALYSIS = TrajectoryFormat("a trajectory", tuple(_SUFFIXES.split()), _read, topology=True)
