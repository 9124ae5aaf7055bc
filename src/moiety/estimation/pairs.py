r"""Joint and product pairs of neighbouring halves, gathered in torch.

Joint: both halves from one window of one sample.  Product: the halves of different,
decorrelated samples, by rolling the second halves of a batch.  The values stay one
byte a state; a batch is read through a strided view of all windows and coded as
floats at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import ceil, prod
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from ..base import scratch
from ..geometry.cuts import Cut, Shape

__all__ = [
    "Encoding",
    "PairShape",
    "Source",
    "Split",
    "Windows",
    "cross_splits",
    "shifts",
    "spread_out",
]

_READ_PLACES = 256  # of the interface, per held-out sample


class Source(Protocol):
    """Where the pairs of a cut come from: `Windows` of a lattice, `crops.Crops` of space."""

    shape: Any
    """What a critic is built for."""
    key: tuple[float, ...]
    """Sides of the block that is cut."""
    interface: int
    """Its length in sites, or what costs as much."""
    reads: int
    """How often a held-out sample is read."""

    def draw(
        self, samples: Tensor, generator: torch.Generator, *, augment: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Both halves of one window of each sample."""


@dataclass(frozen=True)
class PairShape:
    """What a critic sees of a cut: the cut axis first, then the transverse axes.

    Chains of sites get one transverse axis of a single site.

    Arguments:
        channels: Numbers that code one site.
        left, right: Sides of the halves.
        wraps: Per axis, whether the pair closes on itself there.

    Example:
        >>> from ..geometry.cuts import ladder
        >>> PairShape.of(ladder((8, 8), (True, True)).cuts[1], channels=1)
        PairShape(channels=1, left=(4, 4), right=(4, 4), wraps=(True, False))
    """

    channels: int
    left: Shape
    right: Shape
    wraps: tuple[bool, ...]

    @classmethod
    def of(cls, cut: Cut, channels: int) -> PairShape:
        order = _cut_axis_first(cut)
        left, right = (tuple(sides[axis] for axis in order) for sides in (cut.left, cut.right))
        wraps = tuple(cut.wraps[axis] for axis in order)
        if len(order) == 1:
            left, right, wraps = (*left, 1), (*right, 1), (*wraps, False)
        return cls(channels, left, right, wraps)


@dataclass(frozen=True)
class Encoding:
    """States as floats for a critic.

    Two states become ±1, q > 2 states one-hot, an angle (cos, sin) so that its branch
    cut is nowhere, a real number its distance from the mean in standard deviations.

    Arguments:
        kind: Of the samples.
        states: q of discrete samples.
        mean, scale: Of real samples.
    """

    kind: str
    states: int = 0
    mean: float = 0.0
    scale: float = 1.0

    @classmethod
    def of(cls, kind: str, states: int, values: np.ndarray) -> Encoding:
        if kind != "real":
            return cls(kind, states)
        slabs = [values[part] for part in scratch.slabs(values.shape, values.itemsize)]
        mean = sum(part.sum(dtype=float) for part in slabs) / values.size
        square = sum(((part - mean) ** 2).sum(dtype=float) for part in slabs) / values.size
        return cls(kind, states, float(mean), float(square) ** 0.5 or 1.0)

    @property
    def channels(self) -> int:
        """Numbers that code one site."""
        if self.kind == "angle":
            return 2
        return self.states if self.kind == "discrete" and self.states > 2 else 1

    def __call__(self, block: Tensor) -> Tensor:
        """Shape `(n, *sides)` to `(n, channels, *sides)`.

        Example:
            >>> Encoding("discrete", 2)(torch.tensor([[0, 1]], dtype=torch.uint8))
            tensor([[[-1.,  1.]]])
        """
        if self.kind == "angle":
            return torch.stack([block.cos(), block.sin()], dim=1).float()
        if self.kind == "real":
            return ((block - self.mean) / self.scale).float()[:, None]
        if self.states > 2:
            codes = torch.arange(self.states, dtype=torch.uint8, device=block.device)
            return (block[:, None] == codes.view(-1, *[1] * (block.ndim - 1))).float()
        return block.float().mul_(2).sub_(1)[:, None]

    def flipped(self, block: Tensor) -> Tensor:
        """The global relabelling that the symmetry `flip` states."""
        return max(self.states - 1, 0) - block if self.kind == "discrete" else -block


@dataclass(frozen=True, eq=False)
class Split:
    """Disjoint sets of samples, as indices in the order of the chains."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def cross_splits(
    chains: int, draws: int, folds: int = 2, validation: float = 0.2
) -> tuple[Split, ...]:
    """One split a fold; the test sets together hold every sample once.

    Sets are runs of consecutive draws in the order of the chains, so whole chains as
    far as these divide evenly: neighbours part at the ends of the runs only.

    Arguments:
        chains, draws: Of the samples.
        folds: Number of test sets.
        validation: Share of the samples outside a test set that judge its training.

    Example:
        >>> cross_splits(4, 2)[0].test
        array([0, 1, 2, 3])
    """
    n = chains * draws
    edges = [round(n * k / folds) for k in range(folds + 1)]
    return tuple(_split(n, edges[k], edges[k + 1], validation) for k in range(folds))


def _split(n: int, start: int, stop: int, validation: float) -> Split:
    """The validation run is the one farthest from the test run, the ends being joined."""
    others = np.concatenate([np.arange(stop, n), np.arange(start)])
    held = max(2, round(validation * len(others)))
    first = (
        (len(others) - held) // 2
        if start > 0 and stop < n
        else (len(others) - held if start == 0 else 0)
    )
    chosen = others[first : first + held]
    train = np.setdiff1d(others, chosen)
    return Split(train, np.sort(chosen), np.arange(start, stop))


def spread_out(indices: np.ndarray, size: int, generator: torch.Generator) -> Tensor:
    """`size` of the samples, evenly spread and in order, from a random start."""
    start = float(torch.rand((), generator=generator))
    picks = np.floor((np.arange(size) + start) * len(indices) / size).astype(int)
    return torch.from_numpy(indices[np.minimum(picks, len(indices) - 1)])


def shifts(
    size: int, samples: int, tau: float, count: int, generator: torch.Generator
) -> tuple[int, ...]:
    """Rolls of a batch that pair each half with one of a decorrelated sample.

    Arguments:
        size: Pairs in the batch, in the order of `samples` different samples.
        tau: Autocorrelation time in draws; partners lie at least 3 tau apart.
        count: Number of different rolls wanted; fewer where the batch has no more.
    """
    gap = min(ceil((3 * tau + 1) * size / max(samples, 1)), size // 2)
    choices = max(size - 2 * gap + 1, 1)
    order = torch.randperm(choices, generator=generator)[:count]
    return tuple(int(gap + k) for k in order)


class Windows:
    """All windows of a cut's parent block in a set of configurations.

    Configurations that live on disk are read where they lie: their windows do not cross the edges, and none
    is copied.

    Arguments:
        values: Shape `(n, *space)`, codes as uint8, or floats.
        cut: The cut whose halves are wanted.
        periodic: One flag per space axis.
        encoding: States to floats.
        symmetries: Those that the user stated; training batches are augmented.
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
        self._order = _cut_axis_first(cut)
        turns = (
            _turns(values.shape[1:], periodic)
            if "transpose" in self.symmetries
            else [tuple(range(values.ndim - 1))]
        )
        self._views = [
            _windows(values.permute(0, *[axis + 1 for axis in turn]), cut.parent, periodic)
            for turn in turns
        ]

    @property
    def key(self) -> Shape:
        """Sides of the parent block."""
        return self.cut.parent

    @property
    def interface(self) -> int:
        """Sites along the interface, all faces together."""
        return self.cut.interface

    @property
    def positions(self) -> int:
        """Number of places that a window can have in one sample."""
        return prod(self._views[0].shape[1 : 1 + len(self.cut.parent)])

    @property
    def reads(self) -> int:
        """How often a held-out sample is read: the less, the longer the interface."""
        return max(min(_READ_PLACES // self.interface, self.positions), 1)

    def raw(self, samples: Tensor, generator: torch.Generator, *, augment: bool = False) -> Tensor:
        """One window of each sample at a random place, shape `(n, sides...)`, cut axis first."""
        turn = _randint(len(self._views), 1, generator).item() if augment else 0
        view = self._views[turn]
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
        """The coded halves, shapes `(n, channels, side, transverse...)`."""
        coded = self.encoding(block)
        return coded[:, :, : self.shape.left[0]], coded[:, :, self.shape.left[0] :]

    def draw(
        self, samples: Tensor, generator: torch.Generator, *, augment: bool = False
    ) -> tuple[Tensor, Tensor]:
        """The coded halves of one window of each sample."""
        return self.halves(self.raw(samples, generator, augment=augment))

    def _augmented(self, block: Tensor, generator: torch.Generator) -> Tensor:
        axes = range(1, block.ndim)
        if "flip" in self.symmetries:
            block = _at_random(block, self.encoding.flipped(block), generator)
        if "turn" in self.symmetries and self.encoding.kind == "angle":
            angles = 2 * np.pi * torch.rand(len(block), generator=generator, dtype=torch.float64)
            block = block + angles.to(block).view(-1, *[1] * (block.ndim - 1))
        if "invert" in self.symmetries:
            block = _at_random(block, block.flip(tuple(axes)), generator)
        if "reflect" in self.symmetries:
            for axis in axes:
                block = _at_random(block, block.flip(axis), generator)
        return block


def _cut_axis_first(cut: Cut) -> tuple[int, ...]:
    return (cut.axis, *[axis for axis in range(len(cut.parent)) if axis != cut.axis])


def _turns(shape: Sequence[int], periodic: Sequence[bool]) -> list[tuple[int, ...]]:
    """Orders of the axes that leave sides and edges as they are."""
    sides = list(zip(shape, periodic, strict=True))
    return [
        turn for turn in permutations(range(len(sides))) if [sides[axis] for axis in turn] == sides
    ]


def _windows(values: Tensor, parent: Shape, periodic: Sequence[bool]) -> Tensor:
    """A view of shape `(n, positions..., sides...)`, over values padded where they wrap, as long as there is memory."""
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
