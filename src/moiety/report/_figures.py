"""Figures of the page of a result as inline SVG."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, Any

from ..base import words
from ..results import plots

if TYPE_CHECKING:
    from markupsafe import Markup

    from ..data.samples import Samples
    from ..estimation.history import History
    from ..results.result import EntropyResult
    from ..results.types import Level

__all__ = ["figures", "inline_svg", "trainings"]

_PANEL = (4.4, 3.2)  # inches; on a phone the text is still 9 pixels high
_ROW = 0.26  # inches for a row of the waterfall plot
_MOST_ROWS = 28


def figures(result: EntropyResult, samples: Samples | None) -> dict[str, Markup]:
    """Return the figures of a page by name.

    Args:
        result: The result.
        samples: Samples to show one configuration of, if any.
    """
    rows = min(len(result.levels) + 2, _MOST_ROWS)
    tall = (_PANEL[0], 1.0 + _ROW * rows)
    drawn = {"scales": inline_svg("scales", partial(plots.scales, result), tall)}
    if result.levels:
        information, density = plots.information, plots.information_density
        drawn["information"] = inline_svg("information", partial(information, result), _PANEL)
        drawn["density"] = inline_svg("density", partial(density, result), _PANEL)
    if samples is not None:
        draw = partial(plots.configuration, samples)
        drawn["configuration"] = inline_svg("configuration", draw, _PANEL)
    return drawn


def trainings(result: EntropyResult) -> list[dict[str, Any]]:
    """Return a figure of training curves for each trained depth, and one for the chain rule.

    Args:
        result: The result.

    Returns:
        Rows for the template, smallest blocks first, as they were trained.
    """
    trained = [level for level in reversed(result.levels) if level.histories]
    depths = dict.fromkeys(level.level for level in trained)
    rows = [
        _depth(result, depth, [level for level in trained if level.level == depth])
        for depth in depths
    ]
    other = result.cross_check
    if other and other.histories:
        figure = inline_svg("training-rule", partial(plots.chain_rule_training, result), _PANEL)
        subject = "The chain rule" if result.levels else "The chain rule, sites in the other order"
        subject = subject if result.unit == "nats/site" else "Insertion"
        rows.append(_training(subject, other.histories, result.unit, figure))
    return rows


def _depth(result: EntropyResult, depth: int, levels: Sequence[Level]) -> dict[str, Any]:
    shapes = " and ".join(words.shape(level.shape) for level in levels)
    histories = [history for level in levels for history in level.histories]
    figure = inline_svg(f"training{depth}", partial(plots.training, result, level=depth), _PANEL)
    return _training(f"Level {depth}, halves of {shapes}", histories, "nats", figure)


def _training(
    subject: str, histories: Sequence[History], unit: str, figure: Markup
) -> dict[str, Any]:
    return {
        "subject": subject,
        "steps": max(max(history.steps, default=0) for history in histories),
        "gain": max(history.late_gain for history in histories),
        "unit": unit,
        "figure": figure,
    }


def inline_svg(name: str, draw: Callable[..., Any], size: tuple[float, float]) -> Markup:
    """Return a figure as inline SVG in the colours of the page, which follow light and dark.

    Args:
        name: Name of the figure, which its ids begin with.
        draw: Draws on given axes.
        size: Width and height in inches.
    """
    import matplotlib
    from markupsafe import Markup
    from matplotlib.figure import Figure

    with matplotlib.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 9, "font.family": "DejaVu Sans"}
    ):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return Markup(_inline(text.getvalue(), name))


def _inline(svg: str, name: str) -> str:
    """Make an SVG file part of a page: no prolog or URLs, unique ids, page colours and font."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    start, rest = svg.split(">", 1)
    svg = re.sub(r' (xmlns(:xlink)?|width|height|version)="[^"]*"', "", start) + ">" + rest
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    for colour, code in plots.COLOURS.items():
        svg = svg.replace(code, f"var(--{colour})")
    svg = svg.replace("#000000", "currentColor").replace("#ffffff", "var(--paper)")
    return svg.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
