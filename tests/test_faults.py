"""Kills, signals, full disks and damaged files: nothing finished is lost, nothing damaged is read.

`validation/faults.py` does the same many times; here a few of each, at times and places that the
seed chooses.
"""

import signal

import numpy as np
import pytest

from disturbances import (
    TEMPORARY,
    damaged_result,
    damaged_samples,
    damaged_store,
    flipped,
    full_disk,
    killed_sweep,
    ready,
    signalled,
    undisturbed,
    verbs,
)
from io_examples import lattice
from moiety import InputError, io
from moiety.data.digest import digest_of

RNG = np.random.default_rng(20261130)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with the inputs of every verb, and the numbers of a sweep that ran through."""
    folder = tmp_path_factory.mktemp("faults")
    whole = undisturbed(folder)
    ready(folder)
    return folder, whole


@pytest.mark.parametrize("victim", ["driver", "worker", "all"])
def test_a_killed_sweep_loses_nothing_finished(home, victim):
    folder, whole = home
    assert killed_sweep(folder, victim, float(RNG.uniform(0, 3)), whole) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("verb", ["sample", "estimate", "sweep", "collect"])
def test_a_signal_leaves_whole_files_or_none(home, verb, number):
    assert signalled(home[0], verb, number, float(RNG.uniform(2, 8))) == []


@pytest.mark.parametrize("verb", ["sample", "estimate", "collect", "report", "probe"])
def test_a_full_disk_is_one_line(home, verb):
    assert full_disk(home[0], verb, room=2000) == []


def test_a_disk_without_room_for_temporary_files_is_one_line(home):
    assert full_disk(home[0], "sweep", room=0) == []


@pytest.mark.parametrize("suffix", [".nc", ".h5", ".npz"])
@pytest.mark.parametrize("change", ["flip", "cut"])
def test_damaged_samples_are_not_read_as_good(tmp_path, suffix, change):
    io.save(lattice("q=2"), tmp_path / f"x{suffix}")
    wrong = [damaged_samples(tmp_path / f"x{suffix}", change, seed) for seed in range(10)]
    assert wrong == [[]] * 10


@pytest.mark.parametrize("change", ["flip", "cut"])
def test_damaged_results_are_not_read_as_good(home, change):
    wrong = [damaged_result(home[0] / "r.nc", change, seed) for seed in range(10)]
    assert wrong == [[]] * 10


@pytest.mark.parametrize("name", ["done.json", "result.nc", "networks.pt"])
@pytest.mark.parametrize("change", ["flip", "cut"])
def test_damaged_state_points_count_as_unfinished(home, name, change):
    wrong = [damaged_store(home[0] / "whole", name, change, seed) for seed in range(10)]
    assert wrong == [[]] * 10


def test_damage_is_noticed(tmp_path):
    """Negative control: a format without checksums, where a flipped bit is another number."""
    path = tmp_path / "x.npy"
    io.save(lattice("real"), path)
    before = digest_of(io.load(path, kind="real", periodic=True, axes="chain,draw,x,y"))
    rng, seen = np.random.default_rng(0), set()
    whole = path.read_bytes()
    for _ in range(20):
        path.write_bytes(whole[:128] + flipped(whole[128:], rng))
        try:
            seen.add(digest_of(io.load(path, kind="real", periodic=True, axes="chain,draw,x,y")))
        except InputError:
            continue
    assert seen - {before}


def test_every_verb_has_a_command(home):
    assert {"sample", "estimate", "baseline", "sweep", "collect", "report", "probe"} <= set(
        verbs(home[0])
    )
    assert not list(home[0].rglob(TEMPORARY))
