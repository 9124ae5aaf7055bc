"""Fig. 2: mutual information of Ising blocks against temperature and size.

A  M against T for every size of block; inset: M relative to its limit l / (2 T^2) at high T
B  dM/dT, which peaks at T_c
C  M / l against the volume of the blocks, relative to its value for the smallest block
D  M / V against the volume, square lattice and triangular antiferromagnet
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..probe import Peak, peak_of_slope, slope
from ..results.plots import COLOURS
from .lattices import CRITICAL, FOLDER, NAMES, SQUARE, TRIANGULAR, Effort, Progress, estimated

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FOLDER", "ROWS", "Effort", "draw", "falls_fastest", "rises_fastest", "study", "verdict"]

ROWS = ("system", "temperature", "level")

_KNOWN = 0.15  # largest relative error of an M in a panel, unless its error is below _SMALL
_SMALL = 0.03  # nats
_SIGNIFICANT = 5.0  # standard errors of a slope
_SHOWN = 6  # temperatures of panels C and D

_Curve = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def study(
    folder: Path, effort: Effort, *, seed: int = 0, threads: int = 2,
    progress: Progress | None = None, should_stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """Estimate M of every level, over system and temperature.

    Args:
        folder: Folder of the store that the lattice figures share.
        effort: Sizes, state points and training.
        seed: Seed for samples and networks.
        threads: Number of worker processes.
        progress: Called as `progress(done, total, text)`.
        should_stop: Asked often; once it returns True, `Stopped` is raised.
    """
    plan = replace(effort, seed=seed).plan(SQUARE, TRIANGULAR)
    data = estimated(folder, plan, threads, progress, should_stop)
    kept = data[["mutual_information", "mutual_information_error", "volume", "interface"]]
    others = [name for name in kept.dims if name not in ("system", "temperature", "level")]
    single = kept.max(others)  # along the other dimensions there is only one value that is not NaN
    return single.assign_attrs(size=effort.size, samples=effort.samples)


def draw(data: xarray.Dataset) -> Figure:
    """Draw the figure with panels A to D.

    Args:
        data: Dataset from `study`.
    """
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


def _level(part: xarray.Dataset, level: int) -> _Curve:
    """Temperatures, M and its errors at one level, without large errors."""
    names = ("temperature", "mutual_information", "mutual_information_error")
    t, m, error = (part.sel(level=level)[name].values for name in names)
    known = np.isfinite(m) & (error <= np.maximum(_KNOWN * np.abs(m), _SMALL))
    return t[known], m[known], error[known]


def _levels(part: xarray.Dataset) -> list[tuple[int, str, float, tuple[float, ...]]]:
    """Level, name, interface and colour of the cuts, smallest blocks first."""
    from matplotlib import colormaps

    levels = map(int, part.level.values[::-1])
    chosen = [level for level in levels if len(_level(part, level)[0]) > 3]
    rows: list[tuple[int, str, float, tuple[float, ...]]] = []
    for place, level in enumerate(chosen):
        cut = part.sel(level=level)
        colour = colormaps["viridis"](0.92 * place / max(len(chosen) - 1, 1))
        rows.append((level, f"{float(cut['volume'].max()):g}", float(cut.interface.max()), colour))
    return rows


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
    top = 2.1 * highest  # the inset is above all curves
    axes.set(xlabel="temperature T (J/k_B)", ylabel="M (nats)", ylim=(0, top))
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
    """Find where M of the square lattice rises fastest, smallest blocks first.

    Args:
        data: Dataset from `study`.

    Returns:
        Sites of a half as text, and the peak of dM/dT.
    """
    part = data.sel(system=SQUARE)
    return [(name, peak_of_slope(*_level(part, level))) for level, name, *_ in _levels(part)]


def falls_fastest(data: xarray.Dataset) -> list[tuple[str, Peak]]:
    """Find where M of small blocks of the square lattice falls fastest, smallest blocks first.

    A block is small if its M falls faster than it rises anywhere.  M is then a function of
    correlations between near sites, whose slopes diverge at T_c as the heat capacity does.

    Args:
        data: Dataset from `study`.

    Returns:
        Sites of a half as text, and the peak of -dM/dT.
    """
    part, falls = data.sel(system=SQUARE), []
    for level, name, *_ in _levels(part):
        t, m, error = _level(part, level)
        fall = peak_of_slope(t, -m, error)
        if fall.height > max(peak_of_slope(t, m, error).height, _SIGNIFICANT * fall.height_error):
            falls.append((name, fall))
    return falls


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
        rows = _temperatures_to_show(part)
        for place, row in enumerate(rows):
            volume, y, error = _by_volume(part, row, per_face)
            colour = colormaps["plasma"](0.85 * place / max(len(rows) - 1, 1))
            label = f"T = {part.temperature.values[row]:g}"
            if not per_face:
                label = f"{NAMES[str(part.system.values)]}, {label}"
            axes.errorbar(
                volume,
                y,
                error,
                fmt=style,
                color=colour,
                markersize=3,
                linewidth=0.9,
                capsize=2,
                label=label,
            )
    axes.set(xscale="log", xlabel="volume of a half V (sites)")
    axes.set_ylabel("M / ℓ relative to single sites" if per_face else "M / V (nats/site)")
    if not per_face:
        axes.set_yscale("log")
        axes.set_ylim(bottom=axes.get_ylim()[0] / 20)  # room for the legend
    axes.legend(frameon=False, fontsize="x-small", loc="lower left", ncols=1 if per_face else 2)


def _known(part: xarray.Dataset) -> NDArray[np.bool_]:
    """Whether M has a small error, by temperature and level."""
    m, error = part.mutual_information.values, part.mutual_information_error.values
    known: NDArray[np.bool_] = np.isfinite(m) & (error <= np.maximum(_KNOWN * np.abs(m), 1e-3))
    return known


def _temperatures_to_show(part: xarray.Dataset) -> list[int]:
    """Indices of up to six temperatures, spread over those where M is large and known."""
    m, known = part.mutual_information.values, _known(part)
    rows = [row for row in range(len(m)) if known[row].sum() > 3 and np.nanmax(m[row]) > _SMALL]
    places = np.linspace(0, len(rows) - 1, min(len(rows), _SHOWN))
    return [rows[place] for place in sorted({round(place) for place in places})]


def _by_volume(part: xarray.Dataset, row: int, per_face: bool) -> _Curve:
    """Volumes, and M with its error over the volume, or over the interface in units of one site."""
    use = _known(part)[row]
    names = ("volume", "interface", "mutual_information", "mutual_information_error")
    volume, interface, m, error = (part[name].values[row][use] for name in names)
    unit = interface if per_face else volume
    y, spread = m / unit, error / unit
    scale = y[np.argmin(volume)] if per_face else 1.0  # value of the smallest block
    return volume, y / scale, spread / scale


def verdict(data: xarray.Dataset) -> str:
    """Where M of large blocks rises fastest and M of small blocks falls fastest, in words.

    Each comes from the scale with the smallest error.

    Args:
        data: Dataset from `study`.
    """
    sentences = []
    for verb, peaks in (("rises", rises_fastest(data)), ("falls", falls_fastest(data))):
        inside = [(name, peak) for name, peak in peaks if peak.inside]
        if inside:
            name, best = min(inside, key=lambda pair: pair[1].at_error)
            difference = best.at - CRITICAL[SQUARE]
            sentences.append(
                f"M of blocks of {name} sites {verb} fastest at T = {best}, "
                f"{difference:+.3f} from T_c = {CRITICAL[SQUARE]:.3f}"
            )
    return "; ".join(sentences) or "M rises fastest at the end of the temperatures; no T_c is seen"
