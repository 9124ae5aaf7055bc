"""Pairs of neighbouring halves from windows of lattice configurations.

States stay one byte each; a batch is read through a strided view of all windows and encoded as
floats at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from math import prod

import numpy as np
import torch
from torch import Tensor

from ..base import scratch
from ..data.samples import Samples
from ..geometry.cuts import Cut, Shape
from .encoding import Encoding
from .pairs import PairShape, cut_axis_first

__all__ = ["Windows", "windows_of"]

_READ_PLACES = 256  # interface sites read per held-out sample


def windows_of(samples: Samples, cut: Cut, device: str = "cpu") -> Windows:
    """The windows of a cut in some samples.

    Args:
        samples: Configurations.
        cut: A cut of the ladder of the samples' lattice.
        device: Where the samples are kept.
    """
    values = torch.from_numpy(samples.values.reshape(samples.n, *samples.shape)).to(device)
    encoding = Encoding.of(samples.kind, samples.states, samples.values)
    return Windows(values, cut, samples.periodic, encoding, samples.symmetries)


class Windows:
    """All windows of a cut's parent block in a set of configurations.

    Configurations that live on disk are read in place: their windows do not cross the boundaries,
    and nothing is copied.

    Args:
        values: Shape `(n, *space)`, codes as uint8, or floats.
        cut: The cut whose halves are wanted.
        periodic: One flag per space axis.
        encoding: States to floats.
        symmetries: Symmetries stated by the user, with which training batches are augmented.
    """

    def __init__(
        self,
        values: Tensor,
        cut: Cut,
        periodic: Sequence[bool],
        encoding: Encoding,
        symmetries: Sequence[str] = (),
    ):
        self.cut, self.encoding, self.symmetries = cut, encoding, frozenset(symmetries)
        self.shape = PairShape.of(cut, encoding.channels)
        self._order = cut_axis_first(cut)
        identity = tuple(range(values.ndim - 1))
        orders = [identity]
        if "transpose" in self.symmetries:
            orders = _axis_orders(values.shape[1:], periodic)
        self._views = [
            _windows(values.permute(0, *[axis + 1 for axis in order]), cut.parent, periodic)
            for order in orders
        ]

    @property
    def key(self) -> Shape:
        """Sides of the parent block."""
        return self.cut.parent

    @property
    def interface(self) -> int:
        """Number of sites along the interface, all faces together."""
        return self.cut.interface

    @property
    def positions(self) -> int:
        """Number of positions that a window can have in one sample."""
        return prod(self._views[0].shape[1 : 1 + len(self.cut.parent)])

    @property
    def reads(self) -> int:
        """How often a held-out sample is read: less often for longer interfaces."""
        return max(min(_READ_PLACES // self.interface, self.positions), 1)

    def raw(self, samples: Tensor, generator: torch.Generator, *, augment: bool = False) -> Tensor:
        """One window of each sample at a random position, cut axis first.

        Args:
            samples: Indices of the samples, shape `(n,)`.
            generator: Source of random numbers.
            augment: Whether to apply random symmetries.

        Returns:
            States, shape `(n, sides...)`.
        """
        view = self._views[int(_randint(len(self._views), 1, generator)) if augment else 0]
        space = len(self.cut.parent)
        places = [
            _randint(side, len(samples), generator).to(samples.device)
            for side in view.shape[1 : 1 + space]
        ]
        block = view[(samples, *places)]
        if augment:
            block = self._augmented(block, generator)
        block = block.permute(0, *[axis + 1 for axis in self._order])
        return block[..., None] if space == 1 else block

    def halves(self, block: Tensor) -> tuple[Tensor, Tensor]:
        """Encode the halves of a block, shapes `(n, channels, side, transverse...)`."""
        encoded = self.encoding(block)
        return encoded[:, :, : self.shape.left[0]], encoded[:, :, self.shape.left[0] :]

    def draw(
        self, samples: Tensor, generator: torch.Generator, *, augment: bool = False
    ) -> tuple[Tensor, Tensor]:
        """The encoded halves of one window of each sample; see `raw`."""
        return self.halves(self.raw(samples, generator, augment=augment))

    def _augmented(self, block: Tensor, generator: torch.Generator) -> Tensor:
        axes = range(1, block.ndim)
        if "flip" in self.symmetries:
            block = _at_random(block, self.encoding.flipped(block), generator)
        if "turn" in self.symmetries and self.encoding.kind == "angle":
            draws = torch.rand(len(block), generator=generator, dtype=torch.float64)
            angles = (2 * np.pi * draws).to(block)
            block = block + angles.view(-1, *[1] * (block.ndim - 1))
        if "invert" in self.symmetries:
            block = _at_random(block, block.flip(tuple(axes)), generator)
        if "reflect" in self.symmetries:
            for axis in axes:
                block = _at_random(block, block.flip(axis), generator)
        return block


def _axis_orders(shape: Sequence[int], periodic: Sequence[bool]) -> list[tuple[int, ...]]:
    """Orders of the axes that leave sides and boundaries unchanged."""
    sides = list(zip(shape, periodic, strict=True))
    return [
        order
        for order in permutations(range(len(sides)))
        if [sides[axis] for axis in order] == sides
    ]


def _windows(values: Tensor, parent: Shape, periodic: Sequence[bool]) -> Tensor:
    """A view of shape `(n, positions..., sides...)`.

    Periodic axes are padded as long as the values fit into memory.
    """
    if not scratch.is_large(values):
        for axis, (side, closed) in enumerate(zip(parent, periodic, strict=True), start=1):
            if closed and side > 1:
                values = torch.cat([values, values.narrow(axis, 0, side - 1)], dim=axis)
        values = values.contiguous()
    for axis, side in enumerate(parent, start=1):
        values = values.unfold(axis, side, 1)
    return values


def _at_random(block: Tensor, other: Tensor, generator: torch.Generator) -> Tensor:
    chosen = (torch.rand(len(block), generator=generator) < 0.5).to(block.device)
    return torch.where(chosen.view(-1, *[1] * (block.ndim - 1)), other, block)


def _randint(below: int, size: int, generator: torch.Generator) -> Tensor:
    return torch.randint(below, (size,), generator=generator)
