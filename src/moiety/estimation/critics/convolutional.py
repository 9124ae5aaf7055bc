"""The network of the paper: both halves side by side as one image.

One to three convolutions of 8-16 filters 3x3 and two fully connected layers, all with ReLU
(Nir et al., PNAS 117, 30234 (2020), https://doi.org/10.1073/pnas.2017042117).  The dense layers
fit one block size only; the convolutions can be copied from size to size.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, log2, prod
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..pairs import PairShape

__all__ = ["ConvolutionalCritic"]


@dataclass(frozen=True)
class ConvolutionalCritic:
    """Configuration of the network of the paper.

    Args:
        layers: Number of convolutions, 1-3 in the paper.
        filters: Number of filters per convolution.
        hidden: Width of the first dense layer.
        growth: Ratio of the dilations of successive convolutions.  With 1, as in the paper, the
            receptive field is 1 + 2 `layers` sites wide, with 2 it is 2^(`layers` + 1) - 1.
            Images of particles need at least a diameter.

    Raises:
        ValueError: A number is below 1.

    Example:
        >>> shape = PairShape(channels=1, left=(4, 8), right=(4, 8), wraps=(False, True))
        >>> network = ConvolutionalCritic().build(shape)
        >>> network(torch.ones(5, 1, 4, 8), torch.ones(5, 1, 4, 8)).shape
        torch.Size([5])
    """

    sees: ClassVar[str] = "image"

    layers: int = 2
    filters: int = 16
    hidden: int = 64
    growth: int = 1

    def __post_init__(self) -> None:
        if min(self.layers, self.filters, self.hidden, self.growth) < 1:
            raise ValueError(f"layers, filters, hidden and growth must be at least 1: {self}")

    @classmethod
    def seeing(cls, sites: float) -> ConvolutionalCritic:
        """A configuration with a receptive field of at least this width.

        Args:
            sites: Width in sites or pixels, for example the pixels of a particle's diameter.

        Example:
            >>> ConvolutionalCritic.seeing(10)  # sees 15
            ConvolutionalCritic(layers=3, filters=8, hidden=64, growth=2)
        """
        return cls(layers=max(ceil(log2(sites + 1)) - 1, 1), filters=8, growth=2)

    def build(self, shape: PairShape) -> nn.Module:
        """Make a network with random initial weights.

        Args:
            shape: Shape of the pairs.
        """
        return _Convolutional(self, shape)


class _Convolutional(nn.Module):
    def __init__(self, config: ConvolutionalCritic, shape: PairShape):
        super().__init__()
        transverse = shape.left[1:]
        convolution, layout = {
            1: (nn.Conv2d, torch.channels_last),
            2: (nn.Conv3d, torch.channels_last_3d),
        }[len(transverse)]
        widths = [shape.channels] + [config.filters] * config.layers
        stack: list[nn.Module] = []
        for depth, (before, after) in enumerate(pairwise(widths)):
            skip = config.growth**depth
            stack += [convolution(before, after, 3, padding=skip, dilation=skip), nn.ReLU()]
        self.convolutions = nn.Sequential(*stack)
        flat = config.filters * (shape.left[0] + shape.right[0]) * prod(transverse)
        self.dense = nn.Sequential(
            nn.Flatten(), nn.Linear(flat, config.hidden), nn.ReLU(), nn.Linear(config.hidden, 1)
        )
        # 1.1 to 1.8 times as fast on a CPU in 2-D
        self.to(memory_format=layout)  # type: ignore[call-overload]  # torch's stubs lack it

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.score(self.combine(*self.embed(a, b)))

    def embed(self, a: Tensor, b: Tensor) -> tuple[tuple[Tensor], tuple[Tensor]]:
        return (a,), (b,)

    def combine(self, a: tuple[Tensor], b: tuple[Tensor]) -> tuple[Tensor]:
        """Put the halves side by side."""
        return (torch.cat([a[0], b[0]], dim=2),)

    def score(self, pairs: tuple[Tensor]) -> Tensor:
        scores: Tensor = self.dense(self.convolutions(pairs[0]))
        return scores[:, 0]
