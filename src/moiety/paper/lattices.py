"""State points of the lattice figures, each estimated once for all figures.

Figs. 1 to 3 and the heat capacity share a store of results.  Every chain of state points runs from
high to low temperature, and every state point has its own samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

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
    "resumable",
]

FOLDER = "lattices"
SQUARE, TRIANGULAR, ROTORS = "ising-square", "ising-triangular", "xy-square"
NAMES = {SQUARE: "square Ising", TRIANGULAR: "triangular antiferromagnet", ROTORS: "XY"}
CRITICAL = {SQUARE: CRITICAL_TEMPERATURE, ROTORS: 0.893}

Progress = Callable[[float, float, str], None]


@dataclass(frozen=True)
class Effort:
    """Sizes, state points and training of the lattice figures.

    Args:
        size: Side of the lattices in sites.
        samples: Number of samples per state point.
        square: Temperatures of the square Ising lattice in J/k_B, from high to low.
        triangular: Temperatures of the triangular antiferromagnet, from high to low.
        rotors: Temperatures of the XY rotors, from high to low.
        estimate: Settings of the estimates, with the keys of a plan.
        rotor_estimate: Settings that differ for rotors; the precision of s ends their training.
        fields: Fields H of the rotors in Fig. 3 in J, besides H = 0.
        field_temperatures: Temperatures of these rotors, from high to low.
        field_steps: Training steps of the chain rule at the first state point of a field.
        field_sites: Number of sites for the evaluation of each entropy in a field.
        seed: Seed for samples and networks.
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
        """Smaller lattices, fewer samples and temperatures, and larger errors."""
        return cls(
            size=32, samples=512, square=(4, 3, 2.6, 2.4, 2.269185, 2.15, 1.9, 1.0),
            triangular=(4, 2, 1, 0.5, 0.1), rotors=(4, 2, 1.2, 0.9, 0.6, 0.1),
            estimate={"steps": 150, "cross_check": False}, fields=(0.1, 1.0),
            field_temperatures=(4, 2, 1.4, 1.1, 0.8, 0.1), field_steps=200, field_sites=2**17,
        )  # fmt: skip

    def plan(self, *names: str) -> Plan:
        """The plan of a sweep over the temperatures of some systems.

        Args:
            names: Names of the systems.
        """
        return Plan(tuple(chain for name in names for chain in Plan.of(self._table(name)).chains))

    def _table(self, name: str) -> dict[str, Any]:
        temperatures = {SQUARE: self.square, TRIANGULAR: self.triangular, ROTORS: self.rotors}[name]
        fixed = {"coupling": -1.0} if name == TRIANGULAR else {}
        grid = {"name": name, "size": self.size, "samples": self.samples, **fixed}
        return {
            "seeds": self.seed,
            "system": [grid | {"temperature": list(temperatures)}],
            "estimate": self.estimate | (self.rotor_estimate if name == ROTORS else {}),
            "baselines": ["naive", "compression", "heat-capacity"],
        }


def estimated(
    folder: Path,
    plan: Plan,
    threads: int,
    progress: Progress | None,
    should_stop: Callable[[], bool] | None,
) -> xarray.Dataset:
    """Estimate the state points of a plan; those in the store are not repeated.

    Args:
        folder: Folder of the store.
        plan: The state points.
        threads: Number of worker processes.
        progress: Called as `progress(done, total, text)`.
        should_stop: Asked often; once it returns True, `Stopped` is raised.

    Returns:
        Dataset of `sweep.collect`.

    Raises:
        Stopped: The user stopped; finished state points are kept.
        EstimateError: A state point failed three times.
    """
    store = Store(folder)
    report = _report_to(progress) if progress else None
    outcome = sweep(plan, store, processes(threads), progress=report, should_stop=should_stop)
    if outcome.stopped:
        raise Stopped(f"stopped; {resumable(folder)}")
    if outcome.failed:
        failed = outcome.failed[0].point
        raise EstimateError(f"{failed}: failed three times; see the logs in {folder}")
    return collect(store, plan)


def resumable(folder: Path) -> str:
    """End of messages about interrupted work.

    Args:
        folder: Folder with the finished part.
    """
    return f"{folder} keeps finished results, and the same command resumes from them"


def _report_to(progress: Progress) -> Callable[[Sequence[State]], None]:
    """Turn the states of a sweep into calls of `progress(done, total, text)`."""

    def update(states: Sequence[State]) -> None:
        done = sum(state.state == DONE for state in states)
        busy = [state for state in states if state.state == RUNNING]
        text = ", ".join(
            f"{state.point.labels['system']} {state.point.labels['temperature']:g}"
            for state in busy
        )
        share = sum(state.details["share"] for state in busy)
        progress(done + share, len(states), text or "starting")

    return update


def curve(
    data: xarray.Dataset, name: str, variable: str, **chosen: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Temperatures, values and errors for one system, from low to high temperature.

    Args:
        data: Dataset from `estimated`.
        name: Name of the system.
        variable: Name of a variable; its errors are 0 if the dataset has none.
        chosen: Values of other dimensions, such as `field` and `level`.
    """
    spread = "error" if variable == "entropy" else f"{variable}_error"
    part = data[[variable, *([spread] if spread in data else [])]].sel(system=name, **chosen)
    part = (
        part.stack(point=list(part.dims)).dropna("point", subset=[variable]).sortby("temperature")
    )
    errors = part[spread].values if spread in part else np.zeros(part.sizes["point"])
    return part.temperature.values, part[variable].values, errors


def reference(
    data: xarray.Dataset, name: str, temperatures: NDArray[np.float64], size: int, h: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact or tabulated entropies per site and their errors in nats; NaN where there are none.

    Args:
        data: Dataset from `estimated`.
        name: Name of the system.
        temperatures: Temperatures in J/k_B, shape `(n,)`.
        size: Side of the lattice; rotors are tabulated for 64 only.
        h: Field of the rotors in J.
    """
    if name != ROTORS:
        known = dict(zip(*curve(data, name, "exact")[:2], strict=True))
        return np.array([known.get(t, np.nan) for t in temperatures]), np.zeros(len(temperatures))
    if size != 64:
        return np.full(len(temperatures), np.nan), np.zeros(len(temperatures))

    def tabulated(t: float) -> tuple[float, float]:
        try:
            return xy_reference_entropy(float(t), h)
        except InputError:
            return np.nan, 0.0

    table = np.array([tabulated(t) for t in temperatures])
    return table[:, 0], table[:, 1]
