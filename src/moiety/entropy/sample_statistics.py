"""What a set of samples is worth: autocorrelation, effective number, agreement of the chains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..data.statistics import rhat, tau_int

__all__ = ["SampleStatistics"]


@dataclass(frozen=True)
class SampleStatistics:
    """Statistics of the slowest observable.

    Args:
        tau: Integrated autocorrelation time in draws.
        effective: Effective number of independent samples.
        rhat: Gelman-Rubin statistic, 1 if the chains agree.
    """

    tau: float
    effective: float
    rhat: float

    @classmethod
    def of(cls, series: Iterable[np.ndarray]) -> SampleStatistics:
        """The statistics of several observables of the same samples.

        Args:
            series: Values of each observable, shape `(chain, draw)`.

        Example:
            >>> noise = np.random.default_rng(0).normal(size=(4, 256))
            >>> round(SampleStatistics.of([noise]).tau, 1)
            0.5
        """
        observed = list(series)
        tau = max(tau_int(values) for values in observed)
        largest = float(np.nanmax([1.0, *(rhat(values) for values in observed)]))
        return cls(tau, observed[0].size / (2 * tau), largest)
