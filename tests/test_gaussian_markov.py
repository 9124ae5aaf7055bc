"""Free fields and Markov chains against dense algebra, enumeration, samples and estimators."""

from math import asinh, e, log, pi, prod

import numpy as np
import pytest

from moiety import InputError
from moiety.data.statistics import tau_int
from moiety.estimation.estimator import Estimator
from moiety.estimation.mutual_information import estimate_mutual_information
from moiety.estimation.training import Training
from moiety.exact import gaussian
from moiety.exact.chain import chain_entropy, segment_information
from moiety.exact.enumeration import all_states, mutual_information, system_entropy
from moiety.exact.gaussian import (
    block_covariance,
    free_field_covariance,
    free_field_entropy,
    free_field_entropy_infinite,
    gaussian_entropy,
    gaussian_information,
)
from moiety.exact.markov import (
    log_probability,
    markov_entropy,
    markov_information,
    stationary_distribution,
)
from moiety.geometry.cuts import ladder
from moiety.systems._lattice import neighbour_table
from moiety.systems.dynamics.splitmix import stream, uniform
from moiety.systems.gaussian_field import GaussianField, normals
from moiety.systems.markov_chain import MarkovChain, run
from plain import entropy_per_site
from small import SMALL
from statistical import assert_within_sigma

CATALAN = 0.915965594177219
SHAPES = [(1,), (2,), (7,), (1, 6), (2, 5), (4, 4), (3, 5), (2, 3, 4), (2, 2, 2), (1, 1, 1)]
FIELD = {"mass": 0.7, "stiffness": 1.3, "temperature": 0.4}
SKEWED = np.array(
    [[0.6, 0.4, 0.0], [0.1, 0.2, 0.7], [0.5, 0.1, 0.4]]
)  # no detailed balance, a forbidden move


def dense_precision(shape, mass, stiffness):
    """K Laplacian + m^2, bond by bond from the neighbour table."""
    matrix = mass**2 * np.eye(prod(shape))
    for i, row in enumerate(neighbour_table(shape)):
        for j in row[: len(row) // 2]:
            for a, b, sign in ((i, i, 1), (j, j, 1), (i, j, -1), (j, i, -1)):
                matrix[a, b] += sign * stiffness
    return matrix


# ------------------------------------------------------------- Gaussian algebra


@pytest.mark.parametrize("shape", SHAPES)
def test_field_covariance_entropy_and_energy_equal_dense_algebra(shape):
    precision = dense_precision(shape, FIELD["mass"], FIELD["stiffness"])
    dense = FIELD["temperature"] * np.linalg.inv(precision)
    covariance = block_covariance(free_field_covariance(shape, **FIELD), shape)
    np.testing.assert_allclose(covariance, dense, rtol=0, atol=1e-12)
    # negative control: with another mass it would not
    wrong = block_covariance(free_field_covariance(shape, **{**FIELD, "mass": 0.71}), shape)
    assert np.abs(wrong - dense).max() > 1e-3
    assert free_field_entropy(shape, **FIELD) == pytest.approx(
        gaussian_entropy(dense) / prod(shape), abs=1e-12
    )
    model = GaussianField(shape, **FIELD)
    assert model.exact_entropy() == free_field_entropy(shape, **FIELD)
    values = np.random.default_rng(0).normal(size=(2, 3, *shape))
    flat = values.reshape(2, 3, -1)
    np.testing.assert_allclose(
        model.energy(values), 0.5 * np.einsum("cdi,ij,cdj->cd", flat, precision, flat)
    )


def test_information_obeys_its_identities():
    draw = np.random.default_rng(1)
    root = draw.normal(size=(6, 6))
    covariance, half = root @ root.T + np.eye(6), np.array([True, False, True, True, False, False])
    information = gaussian_information(covariance, half)
    by_entropies = sum(gaussian_entropy(covariance[np.ix_(side, side)]) for side in (half, ~half))
    assert information == pytest.approx(by_entropies - gaussian_entropy(covariance), abs=1e-12)
    assert information == pytest.approx(gaussian_information(covariance, ~half), abs=1e-12)
    # invertible linear maps within a half change nothing
    mixing = np.where(half[:, None] == half[None, :], draw.normal(size=(6, 6)), 0.0)
    assert information == pytest.approx(
        gaussian_information(mixing @ covariance @ mixing.T, half), abs=1e-9
    )
    assert information > 0.01
    # negative control: variables that are uncorrelated across the cut
    apart = np.where(half[:, None] == half[None, :], covariance, 0.0)
    assert gaussian_information(apart, half) == pytest.approx(0.0, abs=1e-12)
    pair = np.array([[4.0, 1.8], [1.8, 1.0]])
    assert gaussian_information(pair, [1, 0]) == pytest.approx(-0.5 * log(1 - 0.9**2), abs=1e-12)


@pytest.mark.parametrize("shape", [(8,), (6, 4), (5, 3), (2, 4, 4)])
def test_the_ladder_adds_up_to_the_entropy(shape):
    model, rungs = GaussianField(shape, **FIELD), ladder(shape, (True,) * len(shape))
    informations = {cut: model.information(cut.left, cut.right, cut.axis) for cut in rungs.cuts}
    site = {(1,) * len(shape): gaussian_entropy(model.covariance((1,) * len(shape)))}
    assert entropy_per_site(rungs, informations, site) == pytest.approx(
        model.exact_entropy(), abs=1e-12
    )
    warmer = GaussianField(shape, **{**FIELD, "temperature": 3.0})
    for cut, information in informations.items():
        assert warmer.information(cut.left, cut.right, cut.axis) == pytest.approx(
            information, abs=1e-12
        )
    # negative control: independent sites
    loose, top = GaussianField(shape, stiffness=0.0), rungs.cuts[0]
    assert loose.information(top.left, top.right, top.axis) == pytest.approx(0.0, abs=1e-12)
    assert informations[top] > 0.1


def test_blocks_and_masks_give_the_same_information():
    model = GaussianField((6, 5), **FIELD)
    rows = np.indices(model.shape)[0]
    assert model.information((4, 5), (2, 5)) == pytest.approx(
        gaussian_information(model.covariance(), rows < 4), abs=1e-12
    )
    # cut from the middle of the dense matrix
    sites = np.flatnonzero((rows < 3).ravel())
    dense = model.temperature * np.linalg.inv(
        dense_precision(model.shape, model.mass, model.stiffness)
    )
    inner = dense[np.ix_(sites, sites)]
    assert model.information((2, 5), (1, 5)) == pytest.approx(
        gaussian_information(inner, sites < 10), abs=1e-12
    )


def test_high_mass_and_long_chains():
    # K << m^2: each bond cut gives half its squared correlation, (K / m^2)^2 / 2
    weak = GaussianField((8, 8), mass=10.0)
    assert weak.information((4, 8), (4, 8)) == pytest.approx(16 * 0.5 * (1 / 104) ** 2, rel=1e-2)
    # a chain is Markov: the same M between segments of any lengths, unless they close the ring
    ring = GaussianField((256,))
    site = ring.information((1,), (1,))
    assert ring.information((1,), (9,)) == pytest.approx(site, abs=1e-12)
    assert ring.information((40,), (40,)) == pytest.approx(site, abs=1e-12)
    assert ring.information((128,), (128,)) == pytest.approx(2 * site, abs=1e-12)


@pytest.mark.parametrize(("dimensions", "side"), [(1, 64), (2, 64), (3, 48)])
def test_infinite_lattices(dimensions, side):
    # the torus is exact up to exp(-side / correlation length), here e^-62 and e^-46
    torus = GaussianField((side,) * dimensions)
    assert torus.entropy_infinite() == pytest.approx(torus.exact_entropy(), abs=1e-12)
    assert GaussianField((2,) * dimensions).exact_entropy() != pytest.approx(
        torus.entropy_infinite(), abs=1e-3
    )


def test_infinite_lattices_near_zero_mass():
    # <ln lambda> is 2 arsinh(m / 2) on a line; at m = 0 it counts spanning trees, 4 G / pi on
    # the square lattice, 1.6733893 on the cubic one (Rosengren, J. Phys. A 20, L923 (1987))
    entropy = 0.5 * log(2 * pi * e)
    for mass in (1e-6, 2.0):
        assert free_field_entropy_infinite(1, mass=mass) == pytest.approx(
            entropy - asinh(mass / 2), abs=1e-12
        )
    assert free_field_entropy_infinite(2, mass=1e-4) == pytest.approx(
        entropy - 2 * CATALAN / pi, abs=1e-7
    )
    assert free_field_entropy_infinite(3, mass=1e-3) == pytest.approx(
        entropy - 1.6733893 / 2, abs=1e-6
    )
    # the accuracy that the docstring promises, against finer grids
    for dimensions, mass, points in ((2, 1e-3, 2**18), (3, 0.02, 1536)):
        coarse = free_field_entropy_infinite(dimensions, mass)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(gaussian._GRID, dimensions, points)
            assert coarse == pytest.approx(free_field_entropy_infinite(dimensions, mass), abs=1e-9)


@pytest.mark.parametrize(
    "call",
    [
        lambda: gaussian_entropy(np.ones((2, 3))),
        lambda: gaussian_entropy(np.array([[1.0, 2.0], [2.0, 1.0]])),
        lambda: gaussian_information(np.eye(3), [True, False]),
        lambda: gaussian_information(np.ones((2, 2)), [True, False]),  # equal variables: infinite
        lambda: free_field_covariance((4,), mass=0.0),
        lambda: free_field_entropy((4,), temperature=0.0),
        lambda: free_field_entropy_infinite(4),
        lambda: GaussianField((4, 4)).information((4, 4), (4, 4)),
        lambda: GaussianField((4, 4)).information((2, 2), (2, 3)),
        lambda: GaussianField((4, 4)).information((2,), (2,)),
        lambda: GaussianField((4, 4)).information((2, 4), (2, 4), axis=2),
        lambda: GaussianField(256).covariance(),
        lambda: GaussianField((4, 4, 4, 4)),
        lambda: GaussianField(()),
        lambda: GaussianField(0),
        lambda: GaussianField(4, mass=0.0),
        lambda: GaussianField(4, temperature=-1.0),
        lambda: GaussianField(4, stiffness=-1.0),
        lambda: MarkovChain((4, 4)),
        lambda: MarkovChain(4, stay=1.0),
        lambda: MarkovChain(4, states=1),
        lambda: markov_entropy(np.array([[0.5, 0.6], [0.5, 0.5]])),
        lambda: markov_entropy(np.ones((2, 3)) / 3),
        lambda: markov_entropy(np.eye(2)),  # two separate chains
        lambda: markov_entropy(np.full((2, 2), 0.5), 0),
    ],
)
def test_bad_questions(call):
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------- Markov algebra


@pytest.mark.parametrize(
    ("states", "stay", "size"), [(2, 0.9, 9), (2, 0.2, 6), (3, 0.5, 6), (4, 0.25, 1), (5, 0.7, 4)]
)
def test_markov_chain_equals_enumeration(states, stay, size):
    model = MarkovChain(size, stay, states)
    probabilities = np.exp(-model.energy(all_states(model.shape, states))[0])
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(
        np.log(probabilities),
        log_probability(model.transitions, all_states(model.shape, states)[0]),
    )
    assert model.exact_entropy() == pytest.approx(system_entropy(model, states), abs=1e-12)
    for length in range(1, size):
        half = np.arange(size) < length
        assert model.information() == pytest.approx(
            mutual_information(probabilities, half, states), abs=1e-12
        )
    assert (model.information() > 1e-3) == (stay != 1 / states)


def test_any_transition_matrix_equals_enumeration():
    start = stationary_distribution(SKEWED)
    np.testing.assert_allclose(start @ SKEWED, start, atol=1e-14)
    size, states = 6, all_states((6,), 3)[0]
    probabilities = np.exp(log_probability(SKEWED, states))
    entropy = -(probabilities * np.log(np.where(probabilities > 0, probabilities, 1))).sum()
    assert markov_entropy(SKEWED, size) == pytest.approx(entropy / size, abs=1e-12)
    for length in (1, 2, 5):
        exact = mutual_information(probabilities, np.arange(size) < length, 3)
        assert markov_information(SKEWED) == pytest.approx(exact, abs=1e-12)
    # negative control: halves that interleave
    comb = mutual_information(probabilities, np.arange(size) % 2 == 0, 3)
    assert comb > markov_information(SKEWED) + 0.1
    # a chain of period two has a unique stationary distribution; a site determines its neighbour
    assert markov_information(np.array([[0.0, 1.0], [1.0, 0.0]])) == pytest.approx(
        log(2), abs=1e-12
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_the_infinite_ising_chain_is_a_markov_chain(temperature):
    stay = 1 / (1 + np.exp(-2 / temperature))
    model = MarkovChain(8, stay)
    assert model.entropy_infinite() == pytest.approx(chain_entropy(temperature), abs=1e-12)
    assert model.information() == pytest.approx(segment_information(temperature), abs=1e-12)


def test_the_ladder_of_an_open_segment_adds_up():
    model = MarkovChain(11, 0.8, 3)
    rungs = ladder(model.shape, model.periodic)
    mutual_information = dict.fromkeys(rungs.cuts, model.information())
    entropy = entropy_per_site(rungs, mutual_information, {(1,): log(3)})
    assert entropy == pytest.approx(model.exact_entropy(), abs=1e-12)


# ------------------------------------------------------------- sampling

MODELS = [GaussianField((5, 4), **FIELD), MarkovChain(12, 0.8, 3)]


@pytest.mark.parametrize("model", MODELS)
def test_exact_sampling_has_no_burn_in(model):
    samples = model.sample(21, chains=2, seed=5)
    keys = ("algorithm", "thinning", "burn_in", "tau_int", "seed", "chains")
    assert [samples.provenance[key] for key in keys] == ["exact", 1, 0, 0.5, 5, 2]
    same = model.sample(21, chains=2, seed=5, algorithm="exact", thinning=1, burn_in=0)
    np.testing.assert_array_equal(same.values, samples.values)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "options",
    [
        {"thinning": 2},
        {"burn_in": 10},
        {"algorithm": "wolff"},
        {"sampels": 3},
        {"samples": 4},
        {"chains": 0},
        {"seed": -1},
    ],
)
def test_bad_options(model, options):
    with pytest.raises(InputError):
        model.sample(**{"samples": 16, **options})


def correlations(values):
    """Products of fields at an offset, averaged over sites: pairs of offset and `(chain, draw)`."""
    axes = tuple(range(2, values.ndim))
    for offset in np.ndindex(values.shape[2:]):
        yield offset, (values * np.roll(values, offset, axes)).mean(axis=axes)


@pytest.mark.parametrize("shape", [(6,), (4, 3), (2, 3, 2)])
def test_sampled_fields_have_the_covariance_and_the_energy(shape):
    model = GaussianField(shape, **FIELD)
    samples = model.sample(8000, seed=3)
    assert samples.kind == "real" and samples.values.dtype == np.float32
    exact = free_field_covariance(shape, **FIELD)
    values = samples.values.astype(float)
    for offset, products in correlations(values):
        assert_within_sigma(products, exact[offset])
    assert_within_sigma(values.mean(axis=tuple(range(2, values.ndim))), 0.0)
    # E / T is half a chi-square of N degrees: mean N / 2, variance N / 2
    energy, half = model.energy(samples.values) / model.temperature, prod(shape) / 2
    assert_within_sigma(energy, half)
    assert_within_sigma((energy - half) ** 2, half)
    assert tau_int(energy) < 0.6
    # negative controls: errors of 10% in stiffness or temperature are noticed
    with pytest.raises(AssertionError):
        for offset, products in correlations(values):
            assert_within_sigma(
                products, free_field_covariance(shape, **{**FIELD, "stiffness": 1.43})[offset]
            )
    with pytest.raises(AssertionError):
        assert_within_sigma(energy * model.temperature / 0.44, half)


@pytest.mark.parametrize(("states", "stay"), [(2, 0.9), (3, 0.2), (5, 0.6)])
def test_sampled_chains_have_the_moves_and_the_energy(states, stay):
    model = MarkovChain(10, stay, states)
    samples = model.sample(4000, seed=4)
    assert samples.kind == "discrete" and samples.states == states
    values = samples.values
    assert_within_sigma(model.energy(values), model.size * model.exact_entropy())
    for code in range(states):
        assert_within_sigma((values == code).mean(axis=2), 1 / states)
        assert_within_sigma((values[..., 0] == code).astype(float), 1 / states)
    moved = (values[..., 1:].astype(int) - values[..., :-1]) % states
    assert_within_sigma((moved == 0).mean(axis=2), stay)
    for step in range(1, states):
        assert_within_sigma((moved == step).mean(axis=2), (1 - stay) / (states - 1))
    # moves are independent
    assert_within_sigma(
        (moved[..., 0] == moved[..., 5]) * 1.0, stay**2 + (1 - stay) ** 2 / (states - 1)
    )
    with pytest.raises(AssertionError):  # negative control
        assert_within_sigma((moved == 0).mean(axis=2), stay + 0.02)


def test_kernels_equal_their_twins():
    rng, plain, out = stream(7), stream(7), np.empty(5)
    normals(rng, out)
    pairs = [
        (np.sqrt(-2 * np.log(1 - uniform(plain))), 2 * np.pi * uniform(plain)) for _ in range(3)
    ]
    expected = [radius * turn(angle) for radius, angle in pairs for turn in (np.cos, np.sin)]
    np.testing.assert_allclose(out, expected[:5], rtol=1e-12)
    assert rng[0] == plain[0]

    values, moves = np.zeros(400, np.uint8), np.cumsum(SKEWED, axis=1)
    start = np.cumsum(stationary_distribution(SKEWED))
    run(values, start, moves, rng)
    expected, row = [], start
    for _ in values:
        number = uniform(plain)
        expected.append(min(sum(number >= edge for edge in row), 2))
        row = moves[expected[-1]]
    np.testing.assert_array_equal(values, expected)
    assert rng[0] == plain[0]
    assert not ((values[:-1] == 0) & (values[1:] == 2)).any()  # the forbidden move


def test_normals_are_normal():
    numbers = np.empty(100_000)
    normals(stream(1), numbers)
    for power, moment in ((1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (6, 15.0)):
        assert_within_sigma(numbers**power, moment)
    with pytest.raises(AssertionError):  # negative control: uniform numbers of variance 1
        assert_within_sigma(np.random.default_rng(0).uniform(-(3**0.5), 3**0.5, 100_000) ** 4, 3.0)


# ------------------------------------------------------------- the estimators' ground truth

QUICK = Estimator(SMALL, training=Training(steps=100, batch=256))


def assert_information(estimate, expected):
    """4 stated errors, and 4% that such a short training may miss."""
    report = (
        f"{estimate.value:.4f} ± {estimate.error:.4f} against {expected:.4f}, {estimate.status}"
    )
    assert abs(estimate.value - expected) <= 4 * estimate.error + 0.04 * expected, report


def test_the_estimator_finds_the_information_of_a_field():
    model = GaussianField(6, mass=0.5)
    samples = model.sample(512, seed=1)
    cut = ladder(model.shape, model.periodic).cuts[1]
    estimate = estimate_mutual_information(samples, cut, QUICK)
    assert_information(estimate, model.information(cut.left, cut.right, cut.axis))


def test_the_estimator_finds_the_information_of_a_markov_chain():
    model = MarkovChain(8, 0.8, 3)
    samples = model.sample(512, seed=1)
    cut = ladder(model.shape, model.periodic).cuts[0]
    assert_information(estimate_mutual_information(samples, cut, QUICK), model.information())
    # negative control: halves of different samples
    values = samples.values.copy()
    values[..., 4:] = np.roll(values, 1, axis=0)[..., 4:]
    assert_information(estimate_mutual_information(samples.replace(values=values), cut, QUICK), 0.0)
