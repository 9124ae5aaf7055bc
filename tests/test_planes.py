"""Files of planes and lines: a coordinate that never varies is left out, whichever it is."""

import gsd.hoomd
import numpy as np
import pytest

from io_examples import distance
from moiety import inspection, io
from moiety.data.particles import Particles

FRAMES = np.random.default_rng(3).random((12, 40, 2)) * (7, 9)
SIDES = np.array([7.0, 9.0])
PLANES = {"xy": (0, 1), "xz": (0, 2), "yz": (1, 2)}


def in_space(plane: str, noise: float = 0.0, height: float = 0.0) -> np.ndarray:
    """The frames as a plane of space."""
    positions = np.full((12, 40, 3), height)
    positions[:, :, PLANES[plane]] = FRAMES
    across = 3 - sum(PLANES[plane])
    positions[:, :, across] += noise * np.random.default_rng(4).normal(size=(12, 40))
    return positions


def box(plane: str, thickness: float) -> np.ndarray:
    sides = np.full(3, thickness)
    sides[[*PLANES[plane]]] = SIDES
    return sides


def write_gsd(path, positions, sides):
    with gsd.hoomd.open(path, "w") as file:
        for places in positions:
            frame = gsd.hoomd.Frame()
            frame.configuration.box = [*sides, 0, 0, 0]
            frame.particles.N = len(places)
            frame.particles.position = places - sides / 2
            file.append(frame)


def write_xyz(path, positions, sides, pbc="T T T"):
    lattice = " ".join(map(str, np.diag(sides).ravel()))
    with path.open("w") as file:
        for places in positions:
            file.write(f'{len(places)}\nLattice="{lattice}" pbc="{pbc}"\n')
            file.writelines(f"A {' '.join(map(str, place))}\n" for place in places)


def write_dump(path, positions, sides):
    with path.open("w") as file:
        for step, places in enumerate(positions):
            file.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(places)}\n")
            file.write("ITEM: BOX BOUNDS pp pp pp\n")
            file.writelines(f"0 {side}\n" for side in sides)
            file.write("ITEM: ATOMS xs ys zs\n")
            file.writelines(f"{' '.join(map(str, place / sides))}\n" for place in places)


WRITERS = {".gsd": write_gsd, ".xyz": write_xyz, ".lammpstrj": write_dump}


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("thickness", [1.0, 30.0])
def test_a_constant_axis_is_a_plane_in_every_format(tmp_path, suffix, plane, thickness):
    path, sides = tmp_path / f"x{suffix}", box(plane, thickness)
    WRITERS[suffix](path, in_space(plane, height=0.25), sides)
    read = io.load(path)
    assert read.dimensions == 2 and read.periodic == (True, True)
    np.testing.assert_allclose(read.cells[0], np.diag(SIDES), rtol=1e-6)
    expected = Particles.from_frames(list(FRAMES), cells=SIDES, periodic=True)
    assert distance(read, expected) < 4e-6  # float32 in GSD
    WRITERS[suffix](path, in_space(plane, noise=0.01), sides)  # the control
    assert io.load(path).dimensions == 3


def test_a_line_in_space(tmp_path):
    positions = np.zeros((12, 40, 3))
    positions[:, :, 1] = FRAMES[:, :, 1]
    write_xyz(tmp_path / "x.xyz", positions, np.array([1.0, 9.0, 1.0]), "F T F")
    read = io.load(tmp_path / "x.xyz")
    assert read.dimensions == 1 and read.periodic == (True,)
    np.testing.assert_allclose(read.cells[0], [[9.0]])


def test_a_plane_at_the_boundary_and_one_that_moves(tmp_path):
    """Heights of 0 and of the whole box are the same; a plane may move from frame to frame."""
    positions = in_space("xy")
    positions[:, ::2, 2] = 4.0
    write_xyz(tmp_path / "x.xyz", positions, np.array([7.0, 9.0, 4.0]))
    assert io.load(tmp_path / "x.xyz").dimensions == 2
    write_xyz(tmp_path / "x.xyz", positions, np.array([7.0, 9.0, 4.0]), "T T F")
    assert io.load(tmp_path / "x.xyz").dimensions == 3  # two planes, four apart
    moving = in_space("xy") + np.arange(12)[:, None, None] * [0, 0, 0.1]
    write_xyz(tmp_path / "x.xyz", moving, np.array([7.0, 9.0, 4.0]))
    assert io.load(tmp_path / "x.xyz").dimensions == 2


def test_a_tilted_edge_out_of_the_plane_keeps_three_dimensions(tmp_path):
    lattice = "7 0 1 0 9 0 0 0 4"
    with (tmp_path / "x.xyz").open("w") as file:
        for places in in_space("xy"):
            file.write(f'40\nLattice="{lattice}"\n')
            file.writelines(f"A {' '.join(map(str, place))}\n" for place in places)
    assert io.load(tmp_path / "x.xyz").dimensions == 3


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize(("plane", "axis"), [("xy", "z"), ("xz", "y")])
@pytest.mark.parametrize("thickness", [1.0, 30.0])
def test_thermal_noise_across_a_plane_is_said(tmp_path, suffix, plane, axis, thickness):
    path, sides = tmp_path / f"x{suffix}", box(plane, thickness)
    WRITERS[suffix](path, in_space(plane, noise=1e-4, height=0.3), sides)
    read = io.load(path)
    assert read.dimensions == 3
    (finding,) = [
        one for one in inspection.inspect(read).findings if one.name == "same density everywhere"
    ]
    assert not finding.passed and f"along {axis}" in finding.message
    assert "plane" in finding.message and "0.0001" in finding.message


@pytest.mark.parametrize("number", [1, 2, 5, 9, 200])
@pytest.mark.parametrize("space", [2, 3])
def test_few_particles_are_no_plane(number, space):
    frames = np.random.default_rng(number).random((64, number, space)) * 9
    gas = Particles.from_frames(list(frames), cells=9.0, periodic=True)
    found = {one.name: one for one in inspection.inspect(gas).findings}
    assert "plane" not in found["same density everywhere"].message


def test_a_slab_that_fills_its_box_is_no_plane():
    frames = np.random.default_rng(0).random((40, 200, 3)) * (9, 9, 1)
    slab = Particles.from_frames(list(frames), cells=[9.0, 9.0, 1.0], periodic=True)
    assert inspection.inspect(slab).ok
