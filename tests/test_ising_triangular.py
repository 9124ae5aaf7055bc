"""The triangular lattice: Houtappel's integral, and samples against it and enumeration."""

import numpy as np
import pytest

from moiety import InputError
from moiety.data.statistics import tau_int
from moiety.exact.houtappel import (
    CRITICAL_TEMPERATURE,
    houtappel_energy,
    houtappel_entropy,
    houtappel_free_energy,
)
from moiety.systems._lattice import neighbour_table
from moiety.systems.ising_triangular import IsingTriangular
from statistical import assert_same_mean, assert_within_sigma, exact_mean, sublattice_order

SIGNS = (1.0, -1.0)


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
    # ln z = ln 2 + 3 ln cosh K + 2 v^3 + 3 v^4 + O(v^5), v = tanh K: two triangles and three rhombi
    # per site; the next terms, K^4 in the energy and K^5 in the entropy, have coefficients < 100
    k = coupling / 100
    energy = -coupling * (3 * k + 6 * k**2 + 11 * k**3)
    entropy = np.log(2) - 1.5 * k**2 - 4 * k**3 - 8.25 * k**4
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
    # a sheared lattice has no mirror; the stated symmetries are tested for all systems
    assert (model.energy(values[:, :, ::-1]) != model.energy(values)).any()


@pytest.mark.parametrize(
    ("parameters", "algorithm"),
    [
        ({"size": (3, 4), "temperature": 4.0, "field": 0.4}, None),
        ({"size": (3, 3), "temperature": 1.0, "coupling": -1.0}, None),
        ({"size": (3, 3), "temperature": 1.5, "coupling": -1.0}, "swendsen-wang"),
    ],
)
def test_order_of_the_sublattices_against_enumeration(parameters, algorithm):
    model = IsingTriangular(**parameters)
    samples = model.sample(4000, seed=2, algorithm=algorithm, burn_in=256)
    assert_within_sigma(sublattice_order(samples.values), exact_mean(model, sublattice_order))
    warmer = IsingTriangular(**{**parameters, "temperature": 1.2 * model.temperature})
    with pytest.raises(AssertionError):  # negative control
        assert_within_sigma(sublattice_order(samples.values), exact_mean(warmer, sublattice_order))


@pytest.mark.parametrize(("coupling", "temperature"), [(1.0, 6.0), (1.0, 2.5), (-1.0, 2.0)])
def test_energy_of_a_large_lattice(coupling, temperature):
    # 36 sites are many correlation lengths here, so the torus agrees with the infinite lattice
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


def test_clusters_alone_do_not_sample_the_antiferromagnet():
    model = IsingTriangular(24, 1.0, coupling=-1.0)
    stuck, moving = (
        model.sample(128, seed=4, algorithm=name, burn_in=512, thinning=2)
        for name in ("swendsen-wang", "heat-bath")
    )
    # measured over 256 sweeps
    assert stuck.provenance["tau_int"] > 60 > 30 > moving.provenance["tau_int"]


def test_the_cold_antiferromagnet_is_sampled_by_loops():
    model = IsingTriangular(24, 0.2, coupling=-1.0)
    samples = model.sample(512, seed=4)
    assert samples.provenance["algorithm"] == "loops"
    assert samples.provenance["effective"] > 512 / 1.5 and samples.provenance["rhat"] < 1.1
    for axis in (2, 3):  # the directions are equivalent: a third of the bonds of each is broken
        parallel = (samples.values == np.roll(samples.values, -1, axis)).mean(axis=(2, 3))
        assert_within_sigma(parallel, 1 / 3)
        assert tau_int(parallel) < 0.6 + 2 * 0.1
    # negative control
    stuck = model.sample(512, seed=4, algorithm="heat-bath", burn_in=256, thinning=8)
    assert stuck.provenance["effective"] < 256 and stuck.provenance["rhat"] > 1.1


def test_replica_exchange_and_loops_agree_on_broken_bonds_by_direction():
    model = IsingTriangular(12, 0.5, coupling=-1.0)
    exchanged, looped = (
        model.sample(512, seed=4, algorithm=name) for name in ("replica-exchange", "loops")
    )
    assert exchanged.provenance["rhat"] < 1.1

    def winding(samples):
        broken = [
            (samples.values == np.roll(samples.values, -1, axis)).sum(axis=(2, 3))
            for axis in (2, 3)
        ]
        return (broken[0] - 48.0) ** 2 + (broken[1] - 48.0) ** 2

    assert (winding(exchanged) > 0).any() and (winding(looped) > 0).any()
    assert_same_mean(winding(exchanged), winding(looped))


def test_loops_admit_no_field():
    with pytest.raises(InputError, match="field"):
        IsingTriangular(6, 0.5, coupling=-1.0, field=0.1).sample(16, algorithm="loops")
    samples = IsingTriangular(6, 0.5, coupling=-1.0, field=0.1).sample(16, burn_in=8)
    assert samples.provenance["algorithm"] == "heat-bath"
