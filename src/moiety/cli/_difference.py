"""`moiety difference`: subtract the entropies of two phases."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from ..base.errors import InputError
from ..entropy.choices import algorithms, for_particles, given
from . import _estimate_options as opt
from ._difference_text import show
from ._estimate import with_origin
from ._options import Boundary, Force, Format, Json, Periodic, PeriodicAxes
from ._periodic import periodic_of
from ._report import check_page
from ._result import plain
from ._terminal import Interrupts, Update, note, progress_bar, say

if TYPE_CHECKING:
    from ..data.particles import Particles
    from ..results.difference import EntropyDifference
    from ..results.result import EntropyResult

__all__ = ["EXAMPLE", "difference"]

EXAMPLE = """Example:

\b
  moiety difference solid.gsd liquid.gsd --report melting.html
  moiety difference solid.lammpstrj liquid.lammpstrj --sigma 3.4 \\
      --unit J/mol/K --temperature 84 --enthalpies -7010.3±1.2 -5830.1±1.5
  moiety difference solid.gsd liquid.gsd --out solid.nc liquid.nc
  moiety difference solid.nc liquid.nc --json
"""

_File = "Trajectory of particles, or result of moiety estimate --out (.nc)"
_Solid = Annotated[Path, Argument(metavar="SOLID", help=f"{_File}: the first phase.")]
_Liquid = Annotated[
    Path, Argument(metavar="LIQUID", help=f"{_File}: the second phase, at the same temperature.")
]
_Out = Annotated[
    tuple[Path, Path] | None,
    Option(
        "--out",
        metavar="FILE FILE",
        help="Output files for the results of both phases (.nc); the first one is written before"
        " the second phase is begun.",
    ),
]
_Temperature = Annotated[
    float | None,
    Option(
        metavar="T",
        help="Temperature of both phases: K with J/mol/K, else in the unit of the enthalpies.",
    ),
]
_Enthalpies = Annotated[
    tuple[str, str] | None,
    Option(
        metavar="H1 H2",
        help="Enthalpy of each phase at its pressure, or H±dH with its error (or H+-dH). In J/mol"
        " with --unit J/mol/K, else per particle and divided by k_B, in the unit of the"
        " temperature.",
    ),
]
_Unit = Annotated[
    str, Option(metavar="UNIT", help="Unit of the entropies: k_B (per particle) or J/mol/K.")
]


def difference(
    solid: _Solid,
    liquid: _Liquid,
    temperature: _Temperature = None,
    enthalpies: _Enthalpies = None,
    unit: _Unit = "k_B",
    out: _Out = None,
    report: opt.Report = None,
    as_json: Json = False,
    boundary: Boundary = None,
    periodic: Periodic = None,
    periodic_axes: PeriodicAxes = None,
    topology: opt.Topology = None,
    format: Format = None,
    sigma: opt.Sigma = None,
    types: opt.Types = None,
    diameters: opt.Diameters = None,
    resolution: opt.Resolution = None,
    largest: opt.Largest = None,
    isotropic: opt.Isotropic = None,
    critic: opt.Critic = None,
    objective: opt.Objective = None,
    bound: opt.Bound = None,
    steps: opt.Steps = None,
    folds: opt.Folds = None,
    seed: opt.Seed = None,
    device: opt.Device = None,
    threads: opt.Threads = None,
    cross_check: opt.CrossCheck = None,
    time_limit: opt.Limit = None,
    force: Force = False,
    quiet: opt.Quiet = False,
) -> None:
    """Subtract the entropy per particle of one phase from that of another.

    Both are estimated in the same way: unit of length, blocks, networks and seed. The
    difference is that of their excess entropies over the ideal gas, and the part from
    their densities; at one temperature the momenta cancel. With enthalpies, it gives
    the temperature at which both phases have the same free energy, Δh/Δs.

    Prints Δs with its error, its parts and what each scale adds. Results of earlier
    estimates are subtracted without new work. Ctrl-C stops early and extrapolates the
    remaining levels of the second phase, a second one interrupts.
    """
    files = solid, liquid
    _check(files, out, report, force)
    reading = given(
        boundary=boundary,
        periodic=periodic_of(periodic, periodic_axes),
        topology=topology,
        format=format,
    )
    settings = algorithms(critic, objective, bound, steps, device) | given(
        folds=folds,
        seed=seed,
        threads=threads,
        cross_check=cross_check,
        time_limit=time_limit,
        resolution=resolution,
        sigma=sigma,
        types=types,
        diameters=diameters,
        largest=largest,
        isotropic=isotropic,
    )
    settings = for_particles(settings, resolution)
    known = given(temperature=temperature, enthalpies=_numbers(enthalpies), unit=unit)
    with progress_bar("loading", quiet) as update:
        phases = _read(solid, reading), _read(liquid, reading)
        keep = _keeping(files, reading, out, force)
        found = _subtracted(phases, files, settings, known, keep, update)
    try:
        if report:
            _write_page(found, phases, report, force)
    finally:  # a full disk does not lose the number
        if as_json:
            say(json.dumps(plain(found.to_dict()), allow_nan=False))
        elif quiet:
            say(str(found))
        else:
            show(found)


def _check(
    files: tuple[Path, Path], out: tuple[Path, Path] | None, page: Path | None, force: bool
) -> None:
    """Refuse outputs that could not or should not be written, before the long work."""
    from ..io import check_output

    outputs = [*(out or ()), *([page] if page else [])]
    for path in outputs:
        with suppress(OSError):
            if any(path.samefile(file) for file in files):
                raise InputError(f"{path}: is one of the inputs; choose another name")
    if len({path.absolute() for path in outputs}) < len(outputs):
        raise InputError("each output needs a name of its own")
    for path in out or ():
        if path.suffix.lower() != ".nc":
            raise InputError(f"{path}: results are written as netCDF; end the name in .nc")
        check_output(path, force)
    if page:
        check_page(page, force)


def _numbers(
    texts: tuple[str, str] | None,
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    from ..entropy.coexistence import enthalpy_of

    return None if texts is None else (enthalpy_of(texts[0]), enthalpy_of(texts[1]))


def _read(file: Path, reading: dict[str, Any]) -> Particles | EntropyResult:
    """Frames or a result; what else a file may hold is refused."""
    from ..data.particles import Particles
    from ..io import load
    from ..io.netcdf import HOLDS_RESULT
    from ..results.result import EntropyResult

    try:
        phase = load(file, **reading)
    except InputError as error:
        if HOLDS_RESULT not in str(error):
            raise
        return EntropyResult.load(file)
    if not isinstance(phase, Particles):
        raise InputError(f"{file}: holds a lattice; differences need particles")
    return phase


def _names(files: tuple[Path, Path]) -> tuple[str, str]:
    """Names of the files, without their folders if that tells them apart."""
    if files[0].name != files[1].name:
        return files[0].name, files[1].name
    return str(files[0]), str(files[1])


def _keeping(
    files: tuple[Path, Path], reading: dict[str, Any], out: tuple[Path, Path] | None, force: bool
) -> Callable[[int, EntropyResult], None] | None:
    """What writes the result of a phase as soon as it is known; None without output files."""
    if out is None:
        return None

    def keep(which: int, result: EntropyResult) -> None:
        with_origin(result, files[which], reading, {}).save(out[which], force=force)
        note(f"wrote {out[which]}")

    return keep


def _subtracted(
    phases: tuple[Particles | EntropyResult, Particles | EntropyResult],
    files: tuple[Path, Path],
    settings: dict[str, Any],
    known: dict[str, Any],
    keep: Callable[[int, EntropyResult], None] | None,
    update: Update | None,
) -> EntropyDifference:
    from ..entropy.difference import entropy_difference
    from ..results.result import EntropyResult

    names = _names(files)
    if isinstance(phases[0], EntropyResult) and isinstance(phases[1], EntropyResult):
        if keep:
            raise InputError("--out is for trajectories; these files are results already")
        return entropy_difference(phases[0], phases[1], names=names, **known, **settings)

    text = "stopping early: the remaining levels are extrapolated; Ctrl-C again interrupts"
    with Interrupts(text) as stop:
        settings |= {"progress": update, "should_stop": stop}
        return entropy_difference(
            phases[0], phases[1], names=names, on_result=keep, **known, **settings
        )


def _write_page(
    found: EntropyDifference,
    phases: tuple[Particles | EntropyResult, Particles | EntropyResult],
    path: Path,
    force: bool,
) -> None:
    from ..data.particles import Particles
    from ..report import write_difference_report

    frames = tuple(phase if isinstance(phase, Particles) else None for phase in phases)
    write_difference_report(found, path, force=force, frames=(frames[0], frames[1]))
    note(f"wrote {path}")
