"""Ctrl-C and SIGTERM: the first asks long work to stop, and anything else ends at once.

Batch systems end a job by SIGTERM, which therefore does what Ctrl-C does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer, current_thread, main_thread
from time import monotonic
from types import FrameType

__all__ = ["Interrupts", "Terminated", "exit_code", "handling"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_AGAIN = 0.01  # seconds after which a signal that came at a bad time is sent again
_IMPORT = 10.0  # seconds for which an import may hold up a signal
_TOGETHER = 1.0  # seconds within which a second SIGTERM is the same request, sent twice
_latest = [signal.SIGINT]  # the signal that came last; a handler can return nothing


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived outside of long work."""


def exit_code() -> int:
    """Return the exit code for work that a signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + _latest[0]


@contextmanager
def handling() -> Iterator[None]:
    """Turn both signals into exceptions, so that files are tidied up."""
    _latest[0] = signal.SIGINT
    end = _End()
    with _nothing_lost(), _handler(signal.SIGTERM, end):
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored
            with _handler(signal.SIGINT, end):
                yield
        else:
            yield


class _End:
    """Handler that ends the command by an exception, once imports are done.

    Within an import, an exception can arrive as another one (initialization failed) or be dropped.
    """

    def __init__(self) -> None:
        self.since = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        _latest[0] = signal.Signals(number)
        self.since = self.since or monotonic()
        if _imports(frame) and monotonic() - self.since < _IMPORT:
            _send_again()
        else:
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _imports(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _send_again() -> None:
    Timer(_AGAIN, os.kill, (os.getpid(), _latest[0])).start()


@contextmanager
def _nothing_lost() -> Iterator[None]:
    """Send a signal again if its exception was raised where Python drops exceptions.

    A handler runs between any two instructions, also of a finalizer or of the callback of a weak
    reference, from which no exception gets out.
    """
    before = sys.unraisablehook

    def hook(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            _send_again()
        else:
            before(lost)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


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
