"""The states that a state point can be in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .plan import Point

__all__ = ["DONE", "FAILED", "LEFT", "RUNNING", "TRIES", "State"]

DONE, RUNNING, FAILED, LEFT = "done", "running", "failed", "left"
TRIES = 3  # attempts at a state point before it is given up


@dataclass(frozen=True)
class State:
    """Progress of one state point.

    Args:
        point: The state point.
        state: `"done"`, `"running"`, `"failed"` or `"left"`.
        details: If done: `entropy`, `error`, `ok`, `seconds`, `host`, ...; if running: `share`,
            `text`, `since`, `host`, `process`; otherwise empty.
        failures: Number of failed attempts.
    """

    point: Point
    state: str
    details: Mapping[str, Any]
    failures: int
