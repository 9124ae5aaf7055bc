"""`moiety sample`: samples of a simulated system, to a file."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

from typer import Option

from ..base.errors import InputError, Stopped
from ..entropy.choices import given, model
from ._options import (  # fmt: skip
    Coupling,
    Density,
    Dimensions,
    Field,
    Force,
    Mass,
    Number,
    PackingFraction,
    Potts,
    Size,
    Stay,
    Stiffness,
    System,
    Temperature,
)
from ._terminal import Interrupts, progress_bar, say

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
        help="Where to write: .nc, .h5, .npz or .zarr; .npy keeps the bare array only. Particles: .gsd or .nc.",
    ),
]
_Samples = Annotated[
    int | None,
    Option(
        metavar="N", help="Samples of all chains together; 400 of soft-disks, else default 2048."
    ),
]
_Chains = Annotated[
    int | None,
    Option(
        metavar="N", help="Independent Markov chains, 128 where 64 are moved at once; default 8."
    ),
]
_Seed = Annotated[int | None, Option(metavar="N", help="Of all random numbers; default 0.")]
_Algorithm = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="For Ising one of heat-bath, metropolis, swendsen-wang, wolff, mixed, replica-exchange,"
        " on the triangular lattice loops, too; for Potts swendsen-wang, wolff, metropolis; for XY mixed, wolff,"
        " heat-bath; default: the best for the system and its temperature.",
    ),
]
_Thinning = Annotated[
    int | None,
    Option(
        metavar="SWEEPS", help="Sweeps between draws; default 5 autocorrelation times, as measured."
    ),
]
_BurnIn = Annotated[
    int | None,
    Option(
        metavar="SWEEPS",
        help="Sweeps before the first draw; default 50 autocorrelation times, as measured.",
    ),
]
_Threads = Annotated[
    int | None, Option(metavar="N", help="Chains run side by side; default one for each core.")
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
    samples: _Samples = None,
    chains: _Chains = None,
    seed: _Seed = None,
    algorithm: _Algorithm = None,
    thinning: _Thinning = None,
    burn_in: _BurnIn = None,
    threads: _Threads = None,
    force: Force = False,
) -> None:
    """Simulate a system and write practically independent samples.

    Several Markov chains are run to equilibrium and thinned until their draws are
    independent, as far as their autocorrelation time tells; the line at the end says
    how many independent ones they are worth. The file says where the samples come
    from, so that moiety estimate needs no more than its name. Ctrl-C ends the run and
    writes the samples so far.

    Soft disks have no temperature: each sample is a packing, relaxed from random
    positions to the nearest minimum of the energy; the line at the end says how many
    are jammed.
    """
    started = perf_counter()
    from ..io import save
    from ..systems import PARTICLE_SYSTEMS

    _check(system, out, force)
    parameters = {
        "temperature": temperature,
        "coupling": coupling,
        "field": field,
        "states": states,
    }
    parameters |= {"mass": mass, "stiffness": stiffness, "stay": stay}
    parameters |= {
        "particles": particles,
        "packing_fraction": packing_fraction,
        "density": density,
        "dimensions": dimensions,
    }
    source = model(system, size, **parameters)
    options = given(samples=samples, chains=chains, seed=seed, algorithm=algorithm)
    options |= given(thinning=thinning, burn_in=burn_in, threads=threads)
    with Interrupts("stopping: what was drawn so far is written; Ctrl-C again drops it") as stop:
        with progress_bar("burn-in") as update:
            options |= {} if system in PARTICLE_SYSTEMS else {"folder": out.parent}
            drawn = source.sample(progress=update and _in_words(update), stop=stop, **options)
        save(drawn, out, force=force)
    say(_summary(drawn, out, perf_counter() - started))
    if not drawn.provenance["complete"]:
        raise Stopped(f"stopped before all samples were drawn; {out} holds {drawn.n} of them")


def _check(system: str, out: Path, force: bool) -> None:
    """Refuse an output that could not be written, before the long work."""
    from ..io import FORMATS, TRAJECTORIES, check_output
    from ..systems import PARTICLE_SYSTEMS

    forms = TRAJECTORIES if system in PARTICLE_SYSTEMS else FORMATS
    known = [suffix for suffix, form in forms.items() if form.write]
    if out.suffix.lower() not in known:
        raise InputError(
            f"{out}: samples of {system} are not written as {out.suffix!r}; known are {', '.join(known)}"
        )
    check_output(out, force)


def _in_words(update: Any) -> Any:
    return lambda done, total: update(done, total, "drawing" if done else "burn-in")


def _summary(drawn: Any, out: Path, seconds: float) -> str:
    from ..data.particles import Particles

    said = drawn.provenance
    if isinstance(drawn, Particles) and said["algorithm"] == "FIRE":
        loose = f"; {said['unconverged']} unbalanced" if said["unconverged"] else ""
        each = f"{drawn.counts[0]} disks in {out}, {said['jammed']:.0%} jammed{loose}"
        return f"{drawn.n} packings of {each}, {seconds:.1f} s"
    shape = (
        f"{drawn.counts[0]} particles"
        if isinstance(drawn, Particles)
        else "x".join(map(str, drawn.shape))
    )
    mixed = "" if said["rhat"] is None else f" (R-hat {said['rhat']:.2f})"
    worth = f"worth {said['effective']:.0f} independent ones{mixed}"
    chain = (
        f"{said['algorithm']}, tau {said['tau_int']:.2g} sweeps, {said['thinning']} sweeps apart"
    )
    return f"{drawn.n} samples of {shape} in {out}, {worth}: {chain}, {seconds:.1f} s"
