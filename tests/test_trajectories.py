"""Files of particles: options, GSD files of other programs and for them, altered files."""

import json

import gsd.hoomd
import h5netcdf
import numpy as np
import pytest

from io_examples import PROVENANCE, SINGLE, distance, fluid, refusal
from moiety import Samples, io
from moiety.data.particles import Particles


def test_other_programs_read_gsd(tmp_path):
    particles = fluid(2)
    io.save(particles, tmp_path / "x.gsd")
    with gsd.hoomd.open(tmp_path / "x.gsd") as file:
        frame = file[3]
        assert len(file) == 10
        assert (frame.configuration.dimensions, frame.configuration.box[2]) == (2, 1)
        assert frame.particles.types == ["A", "B"] and frame.log["contacts"] == [3]
        assert json.loads(bytes(file[0].log["moiety/description"]))["provenance"] == PROVENANCE | {
            "types": ["A", "B"]
        }
    (x, y, _, xy, _, _), centred = frame.configuration.box, frame.particles.position
    np.testing.assert_allclose([[x, 0], [xy * y, y]], particles.cells[3], atol=SINGLE)
    positions = centred[:, :2] + particles.cells[3].sum(axis=0) / 2
    np.testing.assert_allclose(positions, particles.frame(3), atol=SINGLE)
    assert not centred[:, 2].any()
    diameters = particles.diameters[slice(*particles.starts[3:5])]
    np.testing.assert_allclose(frame.particles.diameter, diameters, rtol=1e-6)


@pytest.mark.parametrize("suffix", [".nc", ".gsd"])
def test_periodic_overrides_the_file(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    io.save(fluid(2), path)
    assert io.load(path, periodic=False).periodic == (False, False)
    assert io.load(path, periodic=[False, True]).periodic == (False, True)
    assert "needs 2 flags" in refusal(path, periodic=[True] * 3)
    assert "periodic must be" in refusal(path, periodic="yes")


def test_options_of_lattices_are_refused_for_particles_and_vice_versa(tmp_path):
    lattice = {"axes": "draw,x", "kind": "real", "states": 2, "symmetries": "flip"}
    for path in (tmp_path / "x.gsd", tmp_path / "x.nc"):
        io.save(fluid(2), path)
        for name, value in {**lattice, "variable": "states"}.items():
            assert f"{name} can be given for lattices only" in refusal(path, **{name: value})
        assert "topology is for formats like" in refusal(path, topology="x.psf")
    chain = Samples.from_array(np.arange(36).reshape(9, 4) % 2, axes="draw,x", periodic=True)
    io.save(chain, tmp_path / "y.nc")
    assert "topology is for particles" in refusal(tmp_path / "y.nc", topology="x.psf")
    assert isinstance(io.load(tmp_path / "y.nc"), Samples)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_gsd_files_contain_their_dimension(tmp_path, dimensions):
    rng, path = np.random.default_rng(0), tmp_path / "x.gsd"
    parts = rng.uniform(-0.5, 0.5, (9, 6, 3))  # in 2-D z is ignored
    box = [5.0, 4.0, 3.0, 0.5, 0.25, -0.5]
    edges = np.array([[5, 0, 0], [2, 4, 0], [0.75, -1.5, 3]])
    with gsd.hoomd.open(path, "w") as file:
        for k in range(9):
            frame = gsd.hoomd.Frame()
            frame.configuration.box = box
            frame.configuration.dimensions = dimensions
            frame.configuration.step = k
            frame.particles.N = 6 - k % 2
            frame.particles.position = (parts[k] @ edges)[: 6 - k % 2]
            frame.log = {
                "energy": np.array([0.5 * k]),
                "forces": np.ones((4, 2)),
                "Simulation/timestep": np.array([k]),
            }
            file.append(frame)
    loaded = io.load(path)
    cell = edges[:dimensions, :dimensions]
    frames = [(parts[k] @ edges)[: 6 - k % 2, :dimensions] + cell.sum(axis=0) / 2 for k in range(9)]
    expected = Particles.from_frames(frames, cells=cell, periodic=True)
    assert loaded.dimensions == dimensions and (loaded.starts == expected.starts).all()
    assert distance(loaded, expected) < SINGLE
    assert (loaded.diameters, loaded.types) == (None, None)
    assert list(loaded.measured) == ["energy"] and loaded.measured["energy"][3] == 1.5


def test_altered_netcdf(tmp_path):
    io.save(fluid(2), tmp_path / "x.nc")
    with h5netcdf.File(tmp_path / "x.nc", "a") as file:
        file["positions"][3, 0] = np.nan
    assert "frame 0: a position is" in refusal(tmp_path / "x.nc")
    with h5netcdf.File(tmp_path / "x.nc", "a") as file:
        file.attrs["moiety_particles"] = "99"
    assert "update moiety" in refusal(tmp_path / "x.nc")


def test_gsd_without_frames_positions_or_numbers(tmp_path):
    path = tmp_path / "x.gsd"
    with gsd.hoomd.open(path, "w"):
        pass
    assert "holds no frames" in refusal(path)
    whole = [[1, 0.5, 0.25]]
    for positions, text in (
        ([*[whole] * 3, [[np.nan, 0, 0]], *[whole] * 4], "frame 3: a position is NaN"),
        ([None] * 8, "holds no positions"),
    ):
        with gsd.hoomd.open(path, "w") as file:
            for position in positions:
                frame = gsd.hoomd.Frame()
                frame.particles.N, frame.configuration.box = 1, [4, 4, 4, 0, 0, 0]
                frame.particles.position = position
                file.append(frame)
        assert text in refusal(path)
