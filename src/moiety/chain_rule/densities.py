r"""Densities of one site given what is known around it, as the last layer of a network.

    discrete   softmax of q scores; of two states one score, p(s) = 1 / (1 + exp(-2 s f))
    angle      sum_k w_k exp(v_k . (cos t, sin t)) / (2 pi I_0(|v_k|)): von Mises
    real       sum_k w_k N(m + m_k, sigma_k), m a linear prediction

in nats, of the coded states of `pairs.Encoding`; `log_volume` turns the density of a coded
state into that of the state.  Before, contexts are turned into a frame of their own: an angle
is measured from the mean direction of what is known near it, and two states that the
Hamiltonian treats alike are exchanged where most of what is known is down.

Of two states, sums of the bonds x_j x_{j+1} along the rows of a context are features, too.  What
far sites tell is in them where the correlations of strings or walls fall slowly: in the ground
states of the triangular antiferromagnet they lower the bound by 0.0004 a site.
"""

from __future__ import annotations

from math import log, pi

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..estimation.encoding import Encoding
from .views import Neighbourhood

__all__ = ["AngleDensity", "DiscreteDensity", "RealDensity", "density_for"]

_COMPONENTS = 4
_SUMS, _SINGLE = 8, 2
_BOND_SUMS = 8
_WEIGHING = 32


def density_for(
    encoding: Encoding, around: Neighbourhood, symmetries: tuple[str, ...]
) -> nn.Module:
    """The density that goes with a kind of state.

    Arguments:
        encoding: Of the states.
        around: Of the contexts.
        symmetries: Of the Hamiltonian.
    """
    near = torch.exp(-0.5 * torch.from_numpy(around.steps).float().square().sum(dim=1))
    if encoding.kind == "angle":
        return AngleDensity(near, torch.from_numpy(around.steps).float(), "turn" in symmetries)
    if encoding.kind == "real":
        return RealDensity(near, encoding.scale)
    return DiscreteDensity(
        near, torch.from_numpy(around.steps), encoding.states, "flip" in symmetries
    )


class DiscreteDensity(nn.Module):
    """q states; of two, +1 and -1, in a frame in which what is known near is mostly up."""

    log_volume = 0.0

    def __init__(self, near: Tensor, steps: Tensor, states: int, flips: bool):
        super().__init__()
        # a tie between up and down must not leave the frame undecided
        self.register_buffer("near", near * (1 + 0.01 * torch.arange(len(near)).sin()))
        self.states, self.flips = states, flips and states == 2
        self.features = len(near) * (1 if states == 2 else states)
        if states == 2:
            in_a_row = (steps[1:, :-1] == steps[:-1, :-1]).all(dim=1)
            self.register_buffer("bonded", in_a_row.float())
            self.bonds = nn.Linear(len(near) - 1, _BOND_SUMS, bias=False)
            self.features += _BOND_SUMS
        self.outputs = 1 if states == 2 else states

    def frame(self, context: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Contexts in their frames with the sums of bonds beside them, `(n, features)`, and the frames."""
        features = context.flatten(1)
        if self.states != 2:
            return features, context.new_ones(len(context), 1)
        bonds = functional.linear(
            features[:, 1:] * features[:, :-1], self.bonds.weight * self.bonded
        )
        if not self.flips:
            return torch.cat([features, bonds], dim=1), context.new_ones(len(context), 1)
        sign = torch.where(features @ self.near < 0, -1.0, 1.0)[:, None]
        return torch.cat([features * sign, bonds], dim=1), sign

    def log_density(self, scores: Tensor, target: Tensor, frame: Tensor) -> Tensor:
        """Shape `(n,)`."""
        if self.states == 2:
            return functional.logsigmoid(2 * scores[:, 0] * target[:, 0] * frame[:, 0])
        return (scores.log_softmax(dim=1) * target).sum(dim=1)


class AngleDensity(nn.Module):
    """A mixture of von Mises densities, whose angles are measured from what is known near.

    Features are the same after a rotation of everything: sums of the known unit vectors with
    learnt weights, the first of which is the frame, and the nearest of them one by one.  Unless
    the Hamiltonian has that symmetry, too, the frame is one more.
    """

    log_volume, outputs = 0.0, 3 * _COMPONENTS

    def __init__(self, near: Tensor, steps: Tensor, turns: bool):
        super().__init__()
        spread = torch.randn(len(near), _SUMS) * torch.exp(-0.5 * steps.norm(dim=1, keepdim=True))
        self.weights = nn.Parameter(torch.cat([near[:, None], spread], dim=1))
        self.register_buffer("nearest", torch.nonzero(steps.abs().amax(dim=1) <= _SINGLE).flatten())
        self.features, self.turns = 2 * (_SUMS + len(self.nearest)) + 1 + 2 * (not turns), turns
        self.log_scale = nn.Parameter(torch.tensor(0.0))

    def frame(self, context: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Contexts in their frames with the frames beside them, `(n, features)`, and the frames."""
        sums = context @ self.weights  # (n, 2, 1 + _SUMS)
        mean = sums[:, :, 0]
        length = mean.norm(dim=1, keepdim=True)
        forward = torch.tensor([1.0, 0.0], device=mean.device, dtype=mean.dtype)
        frame = torch.where(length > 1e-6, mean / length.clamp(min=1e-6), forward)
        others = torch.cat([sums[:, :, 1:], context[:, :, self.nearest]], dim=2)
        features = [_dot(frame, others), _cross(frame, others), length]
        return torch.cat(features if self.turns else [*features, frame], dim=1), frame

    def log_density(self, scores: Tensor, target: Tensor, frame: Tensor) -> Tensor:
        """Shape `(n,)`."""
        weights, east, north = scores.view(len(scores), 3, _COMPONENTS).unbind(1)
        scale = self.log_scale.exp()
        east, north = scale * (1 + east), scale * north
        strength = torch.sqrt(east**2 + north**2 + 1e-12)
        x, y = _dot(frame, target[..., None]), _cross(frame, target[..., None])  # (n, 1)
        normal = log(2 * pi) + torch.special.i0e(strength).log() + strength
        return (weights.log_softmax(dim=1) + east * x + north * y - normal).logsumexp(dim=1)


class RealDensity(nn.Module):
    """A mixture of Gaussians about a linear prediction, whose weights follow from what is known.

    Of a Gaussian field the prediction is all there is: E[x | known] = w . x with w a function of
    which sites are known.
    """

    outputs = 3 * _COMPONENTS

    def __init__(self, near: Tensor, scale: float):
        super().__init__()
        size = len(near)
        self.features = 2 * size
        self.log_volume = -log(scale)
        self.weights = nn.Sequential(
            nn.Linear(size, _WEIGHING), nn.SiLU(), nn.Linear(_WEIGHING, size + 1)
        )
        with torch.no_grad():  # from nearly nothing, or the sum over a wide context begins as noise
            self.weights[-1].weight.mul_(0.01)
            self.weights[-1].bias.zero_()

    def frame(self, context: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Contexts and what is known of them, `(n, features)`, and the linear predictions."""
        weights = self.weights(known[:, 0])
        predicted = weights[:, -1:] + (weights[:, :-1] * context[:, 0]).sum(dim=1, keepdim=True)
        return torch.cat([context, known], dim=1).flatten(1), predicted

    def log_density(self, scores: Tensor, target: Tensor, frame: Tensor) -> Tensor:
        """Shape `(n,)`."""
        weights, means, widths = scores.view(len(scores), 3, _COMPONENTS).unbind(1)
        distance = (target - frame - means) * (-widths).exp()
        parts = weights.log_softmax(dim=1) - 0.5 * distance**2 - widths - 0.5 * log(2 * pi)
        return parts.logsumexp(dim=1)


def _dot(frame: Tensor, vectors: Tensor) -> Tensor:
    """Of unit vectors `(n, 2)` and vectors `(n, 2, k)`, shape `(n, k)`."""
    return frame[:, :1] * vectors[:, 0] + frame[:, 1:] * vectors[:, 1]


def _cross(frame: Tensor, vectors: Tensor) -> Tensor:
    return frame[:, :1] * vectors[:, 1] - frame[:, 1:] * vectors[:, 0]
