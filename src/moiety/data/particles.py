r"""`Particles`: configurations of particles in a box, their numbers free to vary.

Frames follow each other in flat arrays: frame k holds the particles `starts[k]` to
`starts[k + 1]`.  Lengths keep the unit of the file or the system that they come from; nothing
is converted.  Of a box with edges a, b, c the rows of its cell are these vectors, and its
corner is the origin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import gamma, pi
from typing import Any

import numpy as np

from ..base.errors import InputError

__all__ = ["Particles", "ball_volume"]

_DIMENSIONS = 3
_LEAST_FRAMES = 8


@dataclass(frozen=True, eq=False)
class Particles:
    """Configurations of particles at one state point.

    Use `Particles.from_frames` for plain arrays.

    Arguments:
        positions: Of all frames after each other, shape `(total, d)`, d = 1, 2 or 3; inside the
            cell along its periodic edges.
        starts: Where each frame begins, and the end, shape `(n + 1,)`.
        cells: Edges of each frame's box as rows, shape `(n, d, d)`.
        periodic: One flag an edge.
        diameters: Shape `(total,)`, or None where they are all alike or unknown.
        types: Small whole numbers, shape `(total,)`, or None.
        chains: Independent runs, of equally many frames each, one after the other.
        measured: Numbers a frame, such as its energy, by name; shape `(n,)` each.
        provenance: Where the frames come from.

    Raises:
        InputError: Shapes that do not go together, boxes without volume, positions that are no
            numbers, fewer than 8 frames.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> Particles.from_frames([rng.random((n, 2)) * 9 for n in (80, 83) * 4], cells=9.0, periodic=True)
        <Particles 2-D, 1 chain x 8 frames, 80 to 83 particles, periodic>
    """

    positions: np.ndarray
    starts: np.ndarray
    cells: np.ndarray
    periodic: tuple[bool, ...]
    diameters: np.ndarray | None = None
    types: np.ndarray | None = None
    chains: int = 1
    measured: Mapping[str, np.ndarray] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        total, space = self.positions.shape
        if not 1 <= space <= _DIMENSIONS:
            raise InputError(f"positions need 1 to {_DIMENSIONS} coordinates, not {space}")
        if (
            self.cells.shape != (self.n, space, space)
            or len(self.periodic) != space
            or self.starts[-1] != total
        ):
            raise InputError(
                f"{self.n} frames of {total} positions do not go with cells {self.cells.shape}"
            )
        if self.n < _LEAST_FRAMES:
            raise InputError(f"{self.n} frames are too few; at least {_LEAST_FRAMES} are needed")
        if self.chains < 1 or self.n % self.chains:
            raise InputError(f"{self.n} frames cannot be shared evenly by {self.chains} chains")
        if not total:
            raise InputError("there is no particle in any frame")
        if not np.isfinite(self.positions).all():
            raise InputError(
                f"frame {self.frame_of(~np.isfinite(self.positions).all(axis=1))}: a position is no number"
            )
        if (self.volumes <= 0).any() or not np.isfinite(self.volumes).all():
            raise InputError(f"frame {int(np.argmin(self.volumes))}: the box has no volume")
        for name in ("diameters", "types"):
            column = getattr(self, name)
            if column is not None and column.shape != (total,):
                raise InputError(f"{total} particles need as many {name}, not {column.shape}")
        if self.diameters is not None and not (self.diameters > 0).all():
            raise InputError(
                f"frame {self.frame_of(~(self.diameters > 0))}: a diameter is not positive"
            )

    @classmethod
    def from_frames(
        cls,
        frames: Sequence[np.ndarray],
        *,
        cells: Any,
        periodic: bool | Sequence[bool],
        diameters: Sequence[np.ndarray] | np.ndarray | float | None = None,
        types: Sequence[np.ndarray] | np.ndarray | None = None,
        **others: Any,
    ) -> Particles:
        """Particles from one array of positions a frame.

        Arguments:
            frames: Shapes `(number, d)`; positions outside a periodic box are wrapped into it.
            cells: One side for a cube; `(d,)` sides; `(d, d)` rows of edges; or `(n, d, d)`.
            periodic: For all edges, or one flag for each.
            diameters, types: One for each particle: an array a frame, or one that all have in
                common; or one diameter for all.
            others: Of the class.
        """
        arrays = [np.asarray(frame, np.float64) for frame in frames]
        if not arrays or any(
            array.ndim != 2 or array.shape[1] != arrays[0].shape[1] for array in arrays
        ):
            raise InputError("frames need shapes (number, d) with one d")
        space, counts = arrays[0].shape[1], [len(array) for array in arrays]
        edges = _edges(cells, len(arrays), space)
        flags = (
            (bool(periodic),) * space
            if isinstance(periodic, (bool, np.bool_))
            else tuple(map(bool, periodic))
        )
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        positions = np.concatenate(arrays)
        if (
            np.isfinite(positions).all()
            and len(flags) == space
            and (np.linalg.det(edges) != 0).all()
        ):
            for start, stop, edge in zip(starts, starts[1:], edges, strict=False):
                positions[start:stop] = _wrapped(positions[start:stop], edge, flags)
        columns = {
            "diameters": _column(diameters, counts, np.float64),
            "types": _column(types, counts, np.int32),
        }
        return cls(positions, starts, edges, flags, **columns, **others)

    @property
    def n(self) -> int:
        """Number of frames, all chains together."""
        return len(self.starts) - 1

    @property
    def draws(self) -> int:
        """Frames of each chain."""
        return self.n // self.chains

    @property
    def dimensions(self) -> int:
        """Of space."""
        return self.positions.shape[1]

    @cached_property
    def counts(self) -> np.ndarray:
        """Particles of each frame, shape `(n,)`."""
        return np.diff(self.starts)

    @cached_property
    def volumes(self) -> np.ndarray:
        """Of the boxes (areas in the plane), shape `(n,)`."""
        return np.abs(np.linalg.det(self.cells))

    @property
    def density(self) -> float:
        """Particles per volume, all frames together."""
        return float(self.counts.sum() / self.volumes.sum())

    @property
    def packing_fraction(self) -> float | None:
        """Volume of the particles per volume; None without diameters."""
        if self.diameters is None:
            return None
        return float(
            ball_volume(self.dimensions)
            * (self.diameters**self.dimensions).sum()
            / self.volumes.sum()
        )

    def frame(self, k: int) -> np.ndarray:
        """Positions of a frame, shape `(number, d)`."""
        return self.positions[self.starts[k] : self.starts[k + 1]]

    def frame_of(self, odd: np.ndarray) -> int:
        """The frame of the first particle that is odd."""
        return int(np.searchsorted(self.starts, np.flatnonzero(odd)[0], side="right")) - 1

    def replace(self, **changes: Any) -> Particles:
        """A copy with some fields changed."""
        return replace(self, **changes)

    def __repr__(self) -> str:
        least, most = int(self.counts.min()), int(self.counts.max())
        number = str(least) if least == most else f"{least} to {most}"
        edges = (
            "periodic"
            if all(self.periodic)
            else "open"
            if not any(self.periodic)
            else f"periodic={self.periodic}"
        )
        chains = f"{self.chains} chain{'s' if self.chains > 1 else ''}"
        return f"<Particles {self.dimensions}-D, {chains} x {self.draws} frames, {number} particles, {edges}>"


def ball_volume(dimensions: int) -> float:
    """Of a ball of diameter 1.

    Example:
        >>> [round(ball_volume(d), 4) for d in (1, 2, 3)]
        [1.0, 0.7854, 0.5236]
    """
    return pi ** (dimensions / 2) / gamma(dimensions / 2 + 1) / 2**dimensions


def _edges(cells: Any, frames: int, space: int) -> np.ndarray:
    given = np.asarray(cells, np.float64)
    if given.ndim == 0:
        given = given * np.ones(space)
    if given.shape == (space,):
        given = np.diag(given)
    if given.shape == (space, space):
        given = np.broadcast_to(given, (frames, space, space))
    if given.shape != (frames, space, space):
        raise InputError(
            f"cells of shape {given.shape} do not go with {frames} frames in {space} dimensions"
        )
    return np.ascontiguousarray(given)


def _wrapped(positions: np.ndarray, edges: np.ndarray, periodic: tuple[bool, ...]) -> np.ndarray:
    """Inside the cell along its periodic edges; never quite at their ends."""
    parts = positions @ np.linalg.inv(edges)
    inside = parts - np.floor(parts)
    inside[inside >= 1.0] = 0.0  # rounding of tiny negative numbers
    return np.where(periodic, inside, parts) @ edges


def _column(given: Any, counts: Sequence[int], dtype: type) -> np.ndarray | None:
    if given is None:
        return None
    if np.isscalar(given):
        return np.full(sum(counts), given, dtype)
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype != object:
        if len(set(counts)) > 1 or len(given) != counts[0]:
            raise InputError(
                f"{len(given)} entries cannot be those of {min(counts)} to {max(counts)} particles"
            )
        return np.tile(given.astype(dtype), len(counts))
    return np.concatenate([np.asarray(one, dtype) for one in given])
