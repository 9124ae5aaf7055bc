"""Faults at random, often: a table of what was disturbed, how often, and what went wrong.

python validation/faults.py [--seed 1] [--kills 20] [--signals 4] [--damages 100]
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from moiety import io

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
import disturbances as faults
from io_examples import lattice

Run = Callable[[], list[str]]
SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--signals", type=int, default=4, help="of each kind for each verb")
    options.add_argument("--damages", type=int, default=100, help="of each kind for each file")
    given = options.parse_args()
    # shells start background jobs without Ctrl-C, and commands inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rng, failed = np.random.default_rng(given.seed), False
    print(f"{'fault':42} {'runs':>5} {'wrong':>6} {'s':>6}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = faults.undisturbed(folder)
        faults.ready(folder)
        for fault, runs in [
            *kills(folder, whole, rng, given.kills),
            *signals(folder, rng, given.signals),
            *disks(folder),
            *damages(folder, given.damages),
        ]:
            started = perf_counter()
            wrong = [text for run in runs for text in run()]
            print(f"{fault:42} {len(runs):5} {len(wrong):6} {perf_counter() - started:6.0f}")
            for text in sorted(set(wrong))[:5]:
                print("    " + " ".join(text.split())[:200], flush=True)
            failed |= bool(wrong)
    return int(failed)


def kills(
    folder: Path, whole: list[tuple[float, float]], rng: np.random.Generator, number: int
) -> Iterator[tuple[str, list[Run]]]:
    for victim in ("driver", "worker", "all"):
        times = rng.uniform(0, 4, size=-(-number // 3))
        runs = [partial(faults.killed_sweep, folder, victim, float(t), whole) for t in times]
        yield f"sweep: kill -9 of {victim}", runs


def signals(folder: Path, rng: np.random.Generator, number: int) -> Iterator[tuple[str, list[Run]]]:
    for verb in faults.verbs(folder):
        for name, code in SIGNALS.items():
            times = rng.uniform(0.2, 10, size=number)
            runs = [partial(faults.signalled, folder, verb, code, float(t)) for t in times]
            yield f"{verb}: {name}", runs


def disks(folder: Path) -> Iterator[tuple[str, list[Run]]]:
    for verb in ("sample", "estimate", "sweep", "collect", "report", "probe", "reproduce"):
        rooms = (0, 2000)
        yield f"{verb}: full disk", [partial(faults.full_disk, folder, verb, r) for r in rooms]


def damages(folder: Path, number: int) -> Iterator[tuple[str, list[Run]]]:
    for suffix in (".nc", ".h5", ".npz"):
        path = folder / f"damaged{suffix}"
        io.save(lattice("q=2"), path)
        for change in faults.DAMAGES:
            runs = [partial(faults.damaged_samples, path, change, seed) for seed in range(number)]
            yield f"samples {suffix}: {change}", runs
    for change in faults.DAMAGES:
        runs = [partial(faults.damaged_result, folder / "r.nc", change, s) for s in range(number)]
        yield f"result: {change}", runs
        for name in ("done.json", "result.nc", "networks.pt"):
            store = folder / "whole"
            runs = [partial(faults.damaged_store, store, name, change, s) for s in range(number)]
            yield f"store, {name}: {change}", runs


if __name__ == "__main__":
    sys.exit(main())
