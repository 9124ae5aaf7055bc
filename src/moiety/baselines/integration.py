r"""Thermodynamic integration of the energy from infinite temperature, where all states are alike.

    s(beta) = s(0) + beta u(beta) - int_0^beta u(b) db,        u = <E> / N,  s(0) = log q or log 2 pi.

The slope of u is known at every temperature from fluctuations, u' = -var(E) / N, so that intervals are
integrated by the trapezium with its correction at both ends,

    h (u_1 + u_2) / 2 + h^2 (u_1' - u_2') / 12,        off by h^5 u'''' / 720.

What that leaves is judged by how far the slopes miss the change of u, and is part of the error.
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

__all__ = ["Hot", "thermodynamic_integration"]

_HOT_SAMPLES = 4096


@dataclass(frozen=True)
class Hot:
    """What is known at infinite temperature, per site.

    Arguments:
        entropy: log q of discrete states, log 2 pi of angles.
        energy: Its mean, <E> / N.
        variance: Of the energy, var(E) / N.

    Example:
        >>> import moiety
        >>> hot = Hot.of(moiety.system("ising-square", size=16, temperature=2.0).sample(64, seed=1))
        >>> abs(hot.energy) < 0.01, abs(hot.variance - 2) < 0.2  # two bonds a site
        (True, True)
    """

    entropy: float
    energy: float
    variance: float

    @classmethod
    def of(cls, samples: Samples, seed: int = 0) -> Hot:
        """By states drawn at random, of the lattice and system of the samples.

        Raises:
            InputError: Real states, which have no uniform distribution.
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


def thermodynamic_integration(sweep: Sequence[EnergySeries], hot: Hot) -> tuple[Estimate, ...]:
    """The entropy per site at every temperature of a sweep.

    Arguments:
        sweep: Energies of independent samples, one temperature each, the highest of them high enough for u
            to be smooth above it.
        hot: See `Hot`.

    Returns:
        One for each, in the order of the sweep.

    Raises:
        InputError: No or equal temperatures, or lattices of different sizes.

    Example:
        >>> import moiety
        >>> models = [moiety.system("ising-chain", size=16, temperature=t) for t in (8.0, 3.0, 2.0, 1.5, 1.0)]
        >>> drawn = [model.sample(1024, seed=k) for k, model in enumerate(models)]
        >>> found = thermodynamic_integration([EnergySeries.of(one) for one in drawn], Hot.of(drawn[0]))
        >>> abs(found[-1].entropy - models[-1].exact_entropy()) < 4 * found[-1].error
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
    chosen = [sweep[k] for k in order]
    u = np.array([hot.energy, *(float(one.energies.mean()) / one.sites for one in chosen)])
    slope = -np.array([hot.variance, *(float(one.energies.var()) / one.sites for one in chosen)])
    step = np.diff(beta)
    parts = step * (u[1:] + u[:-1]) / 2 + step**2 * (slope[:-1] - slope[1:]) / 12
    missed = np.abs(step * (np.diff(u) - step * (slope[1:] + slope[:-1]) / 2)) / 12
    found: list[Estimate | None] = [None] * len(betas)
    for place, at in enumerate(order, start=1):
        entropy = hot.entropy + beta[place] * u[place] - parts[:place].sum()
        error = np.hypot(_sampling(chosen, beta[: place + 1]), missed[:place].sum())
        found[at] = Estimate(float(entropy), float(error))
    return tuple(one for one in found if one)


def _sampling(chosen: Sequence[EnergySeries], beta: np.ndarray) -> float:
    """One standard error of s at the last beta, from the samples of all temperatures up to it."""
    step, last = np.diff(beta), len(beta) - 1
    variance = 0.0
    for place in range(1, last + 1):
        before, after = step[place - 1], step[place] if place < last else 0.0
        of_u = (beta[last] if place == last else 0.0) - (before + after) / 2
        of_slope = (before**2 - after**2) / 12
        series = chosen[place - 1]
        squares = series.deviations**2
        influence = (
            of_u * series.deviations - of_slope * (squares - squares.mean())
        ) / series.sites
        variance += standard_error(influence.reshape(series.energies.shape)) ** 2
    return float(np.sqrt(variance))
