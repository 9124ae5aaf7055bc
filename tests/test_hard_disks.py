"""Hard disks: event chains against plain twins, samples against exact and known values."""

from functools import lru_cache
from itertools import product
from math import pi, sqrt

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.special import j1

from fluids import by_frame, deviation, distances, per_chain
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
from moiety.systems.ideal_gas import IdealGas
from plain import PlainStream
from statistical import assert_within_sigma


@lru_cache
def liquid(phi, particles=256, samples=400):
    return HardDisks(particles, phi).sample(samples, seed=5, threads=1)


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
