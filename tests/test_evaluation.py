"""Calibration: what a critic that has never met a kind of pair says about it does little harm."""

from math import exp, log

import pytest
import torch
from torch import nn

from moiety.estimation.evaluation import calibration
from moiety.estimation.scores import Batch, scores

N, SHARE = 4096, 0.07


class Occupied(nn.Module):
    """A right score for two sites that exclude each other, but for pairs of occupied ones."""

    def __init__(self, both):
        super().__init__()
        neither, one = log(1 - 2 * SHARE) - 2 * log(1 - SHARE), -log(1 - SHARE)
        self.table = torch.tensor([neither, one, both])

    def embed(self, a, b):
        return (a,), (b,)

    def combine(self, a, b):
        return (*a, *b)

    def score(self, pairs):
        return self.table[(pairs[0] + pairs[1])[:, 0]]


def batches(seed=0):
    """Blocks that are occupied in turn, and product pairs of which some are both occupied."""
    generator = torch.Generator().manual_seed(seed)
    place = torch.rand(N, 1, generator=generator)
    a, b = (place < SHARE).long(), (place > 1 - SHARE).long()
    return [Batch(a, b, (N // 3, N // 2))]


def test_a_pair_that_was_never_met_costs_little():
    calibrate, _ = calibration(Occupied(-90.0), batches())
    joint, product = scores(Occupied(-90.0), batches()[0])
    both = float((product < -50).double().mean())
    assert both == pytest.approx(SHARE**2, rel=0.5)
    # one more joint pair would have made it: q e^floor = <e^F> / N, and <e^F> is 1
    floor = float(calibrate(torch.tensor(-90.0)))
    assert floor == pytest.approx(-log(N * both), abs=0.01)
    met = calibrate(joint).double().mean()
    assert both * exp(floor) < 1.01 / N and met > 0
    # a joint pair of that kind in 4,096 held-out ones: M stays M, and was -0.02 without a floor
    assert (met * (N - 1) + floor) / N > 0.8 * met > -90.0 / N + met


@pytest.mark.parametrize("both", [-2.0, -2.5])
def test_scores_that_validation_can_tell_are_left_alone(both):
    network = Occupied(both)
    calibrate, _ = calibration(network, batches())
    low, high = calibrate(torch.tensor([both, float(network.table[1])]))
    scale = float((high - low) / (network.table[1] - both))
    assert 0.8 < scale < 1.21  # one line through both: nothing was cut off


def test_a_critic_that_learnt_nothing_gives_zero():
    flat = Occupied(0.0)
    flat.table = torch.full((3,), 7.0)
    calibrate, gain = calibration(flat, batches())
    assert float(calibrate(torch.tensor(7.0))) == pytest.approx(0.0, abs=1e-5) and gain < 1e-5
