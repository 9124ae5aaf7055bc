"""Ctrl-C, terminals, pipes and full disks."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import moiety
from moiety import EntropyResult, io
from moiety.cli import _estimate, _sample

QUICK = ("--critic", "convolutional", "--steps", "8", "--no-cross-check", "--precision", "1")
SLOW = ("ising-square", "--size", 8, "--temperature", 2, "--samples", 20000)  # 32 rounds of 0.1 s


@pytest.fixture
def interrupt(monkeypatch):
    """`interrupt(module, presses, when)` presses Ctrl-C at the first progress that fits."""

    def install(module, presses, when) -> None:
        left = [presses]
        signal.signal(signal.SIGINT, signal.default_int_handler)  # in case a shell disabled it

        @contextmanager
        def bar(*_):
            def update(done, total, text):
                while when(done, text) and left[0]:
                    left[0] -= 1
                    os.kill(os.getpid(), signal.SIGINT)

            yield update

        monkeypatch.setattr(module, "progress_bar", bar)

    return install


def test_the_first_interrupt_extrapolates(run, interrupt, tmp_path, ising):
    interrupt(_estimate, 1, lambda done, text: done >= 1)
    done = run("estimate", ising, *QUICK, "--json", "--out", tmp_path / "x.nc")
    assert done.code == 0
    assert "stopped early: 1 of 4 levels are extrapolated" in done.err
    top, second, *_ = json.loads(done.out)["levels"]
    assert (top["source"], top["status"]) == ("extrapolated", "stopped")
    assert second["source"] == "estimated"
    assert EntropyResult.load(tmp_path / "x.nc").levels[0].status == "stopped"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_interrupt_aborts(run, interrupt, tmp_path, ising):
    interrupt(_estimate, 2, lambda done, text: True)
    done = run("estimate", ising, *QUICK, "--out", tmp_path / "x.nc")
    assert (done.code, done.out) == (130, "")
    assert done.err.endswith("\nerror: interrupted; no file was left half written\n")
    assert not list(tmp_path.iterdir())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_during_the_burn_in_writes_nothing(run, interrupt, tmp_path):
    interrupt(_sample, 1, lambda done, text: text == "burn-in")
    done = run("sample", *SLOW, "--burn-in", 100000, "--out", tmp_path / "x.nc")
    assert (done.code, done.out) == (130, "")
    assert done.err.endswith("error: stopped during the burn-in, before the first sample\n")
    assert not list(tmp_path.iterdir())


def test_an_interrupt_keeps_the_samples_so_far(run, interrupt, tmp_path):
    interrupt(_sample, 1, lambda done, text: done > 0)
    done = run("sample", *SLOW, "--thinning", 400, "--seed", 4, "--out", tmp_path / "x.nc")
    saved = io.load(tmp_path / "x.nc")
    assert done.code == 130 and f"holds {saved.n} of them" in done.err
    assert done.out.startswith(f"{saved.n} samples of 8x8")
    assert saved.chains == 8 and 8 <= saved.n < 20000 and saved.provenance["complete"] is False
    model = moiety.system("ising-square", size=8, temperature=2.0)
    whole = model.sample(saved.n, thinning=400, seed=4)
    assert np.array_equal(saved.values, whole.values)  # the draws of an uninterrupted run


def test_a_second_interrupt_drops_the_samples(run, interrupt, tmp_path):
    interrupt(_sample, 2, lambda done, text: True)
    done = run("sample", *SLOW, "--out", tmp_path / "x.nc")
    assert (done.code, done.out) == (130, "")
    assert done.err.endswith("error: interrupted; no file was left half written\n")
    assert not list(tmp_path.iterdir())


# Processes


def start(*words, **streams) -> subprocess.Popen:
    command = [sys.executable, "-m", "moiety", *map(str, words)]
    return subprocess.Popen(command, text=True, **streams)


def test_a_terminal_shows_progress_and_stdout_stays_pure(ising):
    """A bar on stderr, one JSON object on stdout; Ctrl-C from the keyboard stops early."""
    keyboard, terminal = pty.openpty()
    words = ("estimate", ising, "--steps", "100000", "--no-cross-check", "--json")
    process = start(*words, stdout=subprocess.PIPE, stderr=terminal, start_new_session=True)
    os.close(terminal)
    shown = ""
    while not re.search(r"\dx\d \| \dx\d", shown):  # the first level is being estimated
        shown += os.read(keyboard, 1000).decode()
    process.send_signal(signal.SIGINT)
    while True:
        try:
            shown += os.read(keyboard, 1000).decode()
        except OSError:  # Linux: the other end is closed
            break
    out = process.communicate()[0]
    os.close(keyboard)
    assert process.returncode == 0
    assert "stopping early" in shown and "stopped early" in shown
    assert "extrapolated" in {level["source"] for level in json.loads(out)["levels"]}


def test_the_exit_code_and_the_error_of_a_process():
    process = start("sample", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate()
    error = "error: missing argument 'SYSTEM'; see moiety sample --help\n"
    assert (process.returncode, out, err) == (2, "", error)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_closed_pipe_is_silent(option):
    process = start(option, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()  # long before it prints
    assert process.stderr.read() == ""
    assert process.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_stdout_is_one_line():
    with open("/dev/full", "w") as full:
        process = start("--version", stdout=full, stderr=subprocess.PIPE)
        _, err = process.communicate()
    assert (process.returncode, err.count("\n")) == (2, 1)
    assert "No space left" in err
