"""What `moiety sweep` shows while it runs."""

import io
import sys

import pytest

from moiety.cli._watching import table, watching
from moiety.sweep import Plan
from moiety.sweep.store import State

PLAN = Plan.of(
    {"system": [{"name": "ising-square", "size": 8, "temperature": [3.0, 2.8, 2.6, 2.4, 2.2, 2.0]}]}
)
NOW = 1e9  # seconds of the epoch
DONE = {"entropy": 0.5, "error": 0.001, "ok": True, "seconds": 30.0}


def at_work(share, since):
    return {"share": share, "text": "4x4 | 4x4", "host": "here", "since": NOW - since}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("moiety.cli._watching.time", lambda: NOW)


def states(*known):
    """The first state points of the plan as told, the others left."""
    rest = [("left", {})] * (len(PLAN.points) - len(known))
    return [
        State(point, *row, 3 if row[0] == "failed" else 0)
        for point, row in zip(PLAN.points, [*known, *rest], strict=True)
    ]


def shown(found, fresh, seconds, width=100):
    from rich.console import Console

    console = Console(file=io.StringIO(), width=width)
    console.print(table(found, fresh, seconds))
    return console.file.getvalue()


def test_the_table_tells_what_is_at_work_and_for_how_long_still():
    now = states(("done", DONE), ("failed", {}), ("running", at_work(0.25, 20)))
    text = shown(now, 1, 60)
    work = next(line for line in text.splitlines() if "temperature 2.6" in line)
    assert work.split()[-4:] == ["20", "s", "60", "s"] and "4x4 | 4x4" in work
    assert "failed" in next(line for line in text.splitlines() if "temperature 2.8" in line)
    # 1.25 state points in a minute; 0.75 of one and three more are left
    assert (
        text.splitlines()[-1]
        == "1 of 6 state points done, 1 running, 1 failed, 3 left; 1.2 a minute, about 3 min left"
    )
    assert "temperature 2.2" not in text  # neither at work nor failed


def test_nothing_is_foretold_from_nothing():
    text = shown(states(("running", at_work(0.01, 1))), 0, 1)
    assert "minute" not in text and "0 of 6 state points done, 1 running, 5 left" in text
    assert "minute" not in shown(states(*[("done", DONE)] * 6), 6, 60)


def test_it_fits_a_narrow_terminal():
    for width in (40, 60, 100):
        lines = shown(states(("running", at_work(0.5, 10))), 0, 10, width).splitlines()
        assert max(map(len, lines)) <= width


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_terminal_has_a_table_and_a_file_has_lines(monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream())
    monkeypatch.setenv("TERM", "xterm")
    with watching(PLAN.points[:3]) as update:
        update(states(("running", at_work(0.5, 10))))
        update(states(("done", DONE), ("running", at_work(0.5, 10))))
    said = sys.stderr.getvalue()
    if stream is Terminal:
        assert (
            "\x1b[" in said and "1 of 3 state points done" in said and said.endswith("\x1b[2K")
        )  # it is gone at the end
    else:
        assert (
            said
            == "1/3 done     system ising-square, size 8, temperature 3, seed 0: s = 0.5000 ± 0.0010, 30 s\n"
        )
