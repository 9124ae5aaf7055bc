"""A pattern over the sites in which chains differ for long, as the phase of an antiferromagnet.

The pattern is the direction in which the means of the chains spread most, over the first half of
their draws.  The draws of the second half are projected on it: what was noise in the first half is
independent of the second.
"""

from __future__ import annotations

import numpy as np

from ..base import scratch
from ..data.samples import Samples

__all__ = ["pattern_series"]

_FEWEST_DRAWS = 4


def pattern_series(samples: Samples, ranges: int) -> np.ndarray | None:
    """Projection of the second half of each chain on the pattern.

    Args:
        samples: Configurations of a lattice.
        ranges: Number of ranges of draws that each chain is cut into.

    Returns:
        Shape `(chains * ranges, draws)`; None for too few chains or draws.
    """
    length = samples.draws // ranges
    half, parts = length // 2, samples.chains * ranges
    if parts < 2 or half < _FEWEST_DRAWS:
        return None
    values = samples.values[:, : length * ranges]
    values = values.reshape(parts, length, *samples.shape)
    means = np.stack([_mean(chain[:half], samples.kind) for chain in values])
    means -= means.mean(axis=0)
    weights = np.linalg.eigh(means @ means.T)[1][:, -1]
    pattern = weights @ means
    size = float(np.linalg.norm(pattern))
    if size == 0:
        return None
    return np.stack([_projected(chain[half:], samples.kind, pattern / size) for chain in values])


def _mean(values: np.ndarray, kind: str) -> np.ndarray:
    """Mean of the numbers of each site, minus their mean over the sites."""
    total: np.ndarray | float = 0.0
    for part in scratch.slabs(values.shape, 8, axes=1):
        total = total + _numbers(values[part], kind).sum(axis=0)
        scratch.release(values)
    mean = np.asarray(total) / len(values)
    return np.asarray((mean - mean.mean(axis=-1, keepdims=True)).ravel())


def _projected(values: np.ndarray, kind: str, pattern: np.ndarray) -> np.ndarray:
    parts = []
    for part in scratch.slabs(values.shape, 8, axes=1):
        parts.append(_numbers(values[part], kind).reshape(-1, len(pattern)) @ pattern)
        scratch.release(values)
    return np.concatenate(parts)


def _numbers(values: np.ndarray, kind: str) -> np.ndarray:
    """Codes or reals, or cosines and sines, shape `(n, 1 or 2, sites)`."""
    flat = values.reshape(len(values), 1, -1).astype(float)
    return np.concatenate([np.cos(flat), np.sin(flat)], axis=1) if kind == "angle" else flat
