"""Every system samples its own distribution: against enumeration, plain twins and exact results."""

import json
from threading import get_ident

import numpy as np
import pytest
from scipy.stats import chi2

from moiety import InputError, Samples
from moiety.data.samples import SYMMETRIES
from moiety.data.statistics import rhat, tau_int
from moiety.exact.enumeration import all_states, boltzmann
from moiety.exact.kaufman import kaufman_energy
from moiety.exact.onsager import CRITICAL_TEMPERATURE
from moiety.systems import SYSTEMS, system
from moiety.systems._lattice import neighbour_table
from moiety.systems.dynamics.driver import run_chains
from moiety.systems.dynamics.lattice import lattice_dynamics
from statistical import assert_within_sigma, exact_mean

SMALL = {  # a lattice of each system, small enough to enumerate
    "ising-square": {"size": (3, 4), "temperature": 2.0},
    "ising-chain": {"size": 7, "temperature": 1.0},
    "ising-cubic": {"size": (2, 3, 2), "temperature": 4.0},
    "potts-square": {"size": (3, 3), "temperature": 1.0},
    "ising-triangular": {"size": (3, 4), "temperature": 4.0},
    "markov-chain": {"size": 7, "states": 3},
    "gaussian-field": {"size": (3, 4)},
    "xy-square": {"size": (3, 4), "temperature": 1.0},
}
CONTINUOUS = ("gaussian-field", "xy-square")  # nothing to enumerate: see their own tests
EXACT = ("gaussian-field", "markov-chain")  # sampled without a Markov chain
VARIANTS = [  # (system, changes, algorithms)
    ("ising-square", {}, ("swendsen-wang", "wolff", "metropolis", "heat-bath", "replica-exchange")),
    ("ising-chain", {}, ("swendsen-wang", "wolff", "metropolis", "heat-bath")),
    ("ising-cubic", {}, ("swendsen-wang", "wolff", "metropolis", "heat-bath")),
    ("ising-triangular", {}, ("swendsen-wang", "wolff", "metropolis", "heat-bath")),
    ("potts-square", {}, ("swendsen-wang", "wolff", "metropolis")),
    ("markov-chain", {}, ("exact",)),
    # frustrated
    ("ising-triangular", {"coupling": -1.0}, ("swendsen-wang", "metropolis", "heat-bath")),
    (
        "ising-triangular",
        {"coupling": -1.0, "temperature": 0.8, "size": (3, 3)},
        ("heat-bath", "replica-exchange"),
    ),
    (
        "ising-triangular",
        {"coupling": -1.0, "temperature": 2.0, "field": 0.6},
        ("heat-bath", "metropolis", "replica-exchange", "mixed"),
    ),
    ("ising-square", {"field": 0.3}, ("swendsen-wang", "metropolis", "wolff", "heat-bath")),
    ("ising-square", {"field": -0.4, "temperature": 1.2}, ("wolff", "replica-exchange")),
    ("ising-cubic", {"field": 0.3}, ("wolff", "metropolis", "heat-bath")),
    (
        "ising-square",
        {"coupling": -1.0, "temperature": 1.5},
        ("swendsen-wang", "wolff", "metropolis"),
    ),
    (
        "ising-square",
        {"coupling": -1.0, "field": -0.5},
        ("swendsen-wang", "mixed", "metropolis", "wolff", "heat-bath"),
    ),
    ("ising-square", {"size": (2, 5)}, ("swendsen-wang", "wolff", "metropolis")),  # double bonds
    ("ising-square", {"size": (1, 6)}, ("swendsen-wang", "wolff", "metropolis", "heat-bath")),
    ("ising-square", {"size": 1, "field": 0.7}, ("heat-bath", "wolff", "metropolis")),
    (
        "ising-chain",
        {"size": 2, "field": 0.2},
        ("swendsen-wang", "wolff", "metropolis", "heat-bath"),
    ),
    ("potts-square", {"states": 4, "size": (2, 3)}, ("swendsen-wang", "wolff", "metropolis")),
    ("potts-square", {"coupling": -1.0}, ("metropolis",)),
]
CASES = [
    (name, changes, algorithm) for name, changes, algorithms in VARIANTS for algorithm in algorithms
]
# By default the driver may observe single spins for 16384 sweeps, which is slow.
PACE = {"metropolis": {"burn_in": 300, "thinning": 60}, "exact": {}}
QUICK = {"burn_in": 200}


def test_every_system_has_a_small_case():
    assert set(SMALL) == set(SYSTEMS)


@pytest.mark.parametrize("name", SYSTEMS)
def test_contract(name):
    model = system(name, **SMALL[name])
    assert system(name, **model.parameters()) == model
    assert eval(repr(model), {type(model).__name__: type(model)}) == model
    assert set(model.symmetries) <= set(SYMMETRIES)
    samples = model.sample(21, chains=2, seed=5)
    assert isinstance(samples, Samples) and (samples.kind != "discrete") == (name in CONTINUOUS)
    assert samples.values.dtype == (np.float32 if name in CONTINUOUS else np.uint8)
    assert (samples.chains, samples.draws, samples.shape) == (2, 11, model.shape)
    assert samples.periodic == model.periodic and len(model.periodic) == len(model.shape)
    assert samples.symmetries == model.symmetries
    assert model.energy(samples.values).shape == (2, 11)
    assert name in CONTINUOUS or 0 < model.exact_entropy() < np.log(samples.states)
    keys = {
        "system",
        "parameters",
        "algorithm",
        "thinning",
        "burn_in",
        "given",
        "tau_int",
        "tau_draws",
        "effective",
        "rhat",
        "complete",
    }
    assert set(samples.provenance) == keys | {"seed", "chains", "version"}
    json.dumps(dict(samples.provenance))


@pytest.mark.parametrize("name", SYSTEMS)
def test_stated_symmetries_leave_the_energy_alone(name):
    # of 2 or 3 sites any permutation is a symmetry of the ring
    model = system(name, **{**SMALL[name], "size": 5})
    states = model.sample(8, burn_in=0).states
    values = np.random.default_rng(0).integers(0, states or 4, (1, 16, *model.shape))
    energy = model.energy(values)
    axes = tuple(range(2, values.ndim))
    images = {
        "flip": [(states - 1 if states else 0) - values],
        "reflect": [np.flip(values, axis) for axis in axes],
        "transpose": [np.swapaxes(values, 2, axis) for axis in axes],
        "invert": [np.flip(values, axes)],
        "turn": [values + 0.7],
    }
    for image in (image for symmetry in model.symmetries for image in images[symmetry]):
        np.testing.assert_allclose(model.energy(image), energy, rtol=1e-12, atol=1e-12)
    scrambled = np.random.default_rng(0).permuted(values, axis=-1)
    assert (np.abs(model.energy(scrambled) - energy) > 1e-6).any()  # negative control


@pytest.mark.parametrize(("name", "changes", "algorithm"), CASES)
def test_means_and_states_against_enumeration(name, changes, algorithm):
    model = system(name, **{**SMALL[name], **changes})
    samples = model.sample(4000, seed=2, algorithm=algorithm, **PACE.get(algorithm, QUICK))
    assert samples.provenance["algorithm"] == algorithm
    mean = exact_mean(model, model.energy, samples.states)
    assert_within_sigma(model.energy(samples.values), mean)

    def heat(values):  # N T^2 times the specific heat
        return (model.energy(values) - mean) ** 2

    def order(values):  # |sum (2 s - q + 1)|
        return np.abs((2.0 * values - samples.states + 1).sum(axis=tuple(range(2, values.ndim))))

    for observable in (heat, order):
        expected = exact_mean(model, observable, samples.states)
        assert_within_sigma(observable(samples.values), expected)
    assert chance(model, samples) > LEAST_CHANCE


# 60 cases: a false alarm in 10^4 runs of this test.  The smallest chance is 3e-5, of a cube in a
# field by Wolff clusters with this seed; over 60 other seeds (chi^2 - freedom) / sqrt(2 freedom) is
# 0.04 on average, with a spread of 1.1.
LEAST_CHANCE = 1e-6


def chance(model, samples):
    """Probability of a larger chi-square between counts and probabilities of the states.

    States with an expected count below 5 are merged.  Correlated draws count 1 / (2 tau_int) each,
    with the longer tau_int of energy and magnetisation.
    """
    q, values = samples.states, samples.values.reshape(samples.n, -1).astype(int)
    probability = boltzmann(model.energy(all_states(model.shape, q))[0], model.temperature)
    counts = np.bincount(values @ q ** np.arange(values.shape[1])[::-1], minlength=len(probability))
    magnetisation = samples.values.mean(axis=tuple(range(2, samples.values.ndim)))
    tau = max(tau_int(model.energy(samples.values)), tau_int(magnetisation))
    draws = samples.n / (2 * tau)
    expected, counts = draws * probability, draws / samples.n * counts
    rare = expected < 5
    expected, counts = (np.append(n[~rare], n[rare].sum()) for n in (expected, counts))
    expected, counts = expected[expected > 0], counts[expected > 0]
    return chi2.sf(((counts - expected) ** 2 / expected).sum(), max(len(expected) - 1, 1))


@pytest.mark.parametrize(
    "algorithm", ["heat-bath", "metropolis", "swendsen-wang", "wolff", "replica-exchange"]
)
def test_a_wrong_acceptance_rule_would_be_noticed(algorithm):
    # the negative control of the test above: all probabilities are those of bonds weaker by a tenth
    model = system("ising-square", **SMALL["ising-square"])
    dynamics = lattice_dynamics(
        neighbour_table(model.shape), 2, 1.8 / model.temperature, algorithm=algorithm
    )
    values = run_chains(dynamics, samples=4000, seed=2, **PACE.get(algorithm, QUICK)).values
    values = values.reshape(*values.shape[:2], *model.shape)
    assert chance(model, Samples(values, "discrete", (True, True), (-1, 1))) < 1e-9


def test_enumeration_would_notice_a_wrong_temperature():
    right, wrong = (system("ising-square", size=(3, 4), temperature=t) for t in (2.0, 2.1))
    with pytest.raises(AssertionError):
        assert_within_sigma(
            wrong.energy(wrong.sample(4000, seed=2).values), exact_mean(right, right.energy)
        )


@pytest.mark.parametrize("algorithm", ["swendsen-wang", "wolff"])
@pytest.mark.parametrize("temperature", [0.8, CRITICAL_TEMPERATURE, 10.0])
def test_draws_are_independent_and_right(algorithm, temperature):
    model = system("ising-square", size=32, temperature=temperature)
    samples = model.sample(1024, seed=4, algorithm=algorithm)
    energy = model.energy(samples.values)
    magnetisation = samples.values.mean(axis=(2, 3)) - 0.5
    assert_within_sigma(energy, 32**2 * kaufman_energy(temperature, 32))
    assert_within_sigma((magnetisation > 0) + 0.5 * (magnetisation == 0), 0.5)  # both signs
    for series in (energy, np.abs(magnetisation), magnetisation):
        # 0.6 is promised; tau_int = 0.6 from 1024 draws has an error of 0.07
        assert tau_int(series) < 0.6 + 2 * 0.07
        assert rhat(series) < 1.05
    assert 1024 / 1.5 < samples.provenance["effective"] <= 1024
    assert samples.provenance["rhat"] < 1.05


def test_single_potts_spins_break_the_symmetry_and_statistics_show_it():
    # the negative control of the test above: at T = 0.5 local updates never leave a phase
    model = system("potts-square", size=16, temperature=0.5)
    samples = model.sample(64, seed=4, algorithm="metropolis", burn_in=200, thinning=2)
    assert (samples.values[::2] == 0).mean() > 0.9  # cold starts stay
    assert samples.provenance["tau_int"] > 20  # of 100 sweeps recorded
    assert samples.provenance["effective"] < 16 and samples.provenance["rhat"] > 1.2


def test_stripes_of_single_spins_are_noticed():
    # half of the hot starts of 32x32 end in stripes, even though global flips change the sign
    model = system("ising-square", size=32, temperature=0.5)
    samples = model.sample(256, seed=4, algorithm="heat-bath", burn_in=200, thinning=2)
    assert samples.provenance["effective"] < 128 and samples.provenance["rhat"] > 1.2


def test_an_ordered_antiferromagnet_in_a_field_is_sampled_in_both_phases():
    model = system("ising-square", size=16, temperature=1.0, coupling=-1.0, field=2.0)
    samples = model.sample(512, seed=4)
    assert samples.provenance["algorithm"] == "mixed"
    checkers = 1 - 2 * (np.indices(model.shape).sum(0) % 2)
    staggered = (samples.values * checkers).sum(axis=(2, 3))
    assert np.abs(staggered).min() > 64  # ordered: 128 at T = 0
    assert_within_sigma((staggered > 0) * 1.0, 0.5)
    # 0.6 from 512 draws has an error of 0.1
    assert tau_int(model.energy(samples.values)) < 0.6 + 2 * 0.1
    clusters_alone = model.sample(16, seed=4, algorithm="swendsen-wang", burn_in=512)
    assert clusters_alone.provenance["tau_int"] > 50  # negative control


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        *[
            ("ising-square", algorithm)
            for algorithm in ("swendsen-wang", "wolff", "metropolis", "heat-bath")
        ],
        ("ising-square", "replica-exchange"),
        *[("xy-square", algorithm) for algorithm in ("mixed", "wolff", "heat-bath")],
        *[(name, "exact") for name in EXACT],
    ],
)
def test_the_seed_decides_and_threads_do_not(name, algorithm):
    model = system(name, **SMALL[name])
    pace = {} if name in EXACT else {"burn_in": 32, "thinning": 2}
    first, again, alone, longer, other = (
        model.sample(count, seed=seed, algorithm=algorithm, threads=threads, **pace).values
        for count, seed, threads in ((64, 1, 2), (64, 1, 2), (64, 1, 1), (96, 1, 2), (64, 2, 2))
    )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, alone)
    if len(longer) == len(first):
        np.testing.assert_array_equal(first, longer[:, : first.shape[1]])
    assert (first != other).any()
    assert (first[0] != first[2]).any()  # both started cold: every chain has its own stream


@pytest.mark.parametrize("name", ["ising-chain", *EXACT])
def test_progress_is_reported_from_the_calling_thread_and_may_interrupt(name):
    reports = []
    model = system(name, **SMALL[name])
    model.sample(64, progress=lambda done, total: reports.append((done, total, get_ident())))
    assert reports[-1] == (64, 64, get_ident())
    assert [done for done, _, _ in reports] == sorted(done for done, _, _ in reports)

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.sample(64, progress=interrupt)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("ising-hexagon", {"size": 4, "temperature": 1.0}),
        ("ising-square", {"size": 4}),
        ("ising-square", {"size": 4, "temperature": 1.0, "spin": 2}),
        ("ising-square", {"size": 0, "temperature": 1.0}),
        ("ising-square", {"size": (4, 4, 4), "temperature": 1.0}),
        ("ising-square", {"size": 4.5, "temperature": 1.0}),
        ("ising-square", {"size": 4, "temperature": 0.0}),
        ("ising-square", {"size": 4, "temperature": float("nan")}),
        ("ising-square", {"size": 4, "temperature": "hot"}),
        ("ising-chain", {"size": (4, 4), "temperature": 1.0}),
        ("ising-cubic", {"size": 4, "temperature": 1.0, "field": float("inf")}),
        ("potts-square", {"size": 4, "temperature": 1.0, "states": 1}),
    ],
)
def test_bad_systems(name, parameters):
    with pytest.raises(InputError) as caught:
        system(name, **parameters)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"samples": 4},
        {"samples": 2.5},
        {"chains": 0},
        {"seed": -1},
        {"thinning": 0},
        {"burn_in": -1},
        {"algorithm": "heat-baht"},
    ],
)
def test_bad_options(options):
    with pytest.raises(InputError):
        system("ising-square", size=4, temperature=2.0, field=0.1).sample(
            **{"samples": 16, **options}
        )
    with pytest.raises(InputError):
        system("potts-square", size=4, temperature=2.0, coupling=-1.0).sample(
            16, algorithm="swendsen-wang"
        )
    with pytest.raises(InputError):
        system("potts-square", size=4, temperature=2.0).sample(16, algorithm="heat-bath")
