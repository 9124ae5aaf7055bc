"""Types are part of a particle's state in both routes: mixtures with known answers."""

import json
from functools import partial

import numpy as np
import pytest

from moiety import estimate_excess_entropy, io
from moiety.estimation.critics import ConvolutionalCritic
from moiety.estimation.training import Training
from moiety.insertion.estimate import Insertions
from unlike_rods import exact_excess, exact_without_types, unlike_rods

NUMBER, DENSITY, UNLIKE = 128, 0.4, 2.0
QUICK = Training(steps=80, batch=256)
BRIEF = Training(steps=4, batch=64)
INSERTIONS = Insertions(
    width=32,
    evaluations=2**14,
    training=Training(steps=150, batch=256, learning_rate=5e-3, averaging=0.97),
)
excess = partial(estimate_excess_entropy, sigma=1.0, training=QUICK, threads=1, seed=1)


@pytest.fixture(scope="module")
def rods():
    """Rods that are twice as far from unlike neighbours as from like ones."""
    return unlike_rods(NUMBER, DENSITY, UNLIKE, n=96, seed=1)


def test_the_exact_answers_are_consistent():
    """With one distance for all, types are random: both are those of hard rods, log(1 - rho)."""
    assert exact_without_types(0.4, 1.0) == pytest.approx(np.log(1 - 0.4))
    assert exact_excess(2048, 0.4, 1.0) == pytest.approx(np.log(1 - 0.4), abs=1e-3)
    assert exact_excess(2048, 0.4, 2.0) < exact_without_types(0.4, 2.0) < np.log(1 - 0.4)


def test_types_are_part_of_the_state_in_both_routes(rods):
    """4 of the stated errors: one false alarm in 10^4 if they hold, and the seed is fixed."""
    result = excess(rods, cross_check=INSERTIONS)
    exact, without = exact_excess(NUMBER, DENSITY, UNLIKE), exact_without_types(DENSITY, UNLIKE)
    assert abs(result.entropy - exact) < 4 * result.error < 0.1
    assert abs(result.entropy - without) > 8 * result.error  # the negative control
    crossed = result.cross_check
    assert abs(crossed.entropy - exact) < 4 * crossed.error < 0.2
    configuration = result.provenance["configuration"]
    assert configuration["types"] and not configuration["diameters"]


def test_without_types_both_routes_answer_for_the_positions(rods):
    result = excess(rods, types=False, cross_check=INSERTIONS)
    exact, with_types = exact_without_types(DENSITY, UNLIKE), exact_excess(NUMBER, DENSITY, UNLIKE)
    for route in (result, result.cross_check):
        assert abs(route.entropy - exact) < 4 * route.error < 0.2
    assert abs(result.entropy - with_types) > 8 * result.error
    assert result.provenance["configuration"]["types"] is False
    told = {check.name: check for check in result.status.checks}["kinds of particles"]
    assert told.passed and "treated as one kind, as asked" in told.message


def test_shuffled_types_tell_nothing(rods):
    types = np.random.default_rng(2).permutation(rods.types)
    result = excess(rods.replace(types=types), cross_check=False)
    assert abs(result.entropy - exact_without_types(DENSITY, UNLIKE)) < 4 * result.error


def test_one_type_changes_no_number(rods, monkeypatch):
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**14)
    options = {"largest": 0.5, "training": BRIEF, "cross_check": False}
    bare, one = (
        excess(rods.replace(types=types), **options)
        for types in (None, np.full_like(rods.types, 3))
    )
    assert (bare.entropy, bare.error) == (one.entropy, one.error)
    assert excess(rods, **options).entropy != bare.entropy  # the negative control


def test_images_have_a_channel_for_each_kind(rods, monkeypatch):
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**14)
    critic = ConvolutionalCritic(layers=1, filters=4, hidden=8)
    options = {"critic": critic, "resolution": 4, "largest": 0.5, "training": BRIEF}
    channels = [
        next(iter(excess(rods, types=types, **options).networks.cuts.values()))[0]
        .state_dict()["convolutions.0.weight"]
        .shape[1]
        for types in (True, False)
    ]
    assert channels == [2, 1]


def test_the_command_takes_types_or_leaves_them_out(run, tmp_path, rods, monkeypatch):
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**14)
    path = tmp_path / "rods.nc"
    io.save(rods, path)
    words = ("estimate", path, "--sigma", 1, "--steps", 4, "--largest", 1, "--no-cross-check")
    for flags, kept, text in (
        ((), True, "2 kinds of particles by type"),
        (
            ("--no-types", "--no-diameters"),
            False,
            "2 kinds of particles by type are treated as one",
        ),
    ):
        mapping = json.loads(run(*words, *flags, "--json").out)
        assert mapping["provenance"]["configuration"]["types"] is kept
        shown = " ".join(run(*words, *flags).out.split())
        assert f"kinds: {text} " in shown and ("as asked" in shown) is not kept
    out = tmp_path / "result.nc"
    run(*words, "--no-types", "--out", out)
    again = run("repeat", out, "--samples", path)
    assert again.code == 0 and "every number is bitwise the same" in again.out + again.err
