"""H5MD files (https://www.nongnu.org/h5md), in which HDF5 holds trajectories of particles.

A group below `particles` has `position`, `box` with the attribute `boundary` (none or periodic for
each axis) and `edges` (sides, or vectors as rows), and perhaps `species` and `id`.  What varies
with time is a group with `value` and `step`.  Vectors are taken as they are, in any orientation;
the corner of the box is the origin, or `offset`.  Rows whose id is negative hold no particle.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._format import Periodic
from ._hdf5_tree import check_contained, check_links, check_values, datasets
from ._isolation import ask_for_particles
from ._topology import with_topology
from ._trajectory import Frame, TrajectoryFormat, coded, gather

if TYPE_CHECKING:
    import h5py

__all__ = ["H5MD", "is_h5md", "opened"]

_BOUNDARIES = {"periodic": True, "none": False, "nonperiodic": False}
_AXES = 2  # of positions at one time: particle and coordinate


def is_h5md(file: h5py.File) -> bool:
    """Whether an HDF5 file follows H5MD.

    Args:
        file: The open file.
    """
    return "h5md" in file and "particles" in file


@contextmanager
def opened(path: Path, periodic: Periodic | None, name: str) -> Iterator[Particles]:
    """Read particles.

    Args:
        path: The file.
        periodic: Periodic flags that override the file, or None.
        name: Name of the file, for the provenance.

    Raises:
        InputError: The file holds no particles, or parts of it do not fit together.
    """
    import h5py

    with h5py.File(path, "r") as file:
        check_links(file)
        for dataset in datasets(file).values():
            check_contained(dataset)
        provenance = {"file": name, "format": H5MD.name}
        yield gather(_frames(_group(file), path), periodic=periodic, provenance=provenance)


def _read(path: Path, topology: Path | None, periodic: Periodic | None) -> Particles:
    particles = ask_for_particles("h5md", path, periodic=periodic, name=path.name)
    return with_topology(particles, topology)


def _group(file: h5py.File) -> h5py.Group:
    """The only group of particles with positions."""
    parent = file.get("particles")
    found = [name for name in parent or () if "position" in _members(parent[name])]
    if not found:
        raise InputError("holds no positions (particles/.../position)")
    if len(found) > 1:
        raise InputError(
            f"holds several groups of particles ({', '.join(found)}); write one of them to a file"
            " of its own"
        )
    return parent[found[0]]


def _members(item: Any) -> Any:
    return item if hasattr(item, "keys") else ()


def _frames(group: h5py.Group, path: Path) -> Iterator[Frame]:
    positions, steps = _element(group, "position", path)
    if positions.ndim != _AXES + 1:
        raise InputError("its positions do not vary with time; at least 8 frames are needed")
    flags, edges = _box(group, path, positions.shape, steps)
    offset = _optional(group, "box/offset", path)
    species, ids = _optional(group, "species", path), _optional(group, "id", path)
    for k in range(len(positions)):
        present = slice(None) if ids is None else _at(ids, k, 1) >= 0
        places = np.asarray(positions[k], np.float64)
        if offset is not None:
            places = places - _at(offset, k, 1)
        labels = None if species is None else _labels(species, _at(species, k, 1)[present])
        types, names = (None, ()) if labels is None else coded(labels)
        yield Frame(places[present], edges[k], flags, types=types, names=names)


def _element(group: h5py.Group, name: str, path: Path) -> tuple[h5py.Dataset, np.ndarray | None]:
    """The values of an element, and the steps at which they were taken if they vary with time."""
    item = group[name]
    varies = hasattr(item, "keys")
    if varies and "value" not in item:
        raise InputError(f"{item.name} has no value")
    dataset = item["value"] if varies else item
    check_values(dataset, None, path)
    steps = item["step"] if varies and "step" in item else None
    known = steps is not None and steps.ndim == 1 and len(steps) == len(dataset)
    return dataset, np.asarray(steps) if known and steps is not None else None


def _optional(group: h5py.Group, name: str, path: Path) -> h5py.Dataset | None:
    return _element(group, name, path)[0] if name in group else None


def _at(dataset: h5py.Dataset, k: int, axes: int) -> np.ndarray:
    """The values at a time: of an element that varies with it, or of one that does not."""
    return np.asarray(dataset[k] if dataset.ndim > axes else dataset[()])


def _labels(dataset: h5py.Dataset, values: np.ndarray) -> np.ndarray | list[str]:
    """Species as whole numbers, or as names where they are text or an enumeration."""
    import h5py

    names = h5py.check_enum_dtype(dataset.dtype)
    if names:
        by_code = {code: name for name, code in names.items()}
        return [by_code.get(int(value), str(value)) for value in values]
    if values.dtype.kind in "iu":
        return values
    return [x.decode(errors="replace") if isinstance(x, bytes) else str(x) for x in values]


def _box(
    group: h5py.Group, path: Path, shape: tuple[int, ...], steps: np.ndarray | None
) -> tuple[tuple[bool, ...] | None, np.ndarray]:
    """Flags of the boundaries, and the edges of each frame as rows, shape `(n, d, d)`."""
    frames, _, space = shape
    if "box" not in group:
        raise InputError(f"has no box ({group.name}/box)")
    box = group["box"]
    if "edges" not in box:
        raise InputError(f"has no box ({box.name}/edges)")
    dataset, when = _element(box, "edges", path)
    edges = np.asarray(dataset, np.float64)
    if hasattr(box["edges"], "keys"):
        other = when is not None and steps is not None and not np.array_equal(when, steps)
        if len(edges) != frames or other:
            raise InputError("its boxes and its positions were not written at the same steps")
    else:
        edges = np.broadcast_to(edges, (frames, *edges.shape))
    if edges.shape == (frames, space):
        edges = edges[:, :, None] * np.eye(space)
    if edges.shape != (frames, space, space):
        raise InputError(f"edges of the box {edges.shape[1:]} do not go with {space} dimensions")
    return _boundary(box, space), edges


def _boundary(box: h5py.Group, space: int) -> tuple[bool, ...] | None:
    """One flag per axis, or None where the file does not say."""
    if "boundary" not in box.attrs:
        return None
    given = np.asarray(box.attrs["boundary"]).ravel().tolist()
    words = [x.decode(errors="replace") if isinstance(x, bytes) else str(x) for x in given]
    words = words * space if len(words) == 1 else words
    if len(words) != space or not {word.lower() for word in words} <= set(_BOUNDARIES):
        raise InputError(f"its boundary must be none or periodic for each axis, not {words}")
    return tuple(_BOUNDARIES[word.lower()] for word in words)


H5MD = TrajectoryFormat("H5MD", (".h5md",), _read, topology=True)
