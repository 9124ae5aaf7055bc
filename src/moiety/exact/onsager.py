r"""Infinite square-lattice Ising model without field (Onsager, Phys. Rev. 65, 117 (1944)).

With K = |J| / T, kappa = 2 sinh 2K / cosh^2 2K and kappa' = 2 tanh^2 2K - 1,

    ln z = ln(sqrt2 cosh 2K) + 1/pi int_0^{pi/2} ln[1 + sqrt(1 - kappa^2 sin^2 t)] dt,
    u    = -|J| coth 2K [1 + (2/pi) kappa' K_1(kappa)],     s = ln z + u / T,

per site, K_1 the complete elliptic integral of the first kind.  J and -J are one model.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad
from scipy.special import ellipkm1

from ..errors import InputError

__all__ = ["CRITICAL_TEMPERATURE", "onsager_energy", "onsager_entropy", "onsager_free_energy"]

CRITICAL_TEMPERATURE = float(2 / np.log(1 + np.sqrt(2)))
_COLDEST = 300.0  # |J| / T past which exp overflows and the ground state is all there is


def onsager_free_energy(temperature: float, *, coupling: float = 1.0) -> float:
    """Free energy per site, -T ln z.

    Example:
        >>> round(onsager_free_energy(CRITICAL_TEMPERATURE), 9)
        -2.109651145
    """
    return -temperature * _log_z(_reduced(temperature, coupling))


def onsager_energy(temperature: float, *, coupling: float = 1.0) -> float:
    """Energy per site.

    Example:
        >>> round(onsager_energy(CRITICAL_TEMPERATURE), 9)  # -sqrt 2
        -1.414213562
    """
    k = _reduced(temperature, coupling)
    return -abs(coupling) * _bond_sum(k) if k > 0 else 0.0


def onsager_entropy(temperature: float, *, coupling: float = 1.0) -> float:
    """Entropy per site in nats, to 1e-9.

    Example:
        >>> round(onsager_entropy(1.8), 7), round(onsager_entropy(3.5), 7)
        (0.0933535, 0.5922081)
    """
    k = _reduced(temperature, coupling)
    return _log_z(k) - k * _bond_sum(k) if k > 0 else float(np.log(2))


def _reduced(temperature: float, coupling: float) -> float:
    if not temperature > 0:
        raise InputError(f"temperature must be positive, not {temperature!r}")
    return min(abs(coupling) / temperature, _COLDEST)


def _kappa_prime(k: float) -> float:
    return 2 * np.tanh(2 * k) ** 2 - 1


def _log_z(k: float) -> float:
    kappa_prime = _kappa_prime(k)

    def integrand(angle: float) -> float:  # 1 - kappa^2 sin^2 t at t = pi/2 - angle
        return np.log1p(np.hypot(np.sin(angle), kappa_prime * np.cos(angle)))

    integral = quad(integrand, 0, np.pi / 2, epsabs=1e-13, epsrel=1e-13, limit=500)[0]
    log_cosh = 2 * k + np.log1p(np.exp(-4 * k)) - np.log(2)
    return float(np.log(2) / 2 + log_cosh + integral / np.pi)


def _bond_sum(k: float) -> float:
    """-u / |J|: the mean of s s' summed over the two bonds of a site."""
    kappa_prime = _kappa_prime(k)
    elliptic = ellipkm1(kappa_prime**2) if kappa_prime**2 > 0 else 0.0  # times kappa' -> 0
    return float((1 + 2 / np.pi * kappa_prime * elliptic) / np.tanh(2 * k))
