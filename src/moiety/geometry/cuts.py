r"""The halving ladder: which block is cut where, and what that makes of the entropy.

A lattice X_0 is halved across its longest side, each half again, and so on down to
single sites.  For a cut of a block into halves a and b

    S(a, b) = S(a) + S(b) - M(a; b)                                       (Eq. 2)

so that, summed over all cuts of the tree,

    S(X_0) = sum_bases n S(base) - sum_cuts n M(cut).

For sides that are powers of two there is one cut a level, n = V_0 / (2 V_k), and
this is Eq. 4 of Nir et al., PNAS 2020: s(X_0) = s_m - 1/2 sum_k M(X_k) / V_k.
An odd side is cut into floor and ceiling; a level then holds several cuts.
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
    """One kind of cut of the tree: a block split into two neighbouring halves.

    Arguments:
        level: Depth k in the tree: 1 for the first cut of the whole lattice.
        parent: Sides of the block that is cut.
        axis: The space axis that is cut.
        wraps: For each axis, whether the parent closes on itself there (it spans a
            periodic side of the lattice).
        count: How often this cut occurs in the whole lattice.

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
    def left(self) -> Shape:
        """Sides of the first half, the larger one where the side is odd."""
        return self._with_side(-(-self.parent[self.axis] // 2))

    @property
    def right(self) -> Shape:
        """Sides of the second half."""
        return self._with_side(self.parent[self.axis] // 2)

    @property
    def volume(self) -> int:
        """V_k: sites in the first half."""
        return prod(self.left)

    @property
    def faces(self) -> int:
        """Two where the halves of a periodic side meet at both ends, else one."""
        return 2 if self.wraps[self.axis] else 1

    @property
    def interface(self) -> int:
        """l_k: sites along the interface, all faces together."""
        return self.faces * prod(self.parent) // self.parent[self.axis]

    def swapped(self, axis: int, other: int) -> Cut:
        """The same cut of a lattice two of whose axes are swapped.

        Example:
            >>> ladder((64, 64), (True, True)).cuts[1].swapped(0, 1)
            Cut(level=2, parent=(64, 32), axis=0, wraps=(True, False), count=2)
        """
        order = list(range(len(self.parent)))
        order[axis], order[other] = other, axis
        parent, wraps = (tuple(sides[k] for k in order) for sides in (self.parent, self.wraps))
        return replace(self, parent=parent, axis=order.index(self.axis), wraps=wraps)

    def _with_side(self, side: int) -> Shape:
        return (*self.parent[: self.axis], side, *self.parent[self.axis + 1 :])


@dataclass(frozen=True)
class Ladder:
    """All cuts of a lattice, largest blocks first, down to single sites.

    Arguments:
        shape: Sides of the lattice.
        periodic: One flag per axis.
        cuts: Every kind of cut, in the order of their levels.
    """

    shape: Shape
    periodic: tuple[bool, ...]
    cuts: tuple[Cut, ...]

    @property
    def volume(self) -> int:
        """V_0: sites of the lattice."""
        return prod(self.shape)

    @cached_property
    def children(self) -> Mapping[Shape, Cut]:
        """The cut that is made of each block shape."""
        return {cut.parent: cut for cut in self.cuts}

    def weight(self, cut: Cut) -> float:
        """ds/dM of a cut: n / V_0, which is 1/(2 V_k) for equal halves."""
        return cut.count / self.volume

    def above(self, is_base: Callable[[Shape], bool]) -> tuple[tuple[Cut, ...], dict[Shape, int]]:
        """The cuts made until every block is a base, and how often each base occurs.

        Returns:
            Cuts in the order of the ladder, each with the count that it has above the
            bases, and counts of the bases.
        """
        blocks, made, bases = Counter({self.shape: 1}), Counter(), Counter()
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

    def entropy(self, informations: Mapping[Cut, float], bases: Mapping[Shape, float]) -> float:
        """Entropy per site of the lattice (Eq. 4).

        Arguments:
            informations: M of every cut above the bases, in nats.
            bases: S of each base block, in nats.

        Example:
            >>> rungs = ladder((2, 2), (False, False))
            >>> zero = dict.fromkeys(rungs.cuts, 0.0)
            >>> rungs.entropy(zero, {(1, 1): 0.5})
            0.5
        """
        cuts, counts = self.above(bases.__contains__)
        total = sum(count * bases[shape] for shape, count in counts.items())
        known = {cut.parent: information for cut, information in informations.items()}
        return (total - sum(cut.count * known[cut.parent] for cut in cuts)) / self.volume


def ladder(shape: Sequence[int], periodic: Sequence[bool]) -> Ladder:
    """The ladder of halves of a lattice.

    Cuts go across the longest side, the first of equals.

    Arguments:
        shape: Sides of the lattice, one to three.
        periodic: One flag per axis.

    Raises:
        InputError: A lattice with fewer than two sites, or flags that do not fit.

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
    """Cuts of one block shape that occur at two depths, as one cut at the upper depth."""
    merged: dict[Shape, Cut] = {}
    for cut in cuts:
        if cut.parent in merged:
            first = merged[cut.parent]
            cut = Cut(first.level, cut.parent, cut.axis, cut.wraps, first.count + cut.count)
        merged[cut.parent] = cut
    return tuple(merged.values())
