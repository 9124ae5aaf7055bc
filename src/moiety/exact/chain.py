r"""Ising chain, E = -J sum s s' - H sum s, by its transfer matrix.

With K = J/T, h = H/T the matrix exp(K s s' + h (s + s') / 2) has the eigenvalues

    lambda_± = e^K cosh h ± sqrt(e^{2K} sinh^2 h + e^{-2K}),   Z_N = lambda_+^N + lambda_-^N,

and s = ln Z - K d ln Z/dK - h d ln Z/dh, per site (Ising, Z. Phys. 31, 253 (1925);
Baxter, *Exactly Solved Models in Statistical Mechanics*, ch. 2).  A segment speaks to
its surroundings through its end spins alone: the mutual information of neighbouring
segments is that of those spins, one number at all lengths.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError

__all__ = ["chain_entropy", "halves_information", "segment_information"]

_COLDEST = 150.0  # (|J| + |H|) / T past which exp overflows


def chain_entropy(
    temperature: float, size: int | None = None, coupling: float = 1.0, field: float = 0.0
) -> float:
    """Entropy per site in nats of a ring of `size` sites, or of the infinite chain.

    A ring of 2 has two bonds, one of 1 has none.

    Example:
        >>> round(chain_entropy(1.0), 7), round(chain_entropy(1.0, 8), 7)
        (0.3653339, 0.3226683)
    """
    k, h = _reduced(temperature, coupling, field)
    if size is not None and size < 1:
        raise InputError(f"size must be positive, not {size!r}")
    if size == 1:
        return _single(h)
    root, roots_slopes = _eigenvalues(k, h)
    slope = roots_slopes[:, 0]
    if size is None:
        return float(np.log(root[0]) + abs(k) + abs(h) - slope @ (k, h) / root[0])
    ratio = root[1] / root[0]
    log_z = np.log(root[0]) + abs(k) + abs(h) + np.log1p(ratio**size) / size
    slope = (slope + ratio ** (size - 1) * roots_slopes[:, 1]) / (root[0] * (1 + ratio**size))
    return float(log_z - slope @ (k, h))


def segment_information(temperature: float, coupling: float = 1.0, field: float = 0.0) -> float:
    """M in nats between neighbouring segments, of any lengths, of the infinite chain.

    Example:
        >>> round(segment_information(1.0), 7)
        0.3278133
    """
    matrix = _transfer_matrix(*_reduced(temperature, coupling, field))
    ends = np.linalg.eigh(matrix)[1][:, -1]
    return _information(matrix * np.outer(ends, ends))


def halves_information(size: int, temperature: float, coupling: float = 1.0, field: float = 0.0) -> float:
    """M in nats between the halves of a ring, which meet at both ends (an odd ring: floor and ceiling).

    Example:
        >>> round(halves_information(2, 0.01), 7), round(halves_information(64, 1.0), 7)
        (0.6931472, 0.6556266)
    """
    if size < 2:
        raise InputError(f"a ring of {size} sites has no halves")
    matrix = _transfer_matrix(*_reduced(temperature, coupling, field))
    inner = [np.linalg.matrix_power(matrix / matrix.sum(), length - 1) for length in (size - size // 2, size // 2)]
    # the ends of the two halves, in the order of the ring: a, b | c, d |
    joint = np.einsum("ab,bc,cd,da->abcd", inner[0], matrix, inner[1], matrix)
    return _information(joint.reshape(4, 4))


def _reduced(temperature: float, coupling: float, field: float) -> tuple[float, float]:
    if not temperature > 0:
        raise InputError(f"temperature must be positive, not {temperature!r}")
    temperature = max(temperature, (abs(coupling) + abs(field)) / _COLDEST)
    return coupling / temperature, field / temperature


def _single(h: float) -> float:
    """Entropy of one spin in the field h."""
    up = np.array([1.0, np.exp(-2 * abs(h))])
    return _entropy(up / up.sum())


def _transfer_matrix(k: float, h: float) -> np.ndarray:
    """Divided by its largest entry."""
    spins = np.array([-1.0, 1.0])
    exponent = k * np.outer(spins, spins) + h * np.add.outer(spins, spins) / 2
    return np.exp(exponent - exponent.max())


def _eigenvalues(k: float, h: float) -> tuple[np.ndarray, np.ndarray]:
    """lambda_± / e^{|k| + |h|}, shape `(2,)`, and their slopes by k and h on the same scale, `(2, 2)`."""
    like, unlike = np.exp(k - abs(k)), np.exp(-k - abs(k) - abs(h))
    cosh, sinh = (1 + np.exp(-2 * abs(h))) / 2, -np.sign(h) * np.expm1(-2 * abs(h)) / 2
    root = np.hypot(like * sinh, unlike)
    middle = like * cosh
    by_k = np.array([middle, middle]) + np.array([1, -1]) * ((like * sinh) ** 2 - unlike**2) / root
    by_h = np.array([like * sinh, like * sinh]) + np.array([1, -1]) * like**2 * sinh * cosh / root
    # lambda_- by the determinant 2 sinh 2k, which does not cancel
    determinant = np.exp(-2 * abs(h)) * np.sign(k) * -np.expm1(-4 * abs(k))
    return np.array([middle + root, determinant / (middle + root)]), np.array([by_k, by_h])


def _entropy(probabilities: np.ndarray) -> float:
    kept = probabilities[probabilities > 0]
    return float(-(kept * np.log(kept)).sum())


def _information(joint: np.ndarray) -> float:
    joint = joint / joint.sum()
    return _entropy(joint.sum(0)) + _entropy(joint.sum(1)) - _entropy(joint.ravel())
