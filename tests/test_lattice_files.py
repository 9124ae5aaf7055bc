"""Files of lattices that moiety writes: for other programs, with declarations, altered, large."""

import json
import mmap
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from io_examples import EVERY, FULL, PROVENANCE, assert_same_samples, lattice, refusal
from moiety import Samples, io
from moiety.base import scratch
from moiety.io import _format

SPINS = np.random.default_rng(0).choice([-1, 1], size=(20, 4, 4)).astype(np.int8)


# Other programs read files of moiety


def test_npy_of_a_single_chain_has_no_chain_axis(tmp_path):
    io.save(Samples.from_array(SPINS, periodic=True), tmp_path / "x.npy")
    assert np.array_equal(np.load(tmp_path / "x.npy"), SPINS)


def test_other_programs_read_spins(tmp_path):
    for suffix in FULL:
        io.save(lattice("q=2"), tmp_path / f"x{suffix}")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as dataset:
        spins = dataset["states"].load()
    assert spins.dims == ("chain", "draw", "x", "y")
    assert spins.dtype == np.int8
    assert np.unique(spins).tolist() == [-1, 1]
    with h5py.File(tmp_path / "x.h5") as file:
        assert [dim.label for dim in file["states"].dims] == ["chain", "draw", "x", "y"]
        assert np.array_equal(file["states"], spins)
    with xarray.open_zarr(tmp_path / "x.zarr", consolidated=False) as dataset:
        assert dataset["states"].dims == spins.dims
        assert np.array_equal(dataset["states"], spins)
    assert np.array_equal(np.load(tmp_path / "x.npz")["states"], spins)


def test_angles_have_units(tmp_path):
    io.save(lattice("angle"), tmp_path / "x.nc")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as dataset:
        assert dataset["states"].attrs["units"] == "rad"
        assert json.loads(dataset["states"].attrs["moiety_provenance"]) == PROVENANCE


def test_xarray_may_reorder_a_file_of_moiety(tmp_path):
    samples = lattice("q=2")
    io.save(samples, tmp_path / "x.nc")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as dataset:
        reordered = dataset.isel(chain=1).transpose("y", "draw", "x")
        reordered.to_netcdf(tmp_path / "y.nc", engine="h5netcdf")
    assert_same_samples(io.load(tmp_path / "y.nc"), samples.replace(values=samples.values[1:]))


@pytest.mark.parametrize("suffix", FULL)
def test_long_provenance(tmp_path, suffix):
    """HDF5 attributes are limited to 64 kB unless they are stored with care."""
    samples = lattice("q=2", provenance={"log": "β" * 100_000})
    io.save(samples, tmp_path / f"x{suffix}")
    assert_same_samples(io.load(tmp_path / f"x{suffix}"), samples)


def test_numpy_numbers_in_provenance_become_plain(tmp_path):
    provenance = {"t": np.float64(2.5), "sizes": np.arange(3), "file": Path("a/b")}
    io.save(lattice("q=2", provenance=provenance), tmp_path / "x.npz")
    loaded = io.load(tmp_path / "x.npz").provenance
    assert loaded == {"t": 2.5, "sizes": [0, 1, 2], "file": str(Path("a/b"))}


# Declarations override the file


def test_declarations_override_the_file(tmp_path):
    path = tmp_path / "x.h5"
    io.save(lattice("q=2"), path)
    assert io.load(path, periodic=True).periodic == (True, True)
    assert io.load(path, periodic=[False, True]).periodic == (False, True)
    assert io.load(path, symmetries="reflect, transpose").symmetries == ("reflect", "transpose")
    assert io.load(path, symmetries=()).symmetries == ()
    assert io.load(path, kind="real").values.min() == -1.0
    assert io.load(path, kind="discrete", states=2).labels == (-1, 1)
    assert io.load(path, axes="chain,draw,y,x", periodic=True).shape == (6, 4)
    assert io.load(path, kind="real").provenance == PROVENANCE


def test_more_states_can_be_declared(tmp_path):
    io.save(lattice("q=3"), tmp_path / "x.npz")
    assert io.load(tmp_path / "x.npz", states=4).labels == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"kind": "banana"}, "kind must be one of"),
        ({"kind": ["angle"]}, "kind must be one of"),
        ({"states": 3}, "3 declared"),
        ({"states": 0}, "positive whole number"),
        ({"states": "two"}, "positive whole number"),
        ({"kind": "real", "states": 2}, "discrete states only"),
        ({"periodic": (True,)}, "periodic needs 2 flags"),
        ({"periodic": ()}, "periodic needs 2 flags"),
        ({"periodic": "yes"}, "periodic must be"),
        ({"periodic": 1}, "periodic must be"),
        ({"symmetries": "rotate"}, "unknown symmetry"),
        ({"symmetries": [1]}, "symmetries must be names"),
        ({"axes": "draw,x", "periodic": True}, "name 2 axes"),
        ({"axes": "chain,draw,u,v", "periodic": True}, "each once"),
        ({"axes": "draw,chain,x,y"}, "say periodic"),
        ({"axes": 5, "periodic": True}, "axes must be names"),
        ({"variable": "spins"}, "no variable 'spins'; it has states"),
    ],
)
def test_invalid_declarations(tmp_path, options, text):
    io.save(lattice("q=2"), tmp_path / "x.nc")
    assert text in refusal(tmp_path / "x.nc", **options)


# Altered files


@pytest.mark.parametrize(
    ("attribute", "value", "text"),
    [
        ("moiety_layout", "99", "update moiety"),
        ("moiety_kind", "spin", "moiety_kind"),
        ("moiety_labels", "[-1, 3]", "states without labels"),
        ("moiety_periodic", "[true", "moiety_periodic"),
        ("moiety_provenance", "3", "moiety_provenance"),
        ("moiety_symmetries", '["rotate"]', "unknown symmetry"),
    ],
)
def test_altered_attributes(tmp_path, attribute, value, text):
    io.save(lattice("q=2"), tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["states"].attrs[attribute] = value
    assert text in refusal(tmp_path / "x.h5")


def test_nan_in_a_file_of_moiety(tmp_path):
    samples = lattice("real")
    samples.values[0, 0, 0, 0] = np.nan
    io.save(samples, tmp_path / "x.nc")
    assert "NaN" in refusal(tmp_path / "x.nc")


def test_zarr_without_its_chunks(tmp_path):
    io.save(lattice("real"), tmp_path / "x.zarr")
    next(file for file in (tmp_path / "x.zarr").rglob("c/**/*") if file.is_file()).unlink()
    assert "chunks are missing" in refusal(tmp_path / "x.zarr")
    (tmp_path / "y.zarr").mkdir()
    assert "cannot be read as a Zarr store" in refusal(tmp_path / "y.zarr")


# Large arrays


@pytest.mark.parametrize("kind", ["discrete", "real"])
@pytest.mark.parametrize("suffix", EVERY)
def test_large_samples_live_on_disk(monkeypatch, tmp_path, suffix, kind):
    samples = lattice("q=2" if kind == "discrete" else "real", (6, 6), periodic=True)
    monkeypatch.setattr(scratch, "LARGEST_IN_MEMORY", 100)
    monkeypatch.setattr(scratch, "_SLAB", 500)
    io.save(samples, tmp_path / f"x{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"x{suffix}"]
    options = {"periodic": True, "axes": "chain,draw,x,y", "kind": kind} if suffix == ".npy" else {}
    loaded = io.load(tmp_path / f"x{suffix}", **options)
    np.testing.assert_array_equal(loaded.values, samples.values)
    if (suffix, kind) != (".npz", "real"):  # archives are read at once, and reals need no coding
        assert isinstance(memory_of(loaded.values), mmap.mmap)
        assert not isinstance(memory_of(samples.values), mmap.mmap)


def memory_of(array):
    """The object that owns the memory of an array."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array.obj if isinstance(array, memoryview) else array


@pytest.mark.parametrize("suffix", [".nc", ".h5", ".zarr", ".npy"])
def test_loading_takes_the_memory_of_slabs(monkeypatch, tmp_path, suffix):
    spins = np.random.default_rng(0).choice([-1, 1], size=(500, 64, 64)).astype(np.int8)  # 2 MB
    path, options = tmp_path / f"x{suffix}", {"periodic": True} if suffix == ".npy" else {}
    monkeypatch.setattr(_format, "_CHUNK_BYTES", 2**17)
    io.save(Samples.from_array(spins, periodic=True), path)
    monkeypatch.setattr(scratch, "_SLAB", 2**15)

    def peak_memory() -> int:
        tracemalloc.start()
        io.load(path, **options)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    io.load(path, **options)  # imports
    in_memory = peak_memory()
    monkeypatch.setattr(scratch, "LARGEST_IN_MEMORY", 2**15)
    # a chunk of 128 kB and the indices of a slab
    assert peak_memory() < spins.nbytes / 2 < spins.nbytes < in_memory
