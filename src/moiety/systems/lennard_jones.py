r"""Lennard-Jones atoms in equilibrium: a fluid at a density and a temperature.

    U = 4 sum_{i<j} (r^-12 - r^-6)    for r < cutoff,    lengths in sigma, energies in eps.

A fixed number of atoms in a periodic cube is moved by hybrid Monte Carlo (`dynamics.hybrid`).  The
potential is cut and not shifted, by default at 4 sigma or at half the side of the box.  Beyond the
cutoff the atoms are taken as uniform: energy and compressibility are those of the full potential,

    U / N += 8/3 pi rho (rc^-9 / 3 - rc^-3),    Z += 16/3 pi rho / T (2/3 rc^-9 - rc^-3).

To this order the tail adds the same energy to all configurations, so it leaves the entropy alone.

All chains start from points without order.  Nothing keeps the atoms from freezing, or from parting
into vapour and liquid: only the densities at which no fluid is stable against small waves are
refused (`moiety.exact.lennard_jones`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import Any, ClassVar

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ..exact.lennard_jones import lennard_jones_excess_entropy
from ._box import Fluid, as_particles
from ._lattice import checked_number
from ._starts import apart
from .dynamics._arrays import Reals, Stream
from .dynamics.driver import Dynamics, run_chains
from .dynamics.event_chains import waves
from .dynamics.hybrid import hybrid

__all__ = ["CUTOFF", "LennardJones"]

CUTOFF = 4.0  # sigma
_LEAST_CUTOFF = 1.0
_START = 0.9, 0.45  # least distance at the start, and packing fraction of such spheres
# Measured on 864 atoms; the error of the energy over an update grows with sqrt(N) step^2.
_STEP, _ATOMS = 0.01, 864  # sigma sqrt(mass / T); about nine in ten updates are accepted
_STEPS = 20  # mean number per update


@dataclass(frozen=True)
class LennardJones(Fluid):
    """Lennard-Jones atoms in a periodic cube.

    Args:
        particles: Number of atoms N.
        density: Atoms per sigma^3.
        temperature: T in units of eps, from 0.661 to 9.
        cutoff: Distance in sigma at which the potential is cut, at most half the side of the box;
            by default 4 or half the side.

    Example:
        >>> atoms = LennardJones(particles=64, density=0.4, temperature=2.0)
        >>> atoms.sample(samples=16, seed=1)
        <Particles 3-D, 8 chains x 2 frames, 64 particles, periodic>
        >>> round(atoms.cutoff, 4), round(atoms.exact_excess_entropy(), 4)
        (2.7144, -0.9263)
    """

    name: ClassVar[str] = "lennard-jones"
    dimensions: ClassVar[int] = 3
    most: ClassVar[int] = 10**4  # a step takes a tenth of a second

    density: float
    temperature: float
    cutoff: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_numbers("density", "temperature", positive=True)
        lennard_jones_excess_entropy(self.temperature, self.density)  # refuses other states
        cutoff = min(CUTOFF, self.side / 2) if self.cutoff is None else self.cutoff
        cutoff = checked_number("cutoff", cutoff, positive=True)
        if not _LEAST_CUTOFF <= cutoff <= self.side / 2:
            raise InputError(
                f"cutoff must lie between {_LEAST_CUTOFF:g} and half the side of the box,"
                f" {self.side / 2:.4g}, not {cutoff:g}"
            )
        object.__setattr__(self, "cutoff", cutoff)

    @property
    def side(self) -> float:
        """Side of the box in sigma."""
        return float((self.particles / self.density) ** (1 / 3))

    def tail_energy(self) -> float:
        """Energy per atom beyond the cutoff, of uniform atoms."""
        return 8 / 3 * pi * self.density * (self._cut**-9 / 3 - self._cut**-3)

    def tail_compressibility(self) -> float:
        """Contribution to Z beyond the cutoff, of uniform atoms."""
        rest = 2 / 3 * self._cut**-9 - self._cut**-3
        return 16 / 3 * pi * self.density / self.temperature * rest

    def exact_excess_entropy(self) -> float:
        """Excess entropy per atom in nats over the ideal gas: full potential, infinite system.

        By the equation of state of Thol et al.; see `moiety.exact.lennard_jones`.
        """
        return lennard_jones_excess_entropy(self.temperature, self.density)

    def finite_excess_entropy(self) -> float:
        """Excess entropy per atom in nats over the ideal gas: full potential, N atoms."""
        return lennard_jones_excess_entropy(self.temperature, self.density, self.particles)

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Particles:
        """Practically independent frames.

        Args:
            samples: Number of frames, rounded up to equally many draws from each chain.
            algorithm: `"hybrid"`, the only algorithm.
            options: Options of `driver.run_chains`; a sweep is one update.

        Returns:
            Frames with `measured`: `energy` per atom and `compressibility`, both with the tail
            beyond the cutoff.

        Raises:
            InputError: An unknown algorithm, or an option out of range.
        """
        algorithm = "hybrid" if algorithm is None else algorithm
        if algorithm != "hybrid":
            raise InputError(f"unknown algorithm {algorithm!r}; choose from hybrid")
        draws = run_chains(self._dynamics(), samples=samples, **options)
        energy, virial = draws.values[..., -3].ravel(), draws.values[..., -2].ravel()
        measured = {
            "energy": energy + self.tail_energy(),
            "compressibility": 1 + virial + self.tail_compressibility(),
        }
        return as_particles(self, draws, algorithm, measured)

    @property
    def _cut(self) -> float:
        """The cutoff as a number."""
        return CUTOFF if self.cutoff is None else self.cutoff

    def _dynamics(self) -> Dynamics:
        side, cutoff, temperature = self.side, self._cut, self.temperature
        step = _STEP / sqrt(temperature) * min((_ATOMS / self.particles) ** 0.25, 1.5)

        def advance(state: Reals, rng: Stream, updates: int) -> int:
            return hybrid(state, side, cutoff, temperature, step, _STEPS, updates, rng)

        def observe(state: Reals) -> tuple[float, ...]:
            return (float(state[-3]), float(state[-2]), *waves(state[:-3].reshape(-1, 3), side))

        waved = tuple(f"density wave {axis}" for axis in "xyz")
        names, sites = ("energy", "virial", *waved), 3 * self.particles + 3
        return Dynamics(self._start, advance, observe, sites, dtype=np.float64, names=names)

    def _start(self, chain: int, generator: np.random.Generator) -> Reals:
        distance, filled = _START
        distance = min(distance, (6 / pi * filled / self.density) ** (1 / 3))
        return np.append(apart(self.particles, self.side, distance, generator), np.zeros(3))
