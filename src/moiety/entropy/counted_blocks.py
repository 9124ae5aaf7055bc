r"""Counted entropies: small blocks, from how often each of their states occurs.

A block is a marginal of the large system, so its states are counted at all positions
of all samples.  Over N windows, with n_w windows in state w,

    S = log N - 1/N sum_w n_w G(n_w),
    G(n) = psi(n) + (-1)^n / 2 [psi((n + 1) / 2) - psi(n / 2)]

(P. Grassberger, arXiv physics/0307138, 2003).  The formula takes the windows as
independent; what their overlap leaves of the bias is measured by counting each half
of the samples alone, and removed.

Continuous states cannot be counted: their smallest block is one site, whose entropy
comes from the spacings of the ordered states (Ebrahimi, Pflughoeft and Soofi, Stat.
Probab. Lett. 20, 225 (1994)).  Where the Hamiltonian does not change when all angles turn,
one angle has log 2 pi exactly, and two have log 2 pi more than their difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log2, prod

import numpy as np
from scipy.special import digamma
from scipy.stats import differential_entropy

from ..base.errors import EstimateError
from ..data.samples import Samples
from ..geometry.cuts import Cut, Shape

__all__ = [
    "MOST_BIAS",
    "MOST_BITS",
    "BlockCounts",
    "CountedBlock",
    "count_block",
    "fits_counting",
    "grassberger_entropy",
    "site_block",
    "window_codes",
]

MOST_BITS = 16.0
MOST_BIAS = 5e-4  # nats per site that the bias of a base block may be uncertain by
_CHUNK_SITES = 1 << 22
_BINS = 200  # of the density that tells samples' influences apart


@dataclass(frozen=True)
class CountedBlock:
    """The entropy of one block shape, counted.

    Arguments:
        entropy: S of the block, in nats.
        correction: What the bias corrections added to the plug-in value, in nats.
        bias_error: One standard error for what they leave, in nats.
        influence: Mean of -log p over the windows of each sample, in nats, shape
            `(n,)`: the spread between samples of their contribution to S.
        windows: Number of windows counted.
    """

    entropy: float
    correction: float
    bias_error: float
    influence: np.ndarray
    windows: int


def fits_counting(shape: Shape, states: int) -> bool:
    """Whether a block has at most `2**MOST_BITS` states.

    Example:
        >>> fits_counting((4, 4), 2), fits_counting((4, 4), 3)
        (True, False)
    """
    return states >= 1 and prod(shape) * log2(states) <= MOST_BITS


def window_codes(
    values: np.ndarray, shape: Shape, periodic: Sequence[bool], states: int
) -> np.ndarray:
    """The state of the block at every position, as one number.

    Arguments:
        values: Codes 0..q-1, shape `(n, *space)`.
        shape: Sides of the block.
        periodic: Per space axis, whether windows may run across the edge.
        states: q.

    Returns:
        Codes 0..q^sites-1, shape `(n, positions)`.

    Example:
        >>> window_codes(np.array([[0, 1, 1, 0]]), (2,), (True,), 2)
        array([[1, 3, 2, 0]], dtype=uint32)
    """
    codes = values.astype(np.uint32)
    base = states
    for axis, (side, closed) in enumerate(zip(shape, periodic, strict=True), start=1):
        codes = _runs(codes, axis, side, closed, base)
        base **= side
    return codes.reshape(len(codes), -1)


def _runs(codes: np.ndarray, axis: int, side: int, closed: bool, base: int) -> np.ndarray:
    """Codes of runs of `side` neighbours along one axis, in base `base`."""
    length = codes.shape[axis]
    if closed:
        codes = np.concatenate(
            [codes, codes.take(range(side - 1), axis=axis, mode="wrap")], axis=axis
        )
    positions = length if closed else length - side + 1
    total = np.zeros((), np.uint32)
    for offset in range(side):
        part = np.take(codes, range(offset, offset + positions), axis=axis)
        total = total * np.uint32(base) + part
    return total


def grassberger_entropy(counts: np.ndarray) -> float:
    """Entropy in nats of the distribution that the counts were drawn from.

    Arguments:
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
    """The entropy of a block, over all positions of all samples.

    Arguments:
        values: Codes 0..q-1, shape `(n, *space)`, in the order of the chains.
        shape: Sides of the block; `fits_counting` must hold.
        periodic: One flag per space axis.
        states: q.

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
    values: np.ndarray, shape: Shape, periodic: Sequence[bool], states: int, counts: np.ndarray
) -> np.ndarray:
    surprise = np.log(counts.sum()) - np.log(np.maximum(counts, 1))
    return np.concatenate(
        [surprise[codes].mean(axis=1) for _, codes in _chunks(values, shape, periodic, states)]
    )


def _chunks(
    values: np.ndarray, shape: Shape, periodic: Sequence[bool], states: int
) -> Iterator[tuple[int, np.ndarray]]:
    step = max(1, _CHUNK_SITES // prod(values.shape[1:]))
    for start in range(0, len(values), step):
        yield start, window_codes(values[start : start + step], shape, periodic, states)


def site_block(values: np.ndarray) -> CountedBlock:
    """The differential entropy of one continuous site, over all sites of all samples.

    Arguments:
        values: Angles in [0, 2 pi) or reals, shape `(n, *space)`, in the order of the chains.

    Returns:
        The entropy in nats, relative to the unit of the values; log 2 pi for free angles.

    Raises:
        EstimateError: All states are equal, or nearly so: a differential entropy has
            no lower limit.

    Example:
        >>> angles = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(64, 16, 16))
        >>> round(site_block(angles).entropy, 1)  # log 2 pi = 1.84
        1.8
    """
    middle = len(values) // 2
    whole = _spacing_entropy(values)
    residual = whole - float(
        np.mean([_spacing_entropy(half) for half in (values[:middle], values[middle:])])
    )
    density, edges = np.histogram(values, bins=_BINS, density=True)
    places = np.clip(
        np.searchsorted(edges, values.reshape(len(values), -1), side="right") - 1, 0, _BINS - 1
    )
    influence = -np.log(np.maximum(density, 1e-300))[places].mean(axis=1)
    return CountedBlock(whole + residual, residual, abs(residual), influence, values.size)


def _free_angles(values: np.ndarray, shape: Shape, periodic: Sequence[bool]) -> CountedBlock:
    """The entropy of one or two angles whose common direction is free."""
    if prod(shape) == 1:
        return CountedBlock(
            float(np.log(2 * np.pi)), 0.0, 0.0, np.full(len(values), np.log(2 * np.pi)), values.size
        )
    axis = 1 + shape.index(2)
    following = np.roll(values, -1, axis)
    if not periodic[axis - 1]:
        values, following = (
            np.take(part, range(values.shape[axis] - 1), axis) for part in (values, following)
        )
    found = site_block(_centred(following - values))
    return replace(
        found,
        entropy=found.entropy + np.log(2 * np.pi),
        influence=found.influence + np.log(2 * np.pi),
    )


def _centred(angles: np.ndarray) -> np.ndarray:
    """Angles in [0, 2 pi), turned so that most are near the middle: spacings are biased where a dense range ends."""
    middle = np.arctan2(np.sin(angles).mean(), np.cos(angles).mean())
    return np.mod(angles - middle + np.pi, 2 * np.pi)


def _spacing_entropy(values: np.ndarray) -> float:
    with np.errstate(divide="ignore"):
        entropy = float(differential_entropy(values.ravel().astype(float), method="ebrahimi"))
    if not np.isfinite(entropy):
        raise EstimateError(
            "the states are equal or take few values: no density to take an entropy of; discrete states?"
        )
    return entropy


class BlockCounts:
    """Entropies of the small blocks of some samples, each counted once.

    Arguments:
        samples: Of any kind; continuous states have the single site, free angles two of them.
    """

    def __init__(self, samples: Samples):
        self.samples = samples
        self.flat = samples.values.reshape(samples.n, *samples.shape)
        self.known: dict[Shape, CountedBlock] = {}
        self.refused: list[Shape] = []
        self.turns = samples.kind == "angle" and "turn" in samples.symmetries
        self.least = 2 if self.turns else 1  # sites, whose entropy is always to be had

    def __getitem__(self, shape: Shape) -> CountedBlock:
        if shape not in self.known:
            self.known[shape] = self._counted(shape)
        return self.known[shape]

    def _counted(self, shape: Shape) -> CountedBlock:
        if self.samples.kind == "discrete":
            return count_block(self.flat, shape, self.samples.periodic, self.samples.states)
        if self.turns:
            return _free_angles(self.flat, shape, self.samples.periodic)
        return site_block(_centred(self.flat) if self.samples.kind == "angle" else self.flat)

    def fits(self, shape: Shape) -> bool:
        """Whether a block can be counted at all."""
        return prod(shape) <= self.least or fits_counting(shape, self.samples.states)

    def is_base(self, shape: Shape) -> bool:
        """Whether the sum may start from this block: it can be counted, and the samples suffice."""
        if prod(shape) <= self.least:
            return True
        if not self.fits(shape):
            return False
        enough = self[shape].bias_error <= MOST_BIAS * prod(shape)
        if not enough and shape not in self.refused:
            self.refused.append(shape)
        return enough

    def mutual_information(self, cut: Cut) -> tuple[float, np.ndarray]:
        """M of a cut inside a base, and its influences."""
        parts = [self[cut.left], self[cut.right]]
        whole = self[cut.parent]
        influence = sum(part.influence for part in parts) - whole.influence
        return sum(part.entropy for part in parts) - whole.entropy, influence
