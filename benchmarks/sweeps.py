"""Cost of a sweep relative to the bare estimates: `python benchmarks/sweeps.py`.

overhead    the same state points by `estimate_entropy` in a loop and by a sweep in one process
speed       the same sweep in one process and in two
scheduling  1,000 tasks with almost no work, in a sweep and in a loop
executors   24 state points by processes, Dask and submitit's local executor: the same numbers?

Each has a new folder; overhead and speed are compared in the same run.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # as in workers, before libraries are imported

import numpy as np  # noqa: E402

import moiety  # noqa: E402
from moiety.estimation.training import Training  # noqa: E402
from moiety.sweep import Plan, Store, sweep  # noqa: E402
from moiety.sweep.chain import run_chain  # noqa: E402
from moiety.sweep.executors import dask, processes, slurm  # noqa: E402

SIZE, SAMPLES, STEPS = 32, 512, 100  # some 20 s per state point
TEMPERATURES, SEEDS = (3.0, 2.6), (0, 1, 2, 3)
TASKS = 1000
GRID = (5.0, 4.0, 3.4, 3.0, 2.7, 2.4, 2.2, 2.0)  # 24 state points with three seeds
OVERHEAD, FASTER, SCHEDULING = 0.05, 1.8, 0.020


def plan(steps: int = STEPS) -> Plan:
    """Four chains of two state points."""
    system = {
        "name": "ising-square",
        "size": SIZE,
        "samples": SAMPLES,
        "temperature": list(TEMPERATURES),
    }
    return Plan.of(
        {
            "seeds": list(SEEDS),
            "system": [system],
            "estimate": {"steps": steps, "cross_check": False, "precision": 1.0},
        }
    )


def bare() -> float:
    """Seconds for the estimates alone, with sampling and warm starts."""
    started = perf_counter()
    for seed in SEEDS:
        before = None
        for temperature in TEMPERATURES:
            samples = moiety.system("ising-square", size=SIZE, temperature=temperature).sample(
                SAMPLES, seed=seed, threads=1
            )
            options = {
                "training": Training(steps=STEPS),
                "cross_check": False,
                "precision": 1.0,
                "threads": 1,
            }
            before = moiety.estimate_entropy(samples, warm_start=before, seed=seed, **options)
    return perf_counter() - started


def swept(folder: Path, workers: int, steps: int = STEPS) -> float:
    """Seconds for the sweep, with the start of its processes."""
    started = perf_counter()
    outcome = sweep(plan(steps), Store(folder), processes(workers))
    assert outcome.done == len(SEEDS) * len(TEMPERATURES)
    return perf_counter() - started


def scheduled(folder: Path) -> tuple[float, float, float]:
    """Seconds for an estimate, for the task that makes and stores it, and for that task in a sweep.

    The samples are chains of two sites, whose states are counted without training.
    """
    array, alone = folder / "spins.npy", Store(folder / "alone")
    np.save(array, np.random.default_rng(0).choice([-1, 1], size=(4096, 2)).astype(np.int8))
    files = {"glob": str(array), "periodic": False, "axes": "draw,x"}
    many = Plan.of(
        {
            "seeds": list(range(TASKS)),
            "files": [files],
            "estimate": {"cross_check": False, "precision": 1.0},
        }
    )

    def estimate() -> None:
        moiety.estimate_entropy(
            moiety.load(array, periodic=False, axes="draw,x"), cross_check=False, precision=1.0
        )

    chains = many.chains
    bare = timed([estimate] * 50)
    task = timed([partial(run_chain, str(alone.folder), chain) for chain in chains[:200]])
    return bare, task, timed([partial(sweep, many, Store(folder / "store"), processes(1))]) / TASKS


def by_executors(folder: Path) -> dict[str, list[float]]:
    """All s and M of 24 state points by executor."""
    system = {"name": "ising-square", "size": 16, "samples": 256, "temperature": list(GRID)}
    grid = Plan.of(
        {
            "seeds": [0, 1, 2],
            "system": [system],
            "estimate": {"steps": 60, "cross_check": False, "precision": 1.0},
        }
    )
    executors = {
        "processes": processes(2),
        "Dask": dask(workers=2),
        "submitit": slurm(folder / "jobs", workers=2, cluster="local"),
    }
    numbers = {}
    for name, workers in executors.items():
        store = Store(folder / name)
        assert sweep(grid, store, workers).done == len(grid.points) == 24
        results = [store.result(point.key) for point in grid.points]
        numbers[name] = [
            number
            for result in results
            for number in (result.entropy, *(level.mutual_information for level in result.levels))
        ]
    return numbers


def timed(calls: Sequence[Callable[[], object]]) -> float:
    """Seconds per call, after a first call."""
    if len(calls) > 1:
        calls[0]()
    started = perf_counter()
    for call in calls:
        call()
    return (perf_counter() - started) / len(calls)


def row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        swept(folder / "first", 2, steps=1)  # compiles kernels
        seconds = {"bare": bare(), "one": swept(folder / "one", 1), "two": swept(folder / "two", 2)}
        cost = seconds["one"] / seconds["bare"] - 1
        faster = seconds["one"] / seconds["two"]
        bare_time, one_time, two_time = (f"{time:.1f}" for time in seconds.values())
        row("quantity", "target", "measured", "seconds")
        row("---", "---", "---", "---")
        times = f"{bare_time}, {one_time}"
        row("overhead of the sweep", f"<= {OVERHEAD:.0%}", f"{cost:+.1%}", times)
        times = f"{one_time}, {two_time}"
        row("speed-up by two processes", f">= {FASTER}", f"{faster:.2f}", times)
        estimate, task, swept_task = scheduled(folder)
        each = swept_task - task
        times = ", ".join(f"{1000 * time:.1f} ms" for time in (estimate, task, swept_task))
        target, measured = f"<= {1000 * SCHEDULING:.0f} ms", f"{1000 * each:.1f} ms"
        row(f"scheduling per task, {TASKS} tasks", target, measured, times)
        numbers = by_executors(folder)
        alike = all(values == numbers["processes"] for values in numbers.values())
        name = f"24 state points with {', '.join(numbers)}"
        row(name, "identical numbers", "yes" if alike else "no", "")
        print(
            "\nTimes in the third row: an estimate alone, an estimate with its results stored, and "
            f"one of {TASKS:,} tasks of a sweep."
        )
        missed = [cost > OVERHEAD, faster < FASTER, each > SCHEDULING, not alike]
    sys.exit(any(missed))


if __name__ == "__main__":
    main()
