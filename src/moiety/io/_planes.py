"""Frames of a plane or of a line in space: a coordinate that never varies is left out.

Axis k is left out with the edge r that alone leaves the plane: every other edge has the component 0
along k, and all particles of a frame have the same coordinate k, within rounding and across the
periodic boundary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ._trajectory import Frame

__all__ = ["edges_and_axes", "within"]

_ROUNDING = 1e-6  # relative to the box, as positions in single precision
_FEWEST = 4  # particles that share a coordinate other than the last, which files of planes fill up


def edges_and_axes(frames: Sequence[Frame]) -> tuple[list[int], list[int]]:
    """Edges and axes that are left without the coordinates that never vary.

    Args:
        frames: Frames of one dimension.

    Returns:
        Indices of edges of the box, and as many indices of axes.
    """
    space = frames[0].positions.shape[1]
    edges, axes = [*range(space)], [*range(space)]
    most = max(len(frame.positions) for frame in frames)
    for axis in reversed(range(space)):
        edge = _edge_along(frames, axis, edges)
        if len(axes) == 1 or edge is None or (axis != axes[-1] and most < _FEWEST):
            continue
        if _is_constant(frames, axis, edge):
            edges.remove(edge)
            axes.remove(axis)
    return edges, axes


def within(frame: Frame, edges: list[int], axes: list[int]) -> Frame:
    """The frame with these edges and axes only.

    Args:
        frame: A frame.
        edges: Edges to keep.
        axes: Axes to keep.
    """
    if len(axes) == frame.positions.shape[1]:
        return frame
    flags = frame.periodic and tuple(frame.periodic[edge] for edge in edges)
    cell = frame.cell[np.ix_(edges, axes)]
    return replace(frame, positions=frame.positions[:, axes], cell=cell, periodic=flags)


def _edge_along(frames: Sequence[Frame], axis: int, edges: list[int]) -> int | None:
    """The only edge with a component along an axis; None if several frames or edges differ."""
    columns = np.stack([frame.cell[edges, axis] for frame in frames])
    sizes = np.abs(columns).max(axis=0)
    if not sizes.any():
        return axis if axis in edges else None  # a box without height
    along = np.flatnonzero(sizes > _ROUNDING * sizes.max())
    return edges[int(along[0])] if len(along) == 1 else None


def _is_constant(frames: Sequence[Frame], axis: int, edge: int) -> bool:
    """Whether the particles of each frame share a coordinate; the plane may move with time."""
    values = [frame.positions[:, axis] for frame in frames]
    lengths = [abs(float(frame.cell[edge, axis])) for frame in frames]
    if not any((frame.positions != frame.positions[:1]).any() for frame in frames):
        values, lengths = [np.concatenate(values)], [max(lengths)]  # a single point in each frame
    periodic = frames[0].periodic
    wraps = periodic is None or periodic[edge]
    return all(
        _spread(column, length, wraps) <= _ROUNDING * length
        for column, length in zip(values, lengths, strict=True)
    )


def _spread(values: np.ndarray, length: float, wraps: bool) -> float:
    """Largest distance of a value from the first, across the boundary if it is periodic."""
    if not len(values):
        return 0.0
    apart = values - values[0]
    if wraps and length:
        apart = apart - length * np.round(apart / length)
    return float(np.abs(apart).max())
