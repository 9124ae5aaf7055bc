r"""Hard spheres: pressure and excess entropy of the fluid and of the face-centred cubic crystal.

For spheres of diameter 1 with Z = pressure / (density T) and packing fraction eta = pi/6 density,
the excess entropy over the ideal gas of the same density, per sphere in nats, is

    s = -int_0^eta (Z - 1) / eta' deta'.

    fluid (Carnahan & Starling, J. Chem. Phys. 51, 635 (1969)):
        Z = (1 + eta + eta^2 - eta^3) / (1 - eta)^3,    s = -(4 eta - 3 eta^2) / (1 - eta)^2;
    crystal (Speedy, J. Phys.: Condens. Matter 10, 4387 (1998)), x = density / sqrt(2):
        Z = 3 / (1 - x) - a (x - b) / (x - c),    a, b, c = 0.5921, 0.7072, 0.601.

The entropy of the crystal is integrated from a density of 1.04086, where it is -5.91889 for
infinitely many spheres: Polson, Trizac, Pronk & Frenkel, J. Chem. Phys. 112, 5339 (2000); this
constant was not compared with the paper, only with the coexistence below.

Fluid and crystal coexist at densities of 0.939 and 1.037 and a pressure of 11.57 T (Frenkel & Smit,
Understanding Molecular Simulation).  Energies play no part, so their entropies there differ by
pressure / T times the difference of the volumes, 1.164; the formulas above give 1.176.

For a fixed number N in a periodic box see `moiety.exact.hard_particles`: ln(chi) / (2 N) is added
to s, with chi = d(eta Z) / deta.
"""

from __future__ import annotations

from math import log, pi, sqrt

from ..base.errors import InputError

__all__ = [
    "FREEZING",
    "MELTING",
    "carnahan_starling_compressibility",
    "carnahan_starling_excess_entropy",
    "speedy_compressibility",
    "speedy_excess_entropy",
]

FREEZING = 0.494  # packing fraction: Hoover & Ree, J. Chem. Phys. 49, 3609 (1968)
MELTING = pi / 6 * 1.037
_CLOSE = pi / (3 * sqrt(2))  # packing fraction of touching spheres
_A, _B, _C = 0.5921, 0.7072, 0.601
_KNOWN = 1.04086, -5.91889  # density, excess entropy


def carnahan_starling_compressibility(
    packing_fraction: float, particles: int | None = None
) -> float:
    """Z of the fluid.

    Args:
        packing_fraction: eta, pi / 6 times the number of spheres per volume, at most 0.494.
        particles: Number of spheres in a periodic box; None for infinitely many.

    Raises:
        InputError: Not a packing fraction of the fluid.

    Example:
        >>> [round(carnahan_starling_compressibility(0.4, n), 4) for n in (None, 500)]
        [6.9259, 6.9225]
    """
    eta = _fluid(packing_fraction)
    z = (1 + eta + eta**2 - eta**3) / (1 - eta) ** 3
    return z - (eta * _stiffening(eta) / (2 * particles) if particles else 0.0)


def carnahan_starling_excess_entropy(
    packing_fraction: float, particles: int | None = None
) -> float:
    """Excess entropy of the fluid per sphere in nats.

    Args:
        packing_fraction: eta, pi / 6 times the number of spheres per volume, at most 0.494.
        particles: Number of spheres in a periodic box; None for infinitely many.

    Raises:
        InputError: Not a packing fraction of the fluid.

    Example:
        >>> [round(carnahan_starling_excess_entropy(0.4, n), 4) for n in (None, 500)]
        [-3.1111, -3.108]
    """
    eta = _fluid(packing_fraction)
    s = -(4 * eta - 3 * eta**2) / (1 - eta) ** 2
    return s + (log(_stiffness(eta)) / (2 * particles) if particles else 0.0)


def speedy_compressibility(packing_fraction: float) -> float:
    """Z of infinitely many spheres in a face-centred cubic crystal.

    Args:
        packing_fraction: eta, pi / 6 times the number of spheres per volume, from 0.543.

    Raises:
        InputError: Not a packing fraction of the crystal.

    Example:
        >>> round(speedy_compressibility(0.543), 4)  # at melting 11.57 / 1.037 = 11.157
        11.1321
    """
    x = _crystal(packing_fraction) / _CLOSE
    return 3 / (1 - x) - _A * (x - _B) / (x - _C)


def speedy_excess_entropy(packing_fraction: float) -> float:
    """Excess entropy of a face-centred cubic crystal per sphere in nats: infinitely many spheres.

    Args:
        packing_fraction: eta, pi / 6 times the number of spheres per volume, from 0.543.

    Raises:
        InputError: Not a packing fraction of the crystal.

    Example:
        >>> round(speedy_excess_entropy(0.543), 4)
        -5.8816
    """
    x, known = _crystal(packing_fraction) / _CLOSE, _KNOWN[0] / sqrt(2)
    return _KNOWN[1] - (_integral(x) - _integral(known))


def _integral(x: float) -> float:
    """An integral of (Z - 1) / x over x."""
    return (
        3 * log(x / (1 - x)) - _A * (_B / _C * log(x) + (1 - _B / _C) * log(abs(x - _C))) - log(x)
    )


def _stiffness(eta: float) -> float:
    """Chi of Carnahan and Starling's Z: the inverse compressibility relative to the ideal gas."""
    return (1 + 4 * eta + 4 * eta**2 - 4 * eta**3 + eta**4) / (1 - eta) ** 4


def _stiffening(eta: float) -> float:
    """D ln(chi) / deta."""
    rise = 4 + 8 * eta - 12 * eta**2 + 4 * eta**3
    return rise / (1 + 4 * eta + 4 * eta**2 - 4 * eta**3 + eta**4) + 4 / (1 - eta)


def _fluid(packing_fraction: float) -> float:
    if not 0 <= packing_fraction <= FREEZING:
        raise InputError(
            f"packing_fraction of the fluid must lie between 0 and {FREEZING}, not"
            f" {packing_fraction!r}"
        )
    return float(packing_fraction)


def _crystal(packing_fraction: float) -> float:
    if not MELTING <= packing_fraction < _CLOSE:
        raise InputError(
            f"packing_fraction of the crystal must lie between {MELTING:.3f} and"
            f" {_CLOSE:.4f}, not {packing_fraction!r}"
        )
    return float(packing_fraction)
