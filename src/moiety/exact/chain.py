r"""Ising chain, E = -J sum s s' - H sum s, by its transfer matrix.

With K = J/T, h = H/T the matrix exp(K s s' + h (s + s') / 2) has the eigenvalues

    lambda_± = e^K cosh h ± sqrt(e^{2K} sinh^2 h + e^{-2K}),   Z_N = lambda_+^N + lambda_-^N,

and with D = K d/dK + h d/dh, per site, s = (1 - D) ln Z / N, u = -T D ln Z / N and
c = (D^2 - D) ln Z / N (Ising, Z. Phys. 31, 253 (1925); Baxter, *Exactly Solved Models in
Statistical Mechanics*, ch. 2).  A segment interacts with its surroundings only through its end
spins, so the mutual information of neighbouring segments is that of these spins, whatever the
lengths.
"""

from __future__ import annotations

import numpy as np

from ..base.errors import InputError
from .enumeration import entropy

__all__ = [
    "chain_energy",
    "chain_entropy",
    "chain_heat_capacity",
    "halves_information",
    "segment_information",
]

_COLDEST = 150.0  # (|J| + |H|) / T above which exp overflows


def chain_entropy(
    temperature: float, size: int | None = None, coupling: float = 1.0, field: float = 0.0
) -> float:
    """Entropy per site in nats of a ring of `size` sites, or of the infinite chain.

    A ring of 2 has two bonds, a ring of 1 none.

    Args:
        temperature: T, with k_B = 1.
        size: Number of sites of the ring; None for the infinite chain.
        coupling: J.
        field: H.

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

    Args:
        temperature: T, with k_B = 1.
        size: Number of sites of the ring; None for the infinite chain.
        coupling: J.
        field: H.

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
    """Heat capacity per site of a ring or of the infinite chain.

    Args:
        temperature: T, with k_B = 1.
        size: Number of sites of the ring; None for the infinite chain.
        coupling: J.
        field: H.

    Example:
        >>> round(chain_heat_capacity(1.0), 7)  # 1 / cosh^2 1
        0.4199743
        >>> round(chain_heat_capacity(1.0, 8), 7)
        0.5258517
    """
    return max(_log_z(*_reduced(temperature, _bonded(coupling, size), field), size)[2], 0.0)


def segment_information(temperature: float, coupling: float = 1.0, field: float = 0.0) -> float:
    """M in nats between neighbouring segments, of any lengths, of the infinite chain.

    Args:
        temperature: T, with k_B = 1.
        coupling: J.
        field: H.

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
    """M in nats between the halves of a ring, which meet at both ends.

    An odd ring is cut into floor and ceiling.

    Args:
        size: Number of sites, at least 2.
        temperature: T, with k_B = 1.
        coupling: J.
        field: H.

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
    # end spins of the two halves in the order of the ring: a, b | c, d |
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
    """The transfer matrix, divided by its largest entry."""
    spins = np.array([-1.0, 1.0])
    exponent: np.ndarray = k * np.outer(spins, spins) + h * np.add.outer(spins, spins) / 2
    return np.asarray(np.exp(exponent - exponent.max()))


def _log_z(k: float, h: float, size: int | None) -> tuple[float, float, float]:
    """Ln Z / N - |k| - |h|, and two derivatives of ln Z(x k, x h) / N by x at x = 1."""
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
    """The two parts of lambda_±, divided by e^{|k| + |h|}.

    Returns:
        Each part with its first two derivatives along (k, h), shape `(3,)`.
    """
    like, unlike = np.exp(k - abs(k)), np.exp(-k - abs(k) - abs(h))
    cosh, sinh = (1 + np.exp(-2 * abs(h))) / 2, -np.sign(h) * np.expm1(-2 * abs(h)) / 2
    a, b, d = like * cosh, like * sinh, unlike
    a1, b1, d1 = k * a + h * b, k * b + h * a, -k * d
    a2, b2, d2 = k * a1 + h * b1, k * b1 + h * a1, k**2 * d
    root = np.hypot(b, d)
    turn = (b1 * d - b * d1) / root  # derivative of the angle of (b, d)
    return np.array([a, a1, a2]), np.array(
        [root, (b * b1 + d * d1) / root, turn**2 / root + (b * b2 + d * d2) / root]
    )


def _ring(part: np.ndarray, top: np.ndarray, size: int, sign: int) -> tuple[float, float, float]:
    """ln[1 + sign (|lambda_-| / lambda_+)^N] and two derivatives.

    |lambda_-| / lambda_+ = 1 - 2 part / lambda_+.
    """
    once, twice = top[1] / top[0], top[2] / top[0]
    bend = part[2] - 2 * part[1] * once - part[0] * (twice - 2 * once**2)
    gap = np.array([part[0], part[1] - part[0] * once, bend]) * 2 / top[0]
    ratio = max(1 - gap[0], 0.0)
    power = ratio**size
    total = 1 + sign * power
    if sign < 0 and gap[0] < 1:  # a cold odd antiferromagnet: 1 - power without cancellation
        total = -np.expm1(size * np.log1p(-gap[0]))
    first = -sign * size * ratio ** (size - 1) * gap[1] / total
    second = (
        sign
        * size
        * ((size - 1) * ratio ** (size - 2) * gap[1] ** 2 - ratio ** (size - 1) * gap[2])
        / total
    )
    return float(np.log(total)), float(first), float(second - first**2)


def _information(joint: np.ndarray) -> float:
    joint = joint / joint.sum()
    return entropy(joint.sum(0)) + entropy(joint.sum(1)) - entropy(joint.ravel())
