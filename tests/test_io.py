"""Every format keeps samples as they are, and every bad file is one clear line."""

import json
import mmap
import subprocess
import sys
import tracemalloc
from pathlib import Path

import h5netcdf
import h5py
import numpy as np
import pytest
import xarray
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from moiety import InputError, Samples, io
from moiety.base import scratch
from moiety.base.atomic import atomic
from moiety.data.samples import SYMMETRIES

FULL = [suffix for suffix, form in io.FORMATS.items() if form.attributes]
SHAPES = {"1-D": (5,), "2-D": (4, 6), "3-D": (2, 3, 4)}
SPINS = np.random.default_rng(0).choice([-1, 1], size=(20, 4, 4)).astype(np.int8)
PROVENANCE = {
    "system": "ising \u03b2",
    "temperature": 2.269,
    "seed": None,
    "size": [4, 6],
    "nested": {"on": True},
}


def example(kind: str, space: tuple[int, ...] = (4, 6), **changes) -> Samples:
    """Two chains of ten draws, with everything that `Samples` can hold."""
    rng, shape = np.random.default_rng(1), (2, 10, *space)
    array, states = {
        "q=2": (rng.choice([-1, 1], size=shape), None),
        "q=3": (rng.integers(0, 2, size=shape), 3),  # the last state never occurs
        "angle": (rng.uniform(-np.pi, np.pi, size=shape).astype(np.float32), None),
        "real": (rng.normal(size=shape), None),
    }[kind]
    words = {
        "axes": ("chain", "draw", *"xyz"[: len(space)]),
        "periodic": [axis % 2 == 0 for axis in range(len(space))],
        "symmetries": ("flip", "reflect"),
        "provenance": PROVENANCE,
        "kind": kind if kind in ("angle", "real") else "discrete",
        **changes,
    }
    return Samples.from_array(array, states=states, **words)


def assert_same(found: Samples, wanted: Samples):
    assert found.values.dtype == wanted.values.dtype
    assert found.values.shape == wanted.values.shape
    assert found.values.tobytes() == wanted.values.tobytes()
    for name in ("kind", "periodic", "labels", "symmetries", "provenance"):
        assert getattr(found, name) == getattr(wanted, name), name
    assert list(map(type, found.labels)) == list(map(type, wanted.labels))


def refusal(path: Path, call=None, **words) -> str:
    """The message of the refusal, without the name of the file, which it must begin with."""
    with pytest.raises(InputError) as caught:
        (call or io.load)(path, **words)
    message = str(caught.value)
    assert message.splitlines() == [message]
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


# Contract over the registry


@pytest.mark.parametrize("space", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("kind", ["q=2", "q=3", "angle", "real"])
@pytest.mark.parametrize("suffix", FULL)
def test_round_trip(tmp_path, suffix, kind, space):
    samples, path = example(kind, space), tmp_path / f"x{suffix}"
    io.save(samples, path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert_same(io.load(path), samples)


@pytest.mark.parametrize("kind", ["q=2", "q=3", "angle", "real"])
def test_npy_holds_the_array_alone(tmp_path, kind):
    samples, path = example(kind), tmp_path / "x.npy"
    io.save(samples, path)
    words = {"axes": "chain,draw,x,y", "kind": samples.kind, "states": samples.states or None}
    loaded = io.load(path, periodic=samples.periodic, symmetries=samples.symmetries, **words)
    assert_same(loaded, samples.replace(provenance={}))


def test_npy_of_one_chain_has_no_chain_axis(tmp_path):
    io.save(Samples.from_array(SPINS, periodic=True), tmp_path / "x.npy")
    assert np.array_equal(np.load(tmp_path / "x.npy"), SPINS)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_round_trip_property(tmp_path, data):
    space = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3), label="space")
    shape = (
        data.draw(st.integers(1, 3), label="chains"),
        data.draw(st.integers(8, 12), label="draws"),
        *space,
    )
    kind = data.draw(st.sampled_from(["discrete", "angle", "real"]), label="kind")
    labels: tuple = ()
    if kind == "discrete":
        finite = st.floats(allow_nan=False, allow_infinity=False)
        label = st.one_of(st.integers(-(2**70), 2**70), finite, st.text(), st.booleans())
        labels = tuple(
            data.draw(st.lists(label, min_size=1, max_size=6, unique=True), label="labels")
        )
        values = data.draw(npst.arrays(np.uint8, shape, elements=st.integers(0, len(labels) - 1)))
    else:
        width = data.draw(st.sampled_from([32, 64]))
        elements = st.floats(allow_nan=False, allow_infinity=False, width=width)
        values = data.draw(npst.arrays(f"f{width // 8}", shape, elements=elements))
    plain = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )
    samples = Samples(
        values,
        kind,
        tuple(data.draw(st.lists(st.booleans(), min_size=len(space), max_size=len(space)))),
        labels,
        tuple(data.draw(st.lists(st.sampled_from(SYMMETRIES), unique=True))),
        data.draw(st.dictionaries(st.text(), plain, max_size=3)),
    )
    path = tmp_path / f"x{data.draw(st.sampled_from(FULL), label='suffix')}"
    io.save(samples, path, force=True)
    assert_same(io.load(path), samples)


@pytest.mark.parametrize("suffix", FULL)
def test_long_provenance(tmp_path, suffix):
    """HDF5 attributes are limited to 64 kB unless they are stored with care."""
    samples = example("q=2", provenance={"log": "\u03b2" * 100_000})
    io.save(samples, tmp_path / f"x{suffix}")
    assert_same(io.load(tmp_path / f"x{suffix}"), samples)


def test_numpy_numbers_in_provenance_become_plain(tmp_path):
    provenance = {"t": np.float64(2.5), "sizes": np.arange(3), "file": Path("a/b")}
    io.save(example("q=2", provenance=provenance), tmp_path / "x.npz")
    assert io.load(tmp_path / "x.npz").provenance == {
        "t": 2.5,
        "sizes": [0, 1, 2],
        "file": str(Path("a/b")),
    }


# What others read in our files


def test_others_read_spins_as_physics(tmp_path):
    for suffix in (".nc", ".h5", ".zarr", ".npz"):
        io.save(example("q=2"), tmp_path / f"x{suffix}")
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
    io.save(example("angle"), tmp_path / "x.nc")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as dataset:
        assert dataset["states"].attrs["units"] == "rad"
        assert json.loads(dataset["states"].attrs["moiety_provenance"]) == PROVENANCE


def test_a_file_of_ours_that_xarray_reordered(tmp_path):
    samples = example("q=2")
    io.save(samples, tmp_path / "x.nc")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as dataset:
        dataset.isel(chain=1).transpose("y", "draw", "x").to_netcdf(
            tmp_path / "y.nc", engine="h5netcdf"
        )
    assert_same(io.load(tmp_path / "y.nc"), samples.replace(values=samples.values[1:]))


# What is said goes before what the file says


def test_words_override_the_file(tmp_path):
    path = tmp_path / "x.h5"
    io.save(example("q=2"), path)
    assert io.load(path, periodic=True).periodic == (True, True)
    assert io.load(path, periodic=[False, True]).periodic == (False, True)
    assert io.load(path, symmetries="reflect, transpose").symmetries == ("reflect", "transpose")
    assert io.load(path, symmetries=()).symmetries == ()
    assert io.load(path, kind="real").values.min() == -1.0
    assert io.load(path, kind="discrete", states=2).labels == (-1, 1)
    assert io.load(path, axes="chain,draw,y,x", periodic=True).shape == (6, 4)
    assert io.load(path, kind="real").provenance == PROVENANCE


def test_more_states_can_be_declared(tmp_path):
    io.save(example("q=3"), tmp_path / "x.npz")
    assert io.load(tmp_path / "x.npz", states=4).labels == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"kind": "banana"}, "kind must be one of"),
        ({"kind": ["angle"]}, "kind must be one of"),
        ({"states": 3}, "3 declared"),
        ({"states": 0}, "positive whole number"),
        ({"states": "two"}, "positive whole number"),
        ({"kind": "real", "states": 2}, "discrete states only"),
        ({"periodic": (True,)}, "periodic needs 2 flags"),
        ({"periodic": "yes"}, "periodic must be"),
        ({"periodic": 1}, "periodic must be"),
        ({"symmetries": "rotate"}, "unknown symmetry"),
        ({"symmetries": [1]}, "symmetries must be names"),
        ({"axes": "draw,x", "periodic": True}, "name 2 axes"),
        ({"axes": "chain,draw,u,v", "periodic": True}, "each once"),
        ({"axes": "draw,chain,x,y"}, "say periodic"),
        ({"axes": 5, "periodic": True}, "holds no samples as described"),
        ({"variable": "spins"}, "no variable 'spins'; it has states"),
    ],
)
def test_nonsense_is_refused(tmp_path, words, text):
    io.save(example("q=2"), tmp_path / "x.nc")
    assert text in refusal(tmp_path / "x.nc", **words)


# Files of others


def write_array(
    path: Path, array: np.ndarray, dims: tuple[str, ...] | None = None, name: str = "spins"
):
    """A raw array as other programs write it."""
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".npz":
        np.savez(path, **{name: array})
    elif path.suffix == ".nc":
        dims = dims or tuple(f"d{axis}" for axis in range(array.ndim))
        xarray.Dataset({name: (dims, array)}).to_netcdf(
            path, engine="h5netcdf", invalid_netcdf=array.dtype.kind == "c"
        )
    elif path.suffix == ".zarr":
        zarr.open_group(path, mode="w").create_array(name, data=array, dimension_names=dims)
    else:
        with h5py.File(path, "w") as file:
            array = array.astype(h5py.string_dtype()) if array.dtype.kind == "U" else array
            dataset = file.create_dataset(name, data=array)
            for axis, dim in enumerate(dims or ()):
                dataset.dims[axis].label = dim


@pytest.mark.parametrize("suffix", io.FORMATS)
def test_raw_array(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    write_array(path, SPINS)
    assert "say --periodic or --no-periodic" in refusal(path)
    loaded = io.load(path, periodic=True, symmetries="flip")
    assert_same(loaded, Samples.from_array(SPINS, periodic=True, symmetries=("flip",)))


@pytest.mark.parametrize("suffix", [".nc", ".h5", ".zarr"])
@pytest.mark.parametrize("draw", ["draw", "time", "sample", "step"])
@pytest.mark.parametrize("chain", ["chain", "replica"])
def test_named_dimensions_in_a_strange_order(tmp_path, suffix, draw, chain):
    """All axes have the same length: only the names tell them apart."""
    array, path = (
        np.random.default_rng(2).choice([-1, 1], size=(8, 8, 8, 8)),
        tmp_path / f"x{suffix}",
    )
    write_array(path, array, ("x", "y", draw, chain))
    wanted = Samples.from_array(array.transpose(3, 2, 0, 1), axes="chain,draw,x,y", periodic=False)
    assert_same(io.load(path, periodic=False), wanted)


def test_netcdf_of_x_y_time(tmp_path):
    array = SPINS.transpose(1, 2, 0)
    dataset = xarray.Dataset({"spins": (("x", "y", "time"), array)}, {"time": np.arange(20.0)})
    dataset["time"].attrs["units"] = (
        "sweeps since start"  # no date, whatever netCDF conventions say
    )
    for engine in ("h5netcdf", "scipy"):
        dataset.to_netcdf(tmp_path / f"{engine}.nc", engine=engine)
        assert np.array_equal(
            2 * io.load(tmp_path / f"{engine}.nc", periodic=True).values[0].astype(int) - 1, SPINS
        )


def test_hdf5_dimension_scales(tmp_path):
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file["run/spins"] = np.repeat(SPINS[:8, :, :2], 2, axis=2)
        for axis, (name, side) in enumerate({"x": 8, "step": 4, "y": 4}.items()):
            file[name] = np.arange(side)
            file[name].make_scale(name)
            file["run/spins"].dims[axis].attach_scale(file[name])
    with pytest.raises(InputError, match="4 samples are too few"):
        io.load(tmp_path / "x.hdf5", periodic=True)
    assert io.load(
        tmp_path / "x.hdf5", periodic=True, axes="draw,x,y", variable="/run/spins"
    ).shape == (4, 4)


def test_unknown_dimension_names_leave_it_to_the_shape(tmp_path):
    write_array(tmp_path / "x.nc", SPINS, ("time", "lat", "lon"))
    assert io.load(tmp_path / "x.nc", periodic=True).shape == (4, 4)
    write_array(tmp_path / "y.nc", SPINS[:, :, :3], ("time", "lat", "lon"))
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
    assert np.array_equal(io.load(tmp_path / "x.npy", kind="real", periodic=True).values[0], array)


def test_integers_with_a_fill_value_stay_integers(tmp_path):
    dataset = xarray.Dataset({"spins": (("draw", "x"), np.arange(20).reshape(10, 2) % 3)})
    dataset.to_netcdf(tmp_path / "x.nc", engine="h5netcdf", encoding={"spins": {"_FillValue": -99}})
    assert io.load(tmp_path / "x.nc", periodic=True).labels == (0, 1, 2)


def test_units_of_angles(tmp_path):
    angles = xarray.Dataset(
        {"theta": (("draw", "x"), np.random.default_rng(0).uniform(size=(10, 4)))}
    )
    for units in ("rad", "degrees"):
        angles["theta"].attrs["units"] = units
        angles.to_netcdf(tmp_path / f"{units}.nc", engine="h5netcdf")
    assert io.load(tmp_path / "rad.nc", periodic=True).kind == "angle"
    assert "radians" in refusal(tmp_path / "degrees.nc", periodic=True, kind="angle")


@pytest.mark.parametrize("suffix", [".npz", ".h5", ".nc", ".zarr"])
def test_several_variables(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    several = {"spins": SPINS, "energy": np.arange(20.0), "copy": -SPINS}
    if suffix == ".npz":
        np.savez(path, **several)
    elif suffix == ".nc":
        data = {name: (("time", "x", "y")[: array.ndim], array) for name, array in several.items()}
        xarray.Dataset(data).to_netcdf(path, engine="h5netcdf")
    else:
        root = h5py.File(path, "w") if suffix == ".h5" else zarr.open_group(path, mode="w")
        for name, array in several.items():
            root.create_dataset(name, data=array) if suffix == ".h5" else root.create_array(
                name, data=array
            )
        root.close() if suffix == ".h5" else None
    message = refusal(path, periodic=True)
    assert "--variable" in message
    assert all(name in message for name in several)
    assert "no variable 'spin'" in refusal(path, periodic=True, variable="spin")
    wanted = Samples.from_array(-SPINS, periodic=True)
    assert_same(io.load(path, periodic=True, variable="copy"), wanted)
    assert "2 axes" not in refusal(path, periodic=True, variable="energy")


# Bad files


def test_missing_and_unknown(tmp_path):
    assert "no such file" in refusal(tmp_path / "none.npy")
    assert "is a folder" in refusal(tmp_path)
    (tmp_path / "x.npy").mkdir()
    assert "is a folder" in refusal(tmp_path / "x.npy")
    for name in ("x.txt", "x"):
        (tmp_path / name).write_text("1 -1")
        assert ".npy, .npz, .h5, .hdf5, .nc, .zarr" in refusal(tmp_path / name)


NO_FORMAT = {
    "empty": b"",
    "one byte": b"\0",
    "random": np.random.default_rng(0).bytes(5000),
    "classic netCDF": b"CDF\x01" + bytes(3) + bytes([9] * 40),
    "zip": b"PK\x03\x04" * 9,
}


@pytest.mark.parametrize("content", NO_FORMAT.values(), ids=NO_FORMAT)
@pytest.mark.parametrize("suffix", io.FORMATS)
def test_files_of_no_format(tmp_path, suffix, content):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    message = refusal(path, periodic=True)
    assert (
        ("cannot be read as" in message or "is a file" in message)
        if content
        else "empty" in message
    )


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95, 0.999])
@pytest.mark.parametrize("suffix", io.FORMATS)
def test_truncated_files(tmp_path, suffix, part):
    path = tmp_path / f"x{suffix}"
    io.save(example("real", (8, 8)), path)
    files = [file for file in (path, *path.rglob("*")) if file.is_file()]
    file = max(files, key=lambda file: file.stat().st_size)
    content = file.read_bytes()
    file.write_bytes(content[: int(part * len(content))])
    assert "cannot be read as" in refusal(path, periodic=True, kind="real", axes="chain,draw,x,y")


def test_zarr_without_its_chunks(tmp_path):
    io.save(example("real"), tmp_path / "x.zarr")
    next(f for f in (tmp_path / "x.zarr").rglob("c/**/*") if f.is_file()).unlink()
    assert "chunks are missing" in refusal(tmp_path / "x.zarr")
    (tmp_path / "y.zarr").mkdir()
    assert "cannot be read as a Zarr store" in refusal(tmp_path / "y.zarr")


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
@pytest.mark.parametrize("suffix", io.FORMATS)
@pytest.mark.filterwarnings("ignore")  # about text in Zarr and complex numbers in netCDF
def test_bad_arrays(tmp_path, suffix, name):
    array, text = BAD_ARRAYS[name]
    write_array(tmp_path / f"x{suffix}", array)
    assert text in refusal(tmp_path / f"x{suffix}", periodic=True, kind="real")


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_objects_are_never_unpickled(tmp_path, suffix):
    write_array(tmp_path / f"x{suffix}", np.full((20, 8), {"a": 1}, dtype=object))
    assert "never unpickled" in refusal(tmp_path / f"x{suffix}", periodic=True)


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
    io.save(example("q=2"), tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["states"].attrs[attribute] = value
    assert text in refusal(tmp_path / "x.h5")


def test_nan_in_a_file_of_ours(tmp_path):
    samples = example("real")
    samples.values[0, 0, 0, 0] = np.nan
    io.save(samples, tmp_path / "x.nc")
    assert "NaN" in refusal(tmp_path / "x.nc")


def test_line_breaks_in_a_name_stay_out_of_the_message(tmp_path):
    with pytest.raises(InputError) as caught:
        io.load(tmp_path / "a\nb.npy")
    assert len(str(caught.value).splitlines()) == 1


def test_zarr_not_installed(tmp_path, monkeypatch):
    io.save(example("q=2"), tmp_path / "x.zarr")
    monkeypatch.setitem(sys.modules, "zarr", None)
    assert "pip install 'moiety[zarr]'" in refusal(tmp_path / "x.zarr")
    assert "pip install 'moiety[zarr]'" in refusal(
        tmp_path / "y.zarr", lambda path: io.save(example("q=2"), path)
    )


# Saving


def tree(path: Path) -> dict[str, bytes]:
    return {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}


@pytest.mark.parametrize("suffix", io.FORMATS)
def test_save_replaces_nothing_unasked(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    io.save(example("q=2"), path)
    before = tree(tmp_path)
    assert "--force" in refusal(path, lambda path: io.save(example("real"), path))
    assert tree(tmp_path) == before
    io.save(example("real"), path, force=True)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert np.array_equal(
        io.load(path, **READ_NPY if suffix == ".npy" else {}).values, example("real").values
    )


READ_NPY = {"axes": "chain,draw,x,y", "kind": "real", "periodic": True}
WRITERS = {
    ".npy": "numpy.save",
    ".npz": "numpy.savez_compressed",
    ".h5": "h5py.Group.create_dataset",
}
WRITERS |= {".nc": "h5netcdf.File.create_variable", ".zarr": "zarr.Group.create_array"}


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("suffix", WRITERS)
def test_interrupted_save_leaves_nothing(tmp_path, monkeypatch, suffix, stop):
    home, _, name = WRITERS[suffix].rpartition(".")
    owner = eval(home, {"numpy": np, "h5py": h5py, "h5netcdf": h5netcdf, "zarr": zarr})
    write = getattr(owner, name)
    seen = []

    def stopped(*args, **kwargs):
        write(*args, **kwargs)
        seen.append(list(tmp_path.iterdir()))
        raise stop

    old = tmp_path / f"old{suffix}"
    io.save(example("real"), old)
    before = tree(tmp_path)
    monkeypatch.setattr(owner, name, stopped)
    for path in (old, tmp_path / f"new{suffix}"):
        with pytest.raises(KeyboardInterrupt if stop is KeyboardInterrupt else InputError):
            io.save(example("q=2"), path, force=True)
        assert len(seen.pop()) == 2  # something was written before
        assert tree(tmp_path) == before
        assert list(tmp_path.iterdir()) == [old]


def test_check_output(tmp_path):
    io.check_output(tmp_path / "x.nc")
    assert "does not exist" in refusal(tmp_path / "no" / "x.nc", io.check_output)
    (tmp_path / "x.nc").write_text("mine")
    assert "exists already" in refusal(tmp_path / "x.nc", io.check_output)
    io.check_output(tmp_path / "x.nc", True)
    assert "does not exist" in refusal(tmp_path / "x.nc" / "y.nc", io.check_output)
    for name in ("folder", "notes.zarr"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text("mine")
        assert "is a folder" in refusal(tmp_path / name, io.check_output, force=True)


def test_save_refuses_what_it_cannot_write(tmp_path):
    save = lambda path: io.save(example("q=2"), path)  # noqa: E731
    assert "suffix '.txt' is unknown" in refusal(tmp_path / "x.txt", save)
    assert "does not exist" in refusal(tmp_path / "no" / "x.npz", save)
    assert "not ndarray" in refusal(tmp_path / "x.npz", lambda path: io.save(SPINS, path))
    half = example("real").replace(values=np.ones((2, 10, 4, 6), np.float16))
    assert "float16" in refusal(tmp_path / "x.nc", lambda path: io.save(half, path))
    odd = example("q=2", provenance={"who": object()})
    assert "JSON" in refusal(tmp_path / "x.npz", lambda path: io.save(odd, path))
    assert list(tmp_path.iterdir()) == []


def test_atomic_replaces_files_by_folders_and_back(tmp_path):
    path = tmp_path / "x.out"
    for text in ("file", "folder", "folder", "file"):
        with atomic(path) as part:
            assert part.suffix == path.suffix
            (part.mkdir() or part / "in").write_text(text) if text == "folder" else part.write_text(
                text
            )
        assert ((path / "in") if text == "folder" else path).read_text() == text
        assert list(tmp_path.iterdir()) == [path]


def test_atomic_writes_through_links(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with atomic(tmp_path / "link.txt") as part:
        part.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_importing_is_light():
    code = "import sys, moiety.io; print(sorted({'zarr', 'xarray', 'h5py', 'h5netcdf', 'torch'} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "[]\n"
    )


@pytest.mark.parametrize("kind", ["discrete", "real"])
@pytest.mark.parametrize("suffix", [".nc", ".h5", ".npz", ".zarr", ".npy"])
def test_large_samples_go_by_way_of_the_disk(monkeypatch, tmp_path, suffix, kind):
    rng = np.random.default_rng(0)
    array = (
        rng.choice([-1, 1], size=(2, 40, 6, 6)).astype(np.int8)
        if kind == "discrete"
        else rng.normal(size=(2, 40, 6, 6))
    )
    samples = Samples.from_array(array, periodic=True, axes="chain,draw,x,y", kind=kind)
    monkeypatch.setattr(scratch, "LARGEST_IN_MEMORY", 100)
    monkeypatch.setattr(scratch, "_SLAB", 500)
    io.save(samples, tmp_path / f"x{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"x{suffix}"]
    words = {"periodic": True, "axes": "chain,draw,x,y", "kind": kind} if suffix == ".npy" else {}
    loaded = io.load(tmp_path / f"x{suffix}", **words)
    np.testing.assert_array_equal(loaded.values, samples.values)
    if (suffix, kind) != (".npz", "real"):  # archives are read whole, and nothing is left to code
        assert isinstance(mapped(loaded.values), mmap.mmap) and not isinstance(
            mapped(samples.values), mmap.mmap
        )


def mapped(array):
    """What holds the memory of an array."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array.obj if isinstance(array, memoryview) else array


@pytest.mark.parametrize("suffix", [".nc", ".h5", ".zarr", ".npy"])
def test_memory_to_load_is_that_of_slabs(monkeypatch, tmp_path, suffix):
    spins = np.random.default_rng(0).choice([-1, 1], size=(2000, 64, 64)).astype(np.int8)  # 8 MB
    path, words = tmp_path / f"x{suffix}", {"periodic": True} if suffix == ".npy" else {}
    io.save(Samples.from_array(spins, periodic=True), path)
    monkeypatch.setattr(scratch, "_SLAB", 2**16)

    def most() -> int:
        tracemalloc.start()
        io.load(path, **words)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    most()  # what is imported at first
    in_memory = most()
    monkeypatch.setattr(scratch, "LARGEST_IN_MEMORY", 2**16)
    assert (
        most() < spins.nbytes / 2 < spins.nbytes < in_memory
    )  # chunks of a megabyte, and a slab's indices
