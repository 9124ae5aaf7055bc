"""Particles outside open boundaries are refused; an excess entropy above zero is flagged."""

import gsd.hoomd
import numpy as np
import pytest

from io_examples import refusal
from moiety import io
from moiety.data.particles import Particles
from moiety.entropy.particle_checks import below_ideal, insertion_in_range
from moiety.entropy.particles import estimate_excess_entropy
from moiety.estimation.training import Training
from moiety.inspection import inspect
from test_planes import write_dump, write_xyz

GAS = np.random.default_rng(6).random((10, 50, 3)) * 8
SIDES = np.full(3, 8.0)


@pytest.mark.parametrize("pbc", ["F F F", "T F T", "T T F"])
def test_a_box_without_its_origin_is_refused(tmp_path, pbc):
    path = tmp_path / "x.xyz"
    write_xyz(path, GAS - 4, SIDES, pbc)
    message = refusal(path)
    assert message.startswith("frame 0: ") and "outside the open boundaries" in message
    assert "%" in message and "origin" in message
    assert io.load(path, periodic=True).periodic == (True,) * 3  # where nothing is outside
    write_xyz(path, GAS, SIDES, pbc)  # the control
    assert not all(io.load(path).periodic)


def test_a_single_particle_outside_is_refused_with_its_frame(tmp_path):
    one = GAS.copy()
    one[7, 3, 1] = 8.2
    write_xyz(tmp_path / "x.xyz", one, SIDES, "T F T")
    assert refusal(tmp_path / "x.xyz").startswith("frame 7: 2.0% of the particles lie outside")
    assert "0.2% in all frames" in refusal(tmp_path / "x.xyz")


def test_rounding_at_a_wall_is_no_particle_outside(tmp_path):
    at_wall = GAS.copy()
    at_wall[:, 0], at_wall[:, 1] = 8.004, -0.004
    write_xyz(tmp_path / "x.xyz", at_wall, SIDES, "F F F")
    assert io.load(tmp_path / "x.xyz").periodic == (False,) * 3


def test_the_user_says_that_boundaries_are_open(tmp_path):
    write_dump(tmp_path / "x.dump", GAS, SIDES)
    assert io.load(tmp_path / "x.dump", periodic=False).periodic == (False,) * 3
    write_dump(tmp_path / "x.dump", GAS - 4, SIDES)
    assert io.load(tmp_path / "x.dump").periodic == (True,) * 3
    assert "outside the open boundaries" in refusal(tmp_path / "x.dump", periodic=False)


@pytest.mark.parametrize("suffix", [".nc", ".gsd"])
def test_boundaries_of_own_files_that_are_overridden(tmp_path, suffix):
    inside = Particles.from_frames(list(GAS), cells=8.0, periodic=True)
    moved = inside.replace(positions=inside.positions - 1e-4)
    io.save(moved, tmp_path / f"x{suffix}")
    assert io.load(tmp_path / f"x{suffix}", periodic=False).periodic == (False,) * 3
    far = inside.replace(positions=inside.positions - 3)
    io.save(far, tmp_path / f"y{suffix}")
    if suffix == ".nc":  # GSD wraps when it is read
        assert "outside the open" in refusal(tmp_path / f"y{suffix}", periodic=False)


def test_gsd_of_other_programs(tmp_path):
    with gsd.hoomd.open(tmp_path / "x.gsd", "w") as file:
        for places in GAS:
            frame = gsd.hoomd.Frame()
            frame.configuration.box = [8, 8, 8, 0, 0, 0]
            frame.particles.N, frame.particles.position = 50, places  # its centre is the origin
            file.append(frame)
    assert "outside the open" in refusal(tmp_path / "x.gsd", periodic=(True, True, False))


def test_frames_from_arrays_are_found_by_the_inspection():
    gas = Particles.from_frames(
        list(GAS + np.array([0, 0, 1])), cells=8.0, periodic=(True, True, False)
    )
    (finding,) = [one for one in inspect(gas).findings if one.name == "inside the box"]
    assert not finding.passed and "frame 0" in finding.message
    share = float((GAS[:, :, 2] + 1 > 8.008).mean())
    assert finding.figure == pytest.approx(share)


@pytest.mark.parametrize(
    ("entropy", "error", "passed"),
    [(0.27, 0.05, False), (0.04, 0.05, True), (-0.3, 0.01, True), (0.011, 0.01, False)],
)
def test_an_excess_entropy_above_zero_is_flagged(entropy, error, passed):
    check = below_ideal(entropy, error)
    assert check.passed == passed and check.name == "s <= 0"
    assert ("wrong box" in check.message) != passed


def test_every_estimate_has_the_check(monkeypatch):
    """A short training: what matters is that the check compares the result's own numbers."""
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**14)
    gas = np.random.default_rng(2).random((16, 60, 2)) * 8
    particles = Particles.from_frames(list(gas), cells=8.0, periodic=True)
    brief = {"largest": 0.5, "training": Training(steps=20), "threads": 1}
    result = estimate_excess_entropy(particles, sigma=1.0, **brief)
    (check,) = [one for one in result.status.checks if one.name == "s <= 0"]
    assert check == below_ideal(result.entropy, result.error)
    assert insertion_in_range(result.cross_check.entropy) in result.status.checks
