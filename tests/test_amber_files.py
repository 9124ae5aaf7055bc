"""AMBER trajectories as netCDF-4, CDF-5 and in the classic formats; packages that are missing."""

import importlib.util

import h5netcdf
import numpy as np
import pytest
from scipy.io import netcdf_file

from io_examples import contents, distance, refusal
from moiety import io
from moiety.data.particles import Particles
from moiety.io._cells import cell_of

PARTS = np.random.default_rng(14).random((10, 12, 3))
LENGTHS, ANGLES = np.array([20.0, 21.0, 22.0]), np.array([80.0, 95.0, 105.0])
CELL = cell_of(LENGTHS, ANGLES)
POSITIONS = (PARTS @ CELL).astype(np.float32)
EXPECTED = Particles.from_frames(list(PARTS @ CELL), cells=CELL, periodic=True)
SIZES = {"frame": 10, "spatial": 3, "atom": 12, "cell_spatial": 3, "cell_angular": 3}


def write_netcdf4(path, positions=POSITIONS, box=True, scale=None):
    with h5netcdf.File(path, "w") as file:
        file.attrs["Conventions"], file.attrs["ConventionVersion"] = "AMBER", "1.0"
        file.dimensions = SIZES
        variable = file.create_variable("coordinates", ("frame", "atom", "spatial"), data=positions)
        if scale is not None:
            variable.attrs["scale_factor"] = scale
        if box:
            lengths, angles = np.tile(LENGTHS, (10, 1)), np.tile(ANGLES, (10, 1))
            file.create_variable("cell_lengths", ("frame", "cell_spatial"), data=lengths)
            file.create_variable("cell_angles", ("frame", "cell_angular"), data=angles)


def write_classic(path, version):
    with netcdf_file(path, "w", version=version) as file:
        file.Conventions, file.ConventionVersion = "AMBER", "1.0"
        for name, size in SIZES.items():
            file.createDimension(name, None if name == "frame" else size)
        values = {"coordinates": POSITIONS}
        values |= {
            "cell_lengths": np.tile(LENGTHS, (10, 1)),
            "cell_angles": np.tile(ANGLES, (10, 1)),
        }
        dims = {"coordinates": ("frame", "atom", "spatial")}
        dims |= {
            "cell_lengths": ("frame", "cell_spatial"),
            "cell_angles": ("frame", "cell_angular"),
        }
        for name, array in values.items():
            variable = file.createVariable(name, "f" if name == "coordinates" else "d", dims[name])
            variable[:] = array
            variable.units = "degree" if name == "cell_angles" else "angstrom"


@pytest.mark.parametrize("suffix", [".nc", ".ncdf"])
def test_netcdf4(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    write_netcdf4(path)
    read = io.load(path)
    assert (read.n, read.periodic, read.types) == (10, (True,) * 3, None)
    np.testing.assert_allclose(read.cells[0], CELL, rtol=1e-12)
    assert distance(read, EXPECTED) < 1e-5
    write_netcdf4(path, POSITIONS / 4, scale=4.0)
    assert distance(io.load(path), EXPECTED) < 1e-5
    assert io.load(path, periodic="x,z").periodic == (True, False, True)
    write_netcdf4(path, POSITIONS - 4)
    assert "outside the open boundaries" in refusal(path, periodic=False)
    with h5netcdf.File(path, "a") as file:
        file.create_variable("cell_origin", ("frame", "cell_spatial"), data=np.full((10, 3), -4.0))
    assert distance(io.load(path, periodic=False), EXPECTED) < 1e-5


@pytest.mark.parametrize("suffix", [".nc", ".ncdf"])
def test_netcdf4_without_a_box(tmp_path, suffix):
    write_netcdf4(tmp_path / f"x{suffix}", box=False)
    assert "has no box (its variable cell_lengths is missing)" in refusal(tmp_path / f"x{suffix}")


@pytest.mark.parametrize("suffix", [".nc", ".ncdf"])
def test_the_classic_format(tmp_path, suffix):
    """The control: MDAnalysis reads it, and its boxes have the orientation of ours."""
    write_classic(tmp_path / f"x{suffix}", 2)
    read = io.load(tmp_path / f"x{suffix}")
    np.testing.assert_allclose(read.cells[0], CELL, rtol=1e-5)
    assert distance(read, EXPECTED) < 1e-4


@pytest.mark.parametrize("suffix", [".nc", ".ncdf"])
@pytest.mark.parametrize("version", [5, 3])
def test_cdf5_is_named(tmp_path, run, suffix, version):
    path = tmp_path / f"x{suffix}"
    write_classic(path, 1)
    path.write_bytes(b"CDF" + bytes([version]) + path.read_bytes()[4:])
    before = contents(tmp_path)
    done = run("estimate", path, "--sigma", "1", "--out", tmp_path / "r.nc")
    assert done.code == 2 and len(done.err.splitlines()) == 1
    assert f"CDF-{version}" in done.err and "nccopy" in done.err
    assert contents(tmp_path) == before


def test_a_lattice_in_cdf5_is_named(tmp_path):
    with netcdf_file(tmp_path / "x.nc", "w") as file:
        for name, size in (("time", 16), ("x", 8)):
            file.createDimension(name, size)
        file.createVariable("spins", "i", ("time", "x"))[:] = np.ones((16, 8))
    (tmp_path / "x.nc").write_bytes(b"CDF\x05" + (tmp_path / "x.nc").read_bytes()[4:])
    assert "CDF-5" in refusal(tmp_path / "x.nc", boundary="periodic")


@pytest.mark.skipif(importlib.util.find_spec("pytng") is not None, reason="pytng is installed")
def test_tng_names_its_package(tmp_path, run):
    (tmp_path / "x.tng").write_bytes(b"whatever")
    done = run("inspect", tmp_path / "x.tng")
    assert done.code == 2 and len(done.err.splitlines()) == 1
    assert "pytng" in done.err and "pip install" in done.err


@pytest.mark.parametrize(("suffix", "package"), [(".xtc", "MDAnalysis"), (".gsd", "gsd")])
def test_missing_packages_are_named(tmp_path, monkeypatch, suffix, package):
    monkeypatch.setattr("moiety.io._isolation.find_spec", lambda name: None)
    (tmp_path / f"x{suffix}").write_bytes(b"whatever")
    assert f"the package {package}" in refusal(tmp_path / f"x{suffix}")
    assert "pip install 'moiety[particles]'" in refusal(tmp_path / f"x{suffix}")
