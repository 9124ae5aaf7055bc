"""Collect the finished state points of a store in one dataset over their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..entropy.choices import exact_value
from ..results.result import EntropyResult
from ._labels import complete, same_labels
from .plan import Plan, Point
from .store import DONE, State, Store

if TYPE_CHECKING:
    import xarray

__all__ = ["collect"]

_MOST = 10**8  # numbers of a variable
_MISSING = float("nan")  # a single object, so that list.index finds it
_LEVELS = {
    "mutual_information": ("nats", "mutual information between neighbouring halves"),
    "mutual_information_error": ("nats", "standard error of the mutual information"),
    "volume": ("sites", "sites of a half"),
    "interface": ("sites", "sites along the interface, all faces together"),
}
_POINTS = {
    "entropy": ("nats/site", "entropy"),
    "error": ("nats/site", "standard error of the entropy"),
    "cross_check": ("nats/site", "entropy by the chain rule"),
    "cross_check_error": ("nats/site", "standard error of the entropy by the chain rule"),
    "exact": ("nats/site", "exact entropy, where it is known"),
    "tau": ("draws", "autocorrelation time"),
    "ok": ("1", "1 where every check passed"),
    "seconds": ("s", "wall time, including sampling"),
}


def collect(store: Store, plan: Plan | None = None) -> xarray.Dataset:
    """Return all finished state points on the grid of their labels, NaN elsewhere.

    Args:
        store: Store of the sweep.
        plan: Plan of the state points; default the plan of the latest run.

    Returns:
        Variables `entropy`, `error`, `cross_check`, ... over the labels of the state points, such
        as `system`, `size`, `temperature` and `seed`; `mutual_information` also over `level`,
        largest blocks first; each baseline and its error under the name of the baseline.

    Raises:
        InputError: No state point is finished yet.
    """
    import xarray

    plan = plan or store.plan()
    states = [state for state in store.states(plan) if state.state == DONE]
    if not states:
        raise InputError(f"{store.folder}: no state point is finished yet")
    twins = same_labels([state.point for state in states])
    if twins:
        raise InputError(f"{store.folder}: two state points are called {twins[0]}; run them apart")
    results = [store.result(state.point.key) for state in states]
    labels = _labels([state.point for state in states])
    axes = _axes(labels)
    shape, depth = tuple(map(len, axes.values())), max(len(result.levels) for result in results)
    if prod(shape) * max(depth, 1) > _MOST:
        grid = " x ".join(f"{len(values)} {name}" for name, values in axes.items())
        raise InputError(
            f"{store.folder}: a grid of {grid} is too sparse for one dataset; collect parts of it"
        )
    points = _POINTS | _baseline_variables(states)
    data = {name: np.full(shape, np.nan) for name in points} | {
        name: np.full((*shape, depth), np.nan) for name in _LEVELS
    }
    for state, result, label in zip(states, results, labels, strict=True):
        at = tuple(values.index(label[name]) for name, values in axes.items())
        for name, value in _numbers(state, result).items():
            data[name][at] = value
        for name, values in _by_level(result).items():
            data[name][at][: len(values)] = values
    dims = tuple(axes)
    variables = {name: (dims, data[name], _attributes(*points[name])) for name in points}
    variables |= {
        name: ((*dims, "level"), data[name], _attributes(*_LEVELS[name])) for name in _LEVELS
    }
    coordinates = axes | {"level": np.arange(1, depth + 1)}
    return xarray.Dataset(variables, coordinates, {"finished": len(states), "of": len(plan.points)})


def _baseline_variables(states: Sequence[State]) -> dict[str, tuple[str, str]]:
    """Return unit and description of the variables of all baselines."""
    variables = {}
    for name in sorted({name for state in states for name in state.details["baselines"]}):
        unit, quantity = (
            ("k_B/site", "heat capacity by fluctuations")
            if name == "heat-capacity"
            else ("nats/site", f"entropy by {name}")
        )
        variables[_variable(name)] = (unit, quantity)
        variables[f"{_variable(name)}_error"] = (unit, f"standard error of the {quantity}")
    return variables


def _axes(labels: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the sorted values of every label, NaN last."""
    return {
        name: sorted({row[name] for row in labels}, key=lambda value: (value != value, value))
        for name in labels[0]
    }


def _labels(points: Sequence[Point]) -> list[dict[str, Any]]:
    """Return all labels of each state point.

    A label that a state point lacks has the default of its system, or else NaN ("" among text).
    """
    names = list(dict.fromkeys(name for point in points for name in point.labels))
    completed = [complete(point) for point in points]
    rows: list[dict[str, Any]] = [{} for _ in points]
    for name in names:
        values = [_scalar(labels.get(name)) for labels in completed]
        has_text = any(isinstance(value, str) for value in values)
        for row, value in zip(rows, values, strict=True):
            row[name] = _as_text(value) if has_text else _MISSING if value is None else value
    return rows


def _as_text(value: float | str | None) -> str:
    return "" if value is None else str(value)


def _scalar(value: Any) -> int | float | str | None:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)


def _numbers(state: State, result: EntropyResult) -> dict[str, float]:
    exact, other = exact_value(result), result.cross_check
    numbers = {"entropy": result.entropy, "error": result.error, "tau": result.samples["tau"]}
    numbers |= {"ok": float(result.status.ok), "seconds": state.details["seconds"]}
    if exact is not None:
        numbers["exact"] = exact
    if other is not None:
        numbers |= {"cross_check": other.entropy, "cross_check_error": other.error}
    for name, baseline in state.details["baselines"].items():
        numbers[_variable(name)] = baseline["value"]
        numbers[f"{_variable(name)}_error"] = baseline["error"]
    return numbers


def _variable(name: str) -> str:
    return name.replace("-", "_")


def _by_level(result: EntropyResult) -> dict[str, list[float]]:
    return {
        "mutual_information": [level.mutual_information for level in result.levels],
        "mutual_information_error": [level.error for level in result.levels],
        "volume": [float(level.volume) for level in result.levels],
        "interface": [float(level.interface) for level in result.levels],
    }


def _attributes(unit: str, description: str) -> dict[str, str]:
    return {"units": unit, "long_name": description}
