r"""Heat capacity from the fluctuations of the energy.

    c = (<E^2> - <E>^2) / (N T^2),

to be compared with T ds/dT from entropies at neighbouring temperatures (section 3 of the SI of
Nir et al., PNAS 117, 30234 (2020), https://doi.org/10.1073/pnas.2017042117).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.statistics import standard_error
from .energies import EnergySeries

__all__ = ["HeatCapacity", "heat_capacity", "heat_capacity_of_entropies"]


@dataclass(frozen=True)
class HeatCapacity:
    """A heat capacity per site, in units of k_B.

    Args:
        value: The heat capacity.
        error: Its standard error.
    """

    value: float
    error: float


def heat_capacity(series: EnergySeries) -> HeatCapacity:
    """Heat capacity from energy fluctuations; the error includes autocorrelation.

    Args:
        series: Energies at one temperature.

    Example:
        >>> import moiety
        >>> chain = moiety.system("ising-chain", size=16, temperature=1.0)
        >>> c = heat_capacity(EnergySeries.from_samples(chain.sample(512, seed=1)))
        >>> abs(c.value - 0.42) < 4 * c.error
        True
    """
    squares = series.deviations**2
    scale = series.sites * series.temperature**2
    bessel = series.energies.size / (series.energies.size - 1)  # the mean is from the same samples
    error = standard_error((squares - squares.mean()).reshape(series.energies.shape))
    return HeatCapacity(float(bessel * squares.mean() / scale), float(error / scale))


def heat_capacity_of_entropies(
    temperatures: np.ndarray, entropies: np.ndarray, errors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """T ds/dT between neighbouring temperatures, c = (s_2 - s_1) / log(T_2 / T_1), with errors.

    Args:
        temperatures: Temperatures in order, shape `(n,)`.
        entropies: Entropies per site from independent samples, shape `(n,)`.
        errors: Their standard errors, shape `(n,)`.

    Returns:
        c of each interval and its standard error, shape `(n - 1,)` each.  To second order, c is
        the value at the geometric mean of the two temperatures.

    Example:
        >>> t, s = np.array([1.0, 2.0]), np.array([0.0, 0.5 * np.log(2)])
        >>> c, error = heat_capacity_of_entropies(t, s, np.zeros(2))
        >>> round(float(c[0]), 6)  # equipartition
        0.5
    """
    steps = np.diff(np.log(temperatures))
    return np.diff(entropies) / steps, np.hypot(errors[1:], errors[:-1]) / np.abs(steps)
