"""The triangular lattice: Houtappel's integral, and samples against it and against enumeration."""

import numpy as np
import pytest

from moiety import InputError
from moiety.data.statistics import standard_error, tau_int
from moiety.exact.enumeration import all_states, boltzmann
from moiety.exact.houtappel import (
    CRITICAL_TEMPERATURE,
    houtappel_energy,
    houtappel_entropy,
    houtappel_free_energy,
)
from moiety.systems.ising_triangular import IsingTriangular

SIGNS = (1.0, -1.0)


def assert_within_sigma(series, expected, sigmas=4.0):
    """4 sigma: about one false alarm in 10^4 tests, and the seeds are fixed."""
    mean, error = series.mean(), max(standard_error(series), 1e-12)
    report = f"{mean:.5f} ± {error:.5f} against {expected:.5f}, tau_int {tau_int(series):.2f}"
    assert abs(mean - expected) < sigmas * error, report


# ------------------------------------------------------------- the infinite lattice


@pytest.mark.parametrize(
    ("temperature", "entropy"),
    [(0.01, 0.3230659), (0.5, 0.3292249), (1, 0.4139082), (2, 0.5545790), (4, 0.6400116)],
)
def test_known_entropies_of_the_antiferromagnet(temperature, entropy):
    assert houtappel_entropy(temperature, coupling=-1.0) == pytest.approx(entropy, abs=6e-8)


def test_critical_point_and_limits():
    assert pytest.approx(3.6409569, abs=6e-8) == CRITICAL_TEMPERATURE
    assert houtappel_energy(CRITICAL_TEMPERATURE) == pytest.approx(-2.0, abs=1e-9)  # in closed form
    assert houtappel_entropy(0.01) == pytest.approx(0.0, abs=1e-12)
    assert houtappel_free_energy(1e-3) == pytest.approx(-3.0, abs=1e-12)
    assert houtappel_energy(0.01, coupling=-2.0) == pytest.approx(-2.0, abs=1e-12)
    assert houtappel_entropy(1.0, coupling=0.0) == pytest.approx(np.log(2), abs=1e-12)
    assert houtappel_energy(1.0, coupling=0.0) == pytest.approx(0.0, abs=1e-12)
    for function in (houtappel_entropy, houtappel_energy, houtappel_free_energy):
        with pytest.raises(InputError):
            function(0.0)


@pytest.mark.parametrize("coupling", SIGNS)
@pytest.mark.parametrize("temperature", [1.5, 2.5, 5.0])
def test_double_integral(coupling, temperature):
    # the trapezoidal rule of a periodic function, which converges exponentially
    k, w = coupling / temperature, 2 * np.pi * np.arange(400) / 400
    cosines = np.cos(w[:, None]) + np.cos(w) + np.cos(w[:, None] + w)
    log_z = (
        np.log(2)
        + np.log(np.cosh(2 * k) ** 3 + np.sinh(2 * k) ** 3 - np.sinh(2 * k) * cosines).mean() / 2
    )
    assert -houtappel_free_energy(temperature, coupling=coupling) / temperature == pytest.approx(
        log_z, abs=1e-9
    )


@pytest.mark.parametrize("coupling", SIGNS)
@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0, 3.0, 5.0, 30.0])
def test_derivatives(coupling, temperature):
    # ln z at four points: the fourth-order difference errs by about step^4
    def log_z(beta):
        return -beta * houtappel_free_energy(1 / beta, coupling=coupling)

    beta, step = 1 / temperature, 1e-3 / temperature
    near, far = (log_z(beta + i * step) - log_z(beta - i * step) for i in (1, 2))
    energy = houtappel_energy(temperature, coupling=coupling)
    assert energy == pytest.approx(-(8 * near - far) / (12 * step), abs=1e-8)
    assert houtappel_entropy(temperature, coupling=coupling) == pytest.approx(
        log_z(beta) + beta * energy, abs=1e-12
    )


@pytest.mark.parametrize("coupling", SIGNS)
def test_high_temperature(coupling):
    # ln z = ln 2 + 3 ln cosh K + 2 v^3 + 3 v^4 + O(v^5), v = tanh K: two triangles and three rhombi a site;
    # the next terms, of K^4 in the energy and K^5 in the entropy, have coefficients below 100
    k = coupling / 100
    energy, entropy = (
        -coupling * (3 * k + 6 * k**2 + 11 * k**3),
        np.log(2) - 1.5 * k**2 - 4 * k**3 - 8.25 * k**4,
    )
    assert houtappel_energy(100.0, coupling=coupling) == pytest.approx(energy, abs=1e-6)
    assert houtappel_entropy(100.0, coupling=coupling) == pytest.approx(entropy, abs=1e-8)
    # negative control: the other sign of J is another model
    assert abs(houtappel_entropy(100.0, coupling=-coupling) - entropy) > 1e-6


@pytest.mark.parametrize("coupling", SIGNS)
def test_finite_monotonic_and_silent(coupling, recwarn):
    temperatures = np.geomspace(0.01, 1e4, 200)
    entropy = np.array([houtappel_entropy(t, coupling=coupling) for t in temperatures])
    energy = np.array([houtappel_energy(t, coupling=coupling) for t in temperatures])
    for series in (entropy, energy):
        assert np.isfinite(series).all() and (np.diff(series) > -1e-10).all()
    assert not recwarn.list


@pytest.mark.parametrize("coupling", SIGNS)
def test_small_tori_tend_to_the_infinite_lattice(coupling):
    infinite = houtappel_entropy(20.0, coupling=coupling)
    gaps = [
        abs(IsingTriangular(size, 20.0, coupling).exact_entropy() - infinite)
        for size in ((2, 2), (3, 3), (4, 4))
    ]
    assert gaps[0] > gaps[1] > gaps[2] and gaps[2] < 1e-4


# ------------------------------------------------------------- the system


def test_energy_counts_every_bond_of_the_table():
    from moiety.systems._lattice import neighbour_table

    for shape in ((4, 5), (2, 3), (1, 4), (2, 2), (1, 1)):
        model = IsingTriangular(shape, 1.0, coupling=-0.7, field=0.3)
        spins = np.random.default_rng(0).integers(0, 2, (2, 3, *shape), dtype=np.uint8)
        s = 2.0 * spins.reshape(2, 3, -1) - 1
        table = neighbour_table(shape, ((1, 0), (0, 1), (1, 1)))
        plain = -0.3 * s.sum(-1) + 0.7 * (s[..., None] * s[..., table]).sum((-2, -1)) / 2
        np.testing.assert_allclose(model.energy(spins), plain, atol=1e-12)


def test_symmetries():
    assert IsingTriangular(6, 1.0).symmetries == ("flip", "transpose", "invert")
    assert IsingTriangular((6, 5), 1.0, field=0.1).symmetries == ("invert",)
    values = np.random.default_rng(0).integers(0, 2, (1, 16, 6, 6), dtype=np.uint8)
    model = IsingTriangular(6, 1.0, coupling=-1.0)
    energy = model.energy(values)
    for image in (1 - values, values.swapaxes(2, 3), values[:, :, ::-1, ::-1]):
        np.testing.assert_array_equal(model.energy(image), energy)
    assert (
        model.energy(values[:, :, ::-1]) != energy
    ).any()  # negative control: a sheared lattice has no mirror


def sublattice_order(values):
    """|sum s exp(2 pi i (x + y) / 3)|^2 per site."""
    phases = np.exp(2j * np.pi * np.indices(values.shape[2:]).sum(0) / 3)
    return np.abs(((2.0 * values - 1) * phases).sum((2, 3))) ** 2 / phases.size


def exact_mean(model, observable):
    values = all_states(model.shape, 2)
    return (boltzmann(model.energy(values)[0], model.temperature) * observable(values)[0]).sum()


@pytest.mark.parametrize(
    ("parameters", "algorithm"),
    [
        ({"size": (3, 4), "temperature": 4.0}, None),
        ({"size": (3, 4), "temperature": 4.0, "field": 0.4}, None),
        ({"size": (3, 3), "temperature": 1.0, "coupling": -1.0}, None),
        ({"size": (3, 4), "temperature": 1.5, "coupling": -1.0, "field": 0.7}, None),
        ({"size": (3, 3), "temperature": 1.5, "coupling": -1.0}, "metropolis"),
        ({"size": (3, 3), "temperature": 1.5, "coupling": -1.0}, "swendsen-wang"),
    ],
)
def test_energy_and_order_against_enumeration(parameters, algorithm):
    model = IsingTriangular(**parameters)
    samples = model.sample(4000, seed=2, algorithm=algorithm)
    for observable in (model.energy, sublattice_order):
        assert_within_sigma(observable(samples.values), exact_mean(model, observable))


def test_enumeration_would_notice_a_wrong_temperature():
    right, wrong = (IsingTriangular((3, 4), t, coupling=-1.0) for t in (1.5, 1.65))
    with pytest.raises(AssertionError):
        assert_within_sigma(
            wrong.energy(wrong.sample(4000, seed=2).values), exact_mean(right, right.energy)
        )


@pytest.mark.parametrize(("coupling", "temperature"), [(1.0, 6.0), (1.0, 2.5), (-1.0, 2.0)])
def test_energy_of_a_large_lattice(coupling, temperature):
    # 36 sites hold many correlation lengths here, so that the torus is the infinite lattice
    model = IsingTriangular(36, temperature, coupling)
    samples = model.sample(512, seed=3)
    assert samples.provenance["algorithm"] == (
        "wolff" if temperature < 3 and coupling > 0 else "heat-bath"
    )
    energy = model.energy(samples.values) / 36**2
    assert_within_sigma(energy, houtappel_energy(temperature, coupling=coupling))
    with pytest.raises(AssertionError):  # negative control
        assert_within_sigma(energy, houtappel_energy(1.05 * temperature, coupling=coupling))
    # draws are independent: tau_int = 0.6 from 512 draws has an error of 0.1
    assert tau_int(energy) < 0.6 + 2 * 0.1
    if coupling < 0:
        assert tau_int(sublattice_order(samples.values)) < 0.6 + 2 * 0.1


def test_clusters_alone_are_no_sampler_of_the_antiferromagnet():
    model = IsingTriangular(24, 1.0, coupling=-1.0)
    stuck, moving = (
        model.sample(128, seed=4, algorithm=name, burn_in=512)
        for name in ("swendsen-wang", "heat-bath")
    )
    assert (
        stuck.provenance["tau_int"] > 60 > 30 > moving.provenance["tau_int"]
    )  # of 256 sweeps recorded


def test_the_cold_antiferromagnet_is_sampled_by_loops():
    model = IsingTriangular(24, 0.2, coupling=-1.0)
    samples = model.sample(512, seed=4)
    assert samples.provenance["algorithm"] == "loops"
    assert samples.provenance["effective"] > 512 / 1.5 and samples.provenance["rhat"] < 1.1
    parallel = [
        (samples.values == np.roll(samples.values, -1, axis)).mean(axis=(2, 3)) for axis in (2, 3)
    ]
    for (
        fraction
    ) in parallel:  # all three directions are alike: a third of the bonds of each is broken
        assert_within_sigma(fraction, 1 / 3)
        assert tau_int(fraction) < 0.6 + 2 * 0.1
    stuck = model.sample(
        512, seed=4, algorithm="heat-bath", burn_in=256, thinning=8
    )  # negative control
    assert stuck.provenance["effective"] < 256 and stuck.provenance["rhat"] > 1.1


def test_replica_exchange_and_loops_agree_on_broken_bonds_by_direction():
    model = IsingTriangular(12, 0.5, coupling=-1.0)
    exchanged, looped = (
        model.sample(512, seed=4, algorithm=name) for name in ("replica-exchange", "loops")
    )
    assert exchanged.provenance["rhat"] < 1.1

    def winding(samples):  # of the broken bonds of two directions
        broken = [
            (samples.values == np.roll(samples.values, -1, axis)).sum(axis=(2, 3))
            for axis in (2, 3)
        ]
        return (broken[0] - 48.0) ** 2 + (broken[1] - 48.0) ** 2

    one, two = winding(exchanged), winding(looped)
    assert (one > 0).any() and (two > 0).any()
    assert abs(one.mean() - two.mean()) < 4 * np.hypot(standard_error(one), standard_error(two))


def test_loops_admit_no_field():
    with pytest.raises(InputError, match="field"):
        IsingTriangular(6, 0.5, coupling=-1.0, field=0.1).sample(16, algorithm="loops")
    assert (
        IsingTriangular(6, 0.5, coupling=-1.0, field=0.1)
        .sample(16, burn_in=8)
        .provenance["algorithm"]
        == "heat-bath"
    )
