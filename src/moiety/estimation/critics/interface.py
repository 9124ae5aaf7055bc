r"""A critic that is a sum along the interface, with one set of weights for all sizes.

Far from the cut the halves are correlated through their coarse features only.  Each half is
therefore seen as layers by distance from the cut: four single rows, then the means of rows 5-8,
9-16, 17-32 and 33-64.  With x the position along the interface,

    F(a, b) = sum_faces [ sum_x f(layers of a and b around x) ] + g(mean a, mean b)

f is a small convolutional network along the interface.  g is a small network of the means and
their products; it sees which phase each half is in.  The first convolution is a sum of a part for
a and a part for b, each computed once for all pairings.  Its features (products among them) and
the squares of each half's features also enter F directly, because the log-odds of Gaussian fields
are quadratic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ..pairs import PairShape

__all__ = ["InterfaceCritic"]

_ROWS = 4
_SLABS = ((4, 8), (8, 16), (16, 32), (32, 64))
_LAYERS = _ROWS + len(_SLABS)
_NEAR_ZERO = 1e-6  # added to squared norms, whose root then has a gradient
# (layer, shift along the interface) of the sites where the first features start, for each half
_BONDS = (
    ((0, 0), (0, 0), (0, 0), (1, 0), (0, 0), (1, 0)),
    ((0, 0), (0, 1), (0, -1), (0, 0), (1, 0), (1, 0)),
)
_PLANE = 2  # channels of unit vectors in the plane
_NOISE = 0.3  # scale of the other initial weights of features that start as single sites
_GAIN = 16.0  # of the deficit of an inner product from its maximum
_SKIP = 2  # dilation of the second convolution

Parts = tuple[Tensor, ...]


@dataclass(frozen=True)
class InterfaceCritic:
    """Configuration of the additive network.

    Args:
        width: Features at each position along the interface.
        products: How many of them are products of a feature of each half.
        vectors: For angles, number of weighted sums of unit vectors in each half.  Their inner
            products, which do not change when both halves turn, are further features.
        reach: Sides of the two convolutions along the interface; the second skips every other
            position.
        means: Width of the network that sees the means of the halves.

    Example:
        >>> shape = PairShape(channels=1, left=(4, 8), right=(4, 8), wraps=(False, True))
        >>> network = InterfaceCritic().build(shape)
        >>> network(torch.ones(5, 1, 4, 8), torch.ones(5, 1, 4, 8)).shape
        torch.Size([5])
    """

    sees: ClassVar[str] = "image"

    width: int = 32
    products: int = 8
    vectors: int = 16
    reach: tuple[int, int] = (5, 3)
    means: int = 16

    def build(self, shape: PairShape) -> nn.Module:
        """Make a network with random initial weights.

        Args:
            shape: Shape of the pairs.
        """
        return _Interface(self, shape)


class _Interface(nn.Module):
    def __init__(self, config: InterfaceCritic, shape: PairShape):
        super().__init__()
        self.faces = 2 if shape.wraps[0] else 1
        # The interface is treated as a plane; that of a 2-D block is a single line of it.
        self.closed = (False, *shape.wraps[1:])[-2:]
        line = len(shape.left) == 2
        near, far = ((1, side) if line else (side, side) for side in config.reach)
        self.margins = [tuple(side // 2 for side in near), tuple(side // 2 * _SKIP for side in far)]
        layers = shape.channels * _LAYERS
        self.products, self.width = config.products, config.width
        self.first = nn.Conv2d(layers + 1, config.width, near)
        self.second = nn.Conv2d(layers, config.width, near, bias=False)
        for half, features in enumerate((self.first, self.second)):
            _start_at_sites(features.weight[: self.products], half, shape.channels)
        self.vectors = config.vectors if shape.channels == _PLANE else 0
        if self.vectors:
            turning = [nn.Conv2d(_LAYERS, self.vectors, near, bias=False) for _ in "ab"]
            for half, sums in enumerate(turning):
                _start_at_sites(sums.weight, half, 1)
            self.turning = nn.ModuleList(turning)
        self.along = nn.Conv2d(config.width + 3 * self.vectors, config.width, far, dilation=_SKIP)
        self.across = nn.Conv2d(config.width, config.width, 1)
        self.total = nn.Linear(config.width, 1)
        self.phases = nn.Sequential(
            nn.Linear(shape.channels * (2 + shape.channels), config.means),
            nn.ReLU(),
            nn.Linear(config.means, config.means),
            nn.ReLU(),
            nn.Linear(config.means, 1),
        )
        self.straight = nn.Linear(config.width + 3 * self.vectors, 1, bias=False)
        squares = [nn.Linear(config.products, 1, bias=False) for _ in "ab"]
        self.squares = nn.ModuleList(squares)
        for part in (self.straight, *squares):
            nn.init.zeros_(part.weight)
        layout = torch.channels_last
        self.to(memory_format=layout)  # type: ignore[call-overload]  # torch's stubs lack it

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.score(self.combine(*self.embed(a, b)))

    def embed(self, a: Tensor, b: Tensor) -> tuple[Parts, Parts]:
        """The mean, squares and features at each face: what does not depend on the partner."""
        faces_a, faces_b = [self._left(a)], [self._right(b)]
        if self.faces == 2:
            faces_a, faces_b = [*faces_a, self._right(a)], [*faces_b, self._left(b)]
        return self._parts(a, faces_a, self.squares[0]), self._parts(b, faces_b, self.squares[1])

    def _parts(self, half: Tensor, faces: list[Tensor], squares: nn.Module) -> Parts:
        alone = sum(
            squares(face[:, : self.products].square().sum(dim=(2, 3)))[:, 0] for face in faces
        )
        return half.flatten(2).mean(dim=2), alone, *faces

    def combine(self, a: Parts, b: Parts) -> Parts:
        products = (a[0][:, :, None] * b[0][:, None, :]).flatten(1)
        faces = [self._meet(left, right) for left, right in zip(a[2:], b[2:], strict=True)]
        return torch.cat([a[0], b[0], products], dim=1), a[1] + b[1], *faces

    def _meet(self, left: Tensor, right: Tensor) -> Tensor:
        """Features of a face; couplings are learnt fast because some are products of the halves."""
        k, sizes = self.products, [self.width, left.shape[1] - self.width]
        (left, a), (right, b) = (torch.split(half, sizes, dim=1) for half in (left, right))
        features = [left[:, :k] * right[:, :k], torch.relu(left[:, k:] + right[:, k:])]
        if self.vectors:
            lengths = _inner(a, a).sqrt(), _inner(b, b).sqrt()
            features += [_GAIN * (lengths[0] * lengths[1] - _inner(a, b)), *lengths]
        return torch.cat(features, dim=1)

    def score(self, pairs: Parts) -> Tensor:
        means, alone, *faces = pairs
        phases: Tensor = self.phases(means)
        return phases[:, 0] + alone + sum(self._face(features) for features in faces)

    def _face(self, features: Tensor) -> Tensor:
        straight: Tensor = self.straight(features.sum(dim=(2, 3)))
        features = torch.relu(self.along(self._padded(features, self.margins[1])))
        features = torch.relu(self.across(features)).flatten(2)  # (n, width, positions)
        total: Tensor = self.total(features.mean(dim=2))
        return straight[:, 0] + total[:, 0] * features.shape[2]

    def _left(self, half: Tensor) -> Tensor:
        """Features of the half that ends at the face."""
        layers = _layers(half.flip(2))
        ones = torch.ones_like(layers[:, :1])  # distinguishes a wall from a zero
        return self._features(self.first, 0, torch.cat([layers, ones], dim=1))

    def _right(self, half: Tensor) -> Tensor:
        """Features of the half that starts at the face."""
        return self._features(self.second, 1, _layers(half))

    def _features(self, convolution: nn.Module, half: int, layers: Tensor) -> Tensor:
        """Features along a face and, for angles, the components of vectors."""
        layers = self._padded(layers, self.margins[0])
        features: Tensor = convolution(layers)
        if not self.vectors:
            return features
        count = _PLANE * _LAYERS
        parts = [self.turning[half](layers[:, axis:count:_PLANE]) for axis in range(_PLANE)]
        return torch.cat([features, *parts], dim=1)

    def _padded(self, plane: Tensor, margins: tuple[int, ...]) -> Tensor:
        """Pad for a convolution: periodically where the interface closes, else with zeros."""
        for axis, (closed, margin) in enumerate(zip(self.closed, margins, strict=True), start=2):
            if closed and margin:
                plane = _wrapped(plane, axis, margin)
            elif margin:
                plane = pad(plane, (0, 0, margin, margin) if axis == 2 else (margin, margin))
        return plane


@torch.no_grad()
def _start_at_sites(weight: Tensor, half: int, channels: int) -> None:
    """Let the first features start as single sites; their products are bonds across the face."""
    *_, height, width = weight.shape
    row, column = height // 2, width // 2
    for feature in range(min(len(_BONDS[half]) * channels, len(weight))):
        layer, shift = _BONDS[half][feature // channels]
        if 0 <= column + shift < width:
            weight[feature] *= _NOISE
            weight[feature, layer * channels + feature % channels, row, column + shift] = 1.0


def _inner(a: Tensor, b: Tensor) -> Tensor:
    """Inner products of plane vectors, all first components before all second ones.

    A small constant keeps them from zero.
    """
    (ax, ay), (bx, by) = a.chunk(2, dim=1), b.chunk(2, dim=1)
    return ax * bx + ay * by + _NEAR_ZERO


def _layers(half: Tensor) -> Tensor:
    """Rows and slab means by distance from the cut.

    Args:
        half: Shape `(n, channels, side, transverse...)`, with the cut before the first row.

    Returns:
        Shape `(n, 8 channels, height, width)`, layer after layer.
    """
    side = half.shape[2]
    rows = [half[:, :, k] if k < side else torch.zeros_like(half[:, :, 0]) for k in range(_ROWS)]
    slabs = [
        half[:, :, start:stop].mean(dim=2) if start < side else torch.zeros_like(half[:, :, 0])
        for start, stop in _SLABS
    ]
    layers = torch.cat(rows + slabs, dim=1)
    layers = layers if layers.ndim == 4 else layers[:, :, None]
    return layers.contiguous(memory_format=torch.channels_last)


def _wrapped(plane: Tensor, axis: int, margin: int) -> Tensor:
    """The plane with `margin` positions of its periodic images before and after it."""
    length = plane.shape[axis]
    if margin > length:
        places = torch.arange(-margin, length + margin, device=plane.device) % length
        return plane.index_select(axis, places)
    ends = plane.narrow(axis, length - margin, margin), plane.narrow(axis, 0, margin)
    return torch.cat([ends[0], plane, ends[1]], dim=axis)
