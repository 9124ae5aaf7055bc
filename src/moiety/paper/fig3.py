"""Fig. 3: XY rotors in fields, by the chain rule; open circles: by critics at H = 0.

A  s against T; inset: ds/dT, with T_KT
B  M between neighbouring blocks against T, an arrow at each peak, l / (4 T^2) at high temperature
C  M at low temperature with M of harmonic rotors, and the position of the peak of M, against H
D  two rotors, exactly
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..exact.blocks import block_answers
from ..exact.xy import pair_information
from ..geometry.cuts import Cut
from ..probe import Peak, peak, slope
from ..results.plots import COLOURS
from ..systems import system
from .fields import SHARE, by_chain_rule, cut_of
from .lattices import CRITICAL, FOLDER, ROTORS, Effort, Progress, curve, estimated, reference

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FOLDER", "ROWS", "Effort", "draw", "highest", "plateaus", "study", "verdict"]

ROWS = ("field", "temperature")


def study(
    folder: Path, effort: Effort, *, seed: int = 0, threads: int = 2,
    progress: Progress | None = None, should_stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """Estimate s and M over field and temperature, with references and M of harmonic rotors.

    Args:
        folder: Folder of the store that the lattice figures share.
        effort: Sizes, state points and training.
        seed: Seed for samples and networks.
        threads: Number of worker processes.
        progress: Called as `progress(done, total, text)`.
        should_stop: Asked often; once it returns True, `Stopped` is raised.
    """
    effort, cut = replace(effort, seed=seed), cut_of(effort.size)
    points = estimated(folder, effort.plan(ROTORS), threads, progress, should_stop)
    critics = _critics(points, effort.size**2 // SHARE)
    data = by_chain_rule(
        folder, effort, threads=threads, progress=progress, should_stop=should_stop
    )
    fields, temperatures = list(map(float, data.field.values)), data.temperature.values
    exact = [reference(data, ROTORS, temperatures, effort.size, h)[0] for h in fields]
    harmonic = [_harmonic(cut, h, effort.size) for h in fields]
    attributes = {"size": effort.size, "samples": effort.samples}
    attributes |= {"side": cut.parent[0], "interface": cut.interface}
    return data.merge(critics).assign(
        reference=(("field", "temperature"), exact, {"units": "nats/site"}),
        harmonic=("field", harmonic, {"units": "nats"}),
    ).assign_attrs(attributes)  # fmt: skip


def _critics(data: xarray.Dataset, volume: int) -> xarray.Dataset:
    """Results of critics at H = 0, with M of blocks of this volume, over their own temperatures."""
    import xarray

    volumes = np.nanmax(data["volume"].values.reshape(-1, data.sizes["level"]), axis=0)
    level = int(data.level[int(np.argmin(np.abs(volumes - volume)))])
    t, s, s_error = curve(data, ROTORS, "entropy")
    _, m, m_error = curve(data, ROTORS, "mutual_information", level=level)
    columns = {"entropy": s, "error": s_error}
    columns |= {"mutual_information": m, "mutual_information_error": m_error}
    units = {"units": "nats"}
    return xarray.Dataset(
        {
            f"critic_{name}": ("critic_temperature", values, units)
            for name, values in columns.items()
        },
        {"critic_temperature": t},
    )


def _harmonic(cut: Cut, h: float, size: int) -> float:
    """M of harmonic rotors between the halves; NaN at H = 0, where the zero mode has no M."""
    model = system(ROTORS, size=size, temperature=1.0, field=h)
    answers = block_answers(model, cut.left if cut.axis == 0 else cut.left[::-1])
    m = None if answers is None else answers.mutual_information
    return np.nan if m is None else m


def _mutual_information(
    data: xarray.Dataset, h: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Temperatures, M and its errors at a field."""
    part = data.sel(field=h)
    return (
        data.temperature.values,
        part.mutual_information.values,
        part.mutual_information_error.values,
    )


def highest(data: xarray.Dataset) -> list[tuple[float, Peak]]:
    """Find the peak of M for each field.

    Args:
        data: Dataset from `study`.

    Returns:
        Fields in J, and peaks.
    """
    return [(h, peak(*_mutual_information(data, h))) for h in map(float, data.field.values)]


def plateaus(data: xarray.Dataset) -> list[tuple[float, float, float, float]]:
    """Compare M at the lowest temperature with M_h of harmonic rotors, for each field H > 0.

    Args:
        data: Dataset from `study`.

    Returns:
        Field in J, M, its error, and M_h in nats.
    """
    rows = []
    for h, harmonic in zip(map(float, data.field.values), data.harmonic.values, strict=True):
        if np.isfinite(harmonic):
            _, m, error = _mutual_information(data, h)
            rows.append((h, float(m[0]), float(error[0]), float(harmonic)))
    return rows


def draw(data: xarray.Dataset) -> Figure:
    """Draw the figure with panels A to D.

    Args:
        data: Dataset from `study`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7.6), layout="constrained")
    panels = figure.subplot_mosaic([["A", "B"], ["C", "D"]])
    for letter, axes in panels.items():
        axes.set_title(letter, loc="left", fontweight="bold")
    _entropies(panels["A"], data)
    _blocks(panels["B"], data)
    _against_field(panels["C"], data)
    _pairs(panels["D"], data)
    return figure


def _colours(data: xarray.Dataset) -> list[tuple[float, str]]:
    names = ("blue", "green", "orange", "vermilion", "purple", "sky")
    return [
        (float(h), COLOURS[names[place % len(names)]]) for place, h in enumerate(data.field.values)
    ]


def _entropies(axes: Axes, data: xarray.Dataset) -> None:
    inset = axes.inset_axes((0.52, 0.14, 0.45, 0.42))
    for h, colour in _colours(data):
        part = data.sel(field=h)
        t, s, error = part.temperature.values, part.entropy.values, part.error.values
        axes.errorbar(
            t, s, error, fmt="o", color=colour, markersize=3, capsize=2, label=f"H = {h:g}"
        )
        known = part.reference.dropna("temperature")
        axes.plot(known.temperature.values, known.values, "-", color=colour, linewidth=0.8)
        at, rise, spread = slope(t, s, error)
        inset.errorbar(at, rise, spread, fmt="o-", color=colour, markersize=2, linewidth=0.7)
    _open(axes, data, "entropy", "error")
    for panel in (axes, inset):
        panel.axvline(CRITICAL[ROTORS], color=COLOURS["grey"], linestyle="--", linewidth=0.8)
    inset.set(xlim=(0.3, 2.3))
    inset.set_title("ds/dT", fontsize="x-small", pad=2)
    inset.tick_params(labelsize="x-small")
    axes.set(xlabel="temperature T (J/k_B)", ylabel="s (nats/site)")
    axes.legend(frameon=False, fontsize="x-small", loc="upper left")


def _open(axes: Axes, data: xarray.Dataset, value: str, error: str) -> None:
    """Draw the results of critics at H = 0 as open circles."""
    style: dict[str, Any] = {
        "color": _colours(data)[0][1],
        "markerfacecolor": "none",
        "markersize": 5,
        "capsize": 2,
        "linewidth": 0.8,
    }
    axes.errorbar(
        data.critic_temperature.values,
        data[f"critic_{value}"].values,
        data[f"critic_{error}"].values,
        fmt="o",
        label="H = 0, critics",
        **style,
    )


def _blocks(axes: Axes, data: xarray.Dataset) -> None:
    for h, colour in _colours(data):
        t, m, error = _mutual_information(data, h)
        axes.errorbar(
            t,
            m,
            error,
            fmt="o-",
            color=colour,
            markersize=3,
            capsize=2,
            linewidth=0.9,
            label=f"H = {h:g}",
        )
    _open(axes, data, "mutual_information", "mutual_information_error")
    hot = np.linspace(1.3, float(data.temperature.max()), 100)
    axes.plot(
        hot,
        data.attrs["interface"] / (4 * hot**2),
        ":",
        color="black",
        linewidth=1,
        label="ℓ / 4T²",
    )
    axes.axvline(CRITICAL[ROTORS], color=COLOURS["grey"], linestyle="--", linewidth=0.8)
    axes.set(
        xlabel="temperature T (J/k_B)",
        ylabel=f"M (nats), halves of {data.attrs['side']}×{data.attrs['side']}",
        ylim=(0, None),
    )
    axes.legend(frameon=False, fontsize="x-small")
    length, colours = 0.1 * axes.get_ylim()[1], dict(_colours(data))
    for h, top in highest(data):
        if top.inside:
            arrow = {"arrowstyle": "->", "color": colours[h], "shrinkB": 7}
            axes.annotate("", (top.at, top.height), (top.at, top.height + length), arrowprops=arrow)


def _against_field(axes: Axes, data: xarray.Dataset) -> None:
    h, m, error, harmonic = map(np.array, zip(*plateaus(data), strict=True))
    axes.errorbar(
        h,
        m,
        error,
        fmt="o",
        color=COLOURS["blue"],
        markersize=4,
        capsize=2,
        label="M at the lowest T",
    )
    axes.plot(h, harmonic, "x", color="black", markersize=6, label="harmonic rotors M_h")
    axes.set(xlabel="field H (J)", ylabel="M (nats)", xscale="log")
    handles, labels = axes.get_legend_handles_labels()
    tops = [(h, top.at, top.at_error) for h, top in highest(data) if top.inside and h > 0]
    if tops:
        h, at, error = map(np.array, zip(*tops, strict=True))
        twin, colour = axes.twinx(), COLOURS["vermilion"]
        twin.errorbar(h, at, error, fmt="s", color=colour, markersize=4, capsize=2, label="T_max")
        twin.set_ylabel("T where M is largest (J/k_B)", color=colour)
        more_handles, more_labels = twin.get_legend_handles_labels()
        handles, labels = [*handles, *more_handles], [*labels, *more_labels]
    axes.legend(handles, labels, frameon=False, fontsize="small", loc="upper center")


def _pairs(axes: Axes, data: xarray.Dataset) -> None:
    temperatures = np.geomspace(0.05, 4, 200)
    for h, colour in _colours(data):
        m = [pair_information(float(t), field=h) for t in temperatures]
        axes.plot(temperatures, m, color=colour, label=f"H = {h:g}")
    hot = temperatures[temperatures > 1]
    axes.plot(hot, 1 / (4 * hot**2), ":", color="black", linewidth=1, label="1 / 4T²")
    axes.set(
        xscale="log", ylim=(0, 1.6), xlabel="temperature T (J/k_B)", ylabel="M of two rotors (nats)"
    )
    axes.legend(frameon=False, fontsize="x-small")


def verdict(data: xarray.Dataset) -> str:
    """Largest error of s, peaks of M, and M at low temperature with M of harmonic rotors, in words.

    Args:
        data: Dataset from `study`.
    """
    errors = np.abs(data.entropy - data.reference).values
    parts = [f"largest error of s {np.nanmax(errors):.4f}"] if np.isfinite(errors).any() else []
    parts += [f"M largest {'at T = ' * top.inside}{top} (H = {h:g})" for h, top in highest(data)]
    parts += [
        f"M = {m:.2f} ± {error:.2f}, harmonic {harmonic:.2f} (H = {h:g})"
        for h, m, error, harmonic in plateaus(data)
    ]
    return "; ".join([*parts, f"{float(data.seconds.sum()):.0f} s on one core"])
