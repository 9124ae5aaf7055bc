"""Ideal gas, hard rods and disks: exact answers, plain twins, samples against theory."""

import json
from functools import partial
from itertools import product
from math import log, pi

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial import cKDTree

from fluids import by_frame, deviation, distances
from moiety import InputError
from moiety.base.errors import Stopped
from moiety.exact import hard_particles as exact
from moiety.systems.dynamics.splitmix import stream
from moiety.systems.hard_disks import HardDisks
from moiety.systems.hard_rods import HardRods, place
from moiety.systems.ideal_gas import IdealGas, scatter
from plain import PlainStream
from statistical import assert_within_sigma

GASES = (IdealGas(24, 0.3, 3), HardRods(24, 0.4), HardDisks(24, 0.3))


# -------------------------------------------------------------------- exact answers


@pytest.mark.parametrize(
    ("compressibility", "entropy", "ends"),
    [
        (exact.tonks_compressibility, exact.tonks_excess_entropy, (0.1, 0.5, 0.95)),
        (exact.henderson_compressibility, exact.henderson_excess_entropy, (0.1, 0.4, 0.7)),
        (exact.virial_compressibility, exact.virial_excess_entropy, (0.1, 0.4, 0.7)),
        (
            partial(exact.virial_compressibility, rest=0.55),
            partial(exact.virial_excess_entropy, rest=0.55),
            (0.1, 0.5),
        ),
    ],
)
def test_entropy_is_the_integral_of_the_pressure(compressibility, entropy, ends):
    for end in ends:
        integral = quad(lambda x: (compressibility(x) - 1) / x, 0, end, epsabs=1e-11)[0]
        assert entropy(end) == pytest.approx(-integral, abs=1e-9)
    assert entropy(0.0) == 0.0 and compressibility(0.0) == 1.0


def test_hendersons_pressure_has_the_virial_coefficients_of_disks():
    phi = 0.01  # the next terms, 4.26 phi^3 exactly and 4.25 phi^3 for Henderson, are below 5e-6
    dilute = 1 + 2 * phi + 3.128 * phi**2
    assert exact.henderson_compressibility(phi) == pytest.approx(dilute, abs=5e-6)
    assert exact.virial_compressibility(phi) == pytest.approx(dilute, abs=5e-6)
    assert exact.virial_compressibility(phi, terms=3) == pytest.approx(dilute, abs=1e-7)
    # negative control: scaled particle theory
    assert abs(exact.henderson_compressibility(phi) - (1 + 2 * phi + 3 * phi**2)) > 1e-5
    for phi in (0.1, 0.2, 0.3):  # Henderson's equation is good to 1e-3 here
        assert exact.henderson_compressibility(phi) == pytest.approx(
            exact.virial_compressibility(phi), rel=1e-3
        )


def test_a_fixed_number_in_a_box():
    # rods are known exactly: Z = 1 / (1 - rho), chi = d(rho Z) / drho = 1 / (1 - rho)^2
    density, number = 0.6, 50
    saddle = log(1 - density) + log((1 - density) ** -2) / (2 * number)
    assert exact.tonks_excess_entropy(density, number) == pytest.approx(saddle, abs=1e-12)
    # two disks exclude an area of pi for each other: S = ln(1 - pi / area); the next order is phi^2
    phi = 0.02
    pair = log(1 - pi / HardDisks(2, phi).side ** 2) / 2
    assert HardDisks(2, phi).finite_excess_entropy() == pytest.approx(pair, abs=phi**2)
    # negative control: infinitely many disks
    assert abs(HardDisks(2, phi).exact_excess_entropy() - pair) > 0.01
    # Z follows from s: Z = 1 - phi ds/dphi
    step, phi, number = 1e-6, 0.4, 30
    low, high = (exact.henderson_excess_entropy(phi + d, number) for d in (-step, step))
    slope = (high - low) / (2 * step)
    assert exact.henderson_compressibility(phi, number) == pytest.approx(1 - phi * slope, rel=1e-8)


def test_tonks_pressure():
    assert exact.tonks_pressure(0.25) == pytest.approx(0.25 / 0.75)
    assert exact.tonks_pressure(0.0) == 0.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: exact.tonks_excess_entropy(1.0),
        lambda: exact.henderson_compressibility(0.71),
        lambda: exact.henderson_excess_entropy(float("nan")),
        lambda: exact.virial_compressibility(0.1, terms=11),
        lambda: exact.virial_compressibility(0.1, rest=0.8),
        lambda: IdealGas(0, 1.0),
        lambda: IdealGas(10, -1.0),
        lambda: IdealGas(10, 1.0, 4),
        lambda: HardRods(2.5, 0.5),
        lambda: HardRods(10, 1.0),
        lambda: HardDisks(True, 0.5),
        lambda: HardDisks(64, 0.71),
        lambda: HardDisks(64, 0.0),
        lambda: HardDisks(64, "dense"),
        lambda: HardDisks(3, 0.69),  # three disks do not fit
        lambda: HardDisks(64, 0.3).sample(8, algorithm="metropolis"),
        lambda: HardDisks(64, 0.3).sample(4),
        lambda: HardRods(10, 0.5).sample(8, thinning=3),
        lambda: IdealGas(10, 0.5).sample(8, algorithm="event-chain"),
    ],
)
def test_invalid_values_raise_a_message_of_a_single_line(call):
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value) and str(caught.value)


# ------------------------------------------------------------------------ all three


@pytest.mark.parametrize("system", GASES, ids=lambda system: system.name)
def test_frames_and_their_provenance(system):
    frames = system.sample(16, seed=3, chains=4, threads=1)
    assert (frames.n, frames.chains, frames.dimensions) == (16, 4, system.dimensions)
    assert (frames.counts == system.particles).all()
    assert all(frames.periodic) and frames.periodic == system.periodic
    assert frames.density == pytest.approx(system.density) and (frames.diameters == 1.0).all()
    assert (frames.positions >= 0).all() and (frames.positions < system.side).all()
    provenance = frames.provenance
    assert provenance["system"] == system.name
    assert type(system)(**provenance["parameters"]) == system
    assert provenance["complete"] and provenance["seed"] == 3 and provenance["chains"] == 4
    statistics = {"tau_int", "thinning", "burn_in", "effective", "rhat", "tau_draws"}
    assert statistics | {"version", "algorithm"} <= set(provenance)
    json.dumps(provenance)


@pytest.mark.parametrize("system", GASES, ids=lambda system: system.name)
def test_the_seed_decides_and_threads_do_not(system):
    first, again, other = (
        system.sample(16, seed=seed, threads=threads).positions
        for seed, threads in ((3, 1), (3, 2), (4, 1))
    )
    np.testing.assert_array_equal(first, again)
    assert not np.isin(first, other).any()


@pytest.mark.parametrize("system", GASES, ids=lambda system: system.name)
def test_stop_keeps_the_finished_draws(system):
    reports = []
    part = system.sample(
        800,
        should_stop=lambda: bool(reports) and reports[-1] >= 80,
        progress=lambda done, _: reports.append(done),
    )
    assert 80 <= part.n < 800 and not part.provenance["complete"]
    with pytest.raises(Stopped):
        system.sample(800, should_stop=lambda: True)


def nearest(particles):
    """Smallest distance in any frame."""
    return distances(particles, 1.5)[1].min()


@pytest.mark.parametrize(
    ("particles", "phi"), [(2, 0.6), (5, 0.7), (64, 0.1), (100, 0.5), (56, 0.69)]
)
def test_disks_never_overlap(particles, phi):
    model = HardDisks(particles, phi)
    disks = model.sample(64, seed=1, burn_in=64, thinning=4, threads=1)
    shifts = model.side * np.array(list(product((-1, 0, 1), repeat=2)))
    images = [(points + shifts[:, None]).reshape(-1, 2) for points in by_frame(disks)]
    assert min(cKDTree(many).query(many, k=2)[0][:, 1].min() for many in images) >= 1.0
    assert nearest(IdealGas(100, 0.5).sample(64, seed=1)) < 0.9  # negative control


@pytest.mark.parametrize("density", [0.01, 0.5, 0.98])
def test_rods_never_overlap(density):
    assert nearest(HardRods(200, density).sample(64, seed=1)) >= 1.0


# ---------------------------------------------------------------------- the ideal gas


def quarter_counts(particles):
    """Particles in the lower quarter of the box along x."""
    return (by_frame(particles)[:, :, 0] < particles.cells[0, 0, 0] / 4).sum(axis=1)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_counts_of_an_ideal_gas_are_binomial(dimensions):
    counts = quarter_counts(IdealGas(64, 0.5, dimensions).sample(2000, seed=2))
    assert_within_sigma(counts, 16.0)
    assert_within_sigma((counts - 16.0) ** 2, 12.0)
    # negative control
    rods = quarter_counts(HardRods(64, 0.5).sample(2000, seed=2))
    shift, error = deviation((rods - 16.0) ** 2, 12.0)
    assert shift < -10 * error


def test_scatter_equals_its_plain_twin():
    state, plain = np.empty(7), PlainStream(9)
    scatter(state, 3.0, stream(9))
    np.testing.assert_array_equal(state, [3.0 * plain.uniform() for _ in range(7)])


# ------------------------------------------------------------------------------ rods


def gaps(particles):
    """Gaps between the surfaces of neighbours around the ring, `(frame, rod)`."""
    points = np.sort(by_frame(particles)[:, :, 0], axis=1)
    return np.diff(points, axis=1, append=points[:, :1] + particles.cells[0, 0, 0]) - 1.0


def test_place_equals_its_plain_twin():
    state, plain = np.empty(5), PlainStream(4)
    place(state, 12.0, stream(4))
    points = sorted(7.0 * plain.uniform() for _ in range(5))
    turn = 12.0 * plain.uniform()
    np.testing.assert_allclose(
        state, [(x + i + turn) % 12.0 for i, x in enumerate(points)], atol=1e-13
    )


@pytest.mark.parametrize("density", [0.2, 0.7])
def test_gaps_of_rods_are_uniform_on_the_simplex(density):
    rods = HardRods(50, density)
    n, free = rods.particles, rods.side - rods.particles
    between = gaps(rods.sample(2000, seed=6))
    assert_within_sigma((between**2).mean(axis=1), 2 * free**2 / (n * (n + 1)))
    assert_within_sigma((between**3).mean(axis=1), 6 * free**3 / (n * (n + 1) * (n + 2)))
    assert_within_sigma(
        (between * np.roll(between, 1, axis=1)).mean(axis=1), free**2 / (n * (n + 1))
    )
    apart = gaps(IdealGas(n, density, 1).sample(2000, seed=6))  # negative control: points
    shift, error = deviation((apart**2).mean(axis=1), 2 * free**2 / (n * (n + 1)))
    assert abs(shift) > 10 * error


@pytest.mark.parametrize("density", [0.2, 0.7])
def test_the_contact_value_of_rods_is_their_pressure(density):
    rods = HardRods(400, density)
    pressure = exact.tonks_pressure(density)
    # of gaps with density p exp(-p gap) a fraction of 1 - exp(-0.02) is narrow, up to 1e-4 for 1/N
    narrow = 0.02 / pressure
    fraction = (gaps(rods.sample(1000, seed=8)) < narrow).mean(axis=1)
    assert_within_sigma(-np.log1p(-fraction) / narrow, pressure)
    shift, error = deviation(fraction / narrow, density)  # negative control: the ideal gas
    assert shift > 10 * error


def test_rods_are_uniform_on_the_ring():
    angles = 2 * pi / 20 * by_frame(HardRods(10, 0.5).sample(2000, seed=3))[:, 0, 0]
    assert_within_sigma(np.cos(angles), 0.0)
    assert_within_sigma(np.sin(angles), 0.0)
