r"""Lennard-Jones fluid: the equation of state of Thol et al. for the full potential.

With tau = 1.32 / T and delta = density / 0.31 (both in units of eps and sigma), the Helmholtz
energy over that of the ideal gas, per atom and over T, is a sum of 23 terms

    a = sum_i A_i,    A_i = n delta^d tau^t exp(-delta^l),  the first six without exponential,
                      or    n delta^d tau^t exp(-eta (delta - e)^2 - beta (tau - g)^2).

Each term is its own factor in the derivatives, delta dA/ddelta = D A and tau dA/dtau = K A:

    D = d - l delta^l - 2 eta delta (delta - e),    K = t - 2 beta tau (tau - g),

so that  Z = 1 + sum D A,  u / T = sum K A  and  s = u / T - a  per atom in nats.

It holds at T = 0.661 to 9 and pressures up to 65: Thol, Rutkai, Koester, Lustig, Span & Vrabec,
J. Phys. Chem. Ref. Data 45, 023101 (2016), https://doi.org/10.1063/1.4945000

For a fixed number N in a periodic box, F / T is lower by ln(chi) / 2, with
chi = d(density Z) / d(density), so that (ln(chi) + d ln(chi) / d ln(T)) / (2 N) is added to s.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from ..base.errors import InputError

__all__ = [
    "TEMPERATURES",
    "lennard_jones_compressibility",
    "lennard_jones_energy",
    "lennard_jones_excess_entropy",
]

TEMPERATURES = (0.661, 9.0)  # from the triple point
_CRITICAL = (1.32, 0.31)  # temperature and density
_POWERS = np.array(  # n, t, d, l of the terms without and with exp(-delta^l)
    [
        (0.0052080730, 1.000, 4, 0), (2.1862520, 0.320, 1, 0), (-2.1610160, 0.505, 1, 0),
        (1.4527000, 0.672, 2, 0), (-2.0417920, 0.843, 2, 0), (0.18695286, 0.898, 3, 0),
        (-0.090988445, 1.294, 5, 1), (-0.49745610, 2.590, 2, 2), (0.10901431, 1.786, 2, 1),
        (-0.80055922, 2.770, 3, 2), (-0.56883900, 1.786, 1, 2), (-0.62086250, 1.205, 1, 1),
    ]
)  # fmt: skip
_BELLS = np.array(  # n, t, d, eta, beta, g, e of the terms with a Gaussian
    [
        (-1.4667177, 2.830, 1, 2.067, 0.625, 0.710, 0.2053),
        (1.8914690, 2.548, 1, 1.522, 0.638, 0.860, 0.409),
        (-0.13837010, 4.650, 2, 8.82, 3.91, 1.94, 0.600),
        (-0.38696450, 1.385, 3, 1.722, 0.156, 1.48, 1.203),
        (0.12657020, 1.460, 3, 0.679, 0.157, 1.49, 1.829),
        (0.60578100, 1.351, 2, 1.883, 0.153, 1.945, 1.397),
        (1.1791890, 0.660, 1, 3.925, 1.16, 3.02, 1.390),
        (-0.47732679, 1.496, 2, 2.461, 1.73, 1.11, 0.539),
        (-9.9218575, 1.830, 3, 28.2, 383.0, 1.17, 0.934),
        (-0.57479320, 1.616, 1, 0.753, 0.112, 1.33, 2.369),
        (0.0037729230, 4.970, 1, 0.820, 0.119, 0.240, 2.430),
    ]
)


def lennard_jones_excess_entropy(
    temperature: float, density: float, particles: int | None = None
) -> float:
    """Excess entropy per atom in nats over the ideal gas of the same density and temperature.

    Args:
        temperature: T in units of eps.
        density: Atoms per sigma^3.
        particles: Number of atoms in a periodic box; None for infinitely many.

    Raises:
        InputError: A state that the equation does not describe, or inside the spinodal.

    Example:
        >>> [round(lennard_jones_excess_entropy(2.0, 0.6, n), 4) for n in (None, 864)]
        [-1.5667, -1.5654]
    """
    terms = _Terms.at(temperature, density)
    s = float((terms.value * (terms.by_tau - 1)).sum())
    if particles is None:
        return s
    return s + (log(terms.stiffness) + terms.stiffening) / (2 * particles)


def lennard_jones_energy(temperature: float, density: float) -> float:
    """Potential energy per atom in eps: infinitely many atoms.

    Args:
        temperature: T in units of eps.
        density: Atoms per sigma^3.

    Raises:
        InputError: A state that the equation does not describe, or inside the spinodal.

    Example:
        >>> round(lennard_jones_energy(2.0, 0.6), 4)
        -3.7505
    """
    terms = _Terms.at(temperature, density)
    return temperature * float((terms.value * terms.by_tau).sum())


def lennard_jones_compressibility(temperature: float, density: float) -> float:
    """Z = pressure / (density T): infinitely many atoms.

    Args:
        temperature: T in units of eps.
        density: Atoms per sigma^3.

    Raises:
        InputError: A state that the equation does not describe, or inside the spinodal.

    Example:
        >>> round(lennard_jones_compressibility(2.0, 0.6), 4)
        1.4681
    """
    terms = _Terms.at(temperature, density)
    return 1 + float((terms.value * terms.by_delta).sum())


@dataclass(frozen=True)
class _Terms:
    """The terms of a, shape `(23,)`, and their logarithmic derivatives.

    Args:
        value: A.
        by_delta: D.
        by_tau: K.
        bend: delta dD/ddelta.
    """

    value: NDArray[np.float64]
    by_delta: NDArray[np.float64]
    by_tau: NDArray[np.float64]
    bend: NDArray[np.float64]

    @classmethod
    def at(cls, temperature: float, density: float) -> _Terms:
        least, most = TEMPERATURES
        if not (least <= temperature <= most and 0 <= density <= 1.5):
            raise InputError(
                f"the equation of state of Lennard-Jones atoms is for temperatures from {least} to"
                f" {most:g} and densities up to 1.5, not {temperature!r} and {density!r}"
            )
        terms = cls._computed(_CRITICAL[0] / temperature, density / _CRITICAL[1])
        if terms.stiffness <= 0:
            raise InputError(
                f"Lennard-Jones atoms separate into vapour and liquid at temperature"
                f" {temperature:g} and density {density:g}"
            )
        return terms

    @classmethod
    def _computed(cls, tau: float, delta: float) -> _Terms:
        n, t, d, power = _POWERS.T
        damped = np.where(power > 0, delta**power, 0.0)
        value = n * delta**d * tau**t * np.exp(-damped)
        plain = (value, d - power * damped, t, -(power**2) * damped)
        n, t, d, eta, beta, g, e = _BELLS.T
        value = n * delta**d * tau**t * np.exp(-eta * (delta - e) ** 2 - beta * (tau - g) ** 2)
        by_delta, by_tau = d - 2 * eta * delta * (delta - e), t - 2 * beta * tau * (tau - g)
        bells = (value, by_delta, by_tau, -2 * eta * delta * (2 * delta - e))
        return cls(*(np.concatenate(pair) for pair in zip(plain, bells, strict=True)))

    @property
    def _stiff(self) -> NDArray[np.float64]:
        return self.value * (self.by_delta + self.by_delta**2 + self.bend)

    @property
    def stiffness(self) -> float:
        """Chi: the inverse compressibility relative to the ideal gas."""
        return 1 + float(self._stiff.sum())

    @property
    def stiffening(self) -> float:
        """D ln(chi) / d ln(T)."""
        return -float((self._stiff * self.by_tau).sum()) / self.stiffness
