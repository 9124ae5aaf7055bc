"""`moiety sample`: simulate a system and write samples to a file."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from ..base.errors import InputError, Stopped
from ..entropy.choices import given, model
from ._options import (
    Coupling,
    Cutoff,
    Density,
    Dimensions,
    Field,
    Force,
    Mass,
    Number,
    PackingFraction,
    Phase,
    Potts,
    Size,
    Stay,
    Stiffness,
    System,
    Temperature,
)
from ._terminal import Interrupts, Update, progress_bar, say

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from ..data.particles import Particles
    from ..data.samples import Samples

__all__ = ["EXAMPLE", "sample"]

EXAMPLE = """Example:

\b
  moiety sample ising-square --size 64 --temperature 2.4 --samples 2048 \\
      --seed 1 --out ising.nc
  moiety sample soft-disks --particles 1024 --packing-fraction 0.84 \\
      --samples 400 --out packings.gsd
"""

_Out = Annotated[
    Path,
    Option(
        "--out",
        metavar="FILE",
        help="Output file. Lattices: .nc, .h5, .npz, .zarr, or .npy (the array alone)."
        " Particles: .gsd or .nc.",
    ),
]
_Samples = Annotated[
    int | None,
    Option(
        metavar="N", help="Total number of samples; 400 for soft-disks, otherwise default 2048."
    ),
]
_Chains = Annotated[
    int | None,
    Option(
        metavar="N",
        help="Number of independent Markov chains; up to 128 for algorithms that update 64"
        " lattices at once, otherwise default 8.",
    ),
]
_Seed = Annotated[int | None, Option(metavar="N", help="Seed for all random numbers; default 0.")]
_Algorithm = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="Ising: heat-bath, metropolis, swendsen-wang, wolff, mixed, replica-exchange, or loops"
        " (triangular lattice only). Potts: swendsen-wang, wolff, metropolis. XY: mixed, wolff,"
        " heat-bath. Default: the fastest for the system and its temperature.",
    ),
]
_Thinning = Annotated[
    int | None,
    Option(
        metavar="SWEEPS", help="Sweeps between draws; default 5 measured autocorrelation times."
    ),
]
_BurnIn = Annotated[
    int | None,
    Option(
        metavar="SWEEPS",
        help="Sweeps before the first draw; default 50 measured autocorrelation times.",
    ),
]
_Threads = Annotated[
    int | None,
    Option(metavar="N", help="Number of chains that run in parallel; default one per core."),
]


def sample(
    system: System,
    out: _Out,
    size: Size = None,
    temperature: Temperature = None,
    coupling: Coupling = None,
    field: Field = None,
    states: Potts = None,
    mass: Mass = None,
    stiffness: Stiffness = None,
    stay: Stay = None,
    particles: Number = None,
    packing_fraction: PackingFraction = None,
    density: Density = None,
    dimensions: Dimensions = None,
    phase: Phase = None,
    cutoff: Cutoff = None,
    samples: _Samples = None,
    chains: _Chains = None,
    seed: _Seed = None,
    algorithm: _Algorithm = None,
    thinning: _Thinning = None,
    burn_in: _BurnIn = None,
    threads: _Threads = None,
    force: Force = False,
) -> None:
    """Simulate a system and write nearly independent samples.

    Several Markov chains run to equilibrium. They are thinned by the measured
    autocorrelation time until their draws are nearly independent; the last line
    gives the effective sample size. The file records the system and its parameters,
    so that moiety estimate needs only its name, and the energies of the samples.
    Ctrl-C stops early and writes the samples drawn so far.

    Soft disks have no temperature: each sample is a packing, relaxed from random
    positions to the nearest energy minimum. The last line gives the jammed fraction.
    """
    started = perf_counter()
    from ..io import save
    from ..systems import PARTICLE_SYSTEMS

    _check(system, out, force)
    source = model(
        system,
        size,
        temperature=temperature,
        coupling=coupling,
        field=field,
        states=states,
        mass=mass,
        stiffness=stiffness,
        stay=stay,
        particles=particles,
        packing_fraction=packing_fraction,
        density=density,
        dimensions=dimensions,
        phase=phase,
        cutoff=cutoff,
    )
    options = given(samples=samples, chains=chains, seed=seed, algorithm=algorithm)
    options |= given(thinning=thinning, burn_in=burn_in, threads=threads)
    with Interrupts("stopping: the samples so far are written; Ctrl-C again drops them") as stop:
        with progress_bar("burn-in") as update:
            options |= {} if system in PARTICLE_SYSTEMS else {"folder": out.parent}
            progress = _named(update) if update else None
            drawn = source.sample(progress=progress, should_stop=stop, **options)
        save(drawn, out, force=force, energies=_energies(source, drawn))
    say(_summary(drawn, out, perf_counter() - started))
    if not drawn.provenance["complete"]:
        raise Stopped(f"stopped before all samples were drawn; {out} holds {drawn.n} of them")


def _check(system: str, out: Path, force: bool) -> None:
    """Refuse an output that could not be written, before the long work."""
    from ..io import FORMATS, TRAJECTORIES, check_output
    from ..systems import PARTICLE_SYSTEMS

    writable = (
        [suffix for suffix, form in TRAJECTORIES.items() if form.is_writable]
        if system in PARTICLE_SYSTEMS
        else [*FORMATS]
    )
    if out.suffix.lower() not in writable:
        raise InputError(
            f"{out}: samples of {system} cannot be written as {out.suffix!r};"
            f" known are {', '.join(writable)}"
        )
    check_output(out, force)


def _energies(source: Any, drawn: Samples | Particles) -> np.ndarray | None:
    """Energies of samples of a lattice at a temperature."""
    from ..data.samples import Samples
    from ..entropy.known_energies import energy_of

    if not (isinstance(drawn, Samples) and hasattr(source, "temperature")):
        return None
    return energy_of(source)(drawn)


def _named(update: Update) -> Callable[[int, int], None]:
    """Return a progress callback that names the two stages."""
    return lambda done, total: update(done, total, "drawing" if done else "burn-in")


def _summary(drawn: Samples | Particles, out: Path, seconds: float) -> str:
    from ..data.particles import Particles

    facts = drawn.provenance
    if isinstance(drawn, Particles) and facts["algorithm"] == "FIRE":
        loose = f"; {facts['unconverged']} unbalanced" if facts["unconverged"] else ""
        each = f"{drawn.counts[0]} disks in {out}, {facts['jammed']:.0%} jammed{loose}"
        return f"{drawn.n} packings of {each}, {seconds:.1f} s"
    shape = (
        f"{drawn.counts[0]} particles"
        if isinstance(drawn, Particles)
        else "x".join(map(str, drawn.shape))
    )
    mixing = "" if facts["rhat"] is None else f" (R-hat {facts['rhat']:.2f})"
    chain = (
        f"{facts['algorithm']}, tau {facts['tau_int']:.2g} sweeps, a draw every"
        f" {facts['thinning']} sweeps"
    )
    return (
        f"{drawn.n} samples of {shape} in {out}, effective sample size"
        f" {facts['effective']:.0f}{mixing}: {chain}, {seconds:.1f} s"
    )
