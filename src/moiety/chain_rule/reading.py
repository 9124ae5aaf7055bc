"""Train the network of one fold of the chain rule, and read it on held-out samples."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import fields, replace

import numpy as np
import torch
from torch import Tensor, nn

from ..base.random import Streams
from ..estimation.folds import Fold, Folds, disagreement
from ..estimation.history import History
from ..estimation.training import Trained, Training, minimise
from .batches import CHUNK, ORIGINS, Batches, Reading
from .own_terms import every_site, fit_terms
from .positions import PositionedNetwork
from .sites import Sites

__all__ = ["fit", "scatter"]

_VALIDATED = 32768  # sites of the validation samples
_SMALLEST_BATCH = 256
_CHECKS, _SMALL = 4, 0.25  # checks before the end of training; a gain beside a precision


def fit(
    sites: Batches,
    training: Training,
    evaluations: int,
    fold: Fold,
    *,
    precision: float | None = None,
) -> tuple[Trained, Reading]:
    """Train the network of a fold and read it on its held-out samples.

    Args:
        sites: The sites.
        training: Training settings.
        evaluations: Number of sites that each entropy, and each M, is read from.
        fold: The fold.
        precision: Error of the entropy per site that is asked for: training ends when what it may
            still gain is small beside it.
    """
    network = fold.network
    train = torch.from_numpy(fold.split.train)
    whole = sites.pool.sites
    # a batch should not exceed what there is to learn from
    size = min(training.batch, max(len(train) * whole // 4, _SMALLEST_BATCH))
    validation = _validation(sites, fold)

    generator = fold.streams.torch("train")

    def loss() -> Tensor:
        log_p: Tensor = network(*sites.batch(train, size, generator, augment=True))
        return -log_p.mean()

    @torch.no_grad()
    def judge(average: nn.Module) -> tuple[float, float]:
        value = float(torch.cat([average(*batch) for batch in validation]).mean())
        return value, value

    tick, on_check = fold.tick, fold.on_check
    if not (isinstance(network, PositionedNetwork) and isinstance(sites, Sites)):
        trained = minimise(
            network,
            loss,
            judge,
            training,
            tick=tick,
            on_check=on_check,
            enough=None if precision is None else lambda history: _is_enough(history, precision),
        )
    else:
        fit_terms(sites, network, fold)
        prior, start = network.penalty, deepcopy(network).requires_grad_(False).eval()
        trained = minimise(
            network,
            lambda: loss() + prior() / (len(train) * whole),
            judge,
            _short(training),
            tick=tick,
            on_check=on_check,
        )
        trained = _better(start, judge(start)[0], trained)
    test, generator = torch.from_numpy(fold.split.test), fold.streams.torch("read")
    per_sample = evaluations * len(sites.pool.sweep) / sites.pool.n  # sites
    return trained, sites.read(trained.module, test, per_sample, generator, fold.tick)


def _is_enough(history: History, precision: float) -> bool:
    """Whether the expected remaining gain adds little to an error of the size of the precision.

    A gain that is smaller than the last change between checks cannot be seen.
    """
    if len(history.bound) < _CHECKS:
        return False
    change = abs(history.bound[-1] - history.bound[-2])
    return max(history.late_gain, change) < _SMALL * precision


def _validation(sites: Batches, fold: Fold) -> list[tuple[Tensor, ...]]:
    """Batches of the validation samples; if sites differ, every site of as many as are needed."""
    held_out = fold.split.validation
    if isinstance(sites, Sites) and sites.fixed:
        parts = np.array_split(held_out, -(-len(held_out) * sites.pool.sites // CHUNK))
        return [every_site(sites, part) for part in parts if len(part)]
    available = ORIGINS * len(held_out) * sites.pool.sites
    size = min(CHUNK, available)
    return [
        sites.batch(torch.from_numpy(held_out), size, fold.streams.torch("judge", k), augment=False)
        for k in range(max(min(_VALIDATED, available) // CHUNK, 1))
    ]


def _short(training: Training) -> Training:
    """The training of a network whose terms are fitted: a fifth of the steps and of the rate."""
    return replace(
        training,
        steps=max(training.steps // 5, 1),
        learning_rate=training.learning_rate / 5,
        warm_up=training.warm_up // 4,
        check_every=max(training.check_every // 5, 1),
        patience=max(training.patience * 2 // 3, 1),
        drops=0,
    )


def _better(start: nn.Module, value: float, trained: Trained) -> Trained:
    """The network before or after its training, whichever has the higher validation value."""
    old = trained.history
    history = History((0,), (value,), (value,), (value,), (value,))
    for check in zip(*(getattr(old, item.name) for item in fields(old)), strict=True):
        history = history.with_check(*check)
    module = start if value >= max(old.bound, default=value) else trained.module
    return Trained(module, trained.status, history)


@torch.no_grad()
def scatter(sites: Batches, folds: Folds[Reading], point: int, seed: int) -> float:
    """Loss of the folds' networks by their disagreement at a state point, in nats per site."""
    generator = Streams(seed).torch("scatter")
    samples = torch.arange(sites.pool.starts[point], sites.pool.starts[point + 1])
    batches = [
        sites.batch(samples, CHUNK, generator, augment=False) for _ in range(_VALIDATED // CHUNK)
    ]
    log_p = [torch.cat([module(*batch) for batch in batches]) for module in folds.modules]
    return disagreement(torch.stack(log_p))
