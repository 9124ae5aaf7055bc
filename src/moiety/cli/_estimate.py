"""`moiety estimate`: estimate the entropy of the samples in a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError
from ..entropy.choices import algorithms, exact_value, for_particles, given
from ..estimation.tensorboard import ScalarLog, check_tensorboard
from . import _estimate_options as opt
from ._options import (
    Axes,
    Boundary,
    Coupling,
    Field,
    Force,
    Format,
    Inhomogeneous,
    Json,
    Kind,
    LogDir,
    Mass,
    Periodic,
    PeriodicAxes,
    Stiffness,
)
from ._periodic import periodic_of
from ._report import check_page, write_page
from ._result import in_json, show
from ._terminal import Interrupts, Update, note, progress_bar, say

if TYPE_CHECKING:
    from ..results.result import EntropyResult

__all__ = ["EXAMPLE", "estimate", "with_origin"]

EXAMPLE = """Example:

\b
  moiety estimate ising.nc --out result.nc --report report.html
  moiety estimate ising.nc --json
  moiety estimate spins.npy --boundary periodic --symmetries flip,transpose
  moiety estimate packings.gsd --resolution 10
  moiety estimate melt.lammpstrj.gz --sigma 1.0
  moiety estimate ising.nc --log-dir logs
  moiety estimate ising.nc --route chain-rule
  moiety estimate ising.nc --model ising-square
  moiety estimate spins.npy --boundary periodic --temperature 2.3 \\
      --energies u.txt
"""

_LATTICES_ONLY = ("tail", "route", "precision")


def estimate(
    file: opt.File,
    out: opt.Out = None,
    report: opt.Report = None,
    as_json: Json = False,
    boundary: Boundary = None,
    periodic: Periodic = None,
    periodic_axes: PeriodicAxes = None,
    inhomogeneous: Inhomogeneous = False,
    axes: Axes = None,
    kind: Kind = None,
    states: opt.States = None,
    symmetries: opt.Symmetries = None,
    variable: opt.Variable = None,
    critic: opt.Critic = None,
    objective: opt.Objective = None,
    bound: opt.Bound = None,
    steps: opt.Steps = None,
    folds: opt.Folds = None,
    seed: opt.Seed = None,
    device: opt.Device = None,
    threads: opt.Threads = None,
    excess: opt.Excess = None,
    tail: opt.Tail = None,
    cross_check: opt.CrossCheck = None,
    route: opt.Route = None,
    precision: opt.Precision = None,
    time_limit: opt.Limit = None,
    temperature: opt.SampleTemperature = None,
    energies: opt.Energies = None,
    model: opt.Model = None,
    coupling: Coupling = None,
    field: Field = None,
    mass: Mass = None,
    stiffness: Stiffness = None,
    mean_energy: opt.MeanEnergy = None,
    resolution: opt.Resolution = None,
    sigma: opt.Sigma = None,
    types: opt.Types = None,
    diameters: opt.Diameters = None,
    largest: opt.Largest = None,
    isotropic: opt.Isotropic = None,
    topology: opt.Topology = None,
    format: Format = None,
    log_dir: LogDir = None,
    force: Force = False,
    quiet: opt.Quiet = False,
) -> None:
    """Estimate the entropy per site of the samples in a file, in nats, with its error.

    Small blocks are counted. The mutual information between neighbouring halves is
    estimated from small blocks to large ones; the largest levels may be extrapolated
    by the area law. The chain rule over single sites checks the number by a second
    route. With a temperature and energies, the free energy is found, too. For
    particles the result is the entropy per particle in excess of the ideal gas, from
    blocks of space at random positions; inserting particles in a random order checks it.

    Prints the result, its levels, the parts of the error and any warnings. Ctrl-C
    stops early and extrapolates the remaining levels, a second one interrupts.
    """
    _check(file, out, report, force)
    if log_dir:
        check_tensorboard()
    reading: dict[str, Any] = {
        "boundary": boundary,
        "periodic": periodic_of(periodic, periodic_axes),
        "homogeneous": False if inhomogeneous else None,
        "axes": axes,
        "kind": kind,
        "states": states,
        "symmetries": symmetries,
        "variable": variable,
        "topology": topology,
        "format": format,
    }
    with progress_bar("loading", quiet) as update:
        chosen = algorithms(critic, objective, bound, steps, device)
        chosen |= given(
            folds=folds,
            seed=seed,
            threads=threads,
            excess=excess,
            tail=tail,
            cross_check=cross_check,
            route=route,
            precision=precision,
            time_limit=time_limit,
        )
        blocks = given(
            resolution=resolution,
            sigma=sigma,
            types=types,
            diameters=diameters,
            largest=largest,
            isotropic=isotropic,
        )
        energetic = given(
            temperature=temperature,
            energies=energies,
            model=model,
            mean_energy=mean_energy,
            coupling=coupling,
            field=field,
            mass=mass,
            stiffness=stiffness,
        )
        result = _estimated(file, reading, chosen, blocks, energetic, update, log_dir)
        result = with_origin(result, file, reading, energetic)
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
    reading: Mapping[str, Any],
    options: dict[str, Any],
    blocks: dict[str, Any],
    energetic: dict[str, Any],
    update: Update | None,
    log: Path | None,
) -> EntropyResult:
    from ..data.kinds import Marks
    from ..data.particles import Particles
    from ..entropy.energy_choices import energy_options
    from ..entropy.lattice import estimate_entropy
    from ..entropy.particles import estimate_excess_entropy
    from ..entropy.unit_of_length import UnitOfLength
    from ..io import load

    samples = load(file, **reading)
    if update:  # whoever watches sees it before the long work, and again beside the result
        note(f"read as: {samples.reading}")
    text = "stopping early: the remaining levels are extrapolated; Ctrl-C again interrupts"
    with Interrupts(text) as stop, ScalarLog(log) if log else nullcontext() as watch:
        if isinstance(samples, Particles):
            if update:
                marks = Marks(blocks.get("types", True), blocks.get("diameters", True))
                note(f"lengths: {UnitOfLength.of(samples, blocks.get('sigma'), marks)}")
            _refuse(file, "particles", options | energetic, (*_LATTICES_ONLY, *energetic))
            chosen = for_particles(_without(options, "excess"), blocks.get("resolution"))
            return estimate_excess_entropy(
                samples, **chosen, **blocks, progress=update, should_stop=stop, on_check=watch
            )
        _refuse(file, "a lattice", blocks, blocks)
        if getattr(options.get("critic"), "sees", "image") == "points":
            raise InputError(f"{file}: holds a lattice; the critic points is for particles")
        options |= energy_options(samples, file, **energetic)
        return estimate_entropy(
            samples, **options, progress=update, should_stop=stop, on_check=watch
        )


def with_origin(
    result: EntropyResult, file: Path, reading: Mapping[str, Any], energetic: Mapping[str, Any]
) -> EntropyResult:
    """Record where the samples and energies were read from, and how, for `moiety repeat`.

    Args:
        result: The result.
        file: File of the samples.
        reading: Options of `load`.
        energetic: Options about energies.
    """
    how = {key: str(v) if isinstance(v, Path) else v for key, v in given(**reading).items()}
    origin = {"file": str(file), "reading": how}
    origin |= {"energies": dict(energetic)} if energetic else {}
    return replace(result, provenance={**result.provenance, **origin})


def _refuse(file: Path, content: str, options: Mapping[str, Any], unfit: Iterable[str]) -> None:
    """Refuse options that do not apply to the content of the file."""
    wrong = [f"--{name.replace('_', '-')}" for name in unfit if options.get(name) is not None]
    if wrong:
        verb = "does" if len(wrong) == 1 else "do"
        raise InputError(
            f"{file}: holds {content}, to which {' and '.join(wrong)} {verb} not apply; leave"
            f" {'it' if len(wrong) == 1 else 'them'} out"
        )


def _without(options: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key != name}


def _write(result: EntropyResult, out: Path | None, page: Path | None, force: bool) -> None:
    stopped = sum(level.status == "stopped" for level in result.levels)
    if stopped:
        note(f"stopped early: {stopped} of {len(result.levels)} levels are extrapolated")
    if out:
        result.save(out, force=force)
        note(f"wrote {out}")
    if page:
        write_page(result, page, force)


def _print(result: EntropyResult, as_json: bool, quiet: bool) -> None:
    if as_json:
        say(in_json(result))
    elif quiet:
        say(str(result))
    else:
        show(result, exact_value(result))
