"""Numbers mean what they say: labels, degrees, vectors, missing entries, anything like an array."""

import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from io_examples import refusal
from moiety import InputError, Samples, io

repeatable = settings(derandomize=True, deadline=None, max_examples=50)
RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 6, size=(64, 8, 8))
ANGLES = RNG.uniform(-np.pi, np.pi, size=(64, 8, 8))
VECTORS = RNG.normal(size=(64, 8, 8, 3))
VECTORS /= np.linalg.norm(VECTORS, axis=-1, keepdims=True)


def read(array, **words) -> Samples:
    return Samples.from_array(array, **{"boundary": "periodic", **words})


def refused(array, **words) -> str:
    with pytest.raises(InputError) as caught:
        read(array, **words)
    message = str(caught.value)
    assert message.splitlines() == [message]
    return message


# Labels


def accumulated(codes: np.ndarray, q: int, dtype: str, wrap: bool) -> np.ndarray:
    """Clock angles that walk by steps of 2 pi / q, with the rounding errors of the walk."""
    angles, steps = np.zeros(codes.shape, dtype), RNG.integers(0, q, size=(60, *codes.shape))
    for step in (*steps, (codes - steps.sum(axis=0)) % q):
        angles += (step * (2 * np.pi / q)).astype(dtype)
        angles = np.mod(angles, np.array(2 * np.pi, dtype)) if wrap else angles
    return angles


# the sums of 5 or 7 steps, wrapped, happen to be exact
@pytest.mark.parametrize(
    ("q", "wrap"), [(3, True), (6, True), (12, True), (3, False), (5, False), (7, False)]
)
def test_clock_angles_by_accumulation_have_q_states(q, wrap):
    codes = RNG.integers(0, q, size=(64, 8, 8))
    angles = accumulated(codes, q, "f8", wrap)
    assert len(np.unique(angles)) > q  # 0 and 2 pi, and rounding errors
    samples = read(angles, kind="discrete")
    assert samples.states == q
    turned = np.array(samples.labels)[samples.values[0]]
    assert np.abs(np.exp(1j * turned) - np.exp(2j * np.pi * codes / q)).max() < 1e-9


def test_clock_angles_between_minus_pi_and_pi():
    ends = np.where(CODES == 0, np.pi, (CODES - 3) * np.pi / 3)
    ends[::2] = np.where(ends[::2] == np.pi, -np.pi, ends[::2])  # both names of one direction
    assert len(np.unique(ends)) == 7 and read(ends, kind="discrete").states == 6
    # negative control: half of such a range is no turn
    assert read(ends / 2, kind="discrete").states == 7


def test_labels_that_differ_by_rounding_are_one():
    noisy = CODES + 1e-9 * RNG.random(CODES.shape)
    samples = read(noisy, kind="discrete")
    assert samples.labels == tuple(range(6))
    assert np.array_equal(samples.values[0], CODES)
    assert "differ by rounding" in refused(CODES % 2 + 1e-5 * ANGLES, kind="discrete")
    assert "at most 256" in refused(ANGLES, kind="discrete")
    tenths = read(CODES / 10, kind="discrete")  # negative control: labels of their own
    assert np.allclose(tenths.labels, np.arange(6) / 10) and np.array_equal(tenths.values[0], CODES)


@repeatable
@given(st.sets(st.integers(-1000, 1000), min_size=2, max_size=20), st.sampled_from(["i8", "f8"]))
def test_labels_are_the_states_that_occur(labels, dtype):
    alphabet = np.array(sorted(label**5 for label in labels))
    codes = np.arange(1280).reshape(20, 8, 8) % len(alphabet)
    samples = read(alphabet[codes].astype(dtype), kind="discrete")
    assert samples.labels == tuple(alphabet.tolist())
    assert np.array_equal(samples.values[0], codes)


def test_huge_labels_are_kept():
    assert read(np.where(CODES % 2, 1e300, -1e300), kind="discrete").labels == (-1e300, 1e300)


def test_flip_exchanges_the_labels_that_occur():
    """A picture of 0 and 255 has two states, and reversing its codes exchanges them."""
    picture = (CODES % 2 * 255).astype(np.uint8)
    samples = read(picture, symmetries="flip")
    assert samples.labels == (0, 255) and samples.states == 2
    assert np.array_equal(np.array(samples.labels)[1 - samples.values[0]], 255 - picture)
    assert read(picture, states=256).states == 256  # declared


# Angles


@pytest.mark.parametrize(
    "angles",
    [
        RNG.uniform(0, 360, size=(64, 8, 8)),
        RNG.uniform(-180, 180, size=(64, 8, 8)),
        RNG.uniform(0, 90, size=(64, 8, 8)),
        RNG.integers(0, 360, size=(64, 8, 8)),
        RNG.uniform(0, 400, size=(64, 8, 8)).astype(np.float16),
    ],
    ids=["0 to 360", "-180 to 180", "0 to 90", "whole", "float16"],
)
def test_degrees_are_refused_with_the_factor(angles):
    message = refused(angles, kind="angle")
    assert "pi/180 = 0.0174533" in message and "numpy.mod" in message
    radians = read(np.asarray(angles, float) * np.pi / 180, kind="angle")
    assert radians.kind == "angle"  # the advice works


@pytest.mark.parametrize("shift", [0, np.pi, 2 * np.pi, -2 * np.pi])
def test_radians_within_two_turns_are_fine(shift):
    assert np.array_equal(read(ANGLES + shift, kind="angle").values[0], ANGLES + shift)


@pytest.mark.parametrize("name", ["units", "unit"])
@pytest.mark.parametrize(
    ("units", "factor"),
    [
        ("deg", "0.0174533"),
        ("°", "0.0174533"),
        ("Degrees", "0.0174533"),
        ("degrees_north", "0.0174533"),
        (" degree ", "0.0174533"),
        ("gon", "0.015708"),
        ("turns", "6.28319"),
    ],
)
def test_units_of_angles_are_refused_with_the_factor(tmp_path, name, units, factor):
    data = xarray.Dataset({"theta": (("draw", "x"), ANGLES[:, 0])})
    data["theta"].attrs[name] = units
    data.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    for kind in (None, "angle"):
        message = refusal(tmp_path / "x.nc", boundary="periodic", kind=kind)
        assert units.strip().lower() in message and factor in message
    assert io.load(tmp_path / "x.nc", boundary="periodic", kind="real").kind == "real"


@pytest.mark.parametrize("units", ["rad", "Radians", b"rad"])
def test_radians_of_hdf5_are_angles(tmp_path, units):
    import h5py

    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["theta"] = ANGLES
        file["theta"].attrs["units"] = np.bytes_(units) if isinstance(units, bytes) else units
    assert io.load(tmp_path / "x.h5", boundary="periodic").kind == "angle"


# Vectors


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (VECTORS, "axis 3 of the shape (64, 8, 8, 3)"),
        (VECTORS.astype(np.float32), "unit vectors of 3 components"),
        (VECTORS[0], "axis 2 of the shape (8, 8, 3)"),
        (np.moveaxis(VECTORS, -1, 1), "axis 1 of the shape (64, 3, 8, 8)"),
        (np.moveaxis(VECTORS, -1, 0), "axis 0"),
        (np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=-1), "numpy.arctan2"),
    ],
)
def test_unit_vectors_are_refused(array, text):
    assert text in refused(array, kind="real")
    if array.ndim == 4:
        assert text in refused(array, kind="real", axes="draw,x,y,z")


def test_one_hot_codes_are_refused():
    codes = np.eye(6, dtype=np.uint8)[CODES]
    for array, axis in ((codes, 3), (np.moveaxis(codes, -1, 1).astype(float), 1)):
        message = refused(array, axes="draw,x,y,z", kind="discrete")
        assert f"axis {axis}" in message and "numpy.argmax" in message
    codes[0, 0, 0] = 1  # negative control
    assert read(codes, axes="draw,x,y,z").shape == (8, 8, 6)


def test_short_lattices_are_no_vectors():
    """Negative control: spins, normal numbers, and vectors that are not of unit length."""
    named = {"axes": "draw,x,y,z", "kind": "real"}
    assert read(RNG.choice([-1.0, 1.0], size=(64, 3, 3))).states == 2
    assert read(RNG.normal(size=(64, 8, 8, 3)), **named).shape == (8, 8, 3)
    assert read(1.001 * VECTORS, **named).shape == (8, 8, 3)


# Missing entries and anything like an array


def test_missing_entries_are_named():
    def with_nan(*places, value=np.nan):
        array = RNG.normal(size=(4, 100, 8, 8))
        for place in places:
            array[place] = value
        return array

    words = {"axes": "chain,draw,x,y", "kind": "real"}
    message = refused(with_nan((2, slice(5, 9))), **words)
    assert "256 NaN or infinite entries, in draws 5 to 8 of chain 2" in message
    message = refused(with_nan((0, 3, 0, 0), value=np.inf)[0], kind="real")
    assert "1 NaN or infinite entry, in draw 3;" in message
    assert "every draw" in refused(with_nan((slice(None), slice(None), 3))[0], kind="real")
    masked = np.ma.masked_less(with_nan((0, 7, 2, 2), value=-99)[0], -98)
    assert "1 masked entry, in draw 7;" in refused(masked, kind="real")
    assert "NaN" in refused(with_nan((0, 0, 0)), kind="real")  # before the question for the axes


@pytest.mark.parametrize(
    "array",
    [
        np.float16(0),
        0,
        None,
        True,
        "abc",
        b"abc",
        {"a": 1},
        {1, 2},
        object(),
        (number for number in range(9)),
        [[1, 2], [3]],
        [[10**30] * 8] * 9,
        np.zeros((0, 8, 8)),
        np.zeros((20, 4, 4), "M8[s]"),
        np.zeros((20, 4, 4), "m8[s]"),
        np.zeros((20, 4, 4), "U3"),
        np.zeros((20, 4), dtype=[("a", int), ("b", float)]),
        np.exp(1j * ANGLES),
        np.array([[1, {}]], dtype=object),
        np.ma.masked_all((20, 4, 4)),
        np.ma.masked,
        np.broadcast_to(np.int8(1), (10**6, 10**4, 10**4)),
    ],
    ids=lambda array: str(type(array).__name__),
)
def test_anything_but_numbers_is_refused_in_one_line(array):
    for words in ({}, {"kind": "real"}, {"axes": "draw,x,y"}):
        assert refused(array, **words)


@pytest.mark.parametrize(
    "change",
    [
        lambda spins: spins[::-1, ::-1],
        np.asfortranarray,
        lambda spins: spins.astype(">i4"),
        lambda spins: spins.astype("u8") * 0 + (spins > 0),
        lambda spins: spins.astype(np.float16),
        lambda spins: spins.astype(np.longdouble),
        lambda spins: spins.tolist(),
        lambda spins: np.broadcast_to(spins[:1], spins.shape),
        np.ma.asarray,
        lambda spins: xarray.DataArray(spins, dims=("draw", "x", "y")),
    ],
    ids=[
        "strides",
        "Fortran",
        "big-endian",
        "u8",
        "f2",
        "f16",
        "list",
        "broadcast",
        "ma",
        "xarray",
    ],
)
def test_any_layout_of_numbers_is_read(change):
    spins = 2 * (CODES % 2) - 1
    array = change(spins)
    samples = read(array)
    labels = np.array(samples.labels)
    assert np.array_equal(labels[samples.values[0]], np.asarray(array).astype(int))
    assert samples.values.flags.c_contiguous and samples.values.dtype == np.uint8


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"kind": 3}, "kind must be one of"),
        ({"kind": ["real"]}, "kind must be one of"),
        ({"states": "2"}, "positive whole number"),
        ({"states": 0}, "positive whole number"),
        ({"states": True}, "positive whole number"),
        ({"states": 1000}, "at most 256"),
        ({"symmetries": [1]}, "symmetries must be names"),
        ({"symmetries": 1}, "symmetries must be names"),
        ({"provenance": "run 7"}, "provenance must be a mapping"),
    ],
)
def test_bad_descriptions(words, text):
    assert text in refused(CODES, **words)


DTYPES = ["?", "i1", "u1", "<i4", ">i2", "u8", "f2", "<f4", ">f8", "g", "c8", "M8[s]", "U2", "O"]
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.text(max_size=9),
    st.lists(st.text(), max_size=3),
)


def mostly(*likely):
    """One of a few values, or anything."""
    return st.sampled_from(likely) | st.sampled_from(likely) | ANYTHING


STATED = st.fixed_dictionaries(
    {"boundary": mostly("periodic", "free", "crop")},
    optional={
        "periodic": mostly(True, False, (True, False), [1, 0]),
        "axes": mostly("draw,x", "draw,x,y", "chain,draw,x", "x,y,z,draw"),
        "kind": mostly("discrete", "angle", "real"),
        "states": mostly(2, 3, 256),
        "symmetries": mostly("flip", "reflect,turn", ()),
        "homogeneous": mostly(True, False),
        "dims": mostly(("time", "x"), ("neuron", "time", ""), ("a", "b", "step", "run")),
        "provenance": mostly({}, {"a": 1}),
    },
)
SHAPES = st.tuples(st.integers(7, 12), st.just(4), st.just(4)) | array_shapes(
    min_dims=0, max_dims=6, max_side=9
)


@pytest.mark.filterwarnings("ignore")  # of casts to float16
@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.sampled_from(DTYPES).flatmap(lambda dtype: arrays(dtype, SHAPES)), STATED)
def test_any_array_becomes_samples_or_one_line(array, words):
    try:
        samples = Samples.from_array(array, **words)
    except InputError as error:
        assert str(error) and str(error).splitlines() == [str(error)]
    else:
        assert samples.n >= 8 and samples.reading.splitlines() == [samples.reading]
