"""Fig. 1: how far off entropies are, of three lattice systems, by four routes.

B  square Ising    C  triangular antiferromagnet    D  XY

MICE and the chain rule, compression by LZMA and the counted block of 16 spins (of angles two neighbours), against
Kaufman's and the triangular torus and tabulated entropies of rotors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

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
    folder: Path, effort: Effort, *, seed: int = 0, threads: int = 2, progress: Progress | None = None, stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """Entropies by all routes and what they should be, over system and state point.

    Arguments:
        folder: Of the store that Figs. 1 to 3 share.
        effort: See `Effort`.
        seed: Of samples and networks.
        threads: Chains side by side.
        progress: Called as (done, all, text).
        stop: Asked often.
    """
    import xarray

    effort = replace(effort, seed=seed)
    data = estimated(folder, effort.plan(*NAMES), threads, progress, stop)
    grids = {name: curve(data, name, "entropy")[0] for name in NAMES}
    shape = (len(NAMES), max(map(len, grids.values())))
    found = {
        name: np.full(shape, np.nan)
        for name in ("temperature", "reference", "reference_error", "seconds")
    }
    found |= {
        part: np.full(shape, np.nan) for route in ROUTES for part in (route, f"{route}_error")
    }
    for row, (name, temperatures) in enumerate(grids.items()):
        exact, spread = reference(data, name, temperatures, effort.size)
        found["temperature"][row, : len(temperatures)] = temperatures
        found["reference"][row, : len(exact)], found["reference_error"][row, : len(spread)] = (
            exact,
            spread,
        )
        found["seconds"][row, : len(temperatures)] = curve(data, name, "seconds")[1]
        for route in ROUTES:
            if route in data:
                at, values, errors = curve(data, name, route)
                place = np.searchsorted(temperatures, at)
                found[route][row, place], found[f"{route}_error"][row, place] = values, errors
    units = {"temperature": "J/k_B", "seconds": "s"}
    variables = {
        name: (("system", "point"), values, {"units": units.get(name, "nats/site")})
        for name, values in found.items()
    }
    return xarray.Dataset(
        variables, {"system": list(NAMES)}, {"size": effort.size, "samples": effort.samples}
    )


def draw(data: xarray.Dataset) -> Figure:
    """The figure with panels B to D."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    panels = figure.subplots(1, len(NAMES), sharey=True)
    for axes, letter, name in zip(panels, "BCD", NAMES, strict=True):
        _off(axes, data.sel(system=name))
        axes.set_title(letter, loc="left", fontweight="bold")
        axes.set_title(NAMES[name], fontsize="medium")
    panels[0].set_ylabel("|s − exact| (nats/site)")
    panels[-1].legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _off(axes: Axes, part: xarray.Dataset) -> None:
    for route, (label, colour, marker) in ROUTES.items():
        off, error = (
            abs(part[route] - part.reference).values,
            np.hypot(part[f"{route}_error"], part.reference_error).values,
        )
        lower = np.minimum(error, 0.9 * off)  # a bar that ends at zero has no end on this axis
        style = {
            "fmt": marker,
            "color": COLOURS[colour],
            "markersize": 4,
            "capsize": 2,
            "linewidth": 0.9,
        }
        axes.errorbar(part.temperature.values, off, yerr=[lower, error], label=label, **style)
    axes.axhline(
        0.06, color=COLOURS["grey"], linestyle=":", linewidth=0.9, label="0.06, as in the paper"
    )
    axes.set(xscale="log", yscale="log", ylim=(1e-5, 1.5), xlabel="temperature T (J/k_B)")
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 4) if t >= part.temperature.min()]
    axes.set_xticks(ticks, labels=[f"{t:g}" for t in ticks])
    axes.minorticks_off()


def verdict(data: xarray.Dataset) -> str:
    """A table of each route's largest and mean error by system, and of all seconds.

    Arguments:
        data: As `study` returns it.

    Example:
        >>> import xarray
        >>> off = [[0.001, -0.003, np.nan]] * 3
        >>> known = {"reference": np.zeros((3, 3)), "seconds": np.full((3, 3), 50.0), **{route: off for route in ROUTES}}
        >>> data = xarray.Dataset({name: (("system", "point"), values) for name, values in known.items()}, {"system": list(NAMES)})
        >>> print(verdict(data))
        max, mean |s - exact|  square Ising      triangular antiferromagnet   XY
        mutual information     0.0030, 0.0020    0.0030, 0.0020               0.0030, 0.0020
        chain rule             0.0030, 0.0020    0.0030, 0.0020               0.0030, 0.0020
        LZMA                   0.0030, 0.0020    0.0030, 0.0020               0.0030, 0.0020
        counted block          0.0030, 0.0020    0.0030, 0.0020               0.0030, 0.0020
        seconds of a core      150               150                          150
    """
    rows = [["max, mean |s - exact|", *NAMES.values()]]
    for route, (label, *_) in ROUTES.items():
        off = [np.abs(data[route] - data.reference).sel(system=name).values for name in NAMES]
        told = [
            "-" if np.isnan(one).all() else f"{np.nanmax(one):.4f}, {np.nanmean(one):.4f}"
            for one in off
        ]
        rows.append([label, *told])
    rows.append(
        [
            "seconds of a core",
            *(f"{float(data.seconds.sel(system=name).sum()):.0f}" for name in NAMES),
        ]
    )
    return "\n".join(f"{first:23}{a:18}{b:29}{c}" for first, a, b, c in rows)
