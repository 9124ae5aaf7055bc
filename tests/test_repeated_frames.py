"""Frames that a file repeats count once; fewer than 8 different ones are refused."""

import json

import numpy as np
import pytest

from io_examples import contents
from moiety import io
from moiety.inspection import inspect
from test_planes import WRITERS

GAS = np.random.default_rng(16).random((40, 60, 2)) * 6
SIDES = np.array([6.0, 6.0, 1.0])
BRIEF = ("--sigma", "1", "--largest", "0.5", "--steps", "20", "--threads", "1")


def space(frames):
    return np.pad(frames, ((0, 0), (0, 0), (0, 1)))


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("order", ["one after the other", "in turn", "shuffled atoms"])
def test_fewer_than_eight_different_frames_are_refused(run, tmp_path, suffix, order):
    frames = np.tile(GAS[:5], (4, 1, 1))
    if order == "one after the other":
        frames = GAS[:5].repeat(4, axis=0)
    if order == "shuffled atoms":
        frames[5:] = frames[5:, ::-1]
    path = tmp_path / f"x{suffix}"
    WRITERS[suffix](path, space(frames), SIDES)
    before = contents(tmp_path)
    done = run("estimate", path, *BRIEF, "--out", tmp_path / "r.nc")
    assert done.code == 2 and "only 5 of 20 frames differ; at least 8 must" in done.err
    assert contents(tmp_path) == before
    shown = " ".join(run("inspect", path).out.split())
    assert "only 5 of 20 frames differ" in shown and "at least 8 that differ" in shown


def test_repeated_frames_count_once(run, tmp_path, monkeypatch):
    """A restart repeats the last frame of the run before it."""
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**14)
    WRITERS[".xyz"](tmp_path / "once.xyz", space(GAS), SIDES)
    again = np.concatenate([GAS[:20], GAS[19:30], GAS[29:]])
    WRITERS[".xyz"](tmp_path / "again.xyz", space(again), SIDES)
    once, repeated = (
        json.loads(run("estimate", tmp_path / f"{name}.xyz", *BRIEF, "--json").out)
        for name in ("once", "again")
    )
    assert (repeated["samples"]["n"], repeated["samples"]["distinct"]) == (42, 40)
    assert (repeated["entropy"], repeated["error"]) == (once["entropy"], once["error"])
    assert repeated["samples"]["effective"] == once["samples"]["effective"]


def test_frames_that_differ_by_little_are_no_copies(tmp_path):
    """The control: a particle that moves by a thousandth of the box."""
    frames = np.tile(GAS[:1], (9, 1, 1))
    frames[:, 0, 0] = np.linspace(1.0, 1.05, 9)
    WRITERS[".xyz"](tmp_path / "x.xyz", space(frames), SIDES)
    found = inspect(io.load(tmp_path / "x.xyz"))
    assert all(finding.passed for finding in found.findings if finding.name == "copies")
