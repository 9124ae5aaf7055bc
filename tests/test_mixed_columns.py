"""A LAMMPS dump whose coordinates are written in different ways along the axes."""

import numpy as np

from moiety import io

POSITIONS = np.random.default_rng(0).random((8, 30, 3)) * (8, 9, 10)


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
