"""A pair of Gaussians, where the optimal critic and M are known."""

from math import log

import numpy as np
import torch

CORRELATION = 0.6
INFORMATION = -0.5 * log(1 - CORRELATION**2)  # 0.223 nats
BATCHES, BATCH = 50, 4000


def log_odds(x, y, r=CORRELATION):
    """The optimal critic, log p(x, y) / p(x) p(y), of unit Gaussians with correlation r."""
    return -0.5 * log(1 - r**2) + (2 * r * x * y - r**2 * (x**2 + y**2)) / (2 * (1 - r**2))


def pairs(n, seed=0, correlation=CORRELATION):
    """Joint pairs x, y, shape `(n,)`."""
    x, noise = np.random.default_rng(seed).normal(size=(2, n))
    return torch.from_numpy(x), torch.from_numpy(
        correlation * x + np.sqrt(1 - correlation**2) * noise
    )


def scored(n, products=1, seed=0, correlation=CORRELATION):
    """Scores of joint pairs, shape `(n,)`, and of product pairs, `(products, n)`."""
    x, y = pairs(n, seed, correlation)
    others = torch.from_numpy(np.random.default_rng((seed, 1)).normal(size=(products, n)))
    return log_odds(x, y), log_odds(x, others)


def averages():
    """Weights and scores of x, its partner and another value on a grid: quadrature to 1e-6."""
    grid = np.linspace(-7, 7, 113)
    weight = np.exp(-(grid**2) / 2) / np.exp(-(grid**2) / 2).sum()
    x, noise, other = grid[:, None, None], grid[None, :, None], grid[None, None, :]
    partner = CORRELATION * x + np.sqrt(1 - CORRELATION**2) * noise
    joint, product = log_odds(x, partner), log_odds(x, other)
    return weight[:, None, None] * weight[:, None] * weight, joint, product


def assert_mean(values, expected, sigmas=4.0):
    """4 sigma of the spread between batches: one false alarm in 10^4."""
    values = np.array(values)
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - expected) < sigmas * error, (
        f"{values.mean():.5f} ± {error:.5f} against {expected:.5f}"
    )
