r"""The training loop: scores to a loss, again and again, until held-out pairs stop gaining.

The loop knows no physics.  It is given a network, an objective and two sources of
pairs.  What is validated and returned is the exponential moving average of the weights

    w_avg <- d w_avg + (1 - d) w,     d = min(averaging, (1 + step) / (10 + step)),

which is as good as annealing the learning rate and can be looked at any time (Polyak
and Juditsky, SIAM J. Control Optim. 30, 838 (1992)).  The validation value is smoothed
in the same way; once it has reached a plateau the learning rate is lowered, and when
that no longer helps training has converged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field, replace
from math import isfinite
from threading import Event
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from ..base.errors import Stopped
from .objectives import Bound, Objective

__all__ = [
    "CONVERGED",
    "DIVERGED",
    "OUT_OF_BUDGET",
    "Batch",
    "History",
    "Trained",
    "Training",
    "Watch",
    "minimise",
    "scores",
    "scores_of",
    "side_by_side",
    "train",
]

CONVERGED = "converged"
OUT_OF_BUDGET = "out of budget"
DIVERGED = "diverged"
_LARGEST_GRADIENT = 1e6  # norm


@dataclass(frozen=True)
class Batch:
    """Joint pairs, and the rolls of their second halves that make product pairs.

    Arguments:
        a, b: Coded halves, shapes `(n, channels, ...)`.
        rolls: K rolls of `b` along the batch.
    """

    a: Tensor
    b: Tensor
    rolls: tuple[int, ...]


def scores(module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """Scores of joint pairs, shape `(n,)`, and of product pairs, shape `(K, n)`.

    Each half is embedded once; product pairs cost a re-pairing only.
    """
    return scores_of(module, [batch])[0]


def scores_of(module: nn.Module, batches: Sequence[Batch]) -> list[tuple[Tensor, Tensor]]:
    """What `scores` gives of each batch, by one pass through the network: of small batches a fraction of the time.

    Batches must have halves of the same shape and as many rolls.
    """
    a, b = module.embed(
        *(
            torch.cat(halves)
            for halves in zip(*((batch.a, batch.b) for batch in batches), strict=True)
        )
    )
    pairings = [module.combine(a, b)]
    for rolls in zip(*(batch.rolls for batch in batches), strict=True):
        pairings.append(
            module.combine(a, tuple(_rolled(part, len(batches[0].a), rolls) for part in b))
        )
    pairs = tuple(torch.cat(parts) for parts in zip(*pairings, strict=True))
    found = module.score(pairs).view(len(pairings), len(batches), -1)
    return [(one[0], one[1:]) for one in found.unbind(1)]


def _rolled(part: Tensor, size: int, rolls: Sequence[int]) -> Tensor:
    """Every `size` rows by a roll of their own."""
    if len(rolls) == 1:
        return part.roll(rolls[0], 0)
    return torch.cat(
        [rows.roll(roll, 0) for rows, roll in zip(part.split(size), rolls, strict=True)]
    )


@dataclass(frozen=True)
class Training:
    """How long and how fast to train.

    Arguments:
        steps: Most steps of the optimiser (Adam).
        batch: Joint pairs of a step.
        learning_rate: At the start, after `warm_up` steps of a linear rise.
        warm_up: See `learning_rate`.
        averaging: d of the moving average of the weights.
        check_every: Steps between looks at the validation pairs.
        smoothing: Weight of the newest look in the moving average of the value.
        gain: Least gain of the smoothed value that counts.
        patience: Looks without such gain before the learning rate is lowered.
        drops: How often it is lowered before training has converged.
        drop: Factor by which it is lowered.
        seconds: Wall time after which the next look is the last; results then depend on the machine.

    Raises:
        ValueError: For a setting out of its range.
    """

    steps: int = 800
    batch: int = 512
    learning_rate: float = 1e-2
    warm_up: int = 20
    averaging: float = 0.98
    check_every: int = 25
    smoothing: float = 0.4
    gain: float = 5e-5
    patience: int = 6
    drops: int = 1
    drop: float = 0.2
    seconds: float | None = None

    def __post_init__(self):
        if (
            min(self.steps, self.batch, self.check_every, self.patience) < 1
            or self.learning_rate <= 0
        ):
            raise ValueError(
                f"steps, batch, check_every, patience and learning_rate must be positive: {self}"
            )
        if (
            min(self.drops, self.warm_up, self.gain, self.averaging) < 0
            or self.averaging >= 1
            or not 0 < self.smoothing <= 1
        ):
            raise ValueError(
                f"drops, warm_up and gain must not be negative, averaging below 1, smoothing in (0, 1]: {self}"
            )

    def warm(self) -> Training:
        """For a network that starts near the optimum: a third of the steps, half the rate, no drop.

        Example:
            >>> Training(steps=1500).warm().steps
            500
        """
        rate, patience = 0.5 * self.learning_rate, max(self.patience // 2, 1)
        return replace(
            self, steps=max(self.steps // 3, 1), learning_rate=rate, patience=patience, drops=0
        )


@dataclass(frozen=True)
class History:
    """What training saw, look by look.

    Arguments:
        steps: Step of each look.
        training: Minus the loss, mean over the steps since the look before.
        validation: Minus the loss on the validation pairs.
        smoothed: Its moving average, from which plateaus are told.
        bound: The bound on the validation pairs, in nats.
    """

    steps: list[int] = field(default_factory=list)
    training: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    smoothed: list[float] = field(default_factory=list)
    bound: list[float] = field(default_factory=list)

    @property
    def late_gain(self) -> float:
        """What the second half of the training added to the bound, in nats, never negative.

        Gains shrink like 1/steps or faster, so about as much may still be missing.  Before
        the first look there was nothing: a single look has gained all that it sees.

        Example:
            >>> History(steps=[1, 2, 3, 4], bound=[0.1, 0.5, 0.6, 0.625]).late_gain
            0.125
        """
        values = [0.0, *self.bound]
        return (
            max(values[-1] - values[len(values) // 2], 0.0)
            if len(self.bound) > 1
            else max(values[-1], 0.0)
        )


Watch = Callable[[str, int, History], None]
"""Told at every look what is trained, which fold, and its history up to now; from the threads of the folds."""


@dataclass(frozen=True)
class Trained:
    """A network with averaged weights, and how its training went.

    Arguments:
        module: In evaluation mode.
        status: `"converged"`, `"out of budget"` or `"diverged"`.
        history: See `History`.
        seconds: Wall time.
    """

    module: nn.Module
    status: str
    history: History
    seconds: float


def train(
    module: nn.Module,
    objective: Objective,
    bound: Bound,
    draw: Callable[[], Batch],
    validation: Sequence[Batch],
    config: Training | None = None,
    progress: Callable[[], None] | None = None,
    watch: Callable[[History], None] | None = None,
) -> Trained:
    """Train a network until its validation value stops growing.

    Arguments:
        module: A critic's network, with its first weights.
        objective: What is minimised.
        bound: What the history records beside it.
        draw: Gives a fresh training batch at each call.
        validation: Fixed batches that judge.
        config: See `Training`.
        progress: Called at every look; may raise to stop the training.
        watch: Told the history after every look.

    Returns:
        The weights of the best look, history and status.  Scores that are not finite
        end training at once as "diverged", with the best weights seen before.
    """
    state = None

    def loss() -> Tensor:
        nonlocal state
        value, state = objective.loss(*scores(module, draw()), state)
        return value

    def judge(average: nn.Module) -> tuple[float, float]:
        return _judged(average, objective, bound, validation)

    return minimise(module, loss, judge, config, progress, watch)


def minimise(
    module: nn.Module,
    loss: Callable[[], Tensor],
    judge: Callable[[nn.Module], tuple[float, float]],
    config: Training | None = None,
    progress: Callable[[], None] | None = None,
    watch: Callable[[History], None] | None = None,
) -> Trained:
    """Lower a loss until what is held out stops gaining: the loop of `train`.

    Arguments:
        module: With its first weights.
        loss: Of a fresh batch at each call.
        judge: Of the module with averaged weights: a value that training should raise, and
            a number in nats that the history records beside it.
        config, progress, watch: See `train`.
    """
    config, started = config or Training(), perf_counter()
    run, status = _Run(module, config), OUT_OF_BUDGET
    for step in range(1, config.steps + 1):
        value = loss()
        if not (torch.isfinite(value) and run.step(value)):
            status = DIVERGED
            break
        if step % config.check_every and step != config.steps:
            continue
        if progress:
            progress()
        if not run.look(*judge(run.average)):
            status = DIVERGED
            break
        if watch:
            watch(run.history)
        if run.is_over():
            status = CONVERGED
            break
        if config.seconds is not None and perf_counter() - started > config.seconds:
            break
    run.average.load_state_dict(run.best_weights)
    return Trained(run.average.eval(), status, run.history, perf_counter() - started)


def side_by_side(
    one: Callable[[int, Callable[[], None]], Any],
    folds: int,
    threads: int,
    device: str = "cpu",
    progress: Callable[[], None] | None = None,
) -> list[Any]:
    """Results of all folds; where one fails or the user interrupts, the others end at their next look.

    Arguments:
        one: `one(fold, look)`, which calls `look` often.
        folds: Their number.
        threads: Folds at a time, on one thread each; one after another on other devices than the CPU.
        progress: Called at every look.
    """
    halt, before = Event(), torch.get_num_threads()

    def look() -> None:
        if halt.is_set():
            raise Stopped("another fold has ended")
        if progress:
            progress()

    def alone(fold: int) -> Any:
        torch.set_num_threads(1)  # of this thread: the folds are what runs in parallel
        return one(fold, look)

    try:
        if min(threads, folds) == 1 or device != "cpu":
            return [alone(fold) for fold in range(folds)]
        with ThreadPoolExecutor(min(threads, folds)) as pool:
            try:
                return [
                    future.result()
                    for future in [pool.submit(alone, fold) for fold in range(folds)]
                ]
            except BaseException:
                halt.set()
                raise
    finally:
        torch.set_num_threads(before)


class _Run:
    """The state of one training: optimiser, averaged weights, plateau."""

    def __init__(self, module: nn.Module, config: Training):
        self.module, self.config = module.train(), config
        self.average = deepcopy(module).requires_grad_(False).eval()
        self.optimiser = torch.optim.Adam(
            module.parameters(), lr=config.learning_rate, betas=(0.9, 0.99), fused=True
        )
        self.history, self.best, self.best_weights = History(), -float("inf"), _copy(module)
        self.losses: list[Tensor] = []
        self.steps, self.plateau, self.stale, self.drops = 0, -float("inf"), 0, 0

    def step(self, loss: Tensor) -> bool:
        """One step of the optimiser; False where the gradient was not finite."""
        self.steps += 1
        rate = self.config.learning_rate * self.config.drop**self.drops
        for group in self.optimiser.param_groups:
            group["lr"] = rate * min(1.0, self.steps / (self.config.warm_up + 1))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        # Adam squares gradients in single precision: above 1e19 it would stand still for ever
        if not torch.isfinite(
            nn.utils.clip_grad_norm_(self.module.parameters(), _LARGEST_GRADIENT)
        ):
            return False
        self.optimiser.step()
        self.losses.append(loss.detach())
        with torch.no_grad():
            keep = min(self.config.averaging, (1 + self.steps) / (10 + self.steps))
            torch._foreach_lerp_(
                [*self.average.parameters()], [*self.module.parameters()], 1 - keep
            )
        return True

    def look(self, value: float, bound: float) -> bool:
        """Note a look at the validation pairs; False where it was not finite."""
        if not (isfinite(value) and isfinite(bound)):
            return False
        smoothed = self.history.smoothed[-1] if self.history.smoothed else value
        smoothed += self.config.smoothing * (value - smoothed)
        mean = -float(torch.stack(self.losses).mean())
        self.losses = []
        for name, entry in zip(
            ("steps", "training", "validation", "smoothed", "bound"),
            (self.steps, mean, value, smoothed, bound),
            strict=True,
        ):
            getattr(self.history, name).append(entry)
        if value > self.best:
            self.best, self.best_weights = value, _copy(self.average)
        self.stale = 0 if smoothed > self.plateau + self.config.gain else self.stale + 1
        self.plateau = max(self.plateau, smoothed) if self.stale else smoothed
        return True

    def is_over(self) -> bool:
        """Lower the learning rate at a plateau; True once that has been done often enough."""
        if self.stale < self.config.patience:
            return False
        self.stale, self.drops = 0, self.drops + 1
        return self.drops > self.config.drops


@torch.no_grad()
def _judged(
    module: nn.Module, objective: Objective, bound: Bound, batches: Sequence[Batch]
) -> tuple[float, float]:
    """Minus the loss, and the bound, over all batches at once."""
    parts = [scores(module, batch) for batch in batches]
    joint = torch.cat([joint for joint, _ in parts])
    product = torch.cat([product for _, product in parts], dim=1)
    return -float(objective.loss(joint, product, None)[0]), bound(joint, product)


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}
