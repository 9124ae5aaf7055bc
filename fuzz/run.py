"""`make fuzz`: every parser in turn, in child processes that may die, and a table of what happened.

    python fuzz/run.py --seconds 600 --out fuzz-out [--only plan,hdf5]

Coverage-guided (libFuzzer, by atheris) where the parser is ours; structure-keeping where a library
reads the file.  A process that dies or hangs is a crash, too, and the next one goes on.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep, time

from journal import Journal

HERE = Path(__file__).resolve().parent
GUIDED = (
    "lammps", "xyz", "npy", "npz", "plan", "result", "store", "options", "zarr", "hdf5", "netcdf",
    "particles", "gsd",
)  # fmt: skip
STRUCTURED = ("hdf5", "netcdf", "zarr", "gsd")
PATIENCE = 20.0  # seconds for one input before the process counts as hanging


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=600.0, help="time of each parser")
    options.add_argument("--out", type=Path, default=Path("fuzz-out"))
    options.add_argument("--only", default="", help="names, such as plan,structured-hdf5")
    given = options.parse_args()
    jobs = {name: ("guided.py", name) for name in GUIDED}
    jobs |= {f"structured-{name}": ("structured.py", name) for name in STRUCTURED}
    wanted = set(given.only.split(",")) if given.only else set(jobs)
    print(f"{'parser':20} {'executions':>10} {'crashes':>7} {'dead':>5} {'hangs':>5}")
    failed = False
    for name, (script, target) in jobs.items():
        if name in wanted:
            row = fuzzed(script, target, given.out / name, given.seconds)
            failed |= any(row[1:])
            print("{:20} {:10} {:7} {:5} {:5}".format(name, *row), flush=True)
            for line in kinds(given.out / name):
                print(f"    {line}", flush=True)
    return int(failed)


def fuzzed(script: str, target: str, out: Path, seconds: float) -> tuple[int, int, int, int]:
    """Executions, kinds of crashes, dead processes and hangs."""
    journal, end, dead, hangs = Journal(out), monotonic() + seconds, 0, 0
    while (left := end - monotonic()) > 1:
        command = [sys.executable, str(HERE / script), target, "--out", str(out)]
        command += ["--seconds", str(int(left))]
        first = journal.current[0] + 1 if journal.executions or dead or hangs else 0
        command += ["--first", str(first)] if script == "structured.py" else []
        with (out / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        hung = watched(process, journal, left + 60)
        hangs += hung
        if not hung and process.returncode:
            dead += 1
            case, _ = journal.current
            journal.crash(f"dead {process.returncode} at case {case}", "", str(case).encode())
        journal.rest()
    return journal.executions, len(journal.crashes()), dead, hangs


def watched(process: subprocess.Popen[bytes], journal: Journal, seconds: float) -> bool:
    """Wait for a process; end it if one input takes too long."""
    end = monotonic() + seconds
    while process.poll() is None:
        case, since = journal.current
        late = since and time() - since > PATIENCE
        if late or monotonic() > end:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            words = (
                f"{time() - since:.0f} s" if since else "before the first or after the last input"
            )
            journal.crash(f"hang at case {case}", words, str(case).encode())
            return True
        sleep(0.2)
    return False


def kinds(out: Path) -> Iterator[str]:
    """One line for each kind of crash."""
    for crash in Journal(out).crashes():
        yield f"{crash['kind']}: {' '.join(str(crash['detail']).split())[-160:]}"


if __name__ == "__main__":
    sys.exit(main())
