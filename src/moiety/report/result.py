"""The page of one estimate: the entropy, its error, its levels, the checks and the limits.

The page is one HTML file with inline figures (SVG) and styles.  It loads nothing and runs no
script; its content security policy forbids both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from math import hypot, log
from typing import TYPE_CHECKING, Any

from ..base import words
from ..base.words import measured
from ..results import plots
from ..results.site_plots import start_of
from ._figures import figures, trainings
from .page import check, render, write

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..results.result import EntropyResult
    from ..results.types import Level

__all__ = ["meaning_of", "render_report", "write_report"]

_MEANINGS = {
    "samples": "Finite number of independent samples, from the effect of each sample on s through"
    " all terms, with autocorrelation; falls like 1/√N.",
    "base": "Remaining bias of the counted blocks after correction.",
    "training": "Remaining training gain, from late gains of the training curves. Underfitting"
    " makes M too small and s too large at every level, so the parts of the levels add linearly.",
    "folds": "Differences between networks trained on different samples beyond sampling noise: the"
    " effect of initial weights and training.",
    "order": "Half of the distance between two orders of the sites.",
    "tail": "Error of the area law that extrapolates the largest levels, which share it.",
    "phase": "Crystals: the larger a block, the better it knows the place of the lattice; the most"
    " that the area law leaves out of that.",
    "resolution": "What a change of the resolution of positions does to s.",
}
_MEANINGS_OF_SITES = {
    "training": "Remaining training gain, from late gains of the training curves.",
    "folds": "What each network loses because a site has few samples, from the distance between the"
    " networks of the folds. It is subtracted from s, and as uncertain as it is large.",
}
_MISSING = (
    "What training may not have found yet, from late gains, and what the networks of the folds lose"
    " by their disagreement. It is subtracted from s, and as uncertain as it is large."
)
_SOURCES = {
    "counted": "from the frequencies of all states of a small block",
    "estimated": "by neural networks, evaluated on held-out samples",
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

    Args:
        result: Output of `estimate_entropy` or `EntropyResult.load`.
        path: Output file, which ends in `.html`.
        force: Whether to replace an existing file.
        exact: Exact entropy in the unit of the result, for comparison.
        samples: Samples of the estimate, to show one configuration.

    Raises:
        InputError: The suffix is wrong, or the file exists or cannot be written.

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
    """Return the report of a result as text.

    Args:
        result: Output of `estimate_entropy` or `EntropyResult.load`.
        exact: Exact entropy in the unit of the result, for comparison.
        samples: Samples of the estimate, to show one configuration.
    """
    return render(
        "report.html",
        result=result,
        title=_title(result),
        symbol="Δs" if _is_excess(result) else "s",
        excess=_is_excess(result),
        particles=_is_gas(result),
        units=plots.Units.of(result),
        comparisons=_comparisons(result, exact),
        budget=_budget(result),
        sources=_sources(result),
        site_entropy=start_of(result),
        levels=[_level_row(level) for level in result.levels],
        by_scale=_by_scale(result),
        energies=_energies(result),
        homogeneous=bool(result.provenance.get("homogeneous", True)),
        samples=_samples(result),
        limits=_limits(result),
        figures=figures(result, samples),
        trainings=trainings(result),
        provenance=_provenance(result.provenance),
    )


def meaning_of(part: str) -> str:
    """What a part of the error budget stands for, in words; empty if it is unknown.

    Args:
        part: Its name.
    """
    return _MEANINGS.get(part, "")


def _is_gas(result: EntropyResult) -> bool:
    return result.samples.get("kind") == "particles"


def _is_excess(result: EntropyResult) -> bool:
    return bool(_mapping(result.provenance.get("configuration")).get("excess"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _title(result: EntropyResult) -> str:
    """Return the system and its parameters, as far as the provenance records them."""
    origin = _mapping(result.provenance.get("samples"))
    shape = result.samples.get("shape")
    parts = [str(origin.get("system", "particles" if _is_gas(result) else "a lattice system"))]
    if _is_gas(result):
        parts.append(f"{result.samples['particles']:g} particles")
    elif shape:
        parts.append(f"{words.shape(shape)} sites")
    parts += [
        f"{name} = {words.plain(value)}"
        for name, value in _mapping(origin.get("parameters")).items()
        if name not in ("size", "particles")
    ]
    return ", ".join(filter(None, parts))


def _comparisons(result: EntropyResult, exact: float | None) -> list[dict[str, Any]]:
    """Return other values of the same entropy, with differences in standard errors."""
    rows = [] if exact is None else [("exact value", exact, 0.0)]
    other = result.cross_check
    if other:
        name = "another route" if result.levels else "another order of the sites"
        rows.append((f"cross-check by {name}", other.entropy, other.error))
    return [
        {
            "name": name,
            "value": measured(value, error) if error else f"{value:.7g}".replace("-", "−"),
            "difference": words.signed(result.entropy - value, hypot(result.error, error)),
            "sigmas": words.sigmas(result.entropy - value, hypot(result.error, error)),
        }
        for name, value, error in rows
    ]


def _by_scale(result: EntropyResult) -> list[dict[str, str]]:
    """Return the entropy of each scale of the chain rule, coarse scales first."""
    scales = result.cross_check.scales if result.cross_check else result.scales
    return [
        {
            "name": scale.name,
            "share": f"{scale.share:.3%}",
            "entropy": measured(scale.entropy, scale.error),
            "adds": f"{scale.share * scale.entropy:.5f}".replace("-", "−"),
        }
        for scale in scales
    ]


def _energies(result: EntropyResult) -> list[tuple[str, str, str]]:
    """Return name, value and meaning of what known energies give."""
    free = result.free_energy
    if free is None:
        return []
    rows = [
        ("F", measured(free.value, free.error), "free energy per site, −T log Z"),
        (
            "(E − F) / T",
            measured(free.entropy, free.entropy_error),
            "entropy per site from the free energy; its error is nearly that of E alone",
        ),
    ]
    if free.bracket:
        ends = f"{free.bracket.lower:.5f} to {free.bracket.upper:.5f}"
        meaning = "the exact entropy lies in here, for this mean energy: from draws of the networks"
        rows.append(("bracket", ends, f"{meaning} below, from the samples above"))
        overlap = f"{min(free.bracket.overlap, 1):.2f}"
        meaning = "1 if samples and draws of the networks cannot be told apart"
        rows.append(("overlap", overlap, meaning))
    fitted = measured(free.fitted_temperature, free.fitted_error)
    return [
        *rows,
        ("E", measured(free.energy, free.energy_error), "mean energy per site"),
        (
            "C",
            measured(free.heat_capacity, free.heat_capacity_error),
            "heat capacity per site, from the variance of the energy",
        ),
        ("T", f"{free.temperature:g}", "temperature that was given"),
        ("T that fits", fitted, "from the slope of the networks' −log q against the energy"),
    ]


def _budget(result: EntropyResult) -> list[dict[str, Any]]:
    """Return the parts of the error, largest first, with their shares of the squared error."""
    total = sum(part**2 for part in result.budget.values())
    meanings = _MEANINGS if result.levels else _MEANINGS | _MEANINGS_OF_SITES
    if not (result.levels or "folds" in result.budget):
        meanings = meanings | {"training": _MISSING}
    rows = [
        {
            "name": name,
            "error": part,
            "share": part**2 / total if total > 0 else 0.0,
            "meaning": meanings.get(name, ""),
        }
        for name, part in result.budget.items()
    ]
    return sorted(rows, key=lambda row: -row["share"])


def _sources(result: EntropyResult) -> list[dict[str, Any]]:
    """Return how much the levels of each source lower the entropy, in nats per site."""
    names = dict.fromkeys(level.source for level in reversed(result.levels))
    groups = {name: [level for level in result.levels if level.source == name] for name in names}
    return [
        {
            "name": source,
            "meaning": _SOURCES.get(source, ""),
            "levels": len(levels),
            "change": -sum(map(_term, levels)),
        }
        for source, levels in groups.items()
    ]


def _term(level: Level) -> float:
    return level.weight * level.mutual_information


def _level_row(level: Level) -> dict[str, Any]:
    bounds = list(level.bounds.values())
    term, density = _term(level), level.mutual_information / level.interface
    return {
        "level": level.level or "",
        "shape": ("" if level.level else "≥ ") + words.shape(level.shape),
        "volume": f"{level.volume:,}".replace(",", " "),
        "interface": f"{level.faces} × {level.interface // level.faces}"
        if level.faces > 1
        else f"{level.interface:g}",
        "information": measured(level.mutual_information, level.error),
        "density": measured(density, level.error / level.interface),
        "change": measured(-term, level.weight * level.error)
        if abs(term) > 1e-5
        else words.digits(-term),
        "source": level.source,
        "status": "" if level.status == level.source else f": {level.status}",
        "spread": words.digits(max(bounds) - min(bounds)) if bounds else "–",
        "bounds": ", ".join(
            f"{name} {words.digits(value, 4)}" for name, value in level.bounds.items()
        ),
    }


_SAMPLE_ROWS = {
    "n": ("samples", 6, "configurations of all chains together"),
    "effective": (
        "effective samples",
        4,
        "effective number of independent configurations, n / 2 tau_int",
    ),
    "tau": (
        "tau_int",
        3,
        "integrated autocorrelation time of the slowest observable in draws; 1/2 if independent",
    ),
    "rhat": ("R-hat", 5, "variance between chains relative to within; 1 for mixed chains"),
}


def _samples(result: EntropyResult) -> list[tuple[str, str, str]]:
    """Return name, value and meaning of the properties of the samples."""
    samples, is_gas = result.samples, _is_gas(result)
    rows = [
        (label, words.digits(samples[name], digits), meaning)
        for name, (label, digits, meaning) in _SAMPLE_ROWS.items()
        if name in samples
    ]
    if samples.get("shape"):
        meaning = "side lengths in diameters" if is_gas else "sites along each side"
        rows.insert(0, (plots.Units.of(result).space, words.shape(samples["shape"]), meaning))
    if is_gas:
        density = words.digits(samples["density"], 5)
        rows.append(("density", density, "particles per volume, in diameters"))
        unit = _mapping(result.provenance.get("configuration"))
        if "sigma_origin" in unit:
            sigma = f"{float(unit['sigma']):.6g}"
            rows.append(("sigma", sigma, f"unit of length: {unit['sigma_origin']}"))
        if samples.get("resolution"):
            meaning = "pixels per diameter to which positions are known; s depends on it"
            rows.append(("resolution", words.digits(samples["resolution"], 4), meaning))
    elif "kind" in samples:
        rows.append(("states", str(samples["kind"]), "kind of states of a site"))
    if result.read_as.get("text"):
        rows.insert(0, ("read as", str(result.read_as["text"]), "how the array was understood"))
    return rows


def _limits(result: EntropyResult) -> dict[str, Any]:
    """Return the numbers that the text on limits mentions.

    These are the largest estimated M, log N, and the extrapolated part of the entropy.
    """
    estimated = [level for level in result.levels if level.source == "estimated"]
    largest = max(estimated, key=lambda level: level.mutual_information, default=None)
    extrapolated = [level for level in result.levels if level.source == "extrapolated"]
    effective = result.samples.get("effective", result.samples.get("n", 0))
    ceiling = log(effective) if effective > 1 else None
    exceeded = largest is not None and ceiling is not None and largest.mutual_information > ceiling
    return {
        "largest": largest,
        "ceiling": ceiling,
        "exceeded": exceeded,
        "extrapolated": extrapolated,
        "reasons": sorted({level.status for level in extrapolated}),
        "change": sum(map(_term, extrapolated)),
    }


def _provenance(provenance: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return groups of rows: single values first, then one group for each mapping."""
    nested = {
        name: value for name, value in provenance.items() if isinstance(value, Mapping) and value
    }
    single = {name: value for name, value in provenance.items() if name not in nested}
    groups = [("this estimate", single)] if single else []
    return [(str(name), list(_flat(value))) for name, value in [*groups, *nested.items()]]


def _flat(value: Any, path: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield rows of nested mappings, such as ("critic › width", "32")."""
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _flat(part, [*path, str(name)])
    else:
        yield " › ".join(path), words.plain(value)
