r"""The mean entropy of small blocks, each at its own position.

Blocks, and single sites, that cover every site once bound the entropy per site,

    s <= (1 / V) sum H(block),

whatever their correlations and whether or not positions are equivalent.  An estimate above it
missed something, such as couplings of three sites that differ from place to place.

Counts of K states among n samples are biased by (K - 1) / (2 n) (Miller, 1955) and scatter by
sqrt((K - 1) / 2) / n even where all states are equally likely.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import numpy as np

from ..data.observables import observables
from ..data.samples import Samples
from ..data.statistics import series_error, tau_int
from ..geometry.cuts import Shape
from ..results.types import Check
from .counting import window_codes

__all__ = ["BlockBound", "below_blocks", "block_bound"]

_MOST_SITES = 4  # of a block
_LEAST_SAMPLES = 16  # independent ones for each state that a block may have
_CHUNK_SITES = 1 << 22  # sites encoded at once
_SIGMAS = 4.0  # of the lowest of several bounds
_HARMLESS = 1e-3  # nats per site


@dataclass(frozen=True)
class BlockBound:
    """An upper bound on the entropy per site.

    Args:
        shape: Sides of the blocks.
        entropy: The bound in nats per site.
        error: Its standard error.
    """

    shape: Shape
    entropy: float
    error: float


def block_bound(samples: Samples) -> BlockBound | None:
    """The lowest bound from blocks of up to four sites.

    Args:
        samples: Configurations with discrete states.

    Returns:
        The bound; None if the samples are too few to count any block at its own position.

    Example:
        >>> pairs = np.random.default_rng(0).choice([-1, 1], size=(512, 8, 4))
        >>> spins = Samples.from_array(pairs.repeat(2, axis=2), periodic=True)
        >>> bound = block_bound(spins)  # neighbours are equal in pairs: log(2) / 2 = 0.3466
        >>> abs(bound.entropy - 0.3466) < 3 * bound.error < 0.01
        True
    """
    tau = max(map(tau_int, observables(samples).values()))
    independent = samples.n / max(2 * tau, 1.0)
    sites = next(
        (k for k in range(_MOST_SITES, 1, -1) if _LEAST_SAMPLES * samples.states**k <= independent),
        0,
    )
    bounds = [_bound(samples, shape, independent) for shape in _shapes(samples.shape, sites)]
    return min(bounds, key=lambda bound: bound.entropy, default=None)


def below_blocks(entropy: float, error: float, bound: BlockBound) -> Check:
    """Check that an estimate does not exceed the entropy of its blocks.

    Args:
        entropy: Entropy per site in nats, single sites included.
        error: Its standard error.
        bound: See `block_bound`.
    """
    excess = entropy - bound.entropy
    passed = bool(excess <= max(_SIGMAS * np.hypot(error, bound.error), _HARMLESS))
    blocks = f"{'x'.join(map(str, bound.shape))} blocks at their own positions"
    figure = f"the mean entropy of {blocks}, {bound.entropy:.4f} per site"
    verdict = "does not exceed" if passed else "exceeds"
    advice = "" if passed else ": the estimate missed how sites of a block depend on each other"
    return Check("s <= H(block)", passed, f"s = {entropy:.4f} {verdict} {figure}{advice}")


def _shapes(lattice: Shape, sites: int) -> list[Shape]:
    """Shapes of blocks with a number of sites."""
    sides = [range(1, min(side, sites) + 1) for side in lattice]
    return [shape for shape in product(*sides) if prod(shape) == sites]


@dataclass(frozen=True, eq=False)
class _Counted:
    """Blocks of one shape, counted at each position.

    Args:
        samples: Configurations.
        shape: Sides of the blocks.
        counts: How often each state occurs, shape `(positions, states)`.
    """

    samples: Samples
    shape: Shape
    counts: np.ndarray

    @classmethod
    def of(cls, samples: Samples, shape: Shape) -> _Counted:
        """Count the blocks of some samples."""
        cells, total = samples.states ** prod(shape), np.zeros(())
        for codes in _codes(samples, shape):
            positions = codes.shape[1]
            flat = (codes + np.arange(positions) * cells).ravel()
            counts = np.bincount(flat, minlength=positions * cells)
            total = total + counts.reshape(positions, cells)
        return cls(samples, shape, total)

    @cached_property
    def surprise(self) -> np.ndarray:
        """-log p of each state at each position."""
        surprise: np.ndarray = -np.log(np.maximum(self.counts, 1) / self.samples.n)
        return surprise

    @cached_property
    def freedom(self) -> np.ndarray:
        """Number of states that occur at each position, less one."""
        freedom: np.ndarray = np.maximum((self.counts > 0).sum(axis=1) - 1, 0)
        return freedom

    def entropies(self, independent: float) -> np.ndarray:
        """Entropy at each position in nats, its bias removed."""
        plug_in = (self.counts * self.surprise).sum(axis=1) / self.samples.n
        entropies: np.ndarray = plug_in + self.freedom / (2 * independent)
        return entropies

    def influence(self, positions: np.ndarray) -> np.ndarray:
        """Sum of -log p of the blocks at some positions in each sample, shape `(n,)`."""
        parts = _codes(self.samples, self.shape)
        return np.concatenate(
            [self.surprise[positions, codes[:, positions]].sum(axis=1) for codes in parts]
        )


def _bound(samples: Samples, shape: Shape, independent: float) -> BlockBound:
    """The lowest bound from blocks of one shape, over the ways to cover the lattice."""
    single = (1,) * len(shape)
    blocks, sites = _Counted.of(samples, shape), _Counted.of(samples, single)
    of_blocks, of_sites = (counted.entropies(independent) for counted in (blocks, sites))

    def total(cover: tuple[np.ndarray, np.ndarray]) -> float:
        return float(of_blocks[cover[0]].sum() + of_sites[cover[1]].sum())

    best = min(_covers(samples, shape), key=total)
    influence = blocks.influence(best[0]) + sites.influence(best[1])
    freedom = blocks.freedom[best[0]].sum() + sites.freedom[best[1]].sum()
    error = float(np.hypot(series_error(influence, samples), np.sqrt(freedom / 2) / independent))
    return BlockBound(shape, total(best) / samples.sites, error / samples.sites)


def _codes(samples: Samples, shape: Shape) -> Iterator[np.ndarray]:
    """State of the block at each position, for groups of samples that fit into memory."""
    flat = samples.values.reshape(samples.n, *samples.shape)
    step = max(1, _CHUNK_SITES // samples.sites)
    for start in range(0, samples.n, step):
        yield window_codes(flat[start : start + step], shape, samples.periodic, samples.states)


def _covers(samples: Samples, shape: Shape) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions of blocks side by side, and the sites that are left over; one pair for each start.

    Positions are numbered as `window_codes` does.
    """
    sites = np.arange(samples.sites).reshape(samples.shape)
    starts = [
        side if closed else side - inner + 1
        for side, closed, inner in zip(samples.shape, samples.periodic, shape, strict=True)
    ]
    positions = np.arange(prod(starts)).reshape(starts)
    for offset in product(*map(range, shape)):
        along = [
            _starts(side, inner, first, closed)
            for side, inner, first, closed in zip(
                samples.shape, shape, offset, samples.periodic, strict=True
            )
        ]
        covered = [
            (first[:, None] + np.arange(inner)).ravel() % side
            for first, inner, side in zip(along, shape, samples.shape, strict=True)
        ]
        left = np.ones(samples.shape, bool)
        left[np.ix_(*covered)] = False
        yield positions[np.ix_(*along)].ravel(), sites[left]


def _starts(side: int, inner: int, first: int, closed: bool) -> np.ndarray:
    """Where blocks side by side start along an axis."""
    if closed:
        return (first + inner * np.arange(side // inner)) % side
    return np.arange(first, side - inner + 1, inner)
