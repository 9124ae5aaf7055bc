"""Fig. 2: mutual information of Ising blocks against temperature and size.

A  M against T for every size of block; inset: M over its limit l / (2 T^2) at high temperature
B  dM/dT, whose peak marks T_c
C  M / l against the volume of the blocks, over its value for the smallest
D  M / V against the volume, square lattice and triangular antiferromagnet
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..probe import Peak, peak_of_slope, slope
from ..results.plots import COLOURS
from .lattices import CRITICAL, FOLDER, NAMES, SQUARE, TRIANGULAR, Effort, Progress, estimated

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FOLDER", "ROWS", "Effort", "draw", "falls_fastest", "rises_fastest", "study", "verdict"]

ROWS = ("system", "temperature", "level")

_KNOWN = 0.15  # relative error of an M that is shown at most, unless it is small
_SMALL = 0.03  # nats
_TOLD = 5.0  # errors of a slope that is told from none
_SHOWN = 6  # temperatures of panels C and D


def study(
    folder: Path, effort: Effort, *, seed: int = 0, threads: int = 2, progress: Progress | None = None, stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """M of every kind of cut, over system, temperature and level.

    Arguments:
        folder, effort, seed, threads, progress, stop: See `fig1.study`.
    """
    data = estimated(
        folder, replace(effort, seed=seed).plan(SQUARE, TRIANGULAR), threads, progress, stop
    )
    kept = data[["mutual_information", "mutual_information_error", "volume", "interface"]]
    others = [name for name in kept.dims if name not in ("system", "temperature", "level")]
    return kept.max(others).assign_attrs(
        size=effort.size, samples=effort.samples
    )  # one value each, or NaN


def draw(data: xarray.Dataset) -> Figure:
    """The figure with panels A to D."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7.6), layout="constrained")
    panels = figure.subplot_mosaic([["A", "B"], ["C", "D"]])
    square, triangular = data.sel(system=SQUARE), data.sel(system=TRIANGULAR)
    _against_temperature(panels["A"], square)
    _slopes(panels["B"], square)
    _against_volume(panels["C"], [(square, "o-")], per_face=True)
    _against_volume(panels["D"], [(square, "o-"), (triangular, "^--")], per_face=False)
    for letter, axes in panels.items():
        axes.set_title(letter, loc="left", fontweight="bold")
    return figure


def _level(part: xarray.Dataset, level: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Temperatures, M and errors of one kind of cut that is known well enough."""
    one = part.sel(level=level)
    t, m, error = (
        one[name].values
        for name in ("temperature", "mutual_information", "mutual_information_error")
    )
    known = np.isfinite(m) & (error <= np.maximum(_KNOWN * np.abs(m), _SMALL))
    return t[known], m[known], error[known]


def _levels(part: xarray.Dataset) -> list[tuple[int, str, float, tuple[float, ...]]]:
    """Depth, name, interface and colour of the cuts, smallest blocks first."""
    from matplotlib import colormaps

    chosen = [
        int(level) for level in part.level.values[::-1] if len(_level(part, int(level))[0]) > 3
    ]
    found = []
    for place, level in enumerate(chosen):
        one = part.sel(level=level)
        colour = colormaps["viridis"](0.92 * place / max(len(chosen) - 1, 1))
        found.append((level, f"{float(one['volume'].max()):g}", float(one.interface.max()), colour))
    return found


def _against_temperature(axes: Axes, part: xarray.Dataset) -> None:
    inset, highest = axes.inset_axes((0.5, 0.58, 0.48, 0.34)), 1.0
    for level, name, interface, colour in _levels(part):
        t, m, error = _level(part, level)
        axes.errorbar(
            t, m, error, fmt="o-", color=colour, markersize=3, linewidth=0.9, capsize=2, label=name
        )
        highest = max(highest, float((m + error).max()))
        limit = interface / (2 * t**2)
        inset.plot(t, m / limit, "-", color=colour, linewidth=0.9)
    axes.axhline(log(2), color=COLOURS["grey"], linestyle=":", linewidth=0.9)
    axes.text(
        part.temperature.values[-1], log(2), "log 2", ha="right", va="bottom", fontsize="x-small"
    )
    axes.axvline(CRITICAL[SQUARE], color=COLOURS["grey"], linestyle="--", linewidth=0.9)
    axes.set(
        xlabel="temperature T (J/k_B)", ylabel="M (nats)", ylim=(0, 2.1 * highest)
    )  # the inset above all curves
    axes.legend(
        frameon=False,
        fontsize="x-small",
        title="sites of a half",
        title_fontsize="x-small",
        loc="upper left",
        ncols=1,
    )
    inset.axhline(1, color=COLOURS["grey"], linestyle=":", linewidth=0.9)
    inset.set(xlim=(2.3, None), ylim=(0, 3.2))
    inset.set_xlabel("T", fontsize="x-small", labelpad=0)
    inset.set_title("M / (ℓ / 2T²)", fontsize="x-small", pad=2)
    inset.tick_params(labelsize="x-small")


def rises_fastest(data: xarray.Dataset) -> list[tuple[str, Peak]]:
    """Where M of the square lattice rises fastest, by the sites of a half, smallest first."""
    part = data.sel(system=SQUARE)
    return [(name, peak_of_slope(*_level(part, level))) for level, name, *_ in _levels(part)]


def falls_fastest(data: xarray.Dataset) -> list[tuple[str, Peak]]:
    """Where M of small blocks of the square lattice falls fastest, by the sites of a half, smallest first.

    Small are those whose M falls faster than it rises anywhere: M is then a function of correlations of near
    sites, whose slopes diverge at T_c as the heat capacity does.
    """
    part, found = data.sel(system=SQUARE), []
    for level, name, *_ in _levels(part):
        t, m, error = _level(part, level)
        fall = peak_of_slope(t, -m, error)
        if fall.height > max(peak_of_slope(t, m, error).height, _TOLD * fall.height_error):
            found.append((name, fall))
    return found


def _slopes(axes: Axes, part: xarray.Dataset) -> None:
    for level, name, interface, colour in _levels(part):
        at, rise, error = slope(*_level(part, level))
        axes.errorbar(
            at,
            rise / interface,
            error / interface,
            fmt="o-",
            color=colour,
            markersize=3,
            linewidth=0.9,
            capsize=2,
            label=name,
        )
    axes.axvline(CRITICAL[SQUARE], color=COLOURS["grey"], linestyle="--", linewidth=0.9)
    axes.text(
        CRITICAL[SQUARE] + 0.04,
        0.98,
        "T_c = 2.269",
        transform=axes.get_xaxis_transform(),
        va="top",
        fontsize="x-small",
    )
    axes.axhline(0, color=COLOURS["grey"], linewidth=0.6)
    axes.set(xlabel="temperature T (J/k_B)", ylabel="dM/dT / ℓ (nats k_B/J)")


def _against_volume(
    axes: Axes, parts: Sequence[tuple[xarray.Dataset, str]], per_face: bool
) -> None:
    from matplotlib import colormaps

    for part, style in parts:
        m, error = part.mutual_information.values, part.mutual_information_error.values
        known = np.isfinite(m) & (error <= np.maximum(_KNOWN * np.abs(m), 1e-3))
        rows = [row for row in range(len(m)) if known[row].sum() > 3 and np.nanmax(m[row]) > _SMALL]
        rows = [
            rows[place]
            for place in sorted(
                {round(one) for one in np.linspace(0, len(rows) - 1, min(len(rows), _SHOWN))}
            )
        ]
        for place, row in enumerate(rows):
            use = known[row]
            volume, interface = part["volume"].values[row][use], part.interface.values[row][use]
            unit = interface if per_face else volume
            y, spread = m[row][use] / unit, error[row][use] / unit
            scale = y[np.argmin(volume)] if per_face else 1.0  # that of the smallest block
            colour = colormaps["plasma"](0.85 * place / max(len(rows) - 1, 1))
            label = (
                f"{NAMES[str(part.system.values)]}, T = {part.temperature.values[row]:g}"
                if not per_face
                else f"T = {part.temperature.values[row]:g}"
            )
            axes.errorbar(
                volume,
                y / scale,
                spread / scale,
                fmt=style,
                color=colour,
                markersize=3,
                linewidth=0.9,
                capsize=2,
                label=label,
            )
    axes.set(xscale="log", xlabel="volume of a half V (sites)")
    axes.set_ylabel("M / ℓ over that of single sites" if per_face else "M / V (nats/site)")
    if not per_face:
        axes.set_yscale("log")
        axes.set_ylim(bottom=axes.get_ylim()[0] / 20)  # room for the legend
    axes.legend(frameon=False, fontsize="x-small", loc="lower left", ncols=1 if per_face else 2)


def verdict(data: xarray.Dataset) -> str:
    """Where M of large blocks rises fastest and where that of small ones falls fastest, each at the scale that tells it best.

    Arguments:
        data: As `study` returns it.
    """
    said = []
    for how, peaks in (("rises", rises_fastest(data)), ("falls", falls_fastest(data))):
        inside = [(name, one) for name, one in peaks if one.inside]
        if inside:
            name, best = min(inside, key=lambda one: one[1].at_error)
            off = best.at - CRITICAL[SQUARE]
            said.append(
                f"M of blocks of {name} sites {how} fastest at T = {best}, {off:+.3f} from T_c = {CRITICAL[SQUARE]:.3f}"
            )
    return "; ".join(said) or "M rises fastest at the end of the temperatures; no T_c is seen"
