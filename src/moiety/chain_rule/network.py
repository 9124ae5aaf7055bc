"""The network of the chain rule: from the context of a site to the log density of its state."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from .densities import density_for
from .positions import PositionedNetwork, SiteTerms
from .sites import Sites

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


class ConditionalNetwork(nn.Module):
    """Log density of a site's state given its context and its state point.

    Args:
        density: Density of a site; see `density_for`.
        width: Width of the two hidden layers.
        parameters: Number of parameters of a state point.
    """

    density: Density

    def __init__(self, density: Density, width: int, parameters: int):
        super().__init__()
        self.density = density
        self.first = nn.Linear(density.features, width)
        self.point = nn.Linear(parameters, width, bias=False) if parameters else None
        hidden = nn.Linear(width, width)
        last = nn.Linear(width, density.outputs)
        nn.init.zeros_(last.bias)
        self.rest = nn.Sequential(nn.SiLU(), hidden, nn.SiLU(), last)

    def forward(self, context: Tensor, known: Tensor, target: Tensor, point: Tensor) -> Tensor:
        """Log density of each target in nats, shape `(n,)`; see `Contexts.draw`."""
        features, frame = self.density.frame(context, known)
        hidden = self.first(features)
        if self.point is not None:
            hidden = hidden + self.point(point)
        return self.density.log_density(self.rest(hidden), target, frame) + self.density.log_volume


def build_network(sites: Sites, width: int) -> nn.Module:
    """A network for some sites, with random initial weights.

    Args:
        sites: The sites.
        width: Width of the two hidden layers.
    """
    density = density_for(sites.encoding, sites.around, sites.symmetries)
    if not sites.fixed:
        return ConditionalNetwork(density, width, sites.parameters)
    terms = SiteTerms(
        sites.whole.sites,
        sites.encoding.channels,
        torch.from_numpy(sites.around.steps),
        density.shifts,
        density.weighted,
        centred=density.is_odd,
    )
    return PositionedNetwork(density, terms, width)
