"""One contract for every registered objective and bound: extreme scores, and states of batches."""

from math import inf, log

import numpy as np
import pytest
import torch
from torch import nn

from battery import every_critic, every_kind, every_objective, network_and_batch, stream
from moiety.estimation.history import TrainingStatus
from moiety.estimation.objectives import BOUNDS, NWJ, OBJECTIVES, DonskerVaradhanBound, NWJBound
from moiety.estimation.scores import scores
from moiety.estimation.training import Training, train

pytestmark = pytest.mark.usefixtures("one_thread")
every_bound = pytest.mark.parametrize("bound", [kind() for kind in BOUNDS.values()], ids=BOUNDS)


@every_critic
@every_objective
@every_kind
def test_extreme_scores_have_finite_gradients(critic, objective, kind):
    """Scores are stretched to a given largest magnitude; a negative size changes all signs."""
    network, pairs = network_and_batch(critic, kind, "2-D", objective.products)
    joint, product = scores(network, pairs)
    largest = torch.cat([joint, product.flatten()]).abs().max().detach()
    _, state = objective.loss(joint.detach() * 0, product.detach() * 0, None)
    for size in (50.0, -50.0, 1e3, -1e3):
        for before in (None, state):
            loss, _ = objective.loss(joint / largest * size, product / largest * size, before)
            overflow = (product / largest * size).max() > log(torch.finfo().max)
            if isinstance(objective, NWJ) and overflow:
                assert loss == inf  # all that NWJ promises, see below
                continue
            assert loss.isfinite()
            for gradient in torch.autograd.grad(loss, [*network.parameters()], retain_graph=True):
                assert gradient.isfinite().all()


class Shifted(nn.Module):
    """Scores of a network plus a weight."""

    def __init__(self, network, offset):
        super().__init__()
        self.network, self.offset = network, nn.Parameter(torch.tensor(float(offset)))

    def embed(self, a, b):
        return self.network.embed(a, b)

    def combine(self, a, b):
        return self.network.combine(a, b)

    def score(self, pairs):
        return self.network.score(pairs) + self.offset


def trained_at(objective, offset, steps=20):
    network, pairs = network_and_batch("convolutional", "two states", "2-D", objective.products)
    module, config = Shifted(network, offset), Training(steps=steps)
    return module, train(module, objective, DonskerVaradhanBound(), lambda: pairs, [pairs], config)


def test_an_overflow_of_nwj_ends_training_with_the_weights_before_it():
    _, trained = trained_at(NWJ(), 100.0)
    assert trained.status == TrainingStatus.DIVERGED
    assert all(weight.isfinite().all() for weight in trained.module.parameters())
    assert trained_at(NWJ(), 0.0)[1].status != TrainingStatus.DIVERGED  # negative control


# squares of e^50 exceed single precision, and Adam would stand still
@pytest.mark.parametrize("offset", [30.0, 50.0])
def test_nwj_comes_down_from_high_scores_or_diverges(offset):
    module, trained = trained_at(NWJ(), offset)
    moved = module.offset.item() < offset - 0.05  # 20 steps of 1e-2, warming up
    assert moved or trained.status == TrainingStatus.DIVERGED


@every_bound
@pytest.mark.parametrize("joint", [1e3, -1e3])
@pytest.mark.parametrize("product", [1e3, -1e3])
def test_bounds_of_extreme_scores(bound, joint, product):
    """Finite but for NWJ, which is -inf where <e^F> exceeds the largest float."""
    rng = stream(0)
    pairs = joint + torch.randn(16, generator=rng), product + torch.randn(3, 16, generator=rng)
    overflows = isinstance(bound, NWJBound) and product > 0
    assert np.isfinite(bound(*pairs)) != overflows
    assert not overflows or bound(*pairs) == -inf
    if not overflows:  # the influence of an overflow is not a number and has no use
        assert all(part.isfinite().all() for part in bound.influence(*pairs))


@every_objective
def test_the_state_stays_finite_and_keeps_no_graph(objective):
    """300 batches whose scores jump from one extreme to the other."""
    state, sizes = None, [0.0, 80.0, -80.0, -1e3, 3.0] + [1e3] * (not isinstance(objective, NWJ))
    for step in range(300):
        joint, product = (
            torch.randn(rows, 16, generator=stream(step)) for rows in (1, objective.products)
        )
        shift = sizes[step % len(sizes)]
        joint, product = (joint[0] + shift).requires_grad_(), (product + shift).requires_grad_()
        loss, state = objective.loss(joint, product, state)
        loss.backward()
        assert loss.isfinite() and joint.grad.isfinite().all() and product.grad.isfinite().all()
        if state is not None:
            assert state.isfinite() and state.grad_fn is None and not state.requires_grad


def test_an_objective_has_a_state():
    """Negative control: without any state the test above would protect nothing."""
    joint, product = torch.zeros(8, requires_grad=True), torch.zeros(1, 8, requires_grad=True)
    states = {name: kind().loss(joint, product, None)[1] for name, kind in OBJECTIVES.items()}
    assert states["donsker-varadhan"] is not None and states["jensen-shannon"] is None
