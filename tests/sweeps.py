"""Plans, stores and executors for tests of sweeps."""

from concurrent.futures import Executor, Future
from contextlib import contextmanager

from moiety.sweep import Plan

# Every level is counted: a state point takes 20 ms and trains no network.
COUNTED = {"name": "ising-chain", "size": 4, "samples": 8192}
# One level is left to networks, which take half a second.
TRAINED = {"name": "ising-chain", "size": 8, "samples": 64}
QUICK = {"critic": "convolutional", "steps": 8, "cross_check": False, "precision": 1.0}

GRID = """
seeds = [1, 2]

[[system]]
name = "ising-square"
size = [4, 8]
temperature = { start = 4.0, stop = 2.0, num = 3 }
field = 0.5

[[system]]
name = "xy-square"
size = 8
temperature = [1.0, 0.5]
field = [0.0, 0.1]
chain = "field"

[estimate]
precision = 0.01
critic = "convolutional"
"""

PAIR = """
[[system]]
name = "ising-chain"
size = 4
temperature = [3.0, 2.0]
samples = 8192
[estimate]
cross_check = false
"""


def plan_of(*temperatures, system=COUNTED, seeds=0, **estimate):
    """A plan of one chain for each seed."""
    return Plan.of(
        {
            "seeds": seeds,
            "system": [{**system, "temperature": list(temperatures)}],
            "estimate": {**QUICK, **estimate},
        }
    )


def write_plan(folder, text):
    """Write a plan file."""
    path = folder / "plan.toml"
    path.write_text(text)
    return path


class Immediate(Executor):
    """Runs a task in this process when it is submitted."""

    def submit(self, work, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def here():
    """Workers that run tasks in this process."""
    yield Immediate()


def done_files(store):
    """The time of writing of every `done.json`."""
    return {path: path.stat().st_mtime_ns for path in store.folder.glob("points/*/done.json")}


def entropies(store, plan):
    """The entropy at every state point."""
    return [store.result(point.key).entropy for point in plan.points]
