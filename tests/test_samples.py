"""Raw arrays become samples, or an error of one line; seeds become random streams."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import InputError, Samples
from moiety.base.random import Streams
from moiety.data.samples import MINIMUM_SAMPLES

repeatable = settings(derandomize=True, deadline=None)
CODES = np.random.default_rng(0).integers(0, 2, size=(20, 4, 4))
ANGLES = np.random.default_rng(0).uniform(-np.pi, np.pi, size=(20, 4, 4))


def refusal(array, **words) -> str:
    with pytest.raises(InputError) as caught:
        Samples.from_array(array, **{"periodic": True, **words})
    message = str(caught.value)
    assert message.splitlines() == [message]
    return message


# States


@pytest.mark.parametrize(
    ("array", "labels"),
    [
        (2 * CODES - 1, (-1, 1)),
        ((2 * CODES - 1).astype(np.int8), (-1, 1)),
        (2.0 * CODES - 1, (-1, 1)),
        (CODES, (0, 1)),
        (CODES.astype(np.uint8), (0, 1)),
        (CODES.astype(bool), (0, 1)),
        (CODES.tolist(), (0, 1)),
        (np.where(CODES, 7, -3), (-3, 7)),
        (np.where(CODES, 301, 300), (300, 301)),
    ],
    ids=["±1", "±1 int8", "±1 float", "0/1", "0/1 uint8", "bool", "list", "-3/7", "300/301"],
)
def test_every_coding_of_two_states(array, labels):
    samples = Samples.from_array(array, periodic=True)
    assert samples.kind == "discrete" and samples.values.dtype == np.uint8
    assert samples.labels == labels and {type(label) for label in samples.labels} == {int}
    np.testing.assert_array_equal(samples.values[0], CODES)
    np.testing.assert_array_equal(np.array(samples.labels)[samples.values[0]], np.asarray(array))


@repeatable
@given(st.integers(1, 256), st.integers(0, 2**32))
def test_states_0_to_q(q, seed):
    array = np.random.default_rng(seed).integers(0, q, size=(9, 5))
    array[0, 0] = q - 1
    words = {"periodic": False, "axes": "draw,x"}
    undeclared = Samples.from_array(array, **words)
    assert undeclared.labels == tuple(np.unique(array))  # only states that occur
    np.testing.assert_array_equal(np.array(undeclared.labels)[undeclared.values[0]], array)
    for states in (q, min(q + 1, 256)):  # the last state may never occur
        declared = Samples.from_array(array, states=states, **words)
        assert declared.states == states and declared.labels == tuple(range(states))
        np.testing.assert_array_equal(declared.values[0], array)


def test_the_alphabet_of_a_constant_array():
    ones = np.ones((8, 3, 3), int)
    assert Samples.from_array(-ones, periodic=True).labels == (-1, 1)
    assert Samples.from_array(ones, periodic=True).labels == (1,)
    assert Samples.from_array(0 * ones, periodic=True).labels == (0,)
    assert Samples.from_array(0 * ones, periodic=True, states=2).labels == (0, 1)
    assert Samples.from_array(ones > 1, periodic=True).labels == (0,)


@pytest.mark.parametrize("states", [None, 2])
@pytest.mark.parametrize("low", [0, 1, -7])
@pytest.mark.parametrize("step", [1, 2, 255])
def test_only_states_that_occur(states, low, step):
    samples = Samples.from_array(low + step * CODES, periodic=True, states=states)
    assert samples.labels == (low, low + step)
    np.testing.assert_array_equal(samples.values[0], CODES)


def test_declared_states_need_not_occur():
    assert Samples.from_array(CODES + 1, periodic=True, states=3).labels == (0, 1, 2)


@pytest.mark.parametrize("kind", ["angle", "real"])
@pytest.mark.parametrize(
    ("given_type", "kept_type"),
    [("f8", "f8"), ("f4", "f4"), ("f2", "f4"), ("i8", "f8"), ("i1", "f4")],
)
def test_continuous_states(kind, given_type, kept_type):
    array = ANGLES.astype(given_type)
    samples = Samples.from_array(array, periodic=True, kind=kind)
    assert (samples.kind, samples.states, samples.labels) == (kind, 0, ())
    assert samples.values.dtype == kept_type
    np.testing.assert_array_equal(samples.values[0], array)


@pytest.mark.parametrize(
    ("array", "words", "message"),
    [
        (CODES.astype(str), {}, "numbers or booleans"),
        (CODES.astype(object), {}, "numbers or booleans"),
        (CODES.astype(complex), {}, "numbers or booleans"),
        (CODES.astype("M8[s]"), {}, "numbers or booleans"),
        (None, {}, "numbers or booleans"),
        (np.where(CODES, np.nan, 1.0), {"kind": "real"}, "NaN"),
        (np.where(CODES, np.inf, 1.0), {"kind": "angle"}, "NaN or infinite"),
        (CODES[:0], {}, "empty"),
        (ANGLES, {}, "angles or reals"),
        (CODES * 0.5, {}, "angles or reals"),
        (CODES, {"kind": "spin"}, "'spin'"),
        (2 * CODES - 1, {"states": 3}, "3 declared"),
        (CODES + CODES[::-1], {"states": 2}, "2 declared"),
        (3 * CODES, {"states": 3}, "3 declared"),
        (np.arange(320).reshape(20, 4, 4), {}, "at most 256"),
        (ANGLES, {"kind": "angle", "states": 2}, "discrete states only"),
        (CODES[:7], {}, f"at least {MINIMUM_SAMPLES}"),
        (CODES, {"periodic": (True,)}, "2 flags"),
        (CODES, {"periodic": (True, True, True)}, "2 flags"),
        (CODES, {"symmetries": ("rotate",)}, "'rotate'"),
    ],
)
def test_bad_states(array, words, message):
    assert message in refusal(array, **words)


# Axes


def bits(*shape):
    return np.random.default_rng(0).integers(0, 2, size=shape)


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ((20, 4, 4), "draw,x,y"),
        ((1, 20, 4, 4), "chain,draw,x,y"),
        ((3, 20, 4, 4, 4), "chain,draw,x,y,z"),
    ],
)
def test_axes_deduced_from_the_shape(shape, names):
    deduced, named = (
        Samples.from_array(bits(*shape), periodic=True, axes=axes) for axes in (None, names)
    )
    np.testing.assert_array_equal(deduced.values, named.values)
    assert deduced.shape == named.shape == shape[names.split(",").index("x") :]


@pytest.mark.parametrize(
    "shape",
    [
        (20, 4),  # draw,x or one configuration
        (16, 16),
        (12, 30),  # draw,x or x,draw
        (9, 9, 9),
        (20, 4, 6),  # draw,x,y or chain,draw,x or x,y,draw
        (4, 4, 20),  # x,y,draw or chain,draw,x
        (3, 20, 4, 4),  # 3 chains, or 3 draws of a cuboid
        (20, 4, 4, 4),
        (64, 16, 16, 16),
        (8, 8, 8, 3),
        (4, 20, 4, 4, 4),
    ],
)
def test_ambiguous_axes_are_refused(shape):
    message = refusal(bits(*shape))
    assert "--axes draw,x" in message or "--axes chain,draw,x" in message
    assert str(shape) in message


@pytest.mark.parametrize(
    "axes",
    [
        "draw,chain,y,x",
        " y , draw,chain, x",
        ["x", "y", "chain", "draw"],
        ("y", "x", "draw", "chain"),
    ],
)
def test_axes_in_any_order(axes):
    names = [name.strip() for name in axes.split(",")] if isinstance(axes, str) else axes
    standard = bits(2, 9, 3, 4)
    array = np.transpose(standard, [["chain", "draw", "x", "y"].index(name) for name in names])
    samples = Samples.from_array(array, periodic=True, axes=axes)
    np.testing.assert_array_equal(samples.values, standard)
    assert (samples.chains, samples.draws, samples.n) == (2, 9, 18)
    assert (samples.shape, samples.sites) == ((3, 4), 12)
    assert samples.values.flags.c_contiguous


@pytest.mark.parametrize(
    "axes",
    [
        "",
        "draw",
        "draw,x",
        "draw,x,y,z",
        "x,y,z",
        "draw,y,z",
        "draw,x,x",
        "draw,x,time",
        "chain,draw,y",
        "draw,draw,x",
    ],
)
def test_bad_axes(axes):
    assert "axes" in refusal(CODES, axes=axes)


@pytest.mark.parametrize("array", [1, np.ones(9), np.ones((9, 1, 1, 1, 1, 1))])
def test_arrays_of_too_few_or_too_many_axes(array):
    assert "1 to 3 space axes" in refusal(array)


def test_periodic_flags():
    for periodic, flags in [
        (True, (True, True)),
        (np.False_, (False, False)),
        ([True, False], (True, False)),
    ]:
        assert Samples.from_array(CODES, periodic=periodic).periodic == flags
    with pytest.raises(InputError, match="--boundary periodic"):
        Samples.from_array(CODES)  # has no default


# The object


def example(**changes) -> Samples:
    words = {
        "periodic": (True, False),
        "symmetries": ["flip"],
        "provenance": {"temperature": 2.4},
        **changes,
    }
    return Samples.from_array(2 * CODES - 1, **words)


def test_replace_changes_only_the_given_fields():
    samples = example()
    changed = samples.replace(periodic=(False, False))
    back = changed.replace(periodic=samples.periodic)
    for name in ("kind", "labels", "symmetries", "provenance", "periodic"):
        assert getattr(back, name) == getattr(samples, name)
        assert (getattr(changed, name) == getattr(samples, name)) == (name != "periodic")
    assert back.values is samples.values
    with pytest.raises(InputError):
        samples.replace(symmetries=("rotate",))  # validated again
    with pytest.raises(AttributeError):
        samples.kind = "real"


def test_repr():
    start = "<Samples discrete q=2, 1 chain x 20 draws of 4x4, periodic"
    assert repr(example()) == f"{start}=(True, False)>"
    assert repr(example(periodic=True)) == f"{start}>"
    angles = Samples.from_array(bits(2, 9, 3), axes="chain,draw,x", kind="angle", periodic=False)
    assert repr(angles) == "<Samples angle, 2 chains x 9 draws of 3, open>"
    assert repr(example().replace()) == repr(example())


@pytest.mark.parametrize("values", [np.zeros((8, 3)), np.zeros((1, 8, 2, 2, 2, 2))])
def test_the_plain_constructor_checks_the_axes(values):
    with pytest.raises(InputError):
        Samples(values, "real", (True,) * (values.ndim - 2))


# Random streams


def test_a_stream_is_its_seed_and_key():
    def numbers(seed, *key):
        torch_numbers = torch.rand(4, generator=Streams(seed).torch(*key)).tolist()
        return (Streams(seed).integer(*key), *Streams(seed).numpy(*key).random(4), *torch_numbers)

    names = [(0,), (1,), (0, "level", 1), (0, "level", 2), (1, "level", 1)]
    names += [(0, "level", "1"), (0, ("level", 1)), (0, 1, "level")]  # similar keys
    streams = [numbers(*name) for name in names]
    assert streams == [numbers(*name) for name in names]
    for column in zip(*streams, strict=True):
        assert len(set(column)) == len(names)  # all different


def test_streams_are_independent():
    starts = np.array([Streams(0).numpy("chain", k).normal() for k in range(4000)])
    again = np.array([Streams(1).numpy("chain", k).normal() for k in range(4000)])
    # first numbers of neighbouring streams: a mean and correlations of 0 ± 1/sqrt(4000), 4 sigma
    for zero in (starts.mean(), (starts[1:] * starts[:-1]).mean(), (starts * again).mean()):
        assert abs(zero) < 4 / np.sqrt(4000)
    assert (starts * starts).mean() > 4 / np.sqrt(4000)  # negative control


@repeatable
@given(st.integers(0, 2**64), st.text("az \\'\n\0é→😀"))
def test_integers_have_63_bits(seed, key):
    assert 0 <= Streams(seed).integer(key) < 2**63
