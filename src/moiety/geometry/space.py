"""Cuts of blocks of continuous space, for particles.

Half a block has volume V and meets the other half at a face of d - 1 dimensions.  Lengths are
in units of the particles (their diameter, for example).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import prod

__all__ = ["BlockCut", "block_ladder", "doublings"]


@dataclass(frozen=True)
class BlockCut:
    """Two equal blocks of space that share a face.

    Args:
        half: Sides of each block; the first side is perpendicular to the cut.

    Example:
        >>> cut = BlockCut((1.0, 2.0))
        >>> cut.parent, cut.volume, cut.face
        ((2.0, 2.0), 2.0, 2.0)
    """

    half: tuple[float, ...]

    @property
    def parent(self) -> tuple[float, ...]:
        """Sides of the two blocks together."""
        return (2 * self.half[0], *self.half[1:])

    @property
    def key(self) -> tuple[float, ...]:
        """Sides that identify the cut: those of the parent."""
        return self.parent

    @property
    def volume(self) -> float:
        """Volume of a half."""
        return prod(self.half)

    @property
    def face(self) -> float:
        """Area of the shared face: a length in two dimensions, 1 in one."""
        return prod(self.half[1:])

    @property
    def rim(self) -> float:
        """Perimeter of the shared face; 1 where the face is a point or a line.

        Example:
            >>> BlockCut((1.0, 2.0, 4.0)).rim, BlockCut((1.0, 2.0)).rim
            (12.0, 1.0)
        """
        if len(self.half) < 3:
            return 1.0
        return 2 * sum(self.half[1:])

    @property
    def interface(self) -> float:
        """Size of the interface that the area law is about: the face."""
        return self.face

    def __str__(self) -> str:
        return "x".join(f"{side:g}" for side in (*self.half[1:], self.half[0]))


def doublings(sides: Sequence[float]) -> Iterator[BlockCut]:
    """Cuts of ever larger blocks: each block is joined to its like at its largest face.

    Args:
        sides: Sides of the first half.

    Example:
        >>> from itertools import islice
        >>> [str(cut) for cut in islice(doublings([1.0, 1.0]), 3)]
        ['1x1', '2x1', '2x2']
    """
    current = list(sides)
    while True:
        short = min(current)
        place = current.index(short)
        rest = sorted(current[:place] + current[place + 1 :], reverse=True)
        yield BlockCut((short, *rest))
        current[place] *= 2


def block_ladder(base: float, dimensions: int, largest: float) -> tuple[BlockCut, ...]:
    """Cuts from cubes of side `base` up to blocks of side `largest`, smallest first.

    Args:
        base: Side of the smallest block.
        dimensions: Number of space dimensions.
        largest: Longest side that a half may have.

    Example:
        >>> [str(cut) for cut in block_ladder(1.0, 2, 4.0)]
        ['1x1', '2x1', '2x2', '4x2', '4x4']
    """
    cuts = doublings([float(base)] * dimensions)
    return tuple(takewhile(lambda cut: max(cut.half) <= largest * (1 + 1e-9), cuts))
