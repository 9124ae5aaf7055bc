"""Executors give the same numbers as this process, and killed workers lose nothing finished.

All tests share one fork server, as starting it imports everything.
"""

import os
import signal

import pytest

from moiety import InputError
from moiety.sweep import Store, sweep
from moiety.sweep.executors import dask, processes, slurm
from moiety.sweep.store import DONE, RUNNING
from sweeps import COUNTED, TRAINED, done_files, entropies, here, plan_of

PLAN = plan_of(3.0, 2.5, system=TRAINED)


@pytest.fixture(scope="module")
def expected(one_thread, tmp_path_factory):
    """The entropies that this process finds with trained networks."""
    store = Store(tmp_path_factory.mktemp("here"))
    assert sweep(PLAN, store, here).done == 2
    values = entropies(store, PLAN)
    assert len(set(values)) == 2
    return values


@pytest.mark.parametrize("name", ["processes", "slurm", "dask"])
def test_all_executors_give_the_same_numbers(expected, tmp_path, name, request):
    workers = {
        "processes": lambda: processes(1),
        "slurm": lambda: slurm(tmp_path / "logs", 1, cluster="local"),
        "dask": lambda: dask(request.getfixturevalue("scheduler")),
    }[name]()
    store = Store(tmp_path / "store")
    assert sweep(PLAN, store, workers).done == 2
    assert entropies(store, PLAN) == expected


@pytest.fixture
def scheduler():
    """Address of a Dask scheduler with one worker, a thread of this process."""
    distributed = pytest.importorskip("distributed")
    options = {"processes": False, "protocol": "tcp", "dashboard_address": None}
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, silence_logs=50, **options
    ) as cluster:
        yield cluster.scheduler_address


def test_dask_starts_a_cluster_of_its_own():
    pytest.importorskip("distributed")
    with dask(workers=1)() as executor:
        assert executor.submit(os.getpid).result(timeout=60) != os.getpid()


def test_a_scheduler_that_does_not_answer_leaves_no_default_behind():
    """Once Dask kept it as the default of this process, and lazily read files raised errors."""
    config = pytest.importorskip("dask").config
    for address in ("nonsense", "", " "):
        with pytest.raises(InputError, match="no Dask scheduler answers"), dask(address)():
            pass
    with dask(workers=1)():
        assert config.get("scheduler", None) is None
    assert config.get("scheduler", None) is None


def test_workers_have_one_thread_and_leave_interrupts_to_the_driver():
    with processes(1)() as executor:
        assert executor.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"
        worker = executor.submit(os.getpid).result()
        os.kill(worker, signal.SIGINT)
        assert executor.submit(os.getpid).result() == worker


def test_a_killed_worker_loses_only_its_task(tmp_path, monkeypatch):
    monkeypatch.setattr("moiety.sweep.driver._TICK", 0.01)
    plan = plan_of(4.0, 3.6, 3.2, 2.8, 2.4, 2.0, system={**COUNTED, "samples": 2**15})
    store, killed = Store(tmp_path / "store"), []

    def kill(states):
        running = [state for state in states if state.state == RUNNING]
        if running and states[0].state == DONE and not killed:
            killed.append(done_files(store))
            os.kill(running[0].details["process"], signal.SIGKILL)

    outcome = sweep(plan, store, processes(1), progress=kill)
    assert killed and outcome.done == 6 and not outcome.failed
    assert killed[0].items() <= done_files(store).items()  # nothing finished is computed again
    logs = [log.read_text() for point in plan.points for log in store.failures(point.key)]
    assert any("worker died" in log for log in logs)
