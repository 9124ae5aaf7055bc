"""Nearly independent groups of samples, which give means over samples an honest error.

Units are whole chains if there are at least 16, otherwise blocks of consecutive draws that are
several autocorrelation times long.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..data.observables import observables
from ..data.samples import Samples
from ..data.statistics import tau_int

__all__ = ["Units", "units_of"]

_ENOUGH_CHAINS = 16
_MOST_UNITS = 64
_LEAST_UNITS = 16
_LENGTH = 4.0  # of a block, in autocorrelation times
_MOST_NUMBERS = 2**24  # of the means of one field over all units


@dataclass(frozen=True, eq=False)
class Units:
    """Division of samples into units.

    Args:
        labels: Unit of each sample, 0 to `number` - 1, chain after chain, shape `(n,)`.
        chain: Chain of each unit, or its own number if units are whole chains, shape `(number,)`.
    """

    labels: np.ndarray
    chain: np.ndarray

    @property
    def number(self) -> int:
        """Number of units."""
        return len(self.chain)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Number of samples in each unit."""
        return np.bincount(self.labels, minlength=self.number)

    @cached_property
    def apart(self) -> np.ndarray:
        """Which pairs of units are independent: all but a unit itself and its neighbours in time.

        Shape `(number, number)`.
        """
        index = np.arange(self.number)
        same = self.chain[:, None] == self.chain
        return np.asarray(~(same & (np.abs(index[:, None] - index) <= 1)))

    def mean(self, series: np.ndarray) -> np.ndarray:
        """Mean of each unit.

        Args:
            series: A number for each sample, shape `(n,)`.
        """
        total = np.bincount(self.labels, weights=series.ravel(), minlength=self.number)
        return np.asarray(total / self.sizes)


def units_of(samples: Samples) -> Units:
    """Divide samples into units.

    Args:
        samples: Configurations of a lattice.

    Example:
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(512, 4, 4))
        >>> units_of(Samples.from_array(spins, periodic=True)).number
        64
    """
    most = int(np.clip(_MOST_NUMBERS // samples.sites, _LEAST_UNITS, _MOST_UNITS))
    if samples.chains >= _ENOUGH_CHAINS:
        number = min(most, samples.chains)
        label = np.arange(samples.chains) * number // samples.chains
        return Units(np.repeat(label, samples.draws), np.arange(number))
    tau = max(map(tau_int, observables(samples).values()))
    each = int(np.clip(samples.draws / (_LENGTH * tau), 1, max(most // samples.chains, 1)))
    if tau <= 0.75:  # independent draws: a unit may be short
        each = min(samples.draws, max(most // samples.chains, 1))
    block = np.arange(samples.draws) * each // samples.draws
    labels = (np.arange(samples.chains)[:, None] * each + block).ravel()
    return Units(labels, np.repeat(np.arange(samples.chains), each))
