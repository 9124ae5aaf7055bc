r"""Ising model without field on an n x m triangular torus, either sign of J.

The neighbours of a site are (±1, 0), (0, ±1), (1, 1) and (-1, -1).  With K = J/T and free
fermions that are periodic (a, b = 0) or antiperiodic (a, b = 1) along each axis,

    Z = 2^N / 2 [ P_01 + P_10 + P_11 + sign(1 - 3 e^{-4K}) P_00 ],
    P_ab = prod_w { cosh^3 2K + sinh^3 2K - sinh 2K [cos w1 + cos w2 + cos(w1 + w2)] }^{1/2},

w1 = 2 pi (i + a/2) / n, w2 = 2 pi (j + b/2) / m: the four Pfaffians of the torus
(Kasteleyn, Physica 27, 1209 (1961); Potts and Ward, Prog. Theor. Phys. 13, 38 (1955);
McCoy and Wu, *The Two-Dimensional Ising Model*, ch. 4) with Houtappel's triangular
weights.  With k = |K|, y = e^{-4k}, e = 3 (J > 0) or 1 (J < 0) and N = n m,

    2^N P_ab = e^{e k N} prod_w D^{1/2},
    J > 0:  D = (1 - 3y)^2 + 4 y (1 - y) [sin^2 w1/2 + sin^2 w2/2 + sin^2 (w1 + w2)/2],
    J < 0:  D = y (3 + y) + (1 - y) |1 + e^{i w1} + e^{-i w2}|^2,

in which nothing overflows or cancels.  Only the mode w = 0 of P_00 has no partner -w: it
enters with its sign, as 1 - 3y or y - 3, and passes zero at T_c = 4 J / ln 3.
In long and thin antiferromagnets P_00 cancels P_01 or P_10 almost completely (all but 8e-5
at 64 x 4, T = 0.3, and 3e-9 at 128 x 4); ratios beyond 16 : 1 are refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base.errors import InputError
from ._jets import add_products

__all__ = [
    "LONGEST",
    "triangular_torus_energy",
    "triangular_torus_entropy",
    "triangular_torus_heat_capacity",
    "triangular_torus_log_z",
]

LONGEST = 16  # ratio of sides at which an antiferromagnet still has 11 digits
_COLDEST = 150.0  # |J| / T above which y is negligible, and soon underflows


def triangular_torus_entropy(
    temperature: float, shape: int | Sequence[int], *, coupling: float = 1.0
) -> float:
    """Entropy per site in nats.

    Args:
        temperature: T, with k_B = 1.
        shape: Side or sides, at least 2 each; along a side of 2, pairs have two bonds.
        coupling: J; negative for the frustrated antiferromagnet.

    Raises:
        InputError: A side is below 2, the temperature is not positive, or an
            antiferromagnet is more than `LONGEST` times as long as wide.

    Example:
        >>> [round(triangular_torus_entropy(0.5, side, coupling=-1.0), 5) for side in (60, 64)]
        [0.32877, 0.32949]
    """
    k, sides = _reduced(temperature, coupling), _sides(shape, coupling)
    log_z, slope, _ = _log_z(k, sides, coupling)
    return max((log_z - k * slope) / (sides[0] * sides[1]), 0.0)


def triangular_torus_log_z(
    temperature: float, shape: int | Sequence[int], *, coupling: float = 1.0
) -> float:
    """Ln Z of the whole torus.

    Args:
        temperature: T, with k_B = 1.
        shape: Side or sides, see `triangular_torus_entropy`.
        coupling: J, of either sign.

    Example:
        >>> round(triangular_torus_log_z(1e6, 4) / float(np.log(2)), 4)  # 16 free spins
        16.0
    """
    k, (n, m) = _reduced(temperature, coupling), _sides(shape, coupling)
    return _ground(coupling) * n * m * abs(coupling) / temperature + _log_z(k, (n, m), coupling)[0]


def triangular_torus_energy(
    temperature: float, shape: int | Sequence[int], *, coupling: float = 1.0
) -> float:
    """Energy per site.

    Args:
        temperature: T, with k_B = 1.
        shape: Side or sides, see `triangular_torus_entropy`.
        coupling: J, of either sign.

    Example:
        >>> [round(triangular_torus_energy(0.5, side, coupling=-1.0), 5) for side in (60, 64)]
        [-0.99758, -0.99715]
    """
    k, (n, m) = _reduced(temperature, coupling), _sides(shape, coupling)
    disorder = _log_z(k, (n, m), coupling)[1] / (n * m)
    return -abs(coupling) * (_ground(coupling) + disorder) + 0.0  # no -0.0


def triangular_torus_heat_capacity(
    temperature: float, shape: int | Sequence[int], *, coupling: float = 1.0
) -> float:
    """Heat capacity per site, K^2 d^2 ln Z / dK^2 / N, differentiated mode by mode.

    Args:
        temperature: T, with k_B = 1.
        shape: Side or sides, see `triangular_torus_entropy`.
        coupling: J, of either sign.

    Example:
        >>> round(triangular_torus_heat_capacity(2.0, 64, coupling=-1.0), 6)
        0.171041
    """
    k, (n, m) = _reduced(temperature, coupling), _sides(shape, coupling)
    return max(k**2 * _log_z(k, (n, m), coupling)[2] / (n * m), 0.0)  # -1e-16 in a frozen state


def _reduced(temperature: float, coupling: float) -> float:
    if not temperature > 0:
        raise InputError(f"temperature must be positive, not {temperature!r}")
    return min(abs(coupling) / temperature, _COLDEST)


def _sides(shape: int | Sequence[int], coupling: float) -> tuple[int, int]:
    sides = tuple(shape) if isinstance(shape, Sequence) else (shape, shape)
    if len(sides) != 2 or min(sides) < 2:
        raise InputError(f"the torus needs two sides of at least 2, not {shape!r}")
    if coupling < 0 and max(sides) > LONGEST * min(sides):
        raise InputError(
            f"an antiferromagnet on a torus as thin as {shape!r} is beyond the precision "
            "of the formula"
        )
    return sides


def _ground(coupling: float) -> float:
    """E = -u / |J| of the ground states, on a torus that fits them."""
    return 3.0 if coupling > 0 else 1.0


def _log_z(k: float, sides: tuple[int, int], coupling: float) -> tuple[float, float, float]:
    """Ln Z - e k N and its first two derivatives by k."""
    products = [_product(k, sides, twists, coupling) for twists in ((0, 1), (1, 0), (1, 1), (0, 0))]
    log, slope, curvature = add_products(*zip(*products, strict=True))
    return log - float(np.log(2)), slope, curvature


def _product(
    k: float, sides: tuple[int, int], twists: tuple[int, int], coupling: float
) -> tuple[float, float, float, np.ndarray]:
    """Logarithm of P_ab without the mode w = 0, its two derivatives, and the jet of that mode."""
    d, first, second = (jet.ravel() for jet in _modes(k, sides, twists, coupling))
    alone = np.array([1.0, 0.0, 0.0])
    if twists == (0, 0):
        d, first, second = d[1:], first[1:], second[1:]
        y = np.exp(-4 * k)
        gap = -np.expm1(np.log(3) - 4 * k)  # 1 - 3 y
        alone = np.array([gap, 12 * y, -48 * y] if coupling > 0 else [y - 3, -4 * y, 16 * y])
    ratio = first / d
    return np.log(d).sum() / 2, ratio.sum() / 2, (second / d - ratio**2).sum() / 2, alone


def _modes(
    k: float, sides: tuple[int, int], twists: tuple[int, int], coupling: float
) -> tuple[np.ndarray, ...]:
    """D of all w, shape `sides`, and its first two derivatives by k (y' = -4 y)."""
    y, rest = np.exp(-4 * k), -np.expm1(-4 * k)
    waves = (
        2 * np.pi * (np.arange(side) + twist / 2) / side
        for side, twist in zip(sides, twists, strict=True)
    )
    w1, w2 = np.meshgrid(*waves, indexing="ij")
    if coupling > 0:
        gap = -np.expm1(np.log(3) - 4 * k)
        turn = 4 * (np.sin(w1 / 2) ** 2 + np.sin(w2 / 2) ** 2 + np.sin((w1 + w2) / 2) ** 2)
        by_y, twice = -6 * gap + (rest - y) * turn, 18 - 2 * turn
        d = gap**2 + y * rest * turn
    else:
        # at w1 = w2 = ±2 pi/3 this is 1e-32 instead of 0; only P_00 has it, then negligible in Z
        square = abs(1 + np.exp(1j * w1) + np.exp(-1j * w2)) ** 2
        by_y, twice = 3 + 2 * y - square, 2 + 0 * square
        d = y * (3 + y) + rest * square
    return d, -4 * y * by_y, 16 * y * (by_y + y * twice)
