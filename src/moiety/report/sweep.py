"""The page of a sweep: curves over its grid, checks, and every state point down to its training.

Charts can be read at a point, switched in parts and zoomed.  What draws them is in the page itself (uPlot, and
`templates/sweep.js`); its content security policy allows these scripts by their digests and nothing from elsewhere.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

from ..base import words
from ..base.errors import InputError
from ..base.words import measured
from ..entropy.choices import exact_value
from ..estimation.history import History
from ..results.result import EntropyResult
from ..results.types import Level
from ..sweep import Store
from ..sweep.plan import Point, shown
from ..sweep.store import DONE, FAILED, RUNNING, State
from .charts import as_json
from .curves import Curve, Finished, charts, curves, differing, peaks
from .page import check, render, write

__all__ = ["render_sweep_report", "write_sweep_report"]

_SCRIPTS = ("vendor/uPlot.min.js", "sweep.js")
_NAMED = 6  # state points of a curve that failed a check, by name
_CAPTIONS = {
    "entropy": "Entropy per site by mutual information (the estimate) and, on the same samples, by the chain rule; "
    "one standard error each. Dashed: the exact entropy of this size, where it is known.",
    "differences": "What both routes are off by, or apart. Both err towards too much entropy: where they differ, the lower one is nearer.",
    "heat": "By the fluctuations of the energy.",
    "information": "Mutual information M between two neighbouring halves, by the shape of a half. For each site of "
    "the interface, curves of scales past the correlation length fall on one another (the area law). Rings are extrapolated by it.",
    "slopes": "How fast M changes, halfway between state points. Transitions show as peaks, the sharper the larger the scale.",
}
_TITLES = {
    "entropy": "Entropy",
    "differences": "Cross-check",
    "heat": "Heat capacity",
    "information": "Mutual information by scale",
    "slopes": "Its slope",
}


def write_sweep_report(store: Store, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write the report of a sweep.

    Arguments:
        store: Of the sweep, finished or not.
        path: Ends in `.html`.
        force: Whether a file that stands there may be replaced.

    Raises:
        InputError: The suffix is another one, the path is taken or cannot be written, or no state point is finished yet.

    Example:
        >>> import pathlib, tempfile
        >>> from moiety.sweep import Plan
        >>> from moiety.sweep.chain import run_chain
        >>> grid = {"name": "ising-chain", "size": 6, "temperature": [3.0, 2.0], "samples": 1024}
        >>> quick = {"steps": 8, "precision": 1.0, "cross_check": False}
        >>> plan, folder = Plan.of({"system": [grid], "estimate": quick}), pathlib.Path(tempfile.mkdtemp())
        >>> Store(folder).note_plan(plan)
        >>> run_chain(str(folder), plan.chains[0])
        2
        >>> write_sweep_report(Store(folder), folder / "sweep.html")
        >>> "2 of 2 state points" in (folder / "sweep.html").read_text(encoding="utf-8")
        True
    """
    path = check(path, force)
    write(render_sweep_report(store), path)


def render_sweep_report(store: Store) -> str:
    """The page as text.

    Arguments:
        store: Of the sweep; its plan is the one that was run last.

    Raises:
        InputError: No state point is finished yet.
    """
    states = store.states(store.plan())
    found = {state.point.key: _finished(store, state) for state in states if state.state == DONE}
    if not found:
        raise InputError(
            f"{store.folder}: no state point is finished yet; moiety status tells how they stand"
        )
    lines = curves(list(found.values()))
    drawn = charts(lines)
    names = differing([state.point for state in states])
    scripts = [
        files("moiety").joinpath("templates", name).read_text(encoding="utf-8") for name in _SCRIPTS
    ]
    trained = [found[state.point.key].result if state.state == DONE else None for state in states]
    return render(
        "sweep.html",
        title=_title([state.point for state in states]),
        counts=_counts(states, found),
        charts=[
            {"name": chart.name, "title": _TITLES[chart.name], "caption": _CAPTIONS[chart.name]}
            for chart in drawn
        ],
        peaks=peaks(lines),
        several=len(lines) > 1,
        along=_along(lines),
        checks=_checks(lines),
        rows=[_row(store, state, found.get(state.point.key), names) for state in states],
        plan=_plan_text(store.folder),
        versions=sorted(
            {str(state.said.get("version")) for state in states if state.state == DONE}
        ),
        style=_markup(
            files("moiety")
            .joinpath("templates", "vendor", "uPlot.min.css")
            .read_text(encoding="utf-8")
        ),
        licence=_markup(
            files("moiety").joinpath("templates", "vendor", "LICENSE").read_text(encoding="utf-8")
        ),
        data=_markup(
            as_json({"charts": drawn, "trainings": [_trainings(result) for result in trained]})
        ),
        scripts=[_markup(script) for script in scripts],
        digests=[_digest(script) for script in scripts],
    )


def _markup(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)


def _digest(script: str) -> str:
    """As a content security policy names it."""
    return "sha256-" + b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _finished(store: Store, state: State) -> Finished:
    result = store.result(state.point.key)
    return Finished(state.point, result, state.said.get("baselines", {}), exact_value(result))


def _title(points: Sequence[Point]) -> str:
    """The systems, and how far each label goes."""
    names = list(dict.fromkeys(str(point.labels.get("system", "files")) for point in points))
    parts = [", ".join(names)]
    for name in dict.fromkeys(
        name for point in points for name in point.labels if name not in ("system", "seed")
    ):
        values = list(dict.fromkeys(point.labels[name] for point in points if name in point.labels))
        parts.append(f"{name} {_span(values)}")
    return "; ".join(parts)


def _span(values: Sequence[Any]) -> str:
    if len(values) <= 3 or not all(isinstance(value, (int, float)) for value in values):
        return ", ".join(map(shown, values))
    return f"{shown(min(values))} to {shown(max(values))}"


def _counts(states: Sequence[State], found: Mapping[str, Finished]) -> dict[str, Any]:
    kinds = {
        name: sum(state.state == name for state in states)
        for name in (DONE, RUNNING, FAILED, "left")
    }
    seconds = sum(state.said["seconds"] for state in states if state.state == DONE)
    return {
        **kinds,
        "all": len(states),
        "doubtful": sum(not one.result.status.ok for one in found.values()),
        "seconds": seconds,
    }


def _along(lines: Sequence[Curve]) -> str:
    return lines[0].along


def _told(point: Point, names: Sequence[str]) -> str:
    """What tells a state point from others."""
    return ", ".join(
        f"{name} {shown(point.labels[name])}" for name in names if name in point.labels
    )


def _checks(lines: Sequence[Curve]) -> list[dict[str, Any]]:
    """Every check over all state points: how many passed it, and which did not; those that failed somewhere first."""
    kinds: dict[str, list[tuple[Curve, str, bool]]] = {}
    for curve in lines:
        for one in curve.points:
            for made in one.result.status.checks:
                kinds.setdefault(made.name, []).append(
                    (curve, shown(one.point.labels[curve.along]), made.passed)
                )
    rows = []
    for name, seen in kinds.items():
        failed = [
            [value for one, value, passed in seen if one is curve and not passed] for curve in lines
        ]
        told = [
            _failed(curve, values) for curve, values in zip(lines, failed, strict=True) if values
        ]
        rows.append(
            {
                "name": name,
                "of": len(seen),
                "passed": len(seen) - sum(map(len, failed)),
                "failed": "; ".join(told),
            }
        )
    return sorted(rows, key=lambda row: row["passed"] == row["of"])


def _failed(curve: Curve, values: Sequence[str]) -> str:
    """State points of a curve that failed a check."""
    if len(values) == len(curve.points) > 1:
        return f"all of {curve}" if str(curve) else "all"
    more = f" and {len(values) - _NAMED} more" if len(values) > _NAMED else ""
    return ", ".join(
        filter(None, (str(curve), f"{curve.along} {', '.join(values[:_NAMED])}{more}"))
    )


def _row(store: Store, state: State, one: Finished | None, names: Sequence[str]) -> dict[str, Any]:
    """A state point in the table, and what it unfolds to."""
    row = {
        "name": _told(state.point, names),
        "state": state.state,
        "key": state.point.key,
        "note": "",
        "one": one,
    }
    if one is None:
        return {**row, "note": _failure(store, state) if state.failures else _progress(state)}
    result, other = one.result, one.result.cross_check
    levels = [_level(level) for level in result.levels]
    return {
        **row,
        "value": measured(result.entropy, result.error),
        "crossed": _apart(other.difference, other.difference_error) if other else "–",
        "exact": _apart(result.entropy - one.exact, result.error) if one.exact is not None else "–",
        "ok": result.status.ok,
        "passed": sum(made.passed for made in result.status.checks),
        "of": len(result.status.checks),
        "warnings": result.status.warnings,
        "seconds": state.said["seconds"],
        "levels": levels,
        "trained": bool(_trainings(result)),
        "samples": _samples(result),
    }


def _failure(store: Store, state: State) -> str:
    """The last line of the last log."""
    text = store.failures(state.point.key)[-1].read_text(encoding="utf-8").strip()
    return f"failed {state.failures} time{'s' * (state.failures != 1)}: {text.splitlines()[-1] if text else 'no log'}"


def _progress(state: State) -> str:
    return f"{state.said['share']:.0%}, {state.said['text']}" if state.state == RUNNING else ""


def _apart(difference: float, error: float) -> str:
    """A difference and how many of its errors it is, in short."""
    if not (isfinite(difference) and isfinite(error) and error > 0):
        return words.signed(difference, error) if isfinite(difference) else "–"
    return f"{words.signed(difference, error)} ({abs(difference) / error:.1f} σ)"


def _level(level: Level) -> dict[str, str]:
    status = "" if level.status == level.source else f": {level.status}"
    return {
        "halves": words.shape(level.shape),
        "information": measured(level.mutual_information, level.error),
        "density": measured(
            level.mutual_information / level.interface, level.error / level.interface
        ),
        "source": level.source,
        "status": status,
    }


def _samples(result: EntropyResult) -> str:
    said = result.samples
    return f"{said['n']} samples, worth {said['effective']:.4g} independent ones (tau_int {said['tau']:.3g} draws, R-hat {said['rhat']:.4g})"


def _trainings(result: EntropyResult | None) -> list[dict[str, Any]]:
    """Training curves of a state point, look by look on validation pairs: of the largest halves first, the chain rule last."""
    if result is None:
        return []
    rows = [
        _training(
            words.shape(level.shape),
            "bound on M (nats)",
            level.mutual_information,
            level.error,
            level.histories,
            floor=True,
        )
        for level in result.levels
        if level.histories
    ]
    other = result.cross_check
    if other and other.histories:
        histories = [
            replace(history, bound=[-bound for bound in history.bound])
            for history in other.histories
        ]
        rows.append(
            _training(
                "chain rule",
                f"bound on s ({result.unit})",
                other.entropy,
                other.error,
                histories,
                floor=False,
            )
        )
    return rows


def _training(
    of: str, unit: str, value: float, error: float, histories: Sequence[History], floor: bool
) -> dict[str, Any]:
    """One choice of the chart; M has a floor, which is 0, the entropy of continuous states has none."""
    folds = [{"steps": history.steps, "bound": history.bound} for history in histories]
    return {"of": of, "unit": unit, "value": value, "error": error, "folds": folds, "floor": floor}


def _plan_text(folder: Path) -> str:
    try:
        return (folder / "plan.toml").read_text(encoding="utf-8")
    except OSError:  # a plan that was made in Python has no text
        return ""
