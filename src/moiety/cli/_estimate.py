"""`moiety estimate`: the entropy of the samples in a file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from ..base.errors import InputError
from ..entropy.choices import algorithms, exact_value, for_particles, given
from ..estimation.tensorboard import ScalarLog, check_tensorboard
from ._options import Force, Json, LogDir
from ._report import check_page, write_page
from ._result import in_json, show
from ._terminal import Interrupts, note, progress_bar, say

__all__ = ["EXAMPLE", "estimate"]

EXAMPLE = """Example:

\b
  moiety estimate ising.nc --out result.nc --report report.html
  moiety estimate ising.nc --json
  moiety estimate spins.npy --periodic --symmetries flip,transpose
  moiety estimate packings.gsd --resolution 10
  moiety estimate melt.lammpstrj.gz --sigma 1.0
  moiety estimate ising.nc --log-dir logs
"""

_File = Annotated[
    Path,
    Argument(
        metavar="FILE",
        help="Samples that moiety sample wrote, an array (.nc .h5 .npz .npy .zarr) or particles: .gsd, LAMMPS"
        " dumps, .xyz, what MDAnalysis reads.",
    ),
]
_Out = Annotated[
    Path | None, Option("--out", metavar="FILE", help="Where to write the result (.nc).")
]
_Report = Annotated[
    Path | None, Option("--report", metavar="FILE", help="Where to write a page about it (.html).")
]
_Periodic = Annotated[
    bool | None,
    Option("--periodic/--no-periodic", help="Whether the edges are; must be said of a raw array."),
]
_Axes = Annotated[
    str | None,
    Option(
        metavar="NAMES",
        help="The array's axes in order, as in chain,draw,x,y; default: as the file or its shape says.",
    ),
]
_Kind = Annotated[
    str | None,
    Option(
        metavar="KIND", help="Of the states: discrete, angle (radians) or real; needed for floats."
    ),
]
_States = Annotated[
    int | None, Option(metavar="Q", help="Number of discrete states; default: those that occur.")
]
_Symmetries = Annotated[
    str | None,
    Option(
        metavar="NAMES",
        help="Of the Hamiltonian, out of flip,reflect,transpose,invert,turn, to learn more from each sample; never guessed.",
    ),
]
_Variable = Annotated[
    str | None,
    Option(metavar="NAME", help="The array in a file of several; default: the plausible one."),
]
_Critic = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="Network that compares two halves: interface (default) or convolutional; of particles points (default).",
    ),
]
_Objective = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="What it learns by: jensen-shannon (default), donsker-varadhan, nwj, infonce or smile.",
    ),
]
_Bound = Annotated[
    str | None,
    Option(
        metavar="NAME", help="What is read out: donsker-varadhan (default), nwj or mean-log-odds."
    ),
]
_Steps = Annotated[
    int | None,
    Option(metavar="N", min=1, help="Most steps of each training of a critic; default 800."),
]
_Folds = Annotated[
    int | None,
    Option(metavar="N", min=2, help="Held-out sets, each with its own network; default 2."),
]
_Seed = Annotated[int | None, Option(metavar="N", min=0, help="Of all random numbers; default 0.")]
_Device = Annotated[
    str | None,
    Option(metavar="NAME", help="Where the networks live, such as cpu or cuda; default cpu."),
]
_Threads = Annotated[
    int | None, Option(metavar="N", min=1, help="Folds trained side by side; default 2.")
]
_Excess = Annotated[
    bool | None, Option("--excess", help="Leave out the entropy of the single sites.")
]
_Tail = Annotated[
    bool | None,
    Option("--tail/--no-tail", help="Whether large levels may follow the area law; default yes."),
]
_Cross = Annotated[
    bool | None,
    Option(
        "--cross-check/--no-cross-check",
        help="Whether to estimate s by the chain rule, too; default yes.",
    ),
]
_Precision = Annotated[
    float | None,
    Option(
        metavar="S",
        help="Error of s down to which networks are trained further; default 0.002 nats/site.",
    ),
]
_Limit = Annotated[
    float | None,
    Option(
        "--time-limit",
        metavar="SECONDS",
        help="Stop then, and extrapolate what is not known; default none.",
    ),
]
_Resolution = Annotated[
    float | None,
    Option(
        metavar="R", help="Of particles: pixels a diameter that positions are known to; default 10."
    ),
]
_Sigma = Annotated[
    float | None,
    Option(
        metavar="LENGTH",
        help="Of particles: the diameter that lengths are measured in; default the smallest.",
    ),
]
_Largest = Annotated[
    float | None,
    Option(
        metavar="SIDE", help="Of particles: side of the largest blocks in diameters; default 4."
    ),
]
_Topology = Annotated[
    Path | None,
    Option(metavar="FILE", help="Of particles: the file that goes with a .dcd, .xtc and the like."),
]
_LATTICES_ONLY = ("tail", "cross_check", "precision")

_Quiet = Annotated[bool, Option("--quiet", help="No progress bar and no tables: one line.")]


def estimate(
    file: _File,
    out: _Out = None,
    report: _Report = None,
    as_json: Json = False,
    periodic: _Periodic = None,
    axes: _Axes = None,
    kind: _Kind = None,
    states: _States = None,
    symmetries: _Symmetries = None,
    variable: _Variable = None,
    critic: _Critic = None,
    objective: _Objective = None,
    bound: _Bound = None,
    steps: _Steps = None,
    folds: _Folds = None,
    seed: _Seed = None,
    device: _Device = None,
    threads: _Threads = None,
    excess: _Excess = None,
    tail: _Tail = None,
    cross_check: _Cross = None,
    precision: _Precision = None,
    time_limit: _Limit = None,
    resolution: _Resolution = None,
    sigma: _Sigma = None,
    largest: _Largest = None,
    topology: _Topology = None,
    log_dir: LogDir = None,
    force: Force = False,
    quiet: _Quiet = False,
) -> None:
    """Estimate the entropy per site of the samples in a file, in nats, with its error.

    Small blocks are counted; the mutual information between ever larger halves of the
    lattice is estimated from the smallest upwards; the largest may be extrapolated.
    Another route, the chain rule over single sites, checks the number.
    Of particles it is the entropy per particle in excess of the ideal gas, from
    blocks of space at random places.
    Prints the result, its levels, what the error is made of, and what is doubtful.
    Ctrl-C stops early and extrapolates the rest, a second one interrupts.
    """
    _check(file, out, report, force)
    if log_dir:
        check_tensorboard()
    reading = {"periodic": periodic, "axes": axes, "kind": kind, "states": states}
    reading |= {"symmetries": symmetries, "variable": variable, "topology": topology}
    with progress_bar("loading", quiet) as update:
        options = algorithms(critic, objective, bound, steps, device)
        options |= given(
            folds=folds,
            seed=seed,
            threads=threads,
            excess=excess,
            tail=tail,
            cross_check=cross_check,
        )
        options |= given(precision=precision, time_limit=time_limit)
        result = _estimated(
            file,
            reading,
            options,
            given(resolution=resolution, sigma=sigma, largest=largest),
            update,
            log_dir,
        )
    try:
        _write(result, out, report, force)
    finally:  # a full disk does not lose the number
        _print(result, as_json, quiet)


def _check(file: Path, out: Path | None, page: Path | None, force: bool) -> None:
    """Refuse outputs that could not or should not be written, before the long work."""
    from ..io import check_output

    for path in filter(None, (out, page)):
        if os.path.exists(path) and os.path.exists(file) and os.path.samefile(path, file):
            raise InputError(
                f"{path}: these are the samples themselves; choose another name for the output"
            )
    if out and out.suffix.lower() != ".nc":
        raise InputError(f"{out}: results are written as netCDF; end the name in .nc")
    if out:
        check_output(out, force)
    if page:
        check_page(page, force)


def _estimated(
    file: Path,
    reading: dict[str, Any],
    options: dict[str, Any],
    blocks: dict[str, Any],
    update: Any,
    log: Path | None,
) -> Any:
    from ..data.particles import Particles
    from ..entropy.lattice import estimate_entropy
    from ..entropy.particles import estimate_excess_entropy
    from ..io import load

    samples = load(file, **reading)
    text = "stopping early: the remaining levels are extrapolated; Ctrl-C again interrupts"
    with Interrupts(text) as stop, ScalarLog(log) if log else nullcontext() as watch:
        if isinstance(samples, Particles):
            _refuse(file, "particles", options, _LATTICES_ONLY)
            chosen = for_particles(_without(options, "excess"), blocks.get("resolution"))
            return estimate_excess_entropy(
                samples, **chosen, **blocks, progress=update, should_stop=stop, on_check=watch
            )
        _refuse(file, "a lattice", blocks, blocks)
        if type(options.get("critic")).__name__ == "PointsCritic":
            raise InputError(f"{file}: holds a lattice; the critic points is for particles")
        return estimate_entropy(samples, **options, progress=update, should_stop=stop, on_check=watch)


def _refuse(file: Path, what: str, options: dict[str, Any], unfit: Iterable[str]) -> None:
    """Options that mean nothing for what the file holds."""
    wrong = [f"--{name.replace('_', '-')}" for name in unfit if options.get(name) is not None]
    if wrong:
        raise InputError(
            f"{file}: holds {what}, for which {' and '.join(wrong)} mean{'s' * (len(wrong) == 1)} nothing"
        )


def _without(options: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key != name}


def _write(result: Any, out: Path | None, page: Path | None, force: bool) -> None:
    stopped = sum(level.status == "stopped" for level in result.levels)
    if stopped:
        note(f"stopped early: {stopped} of {len(result.levels)} levels are extrapolated")
    if out:
        result.save(out, force=force)
        note(f"wrote {out}")
    if page:
        write_page(result, page, force)


def _print(result: Any, as_json: bool, quiet: bool) -> None:
    if as_json:
        say(in_json(result))
    elif quiet:
        say(str(result))
    else:
        show(result, exact_value(result))
