"""Which order of the sites suits some samples better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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

__all__ = ["Choice", "batches_in", "better_order"]

_ORDERS: tuple[Order, ...] = (CoarseToFine(), RowByRow())
_TRIAL = 0.25  # share of the steps that the trial of an order takes
_COMPARED, _AT_A_POINT = 32, 4  # validation samples on which the orders are compared
_FARTHEST = 63  # reach along a row of sites that differ, which may have no geometry


@dataclass(frozen=True)
class Choice:
    """An order of the sites and how it was chosen.

    From coarse to fine, most sites see all their neighbours.  Where less is learnt that way than
    row by row, correlations at a distance count, of which a context holds a part in either order.
    In one dimension a row holds all that interactions of a finite range need, and nothing is added.

    Args:
        order: The order.
        leads: By how much the entropy row by row was below that from coarse to fine at each state
            point, in nats per site; empty if they were not compared, or if it was above.
    """

    order: Order
    leads: tuple[float, ...] = ()

    def unseen(self, point: int) -> float:
        """What even the better order is expected to miss: half of its lead, in nats per site.

        Args:
            point: Number of the state point.

        Example:
            >>> Choice(RowByRow(), (0.005, -0.001)).unseen(0), Choice(CoarseToFine()).unseen(0)
            (0.0025, 0.0)
        """
        return max(self.leads[point], 0.0) / 2 if self.leads else 0.0


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
) -> Choice:
    """The order in which a short training gives the lower entropy of validation samples.

    Whole configurations are compared, so that the entropy of the samples themselves cancels.

    Args:
        pool: Samples of all state points.
        width: Width of the hidden layers.
        training: The whole training; a part of its steps is tried.
        execution: Seed, device, threads and folds.
        cuts: Cuts whose M is wanted, which can only be read row by row.
        warm_start: Networks whose weights start the new ones; their order is kept.  If that is row
            by row, the orders are compared nevertheless.
        task: Hooks of this work.
    """
    if cuts or not pool.homogeneous:
        return Choice(RowByRow())
    if warm_start and _has_kinds(warm_start[0]):
        return Choice(CoarseToFine())
    split = pool.splits(execution.folds)[0]
    wanted = max(_COMPARED, _AT_A_POINT * len(pool.sweep))
    compared = split.validation[:: -(-len(split.validation) // wanted)]
    split = replace(split, test=compared)
    short = replace(training, steps=max(round(_TRIAL * training.steps), 1))

    trials = [
        _trial(batches_in(order, pool, (), execution.device), width, execution, k)
        for k, order in enumerate(_ORDERS)
    ]

    def surprise(place: int, tick: Callable[[], None]) -> np.ndarray:
        sites, network, streams = trials[place]
        fold = Fold(split, network, streams, tick, None)
        _, reading = fit(sites, short, pool.sites * pool.n, fold)
        return reading.surprise

    coarse, rows = side_by_side(surprise, len(_ORDERS), execution, (task or Task()).tick)
    if coarse.mean() <= rows.mean() and not warm_start:
        return Choice(CoarseToFine())
    flat = len(pool.shape) == 1
    return Choice(RowByRow(), () if flat else _by_point(coarse - rows, compared, pool))


def _by_point(values: np.ndarray, samples: np.ndarray, pool: SamplePool) -> tuple[float, ...]:
    """Mean over the samples of each state point; over all samples where it has none."""
    points = np.searchsorted(pool.starts, samples, side="right") - 1
    means = [values[points == point] for point in range(len(pool.sweep))]
    return tuple(float((own if len(own) else values).mean()) for own in means)


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
