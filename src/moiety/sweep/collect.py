"""One dataset from a store: everything over system, size, parameters and seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..entropy.choices import exact_value
from ..results.result import EntropyResult
from ..systems import system
from .plan import Plan, Point
from .store import DONE, State, Store

if TYPE_CHECKING:
    import xarray

__all__ = ["collect"]

_MISSING = float("nan")  # the same one everywhere, so that it is found again
_LEVELS = {
    "mutual_information": ("nats", "mutual information between neighbouring halves"),
    "mutual_information_error": ("nats", "one standard error of it"),
    "volume": ("sites", "sites of a half"),
    "interface": ("sites", "sites along the interface, all faces together"),
}
_POINTS = {
    "entropy": ("nats/site", "entropy"),
    "error": ("nats/site", "one standard error of it"),
    "cross_check": ("nats/site", "entropy by the chain rule"),
    "cross_check_error": ("nats/site", "one standard error of it"),
    "exact": ("nats/site", "exact entropy, where it is known"),
    "tau": ("draws", "autocorrelation time"),
    "ok": ("1", "1 where every check passed"),
    "seconds": ("s", "wall time, of samples too"),
}


def collect(store: Store, plan: Plan | None = None) -> xarray.Dataset:
    """What is finished, on the grid of all labels; NaN where nothing is.

    Arguments:
        store: Of a sweep.
        plan: Whose state points; by default those of the plan that was run last.

    Returns:
        Variables `entropy`, `error`, `cross_check`, ... over the labels of the state points, such as
        `system`, `size`, `temperature` and `seed`, those of `mutual_information` over `level`, too, from the
        largest blocks on, and a baseline's value and error by its name.

    Raises:
        InputError: Nothing is finished yet.
    """
    import xarray

    plan = plan or store.plan()
    states = [state for state in store.states(plan) if state.state == DONE]
    if not states:
        raise InputError(f"{store.folder}: no state point is finished yet")
    results = [store.result(state.point.key) for state in states]
    labels = _labels([state.point for state in states])
    axes = _axes(labels)
    shape, most = tuple(map(len, axes.values())), max(len(result.levels) for result in results)
    points = dict(_POINTS)
    for name in sorted({name for state in states for name in state.said["baselines"]}):
        told = (
            ("k_B/site", "heat capacity by fluctuations")
            if name == "heat-capacity"
            else ("nats/site", f"entropy by {name}")
        )
        points |= {
            _variable(name): told,
            f"{_variable(name)}_error": (told[0], "one standard error of it"),
        }
    data = {name: np.full(shape, np.nan) for name in points} | {
        name: np.full((*shape, most), np.nan) for name in _LEVELS
    }
    for state, result, label in zip(states, results, labels, strict=True):
        at = tuple(values.index(label[name]) for name, values in axes.items())
        for name, value in _numbers(state, result).items():
            data[name][at] = value
        for name, values in _by_level(result).items():
            data[name][(*at, slice(len(values)))] = values
    dims = tuple(axes)
    variables = {name: (dims, data[name], _attributes(points[name])) for name in points}
    variables |= {
        name: ((*dims, "level"), data[name], _attributes(_LEVELS[name])) for name in _LEVELS
    }
    coordinates = {name: values for name, values in axes.items()} | {
        "level": np.arange(1, most + 1)
    }
    return xarray.Dataset(variables, coordinates, {"finished": len(states), "of": len(plan.points)})


def _axes(labels: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Values of every label, in order."""
    return {
        name: sorted({one[name] for one in labels}, key=lambda value: (value != value, value))
        for name in labels[0]
    }


def _labels(points: Sequence[Point]) -> list[dict[str, Any]]:
    """All labels of each: what some do not have is the default of their system, else NaN, or "" among words."""
    names = list(dict.fromkeys(name for point in points for name in point.labels))
    whole = [{**_defaults(point), **point.labels} for point in points]
    rows: list[dict[str, Any]] = [{} for _ in points]
    for name in names:
        values = [_plain(one.get(name)) for one in whole]
        words = any(isinstance(value, str) for value in values)
        for row, value in zip(rows, values, strict=True):
            row[name] = (
                ("" if value is None else str(value))
                if words
                else _MISSING
                if value is None
                else value
            )
    return rows


def _defaults(point: Point) -> dict[str, Any]:
    source = point.source
    if "parameters" not in source:
        return {}
    said = system(source["system"], **source["parameters"]).parameters()
    return {name: value for name, value in said.items() if name != "size"}


def _plain(value: Any) -> int | float | str | None:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)


def _numbers(state: State, result: EntropyResult) -> dict[str, float]:
    exact, other = exact_value(result), result.cross_check
    found = {"entropy": result.entropy, "error": result.error, "tau": result.samples["tau"]}
    found |= {"ok": float(result.status.ok), "seconds": state.said["seconds"]}
    found |= {} if exact is None else {"exact": exact}
    found |= (
        {} if other is None else {"cross_check": other.entropy, "cross_check_error": other.error}
    )
    for name, said in state.said["baselines"].items():
        found |= {_variable(name): said["value"], f"{_variable(name)}_error": said["error"]}
    return found


def _variable(name: str) -> str:
    return name.replace("-", "_")


def _by_level(result: EntropyResult) -> dict[str, list[float]]:
    names = {
        "mutual_information": "mutual_information",
        "mutual_information_error": "error",
        "volume": "volume",
        "interface": "interface",
    }
    return {
        ours: [float(getattr(level, theirs)) for level in result.levels]
        for ours, theirs in names.items()
    }


def _attributes(told: tuple[str, str]) -> dict[str, str]:
    return {"units": told[0], "long_name": told[1]}
