"""A range of draws that are all the same: never written, or a chain that got stuck.

The longest run of equal consecutive configurations is compared with the share of repeats outside of
it: a chain at low entropy repeats itself often, and its runs are long, too.  Draws that hold one
value at all sites are empty if no other draw comes near: an ordered phase has defects.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..base import scratch
from ..data.samples import Samples
from .findings import Finding

__all__ = ["equal_draws"]

_FACTOR, _SHORTEST = 3.0, 4  # on the longest run that is likely; draws
_MOST_RUNS = 100
_OFTEN = 0.3  # share of the other draws in which a configuration is no sign of a gap
_FEWEST_EMPTY, _SMALLEST_SHARE = 4, 0.005
_NEAR = 0.75  # share of the sites with the value of the empty draws
_FEWEST_SITES = 16


def equal_draws(samples: Samples, prints: np.ndarray) -> tuple[Finding, np.ndarray]:
    """Find ranges of equal draws.

    Args:
        samples: Configurations of a lattice.
        prints: Fingerprint of each configuration, see `row_prints`.

    Returns:
        The finding; which samples lie outside of such ranges, shape `(n,)`.
    """
    long = _long_runs(prints)
    outside = np.ones(samples.n, dtype=bool)
    for first, last in long:
        outside[first:last] = False
    empty = np.zeros(0, dtype=int) if long else _empty(samples)
    outside[empty] = False
    if long:
        where = " and ".join(_named(samples, *run) for run in sorted(long)[:2])
        more = f" and {len(long) - 2} more ranges" if len(long) > 2 else ""
        text = f"{where}{more}: leave these out, or write them again"
    elif len(empty):
        state = _state(samples, int(empty[0]))
        text = f"{len(empty):,} draws are {state}: leave these out, or write them again"
    else:
        text = "no long range of draws is the same"
    passed = bool(outside.all())
    return Finding("equal draws", passed, 1 - float(outside.mean()), text), outside


def _empty(samples: Samples) -> np.ndarray:
    """Indices of draws with one value at all sites, if no other draw is near to them."""
    rows = samples.values.reshape(samples.n, -1)
    uniform = np.concatenate(
        [
            (rows[part] == rows[part][:, :1]).all(axis=1)
            for (part,) in scratch.slabs(rows.shape, rows.itemsize, axes=1)
        ]
    )
    found = np.flatnonzero(uniform)
    likely = max(_FEWEST_EMPTY, _SMALLEST_SHARE * samples.n)
    if len(found) < likely or len(found) > samples.n / 2 or samples.sites < _FEWEST_SITES:
        return found[:0]
    values, counts = np.unique(rows[found, 0], return_counts=True)
    value = values[counts.argmax()]
    others = rows[~uniform]
    near = max(
        float((others[part] == value).mean(axis=1).max())
        for (part,) in scratch.slabs(others.shape, others.itemsize, axes=1)
    )
    chosen = found[rows[found, 0] == value]
    return chosen if near < _NEAR and len(chosen) >= likely else found[:0]


def _long_runs(prints: np.ndarray) -> list[tuple[int, int]]:
    """Runs that are longer than likely; none if all samples are equal."""
    long: list[tuple[int, int]] = []
    if (prints == prints[0]).all():
        return long
    longest_first = sorted(_runs(prints), key=lambda run: run[0] - run[1])
    for first, last in longest_first[:_MOST_RUNS]:
        if last - first >= _longest_likely(prints, [*long, (first, last)]):
            long.append((first, last))
    return long


def _runs(prints: np.ndarray) -> Iterator[tuple[int, int]]:
    """First and one past the last sample of each run of equal configurations."""
    ends = np.flatnonzero(np.r_[prints[1:] != prints[:-1], True]) + 1
    starts = np.r_[0, ends[:-1]]
    longer = ends - starts > 1
    yield from zip(starts[longer].tolist(), ends[longer].tolist(), strict=True)


def _longest_likely(prints: np.ndarray, runs: list[tuple[int, int]]) -> float:
    """Longest run to expect from the share of repeats outside of some runs."""
    repeats = prints[1:] == prints[:-1]
    outside = np.ones(len(repeats), dtype=bool)
    for first, last in runs:
        outside[first : last - 1] = False
    elsewhere = prints[1:][outside] == prints[runs[-1][0]]
    if elsewhere.sum() > _OFTEN * len(elsewhere):
        return np.inf
    share = (repeats[outside].sum() + 1) / (outside.sum() + 2)
    return float(_SHORTEST + _FACTOR * np.log(len(prints)) / -np.log(share))


def _named(samples: Samples, first: int, last: int) -> str:
    """The range in words; draws count from 0."""
    state = _state(samples, first)
    chain, start = divmod(first, samples.draws)
    if samples.draws == 1:
        return f"chains {first:,} to {last - 1:,} are {state}"
    if (last - 1) // samples.draws > chain:
        return f"samples {first:,} to {last - 1:,} are {state}"
    place = f"draws {start:,} to {start + last - first - 1:,}"
    return f"{place}{f' of chain {chain:,}' if samples.chains > 1 else ''} are {state}"


def _state(samples: Samples, index: int) -> str:
    """What a configuration holds, in words."""
    row = samples.values.reshape(samples.n, -1)[index]
    if not (row == row[0]).all():
        return "the same"
    value = samples.labels[int(row[0])] if samples.kind == "discrete" else f"{row[0]:g}"
    return f"all {value}"
