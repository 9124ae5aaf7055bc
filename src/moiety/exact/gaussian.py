r"""Gaussian variables, and the free field on a periodic lattice.

With Sigma the covariance of all variables and Sigma_A, Sigma_B its blocks,

    S = 1/2 ln det(2 pi e Sigma),     M(A;B) = 1/2 ln [det Sigma_A det Sigma_B / det Sigma_AB]

(Cover and Thomas, *Elements of Information Theory*, ch. 8).  The free field

    E = K/2 sum_<ij> (phi_i - phi_j)^2 + m^2/2 sum_i phi_i^2

has Sigma = T (K Laplacian + m^2)^-1, which plane waves diagonalise:

    lambda(k) = m^2 + 2 K sum_axes (1 - cos k_axis),   k_axis = 2 pi n / L_axis,
    C(r) = (1/N) sum_k (T / lambda(k)) cos(k r),   s = 1/2 <ln(2 pi e T / lambda(k))>_k.

On a side of 2, pairs have two bonds; on a side of 1, none.  T scales Sigma and drops out of M.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import e, pi

import numpy as np

from ..base.errors import InputError

__all__ = [
    "block_covariance",
    "free_field_covariance",
    "free_field_entropy",
    "free_field_entropy_infinite",
    "free_field_spectrum",
    "gaussian_entropy",
    "gaussian_information",
]

# grid points from 0 to pi, by dimension, for each axis but the one integrated in closed form
_GRID = {1: 1, 2: 16384, 3: 512}


def gaussian_entropy(covariance: np.ndarray) -> float:
    """Differential entropy in nats; negative for narrow distributions.

    Args:
        covariance: Covariance matrix, shape `(n, n)`.

    Raises:
        InputError: The matrix is not square or not positive definite.

    Example:
        >>> round(gaussian_entropy(np.eye(2)), 6)  # ln(2 pi e)
        2.837877
    """
    covariance = _checked(covariance)
    return 0.5 * (len(covariance) * float(np.log(2 * pi * e)) + _log_det(covariance))


def gaussian_information(covariance: np.ndarray, half: np.ndarray) -> float:
    """M in nats between some of the variables and the others.

    Args:
        covariance: Covariance matrix, shape `(n, n)`.
        half: Mask of the first half, n booleans in any shape.

    Raises:
        InputError: The matrix is not square or not positive definite, or the mask does not fit.

    Example:
        >>> pair = np.array([[1.0, 0.6], [0.6, 1.0]])
        >>> round(gaussian_information(pair, np.array([True, False])), 6)
        0.223144
    """
    covariance, half = _checked(covariance), np.asarray(half, dtype=bool).ravel()
    if len(half) != len(covariance):
        raise InputError(f"a mask of {len(half)} does not fit {len(covariance)} variables")
    parts = (covariance[np.ix_(side, side)] for side in (half, ~half))
    return 0.5 * (sum(map(_log_det, parts)) - _log_det(covariance))


def free_field_spectrum(
    shape: Sequence[int], mass: float = 1.0, stiffness: float = 1.0
) -> np.ndarray:
    """lambda(k) of all plane waves of the lattice, in the shape of the lattice.

    Args:
        shape: Sides of the periodic lattice.
        mass: m.
        stiffness: K.

    Example:
        >>> free_field_spectrum((2, 1)).tolist()  # two bonds along the side of 2, none of 1
        [[1.0], [5.0]]
    """
    _check_field(mass, stiffness)
    waves = [2 * (1 - np.cos(2 * pi * np.arange(side) / side)) for side in shape]
    return np.asarray(mass**2 + stiffness * sum(np.ix_(*waves)))


def free_field_covariance(
    shape: Sequence[int], mass: float = 1.0, stiffness: float = 1.0, temperature: float = 1.0
) -> np.ndarray:
    """C(r), the covariance of two sites at distance r, in the shape of the lattice.

    `block_covariance` makes a matrix of it.

    Args:
        shape: Sides of the periodic lattice.
        mass: m.
        stiffness: K.
        temperature: T.

    Example:
        >>> np.round(free_field_covariance((2,)), 6).tolist()  # [[3, -2], [-2, 3]]^-1
        [0.6, 0.4]
    """
    _check_temperature(temperature)
    return np.asarray(np.fft.ifftn(temperature / free_field_spectrum(shape, mass, stiffness)).real)


def block_covariance(correlation: np.ndarray, block: Sequence[int]) -> np.ndarray:
    """Covariance matrix of the sites of a block of a periodic lattice.

    Args:
        correlation: C(r) of the lattice, see `free_field_covariance`.
        block: Sides of the block, at most those of the lattice.

    Returns:
        Matrix of shape `(sites, sites)`, sites in C order.

    Example:
        >>> block_covariance(np.array([3.0, 1.0, 0.0, 1.0]), (2,)).tolist()
        [[3.0, 1.0], [1.0, 3.0]]
    """
    shape = correlation.shape
    if len(block) != len(shape) or any(
        not 1 <= part <= side for part, side in zip(block, shape, strict=False)
    ):
        raise InputError(f"a block of sides {tuple(block)} does not fit a lattice of {shape}")
    sites = np.indices(block).reshape(len(shape), -1)
    apart = (site[:, None] - site[None, :] for site in sites)
    distance = tuple(difference % side for difference, side in zip(apart, shape, strict=True))
    return np.asarray(correlation[distance])


def free_field_entropy(
    shape: Sequence[int], mass: float = 1.0, stiffness: float = 1.0, temperature: float = 1.0
) -> float:
    """Differential entropy per site in nats of a periodic lattice.

    Args:
        shape: Sides of the lattice.
        mass: m.
        stiffness: K.
        temperature: T.

    Example:
        >>> round(free_field_entropy((1,)), 6)  # a lone site of variance T / m^2
        1.418939
    """
    _check_temperature(temperature)
    logarithms = np.log(free_field_spectrum(shape, mass, stiffness))
    return float(0.5 * (np.log(2 * pi * e * temperature) - logarithms.mean()))


def free_field_entropy_infinite(
    dimensions: int, mass: float = 1.0, stiffness: float = 1.0, temperature: float = 1.0
) -> float:
    """Differential entropy per site in nats of the infinite lattice.

    The integral over one axis has a closed form, with a = lambda at k = 0 of that axis,

        <ln(a + 2 K (1 - cos k))>_k = 2 ln[(sqrt a + sqrt(a + 4 K)) / 2].

    The others are done on a grid with an error that falls like exp(-2 m points / sqrt K): below
    1e-9 for m >= 0.001 sqrt K in two dimensions and 0.02 sqrt K in three (both measured).

    Args:
        dimensions: Number of space dimensions, 1 to 3.
        mass: m.
        stiffness: K.
        temperature: T.

    Example:
        >>> round(free_field_entropy_infinite(2, mass=1e-4), 6)  # 1/2 ln(2 pi e) - 2 G / pi
        0.835817
    """
    if dimensions not in _GRID:
        raise InputError(f"a lattice has 1 to 3 dimensions, not {dimensions!r}")
    _check_field(mass, stiffness)
    _check_temperature(temperature)
    points = _GRID[dimensions]
    wave = 2 * (1 - np.cos(pi * (np.arange(points) + 0.5) / points))
    others = mass**2 + stiffness * sum(np.ix_(*[wave] * (dimensions - 1)), np.zeros(1))
    logarithms = 2 * np.log((np.sqrt(others) + np.sqrt(others + 4 * stiffness)) / 2)
    return float(0.5 * (np.log(2 * pi * e * temperature) - logarithms.mean()))


def _check_field(mass: float, stiffness: float) -> None:
    if not (mass > 0 and stiffness >= 0):
        raise InputError(
            f"mass must be positive and stiffness not negative: {mass!r}, {stiffness!r}"
        )


def _check_temperature(temperature: float) -> None:
    if not temperature > 0:
        raise InputError(f"temperature must be positive, not {temperature!r}")


def _checked(covariance: np.ndarray) -> np.ndarray:
    covariance = np.asarray(covariance, dtype=float)
    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1]:
        raise InputError(f"a covariance is a square matrix, not of shape {covariance.shape}")
    return covariance


def _log_det(matrix: np.ndarray) -> float:
    sign, logarithm = np.linalg.slogdet(matrix)
    if not (sign > 0 and np.isfinite(logarithm)):
        raise InputError("the covariance is not positive definite")
    return float(logarithm)
