"""One self-contained page that says what was found, how far to trust it, and why.

The page is one HTML file: figures are inline SVG, styles are inline, nothing is
fetched and no script runs (its content security policy forbids both).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from io import StringIO
from math import hypot, log
from typing import TYPE_CHECKING, Any

from ..base import words
from ..base.words import measured
from ..results import plots
from .page import check, render, write

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..estimation.history import History
    from ..results.result import EntropyResult
    from ..results.types import Level

__all__ = ["render_report", "write_report"]

_PANEL = (4.4, 3.2)  # inches: scaled to a phone its letters are still 9 pixels high
_ROW = 0.26  # inches of a row of the waterfall
_MOST_ROWS = 28
_MEANINGS = {
    "samples": "The number of independent samples is finite. Taken from how much each sample moves s, all terms "
    "together, with the autocorrelation counted; falls like 1/√N.",
    "base": "What the bias correction of the counted blocks may leave.",
    "training": "What longer training may still find, from the late gains of the training curves. Under-fitted M makes "
    "s too large at every level alike, so the levels add up without cancelling.",
    "folds": "Networks trained on different samples differ by more than the samples explain: the luck of weights and training.",
    "tail": "The area law that extrapolates the largest levels, which all err together.",
}
_SOURCES = {
    "counted": "from how often each state of a small block occurs",
    "estimated": "by neural networks, read on samples that they were not trained on",
    "extrapolated": "by the area law from the levels below",
}


def write_report(
    result: EntropyResult,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    exact: float | None = None,
    samples: Samples | None = None,
) -> None:
    """Write the report of a result.

    Arguments:
        result: What `estimate_entropy` found, or `EntropyResult.load` read.
        path: Ends in `.html`.
        force: Whether a file that stands there may be replaced.
        exact: The known entropy in the result's unit, to be shown beside it.
        samples: What the result is of, to show one of them.

    Raises:
        InputError: The suffix is another one, or the path is taken or cannot be written.

    Example:
        >>> import moiety, numpy, pathlib, tempfile
        >>> samples = moiety.Samples.from_array(numpy.ones((100, 4, 4), int), periodic=True)
        >>> page = pathlib.Path(tempfile.mkdtemp()) / "report.html"
        >>> write_report(moiety.estimate_entropy(samples, cross_check=False), page, exact=0.0)
        >>> "s = 0.000000 ± 0.000000" in page.read_text(encoding="utf-8")
        True
    """
    path = check(path, force)
    write(render_report(result, exact=exact, samples=samples), path)


def render_report(
    result: EntropyResult, *, exact: float | None = None, samples: Samples | None = None
) -> str:
    """The page as text; arguments as for `write_report`."""
    return render(
        "report.html",
        result=result,
        title=_title(result),
        symbol="Δs" if _is_excess(result) else "s",
        excess=_is_excess(result),
        particles=result.samples.get("kind") == "particles",
        units=plots.Units.of(result),
        comparisons=_comparisons(result, exact),
        budget=_budget(result),
        sources=_sources(result),
        site_entropy=result.entropy + sum(map(_fall, result.levels)),
        levels=[_level_row(level) for level in result.levels],
        samples=_samples(result),
        limits=_limits(result),
        figures=_figures(result, samples),
        trainings=_trainings(result),
        provenance=_provenance(result.provenance),
    )


def _title(result: EntropyResult) -> str:
    """The system and its state point, as far as the provenance knows them."""
    origin = result.provenance.get("samples")
    origin = origin if isinstance(origin, Mapping) else {}
    parameters = origin.get("parameters")
    parameters = parameters if isinstance(parameters, Mapping) else {}
    shape = result.samples.get("shape")
    particles = result.samples.get("kind") == "particles"
    parts = [str(origin.get("system", "particles" if particles else "a lattice system"))]
    if particles:
        parts.append(f"{result.samples['particles']:g} particles")
    elif shape:
        parts.append(f"{words.shape(shape)} sites")
    parts += [
        f"{name} = {words.plain(value)}"
        for name, value in parameters.items()
        if name not in ("size", "particles")
    ]
    return ", ".join(filter(None, parts))


def _is_excess(result: EntropyResult) -> bool:
    configuration = result.provenance.get("configuration")
    return isinstance(configuration, Mapping) and bool(configuration.get("excess"))


def _comparisons(result: EntropyResult, exact: float | None) -> list[dict[str, Any]]:
    """Other answers to the same question, and how far off they are in units of the error."""
    rows = [("exact value", exact, 0.0)] if exact is not None else []
    if result.cross_check:
        rows.append(
            ("cross-check by another route", result.cross_check.entropy, result.cross_check.error)
        )
    return [
        {
            "name": name,
            "value": measured(value, error) if error else f"{value:.7g}".replace("-", "−"),
            "difference": words.signed(result.entropy - value, hypot(result.error, error)),
            "sigmas": words.sigmas(result.entropy - value, hypot(result.error, error)),
        }
        for name, value, error in rows
    ]


def _budget(result: EntropyResult) -> list[dict[str, Any]]:
    """Parts of the error, the largest first, each with its share of the squared error."""
    total = sum(part**2 for part in result.budget.values())
    rows = [
        {
            "name": name,
            "error": part,
            "share": part**2 / total if total > 0 else 0.0,
            "meaning": _MEANINGS.get(name, ""),
        }
        for name, part in result.budget.items()
    ]
    return sorted(rows, key=lambda row: -row["share"])


def _sources(result: EntropyResult) -> list[dict[str, Any]]:
    """What the levels of each source take off the entropy, in nats per site."""
    found = dict.fromkeys(level.source for level in reversed(result.levels))
    rows = [
        (source, [level for level in result.levels if level.source == source]) for source in found
    ]
    return [
        {
            "name": source,
            "meaning": _SOURCES.get(source, ""),
            "levels": len(levels),
            "fall": -sum(map(_fall, levels)),
        }
        for source, levels in rows
    ]


def _fall(level: Level) -> float:
    return level.weight * level.mutual_information


def _level_row(level: Level) -> dict[str, Any]:
    bounds = list(level.bounds.values())
    return {
        "level": level.level or "",
        "shape": ("" if level.level else "≥ ") + words.shape(level.shape),
        "volume": f"{level.volume:,}".replace(",", " "),
        "interface": f"{level.faces} × {level.interface // level.faces}"
        if level.faces > 1
        else f"{level.interface:g}",
        "information": measured(level.mutual_information, level.error),
        "density": measured(
            level.mutual_information / level.interface, level.error / level.interface
        ),
        "fall": measured(-_fall(level), level.weight * level.error)
        if abs(_fall(level)) > 1e-5
        else words.digits(-_fall(level)),
        "source": level.source,
        "status": "" if level.status == level.source else f": {level.status}",
        "bounds": words.digits(max(bounds) - min(bounds)) if bounds else "–",
        "listed": ", ".join(
            f"{name} {words.digits(value, 4)}" for name, value in level.bounds.items()
        ),
    }


def _samples(result: EntropyResult) -> list[tuple[str, str, str]]:
    """Name, value and meaning of what is known about the samples."""
    known = {
        "n": ("samples", 6, "configurations, all chains together"),
        "effective": (
            "effective samples",
            4,
            "independent configurations that they are worth, n / 2 tau_int",
        ),
        "tau": (
            "tau_int",
            3,
            "integrated autocorrelation time in draws, of the slowest observable; 1/2 if independent",
        ),
        "rhat": ("R-hat", 5, "spread between chains against that within; 1 when they have mixed"),
    }
    rows = [
        (label, words.digits(result.samples[name], n), text)
        for name, (label, n, text) in known.items()
        if name in result.samples
    ]
    if result.samples.get("shape"):
        particles = result.samples.get("kind") == "particles"
        meaning = "diameters along each edge" if particles else "sites along each side"
        rows.insert(
            0, (plots.Units.of(result).space, words.shape(result.samples["shape"]), meaning)
        )
    if result.samples.get("kind") == "particles":
        rows.append(
            (
                "density",
                words.digits(result.samples["density"], 5),
                "particles per volume, in diameters",
            )
        )
    elif "kind" in result.samples:
        rows.append(("states", str(result.samples["kind"]), "what a site holds"))
    return rows


def _limits(result: EntropyResult) -> dict[str, Any]:
    """What the text on the limits speaks of: the largest estimated M, log N, and the extrapolated share."""
    estimated = [level for level in result.levels if level.source == "estimated"]
    largest = max(estimated, key=lambda level: level.mutual_information, default=None)
    beyond = [level for level in result.levels if level.source == "extrapolated"]
    effective = result.samples.get("effective", result.samples.get("n", 0))
    ceiling = log(effective) if effective > 1 else None
    return {
        "largest": largest,
        "ceiling": ceiling,
        "over": largest is not None
        and ceiling is not None
        and largest.mutual_information > ceiling,
        "beyond": beyond,
        "reasons": sorted({level.status for level in beyond}),
        "fall": sum(map(_fall, beyond)),
    }


def _figures(result: EntropyResult, samples: Samples | None) -> dict[str, Any]:
    rows = min(len(result.levels) + 2, _MOST_ROWS)
    draw = {
        "information": (plots.information, result, _PANEL),
        "density": (plots.information_density, result, _PANEL),
        "scales": (plots.scales, result, (_PANEL[0], 1.0 + _ROW * rows)),
    }
    if samples is not None:
        draw["configuration"] = (plots.configuration, samples, _PANEL)
    return {name: _svg(name, plot, what, size) for name, (plot, what, size) in draw.items()}


def _trainings(result: EntropyResult) -> list[dict[str, Any]]:
    """A figure for each depth that was trained, smallest blocks first, as they were trained; then that of the chain rule."""
    trained = [level for level in reversed(result.levels) if level.histories]
    depths = dict.fromkeys(level.level for level in trained)
    rows = [
        _of_levels(result, depth, [level for level in trained if level.level == depth])
        for depth in depths
    ]
    other = result.cross_check
    if other and other.histories:
        figure = _svg("training-rule", plots.chain_rule_training, result, _PANEL)
        rows.append(_training("The chain rule", other.histories, result.unit, figure))
    return rows


def _of_levels(result: EntropyResult, depth: int, levels: Sequence[Level]) -> dict[str, Any]:
    shapes = " and ".join(words.shape(level.shape) for level in levels)
    histories = [history for level in levels for history in level.histories]
    figure = _svg(f"training{depth}", partial(plots.training, level=depth), result, _PANEL)
    return _training(f"Level {depth}, halves of {shapes}", histories, "nats", figure)


def _training(what: str, histories: Sequence[History], unit: str, figure: Any) -> dict[str, Any]:
    return {
        "what": what,
        "steps": max(max(history.steps, default=0) for history in histories),
        "gain": max(history.late_gain for history in histories),
        "unit": unit,
        "figure": figure,
    }


def _svg(name: str, draw: Callable[..., Any], what: Any, size: tuple[float, float]) -> Any:
    """A figure as inline SVG whose colours are variables of the page, so that it follows light and dark."""
    import matplotlib
    from markupsafe import Markup
    from matplotlib.figure import Figure

    settings = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 9,
        "font.family": "DejaVu Sans",
    }
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=size, layout="constrained")
        draw(what, figure.subplots())
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return Markup(_inline(text.getvalue(), name))


def _inline(svg: str, name: str) -> str:
    """An SVG file as part of a page: no prolog, no addresses, names of its own, the page's colours and letters."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = (
        re.sub(r' (xmlns(:xlink)?|width|height|version)="[^"]*"', "", svg.split(">", 1)[0])
        + ">"
        + svg.split(">", 1)[1]
    )
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    for colour, code in plots.COLOURS.items():
        svg = svg.replace(code, f"var(--{colour})")
    svg = svg.replace("#000000", "currentColor").replace("#ffffff", "var(--paper)")
    return svg.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")


def _provenance(provenance: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Groups of rows: single values first, then one group for each mapping."""
    nested = {
        name: value for name, value in provenance.items() if isinstance(value, Mapping) and value
    }
    single = {name: value for name, value in provenance.items() if name not in nested}
    groups = [("this estimate", single)] if single else []
    return [(str(name), list(_flat(value))) for name, value in [*groups, *nested.items()]]


def _flat(value: Any, path: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Rows of nested mappings, as ("critic › width", "32")."""
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _flat(part, [*path, str(name)])
    else:
        yield " › ".join(path), words.plain(value)
