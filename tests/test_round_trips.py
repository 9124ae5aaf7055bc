"""Samples and particles come back from a file as they were saved."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from io_examples import (
    FULL,
    KINDS,
    SINGLE,
    assert_same_particles,
    assert_same_samples,
    fluid,
    lattice,
)
from moiety import Samples, io
from moiety.data.particles import Particles
from moiety.data.samples import SYMMETRIES

PARTICLES = pytest.mark.parametrize(("suffix", "rounding"), [(".nc", 0.0), (".gsd", SINGLE)])
PROPERTY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("space", [(5,), (4, 6), (2, 3, 4)], ids=["1-D", "2-D", "3-D"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", FULL)
def test_round_trip_of_samples(tmp_path, suffix, kind, space):
    samples, path = lattice(kind, space), tmp_path / f"x{suffix}"
    io.save(samples, path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert_same_samples(io.load(path), samples)


@pytest.mark.parametrize("kind", KINDS)
def test_npy_holds_the_array_alone(tmp_path, kind):
    samples, path = lattice(kind), tmp_path / "x.npy"
    io.save(samples, path)
    options = {"axes": "chain,draw,x,y", "kind": samples.kind, "states": samples.states or None}
    loaded = io.load(path, periodic=samples.periodic, symmetries=samples.symmetries, **options)
    assert_same_samples(loaded, samples.replace(provenance={}))


@pytest.mark.parametrize("tilted", [True, False], ids=["tilted", "straight"])
@pytest.mark.parametrize("space", [1, 2, 3])
@PARTICLES
def test_round_trip_of_particles(tmp_path, suffix, rounding, space, tilted):
    particles, path = fluid(space, tilted), tmp_path / f"x{suffix}"
    io.save(particles, path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert_same_particles(io.load(path), particles, rounding)


@st.composite
def any_samples(draw) -> Samples:
    space = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    shape = (draw(st.integers(1, 3)), draw(st.integers(8, 12)), *space)
    kind = draw(st.sampled_from(["discrete", "angle", "real"]))
    labels: tuple = ()
    if kind == "discrete":
        finite = st.floats(allow_nan=False, allow_infinity=False)
        label = st.one_of(st.integers(-(2**70), 2**70), finite, st.text(), st.booleans())
        labels = tuple(draw(st.lists(label, min_size=1, max_size=6, unique=True)))
        values = draw(npst.arrays(np.uint8, shape, elements=st.integers(0, len(labels) - 1)))
    else:
        width = draw(st.sampled_from([32, 64]))
        elements = st.floats(allow_nan=False, allow_infinity=False, width=width)
        values = draw(npst.arrays(f"f{width // 8}", shape, elements=elements))
    plain = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )
    return Samples(
        values,
        kind,
        tuple(draw(st.lists(st.booleans(), min_size=len(space), max_size=len(space)))),
        labels,
        tuple(draw(st.lists(st.sampled_from(SYMMETRIES), unique=True))),
        draw(st.dictionaries(st.text(), plain, max_size=3)),
    )


@PROPERTY
@given(samples=any_samples(), suffix=st.sampled_from(FULL))
def test_any_samples_come_back(tmp_path, samples, suffix):
    path = tmp_path / f"x{suffix}"
    io.save(samples, path, force=True)
    assert_same_samples(io.load(path), samples)


@st.composite
def any_particles(draw) -> Particles:
    space = draw(st.integers(1, 3))
    counts = draw(st.lists(st.integers(0, 4), min_size=8, max_size=10).filter(any))
    total, n = sum(counts), len(counts)
    number = st.floats(-100, 100, width=32)
    positions = draw(npst.arrays(np.float64, (total, space), elements=number))
    sides = draw(npst.arrays(np.float64, (n, space), elements=st.floats(0.5, 20, width=32)))
    tilt = draw(npst.arrays(np.float64, (space, space), elements=st.floats(-2, 2, width=32)))
    finite = npst.arrays(np.float64, n, elements=st.floats(allow_nan=False, allow_infinity=False))
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
    plain = st.none() | st.integers() | st.text()
    size = npst.arrays(np.float64, total, elements=st.floats(0.125, 8, width=32))
    kinds = npst.arrays(np.int32, total, elements=st.integers(-3, 9))
    return Particles.from_frames(
        np.split(positions, np.cumsum(counts)[:-1]),
        cells=np.tril(tilt, -1) + sides[:, :, None] * np.eye(space),
        periodic=draw(st.lists(st.booleans(), min_size=space, max_size=space)),
        chains=draw(st.sampled_from([chains for chains in range(1, n + 1) if n % chains == 0])),
        measured=draw(st.dictionaries(text, finite, max_size=2)),
        provenance=draw(st.dictionaries(st.text(), plain, max_size=2)),
    ).replace(diameters=draw(st.none() | size), types=draw(st.none() | kinds))


@PROPERTY
@given(particles=any_particles())
def test_any_particles_come_back(tmp_path, particles):
    io.save(particles, tmp_path / "x.nc", force=True)
    assert_same_particles(io.load(tmp_path / "x.nc"), particles)
    io.save(particles, tmp_path / "x.gsd", force=True)
    # open boundaries keep coordinates of up to 100, which float32 rounds to 4e-6
    assert_same_particles(io.load(tmp_path / "x.gsd"), particles, 5e-5)


@PARTICLES
def test_particles_without_types_and_diameters(tmp_path, suffix, rounding):
    frames = [np.zeros((0, 3)), *np.random.default_rng(0).random((8, 4, 3)), np.zeros((0, 3))]
    particles = Particles.from_frames(frames, cells=1.0, periodic=True)  # the defaults of GSD
    io.save(particles, tmp_path / f"x{suffix}")
    assert_same_particles(io.load(tmp_path / f"x{suffix}"), particles, rounding)
    alike = particles.replace(diameters=np.ones(32), types=np.full(32, 7, np.int32))
    io.save(alike, tmp_path / f"x{suffix}", force=True)
    assert_same_particles(io.load(tmp_path / f"x{suffix}"), alike, rounding)


@pytest.mark.parametrize(
    "names", [["A", "A"], ["β", "A"], ["", "A"], ["1", "0"], "AB", None, ["A"]]
)
def test_types_survive_names_that_gsd_cannot_store(tmp_path, names):
    particles = fluid(2, provenance={"types": names})
    io.save(particles, tmp_path / "x.gsd")
    assert_same_particles(io.load(tmp_path / "x.gsd"), particles, SINGLE)
