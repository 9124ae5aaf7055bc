"""Phases in a sweep: peaks of M and of its slope by scale, area laws, shares of the entropy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import InputError
from ..results.plot_axes import COLOURS, literal
from .peaks import AreaFit, Peak, area_fit, peak, peak_of_slope, slope

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["CurvePeaks", "area_laws", "draw", "find_peaks"]

_VARIABLES = {"mutual_information", "mutual_information_error", "volume", "interface"}
_LEAST = 4  # minimum number of points along a curve
_KNOWN = 0.2  # largest relative error of an M in use, unless its error is below _SMALL
_SMALL = 0.05  # nats
_SHOWN = 7  # scales in a panel


@dataclass(frozen=True)
class CurvePeaks:
    """Peaks of a curve: M of one level along one axis of a sweep.

    Args:
        labels: Parameters that are fixed along the curve, by name.
        level: Level of the cut, 1 for the first cut.
        volume: Number of sites in a half.
        highest: Maximum of M.
        steepest: Maximum of the slope of M.
    """

    labels: dict[str, Any]
    level: int
    volume: float
    highest: Peak
    steepest: Peak


_Coloured = tuple[CurvePeaks, tuple[float, float, float, float]]


def find_peaks(data: xarray.Dataset, along: str = "temperature") -> list[CurvePeaks]:
    """Find the peaks of every curve of a sweep by scale, largest blocks first.

    Args:
        data: Dataset from `sweep.collect`.
        along: Axis of the curves.

    Raises:
        InputError: There is no such axis, or no curve with at least four points.
    """
    peaks = []
    for labels, part in _curves(data, along):
        for level in part.level.values:
            x, m, error = _along(part.sel(level=level), along)
            if len(x) >= _LEAST and m.max() > 0:
                volume = float(np.nanmax(part.sel(level=level)["volume"].values))
                highest, steepest = peak(x, m, error), peak_of_slope(x, m, error)
                peaks.append(CurvePeaks(labels, int(level), volume, highest, steepest))
    if not peaks:
        raise InputError(f"a probe needs at least four points along {along}; sweep over more")
    return peaks


def area_laws(
    data: xarray.Dataset, along: str = "temperature"
) -> list[tuple[dict[str, Any], AreaFit]]:
    """Fit the area law at every state point of a sweep with enough blocks.

    Args:
        data: Dataset from `sweep.collect`.
        along: Axis of the curves.

    Returns:
        Parameters of a state point by name, and its fit.
    """
    laws = []
    columns = ("interface", "mutual_information", "mutual_information_error")
    for labels, part in _curves(data, along):
        for at in part[along].values:
            point = part.sel({along: at})
            with suppress(InputError):  # too few blocks
                law = area_fit(*(point[name].values for name in columns))
                laws.append(({**labels, along: float(at)}, law))
    return laws


def _curves(data: xarray.Dataset, along: str) -> Iterator[tuple[dict[str, Any], xarray.Dataset]]:
    """Fixed parameters of each curve, and its part of the data over `along` and `level`."""
    _check_data(data, along)
    data = _over_files(data, along)
    others = [name for name in data.mutual_information.dims if name not in (along, "level")]
    if not others:
        yield {}, data
        return
    stacked = data.stack(curve=others)
    for place in range(stacked.sizes["curve"]):
        part = stacked.isel(curve=place)
        if part.mutual_information.notnull().any():
            values = dict(zip(others, map(_plain_number, part.curve.item()), strict=True))
            yield (
                {name: value for name, value in values.items() if value != "" and value == value},
                part.drop_vars(["curve", *others]),
            )


def _plain_number(value: Any) -> Any:
    """Return a number of NumPy as one of Python, which JSON can hold."""
    return value.item() if isinstance(value, np.generic) else value


def _check_data(data: xarray.Dataset, along: str) -> None:
    dims = data.mutual_information.dims if "mutual_information" in data else ()
    if along not in dims or "level" not in dims or along == "level" or not {*data} >= _VARIABLES:
        raise InputError(
            f"the data have no M along {along}; use the output of moiety collect or the store of a "
            "sweep"
        )
    is_number = [data[name].dtype.kind in "fiu" for name in (*_VARIABLES, along)]
    if not all(is_number):
        raise InputError(f"a probe needs numbers along {along} and for M; choose another axis")


def _over_files(data: xarray.Dataset, along: str) -> xarray.Dataset:
    """The data without the names of files: files with the same labels are averaged.

    Each state point has a file of its own, so that the name would make every point a curve.
    """
    if "file" not in data.mutual_information.dims or along == "file":
        return data
    used = data[[*_VARIABLES]]
    count = used.mutual_information.notnull().sum("file")
    merged = used.mean("file")
    squares = (used.mutual_information_error**2).sum("file", min_count=1)
    merged["mutual_information_error"] = squares**0.5 / count
    return merged


def _along(
    part: xarray.Dataset, along: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Abscissas, M and its error at one scale, without large errors."""
    columns = (along, "mutual_information", "mutual_information_error")
    order = np.argsort(part[along].values)
    x, m, error = (part[name].values[order] for name in columns)
    known = np.isfinite(m) & (error <= np.maximum(_KNOWN * np.abs(m), _SMALL))
    return x[known], m[known], error[known]


def draw(data: xarray.Dataset, along: str = "temperature") -> Figure:
    """Draw M, its slope and the contribution of each scale to the entropy, a row per curve.

    Args:
        data: Dataset from `sweep.collect`.
        along: Axis of the curves.
    """
    from matplotlib.figure import Figure

    curves, peaks = list(_curves(data, along)), find_peaks(data, along)
    figure = Figure(figsize=(12, 3.4 * len(curves)), layout="constrained")
    rows = figure.subplots(len(curves), 3, squeeze=False)
    for (labels, part), row in zip(curves, rows, strict=True):
        shown = _with_colours([scale for scale in peaks if scale.labels == labels])
        _mutual_information(row[0], part, along, shown)
        _slopes(row[1], part, along, shown)
        _steepest(row[1], [scale for scale in peaks if scale.labels == labels])
        _shares(row[2], part, along)
        title = ", ".join(f"{name} {value}" for name, value in labels.items()) or "M by scale"
        row[0].set_title(literal(title), fontsize="small", loc="left")
    return figure


def _with_colours(peaks: list[CurvePeaks]) -> list[_Coloured]:
    """A selection of the scales, each with a colour."""
    from matplotlib import colormaps

    chosen = peaks[:: max(-(-len(peaks) // _SHOWN), 1)]
    fractions = [0.92 * place / max(len(chosen) - 1, 1) for place in range(len(chosen))]
    return list(zip(chosen, map(colormaps["viridis"], fractions), strict=True))


def _mutual_information(
    axes: Axes, part: xarray.Dataset, along: str, scales: list[_Coloured]
) -> None:
    for scale, colour in scales:
        x, m, error = _along(part.sel(level=scale.level), along)
        axes.errorbar(
            x,
            m,
            error,
            fmt="o-",
            color=colour,
            markersize=3,
            capsize=2,
            linewidth=0.9,
            label=f"{scale.volume:g}",
        )
    axes.set(xlabel=literal(along), ylabel="M (nats)")
    axes.set_ylim(bottom=0)
    axes.legend(
        frameon=False,
        fontsize="x-small",
        title="sites of a half",
        title_fontsize="x-small",
        ncols=2,
    )


def _slopes(axes: Axes, part: xarray.Dataset, along: str, scales: list[_Coloured]) -> None:
    """Slopes relative to the largest slope of each scale."""
    for scale, colour in scales:
        at, rise, error = slope(*_along(part.sel(level=scale.level), along))
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
    axes.axhline(0, color=COLOURS["grey"], linewidth=0.6)
    axes.set(xlabel=literal(along), ylabel=f"dM/d{literal(along)} over its maximum")


def _steepest(axes: Axes, peaks: list[CurvePeaks]) -> None:
    """Mark where M rises fastest, at the scale with the smallest error."""
    inside = [scale for scale in peaks if scale.steepest.inside]
    if inside:
        best = min(inside, key=lambda scale: scale.steepest.at_error)
        axes.axvline(best.steepest.at, color=COLOURS["grey"], linestyle="--", linewidth=0.9)
        text = f"rises fastest at {best.steepest} ({best.volume:g} sites)"
        axes.set_title(text, fontsize="small")


def _shares(axes: Axes, part: xarray.Dataset, along: str) -> None:
    """Reduction of the entropy per site by each scale, M / (2 V)."""
    from matplotlib import colormaps

    order = np.argsort(part[along].values)
    x = part[along].values[order]
    volumes, m = (  # smallest blocks first
        part[name].transpose("level", along).values[::-1, order]
        for name in ("volume", "mutual_information")
    )
    shares = m / (2 * volumes)
    shown = np.isfinite(shares).any(axis=0)
    layers = np.nan_to_num(shares[:, shown])
    fractions = [1 - 0.92 * place / max(len(layers) - 1, 1) for place in range(len(layers))]
    axes.stackplot(
        x[shown],
        layers,
        colors=list(map(colormaps["viridis"], fractions)),
        labels=[f"{volume:g}" for volume in np.nanmax(volumes[:, shown], axis=1)],
    )
    axes.set(
        xlabel=literal(along),
        ylabel="reduction of s by scale (nats/site)",
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
