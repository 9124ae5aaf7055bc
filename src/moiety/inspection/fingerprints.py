"""Numbers that are equal for equal configurations, or for images under symmetries.

Images: translations around the lattice, as if it were periodic, reflections, inversion, exchange of
axes of equal length, and the global reversal of states.  All of them leave the autocorrelation of a
configuration unchanged, up to its own point group; a second autocorrelation, of the product of each
site with its neighbours, separates configurations that happen to share the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from itertools import permutations, product

import numpy as np

from ..base import scratch
from ..data.samples import Samples

__all__ = ["image_count", "image_prints", "row_prints"]

_STEPS = 1000  # per unit: above rounding errors, below differences


def row_prints(samples: Samples) -> np.ndarray:
    """Fingerprint of each configuration, shape `(n,)`.

    Args:
        samples: Configurations of a lattice.
    """
    flat = samples.values.reshape(samples.n, -1)
    parts = []
    for (part,) in scratch.slabs(flat.shape, flat.itemsize, axes=1):
        values = flat[part] if samples.kind == "discrete" else flat[part] + 0.0  # no -0.0
        parts += [_digest(row) for row in values]
        scratch.release(flat)
    return np.array(parts, dtype=np.uint64)


def image_prints(samples: Samples) -> np.ndarray:
    """Fingerprint of each configuration that its images share, shape `(n,)`.

    For reals, of the ordered states alone; for angles, of sums over neighbours, which images
    under a common turn of all angles share, too.

    Args:
        samples: Configurations of a lattice.
    """
    flat = samples.values.reshape(samples.n, *samples.shape)
    measure = _correlated if samples.kind == "discrete" else _ordered
    parts = []
    for (part,) in scratch.slabs(flat.shape, 32 * max(flat.itemsize, 1), axes=1):
        parts.append(measure(flat[part], samples))
        scratch.release(flat)
    return np.concatenate(parts)


def image_count(samples: Samples) -> float:
    """Largest number of configurations that share a fingerprint of images.

    Args:
        samples: Configurations of a lattice.
    """
    return float(2 * samples.sites * len([*_point_group(samples.shape)]))


def _digest(row: np.ndarray) -> int:
    return int.from_bytes(blake2b(row.tobytes(), digest_size=8).digest(), "little")


def _ordered(values: np.ndarray, samples: Samples) -> np.ndarray:
    """Images hold the same numbers at other sites, perhaps with the other sign."""
    if samples.kind == "angle":
        return _turned(values)
    rows = np.sort(np.abs(values.reshape(len(values), -1)) + 0.0, axis=1)
    return np.array([_digest(row) for row in rows], dtype=np.uint64)


def _turned(angles: np.ndarray) -> np.ndarray:
    """Sums over neighbours that do not change if all angles turn, either."""
    angles = angles.astype(float)
    axes = tuple(range(1, angles.ndim))
    sums = [
        sum(np.cos(order * (angles - np.roll(angles, 1, axis))).sum(axis=axes) for axis in axes)
        for order in (1, 2, 3)
    ]
    rounded = np.rint(_STEPS * np.stack(sums, axis=1)).astype(np.int64)
    return np.array([_digest(row) for row in rounded], dtype=np.uint64)


def _correlated(values: np.ndarray, samples: Samples) -> np.ndarray:
    codes = 2.0 * values - max(samples.states - 1, 0)  # change their sign if reversed
    space = range(1, codes.ndim)
    around = sum(np.roll(codes, step, axis) for axis in space for step in (1, -1))
    weights = _symmetric_weights(samples.shape)
    with np.errstate(over="ignore"):
        first = _mixed(_autocorrelation(codes), weights)
        return np.asarray(first + 3 * _mixed(_autocorrelation(codes * around), weights))


def _autocorrelation(values: np.ndarray) -> np.ndarray:
    axes = tuple(range(1, values.ndim))
    power = np.abs(np.fft.rfftn(values, axes=axes)) ** 2
    products = np.fft.irfftn(power, s=values.shape[1:], axes=axes)
    return np.asarray(np.rint(products).astype(np.int64).view(np.uint64).reshape(len(values), -1))


def _mixed(numbers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum of hashes of the numbers, with weights by position; arithmetic modulo 2^64."""
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return np.asarray((mixed * weights).sum(axis=1, dtype=np.uint64))


def _symmetric_weights(shape: tuple[int, ...]) -> np.ndarray:
    """A random odd number for each distance, the same for distances that are images."""
    weights = np.random.default_rng(0).integers(1, 2**63, size=shape, dtype=np.uint64)
    total = np.zeros(shape, dtype=np.uint64)
    for order, signs in _point_group(shape):
        image = weights.transpose(order)
        for axis, sign in enumerate(signs):
            image = np.roll(np.flip(image, axis), 1, axis) if sign else image
        total += image
    return np.asarray(total.ravel() | np.uint64(1))


def _point_group(shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Exchanges of axes of equal length, and which axes are reversed."""
    for order in permutations(range(len(shape))):
        if all(shape[axis] == side for axis, side in zip(order, shape, strict=True)):
            for signs in product((0, 1), repeat=len(shape)):
                yield order, signs
