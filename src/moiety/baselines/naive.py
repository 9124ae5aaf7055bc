r"""The entropy of a counted block over its sites: no correlation beyond it is seen.

    s = S(block) / V(block) >= s of the whole lattice,

since entropy is subadditive.  Counting is that of `blocks`, so are its corrections.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np

from ..base.errors import InputError
from ..data.samples import Samples
from ..data.statistics import series_error
from ..entropy.counted_blocks import BlockCounts
from ..geometry.cuts import Shape
from ..results.types import Estimate

__all__ = ["naive_entropy"]


def naive_entropy(samples: Samples, shape: Sequence[int] | None = None) -> Estimate:
    """The entropy per site of a small block, in nats.

    Its error is that of the block's entropy: the spread of the samples, their
    autocorrelation counted, and what the bias correction may leave.  What the block does
    not see is not in it.

    Arguments:
        samples: Of any kind; continuous states have one block, the single site, whose
            entropy is relative to the unit of the values, and free angles two neighbours, too.
        shape: Sides of the block; by default the largest nearly square one that has at most
            2**16 states and that the samples suffice for, 4x4 of spins on a plane.

    Raises:
        InputError: A block that does not fit the lattice or has too many states.

    Example:
        >>> import moiety
        >>> model = moiety.system("ising-square", size=16, temperature=2.5)
        >>> found = naive_entropy(model.sample(256, seed=1))
        >>> 0.05 < found.entropy - model.exact_entropy() < 0.08
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
    text = "x".join(map(str, shape))
    if len(shape) != len(samples.shape) or not all(
        1 <= a <= b for a, b in zip(shape, samples.shape, strict=True)
    ):
        raise InputError(
            f"a block of {text} does not fit a lattice of {'x'.join(map(str, samples.shape))}"
        )
    if not counts.fits(shape):
        raise InputError(f"a block of {text} has too many states to count; choose a smaller one")
    return shape


def _largest(samples: Samples, counts: BlockCounts) -> Shape:
    return next(
        shape for shape in reversed(list(_growing(samples, counts))) if counts.is_base(shape)
    )


def _growing(samples: Samples, counts: BlockCounts) -> Iterator[Shape]:
    """Blocks from the single site on, by the shortest side that can still grow."""
    shape: Shape | None = (1,) * len(samples.shape)
    while shape:
        yield shape
        shape = next((grown for grown in _grown(shape, samples.shape) if counts.fits(grown)), None)


def _grown(shape: Shape, lattice: Shape) -> Iterator[Shape]:
    for axis in sorted(range(len(shape)), key=shape.__getitem__):
        if shape[axis] < lattice[axis]:
            yield (*shape[:axis], shape[axis] + 1, *shape[axis + 1 :])
