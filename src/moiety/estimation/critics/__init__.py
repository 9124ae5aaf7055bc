"""Critics: networks that score a pair of halves, one file each.

A critic is a frozen configuration with `build(shape) -> nn.Module`.  The module takes encoded
halves, shapes `(n, channels, side, transverse...)`, in three steps, so that the work on one half is
done once for all its partners:

    embed(a, b)      tensors for each half, batch first (tuples)
    combine(a, b)    tensors for each pair, from those of its halves
    score(pairs)     a score for each pair, shape `(n,)`

and `forward(a, b)` runs all three.
"""

from __future__ import annotations

from typing import Any, Protocol

from torch import nn

from .convolutional import ConvolutionalCritic
from .interface import InterfaceCritic
from .points import PointsCritic

__all__ = ["CRITICS", "ConvolutionalCritic", "Critic", "InterfaceCritic", "PointsCritic"]


class Critic(Protocol):
    """Configuration of a network."""

    @property
    def sees(self) -> str:
        """Input of the network for particles: `"points"` or an `"image"`."""

    def build(self, shape: Any) -> nn.Module:
        """Make a network with random initial weights.

        Args:
            shape: Shape of its pairs: a `PairShape`, or a `CropShape` for points.
        """


CRITICS = {"interface": InterfaceCritic, "convolutional": ConvolutionalCritic}
