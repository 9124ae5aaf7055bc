"""Figures of the chain rule, and of a result without levels, whose sites differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..base.words import measured
from .plot_axes import (
    COLOURS,
    add_legend,
    draw_curve,
    finish_scales,
    finish_training,
    mark_value,
    visible_error,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .types import EntropyData

__all__ = ["chain_rule_training", "overview_of_sites", "start_of", "undivided"]


def start_of(result: EntropyData) -> float:
    """Entropy of single sites, from which the terms of a result are subtracted.

    Args:
        result: A result.
    """
    if result.levels:
        terms = (level.weight * level.mutual_information for level in result.levels)
        return float(result.entropy + sum(terms))
    if result.provenance.get("configuration", {}).get("excess"):
        return 0.0
    count = sum(base.count for base in result.bases)
    return float(sum(base.count * base.entropy for base in result.bases) / max(count, 1))


def undivided(result: EntropyData, axes: Axes) -> Axes:
    """Draw the mean entropy of a site alone, what correlations take away, and s.

    Args:
        result: A result without levels.
        axes: Axes to draw on, which are returned.
    """
    start = start_of(result)
    step, colour = result.entropy - start, COLOURS["vermilion"]
    axes.barh([1], [step], left=[start], height=0.7, color=colour, label="estimated")
    axes.vlines([result.entropy], [1], [2], color=COLOURS["grey"], linewidth=0.8)
    axes.plot([start], [0], "|", color="black", markersize=10)
    axes.errorbar(
        [result.entropy], [2], xerr=[visible_error(result.error)], fmt="D",
        color="black", markersize=4, capsize=3,
    )  # fmt: skip
    lefts = np.array([min(start, result.entropy), result.entropy])
    names = ["each site alone", "correlations", "s"]
    finish_scales(result, axes, names, lefts, np.array([start, step]))
    return add_legend(axes)


def chain_rule_training(result: EntropyData, axes: Axes) -> Axes:
    """Draw the upper bound on s from validation sites against training steps, a curve per fold.

    Args:
        result: A result whose cross-check has training curves.
        axes: Axes to draw on, which are returned.

    Raises:
        InputError: The result has no such curves.
    """
    other = result.cross_check
    if not (other and other.histories):
        raise InputError("there are no training curves of a chain rule")
    for fold, history in enumerate(other.histories):
        bounds = [-bound for bound in history.bound]
        draw_curve(axes, history.steps, bounds, fold, f"fold {fold + 1}")
    mark_value(axes, other.entropy, other.error, "held-out s ± error")
    return finish_training(axes, f"bound on s ({result.unit})")


def overview_of_sites(result: EntropyData) -> Figure:
    """A figure of a result without levels: the terms of s, and the training curves.

    Args:
        result: A result without levels.
    """
    from matplotlib.figure import Figure

    trained = bool(result.cross_check and result.cross_check.histories)
    figure = Figure(figsize=(10, 3.9), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, 1 + trained))
    undivided(result, panels[0])
    if trained:
        chain_rule_training(result, panels[1])
    figure.suptitle(f"s = {measured(result.entropy, result.error)} {result.unit}")
    return figure
