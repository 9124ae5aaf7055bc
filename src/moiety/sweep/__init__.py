"""From one state point to a study: plans, a store that survives, and whoever runs the tasks.

    plan ──> chains of state points ──> executor ──> store ──> status, collect
                                           └── each chain hands its networks on

A plan names systems or files and a grid of parameters.  A chain of state points is one task; it writes
each state point into the store under the hash of its configuration and never does one again.
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
