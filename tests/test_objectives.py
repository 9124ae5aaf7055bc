"""Objectives for a pair of Gaussians, where the critic and M are known."""

from math import log

import numpy as np
import pytest
import torch

from gaussian_pairs import BATCH, BATCHES, INFORMATION, assert_mean, averages, scored
from moiety.estimation.objectives import (
    NWJ,
    OBJECTIVES,
    SMILE,
    DonskerVaradhan,
    InfoNCE,
    JensenShannon,
)

every_objective = pytest.mark.parametrize(
    "objective", [kind() for kind in OBJECTIVES.values()], ids=OBJECTIVES
)


def expected_losses():
    weights, joint, product = averages()

    def mean(values):
        return float((weights * values).sum())

    clipped = np.clip(product, -1.0, 1.0)
    return {
        "donsker-varadhan": -INFORMATION,
        "nwj": -INFORMATION,
        "jensen-shannon": mean(np.logaddexp(0, -joint)) + mean(np.logaddexp(0, product)),
        "infonce": mean(np.logaddexp(joint, product) - log(2) - joint),
        "smile": -INFORMATION + log(mean(np.exp(clipped))),
    }


SETTINGS = {"infonce": {"products": 1}, "smile": {"clip": 1.0}}  # those of the quadrature


@pytest.fixture(scope="module")
def expected():
    losses = expected_losses()
    assert set(losses) == set(OBJECTIVES)
    return losses


# Values


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_optimal_critic_has_its_known_loss(name, expected):
    objective = OBJECTIVES[name](**SETTINGS.get(name, {}))
    losses = [
        float(objective.loss(*scored(BATCH, objective.products, seed), None)[0])
        for seed in range(BATCHES)
    ]
    assert_mean(losses, expected[name])
    apart = [scored(BATCH, objective.products, seed, correlation=0.0) for seed in range(BATCHES)]
    independent = [float(objective.loss(*scores, None)[0]) for scores in apart]
    with pytest.raises(AssertionError):  # negative control: independent halves
        assert_mean(independent, expected[name])
    assert np.mean(independent) > expected[name]


def test_quadrature_gives_the_mutual_information():
    weights, joint, product = averages()
    assert (weights * joint).sum() == pytest.approx(INFORMATION, abs=1e-6)
    assert (weights * np.exp(product)).sum() == pytest.approx(1.0, abs=1e-6)


@every_objective
def test_no_other_scale_of_the_critic_has_a_lower_loss(objective):
    joint, product = scored(200_000, objective.products)
    best = float(objective.loss(joint, product, None)[0])
    for change in (lambda f: 0.6 * f, lambda f: 1.5 * f, lambda f: -f):
        assert float(objective.loss(change(joint), change(product), None)[0]) > best


def test_infonce_is_at_most_the_log_of_the_number_of_pairs():
    certain = InfoNCE().loss(torch.full((9,), 50.0), torch.zeros(15, 9), None)[0]
    assert float(certain) == pytest.approx(-log(16), abs=1e-5)  # in single precision
    means = []
    for products in (1, 3, 15):  # and approaches M as their number grows
        losses = [
            -float(InfoNCE(products).loss(*scored(BATCH, products, seed), None)[0])
            for seed in range(BATCHES)
        ]
        means.append(np.mean(losses))
    error = np.std(losses) / np.sqrt(BATCHES)
    assert means[0] < means[1] < means[2] < INFORMATION + 4 * error


# Contract


@every_objective
def test_a_loss_is_a_scalar_with_a_gradient(objective):
    joint, product = (scores.requires_grad_() for scores in scored(64, objective.products))
    loss, state = objective.loss(joint, product, None)
    assert loss.shape == () and loss.isfinite()
    loss.backward()
    assert joint.grad.isfinite().all() and product.grad.isfinite().all()
    assert joint.grad.sum() < 0 < product.grad.sum()  # joint pairs up, product pairs down
    again, _ = objective.loss(joint, product, state)
    assert again.isfinite()
    assert state is None or not state.requires_grad


@every_objective
def test_order_does_not_matter(objective):
    joint, product = scored(256, objective.products)
    loss = objective.loss(joint, product, None)[0]
    order = torch.randperm(256, generator=torch.Generator().manual_seed(0))
    moved = objective.loss(joint[order], product[:, order].flip(0), None)[0]
    assert float(moved) == pytest.approx(float(loss), abs=1e-12)


@every_objective
@pytest.mark.parametrize("high", [(1e3, 1e3), (1e3, -1e3), (-1e3, -1e3), (-1e3, 1e3)])
def test_extreme_scores_have_gradients(objective, high):
    if isinstance(objective, NWJ):
        high = (high[0], -1e3)  # see below
    _, state = objective.loss(*scored(8, objective.products), None)
    for start in (None, state):
        joint = torch.full((8,), high[0], requires_grad=True)
        product = torch.full((objective.products, 8), high[1], requires_grad=True)
        loss, _ = objective.loss(joint, product, start)
        loss.backward()
        assert loss.isfinite() and joint.grad.isfinite().all() and product.grad.isfinite().all()


def test_nwj_overflows_visibly():
    loss, _ = NWJ().loss(torch.zeros(8), torch.full((1, 8), 1e3), None)  # <e^F> is in the loss
    assert loss == torch.inf


@every_objective
def test_configurations_are_values(objective):
    assert eval(repr(objective), {type(objective).__name__: type(objective)}) == objective
    assert objective.products >= 1


@pytest.mark.parametrize("wrong", [{"rate": 0.0}, {"rate": 1.0}, {"products": 0}])
def test_settings_of_the_moving_average_out_of_range(wrong):
    with pytest.raises(ValueError, match="rate must lie between 0 and 1"):
        DonskerVaradhan(**wrong)
    assert DonskerVaradhan(rate=0.99, products=1).rate == 0.99


# The moving average of Donsker-Varadhan


def test_the_state_is_the_moving_average():
    objective, state = DonskerVaradhan(rate=0.3), None
    plain = None
    for seed in range(5):
        joint, product = scored(16, 2, seed)
        loss, state = objective.loss(joint, product, state)
        mean = product.exp().mean().item()
        plain = mean if plain is None else 0.7 * plain + 0.3 * mean
        assert state.exp().item() == pytest.approx(plain)
        own = log(mean) - joint.mean().item()
        assert loss.item() == pytest.approx(own)  # the value is that of the batch alone


def slopes(rate, batches=4000, batch=4):
    """d loss / d t at t = 1 for product scores t g, g normal: E[g e^g] / E[e^g] = 1 exactly."""
    objective, state, losses = DonskerVaradhan(rate=rate), None, []
    scores = torch.from_numpy(np.random.default_rng(0).normal(size=(batches, 1, batch)))
    t = torch.ones(batches, dtype=torch.float64, requires_grad=True)
    for scaled in (t[:, None, None] * scores).unbind():
        loss, state = objective.loss(torch.zeros(batch), scaled, state)
        losses.append(loss)
    (gradient,) = torch.autograd.grad(torch.stack(losses).sum(), t)
    return gradient.numpy()[batches // 10 :]  # after a transient of the average


def test_the_moving_average_corrects_the_gradient():
    # a rate of 0.01 leaves a bias of about 0.01 Var(e^g) / 4 <e^g>^2 = 0.004, a tenth of sigma
    assert_mean(slopes(rate=0.01), 1.0)
    uncorrected = slopes(rate=1 - 1e-9)  # each batch is divided by its own mean
    with pytest.raises(AssertionError):  # negative control
        assert_mean(uncorrected, 1.0)
    assert uncorrected.mean() < 0.8


def test_the_first_batch_is_its_own_average():
    t = torch.ones((), requires_grad=True)
    g = torch.linspace(-1, 1, 8)
    loss, _ = DonskerVaradhan().loss(torch.zeros(8), (t * g)[None], None)
    assert float(torch.autograd.grad(loss, t)[0]) == pytest.approx(
        float((g * g.softmax(0)).sum()), abs=1e-6
    )


def test_smile_has_the_gradient_of_the_classifier():
    joint, product = (scores.requires_grad_() for scores in scored(64))
    grads = [
        torch.autograd.grad(objective.loss(joint, product, None)[0], (joint, product))
        for objective in (SMILE(clip=0.1), JensenShannon(), DonskerVaradhan())
    ]
    for smile, classifier, other in zip(*grads, strict=True):
        assert torch.equal(smile, classifier) and not torch.allclose(smile, other)
