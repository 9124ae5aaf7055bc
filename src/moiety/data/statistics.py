r"""What a Markov chain's draws are worth: autocorrelation, convergence, errors.

Series have shape `(chain, draw)`; one axis is read as one chain.  With rho_t the
autocorrelation at lag t,

    tau_int = 1/2 + sum_{t >= 1} rho_t,      ess = n / (2 tau_int),

so that independent draws have tau_int = 1/2 and the error of a mean is std / sqrt(ess)
(Sokal, *Monte Carlo methods in statistical mechanics*, 1997).  R-hat compares the
variance between half-chains with that within (Gelman et al., *Bayesian Data Analysis*,
3rd ed., 2013).  Where a series becomes stationary is told by the marginal standard
error rule (White, Simulation 69, 323 (1997)).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..base import scratch
from ..base.errors import InputError
from .samples import Samples

__all__ = [
    "block_labels",
    "effective_samples",
    "jackknife_error",
    "mser",
    "observables",
    "rhat",
    "series_error",
    "standard_error",
    "tau_int",
]

_WINDOW = 5.0
_FEWEST_DRAWS = 10
_JACKKNIFE_BLOCKS = 40


def tau_int(series: np.ndarray) -> float:
    """Integrated autocorrelation time, in draws.

    Summed up to the first lag past 5 tau (Sokal's window).  Chains are centred on their
    common mean: chains that sit in different places are correlated at all lags.  With
    fewer than 10 draws a chain, lags say little and the spread of the chains' means
    serves instead (1/2 for a single chain).

    Arguments:
        series: Shape `(chain, draw)`.

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
        return _tau_between(series, variance)
    rho = _autocovariance(series - series.mean()) / variance
    sums = np.cumsum(rho) - 0.5  # up to and with each lag
    past = np.arange(len(sums)) >= _WINDOW * sums
    return max(float(sums[np.argmax(past)] if past.any() else sums[-1]), 0.5)


def effective_samples(series: np.ndarray) -> float:
    """Number of independent draws that a series is worth: n / (2 tau_int).

    Example:
        >>> effective_samples(np.ones((2, 50)))
        100.0
    """
    return np.size(series) / (2 * tau_int(series))


def standard_error(series: np.ndarray) -> float:
    """One standard error of the mean over all chains, its autocorrelation counted.

    Example:
        >>> round(standard_error(np.random.default_rng(0).normal(size=(4, 2500))), 3)
        0.01
    """
    series = _as_chains(series)
    if series.size < 2:
        return float("nan")
    return float(series.std(ddof=1) / np.sqrt(max(effective_samples(series), 1.0)))


def rhat(series: np.ndarray) -> float:
    """Split R-hat: 1 where all half-chains agree; above 1.05, say, they have not mixed.

    Returns:
        1 for a constant series, infinity for chains constant at different values, NaN
        for fewer than two draws a chain.

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
    """Number of first draws to leave out: the transient of a start far from equilibrium.

    The marginal standard error rule minimises sum_{t >= d} (x_t - mean)^2 / (n - d)^2
    over d, here with the mean and the sums over all chains.  A minimum in the last
    quarter means that the series is too short to tell; nor is a later one looked for.

    Arguments:
        series: Shape `(chain, draw)`.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=(4, 400))
        >>> start = 20 * np.exp(-np.arange(400) / 10)
        >>> mser(noise) < 20 < mser(noise + start) < 100
        True
    """
    series = _as_chains(series)
    chains, draws = series.shape
    centred = series - np.median(
        series[:, draws // 2 :]
    )  # large offsets would cancel, and a frozen end is 0 exactly
    tail = [np.cumsum((centred**power).sum(axis=0)[::-1])[::-1] for power in (1, 2)]
    left = chains * np.arange(draws, 0, -1)
    rule = np.maximum(tail[1] - tail[0] ** 2 / left, 0.0) / left**2
    return int(np.argmin(rule[: max(draws - draws // 4, 1)]))


def observables(samples: Samples) -> dict[str, np.ndarray]:
    """Series that tell how fast samples forget, whatever the system.

    `order`: the mean state, of angles its cosine and sine; `order size`: how far that is from the
    symmetric state, where `flip` or `turn` is a symmetry, under which a sampler may move all sites
    at once so that the order forgets and its size does not; `neighbours`: the mean product
    of neighbours' deviations from the mean state, of discrete states how often they are
    equal, of angles the mean cosine of their difference.

    Returns:
        Series by name, each of shape `(chain, draw)`.

    Example:
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(32, 8, 8))
        >>> sorted(observables(Samples.from_array(spins, periodic=True)))
        ['neighbours', 'order']
    """
    flat = samples.values.reshape(samples.n, *samples.shape)
    mean = float(flat.mean(dtype=float)) if samples.kind == "real" else 0.0
    parts = []
    for part in scratch.slabs(flat.shape, flat.itemsize, axes=1):
        parts.append(_observed(flat[part], samples.kind, mean))
        scratch.release(flat)
    series = {
        name: np.concatenate([part[name] for part in parts]).reshape(samples.chains, samples.draws)
        for name in parts[0]
    }
    if samples.kind == "angle" and "turn" in samples.symmetries:
        series["order size"] = np.hypot(series["order x"], series["order y"])
    elif samples.kind != "angle" and "flip" in samples.symmetries:
        series["order size"] = np.abs(series["order"] - max(samples.states - 1, 0) / 2)
    return series


def _observed(values: np.ndarray, kind: str, mean: float) -> dict[str, np.ndarray]:
    """Order and likeness of neighbours of each configuration; `mean` is that of all."""
    space = tuple(range(1, values.ndim))
    if kind == "angle":
        series = {
            "order x": np.cos(values).mean(axis=space),
            "order y": np.sin(values).mean(axis=space),
        }
    else:
        series = {"order": values.mean(axis=space, dtype=float)}
    alike = {
        "angle": lambda a, b: np.cos(a - b),
        "discrete": np.equal,
        "real": lambda a, b: (a - mean) * (b - mean),
    }[kind]
    long = [axis for axis in space if values.shape[axis] > 1]
    pairs = [
        (
            np.take(values, range(1, values.shape[k]), k),
            np.take(values, range(values.shape[k] - 1), k),
        )
        for k in long
    ]
    if pairs:
        series["neighbours"] = np.mean([alike(a, b).mean(axis=space) for a, b in pairs], axis=0)
    return series


def block_labels(chains: int, draws: int, parts: int) -> np.ndarray:
    """Disjoint blocks of samples that share no correlated neighbours.

    Whole chains where these divide evenly, else consecutive draws in chain-major order.

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
    """One standard error of a statistic, by leaving out one block at a time.

    Arguments:
        series: Shape `(chain, draw)`.
        blocks: Labels of the same shape, see `block_labels`; at least two blocks.
        statistic: Of a flat array of the samples left in.

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


def series_error(influence: np.ndarray, samples: Samples) -> float:
    """One standard error of a mean over samples: autocorrelation counted, or a jackknife if that is larger.

    Arguments:
        influence: What each sample adds to the mean, shape `(n,)`.
        samples: Whose chains and draws these are.

    Example:
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


def _tau_between(series: np.ndarray, variance: float) -> float:
    """From Var(chain mean) = 2 tau variance / draws."""
    if len(series) < 2:
        return 0.5
    return max(0.5 * series.shape[1] * float(series.mean(axis=1).var(ddof=1)) / variance, 0.5)


def _autocovariance(centred: np.ndarray) -> np.ndarray:
    """Mean over chains of x_s x_{s+t} at lags t = 0..draws-1."""
    draws = centred.shape[1]
    power = np.abs(np.fft.rfft(centred, 2 * draws, axis=1)) ** 2
    products = np.fft.irfft(power.mean(axis=0), 2 * draws)[:draws]
    return products / (draws - np.arange(draws))
