r"""Athermal soft disks: packings at the energy minimum next to a random start.

    E = sum_{i<j} eps/2 (1 - r_ij / sigma_ij)^2    for r_ij < sigma_ij = (sigma_i + sigma_j) / 2

Half of the disks have diameter 1, half 1.4, in a periodic square of packing fraction
phi = pi/4 sum sigma_i^2 / L^2.  Each packing is relaxed from uniformly random positions to the
nearest minimum.  Above phi_J = 0.841 most packings keep overlaps: they are jammed.

O'Hern, Silbert, Liu & Nagel, Phys. Rev. E 68, 011306 (2003),
https://arxiv.org/abs/cond-mat/0304421
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import pi, sqrt
from os import cpu_count
from typing import Any, ClassVar

import numpy as np

from .. import __version__
from ..base.errors import InputError, Stopped
from ..base.random import Streams
from ..data.particles import Particles
from ..data.samples import MINIMUM_SAMPLES
from ._box import DENSITIES
from ._lattice import checked_number
from ._models import Model
from .dynamics._arrays import Reals
from .dynamics.driver import Progress, check_options
from .dynamics.fire import contacts, relax

__all__ = ["JAMMED", "SoftDisks"]

# Energy per disk in eps above which a packing is jammed; forces at the tolerance amount to 1e-20.
JAMMED = 1e-16
_LARGER = 1.4
_LEAST, _MOST = 4, 10**6
_MOST_STEPS = 2 * 10**6
_AT_ONCE = 8  # packings queued per thread


@dataclass(frozen=True)
class SoftDisks(Model):
    """Athermal packings of disks of two sizes.

    Args:
        particles: Number of disks, half of them large.
        packing_fraction: phi; overlaps are counted twice.
        tolerance: Largest force on a disk of a balanced packing, in eps per diameter.

    Example:
        >>> packings = SoftDisks(particles=64, packing_fraction=0.6).sample(samples=8, seed=1)
        >>> packings, float(packings.measured["max_force"].max()) <= 1e-10
        (<Particles 2-D, 1 chain x 8 frames, 64 particles, periodic>, True)
    """

    name: ClassVar[str] = "soft-disks"

    particles: int
    packing_fraction: float
    tolerance: float = 1e-10

    def __post_init__(self) -> None:
        if isinstance(self.particles, bool) or not isinstance(self.particles, (int, np.integer)):
            raise InputError(f"particles must be a whole number, not {self.particles!r}")
        if not _LEAST <= self.particles <= _MOST or self.particles % 2:
            raise InputError(
                f"particles must be an even number from {_LEAST} to {_MOST}, not {self.particles}"
            )
        checked_number("packing_fraction", self.packing_fraction, positive=True, span=DENSITIES)
        checked_number("tolerance", self.tolerance, positive=True)
        if self.side < 2 * _LARGER:
            raise InputError(
                f"a box of side {self.side:.2f} is too small for disks of diameter {_LARGER}; take"
                " more particles"
            )

    @property
    def diameters(self) -> Reals:
        """Diameters of the disks, shape `(particles,)`, the small disks first."""
        return np.repeat([1.0, _LARGER], self.particles // 2)

    @property
    def side(self) -> float:
        """Side of the box in smaller diameters."""
        return sqrt(pi / 4 * self.particles * (1 + _LARGER**2) / 2 / self.packing_fraction)

    def sample(
        self,
        samples: int = 400,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
        **others: Any,
    ) -> Particles:
        """Independent packings.

        Args:
            samples: Number of packings.
            seed: Seed for all random numbers.
            threads: Packings relaxed in parallel, by default one per core; the results do not
                depend on it.
            progress: Called as `progress(done, total)` with numbers of packings.
            should_stop: Called now and then; once it returns True, finished packings are returned.
            others: Options of Markov chains, which packings do not have.

        Returns:
            Frames with `measured`: `energy` (eps per disk), `pressure` (eps per diameter squared),
            `contacts` (mean number per disk, rattlers excluded), `rattlers` (fraction of disks),
            `max_force`, `steps`, and whether a packing is `converged` and `jammed`.

        Raises:
            InputError: Fewer than 8 samples, a negative seed, or an option of Markov chains.
            Stopped: `stop` returned True before 8 packings were finished.
        """
        if others:
            raise InputError(f"{self.name} are relaxed: there is no option {next(iter(others))!r}")
        check_options(samples, None, seed, None, None, threads)
        done: list[tuple[Reals, dict[str, float]]] = []
        workers = threads or cpu_count() or 1
        with ThreadPoolExecutor(workers) as pool:
            for first in range(0, samples, workers * _AT_ONCE):
                if should_stop and should_stop():
                    break
                numbers = range(first, min(first + workers * _AT_ONCE, samples))
                for packing in pool.map(partial(self._packing, seed), numbers):
                    done.append(packing)
                    if progress:
                        progress(len(done), samples)
        if len(done) < MINIMUM_SAMPLES:
            raise Stopped("stopped before 8 packings were finished; nothing is kept")
        positions, rows = zip(*done, strict=True)
        measured = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return Particles.from_frames(
            positions,
            cells=self.side,
            periodic=True,
            diameters=self.diameters,
            types=np.repeat([0, 1], self.particles // 2),
            measured=measured,
            provenance=self._provenance(seed, samples, measured),
        )

    def _packing(self, seed: int, number: int) -> tuple[Reals, dict[str, float]]:
        """Positions `(particles, 2)` and measured quantities of a packing."""
        positions = Streams(seed).numpy("packing", number).random((self.particles, 2)) * self.side
        energy, virial, largest, steps = relax(
            positions, self.diameters, self.side, self.tolerance, _MOST_STEPS
        )
        touching = contacts(positions, self.diameters, self.side)
        held = touching > 0
        return positions, {
            "energy": energy / self.particles,
            "pressure": virial / (2 * self.side**2),
            "contacts": float(touching[held].mean()) if held.any() else 0.0,
            "rattlers": 1.0 - float(held.mean()),
            "max_force": largest,
            "steps": float(steps),
            "converged": float(largest <= self.tolerance),
            "jammed": float(energy / self.particles > JAMMED),
        }

    def _provenance(
        self, seed: int, samples: int, measured: dict[str, np.ndarray]
    ) -> dict[str, Any]:
        finished = len(measured["energy"])
        return {
            "system": self.name,
            "parameters": self.parameters(),
            "algorithm": "FIRE",
            "tau_int": 0.5,
            "effective": float(finished),
            "jammed": float(measured["jammed"].mean()),
            "unconverged": int(finished - measured["converged"].sum()),
            "complete": finished == samples,
            "seed": seed,
            "version": __version__,
        }
