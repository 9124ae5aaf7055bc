r"""XY model: one spin, two spins, the chain, and the harmonic limit in a field.

With K = J/T, h = H/T and I_n the modified Bessel functions,

    one spin      p(t) ∝ exp(h cos t),   S = ln 2 pi I_0(h) - h I_1(h) / I_0(h);
    two spins     p(t'|t) is a spin in the field R(t) = |K e^{it} + h|,
                  p(t) ∝ exp(h cos t) I_0(R(t));
    ring, h = 0   Z_N = (2 pi)^N sum_n I_n(K)^N, n from -oo to oo, the eigenvalues of the
                  transfer operator exp(K cos(t - t')); the infinite chain keeps n = 0,
                  u = -J I_1(K) / I_0(K)
                  (Joyce, Phys. Rev. Lett. 19, 581 (1967));
    harmonic      T << J, H: Gaussian angles of covariance T Sigma, Sigma = (J Laplacian + H)^{-1},
                  M = 1/2 ln(det Sigma_A det Sigma_B / det Sigma_AB), free of T.

Entropies are those of densities over angles in radians, in nats; they may be negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from scipy.special import i0e, i1e, ive

from ..base.errors import InputError

__all__ = [
    "chain_energy",
    "chain_entropy",
    "harmonic_information",
    "open_chain_entropy",
    "pair_entropy",
    "pair_information",
    "segment_information",
    "spin_entropy",
]

_COLDEST = 1e8  # (|J| + |H|) / T above which rounding spoils the 8th decimal


def spin_entropy(temperature: float, field: float = 0.0) -> float:
    """Differential entropy in nats of one spin: ln 2 pi I_0(h) - h I_1(h) / I_0(h).

    Args:
        temperature: T, with k_B = 1.
        field: H.

    Example:
        >>> round(spin_entropy(1.0), 6)  # ln 2 pi
        1.837877
        >>> round(spin_entropy(0.01, 1.0), 6)  # about 1/2 ln(2 pi e T / H)
        -0.881128
    """
    return float(_von_mises_entropy(*_reduced(temperature, field)))


def pair_entropy(temperature: float, coupling: float = 1.0, field: float = 0.0) -> float:
    """Differential entropy in nats of two spins, both in the field, joined by one bond.

    S = S(t) + <S(t'|t)>, an integral over t by the trapezoidal rule, which converges
    faster than any power for a periodic integrand.  A double bond is a coupling of 2 J.

    Args:
        temperature: T, with k_B = 1.
        coupling: J.
        field: H.

    Example:
        >>> round(pair_entropy(0.5), 6)  # ln 2 pi + ln 2 pi I_0(2) - 2 I_1(2) / I_0(2)
        3.104198
    """
    marginal, conditional = _pair(*_reduced(temperature, coupling, field))
    return marginal + conditional


def pair_information(temperature: float, coupling: float = 1.0, field: float = 0.0) -> float:
    """M in nats between two spins, both in the field, joined by one bond: S(t) - <S(t'|t)>.

    Args:
        temperature: T, with k_B = 1.
        coupling: J.
        field: H.

    Example:
        >>> round(pair_information(0.5), 6), round(pair_information(0.5, field=1.0), 6)
        (0.571556, 0.146222)
        >>> round(pair_information(10.0), 6)  # high temperature: 1 / (4 T^2)
        0.002495
    """
    marginal, conditional = _pair(*_reduced(temperature, coupling, field))
    return marginal - conditional


def chain_energy(temperature: float, size: int | None = None, coupling: float = 1.0) -> float:
    """Energy per site of a ring of `size` sites at H = 0, or of the infinite chain.

    A ring of 2 has two bonds, a ring of 1 none.

    Args:
        temperature: T, with k_B = 1.
        size: Number of sites; None for the infinite chain.
        coupling: J.

    Example:
        >>> round(chain_energy(1.0), 6), round(chain_energy(1.0, 4), 6)
        (-0.44639, -0.505197)
    """
    if size == 1:
        return 0.0
    (k,) = _reduced(temperature, coupling)
    return -coupling * _ring(k, size)[1]


def chain_entropy(temperature: float, size: int | None = None, coupling: float = 1.0) -> float:
    """Differential entropy per site in nats of a ring at H = 0, or of the infinite chain.

    Args:
        temperature: T, with k_B = 1.
        size: Number of sites; None for the infinite chain.
        coupling: J.

    Example:
        >>> round(chain_entropy(1.0), 6), round(chain_entropy(1.0, 4), 6)
        (1.627401, 1.58776)
    """
    if size == 1:
        return spin_entropy(temperature)
    (k,) = _reduced(temperature, coupling)
    log_z, slope = _ring(k, size)
    return log_z - k * slope


def open_chain_entropy(temperature: float, size: int, coupling: float = 1.0) -> float:
    """Differential entropy per site in nats of an open chain at H = 0.

    Its `size - 1` bond angles are independent.

    Args:
        temperature: T, with k_B = 1.
        size: Number of sites.
        coupling: J.

    Example:
        >>> round(open_chain_entropy(1.0, 2), 6) == round(pair_entropy(1.0) / 2, 6)
        True
    """
    if size < 1:
        raise InputError(f"size must be positive, not {size!r}")
    (k,) = _reduced(temperature, coupling)
    return float(np.log(2 * np.pi) + (size - 1) * _von_mises_entropy(k)) / size


def segment_information(temperature: float, coupling: float = 1.0) -> float:
    """M in nats between neighbouring segments, of any lengths, of the infinite chain at H = 0.

    It comes from the two spins at the cut, and their bond angle is one spin in the field J.

    Args:
        temperature: T, with k_B = 1.
        coupling: J.

    Example:
        >>> round(segment_information(0.5), 6)
        0.571556
    """
    return pair_information(temperature, coupling)


def harmonic_information(
    shape: Sequence[int],
    half: np.ndarray,
    coupling: float,
    field: float,
    other: np.ndarray | None = None,
) -> float:
    """M in nats of Gaussian angles, the limit of low temperature in a field.

    Args:
        shape: Sides of the whole periodic lattice.
        half: Mask of A, in the shape of the lattice.
        coupling: J, at least 0.
        field: H > 0; only H / J matters.
        other: Mask of B; by default all sites outside A.

    Raises:
        InputError: A and B overlap, one is empty or has another shape, H <= 0 or J < 0.

    Example:
        >>> half = np.arange(64).reshape(8, 8) < 32
        >>> round(harmonic_information((8, 8), half, coupling=1.0, field=0.5), 6)
        0.782019
        >>> harmonic_information((8, 8), half, coupling=0.0, field=0.5)
        0.0
    """
    shape, (coupling, field) = tuple(shape), _reduced(1.0, coupling, field)
    first, second = _parts(shape, half, other)
    if coupling < 0 or field <= 0:
        raise InputError(
            f"the harmonic limit needs coupling >= 0 and field > 0, not {coupling:g} and {field:g}"
        )
    inverse, axes = 1 / _stiffness(shape, coupling, field), tuple(range(len(shape)))
    green = np.fft.irfftn(inverse, shape, axes=axes)
    both = np.concatenate([first, second])
    if len(both) == prod(shape):
        log_both = -float(np.log(_stiffness(shape, coupling, field, whole=True)).sum())
    else:
        log_both = _log_determinant(green, both)
    halves = _log_determinant(green, first) + _log_determinant(green, second)
    return max(float(0.5 * (halves - log_both)), 0.0)  # rounding at J = 0


def _reduced(temperature: float, *energies: float) -> tuple[float, ...]:
    """Energies divided by the temperature."""
    if not temperature > 0 or not np.isfinite([temperature, *energies]).all():
        raise InputError(
            f"temperature must be positive and all numbers finite, not {(temperature, *energies)}"
        )
    return tuple(energy / temperature for energy in energies)


def _von_mises_entropy(kappa: np.ndarray | float) -> np.ndarray:
    """Ln 2 pi I_0(kappa) - kappa I_1(kappa) / I_0(kappa), without overflow."""
    kappa = np.abs(kappa)
    zeroth = i0e(kappa)  # times e^{-kappa}, as is i1e
    return np.asarray(np.log(2 * np.pi * zeroth) + kappa * (zeroth - i1e(kappa)) / zeroth)


def _pair(k: float, h: float) -> tuple[float, float]:
    """S(t) and <S(t'|t)>."""
    if abs(k) + abs(h) > _COLDEST:
        raise InputError(
            f"two spins at (|J| + |H|) / T = {abs(k) + abs(h):.3g} are too cold for the quadrature"
        )
    # ten or more points per width of the density
    points = 64 + 32 * int(np.ceil(np.sqrt(abs(k) + abs(h))))
    t = 2 * np.pi * np.arange(points) / points
    local = np.hypot(k * np.cos(t) + h, k * np.sin(t))
    logarithm = h * np.cos(t) + np.log(i0e(local)) + local
    weight = np.exp(logarithm - logarithm.max())
    log_density = logarithm - logarithm.max() - np.log(weight.mean() * 2 * np.pi)
    weight /= weight.sum()
    return -float(weight @ log_density), float(weight @ _von_mises_entropy(local))


def _ring(k: float, size: int | None) -> tuple[float, float]:
    """(ln Z) / N and its derivative by K."""
    if size is not None and (size < 1 or (k < 0 and size % 2)):
        raise InputError(
            f"a ring of {size!r} sites is not known for this coupling (odd and J < 0, or empty)"
        )
    strength, sign = abs(k), -1.0 if k < 0 else 1.0
    order = np.arange(24 + int(10 * np.sqrt(strength)))
    bessel = ive(order, strength)  # I_n e^{-K}
    slopes = (
        ive(abs(order - 1), strength) + ive(order + 1, strength)
    ) / 2  # derivatives of I_n by K
    kept = bessel > 1e-200
    bessel, slopes = bessel[kept], slopes[kept]
    if size is None:
        return float(np.log(2 * np.pi * bessel[0]) + strength), float(sign * slopes[0] / bessel[0])
    terms = (bessel / bessel[0]) ** size
    terms[1:] *= 2  # both n and -n
    log_z = np.log(2 * np.pi * bessel[0]) + strength + np.log(terms.sum()) / size
    return float(log_z), float(sign * (terms * slopes / bessel).sum() / terms.sum())


def _parts(
    shape: tuple[int, ...], half: np.ndarray, other: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the sites of A and of B, shape `(site, axis)` each."""
    half = np.asarray(half, dtype=bool)
    other = ~half if other is None else np.asarray(other, dtype=bool)
    if half.shape != shape or other.shape != shape:
        raise InputError(
            f"masks of shape {half.shape} and {other.shape} do not fit the lattice {shape}"
        )
    if (half & other).any() or not half.any() or not other.any():
        raise InputError("the two parts must be disjoint and not empty")
    return np.argwhere(half), np.argwhere(other)


def _stiffness(
    shape: tuple[int, ...], coupling: float, field: float, whole: bool = False
) -> np.ndarray:
    """Eigenvalues H + J sum (2 - 2 cos k), on the grid of `rfftn` or on all wave vectors."""
    waves = [2 * np.pi * np.arange(side) / side for side in shape]
    if not whole:
        waves[-1] = waves[-1][: shape[-1] // 2 + 1]
    grids = np.meshgrid(*waves, indexing="ij")
    return np.asarray(field + coupling * sum(2 - 2 * np.cos(wave) for wave in grids))


def _log_determinant(green: np.ndarray, sites: np.ndarray) -> float:
    """Log-determinant of the covariance of some sites; `green` is that of site 0 with all."""
    distance = tuple(
        (sites[:, None, axis] - sites[None, :, axis]) % side
        for axis, side in enumerate(green.shape)
    )
    return float(np.linalg.slogdet(green[distance])[1])
