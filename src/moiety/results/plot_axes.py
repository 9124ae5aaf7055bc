"""Colours, units, ticks, labels and legends of the figures of a result.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which remain distinct under
colour blindness; markers differ as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, floor, isfinite, log2
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..base.words import measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .types import EntropyData

__all__ = [
    "COLOURS", "Units", "add_legend", "at_least_visible", "draw_curve", "finish_scales",
    "finish_training", "hide_start", "label_bars", "label_rows", "literal", "logarithmic",
    "mark_value", "powers_of_two", "visible_error",
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
_FOLDS = ("blue", "vermilion", "green", "purple", "orange", "sky")
_MOST_TICKS = 8
_MOST_ROWS = 26  # of a waterfall that are all labelled
_FEW_DECADES = 3
_MOST_LETTERS = 36  # of a legend in a single line
_LEAST_RANGE = 2e-3  # of an axis in nats; differences below it are noise
_LEAST_BAR = 5e-5  # shorter bars have no number
_PLAIN_NUMBERS = 10_000  # volumes below it are not written as powers
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def literal(text: str) -> str:
    r"""Return text that matplotlib draws as it is, without formulas.

    Args:
        text: Any text, such as a name from a file.

    Example:
        >>> literal("$T$")
        '\\$T\\$'
    """
    return text.replace("$", r"\$")


@dataclass(frozen=True)
class Units:
    """Units and names in the figures of a result.

    Args:
        volume: Unit of the volume of a half.
        density: Unit of M over the interface.
        start: What the sum starts from.
        space: What is halved.
    """

    volume: str = "sites"
    density: str = "nats/site"
    start: str = "single site"
    space: str = "lattice"

    @classmethod
    def of(cls, result: EntropyData) -> Units:
        """Units of a result: sites of a lattice, or powers of a particle's diameter.

        Args:
            result: A result.
        """
        if result.unit != "nats/particle":
            return cls()
        dimensions = len(result.levels[0].shape)
        face = ("nats", "nats/σ", "nats/σ²")[dimensions - 1]
        return cls(("σ", "σ²", "σ³")[dimensions - 1], face, "smallest blocks", "box")


def _fold_colour(curve: int) -> str:
    return COLOURS[_FOLDS[curve % len(_FOLDS)]]


def visible_error(error: float) -> float:
    """Length of an error bar: the error, or 0 if it is unknown.

    Args:
        error: Standard error; NaN or infinite if unknown.
    """
    return error if isfinite(error) else 0.0


def powers_of_two(axes: Axes, volumes: Sequence[float]) -> None:
    """Make the x axis logarithmic with ticks at powers of two.

    Args:
        axes: Axes to change.
        volumes: All x values.
    """
    low, high = min(volumes, default=1), max(volumes, default=1)
    axes.set_xscale("log", base=2)
    axes.set_xlim(low / 1.5, high * 1.5)
    first, last = floor(log2(low)), ceil(log2(high))
    stride = max(ceil((last - first + 1) / _MOST_TICKS), 1)
    powers = range(first, last + 1, stride)
    shown = [power for power in powers if low / 1.5 <= 2**power <= high * 1.5]
    plain = high < _PLAIN_NUMBERS
    labels = [f"{2.0**k:g}" if plain else "2" + str(k).translate(_SUPERSCRIPTS) for k in shown]
    axes.set_xticks([2.0**power for power in shown], labels=labels)
    axes.minorticks_off()


def logarithmic(axes: Axes, decades: float) -> None:
    """Make the y axis logarithmic with plain numbers, at 1, 2, 5 if it spans few decades.

    Args:
        axes: Axes to change.
        decades: Decades that the values span.
    """
    from matplotlib.ticker import LogLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < _FEW_DECADES else (1,)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")


def at_least_visible(limits: tuple[float, float]) -> tuple[float, float]:
    """Limits of an axis in nats, wide enough that rounding errors are invisible.

    Args:
        limits: Limits chosen from the data.
    """
    low, high = limits
    missing = max(_LEAST_RANGE - (high - low), 0.0)
    return low - missing / 2, high + missing / 2


def label_rows(axes: Axes, names: Sequence[str]) -> None:
    """Label rows from the top; if there are too many, only some of them.

    Args:
        axes: Axes to change.
        names: Name of each row.
    """
    stride = ceil(len(names) / _MOST_ROWS)
    rows = sorted({*range(0, len(names) - stride, stride), len(names) - 1})
    axes.set_yticks(rows, labels=[names[row] for row in rows])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def label_bars(
    axes: Axes,
    lefts: NDArray[np.float64],
    values: NDArray[np.float64],
    entropy: float,
    error: float,
) -> None:
    """Write numbers to the left of bars, if they are few enough to be read.

    Args:
        axes: Axes to change.
        lefts: Left ends of the bars and of the last row, that of the entropy.
        values: Value at the start and of each bar.
        entropy: Entropy of the last row.
        error: Its standard error.
    """
    low, high = at_least_visible(axes.get_xlim())
    if not (np.isfinite(lefts).all() and np.isfinite(values).all()):
        return
    axes.set_xlim(low - 0.3 * (high - low), high + 0.04 * (high - low))
    write = partial(axes.annotate, textcoords="offset points", va="center", fontsize="small")
    if len(values) <= _MOST_ROWS:
        for row, (left, value) in enumerate(zip([values[0], *lefts[:-1]], values, strict=True)):
            text = f"{value:+.4f}" if row else f"{value:.4f}"
            if abs(value) >= _LEAST_BAR:
                write(text.replace("-", "−"), (left, row), (-6, 0), ha="right")
    side = -1 if entropy > (low + high) / 2 else 1
    write(
        measured(entropy, error),
        (entropy + side * visible_error(error), len(values)),
        (8 * side, 0),
        ha="left" if side > 0 else "right",
        fontweight="bold",
    )


def finish_scales(
    result: EntropyData,
    axes: Axes,
    names: Sequence[str],
    lefts: NDArray[np.float64],
    values: NDArray[np.float64],
) -> None:
    """Label the rows and bars of a figure of the terms of s.

    Args:
        result: A result.
        axes: Axes to change.
        names: Name of each row, s last.
        lefts: See `label_bars`.
        values: See `label_bars`.
    """
    label_rows(axes, names)
    label_bars(axes, lefts, values, result.entropy, result.error)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(f"entropy ({literal(result.unit)})")


def draw_curve(
    axes: Axes, steps: Sequence[int], values: Sequence[float], place: int, label: str
) -> None:
    """Draw a training curve.

    Args:
        axes: Axes to draw on.
        steps: Training steps.
        values: Value at each step.
        place: Index of the curve, for its colour.
        label: Entry in the legend.
    """
    axes.plot(steps, values, color=_fold_colour(place), label=label)


def finish_training(axes: Axes, label: str) -> Axes:
    """Label a figure of training curves.

    Args:
        axes: Axes to change, which are returned.
        label: Label of the values.
    """
    axes.set_xlabel("training step")
    axes.set_ylabel(label)
    axes.grid(alpha=0.3)
    return add_legend(axes)


def mark_value(axes: Axes, value: float, error: float, label: str | None) -> None:
    """Draw the held-out value across a figure of training curves, with its error as a band.

    Args:
        axes: Axes to change.
        value: The value.
        error: Its standard error.
        label: Entry in the legend; None for no entry.
    """
    error = visible_error(error)
    axes.axhline(value, color=COLOURS["grey"], linestyle="--", linewidth=1, label=label)
    axes.axhspan(value - error, value + error, color=COLOURS["grey"], alpha=0.25, linewidth=0)


def hide_start(axes: Axes, bounds: Iterable[float]) -> None:
    """Cut off checks early in the training that lie far below zero.

    Args:
        axes: Axes to change.
        bounds: All values of the curves.
    """
    known = [bound for bound in bounds if isfinite(bound)]
    if known and max(known) > 0 and min(known) < -0.25 * max(known):
        axes.set_ylim(bottom=-0.25 * max(known))


def add_legend(axes: Axes) -> Axes:
    """Put a legend above the frame, where it hides no data, and remove two sides of the frame.

    Args:
        axes: Axes to change, which are returned.
    """
    names = axes.get_legend_handles_labels()[1]
    if names:
        columns = 3 if sum(map(len, names)) <= _MOST_LETTERS else 2
        axes.legend(
            loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, frameon=False,
            borderaxespad=0.2, columnspacing=1.2, handletextpad=0.4,
        )  # fmt: skip
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return axes
