"""Which order of the sites suits some samples better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from torch import nn

from ..base.errors import InputError
from ..base.random import Streams
from ..estimation.execution import Execution, Task
from ..estimation.folds import Fold, new_network, side_by_side
from ..estimation.networks import Weights
from ..estimation.training import Training
from ..geometry.cuts import Cut
from .arranged import ArrangedSites
from .batches import Batches
from .network import build_network
from .orders import CoarseToFine, Order, RowByRow
from .pool import SamplePool
from .reading import fit
from .sites import Sites

__all__ = ["batches_in", "better_order"]

_ORDERS: tuple[Order, ...] = (CoarseToFine(), RowByRow())
_TRIAL = 0.25  # share of the steps that the trial of an order takes
_COMPARED = 32  # validation samples on which the orders are compared
_FARTHEST = 63  # reach along a row of sites that differ, which may have no geometry


def batches_in(order: Order, pool: SamplePool, cuts: Sequence[Cut], device: str) -> Batches:
    """The sites of some samples in an order.

    Args:
        order: The order.
        pool: Samples of all state points.
        cuts: Cuts whose M is wanted.
        device: Where the samples are kept.

    Raises:
        InputError: Cuts, or samples whose sites differ, in another order than row by row.
    """
    if pool.homogeneous and not cuts:
        return ArrangedSites(pool, order, device)
    if not isinstance(order, RowByRow):
        raise InputError("M of cuts, and samples whose sites differ, are read row by row only")
    around = order.neighbourhood(len(pool.shape), star=bool(cuts))
    if not pool.homogeneous:  # hold nothing that is never known
        reach = _FARTHEST if len(pool.shape) == 1 else around.reach
        reach = min(reach, pool.shape[-1] - 1)
        around = replace(around, reach=reach, later=pool.periodic[0])
    return Sites(pool, around, cuts, device)


def better_order(
    pool: SamplePool,
    width: int,
    training: Training,
    execution: Execution,
    *,
    cuts: Sequence[Cut] = (),
    warm_start: Sequence[nn.Module | Weights] = (),
    task: Task | None = None,
) -> Order:
    """The order in which a short training gives the lower entropy of validation samples.

    Whole configurations are compared, so that the entropy of the samples themselves cancels.

    Args:
        pool: Samples of all state points.
        width: Width of the hidden layers.
        training: The whole training; a part of its steps is tried.
        execution: Seed, device, threads and folds.
        cuts: Cuts whose M is wanted, which can only be read row by row.
        warm_start: Networks whose weights start the new ones; their order is kept.
        task: Hooks of this work.
    """
    if cuts or not pool.homogeneous:
        return RowByRow()
    if warm_start:
        return CoarseToFine() if _has_kinds(warm_start[0]) else RowByRow()
    split = pool.splits(execution.folds)[0]
    compared = split.validation[:: -(-len(split.validation) // _COMPARED)]
    split = replace(split, test=compared)
    short = replace(training, steps=max(round(_TRIAL * training.steps), 1))

    trials = [
        _trial(batches_in(order, pool, (), execution.device), width, execution, k)
        for k, order in enumerate(_ORDERS)
    ]

    def surprise(place: int, tick: Callable[[], None]) -> float:
        sites, network, streams = trials[place]
        fold = Fold(split, network, streams, tick, None)
        _, reading = fit(sites, short, pool.sites * pool.n, fold)
        return float(reading.surprise.mean())

    means = side_by_side(surprise, len(_ORDERS), execution, (task or Task()).tick)
    return _ORDERS[int(np.argmin(means))]


def _trial(
    sites: Batches, width: int, execution: Execution, number: int
) -> tuple[Batches, nn.Module, Streams]:
    """A fresh network for an order; all are made before the trials, one after another."""
    streams = Streams(Streams(execution.seed).integer("order", number))
    network = new_network(lambda: build_network(sites, width), streams)
    return sites, network.to(execution.device), streams


def _has_kinds(network: nn.Module | Weights) -> bool:
    """Whether a network knows kinds of site."""
    weights = network.state_dict() if isinstance(network, nn.Module) else network
    return "multiplied" in weights
