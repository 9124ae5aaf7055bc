"""Small files of a store: written atomically, read with tolerance for damage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.atomic import atomic
from ..base.errors import InputError
from ..systems import system
from ._records import SavedPoint
from .plan import Point

__all__ = ["describe", "digest", "read_json", "restore", "write_text"]

_LARGEST = 2**30  # bytes of a JSON file


def describe(point: Point) -> dict[str, Any]:
    """Return a state point as plain data.

    Args:
        point: The state point.
    """
    return {**point.configuration, "source": dict(point.source), "labels": dict(point.labels)}


def restore(saved: SavedPoint) -> Point:
    """Return the state point that `describe` turned into data.

    The sides of a lattice come back as lists, which have the same hash.

    Args:
        saved: Output of `describe`.

    Raises:
        InputError: It has neither a known system nor a file.
    """
    source = saved.source
    is_file = isinstance(source.get("file"), str) and isinstance(source.get("reading"), dict)
    if not (is_file or _is_system(source)) or not isinstance(saved.labels.get("seed"), int):
        raise InputError("holds a damaged state point; run moiety sweep again")
    labels = {  # version 0.1.0 kept the sides of files as lists
        name: "x".join(map(str, value)) if isinstance(value, list) else value
        for name, value in saved.labels.items()
    }
    settings = saved.settings
    return Point(source, settings, tuple(saved.baselines), saved.seed, labels, saved.before)


def _is_system(source: Mapping[str, Any]) -> bool:
    """Return whether a source is a system with valid parameters."""
    try:
        system(str(source["system"]), **source["parameters"])
    except (KeyError, TypeError, InputError):
        return False
    return "file" not in source


def write_text(path: Path, text: str) -> None:
    """Write a file atomically.

    Args:
        path: Name of the file.
        text: Its contents.
    """
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8", errors="surrogateescape")


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; return None if the file is missing or damaged.

    Args:
        path: Name of the file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8")) if _is_plain(path) else None
    except (OSError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _is_plain(path: Path) -> bool:
    """Return whether a path is a file of a sensible size: pipes and devices may never end."""
    return path.is_file() and path.stat().st_size <= _LARGEST


def digest(path: Path) -> str | None:
    """Return the digest of a file, or None if it cannot be read.

    Args:
        path: Name of the file.
    """
    if not path.is_file():
        return None
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "blake2b").hexdigest()[:32]
    except OSError:
        return None
