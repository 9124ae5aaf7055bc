r"""Count the states of small blocks of discrete sites.

A small block is a marginal of the large system: its states are counted at all positions of all
samples.  From N windows, n_w of them in state w, the estimate of its entropy is

    S = log N - 1/N sum_w n_w G(n_w),
    G(n) = psi(n) + (-1)^n / 2 [psi((n + 1) / 2) - psi(n / 2)]

(P. Grassberger, arXiv:physics/0307138, 2003).  The formula assumes independent windows.  Windows
that overlap leave a bias, which is measured by counting each half of the samples alone, and
removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log2, prod

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from ..geometry.cuts import Shape

__all__ = [
    "MOST_BITS", "CountedBlock", "count_block", "fits_counting", "grassberger_entropy",
    "window_codes",
]  # fmt: skip

MOST_BITS = 16.0  # log2 of the largest number of states that is counted
_CHUNK_SITES = 1 << 22  # sites encoded at once

Codes = NDArray[np.uint32]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CountedBlock:
    """The entropy of a block shape.

    Args:
        entropy: S of the block, in nats.
        correction: What the bias corrections added to the plug-in value, in nats.
        bias_error: Standard error of the bias that remains, in nats.
        influence: Mean of -log p over the windows of each sample, in nats, shape `(n,)`.  Its
            spread over samples gives the sampling error of S.
        windows: Number of windows counted.
    """

    entropy: float
    correction: float
    bias_error: float
    influence: Floats
    windows: int


def fits_counting(shape: Shape, states: int) -> bool:
    """Whether a block has at most `2**MOST_BITS` states.

    Args:
        shape: Sides of the block.
        states: Number q of states of a site.

    Example:
        >>> fits_counting((4, 4), 2), fits_counting((4, 4), 3)
        (True, False)
    """
    return states >= 1 and prod(shape) * log2(states) <= MOST_BITS


def window_codes(values: np.ndarray, shape: Shape, periodic: Sequence[bool], states: int) -> Codes:
    """The state of the block at every position, as a single number.

    Args:
        values: States 0..q-1, shape `(n, *space)`.
        shape: Sides of the block.
        periodic: Whether the boundary is periodic, for each axis.
        states: Number q of states of a site.

    Returns:
        Codes 0..q^sites-1, shape `(n, positions)`.

    Example:
        >>> window_codes(np.array([[0, 1, 1, 0]]), (2,), (True,), 2)
        array([[1, 3, 2, 0]], dtype=uint32)
    """
    codes: Codes = values.astype(np.uint32)
    base = states
    for axis, (side, closed) in enumerate(zip(shape, periodic, strict=True), start=1):
        codes = _runs(codes, axis, side, closed, base)
        base **= side
    return codes.reshape(len(codes), -1)


def _runs(codes: Codes, axis: int, side: int, closed: bool, base: int) -> Codes:
    """Codes of runs of `side` neighbours along an axis, in base `base`."""
    length = codes.shape[axis]
    if closed:
        images = codes.take(range(side - 1), axis=axis, mode="wrap")
        codes = np.concatenate([codes, images], axis=axis)
    positions = length if closed else length - side + 1
    total: Codes = np.zeros((), np.uint32)
    for offset in range(side):
        part = np.take(codes, range(offset, offset + positions), axis=axis)
        total = total * np.uint32(base) + part
    return total


def grassberger_entropy(counts: np.ndarray) -> float:
    """Entropy in nats of the distribution from which counts were drawn.

    Args:
        counts: How often each state occurred; zeros are ignored.

    Example:
        >>> round(grassberger_entropy(np.array([500, 500])), 3)
        0.693
    """
    n = counts[counts > 0].astype(float)
    sign = np.where(n % 2 == 0, 1.0, -1.0)
    g = digamma(n) + 0.5 * sign * (digamma((n + 1) / 2) - digamma(n / 2))
    return float(np.log(n.sum()) - (n * g).sum() / n.sum())


def count_block(
    values: np.ndarray, shape: Shape, periodic: Sequence[bool], states: int
) -> CountedBlock:
    """The entropy of a block from all its positions in all samples.

    Args:
        values: States 0..q-1, shape `(n, *space)`, chain after chain.
        shape: Sides of the block; `fits_counting` must hold.
        periodic: Whether the boundary is periodic, for each axis.
        states: Number q of states of a site.

    Example:
        >>> spins = np.random.default_rng(0).integers(0, 2, size=(64, 16, 16))
        >>> block = count_block(spins, (2, 2), (True, True), 2)
        >>> bool(abs(block.entropy - 4 * np.log(2)) < 4e-3)
        True
    """
    cells = states ** prod(shape)
    middle = len(values) // 2
    halves = [np.zeros(cells, np.int64), np.zeros(cells, np.int64)]
    for start, codes in _chunks(values, shape, periodic, states):
        split = min(max(middle - start, 0), len(codes))
        halves[0] += np.bincount(codes[:split].ravel(), minlength=cells)
        halves[1] += np.bincount(codes[split:].ravel(), minlength=cells)
    counts = halves[0] + halves[1]
    influence = _surprise(values, shape, periodic, states, counts)
    whole = grassberger_entropy(counts)
    residual = whole - float(np.mean([grassberger_entropy(half) for half in halves]))
    plug_in = float(influence.mean())
    entropy = max(whole + residual, 0.0)
    return CountedBlock(entropy, entropy - plug_in, abs(residual) / 2, influence, int(counts.sum()))


def _surprise(
    values: np.ndarray, shape: Shape, periodic: Sequence[bool], states: int, counts: Counts
) -> Floats:
    """Mean of -log p over the windows of each sample."""
    surprise = np.log(counts.sum()) - np.log(np.maximum(counts, 1))
    return np.concatenate(
        [surprise[codes].mean(axis=1) for _, codes in _chunks(values, shape, periodic, states)]
    )


def _chunks(
    values: np.ndarray, shape: Shape, periodic: Sequence[bool], states: int
) -> Iterator[tuple[int, Codes]]:
    """Window codes of samples in groups that fit into memory, with the first sample of each."""
    step = max(1, _CHUNK_SITES // prod(values.shape[1:]))
    for start in range(0, len(values), step):
        yield start, window_codes(values[start : start + step], shape, periodic, states)
