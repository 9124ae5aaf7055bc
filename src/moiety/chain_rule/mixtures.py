"""Mixtures: densities of continuous states with several components."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

__all__ = ["COMPONENTS", "chosen"]

COMPONENTS = 4  # of a mixture


def chosen(scores: Tensor, rng: np.random.Generator) -> Tensor:
    """One of the components of each row, with probabilities softmax(scores), shape `(n,)`.

    Args:
        scores: Logarithms of the weights up to a constant, shape `(n, components)`.
        rng: Source of random numbers.
    """
    levels = scores.double().softmax(dim=1).cumsum(dim=1).numpy()
    drawn = rng.random((len(levels), 1)) * levels[:, -1:]
    return torch.from_numpy((levels < drawn).sum(axis=1))
