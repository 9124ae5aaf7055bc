r"""Joint and product pairs of neighbouring halves.

Joint pair: both halves from one window of one sample.  Product pair: halves of different,
decorrelated samples, made by rolling the second halves of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from ..geometry.cuts import Cut, Shape

__all__ = ["PairShape", "Source", "cut_axis_first", "shifts", "spread_out"]


class Source(Protocol):
    """The pairs of a cut: `Windows` of a lattice or `Crops` of space."""

    @property
    def shape(self) -> Any:
        """Shape of the pairs, for the critic's network."""

    @property
    def key(self) -> tuple[float, ...]:
        """Sides of the block that is cut."""

    @property
    def interface(self) -> int:
        """Length of the interface in sites, or in sites of equal cost."""

    @property
    def reads(self) -> int:
        """How often a held-out sample is read."""

    def draw(
        self, samples: Tensor, generator: torch.Generator, *, augment: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Both halves of one block of each sample.

        Args:
            samples: Indices of the samples, shape `(n,)`.
            generator: Source of random numbers.
            augment: Whether to apply random symmetries.
        """


@dataclass(frozen=True)
class PairShape:
    """The shape of a pair of lattice blocks: the cut axis first, then the transverse axes.

    Chains of sites get one transverse axis of a single site.

    Args:
        channels: Numbers that encode one site.
        left: Sides of the first half.
        right: Sides of the second half.
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
        """The shape of the halves of a cut."""
        order = cut_axis_first(cut)
        left, right = (tuple(sides[axis] for axis in order) for sides in (cut.left, cut.right))
        wraps = tuple(cut.wraps[axis] for axis in order)
        if len(order) == 1:
            left, right, wraps = (*left, 1), (*right, 1), (*wraps, False)
        return cls(channels, left, right, wraps)


def cut_axis_first(cut: Cut) -> tuple[int, ...]:
    """The axes of a block with the cut axis first."""
    return (cut.axis, *[axis for axis in range(len(cut.parent)) if axis != cut.axis])


def spread_out(indices: np.ndarray, size: int, generator: torch.Generator) -> Tensor:
    """`size` of the samples, evenly spread and in order, from a random start.

    Args:
        indices: Indices of the samples to choose from.
        size: How many to choose; samples repeat if there are fewer.
        generator: Source of random numbers.
    """
    start = float(torch.rand((), generator=generator))
    picks = np.floor((np.arange(size) + start) * len(indices) / size).astype(int)
    return torch.from_numpy(indices[np.minimum(picks, len(indices) - 1)])


def shifts(
    size: int, samples: int, tau: float, count: int, generator: torch.Generator
) -> tuple[int, ...]:
    """Rolls of a batch that pair each half with a half of a decorrelated sample.

    Args:
        size: Pairs in the batch, in the order of their samples.
        samples: Number of different samples in the batch's set.
        tau: Autocorrelation time in draws; partners are at least 3 tau apart.
        count: Number of different rolls wanted; fewer if the batch is too small.
        generator: Source of random numbers.
    """
    gap = min(ceil((3 * tau + 1) * size / max(samples, 1)), size // 2)
    choices = max(size - 2 * gap + 1, 1)
    order = torch.randperm(choices, generator=generator)[:count]
    return tuple(int(gap + k) for k in order)
