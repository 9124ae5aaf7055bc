"""Files that HDF5 writes through Python, because it crashes where a write to the disk fails.

HDF5 keeps a file that it could not write and tries again when the interpreter ends, which is a
segmentation fault.  So it never hears of a failure: what could not be written is kept as long as
HDF5 may read it again, and the error is raised when HDF5 is done.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Stream", "writing"]

_STRUCTURE = 2**20  # bytes; pieces of this size and more are values, which HDF5 does not read again


class Stream(io.RawIOBase):
    """An open file whose writes never fail; `check` raises what went wrong.

    Args:
        file: The file, without a buffer.
    """

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._error: OSError | None = None
        self._unwritten: dict[int, bytes] = {}

    def check(self) -> None:
        """Raise the first error of a write, if there was one.

        Raises:
            OSError: For example, the disk is full.
        """
        if self._error is not None:
            raise self._error

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read as many bytes as the buffer takes; zeros beyond the end.

        Args:
            buffer: Where they go.
        """
        start = self.tell()
        found = self._file.readinto(buffer) or 0
        kept = self._unwritten.get(start, b"")[: len(buffer)]
        if self._error is None:
            return found
        buffer[: len(kept)] = kept
        self.seek(start + len(buffer))
        return len(buffer)

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        """Write all bytes, or keep them if that fails.

        Args:
            data: The bytes.
        """
        start, size, left = self.tell(), len(data), data
        try:
            self.check()
            while len(left):
                left = left[self._file.write(left) :]
        except OSError as error:
            self._error = self._error or error
            if size < _STRUCTURE:
                self._unwritten[start] = bytes(data)
            self.seek(start + size)
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the length of the file.

        Args:
            size: Its length in bytes.
        """
        try:
            self.check()
            return self._file.truncate(size)
        except OSError as error:
            self._error = self._error or error
            return size or 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a place in the file.

        Args:
            offset: Where to, relative to `whence`.
            whence: 0 for the start, 1 for here, 2 for the end.
        """
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place in the file."""
        return self._file.tell()

    def readable(self) -> bool:
        """Whether bytes can be read: always."""
        return True

    def writable(self) -> bool:
        """Whether bytes can be written: always."""
        return True

    def seekable(self) -> bool:
        """Whether the place can be moved: always."""
        return True


@contextmanager
def writing(path: Path) -> Iterator[Stream]:
    """Open a new file for HDF5.

    Args:
        path: The file.

    Raises:
        OSError: A write failed; raised at the end.
    """
    with path.open("w+b", buffering=0) as file:
        stream = Stream(file)
        yield stream
        stream.check()
