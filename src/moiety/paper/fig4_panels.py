"""The panels of Fig. 4 and its verdict on jamming, from the dataset of `fig4.study`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..probe import Kink
from ..results.plots import COLOURS

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["KINK", "RESOLUTION", "draw", "verdict"]

PHI_J = 0.841
RESOLUTION = 10.0  # pixels per diameter, as in the paper
KINK = ("phi_c", "phi_c_error", "change_of_slope", "change_of_slope_error", "improvement")
_PIXELS = (5.0, 10.0)  # resolutions of panel B
_TREND = 0.8  # largest density in the fit of the linear trend


def verdict(data: xarray.Dataset) -> str:
    """Say where slopes change, of the excess entropy and of M of small blocks, with the evidence.

    Args:
        data: Dataset from `study`.

    Example:
        >>> import xarray
        >>> fits = ("small_block", "fit"), [[0.84, 0.01, -1.6, 0.2, 90.0]]
        >>> names = {"small_block": ["1x1"], "fit": list(KINK)}
        >>> fit = dict(zip(KINK, (0.85, 0.01, -3.0, 0.2, 90.0)))
        >>> for line in verdict(xarray.Dataset({"small_fit": fits}, names, fit)).split("; "):
        ...     print(line)
        slope of s changes at phi = 0.850 ± 0.010 by -3.00 ± 0.20 nats/particle
        slope of M of 1x1 blocks changes at phi = 0.840 ± 0.010 by -1.60 ± 0.20 nats
    """
    blocks = [
        _change(_small_kink(data, block), f"M of {block} blocks", "nats")
        for block in data.small_block.values
    ]
    return "; ".join([_of_entropy(data), *blocks])


def _of_entropy(data: xarray.Dataset) -> str:
    return _change(_kink(data), "s", "nats/particle")


def _change(fit: Kink, quantity: str, unit: str) -> str:
    """Where a slope changes.

    Example:
        >>> _change(Kink(0.85, 0.1, -0.3, 0.2, 3.0), "s", "nats")
        'no change of the slope of s: two lines lower chi^2 by 3.0, less than three sigma'
    """
    if not fit.significant:
        evidence = f"two lines lower chi^2 by {fit.improvement:.1f}, less than three sigma"
        return f"no change of the slope of {quantity}: {evidence}"
    change = f"by {fit.change:.2f} ± {fit.change_error:.2f} {unit}"
    return f"slope of {quantity} changes at phi = {fit.at:.3f} ± {fit.at_error:.3f} {change}"


def _kink(data: xarray.Dataset) -> Kink:
    return Kink(*(data.attrs[name] for name in KINK))


def _small_kink(data: xarray.Dataset, block: str) -> Kink:
    return Kink(*map(float, data.small_fit.sel(small_block=block).values))


def draw(data: xarray.Dataset) -> Figure:
    """Draw the figure with panels A to G.

    Args:
        data: Dataset from `study`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 9.6), layout="constrained")
    panels = figure.subplot_mosaic(
        [
            ["A1", "A2", "B1", "B2"],
            ["C", "C", "D", "D"],
            ["E", "E", "F", "F"],
            ["G1", "G1", "G2", "G2"],
        ],
        height_ratios=[1, 1.1, 1.1, 1.1],
    )
    for k in (0, 1):
        _snapshot(panels[f"A{k + 1}"], data, k)
        _pixels(panels[f"B{k + 1}"], data, _PIXELS[k])
    _resolutions(panels["C"], data)
    _blocks(panels["D"], data, per_face=True)
    _blocks(panels["E"], data, per_face=False)
    _jamming(panels["F"], data)
    for k, block in enumerate(data.small_block.values[:2]):
        _small(panels[f"G{k + 1}"], data, block)
    for name, letter in zip(("A1", "B1", *"CDEF", "G1"), "ABCDEFG", strict=True):
        panels[name].set_title(letter, loc="left", fontweight="bold")
    return figure


def _snapshot(axes: Axes, data: xarray.Dataset, k: int) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle

    side, diameters = float(data.side[k]), data.diameters.values
    for wide, colour in ((diameters > 1, COLOURS["blue"]), (diameters <= 1, COLOURS["orange"])):
        centres = data.positions.values[k][wide] % side
        disks = [
            Circle(tuple(centre), width / 2)
            for centre, width in zip(centres, diameters[wide], strict=True)
        ]
        axes.add_collection(
            PatchCollection(disks, facecolor=colour, edgecolor="black", linewidth=0.3, alpha=0.8)
        )
    shown = min(side, 16.0)
    axes.set(xlim=(0, shown), ylim=(0, shown), aspect="equal", xlabel="x / σ")
    axes.set_title(f"φ = {float(data.snapshot[k]):g}", fontsize="medium")


def _pixels(axes: Axes, data: xarray.Dataset, resolution: float) -> None:
    """A corner of the denser packing in pixels, with its disks on top."""
    from matplotlib.patches import Circle

    span, diameters = 4.0, data.diameters.values
    centres = data.positions.values[1] % float(data.side[1])
    inside = (centres < span).all(axis=1)
    image = np.zeros((round(span * resolution),) * 2)
    index = (centres[inside] * resolution).astype(int)
    image[index[:, 1], index[:, 0]] = 1
    axes.imshow(
        image, origin="lower", extent=(0, span, 0, span), cmap="Greys", vmax=1, interpolation="none"
    )
    style: dict[str, Any] = {"fill": False, "edgecolor": COLOURS["vermilion"], "linewidth": 0.6}
    for centre, width in zip(centres[inside], diameters[inside], strict=True):
        axes.add_patch(Circle(tuple(centre), width / 2, **style))
    axes.set(xlabel="x / σ", xlim=(0, span), ylim=(0, span))
    axes.set_title(f"R = σ/p = {resolution:g}", fontsize="medium")


def _resolutions(axes: Axes, data: xarray.Dataset) -> None:
    for i, phi in enumerate(data.studied.values):
        for k, block in enumerate(data.block.values):
            values, errors = data.resolved.values[i, k], data.resolved_error.values[i, k]
            style: dict[str, Any] = {
                "fmt": "os"[k] + ("-", "--")[i],
                "color": COLOURS[("blue", "vermilion")[i]],
                "capsize": 2,
                "markersize": 4,
            }
            axes.errorbar(
                data.resolution.values,
                values,
                errors,
                label=f"φ = {phi:g}, {block.replace('x', '×')} σ²",
                **style,
            )
    axes.axvline(RESOLUTION, color=COLOURS["grey"], linewidth=0.8, linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="resolution R = σ/p", ylabel="M (nats)")
    axes.set_xticks(data.resolution.values, labels=[f"{r:g}" for r in data.resolution.values])
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize="small")


def _blocks(axes: Axes, data: xarray.Dataset, per_face: bool) -> None:
    """M over the interface or the volume, against the volume; one colour per density."""
    from matplotlib import colormaps

    volumes, faces = data.volume.values, data.interface.values
    chosen = list(range(0, data.sizes["phi"], max(data.sizes["phi"] // 5, 1)))
    for place, k in enumerate(chosen):
        colour = colormaps["viridis"](place / max(len(chosen) - 1, 1) * 0.9)
        unit = faces if per_face else volumes
        m = data.mutual_information.values[k] / unit
        error = data.mutual_information_error.values[k] / unit
        axes.errorbar(
            volumes,
            m,
            error,
            fmt="o-",
            color=colour,
            capsize=2,
            markersize=3.5,
            label=f"φ = {float(data.phi[k]):g}",
        )
        if not per_face:
            larger = volumes[-1] * np.array([1.0, 4.0, 16.0])
            axes.plot(larger, float(data["tail"][k]) / np.sqrt(larger), ":", color=colour)
    axes.set(
        xscale="log",
        xlabel="volume of a block V (σ²)",
        ylabel="M / ℓ (nats/σ)" if per_face else "M / V (nats/σ²)",
    )
    if not per_face:
        axes.set_yscale("log")
    axes.legend(frameon=False, fontsize="x-small", ncols=2)


def _jamming(axes: Axes, data: xarray.Dataset) -> None:
    """Excess entropies without their trend, with the fit, and the share of jammed packings."""
    phi, s, error = data.phi.values, data.excess_entropy.values, data.error.values
    low = phi <= _TREND

    def detrended(values: NDArray[np.float64]) -> NDArray[np.float64]:
        slope, start = np.polyfit(phi[low], values[low], 1)
        rest: NDArray[np.float64] = values - start - slope * phi
        return rest

    axes.errorbar(
        phi,
        detrended(s),
        error,
        fmt="o",
        color=COLOURS["blue"],
        capsize=2,
        markersize=4,
        label="mutual information",
    )
    for name, colour, label in (
        ("compression", "orange", "LZMA, R = 10"),
        ("compression_hilbert", "green", "LZMA, Hilbert curve"),
    ):
        values, spread = data[name].values, data[f"{name}_error"].values
        axes.errorbar(
            phi,
            detrended(values),
            spread,
            fmt="^",
            color=COLOURS[colour],
            markersize=4,
            label=label,
        )
    axes.plot(*_fitted(phi, detrended(s), error, _kink(data)), color=COLOURS["blue"], linewidth=0.8)
    axes.axvline(PHI_J, color=COLOURS["grey"], linestyle="--", linewidth=0.8)
    axes.set(xlabel="packing fraction φ", ylabel="Δs − trend (nats/particle)")
    axes.set_title(_in_symbols(_of_entropy(data)), fontsize="small")
    twin = axes.twinx()
    twin.plot(
        phi, data.jammed.values, "s:", color=COLOURS["vermilion"], markersize=3, label="jammed"
    )
    twin.set_ylabel("share of jammed packings", color=COLOURS["vermilion"])
    handles, labels = axes.get_legend_handles_labels()
    more_handles, more_labels = twin.get_legend_handles_labels()
    style: dict[str, Any] = {"frameon": False, "fontsize": "small", "loc": "upper left"}
    axes.legend([*handles, *more_handles], [*labels, *more_labels], **style)


def _small(axes: Axes, data: xarray.Dataset, block: str) -> None:
    """M of two small blocks near the transition, with the fit of two lines."""
    chosen, fit = data.sel(small_block=block), _small_kink(data, block)
    phi, m, error = data.transition.values, chosen.small.values, chosen.small_error.values
    axes.errorbar(phi, m, error, fmt="o", color=COLOURS["blue"], capsize=2, markersize=4)
    axes.plot(*_fitted(phi, m, error, fit), color=COLOURS["blue"], linewidth=0.8)
    axes.axvline(PHI_J, color=COLOURS["grey"], linestyle="--", linewidth=0.8)
    axes.set(xlabel="packing fraction φ", ylabel=f"M of {block.replace('x', '×')} blocks (nats)")
    axes.set_title(_in_symbols(_change(fit, "M", "nats")), fontsize="small")


def _in_symbols(text: str) -> str:
    return text.replace("phi", "φ").replace("chi^2", "χ²")


def _fitted(
    phi: NDArray[np.float64], values: NDArray[np.float64], errors: NDArray[np.float64], fit: Kink
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The line of the fit, with a change of slope if it is significant."""

    def design(at: NDArray[np.float64]) -> NDArray[np.float64]:
        change = [np.maximum(at - fit.at, 0)] if fit.significant else []
        return np.column_stack([np.ones_like(at), at, *change])

    best, *_ = np.linalg.lstsq(design(phi) / errors[:, None], values / errors, rcond=None)
    fine = np.linspace(phi.min(), phi.max(), 200)
    return fine, design(fine) @ best
