r"""Whether the same configuration, or an image of it, was written more than once.

Samples at low entropy repeat themselves.  A repeat is suspicious only if the configuration is so
rare that n p(x) << 1 (`rarity`): then the expected number of repeats is sum n p(x), and copies
exceed it by far.  A chain that stands still repeats itself within its autocorrelation time; such
repeats are not counted, for the autocorrelation time contains them already.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..data.observables import observables
from ..data.samples import Samples
from ..data.statistics import tau_int
from .findings import Finding
from .fingerprints import image_count, image_prints, row_prints
from .rarity import log_probability

__all__ = ["copies"]

_RARE = (0.3, 0.03)  # expected number of other samples in the same configuration
_RARE_IMAGES = (0.1, 0.01)  # lower, for an error of p counts for every image
_EXCESS = 5.0  # repeats per expected repeat
_FEWEST_SITES = 32  # fewer have few states, which constraints may make likely
_FEWEST = 6.0
_SMALLEST_SHARE = 0.005  # of the samples
_SMALLEST_SHARE_IMAGES = 0.45  # of rare samples: images are made of all, clusters reverse a few
_STILL = 10.0  # autocorrelation times
_MUCH_FEWER = 0.9  # of the samples that differ; images of themselves are copies, too


def copies(samples: Samples) -> tuple[Finding, np.ndarray | None]:
    """Find copies and images among the samples.

    Args:
        samples: Configurations of a lattice.

    Returns:
        The finding; and for each sample the index of the first of its copies, None if there are
        none.
    """
    prints = row_prints(samples)
    distinct = len(np.unique(prints))
    if distinct == 1:
        return Finding("copies", True, 0.0, "all samples are equal"), None
    if samples.kind == "discrete" and samples.sites < _FEWEST_SITES:
        text = "small lattices repeat their configurations: copies cannot be told"
        return Finding("copies", True, 0.0, text), None
    still = np.ceil(_STILL * max(map(tau_int, observables(samples).values())))
    found: tuple[Finding, np.ndarray] | None = None
    fewest = float(samples.n)
    for images in (False, True):
        keys = image_prints(samples) if images else prints
        if samples.n - len(np.unique(keys)) <= _fewest(samples.n):
            continue
        many = image_count(samples) if images else 1.0
        earlier = _earlier(keys, prints, samples.draws, still)
        limits = _RARE_IMAGES if images else _RARE
        log_p = _log_probability(samples) + np.log(many)
        repeats, rare = _suspicious(keys, earlier, log_p, limits)
        if repeats > (_SMALLEST_SHARE_IMAGES * int(rare.sum()) if images else 0):
            originals = _originals(keys, rare)
            different = len(np.unique(originals))
            if different < fewest:  # images include copies: only if they explain much more
                found = _failed(samples.n, different, repeats, images), originals
                fewest = _MUCH_FEWER * different
    if found:
        return found
    text = f"no more repeated configurations than expected ({distinct:,} of {samples.n:,} differ)"
    return Finding("copies", True, 0.0, text), None


def _failed(n: int, different: int, repeats: int, images: bool) -> Finding:
    kind = "copies or images (shifted, reflected, reversed)" if images else "copies"
    text = (
        f"only {different:,} of {n:,} samples differ, the others are {kind}: give each"
        " configuration once"
    )
    return Finding("copies", False, repeats / n, text)


def _log_probability(samples: Samples) -> np.ndarray:
    if samples.kind != "discrete":
        return np.full(samples.n, -np.inf)  # two samples never share a point of a density
    return log_probability(samples)


def _suspicious(
    keys: np.ndarray, earlier: np.ndarray, log_p: np.ndarray, limits: Sequence[float]
) -> tuple[int, np.ndarray]:
    """Number of rare repeats, 0 if there are no more than expected; which samples are rare.

    Configurations count once, however often they are repeated: a wrong p matters once.
    """
    expected = np.exp(np.minimum(np.log(len(earlier)) + log_p, 0.0))
    for limit in limits:
        rare = expected < limit
        repeated = earlier & rare
        number = len(np.unique(keys[repeated]))
        if number > _EXCESS * float(expected[rare].sum()) + _fewest(len(earlier)):
            return int(repeated.sum()), rare
    return 0, rare


def _fewest(n: int) -> float:
    """Number of repeated configurations that do no harm."""
    return max(_SMALLEST_SHARE * n, _FEWEST)


def _earlier(keys: np.ndarray, same: np.ndarray, draws: int, still: float) -> np.ndarray:
    """Whether an earlier sample has the same key, but not because the chain stood still.

    A chain stands still if the next sample with this key follows shortly and is the same.
    """
    order = np.argsort(keys, kind="stable")
    equal = keys[order][1:] == keys[order][:-1]
    chain, draw = np.divmod(order, draws)
    close = (chain[1:] == chain[:-1]) & (draw[1:] - draw[:-1] <= still)
    close &= same[order][1:] == same[order][:-1]
    repeated = np.zeros(len(keys), dtype=bool)
    repeated[order[1:]] = equal & ~close
    return repeated


def _originals(keys: np.ndarray, rare: np.ndarray) -> np.ndarray:
    """Index of the first of the copies of each sample.

    Likely configurations repeat by chance, too: of these, as many are originals as their number
    divided by the mean number of copies of a rare configuration.
    """
    _, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    copies_each = max(int(rare.sum()) / max(len(np.unique(group[rare])), 1), 1.0)
    order = np.argsort(group, kind="stable")
    starts = np.cumsum(sizes) - sizes
    originals = np.empty(len(keys), dtype=np.int64)
    for start, size in zip(starts, sizes, strict=True):
        members = order[start : start + size]
        first = 1 if rare[members[0]] else max(round(size / copies_each), 1)
        originals[members] = members[np.arange(size) % first]
    return originals
