r"""Infinite triangular-lattice Ising model without field, E = -J sum_<ij> s s', either sign of J.

Houtappel, Physica 16, 425 (1950); Wannier, Phys. Rev. 79, 357 (1950).  With K = J/T,

    ln z = ln 2 + 1/(8 pi^2) int_0^{2 pi} int_0^{2 pi} dw1 dw2
           ln[cosh^3 2K + sinh^3 2K - sinh 2K (cos w1 + cos w2 + cos(w1 + w2))].

The sum of cosines is cos w1 + 2 cos(w1/2) cos(w2 + w1/2), and the mean of ln(a + b cos w)
is 2 ln[(sqrt(a - b) + sqrt(a + b)) / 2].  With k = |K|, y = exp(-4k) and w1 = 2t,

    ln z = e k + 2/pi int_0^{pi/2} ln[sqrt p(cos t) + sqrt p(-cos t)] dt,   u = -|J| d ln z/dk,
    J > 0:  e = 3,  p(c) = (1 - 3y)^2 / 4 + y (1 - y) (2 + c) (1 - c),
    J < 0:  e = 1,  p(c) = y (3 + y) / 4 + (1 - y) (c - 1/2)^2,

s = ln z + u / T and c = k^2 d^2 ln z/dk^2, per site.  Nothing here overflows or cancels.  The
ferromagnet is critical at y = 1/3, T_c = 4 J / ln 3; the antiferromagnet only at T = 0, where its
entropy is 2/pi int_0^{pi/3} ln(2 cos t) dt = 0.3230659.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..base.errors import InputError

__all__ = [
    "CRITICAL_TEMPERATURE",
    "houtappel_energy",
    "houtappel_entropy",
    "houtappel_free_energy",
    "houtappel_heat_capacity",
]

CRITICAL_TEMPERATURE = float(4 / np.log(3))  # of the ferromagnet, J = 1
_COLDEST = 150.0  # |J| / T above which y is negligible, and soon underflows
_NODES = 200
_TINY, _WIDTHS = 1e-300, (1e-20, 1.0)  # the width vanishes at T = 0 and at T_c


def houtappel_free_energy(temperature: float, *, coupling: float = 1.0) -> float:
    """Free energy per site, -T ln z.

    Args:
        temperature: T, with k_B = 1.
        coupling: J, of either sign.

    Example:
        >>> round(houtappel_free_energy(CRITICAL_TEMPERATURE), 7)
        -3.2025325
    """
    k = _reduced(temperature, coupling)
    return -abs(coupling) * _ground(coupling) - temperature * _disorder(k, coupling)


def houtappel_energy(temperature: float, *, coupling: float = 1.0) -> float:
    """Energy per site.

    Args:
        temperature: T, with k_B = 1.
        coupling: J, of either sign.

    Example:
        >>> round(houtappel_energy(CRITICAL_TEMPERATURE), 7)
        -2.0
        >>> round(houtappel_energy(0.2, coupling=-1.0), 7)  # one of three bonds is broken
        -1.0
    """
    k = _reduced(temperature, coupling)
    return -abs(coupling) * (_ground(coupling) + _disorder_slope(k, coupling)) + 0.0  # no -0.0


def houtappel_entropy(temperature: float, *, coupling: float = 1.0) -> float:
    """Entropy per site in nats, to 1e-12.

    Args:
        temperature: T, with k_B = 1.
        coupling: J, of either sign.

    Example:
        >>> [round(houtappel_entropy(t, coupling=-1.0), 7) for t in (0.01, 0.5, 1.0, 2.0, 4.0)]
        [0.3230659, 0.3292249, 0.4139082, 0.554579, 0.6400116]
        >>> round(houtappel_entropy(CRITICAL_TEMPERATURE), 7)
        0.3302792
    """
    k = _reduced(temperature, coupling)
    entropy = _disorder(k, coupling) - k * _disorder_slope(k, coupling)
    return max(entropy, 0.0)  # -5e-17 in an ordered phase


def houtappel_heat_capacity(temperature: float, *, coupling: float = 1.0) -> float:
    """Heat capacity per site; for the ferromagnet it grows like -ln |T - T_c| at T_c.

    Args:
        temperature: T, with k_B = 1.
        coupling: J, of either sign.

    Example:
        >>> [round(houtappel_heat_capacity(2.0, coupling=j), 6) for j in (1.0, -1.0)]
        [0.103409, 0.171041]
    """
    k = _reduced(temperature, coupling)
    return max(k**2 * _disorder_curvature(k, coupling), 0.0)  # -1e-20 in a frozen state


def _reduced(temperature: float, coupling: float) -> float:
    if not temperature > 0:
        raise InputError(f"temperature must be positive, not {temperature!r}")
    return min(abs(coupling) / temperature, _COLDEST)


def _ground(coupling: float) -> float:
    """E = -u / |J| at T = 0."""
    return 3.0 if coupling > 0 else 1.0


def _disorder(k: float, coupling: float) -> float:
    """Ln z - e k."""
    angles, weights = _quadrature(k, coupling)
    p, *_ = _roots(k, angles, coupling)
    return float(weights @ np.log(np.sqrt(p).sum(0)))


def _disorder_slope(k: float, coupling: float) -> float:
    """Slope d ln z/dk - e."""
    angles, weights = _quadrature(k, coupling)
    p, by_y, _ = _roots(k, angles, coupling)
    return float(-2 * np.exp(-4 * k) * (weights @ ((by_y / np.sqrt(p)).sum(0) / np.sqrt(p).sum(0))))


def _disorder_curvature(k: float, coupling: float) -> float:
    """d^2 ln z/dk^2, which is 16 y (d/dy + y d^2/dy^2) of the logarithm of sqrt p + sqrt p."""
    angles, weights = _quadrature(k, coupling)
    p, by_y, twice = _roots(k, angles, coupling)
    y, root = np.exp(-4 * k), np.sqrt(p)
    total, first = root.sum(0), (by_y / root).sum(0) / 2
    second = (twice / root - by_y**2 / (2 * p * root)).sum(0) / 2
    return float(16 * y * (weights @ (first / total + y * (second / total - (first / total) ** 2))))


def _quadrature(k: float, coupling: float) -> tuple[np.ndarray, np.ndarray]:
    """Angles t and weights of 2/pi int_0^{pi/2} dt, Gauss-Legendre in u.

    sqrt p bends within a width w of its minimum, at t = 0 (J > 0) or pi/3 (J < 0);
    in t = centre ± w sinh u the integrand is smooth at every scale down to w.
    """
    x, share = _rule()
    y, rest, gap = _weights(k)
    centre, width = np.pi / 3, np.sqrt(y)
    ends: tuple[float, ...] = (0.0, np.pi / 2)
    if coupling > 0:
        centre, ends, width = 0.0, (np.pi / 2,), abs(gap) / np.sqrt(6 * y * rest + _TINY)
    width = np.clip(width, *_WIDTHS)
    angles, weights = [], []
    for end in ends:
        reach = np.arcsinh(abs(end - centre) / width)
        u = reach * (x + 1) / 2
        angles.append(centre + np.sign(end - centre) * width * np.sinh(u))
        weights.append(2 / np.pi * width * np.cosh(u) * reach / 2 * share)
    return np.concatenate(angles), np.concatenate(weights)


@lru_cache
def _rule() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(_NODES)


def _weights(k: float) -> tuple[float, float, float]:
    """y, 1 - y and 1 - 3 y."""
    return np.exp(-4 * k), -np.expm1(-4 * k), -np.expm1(np.log(3) - 4 * k)


def _roots(
    k: float, angles: np.ndarray, coupling: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """p, dp/dy and d^2 p/dy^2 at c = cos t and -cos t, shape `(2, angles)` each."""
    y, rest, gap = _weights(k)
    c = np.array([np.cos(angles), -np.cos(angles)])
    if coupling > 0:
        half = np.array([np.sin(angles / 2), np.cos(angles / 2)])
        turn = (2 + c) * 2 * half**2  # (2 + c) (1 - c)
        return gap**2 / 4 + y * rest * turn, (rest - y) * turn - 1.5 * gap, 4.5 - 2 * turn
    square = (c - 0.5) ** 2
    return y * (3 + y) / 4 + rest * square, (3 + 2 * y) / 4 - square, np.full_like(c, 0.5)
