"""Entropies of lattices against exact ones, and how an estimate starts, stops and repeats."""

import json
from dataclasses import replace
from functools import partial
from math import prod

import numpy as np
import pytest

from moiety import EstimateError, InputError, Samples, io
from moiety import estimate_entropy as estimate_both_ways
from moiety.base import scratch
from moiety.chain_rule.estimate import ChainRule
from moiety.estimation.training import Training
from moiety.exact.chain import segment_information
from moiety.results.types import Source
from moiety.systems import system
from small import SMALL
from stubs import information

QUICK = Training(steps=100, batch=128, patience=4)
BRIEF = Training(steps=5, batch=128)  # where it does not matter what is learnt
# the cross-check, refinement and the default critic have tests of their own
OPTIONS = {"critic": SMALL, "cross_check": False, "precision": 1.0, "threads": 1}
estimate_entropy = partial(estimate_both_ways, **OPTIONS)


def assert_entropy(result, expected, sigmas=4.0):
    """4 of the stated errors: one false alarm in 10^4 if they hold; the seeds are fixed."""
    message = f"{result} against {expected:.5f}"
    assert abs(result.entropy - expected) <= sigmas * result.error + 1e-9, message


@pytest.fixture
def untrained(monkeypatch):
    """An estimate whose M of every cut is known, for what does not depend on it."""

    def estimate(samples):
        known = information(0.1, influence=np.zeros(samples.n))
        answer = lambda *arguments, **options: known  # noqa: E731
        monkeypatch.setattr("moiety.entropy.climb.mutual_information_of", answer)
        return estimate_entropy(samples)

    return estimate


@pytest.fixture(scope="module")
def ising():
    """A 16x16 lattice a little above its transition, and its estimate by the default critic."""
    model = system("ising-square", size=16, temperature=2.5)
    return model, estimate_entropy(model.sample(256, seed=1), training=QUICK, critic=None)


def test_ising_square(ising):
    model, result = ising
    assert_entropy(result, model.exact_entropy())
    assert result.error < 0.01
    with pytest.raises(AssertionError):  # negative control: without M
        assert_entropy(result, result.bases[0].entropy / prod(result.bases[0].shape))
    assert result.status.ok, str(result.status)


def test_the_sum_and_its_error_add_up(ising):
    _, result = ising
    per_site = sum(base.count * base.entropy for base in result.bases) / 256
    above = sum(
        level.weight * level.mutual_information
        for level in result.levels
        if level.source != Source.COUNTED
    )
    assert result.entropy == pytest.approx(per_site - above)
    assert result.error == pytest.approx(np.sqrt(sum(part**2 for part in result.budget.values())))
    assert set(result.budget) == {"samples", "base", "training", "folds", "tail"}


def test_levels_state_their_source(ising):
    _, result = ising
    assert [level.shape for level in result.levels[:4]] == [(8, 16), (8, 8), (4, 8), (4, 4)]
    assert [level.interface for level in result.levels[:4]] == [32, 16, 8, 4]
    sources = [level.source for level in result.levels]
    assert result.bases[0].shape == (2, 4)  # 256 samples are too few for 4x4
    assert set(sources[:5]) <= {Source.ESTIMATED, Source.EXTRAPOLATED}
    assert set(sources[5:]) == {Source.COUNTED}


def test_a_seed_gives_the_same_numbers_again():
    samples = system("ising-square", size=(4, 2), temperature=2.5).sample(64, seed=1)
    first, again, other = (
        estimate_entropy(samples, training=BRIEF, seed=seed).entropy for seed in (1, 1, 2)
    )
    assert first == again != other


# Exact answers


def test_the_ising_chain_has_the_same_information_at_all_sizes():
    model = system("ising-chain", size=32, temperature=1.0)
    result = estimate_entropy(model.sample(256, seed=1), training=QUICK)
    assert_entropy(result, model.exact_entropy())
    exact = segment_information(1.0)
    trained = [level for level in result.levels[1:] if level.source == Source.ESTIMATED]
    assert trained
    for level in result.levels[1:]:  # the first cut has two faces
        # 4 sigma, and 2% that a short training may miss
        assert abs(level.mutual_information - exact) < 4 * level.error + 0.02 * exact, level


@pytest.mark.parametrize(
    "name, parameters, sources",
    [
        ("potts-square", {"size": (3, 3), "temperature": 1.0}, {Source.ESTIMATED}),  # three states
        (
            "ising-cubic",
            {"size": (3, 2, 2), "temperature": 5.0},
            {Source.COUNTED, Source.ESTIMATED},
        ),
    ],
)
def test_small_lattices_by_enumeration(name, parameters, sources):
    model = system(name, **parameters)
    result = estimate_entropy(model.sample(192, seed=1), training=QUICK)
    assert_entropy(result, model.exact_entropy())
    assert {level.source for level in result.levels} == sources


@pytest.mark.parametrize("shape", [(6, 10), (3, 5, 2), (15,), (5, 7)])
def test_independent_sites_of_any_lattice(shape):
    values = (np.random.default_rng(0).random((200, *shape)) < 0.3).astype(int)
    samples = Samples.from_array(values, axes=("draw", *"xyz"[: len(shape)]), periodic=True)
    result = estimate_entropy(samples, training=BRIEF)
    assert_entropy(result, -0.3 * np.log(0.3) - 0.7 * np.log(0.7))


@pytest.mark.parametrize("kind", ["angle", "real"])
def test_independent_continuous_sites(kind):
    rng, size = np.random.default_rng(0), (128, 2, 2)
    values = rng.uniform(0, 2 * np.pi, size) if kind == "angle" else rng.normal(size=size)
    samples = Samples.from_array(values, axes="draw,x,y", kind=kind, periodic=True)
    expected = np.log(2 * np.pi) if kind == "angle" else 0.5 * np.log(2 * np.pi * np.e)
    config = Training(steps=25, batch=128)
    assert_entropy(estimate_entropy(samples, training=config), expected)
    assert_entropy(estimate_entropy(samples, training=config, excess=True), 0.0)


def test_a_constant_array_has_no_entropy():
    constant = Samples.from_array(np.ones((64, 8, 8), int), periodic=True)
    result = estimate_entropy(constant, training=BRIEF)
    assert result.entropy == pytest.approx(0.0, abs=1e-6)
    assert all(abs(level.mutual_information) < 1e-6 for level in result.levels)
    frozen = Samples.from_array(np.ones((128, 16, 16)), kind="real", axes="draw,x,y", periodic=True)
    with pytest.raises(EstimateError, match="equal"):
        estimate_entropy(frozen)


def test_excess_leaves_out_the_error_of_single_sites():
    rng = np.random.default_rng(5)
    widths = rng.uniform(0.5, 2.0, size=(128, 1, 1))  # different for each sample
    values = rng.normal(size=(128, 2, 2)) * widths
    samples = Samples.from_array(values, kind="real", periodic=True)
    whole, excess = (
        estimate_entropy(samples, training=BRIEF, excess=flag) for flag in (False, True)
    )
    assert excess.budget["base"] == pytest.approx(0.0, abs=1e-12) and whole.budget["base"] > 0
    assert excess.budget["samples"] != whole.budget["samples"]


# Samples


def test_few_samples_start_from_smaller_blocks_and_warn(untrained):
    model = system("ising-square", size=8, temperature=3.0)
    result = untrained(model.sample(16, seed=1))
    assert prod(result.bases[0].shape) < 16
    assert any("too few samples for 4x4" in check.message for check in result.status.checks)
    assert any("of 16 samples" in warning for warning in result.status.warnings)


def test_correlated_samples_have_a_smaller_effective_number(untrained):
    model = system("ising-square", size=16, temperature=2.3)
    correlated = {"algorithm": "metropolis", "burn_in": 0, "thinning": 1}
    result = untrained(model.sample(400, seed=1, chains=2, **correlated))
    assert result.samples["effective"] < 60
    assert any("of 400 samples" in warning for warning in result.status.warnings)
    independent = untrained(model.sample(400, seed=1, chains=2))  # negative control
    assert independent.samples["effective"] > 250


def test_a_chain_that_never_left_one_phase_is_noticed(untrained):
    model = system("ising-square", size=8, temperature=1.0)
    stuck = model.sample(256, seed=1, algorithm="metropolis", burn_in=0, thinning=1)
    assert any("have not mixed" in warning for warning in untrained(stuck).status.warnings)


def test_samples_that_live_on_disk_have_the_same_entropy(monkeypatch, tmp_path):
    model = system("ising-square", size=8, temperature=2.4)
    io.save(model.sample(64, seed=1), tmp_path / "x.nc")
    rule = ChainRule(evaluations=2**13, training=Training(steps=8))
    options = {"training": Training(steps=8), "precision": 1.0, "critic": SMALL, "chain_rule": rule}
    memory = estimate_both_ways(io.load(tmp_path / "x.nc"), **options)
    monkeypatch.setattr(scratch, "LARGEST_IN_MEMORY", 100)
    disk = estimate_both_ways(io.load(tmp_path / "x.nc"), **options)
    # the chain rule reads the same places; windows lie elsewhere, so M differs within its errors
    assert memory.cross_check.entropy == disk.cross_check.entropy
    assert memory.entropy != disk.entropy
    assert abs(memory.entropy - disk.entropy) < 3 * np.hypot(memory.error, disk.error)


def test_a_lattice_of_a_single_site_cannot_be_halved():
    single = Samples.from_array(np.ones((16, 1, 1), int), axes="draw,x,y", periodic=True)
    with pytest.raises(InputError, match="too small to halve"):
        estimate_entropy(single)


# The amount of work


def test_a_stop_leaves_the_rest_to_the_area_law():
    samples = system("ising-square", size=16, temperature=3.0).sample(256, seed=1)
    result = estimate_entropy(samples, should_stop=lambda: True)
    assert [level.status for level in result.levels[:4]] == ["stopped"] * 4
    assert any("stopped early" in warning for warning in result.status.warnings)
    assert result.ended == "stopped"
    angles = Samples.from_array(
        np.random.default_rng(0).uniform(0, 6, (64, 4, 4)),
        kind="angle",
        axes="draw,x,y",
        periodic=True,
    )
    with pytest.raises(EstimateError, match="before any level"):
        estimate_entropy(angles, should_stop=lambda: True)


def test_progress_is_reported():
    steps = []
    samples = system("ising-square", size=(8, 4), temperature=3.0).sample(64, seed=1)
    estimate_entropy(samples, training=BRIEF, progress=lambda *step: steps.append(step))
    assert steps[0] == (0, 3, "2x2 | 2x2") and 2 < steps[-1][0] < 3 == steps[-1][1]


def test_a_time_limit_ends_an_estimate():
    samples = system("ising-square", size=8, temperature=2.5).sample(128, seed=1)
    limited = estimate_both_ways(samples, time_limit=1e-3)
    assert limited.ended == "time limit" and limited.cross_check is None
    assert limited.provenance["configuration"]["time_limit"] == 1e-3
    statuses = {level.status for level in limited.levels if level.source != Source.COUNTED}
    assert statuses == {"stopped"} and not limited.status.ok
    assert json.loads(json.dumps(limited.to_dict()))["ended"] == "time limit"
    for bad in ({"precision": 0.0}, {"time_limit": -1.0}, {"precision": float("nan")}):
        with pytest.raises(InputError, match="positive"):
            estimate_entropy(samples, **bad)


# Warm starts


def test_networks_of_a_state_point_start_the_next():
    """Warm and cold starts agree on the same samples, and the warm one starts with more of M."""
    near, far = (
        system("ising-square", size=4, temperature=t).sample(320, seed=k)
        for k, t in enumerate((2.6, 2.5))
    )
    # both take a third of the steps at first; no refinement
    options = {"training": replace(QUICK, steps=600, batch=64), "precision": 1.0}
    before = estimate_entropy(near, **options)
    cold, warm = (estimate_entropy(far, warm_start=start, **options) for start in (None, before))
    apart = np.hypot(cold.budget["training"], warm.budget["training"]) + 1e-3
    assert abs(warm.entropy - cold.entropy) < 4 * apart

    def histories(result):
        return [history for level in result.levels for history in level.histories]

    def steps(result):
        return sum(history.steps[-1] for history in histories(result))

    def first_bound(result):
        return np.mean([history.bound[0] for history in histories(result)])

    assert steps(warm) <= steps(cold) and first_bound(warm) > first_bound(cold)
    started = [r.provenance["configuration"]["warm_start"] for r in (cold, warm)]
    assert started == [False, True]
    larger = system("ising-square", size=(8, 4), temperature=2.5).sample(64, seed=3)
    again = estimate_entropy(larger, training=BRIEF, warm_start=before.networks)
    assert np.isfinite(again.entropy) and len(again.networks.cuts) > len(before.networks.cuts)
