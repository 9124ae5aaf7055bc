"""Arrays of positions lead to particles, in every format, and never to a lattice of reals."""

import h5py
import numpy as np
import pytest
import xarray
from scipy.io import netcdf_file

from io_examples import TILTED, contents, distance, refusal
from moiety import Samples, io
from moiety.data.particles import Particles

PARTS = np.random.default_rng(15).random((11, 25, 3))
SIDES = np.array([6.0, 7.0, 8.0])
POSITIONS = PARTS * SIDES
EXPECTED = Particles.from_frames(list(POSITIONS), cells=SIDES, periodic=True)
TILT = Particles.from_frames(list(PARTS @ TILTED), cells=TILTED, periodic=True)


@pytest.mark.parametrize(
    "box", [SIDES, np.diag(SIDES), np.tile(SIDES, (11, 1)), np.stack([np.diag(SIDES)] * 11)]
)
@pytest.mark.parametrize("name", ["positions", "Coordinates", "pos", "xyz"])
def test_positions_and_a_box_are_particles(tmp_path, box, name):
    np.savez(tmp_path / "x.npz", **{name: POSITIONS, "box": box})
    read = io.load(tmp_path / "x.npz", periodic=True)
    assert isinstance(read, Particles) and distance(read, EXPECTED) < 1e-12
    np.testing.assert_allclose(read.cells, EXPECTED.cells)
    assert io.load(tmp_path / "x.npz", periodic="x,z").periodic == (True, False, True)


def test_boxes_that_are_cubes_or_tilted(tmp_path):
    for box in (5.0, np.full(11, 5.0), np.array([5.0])):
        np.savez(tmp_path / "x.npz", pos=PARTS * 5, L=box)
        np.testing.assert_allclose(
            io.load(tmp_path / "x.npz", periodic=True).cells[0], 5 * np.eye(3)
        )
    np.savez(tmp_path / "x.npz", positions=PARTS @ TILTED, cells=TILTED)
    assert distance(io.load(tmp_path / "x.npz", periodic=True), TILT) < 1e-12
    angles = np.array([4.0, 5.0, 6.0, 90.0, 90.0, 60.0])
    np.savez(tmp_path / "x.npz", positions=PARTS, box=np.tile(angles, (11, 1)))
    assert io.load(tmp_path / "x.npz", periodic=True).cells[3][1] == pytest.approx(
        [2.5, 5 * np.sqrt(0.75), 0]
    )


def test_columns_and_flags(tmp_path):
    types, radii = np.array(["A", "B"] * 12 + ["A"]), np.full((11, 25), 0.25)
    flags = np.array([True, False, True])
    np.savez(
        tmp_path / "x.npz", positions=POSITIONS, box=SIDES, types=types, radii=radii, pbc=flags
    )
    read = io.load(tmp_path / "x.npz")
    assert read.periodic == (True, False, True) and read.provenance["types"] == ["A", "B"]
    assert read.types[:3].tolist() == [0, 1, 0] and set(read.diameters.tolist()) == {0.5}
    np.savez(tmp_path / "x.npz", positions=POSITIONS[:, :, :2], box=SIDES[:2])
    assert io.load(tmp_path / "x.npz", periodic=True).dimensions == 2


def test_several_arrays_of_positions(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, positions=POSITIONS, points=POSITIONS / 2, box=SIDES)
    read = io.load(path, periodic=True, variable="points")
    assert read.positions.max() < 4.1
    assert "choose the states" in refusal(path, periodic=True)


def test_what_is_missing_or_does_not_fit(run, tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, positions=POSITIONS)
    assert "and no box; add an array box" in refusal(path, periodic=True)
    np.savez(path, positions=POSITIONS, box=SIDES)
    assert "say --periodic" in refusal(path)
    assert "outside the open boundaries" in refusal(_moved(tmp_path), periodic=False)
    for words in (
        {"axes": "draw,x,y"},
        {"kind": "real"},
        {"kind": "real", "variable": "positions"},
    ):
        assert "can be given for lattices only" in refusal(path, periodic=True, **words)
    np.savez(path, positions=POSITIONS, box=np.ones((4, 3)))
    assert "neither sides nor edges" in refusal(path, periodic=True)
    np.savez(path, positions=POSITIONS, box=SIDES, types=np.arange(7))
    assert "types (7,) does not go with 25 particles" in refusal(path, periodic=True)
    before = contents(tmp_path)
    assert run("estimate", path, "--periodic", "--out", tmp_path / "r.nc").code == 2
    assert contents(tmp_path) == before


def _moved(folder):
    np.savez(folder / "moved.npz", positions=POSITIONS - 3, box=SIDES)
    return folder / "moved.npz"


@pytest.mark.parametrize("suffix", [".h5", ".nc", ".zarr", "classic.nc"])
def test_positions_in_other_formats_are_named(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    dims = ("time", "particle", "axis")
    if suffix == ".h5":
        with h5py.File(path, "w") as file:
            file["run/coordinates"] = POSITIONS
    elif suffix == "classic.nc":
        with netcdf_file(path, "w") as file:
            for name, size in zip(dims, POSITIONS.shape, strict=True):
                file.createDimension(name, size)
            file.createVariable("coordinates", "d", dims)[:] = POSITIONS
    else:
        data = xarray.Dataset({"coordinates": (dims, POSITIONS)})
        data.to_zarr(path, consolidated=False) if suffix == ".zarr" else data.to_netcdf(
            path, engine="h5netcdf"
        )
    for words in ({}, {"kind": "real"}, {"kind": "real", "axes": "draw,x,y"}):
        assert "holds positions of particles" in refusal(path, boundary="periodic", **words)


def test_an_array_without_a_name_says_that_it_may_be_positions(tmp_path):
    np.save(tmp_path / "x.npy", POSITIONS)
    message = refusal(tmp_path / "x.npy", boundary="periodic", kind="real")
    assert "positions of particles need their box" in message
    words = {"boundary": "periodic", "kind": "real", "axes": "draw,x,y"}
    assert isinstance(io.load(tmp_path / "x.npy", **words), Samples)  # as the user says


@pytest.mark.parametrize("shape", [(25, 3), (2, 11, 25, 3), (11, 25, 3)])
def test_other_numbers_of_axes_and_files_called_positions(tmp_path, shape):
    words = {
        "boundary": "periodic",
        "kind": "real",
        "axes": "chain,draw,x,y"[-2 * len(shape) + 1 :],
    }
    array = np.random.default_rng(0).normal(size=shape)
    np.save(tmp_path / "positions.npy", array)
    assert "holds positions of particles" in refusal(tmp_path / "positions.npy", **words)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["traj/xyz"] = array
    assert "holds positions of particles" in refusal(tmp_path / "x.h5", **words)
    if len(shape) != 3:
        np.savez(tmp_path / "x.npz", positions=array)
        assert "holds positions of particles" in refusal(tmp_path / "x.npz", **words)


def test_fields_of_three_sites_stay_lattices(tmp_path):
    """The control: neither the name nor the shape alone makes positions."""
    words = {"boundary": "periodic", "kind": "real", "axes": "draw,x,y"}
    np.savez(tmp_path / "x.npz", field=POSITIONS)
    assert isinstance(io.load(tmp_path / "x.npz", **words), Samples)
    np.savez(tmp_path / "x.npz", positions=np.random.default_rng(0).normal(size=(9, 5, 5)))
    assert isinstance(io.load(tmp_path / "x.npz", **words), Samples)
