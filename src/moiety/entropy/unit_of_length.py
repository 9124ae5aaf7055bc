"""The length in which blocks and pixels are measured, and where it comes from.

It is the given sigma; else the smallest diameter; else the distance of the first peak of g(r).
Where there is no peak, as in an ideal gas, it is the radius of the hole of g(r) or the mean spacing
rho^(-1/d), whichever is smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..base.errors import InputError
from ..data.kinds import Marks
from ..data.particles import Particles
from ..estimation.crops import narrowest_box
from ..inspection.first_peak import core_distance, first_peak
from ..results.types import Check

__all__ = ["UnitOfLength"]

_FAR = 1e12  # largest ratio of the box and a diameter, either way


@dataclass(frozen=True)
class UnitOfLength:
    """The unit of length of an estimate.

    Args:
        sigma: Its length in the unit of the positions.
        origin: Where it comes from.
        unit: Unit of the positions, if the file says it.
    """

    sigma: float
    origin: str
    unit: str = ""

    @classmethod
    def of(cls, particles: Particles, sigma: float | None, marks: Marks) -> UnitOfLength:
        """The given unit of length, or one that fits the particles.

        Args:
            particles: Frames.
            sigma: A length in the unit of the positions, or None.
            marks: What tells kinds of particles apart.

        Raises:
            InputError: Not a length, or one that has nothing to do with the box.

        Example:
            >>> import numpy as np
            >>> frames = np.random.default_rng(0).random((8, 25, 2)) * 10
            >>> gas = Particles.from_frames(frames, cells=10.0, periodic=True)
            >>> UnitOfLength.of(gas, None, Marks())
            UnitOfLength(sigma=2.0, origin='the mean spacing, as g(r) has no peak', unit='')
        """
        if sigma is not None:
            sigma, origin = float(sigma), "as given"
        elif particles.diameters is not None:
            sigma, origin = float(particles.diameters.min()), "the smallest diameter"
        else:
            sigma, origin = _from_distances(particles, marks)
        if not 0 < sigma < inf:
            raise InputError(f"sigma must be positive, not {sigma}")
        if not 1 / _FAR < float(narrowest_box(particles).max()) / sigma < _FAR:
            raise InputError(f"sigma must be a length in the unit of the positions, not {sigma}")
        return cls(sigma, origin, str(particles.provenance.get("length_unit", "")))

    def scaled(self, particles: Particles) -> Particles:
        """The same frames with lengths in units of sigma.

        Args:
            particles: Frames.
        """
        if self.sigma == 1:
            return particles
        diameters = None if particles.diameters is None else particles.diameters / self.sigma
        return particles.replace(
            positions=particles.positions / self.sigma,
            cells=particles.cells / self.sigma,
            diameters=diameters,
        )

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"sigma = {self.sigma:.6g}{unit}: {self.origin}"

    @property
    def described(self) -> dict[str, float | str]:
        """What a result records."""
        return {"sigma": self.sigma, "sigma_origin": self.origin}

    @property
    def check(self) -> Check:
        """The unit of length in words."""
        return Check("unit of length", True, str(self))


def _from_distances(particles: Particles, marks: Marks) -> tuple[float, str]:
    """A typical distance of near particles with three digits, and what it is."""
    peak = first_peak(particles, marks)
    if peak is not None:
        return float(f"{peak:.3g}"), "the first peak of g(r)"
    spacing = float(particles.density ** (-1 / particles.dimensions))
    core = core_distance(particles, marks)
    if core is not None and core < spacing:
        return float(f"{core:.3g}"), "the hole of g(r), which has no peak"
    return float(f"{spacing:.3g}"), "the mean spacing, as g(r) has no peak"
