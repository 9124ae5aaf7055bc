"""Sweeps: plans of many state points, a store that survives crashes, and executors that run them.

    plan ──> chains of state points ──> executor ──> store ──> status, collect
                                           └── each state point starts from the previous networks

A plan names systems or files and a grid of parameters.  One task is one chain of state points.
Each finished state point is written to the store under the hash of its configuration and is never
computed again.
"""

from __future__ import annotations

from .collect import collect
from .driver import Outcome, sweep
from .executors import EXECUTORS
from .plan import Chain, Plan, Point, read_plan
from .store import Store

__all__ = [
    "EXECUTORS",
    "Chain",
    "Outcome",
    "Plan",
    "Point",
    "Store",
    "collect",
    "read_plan",
    "sweep",
]
