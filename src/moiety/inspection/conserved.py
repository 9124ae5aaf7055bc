"""Whether a global quantity is the same in all samples, although the sites fluctuate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ..base import scratch
from ..data.samples import Samples
from .findings import Finding

__all__ = ["conserved"]

_FEWEST_DISTINCT = 64  # configurations: fewer may be ground states
_SMALLEST_RATIO = 1e-6  # of variances: rounding of a sum of reals
_FEWEST_DRAWS = 8
_MOST_STATES = 8


def conserved(samples: Samples, distinct: int) -> Finding:
    """Check that no total is the same in all samples, or in all draws of each chain.

    Totals: the number of sites in each state, with two states also its distance from one half; the
    sum of reals and of their squares; the sums of cosines and sines of angles.

    Args:
        samples: Configurations of a lattice.
        distinct: Number of distinct configurations.
    """
    smallest = 1.0
    for name, totals, independent in _totals(samples):
        if independent <= 0 or distinct < _FEWEST_DISTINCT:
            continue
        ratio = _within(totals) / independent
        if ratio <= _SMALLEST_RATIO:
            same = totals.var() / independent <= _SMALLEST_RATIO
            where = "all samples" if same else "all draws of each chain"
            return Finding("conserved", False, ratio, _message(name, where))
        smallest = min(smallest, ratio)
    text = "no total is the same in all samples"
    return Finding("conserved", True, smallest, text)


def _message(name: str, where: str) -> str:
    return (
        f"conserved quantity: {name} is the same in {where}; this global constraint correlates"
        " distant sites, so the area law may not replace the largest levels"
    )


def _within(totals: np.ndarray) -> float:
    """Variance of a total; within the chains if they are long enough."""
    if totals.shape[1] < _FEWEST_DRAWS:
        return float(totals.var())
    return float(totals.var(axis=1).mean())


def _totals(samples: Samples) -> Iterator[tuple[str, np.ndarray, float]]:
    """Name, value in each sample, and variance if the sites were independent in time."""
    if samples.kind == "discrete":
        for state in range(samples.states)[:_MOST_STATES]:
            name = f"the number of sites with {samples.labels[state]}"
            total, independent = _total(samples, partial(np.equal, state))
            yield name, total, independent
        if samples.states == 2:
            name = "the majority of one state over the other"
            yield name, np.abs(total - samples.sites / 2), independent
        return
    measures: dict[str, Callable[[np.ndarray], np.ndarray]] = (
        {"cosines": np.cos, "sines": np.sin}
        if samples.kind == "angle"
        else {"all sites": np.asarray, "squares of all sites": np.square}
    )
    for name, measure in measures.items():
        yield f"the sum of {name}", *_total(samples, measure)


def _total(
    samples: Samples, measure: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, float]:
    flat = samples.values.reshape(samples.n, -1)
    totals = np.empty(len(flat))
    sums = np.zeros((2, flat.shape[1]))
    for (part,) in scratch.slabs(flat.shape, 8 * max(flat.itemsize, 1), axes=1):
        values = measure(flat[part]).astype(float)
        totals[part] = values.sum(axis=1)
        sums += values.sum(axis=0), (values**2).sum(axis=0)
        scratch.release(flat)
    mean, square = sums / len(flat)
    return totals.reshape(samples.chains, samples.draws), float((square - mean**2).sum())
