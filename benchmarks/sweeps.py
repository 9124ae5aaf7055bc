"""What a sweep costs beside the bare estimates: `python benchmarks/sweeps.py`.

overhead    the same state points by `moiety.estimate_entropy` in a loop, and by a sweep with one process
speed       the same sweep by one process and by two
scheduling  1,000 tasks of next to no work, in a sweep and in a loop
executors   24 state points by processes, by Dask and by submitit's local executor: the same numbers?

Each is in a fresh folder; overhead and speed are compared in one run.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ.update(
    dict.fromkeys(ONE_THREAD, "1")
)  # as workers have it, before the libraries are imported

import numpy as np  # noqa: E402

import moiety  # noqa: E402
from moiety.estimation.training import Training  # noqa: E402
from moiety.sweep import Plan, Store, sweep  # noqa: E402
from moiety.sweep.chain import run_chain  # noqa: E402
from moiety.sweep.executors import dask, processes, slurm  # noqa: E402

SIZE, SAMPLES, STEPS = 32, 512, 100  # some 20 s a state point
TEMPERATURES, SEEDS = (3.0, 2.6), (0, 1, 2, 3)
TASKS = 1000
GRID = (5.0, 4.0, 3.4, 3.0, 2.7, 2.4, 2.2, 2.0)  # three seeds of these make 24 state points
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
    """Seconds of the estimates alone, samples and chains of networks included."""
    started = perf_counter()
    for seed in SEEDS:
        critic = None
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
            critic = moiety.estimate_entropy(samples, critic=critic, seed=seed, **options).critic
    return perf_counter() - started


def swept(folder: Path, workers: int, steps: int = STEPS) -> float:
    """Seconds of the sweep, start of its processes included."""
    started = perf_counter()
    outcome = sweep(plan(steps), Store(folder), processes(workers))
    assert outcome.done == len(SEEDS) * len(TEMPERATURES)
    return perf_counter() - started


def scheduled(folder: Path) -> tuple[float, float, float]:
    """Seconds of an estimate, of the task that makes it and stores it, and of that task in a sweep of one process.

    Of counted chains of two sites, on which nothing is trained.
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
    """All s and M of 24 state points, by who ran them."""
    system = {"name": "ising-square", "size": 16, "samples": 256, "temperature": list(GRID)}
    grid = Plan.of(
        {
            "seeds": [0, 1, 2],
            "system": [system],
            "estimate": {"steps": 60, "cross_check": False, "precision": 1.0},
        }
    )
    ways = {
        "processes": processes(2),
        "Dask": dask(workers=2),
        "submitit": slurm(folder / "jobs", workers=2, cluster="local"),
    }
    found = {}
    for name, workers in ways.items():
        store = Store(folder / name)
        assert sweep(grid, store, workers).done == len(grid.points) == 24
        results = [store.result(point.key) for point in grid.points]
        found[name] = [
            number
            for one in results
            for number in (one.entropy, *(level.mutual_information for level in one.levels))
        ]
    return found


def timed(calls: Sequence[Callable[[], object]]) -> float:
    """Seconds a call, after a first one."""
    if len(calls) > 1:
        calls[0]()
    started = perf_counter()
    for call in calls:
        call()
    return (perf_counter() - started) / len(calls)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        swept(folder / "first", 2, steps=1)  # compiles what is compiled
        seconds = {"bare": bare(), "one": swept(folder / "one", 1), "two": swept(folder / "two", 2)}
        cost = seconds["one"] / seconds["bare"] - 1
        faster = seconds["one"] / seconds["two"]
        print("| quantity | target | measured | seconds |\n|---|---|---|---|")
        print(
            f"| overhead of the sweep | <= {OVERHEAD:.0%} | {cost:+.1%} | {seconds['bare']:.1f}, {seconds['one']:.1f} |"
        )
        print(
            f"| speed-up by two processes | >= {FASTER} | {faster:.2f} | {seconds['one']:.1f}, {seconds['two']:.1f} |",
            flush=True,
        )
        estimate, task, swept_task = scheduled(folder)
        each = swept_task - task
        spent = ", ".join(f"{1000 * one:.1f} ms" for one in (estimate, task, swept_task))
        print(
            f"| scheduling per task, {TASKS} tasks | <= {1000 * SCHEDULING:.0f} ms | {1000 * each:.1f} ms | {spent} |"
        )
        found = by_executors(folder)
        alike = all(numbers == found["processes"] for numbers in found.values())
        print(
            f"| 24 state points with {', '.join(found)} | identical numbers | {'yes' if alike else 'no'} | |"
        )
        print(
            "\nTimes in the third row: an estimate alone, an estimate with its results stored, and one task of the sweep."
        )
        missed = [cost > OVERHEAD, faster < FASTER, each > SCHEDULING, not alike]
    sys.exit(any(missed))


if __name__ == "__main__":
    main()
