"""Entropies of the smallest blocks, from which the sum over cuts starts.

Blocks of discrete sites are counted (`counting`).  Continuous sites have the entropy of a single
site, or of two angles whose common direction is free (`site_entropy`).
"""

from __future__ import annotations

from math import prod

from ..data.samples import Samples
from ..geometry.cuts import Cut, Shape
from .counting import CountedBlock, Floats, count_block, fits_counting
from .site_entropy import centred_angles, free_angles, site_block

__all__ = ["MOST_BIAS", "BlockCounts", "CountedBlock"]

MOST_BIAS = 5e-4  # largest bias error of a base block, in nats per site


class BlockCounts:
    """Entropies of the small blocks of some samples, each computed once.

    Args:
        samples: Samples of any kind.

    Example:
        >>> import numpy as np
        >>> spins = np.random.default_rng(0).integers(0, 2, size=(64, 8, 8))
        >>> counts = BlockCounts(Samples.from_array(spins, periodic=True))
        >>> counts.is_base((2, 2)), counts[(2, 2)].windows
        (True, 4096)
    """

    def __init__(self, samples: Samples):
        self.samples = samples
        self.flat = samples.values.reshape(samples.n, *samples.shape)
        self.known: dict[Shape, CountedBlock] = {}
        self.refused: list[Shape] = []
        self.turns = samples.kind == "angle" and "turn" in samples.symmetries
        self.least = 2 if self.turns else 1  # blocks of so many sites are always available

    def __getitem__(self, shape: Shape) -> CountedBlock:
        if shape not in self.known:
            self.known[shape] = self._estimated(shape)
        return self.known[shape]

    def _estimated(self, shape: Shape) -> CountedBlock:
        if self.samples.kind == "discrete":
            return count_block(self.flat, shape, self.samples.periodic, self.samples.states)
        if self.turns:
            return free_angles(self.flat, shape, self.samples.periodic)
        return site_block(centred_angles(self.flat) if self.samples.kind == "angle" else self.flat)

    def fits(self, shape: Shape) -> bool:
        """Whether the entropy of a block can be computed at all.

        Args:
            shape: Sides of the block.
        """
        return prod(shape) <= self.least or fits_counting(shape, self.samples.states)

    def is_base(self, shape: Shape) -> bool:
        """Whether the sum may start from a block: it fits, and there are enough samples.

        Blocks that fit but have too few samples are noted in `refused`.

        Args:
            shape: Sides of the block.
        """
        if prod(shape) <= self.least:
            return True
        if not self.fits(shape):
            return False
        enough = self[shape].bias_error <= MOST_BIAS * prod(shape)
        if not enough and shape not in self.refused:
            self.refused.append(shape)
        return enough

    def mutual_information(self, cut: Cut) -> tuple[float, Floats]:
        """M of a cut inside a base block, in nats, and its influences, shape `(n,)`.

        Args:
            cut: Cut of a block that fits.
        """
        halves = [self[cut.left], self[cut.right]]
        whole = self[cut.parent]
        influence = sum(half.influence for half in halves) - whole.influence
        return sum(half.entropy for half in halves) - whole.entropy, influence
