"""Energies from files and names to a result: keywords, status, JSON, command line."""

import json
from dataclasses import replace

import numpy as np
import pytest

from moiety import EntropyResult, InputError, Training, estimate_entropy, load, save
from moiety.entropy.energy_choices import energy_options, mean_energy_of
from moiety.entropy.repeat import repeat_result
from moiety.io import load_energies
from moiety.systems import system
from test_chain_rule import QUICK

FAST = {"training": Training(steps=50), "chain_rule": QUICK, "precision": 1.0}
MODEL = system("ising-square", size=(4, 4), temperature=2.5)


@pytest.fixture(scope="module")
def samples():
    return MODEL.sample(1024, seed=1)


@pytest.fixture(scope="module")
def result(samples):
    return estimate_entropy(samples, temperature=2.5, energy=MODEL, **FAST)


def check_of(result, name):
    return next(check for check in result.status.checks if check.name == name)


def test_a_result_with_energies(result, samples):
    free = result.free_energy
    assert abs(free.entropy - MODEL.exact_entropy()) < 4 * free.entropy_error
    assert result.bracket.lower < free.entropy < result.bracket.upper
    assert result.timing["free_energy"] > 0
    assert check_of(result, "temperature").passed and check_of(result, "free energy").passed
    plain = estimate_entropy(samples, **FAST)
    assert plain.free_energy is None and plain.bracket is None
    assert plain.entropy == result.entropy  # energies change no other number


def test_storage(result, tmp_path):
    whole = result.to_dict()
    assert whole["free_energy"]["value"] == result.free_energy.value
    assert {"value", "error", "temperature", "entropy"} <= whole["free_energy"].keys()
    assert {"lower", "upper", "effective"} <= whole["bracket"].keys()
    assert EntropyResult.from_dict(whole).free_energy == result.free_energy
    result.save(tmp_path / "r.nc")
    again = EntropyResult.load(tmp_path / "r.nc")
    assert again.free_energy == result.free_energy
    assert float(again.to_xarray()["bracket_upper"]) == result.bracket.upper
    older = {key: part for key, part in whole.items() if key not in ("free_energy", "bracket")}
    assert EntropyResult.from_dict(older).free_energy is None
    damaged = whole | {"free_energy": {"value": "high"}}
    with pytest.raises(InputError, match="free_energy"):
        EntropyResult.from_dict(damaged)


@pytest.mark.parametrize(
    ("factor", "temperature", "words"),
    [
        (1.0, 3.5, "wrong temperature"),
        (1 / 16, 2.5, "per site"),
        (1.0, 100.0, "do not seem to belong"),
    ],
)
def test_energies_and_temperatures_that_do_not_fit_are_doubtful(
    samples, factor, temperature, words
):
    energies = factor * MODEL.energy(samples.values)
    wrong = estimate_entropy(samples, temperature=temperature, energies=energies, **FAST)
    check = check_of(wrong, "temperature")
    assert not check.passed and words in check.message and not wrong.status.ok


def test_energies_of_other_samples_are_doubtful(samples):
    energies = np.random.default_rng(0).permutation(MODEL.energy(samples.values).ravel())
    wrong = estimate_entropy(samples, temperature=2.5, energies=energies, **FAST)
    assert not check_of(wrong, "temperature").passed


def test_draws_too_far_away_leave_an_answer_from_above():
    model = system("ising-square", size=(16, 16), temperature=1.5)
    idle = replace(QUICK, training=Training(steps=1))
    options = FAST | {"chain_rule": idle}
    result = estimate_entropy(model.sample(256, seed=1), temperature=1.5, energy=model, **options)
    assert result.bracket is None and np.isfinite(result.free_energy.value)
    assert not check_of(result, "overlap").passed


def test_a_stop_before_the_free_energy_keeps_the_entropy(samples, result):
    seen = []
    stopped = estimate_entropy(
        samples,
        temperature=2.5,
        energy=MODEL,
        progress=lambda done, total, text: seen.append(text),
        should_stop=lambda: "free energy" in seen,
        **FAST,
    )
    assert stopped.free_energy is None and stopped.entropy == result.entropy
    assert not check_of(stopped, "free energy").passed


def test_copies_are_left_out_with_their_energies(samples):
    twice = samples.replace(values=np.concatenate([samples.values] * 2, axis=1))
    energies = MODEL.energy(twice.values)
    result = estimate_entropy(twice, temperature=2.5, energies=energies, **FAST)
    assert result.free_energy.energy == pytest.approx(energies.mean() / 16)
    assert check_of(result, "temperature").passed


def test_incomplete_or_misplaced_energies_are_refused(samples):
    energies = MODEL.energy(samples.values)
    for options, words in (
        ({"energies": energies}, "need the temperature"),
        ({"temperature": 2.5}, "give the energies"),
        ({"temperature": 2.5, "energies": energies[0]}, "one energy for each of 1024"),
        ({"temperature": 2.5, "energies": energies, "cross_check": False}, "chain rule"),
    ):
        with pytest.raises(InputError, match=words):
            estimate_entropy(samples, **(FAST | options))
    with pytest.raises(InputError, match="sites are equivalent"):
        estimate_entropy(samples.replace(homogeneous=False), temperature=2.5, energies=energies)


@pytest.mark.parametrize("suffix", [".nc", ".h5", ".npz", ".zarr"])
def test_energies_beside_samples(samples, tmp_path, suffix):
    energies, file = MODEL.energy(samples.values), tmp_path / f"s{suffix}"
    save(samples, file, energies=energies)
    assert np.array_equal(load_energies(file), energies.ravel())
    assert np.array_equal(load(file).values, samples.values)
    options = energy_options(load(file), file, temperature=2.5)
    assert np.array_equal(options["energies"], energies.ravel())


def test_energies_in_files_of_their_own(tmp_path):
    energies = np.array([-3.5, 1e5, 0.25, 7.0])
    np.savetxt(tmp_path / "u.txt", energies)
    (tmp_path / "u.csv").write_text("\n".join(map(str, energies)))
    np.save(tmp_path / "u.npy", energies.reshape(2, 2))
    np.savez(tmp_path / "u.npz", total=energies)
    for name in ("u.txt", "u.csv", "u.npy"):
        assert np.array_equal(load_energies(tmp_path / name), energies)
    assert np.array_equal(load_energies(tmp_path / "u.npz", "total"), energies)
    (tmp_path / "words.txt").write_text("low\nhigh\n")
    for name, words in (
        ("missing.txt", "no such file"),
        ("words.txt", "cannot be read as energies"),
        ("u.npz", "no variable 'energy'"),
    ):
        with pytest.raises(InputError, match=words):
            load_energies(tmp_path / name)
    with pytest.raises(InputError, match=r"not from '.gsd'"):
        (tmp_path / "u.gsd").write_bytes(b"1")
        load_energies(tmp_path / "u.gsd")


def test_names_to_energies(samples, tmp_path):
    unknown = samples.replace(provenance={})
    file = tmp_path / "s.npy"
    options = energy_options(unknown, file, temperature=2.0, model="ising-square", field=0.5)
    assert options["energy"].field == 0.5 and options["energy"].temperature == 2.0
    assert energy_options(samples, file) == {}
    assert energy_options(samples, file, model="ising-square")["temperature"] == 2.5
    for asked, words in (
        ({"model": "ising-square"}, "does not record a temperature"),
        ({"temperature": 2.0, "model": "hard-disks"}, "unknown model"),
        ({"temperature": 2.0, "model": "ising-cubic"}, "size must be"),
        ({"temperature": 2.0, "field": 0.5}, "belongs to --model"),
        ({"temperature": 2.0, "energies": "u"}, "neither a file nor an array"),
        ({"temperature": 2.0, "model": "ising-square", "mean_energy": "low"}, "cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            energy_options(unknown, file, **asked)
    with pytest.raises(InputError, match="other boundaries"):
        open_ended = unknown.replace(periodic=(False, False))
        energy_options(open_ended, file, temperature=2.0, model="ising-square")
    for text in ("", "1", "1±", "±1", "1.2.3±1", "nan±1"):
        with pytest.raises(InputError, match="cannot be read"):
            mean_energy_of(text)


def test_command_line(run, tmp_path):
    """Energies that were sampled are found; a model and a mean energy can be given."""
    file, out = tmp_path / "s.nc", tmp_path / "r.nc"
    words = "--size 4 --temperature 2.5 --samples 256 --seed 1"
    assert run("sample", "ising-square", *words.split(), "--out", file).code == 0
    options = ("--steps", "50", "--precision", "1", "--json")
    found = json.loads(run("estimate", file, "--temperature", "2.5", *options).out)
    assert found["bracket"] is None and found["free_energy"]["temperature"] == 2.5
    longer = ("--model", "ising-square", "--mean-energy", "-20+-0.1", "--out", out)
    found = json.loads(run("estimate", file, *longer, *options).out)
    assert found["bracket"]["lower"] < found["free_energy"]["entropy"] < found["bracket"]["upper"]
    assert found["free_energy"]["energy"] == pytest.approx(-20 / 16)
    again = repeat_result(EntropyResult.load(out), load(file))
    assert again.is_same and again.repeated.free_energy == again.recorded.free_energy
    shown = run("estimate", file, "--model", "ising-square", *options[:-1])
    assert "s lies in here" in shown.out and "(E - F)/T" in shown.out
    refused = run("estimate", file, "--field", "1")
    assert refused.code == 2 and "belongs to --model" in refused.err
