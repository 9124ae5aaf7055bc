"""Samples without the copies among them.

The same configuration in two folds is seen in training and read as held out, and errors that count
it twice are too small.  So only the first of each counts.
"""

from __future__ import annotations

import numpy as np

from ..base import scratch
from ..base.errors import InputError
from ..data.particles import Particles
from ..data.samples import MINIMUM_SAMPLES, Samples

__all__ = ["distinct_frames", "distinct_samples"]


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
    kept, chains = _kept(originals, samples.draws, "samples")
    return samples.replace(values=_chosen(samples, kept, chains))


def distinct_frames(particles: Particles, originals: np.ndarray | None) -> Particles:
    """The frames that are no copy of another; see `distinct_samples`.

    Args:
        particles: Frames.
        originals: Index of the frame that each frame is a copy of, or its own index, shape `(n,)`;
            None if no frame is a copy.

    Raises:
        InputError: Fewer than 8 frames differ.

    Example:
        >>> gas = [np.random.default_rng(k).random((20, 2)) for k in range(8)]
        >>> twice = Particles.from_frames(gas * 2, cells=1.0, periodic=True)
        >>> distinct_frames(twice, np.arange(16) % 8)
        <Particles 2-D, 1 chain x 8 frames, 20 particles, periodic>
    """
    if originals is None:
        return particles
    kept, chains = _kept(originals, particles.draws, "frames")
    mine = np.isin(np.repeat(np.arange(particles.n), particles.counts), kept)
    columns = {name: getattr(particles, name) for name in ("positions", "diameters", "types")}
    return particles.replace(
        **{name: None if column is None else column[mine] for name, column in columns.items()},
        starts=np.concatenate([[0], np.cumsum(particles.counts[kept])]),
        cells=particles.cells[kept],
        measured={name: values[kept] for name, values in particles.measured.items()},
        chains=chains,
    )


def _kept(originals: np.ndarray, draws: int, noun: str) -> tuple[np.ndarray, int]:
    """Indices of the originals, and the number of chains that they make."""
    kept = np.flatnonzero(originals == np.arange(len(originals)))
    if len(kept) < MINIMUM_SAMPLES:
        raise InputError(
            f"only {len(kept)} of {len(originals):,} {noun} differ; at least {MINIMUM_SAMPLES} must"
        )
    left = np.bincount(kept // draws)
    left = left[left > 0]
    return kept, len(left) if (left == left[0]).all() else 1


def _chosen(samples: Samples, kept: np.ndarray, chains: int) -> np.ndarray:
    """Values of the chosen samples, shape `(chain, draw, *space)`, on disk if they are large."""
    flat = samples.values.reshape(samples.n, *samples.shape)
    chosen = scratch.empty((len(kept), *samples.shape), flat.dtype)
    for (part,) in scratch.slabs(chosen.shape, flat.itemsize, axes=1):
        chosen[part] = flat[kept[part]]
        scratch.release(flat)
        scratch.release(chosen)
    return chosen.reshape(chains, -1, *samples.shape)
