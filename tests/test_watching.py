"""What `moiety sweep` shows while it runs."""

import io
import sys

import pytest
from rich.console import Console

from moiety.cli._watching import table, watching
from moiety.sweep import Plan
from moiety.sweep.store import State

TEMPERATURES = [3.0, 2.8, 2.6, 2.4, 2.2, 2.0]
PLAN = Plan.of({"system": [{"name": "ising-square", "size": 8, "temperature": TEMPERATURES}]})
NOW = 1e9  # seconds since the epoch
DONE = ("done", {"entropy": 0.5, "error": 0.001, "ok": True, "seconds": 30.0})
FAILED, LEFT = ("failed", {}), ("left", {})


def running(share, seconds):
    return ("running", {"share": share, "text": "4x4 | 4x4", "since": NOW - seconds})


@pytest.fixture(autouse=True)
def fixed_time(monkeypatch):
    monkeypatch.setattr("moiety.cli._watching.time", lambda: NOW)


def states(*known):
    """The given states for the first state points; the others are left."""
    rows = [*known, *[LEFT] * (len(PLAN.points) - len(known))]
    return [
        State(point, state, details, 3 if state == "failed" else 0)
        for point, (state, details) in zip(PLAN.points, rows, strict=True)
    ]


def printed(states, fresh, seconds, width=100):
    console = Console(file=io.StringIO(), width=width)
    console.print(table(states, fresh, seconds))
    return console.file.getvalue()


def test_the_table_shows_running_points_and_the_remaining_time():
    lines = printed(states(DONE, FAILED, running(0.25, 20)), 1, 60).splitlines()
    row = next(line for line in lines if "temperature 2.6" in line)
    assert row.split()[-4:] == ["20", "s", "60", "s"] and "4x4 | 4x4" in row
    assert "failed" in next(line for line in lines if "temperature 2.8" in line)
    # 1.25 state points in a minute; 3.75 are left
    summary = "1 of 6 state points done, 1 running, 1 failed, 3 left; 1.2 per minute"
    assert lines[-1] == f"{summary}, about 3 min left"
    assert not any("temperature 2.2" in line for line in lines)  # neither running nor failed


def test_no_remaining_time_without_progress():
    text = printed(states(running(0.01, 1)), 0, 1)
    assert "minute" not in text and "0 of 6 state points done, 1 running, 5 left" in text
    assert "minute" not in printed(states(*[DONE] * 6), 6, 60)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_the_table_fits_a_narrow_terminal(width):
    lines = printed(states(running(0.5, 10)), 0, 10, width).splitlines()
    assert max(map(len, lines)) <= width


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_terminal_gets_a_table_and_a_file_gets_lines(monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream())
    monkeypatch.setenv("TERM", "xterm")
    with watching(PLAN.points[:3]) as update:
        update(states(running(0.5, 10)))
        update(states(DONE, running(0.5, 10)))
    text = sys.stderr.getvalue()
    if stream is Terminal:
        assert "\x1b[" in text and "1 of 3 state points done" in text
        assert text.endswith("\x1b[2K")  # the table disappears at the end
    else:
        point = "system ising-square, size 8, temperature 3, seed 0"
        assert text == f"1/3 done     {point}: s = 0.5000 ± 0.0010, 30 s\n"
