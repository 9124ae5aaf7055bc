"""`moiety sweep`, `status`, `collect` and `clean`: from a plan to a dataset, and job arrays."""

import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest

from moiety.sweep import Store, executors, read_plan, sweep
from moiety.sweep._locks import is_free
from sweeps import GRID, PAIR, done_files, here, write_plan


@pytest.fixture
def threads(monkeypatch):
    """Run chains in a thread of this process, which starts at once."""
    monkeypatch.setattr(executors, "processes", lambda workers: partial(ThreadPoolExecutor, 1))


@pytest.mark.usefixtures("threads")
def test_from_plan_to_dataset(tmp_path, run):
    path, store, data = write_plan(tmp_path, PAIR), tmp_path / "plan", tmp_path / "all.nc"
    forecast = run("sweep", path, "--dry-run")
    assert forecast.code == 0 and "2 of 2 state points to do" in forecast.out
    assert not store.exists()
    assert run("status", store).code == 2
    done = run("sweep", path)
    assert done.code == 0 and "2 of 2 state points done" in done.out
    states = json.loads(run("status", store, "--json").out)
    assert [state["state"] for state in states] == ["done", "done"]
    keys = {"key", "state", "labels", "failures", "entropy", "error", "ok", "baselines", "seconds"}
    assert all(set(state) == keys | {"host", "version"} for state in states)
    assert "temperature 3" in run("status", store).out
    collected = run("collect", store, "--out", data)
    assert collected.code == 0 and "2 of 2" in collected.out
    assert run("collect", store, "--out", data).code == 2  # exists already
    assert run("clean", store).code == 0
    assert "0 of 2 state points to do" in run("sweep", path, "--dry-run").out


@pytest.mark.usefixtures("threads")
def test_a_failure_shows_in_the_exit_code(tmp_path, run):
    np.save(tmp_path / "a.npy", np.ones((64, 4, 4), np.int8))
    path = write_plan(tmp_path, "[[files]]\nglob = 'a.npy'\n")  # periodic or not is missing
    done = run("sweep", path)
    assert done.code == 1 and "failed 3 times" in done.err and "--boundary periodic" in done.err
    assert run("status", tmp_path / "plan").code == 1


@pytest.mark.usefixtures("threads")
def test_an_interrupt_stops_the_sweep_and_the_same_command_continues(tmp_path, run, monkeypatch):
    """Ctrl-C is pressed as soon as the first state point is done."""
    monkeypatch.setattr("moiety.sweep.driver._TICK", 0.01)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in case a shell disabled it
    pressed = []

    @contextmanager
    def watching(points):
        def update(states):
            if states[0].state == "done" and not pressed:
                pressed.append(True)
                os.kill(os.getpid(), signal.SIGINT)

        yield update

    path, store = write_plan(tmp_path, LONG), Store(tmp_path / "plan")
    with monkeypatch.context() as patch:
        patch.setattr("moiety.cli._sweep.watching", watching)
        stopped = run("sweep", path)
    assert pressed and stopped.code == 130 and "same command continues" in stopped.err
    before = done_files(store)
    assert 1 <= len(before) < 10
    assert f"10 of 10 state points done in {store.folder}" in run("sweep", path).out
    assert before.items() <= done_files(store).items()


LONG = f"""
[[system]]
name = "ising-chain"
size = 4
temperature = {{ start = 4.0, stop = 1.8, num = 10 }}
samples = {2**15}
[estimate]
cross_check = false
"""


def test_a_killed_job_of_an_array_loses_nothing_finished(tmp_path, run):
    """The whole command: the job script, its driver and a worker process, which ends with it."""
    path, script, store = write_plan(tmp_path, LONG), tmp_path / "job.sh", Store(tmp_path / "plan")
    assert run("sweep", path, "--script", script).code == 0
    plan, environment = read_plan(path), {**os.environ, "SLURM_ARRAY_TASK_ID": "0"}
    job = subprocess.Popen(["sh", str(script)], env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not done_files(store) and job.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    job.kill()
    assert job.wait() == -signal.SIGKILL
    while not is_free(store, plan.chains[0]) and time.monotonic() < deadline:
        time.sleep(0.01)  # the worker holds the lock until it ends
    before = done_files(store)
    assert 1 <= len(before) < 10
    outcome = sweep(plan, store, here)
    assert (outcome.done, outcome.done_before) == (10, len(before))
    assert before.items() <= done_files(store).items()


def test_a_job_script_names_array_and_partition(tmp_path, run):
    path, script = write_plan(tmp_path, GRID), tmp_path / "job.sh"
    assert run("sweep", path, "--script", script, "--partition", "short").code == 0
    text = script.read_text()
    assert "#SBATCH --array=0-7%2" in text and "--partition=short" in text
    assert "SLURM_ARRAY_TASK_ID" in text
    assert run("sweep", path, "--only", "8").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--executor", "threads"),
        ("--scheduler", "tcp://nobody:1"),
        ("--partition", "short"),
        ("--workers", "0"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path, run, words):
    done = run("sweep", write_plan(tmp_path, PAIR), *words)
    assert done.code == 2 and len(done.err.strip().splitlines()) == 1
    assert not (tmp_path / "plan").exists()
