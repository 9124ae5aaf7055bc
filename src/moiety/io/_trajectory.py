"""Trajectories: particles frame by frame, and how their frames come together.

A reader turns a file into `Frame`s and hands them to `gather`.  Each frame is a box with its
corner at the origin and the particles in it; lengths keep the unit of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles

__all__ = ["Frame", "TrajectoryFormat", "coded", "gather", "with_edges"]

# Numbers that tell the time rather than the state.
_CLOCKS = {"step", "timestep", "time", "simulation_time", "walltime", "seconds", "tps", "frame"}
_FLAT = 1e-6  # of the box: what a coordinate may vary and count as one value, by rounding


@dataclass(frozen=True, eq=False)
class Frame:
    """One configuration as it stands in a file.

    Arguments:
        positions: Shape `(number, d)`, seen from the corner of the box.
        cell: Its edges as rows, shape `(d, d)`.
        periodic: One flag an edge, or None where the file does not say.
        diameters: Shape `(number,)`, or None.
        types: Whole numbers, shape `(number,)`, or None.
        names: Of the types 0, 1, ...; empty where these are numbers only.
        measured: Numbers by name.
    """

    positions: np.ndarray
    cell: np.ndarray
    periodic: tuple[bool, ...] | None
    diameters: np.ndarray | None = None
    types: np.ndarray | None = None
    names: tuple[str, ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TrajectoryFormat:
    """A file format of particles.

    Arguments:
        name: For messages.
        suffixes: Lower case, with the dot.
        read: Takes the path, the path of a topology or None, and the flags of the edges that
            go before those of the file, or None.
        write: Takes the path and the particles; None where the format is read only.
        topology: Whether a second file may name the particles.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, Path | None, Any], Particles]
    write: Callable[[Path, Particles], None] | None = None
    topology: bool = False


def gather(
    frames: Iterable[Frame],
    *,
    periodic: bool | Sequence[bool] | None,
    provenance: Mapping[str, Any],
    flatten: bool = True,
    **others: Any,
) -> Particles:
    """Particles from frames that are read one after the other.

    Arguments:
        frames: All with or all without diameters and types; of one dimension.
        periodic: Goes before the flags of the frames.
        provenance: Names of the types are added to it.
        flatten: Whether a last coordinate that never varies is left out, as in files of a plane.
        others: Of `Particles`.

    Raises:
        InputError: No frames, frames that do not go together, NaN, unknown edges.

    Example:
        >>> x = np.random.default_rng(0).random((8, 5, 3)) * [1, 1, 0]
        >>> gather((Frame(one, np.eye(3), (True,) * 3) for one in x), periodic=None, provenance={})
        <Particles 2-D, 1 chain x 8 frames, 5 particles, periodic>
    """
    kept: list[Frame] = []
    for frame in frames:
        _check(frame, kept[0] if kept else frame, len(kept))
        kept.append(frame)
    if not kept:
        raise InputError("holds no frames")
    space = _space(kept) if flatten else kept[0].positions.shape[1]
    types, names = _types(kept)
    particles = Particles.from_frames(
        [frame.positions[:, :space] for frame in kept],
        cells=np.stack([frame.cell[:space, :space] for frame in kept]),
        periodic=_edges(kept[0].periodic and kept[0].periodic[:space], periodic, space),
        measured=_measured(kept),
        provenance={**provenance, "types": list(names)} if names else provenance,
        **others,
    )
    diameters = (
        None if kept[0].diameters is None else np.concatenate([frame.diameters for frame in kept])
    )
    return particles.replace(diameters=diameters, types=types)


def with_edges(particles: Particles, periodic: bool | Sequence[bool] | None) -> Particles:
    """The same with edges that are periodic or not as said; None leaves them as they are."""
    flags = _edges(particles.periodic, periodic, particles.dimensions)
    if flags == particles.periodic:
        return particles
    frames = [particles.frame(k) for k in range(particles.n)]
    wrapped = Particles.from_frames(frames, cells=particles.cells, periodic=flags)
    return particles.replace(positions=wrapped.positions, periodic=flags)


def coded(labels: Sequence[str] | np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Types of particles by their labels, and the names of the types; whole numbers need no names.

    Example:
        >>> coded(["B", "A", "B"])
        (array([1, 0, 1]), ('A', 'B'))
        >>> coded(["2", "1"])
        (array([2, 1]), ())
    """
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "iu":
        return labels, ()
    names, codes = np.unique(np.asarray(labels, str), return_inverse=True)
    if len(names) and all(
        name.isascii() and name.isdigit() and len(name) < 9 for name in names.tolist()
    ):
        return names.astype(int)[codes], ()
    return codes, tuple(names.tolist())


def _check(frame: Frame, first: Frame, k: int) -> None:
    if not np.isfinite(frame.positions).all():
        raise InputError(f"frame {k}: a position is NaN or infinite")
    if not np.isfinite(frame.cell).all():
        raise InputError(f"frame {k}: the box is NaN or infinite")
    if frame.positions.shape[1] != first.positions.shape[1]:
        raise InputError(
            f"frame {k}: has {frame.positions.shape[1]} coordinates, frame 0 has {len(first.cell)}"
        )
    if frame.periodic != first.periodic:
        raise InputError(f"frame {k}: its edges are periodic otherwise than those of frame 0")
    for name in ("diameters", "types"):
        if (getattr(frame, name) is None) != (getattr(first, name) is None):
            raise InputError(f"frame {k}: only some frames say the {name} of the particles")


def _space(frames: Sequence[Frame]) -> int:
    """Dimension of space, last coordinates that never vary left out."""
    space = frames[0].positions.shape[1]
    while space > 1 and _is_flat(frames, space - 1):
        space -= 1
    return space


def _is_flat(frames: Sequence[Frame], axis: int) -> bool:
    """Whether a coordinate is the same for all, and no edge before this axis leaves the plane."""
    ends = [
        (frame.positions[:, axis].min(), frame.positions[:, axis].max())
        for frame in frames
        if len(frame.positions)
    ]
    scale = _FLAT * max(abs(frame.cell[axis, axis]) for frame in frames)
    level = all((frame.cell[:axis, axis] == 0).all() for frame in frames)
    return (
        bool(ends)
        and level
        and max(high for _, high in ends) - min(low for low, _ in ends) <= scale
    )


def _edges(
    known: tuple[bool, ...] | None, said: bool | Sequence[bool] | None, space: int
) -> tuple[bool, ...]:
    if said is None and known is None:
        raise InputError(
            "the file does not say whether the edges are periodic; say --periodic or --no-periodic"
        )
    given = known if said is None else said
    flags = (
        (bool(given),) * space if isinstance(given, (bool, np.bool_)) else tuple(map(bool, given))
    )
    if len(flags) != space:
        raise InputError(
            f"periodic needs {space} flags, one for each edge of the box, not {len(flags)}"
        )
    return flags


def _types(frames: Sequence[Frame]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Types of all frames by one list of names."""
    if frames[0].types is None:
        return None, ()
    if not any(frame.names for frame in frames):
        return np.concatenate([frame.types for frame in frames]).astype(np.int32), ()
    named = [_named(frame) for frame in frames]
    names = tuple(dict.fromkeys(name for _, own in named for name in own))
    return np.concatenate([_renumbered(codes, own, names) for codes, own in named]).astype(
        np.int32
    ), names


def _named(frame: Frame) -> tuple[np.ndarray, tuple[str, ...]]:
    """Types and their names; numbers are their own names."""
    if frame.names:
        return frame.types, frame.names
    numbers, codes = np.unique(frame.types, return_inverse=True)
    return codes, tuple(map(str, numbers.tolist()))


def _renumbered(
    codes: np.ndarray, names: tuple[str, ...], all_names: tuple[str, ...]
) -> np.ndarray:
    """Types that count names of one list as those that count names of another one."""
    if names == all_names[: len(names)]:
        return codes
    return np.array([all_names.index(name) for name in names], int)[codes]


def _measured(frames: Sequence[Frame]) -> dict[str, np.ndarray]:
    """What every frame says, but for its time."""
    names = [name for name in frames[0].measured if name.rpartition("/")[2].lower() not in _CLOCKS]
    everywhere = [name for name in names if all(name in frame.measured for frame in frames)]
    return {name: np.array([frame.measured[name] for frame in frames]) for name in everywhere}
