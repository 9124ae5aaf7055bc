"""Cuts of blocks of continuous space, for particles.

Half a block has volume V and meets the other half at a face of d - 1 dimensions.  Lengths are
in units of the particles (their diameter, for example).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

__all__ = ["BlockCut", "block_ladder"]


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
    def interface(self) -> float:
        """Size of the interface that the area law is about: the face."""
        return self.face

    def __str__(self) -> str:
        return "x".join(f"{side:g}" for side in (*self.half[1:], self.half[0]))


def block_ladder(base: float, dimensions: int, largest: float) -> tuple[BlockCut, ...]:
    """Cuts from cubes of side `base` up to blocks of side `largest`, smallest first.

    Blocks are joined at their largest faces: two squares make a 2:1 block, two of these a square.

    Args:
        base: Side of the smallest block.
        dimensions: Number of space dimensions.
        largest: Longest side that a half may have.

    Example:
        >>> [str(cut) for cut in block_ladder(1.0, 2, 4.0)]
        ['1x1', '2x1', '2x2', '4x2', '4x4']
    """
    sides, cuts = [float(base)] * dimensions, []
    while max(sides) <= largest * (1 + 1e-9):
        short = min(sides)
        place = sides.index(short)
        cuts.append(BlockCut((short, *sorted(sides[:place] + sides[place + 1 :], reverse=True))))
        sides[place] *= 2
    return tuple(cuts)
