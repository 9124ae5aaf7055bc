"""Objectives and bounds for a pair of Gaussians, where the critic and M are known."""

from math import exp, log

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from moiety.estimation.objectives import (
    BOUNDS,
    NWJ,
    OBJECTIVES,
    SMILE,
    DonskerVaradhan,
    DonskerVaradhanBound,
    InfoNCE,
    JensenShannon,
    NWJBound,
)

repeatable = settings(derandomize=True, deadline=None, max_examples=50)
CORRELATION = 0.6
INFORMATION = -0.5 * log(1 - CORRELATION**2)  # 0.223 nats
BATCHES, BATCH = 50, 4000

every_objective = pytest.mark.parametrize(
    "objective", [kind() for kind in OBJECTIVES.values()], ids=OBJECTIVES
)
every_bound = pytest.mark.parametrize("bound", [kind() for kind in BOUNDS.values()], ids=BOUNDS)


def log_odds(x, y, r=CORRELATION):
    """The optimal critic, log p(x, y) / p(x) p(y), of unit Gaussians with correlation r."""
    return -0.5 * log(1 - r**2) + (2 * r * x * y - r**2 * (x**2 + y**2)) / (2 * (1 - r**2))


def pairs(n, seed=0, correlation=CORRELATION):
    """Joint pairs x, y, shape `(n,)`."""
    x, noise = np.random.default_rng(seed).normal(size=(2, n))
    return torch.from_numpy(x), torch.from_numpy(
        correlation * x + np.sqrt(1 - correlation**2) * noise
    )


def scored(n, products=1, seed=0, correlation=CORRELATION):
    """Scores of joint pairs, shape `(n,)`, and of product pairs, `(products, n)`."""
    x, y = pairs(n, seed, correlation)
    others = torch.from_numpy(np.random.default_rng((seed, 1)).normal(size=(products, n)))
    return log_odds(x, y), log_odds(x, others)


def averages():
    """Weights and scores of x, its partner and another value on a grid: quadrature to 1e-6."""
    grid = np.linspace(-7, 7, 113)
    weight = np.exp(-(grid**2) / 2) / np.exp(-(grid**2) / 2).sum()
    x, noise, other = grid[:, None, None], grid[None, :, None], grid[None, None, :]
    partner = CORRELATION * x + np.sqrt(1 - CORRELATION**2) * noise
    joint, product = log_odds(x, partner), log_odds(x, other)
    return weight[:, None, None] * weight[:, None] * weight, joint, product


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


def assert_mean(values, expected, sigmas=4.0):
    """4 sigma of the spread between batches: one false alarm in 10^4."""
    values = np.array(values)
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - expected) < sigmas * error, (
        f"{values.mean():.5f} ± {error:.5f} against {expected:.5f}"
    )


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


# Bounds


@every_bound
def test_bounds_of_the_optimal_critic_equal_the_mutual_information(bound):
    assert_mean([bound(*scored(BATCH, 4, seed)) for seed in range(BATCHES)], INFORMATION)


@every_bound
def test_bounds_of_independent_halves_are_not_positive(bound):
    values = np.array([bound(*scored(BATCH, 4, seed, correlation=0.0)) for seed in range(BATCHES)])
    assert values.mean() < 4 * values.std() / np.sqrt(BATCHES)  # 4 sigma
    weights, _, product = averages()
    assert_mean(values, (weights * product).sum())  # minus a KL divergence


@every_bound
def test_bounds_are_in_double_precision_and_independent_of_order(bound):
    joint, product = (scores.float() for scores in scored(1000, 3))
    value = bound(joint, product)
    assert isinstance(value, float)
    order = torch.randperm(3000, generator=torch.Generator().manual_seed(0))
    assert bound(joint.flip(0), product.flatten()[order]) == pytest.approx(value, abs=1e-13)


@every_bound
def test_influences_are_changes_by_another_copy_of_a_pair(bound):
    joint, product = scored(2000)
    value, influences = bound(joint, product), bound.influence(joint, product)
    for k in (0, 5, 17):
        for place, scores in enumerate((joint, product[0])):
            pairs = [joint, product[0]]
            pairs[place] = torch.cat([scores, scores[k : k + 1]])
            change = (bound(*pairs) - value) * (len(scores) + 1)
            influence = float(influences[place].flatten()[k])
            assert change == pytest.approx(influence, abs=influence**2 / 2000 + 1e-9)
    means = [float(influence.mean()) for influence in influences]
    assert means == pytest.approx([0.0, 0.0], abs=1e-12)


def test_one_log_mean_exp_over_everything():
    """A mean of logarithms over batches of n would be too large by Var(e^F) / 2n."""
    bound, batch = DonskerVaradhanBound(), 8
    joint, product = scored(BATCH * 8, 1)
    whole = bound(joint, product)
    batches = zip(joint.split(batch), product.flatten().split(batch), strict=True)
    parts = np.mean([bound(*scores) for scores in batches])
    variance = 1 / (1 - CORRELATION**2) - 1  # <e^2F> - 1 over product pairs
    expected = variance / (2 * batch)  # higher orders are in (Var / n)^2
    assert parts - whole == pytest.approx(expected, rel=0.3)


scores_list = npst.arrays(
    np.float64, npst.array_shapes(max_dims=1, max_side=20), elements=st.floats(-300, 300)
)


@repeatable
@given(scores_list, scores_list)
def test_donsker_varadhan_is_never_below_nwj(joint, product):
    joint, product = torch.from_numpy(joint), torch.from_numpy(product)
    dv, nwj = DonskerVaradhanBound()(joint, product), NWJBound()(joint, product)
    assert dv >= nwj - 1e-9 * (1 + abs(nwj))
    shift = dv - float(joint.mean())  # - log <e^F>: with that offset they are the same
    assert NWJBound()(joint + shift, product + shift) == pytest.approx(dv, abs=1e-9 * (1 + abs(dv)))


@repeatable
@given(scores_list, scores_list, st.floats(-100, 100))
def test_donsker_varadhan_does_not_depend_on_the_offset(joint, product, offset):
    joint, product = torch.from_numpy(joint), torch.from_numpy(product)
    moved = DonskerVaradhanBound()(joint + offset, product + offset)
    assert moved == pytest.approx(DonskerVaradhanBound()(joint, product), abs=1e-9)


def test_nwj_depends_on_the_offset():
    joint, product = scored(BATCH, 4)
    assert NWJBound()(joint + 1, product + 1) == pytest.approx(
        INFORMATION + 1 - exp(1) + 1, abs=0.1
    )
