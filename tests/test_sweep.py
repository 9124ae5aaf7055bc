"""Sweeps: plans and their errors, the store, chains that go on where they were, faults."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import moiety
from moiety import InputError, io
from moiety.sweep import Plan, Store, collect, read_plan, sweep
from moiety.sweep.chain import run_chain
from moiety.sweep.executors import processes, slurm
from moiety.sweep.store import DONE, FAILED, LEFT, RUNNING, TRIES

QUICK = {
    "critic": "convolutional",
    "steps": 8,
    "cross_check": False,
    "precision": 1.0,
}  # no refining
COUNTED = {"name": "ising-chain", "size": 6, "samples": 1024}  # no cut is left to a network
TRAINED = {"name": "ising-chain", "size": 8, "samples": 64}


def plan_of(*temperatures, system=COUNTED, seeds=0, **estimate):
    return Plan.of(
        {
            "seeds": seeds,
            "system": [{**system, "temperature": list(temperatures)}],
            "estimate": {**QUICK, **estimate},
        }
    )


class Here(Executor):
    """Runs a task in this process, as it is submitted."""

    def submit(self, work, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def here():
    yield Here()


def done_files(store):
    return {path: path.stat().st_mtime_ns for path in store.folder.glob("points/*/done.json")}


def entropies(store, plan):
    return [store.result(point.key).entropy for point in plan.points]


# Plans


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


def written(folder, text):
    path = folder / "plan.toml"
    path.write_text(text)
    return path


def test_a_plan_is_a_grid_of_chains(tmp_path):
    plan = read_plan(written(tmp_path, GRID))
    assert len(plan.chains) == 2 * 2 + 2 * 2  # sizes and seeds; temperatures and seeds
    assert [point.labels["temperature"] for point in plan.chains[0]] == [4.0, 3.0, 2.0]
    assert [point.labels["field"] for point in plan.chains[-1]] == [0.0, 0.1]
    for chain in plan.chains:
        assert [point.before for point in chain] == [None, *(point.key for point in chain[:-1])]
        assert {point.settings["critic"] for point in chain} == {"convolutional"}
    assert len({point.key for point in plan.points}) == len(plan.points) == 2 * 2 * 3 + 2 * 2 * 2


def test_keys_depend_on_all_that_matters_and_on_nothing_else():
    first, second = plan_of(3.0, 2.0).points
    assert [point.key for point in plan_of(3.0, 2.0).points] == [first.key, second.key]
    assert plan_of(3.0, 2.0, 1.0).points[1].key == second.key  # a longer chain keeps what it has
    for other in (
        plan_of(3.1, 2.0),
        plan_of(3.0, 2.0, seeds=1),
        plan_of(3.0, 2.0, precision=0.1),
        plan_of(3.0, 2.0, system=TRAINED),
    ):
        assert other.points[0].key != first.key and other.points[1].key != second.key


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("seeds = [1, 2]", "seeds = [1, 1]", 2, "different"),
        ("seeds = [1, 2]", "seed = 1", 2, "unknown word 'seed'"),
        ('name = "ising-square"', 'name = "ising-sqare"', 5, "ising-triangular"),
        ("size = [4, 8]", "size = [4, 0]", 6, "size"),
        ("num = 3", "num = 3, step = 1.0", 7, "num or step"),
        ("num = 3", "step = 1.0", 7, "does not lead"),
        ("field = 0.5", "filed = 0.5", 8, "filed"),
        ("field = 0.5", "samples = 2", 8, "samples"),
        ('chain = "field"', 'chain = "fields"', 15, "fields"),
        ("precision = 0.01", "precision = -1", 18, "precision"),
        ('"convolutional"', '"conv"', 19, "unknown critic"),
        ("[estimate]", "[estimates]", 17, "estimates"),
        ("precision = 0.01", "precision = ", 18, "no TOML"),
    ],
)
def test_errors_point_at_the_line(tmp_path, old, new, line, message):
    assert old in GRID
    path = written(tmp_path, GRID.replace(old, new))
    with pytest.raises(InputError, match=message) as error:
        read_plan(path)
    assert f"{path}:{line}:" in str(error.value) or f"line {line}," in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["", "seeds = 1\n", "[[files]]\nglob = 'none/*.npy'\n"])
def test_a_plan_of_nothing_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="nothing to estimate|no file"):
        read_plan(written(tmp_path, text))


def test_files_by_the_values_in_their_names(tmp_path):
    (tmp_path / "runs").mkdir()
    for temperature in (2.0, 3.0):
        for size in (4, 6):
            model = moiety.system("ising-chain", size=size, temperature=temperature)
            io.save(model.sample(1024, seed=1), tmp_path / f"runs/L{size}_T{temperature}.npz")
    said = '[[files]]\nglob = "runs/L{size}_T{temperature}.npz"\n[estimate]\ncross_check = false\n'
    plan = read_plan(written(tmp_path, said))
    assert [[point.labels["temperature"] for point in chain] for chain in plan.chains] == [
        [3.0, 2.0]
    ] * 2
    assert {point.labels["size"] for point in plan.points} == {4, 6}
    attributes = read_plan(
        written(
            tmp_path,
            said.replace("_T{temperature}", "_T*").replace(
                '.npz"', '.npz"\nattributes = ["temperature"]'
            ),
        )
    )
    assert [point.labels["temperature"] for point in attributes.points] == [
        point.labels["temperature"] for point in plan.points
    ]
    store = Store(tmp_path / "store")
    assert sweep(plan, store, here).done == 4
    (tmp_path / "runs").rename(
        tmp_path / "elsewhere"
    )  # what a file holds counts, not where it lies
    moved = read_plan(written(tmp_path, said.replace("runs/", "elsewhere/")))
    assert sweep(moved, store, here).before == 4


# Chains and the store


def test_a_chain_goes_on_from_the_networks_in_the_store(tmp_path):
    plan, whole, parted = (
        plan_of(3.0, 2.6, 2.3, system=TRAINED),
        Store(tmp_path / "whole"),
        Store(tmp_path / "parted"),
    )
    assert run_chain(str(whole.folder), plan.chains[0]) == 3
    for stop in (1, 2, 3):
        assert run_chain(str(parted.folder), plan.chains[0][:stop]) == 1
    assert entropies(whole, plan) == entropies(parted, plan)
    cold = plan_of(2.3, system=TRAINED)  # negative control: without them other numbers come out
    run_chain(str(parted.folder), cold.chains[0])
    assert entropies(parted, cold)[0] != entropies(whole, plan)[2]


def test_nothing_is_done_twice(tmp_path):
    plan, store = plan_of(3.0, 2.0, seeds=[0, 1]), Store(tmp_path / "store")
    first = sweep(plan, store, here)
    assert (first.done, first.before, first.failed, first.stopped) == (4, 0, (), False)
    before = done_files(store)
    again = sweep(plan, store, here)
    assert (again.done, again.before) == (4, 4) and done_files(store) == before
    longer = plan_of(3.0, 2.0, 1.0, seeds=[0, 1])
    assert sweep(longer, store, here).before == 4
    assert before.items() <= done_files(store).items()


@pytest.mark.parametrize("name", ["result.nc", "networks.pt", "done.json"])
def test_what_was_truncated_is_done_again(tmp_path, name):
    plan, store = plan_of(3.0, 2.0), Store(tmp_path / "store")
    sweep(plan, store, here)
    expected, key = entropies(store, plan), plan.points[0].key
    other = done_files(store)[store.place(plan.points[1].key) / "done.json"]
    path = store.place(key) / name
    path.write_bytes(path.read_bytes()[:-20])
    store = Store(tmp_path / "store")
    assert [state.state for state in store.states()] == [LEFT, DONE]
    assert sweep(plan, store, here).before == 1
    assert entropies(store, plan) == expected
    assert done_files(store)[store.place(plan.points[1].key) / "done.json"] == other


def test_a_task_that_fails_is_given_up_after_three_times_and_others_go_on(tmp_path):
    array = tmp_path / "spins.npy"
    np.save(array, np.ones((64, 4, 4), np.int8))
    files = {"glob": str(array), "periodic": True}
    plan = Plan.of(
        {"files": [files], "system": [{**COUNTED, "temperature": [3.0, 2.0]}], "estimate": QUICK}
    )
    array.write_bytes(b"damaged")
    store = Store(tmp_path / "store")
    outcome = sweep(plan, store, here)
    assert outcome.done == 2 and [state.point.labels["system"] for state in outcome.failed] == [
        "files"
    ]
    logs = store.failures(outcome.failed[0].point.key)
    assert len(logs) == TRIES and "cannot be read" in logs[-1].read_text()
    np.save(array, np.ones((64, 4, 4), np.int8))
    assert sweep(plan, store, here).done == 3  # a new run tries again


def test_a_full_disk_is_a_failure_like_others(tmp_path, monkeypatch):
    plan, store = plan_of(3.0), Store(tmp_path / "store")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("moiety.results.result.EntropyResult.save", full)
        assert sweep(plan, store, here).failed[0].failures == TRIES
    assert not list(store.folder.rglob(".moiety-*"))
    assert sweep(plan, store, here).done == 1


@pytest.mark.parametrize("noted", [True, False])
def test_workers_that_cannot_even_begin_are_given_up(tmp_path, monkeypatch, noted):
    """They lack the package, say; and where the disk is full nothing tells so but the sweep itself."""
    plan, store, asked = plan_of(3.0, 2.0), Store(tmp_path / "store"), []

    class Bare(Executor):
        def submit(self, work, /, *args, **kwargs):
            asked.append(Future())
            asked[-1].set_exception(ModuleNotFoundError("No module named 'moiety'"))
            return asked[-1]

    if not noted:
        monkeypatch.setattr(store, "fail", lambda point, log: None)
    outcome = sweep(plan, store, contextmanager(lambda: iter([Bare()])))
    assert len(asked) == TRIES and outcome.done == 0
    assert [state.point for state in outcome.failed] == [
        plan.points[0]
    ]  # the second was never come to
    assert outcome.errors == {plan.points[0].key: "ModuleNotFoundError: No module named 'moiety'"}
    logs = store.failures(plan.points[0].key)
    assert len(logs) == (TRIES if noted else 0) and all(
        "No module named" in log.read_text() for log in logs
    )


def test_a_stop_ends_after_the_state_points_at_work(tmp_path):
    plan, store, asked = (
        plan_of(3.0, 2.0, seeds=[0, 1, 2]),
        Store(tmp_path / "store"),
        iter([False, True]),
    )

    class Slow(Here):
        """The first task at once, the others when they are looked at."""

        def submit(self, work, /, *args, **kwargs):
            if store.is_done(plan.points[1].key):
                return Future()
            return super().submit(work, *args, **kwargs)

    outcome = sweep(
        plan, store, contextmanager(lambda: iter([Slow()])), stop=lambda: next(asked, True)
    )
    assert outcome.stopped and outcome.done == 2
    assert not list(store.folder.glob("stop-*"))
    assert sweep(plan, store, here).done == 6


def test_states_tell_what_is_on_disk(tmp_path):
    plan, store = plan_of(3.0, 2.0), Store(tmp_path / "store")
    store.note_plan(plan)
    first = plan.points[0]
    assert [state.state for state in store.states()] == [LEFT, LEFT]
    store.beat(first, 0.4, "4x4")
    assert store.state(first).state == RUNNING and store.state(first).said["share"] == 0.4
    beat = store.place(first.key) / "running.json"
    beat.write_text(json.dumps({**json.loads(beat.read_text()), "at": time.time() - 1000}))
    assert store.state(first).state == LEFT  # no sign of life
    for _ in range(TRIES):
        store.fail(first, "boom")
    assert store.state(first).state == FAILED
    sweep(plan, store, here)
    other = plan_of(1.0)
    sweep(other, store, here)
    assert (
        store.clean() >= 2 and not store.is_done(first.key) and store.is_done(other.points[0].key)
    )


def test_collected_over_all_labels(tmp_path):
    plan = Plan.of(
        {
            "seeds": [0, 1],
            "system": [
                {**COUNTED, "temperature": [3.0, 2.0]},
                {"name": "markov-chain", "size": 6, "stay": 0.8, "samples": 1024},
            ],
            "estimate": QUICK,
            "baselines": ["naive", "compression"],
        }
    )
    store = Store(tmp_path / "store")
    store.note_plan(plan)
    with pytest.raises(InputError, match="no state point"):
        collect(store)
    sweep(plan, store, here)
    data = collect(store)
    chosen = data.sel(system="ising-chain", temperature=2.0, seed=1, size=6).isel(
        stay=-1
    )  # it has none
    point = next(
        point for point in plan.points if point.labels.get("temperature") == 2.0 and point.seed == 1
    )
    assert float(chosen.entropy) == store.result(point.key).entropy
    assert (
        float(chosen.exact) == moiety.system("ising-chain", size=6, temperature=2.0).exact_entropy()
    )
    assert abs(float(chosen.entropy - chosen.exact)) < 5 * float(chosen.error)
    assert float(chosen.naive_error) > 0
    assert int(data.entropy.notnull().sum()) == len(plan.points) == 6
    assert set(data.mutual_information.dims) == {*data.entropy.dims, "level"}


# Processes and faults


def test_processes_jobs_and_this_process_give_the_same_numbers(tmp_path):
    plan, numbers = plan_of(3.0, 2.5, system=TRAINED, seeds=[0, 1]), {}
    for name, workers in {
        "here": here,
        "processes": processes(2),
        "jobs": slurm(tmp_path / "logs", 2, cluster="local"),
    }.items():
        store = Store(tmp_path / name)
        assert sweep(plan, store, workers).done == 4
        numbers[name] = entropies(store, plan)
    assert numbers["here"] == numbers["processes"] == numbers["jobs"]
    assert len(set(numbers["here"])) == 4


def test_dask_gives_the_same_numbers(tmp_path):
    pytest.importorskip("distributed")
    from moiety.sweep.executors import dask

    plan = plan_of(3.0, 2.5, system=TRAINED)
    for name, workers in {"here": here, "dask": dask(workers=1)}.items():
        assert sweep(plan, Store(tmp_path / name), workers).done == 2
    assert entropies(Store(tmp_path / "here"), plan) == entropies(Store(tmp_path / "dask"), plan)


def test_a_killed_worker_loses_its_task_alone(tmp_path):
    plan, store, killed = (
        plan_of(3.0, 2.6, 2.3, system=TRAINED, steps=60),
        Store(tmp_path / "store"),
        [],
    )

    def kill(states):
        running = [state for state in states if state.state == RUNNING]
        if running and states[0].state == DONE and not killed:
            killed.append(done_files(store))
            os.kill(running[0].said["process"], signal.SIGKILL)

    outcome = sweep(plan, store, processes(1), progress=kill)
    assert killed and outcome.done == 3 and not outcome.failed
    assert killed[0].items() <= done_files(store).items()  # what was finished was not done again
    assert any(
        "worker died" in log.read_text()
        for point in plan.points
        for log in store.failures(point.key)
    )


COMMAND = [sys.executable, "-m", "moiety", "sweep"]


def begun(path: Path, store: Path, finished: int) -> subprocess.Popen:
    """The command, once so many state points are finished and another one is at work."""
    process = subprocess.Popen(
        [*COMMAND, str(path), "--out", str(store), "--workers", "1"], stderr=subprocess.PIPE
    )
    for _ in range(3000):
        done = len(list(store.glob("points/*/done.json")))
        if (
            done >= finished and list(store.glob("points/*/running.json"))
        ) or process.poll() is not None:
            break
        time.sleep(0.1)
    return process


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_driver_that_ends_loses_nothing_that_was_finished(tmp_path, how):
    path, store = written(tmp_path, LONG), tmp_path / "store"
    process = begun(path, store, finished=1)
    process.send_signal(how)
    code = process.wait(timeout=300)
    assert code == (-how if how == signal.SIGKILL else 130)
    before = done_files(Store(store))
    assert 1 <= len(before) < 4
    again = subprocess.run(
        [*COMMAND, str(path), "--out", str(store), "--workers", "1"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"4 of 4 state points done in {store}" in again.stdout
    assert before.items() <= done_files(Store(store)).items()
    assert not list(store.rglob(".moiety-*")) or how == signal.SIGKILL


LONG = """
[[system]]
name = "ising-chain"
size = 8
temperature = [4.0, 3.0, 2.6, 2.3]
samples = 64
[estimate]
critic = "convolutional"
steps = 60
precision = 1.0
cross_check = false
"""


# The command line


def test_commands_from_plan_to_dataset(tmp_path, run):
    path = written(
        tmp_path,
        '[[system]]\nname = "ising-chain"\nsize = 6\ntemperature = [3.0, 2.0]\nsamples = 1024\n[estimate]\ncross_check = false\nprecision = 1.0\nsteps = 8\n',
    )
    foretold = run("sweep", path, "--dry-run")
    assert (
        foretold.code == 0
        and "2 of 2 state points to do" in foretold.out
        and not (tmp_path / "plan").exists()
    )
    assert run("status", tmp_path / "plan").code == 2
    made = run("sweep", path, "--workers", "1")
    assert made.code == 0 and "2 of 2 state points done" in made.out
    told = run("status", tmp_path / "plan", "--json")
    assert [one["state"] for one in json.loads(told.out)] == ["done", "done"]
    assert "temperature 3" in run("status", tmp_path / "plan").out
    gathered = run("collect", tmp_path / "plan", "--out", tmp_path / "all.nc")
    assert gathered.code == 0 and "2 of 2" in gathered.out
    assert (
        run("collect", tmp_path / "plan", "--out", tmp_path / "all.nc").code == 2
    )  # there already
    assert run("clean", tmp_path / "plan").code == 0
    assert "0 of 2 state points to do" in run("sweep", path, "--dry-run").out


def test_a_failure_shows_in_the_exit_code(tmp_path, run):
    np.save(tmp_path / "a.npy", np.ones((64, 4, 4), np.int8))
    path = written(
        tmp_path, "[[files]]\nglob = 'a.npy'\n"
    )  # does not say whether edges are periodic
    found = run("sweep", path, "--workers", "1")
    assert found.code == 1 and "failed 3 times" in found.err and "--periodic" in found.err
    assert run("status", tmp_path / "plan").code == 1


def test_an_array_of_jobs(tmp_path, run):
    path = written(tmp_path, GRID)
    assert run("sweep", path, "--script", tmp_path / "job.sh", "--partition", "short").code == 0
    text = (tmp_path / "job.sh").read_text()
    assert (
        "#SBATCH --array=0-7%2" in text
        and "--partition=short" in text
        and "SLURM_ARRAY_TASK_ID" in text
    )
    assert run("sweep", path, "--only", "8").code == 2
    short = written(tmp_path, LONG)
    jobs = short.with_name("job2.sh")
    run("sweep", short, "--script", jobs)
    subprocess.run(
        ["sh", str(jobs)],
        env={**os.environ, "SLURM_ARRAY_TASK_ID": "0"},
        check=True,
        capture_output=True,
    )
    assert "4 of 4" in run("status", tmp_path / "plan").out


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
    found = run("sweep", written(tmp_path, LONG), *words)
    assert found.code == 2 and len(found.err.strip().splitlines()) == 1
    assert not (tmp_path / "plan").exists()
