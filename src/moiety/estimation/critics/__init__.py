"""Critics: networks that score a pair of halves, one file each.

A critic is a frozen configuration with `build(shape) -> nn.Module`.  The module takes
coded halves, shapes `(n, channels, side, transverse...)`, in three steps, so that what
concerns one half alone is done once for all its partners:

    embed(a, b)      tensors for each half, batch first (tuples)
    combine(a, b)    tensors for each pair, from those of its halves
    score(pairs)     a score for each pair, shape `(n,)`

and `forward(a, b)` is all of them.
"""

from __future__ import annotations

from typing import Protocol

from torch import nn

from ..networks import TrainedCritic, Weights
from ..pairs import PairShape
from .convolutional import ConvolutionalCritic
from .interface import InterfaceCritic
from .points import PointsCritic

__all__ = [
    "CRITICS",
    "ConvolutionalCritic",
    "Critic",
    "InterfaceCritic",
    "PointsCritic",
    "TrainedCritic",
    "Weights",
    "hand_on",
]


class Critic(Protocol):
    """Configuration of a network."""

    def build(self, shape: PairShape) -> nn.Module:
        """A fresh network for pairs of this shape."""


CRITICS = {"interface": InterfaceCritic, "convolutional": ConvolutionalCritic}


def hand_on(source: nn.Module | Weights, target: nn.Module) -> int:
    """Copy the weights of `source` wherever `target` has one of that name and shape.

    Returns:
        Number of weights copied.
    """
    state, weights = (
        target.state_dict(),
        source.state_dict() if isinstance(source, nn.Module) else source,
    )
    fitting = {k: v.clone() for k, v in weights.items() if k in state and v.shape == state[k].shape}
    target.load_state_dict(state | fitting)
    return len(fitting)
