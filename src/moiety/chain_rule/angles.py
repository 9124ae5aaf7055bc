r"""Density of an angle given its context: a mixture of von Mises densities.

It is sum_k w_k exp(v_k . (cos t, sin t)) / (2 pi I_0(|v_k|)).
"""

from __future__ import annotations

from math import log, pi

import numpy as np
import torch
from torch import Tensor, nn

from .mixtures import COMPONENTS, chosen

__all__ = ["AngleDensity"]

_SUMS = 8  # weighted sums of unit vectors
_SINGLE = 2  # sites up to this distance along each axis are features on their own
_WEAK = -3.0  # log concentration of an angle that knows nothing of its direction


class AngleDensity(nn.Module):
    """A mixture of von Mises densities of angles measured from the direction of known neighbours.

    Features do not change when everything rotates: weighted sums of the known unit vectors, the
    first of which is the frame, and the nearest vectors themselves.  If the Hamiltonian does not
    have this symmetry, the frame is a feature, too.

    Args:
        near: Initial weights of the neighbours in the frame, shape `(k,)`.
        steps: Offsets of the neighbours, shape `(k, dimensions)`.
        turns: Whether the Hamiltonian is symmetric under rotation of all angles.
    """

    log_volume, outputs = 0.0, 3 * COMPONENTS
    shifts = weighted = 2
    nearest: Tensor

    def __init__(self, near: Tensor, steps: Tensor, turns: bool):
        super().__init__()
        spread = torch.randn(len(near), _SUMS) * torch.exp(-0.5 * steps.norm(dim=1, keepdim=True))
        self.weights = nn.Parameter(torch.cat([near[:, None], spread], dim=1))
        self.register_buffer("nearest", torch.nonzero(steps.abs().amax(dim=1) <= _SINGLE).flatten())
        self.features, self.turns = 2 * (_SUMS + len(self.nearest)) + 1 + 2 * (not turns), turns
        self.log_scale = nn.Parameter(torch.tensor(0.0))
        self.is_odd = turns

    def frame(self, context: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Transform contexts to their frames.

        Args:
            context: Unit vectors, 0 if unknown, shape `(n, 2, k)`.
            known: Whether each neighbour is known, as floats, shape `(n, 1, k)`.

        Returns:
            Features, shape `(n, features)`, and the frames as unit vectors, shape `(n, 2)`.
        """
        sums = context @ self.weights  # (n, 2, 1 + _SUMS)
        mean = sums[:, :, 0]
        length = mean.norm(dim=1, keepdim=True)
        forward = torch.tensor([1.0, 0.0], device=mean.device, dtype=mean.dtype)
        frame = torch.where(length > 1e-6, mean / length.clamp(min=1e-6), forward)
        others = torch.cat([sums[:, :, 1:], context[:, :, self.nearest]], dim=2)
        features = [_dot(frame, others), _cross(frame, others), length]
        return torch.cat(features if self.turns else [*features, frame], dim=1), frame

    def log_density(self, scores: Tensor, target: Tensor, frame: Tensor) -> Tensor:
        """Log density of angles, shape `(n,)`; see `DiscreteDensity.log_density`."""
        weights, east, north = scores.view(len(scores), 3, COMPONENTS).unbind(1)
        scale = self.log_scale.exp()
        east, north = scale * (1 + east), scale * north
        strength = torch.sqrt(east**2 + north**2 + 1e-12)
        x, y = _dot(frame, target[..., None]), _cross(frame, target[..., None])  # (n, 1)
        normal: Tensor = log(2 * pi) + torch.special.i0e(strength).log() + strength
        return (weights.log_softmax(dim=1) + east * x + north * y - normal).logsumexp(dim=1)

    def draw(self, scores: Tensor, frame: Tensor, rng: np.random.Generator) -> Tensor:
        """Draw one unit vector from each density; see `DiscreteDensity.draw`."""
        weights, east, north = scores.view(len(scores), 3, COMPONENTS).unbind(1)
        pick = chosen(weights, rng)[:, None]
        scale = self.log_scale.exp()
        x = (scale * (1 + east)).gather(1, pick)[:, 0].double().numpy()
        y = (scale * north).gather(1, pick)[:, 0].double().numpy()
        forward = torch.atan2(frame[:, 1], frame[:, 0]).double().numpy()
        angle = torch.from_numpy(rng.vonmises(forward + np.arctan2(y, x), np.hypot(x, y)))
        return torch.stack([angle.cos(), angle.sin()], dim=1).float()

    def start_flat(self) -> None:
        """See `DiscreteDensity.start_flat`; the mean direction of a context starts weak."""
        nn.init.constant_(self.log_scale, _WEAK)

    def no_frame(self, scores: Tensor) -> Tensor:
        """See `DiscreteDensity.no_frame`."""
        return scores.new_tensor([[1.0, 0.0]]).expand(len(scores), 2)

    def moved(self, scores: Tensor, frame: Tensor, terms: Tensor) -> tuple[Tensor, Tensor]:
        """Add vectors to those of all components; see `DiscreteDensity.moved`."""
        weights, east, north = scores.view(len(scores), 3, COMPONENTS).unbind(1)
        scale, vectors = self.log_scale.exp(), terms[..., None]
        east = east + _dot(frame, vectors) / scale
        north = north + _cross(frame, vectors) / scale
        return torch.cat([weights, east, north], dim=1), frame

    def seen_features(self, weights: int) -> int:
        """See `DiscreteDensity.seen_features`."""
        return self.shifts

    def seen(self, terms: Tensor, weighted: Tensor, frame: Tensor) -> Tensor:
        """See `DiscreteDensity.seen`."""
        return torch.cat([_dot(frame, terms[..., None]), _cross(frame, terms[..., None])], dim=1)


def _dot(frame: Tensor, vectors: Tensor) -> Tensor:
    """Scalar products of unit vectors `(n, 2)` with vectors `(n, 2, k)`, shape `(n, k)`."""
    return frame[:, :1] * vectors[:, 0] + frame[:, 1:] * vectors[:, 1]


def _cross(frame: Tensor, vectors: Tensor) -> Tensor:
    """Cross products of unit vectors `(n, 2)` with vectors `(n, 2, k)`, shape `(n, k)`."""
    return frame[:, :1] * vectors[:, 1] - frame[:, 1:] * vectors[:, 0]
