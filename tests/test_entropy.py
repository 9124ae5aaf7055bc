"""The one verb, on systems whose entropy is known, and what it says when it should be doubted."""

import json
from dataclasses import replace
from functools import partial
from math import prod
from time import perf_counter
from types import SimpleNamespace

import numpy as np
import pytest

from moiety import EntropyResult, EstimateError, InputError, Samples, io
from moiety import estimate_entropy as estimate_both_ways
from moiety.base import scratch
from moiety.base.deadline import Clock
from moiety.chain_rule.estimate import ChainRule
from moiety.entropy.climb import Climb
from moiety.estimation.mutual_information import Estimator
from moiety.estimation.training import Training
from moiety.exact.chain import segment_information
from moiety.geometry.cuts import ladder
from moiety.systems import system
from small import SMALL

QUICK = Training(steps=200, batch=128, patience=4)
BRIEF = Training(steps=5, batch=128)  # where it does not matter what is learnt
# the other route, refining and the default critic have tests of their own
estimate_entropy = partial(estimate_both_ways, critic=SMALL, cross_check=False, precision=1.0)


def assert_entropy(result, expected, sigmas=4.0):
    """4 of the stated errors: one false alarm in 10^4 if they hold; the seeds are fixed."""
    assert abs(result.entropy - expected) <= sigmas * result.error + 1e-9, (
        f"{result} against {expected:.5f}"
    )


@pytest.fixture(scope="module")
def ising():
    """A 16x16 lattice a little above its transition, and its estimate by the default critic."""
    model = system("ising-square", size=16, temperature=2.5)
    return model, estimate_entropy(model.sample(512, seed=1), training=QUICK, critic=None)


def test_ising_square(ising):
    model, result = ising
    assert_entropy(result, model.exact_entropy())
    assert result.error < 0.01
    with pytest.raises(AssertionError):  # negative control: without M, an eighth of a 2x4 block
        assert_entropy(result, result.bases[0].entropy / 8)
    assert result.status.ok, str(result.status)


def test_the_sum_and_its_error_add_up(ising):
    _, result = ising
    per_site = sum(base.count * base.entropy for base in result.bases) / 256
    above = sum(
        level.weight * level.mutual_information
        for level in result.levels
        if level.source != COUNTED
    )
    assert result.entropy == pytest.approx(per_site - above)
    assert result.error == pytest.approx(np.sqrt(sum(part**2 for part in result.budget.values())))
    assert set(result.budget) == {"samples", "base", "training", "folds", "tail"}


def test_levels_say_where_they_come_from(ising):
    _, result = ising
    assert [level.shape for level in result.levels[:4]] == [(8, 16), (8, 8), (4, 8), (4, 4)]
    assert [level.interface for level in result.levels[:4]] == [32, 16, 8, 4]
    sources = [level.source for level in result.levels]
    assert result.bases[0].shape == (2, 4)  # 512 samples are too few for 4x4
    assert set(sources[:5]) <= {ESTIMATED, EXTRAPOLATED} and set(sources[5:]) == {COUNTED}


def test_a_result_survives_its_file(ising, tmp_path):
    _, result = ising
    result.save(tmp_path / "result.nc")
    again = EntropyResult.load(tmp_path / "result.nc")
    assert again == EntropyResult.from_dict(
        result.to_dict(), [level.histories for level in result.levels]
    )
    assert [level.histories for level in again.levels] == [
        level.histories for level in result.levels
    ]
    assert again.to_dict() == json.loads(json.dumps(result.to_dict()))
    with pytest.raises(InputError, match="exists already"):
        result.save(tmp_path / "result.nc")
    with pytest.raises(InputError, match="netCDF"):
        result.save(tmp_path / "result.json")
    (tmp_path / "other.nc").write_bytes(b"no netCDF")
    with pytest.raises(InputError):
        EntropyResult.load(tmp_path / "other.nc")


def test_json_has_the_keys_that_others_script_against(ising):
    said = json.loads(json.dumps(ising[1].to_dict(), allow_nan=False))
    assert {
        "entropy",
        "error",
        "unit",
        "status",
        "cross_check",
        "levels",
        "samples",
        "timing",
        "provenance",
    } <= set(said)
    keys = {
        "level",
        "shape",
        "volume",
        "interface",
        "mutual_information",
        "error",
        "source",
        "status",
    }
    assert all(keys <= set(level) for level in said["levels"])
    assert {"n", "effective", "tau"} <= set(said["samples"])
    assert {"version", "seed", "configuration"} <= set(said["provenance"])


def test_a_seed_gives_the_same_numbers_again():
    samples = system("ising-square", size=4, temperature=2.5).sample(64, seed=1)
    first, again, other = (
        estimate_entropy(samples, training=BRIEF, seed=seed).entropy for seed in (1, 1, 2)
    )
    assert first == again != other


def test_the_ising_chain_has_one_information_at_all_sizes():
    model = system("ising-chain", size=64, temperature=1.0)
    result = estimate_entropy(model.sample(512, seed=1), training=QUICK)
    assert_entropy(result, model.exact_entropy())
    one = segment_information(1.0)
    for level in result.levels[1:]:  # the first cut has two faces
        # 4 sigma, and 2% that a short training may miss
        assert abs(level.mutual_information - one) < 4 * level.error + 0.02 * one, level


@pytest.mark.parametrize("shape", [(12, 10), (6, 5, 4), (30,), (7, 9)])
def test_independent_sites_of_any_lattice(shape):
    values = (np.random.default_rng(0).random((400, *shape)) < 0.3).astype(int)
    samples = Samples.from_array(values, axes=("draw", *"xyz"[: len(shape)]), periodic=True)
    result = estimate_entropy(samples, training=BRIEF)
    assert_entropy(result, -0.3 * np.log(0.3) - 0.7 * np.log(0.7))


def test_three_states_by_enumeration():
    model = system("potts-square", size=(4, 3), temperature=1.0)
    result = estimate_entropy(model.sample(512, seed=1), training=QUICK)
    assert_entropy(result, model.exact_entropy())


def test_three_dimensions_by_enumeration():
    model = system("ising-cubic", size=(3, 3, 2), temperature=5.0)
    result = estimate_entropy(model.sample(512, seed=1), training=QUICK)
    assert_entropy(result, model.exact_entropy())
    assert {level.source for level in result.levels} == {COUNTED, ESTIMATED}


@pytest.mark.parametrize("kind", ["angle", "real"])
def test_independent_continuous_sites(kind):
    draw = np.random.default_rng(0)
    values = (
        draw.uniform(0, 2 * np.pi, (256, 4, 2))
        if kind == "angle"
        else draw.normal(size=(256, 4, 2))
    )
    samples = Samples.from_array(values, axes="draw,x,y", kind=kind, periodic=True)
    expected = np.log(2 * np.pi) if kind == "angle" else 0.5 * np.log(2 * np.pi * np.e)
    config = Training(steps=25, batch=128)
    assert_entropy(estimate_entropy(samples, training=config), expected)
    assert_entropy(estimate_entropy(samples, training=config, excess=True), 0.0)


def test_a_constant_array_has_no_entropy():
    result = estimate_entropy(
        Samples.from_array(np.ones((128, 16, 16), int), periodic=True), training=BRIEF
    )
    assert result.entropy == pytest.approx(0.0, abs=1e-6)
    assert all(abs(level.mutual_information) < 1e-6 for level in result.levels)
    frozen = Samples.from_array(np.ones((128, 16, 16)), kind="real", axes="draw,x,y", periodic=True)
    with pytest.raises(EstimateError, match="equal"):
        estimate_entropy(frozen)


def test_few_samples_start_from_smaller_blocks_and_say_so():
    model = system("ising-square", size=8, temperature=3.0)
    result = estimate_entropy(model.sample(16, seed=1), training=BRIEF)
    assert prod(result.bases[0].shape) < 16
    assert any("too few samples for 4x4" in check.message for check in result.status.checks)
    assert any("16 samples amount to" in warning for warning in result.status.warnings)


def test_correlated_samples_say_what_they_amount_to():
    model = system("ising-square", size=16, temperature=2.3)
    samples = model.sample(400, seed=1, chains=2, algorithm="metropolis", burn_in=0, thinning=1)
    result = estimate_entropy(samples, training=BRIEF)
    assert result.samples["effective"] < 60
    assert any("400 samples amount to" in warning for warning in result.status.warnings)
    honest = model.sample(400, seed=1, chains=2)
    assert estimate_entropy(honest, training=BRIEF).samples["effective"] > 250  # negative control


def test_a_chain_that_never_left_one_phase_is_noticed():
    model = system("ising-square", size=8, temperature=1.0)
    stuck = model.sample(256, seed=1, algorithm="metropolis", burn_in=0, thinning=1)
    result = estimate_entropy(stuck, training=BRIEF)
    assert any("have not mixed" in warning for warning in result.status.warnings)


def test_stopping_leaves_the_rest_to_the_area_law():
    samples = system("ising-square", size=16, temperature=3.0).sample(256, seed=1)
    result = estimate_entropy(samples, training=QUICK, stop=lambda: True)
    assert [level.status for level in result.levels[:4]] == ["stopped"] * 4
    assert any("stopped early" in warning for warning in result.status.warnings)
    angles = Samples.from_array(
        np.random.default_rng(0).uniform(0, 6, (64, 4, 4)),
        kind="angle",
        axes="draw,x,y",
        periodic=True,
    )
    with pytest.raises(EstimateError, match="before any level"):
        estimate_entropy(angles, stop=lambda: True)


def test_progress_is_told():
    told = []
    samples = system("ising-square", size=8, temperature=3.0).sample(64, seed=1)
    estimate_entropy(samples, training=BRIEF, progress=lambda *news: told.append(news))
    assert told[0] == (0, 3, "2x4 | 2x4") and 2 < told[-1][0] < 3 == told[-1][1]


def test_a_lattice_of_one_site_cannot_be_halved():
    with pytest.raises(InputError, match="too small to halve"):
        estimate_entropy(
            Samples.from_array(np.ones((16, 1, 1), int), axes="draw,x,y", periodic=True)
        )


# The right amount of work


def test_an_estimate_says_what_ended_it():
    samples = system("ising-square", size=8, temperature=2.5).sample(128, seed=1)
    short = Training(steps=60, batch=128)
    assert estimate_entropy(samples, training=short, precision=0.5).ended == "precision"
    stricter = estimate_entropy(samples, training=short, precision=1e-5)
    assert stricter.ended in ("samples", "training") and stricter.error > 1e-5
    assert estimate_entropy(samples, training=short, stop=lambda: True).ended == "stopped"
    limited = estimate_both_ways(samples, time_limit=1e-3)
    assert limited.ended == "time limit" and limited.cross_check is None
    assert limited.provenance["configuration"]["time_limit"] == 1e-3
    assert {level.status for level in limited.levels if level.source != COUNTED} == {"stopped"}
    assert (
        not limited.status.ok and json.loads(json.dumps(limited.to_dict()))["ended"] == "time limit"
    )
    for bad in ({"precision": 0.0}, {"time_limit": -1.0}, {"precision": float("nan")}):
        with pytest.raises(InputError, match="positive"):
            estimate_entropy(samples, **bad)


def test_time_is_shared_out_by_effort():
    now = perf_counter() + 1000.0  # a start to come, so that all of the time is left
    shares = [Clock(now, 100.0, None).ration(0.5, efforts) for efforts in ([3.0, 1.0], [1.0, 1.0])]
    assert shares[0] == pytest.approx(1.5 * shares[1]) and 0 < shares[1] < 0.5 * 1050
    assert Clock(now, None, None).ration(0.5, [1.0]) is None
    assert Clock(now - 2000.0, 100.0, None).ration(1.0, [1.0]) == 0.0  # it is up


def test_refining_goes_on_where_training_is_what_is_missing():
    """Networks that hardly learnt are trained further, and then miss less."""
    samples = system("ising-square", size=8, temperature=2.5).sample(8192, seed=1)
    short = Training(steps=60, batch=128, learning_rate=3e-3, check_every=10)
    lax, strict = (
        estimate_entropy(samples, training=short, precision=precision) for precision in (1.0, 1e-4)
    )
    assert (
        lax.ended == "precision" and lax.budget["training"] > lax.budget["samples"]
    )  # else there is nothing to refine
    assert strict.budget["training"] < lax.budget["training"]
    assert strict.entropy < lax.entropy + lax.error  # what was missed made s too large


def test_networks_of_one_state_point_start_the_next():
    """Warm and cold starts agree on the same samples, and the warm one takes fewer steps."""
    near, far = (
        system("ising-square", size=8, temperature=t).sample(1024, seed=k)
        for k, t in enumerate((2.6, 2.5))
    )
    before = estimate_entropy(near, training=QUICK)
    cold, warm = (
        estimate_entropy(far, training=QUICK, critic=critic) for critic in (SMALL, before.critic)
    )
    apart = np.hypot(cold.budget["training"], warm.budget["training"]) + 1e-3
    assert abs(warm.entropy - cold.entropy) < 4 * apart

    def steps(result):
        return sum(history.steps[-1] for level in result.levels for history in level.histories)

    def first_look(result):
        return np.mean([history.bound[0] for level in result.levels for history in level.histories])

    assert steps(warm) < 0.6 * steps(cold) and first_look(warm) > first_look(cold)
    assert "TrainedCritic" in str(warm.provenance["configuration"]["critic"])
    assert (
        estimate_entropy(far, training=BRIEF, critic=warm.critic).critic.critic
        == before.critic.critic
    )  # not nested
    larger = system("ising-square", size=16, temperature=2.5).sample(
        128, seed=3
    )  # and of one size the next
    assert np.isfinite(estimate_entropy(larger, training=BRIEF, critic=before.critic).entropy)


def assert_saved_with_the_curves_of_the_rule(result, folder):
    result.save(folder / "result.nc")
    again = EntropyResult.load(folder / "result.nc").cross_check
    assert again == result.cross_check and len(again.histories) == 2
    ends = [-history.bound[-1] for history in again.histories]
    assert np.mean(ends) == pytest.approx(
        again.entropy, abs=0.03
    )  # 512 samples of 64 sites; a wrong sign is off by twice s
    assert result.to_dict()["cross_check"].keys() == {
        "entropy",
        "error",
        "difference",
        "difference_error",
    }


def test_the_chain_rule_starts_warm_too(tmp_path):
    near, far = (
        system("ising-square", size=8, temperature=t).sample(512, seed=k)
        for k, t in enumerate((2.6, 2.5))
    )
    rule = ChainRule(
        evaluations=2**18, training=replace(ChainRule().training, steps=300, batch=1024)
    )
    estimate = partial(
        estimate_both_ways, training=Training(steps=20, batch=128), precision=1.0, chain_rule=rule
    )
    before = estimate(near, critic=SMALL)
    assert len(before.critic.rule) == 2
    assert_saved_with_the_curves_of_the_rule(before, tmp_path)
    after = estimate(far, critic=before.critic)
    cold = estimate(far, critic=SMALL)
    apart = np.hypot(after.cross_check.error, cold.cross_check.error)
    assert abs(after.cross_check.entropy - cold.cross_check.entropy) < 4 * apart
    assert (
        after.cross_check.entropy != cold.cross_check.entropy
    )  # of the same seed: other weights were the first ones


def test_excess_leaves_the_error_of_single_sites_out():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(256, 4, 4)) * rng.uniform(
        0.5, 2.0, size=(256, 1, 1)
    )  # widths that differ by sample
    samples = Samples.from_array(values, kind="real", periodic=True)
    whole, excess = (
        estimate_entropy(samples, training=BRIEF, excess=flag) for flag in (False, True)
    )
    assert excess.budget["base"] == pytest.approx(0.0, abs=1e-12) and whole.budget["base"] > 0
    assert excess.budget["samples"] != whole.budget["samples"]


@pytest.mark.parametrize("nats, beyond", [(0.2, ["beyond the samples"]), (0.02, [])])
def test_a_cut_that_is_expected_to_be_past_the_samples_is_not_trained(nats, beyond):
    """So many nats a site of the interface: 128 sites hold 25.6, or 2.6, of which 256 samples carry log 25.6 = 3.2."""
    samples = Samples.from_array(np.zeros((256, 64, 64), int), states=2, periodic=True)
    rungs = ladder(samples.shape, samples.periodic)
    walk = Climb(rungs, samples, None, {"tau": 0.5, "effective": 256.0}, tail=False)
    walk.cuts = [cut for cut in reversed(rungs.cuts) if 16 <= cut.volume <= 256]
    walk.found = [
        SimpleNamespace(value=nats * cut.interface, error=1e-3, modules=()) for cut in walk.cuts
    ]
    if beyond:
        walk.take(rungs.cuts[0], None, None)
    else:
        with pytest.raises(
            AttributeError
        ):  # it sets out to train, for which it has no estimator here
            walk.take(rungs.cuts[0], None, None)
    assert [why for _, why in walk.beyond] == beyond


@pytest.mark.parametrize(
    "m, error, beyond", [(4.7, 3.3, ["area law"]), (6.0, 0.7, []), (6.4, 1e-3, []), (1.0, 0.3, [])]
)
def test_an_m_that_is_hardly_known_is_left_to_the_law(monkeypatch, m, error, beyond):
    """0.2 nats a site of the interface below; only an error of a fifth or more, larger than the law's, gives way."""
    samples = Samples.from_array(np.zeros((256, 64, 64), int), states=2, periodic=True)
    rungs = ladder(samples.shape, samples.periodic)
    walk = Climb(rungs, samples, Estimator(), {"tau": 0.5, "effective": 1e9}, tail=True)
    walk.cuts = [cut for cut in reversed(rungs.cuts) if 32 <= cut.volume <= 256]
    walk.found = [
        SimpleNamespace(value=0.2 * cut.interface, error=0.2, modules=()) for cut in walk.cuts
    ]
    found = SimpleNamespace(value=m, error=error, support=1e6, status="converged", modules=())
    monkeypatch.setattr("moiety.entropy.climb.estimate_information", lambda *args, **options: found)
    following = next(cut for cut in reversed(rungs.cuts) if cut.volume == 512)
    walk.take(following, None, None)
    assert [why for _, why in walk.beyond] == beyond and (found in walk.found) != bool(beyond)


@pytest.mark.parametrize("modules, slower", [((), 1.0), (("networks", "of both folds"), 0.25)])
def test_a_cut_that_starts_from_the_one_below_trains_slower(monkeypatch, modules, slower):
    samples = Samples.from_array(np.zeros((256, 64, 64), int), states=2, periodic=True)
    rungs = ladder(samples.shape, samples.periodic)
    walk = Climb(rungs, samples, Estimator(), {"tau": 0.5, "effective": 1e9}, tail=False)
    walk.cuts = [cut for cut in rungs.cuts if cut.volume == 64]
    walk.found = [SimpleNamespace(value=1.0, error=0.1, modules=modules)]
    rates = []

    def estimate(samples, cut, estimator, **options):
        rates.append(estimator.training.learning_rate)
        return SimpleNamespace(value=2.0, error=0.1, support=1e6, status="converged", modules=())

    monkeypatch.setattr("moiety.entropy.climb.estimate_information", estimate)
    walk.take(next(cut for cut in rungs.cuts if cut.interface == 16), None, None)
    assert rates == [slower * Training().learning_rate] and len(walk.found) == 2


def test_samples_that_live_on_disk_have_the_same_entropy(monkeypatch, tmp_path):
    model = system("ising-square", size=8, temperature=2.4)
    io.save(model.sample(128, seed=1), tmp_path / "x.nc")
    rule = ChainRule(evaluations=2**13, training=Training(steps=8))
    options = {"training": Training(steps=8), "precision": 1.0, "critic": SMALL, "chain_rule": rule}
    found = [estimate_both_ways(io.load(tmp_path / "x.nc"), **options)]
    monkeypatch.setattr(scratch, "LARGEST_IN_MEMORY", 100)
    found.append(estimate_both_ways(io.load(tmp_path / "x.nc"), **options))
    # the chain rule reads the same places; windows lie elsewhere, so M of the cuts differs by less than its errors
    assert found[0].cross_check.entropy == found[1].cross_check.entropy
    assert found[0].entropy != found[1].entropy
    assert abs(found[0].entropy - found[1].entropy) < 3 * np.hypot(found[0].error, found[1].error)
