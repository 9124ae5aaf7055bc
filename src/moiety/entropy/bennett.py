r"""Bennett's acceptance ratio between samples and draws of a network.

With W = -log q - beta E in both sets,

    sum_samples f(W - c) = sum_draws f(c - W),    f(w) = 1 / (1 + e^w),

is solved by c = log Z up to the logarithm of the ratio of their numbers: J. Comput. Phys. 22, 245
(1976), https://doi.org/10.1016/0021-9991(76)90078-4.  The solver is pymbar's
(https://pymbar.readthedocs.io).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib.util import find_spec
from math import exp, log, sqrt

import numpy as np
from scipy.special import expit, logsumexp

from ..base.errors import EstimateError, InputError
from ..data.statistics import standard_error

__all__ = ["Bennett", "acceptance_ratio", "check_pymbar", "effective_draws"]

_LEAST_OVERLAP = 0.01  # below it, log Z rests on a few samples


@dataclass(frozen=True, eq=False)
class Bennett:
    """W of samples and of draws, and what follows for log Z, in nats.

    Args:
        held_out: W of samples.
        drawn: W of draws that are allowed.
        log_z: log Z.
        error: Its standard error.
        overlap: How far samples and draws look alike: 1 if they cannot be told apart.
    """

    held_out: np.ndarray
    drawn: np.ndarray
    log_z: float
    error: float
    overlap: float


def check_pymbar() -> None:
    """Refuse work whose package is not installed.

    Raises:
        InputError: It is missing.
    """
    if find_spec("pymbar") is None:
        raise InputError("pymbar is not installed; pip install 'moiety[energies]'")


def acceptance_ratio(held_out: np.ndarray, drawn: np.ndarray) -> Bennett:
    """Log Z from W of samples and of draws.

    Args:
        held_out: W of samples, shape `(n,)`.
        drawn: W of draws, minus infinity where a configuration is forbidden, shape `(m,)`.

    Raises:
        InputError: pymbar is not installed.
        EstimateError: Samples and draws are too far apart, or no draw is allowed.

    Example:
        >>> rng = np.random.default_rng(0)  # log Z = 3; p and q are normal, one unit apart
        >>> x, y = rng.normal(1, 1, 4000), rng.normal(0, 1, 4000)
        >>> found = acceptance_ratio(3 + x - 0.5, 3 + y - 0.5)
        >>> abs(found.log_z - 3) < 4 * found.error < 0.1
        True
        >>> same = acceptance_ratio(np.full(100, 3.0), np.full(4000, 3.0))
        >>> round(same.log_z, 6), round(same.overlap, 6)
        (3.0, 1.0)
    """
    check_pymbar()
    allowed = np.isfinite(drawn)
    if not allowed.any():
        raise EstimateError("no draw of the network is an allowed configuration; train longer")
    # among the allowed configurations the density of the draws is larger
    share = float(allowed.mean())
    held_out, kept = held_out + log(share), drawn[allowed] + log(share)
    log_z = _solved(held_out, kept)
    more = log(len(kept) / len(held_out))
    like_draws = expit(more - held_out + log_z)
    like_samples = expit(kept - log_z - more)
    width = float((like_draws * (1 - like_draws)).sum() + (like_samples * (1 - like_samples)).sum())
    overlap = width * (1 / len(held_out) + 1 / len(kept))
    if overlap < _LEAST_OVERLAP:
        raise EstimateError(
            f"samples and draws of the network are too far apart (overlap {overlap:.2g}): "
            "train longer, or check the energies and the temperature"
        )
    spread = np.hypot(
        len(held_out) * standard_error(like_draws), len(kept) * standard_error(like_samples)
    )
    error = float(np.hypot(spread / width, sqrt((1 / share - 1) / len(drawn))))
    return Bennett(held_out, kept, log_z, error, overlap)


def _solved(held_out: np.ndarray, drawn: np.ndarray) -> float:
    """The solution c of Bennett's equation, in nats."""
    logging.getLogger("pymbar").setLevel(logging.ERROR)  # it advertises its options on import
    from pymbar.other_estimators import bar
    from pymbar.utils import BoundsError

    if max(held_out.max(), drawn.max()) == min(held_out.min(), drawn.min()):
        return float(held_out[0])  # a perfect network; pymbar finds no interval around its only W
    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            return -float(bar(-drawn, held_out, compute_uncertainty=False)["Delta_f"])
    except BoundsError:
        raise EstimateError(
            "samples and draws of the network have nothing in common: train longer, or check the"
            " energies and the temperature"
        ) from None


def effective_draws(drawn: np.ndarray) -> float:
    """Effective number of draws with weights e^W.

    Args:
        drawn: W of draws.

    Example:
        >>> round(effective_draws(np.zeros(512)))
        512
    """
    return float(exp(2 * logsumexp(drawn) - logsumexp(2 * drawn)))
