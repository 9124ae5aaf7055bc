r"""Ising chain, E = -J sum s s' - H sum s, by its transfer matrix.

With K = J/T, h = H/T the matrix exp(K s s' + h (s + s') / 2) has the eigenvalues

    lambda_± = e^K cosh h ± sqrt(e^{2K} sinh^2 h + e^{-2K}),   Z_N = lambda_+^N + lambda_-^N,

and with D = K d/dK + h d/dh, per site, s = (1 - D) ln Z / N, u = -T D ln Z / N and
c = (D^2 - D) ln Z / N (Ising, Z. Phys. 31, 253 (1925); Baxter, *Exactly Solved Models in
Statistical Mechanics*, ch. 2).  A segment speaks to its surroundings through its end spins
alone: the mutual information of neighbouring segments is that of those spins, one number at
all lengths.
"""

from __future__ import annotations

import numpy as np

from ..base.errors import InputError

__all__ = [
    "chain_energy",
    "chain_entropy",
    "chain_heat_capacity",
    "halves_information",
    "segment_information",
]

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
    k, h = _reduced(temperature, _bonded(coupling, size), field)
    log_z, slope, _ = _log_z(k, h, size)
    return max(log_z - slope, 0.0)


def chain_energy(
    temperature: float, size: int | None = None, coupling: float = 1.0, field: float = 0.0
) -> float:
    """Energy per site of a ring of `size` sites, or of the infinite chain.

    Example:
        >>> round(chain_energy(1.0), 7), round(chain_energy(1.0, 8), 7)  # -tanh 1
        (-0.7615942, -0.8176629)
    """
    coupling = _bonded(coupling, size)
    k, h = _reduced(temperature, coupling, field)
    coldest = max(temperature, (abs(coupling) + abs(field)) / _COLDEST)
    return -coldest * _log_z(k, h, size)[1] - abs(coupling) - abs(field) + 0.0


def chain_heat_capacity(
    temperature: float, size: int | None = None, coupling: float = 1.0, field: float = 0.0
) -> float:
    """Heat capacity per site of a ring of `size` sites, or of the infinite chain.

    Example:
        >>> round(chain_heat_capacity(1.0), 7), round(chain_heat_capacity(1.0, 8), 7)  # 1 / cosh^2 1
        (0.4199743, 0.5258517)
    """
    return max(_log_z(*_reduced(temperature, _bonded(coupling, size), field), size)[2], 0.0)


def segment_information(temperature: float, coupling: float = 1.0, field: float = 0.0) -> float:
    """M in nats between neighbouring segments, of any lengths, of the infinite chain.

    Example:
        >>> round(segment_information(1.0), 7)
        0.3278133
    """
    matrix = _transfer_matrix(*_reduced(temperature, coupling, field))
    ends = np.linalg.eigh(matrix)[1][:, -1]
    return _information(matrix * np.outer(ends, ends))


def halves_information(
    size: int, temperature: float, coupling: float = 1.0, field: float = 0.0
) -> float:
    """M in nats between the halves of a ring, which meet at both ends (an odd ring: floor and ceiling).

    Example:
        >>> round(halves_information(2, 0.01), 7), round(halves_information(64, 1.0), 7)
        (0.6931472, 0.6556266)
    """
    if size < 2:
        raise InputError(f"a ring of {size} sites has no halves")
    matrix = _transfer_matrix(*_reduced(temperature, coupling, field))
    inner = [
        np.linalg.matrix_power(matrix / matrix.sum(), length - 1)
        for length in (size - size // 2, size // 2)
    ]
    # the ends of the two halves, in the order of the ring: a, b | c, d |
    joint = np.einsum("ab,bc,cd,da->abcd", inner[0], matrix, inner[1], matrix)
    return _information(joint.reshape(4, 4))


def _reduced(temperature: float, coupling: float, field: float) -> tuple[float, float]:
    if not temperature > 0:
        raise InputError(f"temperature must be positive, not {temperature!r}")
    temperature = max(temperature, (abs(coupling) + abs(field)) / _COLDEST)
    return coupling / temperature, field / temperature


def _bonded(coupling: float, size: int | None) -> float:
    """A lone site has no bond."""
    return 0.0 if size == 1 else coupling


def _transfer_matrix(k: float, h: float) -> np.ndarray:
    """Divided by its largest entry."""
    spins = np.array([-1.0, 1.0])
    exponent = k * np.outer(spins, spins) + h * np.add.outer(spins, spins) / 2
    return np.exp(exponent - exponent.max())


def _log_z(k: float, h: float, size: int | None) -> tuple[float, float, float]:
    """Ln Z / N less |k| + |h|, and its first and second derivatives along (k, h), as in ln Z(x k, x h) at x = 1."""
    if size is not None and size < 1:
        raise InputError(f"size must be positive, not {size!r}")
    middle, root = _eigenvalues(k, h)
    top = middle + root
    ground = abs(k) + abs(h)
    log, slope = np.log(top[0]), top[1] / top[0]
    curvature = top[2] / top[0] - slope**2
    if size is not None and size > 1:  # without a bond the other eigenvalue is 0
        shares = _ring(middle if k < 0 else root, top, size, sign=-1 if k < 0 and size % 2 else 1)
        log, slope, curvature = (
            log + shares[0] / size,
            slope + shares[1] / size,
            curvature + shares[2] / size,
        )
    return float(log), float(slope - ground), float(curvature)


def _eigenvalues(k: float, h: float) -> tuple[np.ndarray, np.ndarray]:
    """The two parts of lambda_±, divided by e^{|k| + |h|}, with two derivatives each along (k, h), shape `(3,)`."""
    like, unlike = np.exp(k - abs(k)), np.exp(-k - abs(k) - abs(h))
    cosh, sinh = (1 + np.exp(-2 * abs(h))) / 2, -np.sign(h) * np.expm1(-2 * abs(h)) / 2
    a, b, d = like * cosh, like * sinh, unlike
    a1, b1, d1 = k * a + h * b, k * b + h * a, -k * d
    a2, b2, d2 = k * a1 + h * b1, k * b1 + h * a1, k**2 * d
    root = np.hypot(b, d)
    turn = (b1 * d - b * d1) / root  # of the angle of (b, d)
    return np.array([a, a1, a2]), np.array(
        [root, (b * b1 + d * d1) / root, turn**2 / root + (b * b2 + d * d2) / root]
    )


def _ring(part: np.ndarray, top: np.ndarray, size: int, sign: int) -> tuple[float, float, float]:
    """ln[1 + (lambda_- / lambda_+)^N] and two derivatives; |lambda_-| / lambda_+ = 1 - 2 part / lambda_+."""
    by, twice = top[1] / top[0], top[2] / top[0]
    bend = part[2] - 2 * part[1] * by - part[0] * (twice - 2 * by**2)
    gap = np.array([part[0], part[1] - part[0] * by, bend]) * 2 / top[0]
    ratio = max(1 - gap[0], 0.0)
    power = ratio**size
    if sign < 0 and gap[0] < 1:  # an odd antiferromagnet, cold: 1 - power without cancellation
        total = -np.expm1(size * np.log1p(-gap[0]))
    else:
        total = 1 + sign * power
    first = -sign * size * ratio ** (size - 1) * gap[1] / total
    second = (
        sign
        * size
        * ((size - 1) * ratio ** (size - 2) * gap[1] ** 2 - ratio ** (size - 1) * gap[2])
        / total
    )
    return float(np.log(total)), float(first), float(second - first**2)


def _entropy(probabilities: np.ndarray) -> float:
    kept = probabilities[probabilities > 0]
    return float(-(kept * np.log(kept)).sum())


def _information(joint: np.ndarray) -> float:
    joint = joint / joint.sum()
    return _entropy(joint.sum(0)) + _entropy(joint.sum(1)) - _entropy(joint.ravel())
