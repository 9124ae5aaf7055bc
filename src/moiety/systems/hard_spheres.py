r"""Hard spheres of diameter 1 in equilibrium: all states without overlap are equally likely.

A fixed number of spheres in a periodic cube is moved by event chains (`dynamics.sphere_chains`),
either as a fluid, up to a packing fraction of 0.494, or as a face-centred cubic crystal from
melting, 0.543, upwards.  Between the two packing fractions the phases coexist.

All chains of the fluid start from points without order that were pushed apart, so none can stay in
a crystal; all chains of the crystal start from one with small random displacements.  Burn-in
and thinning follow the longest density waves of the box, the order of a crystal along the axes of
the box, and the pressure.  A crystal keeps its orientation: an entropy from its blocks is that of a
crystal along the axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, pi, sqrt
from typing import Any, ClassVar

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ..exact import hard_spheres as exact
from ._box import Fluid, as_particles
from ._lattice import checked_number
from ._starts import apart, face_centred_cubic, unit_cells
from .dynamics._arrays import Reals, Stream
from .dynamics.driver import Dynamics, run_chains
from .dynamics.event_chains import CONTACT, densest_cells, waves
from .dynamics.sphere_chains import crystal_order, sphere_chains

__all__ = ["PHASES", "HardSpheres"]

PHASES = ("fluid", "fcc")
_CHAIN, _LONGEST = 8.0, 0.25  # mean number of events per chain; longest chain in sides of the box
_SWEEP = 8.0  # events per sphere between two observations
_RARE = 2.0  # least number of events counted per chain
_LEAST_SIDE = 2.0


@dataclass(frozen=True)
class HardSpheres(Fluid):
    """Spheres of diameter 1 in a periodic cube.

    Args:
        particles: Number of spheres N; 4 k^3 for a crystal.
        packing_fraction: eta = pi / 6 N / volume: at most 0.494 for the fluid, from 0.543 and below
            0.74 for the crystal.
        phase: `"fluid"` or `"fcc"`, a face-centred cubic crystal along the axes of the box.

    Example:
        >>> spheres = HardSpheres(particles=100, packing_fraction=0.3)
        >>> spheres.sample(samples=64, seed=1)
        <Particles 3-D, 8 chains x 8 frames, 100 particles, periodic>
        >>> round(spheres.exact_excess_entropy(), 6), round(spheres.finite_excess_entropy(), 6)
        (-1.897959, -1.886325)
    """

    name: ClassVar[str] = "hard-spheres"
    dimensions: ClassVar[int] = 3
    most: ClassVar[int] = 10**5

    packing_fraction: float
    phase: str = "fluid"

    def __post_init__(self) -> None:
        super().__post_init__()
        eta = checked_number("packing_fraction", self.packing_fraction, positive=True)
        object.__setattr__(self, "packing_fraction", eta)
        if self.phase not in PHASES:
            raise InputError(f"phase must be {' or '.join(PHASES)}, not {self.phase!r}")
        self.exact_excess_entropy()  # refuses packing fractions of other phases
        if self.phase == "fcc" and 4 * unit_cells(self.particles) ** 3 != self.particles:
            raise InputError(
                f"a crystal in a cube has 4 k^3 spheres, such as 256, 500 or 864, not"
                f" {self.particles}"
            )
        if self.side < _LEAST_SIDE:
            raise InputError(
                f"a box of side {self.side:.2f} diameters is too small; take more particles or a"
                " lower packing fraction"
            )

    @property
    def density(self) -> float:
        """Spheres per volume."""
        return 6 / pi * self.packing_fraction

    @property
    def side(self) -> float:
        """Side of the box in diameters."""
        return float((self.particles / self.density) ** (1 / 3))

    def compressibility(self) -> float:
        """Z for infinitely many spheres, by Carnahan & Starling or, for the crystal, by Speedy."""
        crystal = self.phase == "fcc"
        z = exact.speedy_compressibility if crystal else exact.carnahan_starling_compressibility
        return z(self.packing_fraction)

    def exact_excess_entropy(self) -> float:
        """Excess entropy per sphere in nats over the ideal gas: infinitely many spheres.

        Both equations of state are fits; see `moiety.exact.hard_spheres`.
        """
        crystal = self.phase == "fcc"
        s = exact.speedy_excess_entropy if crystal else exact.carnahan_starling_excess_entropy
        return s(self.packing_fraction)

    def finite_excess_entropy(self) -> float:
        """Excess entropy per sphere in nats over the ideal gas: N spheres, to order 1/N.

        For the crystal it is that of infinitely many spheres.
        """
        if self.phase == "fcc":
            return self.exact_excess_entropy()
        return exact.carnahan_starling_excess_entropy(self.packing_fraction, self.particles)

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Particles:
        """Practically independent frames.

        Args:
            samples: Number of frames, rounded up to equally many draws from each chain.
            algorithm: `"event-chain"`, the only algorithm.
            options: Options of `driver.run_chains`; a sweep is 8 collisions per sphere.

        Returns:
            Frames with `measured["compressibility"]`: Z, averaged over the moves that led to the
            frame.
        """
        algorithm = "event-chain" if algorithm is None else algorithm
        if algorithm != "event-chain":
            raise InputError(f"unknown algorithm {algorithm!r}; choose from event-chain")
        draws = run_chains(self._dynamics(), samples=samples, **options)
        return as_particles(
            self, draws, algorithm, {"compressibility": draws.values[..., -1].ravel()}
        )

    def _dynamics(self) -> Dynamics:
        side, sites = self.side, 3 * self.particles + 1
        cells = densest_cells(side, CONTACT, self.particles, 3)
        length, chains = self._pace()
        units = unit_cells(self.particles)

        def advance(state: Reals, rng: Stream, updates: int) -> int:
            sphere_chains(state, side, cells, length, chains * updates, rng)
            return updates * sites

        def observe(state: Reals) -> tuple[float, ...]:
            positions = state[:-1].reshape(-1, 3)
            return (
                float(state[-1]),
                crystal_order(positions, side, units),
                *waves(positions, side),
            )

        waved = tuple(f"density wave {axis}" for axis in "xyz")
        names = ("compressibility", "crystal order", *waved)
        return Dynamics(self._start, advance, observe, sites, dtype=np.float64, names=names)

    def _start(self, chain: int, generator: np.random.Generator) -> Reals:
        if self.phase == "fluid":
            points = apart(self.particles, self.side, CONTACT, generator)
        else:
            units = unit_cells(self.particles)
            sites = face_centred_cubic(units) * self.side + generator.random(3) * self.side
            # exactly equal distances can close a ring of contacts, in which a chain turns for ever
            free = self.side / units / sqrt(2) - CONTACT
            points = (sites + free / 4 * generator.uniform(-1, 1, sites.shape)) % self.side
            points[points >= self.side] = 0.0
        return np.append(points, 0.0)

    def _pace(self) -> tuple[float, int]:
        """Mean length of a chain, and number of chains per sweep."""
        events = 1.5 * (self.compressibility() - 1)  # per unit length
        length = min(_CHAIN / events, _LONGEST * self.side)
        return length, ceil(self.particles * _SWEEP / max(events * length, _RARE))
