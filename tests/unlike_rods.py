r"""Two types of rods on a ring; unlike neighbours keep a longer distance than like ones.

Neighbours are at least 1 apart, and at least `unlike` <= 2 if their types differ; each particle is
of either type.  A ring of N particles with m pairs of unlike neighbours has free length
f_m = L - (N - m) - m `unlike`, and all configurations are equally likely, so that

    s_ex = 1/N log sum_{m even} 2 C(N, m) 2^-N (f_m / L)^(N - 1)

in excess of the ideal mixture.  Each frame is an independent draw.  Without the types, a gap r has
the density w(r) e^{-P r}, with w = 1 below `unlike` and 2 above; for N -> infinity

    s_ex = -<log p(r)> - (1 - log rho),    <r> = 1 / rho.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln, logsumexp

from moiety import Particles


def _weights(number: int, side: float, unlike: float) -> tuple[np.ndarray, np.ndarray]:
    """Even numbers of unlike neighbours, and the log of the share of 2^N L^N / N! for each."""
    m = np.arange(0, number + 1, 2)
    choices = gammaln(number + 1) - gammaln(m + 1) - gammaln(number - m + 1)
    free = side - number - m * (unlike - 1)
    m, choices, free = m[free > 0], choices[free > 0], free[free > 0]
    return m, choices + (1 - number) * np.log(2) + (number - 1) * np.log(free / side)


def unlike_rods(number: int, density: float, unlike: float, n: int, seed: int) -> Particles:
    """Independent frames on a ring."""
    rng, side = np.random.default_rng(seed), number / density
    m, weights = _weights(number, side, unlike)
    shares = np.exp(weights - logsumexp(weights))
    frames, types = [], []
    for _ in range(n):
        differ = np.zeros(number, bool)
        differ[rng.permutation(number)[: rng.choice(m, p=shares / shares.sum())]] = True
        types.append((rng.integers(2) + np.cumsum(differ)) % 2)
        apart = 1 + (unlike - 1) * differ  # from the particle before; the last is before the first
        gaps = np.sort(rng.random(number)) * (side - apart.sum())
        frames.append(((np.cumsum(apart) + gaps + side * rng.random()) % side)[:, None])
    return Particles.from_frames(frames, cells=side, periodic=True, types=types)


def exact_excess(number: int, density: float, unlike: float) -> float:
    """Excess entropy per particle over the ideal mixture."""
    return float(logsumexp(_weights(number, number / density, unlike)[1]) / number)


def exact_without_types(density: float, unlike: float) -> float:
    """Excess entropy per particle of the positions alone, for a long ring."""

    def moments(pressure: float) -> tuple[float, float, float]:
        near, far = np.exp(-pressure), np.exp(-pressure * unlike)
        total = (near + far) / pressure
        mean = ((near + unlike * far) / pressure + (near + far) / pressure**2) / total
        return total, mean, 2 * far / pressure / total  # the last: share of gaps above `unlike`

    pressure = brentq(lambda p: moments(p)[1] - 1 / density, 1e-6, 100.0)
    total, mean, above = moments(pressure)
    entropy = np.log(total) + pressure * mean - above * np.log(2)
    return float(entropy - (1 - np.log(density)))
