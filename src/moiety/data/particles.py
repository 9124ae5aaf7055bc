r"""`Particles`: configurations of particles in a box; the number of particles may vary.

The frames follow one another in flat arrays: frame k has the particles from `starts[k]` up to
`starts[k + 1]`.  Lengths keep the unit of the file or system that they come from; nothing is
converted.  The rows of a cell are the edge vectors of the box; its corner is the origin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import gamma, pi
from typing import Any

import numpy as np

from ..base.errors import InputError
from . import _reading as reading
from ._boundaries import boundary_flags, boundary_text

__all__ = ["Particles", "ball_volume"]

_DIMENSIONS = 3
_LEAST_FRAMES = 8


@dataclass(frozen=True, eq=False)
class Particles:
    """Configurations of particles at one state point.

    Use `Particles.from_frames` for plain arrays.

    Args:
        positions: Positions of all frames, one frame after the other, shape `(total, d)`, d = 1,
            2 or 3; inside the cell along its periodic edges.
        starts: Index of the first particle of each frame, then `total`, shape `(n + 1,)`.
        cells: Edge vectors of each frame's box as rows, shape `(n, d, d)`.
        periodic: Whether the boundary is periodic, for each edge.
        diameters: Diameters, shape `(total,)`; None if they are all equal or unknown.
        types: Particle types as small integers, shape `(total,)`, or None.
        chains: Number of independent runs; each has the same number of consecutive frames.
        measured: Quantities measured in each frame, such as the energy, by name; shape `(n,)` each.
        provenance: Origin of the frames: system, parameters, seed, ...

    Raises:
        InputError: Shapes do not match, a box has no volume, a position is not finite, a
            diameter is not positive, or there are fewer than 8 frames.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> frames = [rng.random((n, 2)) * 9 for n in (80, 83) * 4]
        >>> Particles.from_frames(frames, cells=9.0, periodic=True)
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

    def __post_init__(self) -> None:
        self._check_shapes()
        self._check_numbers()

    def _check_shapes(self) -> None:
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
        for name in ("diameters", "types"):
            column = getattr(self, name)
            if column is not None and column.shape != (total,):
                raise InputError(f"{total} particles need as many {name}, not {column.shape}")

    def _check_numbers(self) -> None:
        finite = np.isfinite(self.positions).all(axis=1)
        if not finite.all():
            raise InputError(f"frame {self.frame_of(~finite)}: a position is not finite")
        if (self.volumes <= 0).any() or not np.isfinite(self.volumes).all():
            raise InputError(f"frame {int(np.argmin(self.volumes))}: the box has no volume")
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
        """Make particles from one array of positions per frame.

        Args:
            frames: Positions of each frame, shape `(number, d)`; positions outside a periodic
                box are wrapped into it.
            cells: Side of a cube; sides, shape `(d,)`; edge vectors as rows, shape `(d, d)`;
                or the same for each frame, shape `(n, d, d)`.
            periodic: Whether the boundaries are periodic: one flag for all edges, or one for
                each.
            diameters: One diameter for all particles; one array for all frames; or one array
                per frame.
            types: Types of particles: one array for all frames, or one array per frame.
            others: Other arguments of the class.

        Raises:
            InputError: As for the class.
        """
        arrays = [np.asarray(frame, np.float64) for frame in frames]
        if not arrays or any(
            array.ndim != 2 or array.shape[1] != arrays[0].shape[1] for array in arrays
        ):
            raise InputError("frames need shapes (number, d) with the same d")
        space, counts = arrays[0].shape[1], [len(array) for array in arrays]
        edges = _edges(cells, len(arrays), space)
        flags = boundary_flags(periodic, space)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        positions = np.concatenate(arrays)
        if (
            np.isfinite(positions).all()
            and len(flags) == space
            and (np.linalg.det(edges) != 0).all()
        ):
            for start, stop, edge in zip(starts, starts[1:], edges, strict=False):
                positions[start:stop] = _wrapped(positions[start:stop], edge, flags)
        return cls(
            positions,
            starts,
            edges,
            flags,
            diameters=_column(diameters, counts, np.float64),
            types=_column(types, counts, np.int32),
            **others,
        )

    @property
    def n(self) -> int:
        """Number of frames, all chains together."""
        return len(self.starts) - 1

    @property
    def draws(self) -> int:
        """Number of frames in each chain."""
        return self.n // self.chains

    @property
    def dimensions(self) -> int:
        """Number of space dimensions."""
        return int(self.positions.shape[1])

    @cached_property
    def counts(self) -> np.ndarray:
        """Number of particles in each frame, shape `(n,)`."""
        return np.diff(self.starts)

    @cached_property
    def volumes(self) -> np.ndarray:
        """Volumes of the boxes (areas in two dimensions), shape `(n,)`."""
        return np.asarray(np.abs(np.linalg.det(self.cells)))

    @cached_property
    def widths(self) -> np.ndarray:
        """Distances between opposite faces of the boxes, shape `(n, d)`."""
        return np.asarray(1 / np.linalg.norm(np.linalg.inv(self.cells), axis=1))

    @property
    def density(self) -> float:
        """Number of particles per volume, averaged over all frames."""
        return float(self.counts.sum() / self.volumes.sum())

    @property
    def packing_fraction(self) -> float | None:
        """Fraction of the volume that the particles fill; None without diameters."""
        if self.diameters is None:
            return None
        return float(
            ball_volume(self.dimensions)
            * (self.diameters**self.dimensions).sum()
            / self.volumes.sum()
        )

    def frame(self, k: int) -> np.ndarray:
        """Positions in frame k, shape `(number, d)`."""
        return self.positions[self.starts[k] : self.starts[k + 1]]

    def frame_of(self, marked: np.ndarray) -> int:
        """Index of the frame of the first marked particle.

        Args:
            marked: Booleans, shape `(total,)`.
        """
        return int(np.searchsorted(self.starts, np.flatnonzero(marked)[0], side="right")) - 1

    def read_as(self) -> dict[str, Any]:
        """How the frames were understood, as plain numbers, text and lists."""
        return reading.particles_read_as(self)

    @property
    def reading(self) -> str:
        """How the frames were understood, in one line.

        Example:
            >>> frames = [np.random.default_rng(0).random((80, 2)) * 9] * 8
            >>> Particles.from_frames(frames, cells=9.0, periodic=True).reading
            '1 chain x 8 frames of 80 particles in a box of 9x9, periodic, no types, no diameters'
        """
        return str(self.read_as()["text"])

    def replace(self, **changes: Any) -> Particles:
        """Return a copy with some fields changed.

        Args:
            changes: New values by field name.
        """
        return replace(self, **changes)

    def __repr__(self) -> str:
        least, most = int(self.counts.min()), int(self.counts.max())
        number = str(least) if least == most else f"{least} to {most}"
        chains = f"{self.chains} chain{'s' if self.chains > 1 else ''} x {self.draws} frames"
        box = boundary_text(self.periodic)
        return f"<Particles {self.dimensions}-D, {chains}, {number} particles, {box}>"


def ball_volume(dimensions: int) -> float:
    """Volume of a ball of diameter 1.

    Args:
        dimensions: Number of space dimensions.

    Example:
        >>> [round(ball_volume(d), 4) for d in (1, 2, 3)]
        [1.0, 0.7854, 0.5236]
    """
    return float(pi ** (dimensions / 2) / gamma(dimensions / 2 + 1) / 2**dimensions)


def _edges(cells: Any, frames: int, space: int) -> np.ndarray:
    """Edge vectors of each frame's box, shape `(frames, space, space)`."""
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
    """Wrap positions into the cell along its periodic edges, excluding the far ends."""
    parts = positions @ np.linalg.inv(edges)
    inside = parts - np.floor(parts)
    inside[inside >= 1.0] = 0.0  # rounding of tiny negative numbers
    return np.asarray(np.where(periodic, inside, parts) @ edges)


def _column(given: Any, counts: Sequence[int], dtype: type) -> np.ndarray | None:
    """A quantity of all particles as a flat array, from any form that the user may give."""
    if given is None:
        return None
    if np.isscalar(given):
        return np.full(sum(counts), given, dtype)
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype != object:
        if len(set(counts)) > 1 or len(given) != counts[0]:
            raise InputError(
                f"{len(given)} entries do not match {min(counts)} to {max(counts)} particles"
            )
        return np.tile(given.astype(dtype), len(counts))
    return np.concatenate([np.asarray(column, dtype) for column in given])
