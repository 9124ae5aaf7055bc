"""The page of a sweep: curves over its grid, checks, and every state point with its training.

Charts can be read at a point, switched in parts and zoomed.  The page contains the scripts that
draw them (uPlot and `templates/sweep.js`).  Its content security policy allows exactly these
scripts, by their digests.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..entropy.choices import exact_value
from ..sweep import Store
from ..sweep.plan import Point, format_label
from ..sweep.store import DONE, FAILED, LEFT, RUNNING, State
from ._rows import checks, rows, trainings
from ._scales import peaks
from ._sweep_charts import charts
from .curves import Finished, curves, differing
from .page import check, render, write
from .scripts import scripts_for

__all__ = ["render_sweep_report", "write_sweep_report"]

_LONGEST = 2**20  # characters of a plan on the page
_CAPTIONS = {
    "entropy": "Entropy per site from mutual information (estimate) and from the chain rule on the"
    " same samples, with one standard error. Dashed: exact entropy of this size, where it is"
    " known.",
    "differences": "Each route minus the exact value, or the difference between the routes. Both"
    " routes overestimate s, so the lower value is closer to the truth.",
    "heat": "Heat capacity from the fluctuations of the energy.",
    "information": "Mutual information M between two neighbouring halves, by the shape of a half."
    " Per site of the interface, the curves of scales beyond the correlation length collapse (area"
    " law). Rings: extrapolated by the area law.",
    "slopes": "Slope of M, halfway between state points. Transitions show as peaks, sharper at"
    " larger scales.",
}
_TITLES = {
    "entropy": "Entropy",
    "differences": "Cross-check",
    "heat": "Heat capacity",
    "information": "Mutual information by scale",
    "slopes": "Slope of the mutual information",
}


def write_sweep_report(store: Store, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write the report of a sweep.

    Args:
        store: Store of the sweep, finished or not.
        path: Output file, which ends in `.html`.
        force: Whether to replace an existing file.

    Raises:
        InputError: The suffix is wrong, the file exists or cannot be written, or no state point is
            finished yet.

    Example:
        >>> import pathlib, tempfile
        >>> from moiety.sweep import Plan
        >>> from moiety.sweep.chain import run_chain
        >>> grid = {"name": "ising-chain", "size": 4, "temperature": [3.0, 2.0], "samples": 1024}
        >>> plan = Plan.of({"system": [grid], "estimate": {"cross_check": False}})
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> Store(folder).save_plan(plan)
        >>> run_chain(str(folder), plan.chains[0])
        2
        >>> write_sweep_report(Store(folder), folder / "sweep.html")
        >>> "2 of 2 state points" in (folder / "sweep.html").read_text(encoding="utf-8")
        True
    """
    path = check(path, force)
    write(render_sweep_report(store), path)


def render_sweep_report(store: Store) -> str:
    """Return the report of a sweep as text.

    Args:
        store: Store of the sweep; the report is about the plan of the latest run.

    Raises:
        InputError: No state point is finished yet.
    """
    states = store.states(store.plan())
    finished = {state.point.key: _load(store, state) for state in states if state.state == DONE}
    if not finished:
        raise InputError(
            f"{store.folder}: no state point is finished yet; moiety status shows their progress"
        )
    points = [state.point for state in states]
    lines = curves(list(finished.values()))
    drawn = charts(lines)
    data = {"charts": drawn, "trainings": [trainings(finished.get(point.key)) for point in points]}
    return render(
        "sweep.html",
        title=_title(points),
        counts=_counts(states, finished),
        charts=[
            {"name": chart.name, "title": _TITLES[chart.name], "caption": _CAPTIONS[chart.name]}
            for chart in drawn
        ],
        peaks=peaks(lines),
        several=len(lines) > 1,
        along=lines[0].along,
        checks=checks(lines),
        rows=rows(store, states, finished, differing(points)),
        plan=_plan_text(store.folder),
        versions=sorted(
            {str(state.details.get("version")) for state in states if state.state == DONE}
        ),
        **scripts_for(data),
    )


def _load(store: Store, state: State) -> Finished:
    result = store.result(state.point.key)
    baselines = state.details.get("baselines", {})
    return Finished(state.point, result, baselines, exact_value(result))


def _title(points: Sequence[Point]) -> str:
    """Return the systems and the range of each label."""
    systems = list(dict.fromkeys(str(point.labels.get("system", "files")) for point in points))
    parts = [", ".join(systems)]
    names = dict.fromkeys(name for point in points for name in point.labels)
    for name in names:
        if name not in ("system", "seed"):
            values = dict.fromkeys(point.labels[name] for point in points if name in point.labels)
            parts.append(f"{name} {_range(list(values))}")
    return "; ".join(parts)


def _range(values: Sequence[Any]) -> str:
    if len(values) <= 3 or not all(isinstance(value, (int, float)) for value in values):
        return ", ".join(map(format_label, values))
    return f"{format_label(min(values))} to {format_label(max(values))}"


def _counts(states: Sequence[State], finished: Mapping[str, Finished]) -> dict[str, float]:
    by_state = {
        name: sum(state.state == name for state in states) for name in (DONE, RUNNING, FAILED, LEFT)
    }
    return {
        **by_state,
        "all": len(states),
        "doubtful": sum(not point.result.status.ok for point in finished.values()),
        "seconds": sum(state.details["seconds"] for state in states if state.state == DONE),
    }


def _plan_text(folder: Path) -> str:
    path = folder / "plan.toml"
    if not path.is_file():  # a plan made in Python has no text
        return ""
    with path.open(encoding="utf-8", errors="replace") as stream:
        return stream.read(_LONGEST)
