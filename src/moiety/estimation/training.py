r"""The training loop: optimiser steps until the held-out value stops growing.

The loop knows no physics.  It receives a network, a loss and a judge.  It validates and returns
the exponential moving average of the weights

    w_avg <- d w_avg + (1 - d) w,     d = min(averaging, (1 + step) / (10 + step)),

which is as good as annealing the learning rate and can be checked at any step (Polyak and
Juditsky, SIAM J. Control Optim. 30, 838 (1992), https://doi.org/10.1137/0330046).  The validation
value is smoothed in the same way.  Once it reaches a plateau the learning rate is lowered; when
that no longer helps, training has converged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from math import isfinite
from time import perf_counter

import torch
from torch import Tensor, nn

from .history import History, TrainingStatus
from .objectives import Bound, Objective, State
from .scores import Batch, scores

__all__ = ["Trained", "Training", "minimise", "train"]

_LARGEST_GRADIENT = 1e6  # norm


@dataclass(frozen=True)
class Training:
    """How long and how fast to train.

    Args:
        steps: Maximum number of optimiser steps (Adam).
        batch: Joint pairs per step.
        learning_rate: Learning rate after the warm-up.
        warm_up: Steps during which the learning rate rises linearly.
        averaging: d of the moving average of the weights.
        check_every: Steps between checks of the validation value.
        smoothing: Weight of the newest check in the smoothed validation value.
        gain: Smallest gain of the smoothed value that counts as progress.
        patience: Checks without progress before the learning rate is lowered.
        drops: How often the learning rate is lowered before training has converged.
        drop: Factor by which the learning rate is lowered.
        seconds: Time limit in seconds; the check after it is the last one.  Results then depend
            on the speed of the machine.

    Raises:
        ValueError: A setting out of range.
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

    def __post_init__(self) -> None:
        positive = min(self.steps, self.batch, self.check_every, self.patience)
        if positive < 1 or self.learning_rate <= 0:
            names = "steps, batch, check_every, patience and learning_rate"
            raise ValueError(f"{names} must be positive: {self}")
        allowed = self.averaging < 1 and 0 < self.smoothing <= 1
        if not allowed or min(self.drops, self.warm_up, self.gain, self.averaging) < 0:
            names = "drops, warm_up and gain must not be negative"
            raise ValueError(f"{names}, averaging below 1, smoothing in (0, 1]: {self}")

    def warm(self) -> Training:
        """The training of a network that starts near its optimum.

        A third of the steps, half the learning rate, no drop.

        Example:
            >>> Training(steps=1500).warm().steps
            500
        """
        rate, patience = 0.5 * self.learning_rate, max(self.patience // 2, 1)
        return replace(
            self, steps=max(self.steps // 3, 1), learning_rate=rate, patience=patience, drops=0
        )


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Args:
        module: Network with averaged weights, in evaluation mode.
        status: How the training ended.
        history: Values at each check.
    """

    module: nn.Module
    status: TrainingStatus
    history: History


def train(
    module: nn.Module,
    objective: Objective,
    bound: Bound,
    draw: Callable[[], Batch],
    validation: Sequence[Batch],
    config: Training | None = None,
    *,
    tick: Callable[[], None] | None = None,
    on_check: Callable[[History], None] | None = None,
) -> Trained:
    """Train a critic's network until its validation value stops growing.

    Args:
        module: Network with its initial weights.
        objective: Loss to be minimised.
        bound: Bound that the history records beside the loss.
        draw: Returns a fresh training batch at each call.
        validation: Fixed batches for validation.
        config: Training settings; `Training()` by default.
        tick: Called at every check; may raise to stop the training.
        on_check: Called with the history after every check.

    Returns:
        The weights of the best check, the history and the status.  Scores that are not finite
        end the training at once as `DIVERGED`, with the best weights so far.
    """
    state: State = None

    def loss() -> Tensor:
        nonlocal state
        value, state = objective.loss(*scores(module, draw()), state)
        return value

    def judge(average: nn.Module) -> tuple[float, float]:
        return _judged(average, objective, bound, validation)

    return minimise(module, loss, judge, config, tick=tick, on_check=on_check)


def minimise(
    module: nn.Module,
    loss: Callable[[], Tensor],
    judge: Callable[[nn.Module], tuple[float, float]],
    config: Training | None = None,
    *,
    tick: Callable[[], None] | None = None,
    on_check: Callable[[History], None] | None = None,
    enough: Callable[[History], bool] | None = None,
) -> Trained:
    """Minimise a loss until the held-out value stops growing: the loop of `train`.

    Args:
        module: Network with its initial weights.
        loss: Returns the loss of a fresh batch at each call.
        judge: Evaluates the module with averaged weights: a value that training should raise,
            and a number in nats that the history records beside it.
        config: Training settings; `Training()` by default.
        tick: Called at every check; may raise to stop the training.
        on_check: Called with the history after every check.
        enough: Whether training may end after a check as converged, in addition to the plateau.
    """
    config, started = config or Training(), perf_counter()
    run, status = _Run(module, config), TrainingStatus.OUT_OF_BUDGET
    for step in range(1, config.steps + 1):
        value = loss()
        if not (torch.isfinite(value) and run.step(value)):
            status = TrainingStatus.DIVERGED
            break
        if step % config.check_every and step != config.steps:
            continue
        if tick:
            tick()
        if not run.check(*judge(run.average)):
            status = TrainingStatus.DIVERGED
            break
        if on_check:
            on_check(run.history)
        if run.has_converged() or (enough and enough(run.history)):
            status = TrainingStatus.CONVERGED
            break
        if config.seconds is not None and perf_counter() - started > config.seconds:
            break
    run.average.load_state_dict(run.best_weights)
    return Trained(run.average.eval(), status, run.history)


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
        """Take one optimiser step; False if the gradient was not finite."""
        self.steps += 1
        rate = self.config.learning_rate * self.config.drop**self.drops
        for group in self.optimiser.param_groups:
            group["lr"] = rate * min(1.0, self.steps / (self.config.warm_up + 1))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        # Adam squares gradients in single precision: above 1e19 it would never move again
        norm = nn.utils.clip_grad_norm_(self.module.parameters(), _LARGEST_GRADIENT)
        if not torch.isfinite(norm):
            return False
        self.optimiser.step()
        self.losses.append(loss.detach())
        with torch.no_grad():
            keep = min(self.config.averaging, (1 + self.steps) / (10 + self.steps))
            torch._foreach_lerp_(
                [*self.average.parameters()], [*self.module.parameters()], 1 - keep
            )
        return True

    def check(self, value: float, bound: float) -> bool:
        """Record a check of the validation value; False if it was not finite."""
        if not (isfinite(value) and isfinite(bound)):
            return False
        smoothed = self.history.smoothed[-1] if self.history.smoothed else value
        smoothed += self.config.smoothing * (value - smoothed)
        mean = -float(torch.stack(self.losses).mean())
        self.losses = []
        self.history = self.history.with_check(self.steps, mean, value, smoothed, bound)
        if value > self.best:
            self.best, self.best_weights = value, _copy(self.average)
        self.stale = 0 if smoothed > self.plateau + self.config.gain else self.stale + 1
        self.plateau = max(self.plateau, smoothed) if self.stale else smoothed
        return True

    def has_converged(self) -> bool:
        """Lower the learning rate at a plateau; True once that has been done often enough."""
        if self.stale < self.config.patience:
            return False
        self.stale, self.drops = 0, self.drops + 1
        return self.drops > self.config.drops


@torch.no_grad()
def _judged(
    module: nn.Module, objective: Objective, bound: Bound, batches: Sequence[Batch]
) -> tuple[float, float]:
    """Minus the loss, and the bound, over all batches together."""
    parts = [scores(module, batch) for batch in batches]
    joint = torch.cat([joint for joint, _ in parts])
    product = torch.cat([product for _, product in parts], dim=1)
    return -float(objective.loss(joint, product, None)[0]), bound(joint, product)


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}
