"""Small files of a store: written atomically, read with tolerance for damage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.atomic import atomic
from .plan import Point

__all__ = ["describe", "digest", "read_json", "restore", "write_text"]


def describe(point: Point) -> dict[str, Any]:
    """Return a state point as plain data.

    Args:
        point: The state point.
    """
    return {**point.configuration, "source": dict(point.source), "labels": dict(point.labels)}


def restore(data: Mapping[str, Any]) -> Point:
    """Return the state point that `describe` turned into data.

    The sides of a lattice come back as lists, which have the same hash.

    Args:
        data: Output of `describe`.
    """
    return Point(
        data["source"],
        data["settings"],
        tuple(data["baselines"]),
        data["seed"],
        data["labels"],
        data["before"],
    )


def write_text(path: Path, text: str) -> None:
    """Write a file atomically.

    Args:
        path: Name of the file.
        text: Its contents.
    """
    with atomic(path) as part:
        part.write_text(text)


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; return None if the file is missing or damaged.

    Args:
        path: Name of the file.
    """
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def digest(path: Path) -> str | None:
    """Return the digest of a file, or None if it cannot be read.

    Args:
        path: Name of the file.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "blake2b").hexdigest()[:32]
    except OSError:
        return None
