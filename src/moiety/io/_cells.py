r"""Edges of a box that a file describes by lengths and angles.

The first edge lies along x and the second in the xy plane, as crystallography, AMBER, GROMACS and
Tinker have it.  With lengths a, b, c and angles alpha (between b and c), beta and gamma:
$$\vec a = (a, 0, 0),\quad \vec b = b (\cos\gamma, \sin\gamma, 0),\quad
\vec c = c (\cos\beta, (\cos\alpha - \cos\beta \cos\gamma) / \sin\gamma, h).$$
Positions must refer to this orientation.
"""

from __future__ import annotations

import numpy as np

from ..base.errors import InputError

__all__ = ["cell_of", "is_boxed"]

_FLAT = 1e-6  # height of the third edge, relative to its length
_UNKNOWN = 1.0  # side of the cube that files of structures hold in place of a box


def cell_of(lengths: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Edges as rows.

    Args:
        lengths: Lengths of the edges, shape `(3,)`.
        angles: Angles alpha, beta and gamma in degrees, shape `(3,)`.

    Raises:
        InputError: No box has these lengths and angles.

    Example:
        >>> cell_of(np.array([4.0, 5.0, 6.0]), np.array([90.0, 90.0, 90.0])).tolist()
        [[4.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 6.0]]
        >>> cell_of(np.array([2.0, 2.0, 1.0]), np.array([90.0, 90.0, 60.0])).round(3).tolist()
        [[2.0, 0.0, 0.0], [1.0, 1.732, 0.0], [0.0, 0.0, 1.0]]
    """
    lengths, angles = np.asarray(lengths, np.float64), np.asarray(angles, np.float64)
    known = bool(np.isfinite([*lengths, *angles]).all())
    cosines = np.where(angles == 90, 0.0, np.cos(np.deg2rad(angles if known else np.zeros(3))))
    sine = float(np.sqrt(max(1 - cosines[2] ** 2, 0.0)))
    along = (cosines[0] - cosines[1] * cosines[2]) / sine if sine else np.inf
    height = 1 - cosines[1] ** 2 - along**2
    if not (known and np.isfinite(height) and height > _FLAT):
        sides, said = (" ".join(f"{x:g}" for x in part) for part in (lengths, angles))
        raise InputError(f"no box has edges of {sides} and angles of {said} degrees")
    cell = np.array(
        [[1, 0, 0], [cosines[2], sine, 0], [cosines[1], along, np.sqrt(height)]], np.float64
    )
    return np.asarray(cell * lengths[:, None])


def is_boxed(lengths: np.ndarray) -> bool:
    """Whether lengths describe a box; zeros and a cube of side 1 stand for none.

    Args:
        lengths: Lengths of the edges, shape `(3,)`.
    """
    return bool((np.asarray(lengths) > 0).all() and not (np.asarray(lengths) == _UNKNOWN).all())
