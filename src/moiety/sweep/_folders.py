"""The folder of a state point: its files, the logs of its failures, and what may be deleted."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from ..base.atomic import PREFIX
from ._marker import is_key

__all__ = ["NAMES", "RESULTS", "clean", "failure_logs"]

RESULTS = ("result.nc", "networks.pt")
NAMES = (*RESULTS, "point.json", "done.json", "running.json", "lock")
_LOG = re.compile(r"failure-(\d{1,9})\.log")


def failure_logs(folder: Path) -> list[Path]:
    """Return the logs of failed attempts, oldest first.

    Args:
        folder: Folder of a state point.
    """
    found = [(path, _LOG.fullmatch(path.name)) for path in _files(folder)]
    return [path for _, path in sorted((int(match[1]), path) for path, match in found if match)]


def clean(folder: Path, is_wanted: bool) -> int:
    """Delete what is not needed of a state point; files that no store writes stay.

    Args:
        folder: Folder of a state point.
        is_wanted: Whether its result and networks stay.

    Returns:
        Number of files and folders that were deleted.
    """
    unneeded = [path for path in _files(folder) if _is_ours(path.name, is_wanted)]
    for path in unneeded:
        path.unlink(missing_ok=True)
    if is_wanted:
        return len(unneeded)
    if is_key(folder.name) and folder.is_dir() and not folder.is_symlink():
        with suppress(OSError):  # it holds other files, too
            folder.rmdir()
            return 1
    return len(unneeded)


def _files(folder: Path) -> list[Path]:
    """Return the files in the folder of a state point, without links."""
    if not is_key(folder.name) or folder.is_symlink() or not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()]


def _is_ours(name: str, is_wanted: bool) -> bool:
    """Return whether a store wrote a file of this name, and may delete it."""
    if name.startswith(PREFIX) or _LOG.fullmatch(name) or name == "running.json":
        return True
    return not is_wanted and name in NAMES
