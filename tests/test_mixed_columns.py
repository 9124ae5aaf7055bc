"""A LAMMPS dump whose coordinates are written in different ways along the axes."""

from itertools import product

import numpy as np
import pytest

from dump_text import LAMMPS_STYLES, bounds
from io_examples import TILTED, distance, refusal
from moiety import io
from moiety.data.particles import Particles

POSITIONS = np.random.default_rng(0).random((8, 30, 3)) * (8, 9, 10)
BOX = "pp pp pp\n0 8\n0 9\n0 10"


def dump(path, columns, positions):
    """Write frames of a box of 8 x 9 x 10."""
    with path.open("w") as file:
        for step, frame in enumerate(positions):
            file.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(frame)}\n")
            file.write("ITEM: BOX BOUNDS pp pp pp\n0 8\n0 9\n0 10\n")
            file.write(f"ITEM: ATOMS id {columns}\n")
            for number, place in enumerate(frame, start=1):
                file.write(f"{number} {' '.join(map(str, place))}\n")


def test_a_height_that_is_not_unwrapped_is_no_plane(tmp_path):
    path = tmp_path / "mixed.lammpstrj"
    dump(path, "xu yu z", POSITIONS + np.array([16, -18, 0]))
    read = io.load(path)
    assert read.dimensions == 3  # not 2, with z left out
    np.testing.assert_allclose(read.positions.reshape(POSITIONS.shape), POSITIONS, atol=1e-9)
    dump(path, "xu yu", POSITIONS[:, :, :2])  # the control: no height, two dimensions
    assert io.load(path).dimensions == 2


@pytest.mark.parametrize("styles", [*product(LAMMPS_STYLES, repeat=3)])
def test_any_mixture_of_styles_in_a_box_that_is_not_tilted(tmp_path, styles):
    path, images = tmp_path / "x.lammpstrj", np.random.default_rng(1).integers(-2, 3, (8, 30, 3))
    sides = np.array([8.0, 9.0, 10.0])
    parts = POSITIONS / sides + images * ["u" in style for style in styles]
    shown = parts * np.where(["s" in style for style in styles], 1.0, sides)
    dump(path, " ".join(map("".join, zip("xyz", styles, strict=True))), shown)
    read = io.load(path)
    assert read.dimensions == 3
    np.testing.assert_allclose(read.positions.reshape(POSITIONS.shape), POSITIONS, atol=1e-9)


@pytest.mark.parametrize("columns", ["xu yu z", "x yu zu", "x ys z", "xsu ysu zs"])
def test_mixtures_in_a_tilted_box_are_refused(tmp_path, columns):
    """Between them, unwrapping moved x by a part of the second edge that y does not show."""
    path = tmp_path / "x.lammpstrj"
    dump(path, columns, POSITIONS)
    tilted = "xy xz yz pp pp pp\n0 9 1\n0 9 0\n0 9 2"
    path.write_text(path.read_text().replace(BOX, tilted))
    assert "and others not" in refusal(path) and "dump all of one kind" in refusal(path)


def test_a_tilt_between_axes_of_one_style_is_allowed(tmp_path):
    """The box is tilted in the plane of x and y, which are both unwrapped."""
    cell = TILTED * [[1, 1, 1], [1, 1, 1], [0, 0, 1]]
    parts = np.random.default_rng(2).random((8, 30, 3))
    images = np.random.default_rng(3).integers(-2, 3, (8, 30, 3)) * [1, 1, 0]
    path = tmp_path / "x.lammpstrj"
    dump(path, "xu yu z", (parts + images) @ cell)
    rows = "\n".join(bounds(cell, (0.0, 0.0, 0.0)))
    path.write_text(path.read_text().replace(BOX, f"xy xz yz pp pp pp\n{rows}"))
    expected = Particles.from_frames(list(parts @ cell), cells=cell, periodic=True)
    assert distance(io.load(path), expected) < 1e-9
