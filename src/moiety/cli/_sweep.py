"""`moiety sweep`: estimate the entropy at every state point of a plan."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Exit, Option

from ..base.errors import InputError, Stopped
from ..estimation.tensorboard import check_tensorboard
from ._forecast import forecast
from ._job_script import write_script
from ._options import Force, LogDir
from ._terminal import Interrupts, note, say
from ._watching import watching

if TYPE_CHECKING:
    from ..sweep import Outcome, Store
    from ..sweep.executors import Workers

__all__ = ["EXAMPLE", "sweep"]

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

_Plan = Annotated[
    Path,
    Argument(
        metavar="PLAN",
        help="TOML file with tables [[system]] or [[files]], which span the grid, and [estimate].",
    ),
]
_Folder = Annotated[
    Path | None,
    Option(
        "--out",
        metavar="DIR",
        help="Store of the results; default: the name of the plan without .toml.",
    ),
]
_Executor = Annotated[str, Option(metavar="NAME", help="Executor: processes, dask or slurm.")]
_Workers = Annotated[
    int, Option(metavar="N", min=1, max=4096, help="Number of chains that run in parallel.")
]
_Scheduler = Annotated[
    str | None,
    Option(
        metavar="ADDRESS",
        help="Dask scheduler, such as tcp://10.0.0.1:8786; default: a new cluster on this machine.",
    ),
]
_Partition = Annotated[
    str | None,
    Option(
        metavar="NAME", help="SLURM partition; local runs the jobs as processes on this machine."
    ),
]
_DryRun = Annotated[
    bool, Option("--dry-run", help="Print the tasks and their approximate time; run nothing.")
]
_Script = Annotated[
    Path | None,
    Option(metavar="FILE", help="Write a job script for sbatch --array instead of running."),
]
_Only = Annotated[
    int | None,
    Option(metavar="K", min=0, help="Run only chain number K, as each job of an array does."),
]


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

    State points that differ only in temperature form a chain: each starts from the
    trained networks of the previous one, which saves most of the training. A chain
    is one task. Each finished state point is kept in the store under the hash of its
    configuration. After Ctrl-C, a crash or a full disk, the same command continues
    and computes nothing twice. A state point that fails three times is reported with
    its log, and the other chains continue.

    Ctrl-C or SIGTERM stops the sweep after the running state points, a second one at
    once. The store is a new or empty folder, or that of an earlier sweep; nothing is
    written to any other.
    """
    from ..sweep import Store, read_plan
    from ..sweep import sweep as run

    tasks, folder = read_plan(plan), out or plan.with_suffix("")
    if out is None and folder == plan:
        raise InputError(f"{plan}: has no suffix to drop for the name of the store; give --out DIR")
    if only is not None and only >= len(tasks.chains):
        raise InputError(
            f"there is no chain {only}; the plan has {len(tasks.chains)}, numbered from 0"
        )
    if log_dir:
        check_tensorboard()
        if log_dir.exists() and not log_dir.is_dir():
            raise InputError(f"{log_dir}: is not a folder; choose another one for the log")
    most = min(workers, len(tasks.chains))  # more would start and never work
    runners = _workers(executor, folder, most, scheduler, partition, bool(script))
    if dry_run:
        forecast(tasks, folder, workers)
        return
    if script:
        write_script(script, plan, folder, len(tasks.chains), workers, partition, log_dir, force)
        return
    store, started = Store(folder, create=False), perf_counter()
    shown = tasks.points if only is None else tasks.chains[only]
    with (
        Interrupts("stopping after the running state points; Ctrl-C again ends them") as stop,
        watching(shown) as update,
    ):
        outcome = run(
            tasks,
            store,
            runners,
            only=None if only is None else [only],
            log=log_dir,
            progress=update,
            should_stop=stop,
        )
    _report(outcome, store, perf_counter() - started)


def _workers(
    executor: str,
    folder: Path,
    workers: int,
    scheduler: str | None,
    partition: str | None,
    scripted: bool,
) -> Workers:
    from ..sweep import EXECUTORS, executors

    if executor not in EXECUTORS:
        raise InputError(f"unknown executor {executor!r}; choose from {', '.join(EXECUTORS)}")
    is_slurm = executor == "slurm" or scripted
    if (scheduler is not None and executor != "dask") or (partition is not None and not is_slurm):
        raise InputError("--scheduler needs --executor dask, and --partition needs slurm")
    if executor == "dask":
        return executors.dask(scheduler, workers)
    if executor == "slurm":
        executors.check_names(folder, *([] if partition is None else [partition]))
        return executors.slurm(folder / "jobs", workers, **_slurm_parameters(partition))
    return executors.processes(workers)


def _slurm_parameters(partition: str | None) -> dict[str, Any]:
    if partition == "local":
        return {"cluster": "local"}
    return {"slurm_partition": partition} if partition else {}


def _report(outcome: Outcome, store: Store, seconds: float) -> None:
    """Print the outcome, and end with an exit code that reflects it."""
    from ..sweep.store import TRIES

    for state in outcome.failed:
        logs = store.failures(state.point.key)
        last = (
            (
                logs[-1].read_text(encoding="utf-8", errors="replace").strip().splitlines()
                or ["nothing"]
            )[-1]
            if logs
            else outcome.errors[state.point.key]
        )
        note(f"failed {TRIES} times: {state.point}: {last}" + (f"; see {logs[-1]}" if logs else ""))
    fresh = outcome.done - outcome.done_before
    say(
        f"{outcome.done} of {len(outcome.states)} state points done in {store.folder},"
        f" {fresh} of them now, {seconds:.0f} s"
    )
    if outcome.stopped:
        raise Stopped("stopped; the same command continues the sweep")
    if outcome.failed:
        raise Exit(1)
