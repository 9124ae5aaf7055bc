"""Progress of a running sweep: a live table on a terminal, otherwise a line per finished point."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter, time
from typing import TYPE_CHECKING

from ._terminal import note

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from ..sweep import Point
    from ..sweep.store import State

__all__ = ["counted", "describe", "duration", "table", "watching"]

_ROWS = 12  # most state points in the live table
_MOST = 0.9  # share of a state point with trained cuts; refining and the cross-check remain
_LEAST = 0.05  # share of a state point from which on the remaining time is shown

Watch = Callable[[Sequence["State"]], None]


@contextmanager
def watching(points: Sequence[Point]) -> Iterator[Watch]:
    """Show on stderr how a sweep progresses.

    Args:
        points: State points to show.

    Yields:
        A function to call regularly with the states of all state points.
    """
    keys, started = {point.key for point in points}, perf_counter()
    if not (sys.stderr and sys.stderr.isatty()):
        lines = _lines()
        yield lambda states: lines([state for state in states if state.point.key in keys])
        return
    from rich.console import Console
    from rich.live import Live

    done_before: int | None = None
    with Live(console=Console(stderr=True), transient=True, refresh_per_second=4) as live:

        def update(states: Sequence[State]) -> None:
            nonlocal done_before
            shown = [state for state in states if state.point.key in keys]
            done = sum(state.state == "done" for state in shown)
            done_before = done if done_before is None else done_before
            live.update(table(shown, done - done_before, perf_counter() - started))

        yield update


def _lines() -> Watch:
    seen: set[str] = set()

    def update(states: Sequence[State]) -> None:
        fresh = [
            state
            for state in states
            if state.state in ("done", "failed") and state.point.key not in seen
        ]
        resumed = not seen and len(fresh) > 1  # finished by an earlier run
        seen.update(state.point.key for state in fresh)
        for state in () if resumed else fresh:
            note(f"{len(seen)}/{len(states)} {describe(state)}")

    return update


def table(states: Sequence[State], fresh: int, seconds: float) -> Group:
    """Return a table of failed and running state points, with a bar and the remaining time.

    Args:
        states: States of all state points.
        fresh: Number of state points finished by this run.
        seconds: Wall time of this run.
    """
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    rows = Table(box=None, pad_edge=False, header_style="dim")
    rows.add_column("state point", no_wrap=True, overflow="ellipsis", ratio=1)
    for name in ("", "at", "for", "left"):
        rows.add_column(name, no_wrap=True, justify="right" if name in ("for", "left") else "left")
    running = [state for state in states if state.state == "running"]
    for state in [state for state in states if state.state == "failed"][:_ROWS]:
        failed = Text("failed", style="red")
        rows.add_row(Text(str(state.point)), failed, f"{state.failures} times", "", "")
    for state in running[:_ROWS]:
        _add_running(rows, state)
    more = len(running) - _ROWS
    hidden = [Text(f"and {more} more running", style="dim")] if more > 0 else []
    done = sum(state.state == "done" for state in states)
    bar = Table.grid()  # a bare bar does not end its line
    bar.add_row(ProgressBar(float(len(states)), float(done), width=40))
    summary = Text(counted(states) + _pace(states, fresh, seconds))
    return Group(*([rows] if rows.row_count else []), *hidden, bar, summary)


def _add_running(rows: Table, state: State) -> None:
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    share, elapsed = state.details["share"], time() - state.details.get("since", time())
    rows.add_row(
        Text(str(state.point)),
        ProgressBar(1.0, share, width=16),
        Text(state.details["text"]),
        duration(elapsed),
        duration(elapsed * (1 - share) / share) if _LEAST < share < _MOST else "",
    )


def _pace(states: Sequence[State], fresh: int, seconds: float) -> str:
    """Return state points per minute and the remaining time, counting running points in part."""
    left = sum(state.state in ("left", "running") for state in states)
    begun = sum(min(state.details["share"], _MOST) for state in states if state.state == "running")
    if not left or fresh + begun < _LEAST or seconds <= 0:
        return ""
    rate = (fresh + begun) / seconds
    return f"; {60 * rate:.2g} per minute, about {duration((left - begun) / rate)} left"


def describe(state: State) -> str:
    """Return a line about a state point.

    Args:
        state: Its state.
    """
    from ..base.words import measured

    details = state.details
    if state.state == "done":
        entropy = measured(details["entropy"], details["error"])
        doubt = "" if details["ok"] else ", doubtful"
        return f"done     {state.point}: s = {entropy}{doubt}, {details['seconds']:.0f} s"
    if state.state == "running":
        progress = f"{details['share']:.0%}, {details['text']}, on {details['host']}"
        return f"running  {state.point}: {progress}"
    failures = f": failed {state.failures} times" if state.failures else ""
    return f"{state.state:<8} {state.point}{failures}"


def counted(states: Sequence[State]) -> str:
    """Return how many state points are done, running, failed and left.

    Args:
        states: States of all state points.
    """
    counts = {
        name: sum(state.state == name for state in states)
        for name in ("done", "running", "failed", "left")
    }
    return f"{counts['done']} of {len(states)} state points done" + "".join(
        f", {counts[name]} {name}" for name in ("running", "failed", "left") if counts[name]
    )


def duration(seconds: float) -> str:
    """Return a time in short form.

    Args:
        seconds: The time.

    Example:
        >>> duration(48), duration(400), duration(9000)
        ('48 s', '7 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
