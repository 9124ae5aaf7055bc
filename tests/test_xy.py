"""XY rotors: kernels against plain twins, samplers against quadrature, exact answers."""

from functools import partial
from math import atan2, cos, exp, pi, prod, sin, sqrt, tau

import numpy as np
import pytest
from scipy.special import ive

from moiety import InputError
from moiety.data.statistics import standard_error, tau_int
from moiety.exact import xy
from moiety.systems._lattice import neighbour_table
from moiety.systems.dynamics.checkerboard import (
    empty_spins,
    exponential,
    pack,
    quarter_sine,
    sweep,
    unpack,
)
from moiety.systems.dynamics.rotors import (
    _direction,
    _unit_vectors,
    heat_bath,
    mixed,
    mixed_even,
    observe,
    wolff,
)
from moiety.systems.dynamics.splitmix import stream
from moiety.systems.xy_square import ROTOR_ALGORITHMS, XYSquare, _single_precision
from plain import PlainStream
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


# ------------------------------------------------------------- the kernels' plain twins


def plain_local_field(angles, neighbours, i, bond, field):
    pull = field + bond * sum(complex(cos(angles[j]), sin(angles[j])) for j in neighbours[i])
    return abs(pull), atan2(pull.imag, pull.real)


def plain_thermalise(angles, neighbours, bond, field, rng):
    """Best & Fisher as they wrote it."""
    for i in range(len(angles)):
        kappa, direction = plain_local_field(angles, neighbours, i, bond, field)
        t = 1 + sqrt(1 + 4 * kappa**2)
        rho = (t - sqrt(2 * t)) / (2 * kappa)
        r = (1 + rho**2) / (2 * rho)
        accepted = False
        while not accepted:
            z = cos(pi * rng.uniform())
            f = (1 + r * z) / (r + z)
            c = kappa * (r - f)
            accepted = rng.uniform() <= c * exp(1 - c)
        angles[i] = direction + np.arccos(f) * (1 if rng.uniform() < 0.5 else -1)


def plain_reflect(angles, neighbours, bond, field):
    for i in range(len(angles)):
        angles[i] = 2 * plain_local_field(angles, neighbours, i, bond, field)[1] - angles[i]


def plain_cluster(angles, neighbours, bond, field, rng):
    """Reflect a cluster of sites and a ghost at angle 0; then return to the frame of the ghost."""
    sites = len(angles)
    axis = tau * rng.uniform()
    spins = [*angles, 0.0]
    bonds = [[(j, bond) for j in row] + [(sites, field)] for row in neighbours]
    bonds.append([(j, field) for j in range(sites)])
    cluster = [rng.below(sites)]
    for i in cluster:  # the list grows in this loop
        for j, strength in bonds[i]:
            cost = 2 * strength * cos(spins[i] - axis) * cos(spins[j] - axis)
            if j not in cluster and cost > 0 and rng.uniform() < 1 - exp(-cost):
                cluster.append(j)
    for i in cluster:
        spins[i] = 2 * axis + pi - spins[i]
    frame = (lambda t: 2 * axis + pi - t) if sites in cluster else (lambda t: t)
    angles[:] = [frame(t) for t in spins[:-1]]


def plain_store(angles, field, rng):
    sign = 1 if rng.uniform() < 0.5 else -1
    shift = tau * rng.uniform() if field == 0 else 0.0
    angles[:] = (sign * angles + shift) % tau


def plain_mixed(angles, neighbours, bond, field, rng):
    for _ in range(2):
        plain_thermalise(angles, neighbours, bond, field, rng)
        for _ in range(1 + rng.below(11)):
            plain_reflect(angles, neighbours, bond, field)
    plain_cluster(angles, neighbours, bond, field, rng)
    plain_store(angles, field, rng)


def colour_places(shape, colour):
    """Site, or None for an image, of every place of a colour; each row has an image."""
    half = shape[1] // 2
    for row in range(shape[0]):
        line = [row * shape[1] + (2 * h + row + colour) % shape[1] for h in range(half)]
        yield from [None, *line] if colour else [*line, None]


def plain_checkerboard_heat_bath(shape, angles, neighbours, bond, field, rng):
    """Metropolis steps with wrapped Cauchy proposals about the local field; images draw, too."""
    for colour in (0, 1):
        for i in colour_places(shape, colour):
            u, v = rng.uniform(), rng.uniform()
            if i is None:
                continue
            kappa, direction = plain_local_field(angles, neighbours, i, bond, field)
            r = (1 + sqrt(1 + 4 * kappa**2)) / (2 * kappa)
            z = cos(tau * u)
            proposal = np.arccos((1 + r * z) / (r + z)) * (1 if u < 0.5 else -1)
            weight = [(r - cos(t)) * exp(kappa * cos(t)) for t in (angles[i] - direction, proposal)]
            if v < weight[1] / weight[0]:
                angles[i] = direction + proposal


def plain_checkerboard_reflect(shape, angles, neighbours, bond, field, rng=None):
    for i in (i for colour in (0, 1) for i in colour_places(shape, colour) if i is not None):
        angles[i] = 2 * plain_local_field(angles, neighbours, i, bond, field)[1] - angles[i]


def plain_mixed_even(shape, angles, neighbours, bond, field, rng):
    for _ in range(2):
        plain_checkerboard_heat_bath(shape, angles, neighbours, bond, field, rng)
        for _ in range(1 + rng.below(11)):
            plain_checkerboard_reflect(shape, angles, neighbours, bond, field)
    plain_cluster(angles, neighbours, bond, field, rng)
    plain_store(angles, field, rng)


def plain_heat_bath(angles, neighbours, bond, field, rng):
    plain_thermalise(angles, neighbours, bond, field, rng)
    plain_store(angles, field, rng)


def plain_wolff(angles, neighbours, bond, field, rng):
    plain_cluster(angles, neighbours, bond, field, rng)
    plain_store(angles, field, rng)


MODELS = [(1.0, 0.0), (1.0, 0.4), (-0.8, -0.3), (0.1, 3.0), (9.0, 0.0)]
EVEN = [(4, 6), (6, 2), (2, 2), (2, 8)]
# Over-relaxation of disordered spins amplifies rounding errors tenfold per sweep.  A mixed update,
# with up to 22 sweeps, equals its twin only where spins follow the field or each other.
TAME = [(0.1, 3.0, tau), (-0.2, -2.0, tau), (40.0, 0.0, 0.5), (30.0, 3.0, 0.5)]


def assert_twins(kernel, twin, shape, bond, field, spread=tau):
    neighbours = neighbour_table(shape)
    fast = np.random.default_rng(0).uniform(0, spread, prod(shape))
    slow, rng, plain = fast.copy(), stream(11), PlainStream(11)
    for _ in range(12):
        assert kernel(fast, neighbours, bond, field, rng, 1) > 0
        twin(slow, neighbours.tolist(), bond, field, plain)
        assert ((fast >= 0) & (fast < tau)).all()
        # vectors and angles round differently
        np.testing.assert_allclose(np.sin((fast - slow) / 2), 0.0, atol=1e-9)
        slow[:] = fast
    assert int(rng[0]) == plain.state  # equally many random numbers


@pytest.mark.parametrize(("bond", "field"), MODELS)
@pytest.mark.parametrize(("kernel", "twin"), [(wolff, plain_wolff), (heat_bath, plain_heat_bath)])
def test_kernels_equal_their_twins(kernel, twin, bond, field):
    assert_twins(kernel, twin, (5, 4), bond, field)


@pytest.mark.parametrize(("bond", "field", "spread"), TAME)
def test_mixed_kernels_equal_their_twins(bond, field, spread):
    assert_twins(mixed, plain_mixed, (5, 4), bond, field, spread)
    for shape in EVEN:
        assert_twins(
            partial(mixed_even, shape), partial(plain_mixed_even, shape), shape, bond, field, spread
        )


@pytest.mark.parametrize("heat", [True, False])
@pytest.mark.parametrize(("bond", "field"), MODELS)
@pytest.mark.parametrize("shape", EVEN)
def test_sweeps_of_sublattices_equal_their_twins(shape, bond, field, heat):
    def kernel(angles, neighbours, bond, field, rng, updates):
        (x, y), (spins, pull) = _unit_vectors(angles), empty_spins(shape)
        pack(x, y, spins, shape)
        for _ in range(updates):
            sweep(spins, pull, shape, bond, field, rng, heat)
        unpack(x, y, spins, shape)
        angles[:] = np.arctan2(y, x) % tau
        return updates

    twin = plain_checkerboard_heat_bath if heat else plain_checkerboard_reflect
    assert_twins(kernel, partial(twin, shape), shape, bond, field)


def test_packing_is_undone_and_keeps_parity():
    shape = (6, 8)
    x, y = np.random.default_rng(0).normal(size=(2, 48))
    spins, _ = empty_spins(shape)
    pack(x, y, spins, shape)
    back = np.zeros((2, 48))
    unpack(*back, spins, shape)
    np.testing.assert_array_equal(back, [x, y])
    for colour in (0, 1):  # all places hold spins of one parity, images included
        same = np.indices(shape).sum(0) % 2 == colour
        assert set(spins[colour, 0]) == set(x.reshape(shape)[same])


def test_polynomials():
    t = np.linspace(-40, 40, 10001)
    np.testing.assert_allclose([exponential(s) for s in t], np.exp(t), rtol=2e-12)
    w = np.linspace(-1, 1, 10001)
    np.testing.assert_allclose([quarter_sine(s) for s in w], np.sin(pi / 2 * w), rtol=4e-15)
    angles = np.concatenate(
        [np.linspace(-3 * pi, 3 * pi, 10001), pi / 4 * np.arange(9), [1e-9, tau - 1e-9]]
    )
    x, y = _unit_vectors(angles)
    np.testing.assert_allclose([x, y], [np.cos(angles), np.sin(angles)], atol=5e-15)
    directions = np.array([_direction(a, b) for a, b in zip(x, y, strict=True)])
    np.testing.assert_allclose(np.sin((directions - angles) / 2), 0.0, atol=1e-14)
    assert abs(directions).max() <= pi


def test_observe_equals_its_twin():
    values = np.random.default_rng(0).uniform(0, tau, (4, 5))
    parity = 1.0 - 2.0 * (np.indices((4, 5)).sum(0) % 2)
    bonds = sum(np.cos(values - np.roll(values, -1, axis)).sum() for axis in (0, 1))
    spins = np.exp(1j * values)
    expected = (bonds, spins.sum().real, abs(spins.sum()) ** 2, abs((parity * spins).sum()) ** 2)
    np.testing.assert_allclose(
        observe(values.ravel(), neighbour_table((4, 5)), parity.ravel()), expected
    )


def test_extreme_local_fields():
    # no coupling: each spin alone, from free to frozen; the variance of a cold angle is T / H
    for field, variance in ((0.0, None), (1e-6, None), (1e8, 1e-8)):
        angles, rng = np.zeros(4096), stream(5)
        heat_bath(angles, np.empty((4096, 0), np.int32), 0.0, field, rng, 1)
        assert np.isfinite(angles).all()
        if variance is None:
            assert_within_sigma(np.cos(angles)[None], 0.0)
        else:
            assert_within_sigma(np.sin(angles)[None] ** 2 / variance, 1.0)
