r"""The chain rule: the entropy from what each site has left to tell once others are known.

    S = sum_i H(x_i | x_j, j before i) <= sum_i -<log p(x_i | context of i)>

One network, told what is known and what is not, gives p for every site of every window; held-out
samples give the mean, the bound.  What it misses, or what lies beyond a context, makes that too
large.  Two parts of it can be told and are taken off: networks of different folds err apart, which
costs each of them half the variance of log p between them; and gains shrink like 1/steps, so
that as much as the second half of the training gained is still missing.  The error is as large.
It also splits the entropy by scale without any ceiling from the number of samples:

    M(A;B) = sum_{i in B} < log p(x_i | A and B before i) - log p(x_i | B before i) >,

on the same sites, so that their noise cancels.  As a difference of two bounds M is none.

Several state points, of a sweep of temperatures, say, share one network that is told at which
of them a site is: what it learns at one of them need not be learnt again at the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from ..base.errors import InputError
from ..base.random import Streams
from ..data.samples import Samples
from ..estimation.critics import Weights, hand_on
from ..estimation.pairs import Split
from ..estimation.training import DIVERGED, OUT_OF_BUDGET, History, Training, minimise, side_by_side
from ..geometry.cuts import Cut, Shape
from .contexts import Neighbourhood, Scene
from .densities import density_for
from .sites import Sites

__all__ = ["ChainRule", "Conditional", "estimate_conditional", "estimate_conditionals"]

_RADIUS, _REACH = (
    {1: 16, 2: 3, 3: 2},
    {1: 16, 2: 12, 3: 2},
)  # by the number of dimensions, unless configured
_CHUNK = 8192  # sites evaluated at once
_JUDGED = 32768  # sites of the validation samples
_ORIGINS = 8  # of the window, from which a site is read on average at most
_LEAST_BATCH = 256


@dataclass(frozen=True)
class ChainRule:
    """How the chain rule is estimated.

    Arguments:
        radius: All sites up to this distance along each axis may be in a context; 16, 3 or 2
            in 1, 2 or 3 dimensions unless given.
        reach: So may those this far along the last axis, in rows at most one site away; 12
            in 2 dimensions unless given.  With interactions between nearest neighbours, what
            is known of the row and the row before is all that matters.
        width: Of the two hidden layers.
        evaluations: Sites of held-out samples that each entropy is read from, and each M.
        training: `batch` counts sites.
        folds: Held-out sets; each sample is held out once.
        seed: Of all random numbers.
        device: Where network and samples live.
        threads: Folds that are trained side by side, one thread each.
    """

    radius: int | None = None
    reach: int | None = None
    width: int = 64
    evaluations: int = 2**21
    training: Training = field(
        default_factory=lambda: Training(
            steps=1000,
            batch=4096,
            learning_rate=1e-2,
            averaging=0.99,
            check_every=50,
            patience=6,
            gain=5e-5,
        )
    )
    folds: int = 2
    seed: int = 0
    device: str = "cpu"
    threads: int = 2

    def __post_init__(self):
        if (
            self.folds < 2
            or min(self.threads, self.width, self.evaluations, self.radius or 1, self.reach or 1)
            < 1
        ):
            raise ValueError(f"folds must be at least 2, all other numbers positive: {self}")


@dataclass(frozen=True, eq=False)
class Conditional:
    """What the chain rule gave.

    Arguments:
        entropy: Per site, in nats: `bound` less what is `missing`.
        bound: The held-out mean of -log p a site; the entropy is lower, up to sampling errors.
        missing: What training may not have found yet, and what the folds' networks lose by
            differing, in nats per site.
        influence: How much each sample moves the entropy, shape `(n,)`.
        informations: M and its influence, in nats, by the sides of the block that is cut.
        status: The worst of the folds': `"converged"`, `"out of budget"`, `"diverged"`.
        histories, modules: One a fold.
        seconds: Wall time.
    """

    entropy: float
    bound: float
    influence: np.ndarray
    missing: float
    informations: dict[Shape, tuple[float, np.ndarray]]
    status: str
    histories: tuple[History, ...]
    modules: tuple[nn.Module, ...]
    seconds: float


class _Network(nn.Module):
    """Contexts, and the state points that they are of, to the log density of targets."""

    def __init__(self, density: nn.Module, width: int, parameters: int):
        super().__init__()
        self.density = density
        self.first = nn.Linear(density.features, width)
        self.point = nn.Linear(parameters, width, bias=False) if parameters else None
        self.rest = nn.Sequential(
            nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, density.outputs)
        )
        nn.init.zeros_(self.rest[-1].bias)

    def forward(self, context: Tensor, known: Tensor, target: Tensor, point: Tensor) -> Tensor:
        features, frame = self.density.frame(context, known)
        hidden = (
            self.first(features) if self.point is None else self.first(features) + self.point(point)
        )
        return self.density.log_density(self.rest(hidden), target, frame) + self.density.log_volume


def estimate_conditional(
    samples: Samples,
    config: ChainRule | None = None,
    *,
    cuts: Sequence[Cut] = (),
    warm: Sequence[nn.Module | Weights] = (),
    progress: Callable[[], None] | None = None,
    watch: Callable[[int, History], None] | None = None,
) -> Conditional:
    """The entropy per site by the chain rule, and M of cuts.

    Arguments:
        samples: Configurations.
        config: See `ChainRule`.
        cuts: Of the ladder of the samples' lattice, whose M is wanted too.
        warm: Networks of other samples, or of the same folds, whose weights start the new ones;
            a third of the steps is enough then.
        progress: Called often; may raise to stop the work.
        watch: Told a fold and its history at every look of its training.

    Raises:
        InputError: Fewer than four samples a fold.

    Example:
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(256, 8, 8))
        >>> quick = ChainRule(evaluations=2**14, training=Training(steps=100))
        >>> found = estimate_conditional(Samples.from_array(spins, periodic=True), quick)
        >>> abs(found.entropy - 0.693) < 0.02  # log 2: independent spins
        True
    """
    return estimate_conditionals(
        [samples], config=config, cuts=cuts, warm=warm, progress=progress, watch=watch
    )[0]


def estimate_conditionals(
    sweep: Sequence[Samples],
    points: Sequence[Sequence[float]] | None = None,
    *,
    config: ChainRule | None = None,
    cuts: Sequence[Cut] = (),
    warm: Sequence[nn.Module | Weights] = (),
    progress: Callable[[], None] | None = None,
    watch: Callable[[int, History], None] | None = None,
) -> tuple[Conditional, ...]:
    """The entropy per site at several state points, by one network a fold.

    Arguments:
        sweep: Samples of each state point, of one kind and shape.
        points: Temperature and whatever else tells the state points apart, shape
            `(state points, parameters)`; of a single one it may be left out.
        config: See `ChainRule`; its steps are those of all state points together.
        cuts, warm, progress, watch: See `estimate_conditional`.

    Returns:
        One for each state point, with the same histories, modules and seconds.

    Raises:
        InputError: Samples that differ in kind, states, shape or edges; not as many points as
            there are samples, or two alike; fewer than four samples a fold.

    Example:
        >>> rng, quick = np.random.default_rng(0), ChainRule(evaluations=2**14, training=Training(steps=200))
        >>> sweep = [Samples.from_array(rng.random((256, 8, 8)) < p, periodic=True) for p in (0.5, 0.9)]
        >>> found = estimate_conditionals(sweep, [[0.5], [0.9]], config=quick)
        >>> [abs(one.entropy - exact) < 0.02 for one, exact in zip(found, (0.693, 0.325))]
        [True, True]
    """
    config, started = config or ChainRule(), perf_counter()
    fewest = min((samples.n for samples in sweep), default=0)
    if config.folds > fewest // 4:
        raise InputError(
            f"folds must be at most {fewest // 4}, a quarter of the samples, not {config.folds}"
        )
    config = replace(config, training=config.training.warm()) if warm else config
    sites = Sites(
        sweep, points, _around(config, len(sweep[0].shape), star=bool(cuts)), cuts, config.device
    )
    splits = sites.splits(config.folds)
    streams = [
        Streams(Streams(config.seed).integer("chain rule", fold)) for fold in range(config.folds)
    ]
    networks = [
        _network(sites, config, streams[fold], warm[fold % len(warm)] if warm else None)
        for fold in range(config.folds)
    ]

    def one(fold: int, look: Callable[[], None]) -> _Fold:
        return _fold(
            sites,
            config,
            splits[fold],
            networks[fold],
            streams[fold],
            look,
            watch and partial(watch, fold),
        )

    folds = side_by_side(one, config.folds, config.threads, config.device, progress)
    return _combined(folds, splits, sites, config.seed, perf_counter() - started)


def _around(config: ChainRule, dimensions: int, star: bool) -> Neighbourhood:
    """What a context may hold."""
    return Neighbourhood(
        dimensions, config.radius or _RADIUS[dimensions], config.reach or _REACH[dimensions], star
    )


def _network(
    sites: Sites, config: ChainRule, streams: Streams, warm: nn.Module | Weights | None
) -> nn.Module:
    """With fresh weights from the fold's own stream, or those of another network."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(streams.integer("weights"))
        density = density_for(sites.encoding, sites.around, sites.symmetries)
        made = _Network(density, config.width, sites.parameters)
    if warm is not None:
        hand_on(warm, made)
    return made.to(config.device)


@dataclass(frozen=True, eq=False)
class _Fold:
    influence: np.ndarray  # -log p a site of the test samples, by sample
    informations: list[np.ndarray]  # of the cuts, by sample
    status: str
    history: History
    module: nn.Module


def _fold(
    sites: Sites, config: ChainRule, split: Split, network: nn.Module, streams: Streams, look: Callable[[], None],
    watch: Callable[[History], None] | None,
) -> _Fold:  # fmt: skip
    generator = streams.torch("train")
    train = torch.from_numpy(split.train)
    held = torch.from_numpy(split.validation)
    whole = sites.whole.sites
    size = min(
        config.training.batch, max(len(train) * whole // 4, _LEAST_BATCH)
    )  # no more than there is to learn from
    looks = max(min(_JUDGED, _ORIGINS * len(held) * whole) // _CHUNK, 1)
    judged = [
        sites.batch(
            held, min(_CHUNK, _ORIGINS * len(held) * whole), streams.torch("judge", k), False
        )
        for k in range(looks)
    ]

    def loss() -> Tensor:
        return -network(*sites.batch(train, size, generator, True)).mean()

    @torch.no_grad()
    def judge(average: nn.Module) -> tuple[float, float]:
        value = float(torch.cat([average(*batch) for batch in judged]).mean())
        return value, value

    trained = minimise(network, loss, judge, config.training, look, watch)
    test = torch.from_numpy(split.test)
    read = streams.torch("read")
    each = config.evaluations * len(sites.sweep) / sites.n  # sites of a sample
    influence = -_by_sample(sites, each, trained.module, (sites.whole,), test, read, look)[0]
    informations = []
    for cut, scenes in zip(sites.cuts, sites.pairs, strict=True):
        with_first, without = _by_sample(sites, each, trained.module, scenes, test, read, look)
        informations.append(scenes[0].sites * (with_first - without))
    return _Fold(influence, informations, trained.status, trained.history, trained.module)


@torch.no_grad()
def _by_sample(
    sites: Sites,
    evaluations: float,
    module: nn.Module,
    scenes: Sequence[Scene],
    test: Tensor,
    generator: torch.Generator,
    look,
) -> list[np.ndarray]:
    """Mean log p of each test sample, in every scene at the same sites, shape `(samples,)` each."""
    runs, length = scenes[0].places.shape[:2]
    each = max(min(round(evaluations / length), _ORIGINS * runs), 1)
    samples = test.repeat_interleave(each)
    found: list[list[Tensor]] = [[] for _ in scenes]
    spread = (torch.arange(each) + torch.rand(len(test), each, generator=generator)) * (
        runs / each
    )  # evenly over the scene
    picks = spread.long().clamp(max=runs - 1).flatten()
    for part in torch.arange(len(samples)).split(max(_CHUNK // length, 1)):
        look()
        state = generator.get_state()
        for scene, values in zip(scenes, found, strict=True):
            generator.set_state(state)  # the same places
            values.append(
                module(*sites.draw(scene, samples[part], picks[part], generator)).double().cpu()
            )
    return [torch.cat(values).view(len(test), -1).mean(dim=1).numpy() for values in found]


def _combined(
    folds: Sequence[_Fold], splits: Sequence[Split], sites: Sites, seed: int, seconds: float
) -> tuple[Conditional, ...]:
    def gathered(parts: Sequence[np.ndarray]) -> list[np.ndarray]:
        """By state point."""
        found = np.empty(sites.n)
        for split, part in zip(splits, parts, strict=True):
            found[split.test] = part
        return sites.by_point(found)

    influences = gathered([fold.influence for fold in folds])
    informations = [
        gathered([fold.informations[k] for fold in folds]) for k in range(len(sites.cuts))
    ]
    worst = [
        status for status in (DIVERGED, OUT_OF_BUDGET) if status in {fold.status for fold in folds}
    ]
    late = float(np.mean([fold.history.late_gain for fold in folds]))

    def one(point: int) -> Conditional:
        bound, missing = float(influences[point].mean()), late + _scatter(sites, folds, point, seed)
        by_cut = zip(sites.cuts, informations, strict=True)
        return Conditional(
            entropy=bound - missing,
            bound=bound,
            influence=influences[point],
            missing=missing,
            informations={
                cut.parent: (float(found[point].mean()), found[point]) for cut, found in by_cut
            },
            status=worst[0] if worst else folds[0].status,
            histories=tuple(fold.history for fold in folds),
            modules=tuple(fold.module for fold in folds),
            seconds=seconds,
        )

    return tuple(one(point) for point in range(len(sites.sweep)))


@torch.no_grad()
def _scatter(sites: Sites, folds: Sequence[_Fold], point: int, seed: int) -> float:
    """What the folds' networks lose by differing at a state point, in nats per site.

    With errors d_f of log p that are independent between folds, each loses <d_f^2> / 2, half
    of the variance between folds.
    """
    generator = Streams(seed).torch("scatter")
    samples = torch.arange(sites.starts[point], sites.starts[point + 1])
    parts = [sites.batch(samples, _CHUNK, generator, False) for _ in range(_JUDGED // _CHUNK)]
    log_p = torch.stack([torch.cat([fold.module(*part) for part in parts]) for fold in folds])
    return float(log_p.var(dim=0).mean()) / 2
