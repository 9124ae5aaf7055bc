"""The marker of a store, and the rules that keep a sweep away from other people's files.

A store is recognised by `moiety-store.json`.  Stores of version 0.1.0 have no marker; they are
recognised by their plan and by the names of their state points.  Links inside a store are never
followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..base.atomic import PREFIX
from ..base.errors import InputError
from ._files import read_json, write_text
from ._records import Marker, SavedPlan, parsed

__all__ = ["MARKER", "POINTS", "check_folder", "is_key", "is_store", "mark", "refuse_links"]

MARKER = "moiety-store.json"
POINTS = "points"
_FORMAT = 1
_TOP = (MARKER, "plan.json", "plan.toml", POINTS)


def is_key(name: str) -> bool:
    """Return whether a name can be the key of a state point.

    Args:
        name: Name of a folder.

    Example:
        >>> is_key("c363fafca6fe482e"), is_key("c363fafca6fe482e.old"), is_key("data")
        (True, False, False)
    """
    return re.fullmatch(r"[0-9a-f]{16}", name) is not None


def check_folder(folder: Path) -> None:
    """Refuse a folder that a sweep must not write to.

    Args:
        folder: Folder of a store, which may not exist yet.

    Raises:
        InputError: It is no folder, it holds something else, or a part of it is a link.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir():
        raise InputError(f"{folder}: is not a folder; choose another name for the store")
    try:
        is_empty = not _names(folder)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be read ({error.strerror}); choose another folder"
        ) from error
    if not is_empty and not is_store(folder):
        raise InputError(
            f"{folder}: is not empty and holds no sweep; choose a new or empty folder with --out"
        )


def is_store(folder: Path) -> bool:
    """Return whether a folder is the store of a sweep.

    Args:
        folder: The folder.

    Raises:
        InputError: It is a store of a later version, or a part of it is a link.
    """
    if not folder.is_dir():
        return False
    # another job may write the marker between the first two looks
    found = _is_marked(folder) or _is_unmarked_store(folder) or _is_marked(folder)
    if found:
        refuse_links(folder, _TOP)
    return found


def _is_marked(folder: Path) -> bool:
    marker = parsed(Marker, read_json(folder / MARKER))
    if marker and marker.format > _FORMAT:
        raise InputError(f"{folder}: was written by a later version of moiety; install that one")
    return marker is not None


def _is_unmarked_store(folder: Path) -> bool:
    """Return whether version 0.1.0 made this folder: its names, and its plan if there is one."""
    points = folder / POINTS
    if not points.is_dir() or not all(map(is_key, (part.name for part in points.iterdir()))):
        return False
    if (folder / "plan.json").exists():
        return parsed(SavedPlan, read_json(folder / "plan.json")) is not None
    return _names(folder) == {POINTS}


def _names(folder: Path) -> set[str]:
    """Return the names in a folder, without files that another process is about to rename."""
    return {part.name for part in folder.iterdir() if not part.name.startswith(PREFIX)}


def mark(folder: Path) -> None:
    """Make a folder the store of a sweep.

    Args:
        folder: Folder that passed `check_folder`.

    Raises:
        InputError: The folder cannot be created.
    """
    try:
        (folder / POINTS).mkdir(parents=True, exist_ok=True)
        if not (folder / MARKER).is_file():
            write_text(folder / MARKER, Marker(format=_FORMAT).model_dump_json())
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be created ({error.strerror}); choose another folder"
        ) from error


def refuse_links(folder: Path, names: Iterable[str]) -> None:
    """Refuse a folder in which one of these names is a link: it may lead to other people's files.

    Args:
        folder: The folder.
        names: Names in it.

    Raises:
        InputError: One of them is a link.
    """
    for path in (folder / name for name in names):
        if path.is_symlink():
            raise InputError(f"{path}: is a link, which a store never has; remove it")
