"""Write output completely or not at all.

Output goes to a hidden sibling of the target first, which is renamed at the end: an
error, a full disk or Ctrl-C leaves the folder unchanged.  What a killed process leaves behind is
deleted by the first write to the folder after a day.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from secrets import token_hex

from .errors import InputError

__all__ = ["PREFIX", "atomic", "check_output", "sweep"]

PREFIX = ".moiety-"  # of temporary files and folders
_REMAINS = re.compile(r"\.moiety-[0-9a-z_]{8,12}(?:\.\w+|\.(?P<target>.+)\.old)?")
_DAY = 86_400  # seconds
_LONGEST = 200  # characters of a name
_STORE_MARKS = ("zarr.json", ".zgroup", ".zarray")


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Context with a temporary path that replaces `path` at the end, unless an error occurs.

    The body of the `with` statement writes a file or a folder to the temporary path, which
    has the suffix of `path`.

    Args:
        path: Final path of the file or folder; replaced if it exists.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic(folder / "note.txt") as part:
        ...     _ = part.write_text("whole")
        >>> [file.name for file in folder.iterdir()]
        ['note.txt']
    """
    path = Path(os.path.realpath(path))  # a link remains a link
    _sweep_once(path.parent)
    part = path.with_name(f"{PREFIX}{token_hex(6)}{path.suffix}")
    try:
        yield part
        _move(part, path)
    finally:
        _remove(part)


def sweep(folder: str | os.PathLike[str]) -> None:
    """Delete temporary files older than a day, which killed processes left behind.

    Args:
        folder: The folder; not those in it.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in (".moiety-0123456789ab.nc", "result.nc"):
        ...     (folder / name).touch()
        ...     os.utime(folder / name, (0, 0))
        >>> sweep(folder)
        >>> [file.name for file in folder.iterdir()]
        ['result.nc']
    """
    with suppress(OSError):
        for entry in [*os.scandir(folder)]:
            found = _REMAINS.fullmatch(entry.name)
            if found and time.time() - entry.stat(follow_symlinks=False).st_mtime > _DAY:
                target = found["target"]
                # What a folder replaces is needed until the folder is in its place.
                if target is None or os.path.lexists(Path(folder) / target):
                    with suppress(OSError):
                        _remove(Path(entry.path))


@cache
def _sweep_once(folder: Path) -> None:
    sweep(folder)


def check_output(path: str | os.PathLike[str], force: bool = False) -> None:
    """Refuse an output path that cannot or should not be written, before long work.

    Args:
        path: Path of the file or Zarr store to be written later.
        force: Whether an existing file may be replaced.  Folders are never replaced, except
            Zarr stores, and devices, pipes and links to nothing never are.

    Raises:
        InputError: The path exists, or its folder does not exist or is not writable.
    """
    path = Path(path)
    shown, folder = _one_line(path), path.parent
    if not os.path.isdir(folder):
        raise InputError(f"{shown}: the folder {_one_line(folder)} does not exist; create it first")
    if os.path.isdir(path) and not (path.suffix.lower() == ".zarr" and _is_store(path)):
        raise InputError(f"{shown}: is a folder; give the name of a file in it")
    if not os.path.isdir(path) and os.path.lexists(path) and not os.path.isfile(path):
        raise InputError(f"{shown}: is no regular file; choose the name of a new file")
    if os.path.lexists(path) and not force:
        raise InputError(
            f"{shown}: exists already; choose another name, or replace it with force=True (--force)"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{shown}: its folder is not writable; choose another")


def _one_line(path: Path) -> str:
    return " ".join(str(path).split())


def _is_store(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in _STORE_MARKS) or not any(folder.iterdir())


def _move(part: Path, path: Path) -> None:
    if not part.is_dir() and not path.is_dir():
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())  # the content must reach the disk before the name
        os.replace(part, path)
        return
    # A folder cannot replace another.
    old = part.with_name(f"{PREFIX}{token_hex(6)}.{path.name[:_LONGEST]}.old")
    try:
        if path.exists():
            os.replace(path, old)
        os.replace(part, path)
    finally:
        if old.exists() and not path.exists():
            os.replace(old, path)
        _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
