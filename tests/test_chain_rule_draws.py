"""The network of the chain rule as a sampler."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from scipy.stats import chi2, kstest

from moiety import InputError, Samples, ladder
from moiety.chain_rule.arranged import ArrangedSites
from moiety.chain_rule.densities import AngleDensity, DiscreteDensity, RealDensity
from moiety.chain_rule.estimate import estimate_chain_rule
from moiety.chain_rule.network import build_network
from moiety.chain_rule.orders import CoarseToFine, RowByRow
from moiety.chain_rule.pool import SamplePool
from moiety.chain_rule.sampling import draw, log_density
from moiety.systems import system
from test_chain_rule import QUICK

ORDERS = (RowByRow(), CoarseToFine())


def with_random_weights(order, shape, states, periodic):
    """A network that was not trained, for all configurations of a small lattice."""
    every = np.array(list(product(range(states), repeat=int(np.prod(shape)))), np.int8)
    samples = Samples.from_array(
        every.reshape(-1, *shape), periodic=periodic, states=states, axes="draw,x,y"
    )
    sites = ArrangedSites(SamplePool([samples], None), order, "cpu")
    torch.manual_seed(2)
    network = build_network(sites, 16)
    with torch.no_grad():
        for weights in network.parameters():
            weights.normal_(std=0.25)
    return samples, sites, network


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("shape", "states", "periodic"), [((2, 4), 2, True), ((3, 3), 2, False), ((2, 3), 3, False)]
)
def test_draws_follow_the_probabilities_of_the_network(order, shape, states, periodic):
    """Chi-square over all configurations: 0.1% on either side, and the seed is fixed."""
    samples, sites, network = with_random_weights(order, shape, states, periodic)
    p = np.exp(log_density(sites, network, samples))
    assert p.sum() == pytest.approx(1, abs=1e-4)
    n = 40_000
    draws = draw(sites, network, n, seed=1)
    codes = draws.samples.values.reshape(n, -1).astype(int) @ states ** np.arange(
        np.prod(shape) - 1, -1, -1
    )
    counts, common = np.bincount(codes, minlength=len(p)), p * n > 5
    found = ((counts - n * p)[common] ** 2 / (n * p[common])).sum()
    low, high = chi2.ppf([1e-3, 1 - 1e-3], common.sum())
    assert low < found < high and common.sum() > 30
    uniform = ((counts - n / len(p)) ** 2 / (n / len(p))).sum()  # negative control
    assert uniform > 5 * high
    assert draws.log_density == pytest.approx(np.log(p)[codes], abs=1e-3)


def mixed(density, outputs, seed=0):
    """Scores of one density that has all of its components, many times over."""
    torch.manual_seed(seed)
    return torch.randn(1, outputs).expand(4000, -1)


def test_angles_follow_their_density():
    """Kolmogorov and Smirnov against the numerical integral of the density."""
    density = AngleDensity(torch.ones(3), torch.tensor([[-1.0], [0.0], [1.0]]), False)
    with torch.no_grad():
        density.log_scale.fill_(1.0)
    scores = mixed(density, density.outputs)
    frame = torch.tensor([[0.6, 0.8]])
    with torch.no_grad():
        drawn = density.draw(scores, frame.expand(4000, -1), np.random.default_rng(1))
    angles = torch.atan2(drawn[:, 1], drawn[:, 0]).numpy()
    grid = np.linspace(-np.pi, np.pi, 20001)
    points = torch.tensor(np.stack([np.cos(grid), np.sin(grid)], axis=1)).float()
    with torch.no_grad():
        log_p = density.log_density(
            scores[:1].expand(len(grid), -1), points, frame.expand(len(grid), -1)
        )
    heights = log_p.exp().numpy()
    below = np.concatenate([[0], np.cumsum((heights[1:] + heights[:-1]) / 2) * np.diff(grid)])
    assert below[-1] == pytest.approx(1, abs=1e-3)
    assert kstest(angles, lambda x: np.interp(x, grid, below)).pvalue > 1e-3
    assert kstest(-angles, lambda x: np.interp(x, grid, below)).pvalue < 1e-6  # negative control


def test_reals_follow_their_density():
    density = RealDensity(4, scale=2.0)
    scores, frame = mixed(density, density.outputs), torch.tensor([[0.7]])
    drawn = density.draw(scores, frame.expand(4000, -1), np.random.default_rng(1))[:, 0].numpy()
    grid = np.linspace(-30, 30, 60001)
    log_p = density.log_density(
        scores[:1].expand(len(grid), -1),
        torch.tensor(grid)[:, None].float(),
        frame.expand(len(grid), -1),
    )
    heights = log_p.exp().numpy()
    below = np.concatenate([[0], np.cumsum((heights[1:] + heights[:-1]) / 2) * np.diff(grid)])
    assert below[-1] == pytest.approx(1, abs=1e-3)
    assert kstest(drawn, lambda x: np.interp(x, grid, below)).pvalue > 1e-3
    assert kstest(drawn + 0.3, lambda x: np.interp(x, grid, below)).pvalue < 1e-6


def test_states_of_many_follow_their_probabilities():
    density = DiscreteDensity(torch.ones(2), torch.tensor([[-1], [1]]), 5, False)
    scores = torch.tensor([[0.0, 1.0, -1.0, 2.0, -5.0]])
    drawn = density.draw(scores.expand(20000, -1), torch.ones(20000, 1), np.random.default_rng(1))
    expected = scores.softmax(dim=1)[0].numpy()
    found = drawn.mean(dim=0).numpy()
    assert found == pytest.approx(expected, abs=5 * 0.5 / 20000**0.5)
    assert (drawn.sum(dim=1) == 1).all()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("ising-square", {"size": (4, 4), "temperature": 2.5}),
        ("gaussian-field", {"size": (6, 6)}),
        ("xy-square", {"size": (1, 16), "temperature": 0.5}),
        ("potts-square", {"size": (3, 3), "temperature": 1.4, "states": 3}),
    ],
)
def test_draws_of_a_trained_network_are_like_its_samples(order, name, parameters):
    """Mean energies agree within 4 errors and a quarter of their spread: the training is short."""
    model = system(name, **parameters)
    samples = model.sample(1024, seed=1)
    estimate = estimate_chain_rule(samples, replace(QUICK, order=order))
    draws = estimate.sample(2048, seed=3)
    assert draws.samples.shape == samples.shape and draws.samples.n == 2048
    energy, drawn = (model.energy(one.values).ravel() for one in (samples, draws.samples))
    error = np.hypot(energy.std() / 32, drawn.std() / 2048**0.5)
    allowed = 4 * error + 0.25 * energy.std()
    assert abs(energy.mean() - drawn.mean()) < allowed
    shuffled = np.random.default_rng(0).permuted(
        draws.samples.values.reshape(2048, -1), axis=0
    )  # negative control: sites of different draws
    wrong = model.energy(shuffled.reshape(draws.samples.values.shape)).ravel()
    assert abs(energy.mean() - wrong.mean()) > 1.5 * allowed
    again = estimate.log_density(draws.samples)
    assert again == pytest.approx(draws.log_density, rel=1e-4, abs=1e-2)


def test_the_seed_decides_the_draws():
    _, sites, network = with_random_weights(CoarseToFine(), (2, 4), 2, True)
    first, same, other = (draw(sites, network, 64, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.samples.values, same.samples.values)
    assert not np.array_equal(first.samples.values, other.samples.values)


def test_what_cannot_be_drawn():
    model = system("ising-square", size=4, temperature=3.0)
    samples = model.sample(64, seed=1)
    short = replace(QUICK, training=replace(QUICK.training, steps=2))
    cut = estimate_chain_rule(samples, short, cuts=ladder(model.shape, model.periodic).cuts[:1])
    with pytest.raises(InputError, match="draw no configurations"):
        cut.sample(16)
    plain = estimate_chain_rule(samples, short)
    with pytest.raises(InputError, match="at least 8"):
        plain.sample(7)
    with pytest.raises(InputError, match="not like the samples"):
        plain.log_density(system("ising-square", size=6, temperature=3.0).sample(16))
