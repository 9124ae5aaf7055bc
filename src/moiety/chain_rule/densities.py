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

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..estimation.encoding import Encoding
from .angles import AngleDensity
from .mixtures import chosen
from .reals import RealDensity
from .views import Neighbourhood

__all__ = ["AngleDensity", "Density", "DiscreteDensity", "RealDensity", "density_for"]

_BOND_SUMS = 8


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
        return functional.one_hot(chosen(scores, rng), self.states).float()

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
