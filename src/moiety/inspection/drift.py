"""Whether an observable drifts along the run.

The mean over chains at each draw is fitted with a straight line, and its first tenth is compared
with its second half; errors follow from the autocorrelation time of what remains.  Many short
chains have a slope each, and the spread of the slopes gives the error.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from ..data.statistics import tau_int
from .findings import Finding

__all__ = ["drift"]

_SIGMAS = 5.3  # 10^-7; measured errors are too small where draws are correlated
_FEWEST_DRAWS = 32
_FEWEST_EFFECTIVE = 30.0
_MANY_CHAINS, _SHORTEST = 12, 4
_ROUNDING = 1e-9


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
    """Change along the run in units of its error; 0 if there are too few draws."""
    chains, draws = series.shape
    if (series == series[0, 0]).all():
        return 0.0
    if draws >= _FEWEST_DRAWS:
        mean = series.mean(axis=0)
        return max(_slope(mean), _start(mean), key=abs)
    if chains >= _MANY_CHAINS and draws >= _SHORTEST:
        slopes = series @ np.linspace(-1, 1, draws)
        error = slopes.std(ddof=1) / np.sqrt(chains)
        ratio = float(slopes.mean() / max(error, _ROUNDING * np.abs(series).max()))
        return _normal(ratio, chains - 1)
    return 0.0


def _slope(mean: np.ndarray) -> float:
    """Slope of the straight line in units of its error."""
    time = np.linspace(-1, 1, len(mean))
    slope = float(time @ (mean - mean.mean()) / (time @ time))
    rest = mean - mean.mean() - slope * time
    return _in_errors(slope, rest, float(time @ time))


def _start(mean: np.ndarray) -> float:
    """Second half minus first tenth in units of the error."""
    first, last = mean[: len(mean) // 10], mean[len(mean) // 2 :]
    weight = 1 / (1 / len(first) + 1 / len(last))
    return _in_errors(float(last.mean() - first.mean()), last - last.mean(), weight)


def _in_errors(change: float, rest: np.ndarray, weight: float) -> float:
    tau = tau_int(rest)
    effective = len(rest) / (2 * tau)
    error = rest.std() * np.sqrt(2 * tau / weight)
    if effective < _FEWEST_EFFECTIVE or error == 0:
        return 0.0
    return _normal(float(change / error), effective - 2)


def _normal(ratio: float, freedom: float) -> float:
    """Deviation of a normal variable that is as unlikely as this ratio to a measured error."""
    tail = max(float(student.sf(abs(ratio), freedom)), 1e-300)
    return float(np.copysign(norm.isf(tail), ratio))
