"""Terminal output: results on stdout, notes and progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ..base.errors import InputError
from ._signals import Interrupts

__all__ = ["Interrupts", "Update", "note", "one_line", "progress_bar", "say", "writing"]


class Update(Protocol):
    """Callback that moves a progress bar."""

    def __call__(self, done: float, total: float, text: str) -> None:
        """Show progress.

        Args:
            done: Finished steps.
            total: All steps.
            text: Current step.
        """


def one_line(text: str) -> str:
    r"""Return the text without line breaks and control characters, which could rule a terminal.

    Args:
        text: Any text.

    Example:
        >>> one_line("choose from:\n\ta, b"), one_line("\x1b[31mred")
        ('choose from: a, b', '?[31mred')
    """
    words = " ".join(text.split())
    return "".join(character if character.isprintable() else "?" for character in words)


@contextmanager
def writing() -> Iterator[None]:
    """Turn a full disk behind stdout into an `InputError`; `main` handles closed pipes."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(
            f"the output cannot be written ({error.strerror}); send it elsewhere"
        ) from error


def say(text: str) -> None:
    """Print a line on stdout.

    Args:
        text: The line.
    """
    with writing():
        print(text, flush=True)


def note(text: str) -> None:
    """Print a line on stderr.

    Args:
        text: The line.
    """
    print(text, file=sys.stderr)


@contextmanager
def progress_bar(first: str, quiet: bool = False) -> Iterator[Update | None]:
    """Show a progress bar on stderr that disappears at the end.

    Args:
        first: Text until the first update.
        quiet: Whether to show no bar, even on a terminal.

    Yields:
        The callback that moves the bar, or None if there is no bar.
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
