"""Types of particles from a second file, which MDAnalysis reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._format import DAMAGE, cause
from ._isolation import Tree, ask, needs
from ._trajectory import coded

__all__ = ["check_topology", "labels_of", "opened", "with_topology"]


def check_topology(topology: Path) -> None:
    """Refuse a topology that is no file.

    Args:
        topology: The path that the user gave.
    """
    if not topology.is_file():
        raise InputError(f"its topology {topology} does not exist or is no file; check the name")


def with_topology(particles: Particles, topology: Path | None) -> Particles:
    """The same frames with the types of a topology.

    Args:
        particles: Frames.
        topology: A file that names the particles, or None, which changes nothing.

    Raises:
        InputError: It cannot be read, or has another number of particles.
    """
    if topology is None:
        return particles
    needs("MDAnalysis", "a topology needs", "particles")
    check_topology(topology)
    tree = ask("labels", topology.absolute())
    labels = tree.variables["labels"][1] if isinstance(tree, Tree) else []
    if set(particles.counts.tolist()) != {len(labels)}:
        raise InputError(
            f"the topology {topology} does not fit: it has {len(labels)} particles, the frames have"
            f" {particles.counts.min()} to {particles.counts.max()}"
        )
    types, names = coded(labels)
    known = {**particles.provenance, "topology": topology.name}
    return particles.replace(
        types=np.tile(types, particles.n).astype(np.int32),
        provenance={**known, "types": list(names)} if names else known,
    )


@contextmanager
def opened(path: Path) -> Iterator[Tree]:
    """Read the labels of the particles in a topology.

    Args:
        path: The topology.

    Raises:
        InputError: It cannot be read, or names no particles.
    """
    import warnings

    import MDAnalysis

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            universe = MDAnalysis.Universe(str(path), to_guess=())
        except (*DAMAGE, StopIteration) as error:
            raise InputError(f"the topology {path} cannot be read ({cause(error)})") from error
        labels = labels_of(universe)
    if labels is None:
        raise InputError(f"the topology {path} does not name the particles")
    yield Tree({"labels": (("particle",), labels, {})})


def labels_of(universe: object) -> list[str] | None:
    """One label per particle: its type, or else its element or name; None if it has none.

    Args:
        universe: What MDAnalysis read.
    """
    atoms = getattr(universe, "atoms", None)
    for name in ("types", "elements", "names"):
        labels = getattr(atoms, name, None)
        if labels is not None and all(map(str, labels)):
            return [str(label) for label in labels]
    return None
