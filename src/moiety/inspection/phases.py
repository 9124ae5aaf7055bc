"""Whether chains stay in different phases.

Fewer than 4 chains are cut into ranges of draws, which stand for chains.  Chains are divided at the
largest gap between their means.  They are in two phases if no draw of one group lies among the
draws of the other, and if independent draws would not have done so by chance.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..data.samples import Samples
from .findings import Finding
from .patterns import pattern_series

__all__ = ["phases"]

_FEWEST_DRAWS = 4
_UNLIKELY = 20  # further draws, each of which might have crossed
_FEW_CHAINS, _RANGES = 4, 8
_WIDTHS = 2.0  # between the means of two groups, in spreads of the draws of a chain


def phases(samples: Samples, observed: Mapping[str, np.ndarray]) -> Finding:
    """Check that chains do not stay in different phases.

    Args:
        samples: Configurations of a lattice.
        observed: Observables of the samples by name, each of shape `(chain, draw)`.
    """
    cut = 1 if samples.chains >= _FEW_CHAINS else _RANGES
    hidden = "order" if "order size" in observed else None  # a symmetry connects its signs
    series = {name: _cut(one, cut) for name, one in observed.items() if name != hidden}
    pattern = pattern_series(samples, cut)
    if pattern is not None:
        series["pattern of the sites"] = pattern
    gaps = {name: _gap(one) for name, one in series.items()}
    name = max(gaps, key=lambda one: gaps[one][0])
    gap, lower, upper = gaps[name]
    if gap <= _WIDTHS:
        return Finding("phases", True, gap, "no chains stay in phases of their own")
    parts = "chains" if cut == 1 else "ranges of draws"
    sites = samples.sites
    text = (
        f"{lower} of {lower + upper} {parts} stay in one phase, the others in another (`{name}`):"
        " the number is for their mixture, up to"
        f" log 2 / {sites:,} = {np.log(2) / sites:.2g} per site above that of a phase; estimate"
        " each phase by itself, or use updates that cross"
    )
    return Finding("phases", False, gap, text)


def _cut(series: np.ndarray, ranges: int) -> np.ndarray:
    """Ranges of consecutive draws of each chain as chains."""
    length = series.shape[1] // ranges
    return series[:, : length * ranges].reshape(-1, length) if length else series


def _gap(series: np.ndarray) -> tuple[float, int, int]:
    """Distance of two groups of chains, 0 if they overlap, in spreads of a chain; their sizes."""
    chains, draws = series.shape
    if chains < 2 or draws < _FEWEST_DRAWS or chains * (draws - 1) < _UNLIKELY:
        return 0.0, 0, 0
    ordered = series[np.argsort(series.mean(axis=1))]
    means = ordered.mean(axis=1)
    split = int(np.diff(means).argmax()) + 1
    below, above = ordered[:split], ordered[split:]
    if below.max() >= above.min():
        return 0.0, 0, 0
    width = max(float(series.std(axis=1).mean()), 1e-9)
    distance = float(above.mean() - below.mean())
    return distance / width, split, chains - split
