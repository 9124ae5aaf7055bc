r"""A critic that adds up along the interface; one set of weights serves every size.

Far from the cut the halves know of each other through their coarse features only, so
each half is seen as layers by distance from the cut: four single rows, then the means
of rows 5-8, 9-16, 17-32, 33-64.  With x the place along the interface,

    F(a, b) = sum_faces [ sum_x f(layers of a and b around x) ] + g(mean a, mean b)

f is a small convolutional network along the interface and g a small network of the
means and their products, which sees which phase each half is in.  The first
convolution is a sum of what it makes of a and of b, done once for all pairings; f has
its features, products among them, and squares of those of each half, as they are, too:
of Gaussian fields the log-odds is quadratic.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ..pairs import PairShape

__all__ = ["InterfaceCritic"]

_ROWS = 4
_NEAR_ZERO = 1e-6  # where a norm has a gradient
_SLABS = ((4, 8), (8, 16), (16, 32), (32, 64))
# layers and places along the interface of the sites that the first vectors see, in either half
_BONDS = (
    ((0, 0), (0, 0), (0, 0), (1, 0), (0, 0), (1, 0)),
    ((0, 0), (0, 1), (0, -1), (0, 0), (1, 0), (1, 0)),
)
_PLANE = 2  # channels of unit vectors in the plane
_NOISE = 0.3  # that is left of the first weights of features that begin as single sites
_GAIN = 16.0  # of what an inner product lacks of its largest value
_SKIP = 2  # dilation of the second convolution

Parts = tuple[Tensor, ...]


@dataclass(frozen=True)
class InterfaceCritic:
    """Configuration of the additive network.

    Arguments:
        width: Features at each place of the interface.
        products: How many of them multiply what is seen of the two halves.
        vectors: Of angles, more features: so many weighted sums of unit vectors in either
            half, whose inner products do not change when both halves turn.
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
    products: int = 8
    vectors: int = 16
    reach: tuple[int, int] = (5, 3)
    means: int = 16

    def build(self, shape: PairShape) -> nn.Module:
        return _Interface(self, shape)


class _Interface(nn.Module):
    def __init__(self, config: InterfaceCritic, shape: PairShape):
        super().__init__()
        self.faces = 2 if shape.wraps[0] else 1
        transverse = len(shape.left) - 1
        self.closed = (False, *shape.wraps[1:])[
            -2:
        ]  # along a plane; the interface of a 2-D block is one line of it
        near, far = ((1, side) if transverse == 1 else (side, side) for side in config.reach)
        self.margins = [tuple(side // 2 for side in near), tuple(side // 2 * _SKIP for side in far)]
        layers = shape.channels * (_ROWS + len(_SLABS))
        self.products, self.width = config.products, config.width
        self.first = nn.Conv2d(layers + 1, config.width, near)
        self.second = nn.Conv2d(layers, config.width, near, bias=False)
        for side, features in enumerate((self.first, self.second)):
            _point_at(features.weight[: self.products], side, shape.channels)
        self.vectors = config.vectors if shape.channels == _PLANE else 0
        if self.vectors:
            self.turning = nn.ModuleList(
                nn.Conv2d(_ROWS + len(_SLABS), self.vectors, near, bias=False) for _ in "ab"
            )
            for side, turning in enumerate(self.turning):
                _point_at(turning.weight, side, 1)
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
        self.squares = nn.ModuleList(nn.Linear(config.products, 1, bias=False) for _ in "ab")
        for part in (self.straight, *self.squares):
            nn.init.zeros_(part.weight)
        self.to(memory_format=torch.channels_last)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.score(self.combine(*self.embed(a, b)))

    def embed(self, a: Tensor, b: Tensor) -> tuple[Parts, Parts]:
        """What each half contributes whatever its partner: its mean, squares, and features at each face."""
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
        faces = [self._meeting(left, right) for left, right in zip(a[2:], b[2:], strict=True)]
        return torch.cat([a[0], b[0], products], dim=1), a[1] + b[1], *faces

    def _meeting(self, left: Tensor, right: Tensor) -> Tensor:
        """Features of a face: some are products of the halves', whose coupling is then learnt at once."""
        k = self.products
        (left, a), (right, b) = (
            part.split([self.width, part.shape[1] - self.width], dim=1) for part in (left, right)
        )
        met = [left[:, :k] * right[:, :k], torch.relu(left[:, k:] + right[:, k:])]
        if self.vectors:
            lengths = _inner(a, a).sqrt(), _inner(b, b).sqrt()
            met += [_GAIN * (lengths[0] * lengths[1] - _inner(a, b)), *lengths]
        return torch.cat(met, dim=1)

    def score(self, pairs: Parts) -> Tensor:
        means, alone, *faces = pairs
        return self.phases(means)[:, 0] + alone + sum(self._face(features) for features in faces)

    def _face(self, features: Tensor) -> Tensor:
        straight = self.straight(features.sum(dim=(2, 3)))[:, 0]
        features = torch.relu(self.along(self._padded(features, self.margins[1])))
        features = torch.relu(self.across(features)).flatten(2)  # (n, width, places)
        return straight + self.total(features.mean(dim=2))[:, 0] * features.shape[2]

    def _left(self, half: Tensor) -> Tensor:
        """Features of the half that ends at the face."""
        layers = _layers(half.flip(2))
        layers = torch.cat(
            [layers, torch.ones_like(layers[:, :1])], dim=1
        )  # tells a wall from a zero
        return self._seen(self.first, 0, layers)

    def _right(self, half: Tensor) -> Tensor:
        """Features of the half that starts at the face."""
        return self._seen(self.second, 1, _layers(half))

    def _seen(self, features: nn.Module, side: int, layers: Tensor) -> Tensor:
        """Features along a face and, of angles, the components of vectors."""
        layers = self._padded(layers, self.margins[0])
        if not self.vectors:
            return features(layers)
        count = 2 * (_ROWS + len(_SLABS))
        parts = [self.turning[side](layers[:, component:count:2]) for component in range(2)]
        return torch.cat([features(layers), *parts], dim=1)

    def _padded(self, plane: Tensor, margins: tuple[int, ...]) -> Tensor:
        """Room for a convolution: the far side where the interface closes, else zeros."""
        for axis, (closed, margin) in enumerate(zip(self.closed, margins, strict=True), start=2):
            if closed and margin:
                plane = _closed(plane, axis, margin)
            elif margin:
                plane = pad(plane, (0, 0, margin, margin) if axis == 2 else (margin, margin))
        return plane


@torch.no_grad()
def _point_at(weight: Tensor, side: int, channels: int) -> None:
    """Let the first features be those of single sites, so that their products are bonds across the interface."""
    *_, height, width = weight.shape
    row, column = height // 2, width // 2
    for feature in range(min(len(_BONDS[side]) * channels, len(weight))):
        layer, shift = _BONDS[side][feature // channels]
        if 0 <= column + shift < width:
            weight[feature] *= _NOISE
            weight[feature, layer * channels + feature % channels, row, column + shift] = 1.0


def _inner(a: Tensor, b: Tensor) -> Tensor:
    """Inner products of vectors whose second components follow all first ones; never quite zero."""
    (ax, ay), (bx, by) = a.chunk(2, dim=1), b.chunk(2, dim=1)
    return ax * bx + ay * by + _NEAR_ZERO


def _layers(half: Tensor) -> Tensor:
    """Rows and slab means by distance from the cut: (n, c, side, t...) -> (n, c * 8, plane of two axes)."""
    side = half.shape[2]
    rows = [half[:, :, k] if k < side else torch.zeros_like(half[:, :, 0]) for k in range(_ROWS)]
    slabs = [
        half[:, :, start:stop].mean(dim=2) if start < side else torch.zeros_like(half[:, :, 0])
        for start, stop in _SLABS
    ]
    layers = torch.cat(rows + slabs, dim=1)
    layers = layers if layers.ndim == 4 else layers[:, :, None]
    return layers.contiguous(memory_format=torch.channels_last)


def _closed(plane: Tensor, axis: int, margin: int) -> Tensor:
    """The plane with `margin` places of its far side put before and after it."""
    length = plane.shape[axis]
    if margin > length:
        places = torch.arange(-margin, length + margin, device=plane.device) % length
        return plane.index_select(axis, places)
    ends = plane.narrow(axis, length - margin, margin), plane.narrow(axis, 0, margin)
    return torch.cat([ends[0], plane, ends[1]], dim=axis)
