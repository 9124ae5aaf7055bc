"""Where chains of particles in three dimensions start: a crystal, or disordered points."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ..base.errors import InputError
from .dynamics._arrays import Reals

__all__ = ["apart", "face_centred_cubic", "unit_cells"]

_ROUNDS = 10_000


def unit_cells(particles: int) -> int:
    """Unit cells of four particles along each side of a cube, at least 1 and rounded.

    Example:
        >>> unit_cells(500), unit_cells(2)
        (5, 1)
    """
    return max(round(float((particles / 4) ** (1 / 3))), 1)


def face_centred_cubic(cells: int) -> Reals:
    """Sites of a face-centred cubic lattice in the unit cube, shape `(4 cells^3, 3)`.

    Example:
        >>> face_centred_cubic(1).tolist()
        [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]
    """
    corners = np.indices((cells,) * 3).reshape(3, -1).T
    base = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    return np.asarray((corners[:, None] + base).reshape(-1, 3) / cells, float)


def apart(
    particles: int,
    side: float,
    distance: float,
    generator: np.random.Generator,
    rounds: int = _ROUNDS,
) -> Reals:
    """Points in a periodic cube at least so far apart, without order; shape `(particles, 3)`.

    Uniform points push each other away: each pair that is too close moves apart by what is missing,
    and a little more.

    Args:
        particles: Number of points.
        side: Side of the cube, above twice the distance.
        distance: Least distance between two points.
        generator: Random numbers.
        rounds: Largest number of rounds of pushes.

    Raises:
        InputError: The points do not get apart; spheres of this diameter may fill up to about
            half of the volume.

    Example:
        >>> points = apart(100, 6.0, 1.0, np.random.default_rng(0))
        >>> points.shape, len(cKDTree(points, boxsize=6.0).query_pairs(1.0))
        ((100, 3), 0)
    """
    points = generator.random((particles, 3)) * side
    for _ in range(rounds):
        pairs = cKDTree(points, boxsize=side).query_pairs(distance, output_type="ndarray")
        if not len(pairs):
            return points
        steps = points[pairs[:, 0]] - points[pairs[:, 1]]
        steps -= side * np.round(steps / side)
        lengths = np.linalg.norm(steps, axis=1, keepdims=True)
        pushes = steps * (0.5 * (1.02 * distance - lengths) / np.maximum(lengths, 1e-9))
        np.add.at(points, pairs[:, 0], pushes)
        np.add.at(points, pairs[:, 1], -pushes)
        points %= side
        points[points >= side] = 0.0
    raise InputError(f"{particles} spheres do not fit in a box of side {side:g} without order")
