"""Excess entropy of particles by insertion in a random order, against exact answers.

`fluids`, `spheres`, `lennard-jones`: one row for each state point, 200 frames of 1,024, 500 and 864
particles, default settings.
`coverage`: 24 runs of small systems, each with new frames and networks; z = (s - exact) / error.

`validation/insertions.py --only coverage` renews one part of docs/insertions.md.  The exit code is
1 if a target is missed.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np

from _tables import MISSED, Page, provenance, renewed, row
from moiety import Particles, system
from moiety.estimation.training import Training
from moiety.insertion.estimate import Insertions, estimate_by_insertion

MOST = {
    "ideal gas": 0.01,
    "hard rods": 0.003,
    "hard disks": 0.01,
    "hard spheres": 0.02,
    "Lennard-Jones": 0.02,
}
SIGMAS = 3.0


@dataclass(frozen=True)
class Case:
    """Frames with a known excess entropy.

    Args:
        name: Name of the system, a key of MOST.
        about: State point.
        frames: Returns the frames for a number of particles, of frames, and a seed.
        exact: Excess entropy per particle in nats.
    """

    name: str
    about: str
    frames: Callable[[int, int, int], Particles]
    exact: float


def fluid(name: str, title: str, **parameters: float) -> Case:
    """A system of moiety."""

    def frames(number: int, n: int, seed: int) -> Particles:
        return system(name, particles=number, **parameters).sample(n, seed=seed)

    exact = system(name, particles=64, **parameters).exact_excess_entropy()
    about = ", ".join(f"{key} {value:g}" for key, value in parameters.items())
    return Case(title, about.replace("_", " "), frames, exact)


def mixture(lengths: Sequence[float], density: float) -> Case:
    """Rods of some lengths in any order on a ring: all gaps are equally likely.

    s = log(1 - covered) in excess of the ideal mixture, whatever the lengths.
    """

    def frames(number: int, n: int, seed: int) -> Particles:
        rng, side = np.random.default_rng(seed), number / density
        kinds = rng.integers(len(lengths), size=(n, number))
        sizes = np.asarray(lengths)[kinds]
        centres = np.cumsum((sizes + np.roll(sizes, 1, axis=1)) / 2, axis=1)
        gaps = np.sort(rng.random((n, number)), axis=1) * (side - sizes.sum(1, keepdims=True))
        positions = (centres + gaps + side * rng.random((n, 1))) % side
        return Particles.from_frames(
            positions[..., None], cells=side, periodic=True, types=list(kinds)
        )

    covered = density * float(np.mean(lengths))
    about = f"lengths {' and '.join(map(str, lengths))}, density {density:g}"
    return Case("hard rods", about, frames, float(np.log(1 - covered)))


FLUIDS = (
    fluid("ideal-gas", "ideal gas", density=0.5),
    *(fluid("hard-rods", "hard rods", density=density) for density in (0.2, 0.4, 0.6)),
    mixture((0.5, 1.5), 0.5),
    *(fluid("hard-disks", "hard disks", packing_fraction=phi) for phi in (0.1, 0.2, 0.3, 0.4, 0.5)),
)
SPHERES = tuple(
    fluid("hard-spheres", "hard spheres", packing_fraction=eta)
    for eta in (0.1, 0.2, 0.3, 0.4, 0.45)
)
ATOMS = tuple(
    fluid("lennard-jones", "Lennard-Jones", temperature=temperature, density=density)
    for temperature, density in ((2.0, 0.4), (2.0, 0.6), (2.0, 0.8), (1.5, 0.8))
)
SMALL = (
    fluid("ideal-gas", "ideal gas", density=0.3),
    fluid("hard-rods", "hard rods", density=0.3),
    fluid("hard-rods", "hard rods", density=0.5),
    mixture((0.8, 1.6), 0.4),
    fluid("hard-disks", "hard disks", packing_fraction=0.25),
    fluid("hard-disks", "hard disks", packing_fraction=0.45),
)
REPEATS = 4


def setting(quick: bool) -> Insertions | None:
    short = Training(steps=40, batch=64, learning_rate=3e-3)
    return Insertions(width=16, evaluations=2**11, training=short) if quick else None


def table(name: str, options: argparse.Namespace) -> str:
    """The table of state points of a part."""
    page, missed = Page(), []
    page(provenance(f"validation/insertions.py --only {name} --seed {options.seed}"))
    page("One thread.")
    page()
    page.table("system", "state point", "exact", "s", "deviation", "z", "bound", "CPU seconds")
    cases, full = TABLES[name]
    number, n = (216, 16) if options.quick else (full, 200)
    for case in cases:
        frames, started = case.frames(number, n, options.seed), process_time()
        found = estimate_by_insertion(frames, setting(options.quick), seed=options.seed, threads=1)
        off = found.entropy - case.exact
        share = f"{off / case.exact:+.2%}" if case.exact else f"{off:+.4f}"
        page(
            row(
                case.name,
                case.about,
                f"{case.exact:.4f}",
                f"{found.entropy:.4f} ± {found.error:.4f}",
                share,
                f"{off / found.error:+.1f}",
                f"{found.bound:.4f}",
                f"{process_time() - started:.0f}",
            )
        )
        if abs(off) > MOST[case.name] * (abs(case.exact) or 1):
            missed.append(f"{case.name}, {case.about}: {share}")
        if abs(off) > SIGMAS * found.error:
            missed.append(f"{case.name}, {case.about}: {off / found.error:+.1f} errors")
    return verdict(page, missed, options.quick)


def coverage_part(options: argparse.Namespace) -> str:
    """How often the stated error holds."""
    page, missed, every = Page(), [], []
    page(provenance(f"validation/insertions.py --only coverage --seed {options.seed}"))
    page("One thread.")
    page()
    page.table("system", "state point", "runs", "mean deviation", "mean error", "z")
    number, n, repeats = (216, 16, 1) if options.quick else (512, 100, REPEATS)
    for case in SMALL:
        offs = []
        for k in range(repeats):
            seed = 100 * options.seed + k
            found = estimate_by_insertion(
                case.frames(number, n, seed), setting(options.quick), seed=seed, threads=1
            )
            offs.append((found.entropy - case.exact, found.error))
        values = np.array(offs)
        every += offs
        z = ", ".join(f"{one:+.1f}" for one in values[:, 0] / values[:, 1])
        mean, error = values.mean(0)
        page(row(case.name, case.about, len(offs), f"{mean:+.4f}", f"{error:.4f}", z))
    z = np.array(every)[:, 0] / np.array(every)[:, 1]
    one, two = (float((np.abs(z) < most).mean()) for most in (1, 2))
    page()
    page(f"{len(z)} runs: {one:.0%} within one error, {two:.0%} within two, rms z")
    page(f"{np.sqrt((z**2).mean()):.2f}, mean z {z.mean():+.2f}.")
    missed += [f"{one:.0%} within one error"] if not 0.60 <= one <= 0.76 else []
    missed += [f"{two:.0%} within two errors"] if two < 0.93 else []
    return verdict(page, missed, options.quick)


def verdict(page: Page, missed: list[str], quick: bool) -> str:
    """The page with its last line."""
    if not quick:
        page()
        page(f"{MISSED}: {'; '.join(missed)}." if missed else "Targets met.")
    return page.text


HEADING = """# Particles by insertion

Excess entropies in nats per particle, from particles that are inserted in a random order into the
frames themselves (`moiety.insertion`); errors are one standard error. Targets:

- off by at most 0.3% for rods, 1% for disks, 2% for spheres (Carnahan and Starling) and
  Lennard-Jones atoms (Thol et al., J. Phys. Chem. Ref. Data 45, 023101 (2016)) and
  0.01 for the ideal gas, and by at most three errors
- 60 to 76% of the runs within one error, at least 93% within two"""

TABLES = {"fluids": (FLUIDS, 1024), "spheres": (SPHERES, 500), "lennard-jones": (ATOMS, 864)}
PARTS = {name: partial(table, name) for name in TABLES} | {"coverage": coverage_part}


if __name__ == "__main__":
    page = Path(__file__).parents[1] / "docs" / "insertions.md"
    sys.exit(renewed(__doc__, HEADING, [*PARTS], page, lambda name, options: PARTS[name](options)))
