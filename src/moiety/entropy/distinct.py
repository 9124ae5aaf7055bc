"""Samples without the copies among them.

The same configuration in two folds is seen in training and read as held out, and errors that count
it twice are too small.  So only the first of each counts.
"""

from __future__ import annotations

import numpy as np

from ..base import scratch
from ..base.errors import InputError
from ..data.samples import MINIMUM_SAMPLES, Samples

__all__ = ["distinct_samples"]


def distinct_samples(samples: Samples, originals: np.ndarray | None) -> Samples:
    """The samples that are no copy of another; the samples themselves if none is.

    Chains stay chains as long as the same number of draws is left in each that has any; otherwise
    the draws that are left make one chain.

    Args:
        samples: Configurations.
        originals: Index of the sample that each sample is a copy of, or its own index, shape
            `(n,)`; None if no sample is a copy.

    Raises:
        InputError: Fewer than 8 samples differ.

    Example:
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(16, 4, 4))
        >>> twice = Samples.from_array(np.concatenate([spins, spins]), periodic=True)
        >>> distinct_samples(twice, np.arange(32) % 16)
        <Samples discrete q=2, 1 chain x 16 draws of 4x4, periodic>
    """
    if originals is None:
        return samples
    kept = np.flatnonzero(originals == np.arange(samples.n))
    if len(kept) < MINIMUM_SAMPLES:
        raise InputError(
            f"only {len(kept)} of {samples.n:,} samples differ; at least {MINIMUM_SAMPLES} must"
        )
    left = np.bincount(kept // samples.draws, minlength=samples.chains)
    left = left[left > 0]
    chains = len(left) if (left == left[0]).all() else 1
    return samples.replace(values=_chosen(samples, kept, chains))


def _chosen(samples: Samples, kept: np.ndarray, chains: int) -> np.ndarray:
    """Values of the chosen samples, shape `(chain, draw, *space)`, on disk if they are large."""
    flat = samples.values.reshape(samples.n, *samples.shape)
    chosen = scratch.empty((len(kept), *samples.shape), flat.dtype)
    for (part,) in scratch.slabs(chosen.shape, flat.itemsize, axes=1):
        chosen[part] = flat[kept[part]]
        scratch.release(flat)
        scratch.release(chosen)
    return chosen.reshape(chains, -1, *samples.shape)
