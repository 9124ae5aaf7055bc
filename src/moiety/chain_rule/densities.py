r"""Densities of the state of a site given its context: the last layer of a network.

    discrete   softmax of q scores; for two states a single score f, p(s) = 1 / (1 + exp(-2 s f))
    angle      sum_k w_k exp(v_k . (cos t, sin t)) / (2 pi I_0(|v_k|)): von Mises mixture
    real       sum_k w_k N(m + m_k, sigma_k): Gaussian mixture about a linear prediction m

They are densities of encoded states, in nats; adding `log_volume` gives the log density of the
states themselves.  Contexts are first transformed to a local frame.  Angles are measured from the
mean direction of the known sites nearby.  Two states that are related by a symmetry of the
Hamiltonian are exchanged if the known sites are mostly down.

For two states, weighted sums of the bonds x_j x_{j+1} along the rows of a context are features,
too.  They carry the information of distant sites where correlations between strings or walls decay
slowly: in the ground states of the triangular antiferromagnet they lower the bound by 0.0004 nats
per site.
"""

from __future__ import annotations

from math import log, pi

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..estimation.encoding import Encoding
from .views import Neighbourhood

__all__ = ["AngleDensity", "Density", "DiscreteDensity", "RealDensity", "density_for"]

_COMPONENTS = 4  # of a mixture
_SUMS = 8  # weighted sums of unit vectors
_SINGLE = 2  # sites up to this distance along each axis are features on their own
_BOND_SUMS = 8
_WEAK = -3.0  # log concentration of an angle that knows nothing of its direction
_WEIGHING = 32  # width of the network that gives the weights of a linear prediction


class DiscreteDensity(nn.Module):
    """Density of q states; two states, encoded as +1 and -1, in a frame that is mostly up.

    Args:
        near: Weights of the neighbours in the choice of the frame, shape `(k,)`.
        steps: Offsets of the neighbours, shape `(k, dimensions)`.
        states: Number q of states.
        flips: Whether the Hamiltonian is symmetric under the exchange of two states.
    """

    log_volume = 0.0
    near: Tensor
    bonded: Tensor

    def __init__(self, near: Tensor, steps: Tensor, states: int, flips: bool):
        super().__init__()
        # Slightly unequal weights: a tie between up and down would leave the frame undefined.
        self.register_buffer("near", near * (1 + 0.01 * torch.arange(len(near)).sin()))
        self.states, self.flips = states, flips and states == 2
        self.features = len(near) * (1 if states == 2 else states)
        if states == 2:
            in_a_row = (steps[1:, :-1] == steps[:-1, :-1]).all(dim=1)
            self.register_buffer("bonded", in_a_row.float())
            self.bonds = nn.Linear(len(near) - 1, _BOND_SUMS, bias=False)
            self.features += _BOND_SUMS
        self.outputs = self.shifts = self.weighted = 1 if states == 2 else states
        self.is_odd = self.flips

    def frame(self, context: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Transform contexts to their frames.

        Args:
            context: Encoded neighbours, 0 if unknown, shape `(n, channels, k)`.
            known: Whether each neighbour is known, as floats, shape `(n, 1, k)`.

        Returns:
            Contexts in their frames and sums of bonds, shape `(n, features)`, and the frames,
            shape `(n, 1)`.
        """
        features = context.flatten(1)
        if self.states != 2:
            return features, context.new_ones(len(context), 1)
        weights = self.bonds.weight * self.bonded
        bonds = functional.linear(features[:, 1:] * features[:, :-1], weights)
        if not self.flips:
            return torch.cat([features, bonds], dim=1), context.new_ones(len(context), 1)
        sign = torch.where(features @ self.near < 0, -1.0, 1.0)[:, None]
        return torch.cat([features * sign, bonds], dim=1), sign

    def log_density(self, scores: Tensor, target: Tensor, frame: Tensor) -> Tensor:
        """Log density of encoded states, shape `(n,)`.

        Args:
            scores: Outputs of the network, shape `(n, outputs)`.
            target: Encoded states, shape `(n, channels)`.
            frame: Frames; see `frame`.
        """
        if self.states == 2:
            return functional.logsigmoid(2 * scores[:, 0] * target[:, 0] * frame[:, 0])
        return (scores.log_softmax(dim=1) * target).sum(dim=1)

    def draw(self, scores: Tensor, frame: Tensor, rng: np.random.Generator) -> Tensor:
        """Draw one encoded state from each density, shape `(n, channels)`.

        Args:
            scores: Outputs of the network, shape `(n, outputs)`.
            frame: Frames; see `frame`.
            rng: Source of random numbers.
        """
        if self.states == 2:
            up = torch.sigmoid(2 * scores * frame).double().numpy()
            return torch.from_numpy(np.where(rng.random(up.shape) < up, 1.0, -1.0)).float()
        return functional.one_hot(_chosen(scores, rng), self.states).float()

    def start_flat(self) -> None:
        """Make the density the same in every frame as long as the scores are 0."""

    def no_frame(self, scores: Tensor) -> Tensor:
        """Frames that leave states as they are; see `moved`."""
        return scores.new_ones(len(scores), 1)

    def moved(self, scores: Tensor, frame: Tensor, terms: Tensor) -> tuple[Tensor, Tensor]:
        """Scores and frames after terms were added that were computed without a frame.

        Args:
            scores: Outputs of the network, shape `(n, outputs)`.
            frame: Frames; see `frame`.
            terms: Terms of the scores, shape `(n, shifts)`.
        """
        return scores + terms * frame, frame

    def seen_features(self, weights: int) -> int:
        """Number of features that `seen` returns for so many weights of a site."""
        return weights

    def seen(self, terms: Tensor, weighted: Tensor, frame: Tensor) -> Tensor:
        """Features of terms and of the weighted contexts that they are sums of, in the frame."""
        return weighted.flatten(1) * frame


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

    log_volume, outputs = 0.0, 3 * _COMPONENTS
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
        weights, east, north = scores.view(len(scores), 3, _COMPONENTS).unbind(1)
        scale = self.log_scale.exp()
        east, north = scale * (1 + east), scale * north
        strength = torch.sqrt(east**2 + north**2 + 1e-12)
        x, y = _dot(frame, target[..., None]), _cross(frame, target[..., None])  # (n, 1)
        normal: Tensor = log(2 * pi) + torch.special.i0e(strength).log() + strength
        return (weights.log_softmax(dim=1) + east * x + north * y - normal).logsumexp(dim=1)

    def draw(self, scores: Tensor, frame: Tensor, rng: np.random.Generator) -> Tensor:
        """Draw one unit vector from each density; see `DiscreteDensity.draw`."""
        weights, east, north = scores.view(len(scores), 3, _COMPONENTS).unbind(1)
        pick = _chosen(weights, rng)[:, None]
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
        weights, east, north = scores.view(len(scores), 3, _COMPONENTS).unbind(1)
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


class RealDensity(nn.Module):
    """A mixture of Gaussians about a linear prediction.

    The weights of the prediction are a function of which neighbours are known.  For a Gaussian
    field, E[x | known] = w . x is exact.

    Args:
        size: Number k of neighbours.
        scale: Standard deviation by which states were divided when they were encoded.
    """

    outputs = 3 * _COMPONENTS
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
        weights, means, widths = scores.view(len(scores), 3, _COMPONENTS).unbind(1)
        distance = (target - frame - means) * (-widths).exp()
        parts = weights.log_softmax(dim=1) - 0.5 * distance**2 - widths - 0.5 * log(2 * pi)
        return parts.logsumexp(dim=1)

    def draw(self, scores: Tensor, frame: Tensor, rng: np.random.Generator) -> Tensor:
        """Draw one encoded state from each density; see `DiscreteDensity.draw`."""
        weights, means, widths = scores.view(len(scores), 3, _COMPONENTS).unbind(1)
        pick = _chosen(weights, rng)[:, None]
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
        weights, means, widths = scores.view(len(scores), 3, _COMPONENTS).unbind(1)
        return torch.cat([weights, means, widths + terms[:, 1:]], dim=1), frame + terms[:, :1]

    def seen_features(self, weights: int) -> int:
        """See `DiscreteDensity.seen_features`."""
        return weights

    def seen(self, terms: Tensor, weighted: Tensor, frame: Tensor) -> Tensor:
        """See `DiscreteDensity.seen`."""
        return weighted.flatten(1)


Density = DiscreteDensity | AngleDensity | RealDensity


def density_for(encoding: Encoding, around: Neighbourhood, symmetries: tuple[str, ...]) -> Density:
    """The density for a kind of state.

    Args:
        encoding: Encoding of the states.
        around: Neighbourhood that contexts hold.
        symmetries: Symmetries of the Hamiltonian.
    """
    steps = torch.from_numpy(around.steps)
    near = torch.exp(-0.5 * steps.float().square().sum(dim=1))
    if encoding.kind == "angle":
        return AngleDensity(near, steps.float(), "turn" in symmetries)
    if encoding.kind == "real":
        return RealDensity(len(near), encoding.scale)
    return DiscreteDensity(near, steps, encoding.states, "flip" in symmetries)


def _chosen(scores: Tensor, rng: np.random.Generator) -> Tensor:
    """One of the components of each row, with probabilities softmax(scores), shape `(n,)`."""
    levels = scores.double().softmax(dim=1).cumsum(dim=1).numpy()
    drawn = rng.random((len(levels), 1)) * levels[:, -1:]
    return torch.from_numpy((levels < drawn).sum(axis=1))


def _dot(frame: Tensor, vectors: Tensor) -> Tensor:
    """Scalar products of unit vectors `(n, 2)` with vectors `(n, 2, k)`, shape `(n, k)`."""
    return frame[:, :1] * vectors[:, 0] + frame[:, 1:] * vectors[:, 1]


def _cross(frame: Tensor, vectors: Tensor) -> Tensor:
    """Cross products of unit vectors `(n, 2)` with vectors `(n, 2, k)`, shape `(n, k)`."""
    return frame[:, :1] * vectors[:, 1] - frame[:, 1:] * vectors[:, 0]
