"""What `moiety sweep --dry-run` prints: the tasks and their approximate time."""

from __future__ import annotations

from math import log2, prod
from pathlib import Path
from typing import TYPE_CHECKING

from ._terminal import say
from ._watching import duration

if TYPE_CHECKING:
    from ..sweep import Chain, Plan, Point, Store

__all__ = ["forecast"]

# Rough seconds on one thread for one cut of 2,048 samples of 64x64 spins: trained from scratch, or
# from the previous networks; for the cross-check; and a factor for angles.  Finished state points
# give better numbers.
_COLD, _WARM, _CROSS_CHECK, _ANGLES = 14.0, 6.0, 25.0, 2.2
_CUTS_OF_FILES = 12  # assumed for files, which are not opened


def forecast(plan: Plan, folder: Path, workers: int) -> None:
    """Print the unfinished tasks of a plan and the approximate time of each and of all.

    Args:
        plan: The plan.
        folder: Store of the results, which may not exist yet.
        workers: Number of chains that run in parallel.
    """
    from ..sweep import Store

    store = Store(folder, create=False)
    mean = _mean_seconds(plan, store)
    times, left = [], 0
    for number, chain in enumerate(plan.chains):
        points = [point for point in chain if not store.is_done(point.key)]
        times.append(sum(_seconds(point) if mean is None else mean for point in points))
        left += len(points)
        done = f", {len(chain) - len(points)} done" if len(points) < len(chain) else ""
        plural = "s" * (len(chain) != 1)
        say(
            f"{number}: {_name(chain)}: {len(chain)} state point{plural}{done},"
            f" about {duration(times[-1])}"
        )
    total = max(sum(times) / workers, max(times, default=0.0))
    source = "a rule of thumb" if mean is None else "the finished state points"
    say(
        f"{left} of {len(plan.points)} state points to do, about {duration(total)} with {workers}"
        f" workers (from {source})"
    )


def _mean_seconds(plan: Plan, store: Store) -> float | None:
    """Return the mean time of the finished state points, if there are any."""
    times = [state.details["seconds"] for state in store.states(plan) if state.state == "done"]
    return sum(times) / len(times) if times else None


def _seconds(point: Point) -> float:
    """Return a rule of thumb for the time of a state point on one thread."""
    from ..systems import system

    source, each = point.source, _WARM if point.predecessor else _COLD
    if "parameters" not in source:
        return _CUTS_OF_FILES * each + _CROSS_CHECK
    model = system(source["system"], **source["parameters"])
    cuts = max(log2(prod(model.shape)) - 4, 1)
    crossed = _CROSS_CHECK * (point.settings.get("cross_check") is not False)
    return (cuts * each + crossed) * (_ANGLES if source["system"].startswith("xy") else 1)


def _name(chain: Chain) -> str:
    """Return the labels of a chain, with first and last value where they differ."""
    from ..sweep.plan import format_label

    first, last = chain[0].labels, chain[-1].labels
    return ", ".join(
        f"{name} {format_label(value)}"
        + (f" to {format_label(last[name])}" if last.get(name) != value else "")
        for name, value in first.items()
    )
