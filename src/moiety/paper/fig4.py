r"""Fig. 4: athermal soft disks and the jamming transition.

A  packings below and above phi_J          D  M / l against the volume of the blocks
B  one of them in pixels, two resolutions  E  M / V and its extrapolation by the area law
C  M against the resolution R, two sizes   F  excess entropy per particle against phi, less a linear trend

The paper's data are not public; the packings are this project's own (see `systems.soft_disks`).  Where
the slope of the excess entropy changes is told by a fit,

    s(phi) = a + b phi + c max(phi - phi_c, 0),

with the spread of phi_c over draws of s within its errors.  Where that describes s no better than a straight
line, figure and command say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..baselines import compression_entropy
from ..critics import PointsCritic
from ..crops import BlockCut, Crops
from ..errors import EstimateError, Stopped
from ..excess import RESOLUTION, estimate_excess_entropy
from ..io import load, save
from ..mutual_information import Estimator, information_of
from ..particles import Particles
from ..plots import COLOURS
from ..random import Streams
from ..results import EntropyResult
from ..samples import Samples
from ..systems import system
from ..training import Training

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FOLDER", "ROWS", "Effort", "draw", "kink", "study", "verdict"]

FOLDER, ROWS = "fig4", ("phi",)
PHI_J = 0.841
_SHOWN = (0.78, 0.88)  # packings of panel A
_BLOWN_UP = (5.0, 10.0)  # resolutions of panel B
_TREND = 0.8  # densities below it make the linear trend
_DRAWS = 400  # of s within its errors, for the error of phi_c
_PACKING = 0.3  # of the time at one density
_GRID = 401
_CLOSEST = 2  # densities on either side of phi_c at least
_CHANGED = 11.8  # by which chi^2 falls where the slope changes; of straight lines, 0.2% of 20,000 drawn fell by more

Progress = Callable[[float, float, str], None]


@dataclass(frozen=True)
class Effort:
    """How much is spent.

    Arguments:
        particles: Of a packing.
        packings: Of a density.
        densities: Packing fractions of panels D to F.
        resolutions, studied: R and packing fractions of panel C.
        largest: Side of the largest blocks of panels D to F.
        blocks: Halves of panel C.
        training: Of the first density; the others start from the networks of the one before.
    """

    particles: int = 512
    packings: int = 400
    densities: tuple[float, ...] = (0.5, 0.58, 0.66, 0.72, 0.77, 0.8, 0.82, 0.835, 0.85, 0.87, 0.9, 0.95, 1.0, 1.1)
    resolutions: tuple[float, ...] = (2.0, 4.0, 6.0, 10.0, 20.0, 40.0)
    studied: tuple[float, ...] = (0.77, 0.87)
    largest: float = 4.0
    blocks: tuple[BlockCut, ...] = (BlockCut((1.0, 2.0)), BlockCut((4.0, 4.0)))
    training: Training = Training(steps=800, batch=256)

    @classmethod
    def quick(cls) -> Effort:
        """A tenth of the work, with larger errors."""
        return cls(
            particles=256, packings=100, densities=(0.5, 0.6, 0.7, 0.77, 0.82, 0.86, 0.9, 0.95, 1.0, 1.1),
            resolutions=(2.0, 6.0, 10.0, 20.0), training=Training(steps=200, batch=256),
        )  # fmt: skip


def study(
    folder: Path, effort: Effort, *, seed: int = 0, threads: int = 2, progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """Everything that the panels show; what the folder holds already is not done again.

    Arguments:
        folder: Of packings and results, one file each.
        effort: See `Effort`; a folder belongs to one.
        seed: Of packings and networks.
        threads: Side by side.
        progress: Called as (done, all, text).
        stop: Asked often; once it says True, `Stopped` is raised between two files.
    """
    total, previous = len(effort.densities) + len(effort.studied), None
    results, compressed, packings = [], [], {}
    for done, phi in enumerate(effort.densities):
        packings[phi] = _packings(folder, effort, phi, seed, threads, _telling(progress, done, _PACKING, total, phi), stop)
        told = _telling(progress, done + _PACKING, 1 - _PACKING, total, phi)
        path = folder / f"excess-{phi:g}.nc"
        if path.exists():
            results.append(EntropyResult.load(path))
        else:
            options = {"training": effort.training, "largest": effort.largest, "seed": Streams(seed).integer("excess", phi), "threads": threads}
            result = _estimated(packings[phi], folder, critic=previous, progress=told, stop=stop, **options)
            result.save(path)
            results.append(result)
            previous = result.critic
        compressed.append(_compressed(packings[phi], seed))
    curves = []
    for done, phi in enumerate(effort.studied, start=len(effort.densities)):
        kept = packings.get(phi) or _packings(folder, effort, phi, seed, threads, None, stop)
        curves.append(_against_resolution(folder, kept, phi, effort, seed, threads, _telling(progress, done, 1.0, total, phi), stop))
    return _gathered(effort, packings, results, compressed, curves)


def _estimated(packings: Particles, folder: Path, *, stop: Any, **options: Any) -> EntropyResult:
    """An excess entropy with all of its levels; `Stopped` where the user did not wait for them."""
    try:
        result = estimate_excess_entropy(packings, stop=stop, **options)
    except EstimateError:
        if not (stop and stop()):
            raise
        result = None
    if result is None or result.ended == "stopped":
        raise Stopped(f"stopped; what {folder} holds is kept, and the same command goes on")
    return result


def _telling(progress: Progress | None, done: float, share: float, total: int, phi: float) -> Progress | None:
    """Tells of a share of the work at one density."""
    if progress is None:
        return None
    return lambda part, parts, text="packings": progress(done + share * min(part / max(parts, 1), 1.0), total, f"phi {phi:g}: {text}")


def _packings(folder: Path, effort: Effort, phi: float, seed: int, threads: int, told: Progress | None, stop: Any) -> Particles:
    path = folder / f"packings-{phi:g}.nc"
    if path.exists():
        return load(path)
    model = system("soft-disks", particles=effort.particles, packing_fraction=phi)
    found = model.sample(effort.packings, seed=Streams(seed).integer("packings", phi), threads=threads, progress=told, stop=stop)
    if not found.provenance["complete"]:
        raise Stopped(f"stopped; what {folder} holds is kept, and the same command goes on")
    save(found, path)
    return found


def _against_resolution(
    folder: Path, packings: Particles, phi: float, effort: Effort, seed: int, threads: int, told: Progress | None, stop: Any
) -> np.ndarray:
    """M and its error by block and resolution, shape `(blocks, resolutions, 2)`; of centres alone, as in images."""
    path = folder / f"resolution-{phi:g}.npy"
    if path.exists():
        return np.load(path, allow_pickle=False)
    found, done = np.zeros((len(effort.blocks), len(effort.resolutions), 2)), 0
    for k, cut in enumerate(effort.blocks):
        warm: Sequence[Any] = ()
        for j, resolution in enumerate(effort.resolutions):
            if told:
                told(done, found[..., 0].size, f"R = {resolution:g}")
            if stop and stop():
                raise Stopped(f"stopped; what {folder} holds is kept, and the same command goes on")
            estimator = Estimator(critic=PointsCritic(), training=effort.training, seed=seed, threads=threads)
            one = information_of(Crops(packings, cut, resolution, diameters=False), 1, packings.n, estimator, warm=warm)
            found[k, j], warm, done = (one.value, one.error), one.modules, done + 1
    np.save(path, found)
    return found


def _compressed(packings: Particles, seed: int) -> np.ndarray:
    """The excess entropy per particle by LZMA and its error: in the paper's pixels row by row, and along Hilbert's curve.

    Images of packings against those of as many random points; the second in pixels of which there are about
    16 a particle, where LZMA finds most.
    """
    random = Streams(seed).numpy("random points", packings.n)
    side = float(packings.cells[0, 0, 0])
    points = packings.replace(positions=random.random(packings.positions.shape) * side)
    found = []
    for along, order in ((int(side * RESOLUTION), "rows"), (1 << round(log2(4 * sqrt(packings.counts[0]))), "hilbert")):
        parts = [compression_entropy(_images(one, along), order=order) for one in (packings, points)]
        a_particle = along**2 / packings.counts[0]
        found.append(((parts[0].entropy - parts[1].entropy) * a_particle, np.hypot(parts[0].error, parts[1].error) * a_particle))
    return np.array(found)


def _images(packings: Particles, along: int) -> Samples:
    """Whole boxes in pixels, black where they hold a centre."""
    image = np.zeros((packings.n, along, along), np.uint8)
    frames = np.repeat(np.arange(packings.n), packings.counts)
    places = np.minimum((packings.positions * (along / float(packings.cells[0, 0, 0]))).astype(int), along - 1)
    image[frames, places[:, 0], places[:, 1]] = 1
    return Samples.from_array(image, axes="draw,x,y", states=2, periodic=False)


def _gathered(
    effort: Effort, packings: dict[float, Particles], results: Sequence[EntropyResult], compressed: Sequence[np.ndarray],
    curves: Sequence[np.ndarray],
) -> xarray.Dataset:  # fmt: skip
    import xarray

    estimated = [[level for level in reversed(result.levels) if level.source == "estimated"] for result in results]
    most = max(map(len, estimated))
    volumes = [level.volume for level in max(estimated, key=len)]
    faces = [level.interface for level in max(estimated, key=len)]

    def by_level(name: str) -> np.ndarray:
        return np.array([[getattr(level, name) for level in levels] + [np.nan] * (most - len(levels)) for levels in estimated])

    entropy, error = (np.array([getattr(result, name) for result in results]) for name in ("entropy", "error"))
    measured = [packings[phi].measured for phi in effort.densities]
    fit, lzma = kink(np.array(effort.densities), entropy, error), np.array(compressed)
    shown = [packings[min(packings, key=lambda phi, at=at: abs(phi - at))] for at in _SHOWN]
    return xarray.Dataset(
        {
            "excess_entropy": ("phi", entropy, {"units": "nats/particle"}),
            "error": ("phi", error, {"units": "nats/particle"}),
            "compression": ("phi", lzma[:, 0, 0], {"units": "nats/particle"}),
            "compression_error": ("phi", lzma[:, 0, 1], {"units": "nats/particle"}),
            "compression_hilbert": ("phi", lzma[:, 1, 0], {"units": "nats/particle"}),
            "compression_hilbert_error": ("phi", lzma[:, 1, 1], {"units": "nats/particle"}),
            "jammed": ("phi", [float(one["jammed"].mean()) for one in measured], {"units": "1"}),
            "energy": ("phi", [float(one["energy"].mean()) for one in measured], {"units": "eps/particle"}),
            "density": ("phi", [packings[phi].density for phi in effort.densities], {"units": "1/diameter^2"}),
            "mutual_information": (("phi", "level"), by_level("mutual_information"), {"units": "nats"}),
            "mutual_information_error": (("phi", "level"), by_level("error"), {"units": "nats"}),
            "tail": ("phi", [result.levels[0].mutual_information / result.levels[0].interface for result in results], {"units": "nats/diameter"}),
            "resolved": (("studied", "block", "resolution"), np.array(curves)[..., 0], {"units": "nats"}),
            "resolved_error": (("studied", "block", "resolution"), np.array(curves)[..., 1], {"units": "nats"}),
            "positions": (("snapshot", "particle", "axis"), np.stack([one.frame(0) for one in shown]), {"units": "diameter"}),
            "diameters": ("particle", shown[0].diameters[: shown[0].counts[0]], {"units": "diameter"}),
            "side": ("snapshot", [float(one.cells[0, 0, 0]) for one in shown], {"units": "diameter"}),
        },
        {
            "phi": list(effort.densities),
            "volume": ("level", volumes, {"units": "diameter^2"}),
            "interface": ("level", faces, {"units": "diameter"}),
            "resolution": list(effort.resolutions),
            "studied": list(effort.studied),
            "block": [str(cut) for cut in effort.blocks],
            "snapshot": [min(packings, key=lambda phi, at=at: abs(phi - at)) for at in _SHOWN],
        },
        {"phi_c": fit[0], "phi_c_error": fit[1], "change_of_slope": fit[2], "change_of_slope_error": fit[3], "improvement": fit[4]},
    )


def kink(densities: np.ndarray, values: np.ndarray, errors: np.ndarray, seed: int = 0) -> tuple[float, float, float, float, float]:
    """Where the slope of a curve changes, by two straight lines that meet.

    Returns:
        phi_c and its error, the change of slope and its error, and by how much chi^2 is smaller than that
        of one straight line, with two numbers less.

    Example:
        >>> phi = np.linspace(0.5, 1.1, 13)
        >>> found = kink(phi, -phi + 3 * np.maximum(phi - 0.84, 0), np.full(13, 0.01))
        >>> abs(found[0] - 0.84) < 0.003, round(found[2], 1)
        (True, 3.0)
    """
    rng, ordered = Streams(seed).numpy("kink"), np.sort(densities)
    grid = np.linspace(ordered[_CLOSEST - 1], ordered[-_CLOSEST], _GRID)
    draws = values + errors * rng.normal(size=(_DRAWS + 1, len(values))) * np.arange(_DRAWS + 1).clip(max=1)[:, None]
    best, slopes, squares = np.zeros(len(draws)), np.zeros(len(draws)), np.full(len(draws), np.inf)
    for at in grid:
        design = np.column_stack([np.ones_like(densities), densities, np.maximum(densities - at, 0)]) / errors[:, None]
        fitted, *_ = np.linalg.lstsq(design, (draws / errors).T, rcond=None)
        rest = ((draws / errors).T - design @ fitted) ** 2
        better = rest.sum(axis=0) < squares
        best[better], slopes[better], squares[better] = at, fitted[2][better], rest.sum(axis=0)[better]
    line = np.column_stack([np.ones_like(densities), densities]) / errors[:, None]
    straight = ((values / errors - line @ np.linalg.lstsq(line, values / errors, rcond=None)[0]) ** 2).sum()
    return float(best[0]), float(best[1:].std()), float(slopes[0]), float(slopes[1:].std()), float(straight - squares[0])


def verdict(data: xarray.Dataset) -> str:
    """Where the slope of the excess entropy changes, or that it does not, with the evidence.

    Arguments:
        data: As `study` returns it.

    Example:
        >>> import xarray
        >>> names = ("phi_c", "phi_c_error", "change_of_slope", "change_of_slope_error", "improvement")
        >>> verdict(xarray.Dataset(attrs=dict(zip(names, (0.85, 0.01, -3.0, 0.2, 90.0)))))
        'slope changes at phi = 0.850 ± 0.010 by -3.00 ± 0.20 nats/particle'
        >>> verdict(xarray.Dataset(attrs=dict(zip(names, (0.85, 0.1, -0.3, 0.2, 3.0)))))
        'no change of slope: two lines lower chi^2 by 3.0, three sigma are 11.8'
    """
    told = data.attrs
    if told["improvement"] < _CHANGED:
        return f"no change of slope: two lines lower chi^2 by {told['improvement']:.1f}, three sigma are {_CHANGED}"
    change = f"by {told['change_of_slope']:.2f} ± {told['change_of_slope_error']:.2f} nats/particle"
    return f"slope changes at phi = {told['phi_c']:.3f} ± {told['phi_c_error']:.3f} {change}"


def draw(data: xarray.Dataset) -> Figure:
    """The figure with panels A to F."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7.2), layout="constrained")
    panels = figure.subplot_mosaic([["A1", "A2", "B1", "B2"], ["C", "C", "D", "D"], ["E", "E", "F", "F"]], height_ratios=[1, 1.1, 1.1])
    for k in (0, 1):
        _snapshot(panels[f"A{k + 1}"], data, k)
        _pixels(panels[f"B{k + 1}"], data, _BLOWN_UP[k])
    _resolutions(panels["C"], data)
    _blocks(panels["D"], data, per_face=True)
    _blocks(panels["E"], data, per_face=False)
    _jamming(panels["F"], data)
    for name, letter in (("A1", "A"), ("B1", "B"), *((one, one) for one in "CDEF")):
        panels[name].set_title(letter, loc="left", fontweight="bold")
    return figure


def _snapshot(axes: Axes, data: xarray.Dataset, k: int) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle

    side, diameters = float(data.side[k]), data.diameters.values
    for wide, colour in ((diameters > 1, COLOURS["blue"]), (diameters <= 1, COLOURS["orange"])):
        disks = [Circle(tuple(place), width / 2) for place, width in zip(data.positions.values[k][wide] % side, diameters[wide], strict=True)]
        axes.add_collection(PatchCollection(disks, facecolor=colour, edgecolor="black", linewidth=0.3, alpha=0.8))
    shown = min(side, 16.0)
    axes.set(xlim=(0, shown), ylim=(0, shown), aspect="equal", xlabel="x / σ")
    axes.set_title(f"φ = {float(data.snapshot[k]):g}", fontsize="medium")


def _pixels(axes: Axes, data: xarray.Dataset, resolution: float) -> None:
    """A corner of the denser packing in pixels, its disks drawn over it."""
    from matplotlib.patches import Circle

    span, places, diameters = 4.0, data.positions.values[1] % float(data.side[1]), data.diameters.values
    inside = (places < span).all(axis=1)
    image = np.zeros((round(span * resolution),) * 2)
    index = (places[inside] * resolution).astype(int)
    image[index[:, 1], index[:, 0]] = 1
    axes.imshow(image, origin="lower", extent=(0, span, 0, span), cmap="Greys", vmax=1, interpolation="none")
    for place, width in zip(places[inside], diameters[inside], strict=True):
        axes.add_patch(Circle(tuple(place), width / 2, fill=False, edgecolor=COLOURS["vermilion"], linewidth=0.6))
    axes.set(xlabel="x / σ", xlim=(0, span), ylim=(0, span))
    axes.set_title(f"R = σ/p = {resolution:g}", fontsize="medium")


def _resolutions(axes: Axes, data: xarray.Dataset) -> None:
    for i, phi in enumerate(data.studied.values):
        for k, block in enumerate(data.block.values):
            values, errors = data.resolved.values[i, k], data.resolved_error.values[i, k]
            style = {"fmt": "os"[k] + ("-", "--")[i], "color": COLOURS[("blue", "vermilion")[i]], "capsize": 2, "markersize": 4}
            axes.errorbar(data.resolution.values, values, errors, label=f"φ = {phi:g}, {block.replace('x', '×')} σ²", **style)
    axes.axvline(RESOLUTION, color=COLOURS["grey"], linewidth=0.8, linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="resolution R = σ/p", ylabel="M (nats)")
    axes.set_xticks(data.resolution.values, labels=[f"{r:g}" for r in data.resolution.values])
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize="small")


def _blocks(axes: Axes, data: xarray.Dataset, per_face: bool) -> None:
    """M over the interface or the volume, against the volume; a colour a density."""
    from matplotlib import colormaps

    volumes, faces = data.volume.values, data.interface.values
    chosen = list(range(0, data.sizes["phi"], max(data.sizes["phi"] // 5, 1)))
    for place, k in enumerate(chosen):
        colour = colormaps["viridis"](place / max(len(chosen) - 1, 1) * 0.9)
        unit = faces if per_face else volumes
        m, error = data.mutual_information.values[k] / unit, data.mutual_information_error.values[k] / unit
        axes.errorbar(volumes, m, error, fmt="o-", color=colour, capsize=2, markersize=3.5, label=f"φ = {float(data.phi[k]):g}")
        if not per_face:
            beyond = volumes[-1] * np.array([1.0, 4.0, 16.0])
            axes.plot(beyond, float(data["tail"][k]) / np.sqrt(beyond), ":", color=colour)
    axes.set(xscale="log", xlabel="volume of a block V (σ²)", ylabel="M / ℓ (nats/σ)" if per_face else "M / V (nats/σ²)")
    if not per_face:
        axes.set_yscale("log")
    axes.legend(frameon=False, fontsize="x-small", ncols=2)


def _jamming(axes: Axes, data: xarray.Dataset) -> None:
    """Excess entropies less their trend, the fit, compression, and the jammed share."""
    phi, s, error = data.phi.values, data.excess_entropy.values, data.error.values
    low = phi <= _TREND

    def detrended(values: np.ndarray) -> np.ndarray:
        slope, start = np.polyfit(phi[low], values[low], 1)
        return values - start - slope * phi

    axes.errorbar(phi, detrended(s), error, fmt="o", color=COLOURS["blue"], capsize=2, markersize=4, label="mutual information")
    at, change = data.attrs["phi_c"], data.attrs["change_of_slope"]
    for name, colour, label in (("compression", "orange", "LZMA, R = 10"), ("compression_hilbert", "green", "LZMA, Hilbert curve")):
        values, spread = data[name].values, data[f"{name}_error"].values
        axes.errorbar(phi, detrended(values), spread, fmt="^", color=COLOURS[colour], markersize=4, label=label)
    design = np.column_stack([np.ones_like(phi), phi, np.maximum(phi - at, 0)])
    slope, start = np.polyfit(phi[low], s[low], 1)
    fitted, *_ = np.linalg.lstsq(design / error[:, None], (s - start - slope * phi) / error, rcond=None)
    fine = np.linspace(phi.min(), phi.max(), 200)
    axes.plot(fine, fitted[0] + fitted[1] * fine + change * np.maximum(fine - at, 0), color=COLOURS["blue"], linewidth=0.8)
    axes.axvline(PHI_J, color=COLOURS["grey"], linestyle="--", linewidth=0.8)
    axes.set(xlabel="packing fraction φ", ylabel="Δs − trend (nats/particle)")
    axes.set_title(verdict(data).replace("phi", "φ").replace("chi^2", "χ²"), fontsize="small")
    twin = axes.twinx()
    twin.plot(phi, data.jammed.values, "s:", color=COLOURS["vermilion"], markersize=3, label="jammed")
    twin.set_ylabel("share of jammed packings", color=COLOURS["vermilion"])
    lines = [part for one in (axes, twin) for part in zip(*one.get_legend_handles_labels(), strict=True)]
    axes.legend(*zip(*lines, strict=True), frameon=False, fontsize="small", loc="upper left")
