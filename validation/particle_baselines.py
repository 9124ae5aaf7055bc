"""Baselines for particles on the same frames, against exact excess entropies.

`fluids`: one row for each state point: pair entropy, nearest neighbours, compression.
`settings`: what their options change, for dense disks, and the size of the box.

`validation/particle_baselines.py --only settings` renews one part of docs/particle-baselines.md.
The exit code is 1 if a target is missed.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time

from _tables import MISSED, Page, provenance, renewed, row
from moiety import Particles, system
from moiety.baselines import neighbour_entropy, pair_entropy, particle_compression_entropy
from moiety.results.types import Estimate

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from lennard_jones import lennard_jones  # it lies in tests/

SIGMAS = 3.0
LENNARD_JONES = {0.4: -0.9263, 0.6: -1.5667}  # T* = 2, Thol et al.
Baseline = Callable[[Particles], Estimate]
BASELINES: dict[str, Baseline] = {
    "pair entropy": pair_entropy,
    "neighbours": neighbour_entropy,
    "compression": particle_compression_entropy,
}
SYSTEMS = (
    *(("ideal-gas", {"density": 0.5, "dimensions": d}) for d in (1, 2, 3)),
    *(("hard-rods", {"density": density}) for density in (0.2, 0.4, 0.6)),
    *(("hard-disks", {"packing_fraction": phi}) for phi in (0.1, 0.2, 0.3, 0.4, 0.5)),
)


def fluids_part(options: argparse.Namespace) -> str:
    """All baselines at all state points."""
    page, missed = Page(), []
    page(provenance(f"validation/particle_baselines.py --only fluids --seed {options.seed}"))
    number, n = (100, 32) if options.quick else (512, 200)
    page(
        f"{n} frames of {number} particles (500 Lennard-Jones atoms), default settings, one thread."
    )
    page("Deviations are shares of the exact entropy, positive if s is too large.")
    page()
    page.table("system", "state point", "exact", *BASELINES, "deviations", "seconds")
    for name, parameters in SYSTEMS:
        model = system(name, particles=number, **parameters)
        about = ", ".join(f"{key} {value:g}" for key, value in parameters.items())
        frames, exact = model.sample(n, seed=options.seed), model.exact_excess_entropy()
        missed += _compared(page, (name, about.replace("_", " ")), frames, exact)
    for density, exact in LENNARD_JONES.items():
        cells = 3 if options.quick else 5
        frames = lennard_jones(cells, 2.0, density, n, seed=options.seed, gap=20, burn_in=1000)
        missed += _compared(page, ("Lennard-Jones", f"T* 2, density {density:g}"), frames, exact)
    return _verdict(page, missed, options.quick)


def _compared(page: Page, names: tuple[str, str], frames: Particles, exact: float) -> list[str]:
    """Add a row; return the targets that it misses."""
    started, missed, offs, cells = process_time(), [], [], []
    for name, baseline in BASELINES.items():
        found = baseline(frames)
        off = found.entropy - exact
        cells.append(f"{found.entropy:.4f} ± {found.error:.4f}")
        offs.append(f"{-off / exact:+.1%}" if exact else f"{off:+.4f}")
        is_exact = not exact or (name == "neighbours" and names[0] == "hard-rods")
        z = off / found.error
        if abs(z) > SIGMAS if is_exact else name != "pair entropy" and z < -SIGMAS:
            missed.append(f"{name} of {', '.join(names)}: {z:+.1f} errors")
    seconds = f"{process_time() - started:.0f}"
    page(row(*names, f"{exact:.4f}", *cells, ", ".join(offs), seconds))
    return missed


def settings_part(options: argparse.Namespace) -> str:
    """Options and sizes, for disks at a packing fraction of 0.5."""
    page = Page()
    page(provenance(f"validation/particle_baselines.py --only settings --seed {options.seed}"))
    n = 32 if options.quick else 200
    page(f"Hard disks at a packing fraction of 0.5, {n} frames, one thread.")
    page()
    page.table("baseline", "setting", "particles", "s", "CPU seconds")
    sizes = (64, 100) if options.quick else (64, 256, 512)
    frames = {
        size: system("hard-disks", particles=size, packing_fraction=0.5).sample(
            n, seed=options.seed
        )
        for size in sizes
    }
    spacing = frames[sizes[-1]].density ** -0.5
    rows: list[tuple[str, str, int, Baseline]] = [
        ("pair entropy", "default", size, pair_entropy) for size in sizes
    ]
    rows += [
        ("pair entropy", f"{name} of {size:g}", sizes[-1], partial(pair_entropy, **{name: length}))
        for name, size, length in (
            *(
                ("reach", k, k * spacing)
                for k in ((2.0, 3.0) if options.quick else (3.0, 5.0, 7.0))
            ),
            *(("width", k, k * spacing) for k in (0.04, 0.02, 0.005)),
        )
    ]
    rows += [
        ("neighbours", f"k = {k}", size, partial(neighbour_entropy, neighbours=k))
        for size, k in (*((size, 1) for size in sizes), (sizes[-1], 2), (sizes[-1], 3))
    ]
    rows += [
        (
            "compression",
            f"R = {r}, {order}",
            sizes[-1],
            partial(particle_compression_entropy, resolution=r, order=order),
        )
        for r in (2, 4, 8)
        for order in ("rows", "hilbert")
    ]
    for name, setting, size, baseline in rows:
        started = process_time()
        found = baseline(frames[size])
        taken = f"{process_time() - started:.1f}"
        page(row(name, setting, size, f"{found.entropy:.4f} ± {found.error:.4f}", taken))
    exact = system("hard-disks", particles=64, packing_fraction=0.5).exact_excess_entropy()
    page()
    page(f"Exact: {exact:.4f}. Reaches and widths are in mean distances of neighbours.")
    return page.text


def _verdict(page: Page, missed: list[str], quick: bool) -> str:
    """The page with its last line."""
    if not quick:
        page()
        page(f"{MISSED}: {'; '.join(missed)}." if missed else "Targets met.")
    return page.text


HEADING = """# Particles by other routes

Excess entropies in nats per particle by three baselines, on the same frames
(`moiety baseline pair-entropy`, `neighbours`, `compression`; `moiety.baselines`). Errors are one
standard error; they exclude what a baseline misses. Exact: Tonks for rods, Henderson's equation of
state for disks, Thol et al. (J. Phys. Chem. Ref. Data 45, 023101 (2016)) for Lennard-Jones atoms,
all for infinitely many particles.

- *Pair entropy* holds what g(r) says and nothing else. It may be too large or too small.
- *Neighbours* sees one particle behind each particle. It is an upper bound but for its noise, and
  exact for rods.
- *Compression* sees repetitions along rows of voxels. It is far too large.

None sees what three and more particles share beyond that, and none knows by how much it is off: use
[insertions](insertions.md) for a number to quote. Targets: at most 3 errors away where a baseline
is exact (ideal gas; neighbours of rods); neighbours and compression not below the exact entropy by
more than 3 errors."""

PARTS = {"fluids": fluids_part, "settings": settings_part}


if __name__ == "__main__":
    path = Path(__file__).parents[1] / "docs" / "particle-baselines.md"
    sys.exit(renewed(__doc__, HEADING, [*PARTS], path, lambda name, options: PARTS[name](options)))
