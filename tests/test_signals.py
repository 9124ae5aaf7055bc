"""SIGTERM does what Ctrl-C does in every verb: batch systems send it before they kill."""

import importlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest

from moiety import io
from moiety.cli import _signals, main
from moiety.cli._signals import Interrupts, Terminated, handling
from moiety.sweep import Store, executors, sweep
from moiety.systems.ising_square import IsingSquare
from sweeps import COUNTED, PAIR, done_files, plan_of, write_plan

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture(params=SIGNALS, ids=["SIGINT", "SIGTERM"])
def number(request):
    """A signal; Python's own handler for Ctrl-C, in case a shell disabled it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.getsignal(signal.SIGTERM)
    yield request.param
    assert signal.getsignal(signal.SIGTERM) == before


def sent(number, work):
    """`work`, with a signal to this process before it."""

    def call(*args, **kwargs):
        os.kill(os.getpid(), number)
        time.sleep(0.01)
        return work(*args, **kwargs)

    return call


@pytest.mark.parametrize("words", ["estimate", "baseline naive"])
def test_a_signal_while_reading_ends_the_command(run, ising, monkeypatch, number, words, tmp_path):
    monkeypatch.setattr(io, "load", sent(number, io.load))
    before = sorted(tmp_path.iterdir())
    options = ("--out", tmp_path / "result.nc") if words == "estimate" else ()
    done = run(*words.split(), ising, *options)
    assert (done.code, done.out) == (SIGNALS[number], "")
    assert done.err == "error: interrupted; no file was left half written\n"
    assert sorted(tmp_path.iterdir()) == before


def test_a_signal_while_estimating_writes_the_result(run, ising, monkeypatch, number, tmp_path):
    import moiety.entropy.lattice as lattice

    monkeypatch.setattr(lattice, "estimate_entropy", sent(number, lattice.estimate_entropy))
    out = tmp_path / "result.nc"
    done = run("estimate", ising, "--out", out, "--quiet")
    assert done.code == 0 and "stopped early" in done.err and out.is_file()


def test_a_signal_while_sampling_keeps_the_samples(run, monkeypatch, number, tmp_path):
    draws = []

    def slow(self, *args, should_stop, **options):
        """Send the signal after the burn-in."""

        def asked():
            draws.append(1)
            if len(draws) == 1:
                os.kill(os.getpid(), number)
                time.sleep(0.01)
            return False

        asked()
        samples = original(self, samples=64, seed=1)
        assert should_stop()
        object.__setattr__(samples, "provenance", {**samples.provenance, "complete": False})
        return samples

    original = IsingSquare.sample
    monkeypatch.setattr(IsingSquare, "sample", slow)
    words = ("--size", 4, "--temperature", 3, "--samples", 999, "--out", tmp_path / "x.nc")
    done = run("sample", "ising-square", *words)
    assert done.code == SIGNALS[number] and "holds 64 of them" in done.err
    assert io.load(tmp_path / "x.nc").n == 64


def test_a_signal_stops_a_sweep_and_the_same_command_continues(run, monkeypatch, number, tmp_path):
    monkeypatch.setattr(executors, "processes", lambda workers: partial(ThreadPoolExecutor, 1))
    monkeypatch.setattr("moiety.sweep.driver._TICK", 0.01)
    pressed = []

    @contextmanager
    def watching(points):
        def update(states):
            if states[0].state == "done" and not pressed:
                pressed.append(True)
                os.kill(os.getpid(), number)

        yield update

    text = PAIR.replace("[3.0, 2.0]", "{start = 4.0, stop = 1.8, num = 30}")
    path, store = write_plan(tmp_path, text), Store(tmp_path / "plan")
    with monkeypatch.context() as patch:
        patch.setattr("moiety.cli._sweep.watching", watching)
        stopped = run("sweep", path)
    assert stopped.code == SIGNALS[number] and "same command continues" in stopped.err
    before = done_files(store)
    assert 1 <= len(before) < 30
    assert "30 of 30 state points done" in run("sweep", path).out
    assert before.items() <= done_files(store).items()


def test_a_second_signal_ends_at_once_but_one_signal_may_arrive_twice(number):
    with Interrupts("stopping") as stop:
        os.kill(os.getpid(), number)
        assert stop()
        os.kill(os.getpid(), signal.SIGTERM)  # sent to a job and to its steps
        stop.requested -= 2.0  # two seconds later
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
            time.sleep(0.01)


class Final:
    """An object whose finalizer gets a signal; Python drops exceptions of finalizers."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        os.kill(os.getpid(), self.number)
        time.sleep(0.01)


def test_a_signal_in_a_finalizer_is_not_lost(number, capfd):
    expected = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}[number]
    with handling(), pytest.raises(expected):
        Final(number)
        time.sleep(5)
    assert capfd.readouterr().err == ""


def test_a_signal_waits_for_the_import_that_it_interrupts(number, tmp_path, monkeypatch):
    text = f"import os, time\nos.kill(os.getpid(), {int(number)})\ntime.sleep(0.05)\nwhole = True\n"
    (tmp_path / f"interrupted_{number}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with handling(), pytest.raises(KeyboardInterrupt):
        module = importlib.import_module(f"interrupted_{number}")
        time.sleep(5)
    assert module.whole


def test_an_import_does_not_hold_up_a_signal_for_ever(number, tmp_path, monkeypatch):
    monkeypatch.setattr(_signals, "_IMPORT", 0.0)
    text = f"import os, time\nos.kill(os.getpid(), {int(number)})\ntime.sleep(5)\n"
    (tmp_path / f"endless_{number}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with handling(), pytest.raises(KeyboardInterrupt):
        importlib.import_module(f"endless_{number}")


def test_other_exceptions_of_finalizers_go_where_they_went(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    with handling():
        monkeypatch.setattr(os, "kill", lambda *_: 1 / 0)
        Final(0)
    assert seen[0].exc_type is ZeroDivisionError and sys.unraisablehook == seen.append


def test_a_command_in_another_thread_leaves_signals_alone(ising):
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(main, ["exact", "ising-square", "--temperature", "2"]).exception()
    assert isinstance(ended, SystemExit) and ended.code == 0


def test_workers_leave_sigterm_to_the_driver(tmp_path):
    with executors.processes(1)() as executor:
        worker = executor.submit(os.getpid).result()
        os.kill(worker, signal.SIGTERM)
        server = executor.submit(os.getppid).result()  # it forks the workers
        os.kill(server, signal.SIGTERM)
        time.sleep(0.5)
        assert executor.submit(os.getpid).result() == worker
    with executors.processes(1)() as executor:
        assert executor.submit(os.getppid).result() == server
    plan = plan_of(3.0, 2.0, system=COUNTED)
    assert sweep(plan, Store(tmp_path / "store"), executors.processes(1)).done == 2


def test_a_real_process_is_terminated(tmp_path):
    """Negative control of the tests above: nothing is patched."""
    words = [
        "sample",
        "ising-square",
        "--size",
        "32",
        "--temperature",
        "2.3",
        "--samples",
        "9999999",
    ]
    out = tmp_path / "x.npy"
    job = subprocess.Popen(
        [sys.executable, "-m", "moiety", *words, "--out", str(out), "--threads", "1"],
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(20)
    job.terminate()
    _, errors = job.communicate(timeout=120)
    assert job.returncode == 143 and "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == (["x.npy"] if out.exists() else [])
