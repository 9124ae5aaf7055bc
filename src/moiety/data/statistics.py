r"""Statistics of Markov chains: autocorrelation, convergence, burn-in and errors.

A series has shape `(chain, draw)`; one axis counts as one chain.  With rho_t the
autocorrelation at lag t,

    tau_int = 1/2 + sum_{t >= 1} rho_t,      ess = n / (2 tau_int).

Independent draws have tau_int = 1/2, and the error of a mean is std / sqrt(ess)
(Sokal, *Monte Carlo methods in statistical mechanics*, 1997).  R-hat compares the
variance between half-chains with that within (Gelman et al., *Bayesian Data Analysis*,
3rd ed., 2013).  The marginal standard error rule finds where a series becomes stationary
(White, Simulation 69, 323 (1997)).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from ..base.errors import InputError

__all__ = [
    "Chains",
    "block_labels",
    "effective_samples",
    "jackknife_error",
    "mser",
    "rhat",
    "series_error",
    "standard_error",
    "tau_int",
]

_WINDOW = 5.0
_FEWEST_DRAWS = 10
_JACKKNIFE_BLOCKS = 40


class Chains(Protocol):
    """Samples from independent chains of equal length, such as `Samples` and `Particles`."""

    @property
    def chains(self) -> int:
        """Number of chains."""
        ...

    @property
    def draws(self) -> int:
        """Number of draws in each chain."""
        ...

    @property
    def n(self) -> int:
        """Number of samples, all chains together."""
        ...


def tau_int(series: np.ndarray) -> float:
    """Integrated autocorrelation time, in draws.

    The sum ends at the first lag beyond 5 tau (Sokal's window).  Chains are centred on
    their common mean, so chains that stay in different places are correlated at all lags.
    With fewer than 10 draws per chain, tau follows from the spread of the chain means
    instead (1/2 for a single chain).

    Args:
        series: Observable, shape `(chain, draw)`.

    Returns:
        At least 1/2; 1/2 for a constant series.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=(4, 4000))
        >>> round(tau_int(noise), 1)
        0.5
        >>> slow = noise.copy()
        >>> for t in range(1, 4000):  # an AR(1) process: tau = (1 + a) / (1 - a) / 2 = 4.5
        ...     slow[:, t] = 0.8 * slow[:, t - 1] + 0.6 * noise[:, t]
        >>> round(tau_int(slow), 1)
        5.0
    """
    series = _as_chains(series)
    variance = series.var()
    if _is_constant(series):
        return 0.5
    if series.shape[1] < _FEWEST_DRAWS:
        return _tau_of_means(series, float(variance))
    rho = _autocovariance(series - series.mean()) / variance
    sums = np.cumsum(rho) - 0.5  # through each lag
    beyond = np.arange(len(sums)) >= _WINDOW * sums
    return max(float(sums[np.argmax(beyond)] if beyond.any() else sums[-1]), 0.5)


def effective_samples(series: np.ndarray) -> float:
    """Effective sample size, n / (2 tau_int).

    Args:
        series: Observable, shape `(chain, draw)`.

    Example:
        >>> effective_samples(np.ones((2, 50)))
        100.0
    """
    return np.size(series) / (2 * tau_int(series))


def standard_error(series: np.ndarray) -> float:
    """Standard error of the mean over all chains, including autocorrelation.

    Args:
        series: Observable, shape `(chain, draw)`.

    Example:
        >>> round(standard_error(np.random.default_rng(0).normal(size=(4, 2500))), 3)
        0.01
    """
    series = _as_chains(series)
    if series.size < 2:
        return float("nan")
    return float(series.std(ddof=1) / np.sqrt(max(effective_samples(series), 1.0)))


def rhat(series: np.ndarray) -> float:
    """Split R-hat: 1 if all half-chains agree; chains above about 1.05 have not mixed.

    Args:
        series: Observable, shape `(chain, draw)`.

    Returns:
        1 for a constant series, infinity for chains constant at different values, NaN
        for fewer than two draws per chain.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=(4, 1000))
        >>> round(rhat(noise), 2), round(rhat(noise + np.arange(4)[:, None]), 2)
        (1.0, 1.58)
    """
    series = _as_chains(series)
    half = series.shape[1] // 2
    parts = np.concatenate([series[:, :half], series[:, -half:]]) if half >= 2 else series
    draws = parts.shape[1]
    if _is_constant(parts):
        return 1.0
    if draws < 2:
        return float("nan")
    within = parts.var(axis=1, ddof=1).mean()
    between = parts.mean(axis=1).var(ddof=1) if len(parts) > 1 else 0.0
    return float(np.sqrt((draws - 1) / draws + between / within)) if within > 0 else float("inf")


def mser(series: np.ndarray) -> int:
    """Length of the burn-in, in draws, by the marginal standard error rule.

    The rule minimises sum_{t >= d} (x_t - mean)^2 / (n - d)^2 over d; here the mean and
    the sums run over all chains.  d is at most three quarters of the draws: a minimum near
    that limit means that the series is too short.

    Args:
        series: Observable, shape `(chain, draw)`.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=(4, 400))
        >>> start = 20 * np.exp(-np.arange(400) / 10)
        >>> mser(noise) < 20 < mser(noise + start) < 100
        True
    """
    series = _as_chains(series)
    chains, draws = series.shape
    # without the offset, large numbers do not cancel and a frozen end is exactly 0
    centred = series - np.median(series[:, draws // 2 :])
    tail = [np.cumsum((centred**power).sum(axis=0)[::-1])[::-1] for power in (1, 2)]
    left = chains * np.arange(draws, 0, -1)
    rule = np.maximum(tail[1] - tail[0] ** 2 / left, 0.0) / left**2
    return int(np.argmin(rule[: max(draws - draws // 4, 1)]))


def block_labels(chains: int, draws: int, parts: int) -> np.ndarray:
    """Divide samples into contiguous blocks; correlations between blocks are weak.

    Blocks are whole chains if the number of chains is a multiple of `parts`, otherwise
    consecutive draws in chain-major order.

    Args:
        chains: Number of chains.
        draws: Number of draws in each chain.
        parts: Number of blocks.

    Returns:
        Labels 0..parts-1, shape `(chain, draw)`.

    Example:
        >>> block_labels(4, 2, 2).tolist()
        [[0, 0], [0, 0], [1, 1], [1, 1]]
        >>> block_labels(1, 6, 3).tolist()
        [[0, 0, 1, 1, 2, 2]]
    """
    if parts < 1 or parts > chains * draws:
        raise InputError(f"{chains * draws} samples cannot make {parts} blocks")
    units = chains if chains % parts == 0 else chains * draws
    labels = np.arange(units) * parts // units
    return np.repeat(labels, chains * draws // units).reshape(chains, draws)


def jackknife_error(
    series: np.ndarray, blocks: np.ndarray, statistic: Callable[[np.ndarray], float] = np.mean
) -> float:
    """Standard error of a statistic by the jackknife, which leaves out one block at a time.

    Args:
        series: Observable, shape `(chain, draw)`.
        blocks: Block labels of the same shape, see `block_labels`; at least two blocks.
        statistic: Function of a flat array, the samples that remain.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=(50, 100))
        >>> round(jackknife_error(noise, block_labels(50, 100, 50)), 3)
        0.014
    """
    series, blocks = np.asarray(series), np.asarray(blocks)
    labels = np.unique(blocks)
    if series.shape != blocks.shape or len(labels) < 2:
        raise InputError(
            f"blocks {blocks.shape} must fit the series {series.shape} and be at least two"
        )
    left = np.array([statistic(series[blocks != label]) for label in labels])
    return float(np.sqrt((len(left) - 1) * left.var()))


def series_error(influence: np.ndarray, samples: Chains) -> float:
    """Standard error of a mean over samples.

    It is the larger of two: with the autocorrelation time, and by a jackknife over blocks.

    Args:
        influence: Contribution of each sample to the mean, shape `(n,)`.
        samples: The samples, for their numbers of chains and draws.

    Example:
        >>> from moiety import Samples
        >>> rng = np.random.default_rng(0)
        >>> samples = Samples.from_array(rng.choice([-1, 1], size=(400, 4, 4)), periodic=True)
        >>> round(series_error(rng.normal(size=400), samples), 2)  # 1 / sqrt(400)
        0.05
    """
    series = influence.reshape(samples.chains, samples.draws)
    blocks = block_labels(*series.shape, min(_JACKKNIFE_BLOCKS, max(samples.n // 4, 2)))
    return float(max(standard_error(series), jackknife_error(series, blocks)))


def _as_chains(series: np.ndarray) -> np.ndarray:
    series = np.atleast_2d(np.asarray(series, dtype=float))
    if series.ndim != 2 or series.size == 0:
        raise InputError(f"a series has shape (chain, draw), not {series.shape}")
    return series


def _is_constant(series: np.ndarray) -> bool:
    return bool((series == series.flat[0]).all())


def _tau_of_means(series: np.ndarray, variance: float) -> float:
    """Autocorrelation time from Var(chain mean) = 2 tau variance / draws."""
    if len(series) < 2:
        return 0.5
    spread = float(series.mean(axis=1).var(ddof=1))
    return float(max(0.5 * series.shape[1] * spread / variance, 0.5))


def _autocovariance(centred: np.ndarray) -> np.ndarray:
    """Mean over chains of x_s x_{s+t} at lags t = 0..draws-1."""
    draws = centred.shape[1]
    power = np.abs(np.fft.rfft(centred, 2 * draws, axis=1)) ** 2
    products: np.ndarray = np.fft.irfft(power.mean(axis=0), 2 * draws)[:draws]
    return np.asarray(products / (draws - np.arange(draws)))
