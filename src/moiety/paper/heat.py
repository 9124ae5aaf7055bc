"""Heat capacity of the square Ising lattice (SI, section 3): entropies, fluctuations, exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..baselines import heat_capacity_of_entropies
from ..exact.kaufman import kaufman_entropy, kaufman_heat_capacity
from ..results.plots import COLOURS
from .lattices import CRITICAL, FOLDER, SQUARE, Effort, Progress, curve, estimated

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

__all__ = ["FOLDER", "ROWS", "Effort", "draw", "study", "verdict"]

ROWS = ("temperature",)


def study(
    folder: Path, effort: Effort, *, seed: int = 0, threads: int = 2,
    progress: Progress | None = None, should_stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """Estimate the heat capacity by both routes from the same samples, with exact values.

    Fluctuations belong to a temperature, T ds/dT to the interval between two temperatures.  The
    exact value of an interval comes from exact entropies, with the same finite difference.

    Args:
        folder: Folder of the store that the lattice figures share.
        effort: Sizes, state points and training.
        seed: Seed for samples and networks.
        threads: Number of worker processes.
        progress: Called as `progress(done, total, text)`.
        should_stop: Asked often; once it returns True, `Stopped` is raised.
    """
    import xarray

    data = estimated(
        folder, replace(effort, seed=seed).plan(SQUARE), threads, progress, should_stop
    )
    t, s, error = curve(data, SQUARE, "entropy")
    at, fluctuations, spread = curve(data, SQUARE, "heat_capacity")
    between, between_error = heat_capacity_of_entropies(t, s, error)
    exact_s = np.array([kaufman_entropy(float(temperature), effort.size) for temperature in t])
    exact = [kaufman_heat_capacity(float(temperature), effort.size) for temperature in at]
    exact_between = heat_capacity_of_entropies(t, exact_s, np.zeros_like(t))[0]
    units = {"units": "k_B/site"}
    return xarray.Dataset(
        {
            "fluctuations": ("temperature", fluctuations, units),
            "fluctuations_error": ("temperature", spread, units),
            "exact": ("temperature", exact, units),
            "entropies": ("interval", between, units),
            "entropies_error": ("interval", between_error, units),
            "exact_between": ("interval", exact_between, units),
        },
        {"temperature": at, "interval": np.sqrt(t[1:] * t[:-1])},
        {"size": effort.size, "samples": effort.samples},
    )


def draw(data: xarray.Dataset) -> Figure:
    """Draw C against T, and the error of both routes.

    Args:
        data: Dataset from `study`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    fine = np.linspace(float(data.temperature.min()), float(data.temperature.max()), 300)
    left.plot(
        fine,
        [kaufman_heat_capacity(float(t), data.attrs["size"]) for t in fine],
        color="black",
        linewidth=0.9,
        label="exact",
    )
    for x, name, label, colour, marker in (
        ("interval", "entropies", "T ds/dT, mutual information", "blue", "o"),
        ("temperature", "fluctuations", "fluctuations of the energy", "vermilion", "s"),
    ):
        values, error = data[name].values, data[f"{name}_error"].values
        exact = data["exact_between" if x == "interval" else "exact"].values
        style: dict[str, Any] = {
            "fmt": marker,
            "color": COLOURS[colour],
            "markersize": 3.5,
            "capsize": 2,
        }
        left.errorbar(data[x].values, values, error, label=label, **style)
        right.errorbar(data[x].values, values - exact, error, label=label, **style)
    for axes in (left, right):
        axes.axvline(CRITICAL[SQUARE], color=COLOURS["grey"], linestyle="--", linewidth=0.8)
        axes.set(xlabel="temperature T (J/k_B)")
    right.axhline(0, color="black", linewidth=0.8)
    left.set(ylabel="heat capacity c (k_B/site)")
    right.set(ylabel="c − exact (k_B/site)")
    left.legend(frameon=False, fontsize="small")
    return figure


def verdict(data: xarray.Dataset) -> str:
    """Mean error of both routes to the heat capacity, in words.

    Args:
        data: Dataset from `study`.
    """
    entropies = float(np.abs(data.entropies - data.exact_between).mean())
    fluctuations = float(np.abs(data.fluctuations - data.exact).mean())
    which = "closer" if entropies < fluctuations else "not closer"
    return (
        f"the mean error of T ds/dT is {entropies:.4f} k_B/site, {which} than fluctuations "
        f"({fluctuations:.4f})"
    )
