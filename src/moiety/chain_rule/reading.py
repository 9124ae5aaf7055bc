"""Train the network of one fold of the chain rule, and read it on held-out samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor, nn

from ..base.random import Streams
from ..estimation.folds import Fold, Folds, disagreement
from ..estimation.history import History
from ..estimation.training import Trained, Training, minimise
from .own_terms import every_site, fit_terms
from .positions import PositionedNetwork
from .sites import Sites
from .views import View

__all__ = ["Reading", "fit", "scatter"]

_CHUNK = 8192  # sites evaluated together
_VALIDATED = 32768  # sites of the validation samples
_ORIGINS = 8  # positions of the window from which a site is read on average, at most
_SMALLEST_BATCH = 256


@dataclass(frozen=True, eq=False)
class Reading:
    """Values that one fold's network gives to its held-out samples, sample by sample."""

    surprise: np.ndarray  # mean of -log p per site
    mutual_information: list[np.ndarray]  # one array per cut


def fit(sites: Sites, training: Training, evaluations: int, fold: Fold) -> tuple[Trained, Reading]:
    """Train the network of a fold and read it on its held-out samples.

    Args:
        sites: The sites.
        training: Training settings.
        evaluations: Number of sites that each entropy, and each M, is read from.
        fold: The fold.
    """
    generator, network = fold.streams.torch("train"), fold.network
    train = torch.from_numpy(fold.split.train)
    whole = sites.whole.sites
    # a batch should not exceed what there is to learn from
    size = min(training.batch, max(len(train) * whole // 4, _SMALLEST_BATCH))
    validation = _validation(sites, fold)

    def loss() -> Tensor:
        log_p: Tensor = network(*sites.batch(train, size, generator, augment=True))
        return -log_p.mean()

    @torch.no_grad()
    def judge(average: nn.Module) -> tuple[float, float]:
        value = float(torch.cat([average(*batch) for batch in validation]).mean())
        return value, value

    tick, on_check = fold.tick, fold.on_check
    if not isinstance(network, PositionedNetwork):
        trained = minimise(network, loss, judge, training, tick=tick, on_check=on_check)
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
    return trained, _read(sites, evaluations, fold, trained.module)


def _validation(sites: Sites, fold: Fold) -> list[tuple[Tensor, ...]]:
    """Batches of the validation samples; if sites differ, every site of as many as are needed."""
    held_out = fold.split.validation
    if sites.fixed:
        parts = np.array_split(held_out, -(-len(held_out) * sites.whole.sites // _CHUNK))
        return [every_site(sites, part) for part in parts if len(part)]
    available = _ORIGINS * len(held_out) * sites.whole.sites
    size = min(_CHUNK, available)
    return [
        sites.batch(torch.from_numpy(held_out), size, fold.streams.torch("judge", k), augment=False)
        for k in range(max(min(_VALIDATED, available) // _CHUNK, 1))
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


def _read(sites: Sites, evaluations: int, fold: Fold, module: nn.Module) -> Reading:
    """Evaluate a trained network on the held-out samples of its fold."""
    test, generator = torch.from_numpy(fold.split.test), fold.streams.torch("read")
    per_sample = evaluations * len(sites.sweep) / sites.n  # sites

    def log_p(views: Sequence[View]) -> list[np.ndarray]:
        return _by_sample(sites, per_sample, module, views, test, generator, fold.tick)

    surprise = -log_p((sites.whole,))[0]
    by_cut = []
    for views in sites.pairs:
        conditional, marginal = log_p(views)
        by_cut.append(views[0].sites * (conditional - marginal))
    return Reading(surprise, by_cut)


@torch.no_grad()
def _by_sample(
    sites: Sites,
    per_sample: float,
    module: nn.Module,
    views: Sequence[View],
    test: Tensor,
    generator: torch.Generator,
    tick: Callable[[], None],
) -> list[np.ndarray]:
    """Mean log p of each held-out sample in every view, at the same sites in all of them."""
    runs, length = views[0].places.shape[:2]
    origins = 1 if sites.fixed else _ORIGINS
    each = max(min(round(per_sample / length), origins * runs), 1)
    samples = test.repeat_interleave(each)
    log_p: list[list[Tensor]] = [[] for _ in views]
    noise = torch.rand(len(test), each, generator=generator)
    even = (torch.arange(each) + noise) * (runs / each)  # evenly over the view
    picks = even.long().clamp(max=runs - 1).flatten()
    for part in torch.split(torch.arange(len(samples)), max(_CHUNK // length, 1)):
        tick()
        state = generator.get_state()
        for view, values in zip(views, log_p, strict=True):
            generator.set_state(state)  # the same places
            drawn = sites.draw(view, samples[part], picks[part], generator)
            values.append(module(*drawn).double().cpu())
    return [torch.cat(values).view(len(test), -1).mean(dim=1).numpy() for values in log_p]


@torch.no_grad()
def scatter(sites: Sites, folds: Folds[Reading], point: int, seed: int) -> float:
    """Loss of the folds' networks by their disagreement at a state point, in nats per site."""
    generator = Streams(seed).torch("scatter")
    samples = torch.arange(sites.starts[point], sites.starts[point + 1])
    batches = [
        sites.batch(samples, _CHUNK, generator, augment=False) for _ in range(_VALIDATED // _CHUNK)
    ]
    log_p = [torch.cat([module(*batch) for batch in batches]) for module in folds.modules]
    return disagreement(torch.stack(log_p))
