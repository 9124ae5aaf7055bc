"""XY rotors: kernels against plain twins, samplers against quadrature, exact answers."""

from functools import partial
from math import pi, prod, tau

import numpy as np
import pytest
from scipy.special import ive

from moiety import InputError
from moiety.data.statistics import standard_error, tau_int
from moiety.exact import xy
from moiety.systems._lattice import neighbour_table
from moiety.systems.dynamics.rotors import heat_bath, mixed_even
from moiety.systems.dynamics.splitmix import stream
from moiety.systems.xy_square import ROTOR_ALGORITHMS, XYSquare, _single_precision
from statistical import assert_same_mean, assert_within_sigma

PLANE = (2, 3)


def moments(samples):
    """Magnetisation along x and y, each `(chain, draw)`."""
    angles = samples.values
    return tuple(f(angles).mean(axis=PLANE, dtype=float) for f in (np.cos, np.sin))


def ring_by_quadrature(size, bond, field, points=128):
    """ln Z of a ring by powers of its transfer operator on a grid."""
    t = tau * np.arange(points) / points
    exponent = bond * np.cos(t[:, None] - t) + field * (np.cos(t)[:, None] + np.cos(t)) / 2
    matrix = np.exp(exponent) * tau / points
    return np.log(np.trace(np.linalg.matrix_power(matrix, size)))


def ring_means(size, bond, field, step=1e-4):
    """Mean sums of cosines over bonds and over sites: slopes of ln Z."""
    slope = [ring_by_quadrature(size, bond + d, field) / (2 * d) for d in (step, -step)]
    magnetisation = [ring_by_quadrature(size, bond, field + d) / (2 * d) for d in (step, -step)]
    return sum(slope), sum(magnetisation)


# ------------------------------------------------------------------------ the sampler

RINGS = [  # (size, bonds per pair, algorithms) of lattices that form a ring
    ((1, 8), 1, tuple(ROTOR_ALGORITHMS)),
    ((5, 1), 1, ("mixed",)),
    ((2, 2), 2, tuple(ROTOR_ALGORITHMS)),  # four sites in a ring of double bonds
    ((2, 1), 1, ("mixed",)),  # a ring of two has two bonds already
]


@pytest.mark.parametrize("field", [0.0, 0.5, -1.0])
@pytest.mark.parametrize(
    ("size", "bonds", "algorithm"), [(s, b, a) for s, b, names in RINGS for a in names]
)
def test_energy_and_magnetisation_against_quadrature(size, bonds, algorithm, field):
    temperature, sites = 0.7, prod(size)
    model = XYSquare(size, temperature, field=field)
    samples = model.sample(4000, seed=3, algorithm=algorithm)
    bond_sum, moment = ring_means(sites, bonds / temperature, field / temperature)
    assert_within_sigma(model.energy(samples.values), -bonds * bond_sum - field * moment)
    along, across = moments(samples)
    assert_within_sigma(along, moment / sites)
    assert_within_sigma(across, 0.0)
    if field == 0:
        assert bonds * bond_sum == pytest.approx(
            -sites * xy.chain_energy(temperature, sites, bonds), rel=1e-6
        )


@pytest.mark.parametrize(("coupling", "field"), [(-1.0, 0.0), (-1.0, 0.8)])
def test_an_antiferromagnet_against_quadrature(coupling, field):
    model = XYSquare((1, 6), 0.5, coupling=coupling, field=field)
    samples = model.sample(4000, seed=3)
    bond_sum, moment = ring_means(6, coupling / 0.5, field / 0.5)
    assert_within_sigma(model.energy(samples.values), -coupling * bond_sum - field * moment)
    assert_within_sigma(moments(samples)[0], moment / 6)


@pytest.mark.parametrize("wrong", [{"temperature": 0.75}, {"temperature": 0.7, "field": 0.6}])
def test_quadrature_would_notice_a_wrong_model(wrong):
    right = XYSquare((2, 2), 0.7, field=0.5)
    bond_sum, moment = ring_means(4, 2 / 0.7, 0.5 / 0.7)
    values = XYSquare((2, 2), **{"field": 0.5, **wrong}).sample(4000, seed=3).values
    with pytest.raises(AssertionError):
        assert_within_sigma(right.energy(values), -2 * bond_sum - 0.5 * moment)


def test_energy_at_high_temperature():
    # ln Z / N = ln 2 pi + 2 ln I_0(K) + 2 v^4 + O(K^6), v = I_1 / I_0: bonds, then plaquettes.
    # The next term, 12 v^5, is a tenth of the error here; the plaquettes amount to 4 errors.
    k = 1 / 5.0
    v, second = ive([1, 2], k) / ive(0, k)
    expected = -(2 * v + 8 * v**3 * ((1 + second) / 2 - v**2))
    model = XYSquare(16, 5.0)
    energy = model.energy(model.sample(4096, seed=1).values) / 256
    assert_within_sigma(energy, expected)
    assert standard_error(energy) < 0.0012


@pytest.mark.parametrize("field", [0.0, 0.5])
@pytest.mark.parametrize("temperature", [0.2, 0.9, 1.5])
def test_draws_are_independent_and_right(temperature, field):
    model = XYSquare(16, temperature, field=field)
    samples = model.sample(1024, seed=4)
    along, across = moments(samples)
    energy = model.energy(samples.values)
    for series in (energy, along, across, along**2 + across**2):
        # 0.6 is promised; tau_int = 0.6 from 1024 draws has an error of 0.07
        assert tau_int(series) < 0.6 + 2 * 0.07
    assert_within_sigma(residual(model, samples.values, temperature), 0.0)
    with pytest.raises(AssertionError):  # negative control
        assert_within_sigma(residual(model, samples.values, 1.02 * temperature), 0.0)
    if field == 0:  # all directions are equally likely
        direction = np.arctan2(across, along)
        for order in (1, 2, 4):
            assert_within_sigma(np.cos(order * direction), 0.0)
            assert_within_sigma(np.sin(order * direction), 0.0)


def residual(model, values, temperature):
    """sum_i T d²E/dt_i² - (dE/dt_i)²; its mean is 0 at the temperature T of the samples."""
    values = values.astype(float)
    curvature, force = model.field * np.cos(values), model.field * np.sin(values)
    for axis in PLANE:
        for step in (1, -1):
            difference = values - np.roll(values, step, axis)
            curvature, force = curvature + np.cos(difference), force + np.sin(difference)
    return (temperature * curvature - force**2).sum(axis=PLANE)


def test_clusters_agree_with_the_heat_bath_near_the_transition():
    # the identity above tests local order, this global order; the heat bath alone is slow
    model = XYSquare(8, 0.9)
    fast, slow = (
        model.sample(2048, seed=5),
        model.sample(1024, seed=6, algorithm="heat-bath", burn_in=800, thinning=80),
    )
    for observable in (lambda s: model.energy(s.values), lambda s: np.hypot(*moments(s))):
        assert_same_mean(observable(fast), observable(slow))


def test_heat_bath_alone_is_slow_at_low_temperature():
    model = XYSquare(32, 0.2)  # spin waves diffuse: about (L / 2 pi)^2 = 26 sweeps
    alone, all_three = (
        model.sample(16, seed=4, burn_in=512, thinning=2, algorithm=name)
        for name in ("heat-bath", "mixed")
    )
    assert alone.provenance["tau_int"] > 10 > 3 > all_three.provenance["tau_int"]


@pytest.mark.parametrize(
    ("kernel", "unwinds"), [(partial(mixed_even, (16, 16)), True), (heat_bath, False)]
)
def test_clusters_undo_windings(kernel, unwinds):
    # a spiral once around the torus is a local minimum of the energy: a cold start could stay there
    spiral, rng = np.repeat(tau * np.arange(16) / 16, 16), stream(2)
    kernel(spiral, neighbour_table((16, 16)), 1 / 0.1, 0.0, rng, 20)
    lattice = spiral.reshape(16, 16)
    step = np.angle(np.exp(1j * np.diff(lattice, axis=0, append=lattice[:1])))
    assert (abs(step.sum(0)).max() < pi) == unwinds


# ------------------------------------------------------------------------- the system


def test_samples_are_angles_with_the_symmetries_of_the_model():
    model = XYSquare((4, 6), 0.9, field=0.2)
    samples = model.sample(21, chains=2, seed=5)
    assert (samples.kind, samples.labels, samples.values.dtype) == ("angle", (), np.float32)
    assert samples.values.min() >= 0 and samples.values.max() < np.float32(tau)
    assert samples.symmetries == model.symmetries == ("flip", "reflect")
    assert XYSquare(4, 1.0).symmetries == ("flip", "reflect", "transpose", "turn")


def test_single_precision_stays_below_a_turn():
    angles = np.array([0.0, 1.0, np.nextafter(tau, 0)])  # the last angle would round to above 2 pi
    assert _single_precision(angles).tolist() == [0.0, 1.0, 0.0]


def test_stated_symmetries_leave_the_energy_alone():
    model = XYSquare(5, 1.0, field=0.3)
    values = np.random.default_rng(0).uniform(0, tau, (1, 16, 5, 5))
    energy = model.energy(values)
    for image in (-values, np.flip(values, 2), np.flip(values, 3), np.swapaxes(values, 2, 3)):
        np.testing.assert_allclose(model.energy(image), energy, atol=1e-12)
    for image in (values + 0.1, np.random.default_rng(0).permuted(values, axis=-1)):
        assert np.abs(model.energy(image) - energy).min() > 1e-6  # negative control


def test_exact_entropies_where_they_are_known():
    assert XYSquare(1, 2.0, field=0.5).exact_entropy() == xy.spin_entropy(2.0, 0.5)
    assert XYSquare((2, 1), 2.0, field=0.5).exact_entropy() == xy.pair_entropy(2.0, 2.0, 0.5) / 2
    assert XYSquare((1, 2), 2.0).exact_entropy() == pytest.approx(xy.chain_entropy(2.0, 2))
    assert XYSquare((9, 1), 2.0).exact_entropy() == xy.chain_entropy(2.0, 9)
    assert XYSquare((9, 1), 2.0, coupling=-1.0).exact_entropy() is None  # frustrated
    assert XYSquare((9, 1), 2.0, field=0.5).exact_entropy() is None
    assert XYSquare(4, 2.0).exact_entropy() is XYSquare(4, 2.0).entropy_infinite() is None


@pytest.mark.parametrize(
    "options",
    [
        {"size": 0},
        {"size": (2, 2, 2)},
        {"temperature": 0.0},
        {"field": float("nan")},
        {"coupling": "strong"},
    ],
)
def test_bad_systems(options):
    with pytest.raises(InputError):
        XYSquare(**{"size": 4, "temperature": 1.0, **options})


def test_bad_options():
    for options in ({"algorithm": "swendsen-wang"}, {"samples": 4}, {"seed": -1}):
        with pytest.raises(InputError):
            XYSquare(4, 1.0).sample(**{"samples": 16, **options})


# ----------------------------------------------------------------------- exact answers


@pytest.mark.parametrize(("bond", "field"), [(0.5, 0.0), (2.0, 1.5), (-3.0, 1.5), (1.0, -0.7)])
def test_two_spins_against_a_square_grid(bond, field):
    t = tau * np.arange(200) / 200
    joint = np.exp(bond * np.cos(t[:, None] - t) + field * (np.cos(t)[:, None] + np.cos(t)))
    joint /= joint.sum()
    cell = tau / 200
    whole = -(joint * np.log(joint / cell**2)).sum()
    single = -(joint.sum(0) * np.log(joint.sum(0) / cell)).sum()
    assert xy.pair_entropy(1.0, bond, field) == pytest.approx(whole, abs=1e-10)
    assert xy.pair_information(1.0, bond, field) == pytest.approx(2 * single - whole, abs=1e-10)


@pytest.mark.parametrize(("size", "bond"), [(2, 3.0), (4, 1.0), (5, 0.5), (6, -2.0)])
def test_rings_against_quadrature(size, bond):
    bond_sum, _ = ring_means(size, bond, 0.0)
    assert xy.chain_energy(1.0, size, bond) == pytest.approx(-bond * bond_sum / size, rel=1e-6)
    entropy = (ring_by_quadrature(size, bond, 0.0) - bond * bond_sum) / size
    assert xy.chain_entropy(1.0, size, bond) == pytest.approx(entropy, rel=1e-6)
    assert xy.chain_entropy(1.0, 400, bond) == pytest.approx(
        xy.chain_entropy(1.0, None, bond), abs=1e-6
    )
    assert xy.open_chain_entropy(1.0, 10**7, bond) == pytest.approx(
        xy.chain_entropy(1.0, None, bond), abs=1e-6
    )


def test_halving_a_chain_ends_at_its_entropy():
    # Eq. 4 for an infinite chain cut into single spins: s = ln 2 pi - M
    entropy = xy.spin_entropy(0.3) - xy.segment_information(0.3)
    assert entropy == pytest.approx(xy.chain_entropy(0.3), abs=1e-12)


def test_harmonic_information_against_a_dense_inverse():
    shape, coupling, field = (4, 6), 1.3, 0.4
    sites = np.arange(24).reshape(shape)
    stiffness = field * np.eye(24)
    for axis in (0, 1):
        for i, j in zip(sites.ravel(), np.roll(sites, -1, axis).ravel(), strict=True):
            stiffness[[i, j], [i, j]] += coupling
            stiffness[[i, j], [j, i]] -= coupling
    covariance = np.linalg.inv(stiffness)
    half, block = sites < 12, sites % 6 < 2
    for other in (~half, block & ~half):
        parts = [np.flatnonzero(part) for part in (half, other, half | other)]
        first, second, both = (
            np.linalg.slogdet(covariance[np.ix_(part, part)])[1] for part in parts
        )
        expected = 0.5 * (first + second - both)
        assert xy.harmonic_information(shape, half, coupling, field, other) == pytest.approx(
            expected, abs=1e-12
        )


def test_two_cold_spins_are_harmonic():
    half = np.array([[True], [False]])
    harmonic = xy.harmonic_information((2, 1), half, 1.0, 0.5)
    assert xy.pair_information(1e-5, 2.0, 0.5) == pytest.approx(harmonic, abs=1e-4)
    assert xy.pair_information(1.0, 2.0, 0.5) != pytest.approx(harmonic, abs=1e-2)


def test_bad_exact_questions():
    half = np.array([[True], [False]])
    for question in (
        lambda: xy.spin_entropy(0.0),
        lambda: xy.pair_entropy(1e-12),
        lambda: xy.chain_energy(1.0, 0),
        lambda: xy.chain_entropy(1.0, 5, -1.0),
        lambda: xy.harmonic_information((2, 1), half, 1.0, 0.0),
        lambda: xy.harmonic_information((2, 2), half, 1.0, 1.0),
        lambda: xy.harmonic_information((2, 1), half, 1.0, 1.0, half),
    ):
        with pytest.raises(InputError):
            question()
