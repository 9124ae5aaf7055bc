"""State points of the lattice figures, estimated once for all of them.

Figs. 1 to 3 and the heat capacity share one store: what one of them has estimated, the others find there.
Every chain runs from high to low temperature, on samples of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import EstimateError, InputError, Stopped
from ..exact.onsager import CRITICAL_TEMPERATURE
from ..exact.xy_reference import xy_reference_entropy
from ..sweep import Plan, Store, collect, sweep
from ..sweep.executors import processes
from ..sweep.store import DONE, RUNNING, State

if TYPE_CHECKING:
    import xarray

__all__ = [
    "CRITICAL",
    "FOLDER",
    "NAMES",
    "ROTORS",
    "SQUARE",
    "TRIANGULAR",
    "Effort",
    "Progress",
    "curve",
    "estimated",
    "reference",
]

FOLDER = "lattices"
SQUARE, TRIANGULAR, ROTORS = "ising-square", "ising-triangular", "xy-square"
NAMES = {SQUARE: "square Ising", TRIANGULAR: "triangular antiferromagnet", ROTORS: "XY"}
CRITICAL = {SQUARE: CRITICAL_TEMPERATURE, ROTORS: 0.893}

Progress = Callable[[float, float, str], None]


@dataclass(frozen=True)
class Effort:
    """How much is spent on each state point.

    Arguments:
        size: Side of the lattices.
        samples: Of a state point.
        square, triangular, rotors: Temperatures, from high to low.
        estimate: Settings, by the words of a plan.
        rotor_estimate: What is added to them for rotors: they are trained until s is known to what Fig. 1 is to
            show, others further.
        fields, field_temperatures: Of the rotors of Fig. 3, beside H = 0, from high to low temperature.
        field_steps, field_sites: Training steps of their chain rule, of the first state point of a field, and sites
            that each of its entropies is read from.
        seed: Of samples and networks.
    """

    size: int = 64
    samples: int = 2048
    square: tuple[float, ...] = (
        4,
        3.5,
        3.1,
        2.8,
        2.6,
        2.5,
        2.4,
        2.35,
        2.3,
        2.269185,
        2.25,
        2.2,
        2.1,
        1.9,
        1.6,
        1.3,
        1.0,
        0.5,
    )
    triangular: tuple[float, ...] = (
        4,
        3.2,
        2.6,
        2.1,
        1.7,
        1.4,
        1.15,
        0.95,
        0.8,
        0.65,
        0.55,
        0.45,
        0.35,
        0.25,
        0.17,
        0.1,
    )
    rotors: tuple[float, ...] = (
        4,
        3,
        2.3,
        1.8,
        1.5,
        1.3,
        1.15,
        1.05,
        0.95,
        0.9,
        0.85,
        0.75,
        0.6,
        0.45,
        0.3,
        0.2,
        0.1,
    )
    estimate: dict[str, Any] = field(default_factory=dict)
    rotor_estimate: dict[str, Any] = field(default_factory=lambda: {"precision": 0.004})
    fields: tuple[float, ...] = (0.05, 0.1, 0.5, 1.0)
    field_temperatures: tuple[float, ...] = (4, 2.7, 2, 1.6, 1.3, 1.15, 1, 0.85, 0.6, 0.35, 0.1)
    field_steps: int = 600
    field_sites: int = 2**19
    seed: int = 0

    @classmethod
    def quick(cls) -> Effort:
        """Smaller lattices, fewer samples and temperatures: larger errors."""
        return cls(
            size=32, samples=512, square=(4, 3, 2.6, 2.4, 2.269185, 2.15, 1.9, 1.0), triangular=(4, 2, 1, 0.5, 0.1),
            rotors=(4, 2, 1.2, 0.9, 0.6, 0.1), estimate={"steps": 150, "cross_check": False}, fields=(0.1, 1.0),
            field_temperatures=(4, 2, 1.4, 1.1, 0.8, 0.1), field_steps=200, field_sites=2**17,
        )  # fmt: skip

    def plan(self, *names: str) -> Plan:
        """Chains of these systems."""
        return Plan(tuple(chain for name in names for chain in Plan.of(self._table(name)).chains))

    def _table(self, name: str) -> dict[str, Any]:
        temperatures = {SQUARE: self.square, TRIANGULAR: self.triangular, ROTORS: self.rotors}[name]
        fixed = {"coupling": -1.0} if name == TRIANGULAR else {}
        return {
            "seeds": self.seed,
            "system": [
                {
                    "name": name,
                    "size": self.size,
                    "samples": self.samples,
                    "temperature": list(temperatures),
                    **fixed,
                }
            ],
            "estimate": self.estimate | (self.rotor_estimate if name == ROTORS else {}),
            "baselines": ["naive", "compression", "heat-capacity"],
        }


def estimated(
    folder: Path,
    plan: Plan,
    threads: int,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
) -> xarray.Dataset:
    """All state points of a plan, from the store in the folder, or made now.

    Raises:
        Stopped: The user ended it; what is finished is kept.
        EstimateError: A state point failed three times.
    """
    store = Store(folder)
    outcome = sweep(
        plan, store, processes(threads), progress=progress and _told(progress), stop=stop
    )
    if outcome.stopped:
        raise Stopped(f"stopped; what {folder} holds is kept, and the same command goes on")
    if outcome.failed:
        raise EstimateError(
            f"{outcome.failed[0].point}: failed three times; see the logs in {folder}"
        )
    return collect(store, plan)


def _told(progress: Progress) -> Callable[[Sequence[State]], None]:
    def update(states: Sequence[State]) -> None:
        done = sum(state.state == DONE for state in states)
        busy = [state for state in states if state.state == RUNNING]
        text = ", ".join(
            f"{state.point.labels['system']} {state.point.labels['temperature']:g}"
            for state in busy
        )
        progress(done + sum(state.details["share"] for state in busy), len(states), text or "starting")

    return update


def curve(
    data: xarray.Dataset, name: str, variable: str, **chosen: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Temperatures, values and errors of one system, from low to high temperature.

    Arguments:
        data: As `estimated` returns it.
        name: Of the system.
        variable: One with an error beside it; `exact` is that of `reference`.
        chosen: Other labels, such as `field` and `level`.
    """
    spread = "error" if variable == "entropy" else f"{variable}_error"
    part = data[[variable, *([spread] if spread in data else [])]].sel(system=name, **chosen)
    part = (
        part.stack(point=list(part.dims)).dropna("point", subset=[variable]).sortby("temperature")
    )
    errors = part[spread].values if spread in part else np.zeros(part.sizes["point"])
    return part.temperature.values, part[variable].values, errors


def reference(
    data: xarray.Dataset, name: str, temperatures: np.ndarray, size: int, h: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Exact or tabulated entropies per site at these temperatures, and their errors; NaN where there are none."""
    if name != ROTORS:
        known = dict(zip(*curve(data, name, "exact")[:2], strict=True))
        return np.array([known.get(t, np.nan) for t in temperatures]), np.zeros(len(temperatures))
    if size != 64:
        return np.full(len(temperatures), np.nan), np.zeros(len(temperatures))

    def one(t: float) -> tuple[float, float]:
        try:
            return xy_reference_entropy(float(t), h)
        except InputError:
            return np.nan, 0.0

    found = np.array([one(t) for t in temperatures])
    return found[:, 0], found[:, 1]
