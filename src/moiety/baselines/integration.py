r"""Thermodynamic integration of the energy from infinite temperature, where all states are equal.

    s(beta) = s(0) + beta u(beta) - int_0^beta u(b) db,    u = <E> / N,  s(0) = log q or log 2 pi.

Fluctuations give the slope of u at every temperature, u' = -var(E) / N.  Each interval is
integrated by the trapezoidal rule with end corrections,

    h (u_1 + u_2) / 2 + h^2 (u_1' - u_2') / 12,    with a remainder of h^5 u'''' / 720.

The mismatch between the slopes and the change of u estimates the remainder, which is part of the
error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi, prod

import numpy as np

from ..base.errors import InputError
from ..base.random import Streams
from ..data.samples import Samples
from ..data.statistics import standard_error
from ..results.types import Estimate
from .energies import EnergySeries, model_of

__all__ = ["InfiniteTemperature", "thermodynamic_integration"]

_HOT_SAMPLES = 4096


@dataclass(frozen=True)
class InfiniteTemperature:
    """Start of an integration: averages per site at infinite temperature.

    Args:
        entropy: Entropy, log q for discrete states and log 2 pi for angles.
        energy: Mean energy, <E> / N.
        variance: Variance of the energy, var(E) / N.

    Example:
        >>> import moiety
        >>> model = moiety.system("ising-square", size=16, temperature=2.0)
        >>> hot = InfiniteTemperature.from_samples(model.sample(64, seed=1))
        >>> abs(hot.energy) < 0.01, abs(hot.variance - 2) < 0.2  # two bonds per site
        (True, True)
    """

    entropy: float
    energy: float
    variance: float

    @classmethod
    def from_samples(cls, samples: Samples, seed: int = 0) -> InfiniteTemperature:
        """Averages over states drawn uniformly at random.

        Args:
            samples: Samples of the system, at any temperature.
            seed: Seed for the random states.

        Raises:
            InputError: States are real and have no uniform distribution, or the system of the
                samples is unknown.
        """
        if samples.kind == "real":
            raise InputError("real states have no infinite temperature to start from")
        random, shape = Streams(seed).numpy("hot"), (1, _HOT_SAMPLES, *samples.shape)
        angles = samples.kind == "angle"
        values = (
            random.random(shape, np.float32) * (2 * pi)
            if angles
            else random.integers(0, samples.states, shape, np.uint8)
        )
        energies = model_of(samples).energy(values) / prod(samples.shape)
        return cls(
            log(2 * pi if angles else samples.states),
            float(energies.mean()),
            float(energies.var() * prod(samples.shape)),
        )


def thermodynamic_integration(
    sweep: Sequence[EnergySeries], hot: InfiniteTemperature
) -> tuple[Estimate, ...]:
    """Estimate the entropy per site at every temperature of a sweep.

    Args:
        sweep: Energies of independent samples, one series per temperature.  Above the highest
            temperature, u must be smooth.
        hot: Averages at infinite temperature.

    Returns:
        One estimate per temperature, in the order of the sweep.

    Raises:
        InputError: The sweep is empty, or has equal temperatures or lattices of different sizes.

    Example:
        >>> import moiety
        >>> temperatures = (8.0, 3.0, 2.0, 1.5, 1.0)
        >>> models = [moiety.system("ising-chain", size=16, temperature=t) for t in temperatures]
        >>> samples = [model.sample(1024, seed=k) for k, model in enumerate(models)]
        >>> sweep = [EnergySeries.from_samples(part) for part in samples]
        >>> hot = InfiniteTemperature.from_samples(samples[0])
        >>> coldest = thermodynamic_integration(sweep, hot)[-1]
        >>> abs(coldest.entropy - models[-1].exact_entropy()) < 4 * coldest.error
        True
    """
    betas = np.array([1 / series.temperature for series in sweep])
    if (
        not len(betas)
        or len(np.unique(betas)) < len(betas)
        or len({series.sites for series in sweep}) > 1
    ):
        raise InputError("thermodynamic integration needs different temperatures of one lattice")
    order = np.argsort(betas)
    beta = np.concatenate([[0.0], betas[order]])
    cooling = [sweep[k] for k in order]
    u = np.array([hot.energy, *(float(at.energies.mean()) / at.sites for at in cooling)])
    slope = -np.array([hot.variance, *(float(at.energies.var()) / at.sites for at in cooling)])
    step = np.diff(beta)
    parts = step * (u[1:] + u[:-1]) / 2 + step**2 * (slope[:-1] - slope[1:]) / 12
    remainder = np.abs(step * (np.diff(u) - step * (slope[1:] + slope[:-1]) / 2)) / 12
    estimates = {}
    for place, index in enumerate(order, start=1):
        entropy = hot.entropy + beta[place] * u[place] - parts[:place].sum()
        error = np.hypot(_sampling_error(cooling, beta[: place + 1]), remainder[:place].sum())
        estimates[index] = Estimate(float(entropy), float(error))
    return tuple(estimates[index] for index in range(len(betas)))


def _sampling_error(cooling: Sequence[EnergySeries], beta: np.ndarray) -> float:
    """One standard error of s at the last beta, from the samples at all temperatures above."""
    step, last = np.diff(beta), len(beta) - 1
    variance = 0.0
    for place in range(1, last + 1):
        before, after = step[place - 1], step[place] if place < last else 0.0
        weight = (beta[last] if place == last else 0.0) - (before + after) / 2  # of u
        slope_weight = (before**2 - after**2) / 12
        series = cooling[place - 1]
        squares = series.deviations**2
        influence = (
            weight * series.deviations - slope_weight * (squares - squares.mean())
        ) / series.sites
        variance += standard_error(influence.reshape(series.energies.shape)) ** 2
    return float(np.sqrt(variance))
