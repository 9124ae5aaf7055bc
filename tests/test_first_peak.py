"""The first peak of g(r), from which the unit of length follows."""

import numpy as np
import pytest

from lennard_jones import lennard_jones
from moiety import Particles, system
from moiety.data.kinds import NO_MARKS, Marks
from moiety.entropy.unit_of_length import UnitOfLength
from moiety.inspection.first_peak import core_distance, first_peak
from unlike_rods import unlike_rods


def fluid(name, n=32, **parameters):
    return system(name, particles=128, **parameters).sample(n, seed=1).replace(diameters=None)


@pytest.mark.parametrize(
    "name, parameters",
    [
        ("hard-rods", {"density": 0.6}),
        ("hard-rods", {"density": 0.9}),
        ("hard-disks", {"packing_fraction": 0.3}),
        ("hard-disks", {"packing_fraction": 0.6}),
    ],
)
def test_hard_particles_have_their_peak_at_contact(name, parameters):
    """Windows reach 4% to either side, and the peak may lie one window behind the contact."""
    assert 1.0 <= first_peak(fluid(name, **parameters)) < 1.08


def test_atoms_have_their_peak_near_the_minimum_of_their_potential():
    atoms = lennard_jones(4, 1.0, 0.8, 16, seed=1, gap=4, burn_in=200)
    assert 1.03 < first_peak(atoms) < 1.13  # the minimum is at 2^(1/6) = 1.122, pressed inwards
    scaled = atoms.replace(positions=atoms.positions * 3.4, cells=atoms.cells * 3.4)
    assert first_peak(scaled) == pytest.approx(3.4 * first_peak(atoms), rel=1e-6)


def test_tilted_boxes_have_the_same_peak():
    """A square lattice of spacing 1.5 with noise, described by two cells."""
    rng, cell = np.random.default_rng(0), 12.0 * np.eye(2)
    sites = 1.5 * np.stack(np.meshgrid(np.arange(8.0), np.arange(8.0)), -1).reshape(-1, 2)
    frames = [sites + 0.05 * rng.normal(size=sites.shape) for _ in range(16)]
    straight, tilted = (
        Particles.from_frames(frames, cells=edges, periodic=True)
        for edges in (cell, cell + np.array([[0, 0], [12.0, 0]]))
    )
    assert first_peak(straight) == pytest.approx(1.5, abs=0.05)
    assert first_peak(tilted) == pytest.approx(first_peak(straight), rel=0.02)


def test_each_two_kinds_have_a_peak():
    """Like rods come as near as 1, unlike ones as 2: the nearest peak counts."""
    rods = unlike_rods(128, 0.4, 2.0, 64, seed=1)
    assert 1.0 <= first_peak(rods) < 1.08
    bare = rods.replace(types=None)
    assert first_peak(rods, NO_MARKS) == first_peak(bare)  # types count only if they are asked for


def test_lone_particles_have_neither_peak_nor_hole():
    lone = Particles.from_frames([np.full((1, 2), 3.0)] * 8, cells=9.0, periodic=True)
    assert first_peak(lone) is None and core_distance(lone) is None
    assert UnitOfLength.of(lone, None, Marks()).sigma == 9.0


@pytest.mark.parametrize("space", [1, 2, 3])
def test_an_ideal_gas_has_none(space):
    """Nor has a gas of clusters, whose g(r) falls from r = 0 on."""
    rng = np.random.default_rng(space)
    for number in (20, 100, 400):
        gas = Particles.from_frames(rng.random((32, number, space)), cells=1.0, periodic=True)
        assert first_peak(gas) is None and core_distance(gas) is None
        spacing = number ** (-1 / space)
        unit = UnitOfLength.of(gas, None, Marks())
        assert unit.sigma == pytest.approx(spacing, rel=0.005)  # three digits
        assert "the mean spacing, as g(r) has no peak" in str(unit)
    parents = rng.random((32, 20, 1, space)) * 20
    clusters = (parents + 0.3 * rng.normal(size=(32, 20, 5, space))).reshape(32, 100, space)
    assert first_peak(Particles.from_frames(clusters, cells=20.0, periodic=True)) is None


def test_a_dilute_gas_has_a_hole_if_no_peak():
    for density in (0.02, 0.05, 0.1):
        rods = fluid("hard-rods", n=64, density=density)
        unit = UnitOfLength.of(rods, None, NO_MARKS)
        assert first_peak(rods) is None and "the hole of g(r)" in unit.origin
        assert unit.sigma == pytest.approx(1.0, abs=0.15)  # some 300 pairs lie within two diameters


def test_diameters_and_lengths_that_are_given_come_first():
    disks = system("hard-disks", particles=64, packing_fraction=0.3).sample(16, seed=1)
    assert UnitOfLength.of(disks, None, Marks()).origin == "the smallest diameter"
    assert UnitOfLength.of(disks, 1.2, Marks()).described == {
        "sigma": 1.2,
        "sigma_origin": "as given",
    }
