"""What `moiety sweep --script` writes: a job script for an array of SLURM jobs."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from ..base.errors import InputError
from ._terminal import say

__all__ = ["write_script"]


def write_script(
    path: Path,
    plan: Path,
    folder: Path,
    chains: int,
    workers: int,
    partition: str | None,
    log: Path | None,
    force: bool,
) -> None:
    """Write a job script in which each job runs one chain.

    Args:
        path: The script.
        plan: The plan file.
        folder: Store of the results.
        chains: Number of chains.
        workers: Most jobs at the same time.
        partition: SLURM partition, if any.
        log: Folder for TensorBoard scalars, if any.
        force: Whether to replace an existing script.
    """
    from ..base.atomic import atomic
    from ..io import check_output
    from ..io._format import naming
    from ..sweep.executors import check_names

    check_output(path, force)
    check_names(folder, *filter(None, [partition]))
    for part in (path, plan.resolve(), folder.resolve(), log and log.resolve(), sys.executable):
        if not str(part).isprintable():
            raise InputError(
                f"{str(part)!r}: a job script cannot name a path with control characters; rename it"
            )
    command = [sys.executable, "-m", "moiety", "sweep", str(plan.resolve())]
    command += ["--out", str(folder.resolve()), "--workers", "1"]
    command += ["--log-dir", str(log.resolve())] if log else []
    lines = [
        "#!/bin/sh",
        f"#SBATCH --array=0-{chains - 1}%{workers}",
        "#SBATCH --cpus-per-task=1",
        "#SBATCH --job-name=moiety",
    ]
    lines += [f"#SBATCH --partition={partition}"] if partition else []
    lines += [
        "export OMP_NUM_THREADS=1",
        f'exec {shlex.join(command)} --only "$SLURM_ARRAY_TASK_ID"',
    ]
    with naming(path, "cannot be written"), atomic(path) as part:
        part.write_bytes(os.fsencode("\n".join(lines) + "\n"))
        part.chmod(0o755)
    job, store = shlex.quote(str(path)), shlex.quote(str(folder))
    say(
        f"wrote {path}: sbatch {job} runs {chains} chains, {workers} at a time;"
        f" moiety status {store} shows their progress"
    )
