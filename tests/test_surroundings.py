"""Softer targets: the density of a site given the sites all around it."""

import numpy as np
import pytest
import torch

from moiety.base.random import Streams
from moiety.chain_rule.arranged import ArrangedSites
from moiety.chain_rule.neighbours import contexts_of
from moiety.chain_rule.orders import CoarseToFine, RowByRow
from moiety.chain_rule.pool import SamplePool
from moiety.chain_rule.surroundings import Surroundings
from moiety.estimation.folds import Fold
from moiety.systems import system


def learnt(model, order):
    sites = ArrangedSites(SamplePool([model.sample(1024, seed=1)], None), order, "cpu")
    split = sites.pool.splits(2)[0]
    fold = Fold(split, torch.nn.Identity(), Streams(1), lambda: None, None)
    found = Surroundings(sites, fold)
    generator = torch.Generator().manual_seed(2)
    return found, sites.scene(torch.from_numpy(split.test), 4096, generator, augment=False)


@pytest.mark.parametrize("order", [RowByRow(), CoarseToFine()])
def test_a_spin_depends_on_its_four_neighbours(order):
    """p(up | all others) = 1 / (1 + exp(-2 sum / T)) for every site in every order."""
    found, scene = learnt(system("ising-square", size=16, temperature=3.0), order)
    states, weights = found.targets(scene)
    assert (states[:, 0] == torch.tensor([1.0, -1.0])).all()
    context, _ = contexts_of(scene.encoded, found.table[scene.picks])
    side = round(context.shape[2] ** 0.5)
    square = context.view(-1, side, side)
    middle = side // 2
    assert (square[:, middle, middle] == 0).all()  # never the site itself
    near = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    total = sum(square[:, middle + x, middle + y] for x, y in near)
    exact = torch.sigmoid(2 * total / 3.0)
    # 400 steps of 4,096 sites: each of about 10 parameters that matter costs 1 / (2 N) nats,
    # so probabilities are off by 0.003; 0.02 allows for the network on top
    assert (weights[:, 0] - exact).square().mean().sqrt() < 0.02
    assert (exact - 0.5).square().mean().sqrt() > 0.1  # negative control


def test_a_rotor_is_drawn_about_the_sum_of_its_neighbours():
    found, scene = learnt(system("xy-square", size=16, temperature=1.5), RowByRow())
    states, weights = found.targets(scene)
    assert torch.allclose(weights.sum(dim=1), torch.ones(len(weights)))
    assert np.allclose(states.square().sum(dim=1), 1.0, atol=1e-5)
    context, _ = contexts_of(scene.encoded, found.table[scene.picks])
    side = round(context.shape[2] ** 0.5)
    near = [side * (side // 2 + x) + side // 2 + y for x, y in [(-1, 0), (1, 0), (0, -1), (0, 1)]]
    total = context[:, :, near].sum(dim=2)
    length = total.norm(dim=1)
    along = (states * (total / length[:, None])[..., None]).sum(dim=1).mean(dim=1)
    kappa = length.numpy() / 1.5
    expected = _bessel_ratio(kappa)
    off = along.numpy() - expected
    # 4,096 sites, 4 draws of each: means are known to 0.7 / sqrt(16384) = 0.005
    assert abs(off.mean()) < 0.02
    # with a spread of 0.2 of what is expected and noise of 0.35, the slope is known to 0.03
    slope = np.polyfit(expected, along.numpy(), 1)[0]
    assert abs(slope - 1) < 0.15


def _bessel_ratio(kappa):
    """<cos> of a von Mises density, I_1(kappa) / I_0(kappa)."""
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    weights = np.exp(kappa[:, None] * (np.cos(angles) - 1))
    return (weights * np.cos(angles)).sum(axis=1) / weights.sum(axis=1)
