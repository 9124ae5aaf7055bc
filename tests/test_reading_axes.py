"""Axes are never guessed: several readings are refused, and each is named with its meaning."""

import numpy as np
import pytest
import xarray

from io_examples import refusal
from moiety import InputError, Samples, io

RNG = np.random.default_rng(0)


def bits(*shape: int) -> np.ndarray:
    return RNG.integers(0, 2, size=shape).astype(np.uint8)


def question(array, **words) -> str:
    with pytest.raises(InputError) as caught:
        Samples.from_array(array, **{"boundary": "periodic", **words})
    message = str(caught.value)
    assert message.splitlines() == [message]
    return message


QUESTIONS = {
    (64, 16, 16, 16): (
        "64 chains x 16 draws of 16x16 (--axes chain,draw,x,y)",
        "64 draws of 16x16x16 (--axes draw,x,y,z)",
    ),
    (16, 16): ("16 draws of 16 sites (--axes draw,x)", "a single configuration is not enough"),
    (200, 64): ("200 draws of 64 sites (--axes draw,x)", "64 draws of 200 sites (--axes x,draw)"),
    (64, 5): ("64 draws of 5 sites (--axes draw,x)", "a single configuration is not enough"),
    (16, 16, 64): ("64 draws of 16x16 (--axes x,y,draw)", "16 chains x 16 draws of 64 sites"),
    (12, 12, 12): ("12 draws of 12x12 (--axes draw,x,y)", "(--axes x,y,draw)"),
    (100, 8, 6): ("100 draws of 8x6 (--axes draw,x,y)", "100 chains x 8 draws of 6 sites"),
    (4, 512, 16, 16): ("4 chains x 512 draws of 16x16 (--axes chain,draw,x,y)",),
    (64, 1, 8, 8): ("64 chains x 1 draw of 8x8", "64 draws of 1x8x8 (--axes draw,x,y,z)"),
    (8, 100, 8, 8, 8): ("(--axes chain,draw,x,y,z)",),
}


@pytest.mark.parametrize("shape", QUESTIONS)
def test_several_readings_are_named_with_their_meaning(shape):
    message = question(bits(*shape))
    assert message.startswith(f"shape {shape} can be read as ")
    for text in QUESTIONS[shape]:
        assert text in message


@pytest.mark.parametrize("shape", QUESTIONS)
def test_every_option_of_a_question_is_an_answer(shape):
    """Each --axes that a message names is accepted, and means what the message says."""
    array, message = bits(*shape), question(bits(*shape))
    for part in message.split("(--axes ")[1:]:
        samples = Samples.from_array(array, axes=part.split(")")[0], boundary="periodic")
        counted = f"{samples.draws} draw{'s' if samples.draws > 1 else ''} of "
        sides = "x".join(map(str, samples.shape))
        assert counted + (sides if len(samples.shape) > 1 else f"{sides} sites") in message


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((1, 16, 16), "one configuration is too few"),
        ((7, 16, 16), "7 samples are too few"),
        ((7, 5), "7 samples are too few"),
        ((64,), "1 axes"),
        ((2, 2, 2, 2, 2, 2), "6 axes"),
    ],
)
def test_too_few_samples_or_axes(shape, text):
    assert text in question(bits(*shape))


@pytest.mark.parametrize(
    ("shape", "read"),
    [
        ((64, 16, 16), "1 chain x 64 draws of 16x16"),
        ((1, 64, 16, 16), "1 chain x 64 draws of 16x16"),
        ((4, 64, 6, 6, 6), "4 chains x 64 draws of 6x6x6"),
    ],
)
def test_shapes_with_one_reading(shape, read):
    assert Samples.from_array(bits(*shape), boundary="periodic").reading.startswith(read)


# Names in files

NAMED = [
    (("neuron", "time"), (40, 1000), "1 chain x 1,000 draws of 40"),
    (("time", "neuron"), (1000, 40), "1 chain x 1,000 draws of 40"),
    (("frame", "lat", "lon"), (100, 4, 6), "1 chain x 100 draws of 4x6"),
    (("lat", "lon", "time"), (4, 6, 100), "1 chain x 100 draws of 4x6"),
    (("row", "step", "col"), (4, 100, 6), "1 chain x 100 draws of 4x6"),
    (("replica", "neuron", "time"), (5, 40, 100), "5 chains x 100 draws of 40"),
    (("time", "walker", "a", "b"), (100, 5, 4, 6), "5 chains x 100 draws of 4x6"),
    (("time", "a", "b"), (100, 8, 8), "1 chain x 100 draws of 8x8"),
    (("unknown", "x", "y"), (100, 8, 6), "1 chain x 100 draws of 8x6"),
    (("replica", "x", "y"), (100, 8, 6), "1 chain x 100 draws of 8x6"),
    (("y", "x", "draw"), (8, 6, 100), "1 chain x 100 draws of 6x8"),
]


@pytest.mark.parametrize(("dims", "shape", "read"), NAMED)
def test_names_count_even_beside_unknown_ones(dims, shape, read):
    array = xarray.DataArray(bits(*shape), dims=dims)
    samples = Samples.from_array(array, boundary="crop")
    assert samples.reading.startswith(read)
    same = Samples.from_array(array.values, dims=dims, boundary="crop")
    assert np.array_equal(same.values, samples.values)
    for ours, theirs in zip(samples.axes, dims, strict=True):
        assert ours == theirs or f"{ours} = {theirs}" in samples.reading
    assert samples.read_as()["dims"] == list(dims)


@pytest.mark.parametrize(
    ("dims", "shape", "options"),
    [
        (("trial", "neuron", "time"), (20, 40, 100), ["chain,x,draw", "x,chain,draw", "x,y,draw"]),
        (("time", "a", "b"), (100, 8, 6), ["draw,x,y", "draw,chain,x"]),
        (("time", "x", "y", "thing"), (100, 8, 8, 3), ["draw,x,y,chain", "draw,x,y,z"]),
        (("sample", "time", "x"), (20, 30, 8), ["chain,draw,x", "draw,chain,x"]),
        (("d0", "d1"), (100, 9), ["draw,x", "x,draw"]),
    ],
)
def test_names_that_leave_several_readings(dims, shape, options):
    message = question(bits(*shape), dims=dims)
    assert all(f"(--axes {axes})" in message for axes in options)


@pytest.mark.parametrize(
    ("dims", "shape", "text"),
    [
        (("temperature", "x", "y"), (20, 8, 8), "different systems (temperature)"),
        (("Beta", "draw", "x"), (20, 30, 8), "different systems (beta)"),
        (("draw", "x", "y", "component"), (20, 8, 8, 2), "components of a state"),
    ],
)
def test_names_of_other_things(dims, shape, text):
    assert text in question(bits(*shape), dims=dims)


@pytest.mark.parametrize("dims", [("x", "y"), ("chain", "draw"), ("lat", "lon")])
def test_names_of_a_single_configuration(dims):
    assert "one configuration is not enough" in question(bits(16, 16), dims=dims)


def test_the_user_overrides_the_names_of_a_file(tmp_path):
    array = xarray.Dataset({"spins": (("neuron", "time"), bits(9, 20))})
    array.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    named = io.load(tmp_path / "x.nc", boundary="free")
    assert (named.draws, named.shape, named.dims) == (20, (9,), ("neuron", "time"))
    given = io.load(tmp_path / "x.nc", boundary="free", axes="draw,x")
    assert (given.draws, given.shape, given.dims) == (9, (20,), ())
    np.save(tmp_path / "x.npy", bits(64, 16, 16, 16))
    assert "64 draws of 16x16x16" in refusal(tmp_path / "x.npy", boundary="periodic")


@pytest.mark.parametrize(
    ("dims", "text"),
    [
        (("time", "x\n\x1b[31m", "<b>"), "(time, x??[31m, <b>)"),
        (("time", "x" * 20_000, "b"), f"(time, {'x' * 40} ..., b)"),
        (("time", "x"), "dims name 2 axes"),
        (5, "dims must be names"),
        ([1, 2, 3], "dims must be names"),
    ],
)
def test_strange_names(dims, text):
    assert text in question(bits(20, 4, 6), dims=dims)


@pytest.mark.parametrize("axes", [5, [1, 2, 3], "x,y,z", "draw;x;y", ("draw", None, "y"), {}])
def test_axes_that_are_none(axes):
    assert "axes" in question(bits(20, 4, 4), axes=axes)
