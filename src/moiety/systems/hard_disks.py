r"""Hard disks of diameter 1 in equilibrium: all configurations without overlap are equally likely.

A fixed number of disks in a periodic square box is moved by event chains
(`dynamics.event_chains`).  The liquid ends at a packing fraction of 0.700: Bernard & Krauth,
Phys. Rev. Lett. 107, 155704 (2011), https://arxiv.org/abs/1102.4094

All chains start from a crystal of bonded disks.  In odd chains x and y are exchanged, which
changes the sign of the hexatic order sum exp(6 i t), so chains that remember their start
disagree.  Burn-in and thinning therefore follow the slowest of these: the longest density waves
of the box, the hexatic order and the number of neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isqrt, pi, sqrt
from typing import Any, ClassVar

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ..exact.hard_particles import FREEZING, henderson_compressibility, henderson_excess_entropy
from ._box import Fluid, as_particles, checked_below
from .dynamics._arrays import Reals, Stream
from .dynamics.driver import Dynamics, run_chains
from .dynamics.event_chains import BOND, CONTACT, bonds, densest_cells, event_chains, waves

__all__ = ["HardDisks", "arrangement"]

# Measured on 256 and 1024 disks at packing fractions of 0.1 to 0.69.
_CHAIN, _LONGEST = 8.0, 0.25  # mean number of events per chain; longest chain in sides of the box
_SWEEP, _DENSE_SWEEP = 4.0, 64.0  # events per disk between two observations
_DENSE = 0.66  # packing fraction above which the hexatic order relaxes last
_RARE = 2.0  # least number of events counted per chain: an isolated disk moves far, too
_SMALL = 64  # largest number of disks that may start from any lattice


@dataclass(frozen=True)
class HardDisks(Fluid):
    """Disks of diameter 1 in a periodic square box.

    Args:
        particles: Number of disks N.
        packing_fraction: phi = pi / 4 N / area, at most 0.7.

    Example:
        >>> disks = HardDisks(particles=64, packing_fraction=0.3)
        >>> disks.sample(samples=64, seed=1)
        <Particles 2-D, 8 chains x 8 frames, 64 particles, periodic>
        >>> round(disks.exact_excess_entropy(), 6), round(disks.finite_excess_entropy(), 6)
        (-0.794233, -0.783644)
    """

    name: ClassVar[str] = "hard-disks"
    dimensions: ClassVar[int] = 2
    most: ClassVar[int] = 10**5  # some seconds of search for the lattice to start from

    packing_fraction: float

    def __post_init__(self) -> None:
        super().__post_init__()
        phi = checked_below("packing_fraction", self.packing_fraction, FREEZING, closed=True)
        object.__setattr__(self, "packing_fraction", phi)
        if _distance(arrangement(self.particles)) * self.side <= CONTACT:
            raise InputError(
                f"no lattice of {self.particles} disks is known that fits at a packing fraction of"
                f" {phi:g}; choose a lower packing fraction or another number of particles"
            )

    @property
    def density(self) -> float:
        """Disks per area."""
        return 4 / pi * self.packing_fraction

    @property
    def side(self) -> float:
        """Side of the box in diameters."""
        return sqrt(self.particles / self.density)

    def exact_excess_entropy(self) -> float:
        """Excess entropy per disk in nats over the ideal gas: infinitely many disks.

        By Henderson's equation of state, which is not quite exact: the value is too small by
        0.003 at phi = 0.5 and by 0.02 at 0.65; see `moiety.exact.hard_particles`.
        """
        return henderson_excess_entropy(self.packing_fraction)

    def finite_excess_entropy(self) -> float:
        """Excess entropy per disk in nats over the ideal gas: N disks in this box, to order 1/N."""
        return henderson_excess_entropy(self.packing_fraction, self.particles)

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Particles:
        """Practically independent frames.

        Args:
            samples: Number of frames, rounded up to equally many draws from each chain.
            algorithm: `"event-chain"`, the only algorithm.
            options: Options of `driver.run_chains`; a sweep is 4 collisions per disk, 64 above
                phi = 0.66.

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
        side, sites = self.side, 2 * self.particles + 1
        cells, near = (densest_cells(side, reach, self.particles) for reach in (CONTACT, BOND))
        length, chains = self._pace()

        def advance(state: Reals, rng: Stream, updates: int) -> int:
            event_chains(state, side, cells, length, chains * updates, rng)
            return updates * sites

        def observe(state: Reals) -> tuple[float, ...]:
            positions = state[:-1].reshape(-1, 2)
            return (*bonds(positions, side, near), *waves(positions, side))

        names = (
            "neighbours",
            "hexatic order",
            "hexatic order, imaginary",
            "density wave x",
            "density wave y",
        )
        return Dynamics(self._start, advance, observe, sites, dtype=np.float64, names=names)

    def _start(self, chain: int, generator: np.random.Generator) -> Reals:
        sites = generator.permutation(arrangement(self.particles))
        sites = sites[: self.particles]  # the sites left over are vacancies
        sites = (sites + generator.random(2)) % 1.0 * self.side
        return np.append(sites[:, ::-1] if chain % 2 else sites, 0.0)

    def _pace(self) -> tuple[float, int]:
        """Mean length of a chain, and number of chains per sweep."""
        # events per unit length
        events = 4 / pi * (henderson_compressibility(self.packing_fraction) - 1)
        length = min(_CHAIN / events, _LONGEST * self.side)
        sweep = _DENSE_SWEEP if self.packing_fraction > _DENSE else _SWEEP
        return length, ceil(self.particles * sweep / max(events * length, _RARE))


def arrangement(particles: int) -> Reals:
    """Sites of a lattice that fits the unit torus, shape `(sites, 2)`.

    The lattice with the largest distance between sites is chosen among: even numbers of rows,
    each shifted by half a site against the row before; square lattices; and, for small numbers, all
    lattices of a single site per row, each shifted by k.  The first two kinds may have a few more
    sites than particles.

    Example:
        >>> len(arrangement(64)), len(arrangement(60)), round(float(_distance(arrangement(5))), 3)
        (64, 60, 0.447)
    """
    rows = [(r, ceil(particles / r)) for r in range(2, 2 * isqrt(particles) + 4, 2)]
    square = isqrt(particles - 1) + 1
    kinds = [(r, c, 0.5 / c) for r, c in rows] + [(square, square, 0.0)]
    if particles <= _SMALL:
        kinds += [(particles, 1, k / particles) for k in range(1, particles)]
    return max((_rows(*kind) for kind in kinds), key=_distance)


def _rows(rows: int, columns: int, shift: float) -> Reals:
    """Rows of sites, each shifted against the row before, shape `(rows * columns, 2)`."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return np.stack([(column / columns + row * shift) % 1.0, row / rows], axis=1)


def _distance(sites: Reals) -> float:
    """Shortest distance from the first site to another site or to an image of itself."""
    apart = np.minimum(sites[1:], 1 - sites[1:])
    return float(min(np.hypot(*apart.T).min(initial=1.0), 1.0))
