"""Tables of the page of a sweep: checks, and state points with their levels and training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from ..base import words
from ..base.words import measured
from ..estimation.history import History
from ..results.result import EntropyResult
from ..results.types import Level
from ..sweep import Store
from ..sweep.plan import format_label
from ..sweep.store import RUNNING, State
from .curves import Curve, Finished

__all__ = ["checks", "rows", "trainings"]

_NAMED = 6  # most failed state points of a curve that are listed


def checks(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """Return a row for each check, those with failures first.

    Args:
        curves: Curves of the sweep.

    Returns:
        Name, number of state points that passed, and the state points that did not.
    """
    outcomes: dict[str, list[tuple[Curve, str, bool]]] = {}
    for curve in curves:
        for point in curve.points:
            place = format_label(point.point.labels[curve.along])
            for check in point.result.status.checks:
                outcomes.setdefault(check.name, []).append((curve, place, check.passed))
    table = [_check(name, outcome, curves) for name, outcome in outcomes.items()]
    return sorted(table, key=lambda row: row["passed"] == row["of"])


def _check(
    name: str, outcome: Sequence[tuple[Curve, str, bool]], curves: Sequence[Curve]
) -> dict[str, Any]:
    failed = [
        [place for other, place, passed in outcome if other is curve and not passed]
        for curve in curves
    ]
    lists = [_failed(curve, places) for curve, places in zip(curves, failed, strict=True) if places]
    count = sum(map(len, failed))
    return {
        "name": name,
        "of": len(outcome),
        "passed": len(outcome) - count,
        "failed": "; ".join(lists),
    }


def _failed(curve: Curve, places: Sequence[str]) -> str:
    """List the state points of a curve that failed a check."""
    if len(places) == len(curve.points) > 1:
        return f"all of {curve}" if str(curve) else "all"
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    parts = (str(curve), f"{curve.along} {', '.join(places[:_NAMED])}{more}")
    return ", ".join(filter(None, parts))


def rows(
    store: Store, states: Sequence[State], finished: Mapping[str, Finished], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return a row for each state point, with the details that it unfolds to.

    Args:
        store: Store of the sweep.
        states: States of all state points.
        finished: Finished state points by key.
        names: Names of the labels to show.
    """
    return [_row(store, state, finished.get(state.point.key), names) for state in states]


def _row(
    store: Store, state: State, finished: Finished | None, names: Sequence[str]
) -> dict[str, Any]:
    labels = state.point.labels
    row = {
        "name": ", ".join(
            f"{name} {format_label(labels[name])}" for name in names if name in labels
        ),
        "state": state.state,
        "finished": finished is not None,
    }
    if finished is None:
        return {**row, "note": _failure(store, state) if state.failures else _progress(state)}
    result = finished.result
    other, exact, status = result.cross_check, finished.exact, result.status
    return {
        **row,
        "value": measured(result.entropy, result.error),
        "crossed": _deviation(other.difference, other.difference_error) if other else "–",
        "exact": "–" if exact is None else _deviation(result.entropy - exact, result.error),
        "ok": status.ok,
        "passed": sum(check.passed for check in status.checks),
        "of": len(status.checks),
        "warnings": status.warnings,
        "seconds": state.details["seconds"],
        "levels": [_level(level) for level in result.levels],
        "trained": bool(trainings(finished)),
        "samples": _samples(result),
    }


def _failure(store: Store, state: State) -> str:
    """Return the last line of the latest log."""
    text = store.failures(state.point.key)[-1].read_text(encoding="utf-8", errors="replace").strip()
    last = text.splitlines()[-1] if text else "no log"
    return f"failed {state.failures} time{'s' * (state.failures != 1)}: {last}"


def _progress(state: State) -> str:
    if state.state != RUNNING:
        return ""
    return f"{state.details['share']:.0%}, {state.details['text']}"


def _deviation(difference: float, error: float) -> str:
    """Return a difference, and its size in standard errors."""
    if not (isfinite(difference) and isfinite(error) and error > 0):
        return words.signed(difference, error) if isfinite(difference) else "–"
    return f"{words.signed(difference, error)} ({abs(difference) / error:.1f} σ)"


def _level(level: Level) -> dict[str, str]:
    m, error, sites = level.mutual_information, level.error, level.interface
    return {
        "halves": words.shape(level.shape),
        "information": measured(m, error),
        "density": measured(m / sites, error / sites),
        "source": level.source,
        "status": "" if level.status == level.source else f": {level.status}",
    }


def _samples(result: EntropyResult) -> str:
    samples = result.samples
    return (
        f"{samples['n']} samples, effective sample size {samples['effective']:.4g}"
        f" (tau_int {samples['tau']:.3g} draws, R-hat {samples['rhat']:.4g})"
    )


def trainings(finished: Finished | None) -> list[dict[str, Any]]:
    """Return the training curves of a state point, largest halves first, the chain rule last.

    Args:
        finished: The state point; None if it is not finished.
    """
    if finished is None:
        return []
    result = finished.result
    curves = [
        {
            "of": words.shape(level.shape),
            "unit": "bound on M (nats)",
            "value": level.mutual_information,
            "error": level.error,
            "folds": _folds(level.histories),
            "floor": True,  # M >= 0
        }
        for level in result.levels
        if level.histories
    ]
    other = result.cross_check
    if other and other.histories:
        # The chain rule maximises -s; the page shows the upper bound on s.
        histories = [
            replace(history, bound=tuple(-bound for bound in history.bound))
            for history in other.histories
        ]
        curves.append(
            {
                "of": "chain rule" if result.unit == "nats/site" else "insertion",
                "unit": f"bound on s ({result.unit})",
                "value": other.entropy,
                "error": other.error,
                "folds": _folds(histories),
                "floor": False,  # the entropy of continuous states can be negative
            }
        )
    return curves


def _folds(histories: Sequence[History]) -> list[dict[str, Any]]:
    return [{"steps": history.steps, "bound": history.bound} for history in histories]
