"""What a fuzzing process leaves behind: counts that survive its death, and its crashes."""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import time

from moiety import InputError

__all__ = ["LONGEST", "MOST", "Journal", "attempt"]

LONGEST = 2.0  # seconds of work that an input may take
MOST = 2**30  # bytes by which the memory may grow
_ENTRY = struct.Struct("<qqd")


class Journal:
    """Counts in a file that is mapped into memory, and crashes as files.

    Args:
        folder: Folder of the journal.
    """

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, path = folder, folder / "counts"
        if not path.exists():
            path.write_bytes(bytes(_ENTRY.size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _ENTRY.size)

    @property
    def executions(self) -> int:
        """Number of inputs that were read."""
        return int(_ENTRY.unpack(self._map[:])[0])

    @property
    def current(self) -> tuple[int, float]:
        """The case that is being read, and since when (in seconds since the epoch)."""
        _, case, since = _ENTRY.unpack(self._map[:])
        return int(case), float(since)

    def begin(self, case: int = 0) -> None:
        """Note the start of a case."""
        self._map[:] = _ENTRY.pack(self.executions, case, time())

    def rest(self) -> None:
        """Note that nothing is being read."""
        self._map[:] = _ENTRY.pack(self.executions, self.current[0], 0.0)

    def end(self) -> None:
        """Note the end of a case."""
        self._map[:] = _ENTRY.pack(self.executions + 1, self.current[0], 0.0)

    def crash(self, kind: str, detail: str, data: bytes) -> None:
        """Keep one input of each kind of crash.

        Args:
            kind: What happened, without numbers that change from input to input.
            detail: A traceback or more words.
            data: The input.
        """
        name = hashlib.sha256(kind.encode()).hexdigest()[:12]
        if not (self.folder / f"crash-{name}.json").exists():
            (self.folder / f"crash-{name}.bin").write_bytes(data)
            record = {"kind": kind, "detail": detail, "bytes": len(data)}
            (self.folder / f"crash-{name}.json").write_text(json.dumps(record, indent=1))

    def crashes(self) -> list[dict[str, str]]:
        """The kinds of crashes so far."""
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("crash-*.json"))]


@contextmanager
def attempt(journal: Journal, data: bytes, case: int = 0) -> Iterator[None]:
    """Count a reading of an input, and keep it if it crashes, takes long or takes memory.

    Args:
        journal: Where to count.
        data: The input.
        case: Number of the case.
    """
    journal.begin(case)
    started, before = _worked(), getrusage(RUSAGE_SELF).ru_maxrss
    try:
        yield
    except InputError as error:
        if len(str(error).splitlines()) != 1:
            journal.crash("an error of several lines", str(error), data)
        elif isinstance(error.__cause__, MemoryError):
            journal.crash(f"memory: {place(error.__cause__)}", str(error), data)
    except Exception as error:
        journal.crash(f"{type(error).__name__}: {place(error)}", traceback.format_exc(), data)
    seconds, grown = _worked() - started, getrusage(RUSAGE_SELF).ru_maxrss - before
    if seconds > LONGEST:
        journal.crash("slow", f"{seconds:.1f} s", data)
    if grown * 1024 > MOST:
        journal.crash("large", f"{grown / 2**20:.1f} GiB", data)
    journal.end()


def _worked() -> float:
    """Seconds of work of this process and of its children that ended, on a machine however busy."""
    return sum(sum(getrusage(whose)[:2]) for whose in (RUSAGE_SELF, RUSAGE_CHILDREN))


def place(error: BaseException) -> str:
    """The deepest line of moiety in a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "moiety" in frame.filename] or frames
    last = ours[-1] if ours else None
    return f"{Path(last.filename).name}:{last.name}" if last else "nowhere"
