"""What `moiety sweep --script` writes: a job script for an array of SLURM jobs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

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
    from ..io import check_output

    check_output(path, force)
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
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o755)
    say(
        f"wrote {path}: sbatch {path} runs {chains} chains, {workers} at a time;"
        f" moiety status {folder} shows their progress"
    )
