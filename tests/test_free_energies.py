"""Free energies from samples, draws of a network and known energies."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

from moiety import EstimateError, InputError, Samples
from moiety.chain_rule.estimate import estimate_chain_rule
from moiety.entropy.bennett import acceptance_ratio
from moiety.entropy.energies import free_energy
from moiety.exact.enumeration import all_states
from moiety.systems import system
from test_chain_rule import QUICK


def found(model, n=1024, seed=1, temperature=None, **options):
    estimate = estimate_chain_rule(model.sample(n, seed=seed), QUICK, seed=seed)
    return free_energy(estimate, model, temperature or model.temperature, **options)


def bracket_of_log_z(result):
    """The bracket is one of s = E/T + log Z."""
    beta_mean = result.energy / result.temperature
    return result.bracket.lower - beta_mean, result.bracket.upper - beta_mean


def exact_log_z(model, states):
    energies = model.energy(all_states(model.shape, states)).ravel()
    return float(logsumexp(-energies / model.temperature)) / np.prod(model.shape)


@pytest.mark.parametrize(
    ("name", "parameters", "states"),
    [
        ("ising-square", {"size": (3, 4), "temperature": 2.0}, 2),
        ("ising-square", {"size": (4, 4), "temperature": 2.5, "field": 0.2}, 2),
        ("potts-square", {"size": (3, 3), "temperature": 1.0, "states": 3}, 3),
        ("ising-triangular", {"size": (4, 4), "temperature": 0.8, "coupling": -1.0}, 2),
    ],
)
def test_log_z_of_discrete_states_against_enumeration(name, parameters, states):
    """4 errors: one false alarm in 10^4.  The errors are a hundredth of those of s alone."""
    model = system(name, **parameters)
    result, exact = found(model), exact_log_z(model, states)
    assert abs(result.log_z - exact) < 4 * result.log_z_error < 0.02
    assert result.value == pytest.approx(-model.temperature * result.log_z)
    lower, upper = bracket_of_log_z(result)
    assert lower - 4 * result.log_z_error < exact < upper + 4 * result.log_z_error
    assert abs(result.entropy - model.exact_entropy()) < 4 * result.entropy_error
    assert result.entropy_error > result.log_z_error
    assert 0.2 < result.bracket.overlap <= 1.05 and result.bracket.effective > 20
    # negative control: another temperature is far away
    other = exact_log_z(replace(model, temperature=1.1 * model.temperature), states)
    assert abs(result.log_z - other) > 8 * result.log_z_error


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gaussian-field", {"size": (6, 6), "mass": 0.8}),
        ("xy-square", {"size": (1, 16), "temperature": 0.7}),
    ],
)
def test_log_z_of_continuous_states(name, parameters):
    """log Z = s - <E> / T; the exact mean energy of a field is T / 2 a site."""
    model = system(name, **parameters)
    result, sites = found(model), np.prod(model.shape)
    samples = model.sample(200_000, seed=5) if name == "xy-square" else None
    energy = (
        model.temperature / 2 if samples is None else model.energy(samples.values).mean() / sites
    )
    blur = 0.0 if samples is None else model.energy(samples.values).std() / 200_000**0.5 / sites
    exact = model.exact_entropy() - energy / model.temperature
    error = np.hypot(result.log_z_error, blur / model.temperature)
    assert abs(result.log_z - exact) < 4 * error < 0.02
    lower, upper = bracket_of_log_z(result)
    assert lower < result.log_z < upper


def test_stated_errors_hold():
    """20 runs: rms of z within 0.6 and 1.5 has 99.6% of chi-square (and the seeds are fixed)."""
    model = system("ising-square", size=(3, 3), temperature=2.5)
    exact = exact_log_z(model, 2)
    runs = [found(model, n=128, seed=seed, draws=128) for seed in range(20)]
    z = np.array([(run.log_z - exact) / run.log_z_error for run in runs])
    assert 0.6 < np.sqrt((z**2).mean()) < 1.5
    plain = np.array([(bracket_of_log_z(run)[1] - exact) / run.log_z_error for run in runs])
    assert np.sqrt((plain**2).mean()) > 1.5  # negative control: the plain average is biased


def test_hard_cores():
    """Configurations without neighbours on a 4x4 lattice; log Z is the log of their number."""
    every = all_states((4, 4), 2)[0].astype(int)
    touch = sum((every * np.roll(every, 1, axis)).sum((1, 2)) for axis in (1, 2))
    allowed = every[touch == 0]
    picks = np.random.default_rng(0).integers(len(allowed), size=1024)
    samples = Samples.from_array(allowed[picks], periodic=True, axes="draw,x,y")

    def energy(given):
        values = given.values.reshape(-1, 4, 4).astype(int)
        overlaps = sum((values * np.roll(values, 1, axis)).sum((1, 2)) for axis in (1, 2))
        return np.where(overlaps > 0, np.inf, 0.0)

    result = free_energy(estimate_chain_rule(samples, QUICK), energy, 1.0)
    exact = np.log(len(allowed)) / 16
    assert abs(result.log_z - exact) < 4 * result.log_z_error < 0.02
    assert result.entropy == pytest.approx(result.log_z)  # all energies are 0
    with pytest.raises(InputError, match="infinite energy"):
        free_energy(estimate_chain_rule(samples, QUICK), lambda s: np.full(s.n, np.inf), 1.0)


def test_a_wrong_temperature_is_noticed():
    """The network finds the temperature to 3%, whatever was given."""
    model = system("ising-square", size=(4, 4), temperature=2.5)
    estimate = estimate_chain_rule(model.sample(1024, seed=1), QUICK)
    for given in (2.5, 2.0, 4.0):
        result = free_energy(estimate, model, given)
        assert abs(result.fitted_temperature - 2.5) < max(4 * result.fitted_error, 0.075)
        assert result.temperature == given


def test_energies_and_temperatures_that_do_not_fit():
    model = system("ising-square", size=(3, 3), temperature=2.5)
    estimate = estimate_chain_rule(model.sample(64, seed=1), QUICK)
    for wrong, message in (
        (lambda s: np.zeros(s.n - 1), "one energy for each of 64 samples"),
        (lambda s: np.full(s.n, np.nan), "without NaN"),
    ):
        with pytest.raises(InputError, match=message):
            free_energy(estimate, wrong, 1.0)
    for wrong in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(InputError, match="temperature must be positive"):
            free_energy(estimate, model, wrong)


def test_too_far_apart():
    """A network that has learnt nothing draws random spins, and the samples are ordered."""
    model = system("ising-square", size=(16, 16), temperature=1.5)
    idle = replace(QUICK, training=replace(QUICK.training, steps=1))
    estimate = estimate_chain_rule(model.sample(256, seed=1), idle)
    with pytest.raises(EstimateError, match="too far apart"):
        free_energy(estimate, model, 1.5)


def test_energies_alone_give_an_estimate_from_above():
    """Without a function there are no draws: log Z is that of the chain rule, and so is s."""
    model = system("ising-square", size=(4, 4), temperature=2.5)
    samples = model.sample(1024, seed=1)
    estimate = estimate_chain_rule(samples, QUICK)
    energies = model.energy(samples.values)
    alone = free_energy(estimate, None, 2.5, energies=energies)
    assert alone.bracket is None
    assert abs(alone.log_z - exact_log_z(model, 2)) < 4 * alone.log_z_error
    assert abs(alone.entropy - estimate.entropy) < 0.003  # other sites of the same samples
    both = free_energy(estimate, model, 2.5, energies=energies.ravel())
    assert both.log_z_error < alone.log_z_error
    with pytest.raises(InputError, match="differ from those of the function"):
        free_energy(estimate, model, 2.5, energies=energies + 1)


def test_a_mean_energy_of_a_longer_record_makes_s_sharper():
    model = system("ising-square", size=(4, 4), temperature=2.5)
    longer = model.energy(model.sample(200_000, seed=9).values)
    mean = float(longer.mean()), float(longer.std()) / 200_000**0.5
    plain, sharper = found(model), found(model, mean_energy=mean)
    assert sharper.entropy_error < plain.entropy_error / 3
    assert abs(sharper.entropy - model.exact_entropy()) < 4 * sharper.entropy_error
    assert sharper.log_z == plain.log_z  # F does not depend on it
    # negative control: a mean energy that is wrong by a tenth moves s by many errors
    wrong = found(model, mean_energy=(0.9 * mean[0], mean[1]))
    assert abs(wrong.entropy - model.exact_entropy()) > 8 * wrong.entropy_error
    with pytest.raises(InputError, match="a number and its error"):
        found(model, mean_energy=(1.0, -1.0))


def test_the_ratio_of_sets_that_are_equal_or_have_nothing_in_common():
    """Equal sets overlap completely, whatever their numbers; W of distant sets tells nothing."""
    for numbers in ((50, 50), (50, 4000)):
        same = acceptance_ratio(np.full(numbers[0], 2.0), np.full(numbers[1], 2.0))
        assert same.log_z == pytest.approx(2.0, abs=1e-9)
        assert same.error < 1e-9 and same.overlap == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    for distance in (100.0, 1e4):
        with pytest.raises(EstimateError, match="too far apart|nothing in common"):
            acceptance_ratio(rng.normal(distance, 1, 50), rng.normal(-distance, 1, 50))
    with pytest.raises(EstimateError, match="no draw"):
        acceptance_ratio(np.zeros(50), np.full(50, -np.inf))
