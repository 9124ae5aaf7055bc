"""Trajectories: read frames of particles and combine them.

A reader turns a file into `Frame`s and passes them to `gather`.  Each frame is a box with its
corner at the origin and the particles in it; lengths keep the unit of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..data._boundaries import boundary_flags
from ..data.outside import outside
from ..data.particles import Particles
from ._counters import is_counter
from ._format import PERIODIC_UNKNOWN, Periodic
from ._planes import edges_and_axes, within

__all__ = [
    "Frame",
    "TrajectoryFormat",
    "check_inside",
    "coded",
    "gather",
    "read_only",
    "with_periodic",
]

_LONGEST_NAME = 256  # characters of a label; arrays of text are as wide as their longest


@dataclass(frozen=True, eq=False)
class Frame:
    """One configuration as a file stores it.

    Args:
        positions: Positions relative to the corner of the box, shape `(number, d)`.
        cell: Edges of the box as rows, shape `(d, d)`.
        periodic: One flag per edge, or None where the file does not say.
        diameters: Shape `(number,)`, or None.
        types: Whole numbers, shape `(number,)`, or None.
        names: Names of the types 0, 1, ...; empty where types are only numbers.
        measured: Numbers by name, such as the energy.
    """

    positions: np.ndarray
    cell: np.ndarray
    periodic: tuple[bool, ...] | None
    diameters: np.ndarray | None = None
    types: np.ndarray | None = None
    names: tuple[str, ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict)


def read_only(path: Path, particles: Particles) -> None:
    """Refuse to write; the writer of formats that moiety only reads.

    Args:
        path: The file.
        particles: The particles.

    Raises:
        InputError: Always.
    """
    raise InputError("moiety only reads this format; save as .gsd or .nc")


@dataclass(frozen=True)
class TrajectoryFormat:
    """A file format for particles.

    Args:
        name: Name for messages.
        suffixes: Suffixes in lower case, with the dot.
        read: Reads a path; takes also the path of a topology or None, and periodic flags that
            override the file or None.
        write: Writes particles to a path.
        topology: Whether a second file may name the particles.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, Path | None, Periodic | None], Particles]
    write: Callable[[Path, Particles], None] = read_only
    topology: bool = False

    @property
    def is_writable(self) -> bool:
        """Whether moiety writes this format."""
        return self.write is not read_only


def gather(
    frames: Iterable[Frame],
    *,
    periodic: Periodic | None,
    provenance: Mapping[str, Any],
    is_ours: bool = False,
    chains: int = 1,
) -> Particles:
    """Combine the frames of a file.

    Args:
        frames: Frames of one dimension, all of them with or all without diameters and types.
        periodic: Periodic flags that override the frames, or None.
        provenance: Where the frames come from; names of the types are added.
        is_ours: Whether moiety wrote the file: no coordinate and no number is then left out.
        chains: Number of independent runs.

    Raises:
        InputError: There are no frames, they do not fit together, a number is NaN, or nothing
            says whether the boundaries are periodic; or particles lie outside open boundaries.

    Example:
        >>> x = np.random.default_rng(0).random((8, 5, 3)) * [1, 1, 0]
        >>> frames = (Frame(positions, np.eye(3), (True,) * 3) for positions in x)
        >>> gather(frames, periodic=None, provenance={})
        <Particles 2-D, 1 chain x 8 frames, 5 particles, periodic>
    """
    kept: list[Frame] = []
    for frame in frames:
        _check(frame, kept[0] if kept else frame, len(kept))
        kept.append(frame)
    if not kept:
        raise InputError("holds no frames")
    space = kept[0].positions.shape[1]
    edges, axes = ([*range(space)],) * 2 if is_ours else edges_and_axes(kept)
    flags = _flags(kept[0].periodic, periodic, edges, space)
    kept = [within(frame, edges, axes) for frame in kept]
    types, names = _types(kept)
    particles = Particles.from_frames(
        [frame.positions for frame in kept],
        cells=np.stack([frame.cell for frame in kept]),
        periodic=flags,
        measured=_measured(kept, is_ours),
        provenance={**provenance, "types": list(names)} if names else provenance,
        chains=chains,
    )
    if not is_ours or periodic is not None:
        check_inside(particles)
    diameters = [frame.diameters for frame in kept if frame.diameters is not None]
    return particles.replace(
        diameters=np.concatenate(diameters) if diameters else None, types=types
    )


def with_periodic(particles: Particles, periodic: Periodic | None) -> Particles:
    """Replace the periodic flags and wrap positions accordingly; None keeps the flags.

    Args:
        particles: The particles.
        periodic: For all edges of the box, or one flag per edge.
    """
    space = particles.dimensions
    flags = _flags(particles.periodic, periodic, range(space), space)
    if flags == particles.periodic:
        return particles
    frames = [particles.frame(k) for k in range(particles.n)]
    wrapped = Particles.from_frames(frames, cells=particles.cells, periodic=flags)
    check_inside(wrapped)
    return particles.replace(positions=wrapped.positions, periodic=flags)


def check_inside(particles: Particles) -> None:
    """Refuse particles outside open boundaries.

    Args:
        particles: Frames.

    Raises:
        InputError: A particle lies outside by more than rounding.
    """
    _, text = outside(particles)
    if text:
        raise InputError(text)


def coded(labels: Sequence[str] | np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Turn labels of particles into types and the names of these types.

    Args:
        labels: One label per particle; whole numbers are types already and need no names.

    Example:
        >>> coded(["B", "A", "B"])
        (array([1, 0, 1]), ('A', 'B'))
        >>> coded(["2", "1"])
        (array([2, 1]), ())
    """
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "iu":
        return labels, ()
    names = sorted({str(label) for label in labels})
    longest = max(map(len, names), default=0)
    if longest > _LONGEST_NAME:
        raise InputError(
            f"a label of a particle has {longest:,} characters; at most {_LONGEST_NAME}"
        )
    places = {name: place for place, name in enumerate(names)}
    codes = np.array([places[str(label)] for label in labels], int)
    if names and all(name.isascii() and name.isdigit() and len(name) < 9 for name in names):
        return np.array([*map(int, names)])[codes], ()
    return codes, tuple(names)


def _check(frame: Frame, first: Frame, k: int) -> None:
    """Refuse numbers that are not finite, and frames that do not fit together."""
    if not np.isfinite(frame.positions).all():
        raise InputError(f"frame {k}: a position is NaN or infinite")
    if not np.isfinite(frame.cell).all():
        raise InputError(f"frame {k}: the box is NaN or infinite")
    if frame.positions.shape[1] != first.positions.shape[1]:
        raise InputError(
            f"frame {k}: has {frame.positions.shape[1]} coordinates, frame 0 has {len(first.cell)}"
        )
    if frame.periodic != first.periodic:
        raise InputError(f"frame {k}: its periodic boundaries differ from those of frame 0")
    for name in ("diameters", "types"):
        if (getattr(frame, name) is None) != (getattr(first, name) is None):
            raise InputError(f"frame {k}: only some frames contain {name} of the particles")


def _flags(
    known: tuple[bool, ...] | None, given: Periodic | None, edges: Sequence[int], space: int
) -> tuple[bool, ...]:
    """One flag per edge that is left; what the user gives overrides what the file contains."""
    if given is None:
        if known is None:
            raise InputError(PERIODIC_UNKNOWN)
        return tuple(known[edge] for edge in edges)
    if isinstance(given, str):
        named = boundary_flags(given, space)
        return tuple(named[edge] for edge in edges)
    if isinstance(given, (bool, np.bool_)):
        return (bool(given),) * len(edges)
    flags = tuple(map(bool, given))
    if len(flags) != len(edges):
        raise InputError(
            f"periodic needs {len(edges)} flags, one for each edge of the box, not {len(flags)}"
        )
    return flags


def _types(frames: Sequence[Frame]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Types of all frames, with one list of names for all."""
    named = [(frame.types, frame.names) for frame in frames if frame.types is not None]
    if not named:
        return None, ()
    if any(names for _, names in named):
        named = [_named(types, names) for types, names in named]
    all_names = tuple(dict.fromkeys(name for _, names in named for name in names))
    types = [_renumbered(types, names, all_names) for types, names in named]
    return np.concatenate(types).astype(np.int32), all_names


def _named(types: np.ndarray, names: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Types with names; a number without a name becomes its own name."""
    if names:
        return types, names
    numbers, codes = np.unique(types, return_inverse=True)
    return codes, tuple(map(str, numbers.tolist()))


def _renumbered(
    types: np.ndarray, names: tuple[str, ...], all_names: tuple[str, ...]
) -> np.ndarray:
    """Convert indices into `names` to indices into `all_names`."""
    if names == all_names[: len(names)]:
        return types
    place_of = {name: place for place, name in enumerate(all_names)}
    places = np.array([place_of[name] for name in names], int)
    renumbered: np.ndarray = places[types]
    return renumbered


def _measured(frames: Sequence[Frame], is_ours: bool) -> dict[str, np.ndarray]:
    """Numbers that every frame contains, except what counts or times the frames."""
    everywhere = [
        name for name in frames[0].measured if all(name in frame.measured for frame in frames)
    ]
    series = {name: np.array([frame.measured[name] for frame in frames]) for name in everywhere}
    if is_ours:
        return series
    return {name: values for name, values in series.items() if not is_counter(name, values)}
