r"""Free energies where energies are known.

In equilibrium -log p(x) = beta E(x) + log Z.  With the density q of a network, W(x) = -log q(x) -
beta E(x) would be log Z for every x if the network were right.  Averages over samples and over
draws from the network enclose it,

    <W>_q <= log Z <= <W>_p,

and Bennett's acceptance ratio of both (J. Comput. Phys. 22, 245 (1976),
https://doi.org/10.1016/0021-9991(76)90078-4) gives log Z without bias, whatever the network.  Then

    F = -T log Z,    S = beta <E> + log Z.

The sampling error of S is that of <E> alone.  Energies of another temperature, or of other samples,
are noticed: -log q against E then has another slope than beta.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp, inf, log, sqrt

import numpy as np
from scipy.special import expit, logsumexp

from ..base.errors import EstimateError, InputError
from ..base.random import Streams
from ..chain_rule.estimate import ChainRuleEstimate
from ..data.samples import Samples
from ..data.statistics import series_error, standard_error

__all__ = ["FreeEnergy", "free_energy"]

_SAMPLES = 512  # of each fold that are compared with draws
_LEAST_OVERLAP = 0.01  # below it, log Z rests on a few samples

Energy = Callable[[Samples], np.ndarray]
"""Energy of each sample, infinite where a configuration is forbidden, shape `(n,)`."""


@dataclass(frozen=True)
class FreeEnergy:
    """Free energy and entropy of samples with known energies, per site.

    Args:
        temperature: Temperature that was given.
        log_z: log Z per site.
        log_z_error: Its standard error.
        lower: Mean of W over draws from the networks: at most log Z, up to its error.
        upper: Mean of W over samples: at least log Z, up to its error.
        overlap: How far samples and draws look alike: 1 if they cannot be told apart.
        effective: Effective number of draws as samples, by their weights e^W.
        energy: Mean energy.
        entropy: Entropy in nats.
        entropy_error: Its standard error.
        heat_capacity: Variance of the total energy over T^2 and sites.
        fitted: Temperature at which -log q against E has the right slope.
        fitted_error: Its standard error.
    """

    temperature: float
    log_z: float
    log_z_error: float
    lower: float
    upper: float
    overlap: float
    effective: float
    energy: float
    entropy: float
    entropy_error: float
    heat_capacity: float
    fitted: float
    fitted_error: float

    @property
    def value(self) -> float:
        """Free energy per site, -T log Z."""
        return -self.temperature * self.log_z

    @property
    def error(self) -> float:
        """Standard error of the free energy."""
        return self.temperature * self.log_z_error


def free_energy(
    estimate: ChainRuleEstimate,
    energy: Energy,
    temperature: float,
    *,
    draws: int = 512,
    seed: int = 0,
) -> FreeEnergy:
    """Combine an estimate by the chain rule with energies of samples and of draws.

    Each fold's network is compared with samples that it never saw, and with its own draws.

    Args:
        estimate: The estimate, of a single state point or of one of a sweep.
        energy: Returns the energy of each of some samples, in the unit of the temperature.
        temperature: Temperature at which the samples were drawn.
        draws: Number of configurations drawn from each fold's network.
        seed: Seed of the draws.

    Raises:
        InputError: A temperature that is not positive, energies of another number or NaN, or
            networks that draw no configurations.
        EstimateError: Samples and draws are too far apart, or no draw is allowed.

    Example:
        >>> import moiety
        >>> from moiety.chain_rule.estimate import ChainRule, estimate_chain_rule
        >>> from moiety.estimation.training import Training
        >>> model = moiety.system("ising-square", size=4, temperature=3.0)
        >>> quick = ChainRule(evaluations=2**14, training=Training(steps=100))
        >>> estimate = estimate_chain_rule(model.sample(512, seed=1), quick)
        >>> found = free_energy(estimate, lambda s: model.energy(s.values).ravel(), 3.0)
        >>> abs(found.entropy - model.exact_entropy()) < 4 * found.entropy_error
        True
        >>> found.lower < found.log_z < found.upper
        True
    """
    if not 0 < temperature < inf:
        raise InputError(f"the temperature must be positive, not {temperature}")
    samples, sites = estimate.samples, estimate.samples.sites
    energies = _energies(energy, samples)
    if not np.isfinite(energies).all():
        raise InputError("a sample has an infinite energy: it cannot have been drawn")
    folds = [
        _compared(estimate, fold, energy, energies / temperature, temperature, draws, seed)
        for fold in range(len(estimate.modules))
    ]
    log_z = np.array([fold.log_z for fold in folds])
    error = float(np.linalg.norm([fold.error for fold in folds])) / len(folds) / sites
    mean, spread = float(energies.mean()), series_error(energies, samples)
    value = float(log_z.mean()) / sites
    slope, slope_error = _slope(folds)
    return FreeEnergy(
        temperature=temperature,
        log_z=value,
        log_z_error=error,
        lower=float(np.mean([fold.drawn.mean() for fold in folds])) / sites,
        upper=float(np.mean([fold.held_out.mean() for fold in folds])) / sites,
        overlap=min(fold.overlap for fold in folds),
        effective=sum(_effective(fold.drawn) for fold in folds),
        energy=mean / sites,
        entropy=mean / sites / temperature + value,
        entropy_error=float(np.hypot(spread / sites / temperature, error)),
        heat_capacity=float(energies.var()) / temperature**2 / sites,
        fitted=temperature / slope,
        fitted_error=temperature * slope_error / slope**2,
    )


@dataclass(frozen=True, eq=False)
class _Fold:
    """W of samples and draws of one fold, in nats.

    Args:
        held_out: W of samples.
        drawn: W of draws that are allowed.
        reduced: beta E of the samples.
        log_z: log Z.
        error: Its standard error.
        overlap: How far samples and draws look alike.
    """

    held_out: np.ndarray
    drawn: np.ndarray
    reduced: np.ndarray
    log_z: float
    error: float
    overlap: float


def _compared(
    estimate: ChainRuleEstimate,
    fold: int,
    energy: Energy,
    reduced: np.ndarray,
    temperature: float,
    draws: int,
    seed: int,
) -> _Fold:
    held_out = estimate.held_out(fold)
    chosen = held_out[:: -(-len(held_out) // _SAMPLES)]
    samples = estimate.samples
    flat = samples.values.reshape(1, samples.n, *samples.shape)
    kept = samples.replace(values=flat[:, chosen])
    drawn = estimate.sample(draws, Streams(seed).integer("fold", fold), fold=fold)
    of_draws = _energies(energy, drawn.samples) / temperature
    allowed = np.isfinite(of_draws)
    if not allowed.any():
        raise EstimateError("no draw of the network is an allowed configuration; train longer")
    # among the allowed configurations the density of the draws is larger
    share = float(allowed.mean())
    from_samples = -estimate.log_density(kept, fold=fold) - reduced[chosen] + log(share)
    from_draws = -drawn.log_density[allowed] - of_draws[allowed] + log(share)
    found = _bennett(from_samples, from_draws, reduced[chosen])
    return replace(found, error=float(np.hypot(found.error, sqrt((1 / share - 1) / draws))))


def _bennett(held_out: np.ndarray, drawn: np.ndarray, reduced: np.ndarray) -> _Fold:
    """Bennett's acceptance ratio of W over samples and over draws."""
    logging.getLogger("pymbar").setLevel(logging.ERROR)  # it advertises its options on import
    try:
        from pymbar.other_estimators import bar
    except ImportError as error:
        raise InputError("pymbar is not installed; pip install 'moiety[energies]'") from error
    log_z = -float(bar(-drawn, held_out)["Delta_f"])
    more = log(len(drawn) / len(held_out))
    like_draws = expit(more - held_out + log_z)
    like_samples = expit(drawn - log_z - more)
    width = float((like_draws * (1 - like_draws)).sum() + (like_samples * (1 - like_samples)).sum())
    overlap = 4 * width / (len(held_out) + len(drawn))
    if overlap < _LEAST_OVERLAP:
        raise EstimateError(
            f"samples and draws of the network are too far apart (overlap {overlap:.2g}): "
            "train longer, or check the energies and the temperature"
        )
    spread = np.hypot(
        len(held_out) * standard_error(like_draws), len(drawn) * standard_error(like_samples)
    )
    return _Fold(held_out, drawn, reduced, log_z, float(spread) / width, overlap)


def _energies(energy: Energy, samples: Samples) -> np.ndarray:
    found = np.asarray(energy(samples), dtype=float)
    if found.shape != (samples.n,) or np.isnan(found).any():
        raise InputError(
            f"one energy for each of {samples.n} samples is needed, without NaN; found an array of"
            f" shape {found.shape}"
        )
    return found


def _slope(folds: Sequence[_Fold]) -> tuple[float, float]:
    """Slope of -log q against beta E of the samples, and its standard error."""
    slopes, errors = [], []
    for fold in folds:
        centred = fold.reduced - fold.reduced.mean()
        square = float(centred @ centred)
        if square == 0:
            return 1.0, inf
        excess = float(centred @ fold.held_out) / square
        residual = fold.held_out - fold.held_out.mean() - excess * centred
        slopes.append(1 + excess)
        errors.append(float(residual.std()) / sqrt(square))
    return float(np.mean(slopes)), float(np.linalg.norm(errors)) / len(errors)


def _effective(drawn: np.ndarray) -> float:
    """Effective number of draws with weights e^W."""
    return float(exp(2 * logsumexp(drawn) - logsumexp(2 * drawn)))
