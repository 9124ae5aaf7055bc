"""M of one cut where it is known: nothing, everything, and in between."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch
from torch import nn

from moiety import Samples
from moiety.estimation.critics import ConvolutionalCritic, InterfaceCritic
from moiety.estimation.estimator import Estimator, Round, scale_learning_rate, scale_training
from moiety.estimation.execution import Execution, Task
from moiety.estimation.mutual_information import estimate_mutual_information, mutual_information_of
from moiety.estimation.training import Training
from moiety.estimation.windows import windows_of
from moiety.exact.chain import halves_information, segment_information
from moiety.geometry.cuts import ladder
from moiety.systems import system
from small import SMALL

QUICK = Estimator(SMALL, training=Training(steps=80, batch=128, check_every=40))


class Bonds:
    """A critic with known scores: the sum of the two bonds between the halves of a ring."""

    sees = "image"

    def build(self, shape):
        return BondNetwork()


class BondNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.coupling = nn.Parameter(torch.tensor(1.0))

    def embed(self, a, b):
        return (a[:, 0, [0, -1], 0],), (b[:, 0, [-1, 0], 0],)

    def combine(self, a, b):
        return ((a[0] * b[0]).sum(dim=1),)

    def score(self, pairs):
        return self.coupling * pairs[0]

    def forward(self, a, b):
        return self.score(self.combine(*self.embed(a, b)))


BONDS = Estimator(Bonds(), training=Training(steps=2, batch=32, check_every=1, learning_rate=1e-9))


def top(samples):
    return ladder(samples.shape, samples.periodic).cuts[0]


def assert_information(estimate, expected, missed=0.0):
    """4 sigma of the stated error, and a share of M that a short training may miss."""
    report = f"{estimate.value:.4f} ± {estimate.error:.4f}, not {expected:.4f}: {estimate.status}"
    assert estimate.value - expected <= 4 * estimate.error, report
    assert expected - estimate.value <= 4 * estimate.error + missed * expected, report


@pytest.mark.parametrize(
    ("space", "kind"),
    [
        ((8,), "discrete"),
        ((8,), "real"),
        ((6, 6), "discrete"),
        ((6, 6), "angle"),
        ((4, 4, 4), "real"),
    ],
)
def test_independent_sites_share_nothing(space, kind):
    draw, shape = np.random.default_rng(0), (256, *space)
    values = draw.integers(0, 3, shape) if kind == "discrete" else draw.uniform(-3, 3, shape)
    axes = ("draw", *"xyz"[: len(space)])
    samples = Samples.from_array(values, axes=axes, kind=kind, periodic=True)
    short = replace(QUICK, training=Training(steps=40, batch=128, check_every=20))
    assert_information(estimate_mutual_information(samples, top(samples), short), 0.0)


def test_identical_halves_share_everything():
    half = np.random.default_rng(0).choice([-1, 1], size=(1024, 2))
    samples = Samples.from_array(
        np.concatenate([half, half], axis=1), axes="draw,x", periodic=False
    )
    estimate = estimate_mutual_information(samples, top(samples), QUICK)
    assert_information(estimate, 2 * log(2), missed=0.03)


def test_halves_shuffled_between_samples_share_nothing():
    model = system("ising-square", size=8, temperature=1.0)  # all up or all down
    samples = model.sample(512, seed=1)
    short = replace(QUICK, training=Training(steps=50, batch=64))
    estimate = estimate_mutual_information(samples, top(samples), short)
    assert_information(estimate, log(2), missed=0.05)
    values = samples.values.copy().reshape(-1, 8, 8)
    values[:, 4:] = values[np.random.default_rng(0).permutation(len(values)), 4:]
    # open boundaries: a single window, with the halves that were shuffled
    shuffled = Samples.from_array(values, axes="draw,x,y", periodic=False)
    assert_information(estimate_mutual_information(shuffled, top(shuffled), short), 0.0)


@pytest.mark.parametrize("critic", [InterfaceCritic(), ConvolutionalCritic()])
def test_segments_of_the_ising_chain(critic):
    samples = system("ising-chain", size=16, temperature=1.0).sample(1024, seed=2)
    estimator = replace(QUICK, critic=critic)
    whole, inner = ladder(samples.shape, samples.periodic).cuts[:2]
    exact = halves_information(16, 1.0), segment_information(1.0)  # two interfaces, and one
    for cut, expected in zip((whole, inner), exact, strict=True):
        estimate = estimate_mutual_information(samples, cut, estimator)
        assert_information(estimate, expected, missed=0.03)


def test_neighbours_of_a_gaussian_chain():
    # x_i = a x_{i-1} + noise is Markov: the halves share what the two sites at the cut share
    memory, noise = 0.8, np.random.default_rng(3).normal(size=(2048, 8))
    values = noise.copy()
    for i in range(1, 8):
        values[:, i] = memory * values[:, i - 1] + np.sqrt(1 - memory**2) * noise[:, i]
    samples = Samples.from_array(values, axes="draw,x", kind="real", periodic=False)
    estimate = estimate_mutual_information(samples, top(samples), QUICK)
    assert_information(estimate, -0.5 * log(1 - memory**2), missed=0.04)


def test_what_training_has_not_found_is_added_to_the_bound():
    samples = system("ising-chain", size=32, temperature=1.0).sample(128, seed=4)
    inner = next(cut for cut in ladder(samples.shape, samples.periodic).cuts if cut.volume == 4)
    short = Estimator(training=Training(steps=60, batch=128))
    estimate = estimate_mutual_information(samples, inner, short)
    added = estimate.value - estimate.bounds["donsker-varadhan"]
    assert 0 <= estimate.late < added <= estimate.missing  # the rest is the folds' disagreement
    assert_information(estimate, segment_information(1.0))
    # negative control: folds with the same network disagree little
    idle = replace(short, training=Training(steps=1, learning_rate=1e-9, batch=128))
    same = estimate_mutual_information(samples, inner, idle, warm_start=estimate.modules[:1])
    disagreement = same.value - same.bounds["donsker-varadhan"] - same.late
    assert disagreement < 0.6 * (added - estimate.late)  # each fold still has its own calibration


def test_the_seed_alone_decides_the_numbers():
    samples = system("ising-square", size=8, temperature=2.5).sample(128, seed=1)
    short = replace(QUICK, training=Training(steps=10, batch=64, check_every=5))

    def estimate(seed, threads):
        execution = Execution(seed=seed, threads=threads)
        return estimate_mutual_information(samples, top(samples), short, execution)

    first, alone, other = estimate(0, 2), estimate(0, 1), estimate(1, 2)
    assert first.value == alone.value != other.value
    np.testing.assert_array_equal(first.influence, alone.influence)


def test_a_warm_start_saves_steps():
    samples = system("ising-square", size=8, temperature=2.3).sample(256, seed=1)
    larger, smaller = (
        cut for cut in ladder(samples.shape, samples.periodic).cuts if cut.left in ((4, 8), (4, 4))
    )
    below = estimate_mutual_information(samples, smaller, QUICK)
    short = replace(QUICK, training=Training(steps=25))
    warm, cold = (
        estimate_mutual_information(samples, larger, short, warm_start=start)
        for start in (below.modules, ())
    )
    assert warm.histories[0].validation[0] > cold.histories[0].validation[0]
    assert warm.bounds["donsker-varadhan"] > cold.bounds["donsker-varadhan"]


def test_a_cut_that_matters_little_still_gets_a_hundred_steps():
    cut = ladder((8,), (True,)).cuts[0]
    training = Training(steps=330, batch=64)

    def steps(training, effort):
        return scale_training(training, cut, effort).steps

    assert steps(training, 0.5) == 165 and steps(training, 0.2) == 100
    assert steps(training.warm(), 1.0) == 110 and steps(training.warm(), 0.2) == 100
    assert steps(Training(steps=20), 0.2) == 20  # a training of fewer steps stays as it is


def test_longer_interfaces_get_smaller_batches_and_slower_warm_starts():
    interfaces = {64: 64, 128: 32, 256: 32}  # at least 32 pairs per step
    for side, batch in interfaces.items():
        cut = ladder((side, side), (False, False)).cuts[0]
        assert cut.interface == side
        assert scale_training(Training(), cut, 1.0).batch == batch
        assert scale_learning_rate(Training(), side).learning_rate == 0.01 / side**0.5
    assert scale_training(Training(batch=16), cut, 1.0).batch == 16


def test_effort_is_a_share_of_the_steps():
    samples = system("ising-chain", size=8, temperature=1.0).sample(32, seed=1)
    training = replace(BONDS.training, steps=240, check_every=60)
    estimate = estimate_mutual_information(
        samples, top(samples), replace(BONDS, training=training), effort=0.5
    )
    assert [history.steps for history in estimate.histories] == [(60, 120)] * 2


def test_a_later_round_continues_the_networks_and_their_histories():
    samples = system("ising-square", size=8, temperature=2.6).sample(512, seed=1)
    source, shape = windows_of(samples, top(samples)), (samples.chains, samples.draws)
    training = Training(steps=400, batch=64, learning_rate=5e-3, check_every=20)
    estimator = replace(QUICK, training=training)

    def trained(part):
        return mutual_information_of(source, shape, estimator, Execution(threads=1), part=part)

    first = trained(Round(0.2))
    again, other = (trained(Round(0.2, number, first)) for number in (1, 2))
    assert [history.steps for history in first.histories] == [(20, 40, 60, 80)] * 2
    for before, after in zip(first.histories, again.histories, strict=True):
        assert after.steps == (20, 40, 60, 80, 100, 120, 140, 160)
        assert after.bound[:4] == before.bound
    assert again.steps == 320 and again.seconds > first.seconds
    assert again.bounds["donsker-varadhan"] > first.bounds["donsker-varadhan"]
    assert again.late < first.late  # less is missing
    # each round has pairs of its own, but all are judged by the same ones
    assert other.value != again.value
    idle = replace(estimator, training=replace(training, learning_rate=1e-12))
    still = mutual_information_of(
        source, shape, idle, Execution(threads=1), part=Round(0.2, 1, first)
    )
    assert still.bounds == pytest.approx(first.bounds, rel=1e-3)


def test_the_sampling_error_is_the_spread_over_samples():
    model = system("ising-chain", size=8, temperature=1.5)
    estimates = [
        estimate_mutual_information(samples, top(samples), BONDS)
        for samples in (model.sample(256, seed=seed) for seed in range(40))
    ]
    spread = np.std([estimate.value for estimate in estimates], ddof=1)
    stated = np.sqrt(np.mean([estimate.sampling**2 for estimate in estimates]))
    # the spread of 40 values has a relative error of 1/sqrt(2 * 39) = 11%
    assert stated == pytest.approx(spread, rel=3 * 0.11)
    assert 2 * stated != pytest.approx(spread, rel=3 * 0.11)  # negative control
    assert abs(np.mean([estimate.influence.mean() for estimate in estimates])) < 1e-9


def test_correlated_chains_have_a_larger_error():
    model = system("ising-chain", size=8, temperature=1.5)
    samples = model.sample(64, seed=1)
    fourfold = Samples.from_array(
        samples.values.reshape(-1, 8).repeat(4, axis=0), axes="draw,x", periodic=True
    )  # each sample four times in a row
    plain, repeated = (
        estimate_mutual_information(each, top(each), BONDS, tau=tau)
        for each, tau in ((samples, 0.5), (fourfold, 2.0))
    )
    assert repeated.sampling == pytest.approx(plain.sampling, rel=0.4)
    naive = np.std(repeated.influence) / len(repeated.influence) ** 0.5
    assert naive < 0.7 * repeated.sampling


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_ends_all_folds_and_restores_the_threads_of_torch(threads):
    samples = system("ising-square", size=8, temperature=2.5).sample(128, seed=1)
    endless = replace(QUICK, training=Training(steps=100_000, patience=100_000))
    before = torch.get_num_threads()

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        estimate_mutual_information(
            samples, top(samples), endless, Execution(threads=threads), task=Task(interrupt)
        )
    assert torch.get_num_threads() == before
