"""Boundaries are periodic, free or a crop; what was read is said in one line."""

import json

import numpy as np
import pytest
import xarray

from io_examples import FULL, refusal
from moiety import EntropyResult, InputError, Samples, io
from moiety.data.particles import Particles
from moiety.sweep.plan import Plan

SPINS = np.random.default_rng(0).choice([-1, 1], size=(32, 8, 8))


@pytest.mark.parametrize(
    ("words", "periodic", "homogeneous"),
    [
        ({"boundary": "periodic"}, True, True),
        ({"boundary": "free"}, False, False),
        ({"boundary": "crop"}, False, True),
        ({"periodic": True}, True, True),
        ({"periodic": False}, False, True),
        ({"periodic": True, "boundary": "periodic"}, True, True),
        ({"periodic": False, "boundary": "free"}, False, False),
        ({"boundary": "periodic", "homogeneous": False}, True, False),
        ({"boundary": "crop", "homogeneous": False}, False, False),
        ({"periodic": True, "homogeneous": False}, True, False),
    ],
)
def test_boundaries(tmp_path, words, periodic, homogeneous):
    samples = Samples.from_array(SPINS, **words)
    assert (samples.periodic, samples.homogeneous) == ((periodic, periodic), homogeneous)
    np.save(tmp_path / "x.npy", SPINS)
    loaded = io.load(tmp_path / "x.npy", **words)
    assert (loaded.periodic, loaded.homogeneous) == (samples.periodic, homogeneous)


def test_free_ends_along_one_axis():
    samples = Samples.from_array(SPINS, periodic=(True, False), boundary="free")
    assert samples.periodic == (True, False) and not samples.homogeneous
    assert "periodic along x, otherwise free ends" in samples.reading


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({}, "say --boundary periodic"),
        ({"boundary": "open"}, "one of periodic, free, crop"),
        ({"boundary": 1}, "one of periodic, free, crop"),
        ({"boundary": "free", "periodic": True}, "contradict"),
        ({"boundary": "crop", "periodic": True}, "contradict"),
        ({"boundary": "periodic", "periodic": False}, "contradict"),
        ({"boundary": "periodic", "periodic": (True, False)}, "contradict"),
        ({"boundary": "free", "homogeneous": True}, "leave out homogeneous"),
        ({"periodic": True, "homogeneous": "no"}, "True or False"),
        ({"periodic": "yes"}, "periodic must be"),
        ({"periodic": 1}, "periodic must be"),
        ({"periodic": [2, 0]}, "periodic must be"),
    ],
)
def test_bad_boundaries(tmp_path, words, text):
    with pytest.raises(InputError, match=text):
        Samples.from_array(SPINS, **words)
    np.save(tmp_path / "x.npy", SPINS)
    assert text in refusal(tmp_path / "x.npy", **words)


@pytest.mark.parametrize("suffix", FULL)
def test_files_keep_whether_sites_are_equivalent(tmp_path, suffix):
    free, crop = (Samples.from_array(SPINS, boundary=name) for name in ("free", "crop"))
    for name, samples in {"free": free, "crop": crop}.items():
        io.save(samples, tmp_path / f"{name}{suffix}")
    path = tmp_path / f"free{suffix}"
    assert not io.load(path).homogeneous and io.load(tmp_path / f"crop{suffix}").homogeneous
    cropped, wrapped = (io.load(path, boundary=name) for name in ("crop", "periodic"))
    assert cropped.periodic == (False, False) and cropped.homogeneous
    assert wrapped.periodic == (True, True) and not wrapped.homogeneous  # own couplings
    assert io.load(path, homogeneous=True).homogeneous
    assert not io.load(path, kind="real").homogeneous  # read again, not restored
    assert not io.load(tmp_path / f"crop{suffix}", boundary="free").homogeneous


def test_boundaries_of_particles(tmp_path):
    frame = "2\nA 1.0 2.0 3.0\nB 2.5 3.0 1.0\n"
    lattice = frame.replace("2\nA", '2\nLattice="4 0 0 0 4 0 0 0 4"\nA')
    (tmp_path / "x.xyz").write_text(8 * lattice)
    assert io.load(tmp_path / "x.xyz", boundary="periodic").periodic == (True,) * 3
    assert io.load(tmp_path / "x.xyz", boundary="crop").periodic == (False,) * 3
    assert "contradict" in refusal(tmp_path / "x.xyz", boundary="crop", periodic=True)
    assert "for lattices only" in refusal(tmp_path / "x.xyz", homogeneous=False)


# What was read


@pytest.mark.parametrize(
    ("array", "words", "text"),
    [
        (SPINS, {}, "1 chain x 32 draws of 8x8, periodic, 2 states (-1, +1)"),
        (
            np.repeat(SPINS, 64, axis=0),
            {"boundary": "crop"},
            "1 chain x 2,048 draws of 8x8, crop, 2 states (-1, +1)",
        ),
        (
            SPINS,
            {"boundary": "free"},
            "1 chain x 32 draws of 8x8, free ends, inhomogeneous, 2 states (-1, +1)",
        ),
        (
            np.arange(2048).reshape(4, 8, 8, 8) % 7,
            {"axes": "x,y,draw,chain"},
            "8 chains x 8 draws of 4x8, periodic, 7 states (0, 1, ..., 6); axes x,y,draw,chain",
        ),
        (
            np.linspace(-1, 1, 160).reshape(20, 8),
            {"axes": "draw,x", "kind": "angle"},
            "1 chain x 20 draws of 8, periodic, angles in radians from -1 to 1",
        ),
    ],
)
def test_one_line_says_what_was_read(array, words, text):
    samples = Samples.from_array(array, **{"boundary": "periodic", **words})
    assert samples.reading == text == samples.read_as()["text"]
    assert json.loads(json.dumps(samples.read_as())) == samples.read_as()


def test_a_mapping_says_what_was_read():
    read = Samples.from_array(SPINS, boundary="periodic").read_as()
    expected = {
        "axes": ["draw", "x", "y"],
        "kind": "discrete",
        "states": [-1, 1],
        "chains": 1,
        "draws": 32,
        "shape": [8, 8],
        "periodic": [True, True],
        "homogeneous": True,
    }
    assert {name: read[name] for name in expected} == expected


def test_particles_say_what_was_read():
    frames = [np.random.default_rng(0).random((number, 2)) * 9 for number in (80, 83) * 4]
    particles = Particles.from_frames(frames, cells=9.0, periodic=True, diameters=0.5)
    text = "1 chain x 8 frames of 80 to 83 particles in a box of 9x9, periodic, no types, "
    assert particles.reading == f"{text}diameters 0.5"
    assert particles.read_as()["particles"] == [80, 83]


def test_names_of_a_file_stay_text_on_a_page(run, tmp_path):
    array = xarray.Dataset({"spins": (("time", "<b>bold", "y"), np.ones((64, 4, 4), np.int8))})
    array.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    words = ("--boundary", "periodic", "--no-cross-check", "--report", tmp_path / "r.html")
    shown = run("estimate", tmp_path / "x.nc", *words)
    assert shown.code == 0 and "draw = time, x = <b>bold" in " ".join(shown.out.split())
    page = (tmp_path / "r.html").read_text()
    assert "&lt;b&gt;bold" in page and "<b>bold" not in page


def test_estimate_prints_and_stores_what_was_read(run, tmp_path):
    np.save(tmp_path / "x.npy", np.ones((64, 4, 4), np.int8))
    words = ("estimate", tmp_path / "x.npy", "--boundary", "periodic", "--no-cross-check")
    shown = run(*words, "--out", tmp_path / "r.nc")
    line = "read as: 1 chain x 64 draws of 4x4, periodic, 1 state (1)"
    assert shown.code == 0 and line in shown.out.splitlines()
    read = json.loads(run(*words, "--json").out)["read_as"]
    assert read["axes"] == ["draw", "x", "y"] and read["shape"] == [4, 4]
    assert EntropyResult.load(tmp_path / "r.nc").read_as == read
    page = tmp_path / "r.html"
    assert run("report", tmp_path / "r.nc", "--out", page).code == 0
    assert line.removeprefix("read as: ") in page.read_text()
    silent = run("estimate", tmp_path / "x.npy")
    assert silent.code == 2 and "--boundary periodic" in silent.err


def test_plans_of_sweeps_state_the_boundary(tmp_path):
    np.save(tmp_path / "x.npy", SPINS)
    files = {"glob": str(tmp_path / "x.npy"), "boundary": "free"}
    (point,) = Plan.of({"files": [files]}).points
    assert point.source["reading"] == {"boundary": "free"}
    assert not io.load(point.source["file"], **point.source["reading"]).homogeneous
    with pytest.raises(InputError, match="periodic"):
        Plan.of({"files": [files | {"boundary": "open"}]})
