"""The training loop on a pair of Gaussians: no lattice, one known number."""

from math import log

import pytest
import torch
from torch import nn

from moiety.estimation.objectives import OBJECTIVES, DonskerVaradhanBound, JensenShannon
from moiety.estimation.training import (
    CONVERGED,
    DIVERGED,
    OUT_OF_BUDGET,
    Batch,
    History,
    Training,
    scores,
    train,
)

CORRELATION = 0.8
INFORMATION = -0.5 * log(1 - CORRELATION**2)  # 0.511 nats


class Quadratic(nn.Module):
    """F = constant + linear + quadratic in (a, b): the family of the optimal critic."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 1)

    def embed(self, a, b):
        return (a,), (b,)

    def combine(self, a, b):
        a, b = a[0], b[0]
        return (torch.cat([a, b, a * b, a * a, b * b], dim=1),)

    def score(self, pairs):
        return self.layer(pairs[0])[:, 0]


class Poisoned(Quadratic):
    """Finite scores for a while, then none."""

    def __init__(self, calls):
        super().__init__()
        self.left = calls

    def score(self, pairs):
        self.left -= 1
        return super().score(pairs) + (0.0 if self.left > 0 else float("nan"))


def batches(seed, size=512):
    generator = torch.Generator().manual_seed(seed)

    def draw():
        a, noise = torch.randn(2, size, 1, generator=generator)
        return Batch(a, CORRELATION * a + (1 - CORRELATION**2) ** 0.5 * noise, (1, 7))

    return draw


def fitted(module=None, config=None, objective=None, seed=0, **options):
    torch.manual_seed(seed)
    judge = batches(seed + 1, 8192)()
    return train(
        module or Quadratic(),
        objective or JensenShannon(),
        DonskerVaradhanBound(),
        batches(seed),
        [judge],
        config,
        **options,
    )


@pytest.mark.parametrize("name", ["donsker-varadhan", "jensen-shannon", "nwj", "smile"])
def test_it_finds_the_information(name):
    result = fitted(config=Training(steps=600), objective=OBJECTIVES[name]())
    held_out = DonskerVaradhanBound()(
        *(x.detach() for x in scores(result.module, batches(99, 100_000)()))
    )
    # DV of the optimal critic has standard error 0.004 here (spread of 50 such sets), and training misses < 0.005
    assert abs(held_out - INFORMATION) < 4 * 0.004 + 0.005
    assert result.history.bound[-1] > 0.8 * INFORMATION > result.history.bound[0] - 0.3


def test_it_stops_on_a_plateau():
    config = Training(steps=5000)
    result = fitted(config=config)
    assert result.status == CONVERGED
    assert len(result.history.steps) * config.check_every == result.history.steps[-1] < config.steps
    last = result.history.smoothed[-config.patience - 1 :]
    assert max(last) - last[0] <= config.gain
    assert not result.module.training


def test_it_says_when_the_budget_was_too_small():
    result = fitted(config=Training(steps=60))
    assert result.status == OUT_OF_BUDGET
    assert result.history.steps == [25, 50, 60]
    assert result.history.late_gain > 0.01  # still learning


def test_time_is_up_after_a_look():
    limited, free = (fitted(config=Training(steps=50, seconds=seconds)) for seconds in (0.0, None))
    assert (
        limited.status == OUT_OF_BUDGET
        and limited.history.steps == [25]
        and free.history.steps[-1] == 50
    )


def test_the_late_gain_of_a_finished_training_is_small():
    assert fitted(config=Training(steps=2000, patience=100)).history.late_gain < 0.01
    assert History().late_gain == 0.0


@pytest.mark.parametrize("calls", [1, 40])
def test_scores_that_are_not_finite_end_it(calls):
    result = fitted(module=Poisoned(calls), config=Training(steps=200))
    assert result.status == DIVERGED
    assert all(torch.isfinite(value).all() for value in result.module.state_dict().values())
    assert torch.isfinite(torch.tensor(result.history.validation)).all()


def test_the_best_weights_come_back():
    result = fitted(config=Training(steps=400, learning_rate=0.3, patience=100))  # noisy on purpose
    judge = batches(1, 8192)()
    value = -float(JensenShannon().loss(*scores(result.module, judge), None)[0])
    assert value == pytest.approx(max(result.history.validation), abs=1e-6)
    assert result.history.validation[-1] < max(result.history.validation)


def test_a_seed_gives_the_same_weights_again():
    first, again, other = (fitted(config=Training(steps=100), seed=seed) for seed in (3, 3, 4))
    assert first.history.validation == again.history.validation
    assert first.history.validation != other.history.validation


def test_a_callback_can_stop_it():
    def stop():
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        fitted(config=Training(steps=100), progress=stop)


@pytest.mark.parametrize(
    "change",
    [{"steps": 0}, {"learning_rate": 0.0}, {"averaging": 1.0}, {"smoothing": 0.0}, {"gain": -1.0}],
)
def test_bad_settings(change):
    with pytest.raises(ValueError):
        Training(**change)
