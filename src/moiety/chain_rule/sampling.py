"""Draw configurations from a trained network of the chain rule, with their log density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..base.errors import InputError
from ..base.random import Streams
from ..data.samples import Samples
from .arranged import ArrangedSites
from .network import ConditionalNetwork

__all__ = ["Draws", "draw", "log_density"]

_AT_ONCE = 1 << 14  # sites of one step that are drawn together


@dataclass(frozen=True, eq=False)
class Draws:
    """Configurations drawn from a network.

    Args:
        samples: The configurations.
        log_density: Log density of each whole configuration in nats, shape `(n,)`.
    """

    samples: Samples
    log_density: np.ndarray


@torch.no_grad()
def draw(
    sites: ArrangedSites, network: ConditionalNetwork, n: int, seed: int = 0, point: int = 0
) -> Draws:
    """Draw whole configurations, site after site in the order of the network.

    Args:
        sites: The sites that the network was trained on.
        network: The network.
        n: Number of configurations, at least 8.
        seed: Seed of the random numbers.
        point: Number of the state point.

    Raises:
        InputError: Fewer than 8 configurations.
    """
    if n < 8:
        raise InputError(f"at least 8 configurations are drawn, not {n}")
    rng = Streams(seed).numpy("draws", point)
    parts = [
        _drawn(sites, network, count, rng, point)
        for count in np.diff([*range(0, n, _AT_ONCE), n]).tolist()
    ]
    encoded = torch.cat([part for part, _ in parts])
    first, pool = sites.pool.sweep[point], sites.pool
    values = pool.encoding.decoded(encoded).reshape(1, n, *pool.shape)
    samples = first.replace(values=values.astype(first.values.dtype), provenance={})
    return Draws(samples, torch.cat([part for _, part in parts]).numpy())


def _drawn(
    sites: ArrangedSites,
    network: ConditionalNetwork,
    count: int,
    rng: np.random.Generator,
    point: int,
) -> tuple[Tensor, Tensor]:
    """Encoded configurations `(count, channels, sites)` and their log densities."""
    encoded = torch.zeros(count, sites.pool.encoding.channels, sites.pool.sites + 1)
    total = torch.zeros(count, dtype=torch.float64)
    for site in sites.by_rank.tolist():
        inputs = sites.inputs(encoded, site, point)
        scores, frame = network.scores(*inputs)
        target = network.density.draw(scores, frame, rng)
        total += network.density.log_density(scores, target, frame).double()
        encoded[:, :, site] = target
    return encoded[:, :, :-1], total + network.density.log_volume * sites.pool.sites


@torch.no_grad()
def log_density(
    sites: ArrangedSites, network: ConditionalNetwork, samples: Samples, point: int = 0
) -> np.ndarray:
    """Log density of whole configurations in nats, shape `(n,)`.

    Args:
        sites: The sites that the network was trained on.
        network: The network.
        samples: Configurations like those of the training.
        point: Number of the state point.

    Raises:
        InputError: Configurations of another kind or shape.
    """
    pool, like = sites.pool, sites.pool.sweep[point]
    if (samples.kind, samples.states, samples.shape) != (like.kind, like.states, like.shape):
        raise InputError(f"{samples!r} are not like the samples of the network: {like!r}")
    values = torch.from_numpy(samples.values.reshape(samples.n, -1))
    picks = torch.arange(pool.sites)[None]
    total = []
    for part in torch.split(torch.arange(samples.n), max(_AT_ONCE // pool.sites, 1)):
        encoded = pool.encoding(values[part])
        log_p = network(*sites.contexts(encoded, picks, point))
        total.append(log_p.double().view(len(part), -1).sum(dim=1))
    return torch.cat(total).numpy()
