r"""The network of the chain rule for sites that differ: every site has weights of its own.

    scores(i) = b + b_i + (W + W_i) context + f(context, e_i)

b and W are shared by all sites; b_i and W_i have a Gaussian prior, because the samples of a single
site are few.  Validation samples choose its width (`own_terms`), so that sites that are alike lose
little.  f is a network shared by all sites.  It knows a site by its embedding e_i, which is added
and multiplied into the first layer, and sees the context both as it is and weighted by W + W_i, so
that bonds with different couplings look alike to f.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .densities import Density

__all__ = ["PositionedNetwork", "SiteTerms"]

_EMBEDDING = 8
_START = 0.01  # factor of the last weights of f at the start
_SHARED_PRECISION = 0.1


class SiteTerms(nn.Module):
    """The terms b + b_i + (W + W_i) context.

    Args:
        sites: Number of sites.
        channels: Numbers that encode a state.
        steps: Offsets of the neighbours, shape `(k, dimensions)`.
        outputs: Numbers that the terms add to a density.
        weighted: How many of them depend on the context, the first ones.
        centred: Whether a symmetry of the Hamiltonian rules out b and b_i.

    The prior of W_i has the precision `precision`, which grows with the squared distance of a
    neighbour; that of b_i has the precision `bias_precision`.
    """

    growth: Tensor

    def __init__(
        self,
        sites: int,
        channels: int,
        steps: Tensor,
        outputs: int,
        weighted: int,
        *,
        centred: bool,
    ):
        super().__init__()
        features = channels * len(steps)
        self.shared_weight = nn.Parameter(torch.zeros(weighted, features))
        self.shared_bias = nn.Parameter(torch.zeros(outputs))
        self.weight = nn.Parameter(torch.zeros(sites, weighted, features))
        self.bias = nn.Parameter(torch.zeros(sites, outputs))
        distances = steps.float().norm(dim=1).clamp(min=1)
        self.register_buffer("growth", distances.square().repeat(channels))
        self.free = 0.0 if centred else 1.0
        self.precision, self.bias_precision = 1.0, 1.0

    def forward(self, context: Tensor, site: Tensor) -> tuple[Tensor, Tensor]:
        """The terms of some sites, and the contexts that they are sums of.

        Args:
            context: Encoded neighbours, 0 if unknown, shape `(n, channels, k)`.
            site: Number of each site, shape `(n,)`.

        Returns:
            Terms, shape `(n, outputs)`, and weighted contexts, `(n, weighted, channels * k)`.
        """
        weights = self.shared_weight + self.weight[site]
        weighted = weights * context.flatten(1)[:, None]
        return self._joined(weighted.sum(dim=2), site), weighted

    def by_site(self, context: Tensor, site: Tensor) -> Tensor:
        """The terms of many samples of each site, shape `(sites, n, outputs)`.

        Args:
            context: Encoded neighbours, shape `(sites, n, channels * k)`.
            site: Number of each site, shape `(sites,)`.
        """
        weights = self.shared_weight + self.weight[site]
        return self._joined(context @ weights.transpose(1, 2), site[:, None])

    def _joined(self, products: Tensor, site: Tensor) -> Tensor:
        bias = self.free * (self.shared_bias + self.bias[site])
        missing = bias.shape[-1] - products.shape[-1]
        return bias + functional.pad(products, (0, missing))

    def penalty(self) -> Tensor:
        """Minus the log density of the prior, up to a constant."""
        own = self.precision * (self.growth * self.weight.square()).sum()
        own = own + self.bias_precision * self.bias.square().sum()
        shared = self.shared_weight.square().sum() + self.shared_bias.square().sum()
        return 0.5 * (own + _SHARED_PRECISION * shared)


class PositionedNetwork(nn.Module):
    """Log density of a site's state given its context and which site it is.

    Args:
        density: Density of a site; see `density_for`.
        terms: The terms of each site.
        width: Width of the two hidden layers of f.
    """

    density: Density

    def __init__(self, density: Density, terms: SiteTerms, width: int):
        super().__init__()
        self.density, self.terms = density, terms
        density.start_flat()
        inputs = density.features + density.seen_features(terms.shared_weight.numel())
        self.first = nn.Linear(inputs, width)
        self.embedding = nn.Parameter(0.1 * torch.randn(len(terms.bias), _EMBEDDING))
        self.added = nn.Linear(_EMBEDDING, width, bias=False)
        self.multiplied = nn.Linear(_EMBEDDING, width, bias=False)
        self.second, self.last = nn.Linear(width, width), nn.Linear(width, density.outputs)
        nn.init.zeros_(self.last.bias)
        with torch.no_grad():
            self.last.weight.mul_(_START)

    def forward(
        self, context: Tensor, known: Tensor, target: Tensor, point: Tensor, site: Tensor
    ) -> Tensor:
        """Log density of each target in nats, shape `(n,)`; see `Sites.draw`."""
        features, frame = self.density.frame(context, known)
        terms, weighted = self.terms(context, site)
        seen = self.density.seen(terms, weighted, frame)
        embedded = self.embedding[site]
        hidden = self.first(torch.cat([features, seen], dim=1))
        hidden = hidden * (1 + self.multiplied(embedded)) + self.added(embedded)
        scores = self.last(functional.silu(self.second(functional.silu(hidden))))
        return self._log_density(scores, target, frame, terms)

    def by_site(self, context: Tensor, target: Tensor, site: Tensor) -> Tensor:
        """Log density from the terms alone, without f, shape `(sites * n,)`.

        Args:
            context: See `SiteTerms.by_site`.
            target: Encoded states, shape `(sites, n, channels)`.
            site: See `SiteTerms.by_site`.
        """
        terms = self.terms.by_site(context, site).flatten(0, 1)
        scores = terms.new_zeros(len(terms), self.density.outputs)
        frame = self.density.no_frame(scores)
        return self._log_density(scores, target.flatten(0, 1), frame, terms)

    def _log_density(self, scores: Tensor, target: Tensor, frame: Tensor, terms: Tensor) -> Tensor:
        scores, frame = self.density.moved(scores, frame, terms)
        return self.density.log_density(scores, target, frame) + self.density.log_volume

    def penalty(self) -> Tensor:
        """Minus the log density of the prior of all weights, up to a constant.

        Weights of f have the variance 1 / inputs of their layer, which keeps its outputs of order
        one.
        """
        layers = (self.first, self.added, self.multiplied, self.second, self.last)
        weights = [layer.in_features * layer.weight.square().sum() for layer in layers]
        network = torch.stack(weights).sum() + self.embedding.square().sum()
        penalty: Tensor = self.terms.penalty() + 0.5 * network
        return penalty
