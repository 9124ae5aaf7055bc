r"""Square-lattice Ising model on an n x m torus (Kaufman, Phys. Rev. 76, 1232 (1949)).

    Z = 1/2 (2 sinh 2K)^{nm/2} [ prod 2cosh(m g_{2r+1}/2) + prod 2sinh(m g_{2r+1}/2)
                               + prod 2cosh(m g_{2r}/2)   + prod 2sinh(m g_{2r}/2) ],

r = 0..n-1, cosh g_k = cosh^2 2K / sinh 2K - cos(pi k / n), g_k > 0 except that
g_0 = 2K + ln tanh K, which is negative above T_c.  The entropy ln Z - K d ln Z / dK is
differentiated term by term.  Only even sides make J and -J one model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError

__all__ = ["kaufman_energy", "kaufman_entropy", "kaufman_log_z"]

_HOTTEST, _COLDEST = 1e-6, 150.0  # |J| / T before cancellation, and before sinh overflows
_TINY = 1e-290  # stands for g_0 = 0, at T_c


def kaufman_entropy(temperature: float, size: int | Sequence[int], *, coupling: float = 1.0) -> float:
    """Entropy per site in nats.

    Arguments:
        temperature: k_B = 1.
        size: Side or sides, at least 2 each; a side of 2 has two bonds a pair.
        coupling: J; if negative, even sides only.

    Example:
        >>> [round(kaufman_entropy(t, 64), 7) for t in (1.8, 2.4, 3.5)]
        [0.0935228, 0.3968273, 0.5922081]
    """
    k, sides = _reduced(temperature, coupling), _sides(size, coupling)
    log_z, slope = _log_z_and_slope(k, *sides)
    return (log_z - k * slope) / (sides[0] * sides[1])


def kaufman_log_z(temperature: float, size: int | Sequence[int], *, coupling: float = 1.0) -> float:
    """ln Z of the whole torus.

    Example:
        >>> round(kaufman_log_z(1e3, 4) / float(np.log(2)), 4)  # 16 free spins
        16.0
    """
    return _log_z_and_slope(_reduced(temperature, coupling), *_sides(size, coupling))[0]


def kaufman_energy(temperature: float, size: int | Sequence[int], *, coupling: float = 1.0) -> float:
    """Energy per site.

    Example:
        >>> round(kaufman_energy(0.5, 8), 4)
        -2.0
    """
    sides = _sides(size, coupling)
    slope = _log_z_and_slope(_reduced(temperature, coupling), *sides)[1]
    return -abs(coupling) * slope / (sides[0] * sides[1])


def _reduced(temperature: float, coupling: float) -> float:
    if not temperature > 0:
        raise InputError(f"temperature must be positive, not {temperature!r}")
    return min(max(abs(coupling) / temperature, _HOTTEST), _COLDEST)


def _sides(size: int | Sequence[int], coupling: float) -> tuple[int, int]:
    sides = tuple(size) if isinstance(size, Sequence) else (size, size)
    if len(sides) != 2 or min(sides) < 2:
        raise InputError(f"the torus needs two sides of at least 2, not {size!r}")
    if coupling < 0 and any(side % 2 for side in sides):
        raise InputError(f"an antiferromagnet on a torus of odd side {size!r} is frustrated: no formula")
    return sides


def _log_z_and_slope(k: float, n: int, m: int) -> tuple[float, float]:
    """ln Z and d ln Z / dK."""
    products = [_product(*_modes(k, n, parity), m, sine) for parity in (1, 0) for sine in (False, True)]
    signs, logs, slopes = (np.array(column) for column in zip(*products, strict=True))
    weights = signs * np.exp(logs - logs.max())
    log_sinh = 2 * k + np.log(-np.expm1(-4 * k))  # ln(2 sinh 2K)
    log_z = n * m / 2 * log_sinh + logs.max() + np.log(weights.sum() / 2)
    slope = n * m / np.tanh(2 * k) + (weights * slopes).sum() / weights.sum()
    return float(log_z), float(slope)


def _modes(k: float, n: int, parity: int) -> tuple[np.ndarray, np.ndarray]:
    """g_{2r + parity} and their derivatives by K, shape `(n,)`."""
    sinh, cosh = np.sinh(2 * k), np.cosh(2 * k)
    excess = (np.sqrt(sinh) - 1 / np.sqrt(sinh)) ** 2  # cosh^2 / sinh - 2, without cancellation
    above = excess + 2 * np.sin(np.pi * (2 * np.arange(n) + parity) / (2 * n)) ** 2  # cosh g - 1
    sinh_g = np.sqrt(above * (above + 2))
    g = np.log1p(above + sinh_g)
    first = parity == 0
    slope = np.empty(n)
    slope[first:] = 2 * cosh * (1 - sinh**-2) / sinh_g[first:]
    if first:
        g[0] = 2 * k + np.log(np.tanh(k)) or _TINY
        slope[0] = 2 + 2 / sinh
    return g, slope


def _product(g: np.ndarray, slope: np.ndarray, m: int, sine: bool) -> tuple[float, float, float]:
    """Sign, log and logarithmic derivative of prod 2cosh(m g / 2), or of prod 2sinh."""
    half = m * g / 2
    decay = np.exp(-2 * np.abs(half))
    logs = np.abs(half) + (np.log(-np.expm1(-2 * np.abs(half))) if sine else np.log1p(decay))
    ratio = 1 / np.tanh(half) if sine else np.tanh(half)
    return float(np.prod(np.sign(half)) if sine else 1.0), float(logs.sum()), float((m / 2 * slope * ratio).sum())
