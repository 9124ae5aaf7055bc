"""One process that reads hostile files, case after case.

python fuzz/structured.py FORMAT --out FOLDER --first 0 --seconds 600
python fuzz/structured.py FORMAT --case 123        # one case again, with its traceback
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np

import hostile
from journal import Journal, attempt
from moiety import io

ROOM = 3 * 2**30  # address space beyond that of the libraries
FORK = multiprocessing.get_context("fork")  # quick: one process for each file


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("format", choices=hostile.FORMATS)
    options.add_argument("--out", type=Path)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--seconds", type=float, default=600.0)
    options.add_argument("--case", type=int)
    given = options.parse_args()
    warnings.simplefilter("ignore")
    io.save(hostile.gas(), Path(tempfile.mkdtemp()) / "x.gsd")  # imports the libraries
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    home = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=home) as folder:
        if given.case is not None:
            path = made(given.format, given.case, Path(folder))
            print(io.load(path, periodic=True) if path else "the file cannot be made")
            return
        _cases(given, Path(folder))


def made(name: str, case: int, folder: Path) -> Path | None:
    """Make the file of a case in a process of its own; None if HDF5 refuses or dies of it."""
    suffix, make = hostile.FORMATS[name]
    path = folder / f"case{suffix}"
    hostile.remove(path)
    maker = FORK.Process(target=make, args=(np.random.default_rng([case, 1]), path))
    maker.start()
    maker.join()
    return None if maker.exitcode else path


def _cases(given: argparse.Namespace, folder: Path) -> None:
    journal, case, end = Journal(given.out), given.first, perf_counter() + given.seconds
    while perf_counter() < end:
        path = made(given.format, case, folder)
        if path:
            with attempt(journal, str(case).encode(), case):
                io.load(path, periodic=True)
        case += 1


if __name__ == "__main__":
    main()
