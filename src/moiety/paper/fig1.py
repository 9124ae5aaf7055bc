"""Fig. 1: errors of the entropy of three lattice systems, by four routes.

B  square Ising    C  triangular antiferromagnet    D  XY

The routes are mutual information, the chain rule, compression by LZMA, and a counted block of 16
spins (for angles, two neighbours).  The references are exact entropies of the square and the
triangular torus, and tabulated entropies of rotors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..results.plots import COLOURS
from .lattices import FOLDER, NAMES, Effort, Progress, curve, estimated, reference

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FOLDER", "ROWS", "Effort", "draw", "study", "verdict"]

ROWS = ("system", "point")

ROUTES = {
    "entropy": ("mutual information", "blue", "o"),
    "cross_check": ("chain rule", "vermilion", "s"),
    "compression": ("LZMA", "orange", "^"),
    "naive": ("counted block", "green", "v"),
}


def study(
    folder: Path, effort: Effort, *, seed: int = 0, threads: int = 2,
    progress: Progress | None = None, should_stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """Estimate entropies by all routes, with their references, over system and state point.

    Args:
        folder: Folder of the store that the lattice figures share.
        effort: Sizes, state points and training.
        seed: Seed for samples and networks.
        threads: Number of worker processes.
        progress: Called as `progress(done, total, text)`.
        should_stop: Asked often; once it returns True, `Stopped` is raised.
    """
    import xarray

    effort = replace(effort, seed=seed)
    data = estimated(folder, effort.plan(*NAMES), threads, progress, should_stop)
    grids = {name: curve(data, name, "entropy")[0] for name in NAMES}
    shape = (len(NAMES), max(map(len, grids.values())))
    names = ["temperature", "reference", "reference_error", "seconds"]
    names += [part for route in ROUTES for part in (route, f"{route}_error")]
    columns = {name: np.full(shape, np.nan) for name in names}
    for row, (name, temperatures) in enumerate(grids.items()):
        points = slice(len(temperatures))
        exact, spread = reference(data, name, temperatures, effort.size)
        columns["temperature"][row, points] = temperatures
        columns["reference"][row, points] = exact
        columns["reference_error"][row, points] = spread
        columns["seconds"][row, points] = curve(data, name, "seconds")[1]
        for route in ROUTES:
            if route in data:
                at, values, errors = curve(data, name, route)
                place = np.searchsorted(temperatures, at)
                columns[route][row, place], columns[f"{route}_error"][row, place] = values, errors
    units = {"temperature": "J/k_B", "seconds": "s"}
    variables = {
        name: (("system", "point"), values, {"units": units.get(name, "nats/site")})
        for name, values in columns.items()
    }
    return xarray.Dataset(
        variables, {"system": list(NAMES)}, {"size": effort.size, "samples": effort.samples}
    )


def draw(data: xarray.Dataset) -> Figure:
    """Draw the figure with panels B to D.

    Args:
        data: Dataset from `study`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    panels = figure.subplots(1, len(NAMES), sharey=True)
    for axes, letter, name in zip(panels, "BCD", NAMES, strict=True):
        _errors(axes, data.sel(system=name))
        axes.set_title(letter, loc="left", fontweight="bold")
        axes.set_title(NAMES[name], fontsize="medium")
    panels[0].set_ylabel("|s − exact| (nats/site)")
    panels[-1].legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _errors(axes: Axes, part: xarray.Dataset) -> None:
    for route, (label, colour, marker) in ROUTES.items():
        difference = abs(part[route] - part.reference).values
        error = np.hypot(part[f"{route}_error"], part.reference_error).values
        lower = np.minimum(error, 0.9 * difference)  # the logarithmic axis has no zero
        style: dict[str, Any] = {
            "fmt": marker,
            "color": COLOURS[colour],
            "markersize": 4,
            "capsize": 2,
            "linewidth": 0.9,
        }
        bars = [lower, error]
        axes.errorbar(part.temperature.values, difference, yerr=bars, label=label, **style)
    axes.axhline(
        0.06, color=COLOURS["grey"], linestyle=":", linewidth=0.9, label="0.06, as in the paper"
    )
    axes.set(xscale="log", yscale="log", ylim=(1e-5, 1.5), xlabel="temperature T (J/k_B)")
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 4) if t >= part.temperature.min()]
    axes.set_xticks(ticks, labels=[f"{t:g}" for t in ticks])
    axes.minorticks_off()


def verdict(data: xarray.Dataset) -> str:
    """A table with the largest and the mean error of each route by system, and the seconds.

    Args:
        data: Dataset from `study`.

    Example:
        >>> import xarray
        >>> columns = dict.fromkeys(ROUTES, [[0.001, -0.003, np.nan]] * 3)
        >>> columns |= {"reference": np.zeros((3, 3)), "seconds": np.full((3, 3), 50.0)}
        >>> variables = {name: (("system", "point"), values) for name, values in columns.items()}
        >>> print(verdict(xarray.Dataset(variables, {"system": list(NAMES)})))
        max, mean |s - exact|  square Ising      triangular antiferromagnet   XY
        mutual information     0.0030, 0.0020    0.0030, 0.0020               0.0030, 0.0020
        chain rule             0.0030, 0.0020    0.0030, 0.0020               0.0030, 0.0020
        LZMA                   0.0030, 0.0020    0.0030, 0.0020               0.0030, 0.0020
        counted block          0.0030, 0.0020    0.0030, 0.0020               0.0030, 0.0020
        seconds on one core    150               150                          150
    """
    rows = [["max, mean |s - exact|", *NAMES.values()]]
    for route, (label, *_) in ROUTES.items():
        errors = [np.abs(data[route] - data.reference).sel(system=name).values for name in NAMES]
        rows.append([label, *map(_largest_and_mean, errors)])
    seconds = [f"{float(data.seconds.sel(system=name).sum()):.0f}" for name in NAMES]
    rows.append(["seconds on one core", *seconds])
    return "\n".join(f"{first:23}{a:18}{b:29}{c}" for first, a, b, c in rows)


def _largest_and_mean(errors: NDArray[np.float64]) -> str:
    if np.isnan(errors).all():
        return "-"
    return f"{np.nanmax(errors):.4f}, {np.nanmean(errors):.4f}"
