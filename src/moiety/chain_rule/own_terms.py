"""Fit the terms of every site, and choose on validation samples how much sites may differ.

All terms of a given prior follow from one convex problem, which L-BFGS solves.  The precision of
the prior is lowered step by step, first that of b_i, then that of W_i, as long as the likelihood of
the validation samples grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from math import inf

import numpy as np
import torch
from torch import Tensor

from ..estimation.folds import Fold
from .positions import PositionedNetwork
from .sites import Sites

__all__ = ["every_site", "fit_terms"]

_PRECISIONS = (
    1e4,
    300.0,
    30.0,
    3.0,
    0.1,
)  # of b_i; log-odds of 2 to 3 are within reach of the last
_OWN_PRECISIONS = (2048.0, 512.0, 128.0, 32.0, 8.0, 2.0, 0.5)  # of W_i
_ALIKE = 1e5  # precision with which all W_i vanish
_WORSE = 2  # precisions without a gain before the search ends
_ITERATIONS = 40
_LARGEST = 1 << 25  # numbers of the contexts that are kept and searched with
_BLOCK = 1 << 23  # numbers of the contexts of a block

Block = tuple[Tensor, Tensor, Tensor]
"""Contexts `(sites, n, features)`, targets `(sites, n, channels)` and numbers of some sites."""


def every_site(
    sites: Sites, samples: np.ndarray, runs: np.ndarray | None = None
) -> tuple[Tensor, ...]:
    """Every site of some runs of some samples, as `Sites.draw` returns them.

    Args:
        sites: The sites.
        samples: Samples to read.
        runs: Runs of the whole lattice; all by default.
    """
    runs = np.arange(len(sites.whole.places)) if runs is None else runs
    pairs = np.stack(np.meshgrid(samples, runs, indexing="ij")).reshape(2, -1)
    pick, run = torch.from_numpy(pairs)
    return sites.draw(sites.whole, pick, run, torch.Generator())


def fit_terms(sites: Sites, network: PositionedNetwork, fold: Fold) -> None:
    """Fit the terms of a network to the training samples of a fold.

    Args:
        sites: The sites.
        network: The network, whose terms change.
        fold: Its samples.
    """
    runs = np.arange(len(sites.whole.places))
    numbers = sites.whole.known.size * sites.pool.encoding.channels * len(fold.split.train)
    run = sites.whole.places.shape[1] * len(fold.split.train)  # sites of a run in all samples
    few = runs[:: max(-(-numbers // _LARGEST), 1)]
    sets = (fold.split.train, fold.split.validation)
    blocks, held = (list(_blocks(sites, part, few)) for part in sets)

    def gain() -> float:
        _solve(network, lambda: iter(blocks), len(few) * run, fold.tick)
        return _likelihood(network, held)

    terms = network.terms
    terms.precision = _ALIKE
    if terms.free:
        terms.bias_precision = _best(network, "bias_precision", _PRECISIONS, gain)
    terms.precision = _best(network, "precision", (_ALIKE, *_OWN_PRECISIONS), gain)
    if len(few) < len(runs):
        every = partial(_blocks, sites, fold.split.train, runs)
        _solve(network, every, len(runs) * run, fold.tick)


def _best(
    network: PositionedNetwork, name: str, precisions: Sequence[float], gain: Callable[[], float]
) -> float:
    """The precision with the highest likelihood of the validation samples; keeps its weights."""
    best, chosen, weights, stale = -inf, precisions[0], network.terms.state_dict(), 0
    for precision in precisions:
        setattr(network.terms, name, precision)
        value = gain()
        stale = 0 if value > best else stale + 1
        if value > best:
            best, chosen, weights = value, precision, deepcopy(network.terms.state_dict())
        if stale == _WORSE:
            break
    network.terms.load_state_dict(weights)
    return chosen


def _blocks(sites: Sites, samples: np.ndarray, runs: np.ndarray) -> Iterator[Block]:
    """Contexts of all samples by site, in blocks of runs."""
    run = sites.whole.known[0].size * sites.pool.encoding.channels * len(samples)
    for part in np.array_split(runs, min(max(run * len(runs) // _BLOCK, 1), len(runs))):
        context, _, target, _, site = every_site(sites, samples, part)
        count = len(samples)
        contexts, targets = (
            rows.reshape(count, len(site) // count, -1).transpose(0, 1).contiguous()
            for rows in (context, target)
        )
        yield contexts, targets, site[: len(site) // count]


def _solve(
    network: PositionedNetwork,
    blocks: Callable[[], Iterator[Block]],
    rows: int,
    tick: Callable[[], None],
) -> None:
    """Maximise the likelihood of the blocks times the prior over the terms."""
    optimiser = torch.optim.LBFGS(
        network.terms.parameters(),
        max_iter=_ITERATIONS,
        history_size=10,
        tolerance_grad=1e-6,
        line_search_fn="strong_wolfe",
    )

    def closure() -> float:
        tick()
        optimiser.zero_grad()
        loss = network.terms.penalty() / rows
        loss.backward()  # type: ignore[no-untyped-call]
        total = loss.item()
        for block in blocks():
            part = -network.by_site(*block).sum() / rows
            part.backward()  # type: ignore[no-untyped-call]
            total += part.item()
        return total

    optimiser.step(closure)  # type: ignore[no-untyped-call]


@torch.no_grad()
def _likelihood(network: PositionedNetwork, blocks: Sequence[Block]) -> float:
    return float(torch.cat([network.by_site(*block) for block in blocks]).mean())
