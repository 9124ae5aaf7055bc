"""Commands as users meet them: sample, estimate, exact and report, with their outputs."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import moiety
from moiety import EntropyResult, InputError, io
from moiety.cli._result import in_json
from moiety.entropy import lattice
from moiety.entropy.choices import exact_value
from moiety.entropy.lattice import estimate_entropy
from moiety.estimation.training import Training
from moiety.results.types import Check, Estimate, Status

QUICK = ("--steps", "20", "--no-cross-check", "--precision", "1")  # no refining
FLAT = np.ones((64, 4, 4), np.int8)  # counted completely: no training


@pytest.fixture(scope="module")
def result(ising) -> EntropyResult:
    """The result that the options `QUICK` give for the samples."""
    training = Training(steps=20)
    return estimate_entropy(io.load(ising), training=training, cross_check=False, precision=1.0)


@pytest.fixture
def flat(tmp_path):
    """A file of samples that train nothing."""
    np.save(tmp_path / "flat.npy", FLAT)
    return tmp_path / "flat.npy"


def files(folder):
    return {file.name for file in folder.iterdir()}


# sample


def test_sample_writes_a_file_and_one_line(run, tmp_path):
    out = tmp_path / "x.nc"
    words = "--size 8 --temperature 3 --samples 70 --seed 3"
    done = run("sample", "ising-square", *words.split(), "--out", out)
    assert (done.code, done.err) == (0, "")
    summary = r"72 samples of 8x8 in \S*x\.nc, effective sample size \d+ \(R-hat \d\.\d\d\): "
    summary += r"wolff, tau [\d.]+ sweeps, a draw every \d+ sweeps, [\d.]+ s\n"
    assert re.fullmatch(summary, done.out)
    expected = moiety.system("ising-square", size=8, temperature=3.0).sample(70, seed=3)
    assert np.array_equal(io.load(out).values, expected.values)
    assert files(tmp_path) == {"x.nc"}


def test_sample_uses_every_option(run, tmp_path):
    out = tmp_path / "x.npz"
    words = "--size 4x6 --temperature 2 --coupling -1.5 --field 0.5 --samples 16 --chains 2"
    words += " --seed 5 --algorithm metropolis --thinning 3 --burn-in 7 --threads 1"
    assert run("sample", "ising-square", *words.split(), "--out", out).code == 0
    provenance = io.load(out).provenance
    parameters = {"size": [4, 6], "temperature": 2.0, "coupling": -1.5, "field": 0.5}
    expected = {
        "system": "ising-square",
        "parameters": parameters,
        "chains": 2,
        "seed": 5,
        "algorithm": "metropolis",
        "thinning": 3,
        "burn_in": 7,
    }
    assert {name: provenance[name] for name in expected} == expected


def test_sample_of_other_systems(run, tmp_path):
    few = ("--samples", 16, "--burn-in", 8, "--thinning", 1, "--temperature", 2)
    p, c = tmp_path / "p.nc", tmp_path / "c.zarr"
    potts = run("sample", "potts-square", "--size", "3,4", "--states", 5, "--out", p, *few)
    assert potts.code == 0 and io.load(p).states == 5
    cubic = run("sample", "ising-cubic", "--size", "2x3x4", "--out", c, *few)
    assert cubic.code == 0 and io.load(c).shape == (2, 3, 4)
    chain = run("sample", "ising-chain", "--size", 9, "--out", p, "--force", *few)
    assert chain.code == 0 and io.load(p).shape == (9,)


# estimate


def test_estimate_prints_the_result(run, ising, result, monkeypatch):
    warnings = (
        "the chains have not mixed: start them later or run them longer (R-hat = 1.3)",
        "M falls at 2x4",
    )
    failed = [Check("some", False, text) for text in warnings]
    doubtful = replace(result, status=Status((*failed, Check("fine", True, "so"))))
    monkeypatch.setattr(lattice, "estimate_entropy", lambda *_, **__: doubtful)
    done = run("estimate", ising)
    assert (done.code, done.err) == (0, "")
    first, second, *rest = done.out.splitlines()
    assert first == f"{doubtful}".replace(f"; {doubtful.status}", "")
    exact = moiety.system("ising-square", size=4, temperature=3.0).exact_entropy()
    sigmas = (result.entropy - exact) / result.error
    side = "above" if sigmas > 0 else "below"
    distance = f"{abs(sigmas):.1f} standard errors {side}"
    assert second == f"exact {exact:.5f} nats/site; the estimate is {distance}"
    assert max(map(len, done.out.splitlines())) <= 80
    rows = [" ".join(line.split()) for line in rest]
    for level in result.levels:
        m = Estimate(level.mutual_information, level.error)
        term = f"{level.weight * level.mutual_information:.5f}"
        shape = "x".join(map(str, level.shape))
        row = f"{level.level} {shape} {level.interface} {m} {term} {level.source}"
        assert any(line.startswith(row) for line in rows)
    assert "error of " + " ".join(result.budget) in rows
    assert f"warning: {warnings[0]} warning: {warnings[1]}" in " ".join(rows)


def test_quiet_is_one_line(run, ising, result, monkeypatch):
    monkeypatch.setattr(lattice, "estimate_entropy", lambda *_, **__: result)
    done = run("estimate", ising, "--quiet")
    assert (done.code, done.out, done.err) == (0, f"{result}\n", "")


def test_no_exact_value_for_other_samples(result):
    exact = moiety.system("ising-square", size=4, temperature=3.0).exact_entropy()
    assert exact_value(result) == exact
    provenance = result.provenance
    source, parameters = provenance["samples"], provenance["samples"]["parameters"]
    others = [
        {"samples": {}},
        {"samples": {**source, "system": "my-model"}},
        {"samples": {**source, "system": ["ising-square"]}},
        {"samples": {**source, "parameters": "warm"}},
        {"samples": {**source, "parameters": {**parameters, "temperature": -1}}},
        {"samples": {**source, "parameters": {**parameters, "size": 6}}},
        {"periodic": [True, False]},
        {"configuration": {**provenance["configuration"], "excess": True}},
    ]
    for other in others:
        assert exact_value(replace(result, provenance={**provenance, **other})) is None, other


def test_json_is_one_object_with_the_keys_of_the_contract(run, ising, result, monkeypatch):
    monkeypatch.setattr(lattice, "estimate_entropy", lambda *_, **__: result)
    done = run("estimate", ising, "--json")
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1)
    answer = json.loads(done.out)
    keys = "entropy error unit status cross_check levels samples timing provenance"
    assert set(keys.split()) <= set(answer)
    keys = "level shape volume interface mutual_information error source status"
    assert all(set(keys.split()) <= set(level) for level in answer["levels"])
    assert {"n", "effective", "tau"} <= set(answer["samples"])
    assert answer["samples"]["n"] == 256


def test_the_seed_determines_every_number(run, ising, result):
    expected = json.loads(in_json(result))
    same, other = (
        json.loads(run("estimate", ising, *QUICK, "--json", "--seed", seed).out) for seed in (0, 3)
    )
    assert same.pop("timing") and expected.pop("timing")
    origin = {name: same["provenance"].pop(name) for name in ("file", "reading")}
    assert origin["file"] == str(ising)
    assert same == expected
    assert same["entropy"] != other["entropy"]


def test_json_has_no_nan(result):
    level = replace(result.levels[0], mutual_information=np.float64("nan"), error=float("inf"))
    samples = {"n": np.int64(3), "rhat": np.nan, "ok": np.bool_(True)}
    odd = replace(result, error=float("nan"), levels=(level,), samples=samples)
    answer = json.loads(in_json(odd), parse_constant=pytest.fail)
    assert answer["error"] is None
    (level,) = answer["levels"]
    assert (level["mutual_information"], level["error"]) == (None, None)
    assert answer["samples"] == {"n": 3, "rhat": None, "ok": True}


def test_estimate_uses_every_option(run, tmp_path):
    small = FLAT[:, :3, :3]  # counted also with three states
    np.savez(tmp_path / "x.npz", spins=np.moveaxis(small, 0, 2), copy=small)
    words = "--no-periodic --variable spins --axes x,y,draw --kind discrete --states 3"
    words += " --symmetries flip,reflect --critic convolutional --objective infonce --bound nwj"
    words += " --steps 7 --folds 3 --seed 4 --device cpu --threads 1 --excess --no-tail"
    words += " --no-cross-check --json"
    answer = json.loads(run("estimate", tmp_path / "x.npz", *words.split()).out)
    provenance = answer["provenance"]
    assert provenance["periodic"] == [False, False] and provenance["seed"] == 4
    assert provenance["symmetries"] == ["flip", "reflect"] and answer["samples"]["n"] == 64
    configuration = provenance["configuration"]
    names = [configuration[part]["name"] for part in ("critic", "objective", "bound")]
    assert names == ["ConvolutionalCritic", "InfoNCE", "nwj"]
    expected = {
        "folds": 3,
        "device": "cpu",
        "threads": 1,
        "excess": True,
        "tail": False,
        "cross_check": False,
        "training": {"name": "Training", **vars(Training(steps=7))},
    }
    assert {name: configuration[name] for name in expected} == expected


def test_options_that_are_left_out_leave_the_defaults(run, flat, result, monkeypatch):
    calls = []

    def record(samples, **options):
        calls.append(options)
        return result

    monkeypatch.setattr(lattice, "estimate_entropy", record)
    assert run("estimate", flat, "--periodic", "--json").code == 0
    assert run("estimate", flat, "--periodic", "--json", "--folds", 3).code == 0
    plain, folds = calls
    assert set(folds) - set(plain) == {"folds"}
    assert not {"critic", "training", "seed", "cross_check", "precision"} & set(plain)


def test_from_samples_to_report(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "ising-chain --size 4 --temperature 2.5 --samples 8192 --seed 1 --out ising.nc"
    assert run("sample", *words.split()).code == 0
    words = "ising.nc --no-cross-check --json --out result.nc --report page.html"
    done = run("estimate", *words.split())
    assert (done.code, done.err) == (0, "wrote result.nc\nwrote page.html\n")
    assert EntropyResult.load("result.nc").entropy == json.loads(done.out)["entropy"]
    page = (tmp_path / "page.html").read_text()
    assert "<html" in page
    (tmp_path / "page.html").write_text("old")
    assert "exists already" in run("report", "result.nc", "--out", "page.html").err
    done = run("report", "result.nc", "--out", "page.html", "--force")
    assert (done.code, done.out, done.err) == (0, "", "wrote page.html\n")
    assert (tmp_path / "page.html").read_text() == page
    assert files(tmp_path) == {"ising.nc", "result.nc", "page.html"}


def test_the_number_survives_an_output_that_fails(run, flat, monkeypatch):
    def full(*_, **__):
        raise InputError("x.nc: cannot be written (No space left on device)")

    monkeypatch.setattr(EntropyResult, "save", full)
    out = flat.with_name("x.nc")
    done = run("estimate", flat, "--periodic", "--quiet", *QUICK, "--out", out)
    assert (done.code, done.out[:4]) == (2, "s = ")
    assert "No space left" in done.err


# exact


@pytest.mark.parametrize(
    ("words", "value", "text"),
    [
        ("ising-square --temperature 2.4", 0.3969334, "infinite ising-square, temperature 2.4"),
        # the doctests of the systems
        ("ising-square --temperature 1.8 --size 64", 0.0935228, "ising-square of 64x64"),
        ("ising-chain --temperature 1 --size 64", 0.3653338, "ising-chain of 64"),
        ("ising-square --temperature 1e9 --size 2,3 --field 1", np.log(2), "field 1]"),
        ("potts-square --temperature 1e9 --size 2x3 --states 4", np.log(4), "states 4"),
    ],
)
def test_exact(run, words, value, text):
    done = run("exact", *words.split())
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"s = {value:.7f} nats/site  [exact: ")
    assert text in done.out
    answer = json.loads(run("exact", *words.split(), "--json").out)
    assert answer["entropy"] == pytest.approx(value, abs=1e-7)
    assert (answer["shape"] is None) == ("--size" not in words)
    assert answer["parameters"]["temperature"] == float(words.split()[2])


@pytest.mark.parametrize(
    "words",
    ["ising-square --field 1", "ising-cubic", "ising-cubic --size 8", "potts-square --size 9"],
)
def test_exact_where_nothing_is_known(run, words):
    done = run("exact", "--temperature", 2, *words.split(), "--json")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith("error: no exact entropy of ")
