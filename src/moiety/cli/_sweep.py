"""`moiety sweep`, `status`, `collect` and `clean`: studies of many state points."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

from typer import Argument, Exit, Option

from ..base.errors import InputError, Stopped
from ..estimation.tensorboard import check_tensorboard
from ._options import Force, Json, LogDir
from ._terminal import Interrupts, note, say
from ._watching import counted, in_words, told, watching

__all__ = ["EXAMPLE", "clean", "collect", "status", "sweep"]

EXAMPLE = """Example:

\b
  moiety sweep ising.toml --dry-run
  moiety sweep ising.toml --out ising --workers 2
  moiety status ising
  moiety collect ising --out ising.nc

\b
  # ising.toml
  seeds = [1, 2]
  [[system]]
  name = "ising-square"
  size = 64
  temperature = { start = 4.0, stop = 1.5, num = 11 }
  [estimate]
  precision = 0.002
"""
STATUS = "Example:\n\n\b\n  moiety status ising\n"
COLLECT = "Example:\n\n\b\n  moiety collect ising --out ising.nc\n"
CLEAN = "Example:\n\n\b\n  moiety clean ising\n"

_Plan = Annotated[
    Path,
    Argument(metavar="PLAN", help="A TOML file: [[system]] or [[files]], the grid, [estimate]."),
]
_Store = Annotated[Path, Argument(metavar="DIR", help="The store of a sweep.")]
_Folder = Annotated[
    Path | None,
    Option(
        "--out", metavar="DIR", help="Store of results; default: the plan's name without .toml."
    ),
]
_Executor = Annotated[
    str, Option(metavar="NAME", help="Who runs the tasks: processes (default), dask or slurm.")
]
_Workers = Annotated[int, Option(metavar="N", min=1, help="Chains side by side; default 2.")]
_Scheduler = Annotated[
    str | None,
    Option(
        metavar="ADDRESS",
        help="Of Dask, as in tcp://10.0.0.1:8786; default: a cluster of this machine.",
    ),
]
_Partition = Annotated[
    str | None,
    Option(metavar="NAME", help="Of SLURM; local runs its jobs as processes of this machine."),
]
_DryRun = Annotated[
    bool, Option("--dry-run", help="Print the tasks and about how long they take; run nothing.")
]
_Script = Annotated[
    Path | None,
    Option(metavar="FILE", help="Write a job script for sbatch --array instead of running."),
]
_Only = Annotated[
    int | None,
    Option(
        metavar="K", min=0, help="Run the chain of this number alone, as a job of an array does."
    ),
]
_Dataset = Annotated[
    Path, Option("--out", metavar="FILE", help="Where to write the dataset (.nc).")
]

# Roughly the seconds of one thread for a cut of 2,048 samples of 64x64 spins; what is done already tells better.
_COLD, _WARM, _CROSS, _ANGLES = 14.0, 6.0, 25.0, 2.2


def sweep(
    plan: _Plan,
    out: _Folder = None,
    executor: _Executor = "processes",
    workers: _Workers = 2,
    scheduler: _Scheduler = None,
    partition: _Partition = None,
    dry_run: _DryRun = False,
    script: _Script = None,
    only: _Only = None,
    log_dir: LogDir = None,
    force: Force = False,
) -> None:
    """Estimate the entropy at every state point of a plan.

    State points that differ in temperature alone hand their networks on, from one to the
    next, which saves most of the training; such a chain is one task. Every finished state
    point is kept in the store under the hash of its configuration. After Ctrl-C, a crash
    or a full disk, the same command does what is left and nothing twice. A state point
    that fails three times is reported with its log, and the others go on.

    Ctrl-C ends the sweep after the state points at work, a second one at once.
    """
    from ..sweep import Store, read_plan
    from ..sweep import sweep as run

    said, folder = read_plan(plan), out or plan.with_suffix("")
    if out is None and folder == plan:
        raise InputError(f"{plan}: say --out DIR, for the plan's name has no suffix to drop")
    if only is not None and only >= len(said.chains):
        raise InputError(
            f"there is no chain {only}; the plan has {len(said.chains)}, numbered from 0 on"
        )
    if log_dir:
        check_tensorboard()
    if dry_run:
        _foretold(said, folder, workers)
        return
    if script:
        _write_script(script, plan, folder, len(said.chains), workers, partition, log_dir, force)
        return
    people = _workers(executor, folder, workers, scheduler, partition)
    store, started = Store(folder), perf_counter()
    mine = said.points if only is None else said.chains[only]
    with (
        Interrupts("stopping after the state points at work; Ctrl-C again ends them") as stop,
        watching(mine) as update,
    ):
        outcome = run(
            said,
            store,
            people,
            only=None if only is None else [only],
            log=log_dir,
            progress=update,
            stop=stop,
        )
    _report(outcome, store, perf_counter() - started)


def status(folder: _Store, as_json: Json = False) -> None:
    """Say how the state points of a sweep stand, from its store alone.

    Each is done, running (a sign of life is no older than two minutes), failed three
    times, or left. The exit code is 0 where nothing has failed, else 1.
    """
    from ..sweep import Store

    states = Store.opened(folder).states()
    if as_json:
        say(json.dumps([_plain(state) for state in states]))
    else:
        for state in states:
            say(told(state))
        say(counted(states))
    if any(state.state == "failed" for state in states):
        raise Exit(1)


def collect(folder: _Store, out: _Dataset, force: Force = False) -> None:
    """Write one dataset of all that is finished.

    Entropies, errors, cross-checks, exact values where they are known and M per level, as
    netCDF, over system, size, the parameters of the plan, seed and level; NaN where
    nothing is finished.
    """
    from ..base.atomic import atomic
    from ..io import check_output
    from ..io._format import naming
    from ..sweep import Store
    from ..sweep import collect as gathered

    if out.suffix.lower() != ".nc":
        raise InputError(f"{out}: datasets are written as netCDF; end the name in .nc")
    check_output(out, force)
    data = gathered(Store.opened(folder))
    with naming(out, "cannot be written"), atomic(out) as part:
        data.to_netcdf(part, engine="h5netcdf")
    say(
        f"{data.attrs['finished']} of {data.attrs['of']} state points in {out}, over {', '.join(map(str, data.dims))}"
    )


def clean(folder: _Store) -> None:
    """Remove from a store what its plan does not need.

    That is state points of other plans, logs of failures and what interrupted runs left
    behind. Finished state points of the plan that was run last stay; no sweep should be
    running in the store meanwhile.
    """
    from ..sweep import Store

    say(f"{Store.opened(folder).clean()} things removed from {folder}")


def _workers(
    executor: str, folder: Path, workers: int, scheduler: str | None, partition: str | None
) -> Any:
    from ..sweep import EXECUTORS, executors

    if executor not in EXECUTORS:
        raise InputError(f"unknown executor {executor!r}; choose from {', '.join(EXECUTORS)}")
    if (scheduler and executor != "dask") or (partition and executor != "slurm"):
        raise InputError("--scheduler is for --executor dask, --partition for slurm")
    if executor == "dask":
        return executors.dask(scheduler, workers)
    if executor == "slurm":
        chosen = (
            {"cluster": "local"}
            if partition == "local"
            else {"slurm_partition": partition}
            if partition
            else {}
        )
        return executors.slurm(folder / "jobs", workers, **chosen)
    return executors.processes(workers)


def _foretold(plan: Any, folder: Path, workers: int) -> None:
    """The tasks, and about how long they take together."""
    from ..sweep import Store

    store = Store.opened(folder) if (folder / "points").is_dir() else None
    left = [
        [point for point in chain if not (store and store.is_done(point.key))]
        for chain in plan.chains
    ]
    known = (
        [state.said["seconds"] for state in store.states(plan) if state.state == "done"]
        if store
        else []
    )
    each = [
        sum(_seconds(point) if not known else sum(known) / len(known) for point in points)
        for points in left
    ]
    for number, (chain, points, seconds) in enumerate(zip(plan.chains, left, each, strict=True)):
        done = f", {len(chain) - len(points)} done" if len(points) < len(chain) else ""
        say(
            f"{number}: {_chain(chain)}: {len(chain)} state point{'s' * (len(chain) != 1)}{done}, about {in_words(seconds)}"
        )
    total = max(sum(each) / workers, max(each, default=0.0))
    rule = "as those that are done" if known else "by a rule of thumb"
    say(
        f"{sum(map(len, left))} of {len(plan.points)} state points to do, about {in_words(total)} by {workers} workers ({rule})"
    )


def _seconds(point: Any) -> float:
    """By a rule of thumb, for one thread."""
    from math import log2, prod

    from ..systems import system

    source = point.source
    if "parameters" not in source:
        return 12 * (_WARM if point.before else _COLD) + _CROSS
    model = system(source["system"], **source["parameters"])
    cuts = max(log2(prod(model.shape)) - 4, 1)
    crossed = _CROSS * (point.settings.get("cross_check") is not False)
    return (cuts * (_WARM if point.before else _COLD) + crossed) * (
        _ANGLES if source["system"].startswith("xy") else 1
    )


def _chain(chain: Sequence[Any]) -> str:
    """What its state points have in common, and the ends of what they differ in."""
    first, last = chain[0].labels, chain[-1].labels
    from ..sweep.plan import shown

    return ", ".join(
        f"{name} {shown(value)}" + (f" to {shown(last[name])}" if last.get(name) != value else "")
        for name, value in first.items()
    )


def _write_script(
    path: Path,
    plan: Path,
    folder: Path,
    chains: int,
    workers: int,
    partition: str | None,
    log: Path | None,
    force: bool,
) -> None:
    from ..io import check_output

    check_output(path, force)
    words = [
        sys.executable,
        "-m",
        "moiety",
        "sweep",
        str(plan.resolve()),
        "--out",
        str(folder.resolve()),
        "--workers",
        "1",
    ]
    words += ["--log-dir", str(log.resolve())] if log else []
    lines = [
        "#!/bin/sh",
        f"#SBATCH --array=0-{chains - 1}%{workers}",
        "#SBATCH --cpus-per-task=1",
        "#SBATCH --job-name=moiety",
    ]
    lines += [f"#SBATCH --partition={partition}"] if partition else []
    lines += ["export OMP_NUM_THREADS=1", f'exec {shlex.join(words)} --only "$SLURM_ARRAY_TASK_ID"']
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o755)
    say(
        f"wrote {path}: sbatch {path} runs {chains} chains, {workers} at a time; moiety status {folder} tells how they stand"
    )


def _plain(state: Any) -> dict[str, Any]:
    said = {
        name: value
        for name, value in state.said.items()
        if name not in ("files", "at", "since", "process")
    }
    return {
        "key": state.point.key,
        "state": state.state,
        "labels": dict(state.point.labels),
        "failures": state.failures,
        **said,
    }


def _report(outcome: Any, store: Any, seconds: float) -> None:
    """What became of it; the exit code says so, too."""
    from ..sweep.store import TRIES

    for state in outcome.failed:
        logs = store.failures(state.point.key)
        last = (
            (logs[-1].read_text().strip().splitlines() or ["nothing"])[-1]
            if logs
            else outcome.errors[state.point.key]
        )
        note(f"failed {TRIES} times: {state.point}: {last}" + (f"; see {logs[-1]}" if logs else ""))
    fresh = outcome.done - outcome.before
    say(
        f"{outcome.done} of {len(outcome.states)} state points done in {store.folder}, {fresh} of them now, {seconds:.0f} s"
    )
    if outcome.stopped:
        raise Stopped("stopped; the same command goes on with what is left")
    if outcome.failed:
        raise Exit(1)
