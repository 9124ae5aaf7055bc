"""What reaches the terminal: results on stdout, notes and progress on stderr; and Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..base.errors import InputError

__all__ = ["Interrupts", "note", "one_line", "progress_bar", "say", "writing"]

Update = Callable[..., None]


def one_line(text: str) -> str:
    """The text without line breaks.

    Example:
        >>> one_line("choose from:\\n\\ta, b")
        'choose from: a, b'
    """
    return " ".join(text.split())


@contextmanager
def writing() -> Iterator[None]:
    """A full disk behind stdout is no bug; a reader that has gone is left to `main`."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(
            f"the output cannot be written ({error.strerror}); send it elsewhere"
        ) from error


def say(text: str) -> None:
    """A line on stdout."""
    with writing():
        print(text, flush=True)


def note(text: str) -> None:
    """A line on stderr."""
    print(text, file=sys.stderr)


@contextmanager
def progress_bar(first: str, quiet: bool = False) -> Iterator[Update | None]:
    """A bar on stderr that vanishes at the end: `update(done, total, text)`; None where nobody looks.

    Arguments:
        first: Text until the first update.
        quiet: No bar, even on a terminal.
    """
    if quiet or not (sys.stderr and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False
    ) as bar:
        task = bar.add_task(first, total=None, count="")

        def update(done: float, total: float, text: str) -> None:
            bar.update(
                task,
                completed=done,
                total=total,
                description=text,
                count=f"{int(done)}/{int(total)}",
            )

        yield update


class Interrupts:
    """The first Ctrl-C asks to stop, the second one interrupts.

    Arguments:
        text: Line for the first one.

    Example:
        >>> with Interrupts("stopping") as stop:
        ...     stop()
        False
    """

    def __init__(self, text: str):
        self.text, self.asked = text, False

    def __enter__(self) -> Interrupts:
        self.before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: Any) -> None:
        signal.signal(signal.SIGINT, self.before)

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.asked

    def _note(self, *_: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        clear = "\r\x1b[2K" if sys.stderr and sys.stderr.isatty() else ""
        os.write(
            2, f"{clear}{self.text}\n".encode()
        )  # print() might have been what was interrupted
