"""A part of one frame of particles, drawn on given axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..data.particles import Particles
from .plot_axes import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["snapshot", "window_of"]

_SPACINGS = 14.0  # mean spacings across a window
_ROWS = 12  # frames of one dimension, one below the other
_BLOCK = 1.0  # thickness of the slice of a space of three dimensions, in mean spacings


def window_of(*phases: Particles) -> float:
    """Side of a window that fits into the boxes of all phases.

    Args:
        *phases: Frames.

    Example:
        >>> frames = np.random.default_rng(0).random((8, 400, 2)) * 20
        >>> round(window_of(Particles.from_frames(frames, cells=20.0, periodic=True)), 9)
        14.0
    """
    spacing = min(phase.density ** (-1 / phase.dimensions) for phase in phases)
    return float(min(_SPACINGS * spacing, *(phase.widths.min() for phase in phases)))


def snapshot(particles: Particles, axes: Axes, window: float, diameter: float) -> Axes:
    """Draw the middle of the last frame; of three dimensions a slice, of one the last few frames.

    Args:
        particles: Frames.
        axes: Axes to draw on, which are returned.
        window: Side of the part that is drawn, in the unit of the positions.
        diameter: Diameter of particles that have none.
    """
    from matplotlib.collections import EllipseCollection

    places, sizes = _shown(particles, window, diameter)
    axes.add_collection(
        EllipseCollection(
            sizes, sizes, np.zeros(len(sizes)), offsets=places, units="xy",
            offset_transform=axes.transData, facecolors=COLOURS["blue"],
            edgecolors="white", linewidths=0.4, alpha=0.75,
        )
    )  # fmt: skip
    axes.set_xlim(0, window)
    axes.set_ylim(0, window)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    return axes


def _shown(particles: Particles, window: float, diameter: float) -> tuple[np.ndarray, np.ndarray]:
    """Places in the window, shape `(number, 2)`, and diameters."""
    space, rows = particles.dimensions, []
    count = _ROWS if space == 1 else 1
    for row, frame in enumerate(range(particles.n - 1, max(particles.n - 1 - count, -1), -1)):
        part = slice(particles.starts[frame], particles.starts[frame + 1])
        corner = particles.cells[frame].sum(axis=0) / 2 - window / 2
        places = particles.positions[part] - corner
        sizes = np.full(len(places), diameter)
        if particles.diameters is not None:
            sizes = particles.diameters[part]
        inside = ((places > -sizes[:, None] / 2) & (places < window + sizes[:, None] / 2)).all(1)
        if space == 3:
            half = _BLOCK * particles.density ** (-1 / 3) / 2
            inside &= np.abs(places[:, 2] - window / 2) < half
        if space == 1:
            height = window * (row + 0.5) / count
            places = np.column_stack([places[:, 0], np.full(len(places), height)])
        rows.append((places[inside, :2], sizes[inside]))
    return np.concatenate([p for p, _ in rows]), np.concatenate([s for _, s in rows])
