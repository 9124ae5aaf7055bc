"""Read a file in a process of its own, so that a crash of a library is one line.

The first call starts a process that imports the libraries and then waits; for each file it makes a
copy of itself by `fork`, which takes milliseconds, and limits the time and memory of the copy
(see `_child`).  Values come back through files without names, so nothing stays behind.  Systems
other than Linux read the file in this process, without the limits.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._format import Stored
from ._spool import Place, Spool

__all__ = ["Tree", "ask", "ask_for_array", "ask_for_particles", "needs"]

_ROOT = Path(__file__).parents[2]  # the folder of the package
_LONGEST, _STATUS = 2**17, 64  # bytes of a question and of a status
_IS_LINUX = sys.platform == "linux"
_LIMITED = {signal.SIGXCPU, signal.SIGALRM}


@dataclass(frozen=True)
class Tree:
    """All variables of a netCDF file.

    Args:
        variables: Dimensions, values (an array or a list of text) and attributes by name.
        attributes: Attributes of the file.
    """

    variables: Mapping[str, tuple[tuple[str, ...], Any, Mapping[str, Any]]]
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Unreadable(RuntimeError):
    """The message of a library that could not read a file."""


def needs(package: str, files: str, extra: str) -> None:
    """Refuse files whose package is not installed.

    Args:
        package: Name of the package.
        files: What needs it, for the message.
        extra: The optional extra of moiety that installs it.

    Raises:
        InputError: The package is missing.
    """
    if find_spec(package) is None:
        raise InputError(
            f"{files} the package {package}; install it with pip install 'moiety[{extra}]'"
        )


def ask_for_array(reader: str, path: Path, **options: Any) -> Stored:
    """Read an array in another process.

    Args:
        reader: Name of the reader, as in `_child`.
        path: The file.
        options: Its other arguments.
    """
    found = ask(reader, path, **options)
    if not isinstance(found, Stored):
        raise TypeError("it holds no array")
    return found


def ask_for_particles(reader: str, path: Path, **options: Any) -> Particles:
    """Read particles in another process.

    Args:
        reader: Name of the reader, as in `_child`.
        path: The file.
        options: Its other arguments.
    """
    found = ask(reader, path, **options)
    if not isinstance(found, Particles):
        raise TypeError("it holds no particles")
    return found


def ask(reader: str, path: Path, **options: Any) -> Stored | Particles | Tree:
    """Read a file in another process.

    Args:
        reader: Name of the reader, as in `_child`.
        path: The file.
        options: Its other arguments, in JSON.

    Raises:
        InputError: The reader refused the file, crashed or took too much time or memory.
        Unreadable: A library failed; its message.
    """
    job = {"reader": reader, "path": os.path.abspath(path), "options": options}
    with tempfile.TemporaryFile() as values, tempfile.TemporaryFile() as answer:
        if _IS_LINUX:
            status = _process(os.getpid()).run(job, values, answer)
            if status:
                raise InputError(_ending(status))
        else:
            _read_here(job, values, answer)
        answer.seek(0)
        return _unpacked(json.load(answer), Spool(values.fileno()))


def _read_here(job: Mapping[str, Any], values: IO[bytes], answer: IO[bytes]) -> None:
    """Read a file in this process: only Linux can limit a copy and end it with its parent."""
    from . import _child

    answer.write(_child.answer(job, values.fileno()))


def _ending(status: int) -> str:
    """Why a process ended without an answer."""
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number in _LIMITED:
        return "cannot be read: it takes far more time than a file of its size should; damaged?"
    if number == signal.SIGKILL:
        return "cannot be read: the system ended the process that read it; out of memory?"
    name = signal.Signals(number).name if number else f"exit code {os.WEXITSTATUS(status)}"
    return f"cannot be read: the library for this format crashed ({name}); damaged?"


def _unpacked(answer: Mapping[str, Any], spool: Spool) -> Stored | Particles | Tree:
    if "refused" in answer:
        raise InputError(answer["refused"])
    if "failed" in answer:
        raise Unreadable(answer["failed"])

    def array(place: Any) -> Any:
        return spool.get(Place(place[0], place[1], tuple(place[2])))

    if "array" in answer:
        dims = answer["dims"] and tuple(answer["dims"])
        return Stored(array(answer["array"]), dims, answer["attributes"])
    if "variables" in answer:
        variables = {
            name: (tuple(dims), texts if place is None else array(place), attributes)
            for name, (dims, place, texts, attributes) in answer["variables"].items()
        }
        return Tree(variables, answer["attributes"])
    columns = {name: array(place) for name, place in answer["columns"].items()}
    measured = {name: array(place) for name, place in answer["measured"].items()}
    return Particles(**columns, **{**answer["fields"], "measured": measured} | _flags(answer))


def _flags(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"periodic": tuple(answer["fields"]["periodic"])}


@cache
def _process(owner: int) -> _Process:
    """The waiting process of this process; after a fork, another."""
    return _Process(owner)


class _Process:
    """A process that waits for questions; started at the first one, and again after a failure."""

    def __init__(self, owner: int) -> None:
        self._owner = owner
        self._lock = threading.Lock()
        self._popen: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        atexit.register(self.end)

    def run(self, job: Mapping[str, Any], values: IO[bytes], answer: IO[bytes]) -> int:
        """Run a job and return the exit status of the copy that ran it."""
        message = json.dumps(job, default=_plain).encode() + b"\n"
        if len(message) > _LONGEST:
            raise InputError("an option is too long; check what was given")
        with self._lock, self._ended_if_interrupted():
            for attempt in (0, 1):
                line = self._started()
                with suppress(OSError):
                    files = [values.fileno(), answer.fileno()]
                    sent = socket.send_fds(line, [message], files)
                    line.sendall(message[sent:])
                    if status := line.recv(_STATUS):
                        return int(status)
                self.end()  # another program killed it while it was waiting
                if attempt:
                    break
        raise InputError("cannot be read: the process that reads files does not start")

    @contextmanager
    def _ended_if_interrupted(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.end()
            raise

    def _started(self) -> socket.socket:
        if self._socket is not None and self._popen is not None and self._popen.poll() is None:
            return self._socket
        self.end()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            command = [sys.executable, "-P", "-m", "moiety.io._child", str(theirs.fileno())]
            quiet = subprocess.DEVNULL
            self._popen = subprocess.Popen(
                command, stdin=quiet, stdout=quiet, stderr=quiet, env=_environment(),
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
        self._socket = ours
        return ours

    def end(self) -> None:
        """End the waiting process and what it runs."""
        if self._socket is not None:
            self._socket.close()
        if self._popen is not None and os.getpid() == self._owner:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()
        self._popen = self._socket = None


def _plain(flags: Any) -> Any:
    """Flags as lists: they may be an array."""
    return np.asarray(flags).tolist()


def _environment() -> dict[str, str]:
    """One thread, so that copies are safe, and this version of moiety."""
    paths = filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")])
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    return {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(paths)}
