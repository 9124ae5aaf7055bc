"""Whether chains stay in different phases.

Fewer than 4 chains are cut into ranges of draws, which stand for chains.  Chains are divided at the
largest gap between their means.  They are in two phases if no draw of one group lies among the
draws of the other, and if independent draws would not have done so by chance.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .findings import Finding

__all__ = ["phases"]

_FEWEST_DRAWS = 4
_UNLIKELY = 20  # further draws, each of which might have crossed
_FEW_CHAINS, _RANGES = 4, 8
_WIDTHS = 2.0  # between the means of two groups, in spreads of the draws of a chain


def phases(observed: Mapping[str, np.ndarray], sites: int) -> Finding:
    """Check that chains do not stay in different phases.

    Args:
        observed: Series by name, each of shape `(chain, draw)`.
        sites: Number of lattice sites.
    """
    if "order size" in observed:  # the symmetry connects phases that differ in its sign
        observed = {name: series for name, series in observed.items() if name != "order"}
    ranges = len(next(iter(observed.values()))) < _FEW_CHAINS
    gaps = {name: _gap(_cut(series) if ranges else series) for name, series in observed.items()}
    name = max(gaps, key=lambda one: gaps[one][0])
    gap, lower, upper = gaps[name]
    if gap <= _WIDTHS:
        return Finding("phases", True, gap, "no chains stay in phases of their own")
    parts = "ranges of draws" if ranges else "chains"
    text = (
        f"{lower} {parts} stay in one phase and {upper} in another (`{name}`): the number is for"
        f" their mixture, up to log 2 / {sites:,} = {np.log(2) / sites:.2g} per site above that of"
        " a phase; estimate each phase by itself, or use updates that cross"
    )
    return Finding("phases", False, gap, text)


def _cut(series: np.ndarray) -> np.ndarray:
    """Ranges of consecutive draws of each chain as chains."""
    length = series.shape[1] // _RANGES
    return series[:, : length * _RANGES].reshape(-1, length) if length else series


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
