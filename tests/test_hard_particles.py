"""Ideal gas, hard rods and disks: exact answers, plain twins, samples against theory."""

import json
from functools import lru_cache, partial
from itertools import product
from math import log, pi, sqrt

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial import cKDTree
from scipy.special import j1

from moiety import InputError
from moiety.base.errors import Stopped
from moiety.data.statistics import standard_error
from moiety.exact import hard_particles as exact
from moiety.systems.dynamics.event_chains import (
    BOND,
    CONTACT,
    bonds,
    densest_cells,
    event_chains,
    fill,
    waves,
)
from moiety.systems.dynamics.splitmix import stream
from moiety.systems.hard_disks import HardDisks, _distance, arrangement
from moiety.systems.hard_rods import HardRods, place
from moiety.systems.ideal_gas import IdealGas, scatter
from plain import PlainStream
from statistical import assert_within_sigma

GASES = (IdealGas(24, 0.3, 3), HardRods(24, 0.4), HardDisks(24, 0.3))


def deviation(series, expected):
    """Deviation of a mean, and its standard error."""
    return np.mean(series) - expected, max(standard_error(series), 1e-12)


def by_frame(particles):
    """Positions `(frame, particle, d)`."""
    return particles.positions.reshape(particles.n, -1, particles.dimensions)


def per_chain(values, particles):
    """A number per frame, as `(chain, draw)`."""
    return np.reshape(values, (particles.chains, particles.draws))


def distances(particles, reach):
    """Frame and distance of each pair closer than `reach`, each pair once."""
    side = particles.cells[0, 0, 0]
    frames, apart = [], []
    for k, points in enumerate(by_frame(particles)):
        pairs = cKDTree(points, boxsize=side).query_pairs(reach, output_type="ndarray")
        steps = points[pairs[:, 0]] - points[pairs[:, 1]]
        apart.append(np.sqrt(((steps - side * np.round(steps / side)) ** 2).sum(axis=1)))
        frames.append(np.full(len(pairs), k))
    return np.concatenate(frames), np.concatenate(apart)


@lru_cache
def liquid(phi, particles=256, samples=400):
    return HardDisks(particles, phi).sample(samples, seed=5, threads=1)


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
        stop=lambda: bool(reports) and reports[-1] >= 80,
        progress=lambda done, _: reports.append(done),
    )
    assert 80 <= part.n < 800 and not part.provenance["complete"]
    with pytest.raises(Stopped):
        system.sample(800, stop=lambda: True)


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


# ----------------------------------------------------------------------------- disks


def plain_contact(positions, side, i, axis, most):
    """By brute force: distance that disk i slides, disk that it meets, distance along the axis."""
    step, hit, depth = most, i, 0.0
    for j, along_shift, across_shift in product(
        range(len(positions)), (-side, 0.0, side, 2 * side), (-side, 0.0, side)
    ):
        along = positions[j, axis] - positions[i, axis] + along_shift
        across = positions[j, 1 - axis] - positions[i, 1 - axis] + across_shift
        if j != i and along > 0 and abs(across) < CONTACT:
            reach = sqrt(CONTACT**2 - across**2)
            if along - reach < step:
                step, hit, depth = max(along - reach, 0.0), j, reach
    return step, hit, depth


def plain_chain(positions, side, length, plain):
    """Run an event chain; return the positions and Z."""
    axis, i = plain.below(2), plain.below(len(positions))
    whole, gap = 2 * length * plain.uniform(), 0.0
    left = whole
    while left > 0:
        step, hit, depth = plain_contact(positions, side, i, axis, left)
        positions[i, axis] = (positions[i, axis] + step) % side
        left, i, gap = left - step, hit, gap + depth
    return positions, 1 + gap / whole


@pytest.mark.parametrize(("particles", "phi"), [(1, 0.7), (2, 0.6), (5, 0.3), (30, 0.1), (30, 0.6)])
def test_event_chains_equal_their_plain_twin(particles, phi):
    model, rng, plain = HardDisks(particles, phi), stream(7), PlainStream(7)
    state = model._start(1, np.random.default_rng(0))
    cells = densest_cells(model.side, CONTACT, particles)
    # on a lattice two disks may be equally near: leave it first
    event_chains(state, model.side, cells, 1.3, 10 * particles, stream(8))
    for _ in range(30):  # chain by chain: rounding errors grow from event to event
        expected, z = plain_chain(state[:-1].reshape(-1, 2).copy(), model.side, 1.3, plain)
        event_chains(state, model.side, cells, 1.3, 1, rng)
        np.testing.assert_allclose(state[:-1].reshape(-1, 2), expected, atol=1e-8)
        assert state[-1] == pytest.approx(z, abs=1e-8)
    assert rng[0] == plain.state


def test_observables_equal_their_plain_twins():
    model = HardDisks(40, 0.5)
    points = by_frame(model.sample(8, seed=2, burn_in=16, thinning=2))[0]
    steps = points[:, None] - points
    steps -= model.side * np.round(steps / model.side)
    apart = np.hypot(*np.moveaxis(steps, -1, 0))
    near = (apart < BOND) & (apart > 0)
    six = np.exp(6j * np.arctan2(steps[..., 1], steps[..., 0]))[near].sum() / 40
    observed = bonds(points, model.side, densest_cells(model.side, BOND, 40))
    np.testing.assert_allclose(observed, [near.sum() / 40, six.real, six.imag], atol=1e-12)
    power = np.abs(np.exp(2j * pi / model.side * points).sum(axis=0)) ** 2 / 40
    np.testing.assert_allclose(waves(points, model.side), power, atol=1e-12)


def test_cells_hold_every_disk_once():
    points = np.random.default_rng(1).random((50, 2)) * 6
    first, following = fill(points, 6.0, 5)
    held = {}
    for cell, i in enumerate(first):
        while i >= 0:
            held[int(i)] = cell
            i = following[i]
    assert [held[i] for i in range(50)] == [int(x / 1.2) * 5 + int(y / 1.2) for x, y in points]


@pytest.mark.parametrize("particles", [1, 2, 5, 8, 12, 30, 64, 100, 137, 256, 1000, 1024, 4096])
def test_lattices_fit_up_to_a_packing_fraction_of_7_tenths(particles):
    sites = arrangement(particles)
    assert len(sites) >= particles and _distance(sites) > sqrt(0.7 * 4 / pi / particles)
    if len(sites) > 1:
        apart = cKDTree(sites, boxsize=1.0).query(sites, k=2)[0][:, 1].min()
        assert min(apart, 1.0) == pytest.approx(_distance(sites))


def pair_cosines(positions, side):
    """Mean over pairs and axes of cos(2 pi distance / side), `(frame,)`."""
    first, second = np.triu_indices(positions.shape[1], 1)
    return np.cos(2 * pi / side * (positions[:, first] - positions[:, second])).mean(axis=(1, 2))


def test_two_disks_exclude_a_circle():
    # the vector between them is uniform outside a circle of radius 1; the Fourier transform of the
    # circle is side * J_1(2 pi / side)
    model = HardDisks(2, 0.3)
    expected = -model.side * j1(2 * pi / model.side) / (model.side**2 - pi)
    pairs = model.sample(8000, seed=4, threads=1)
    series = per_chain(pair_cosines(by_frame(pairs), model.side), pairs)
    assert_within_sigma(series, expected)
    shift, error = deviation(series, 0.0)  # negative control: points
    assert abs(shift) > 10 * error


def rejection(model, tries, seed=0):
    """Uniform configurations without overlap, `(frame, disk, 2)`."""
    points = np.random.default_rng(seed).random((tries, model.particles, 2)) * model.side
    points[:, 0] = 0.0  # the box is homogeneous
    first, second = np.triu_indices(model.particles, 1)
    steps = points[:, first] - points[:, second]
    steps -= model.side * np.round(steps / model.side)
    return points[((steps**2).sum(axis=2) >= 1).all(axis=1)]


@pytest.mark.parametrize(("particles", "phi"), [(2, 0.6), (3, 0.3), (3, 0.55), (4, 0.35)])
def test_few_disks_against_rejection(particles, phi):
    """Boxes of sides from 1.6, where a disk meets two images of another disk."""
    model = HardDisks(particles, phi)
    right, drawn = rejection(model, 200_000), model.sample(4000, seed=9, threads=1)
    assert len(right) > 500
    for power in (1, 2):
        expected = pair_cosines(right, model.side) ** power
        series = per_chain(pair_cosines(by_frame(drawn), model.side) ** power, drawn)
        error = sqrt(standard_error(series) ** 2 + expected.var() / len(expected))
        report = f"{series.mean()} against {expected.mean()}, error {error}"
        assert abs(series.mean() - expected.mean()) < 4 * error, report
    gas = by_frame(IdealGas(particles, 4 / pi * phi).sample(4000, seed=9))  # negative control
    shift, error = deviation(pair_cosines(gas, model.side), pair_cosines(right, model.side).mean())
    assert abs(shift) > 8 * error


@pytest.mark.parametrize("phi", [0.2, 0.4])
def test_the_pressure_of_the_chains(phi):
    disks = liquid(phi)
    series = per_chain(disks.measured["compressibility"], disks)
    finite = exact.henderson_compressibility(phi, 256) - exact.henderson_compressibility(phi)
    assert_within_sigma(series, exact.virial_compressibility(phi, rest=0.55) + finite)
    # Henderson's equation is good to 3e-3
    assert series.mean() == pytest.approx(exact.henderson_compressibility(phi, 256), rel=3e-3)
    shift, error = deviation(series, 1 + 2 * phi)  # negative control: second virial coefficient
    assert shift > 10 * error


def contact_values(particles, phi, bins=5, width=0.05):
    """1 + 2 phi g(1) without each twentieth of the frames, `(part,)`; g(1) by a parabola."""
    frames, apart = distances(particles, 1 + bins * width)
    edges = 1 + width * np.arange(bins + 1)
    number, side = int(particles.counts[0]), particles.cells[0, 0, 0]
    ideal = number * (number - 1) / 2 * pi * np.diff(edges**2) / side**2
    parts = frames * 20 // particles.n
    counts = np.array([np.histogram(apart[parts != part], edges)[0] for part in range(20)])
    g = counts / (ideal * particles.n * 19 / 20)
    middles = (edges[1:] + edges[:-1]) / 2 - 1
    fits = np.polyfit(middles, g.T, 2, w=1 / np.sqrt(g.mean(axis=0)))
    return 1 + 2 * phi * fits[-1]


@pytest.mark.parametrize("phi", [0.2, 0.4])
def test_the_contact_value_of_disks_is_their_pressure(phi):
    left = contact_values(liquid(phi), phi)
    error = sqrt(19 * left.var())  # a jackknife
    expected = exact.henderson_compressibility(phi, 256)
    assert abs(left.mean() - expected) < 4 * error, (left.mean(), error, expected)
    assert error < 0.05 * expected
    assert left.mean() - (1 + 2 * phi) > 4 * error  # negative control: g = 1, as for points


def test_draws_are_independent_and_chains_agree():
    provenance = liquid(0.4).provenance
    assert provenance["thinning"] >= 5 * provenance["tau_int"] - 1
    assert provenance["effective"] > 200 and provenance["rhat"] < 1.1


def test_a_dense_start_melts():
    disks = HardDisks(100, 0.65).sample(200, seed=1, threads=1)
    order = disks.provenance["tau_draws"]["hexatic order"]
    assert order < 2.0 and disks.provenance["rhat"] < 1.2
    # negative control: draws that start from the lattice
    held = HardDisks(100, 0.65).sample(200, seed=1, threads=1, burn_in=1, thinning=1)
    assert held.provenance["tau_draws"]["hexatic order"] > 5.0 and held.provenance["rhat"] > 1.2
