r"""Halves of different samples at the same place: what they share, they share through the place.

If all places are equivalent, a half of sample i and the other half of sample j are a product pair
wherever they come from, and M between them is zero.  A critic F tells by

    D = <F(A_i(p), B_j(p))> - <F(A_i(p), B_j(q))>

with p and q places drawn independently of each other.  D is zero within its sampling error for
any F if places are equivalent; if they are not, part of the critic's M is knowledge of the place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..data.statistics import standard_error
from .pairs import Source

__all__ = ["PlaceEffect", "place_effect", "score_at_same_places"]

_SHARE = 8  # reads of a held-out sample for every one that is paired anew
_CHUNK = 256  # samples scored together


@dataclass(frozen=True)
class PlaceEffect:
    """By how much critics score halves of different samples higher at the same place.

    Args:
        value: D of the module, in nats.
        error: Its standard error.
    """

    value: float
    error: float

    @property
    def sigmas(self) -> float:
        """D in standard errors; 0 for critics that score all pairs alike."""
        return self.value / self.error if self.error > 0 else 0.0


def place_effect(differences: np.ndarray, shape: tuple[int, int]) -> PlaceEffect | None:
    """D of all samples.

    Args:
        differences: What `score_at_same_places` returned, for all samples in their order.
        shape: Numbers of chains and of draws per chain.

    Returns:
        D with its error; None if no pair was scored.

    Example:
        >>> differences = np.random.default_rng(0).normal(0.5, 1.0, size=400)
        >>> effect = place_effect(differences, (4, 100))
        >>> abs(effect.value - 0.5) < 0.2, round(effect.error, 2)
        (True, 0.05)
    """
    if np.isnan(differences).any():
        return None
    return PlaceEffect(float(differences.mean()), standard_error(differences.reshape(shape)))


@torch.no_grad()
def score_at_same_places(
    source: Source,
    indices: np.ndarray,
    module: nn.Module,
    calibrate: Callable[[Tensor], Tensor],
    generator: torch.Generator,
) -> np.ndarray:
    """By how much the scores of different samples are higher at the same place.

    Args:
        source: Source of the pairs.
        indices: Held-out samples, in order; partners are half of them apart.
        module: Trained network.
        calibrate: Map of its scores.
        generator: Source of random numbers.

    Returns:
        Contribution of each sample to D in nats, shape `(len(indices),)`; NaN where interfaces
        are so long that samples are read only a few times.
    """
    samples = torch.from_numpy(indices)
    partners = samples.roll(-(len(indices) // 2))
    rounds = source.reads // _SHARE
    total = torch.zeros(len(indices), dtype=torch.float64)
    for _ in range(rounds):
        for part in torch.split(torch.arange(len(indices)), _CHUNK):
            state = generator.get_state()
            a, _ = source.draw(samples[part], generator)
            generator.set_state(state)
            _, here = source.draw(partners[part], generator)
            _, elsewhere = source.draw(partners[part], generator)
            same, random = (calibrate(module(a, b)) for b in (here, elsewhere))
            total[part] += (same - random).double().cpu()
    differences: np.ndarray = (total / rounds).numpy()
    return differences
