r"""Figures of a result, drawn on given axes.

They show the terms of

    s = s_site - sum_k w_k M(X_k),      w_k = 1 / (2 V_k)                 (Eq. 4)

against the volume of the half.  Each term is marked by its source: counted, estimated by a
network, or extrapolated.  Nothing here uses pyplot.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, log10
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..base.words import measured
from .plot_axes import (
    COLOURS,
    Units,
    add_legend,
    at_least_visible,
    draw_curve,
    finish_scales,
    finish_training,
    hide_start,
    logarithmic,
    mark_value,
    powers_of_two,
    visible_error,
)
from .site_plots import chain_rule_training, overview_of_sites, undivided

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import HashableList

    from ..data.samples import Samples
    from .types import EntropyData, Level

__all__ = [
    "COLOURS", "SOURCES", "Units", "chain_rule_training", "configuration", "information",
    "information_density", "overview", "scales", "training",
]  # fmt: skip

SOURCES = {"counted": "blue", "estimated": "vermilion", "extrapolated": "grey"}
_MARKERS = {"counted": "o", "estimated": "s", "extrapolated": "^"}
_DECADE = 10.0  # an axis of M that spans more is logarithmic
_DRAWS_SHOWN = 64


def information(result: EntropyData, axes: Axes) -> Axes:
    """Draw M of every cut in nats against the volume of the half.

    The axis of M is logarithmic if all M are positive and span more than a decade.

    Args:
        result: A result.
        axes: Axes to draw on, which are returned.

    Example:
        >>> import moiety
        >>> from matplotlib.figure import Figure
        >>> spins = moiety.Samples.from_array(np.ones((100, 4, 4), int), periodic=True)
        >>> result = moiety.estimate_entropy(spins, cross_check=False)
        >>> information(result, Figure().subplots()).get_ylabel()
        'mutual information M (nats)'
    """
    _draw_levels(result, axes, lambda level: 1.0)
    known = [
        level.mutual_information for level in result.levels if isfinite(level.mutual_information)
    ]
    if known and min(known) > 0 and max(known) > _DECADE * min(known):
        logarithmic(axes, decades=log10(max(known) / min(known)))
    else:
        axes.set_ylim(at_least_visible(axes.get_ylim()))
    axes.set_ylabel("mutual information M (nats)")
    return axes


def information_density(result: EntropyData, axes: Axes) -> Axes:
    """Draw M per unit of interface against the volume of the half.

    Where this is flat, the area law holds.

    Args:
        result: A result.
        axes: Axes to draw on, which are returned.
    """
    _draw_levels(result, axes, lambda level: level.interface)
    low, high = at_least_visible(axes.get_ylim())
    densities = [level.mutual_information / level.interface for level in result.levels]
    from_zero = min(densities, default=0.0) > 0.02 * high
    axes.set_ylim(0 if from_zero else low, high + 0.05 * abs(high))
    axes.set_ylabel(f"M / interface ({Units.of(result).density})")
    return axes


def scales(result: EntropyData, axes: Axes) -> Axes:
    """Draw how each cut lowers the entropy, from single sites at the top to s at the bottom.

    Each bar is a term -w_k M_k of Eq. 4, smallest halves first; the last row is s with its
    standard error.  A result without levels has a single bar: what all correlations take away.

    Args:
        result: A result.
        axes: Axes to draw on, which are returned.
    """
    levels = result.levels[::-1]
    if not levels:
        return undivided(result, axes)
    steps = np.array([-level.weight * level.mutual_information for level in levels])
    ends = result.entropy - steps[::-1].cumsum()[::-1] + steps
    starts = ends - steps
    rows = np.arange(len(levels)) + 1
    for source in _sources(result):
        chosen = np.array([k for k, level in enumerate(levels) if level.source == source])
        width, left = steps[chosen], starts[chosen]
        axes.barh(chosen + 1, width, left=left, height=0.7, color=_colour(source), label=source)
    axes.vlines(ends, rows, rows + 1, color=COLOURS["grey"], linewidth=0.8)
    axes.plot(starts[:1], [0], "|", color="black", markersize=10)
    axes.errorbar(
        [result.entropy], [len(levels) + 1], xerr=[visible_error(result.error)], fmt="D",
        color="black", markersize=4, capsize=3,
    )  # fmt: skip
    lefts = np.append(np.minimum(starts, ends), result.entropy)
    values = np.array([starts[0], *steps])
    names = [Units.of(result).start, *map(_shape, levels), "s"]
    finish_scales(result, axes, names, lefts, values)
    axes.set_ylabel("shape of the half")
    return add_legend(axes)


def training(result: EntropyData, axes: Axes, level: int | None = None) -> Axes:
    """Draw the bound on validation pairs in nats against training steps, a curve per fold.

    Args:
        result: A result with training curves.
        axes: Axes to draw on, which are returned.
        level: Depth k; by default that of the largest trained cut.  All cuts of this depth are
            drawn (several if sides are odd).

    Raises:
        InputError: No cut of this depth was trained.
    """
    trained = [cut for cut in result.levels if cut.histories]
    depth = trained[0].level if trained and level is None else level
    chosen = [cut for cut in trained if cut.level == depth]
    if not chosen:
        have = ", ".join(map(str, sorted({cut.level for cut in trained}))) or "none"
        raise InputError(f"level {level} has no training curves; levels that have: {have}")
    curves = [
        (cut, fold, history)
        for cut in chosen
        for fold, history in enumerate(cut.histories, start=1)
    ]
    for place, (cut, fold, history) in enumerate(curves):
        label = f"fold {fold}" + (f", {_shape(cut)}" if len(chosen) > 1 else "")
        draw_curve(axes, history.steps, history.bound, place, label)
    for cut in chosen:
        name = "held-out M ± error" if cut is chosen[0] else None
        mark_value(axes, cut.mutual_information, cut.error, name)
    hide_start(axes, (bound for *_, history in curves for bound in history.bound))
    return finish_training(axes, "bound on M (nats)")


def configuration(samples: Samples, axes: Axes) -> Axes:
    """Draw the first sample, or consecutive draws of a chain of sites.

    Args:
        samples: Samples; of a cube the first plane is drawn.
        axes: Axes to draw on, which are returned.

    Example:
        >>> import moiety
        >>> from matplotlib.figure import Figure
        >>> samples = moiety.Samples.from_array(np.ones((100, 4, 4), int), periodic=True)
        >>> configuration(samples, Figure().subplots()).get_images()[0].get_array().shape
        (4, 4)
    """
    first = samples.values[0, 0]
    image = {1: samples.values[0, :_DRAWS_SHOWN], 2: first}.get(first.ndim, first[..., 0])
    tones = {
        "angle": ("twilight", 0, 2 * np.pi),
        "discrete": ("cividis", 0, max(samples.states - 1, 1)),
    }
    colours, low, high = tones.get(samples.kind, ("viridis", None, None))
    shown = np.mod(image, 2 * np.pi) if samples.kind == "angle" else image
    axes.imshow(shown, cmap=colours, vmin=low, vmax=high, interpolation="none")
    axes.set_xlabel("site" if first.ndim == 1 else "y (sites)")
    axes.set_ylabel("draw" if first.ndim == 1 else "x (sites)")
    return axes


def overview(result: EntropyData) -> Figure:
    """A figure of M, its density, the terms of s and the training curves, if there are any.

    Args:
        result: A result.

    Example:
        >>> import moiety
        >>> spins = moiety.Samples.from_array(np.ones((100, 4, 4), int), periodic=True)
        >>> figure = overview(moiety.estimate_entropy(spins, cross_check=False))
        >>> [axes.get_xlabel() for axes in figure.axes]
        ['volume of the half V (sites)', 'entropy (nats/site)', 'volume of the half V (sites)']
    """
    from matplotlib.figure import Figure

    if not result.levels:
        return overview_of_sites(result)
    trained = [level for level in result.levels if level.histories]
    rows: list[HashableList[str]] = [["information", "scales"], ["density", "scales"]]
    rows += [["training", "scales"]] if trained else []
    figure = Figure(figsize=(10, 1 + 2.9 * len(rows)), layout="constrained")
    panels = figure.subplot_mosaic(rows)
    information(result, panels["information"])
    information_density(result, panels["density"])
    scales(result, panels["scales"])
    if trained:
        training(result, panels["training"])
        panels["training"].set_ylabel(f"bound on M of {_shape(trained[0])} (nats)")
    figure.suptitle(f"s = {measured(result.entropy, result.error)} {result.unit}")
    return figure


def _draw_levels(result: EntropyData, axes: Axes, unit: Callable[[Level], float]) -> None:
    """M / unit of every level with its error, a marker for each source."""
    for source in _sources(result):
        levels = [level for level in result.levels if level.source == source]
        axes.errorbar(
            [level.volume for level in levels],
            [level.mutual_information / unit(level) for level in levels],
            [visible_error(level.error) / unit(level) for level in levels],
            fmt=_MARKERS.get(source, "D"),
            color=_colour(source),
            markerfacecolor="none" if source == "extrapolated" else None,
            markersize=4.5,
            capsize=3,
            label=source,
        )
    powers_of_two(axes, [level.volume for level in result.levels])
    axes.set_xlabel(f"volume of the half V ({Units.of(result).volume})")
    axes.grid(alpha=0.3)
    add_legend(axes)


def _sources(result: EntropyData) -> list[str]:
    """The sources that occur, the known ones in their usual order."""
    present = dict.fromkeys(level.source for level in result.levels)
    others = [source for source in present if source not in SOURCES]
    return [source for source in SOURCES if source in present] + others


def _colour(source: str) -> str:
    return COLOURS[SOURCES.get(source, "green")]


def _shape(level: Level) -> str:
    larger = "" if level.level else "≥ "  # level 0 stands for all larger blocks together
    return larger + "x".join(f"{side:g}" for side in level.shape)
