r"""Density of a real number given its context: a mixture of Gaussians about a prediction.

It is sum_k w_k N(m + m_k, sigma_k) with a linear prediction m.
"""

from __future__ import annotations

from math import log, pi

import numpy as np
import torch
from torch import Tensor, nn

from .mixtures import COMPONENTS, chosen

__all__ = ["RealDensity"]

_WEIGHING = 32  # width of the network that gives the weights of a linear prediction


class RealDensity(nn.Module):
    """A mixture of Gaussians about a linear prediction.

    The weights of the prediction are a function of which neighbours are known.  For a Gaussian
    field, E[x | known] = w . x is exact.

    Args:
        size: Number k of neighbours.
        scale: Standard deviation by which states were divided when they were encoded.
    """

    outputs = 3 * COMPONENTS
    shifts, weighted, is_odd = 2, 1, False

    def __init__(self, size: int, scale: float):
        super().__init__()
        self.features = 2 * size
        self.log_volume = -log(scale)
        first, last = nn.Linear(size, _WEIGHING), nn.Linear(_WEIGHING, size + 1)
        self.weights = nn.Sequential(first, nn.SiLU(), last)
        with torch.no_grad():  # start near zero: the sum over a wide context would start as noise
            last.weight.mul_(0.01)
            last.bias.zero_()

    def frame(self, context: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the linear predictions.

        Args:
            context: Encoded neighbours, 0 if unknown, shape `(n, 1, k)`.
            known: Whether each neighbour is known, as floats, shape `(n, 1, k)`.

        Returns:
            Contexts and what is known, shape `(n, features)`, and the predictions, shape `(n, 1)`.
        """
        weights: Tensor = self.weights(known[:, 0])
        predicted = weights[:, -1:] + (weights[:, :-1] * context[:, 0]).sum(dim=1, keepdim=True)
        return torch.cat([context, known], dim=1).flatten(1), predicted

    def log_density(self, scores: Tensor, target: Tensor, frame: Tensor) -> Tensor:
        """Log density of encoded states, shape `(n,)`; see `DiscreteDensity.log_density`."""
        weights, means, widths = scores.view(len(scores), 3, COMPONENTS).unbind(1)
        distance = (target - frame - means) * (-widths).exp()
        parts = weights.log_softmax(dim=1) - 0.5 * distance**2 - widths - 0.5 * log(2 * pi)
        return parts.logsumexp(dim=1)

    def draw(self, scores: Tensor, frame: Tensor, rng: np.random.Generator) -> Tensor:
        """Draw one encoded state from each density; see `DiscreteDensity.draw`."""
        weights, means, widths = scores.view(len(scores), 3, COMPONENTS).unbind(1)
        pick = chosen(weights, rng)[:, None]
        noise = torch.from_numpy(rng.normal(size=(len(scores), 1))).float()
        drawn: Tensor = frame + means.gather(1, pick) + widths.gather(1, pick).exp() * noise
        return drawn

    def start_flat(self) -> None:
        """See `DiscreteDensity.start_flat`; the shared linear prediction starts at 0."""
        for values in self.weights[2].parameters():
            nn.init.zeros_(values)

    def no_frame(self, scores: Tensor) -> Tensor:
        """See `DiscreteDensity.no_frame`."""
        return scores.new_zeros(len(scores), 1)

    def moved(self, scores: Tensor, frame: Tensor, terms: Tensor) -> tuple[Tensor, Tensor]:
        """Add to the prediction and to the log widths; see `DiscreteDensity.moved`."""
        weights, means, widths = scores.view(len(scores), 3, COMPONENTS).unbind(1)
        return torch.cat([weights, means, widths + terms[:, 1:]], dim=1), frame + terms[:, :1]

    def seen_features(self, weights: int) -> int:
        """See `DiscreteDensity.seen_features`."""
        return weights

    def seen(self, terms: Tensor, weighted: Tensor, frame: Tensor) -> Tensor:
        """See `DiscreteDensity.seen`."""
        return weighted.flatten(1)
