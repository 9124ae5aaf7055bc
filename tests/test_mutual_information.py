"""M of one cut where it is known: nothing, everything, and in between."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch

from moiety import Samples
from moiety.estimation.critics import ConvolutionalCritic, TrainedCritic
from moiety.estimation.mutual_information import Estimator, estimate_information
from moiety.estimation.training import Training
from moiety.exact.chain import halves_information, segment_information
from moiety.geometry.cuts import ladder
from moiety.systems import system
from small import SMALL

QUICK = Estimator(training=Training(steps=300, batch=256, patience=4))


def top(samples):
    return ladder(samples.shape, samples.periodic).cuts[0]


def assert_information(found, expected, missed=0.0):
    """4 sigma of the stated error, plus what training may miss of M (a share of it)."""
    report = f"{found.value:.4f} ± {found.error:.4f} against {expected:.4f}, {found.status}"
    assert found.value - expected <= 4 * found.error, report
    assert expected - found.value <= 4 * found.error + missed * expected, report


@pytest.mark.parametrize("space", [(8,), (6, 6), (4, 4, 4)])
@pytest.mark.parametrize("kind", ["discrete", "angle", "real"])
def test_independent_sites_share_nothing(space, kind):
    draw = np.random.default_rng(0)
    values = (
        draw.integers(0, 3, (256, *space))
        if kind == "discrete"
        else draw.uniform(-3, 3, (256, *space))
    )
    samples = Samples.from_array(
        values, axes=("draw", *"xyz"[: len(space)]), kind=kind, periodic=True
    )
    quick = Estimator(critic=SMALL, training=Training(steps=75, batch=128))
    assert_information(estimate_information(samples, top(samples), quick), 0.0)


def test_identical_halves_share_everything():
    half = np.random.default_rng(0).choice([-1, 1], size=(1024, 2))
    samples = Samples.from_array(np.concatenate([half, half], axis=1), periodic=False)
    found = estimate_information(samples, top(samples), QUICK)
    assert_information(found, 2 * log(2), missed=0.03)


def test_halves_shuffled_between_samples_share_nothing():
    model = system("ising-square", size=8, temperature=1.0)
    samples, quick = model.sample(512, seed=1), replace(QUICK, critic=SMALL)
    assert_information(estimate_information(samples, top(samples), quick), log(2), missed=0.05)
    values = samples.values.copy().reshape(-1, 8, 8)
    values[:, 4:] = values[np.random.default_rng(0).permutation(len(values)), 4:]
    shuffled = Samples.from_array(
        values, axes="draw,x,y", periodic=False
    )  # one window, the halves as they are
    assert_information(estimate_information(shuffled, top(shuffled), quick), 0.0)


@pytest.mark.parametrize("critic", [None, ConvolutionalCritic()])
def test_segments_of_the_ising_chain(critic):
    samples = system("ising-chain", size=32, temperature=1.0).sample(1024, seed=2)
    estimator = Estimator(training=QUICK.training, **({"critic": critic} if critic else {}))
    whole, *_, inner = [
        cut for cut in ladder(samples.shape, samples.periodic).cuts if cut.volume >= 4
    ]
    assert_information(
        estimate_information(samples, whole, estimator), halves_information(32, 1.0), missed=0.03
    )
    assert_information(
        estimate_information(samples, inner, estimator), segment_information(1.0), missed=0.03
    )


def test_neighbours_of_a_gaussian_chain():
    # x_i = a x_{i-1} + noise is Markov: the halves share what the two sites at the cut do
    memory, noise = 0.8, np.random.default_rng(3).normal(size=(2048, 8))
    values = noise.copy()
    for i in range(1, 8):
        values[:, i] = memory * values[:, i - 1] + np.sqrt(1 - memory**2) * noise[:, i]
    samples = Samples.from_array(values, kind="real", periodic=False)
    found = estimate_information(samples, top(samples), QUICK)
    assert_information(found, -0.5 * log(1 - memory**2), missed=0.04)


def test_what_training_has_not_found_is_added_to_the_bound():
    samples = system("ising-chain", size=32, temperature=1.0).sample(128, seed=4)
    inner = next(cut for cut in ladder(samples.shape, samples.periodic).cuts if cut.volume == 4)
    found = estimate_information(samples, inner, Estimator(training=Training(steps=60, batch=128)))
    added = found.value - found.bounds["donsker-varadhan"]
    assert 0 <= found.late < added <= found.missing  # the rest is the scatter of the folds
    assert_information(found, segment_information(1.0))
    # negative control: folds that agree, for they have one network, scatter little
    idle = Estimator(training=Training(steps=1, learning_rate=1e-9, batch=128))
    idle = estimate_information(samples, inner, idle, warm=found.modules[:1] * 2)
    assert idle.value - idle.bounds["donsker-varadhan"] - idle.late < 0.6 * (
        added - found.late
    )  # calibrated apart, still


def test_numbers_do_not_depend_on_threads():
    samples = system("ising-square", size=8, temperature=2.5).sample(128, seed=1)
    first, alone, other = (
        estimate_information(
            samples,
            top(samples),
            Estimator(
                critic=SMALL, training=Training(steps=60, batch=128), threads=threads, seed=seed
            ),
        )
        for threads, seed in ((2, 0), (1, 0), (2, 1))
    )
    assert first.value == alone.value
    np.testing.assert_array_equal(first.influence, alone.influence)
    assert first.value != other.value


def test_warm_weights_save_steps():
    samples = system("ising-square", size=16, temperature=2.3).sample(512, seed=1)
    larger, smaller = (
        cut for cut in ladder(samples.shape, samples.periodic).cuts if cut.left in ((8, 8), (4, 8))
    )
    short = Estimator(critic=SMALL, training=Training(steps=25))
    taught = estimate_information(samples, smaller, replace(short, training=Training(steps=150)))
    warm = estimate_information(samples, larger, short, warm=taught.modules)
    cold = estimate_information(samples, larger, short)
    assert warm.histories[0].validation[0] > cold.histories[0].validation[0]
    assert warm.bounds["donsker-varadhan"] > cold.bounds["donsker-varadhan"]


def test_a_cut_that_matters_little_still_gets_a_hundred_warm_steps():
    samples = system("ising-chain", size=8, temperature=1.0).sample(64, seed=1)
    training = Training(steps=330, batch=64, patience=100)
    taught = estimate_information(
        samples, top(samples), Estimator(critic=SMALL, training=replace(training, steps=25))
    )
    trained = TrainedCritic(SMALL, {top(samples).parent: taught.modules})
    steps = {}
    for name, critic, effort in (
        ("warm", trained, 0.2),
        ("warm, in full", trained, 1.0),
        ("cold", SMALL, 0.5),
    ):
        found = estimate_information(
            samples, top(samples), Estimator(critic=critic, training=training), effort=effort
        )
        steps[name] = found.histories[0].steps[-1]
    assert steps == {"warm": 100, "warm, in full": 110, "cold": 165}


def test_the_sampling_error_is_the_spread_over_samples():
    model = system("ising-chain", size=8, temperature=1.5)
    config = Estimator(critic=SMALL, training=Training(steps=40, batch=128))
    found = [
        estimate_information(s, top(s), config)
        for s in (model.sample(256, seed=seed) for seed in range(24))
    ]
    spread = np.std([one.value for one in found], ddof=1)
    stated = np.sqrt(np.mean([one.sampling**2 for one in found]))
    # the spread of 24 values has a relative error of 1/sqrt(2 * 23) = 15%
    assert stated == pytest.approx(spread, rel=3 * 0.15)
    assert abs(np.mean([one.influence.mean() for one in found])) < 1e-9


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_ends_all_folds_and_leaves_torch_as_it_was(threads):
    samples = system("ising-square", size=8, temperature=2.5).sample(128, seed=1)
    endless = Estimator(training=Training(steps=100_000, patience=100_000), threads=threads)
    before = torch.get_num_threads()

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        estimate_information(samples, top(samples), endless, progress=interrupt)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("change", [{"folds": 1}, {"threads": 0}])
def test_bad_settings(change):
    with pytest.raises(ValueError):
        Estimator(**change)
