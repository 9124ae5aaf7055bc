r"""High temperature: the mutual information of two halves, and the entropy as a series in K = J/T.

To second order in K each bond across a cut contributes to M independently: a bond of energy
-J b, with <b> = 0 for independent sites, has M = <b^2> K^2 / 2, so

    M = bonds K^2 / 2            Ising, b = s s',
    M = bonds K^2 / 4            XY, b = cos(t - t'),
    M = bonds (q-1) K^2 / 2 q^2  Potts, b = delta(s, s') - 1/q,

Eq. 6 of Nir, Sela, Beck and Bar-Sinai, PNAS 117, 30234 (2020),
https://doi.org/10.1073/pnas.2017042117.  The next order is K^4 on the square lattice (Ising,
XY), and K^3 if three bonds may close (triangular lattice) or <b^3> is not zero (Potts, q > 2).
Two bonds between one pair of sites, as on a side of 2, act as one of 2 J and count as four.
With ln z = sum_n c_n K^n,

    s = sum_n (1 - n) c_n K^n,   u = -J sum_n n c_n K^{n-1},   C = sum_n n (n - 1) c_n K^n.

Ising: Onsager's and Houtappel's integrals, expanded in the return probabilities of a random walk,

    ln z = ln 2 + 1/2 ln a - 1/2 sum_n (b / a)^n <g^n> / n,
    square:     a = cosh^2 2K,             b = sinh 2K,   g = cos w1 + cos w2,
    triangular: a = cosh^3 2K + sinh^3 2K, b = sinh 2K,   g = cos w1 + cos w2 + cos(w1 + w2).

Potts and XY on the square lattice: closed paths (Domb, *Phase Transitions and Critical
Phenomena* vol. 3, ch. 1) of 4 and of 6 bonds, one and two per site, and their unions,

    Potts: ln z = ln q + 2 ln[(e^K + q - 1) / q] + (q-1) (t^4 + 2 t^6 + 2 (q-2) t^7) + O(K^8),
           t = (e^K - 1) / (e^K + q - 1),
    XY:    ln z = ln 2 pi + 2 ln I_0(K) + 2 [I_1(K) / I_0(K)]^4 + 4 [I_1(K) / I_0(K)]^6 + O(K^8).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import comb, log, pi, sqrt

import numpy as np

from ..base.errors import InputError
from ._power_series import bessel, exponential, logarithm, product, quotient

__all__ = [
    "SERIES",
    "Series",
    "cut_information",
    "high_temperature_energy",
    "high_temperature_entropy",
    "high_temperature_heat_capacity",
    "series",
]

_LONG = 40  # order of the Ising series
_SHORT = 7  # order of the others
_BONDED = (
    "ising-square",
    "ising-triangular",
    "ising-cubic",
    "ising-chain",
    "potts-square",
    "xy-square",
)


def cut_information(
    name: str, bonds: int, temperature: float, *, coupling: float = 1.0, states: int | None = None
) -> float:
    """M in nats between the two sides of a cut, to second order in J / T.

    Args:
        name: Name of an Ising, XY or Potts system, as in `SYSTEMS`.
        bonds: Number of bonds across the cut; k parallel bonds count k^2.
        temperature: T, with k_B = 1.
        coupling: J.
        states: Number q of states of a Potts model, 3 by default.

    Raises:
        InputError: The system is unknown, or the temperature is not positive.

    Example:
        >>> round(cut_information("ising-square", 16, 10.0), 12)  # 16 / (2 T^2)
        0.08
        >>> round(cut_information("potts-square", 16, 10.0, states=2), 12)  # Ising with J / 2
        0.02
    """
    k = _reduced(temperature, coupling)
    if name not in _BONDED:
        raise InputError(f"no bonds of {name} are known; choose from {', '.join(_BONDED)}")
    q = _states(name, states)
    square = {"xy": 0.5, "potts": (q - 1) / q**2}.get(name.split("-")[0], 1.0)
    return bonds * square * k**2 / 2


def high_temperature_entropy(
    name: str,
    temperature: float,
    coupling: float = 1.0,
    states: int | None = None,
    order: int | None = None,
) -> float:
    """Entropy per site in nats of the infinite lattice, truncated after K^order.

    Args:
        name: A key of `SERIES`.
        temperature: T, with k_B = 1.
        coupling: J.
        states: Number q of states of a Potts model, 3 by default.
        order: Order of truncation, at most (and by default) 40 for Ising and 7 for Potts and
            XY.  The error is of the next order; for even series, of the next even order.

    Raises:
        InputError: The name or order is unknown, or |J| / T exceeds the radius of convergence
            (Ising) or 1, where the terms no longer decrease (Potts, XY).

    Example:
        >>> round(high_temperature_entropy("ising-square", 4.0), 7)  # and Onsager
        0.6197884
        >>> round(high_temperature_entropy("xy-square", 10.0), 6)
        1.832849
    """
    k, c = _prepared(name, temperature, coupling, states, order)
    return float(((1 - np.arange(len(c))) * c) @ k ** np.arange(len(c)))


def high_temperature_energy(
    name: str,
    temperature: float,
    coupling: float = 1.0,
    states: int | None = None,
    order: int | None = None,
) -> float:
    """Energy per site, truncated after K^(order - 1).

    Args:
        name: A key of `SERIES`.
        temperature: T, with k_B = 1.
        coupling: J.
        states: Number q of states of a Potts model, 3 by default.
        order: Order of truncation, see `high_temperature_entropy`.

    Example:
        >>> round(high_temperature_energy("ising-square", 10.0), 6)  # about -2 J^2 / T
        -0.203377
    """
    k, c = _prepared(name, temperature, coupling, states, order)
    orders = np.arange(1, len(c))
    return -coupling * float((orders * c[1:]) @ k ** (orders - 1)) + 0.0


def high_temperature_heat_capacity(
    name: str,
    temperature: float,
    coupling: float = 1.0,
    states: int | None = None,
    order: int | None = None,
) -> float:
    """Heat capacity per site, truncated after K^order.

    Args:
        name: A key of `SERIES`.
        temperature: T, with k_B = 1.
        coupling: J.
        states: Number q of states of a Potts model, 3 by default.
        order: Order of truncation, see `high_temperature_entropy`.

    Example:
        >>> round(high_temperature_heat_capacity("ising-square", 10.0), 6)
        0.021022
    """
    k, c = _prepared(name, temperature, coupling, states, order)
    orders = np.arange(len(c))
    return float((orders * (orders - 1) * c) @ k**orders)


@lru_cache
def series(name: str, order: int | None = None, states: int | None = None) -> tuple[float, ...]:
    """Coefficients c_0 .. c_order of ln z, per site.

    Args:
        name: A key of `SERIES`.
        order: Last order; by default all that is known.
        states: Number q of states of a Potts model, 3 by default.

    Example:
        >>> [round(c, 6) for c in series("ising-square", 4)]  # ln 2 + K^2 + 5/6 K^4
        [0.693147, 0.0, 1.0, 0.0, 0.833333]
        >>> [round(c, 6) for c in series("ising-triangular", 4)]  # two triangles per site
        [0.693147, 0.0, 1.5, 2.0, 2.75]
    """
    if name not in SERIES:
        raise InputError(f"no series for {name}; choose from {', '.join(SERIES)}")
    known = SERIES[name]
    order = known.order if order is None else order
    if not 0 <= order <= known.order:
        raise InputError(f"the series of {name} is known to order {known.order}, not {order!r}")
    return tuple(float(c) for c in known.expand(order, _states(name, states)))


def _prepared(
    name: str, temperature: float, coupling: float, states: int | None, order: int | None
) -> tuple[float, np.ndarray]:
    """K and the coefficients, if the series converges."""
    k, coefficients = _reduced(temperature, coupling), np.array(series(name, order, states))
    radius = SERIES[name].radius
    if not abs(k) < radius:
        raise InputError(
            f"the series of {name} is good for |J| / T below {radius:.4f}, not at {abs(k):.4g}"
        )
    return k, coefficients


def _reduced(temperature: float, coupling: float) -> float:
    if not temperature > 0:
        raise InputError(f"temperature must be positive, not {temperature!r}")
    return coupling / temperature


def _states(name: str, states: int | None) -> int:
    if states is not None and not (name.startswith("potts") and states >= 2):
        raise InputError(f"{name} takes no {states!r} states")
    return states or 3


def _ising(returns: Callable[[int], float], triangular: bool, order: int) -> np.ndarray:
    cosh, sinh = (
        (exponential(2.0, order) + exponential(-2.0, order)) / 2,
        (exponential(2.0, order) - exponential(-2.0, order)) / 2,
    )
    a = product(cosh, cosh)
    if triangular:
        a = product(a, cosh) + product(sinh, product(sinh, sinh))
    ratio, power = quotient(sinh, a), exponential(0.0, order)
    total = logarithm(a)
    total[0] += 2 * log(2)
    for n in range(1, order + 1):
        power = product(power, ratio)
        total -= power * returns(n) / n
    return total / 2


def _square_walk(n: int) -> float:
    """<(cos w1 + cos w2)^n>: closed walks on the square lattice."""
    return 0.0 if n % 2 else float(comb(n, n // 2) ** 2 / 2**n)


def _triangular_walk(n: int) -> float:
    """<(cos w1 + cos w2 + cos(w1 + w2))^n>, from |1 + e^{iw1} + e^{-iw2}|^2 = 3 + 2 g."""
    honeycomb = [sum(comb(j, i) ** 2 * comb(2 * i, i) for i in range(j + 1)) for j in range(n + 1)]
    return float(sum(comb(n, j) * (-3) ** (n - j) * honeycomb[j] for j in range(n + 1)) / 2**n)


def _potts(order: int, q: int) -> np.ndarray:
    weight = exponential(1.0, order) + (q - 1) * exponential(0.0, order)
    t = quotient(exponential(1.0, order) - exponential(0.0, order), weight)
    powers = [exponential(0.0, order)]
    for _ in range(_SHORT):
        powers.append(product(powers[-1], t))
    total: np.ndarray = 2 * logarithm(weight / q) + (q - 1) * (
        powers[4] + 2 * powers[6] + 2 * (q - 2) * powers[7]
    )
    total[0] += log(q)
    return total


def _xy(order: int) -> np.ndarray:
    zeroth = bessel(0, order)
    ratio = quotient(bessel(1, order), zeroth)
    square = product(ratio, ratio)
    fourth = product(square, square)
    total: np.ndarray = 2 * logarithm(zeroth) + 2 * fourth + 4 * product(fourth, square)
    total[0] += log(2 * pi)
    return total


@dataclass(frozen=True)
class Series:
    """A high-temperature series.

    Args:
        order: Order to which it is known.
        radius: Largest |J| / T at which it may be used.
        expand: Function of the order and q that returns the coefficients.
    """

    order: int
    radius: float
    expand: Callable[[int, int], np.ndarray]


SERIES: dict[str, Series] = {
    "ising-square": Series(
        _LONG, log(1 + sqrt(2)) / 2, lambda order, q: _ising(_square_walk, False, order)
    ),
    "ising-triangular": Series(
        _LONG, log(3) / 4, lambda order, q: _ising(_triangular_walk, True, order)
    ),
    "potts-square": Series(_SHORT, 1.0, _potts),
    "xy-square": Series(_SHORT, 1.0, lambda order, q: _xy(order)),
}
