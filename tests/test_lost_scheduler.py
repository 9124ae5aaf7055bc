"""A scheduler that does not answer, or is lost, is one line; what is finished stays."""

from concurrent.futures import Executor, Future
from contextlib import contextmanager

import pytest

from moiety import InputError
from moiety.sweep import Store, sweep
from sweeps import here, plan_of

PLAN = plan_of(3.0, 2.0)


@contextmanager
def unreachable():
    """Workers whose scheduler does not answer."""
    raise InputError("no Dask scheduler answers")
    yield


def test_an_unreachable_scheduler_writes_nothing(tmp_path):
    store = Store(tmp_path / "store", create=False)
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        sweep(PLAN, store, unreachable)
    assert not list(tmp_path.iterdir())
    assert sweep(PLAN, store, here).done == 2  # negative control


def test_an_unreachable_scheduler_keeps_the_plan_and_logs_of_a_store(tmp_path):
    store, other = Store(tmp_path / "store"), plan_of(1.0)
    sweep(PLAN, store, here)
    store.record_failure(PLAN.points[0], "a log")
    before = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}
    with pytest.raises(InputError):
        sweep(other, store, unreachable)
    assert before == {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}


class Lost(Executor):
    """A scheduler that is lost: its tasks are cancelled."""

    def submit(self, work, /, *args, **kwargs):
        future = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


def test_a_lost_scheduler_is_asked_again(tmp_path):
    kinds = iter([contextmanager(lambda: iter([Lost()])), here])
    outcome = sweep(PLAN, Store(tmp_path / "store"), lambda: next(kinds)())
    assert outcome.done == 2 and not outcome.failed


def test_a_lost_scheduler_that_does_not_come_back_is_one_line(tmp_path):
    kinds = iter([contextmanager(lambda: iter([Lost()])), unreachable])
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        sweep(PLAN, Store(tmp_path / "store"), lambda: next(kinds)())
