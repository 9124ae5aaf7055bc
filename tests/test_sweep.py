"""Sweeps in one process: the store, resumed chains, failures, and collected results."""

import json
import time
from concurrent.futures import Executor, Future
from contextlib import contextmanager

import numpy as np
import pytest

import moiety
from moiety import InputError
from moiety.sweep import Plan, Store, collect, sweep
from moiety.sweep.chain import run_chain
from moiety.sweep.store import DONE, FAILED, LEFT, RUNNING, TRIES
from sweeps import COUNTED, QUICK, TRAINED, Immediate, done_files, entropies, here, plan_of


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.mark.usefixtures("one_thread")
def test_a_chain_passes_its_networks_on_through_the_store(tmp_path):
    plan = plan_of(3.0, 2.6, system=TRAINED)
    whole, resumed = Store(tmp_path / "whole"), Store(tmp_path / "resumed")
    assert run_chain(str(whole.folder), plan.chains[0]) == 2
    for length in (1, 2):
        assert run_chain(str(resumed.folder), plan.chains[0][:length]) == 1
    assert entropies(whole, plan) == entropies(resumed, plan)
    assert whole.result(plan.points[1].key).levels[0].source == "estimated"
    cold = plan_of(2.6, system=TRAINED)  # negative control: without networks to start from
    run_chain(str(resumed.folder), cold.chains[0])
    assert entropies(resumed, cold)[0] != entropies(whole, plan)[1]


def test_nothing_is_computed_twice(store):
    plan = plan_of(3.0, 2.0, seeds=[0, 1])
    first = sweep(plan, store, here)
    assert (first.done, first.done_before, first.failed, first.stopped) == (4, 0, (), False)
    before = done_files(store)
    again = sweep(plan, store, here)
    assert (again.done, again.done_before) == (4, 4) and done_files(store) == before
    longer = plan_of(3.0, 2.0, 1.0, seeds=[0, 1])
    assert sweep(longer, store, here).done_before == 4
    assert before.items() <= done_files(store).items()


@pytest.mark.parametrize("name", ["result.nc", "networks.pt", "done.json"])
def test_a_truncated_file_makes_its_state_point_run_again(store, name):
    plan = plan_of(3.0, 2.0)
    sweep(plan, store, here)
    expected, (first, second) = entropies(store, plan), plan.points
    path = store.folder_of(first.key) / name
    path.write_bytes(path.read_bytes()[:-20])
    other = store.folder_of(second.key) / "done.json"
    written = done_files(store)[other]
    store = Store(store.folder)
    assert [state.state for state in store.states()] == [LEFT, DONE]
    assert sweep(plan, store, here).done_before == 1
    assert entropies(store, plan) == expected
    assert done_files(store)[other] == written


def test_a_failing_chain_is_given_up_and_others_continue(tmp_path, store):
    array = tmp_path / "spins.npy"
    np.save(array, np.ones((64, 4, 4), np.int8))
    files = {"glob": str(array), "periodic": True}
    system = {**COUNTED, "temperature": [3.0, 2.0]}
    plan = Plan.of({"files": [files], "system": [system], "estimate": QUICK})
    array.write_bytes(b"damaged")
    outcome = sweep(plan, store, here)
    assert outcome.done == 2
    (failed,) = outcome.failed
    assert failed.point.labels["system"] == "files"
    logs = store.failures(failed.point.key)
    assert len(logs) == TRIES and "cannot be read" in logs[-1].read_text()
    np.save(array, np.ones((64, 4, 4), np.int8))
    assert sweep(plan, store, here).done == 3  # a new run tries again


def test_a_full_disk_is_an_ordinary_failure(store, monkeypatch):
    plan = plan_of(3.0)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("moiety.results.result.EntropyResult.save", full)
        assert sweep(plan, store, here).failed[0].failures == TRIES
    assert not list(store.folder.rglob(".moiety-*"))
    assert sweep(plan, store, here).done == 1


@pytest.mark.parametrize("logged", [True, False])
def test_workers_that_cannot_start_are_given_up(store, monkeypatch, logged):
    """They lack the package; on a full disk only the outcome records it."""
    plan, submitted = plan_of(3.0, 2.0), []

    class Bare(Executor):
        def submit(self, work, /, *args, **kwargs):
            submitted.append(Future())
            submitted[-1].set_exception(ModuleNotFoundError("No module named 'moiety'"))
            return submitted[-1]

    if not logged:
        monkeypatch.setattr(store, "record_failure", lambda point, log: None)
    outcome = sweep(plan, store, contextmanager(lambda: iter([Bare()])))
    first = plan.points[0]
    assert len(submitted) == TRIES and outcome.done == 0
    assert [state.point for state in outcome.failed] == [first]  # the second never started
    assert outcome.errors == {first.key: "ModuleNotFoundError: No module named 'moiety'"}
    logs = store.failures(first.key)
    assert len(logs) == (TRIES if logged else 0)
    assert all("No module named" in log.read_text() for log in logs)


def test_a_stopped_sweep_finishes_the_running_state_points(store):
    plan, answers = plan_of(3.0, 2.0, seeds=[0, 1, 2]), iter([False, True])

    class FirstOnly(Immediate):
        """Runs the first chain; the other tasks stay pending."""

        def submit(self, work, /, *args, **kwargs):
            if store.is_done(plan.points[1].key):
                return Future()
            return super().submit(work, *args, **kwargs)

    workers = contextmanager(lambda: iter([FirstOnly()]))
    outcome = sweep(plan, store, workers, should_stop=lambda: next(answers, True))
    assert outcome.stopped and outcome.done == 2
    assert not list(store.folder.glob("stop-*"))
    assert sweep(plan, store, here).done == 6


def test_states_are_read_from_disk(store):
    plan = plan_of(3.0, 2.0)
    store.save_plan(plan)
    first = plan.points[0]
    assert [state.state for state in store.states()] == [LEFT, LEFT]
    store.heartbeat(first, 0.4, "4x4")
    assert store.state(first).state == RUNNING and store.state(first).details["share"] == 0.4
    beat = store.folder_of(first.key) / "running.json"
    beat.write_text(json.dumps({**json.loads(beat.read_text()), "at": time.time() - 1000}))
    assert store.state(first).state == LEFT  # no heartbeat for too long
    for _ in range(TRIES):
        store.record_failure(first, "boom")
    assert store.state(first).state == FAILED


def test_clean_keeps_only_the_latest_plan(store):
    old, new = plan_of(3.0), plan_of(1.0)
    sweep(old, store, here)
    sweep(new, store, here)
    store.record_failure(new.points[0], "boom")
    assert store.clean() == 2
    assert not store.folder_of(old.points[0].key).exists()
    assert store.is_done(new.points[0].key) and not store.failures(new.points[0].key)


def test_collect_covers_all_labels(store):
    plan = Plan.of(
        {
            "seeds": [0, 1],
            "system": [
                {**COUNTED, "temperature": [3.0, 2.0]},
                {"name": "markov-chain", "size": 4, "stay": 0.8, "samples": COUNTED["samples"]},
            ],
            "estimate": QUICK,
            "baselines": ["naive", "compression"],
        }
    )
    store.save_plan(plan)
    with pytest.raises(InputError, match="no state point"):
        collect(store)
    sweep(plan, store, here)
    data = collect(store)
    chosen = data.sel(system="ising-chain", temperature=2.0, seed=1, size=4).isel(stay=-1)
    point = plan.chains[1][1]
    assert (point.labels["temperature"], point.seed) == (2.0, 1)
    assert float(chosen.entropy) == store.result(point.key).entropy
    exact = moiety.system("ising-chain", size=4, temperature=2.0).exact_entropy()
    assert float(chosen.exact) == exact
    assert abs(float(chosen.entropy - chosen.exact)) < 5 * float(chosen.error)
    assert float(chosen.naive_error) > 0
    assert int(data.entropy.notnull().sum()) == len(plan.points) == 6
    assert set(data.mutual_information.dims) == {*data.entropy.dims, "level"}
