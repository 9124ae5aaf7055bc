r"""A critic that adds up along the interface; one set of weights serves every size.

Far from the cut the halves know of each other through their coarse features only, so
each half is seen as layers by distance from the cut: four single rows, then the means
of rows 5-8, 9-16, 17-32, 33-64.  With x the place along the interface,

    F(a, b) = sum_faces [ sum_x f(layers of a and b around x) ] + g(mean a, mean b)

f is a small convolutional network along the interface and g a small network of the
means and their products, which sees which phase each half is in.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..pairs import PairShape

__all__ = ["InterfaceCritic"]

_ROWS = 4
_SLABS = ((4, 8), (8, 16), (16, 32), (32, 64))


@dataclass(frozen=True)
class InterfaceCritic:
    """Configuration of the additive network.

    Arguments:
        width: Features at each place of the interface.
        reach: Sides of the two convolutions along the interface; the second skips
            every other place.
        means: Features of the network that sees the means of the halves.

    Example:
        >>> shape = PairShape(channels=1, left=(4, 8), right=(4, 8), wraps=(False, True))
        >>> network = InterfaceCritic().build(shape)
        >>> network(torch.ones(5, 1, 4, 8), torch.ones(5, 1, 4, 8)).shape
        torch.Size([5])
    """

    width: int = 32
    reach: tuple[int, int] = (5, 3)
    means: int = 16

    def build(self, shape: PairShape) -> nn.Module:
        return _Interface(self, shape)


class _Interface(nn.Module):
    def __init__(self, config: InterfaceCritic, shape: PairShape):
        super().__init__()
        self.wraps = shape.wraps
        convolution = {1: nn.Conv1d, 2: nn.Conv2d}[len(shape.left) - 1]
        layers = 2 * shape.channels * (_ROWS + len(_SLABS)) + 1
        near, far = config.reach
        self.margin = near // 2 + far // 2 * 2
        self.along = nn.Sequential(
            convolution(layers, config.width, near),
            nn.ReLU(),
            convolution(config.width, config.width, far, dilation=2),
            nn.ReLU(),
            convolution(config.width, config.width, 1),
            nn.ReLU(),
            convolution(config.width, 1, 1),
        )
        self.phases = nn.Sequential(
            nn.Linear(shape.channels * (2 + shape.channels), config.means),
            nn.ReLU(),
            nn.Linear(config.means, config.means),
            nn.ReLU(),
            nn.Linear(config.means, 1),
        )

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        score = self._face(a, b) + self._phases(a, b)
        return score + self._face(b, a) if self.wraps[0] else score

    def _face(self, left: Tensor, right: Tensor) -> Tensor:
        """Score of one face, with `left` ending where `right` starts."""
        layers = torch.cat([_layers(left.flip(2)), _layers(right)], dim=1)
        layers = torch.cat([layers, torch.ones_like(layers[:, :1])], dim=1)  # tells a wall from a zero
        return self.along(_padded(layers, self.wraps[1:], self.margin)).flatten(1).sum(dim=1)

    def _phases(self, a: Tensor, b: Tensor) -> Tensor:
        a, b = a.flatten(2).mean(dim=2), b.flatten(2).mean(dim=2)  # (n, channels)
        products = (a[:, :, None] * b[:, None, :]).flatten(1)
        return self.phases(torch.cat([a, b, products], dim=1))[:, 0]


def _layers(half: Tensor) -> Tensor:
    """Rows and slab means by distance from the cut: (n, c, side, t...) -> (n, c * 8, t...)."""
    side = half.shape[2]
    rows = [half[:, :, k] if k < side else torch.zeros_like(half[:, :, 0]) for k in range(_ROWS)]
    slabs = [
        half[:, :, start:stop].mean(dim=2) if start < side else torch.zeros_like(half[:, :, 0])
        for start, stop in _SLABS
    ]
    return torch.cat(rows + slabs, dim=1)


def _padded(layers: Tensor, wraps: tuple[bool, ...], margin: int) -> Tensor:
    """Room for the convolutions: the far side where the interface closes, else zeros."""
    for axis, closed in enumerate(wraps, start=2):
        length = layers.shape[axis]
        if closed:
            places = torch.arange(-margin, length + margin, device=layers.device) % length
            layers = layers.index_select(axis, places)
        else:
            edge = [*layers.shape]
            edge[axis] = margin
            zeros = layers.new_zeros(edge)
            layers = torch.cat([zeros, layers, zeros], dim=axis)
    return layers
