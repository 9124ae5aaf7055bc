"""What a sweep says of phases: peaks of M and of its slope by scale, area laws, the split of entropy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..results.plots import COLOURS
from .peaks import AreaFit, Peak, area_fit, peak, peak_of_slope, slope

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Found", "area_laws", "draw", "probed"]

_LEAST = 4  # places along a curve
_KNOWN = 0.2  # relative error of an M that is looked at, at most, where M is not small
_SMALL = 0.05  # nats
_SHOWN = 7  # scales in a panel


@dataclass(frozen=True)
class Found:
    """Peaks of one curve: M of one kind of cut along one axis of a sweep.

    Arguments:
        labels: Of the curve, what is fixed along it.
        level: Depth of the cut, 1 for the first one.
        volume: Sites of a half.
        highest: Where M is largest.
        steepest: Where M rises fastest.
    """

    labels: dict[str, Any]
    level: int
    volume: float
    highest: Peak
    steepest: Peak


def probed(data: xarray.Dataset, along: str = "temperature") -> list[Found]:
    """Peaks by scale of every curve of a sweep, largest blocks first.

    Arguments:
        data: As `sweep.collect` gives it.
        along: The axis of the curves.

    Raises:
        InputError: No such axis, or no curve of four places or more.
    """
    found = []
    for labels, part in _curves(data, along):
        for level in part.level.values:
            x, m, error = _along(part.sel(level=level), along)
            if len(x) >= _LEAST and m.max() > 0:
                volume = float(np.nanmax(part.sel(level=level)["volume"].values))
                found.append(
                    Found(labels, int(level), volume, peak(x, m, error), peak_of_slope(x, m, error))
                )
    if not found:
        raise InputError(f"a probe needs four places along {along} at least")
    return found


def area_laws(
    data: xarray.Dataset, along: str = "temperature"
) -> list[tuple[dict[str, Any], AreaFit]]:
    """The area law at every state point of a sweep that has blocks enough.

    Arguments:
        data, along: See `probed`.
    """
    found = []
    for labels, part in _curves(data, along):
        for at in part[along].values:
            one = part.sel({along: at})
            try:
                law = area_fit(
                    one.interface.values,
                    one.mutual_information.values,
                    one.mutual_information_error.values,
                )
            except InputError:
                continue
            found.append(({**labels, along: float(at)}, law))
    return found


def _curves(data: xarray.Dataset, along: str) -> Iterator[tuple[dict[str, Any], xarray.Dataset]]:
    """What is fixed along each curve, and the part of the data over `along` and `level`."""
    if "mutual_information" not in data or along not in data.mutual_information.dims:
        raise InputError(
            f"the data have no M along {along}; give what moiety collect wrote, or the store of a sweep"
        )
    others = [name for name in data.mutual_information.dims if name not in (along, "level")]
    if not others:
        yield {}, data
        return
    stacked = data.stack(curve=others)
    for place in range(stacked.sizes["curve"]):
        part = stacked.isel(curve=place)
        if part.mutual_information.notnull().any():
            values = dict(zip(others, part.curve.item(), strict=True))
            yield (
                {name: value for name, value in values.items() if value != "" and value == value},
                part.drop_vars(["curve", *others]),
            )


def _along(part: xarray.Dataset, along: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, M and error of one scale, of what is known well enough."""
    x, m, error = (
        part[along].values,
        part.mutual_information.values,
        part.mutual_information_error.values,
    )
    order = np.argsort(x)
    x, m, error = x[order], m[order], error[order]
    known = np.isfinite(m) & (error <= np.maximum(_KNOWN * np.abs(m), _SMALL))
    return x[known], m[known], error[known]


def draw(data: xarray.Dataset, along: str = "temperature") -> Figure:
    """M, its slope and the split of the entropy by scale along the axis, a row of panels for each curve.

    Arguments:
        data, along: See `probed`.
    """
    from matplotlib.figure import Figure

    curves, peaks = list(_curves(data, along)), probed(data, along)
    figure = Figure(figsize=(12, 3.4 * len(curves)), layout="constrained")
    rows = figure.subplots(len(curves), 3, squeeze=False)
    for (labels, part), row in zip(curves, rows, strict=True):
        here = [one for one in peaks if one.labels == labels]
        _information(row[0], part, along, here)
        _slopes(row[1], part, along, here)
        _split(row[2], part, along)
        row[0].set_title(
            ", ".join(f"{name} {value}" for name, value in labels.items()) or "M by scale",
            fontsize="small",
            loc="left",
        )
    return figure


def _levels(peaks: list[Found]) -> list[tuple[Found, tuple[float, ...]]]:
    """Scales that are shown, spread over all, with their colours."""
    from matplotlib import colormaps

    chosen = peaks[:: max(-(-len(peaks) // _SHOWN), 1)]
    return [
        (one, colormaps["viridis"](0.92 * place / max(len(chosen) - 1, 1)))
        for place, one in enumerate(chosen)
    ]


def _information(axes: Axes, part: xarray.Dataset, along: str, peaks: list[Found]) -> None:
    for one, colour in _levels(peaks):
        x, m, error = _along(part.sel(level=one.level), along)
        axes.errorbar(
            x,
            m,
            error,
            fmt="o-",
            color=colour,
            markersize=3,
            capsize=2,
            linewidth=0.9,
            label=f"{one.volume:g}",
        )
    axes.set(xlabel=along, ylabel="M (nats)")
    axes.set_ylim(bottom=0)
    axes.legend(
        frameon=False,
        fontsize="x-small",
        title="sites of a half",
        title_fontsize="x-small",
        ncols=2,
    )


def _slopes(axes: Axes, part: xarray.Dataset, along: str, peaks: list[Found]) -> None:
    """Each over its largest value, so that scales can be compared."""
    for one, colour in _levels(peaks):
        at, rise, error = slope(*_along(part.sel(level=one.level), along))
        unit = max(float(np.abs(rise).max()), 1e-12)
        axes.errorbar(
            at,
            rise / unit,
            error / unit,
            fmt="o-",
            color=colour,
            markersize=3,
            capsize=2,
            linewidth=0.9,
        )
    best = min(
        (one for one in peaks if one.steepest.inside),
        key=lambda one: one.steepest.at_error,
        default=None,
    )
    if best:
        axes.axvline(best.steepest.at, color=COLOURS["grey"], linestyle="--", linewidth=0.9)
        axes.set_title(
            f"rises fastest at {best.steepest} ({best.volume:g} sites)", fontsize="small"
        )
    axes.axhline(0, color=COLOURS["grey"], linewidth=0.6)
    axes.set(xlabel=along, ylabel=f"dM/d{along} over its largest")


def _split(axes: Axes, part: xarray.Dataset, along: str) -> None:
    """How much each scale takes from the entropy per site: M / (2 V)."""
    from matplotlib import colormaps

    order = np.argsort(part[along].values)
    x, volumes = (
        part[along].values[order],
        part["volume"].transpose("level", along).values[::-1, order],
    )
    taken = part.mutual_information.transpose("level", along).values[::-1, order] / (
        2 * volumes
    )  # smallest blocks first
    shown = np.isfinite(taken).any(axis=0)
    layers = np.nan_to_num(taken[:, shown])
    colours = [
        colormaps["viridis"](1 - 0.92 * place / max(len(layers) - 1, 1))
        for place in range(len(layers))
    ]
    axes.stackplot(
        x[shown],
        layers,
        colors=colours,
        labels=[f"{volume:g}" for volume in np.nanmax(volumes[:, shown], axis=1)],
    )
    axes.set(
        xlabel=along,
        ylabel="taken from s by scale (nats/site)",
        xlim=(x[shown].min(), x[shown].max()),
    )
    handles, names = axes.get_legend_handles_labels()
    axes.legend(
        handles[:_SHOWN],
        names[:_SHOWN],
        frameon=False,
        fontsize="x-small",
        title="sites of a half",
        title_fontsize="x-small",
    )
