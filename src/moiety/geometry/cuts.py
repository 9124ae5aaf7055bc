r"""The ladder of halves of a lattice: every cut, and its weight in the entropy.

A lattice X_0 is halved across its longest side, each half again, and so on down to
single sites.  For a cut of a block into halves a and b

    S(a, b) = S(a) + S(b) - M(a; b)                                       (Eq. 2)

and therefore, summed over all cuts of the tree,

    S(X_0) = sum_bases n S(base) - sum_cuts n M(cut).

If all sides are powers of two, each level has one cut, n = V_0 / (2 V_k), and this is
Eq. 4 of Nir et al., PNAS 117, 30234 (2020), https://doi.org/10.1073/pnas.2017042117:
s(X_0) = s_m - 1/2 sum_k M(X_k) / V_k.  An odd side is cut into floor and ceiling; a level
then has several cuts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from operator import index

from ..base.errors import InputError

__all__ = ["Cut", "Ladder", "Shape", "ladder"]

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Cut:
    """A kind of cut: a block of given sides, split into two neighbouring halves.

    Args:
        level: Depth k in the tree; the cut of the whole lattice has level 1.
        parent: Sides of the block that is cut.
        axis: Space axis perpendicular to the cut.
        wraps: For each axis, whether the block spans a periodic side of the lattice and
            therefore closes on itself.
        count: Number of times that this cut occurs in the whole lattice.

    Example:
        >>> top = ladder((64, 64), (True, True)).cuts[0]
        >>> top.left, top.volume, top.faces, top.interface
        ((32, 64), 2048, 2, 128)
    """

    level: int
    parent: Shape
    axis: int
    wraps: tuple[bool, ...]
    count: int

    @property
    def key(self) -> Shape:
        """Sides that identify the cut: those of the parent."""
        return self.parent

    @property
    def left(self) -> Shape:
        """Sides of the first half, which is the larger one if the side is odd."""
        return self._with_side(-(-self.parent[self.axis] // 2))

    @property
    def right(self) -> Shape:
        """Sides of the second half."""
        return self._with_side(self.parent[self.axis] // 2)

    @property
    def volume(self) -> int:
        """Number of sites in the first half, V_k."""
        return prod(self.left)

    @property
    def faces(self) -> int:
        """Two if the halves of a periodic side meet at both ends, otherwise one."""
        return 2 if self.wraps[self.axis] else 1

    @property
    def interface(self) -> int:
        """Number of sites along the interface, all faces together, l_k."""
        return self.faces * prod(self.parent) // self.parent[self.axis]

    def swapped(self, axis: int, other: int) -> Cut:
        """The same cut after swapping two axes of the lattice.

        Args:
            axis: First of the two axes.
            other: Second of the two axes.

        Example:
            >>> ladder((64, 64), (True, True)).cuts[1].swapped(0, 1)
            Cut(level=2, parent=(64, 32), axis=0, wraps=(True, False), count=2)
        """
        order = list(range(len(self.parent)))
        order[axis], order[other] = other, axis
        parent, wraps = tuple(self.parent[k] for k in order), tuple(self.wraps[k] for k in order)
        return replace(self, parent=parent, axis=order.index(self.axis), wraps=wraps)

    def _with_side(self, side: int) -> Shape:
        return (*self.parent[: self.axis], side, *self.parent[self.axis + 1 :])


@dataclass(frozen=True)
class Ladder:
    """All cuts of a lattice, from the largest block down to single sites.

    Args:
        shape: Sides of the lattice.
        periodic: Whether the boundary is periodic, for each axis.
        cuts: Every kind of cut, in order of level.
    """

    shape: Shape
    periodic: tuple[bool, ...]
    cuts: tuple[Cut, ...]

    @property
    def volume(self) -> int:
        """Number of sites of the lattice, V_0."""
        return prod(self.shape)

    @cached_property
    def children(self) -> Mapping[Shape, Cut]:
        """The cut of each block that is cut, by the sides of the block."""
        return {cut.parent: cut for cut in self.cuts}

    def weight(self, cut: Cut) -> float:
        """Weight of M in s, n / V_0, which is 1 / (2 V_k) for equal halves."""
        return cut.count / self.volume

    def above(self, is_base: Callable[[Shape], bool]) -> tuple[tuple[Cut, ...], dict[Shape, int]]:
        """The part of the ladder above the base blocks.

        Args:
            is_base: Whether a block of these sides is a base, which is not cut further.
                Single sites always are.

        Returns:
            The cuts in order of level, each with its number of occurrences above the bases,
            and the number of base blocks by their sides.
        """
        blocks: Counter[Shape] = Counter({self.shape: 1})
        made: Counter[Shape] = Counter()
        bases: Counter[Shape] = Counter()
        while blocks:
            parts: Counter[Shape] = Counter()
            for shape, count in blocks.items():
                if is_base(shape) or prod(shape) == 1:
                    bases[shape] += count
                    continue
                cut = self.children[shape]
                made[shape] += count
                parts.update({cut.left: count})
                parts.update({cut.right: count})
            blocks = parts
        cuts = tuple(
            replace(cut, count=made[cut.parent]) for cut in self.cuts if cut.parent in made
        )
        return cuts, dict(bases)


def ladder(shape: Sequence[int], periodic: Sequence[bool]) -> Ladder:
    """Build the ladder of halves of a lattice.

    Each block is cut across its longest side, or the first of several equal ones.

    Args:
        shape: Sides of the lattice, one to three of them.
        periodic: Whether the boundary is periodic, for each axis.

    Raises:
        InputError: The lattice has fewer than two sites, or `periodic` has another length.

    Example:
        >>> [cut.left for cut in ladder((4, 4), (True, True)).cuts]
        [(2, 4), (2, 2), (1, 2), (1, 1)]
    """
    shape, periodic = tuple(map(index, shape)), tuple(map(bool, periodic))
    if len(shape) != len(periodic):
        raise InputError(f"{len(shape)} sides but {len(periodic)} periodic flags")
    if min(shape, default=0) < 1 or prod(shape) < 2:
        raise InputError(f"a lattice of {'x'.join(map(str, shape))} sites is too small to halve")
    blocks, cuts, level = Counter({shape: 1}), [], 0
    while any(prod(block) > 1 for block in blocks):
        level += 1
        made = [
            _cut(level, block, count, shape, periodic)
            for block, count in blocks.items()
            if prod(block) > 1
        ]
        blocks = Counter()
        for cut in made:
            blocks[cut.left] += cut.count
            blocks[cut.right] += cut.count
        cuts += made
    return Ladder(shape, periodic, _merged(cuts))


def _cut(level: int, parent: Shape, count: int, shape: Shape, periodic: tuple[bool, ...]) -> Cut:
    wraps = tuple(
        closed and side == full for side, full, closed in zip(parent, shape, periodic, strict=True)
    )
    return Cut(level, parent, parent.index(max(parent)), wraps, count)


def _merged(cuts: Sequence[Cut]) -> tuple[Cut, ...]:
    """Merge cuts of the same block at two depths into one at the smaller depth."""
    merged: dict[Shape, Cut] = {}
    for cut in cuts:
        if cut.parent in merged:
            first = merged[cut.parent]
            cut = Cut(first.level, cut.parent, cut.axis, cut.wraps, first.count + cut.count)
        merged[cut.parent] = cut
    return tuple(merged.values())
