"""Arrays of other programs."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
import zarr

from io_examples import EVERY, FULL, assert_same_samples, refusal
from moiety import InputError, Samples, io

SPINS = np.random.default_rng(0).choice([-1, 1], size=(20, 4, 4)).astype(np.int8)


def write_array(
    path: Path, array: np.ndarray, dims: tuple[str, ...] | None = None, name: str = "spins"
):
    """Write a raw array as other programs do."""
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".npz":
        np.savez(path, **{name: array})
    elif path.suffix == ".nc":
        dims = dims or tuple(f"d{axis}" for axis in range(array.ndim))
        dataset = xarray.Dataset({name: (dims, array)})
        dataset.to_netcdf(path, engine="h5netcdf", invalid_netcdf=array.dtype.kind == "c")
    elif path.suffix == ".zarr":
        zarr.open_group(path, mode="w").create_array(name, data=array, dimension_names=dims)
    else:
        with h5py.File(path, "w") as file:
            array = array.astype(h5py.string_dtype()) if array.dtype.kind == "U" else array
            dataset = file.create_dataset(name, data=array)
            for axis, dim in enumerate(dims or ()):
                dataset.dims[axis].label = dim


@pytest.mark.parametrize("suffix", EVERY)
def test_raw_arrays_need_periodic(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    write_array(path, SPINS)
    assert "say --boundary periodic" in refusal(path)
    loaded = io.load(path, periodic=True, symmetries="flip")
    assert_same_samples(loaded, Samples.from_array(SPINS, periodic=True, symmetries=("flip",)))


@pytest.mark.parametrize("suffix", [".nc", ".h5", ".zarr"])
@pytest.mark.parametrize(
    ("draw", "chain"),
    [("draw", "replica"), ("time", "chain"), ("sample", "replica"), ("step", "chain")],
)
def test_names_of_dimensions_give_their_order(tmp_path, suffix, draw, chain):
    """All axes have the same length, so only the names distinguish them."""
    array = np.random.default_rng(2).choice([-1, 1], size=(8, 8, 8, 8))
    path = tmp_path / f"x{suffix}"
    write_array(path, array, ("x", "y", draw, chain))
    standard = array.transpose(3, 2, 0, 1)
    expected = Samples.from_array(standard, axes="chain,draw,x,y", periodic=False)
    assert_same_samples(io.load(path, periodic=False), expected)


def test_netcdf_with_axes_x_y_time(tmp_path):
    array = SPINS.transpose(1, 2, 0)
    dataset = xarray.Dataset({"spins": (("x", "y", "time"), array)}, {"time": np.arange(20.0)})
    dataset["time"].attrs["units"] = "sweeps since start"  # looks like a date of netCDF
    for engine in ("h5netcdf", "scipy"):
        dataset.to_netcdf(tmp_path / f"{engine}.nc", engine=engine)
        codes = io.load(tmp_path / f"{engine}.nc", periodic=True).values[0].astype(int)
        assert np.array_equal(2 * codes - 1, SPINS)


def test_hdf5_dimension_scales(tmp_path):
    path = tmp_path / "x.hdf5"
    with h5py.File(path, "w") as file:
        file["run/spins"] = np.repeat(SPINS[:8, :, :2], 2, axis=2)
        for axis, (name, side) in enumerate({"x": 8, "step": 4, "y": 4}.items()):
            file[name] = np.arange(side)
            file[name].make_scale(name)
            file["run/spins"].dims[axis].attach_scale(file[name])
    with pytest.raises(InputError, match="4 samples are too few"):
        io.load(path, periodic=True)
    loaded = io.load(path, periodic=True, axes="draw,x,y", variable="/run/spins")
    assert loaded.shape == (4, 4)


def test_unknown_dimension_names_leave_the_order_to_the_shape(tmp_path):
    write_array(tmp_path / "x.nc", SPINS, ("d0", "d1", "d2"))
    assert io.load(tmp_path / "x.nc", periodic=True).shape == (4, 4)
    write_array(tmp_path / "y.nc", SPINS[:, :, :3], ("d0", "d1", "d2"))
    assert "--axes" in refusal(tmp_path / "y.nc", periodic=True)


def test_zarr_array_without_a_group_and_old_zarr(tmp_path):
    zarr.save_array(tmp_path / "x.zarr", SPINS)
    assert io.load(tmp_path / "x.zarr", periodic=True).n == 20
    array = zarr.create_array(tmp_path / "y.zarr", data=SPINS.transpose(1, 2, 0), zarr_format=2)
    array.attrs["_ARRAY_DIMENSIONS"] = ["x", "y", "time"]
    assert io.load(tmp_path / "y.zarr", periodic=True).n == 20


def test_big_endian_doubles_keep_their_digits(tmp_path):
    array = np.random.default_rng(0).normal(size=(20, 6))
    np.save(tmp_path / "x.npy", array.astype(">f8"))
    loaded = io.load(tmp_path / "x.npy", axes="draw,x", kind="real", periodic=True)
    assert np.array_equal(loaded.values[0], array)


def test_integers_with_a_fill_value_stay_integers(tmp_path):
    dataset = xarray.Dataset({"spins": (("draw", "x"), np.arange(20).reshape(10, 2) % 3)})
    dataset.to_netcdf(tmp_path / "x.nc", engine="h5netcdf", encoding={"spins": {"_FillValue": -99}})
    assert io.load(tmp_path / "x.nc", periodic=True).labels == (0, 1, 2)


def test_units_of_angles(tmp_path):
    values = np.random.default_rng(0).uniform(size=(10, 4))
    angles = xarray.Dataset({"theta": (("draw", "x"), values)})
    for units in ("rad", "degrees"):
        angles["theta"].attrs["units"] = units
        angles.to_netcdf(tmp_path / f"{units}.nc", engine="h5netcdf")
    assert io.load(tmp_path / "rad.nc", periodic=True).kind == "angle"
    assert "radians" in refusal(tmp_path / "degrees.nc", periodic=True, kind="angle")


@pytest.mark.parametrize("suffix", FULL)
def test_several_variables(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    several = {"spins": SPINS, "energy": np.arange(20.0), "copy": -SPINS}
    if suffix == ".npz":
        np.savez(path, **several)
    elif suffix == ".nc":
        data = {name: (("time", "x", "y")[: array.ndim], array) for name, array in several.items()}
        xarray.Dataset(data).to_netcdf(path, engine="h5netcdf")
    elif suffix == ".h5":
        with h5py.File(path, "w") as file:
            for name, array in several.items():
                file.create_dataset(name, data=array)
    else:
        for name, array in several.items():
            zarr.open_group(path, mode="a").create_array(name, data=array)
    message = refusal(path, periodic=True)
    assert "--variable" in message
    assert all(name in message for name in several)
    assert "no variable 'spin'" in refusal(path, periodic=True, variable="spin")
    expected = Samples.from_array(-SPINS, periodic=True)
    assert_same_samples(io.load(path, periodic=True, variable="copy"), expected)
    assert "2 axes" not in refusal(path, periodic=True, variable="energy")


# Bad arrays

BAD_ARRAYS = {
    "nan": (np.where(np.arange(160).reshape(20, 8) == 7, np.nan, 1.0), "NaN"),
    "infinite": (np.full((20, 8), np.inf), "infinite"),
    "one axis": (np.ones(20), "axes"),
    "six axes": (np.ones((8, 2, 2, 2, 2, 2)), "axes"),
    "complex": (np.ones((20, 8), complex), "complex"),
    "text": (np.full((20, 8), "up"), "numbers"),
    "few": (np.ones((7, 5), int), "too few"),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
@pytest.mark.parametrize("suffix", EVERY)
@pytest.mark.filterwarnings("ignore")  # about text in Zarr and complex numbers in netCDF
def test_bad_arrays(tmp_path, suffix, name):
    array, text = BAD_ARRAYS[name]
    write_array(tmp_path / f"x{suffix}", array)
    assert text in refusal(tmp_path / f"x{suffix}", periodic=True, kind="real")


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_objects_are_never_unpickled(tmp_path, suffix):
    write_array(tmp_path / f"x{suffix}", np.full((20, 8), {"a": 1}, dtype=object))
    assert "never unpickled" in refusal(tmp_path / f"x{suffix}", periodic=True)
