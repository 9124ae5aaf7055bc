"""Hard spheres: equations of state, event chains against plain twins, samples against theory."""

from functools import lru_cache
from itertools import product
from math import log, pi, sqrt

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial import cKDTree

from fluids import by_frame, deviation, distances, per_chain
from moiety import InputError
from moiety.exact import hard_spheres as exact
from moiety.systems._starts import apart, face_centred_cubic
from moiety.systems.dynamics.event_chains import CONTACT, cell_of, densest_cells
from moiety.systems.dynamics.sphere_chains import crystal_order, fill_cells, sphere_chains
from moiety.systems.dynamics.splitmix import stream
from moiety.systems.hard_spheres import HardSpheres
from moiety.systems.ideal_gas import IdealGas
from plain import PlainStream
from statistical import assert_within_sigma

MELTED = pi / 6 * 1.0371  # packing fraction of a crystal just above melting


@lru_cache
def spheres(eta, phase="fluid", particles=108, samples=160):
    model = HardSpheres(particles, eta, phase)
    return model, model.sample(samples, seed=5, threads=1)


def orders(model, frames, cells):
    """Order of a crystal in each frame."""
    return np.array([crystal_order(frame, model.side, cells) for frame in by_frame(frames)])


# -------------------------------------------------------------------- exact answers


def test_carnahan_and_starling_as_tabulated():
    known = {0.1: -0.4568, 0.2: -1.0625, 0.3: -1.8980, 0.4: -3.1111, 0.45: -3.9421}
    for eta, s in known.items():
        assert exact.carnahan_starling_excess_entropy(eta) == pytest.approx(s, abs=5e-5)


def test_entropies_are_integrals_of_the_pressure():
    def rate(z):
        return lambda eta: (z(eta) - 1) / eta

    for end in (0.1, 0.45):
        area = quad(rate(exact.carnahan_starling_compressibility), 1e-9, end)[0]
        assert exact.carnahan_starling_excess_entropy(end) == pytest.approx(-area, abs=1e-7)
    area = quad(rate(exact.speedy_compressibility), 0.55, 0.7)[0]
    change = exact.speedy_excess_entropy(0.7) - exact.speedy_excess_entropy(0.55)
    assert change == pytest.approx(-area, abs=1e-9)


def test_the_known_entropy_of_the_crystal():
    assert exact.speedy_excess_entropy(pi / 6 * 1.04086) == pytest.approx(-5.91889, abs=1e-9)


def test_fluid_and_crystal_coexist():
    # pressures of 11.57 in both; Delta s = P Delta(1 / density) = 1.1644, within the errors of fits
    fluid, crystal = 0.939, 1.037
    z = exact.carnahan_starling_compressibility(pi / 6 * fluid)
    assert fluid * z == pytest.approx(11.57, rel=5e-3)
    assert crystal * exact.speedy_compressibility(exact.MELTING) == pytest.approx(11.57, rel=5e-3)
    jump = exact.carnahan_starling_excess_entropy(pi / 6 * fluid) - log(fluid)
    jump -= exact.speedy_excess_entropy(exact.MELTING) - log(crystal)
    assert jump == pytest.approx(11.57 * (1 / fluid - 1 / crystal), abs=0.015)


def test_a_fixed_number_in_a_box():
    # two spheres exclude 4 pi / 3 for each other: S = ln(1 - 4 pi / 3 / volume), next order eta^2
    eta = 0.01
    pair = log(1 - 4 * pi / 3 / HardSpheres(2, eta).side ** 3) / 2
    assert HardSpheres(2, eta).finite_excess_entropy() == pytest.approx(pair, abs=10 * eta**2)
    assert abs(HardSpheres(2, eta).exact_excess_entropy() - pair) > 0.01  # negative control
    step, eta, number = 1e-6, 0.4, 30  # Z = 1 - eta ds/deta
    low, high = (exact.carnahan_starling_excess_entropy(eta + d, number) for d in (-step, step))
    z = exact.carnahan_starling_compressibility(eta, number)
    assert z == pytest.approx(1 - eta * (high - low) / (2 * step), rel=1e-8)


@pytest.mark.parametrize(
    "call",
    [
        lambda: exact.carnahan_starling_compressibility(0.5),
        lambda: exact.carnahan_starling_excess_entropy(float("nan")),
        lambda: exact.speedy_excess_entropy(0.5),
        lambda: exact.speedy_compressibility(0.75),
        lambda: HardSpheres(500, 0.52),
        lambda: HardSpheres(500, 0.4, "fcc"),
        lambda: HardSpheres(500, 0.4, "liquid"),
        lambda: HardSpheres(499, 0.55, "fcc"),
        lambda: HardSpheres(2, 0.4),  # a box of side 1.4
        lambda: HardSpheres(500, "dense"),
        lambda: HardSpheres(500, 0.4).sample(8, algorithm="metropolis"),
        lambda: apart(
            200, 4.0, 1.2, np.random.default_rng(0), rounds=50
        ),  # denser than any packing
    ],
)
def test_invalid_values_raise_a_message_of_a_single_line(call):
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value) and str(caught.value)


# --------------------------------------------------------------------------- kernels


def plain_contact(positions, side, i, axis, most):
    """By brute force: distance that sphere i slides, sphere that it meets, distance along."""
    step, hit, depth = most, i, 0.0
    across = [(axis + 1) % 3, (axis + 2) % 3]
    for j, *shifts in product(
        range(len(positions)), (0.0, side, 2 * side), (-side, 0.0, side), (-side, 0.0, side)
    ):
        along = positions[j, axis] - positions[i, axis] + shifts[0]
        offset = positions[j, across] - positions[i, across] + shifts[1:]
        height = CONTACT**2 - offset @ offset
        if j != i and along > 0 and height > 0 and along - sqrt(height) < step:
            step, hit, depth = max(along - sqrt(height), 0.0), j, sqrt(height)
    return step, hit, depth


def plain_chain(positions, side, length, plain):
    """Run an event chain; return the positions and Z."""
    axis, i = plain.below(3), plain.below(len(positions))
    whole, gap = 2 * length * plain.uniform(), 0.0
    left = whole
    while left > 0:
        step, hit, depth = plain_contact(positions, side, i, axis, left)
        positions[i, axis] = (positions[i, axis] + step) % side
        left, i, gap = left - step, hit, gap + depth
    return positions, 1 + gap / whole


@pytest.mark.parametrize(
    ("particles", "eta"), [(1, 0.06), (2, 0.1), (8, 0.4), (30, 0.1), (40, 0.45)]
)
def test_event_chains_equal_their_plain_twin(particles, eta):
    model, rng, plain = HardSpheres(particles, eta), stream(7), PlainStream(7)
    state = model._start(0, np.random.default_rng(0))
    cells = densest_cells(model.side, CONTACT, particles, 3)
    for _ in range(15):  # chain by chain: rounding errors grow from event to event
        expected, z = plain_chain(state[:-1].reshape(-1, 3).copy(), model.side, 1.3, plain)
        sphere_chains(state, model.side, cells, 1.3, 1, rng)
        np.testing.assert_allclose(state[:-1].reshape(-1, 3), expected, atol=1e-8)
        assert state[-1] == pytest.approx(z, abs=1e-8)
    assert rng[0] == plain.state


def test_cells_hold_every_sphere_once():
    points = np.random.default_rng(1).random((50, 3)) * 6
    first, following = fill_cells(points, 6.0, 5)
    held = {}
    for cell, i in enumerate(first):
        while i >= 0:
            held[int(i)] = cell
            i = following[i]
    for i, point in enumerate(points):
        x, y, z = (cell_of(value, 6.0, 5) for value in point)
        assert held[i] == (x * 5 + y) * 5 + z


def test_the_order_of_a_crystal():
    crystal, points = face_centred_cubic(3), np.random.default_rng(0).random((108, 3))
    assert crystal_order((crystal + 0.3) % 1 * 5.0, 5.0, 3) == pytest.approx(1.0)
    waves = 6 * pi * np.array([(1, 1, 1), (1, -1, 1), (1, 1, -1), (1, -1, -1)])
    plain = (np.abs(np.exp(1j * points @ waves.T).sum(0)) ** 2).mean() / 108**2
    assert crystal_order(points * 5.0, 5.0, 3) == pytest.approx(plain, abs=1e-12)


@pytest.mark.parametrize(("particles", "eta"), [(2, 0.1), (64, 0.3), (256, 0.49)])
def test_points_start_apart_and_without_order(particles, eta):
    side = HardSpheres(particles, eta).side
    points = apart(particles, side, CONTACT, np.random.default_rng(2))
    assert ((points >= 0) & (points < side)).all()
    assert not cKDTree(points, boxsize=side).query_pairs(CONTACT)
    # |sum|^2 / N of four waves in a fluid is below 1 on average; a crystal has N
    assert particles < 64 or particles * crystal_order(points, side, 4) < 5


# --------------------------------------------------------------------------- samples


@pytest.mark.parametrize(
    ("particles", "eta", "phase"), [(2, 0.1, "fluid"), (100, 0.45, "fluid"), (108, 0.6, "fcc")]
)
def test_spheres_never_overlap(particles, eta, phase):
    model = HardSpheres(particles, eta, phase)
    frames = model.sample(32, seed=1, burn_in=64, thinning=2, threads=1)
    assert distances(frames, 1.5)[1].min() >= 1.0 - 1e-9
    assert distances(IdealGas(100, 0.5, 3).sample(32, seed=1), 1.5)[1].min() < 0.9  # control


@pytest.mark.parametrize("eta", [0.55, 0.6, 0.7])
def test_a_small_crystal_does_not_close_a_ring_of_contacts(eta):
    # chains in a perfect crystal of 32 spheres once turned for ever within some hundred chains
    model = HardSpheres(32, eta, "fcc")
    frames = model.sample(64, seed=1, burn_in=64, thinning=4, threads=1)
    assert distances(frames, 1.5)[1].min() >= 1.0 - 1e-9
    starts = [model._start(k, np.random.default_rng(k))[:-1].reshape(-1, 3) for k in range(20)]
    for points in starts:
        assert not cKDTree(points, boxsize=model.side).query_pairs(CONTACT)


def test_two_spheres_exclude_a_sphere():
    # the vector between them is uniform outside a sphere of radius 1, with the transform
    # 4 pi (sin k - k cos k) / k^3
    model, k = HardSpheres(2, 0.12), 2 * pi / HardSpheres(2, 0.12).side
    expected = -4 * pi * (np.sin(k) - k * np.cos(k)) / k**3 / (model.side**3 - 4 * pi / 3)
    pairs = model.sample(4000, seed=4, threads=1)
    points = by_frame(pairs)
    series = per_chain(np.cos(k * (points[:, 0] - points[:, 1])).mean(axis=1), pairs)
    assert_within_sigma(series, expected)
    shift, error = deviation(series, 0.0)  # negative control: points
    assert abs(shift) > 10 * error


@pytest.mark.parametrize("eta", [0.2, 0.45])
def test_the_pressure_of_the_fluid(eta):
    frames = spheres(eta)[1]
    series = per_chain(frames.measured["compressibility"], frames)
    expected = exact.carnahan_starling_compressibility(eta, 108)
    # Carnahan and Starling are good to 0.2%
    shift, error = deviation(series, expected)
    assert abs(shift) < 4 * error + 2e-3 * expected and error < 5e-3 * expected
    # negative control: the virial coefficients B2 and B3 alone
    assert abs(series.mean() - (1 + 4 * eta + 10 * eta**2)) > 10 * error


def test_the_fluid_is_a_fluid_and_its_draws_are_independent():
    for eta in (0.2, 0.45):
        model, frames = spheres(eta)
        # N times the order of points is 1, of a fluid about S(k) < 3 at these waves
        assert 108 * orders(model, frames, 3).mean() < 3
        assert frames.provenance["effective"] > 60 and frames.provenance["rhat"] < 1.2


def test_the_crystal_stays_and_has_the_pressure_of_melting():
    model, frames = spheres(MELTED, "fcc")
    # the finite size lowers Z by about 1% at 108 spheres
    series = per_chain(frames.measured["compressibility"], frames)
    assert series.mean() == pytest.approx(11.57 / 1.037, rel=2e-2)
    assert orders(model, frames, 3).min() > 0.2 and frames.provenance["rhat"] < 1.2
    fluid = exact.carnahan_starling_compressibility(exact.FREEZING)  # negative control: it melted
    assert abs(series.mean() - fluid) > 0.05 * fluid


def test_a_crystal_of_a_fluid_would_be_noticed():
    # the negative control of the order: the same chains, started from a crystal and stopped early
    model = HardSpheres(256, 0.45)
    positions = face_centred_cubic(4) * model.side
    state = np.append(positions, 0.0)
    sphere_chains(state, model.side, densest_cells(model.side, CONTACT, 256, 3), 0.5, 1, stream(1))
    assert crystal_order(state[:-1].reshape(-1, 3), model.side, 4) > 0.5
