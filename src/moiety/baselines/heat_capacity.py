r"""Heat capacity from the fluctuations of the energy.

    c = (<E^2> - <E>^2) / (N T^2),

which T ds/dT, from entropies of neighbouring temperatures, is to be compared with (section 3 of the
SI of Nir et al., PNAS 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.statistics import standard_error
from .energies import EnergySeries

__all__ = ["HeatCapacity", "heat_capacity", "heat_capacity_of_entropies"]


@dataclass(frozen=True)
class HeatCapacity:
    """A site, in units of k_B, with one standard error."""

    value: float
    error: float


def heat_capacity(series: EnergySeries) -> HeatCapacity:
    """From fluctuations, with their autocorrelation counted.

    Arguments:
        series: Energies at one temperature.

    Example:
        >>> import moiety
        >>> found = heat_capacity(EnergySeries.of(moiety.system("ising-chain", size=16, temperature=1.0).sample(512, seed=1)))
        >>> abs(found.value - 0.42) < 4 * found.error
        True
    """
    squares = series.deviations**2
    scale = series.sites * series.temperature**2
    lost = series.energies.size / (
        series.energies.size - 1
    )  # one mean is taken from the same samples
    error = standard_error((squares - squares.mean()).reshape(series.energies.shape))
    return HeatCapacity(float(lost * squares.mean() / scale), float(error / scale))


def heat_capacity_of_entropies(
    temperatures: np.ndarray, entropies: np.ndarray, errors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """T ds/dT between neighbouring temperatures, c = (s_2 - s_1) / log(T_2 / T_1), with errors.

    Arguments:
        temperatures: In order, shape `(n,)`.
        entropies, errors: Per site, of independent samples, shape `(n,)`.

    Returns:
        c of each interval and its error, shape `(n - 1,)`; they are those of the geometric mean of its ends
        to second order.

    Example:
        >>> c, error = heat_capacity_of_entropies(np.array([1.0, 2.0]), np.array([0.0, 0.5 * np.log(2)]), np.zeros(2))
        >>> round(float(c[0]), 6)  # equipartition
        0.5
    """
    steps = np.diff(np.log(temperatures))
    return np.diff(entropies) / steps, np.hypot(errors[1:], errors[:-1]) / np.abs(steps)
