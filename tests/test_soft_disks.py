"""Packings of soft disks: forces, minima, neighbours, measured quantities."""

import numpy as np
import pytest

from moiety.base.errors import InputError, Stopped
from moiety.systems import soft_disks
from moiety.systems.dynamics.fire import SKIN, contacts, forces, neighbours, relax
from moiety.systems.soft_disks import JAMMED, SoftDisks


def energy_of(positions, diameters, side):
    """Energy by its definition, over all pairs."""
    apart = positions[:, None] - positions[None]
    apart -= side * np.round(apart / side)
    distance = np.sqrt((apart**2).sum(axis=2))
    contact = (diameters[:, None] + diameters[None]) / 2
    overlap = np.where(
        (distance < contact) & ~np.eye(len(positions), dtype=bool), 1 - distance / contact, 0.0
    )
    return float((overlap**2).sum()) / 4


def a_start(count=40, phi=0.9, seed=0):
    model = SoftDisks(particles=count, packing_fraction=phi)
    return np.random.default_rng(seed).random((count, 2)) * model.side, model.diameters, model.side


@pytest.mark.parametrize("count", [12, 40, 200])  # boxes of two bins a side and more
def test_the_list_holds_every_near_pair_once(count):
    positions, diameters, side = a_start(count)
    starts, others = neighbours(positions, diameters, side, SKIN)
    listed = {(i, int(j)) for i in range(count) for j in others[starts[i] : starts[i + 1]]}
    apart = positions[:, None] - positions[None]
    apart -= side * np.round(apart / side)
    near = np.sqrt((apart**2).sum(axis=2)) < (diameters[:, None] + diameters[None]) / 2 + SKIN
    assert len(others) == len(listed)
    assert {tuple(sorted(pair)) for pair in listed} == {
        (i, j) for i in range(count) for j in range(i + 1, count) if near[i, j]
    }


def test_forces_are_the_slope_of_the_energy():
    positions, diameters, side = a_start()
    pull, step = np.zeros_like(positions), 1e-6
    pairs = neighbours(positions, diameters, side, SKIN)
    energy, virial = forces(positions, diameters, side, *pairs, pull)
    assert energy == pytest.approx(energy_of(positions, diameters, side), rel=1e-12)
    for i in (0, 7, 23):
        for axis in range(2):
            moved = positions.copy()
            moved[i, axis] += step
            up = energy_of(moved, diameters, side)
            moved[i, axis] -= 2 * step
            slope = (up - energy_of(moved, diameters, side)) / (2 * step)
            assert pull[i, axis] == pytest.approx(-slope, abs=1e-7)
    # pressure, -dE/dA, by the virial
    larger = energy_of(positions * (1 + step), diameters, side * (1 + step))
    smaller = energy_of(positions * (1 - step), diameters, side * (1 - step))
    assert virial == pytest.approx(-(larger - smaller) / (2 * step), rel=1e-5)


def test_a_relaxed_packing_is_a_minimum_and_the_list_was_never_too_old():
    positions, diameters, side = a_start(count=64, phi=0.95)
    start = energy_of(positions, diameters, side)
    energy, _, largest, steps = relax(positions, diameters, side, 1e-10, 10**5)
    assert largest <= 1e-10 and 0 < steps < 10**5
    assert (
        energy == pytest.approx(energy_of(positions, diameters, side), rel=1e-9) and energy < start
    )
    rng = np.random.default_rng(1)
    for _ in range(20):
        shaken = positions + 1e-4 * rng.normal(size=positions.shape)
        assert energy_of(shaken, diameters, side) > energy


def test_rattlers_are_removed_repeatedly():
    side, diameters = 20.0, np.ones(6)
    triangle = np.array([[5, 5], [5.99, 5], [5.495, 5 + 0.99 * np.sqrt(3) / 2]])
    chain = np.array([[6.985, 5.0], [7.98, 5.0], [15.0, 15.0]])
    # in the end no disk has three contacts
    assert contacts(np.concatenate([triangle, chain]), diameters, side).tolist() == [0] * 6
    row = np.arange(12) * 0.99
    square = np.array([(x, y) for x in row for y in row])
    held = contacts(square, np.ones(len(square)), 12 * 0.99)
    assert (held == 4).all()


def test_dense_packings_are_jammed():
    loose, dense = (
        SoftDisks(particles=128, packing_fraction=phi).sample(samples=8, seed=1)
        for phi in (0.7, 0.95)
    )
    assert not loose.measured["jammed"].any() and dense.measured["jammed"].all()
    assert (loose.measured["energy"] < JAMMED).all() and (loose.measured["rattlers"] == 1).all()
    assert (dense.measured["contacts"] > 4).all()  # isostatic disks have four
    assert (dense.measured["pressure"] > 0).all()
    assert dense.measured["converged"].all() and dense.packing_fraction == pytest.approx(0.95)


def test_a_seed_gives_the_same_packings_on_any_number_of_threads():
    model = SoftDisks(particles=32, packing_fraction=0.85)
    alone, parallel, longer, other = (
        model.sample(count, seed=seed, threads=threads).positions
        for count, seed, threads in ((8, 3, 1), (8, 3, 2), (10, 3, 2), (8, 4, 1))
    )
    np.testing.assert_array_equal(alone, parallel)
    np.testing.assert_array_equal(longer[: len(alone)], alone)
    assert (alone != other).any()


def test_unbalanced_packings_are_marked(monkeypatch):
    monkeypatch.setattr(soft_disks, "_MOST_STEPS", 50)
    packings = SoftDisks(particles=32, packing_fraction=0.85).sample(8, seed=1)
    assert not packings.measured["converged"].all() and packings.provenance["unconverged"] > 0


def test_a_stop_keeps_the_finished_packings():
    answers = iter([False, False, True])
    model = SoftDisks(particles=16, packing_fraction=0.5)
    packings = model.sample(64, seed=1, threads=1, should_stop=lambda: next(answers))
    assert packings.n == 16 and not packings.provenance["complete"]
    with pytest.raises(Stopped):
        model.sample(64, should_stop=lambda: True)


@pytest.mark.parametrize(
    "bad",
    [
        {"particles": 31},
        {"particles": 0},
        {"particles": 2.5},
        {"particles": True},
        {"packing_fraction": -1.0},
        {"packing_fraction": np.nan},
        {"packing_fraction": 9.0},
        {"tolerance": 0.0},
    ],
)
def test_bad_parameters(bad):
    with pytest.raises(InputError) as caught:
        SoftDisks(**{"particles": 16, "packing_fraction": 0.8, **bad})
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError):
        SoftDisks(particles=16, packing_fraction=0.8).sample(4)
