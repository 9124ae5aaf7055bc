"""Softer targets: the density of a site given the sites all around it."""

import pytest
import torch

from moiety import InputError
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


def test_rotors_have_no_softer_targets():
    with pytest.raises(InputError, match="discrete"):
        learnt(system("xy-square", size=4, temperature=1.5), RowByRow())
