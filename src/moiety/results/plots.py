r"""Figures of a result: axes in, axes out.

What is drawn are the terms of

    s = s_site - sum_k w_k M(X_k),      w_k = 1 / (2 V_k)                 (Eq. 4)

against the volume of the half, each marked by where it comes from: counted, estimated
by a network, or extrapolated.  Colours are those of Okabe and Ito, which hold up under
colour blindness; markers differ as well.  Nothing here touches pyplot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log2, log10
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..base.words import measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..data.samples import Samples
    from .result import EntropyResult, Level

__all__ = [
    "COLOURS", "SOURCES", "chain_rule_training", "configuration", "information", "information_density", "overview",
    "scales", "training",
]  # fmt: skip

COLOURS = {
    "blue": "#0072b2",
    "vermilion": "#d55e00",
    "purple": "#cc79a7",
    "green": "#009e73",
    "orange": "#e69f00",
    "sky": "#56b4e9",
    "grey": "#808080",
}
SOURCES = {"counted": "blue", "estimated": "vermilion", "extrapolated": "grey"}
_MARKERS = {"counted": "o", "estimated": "s", "extrapolated": "^"}
_FOLDS = ("blue", "vermilion", "green", "purple", "orange", "sky")
_MOST_TICKS = 8
_MOST_ROWS = 26  # of a waterfall that are labelled one by one
_DECADE = 10.0  # range of M from which its axis is logarithmic
_FEW_DECADES = 3
_MOST_LETTERS = 36  # of a legend in one line
_LEAST_RANGE = 2e-3  # of an axis in nats: below it all is noise
_DRAWS_SHOWN = 64
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Units:
    """What a result's blocks are measured in.

    Arguments:
        volume: Of a half.
        density: Of M over the interface.
        start: What the sum begins with.
        space: What is halved.
    """

    volume: str = "sites"
    density: str = "nats/site"
    start: str = "single site"
    space: str = "lattice"

    @classmethod
    def of(cls, result: EntropyResult) -> Units:
        """Sites of a lattice, or powers of a particle's diameter."""
        if result.unit != "nats/particle":
            return cls()
        dimensions = len(result.levels[0].shape)
        face = ("nats", "nats/σ", "nats/σ²")[dimensions - 1]
        return cls(("σ", "σ²", "σ³")[dimensions - 1], face, "smallest blocks", "box")


def information(result: EntropyResult, axes: Axes) -> Axes:
    """M of every cut in nats, against the volume of the half in sites.

    The axis of M is logarithmic where all M are positive and span a decade.

    Example:
        >>> import moiety
        >>> from matplotlib.figure import Figure
        >>> spins = moiety.Samples.from_array(np.ones((100, 4, 4), int), periodic=True)
        >>> information(moiety.estimate_entropy(spins, cross_check=False), Figure().subplots()).get_ylabel()
        'mutual information M (nats)'
    """
    _per_volume(result, axes, lambda level: 1.0)
    known = [
        level.mutual_information for level in result.levels if isfinite(level.mutual_information)
    ]
    if known and min(known) > 0 and max(known) > _DECADE * min(known):
        _logarithmic(axes, decades=log10(max(known) / min(known)))
    else:
        axes.set_ylim(_not_too_close(axes.get_ylim()))
    axes.set_ylabel("mutual information M (nats)")
    return axes


def information_density(result: EntropyResult, axes: Axes) -> Axes:
    """M per site of interface in nats/site, against the volume of the half in sites.

    Where this is level, the area law holds.
    """
    _per_volume(result, axes, lambda level: level.interface)
    low, high = _not_too_close(axes.get_ylim())
    least = min(
        (level.mutual_information / level.interface for level in result.levels), default=0.0
    )
    axes.set_ylim(0 if least > 0.02 * high else low, high + 0.05 * abs(high))
    axes.set_ylabel(f"M / interface ({Units.of(result).density})")
    return axes


def scales(result: EntropyResult, axes: Axes) -> Axes:
    """How the entropy of single sites comes down to s, cut by cut, smallest halves first.

    Each bar is one term -w_k M_k in nats/site; the last row is s with one standard error.
    """
    levels = result.levels[::-1]
    steps = np.array([-level.weight * level.mutual_information for level in levels])
    ends = result.entropy - steps[::-1].cumsum()[::-1] + steps
    starts = ends - steps
    for source in _sources(result):
        rows = np.array([row for row, level in enumerate(levels) if level.source == source])
        axes.barh(
            rows + 1,
            steps[rows],
            left=starts[rows],
            height=0.7,
            color=_colour(source),
            label=source,
        )
    axes.vlines(
        ends,
        np.arange(len(levels)) + 1,
        np.arange(len(levels)) + 2,
        color=COLOURS["grey"],
        linewidth=0.8,
    )
    axes.plot(starts[:1], [0], "|", color="black", markersize=10)
    axes.errorbar(
        [result.entropy],
        [len(levels) + 1],
        xerr=[_bar(result.error)],
        fmt="D",
        color="black",
        markersize=4,
        capsize=3,
    )
    _label_rows(axes, [Units.of(result).start, *map(_shape, levels), "s"])
    _label_bars(
        axes, np.append(np.minimum(starts, ends), result.entropy), [starts[0], *steps], result
    )
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(f"entropy ({result.unit})")
    axes.set_ylabel("shape of the half")
    return _with_legend(axes)


def training(result: EntropyResult, axes: Axes, level: int | None = None) -> Axes:
    """The bound on validation pairs in nats, step by step, one curve a fold.

    Arguments:
        result: With training curves.
        axes: To draw on.
        level: Depth k; the largest one that was trained by default.  All kinds of cuts
            of this depth are drawn (there are several where sides are odd).

    Raises:
        InputError: Nothing was trained there.
    """
    trained = [one for one in result.levels if one.histories]
    chosen = [one for one in trained if one.level == (trained[0].level if level is None else level)]
    if not chosen:
        have = ", ".join(map(str, sorted({one.level for one in trained}))) or "none"
        raise InputError(f"level {level} has no training curves; levels that have: {have}")
    curves = [
        (one, fold, history)
        for one in chosen
        for fold, history in enumerate(one.histories, start=1)
    ]
    for place, (one, fold, history) in enumerate(curves):
        label = f"fold {fold}" + (f", {_shape(one)}" if len(chosen) > 1 else "")
        _curve(axes, history.steps, history.bound, place, label)
    for one in chosen:
        _mark_value(
            axes,
            one.mutual_information,
            one.error,
            "held-out M ± error" if one is chosen[0] else None,
        )
    _leave_out_the_start(axes, [bound for *_, history in curves for bound in history.bound])
    return _labelled(axes, "bound on M (nats)")


def chain_rule_training(result: EntropyResult, axes: Axes) -> Axes:
    """The upper bound on the entropy on validation sites, step by step, one curve a fold of the cross-check.

    Arguments:
        result: With training curves of its cross-check.
        axes: To draw on.

    Raises:
        InputError: No chain rule was trained for this result.
    """
    other = result.cross_check
    if not (other and other.histories):
        raise InputError("there are no training curves of a chain rule")
    for fold, history in enumerate(other.histories):
        _curve(axes, history.steps, [-bound for bound in history.bound], fold, f"fold {fold + 1}")
    _mark_value(axes, other.entropy, other.error, "held-out s ± error")
    return _labelled(axes, f"bound on s ({result.unit})")


def _curve(
    axes: Axes, steps: Sequence[int], values: Sequence[float], place: int, label: str
) -> None:
    axes.plot(steps, values, color=COLOURS[_FOLDS[place % len(_FOLDS)]], label=label)


def _labelled(axes: Axes, what: str) -> Axes:
    axes.set_xlabel("training step")
    axes.set_ylabel(what)
    axes.grid(alpha=0.3)
    return _with_legend(axes)


def configuration(samples: Samples, axes: Axes) -> Axes:
    """The first sample: its sites (the first plane of a cube), or consecutive draws of a chain of sites.

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


def overview(result: EntropyResult) -> Figure:
    """All of the above but the sample in one figure; without training curves where there are none.

    Example:
        >>> import moiety
        >>> spins = moiety.Samples.from_array(np.ones((100, 4, 4), int), periodic=True)
        >>> [axes.get_xlabel() for axes in overview(moiety.estimate_entropy(spins, cross_check=False)).axes]
        ['volume of the half V (sites)', 'entropy (nats/site)', 'volume of the half V (sites)']
    """
    from matplotlib.figure import Figure

    trained = [level for level in result.levels if level.histories]
    rows = [["information", "scales"], ["density", "scales"]] + [["training", "scales"]] * bool(
        trained
    )
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


def _per_volume(result: EntropyResult, axes: Axes, unit: Callable[[Level], float]) -> None:
    """M / unit of every level with its error, a marker for each source."""
    for source in _sources(result):
        levels = [level for level in result.levels if level.source == source]
        axes.errorbar(
            [level.volume for level in levels],
            [level.mutual_information / unit(level) for level in levels],
            [_bar(level.error) / unit(level) for level in levels],
            fmt=_MARKERS.get(source, "D"),
            color=_colour(source),
            markerfacecolor="none" if source == "extrapolated" else None,
            markersize=4.5,
            capsize=3,
            label=source,
        )
    _ticks_at_powers_of_two(axes, [level.volume for level in result.levels])
    axes.set_xlabel(f"volume of the half V ({Units.of(result).volume})")
    axes.grid(alpha=0.3)
    _with_legend(axes)


def _ticks_at_powers_of_two(axes: Axes, volumes: Sequence[int]) -> None:
    low, high = min(volumes, default=1), max(volumes, default=1)
    axes.set_xscale("log", base=2)
    axes.set_xlim(low / 1.5, high * 1.5)
    first, last = floor(log2(low)), ceil(log2(high))
    powers = range(first, last + 1, max(ceil((last - first + 1) / _MOST_TICKS), 1))
    powers = [power for power in powers if low / 1.5 <= 2**power <= high * 1.5]
    plain = [
        f"{2.0**power:g}" if high < 10_000 else "2" + str(power).translate(_SUPERSCRIPTS)
        for power in powers
    ]
    axes.set_xticks([2.0**power for power in powers], labels=plain)
    axes.minorticks_off()


def _logarithmic(axes: Axes, decades: float) -> None:
    """A logarithmic axis of M with plain numbers, at 1, 2, 5 where few decades leave room."""
    from matplotlib.ticker import LogLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < _FEW_DECADES else (1,)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")


def _not_too_close(limits: tuple[float, float]) -> tuple[float, float]:
    """Limits of an axis in nats, wide enough that rounding errors look like none."""
    low, high = limits
    missing = max(_LEAST_RANGE - (high - low), 0.0)
    return low - missing / 2, high + missing / 2


def _label_rows(axes: Axes, names: Sequence[str]) -> None:
    """One row a name, from the top; of too many every other one is named."""
    stride = ceil(len(names) / _MOST_ROWS)
    rows = sorted({*range(0, len(names) - stride, stride), len(names) - 1})
    axes.set_yticks(rows, labels=[names[row] for row in rows])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def _label_bars(
    axes: Axes, lefts: Sequence[float], values: Sequence[float], result: EntropyResult
) -> None:
    """The numbers, left of their bars, where they are few enough to be read."""
    low, high = _not_too_close(axes.get_xlim())
    if not all(map(isfinite, [*lefts, *values])):
        return
    axes.set_xlim(low - 0.3 * (high - low), high + 0.04 * (high - low))
    style = {"textcoords": "offset points", "va": "center", "fontsize": "small"}
    if len(values) <= _MOST_ROWS:
        for row, (left, value) in enumerate(zip([values[0], *lefts[:-1]], values, strict=True)):
            text = f"{value:+.4f}" if row else f"{value:.4f}"
            if abs(value) >= 5e-5:
                axes.annotate(text.replace("-", "−"), (left, row), (-6, 0), ha="right", **style)
    side = -1 if result.entropy > (low + high) / 2 else 1
    end = result.entropy + side * _bar(result.error)
    text = measured(result.entropy, result.error)
    axes.annotate(
        text,
        (end, len(values)),
        (8 * side, 0),
        ha="left" if side > 0 else "right",
        fontweight="bold",
        **style,
    )


def _mark_value(axes: Axes, value: float, error: float, label: str | None) -> None:
    """The value that counts, read from samples that training has not seen."""
    error = _bar(error)
    axes.axhline(value, color=COLOURS["grey"], linestyle="--", linewidth=1, label=label)
    axes.axhspan(value - error, value + error, color=COLOURS["grey"], alpha=0.25, linewidth=0)


def _leave_out_the_start(axes: Axes, bounds: Sequence[float]) -> None:
    """The first looks may be far below zero; the plateau is what matters."""
    known = [bound for bound in bounds if isfinite(bound)]
    if known and max(known) > 0 and min(known) < -0.25 * max(known):
        axes.set_ylim(bottom=-0.25 * max(known))


def _with_legend(axes: Axes) -> Axes:
    """A legend above the frame, where it hides no data."""
    names = axes.get_legend_handles_labels()[1]
    if names:
        columns = 3 if sum(map(len, names)) <= _MOST_LETTERS else 2
        axes.legend(
            loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, frameon=False, borderaxespad=0.2,
            columnspacing=1.2, handletextpad=0.4,
        )  # fmt: skip
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return axes


def _sources(result: EntropyResult) -> list[str]:
    """The sources that occur, the known ones in their usual order."""
    found = dict.fromkeys(level.source for level in result.levels)
    return [source for source in SOURCES if source in found] + [
        source for source in found if source not in SOURCES
    ]


def _colour(source: str) -> str:
    return COLOURS[SOURCES.get(source, "green")]


def _shape(level: Level) -> str:
    larger = "" if level.level else "≥ "  # all that are larger, in one
    return larger + "x".join(f"{side:g}" for side in level.shape)


def _bar(error: float) -> float:
    """An error that can be drawn: none where it is not known."""
    return error if isfinite(error) else 0.0
