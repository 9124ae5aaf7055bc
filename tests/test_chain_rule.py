"""The chain rule: entropies and M where they are known."""

from dataclasses import replace

import numpy as np
import pytest

from moiety import InputError, Samples, estimate_entropy, ladder
from moiety.base.errors import Stopped
from moiety.chain_rule.estimate import ChainRule, estimate_chain_rule, estimate_chain_rules
from moiety.chain_rule.orders import RowByRow
from moiety.data.statistics import standard_error
from moiety.estimation.history import TrainingStatus
from moiety.estimation.training import Training
from moiety.exact.chain import segment_information
from moiety.systems import system
from small import SMALL
from statistical import exact_mean

QUICK = ChainRule(
    width=32,
    evaluations=2**15,
    training=Training(steps=160, batch=512, learning_rate=2e-2, averaging=0.97, check_every=40),
)


def error_of(estimate):
    return np.hypot(standard_error(estimate.influence), estimate.missing)


def assert_entropy(estimate, exact):
    """4 of the stated errors: one false alarm in 10^4, and the seeds are fixed."""
    report = f"{estimate.entropy:.5f} ± {error_of(estimate):.5f}, exact {exact:.5f}"
    assert abs(estimate.entropy - exact) < 4 * error_of(estimate), report


def test_independent_and_frozen_sites():
    spins = np.random.default_rng(0).choice([-1, 1], size=(1024, 8, 8))
    assert_entropy(estimate_chain_rule(Samples.from_array(spins, periodic=True), QUICK), np.log(2))
    few = estimate_chain_rule(Samples.from_array(spins[:128], periodic=True), QUICK)
    # 8,192 sites also teach noise, which the folds do not share
    assert few.bound > np.log(2) + 0.002
    assert abs(few.entropy - np.log(2)) < min(few.bound - np.log(2), 4 * error_of(few))
    ones = Samples.from_array(np.ones((512, 8, 8), int), states=2, periodic=True)
    frozen = estimate_chain_rule(ones, QUICK)
    assert abs(frozen.entropy) < 1e-3 and 0 <= frozen.bound < 0.01


def without_thermal_noise(estimate, model, samples, states):
    """Subtract (E - <E>) / T: -log p = E / T + log Z, so most of the sampling error cancels."""
    excess = model.energy(samples.values) - exact_mean(model, model.energy, states)
    excess = excess.ravel() / (model.temperature * np.prod(model.shape))
    entropy, influence = estimate.entropy - excess.mean(), estimate.influence - excess
    assert standard_error(influence) < 0.5 * standard_error(estimate.influence)
    return replace(estimate, entropy=entropy, influence=influence)


@pytest.mark.parametrize(
    ("name", "parameters", "states", "neighbour"),
    [
        ("ising-square", {"size": (3, 4), "temperature": 2.0}, 2, {}),
        ("ising-square", {"size": (4, 4), "temperature": 2.5, "field": 0.2}, 2, {}),
        ("potts-square", {"size": (3, 3), "temperature": 1.0, "states": 3}, 3, {}),
        ("ising-triangular", {"size": (4, 4), "temperature": 0.8, "coupling": -1.0}, 2, {}),
        ("ising-chain", {"size": 16, "temperature": 1.0}, 2, {"temperature": 1.1}),
        ("ising-cubic", {"size": (2, 3, 3), "temperature": 4.0}, 2, {}),
        ("markov-chain", {"size": 32, "states": 3}, None, {"stay": 0.6}),
        ("gaussian-field", {"size": (6, 6)}, None, {"mass": 1.3}),
        ("xy-square", {"size": (1, 16), "temperature": 0.5}, None, {"temperature": 0.55}),
        ("xy-square", {"size": (2, 2), "temperature": 0.5}, None, {}),
    ],
)
def test_entropies_against_exact_ones(name, parameters, states, neighbour):
    model = system(name, **parameters)
    samples = model.sample(1024, seed=1)
    estimate = estimate_chain_rule(samples, QUICK)
    assert_entropy(estimate, model.exact_entropy())
    if states:
        assert_entropy(
            without_thermal_noise(estimate, model, samples, states), model.exact_entropy()
        )
    if neighbour:  # negative control: the error tells neighbouring models apart
        other = system(name, **{**parameters, **neighbour}).exact_entropy()
        assert abs(estimate.entropy - other) > 4 * error_of(estimate)


def test_m_of_a_chain_is_one_number_per_interface_at_all_sizes():
    model = system("ising-chain", size=64, temperature=1.0)
    cuts = ladder(model.shape, model.periodic).cuts[:4]
    assert [cut.faces for cut in cuts] == [2, 1, 1, 1]
    estimate = estimate_chain_rule(model.sample(1024, seed=2), QUICK, cuts=cuts)
    for cut in cuts:
        value, influence = estimate.mutual_information[cut.parent]
        error = np.hypot(standard_error(influence), 0.01)
        assert abs(value - cut.faces * segment_information(1.0)) < 4 * error
        assert value > 0.1  # negative control


def test_m_of_a_field_at_every_cut():
    model, heavier = (system("gaussian-field", size=4, mass=mass) for mass in (0.3, 0.6))
    cuts = ladder(model.shape, model.periodic).cuts
    estimate = estimate_chain_rule(model.sample(1024, seed=2), QUICK, cuts=cuts)
    ratios = []
    for cut in cuts:
        value, influence = estimate.mutual_information[cut.parent]
        exact, other = (
            field.information(cut.left, cut.right, cut.axis) for field in (model, heavier)
        )
        error = 4 * standard_error(influence)
        assert abs(value - exact) < error + 0.05 * exact  # the training is short
        ratios.append(abs(value - other) / (error + 0.05 * other))
    assert max(ratios) > 1  # negative control


def test_the_seed_alone_decides_the_numbers():
    samples = system("ising-square", size=8, temperature=3.0).sample(64, seed=1)
    short = ChainRule(width=16, evaluations=2**12, training=Training(steps=8, batch=256))

    def entropy(seed, threads):
        return estimate_chain_rule(samples, short, seed=seed, threads=threads).entropy

    assert entropy(1, 2) == entropy(1, 1) != entropy(2, 2)


def test_a_request_to_stop_ends_all_folds():
    samples = system("ising-square", size=4, temperature=3.0).sample(64, seed=1)
    endless = ChainRule(width=8, training=Training(steps=100_000, batch=64, patience=100_000))
    with pytest.raises(Stopped, match="chain rule"):
        estimate_chain_rule(samples, endless, time_limit=1e-9)
    checks = []
    with pytest.raises(Stopped, match="chain rule"):
        estimate_chain_rule(
            samples,
            endless,
            should_stop=lambda: len(checks) >= 2,
            on_check=lambda name, fold, history: checks.append((name, history.steps[-1])),
        )
    assert {name for name, _ in checks} == {"chain rule"} and len(checks) <= 4


# --- Several state points, and warm starts


TEMPERATURES = (1.5, 2.5, 4.0)


@pytest.fixture(scope="module")
def models():
    return [system("ising-square", size=(3, 4), temperature=t) for t in TEMPERATURES]


@pytest.fixture(scope="module")
def sweep(models):
    counts = (512, 1024, 512)
    return [
        model.sample(n, seed=k) for k, (model, n) in enumerate(zip(models, counts, strict=True))
    ]


@pytest.fixture(scope="module")
def estimates(sweep):
    return estimate_chain_rules(sweep, [[t] for t in TEMPERATURES], config=QUICK)


def test_one_network_serves_a_sweep(models, sweep, estimates):
    assert {estimate.modules for estimate in estimates} == {estimates[0].modules}
    for estimate, samples, model in zip(estimates, sweep, models, strict=True):
        assert len(estimate.influence) == samples.n
        assert np.mean(estimate.influence) == pytest.approx(estimate.bound)
        assert_entropy(estimate, model.exact_entropy())
    with pytest.raises(AssertionError):  # negative control: the next state point
        for estimate, model in zip(estimates, models[1:], strict=False):
            assert_entropy(estimate, model.exact_entropy())


def test_the_parameters_of_the_state_point_lower_the_bound(sweep, estimates):
    values = np.concatenate([samples.values.reshape(-1, 3, 4) for samples in sweep])
    mixed = Samples.from_array(values, states=2, axes="draw,x,y", periodic=True)
    without = estimate_chain_rule(mixed, QUICK)
    with_parameters = np.mean(np.concatenate([estimate.influence for estimate in estimates]))
    assert without.bound > with_parameters + 0.02


def test_networks_of_a_sweep_start_those_of_a_state_point(estimates):
    model = system("ising-square", size=(3, 4), temperature=2.3)
    samples = model.sample(512, seed=9)
    cold = estimate_chain_rule(samples, QUICK)
    warm = estimate_chain_rule(samples, QUICK, warm_start=estimates[0].modules)
    assert warm.histories[0].bound[0] > cold.histories[0].bound[0]
    assert warm.histories[0].steps[-1] <= 54 < cold.histories[0].steps[-1]  # a third of the steps
    apart = np.hypot(cold.missing, warm.missing)  # on the same samples
    assert abs(warm.entropy - cold.entropy) < 4 * apart + 1e-3


def test_bad_sweeps():
    spins, larger = (
        Samples.from_array(np.ones((64, side, 4), int), states=2, axes="draw,x,y", periodic=True)
        for side in (4, 6)
    )
    for sweep, points, text in (
        ([spins, larger], [[1.0], [2.0]], "must agree"),
        ([spins, spins], [[1.0]], "as many different points"),
        ([spins, spins], [[1.0], [1.0]], "as many different points"),
        ([spins, spins], None, "as many different points"),
        ([], [], "quarter of the samples"),
    ):
        with pytest.raises(InputError, match=text):
            estimate_chain_rules(sweep, points, config=QUICK)


def test_bad_settings():
    with pytest.raises(ValueError, match="must be positive"):
        ChainRule(width=0)
    spins = Samples.from_array(np.ones((16, 4, 4), int), axes="draw,x,y", periodic=True)
    with pytest.raises(InputError, match="folds"):
        estimate_chain_rule(spins, folds=5)


# --- The second route of an estimate


@pytest.fixture(scope="module")
def model():
    return system("ising-square", size=4, temperature=3.0)


@pytest.fixture(scope="module")
def samples(model):
    return model.sample(512, seed=1)


OPTIONS = {"training": Training(steps=50, batch=128), "precision": 1.0, "critic": SMALL}


def test_the_cross_check_of_an_estimate(model, samples):
    result = estimate_entropy(samples, chain_rule=QUICK, **OPTIONS)
    other = result.cross_check
    check = next(check for check in result.status.checks if check.name == "cross-check")
    assert check.passed and "does not bracket the truth" in check.message
    assert abs(other.entropy - model.exact_entropy()) < 4 * other.error
    assert "cross-check" in str(result)
    assert estimate_entropy(samples, cross_check=False, **OPTIONS).cross_check is None


def test_a_cross_check_that_is_known_already(model, samples):
    known = estimate_chain_rule(samples, QUICK)  # of a sweep, for example
    result = estimate_entropy(samples, cross_check=known, **OPTIONS)
    assert result.cross_check.entropy == known.entropy
    # negative control: routes that differ are noticed, and the higher one is to blame
    wrong = replace(known, entropy=known.entropy + 0.1)
    doubtful = estimate_entropy(samples, cross_check=wrong, **OPTIONS)
    assert not doubtful.status.ok
    assert any("the chain rule missed something" in text for text in doubtful.status.warnings)
    diverged = replace(known, status=TrainingStatus.DIVERGED)
    assert estimate_entropy(samples, cross_check=diverged, **OPTIONS).cross_check is None
    with pytest.raises(InputError, match="512 samples, not to these 256"):
        estimate_entropy(model.sample(256, seed=1), cross_check=known)


def test_training_ends_at_the_precision_that_is_asked_for():
    samples = system("ising-square", size=8, temperature=3.0).sample(256, seed=1)
    training = Training(steps=200, batch=512, check_every=10, gain=0, patience=100)
    config = ChainRule(RowByRow(), width=16, evaluations=2**12, training=training)
    steps = [
        estimate_chain_rule(samples, replace(config, precision=precision)).histories[0].steps[-1]
        for precision in (None, 0.5, 1e-9)
    ]
    # untrained, a spin costs log 2; the second half of a training gains less than 0.125 nats soon
    assert steps[0] == steps[2] == 200 and steps[1] < 100
    with pytest.raises(ValueError, match="precision"):
        ChainRule(precision=0.0)
