r"""Pair entropy: the part of the excess entropy that the radial distribution functions hold.

    s_2 = -(rho / 2) sum_ab x_a x_b int [g_ab ln g_ab - g_ab + 1] dr

per particle, for kinds a, b with mole fractions x (Baranyai and Evans, Phys. Rev. A 40, 3817
(1989)).  With n pairs in a shell, where the density of the bulk has E and that far away has e,
g = n / e and the integral is a sum of E (g ln g - g + 1).

*Finite size.*  A box with a fixed number of particles holds N - 1 around each, and a surplus near
it is missing elsewhere, so that g does not approach 1.  Here e follows from the particles outside
of the ball, (N_b - delta_ab - n_ab(< r)) / (V - v(r)), which makes g of an ideal gas 1 at any N and
removes most of the deviation of order 1/N of others (Ganguly and van der Vegt, J. Chem. Theory
Comput. 9, 1347 (2013), https://doi.org/10.1021/ct301017q).  For this the ball may take half of the
box.  The rest, of order 1/N, and what lies beyond `reach` are left: compare boxes or reaches.

*Noise.*  The integrand is convex, so that noise in n makes s_2 too small, by 1/2 for each bin and
all pairs in nats if counts are Poissonian.  A jackknife over blocks of frames removes this term
whatever the distribution and the autocorrelation of the counts.

Where particles touch at exact distances, as in packings, g has a delta peak, and s_2 falls with the
logarithm of the width of the bins without a limit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from ..base.errors import InputError
from ..data.particles import Particles, ball_volume
from ..data.statistics import block_labels, series_error
from ..results.types import Estimate
from .ideal import few_kinds, periodic_particles
from .pair_counts import PairCounts

__all__ = ["pair_entropy"]

_NAME = "pair entropy"
_REACH = 12.0  # in mean distances of neighbours
_BINS = 100  # for each mean distance
_BLOCKS = 40
_HALF = 0.4999  # of the width of a box

Floats = NDArray[np.float64]


def pair_entropy(
    particles: Particles, *, reach: float | None = None, width: float | None = None
) -> Estimate:
    """Estimate the pair entropy, in nats per particle.

    It misses all correlations of three and more particles that g(r) does not imply, and is no
    bound: it may lie above or below the excess entropy.  The error is that of g(r), with its
    autocorrelation; it excludes what is missed.

    Args:
        particles: Frames in periodic boxes of any shape, whose numbers may vary.  Kinds are told
            apart by type and diameter.
        reach: Largest distance, in the unit of the positions; by default 12 mean distances of
            neighbours, or where the ball holds half of the smallest box or touches its image.
        width: Largest width of a bin; by default a hundredth of the mean distance of neighbours.

    Returns:
        The entropy in excess of the ideal gas (or mixture) of the same density, and its error.

    Raises:
        InputError: The samples are a lattice, the boundary is not periodic, there are more than 8
            kinds, or `reach` or `width` do not fit.

    Example:
        >>> import moiety
        >>> rods = moiety.system("hard-rods", particles=200, density=0.3)
        >>> s2 = pair_entropy(rods.sample(64, seed=1))
        >>> 0.03 < s2.entropy - rods.exact_excess_entropy() < 0.08  # of -0.357
        True
    """
    particles = periodic_particles(particles, _NAME)
    kinds = few_kinds(particles, _NAME).labels
    spacing = particles.density ** (-1 / particles.dimensions)
    longest = _longest(particles)
    reach = min(_REACH * spacing, longest) if reach is None else reach
    width = spacing / _BINS if width is None else width
    if not 0 < reach <= longest:
        raise InputError(f"reach must be positive and at most {longest:.4g}, not {reach}")
    if not 0 < width <= reach:
        raise InputError(f"width must be positive and at most the reach {reach:.4g}, not {width}")
    counts = PairCounts.of(particles, kinds, reach, width)
    blocks = block_labels(
        particles.chains, particles.draws, min(_BLOCKS, max(particles.n // 4, 2))
    ).ravel()
    sums = [_Sums.of(counts, blocks == block) for block in range(blocks[-1] + 1)]
    whole = sum(sums[1:], sums[0])
    rest = np.mean([(whole - part).entropy for part in sums])
    unbiased = len(sums) * whole.entropy - (len(sums) - 1) * rest
    return Estimate(float(unbiased), series_error(whole.influence(counts), particles))


def _longest(particles: Particles) -> float:
    """Largest radius of a ball that holds at most half of each box and does not meet its image."""
    space = particles.dimensions
    half = (particles.volumes / 2 / ball_volume(space)) ** (1 / space) / 2
    return float(min(half.min(), _HALF * particles.widths.min()))


class _Sums:
    """Pairs added up over frames, and the entropy of the sums."""

    def __init__(
        self, weights: Floats, pairs: Floats, outside: Floats, bulk: Floats, core: float, n: float
    ) -> None:
        self.weights, self.pairs, self.outside, self.bulk = weights, pairs, outside, bulk
        self.core, self.particles = core, n

    @classmethod
    def of(cls, counts: PairCounts, chosen: NDArray[np.bool_]) -> _Sums:
        """Sums over the chosen frames."""
        pairs, outside, bulk = (
            part[chosen].sum(axis=0).astype(np.float64)
            for part in (counts.pairs, counts.outside, counts.bulk)
        )
        core = float((counts.weights * counts.core[chosen]).sum())
        return cls(counts.weights, pairs, outside, bulk, core, float(counts.numbers[chosen].sum()))

    def __add__(self, other: _Sums) -> _Sums:
        return self._with(other, 1.0)

    def __sub__(self, other: _Sums) -> _Sums:
        return self._with(other, -1.0)

    def _with(self, other: _Sums, sign: float) -> _Sums:
        return _Sums(
            self.weights,
            self.pairs + sign * other.pairs,
            self.outside + sign * other.outside,
            self.bulk + sign * other.bulk,
            self.core + sign * other.core,
            self.particles + sign * other.particles,
        )

    @property
    def g(self) -> Floats:
        """Radial distribution functions, shape `(pairs, bins)`."""
        empty = np.zeros_like(self.pairs)
        return np.divide(self.pairs, self.outside, out=empty, where=self.outside > 0)

    @property
    def entropy(self) -> float:
        """Pair entropy per particle."""
        total = (self.weights * self.bulk * _integrand(self.g)).sum() + self.core
        return float(-total / (2 * self.particles))

    def influence(self, counts: PairCounts) -> Floats:
        """How much each frame moves the entropy, shape `(n,)`; the mean is zero."""
        g = self.g
        gain = np.divide(self.bulk, self.outside, out=np.zeros_like(g), where=g > 0)
        slope = self.weights * gain * np.log(np.where(g > 0, g, 1.0))
        parts = np.array(
            [
                (slope * (pairs - g * outside)).sum()
                + (self.weights * _integrand(g) * bulk).sum()
                + (self.weights * core).sum()
                for pairs, outside, bulk, core in zip(
                    counts.pairs, counts.outside, counts.bulk, counts.core, strict=True
                )
            ]
        )
        own = -parts / 2 - self.entropy * counts.numbers.sum(axis=1)
        return np.asarray(own * len(own) / self.particles)


def _integrand(g: Floats) -> Floats:
    return np.asarray(xlogy(g, g) - g + 1)
