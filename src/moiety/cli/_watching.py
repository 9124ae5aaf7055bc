"""How a sweep stands while it runs: a live table on a terminal, else a line for each state point that is finished."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter, time
from typing import Any

from ._terminal import note

__all__ = ["counted", "in_words", "table", "told", "watching"]

_SHOWN = 12  # state points in the live table
_MOST = 0.9  # of a state point whose cuts are all trained: refining and the cross-check are to come
_LEAST = 0.05  # of a state point, from which on the time that it takes can be told

Update = Callable[[Sequence[Any]], None]


@contextmanager
def watching(points: Sequence[Any]) -> Iterator[Update]:
    """Told the states of a plan again and again, shows on stderr how these of its state points stand."""
    keys, started = {point.key for point in points}, perf_counter()
    if not (sys.stderr and sys.stderr.isatty()):
        lines = _lines()
        yield lambda states: lines([state for state in states if state.point.key in keys])
        return
    from rich.console import Console
    from rich.live import Live

    before: list[int] = []
    with Live(console=Console(stderr=True), transient=True, refresh_per_second=4) as live:

        def update(states: Sequence[Any]) -> None:
            mine = [state for state in states if state.point.key in keys]
            done = sum(state.state == "done" for state in mine)
            before.append(done) if not before else None
            live.update(table(mine, done - before[0], perf_counter() - started))

        yield update


def _lines() -> Update:
    seen: set[str] = set()

    def update(states: Sequence[Any]) -> None:
        fresh = [
            state
            for state in states
            if state.state in ("done", "failed") and state.point.key not in seen
        ]
        first = not seen
        seen.update(state.point.key for state in fresh)
        for state in () if first and len(fresh) > 1 else fresh:
            note(f"{len(seen)}/{len(states)} {told(state)}")

    return update


def table(states: Sequence[Any], fresh: int, seconds: float) -> Any:
    """What has failed, what is at work and for how long still, and how far all is.

    Arguments:
        states: Of all state points.
        fresh: How many were done in so many `seconds`.
        seconds: See `fresh`.

    Returns:
        Something that rich can show.
    """
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    rows = Table(box=None, pad_edge=False, header_style="dim")
    rows.add_column("state point", no_wrap=True, overflow="ellipsis", ratio=1)
    for name in ("", "at", "for", "left"):
        rows.add_column(name, no_wrap=True, justify="right" if name in ("for", "left") else "left")
    busy = [state for state in states if state.state == "running"]
    for state in [one for one in states if one.state == "failed"][:_SHOWN]:
        rows.add_row(
            Text(str(state.point)), Text("failed", style="red"), f"{state.failures} times", "", ""
        )
    for state in busy[:_SHOWN]:
        share, since = state.said["share"], time() - state.said.get("since", time())
        rest = in_words(since * (1 - share) / share) if _LEAST < share < _MOST else ""
        rows.add_row(
            Text(str(state.point)),
            ProgressBar(1.0, share, width=16),
            Text(state.said["text"]),
            in_words(since),
            rest,
        )
    more = (
        [Text(f"and {len(busy) - _SHOWN} more at work", style="dim")] if len(busy) > _SHOWN else []
    )
    done = sum(state.state == "done" for state in states)
    whole = Table.grid()  # a bar alone ends no line
    whole.add_row(ProgressBar(float(len(states)), float(done), width=40))
    return Group(
        *([rows] if rows.row_count else []),
        *more,
        whole,
        Text(counted(states) + _pace(states, fresh, seconds)),
    )


def _pace(states: Sequence[Any], fresh: int, seconds: float) -> str:
    """State points a minute and the time left; those at work count as far as they are."""
    left = sum(state.state in ("left", "running") for state in states)
    begun = sum(min(state.said["share"], _MOST) for state in states if state.state == "running")
    if not left or fresh + begun < _LEAST or seconds <= 0:
        return ""
    rate = (fresh + begun) / seconds
    return f"; {60 * rate:.2g} a minute, about {in_words((left - begun) / rate)} left"


def told(state: Any) -> str:
    """One line of a state point."""
    from ..base.words import measured

    said = state.said
    if state.state == "done":
        doubt = "" if said["ok"] else ", doubtful"
        return f"done     {state.point}: s = {measured(said['entropy'], said['error'])}{doubt}, {said['seconds']:.0f} s"
    if state.state == "running":
        return f"running  {state.point}: {said['share']:.0%}, {said['text']}, on {said['host']}"
    return f"{state.state:<8} {state.point}" + (
        f": failed {state.failures} times" if state.failures else ""
    )


def counted(states: Sequence[Any]) -> str:
    """How many are done, and what the others do."""
    counts = {
        name: sum(state.state == name for state in states)
        for name in ("done", "running", "failed", "left")
    }
    return f"{counts['done']} of {len(states)} state points done" + "".join(
        f", {counts[name]} {name}" for name in ("running", "failed", "left") if counts[name]
    )


def in_words(seconds: float) -> str:
    """A time in short.

    Example:
        >>> in_words(48), in_words(400), in_words(9000)
        ('48 s', '7 min', '2.5 h')
    """
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )
