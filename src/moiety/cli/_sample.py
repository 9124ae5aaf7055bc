"""`moiety sample`: samples of a simulated system, to a file."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

from typer import Option

from ..errors import InputError, Stopped
from ._choices import given, model
from ._options import Coupling, Field, Force, Mass, Potts, Size, Stay, Stiffness, System, Temperature
from ._terminal import Interrupts, progress_bar, say

__all__ = ["EXAMPLE", "sample"]

EXAMPLE = """Example:

\b
  moiety sample ising-square --size 64 --temperature 2.4 --samples 2048 \\
      --seed 1 --out ising.nc
"""

_Out = Annotated[
    Path,
    Option("--out", metavar="FILE", help="Where to write: .nc, .h5, .npz or .zarr; .npy keeps the bare array only."),
]
_Samples = Annotated[int | None, Option(metavar="N", help="Samples of all chains together; default 2048.")]
_Chains = Annotated[
    int | None, Option(metavar="N", help="Independent Markov chains, 128 where 64 are moved at once; default 8.")
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
    int | None, Option(metavar="SWEEPS", help="Sweeps between draws; default 5 autocorrelation times, as measured.")
]
_BurnIn = Annotated[
    int | None, Option(metavar="SWEEPS", help="Sweeps before the first draw; default 50 autocorrelation times, as measured.")
]
_Threads = Annotated[int | None, Option(metavar="N", help="Chains run side by side; default one for each core.")]


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
    samples: _Samples = None,
    chains: _Chains = None,
    seed: _Seed = None,
    algorithm: _Algorithm = None,
    thinning: _Thinning = None,
    burn_in: _BurnIn = None,
    threads: _Threads = None,
    force: Force = False,
) -> None:
    """Simulate a system in equilibrium and write practically independent samples.

    Several Markov chains are run to equilibrium and thinned until their draws are
    independent, as far as their autocorrelation time tells; the line at the end says
    how many independent ones they are worth. The file says where the samples come
    from, so that moiety estimate needs no more than its name. Ctrl-C ends the run and
    writes the samples so far.
    """
    started = perf_counter()
    from ..io import save

    _check(out, force)
    parameters = {"temperature": temperature, "coupling": coupling, "field": field, "states": states}
    parameters |= {"mass": mass, "stiffness": stiffness, "stay": stay}
    source = model(system, size, **parameters)
    options = given(samples=samples, chains=chains, seed=seed, algorithm=algorithm)
    options |= given(thinning=thinning, burn_in=burn_in, threads=threads)
    with Interrupts("stopping: what was drawn so far is written; Ctrl-C again drops it") as stop:
        with progress_bar("burn-in") as update:
            drawn = source.sample(progress=update and _in_words(update), stop=stop, folder=out.parent, **options)
        save(drawn, out, force=force)
    say(_summary(drawn, out, perf_counter() - started))
    if not drawn.provenance["complete"]:
        raise Stopped(f"stopped before all samples were drawn; {out} holds {drawn.n} of them")


def _check(out: Path, force: bool) -> None:
    """Refuse an output that could not be written, before the long work."""
    from ..io import FORMATS, check_output

    if out.suffix.lower() not in FORMATS:
        raise InputError(f"{out}: the suffix {out.suffix!r} is unknown; known are {', '.join(FORMATS)}")
    check_output(out, force)


def _in_words(update: Any) -> Any:
    return lambda done, total: update(done, total, "drawing" if done else "burn-in")


def _summary(drawn: Any, out: Path, seconds: float) -> str:
    said = drawn.provenance
    shape = "x".join(map(str, drawn.shape))
    mixed = "" if said["rhat"] is None else f" (R-hat {said['rhat']:.2f})"
    worth = f"worth {said['effective']:.0f} independent ones{mixed}"
    chain = f"{said['algorithm']}, tau {said['tau_int']:.2g} sweeps, {said['thinning']} sweeps apart"
    return f"{drawn.n} samples of {shape} in {out}, {worth}: {chain}, {seconds:.1f} s"
