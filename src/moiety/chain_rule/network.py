"""The network of the chain rule: from the context of a site to the log density of its state."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .batches import Batches
from .densities import density_for
from .positions import PositionedNetwork, SiteTerms

__all__ = ["ConditionalNetwork", "build_network"]


class Density(Protocol):
    """The density of a site, as the last layer of a network; see `densities`."""

    features: int
    """Numbers that describe a context."""
    outputs: int
    """Numbers that describe a density."""
    log_volume: float
    """Added to the log density of an encoded state, it gives that of the state."""

    def frame(self, context: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Features of contexts in their own frames, `(n, features)`, and the frames."""

    def log_density(self, scores: Tensor, target: Tensor, frame: Tensor) -> Tensor:
        """Log density of the targets in nats, shape `(n,)`."""

    def draw(self, scores: Tensor, frame: Tensor, rng: np.random.Generator) -> Tensor:
        """One encoded state from each density, shape `(n, channels)`."""


class ConditionalNetwork(nn.Module):
    """Log density of a site's state given its context, its state point and its kind.

    If there are several kinds of site, each multiplies the first layer and adds to it.

    Args:
        density: Density of a site; see `density_for`.
        width: Width of the two hidden layers.
        parameters: Number of parameters of a state point.
        kinds: Number of kinds of site.
    """

    density: Density

    def __init__(self, density: Density, width: int, parameters: int, kinds: int = 1):
        super().__init__()
        self.density = density
        self.first = nn.Linear(density.features, width)
        self.point = nn.Linear(parameters, width, bias=False) if parameters else None
        if kinds > 1:
            self.multiplied = nn.Parameter(torch.zeros(kinds, width))
            self.added = nn.Parameter(torch.zeros(kinds, width))
        hidden = nn.Linear(width, width)
        last = nn.Linear(width, density.outputs)
        nn.init.zeros_(last.bias)
        self.rest = nn.Sequential(nn.SiLU(), hidden, nn.SiLU(), last)

    def forward(
        self,
        context: Tensor,
        known: Tensor,
        target: Tensor,
        point: Tensor,
        kind: Tensor | None = None,
    ) -> Tensor:
        """Log density of each target in nats, shape `(n,)`; see `Batches.batch`."""
        scores, frame = self.scores(context, known, point, kind)
        return self.density.log_density(scores, target, frame) + self.density.log_volume

    def scores(
        self, context: Tensor, known: Tensor, point: Tensor, kind: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What describes the density of each site, and its frame; see `Density`."""
        features, frame = self.density.frame(context, known)
        hidden = self.first(features)
        if kind is not None:
            # a product with 0 and 1: to index is slow, backwards above all
            which = functional.one_hot(kind, len(self.added)).to(hidden.dtype)
            hidden = hidden * (1 + which @ self.multiplied) + which @ self.added
        if self.point is not None:
            hidden = hidden + self.point(point)
        return self.rest(hidden), frame


def build_network(sites: Batches, width: int) -> nn.Module:
    """A network for some sites, with random initial weights.

    Args:
        sites: The sites.
        width: Width of the two hidden layers.
    """
    pool = sites.pool
    density = density_for(pool.encoding, sites.around, pool.symmetries)
    if not sites.fixed:
        return ConditionalNetwork(density, width, pool.parameters, len(sites.names))
    terms = SiteTerms(
        pool.sites,
        pool.encoding.channels,
        torch.from_numpy(sites.around.steps),
        density.shifts,
        density.weighted,
        centred=density.is_odd,
    )
    return PositionedNetwork(density, terms, width)
