r"""Naive entropy: the entropy of a counted block, divided by its number of sites.

    s = S(block) / V(block) >= s of the whole lattice,

because entropy is subadditive: correlations beyond the block are ignored.  States are counted,
and the bias corrected, by `entropy.counted_blocks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np

from ..base import words
from ..base.errors import InputError
from ..data.samples import Samples
from ..data.statistics import series_error
from ..entropy.counted_blocks import BlockCounts
from ..geometry.cuts import Shape
from ..results.types import Estimate

__all__ = ["naive_entropy"]


def naive_entropy(samples: Samples, shape: Sequence[int] | None = None) -> Estimate:
    """Estimate the entropy per site from a small block, in nats.

    The error includes the spread of the samples with their autocorrelation, and the uncertainty
    of the bias correction, but not the correlations beyond the block.

    Args:
        samples: Samples of any kind.  Continuous states have only single sites as blocks, and
            their entropy is relative to the unit of the values; angles with the symmetry `turn`
            also have pairs of neighbours.
        shape: Sides of the block.  By default the largest nearly square block with at most 2**16
            states and enough samples, 4x4 for spins in two dimensions.

    Raises:
        InputError: The block does not fit the lattice or has too many states.

    Example:
        >>> import moiety
        >>> model = moiety.system("ising-square", size=16, temperature=2.5)
        >>> naive = naive_entropy(model.sample(256, seed=1))
        >>> 0.05 < naive.entropy - model.exact_entropy() < 0.08
        True
    """
    counts = BlockCounts(samples)
    chosen = _largest(samples, counts) if shape is None else _checked(tuple(shape), samples, counts)
    block = counts[chosen]
    spread = series_error(block.influence, samples)
    return Estimate(
        block.entropy / prod(chosen), float(np.hypot(spread, block.bias_error)) / prod(chosen)
    )


def _checked(shape: Shape, samples: Samples, counts: BlockCounts) -> Shape:
    text = words.shape(shape)
    if len(shape) != len(samples.shape) or not all(
        1 <= a <= b for a, b in zip(shape, samples.shape, strict=True)
    ):
        raise InputError(
            f"a block of {text} does not fit a lattice of {words.shape(samples.shape)}"
        )
    if not counts.fits(shape):
        raise InputError(f"a block of {text} has too many states to count; choose a smaller one")
    return shape


def _largest(samples: Samples, counts: BlockCounts) -> Shape:
    blocks = reversed(list(_growing(samples, counts)))
    return next(shape for shape in blocks if counts.is_base(shape))


def _growing(samples: Samples, counts: BlockCounts) -> Iterator[Shape]:
    """Blocks from the single site upwards; the shortest side that can grow grows first."""
    shape: Shape | None = (1,) * len(samples.shape)
    while shape:
        yield shape
        shape = next((grown for grown in _grown(shape, samples.shape) if counts.fits(grown)), None)


def _grown(shape: Shape, lattice: Shape) -> Iterator[Shape]:
    for axis in sorted(range(len(shape)), key=shape.__getitem__):
        if shape[axis] < lattice[axis]:
            yield (*shape[:axis], shape[axis] + 1, *shape[axis + 1 :])
