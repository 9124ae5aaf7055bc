r"""Hard disks of diameter 1 in equilibrium: all configurations without overlap are equally likely.

A fixed number in a periodic square box, moved by event chains (`_event_chains`).  The liquid ends
at a packing fraction of 0.700 (Bernard & Krauth, Phys. Rev. Lett. 107, 155704 (2011)).

All chains begin as a lattice of bonds: even ones as they are, odd ones with x and y exchanged, which
turns the sign of the hexatic order sum exp(6 i t).  So chains that remember it disagree, and the
burn-in, as the spacing of the frames, follows from the slowest of the density waves that fit the box
once, the hexatic order and the number of neighbours.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil, isqrt, pi, sqrt
from typing import Any, ClassVar

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ..exact.hard_particles import FREEZING, henderson_compressibility, henderson_excess_entropy
from ._box import as_particles, checked_below, checked_count
from .dynamics.driver import Dynamics, walk
from .dynamics.event_chains import BOND, CONTACT, bonds, densest_cells, event_chains, waves

__all__ = ["HardDisks", "arrangement"]

# By measurement on 256 and 1024 disks at packing fractions of 0.1 to 0.69.
_CHAIN, _LONGEST = 8.0, 0.25  # of a chain: events in the mean, and its length in sides at most
_SWEEP, _DENSE_SWEEP = 4.0, 64.0  # events a disk between two looks at the state
_DENSE = 0.66  # packing fraction from which hexatic order is what relaxes last
_RARE = 2.0  # events that a chain counts for at least: a disk alone goes far, too
_SMALL = 64  # disks that may begin as any lattice


@dataclass(frozen=True)
class HardDisks:
    """Disks of diameter 1 in a periodic square box.

    Arguments:
        particles: Their number N.
        packing_fraction: phi = pi / 4 N / area, at most 0.7.

    Example:
        >>> disks = HardDisks(particles=64, packing_fraction=0.3)
        >>> disks.sample(samples=64, seed=1)
        <Particles 2-D, 8 chains x 8 frames, 64 particles, periodic>
        >>> round(disks.exact_excess_entropy(), 6), round(disks.finite_excess_entropy(), 6)
        (-0.794233, -0.783644)
    """

    particles: int
    packing_fraction: float

    name: ClassVar[str] = "hard-disks"
    dimensions: ClassVar[int] = 2

    def __post_init__(self):
        object.__setattr__(self, "particles", checked_count("particles", self.particles))
        phi = checked_below("packing_fraction", self.packing_fraction, FREEZING, closed=True)
        object.__setattr__(self, "packing_fraction", phi)
        if _distance(arrangement(self.particles)) * self.side <= CONTACT:
            raise InputError(
                f"no lattice of {self.particles} disks is known that fits at a packing fraction of {phi:g}"
            )

    @property
    def density(self) -> float:
        """Disks per area."""
        return 4 / pi * self.packing_fraction

    @property
    def side(self) -> float:
        """Of the box, in diameters."""
        return sqrt(self.particles / self.density)

    @property
    def periodic(self) -> tuple[bool, ...]:
        """Both edges are."""
        return (True, True)

    def parameters(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def exact_excess_entropy(self) -> float:
        """Per disk in nats, over the ideal gas of the same density: infinitely many disks, by Henderson's equation.

        Not quite exact: too small by 0.003 at phi = 0.5, 0.02 at 0.65, see `exact.hard_particles`.
        """
        return henderson_excess_entropy(self.packing_fraction)

    def finite_excess_entropy(self) -> float:
        """That of this number of disks to the order of 1 / N, over as many points in the same box."""
        return henderson_excess_entropy(self.packing_fraction, self.particles)

    def sample(
        self, samples: int = 2048, *, algorithm: str | None = None, **options: Any
    ) -> Particles:
        """Practically independent frames; measured in each is Z, over the moves that led to it.

        Arguments:
            samples: Number of frames, rounded up to equal draws of all chains.
            algorithm: `"event-chain"`, the only one.
            options: Of `_walk.walk`; a sweep is 4 collisions a disk, 64 above phi = 0.66.
        """
        algorithm = algorithm or "event-chain"
        if algorithm != "event-chain":
            raise InputError(f"unknown algorithm {algorithm!r}; choose from event-chain")
        result = walk(self._dynamics(), samples=samples, **options)
        return as_particles(
            self, result, algorithm, {"compressibility": result.values[..., -1].ravel()}
        )

    def _dynamics(self) -> Dynamics:
        side, sites = self.side, 2 * self.particles + 1
        cells, near = (densest_cells(side, reach, self.particles) for reach in (CONTACT, BOND))
        length, chains = self._pace()

        def advance(state: np.ndarray, rng: np.ndarray, updates: int) -> int:
            event_chains(state, side, cells, length, chains * updates, rng)
            return updates * sites

        def observe(state: np.ndarray) -> tuple[float, ...]:
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

    def _start(self, chain: int, generator: np.random.Generator) -> np.ndarray:
        sites = generator.permutation(arrangement(self.particles))[
            : self.particles
        ]  # what is left over are vacancies
        sites = (sites + generator.random(2)) % 1.0 * self.side
        return np.append(sites[:, ::-1] if chain % 2 else sites, 0.0)

    def _pace(self) -> tuple[float, int]:
        """Mean length of chains, and how many of them are a sweep."""
        events = 4 / pi * (henderson_compressibility(self.packing_fraction) - 1)  # of a length of 1
        length = min(_CHAIN / events, _LONGEST * self.side)
        sweep = _DENSE_SWEEP if self.packing_fraction > _DENSE else _SWEEP
        return length, ceil(self.particles * sweep / max(events * length, _RARE))


def arrangement(particles: int) -> np.ndarray:
    """The sites of a lattice that fits the unit torus, in units of its side, shape `(sites, 2)`.

    The one of largest distances among even numbers of rows, every other one shifted by half a site,
    square ones, and for small numbers all of one site a row, each shifted by k against the one before;
    the former two may have some sites more than particles.

    Example:
        >>> len(arrangement(64)), len(arrangement(60)), round(float(_distance(arrangement(5))), 3)
        (64, 60, 0.447)
    """
    rows = [(r, ceil(particles / r)) for r in range(2, 2 * isqrt(particles) + 4, 2)]
    square = isqrt(particles - 1) + 1
    lattices = [_rows(r, c, 0.5 / c) for r, c in rows] + [_rows(square, square, 0.0)]
    if particles <= _SMALL:
        lattices += [_rows(particles, 1, k / particles) for k in range(1, particles)]
    return max(lattices, key=_distance)


def _rows(rows: int, columns: int, shift: float) -> np.ndarray:
    """Rows of sites, each shifted against the one before."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return np.stack([(column / columns + row * shift) % 1.0, row / rows], axis=1)


def _distance(sites: np.ndarray) -> float:
    """The least one between the first site and another, or an image of its own."""
    apart = np.minimum(sites[1:], 1 - sites[1:])
    return min(np.hypot(*apart.T).min(initial=1.0), 1.0)
