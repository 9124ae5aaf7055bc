"""Particles outside the open boundaries of their box, whose density they falsify."""

from __future__ import annotations

import numpy as np

from .particles import Particles

__all__ = ["outside"]

_ROUNDING = 1e-3  # of an edge: text has two or three digits, and walls are soft


def outside(particles: Particles) -> tuple[float, str]:
    """The share of particles beyond open boundaries, more than by rounding, and what to do.

    Args:
        particles: Frames.

    Returns:
        The share of all particles, and a line about the first such frame; 0 and "" if there are
        none.

    Example:
        >>> frames = [np.array([[0.5, 0.5], [0.5, 1.2]])] * 8
        >>> outside(Particles.from_frames(frames, cells=1.0, periodic=(True, False)))[0]
        0.5
        >>> outside(Particles.from_frames(frames, cells=1.0, periodic=True))
        (0.0, '')
    """
    if all(particles.periodic):
        return 0.0, ""
    inverse = np.linalg.inv(particles.cells)
    far = np.zeros(len(particles.positions), dtype=bool)
    for axis in np.flatnonzero(np.logical_not(particles.periodic)):
        vectors = inverse[:, :, axis].repeat(particles.counts, axis=0)
        parts = np.einsum("ni,ni->n", particles.positions, vectors)
        far |= np.maximum(-parts, parts - 1) > _ROUNDING
    if not far.any():
        return 0.0, ""
    share, frame = float(far.mean()), particles.frame_of(far)
    mine = float(far[particles.starts[frame] : particles.starts[frame + 1]].mean())
    return share, (
        f"frame {frame}: {_percent(mine)} of the particles lie outside the open boundaries of the"
        f" box, and {_percent(share)} in all frames, so that the density is wrong: give a box, with"
        ' its origin (Origin="x y z" in extended XYZ), that holds all of them, or say which'
        " boundaries are periodic"
    )


def _percent(share: float) -> str:
    """A share with at least one digit that is not zero.

    Example:
        >>> _percent(0.757), _percent(0.00004)
        ('75.7%', '0.004%')
    """
    return f"{share:.1%}" if share >= 0.001 else f"{100 * share:.1g}%"
