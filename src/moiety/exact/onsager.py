r"""Infinite square-lattice Ising model without field (Onsager, Phys. Rev. 65, 117 (1944)).

With K = |J| / T, kappa = 2 sinh 2K / cosh^2 2K and kappa' = 2 tanh^2 2K - 1,

    ln z = ln(sqrt2 cosh 2K) + 1/pi int_0^{pi/2} ln[1 + sqrt(1 - kappa^2 sin^2 t)] dt,
    u    = -|J| coth 2K [1 + (2/pi) kappa' K_1(kappa)],     s = ln z + u / T,
    c    = (4/pi) K^2 coth^2 2K { K_1 - E_1 - sech^2 2K [pi/2 + kappa' K_1] },

per site; K_1 and E_1 are the complete elliptic integrals.  J and -J are equivalent.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad
from scipy.special import ellipe, ellipkm1

from ..base.errors import InputError

__all__ = [
    "CRITICAL_TEMPERATURE",
    "onsager_energy",
    "onsager_entropy",
    "onsager_free_energy",
    "onsager_heat_capacity",
]

CRITICAL_TEMPERATURE = float(2 / np.log(1 + np.sqrt(2)))
_COLDEST = 300.0  # |J| / T above which all but the ground state is below 1e-300
_FROZEN = 10.0  # |J| / T above which rounding exceeds the heat capacity, 64 K^2 e^{-8K}


def onsager_free_energy(temperature: float, *, coupling: float = 1.0) -> float:
    """Free energy per site, -T ln z.

    Args:
        temperature: T, with k_B = 1.
        coupling: J, of either sign.

    Example:
        >>> round(onsager_free_energy(CRITICAL_TEMPERATURE), 9)
        -2.109651145
        >>> onsager_free_energy(1e-3)  # the ground state
        -2.0
    """
    return -2 * abs(coupling) - temperature * _disorder(_reduced(temperature, coupling))


def onsager_energy(temperature: float, *, coupling: float = 1.0) -> float:
    """Energy per site.

    Args:
        temperature: T, with k_B = 1.
        coupling: J, of either sign.

    Example:
        >>> round(onsager_energy(CRITICAL_TEMPERATURE), 9)  # -sqrt 2
        -1.414213562
    """
    k = _reduced(temperature, coupling)
    return -abs(coupling) * _bond_sum(k) if k > 0 else 0.0


def onsager_entropy(temperature: float, *, coupling: float = 1.0) -> float:
    """Entropy per site in nats, to 1e-9.

    Args:
        temperature: T, with k_B = 1.
        coupling: J, of either sign.

    Example:
        >>> round(onsager_entropy(1.8), 7), round(onsager_entropy(3.5), 7)
        (0.0933535, 0.5922081)
    """
    k = _reduced(temperature, coupling)
    return max(_disorder(k) - k * (_bond_sum(k) - 2), 0.0) if k > 0 else float(np.log(2))


def onsager_heat_capacity(temperature: float, *, coupling: float = 1.0) -> float:
    """Heat capacity per site, to 1e-12; it grows like -ln |T - T_c| at T_c.

    Args:
        temperature: T, with k_B = 1.
        coupling: J, of either sign.

    Example:
        >>> round(onsager_heat_capacity(2.0), 6)
        0.724871
        >>> round(onsager_heat_capacity(100.0), 9), onsager_heat_capacity(1e-3)  # hot: 2 / T^2
        (0.0002001, 0.0)
    """
    k = _reduced(temperature, coupling)
    if k == 0 or k > _FROZEN:
        return 0.0
    kappa_prime, sech2 = _kappa_prime(k), np.cosh(2 * k) ** -2
    if kappa_prime == 0:
        return float("inf")
    first, second = ellipkm1(kappa_prime**2), ellipe(1 - kappa_prime**2)
    braces = first - second - sech2 * (np.pi / 2 + kappa_prime * first)
    return max(float(4 / np.pi * (k / np.tanh(2 * k)) ** 2 * braces), 0.0)


def _reduced(temperature: float, coupling: float) -> float:
    if not temperature > 0:
        raise InputError(f"temperature must be positive, not {temperature!r}")
    return min(abs(coupling) / temperature, _COLDEST)


def _kappa_prime(k: float) -> float:
    return float(2 * np.tanh(2 * k) ** 2 - 1)


def _disorder(k: float) -> float:
    """Ln z - 2 k, which leaves out the ground state."""
    kappa_prime = _kappa_prime(k)

    def integrand(angle: float) -> float:  # 1 - kappa^2 sin^2 t at t = pi/2 - angle
        return float(np.log1p(np.hypot(np.sin(angle), kappa_prime * np.cos(angle))))

    integral = quad(integrand, 0, np.pi / 2, epsabs=1e-13, epsrel=1e-13, limit=500)[0]
    return float(np.log1p(np.exp(-4 * k)) - np.log(2) / 2 + integral / np.pi)


def _bond_sum(k: float) -> float:
    """-u / |J|, the mean of s s' summed over the two bonds of a site."""
    kappa_prime = _kappa_prime(k)
    elliptic = ellipkm1(kappa_prime**2) if kappa_prime**2 > 0 else 0.0  # times kappa' -> 0
    return float((1 + 2 / np.pi * kappa_prime * elliptic) / np.tanh(2 * k))
