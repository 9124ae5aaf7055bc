r"""Square-lattice Ising model on an n x m torus (Kaufman, Phys. Rev. 76, 1232 (1949)).

    Z = 1/2 (2 sinh 2K)^{nm/2} [ prod 2cosh(m g_{2r+1}/2) + prod 2sinh(m g_{2r+1}/2)
                               + prod 2cosh(m g_{2r}/2)   + prod 2sinh(m g_{2r}/2) ],

r = 0..n-1, cosh g_k = cosh^2 2K / sinh 2K - cos(pi k / n), g_k > 0 except that
g_0 = 2K + ln tanh K, which is negative above T_c.  Entropy and heat capacity,
ln Z - K d ln Z / dK and K^2 d^2 ln Z / dK^2, are differentiated term by term.  J and -J are
equivalent only if both sides are even.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base.errors import InputError
from ._jets import add_products

__all__ = ["kaufman_energy", "kaufman_entropy", "kaufman_heat_capacity", "kaufman_log_z"]

_HOTTEST, _COLDEST = 1e-6, 150.0  # |J| / T before cancellation, and before sinh overflows
_FROZEN = 10.0  # |J| / T above which rounding exceeds the heat capacity, 64 K^2 e^{-8K}


def kaufman_entropy(
    temperature: float, size: int | Sequence[int], *, coupling: float = 1.0
) -> float:
    """Entropy per site in nats.

    Args:
        temperature: T, with k_B = 1.
        size: Side or sides, at least 2 each; along a side of 2, pairs have two bonds.
        coupling: J; if negative, both sides must be even.

    Example:
        >>> [round(kaufman_entropy(t, 64), 7) for t in (1.8, 2.4, 3.5)]
        [0.0935228, 0.3968273, 0.5922081]
    """
    k, sides = _reduced(temperature, coupling), _sides(size, coupling)
    log_z, slope, _ = _log_z(k, *sides)
    return (log_z - k * slope) / (sides[0] * sides[1])


def kaufman_log_z(temperature: float, size: int | Sequence[int], *, coupling: float = 1.0) -> float:
    """Ln Z of the whole torus.

    Args:
        temperature: T, with k_B = 1.
        size: Side or sides, see `kaufman_entropy`.
        coupling: J, see `kaufman_entropy`.

    Example:
        >>> round(kaufman_log_z(1e3, 4) / float(np.log(2)), 4)  # 16 free spins
        16.0
    """
    k, sides = _reduced(temperature, coupling), _sides(size, coupling)
    cold = max(abs(coupling) / temperature - k, 0.0)  # beyond the cap only ground states matter
    return _log_z(k, *sides)[0] + 2 * cold * sides[0] * sides[1]


def kaufman_energy(
    temperature: float, size: int | Sequence[int], *, coupling: float = 1.0
) -> float:
    """Energy per site.

    Args:
        temperature: T, with k_B = 1.
        size: Side or sides, see `kaufman_entropy`.
        coupling: J, see `kaufman_entropy`.

    Example:
        >>> round(kaufman_energy(0.5, 8), 4)
        -2.0
    """
    k, sides = _reduced(temperature, coupling), _sides(size, coupling)
    hot = min(abs(coupling) / temperature / k, 1.0)  # beyond the cap u is linear in K
    return -abs(coupling) * hot * _log_z(k, *sides)[1] / (sides[0] * sides[1])


def kaufman_heat_capacity(
    temperature: float, size: int | Sequence[int], *, coupling: float = 1.0
) -> float:
    """Heat capacity per site.

    Args:
        temperature: T, with k_B = 1.
        size: Side or sides, see `kaufman_entropy`.
        coupling: J, see `kaufman_entropy`.

    Example:
        >>> [round(kaufman_heat_capacity(t, 64), 5) for t in (1.8, 2.269185, 3.5)]
        [0.43922, 2.19221, 0.24775]
    """
    k, sides = _reduced(temperature, coupling), _sides(size, coupling)
    if k > _FROZEN:
        return 0.0
    return max((coupling / temperature) ** 2 * _log_z(k, *sides)[2] / (sides[0] * sides[1]), 0.0)


def _reduced(temperature: float, coupling: float) -> float:
    if not temperature > 0:
        raise InputError(f"temperature must be positive, not {temperature!r}")
    return min(max(abs(coupling) / temperature, _HOTTEST), _COLDEST)


def _sides(size: int | Sequence[int], coupling: float) -> tuple[int, int]:
    sides = tuple(size) if isinstance(size, Sequence) else (size, size)
    if len(sides) != 2 or min(sides) < 2:
        raise InputError(f"the torus needs two sides of at least 2, not {size!r}")
    if coupling < 0 and any(side % 2 for side in sides):
        raise InputError(
            f"an antiferromagnet on a torus of odd side {size!r} is frustrated: no formula"
        )
    return sides


def _log_z(k: float, n: int, m: int) -> tuple[float, float, float]:
    """Ln Z and its first two derivatives by K."""
    products = [
        _product(*_modes(k, n, parity), m, sine) for parity in (1, 0) for sine in (False, True)
    ]
    log, slope, curvature = add_products(*zip(*products, strict=True))
    log_sinh, coth = 2 * k + np.log(-np.expm1(-4 * k)), 1 / np.tanh(2 * k)  # ln(2 sinh 2K)
    sites = n * m
    return (
        sites / 2 * float(log_sinh) + log - float(np.log(2)),
        sites * float(coth) + slope,
        curvature - 2 * sites * float(coth**2 - 1),
    )


def _modes(k: float, n: int, parity: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """g_{2r + parity} and their first two derivatives by K, shape `(n,)`."""
    sinh, cosh = np.sinh(2 * k), np.cosh(2 * k)
    inverse = 1 / sinh  # its cube underflows where the cube of sinh overflows
    excess = (np.sqrt(sinh) - np.sqrt(inverse)) ** 2  # cosh^2 / sinh - 2, without cancellation
    above = excess + 2 * np.sin(np.pi * (2 * np.arange(n) + parity) / (2 * n)) ** 2  # cosh g - 1
    sinh_g = np.sqrt(above * (above + 2))
    g = np.log1p(above + sinh_g)
    first = parity == 0
    slope, curvature = np.empty(n), np.empty(n)
    slope[first:] = 2 * cosh * (1 - inverse**2) / sinh_g[first:]
    bend = 4 * sinh + 4 * inverse + 8 * inverse**3  # second derivative of cosh g by K
    # g_0 = 0 at T_c, so it is left out
    curvature[first:] = (
        bend / sinh_g[first:] - (above + 1)[first:] / sinh_g[first:] * slope[first:] ** 2
    )
    if first:
        g[0], slope[0] = 2 * k + np.log(np.tanh(k)), 2 + 2 * inverse
        curvature[0] = -4 * inverse / np.tanh(2 * k)
    return g, slope, curvature


def _product(
    g: np.ndarray, slope: np.ndarray, curvature: np.ndarray, m: int, sine: bool
) -> tuple[float, float, float, np.ndarray]:
    """The product of 2cosh(m g / 2), or of 2sinh.

    Returns:
        Logarithm of all factors but the first, its two derivatives, and the jet of the first.
    """
    half, slope, curvature = m * g / 2, m * slope / 2, m * curvature / 2
    size = np.abs(half)
    logs = size[1:] + (
        np.log(-np.expm1(-2 * size[1:])) if sine else np.log1p(np.exp(-2 * size[1:]))
    )
    ratio = 1 / np.tanh(half[1:]) if sine else np.tanh(half[1:])
    once, twice = slope[1:] * ratio, curvature[1:] * ratio + slope[1:] ** 2 * (1 - ratio**2)
    cosh, sinh = 1 + np.exp(-2 * size[0]), -np.sign(half[0]) * np.expm1(-2 * size[0])
    value, other = (sinh, cosh) if sine else (cosh, sinh)  # 2 sinh and 2 cosh, over e^size
    jet = np.array([value, other * slope[0], other * curvature[0] + value * slope[0] ** 2])
    return logs.sum() + size[0], once.sum(), twice.sum(), jet
