"""Fig. 3: XY rotors in fields, by the chain rule; without a field by critics, too (open circles).

A  s against T; inset: ds/dT, with T_KT
B  M between neighbouring blocks against T, an arrow at each peak, l / (4 T^2) at high temperature
C  the plateau of M at low temperature against that of harmonic rotors, and where M is largest against H
D  two rotors, exactly
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

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
    folder: Path, effort: Effort, *, seed: int = 0, threads: int = 2, progress: Progress | None = None, stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """S and M over field and temperature, with the references of s and the plateau of harmonic rotors.

    Arguments:
        folder, effort, seed, threads, progress, stop: See `fig1.study`.
    """
    effort = replace(effort, seed=seed)
    critics = _critics(
        estimated(folder, effort.plan(ROTORS), threads, progress, stop), effort.size**2 // SHARE
    )
    data = by_chain_rule(folder, effort, threads=threads, progress=progress, stop=stop)
    exact = [
        reference(data, ROTORS, data.temperature.values, effort.size, h)[0]
        for h in map(float, data.field.values)
    ]
    cut = cut_of(effort.size)
    harmonic = [_harmonic(cut, float(h), effort.size) for h in data.field.values]
    return data.merge(critics).assign(
        reference=(("field", "temperature"), exact, {"units": "nats/site"}), harmonic=("field", harmonic, {"units": "nats"}),
    ).assign_attrs(size=effort.size, samples=effort.samples, side=cut.parent[0], interface=cut.interface)  # fmt: skip


def _critics(data: xarray.Dataset, volume: int) -> xarray.Dataset:
    """S and M of blocks of so many sites without a field, over temperatures of their own."""
    import xarray

    level = int(
        data.level[
            int(
                np.argmin(
                    np.abs(
                        np.nanmax(data["volume"].values.reshape(-1, data.sizes["level"]), axis=0)
                        - volume
                    )
                )
            )
        ]
    )
    t, s, s_error = curve(data, ROTORS, "entropy")
    _, m, m_error = curve(data, ROTORS, "mutual_information", level=level)
    found = {
        "entropy": s,
        "error": s_error,
        "mutual_information": m,
        "mutual_information_error": m_error,
    }
    units = {"units": "nats"}
    return xarray.Dataset(
        {f"critic_{name}": ("critic_temperature", values, units) for name, values in found.items()},
        {"critic_temperature": t},
    )


def _harmonic(cut: Cut, h: float, size: int) -> float:
    """M of harmonic rotors between the halves: NaN at H = 0, where a zero mode has no M of its own."""
    found = block_answers(
        system(ROTORS, size=size, temperature=1.0, field=h),
        cut.left if cut.axis == 0 else cut.left[::-1],
    )
    return np.nan if found is None else found.mutual_information


def _informations(data: xarray.Dataset, h: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    one = data.sel(field=h)
    return (
        data.temperature.values,
        one.mutual_information.values,
        one.mutual_information_error.values,
    )


def highest(data: xarray.Dataset) -> list[tuple[float, Peak]]:
    """Where M is largest, by field."""
    return [(h, peak(*_informations(data, h))) for h in map(float, data.field.values)]


def plateaus(data: xarray.Dataset) -> list[tuple[float, float, float, float]]:
    """Field, M at the lowest temperature with its error, and M_h of harmonic rotors; not without a field."""
    found = []
    for h, harmonic in zip(map(float, data.field.values), data.harmonic.values, strict=True):
        if np.isfinite(harmonic):
            _, m, error = _informations(data, h)
            found.append((h, float(m[0]), float(error[0]), float(harmonic)))
    return found


def draw(data: xarray.Dataset) -> Figure:
    """The figure with panels A to D."""
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
        t, s, error = (
            data.temperature.values,
            data.entropy.sel(field=h).values,
            data.error.sel(field=h).values,
        )
        axes.errorbar(
            t, s, error, fmt="o", color=colour, markersize=3, capsize=2, label=f"H = {h:g}"
        )
        exact = data.reference.sel(field=h).values
        axes.plot(
            data.temperature.values[np.isfinite(exact)],
            exact[np.isfinite(exact)],
            "-",
            color=colour,
            linewidth=0.8,
        )
        at, rise, spread = slope(t, s, error)
        inset.errorbar(at, rise, spread, fmt="o-", color=colour, markersize=2, linewidth=0.7)
    _open(axes, data, "entropy", "error")
    for one in (axes, inset):
        one.axvline(CRITICAL[ROTORS], color=COLOURS["grey"], linestyle="--", linewidth=0.8)
    inset.set(xlim=(0.3, 2.3))
    inset.set_title("ds/dT", fontsize="x-small", pad=2)
    inset.tick_params(labelsize="x-small")
    axes.set(xlabel="temperature T (J/k_B)", ylabel="s (nats/site)")
    axes.legend(frameon=False, fontsize="x-small", loc="upper left")


def _open(axes: Axes, data: xarray.Dataset, value: str, error: str) -> None:
    """What critics give without a field."""
    style = {
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
        t, m, error = _informations(data, h)
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
    tops = [(h, one.at, one.at_error) for h, one in highest(data) if one.inside and h > 0]
    both = [axes]
    if tops:
        h, at, error = map(np.array, zip(*tops, strict=True))
        both.append(axes.twinx())
        both[1].errorbar(
            h,
            at,
            error,
            fmt="s",
            color=COLOURS["vermilion"],
            markersize=4,
            capsize=2,
            label="T_max",
        )
        both[1].set_ylabel("T where M is largest (J/k_B)", color=COLOURS["vermilion"])
    lines = [part for one in both for part in zip(*one.get_legend_handles_labels(), strict=True)]
    axes.legend(*zip(*lines, strict=True), frameon=False, fontsize="small", loc="upper center")


def _pairs(axes: Axes, data: xarray.Dataset) -> None:
    temperatures = np.geomspace(0.05, 4, 200)
    for h, colour in _colours(data):
        m = [pair_information(float(t), field=h) for t in temperatures]
        axes.plot(temperatures, m, color=colour, label=f"H = {h:g}")
    axes.plot(
        temperatures[temperatures > 1],
        1 / (4 * temperatures[temperatures > 1] ** 2),
        ":",
        color="black",
        linewidth=1,
        label="1 / 4T²",
    )
    axes.set(
        xscale="log", ylim=(0, 1.6), xlabel="temperature T (J/k_B)", ylabel="M of two rotors (nats)"
    )
    axes.legend(frameon=False, fontsize="x-small")


def verdict(data: xarray.Dataset) -> str:
    """How far entropies are off, where M is largest, plateaus against those of harmonic rotors.

    Arguments:
        data: As `study` returns it.
    """
    off = np.abs(data.entropy - data.reference).values
    told = [f"s off by {np.nanmax(off):.4f} at most"] if np.isfinite(off).any() else []
    told += [f"M largest {'at T = ' * one.inside}{one} (H = {h:g})" for h, one in highest(data)]
    told += [
        f"M = {m:.2f} ± {error:.2f}, harmonic {harmonic:.2f} (H = {h:g})"
        for h, m, error, harmonic in plateaus(data)
    ]
    return "; ".join([*told, f"{float(data.seconds.sum()):.0f} s of a core"])
