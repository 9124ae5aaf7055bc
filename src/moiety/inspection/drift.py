"""Whether an observable drifts along the run.

The mean over chains at each draw is fitted with a straight line; the error of its slope follows
from the autocorrelation time of what remains.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..data.statistics import tau_int
from .findings import Finding

__all__ = ["drift"]

_SIGMAS = 5.0
_FEWEST_DRAWS = 32
_FEWEST_EFFECTIVE = 30.0


def drift(observed: Mapping[str, np.ndarray]) -> Finding:
    """Check that no observable has a trend.

    Args:
        observed: Series by name, each of shape `(chain, draw)`.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=(1, 500))
        >>> drift({"order": noise}).passed, drift({"order": noise + np.linspace(0, 2, 500)}).passed
        (True, False)
    """
    trends = {name: _trend(series) for name, series in observed.items()}
    name = max(trends, key=lambda one: abs(trends[one]))
    sigmas = abs(trends[name])
    if sigmas <= _SIGMAS:
        return Finding("drift", True, sigmas, "no observable drifts along the run")
    way = "grows" if trends[name] > 0 else "falls"
    text = (
        f"drift: the observable `{name}` {way} along the run: drop the first draws, or run longer"
    )
    return Finding("drift", False, sigmas, text)


def _trend(series: np.ndarray) -> float:
    """Slope of the mean over chains, in units of its error; 0 if there are too few draws."""
    mean = series.mean(axis=0)
    draws = len(mean)
    if draws < _FEWEST_DRAWS or (mean == mean[0]).all():
        return 0.0
    time = np.linspace(-1, 1, draws)
    slope = float(time @ (mean - mean.mean()) / (time @ time))
    rest = mean - mean.mean() - slope * time
    tau = tau_int(rest)
    error = rest.std() / np.sqrt(time @ time) * np.sqrt(2 * tau)
    if draws / (2 * tau) < _FEWEST_EFFECTIVE or error == 0:
        return 0.0
    return float(slope / error)
