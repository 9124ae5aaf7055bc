"""Ctrl-C and SIGTERM: the first asks long work to stop, and anything else ends at once.

Batch systems end a job by SIGTERM, which therefore does what Ctrl-C does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from time import monotonic
from types import FrameType

__all__ = ["Interrupts", "Terminated", "exit_code", "handling"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_TOGETHER = 1.0  # seconds within which a second SIGTERM is the same request, sent twice
_latest = [signal.SIGINT]  # the signal that came last; a handler can return nothing


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived outside of long work."""


def exit_code() -> int:
    """Return the exit code for work that a signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + _latest[0]


@contextmanager
def handling() -> Iterator[None]:
    """Turn SIGTERM into an exception, as Python does with Ctrl-C, so that files are tidied up."""
    _latest[0] = signal.SIGINT
    with _handler(signal.SIGTERM, _terminate):
        yield


@contextmanager
def _handler(number: int, handle: object) -> Iterator[None]:
    if current_thread() is not main_thread():  # Python handles signals there alone
        yield
        return
    before = signal.signal(number, handle)  # type: ignore[arg-type]  # a handler
    try:
        yield
    finally:
        signal.signal(number, before)


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    _latest[0] = signal.SIGTERM
    raise Terminated


class Interrupts:
    """Context in which the first Ctrl-C or SIGTERM asks to stop, and the second one interrupts.

    Args:
        text: Message for the first signal.

    Example:
        >>> with Interrupts("stopping") as stop:
        ...     stop()
        False
    """

    def __init__(self, text: str):
        self.text, self.requested = text, 0.0

    def __enter__(self) -> Interrupts:
        self.handlers = [_handler(number, self._handle) for number in _SIGNALS]
        for handler in self.handlers:
            handler.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for handler in reversed(self.handlers):
            handler.__exit__(None, None, None)

    def __call__(self) -> bool:
        """Return whether the user asked to stop."""
        return self.requested > 0

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        now = monotonic()
        if self.requested:
            if number == signal.SIGTERM and now - self.requested < _TOGETHER:
                return
            _latest[0] = signal.Signals(number)
            raise KeyboardInterrupt
        self.requested, _latest[0] = now, signal.Signals(number)
        clear = "\r\x1b[2K" if sys.stderr and sys.stderr.isatty() else ""
        with suppress(OSError):  # a full disk behind stderr
            # print() might be what was interrupted
            os.write(2, f"{clear}{self.text}\n".encode())
