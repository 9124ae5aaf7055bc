"""The command line as its users meet it: commands, exit codes, one-line refusals, nothing half written."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import moiety
from moiety import EntropyResult, InputError, Samples, io
from moiety.cli import _estimate, _sample, main
from moiety.cli._result import in_json
from moiety.data.samples import KINDS, SYMMETRIES
from moiety.entropy import lattice as entropy
from moiety.entropy.choices import exact_value
from moiety.entropy.lattice import estimate_entropy
from moiety.estimation.critics import CRITICS
from moiety.estimation.mutual_information import Estimator
from moiety.estimation.objectives import BOUNDS, OBJECTIVES
from moiety.estimation.training import Training
from moiety.io import FORMATS
from moiety.results.result import Check, Estimate, Status
from moiety.systems import PARTICLE_SYSTEMS, SYSTEMS
from moiety.systems.dynamics.lattice import ALGORITHMS

QUICK = ("--steps", "20", "--no-cross-check", "--precision", "1")  # no refining
SPINS = np.random.default_rng(0).choice([-1, 1], size=(64, 8, 8)).astype(np.int8)
FLAT = np.ones((64, 4, 4), np.int8)  # counted as a whole: no training


@pytest.fixture(scope="module")
def ising(tmp_path_factory) -> Path:
    """Samples of a 4x4 torus: two cuts to estimate."""
    path = tmp_path_factory.mktemp("cli") / "ising.nc"
    io.save(
        moiety.system("ising-square", size=4, temperature=3.0).sample(
            256, seed=1, algorithm="swendsen-wang"
        ),
        path,
    )
    return path


@pytest.fixture(scope="module")
def result(ising) -> EntropyResult:
    return estimate_entropy(
        io.load(ising), training=Training(steps=20), cross_check=False, precision=1.0
    )


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


# Help


COMMANDS = {
    "sample": "out size temperature coupling field states mass stiffness stay particles packing-fraction density dimensions samples chains seed algorithm thinning burn-in threads force",
    "estimate": "out report json periodic no-periodic axes kind states symmetries variable critic objective bound steps "
    "folds seed device threads excess no-tail no-cross-check precision time-limit resolution sigma largest topology log-dir force quiet",
    "exact": "temperature size coupling field states mass stiffness stay particles packing-fraction density dimensions block strip open high-temperature json",
    "report": "out force",
    "baseline": "order block periodic no-periodic axes kind json",
    "probe": "along out json force",
    "sweep": "out executor workers scheduler partition dry-run script only log-dir force",
    "status": "json",
    "collect": "out force",
    "clean": "",
}


def helped(run, command: str) -> str:
    """The help of a command, in one line; words that were broken at a hyphen are whole again."""
    return re.sub(r"(?<=\w)- (?=\w)", "-", " ".join(run(command, "--help").out.split()))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_option_and_gives_an_example(run, command):
    done = run(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    assert all(
        re.search(rf"  --{option}\b|/ --{option}\b", done.out)
        for option in COMMANDS[command].split()
    )
    explanation, example = done.out.split("Example:")
    assert f"moiety {command} " in example
    assert len(explanation) > 200


def test_help_knows_every_name(run):
    words = helped(run, "estimate")
    assert all(
        name in words
        for names in (CRITICS, OBJECTIVES, BOUNDS, KINDS, SYMMETRIES)
        for name in names
    )
    assert all(suffix in words for suffix in set(FORMATS) - {".hdf5"})
    assert all(name in helped(run, "sample") for name in [*SYSTEMS, *PARTICLE_SYSTEMS, *ALGORITHMS])
    assert all(name in helped(run, "exact") for name in [*SYSTEMS, *PARTICLE_SYSTEMS])


def test_help_tells_the_defaults_that_the_objects_have(run):
    estimate, sample, default = helped(run, "estimate"), helped(run, "sample"), Estimator()
    stated = {"steps": Training().steps, "folds": default.folds, "seed": default.seed}
    stated |= {"device": default.device, "threads": default.threads}
    for name, value in stated.items():
        assert re.search(rf"--{name} \S+ [^;]*; default {value}\.", estimate), name
    for kind, registry in {"critic": CRITICS, "objective": OBJECTIVES, "bound": BOUNDS}.items():
        chosen = next(name for name, made in registry.items() if made() == getattr(default, kind))
        assert f"{chosen} (default)" in estimate
    ising, potts = SYSTEMS["ising-square"](8, 1.0), SYSTEMS["potts-square"](8, 1.0)
    drawn = ising.sample()
    stated = {
        "coupling": ising.coupling,
        "field": ising.field,
        "states": potts.states,
        "samples": drawn.n,
    }
    stated |= {"chains": drawn.chains, "seed": drawn.provenance["seed"]}
    gauss, markov = SYSTEMS["gaussian-field"](8), SYSTEMS["markov-chain"](8)
    stated |= {"mass": gauss.mass, "stiffness": gauss.stiffness, "stay": markov.stay}
    for name, value in stated.items():
        assert re.search(rf"--{name} \S [^.]*default {value:g}\.", sample), name


def test_root_help_lists_the_commands(run):
    done = run("--help")
    assert done.code == 0 and "Example:" in done.out
    assert not re.search(r"\w\.\.\.", done.out)  # no summary is cut off
    assert all(f"\n  {command} " in done.out for command in COMMANDS)


def test_version(run):
    assert run("--version").out == f"moiety {moiety.__version__}\n"


def test_the_help_is_light():
    heavy = {"torch", "numba", "matplotlib", "xarray", "scipy", "h5py", "numpy", "jinja2"}
    code = f"import sys, moiety.cli; sys.exit(' '.join({heavy} & set(sys.modules)) or None)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr == ""


# sample


def test_sample_writes_a_file_and_one_line(run, tmp_path):
    out = tmp_path / "x.nc"
    done = run(
        "sample",
        "ising-square",
        "--size",
        8,
        "--temperature",
        3,
        "--samples",
        70,
        "--out",
        out,
        "--seed",
        3,
    )
    assert (done.code, done.err) == (0, "")
    summary = r"72 samples of 8x8 in \S*x\.nc, worth \d+ independent ones \(R-hat \d\.\d\d\): "
    summary += r"wolff, tau [\d.]+ sweeps, \d+ sweeps apart, [\d.]+ s\n"
    assert re.fullmatch(summary, done.out)
    wanted = moiety.system("ising-square", size=8, temperature=3.0).sample(70, seed=3)
    assert np.array_equal(io.load(out).values, wanted.values)
    assert names(tmp_path) == {"x.nc"}


def test_sample_hands_every_word_on(run, tmp_path):
    out = tmp_path / "x.npz"
    words = "--size 4x6 --temperature 2 --coupling -1.5 --field 0.5 --samples 16 --chains 2 --seed 5 --algorithm metropolis"
    words += " --thinning 3 --burn-in 7 --threads 1"
    assert run("sample", "ising-square", *words.split(), "--out", out).code == 0
    said = dict(io.load(out).provenance)
    assert said.pop("parameters") == {
        "size": [4, 6],
        "temperature": 2.0,
        "coupling": -1.5,
        "field": 0.5,
    }
    wanted = {
        "system": "ising-square",
        "chains": 2,
        "seed": 5,
        "algorithm": "metropolis",
        "thinning": 3,
        "burn_in": 7,
    }
    assert {name: said[name] for name in wanted} == wanted


def test_sample_of_other_systems(run, tmp_path):
    few = ("--samples", 16, "--burn-in", 8, "--thinning", 1, "--temperature", 2)
    assert (
        run(
            "sample",
            "potts-square",
            "--size",
            "3,4",
            "--states",
            5,
            "--out",
            tmp_path / "p.nc",
            *few,
        ).code
        == 0
    )
    assert io.load(tmp_path / "p.nc").states == 5
    assert (
        run("sample", "ising-cubic", "--size", "2x3x4", "--out", tmp_path / "c.zarr", *few).code
        == 0
    )
    assert io.load(tmp_path / "c.zarr").shape == (2, 3, 4)
    assert (
        run("sample", "ising-chain", "--size", 9, "--out", tmp_path / "p.nc", "--force", *few).code
        == 0
    )
    assert io.load(tmp_path / "p.nc").shape == (9,)


# estimate


def test_estimate_prints_what_was_found(run, ising, result, monkeypatch):
    said = (
        "the chains have not mixed: start them later or run them longer (R-hat = 1.3)",
        "M falls at 2x4",
    )
    doubtful = replace(
        result,
        status=Status((*(Check("some", False, text) for text in said), Check("fine", True, "so"))),
    )
    monkeypatch.setattr(entropy, "estimate_entropy", lambda *_, **__: doubtful)
    done = run("estimate", ising)
    assert (done.code, done.err) == (0, "")
    first, second, *rest = done.out.splitlines()
    assert first == f"{doubtful}".replace(f"; {doubtful.status}", "")
    exact = moiety.system("ising-square", size=4, temperature=3.0).exact_entropy()
    distance = (result.entropy - exact) / result.error
    side = "above" if distance > 0 else "below"
    assert (
        second == f"exact {exact:.5f} nats/site; the estimate is {abs(distance):.1f} errors {side}"
    )
    assert max(map(len, done.out.splitlines())) <= 80
    rows = [" ".join(line.split()) for line in rest]
    for level in result.levels:
        row = [level.level, "x".join(map(str, level.shape)), level.interface]
        row += [
            Estimate(level.mutual_information, level.error),
            f"{level.weight * level.mutual_information:.5f}",
        ]
        assert any(line.startswith(" ".join(map(str, [*row, level.source]))) for line in rows)
    assert "error of " + " ".join(result.budget) in rows
    assert f"warning: {said[0]} warning: {said[1]}" in " ".join(rows)


def test_quiet_is_one_line(run, ising, result):
    done = run("estimate", ising, *QUICK, "--quiet")
    assert (done.code, done.out, done.err) == (0, f"{result}\n", "")


def test_no_exact_value_where_the_samples_are_others(result):
    assert (
        exact_value(result)
        == moiety.system("ising-square", size=4, temperature=3.0).exact_entropy()
    )
    said = result.provenance
    source, parameters = said["samples"], said["samples"]["parameters"]
    others = [
        {"samples": {}},
        {"samples": {**source, "system": "my-model"}},
        {"samples": {**source, "system": ["ising-square"]}},
        {"samples": {**source, "parameters": "warm"}},
        {"samples": {**source, "parameters": {**parameters, "temperature": -1}}},
        {"samples": {**source, "parameters": {**parameters, "size": 6}}},
        {"periodic": [True, False]},
        {"configuration": {**said["configuration"], "excess": True}},
    ]
    for other in others:
        assert exact_value(replace(result, provenance={**said, **other})) is None, other


def test_json_is_one_object_with_the_keys_of_the_contract(run, ising):
    done = run("estimate", ising, *QUICK, "--json")
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1)
    found = json.loads(done.out)
    keys = {
        "entropy",
        "error",
        "unit",
        "status",
        "cross_check",
        "levels",
        "samples",
        "timing",
        "provenance",
    }
    assert keys <= set(found)
    level = {
        "level",
        "shape",
        "volume",
        "interface",
        "mutual_information",
        "error",
        "source",
        "status",
    }
    assert all(level <= set(one) for one in found["levels"])
    assert {"n", "effective", "tau"} <= set(found["samples"])
    assert found["samples"]["n"] == 256


def test_the_seed_decides_every_number(run, ising):
    first, again, other = (
        json.loads(run("estimate", ising, *QUICK, "--json", "--seed", seed).out)
        for seed in (2, 2, 3)
    )
    assert first.pop("timing") and again.pop("timing")
    assert first == again
    assert first["entropy"] != other["entropy"]


def test_json_has_no_nan(result):
    level = replace(result.levels[0], mutual_information=np.float64("nan"), error=float("inf"))
    samples = {"n": np.int64(3), "rhat": np.nan, "ok": np.bool_(True)}
    odd = replace(result, error=float("nan"), levels=(level,), samples=samples)
    found = json.loads(in_json(odd), parse_constant=pytest.fail)
    assert found["error"] is None
    assert (found["levels"][0]["mutual_information"], found["levels"][0]["error"]) == (None, None)
    assert found["samples"] == {"n": 3, "rhat": None, "ok": True}


def test_estimate_hands_every_word_on(run, tmp_path):
    np.savez(tmp_path / "x.npz", spins=np.moveaxis(FLAT, 0, 2), copy=FLAT)
    words = "--no-periodic --variable spins --axes x,y,draw --kind discrete --states 3 --symmetries flip,reflect"
    words += " --critic convolutional --objective infonce --bound nwj --steps 7 --folds 3 --seed 4 --device cpu"
    words += " --threads 1 --excess --no-tail --no-cross-check --json"
    found = json.loads(run("estimate", tmp_path / "x.npz", *words.split()).out)
    said, how = found["provenance"], found["provenance"]["configuration"]
    assert (said["periodic"], said["symmetries"], said["seed"]) == (
        [False, False],
        ["flip", "reflect"],
        4,
    )
    assert found["samples"]["n"] == 64
    chosen = [how[part]["name"] for part in ("critic", "objective", "bound")]
    assert chosen == ["ConvolutionalCritic", "InfoNCE", "nwj"]
    wanted = {
        "folds": 3,
        "device": "cpu",
        "threads": 1,
        "excess": True,
        "tail": False,
        "cross_check": False,
    }
    assert {name: how[name] for name in wanted} == wanted
    assert how["training"] == {"name": "Training", **vars(Training(steps=7))}


def test_words_left_out_leave_the_defaults(run, tmp_path):
    np.save(tmp_path / "x.npy", FLAT)
    found = json.loads(run("estimate", tmp_path / "x.npy", "--periodic", "--json").out)
    wanted = json.loads(in_json(estimate_entropy(Samples.from_array(FLAT, periodic=True))))
    assert found["provenance"] == wanted["provenance"]


def test_round_trip_from_samples_to_report(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "ising-square --size 4 --temperature 2.5 --samples 64 --seed 1 --out ising.nc"
    assert run("sample", *words.split()).code == 0
    done = run(
        "estimate", "ising.nc", *QUICK, "--json", "--out", "result.nc", "--report", "first.html"
    )
    assert (done.code, done.err) == (0, "wrote result.nc\nwrote first.html\n")
    assert EntropyResult.load("result.nc").entropy == json.loads(done.out)["entropy"]
    done = run("report", "result.nc", "--out", "report.html")
    assert (done.code, done.out, done.err) == (0, "", "wrote report.html\n")
    assert "<html" in (tmp_path / "report.html").read_text()
    assert names(tmp_path) == {"ising.nc", "result.nc", "first.html", "report.html"}
    assert "exists already" in run("report", "result.nc", "--out", "report.html").err
    assert run("report", "result.nc", "--out", "report.html", "--force").code == 0


def test_the_number_survives_an_output_that_fails(run, tmp_path, monkeypatch):
    def full(*_, **__):
        raise InputError("x.nc: cannot be written (No space left on device)")

    monkeypatch.setattr(EntropyResult, "save", full)
    np.save(tmp_path / "x.npy", FLAT)
    done = run(
        "estimate", tmp_path / "x.npy", "--periodic", "--quiet", *QUICK, "--out", tmp_path / "x.nc"
    )
    assert (done.code, done.out[:4]) == (2, "s = ")
    assert "No space left" in done.err


# exact


@pytest.mark.parametrize(
    ("words", "value", "text"),
    [
        ("ising-square --temperature 2.4", 0.3969334, "infinite ising-square, temperature 2.4"),
        (
            "ising-square --temperature 1.8 --size 64",
            0.0935228,
            "ising-square of 64x64",
        ),  # the system's doctest
        ("ising-chain --temperature 1 --size 64", 0.3653338, "ising-chain of 64"),  # the same
        ("ising-square --temperature 1e9 --size 2,3 --field 1", np.log(2), "field 1]"),
        ("potts-square --temperature 1e9 --size 2x3 --states 4", np.log(4), "states 4"),
    ],
)
def test_exact(run, words, value, text):
    done = run("exact", *words.split())
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"s = {value:.7f} nats/site  [exact: ")
    assert text in done.out
    found = json.loads(run("exact", *words.split(), "--json").out)
    assert found["entropy"] == pytest.approx(value, abs=1e-7)
    assert (found["shape"] is None) == ("--size" not in words)
    assert found["parameters"]["temperature"] == float(words.split()[2])


@pytest.mark.parametrize(
    "words",
    ["ising-square --field 1", "ising-cubic", "ising-cubic --size 8", "potts-square --size 9"],
)
def test_exact_where_nothing_is_known(run, words):
    done = run("exact", "--temperature", 2, *words.split(), "--json")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith("error: no exact entropy of ")


# Bad input: code 2, one line that says what to do, nothing else printed or written


@pytest.fixture(scope="module")
def bad(tmp_path_factory, ising, result) -> Path:
    """A folder of bad files, and of good ones for bad options."""
    folder = tmp_path_factory.mktemp("bad")
    arrays = {
        "spins": SPINS,
        "nan": np.where(np.arange(4096).reshape(64, 8, 8) == 7, np.nan, SPINS),
        "one": SPINS[:, 0, 0],
        "six": np.ones((8, 2, 2, 2, 2, 2), int),
        "few": SPINS[:7],
        "three": np.arange(64 * 25).reshape(64, 5, 5) % 3,
        "site": SPINS[:, :1, :1],
        "floats": SPINS + 0.5,
        "objects": np.full((64, 8, 8), {"a": 1}, dtype=object),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=name == "objects")
    (folder / "empty.npy").touch()
    (folder / "cut.nc").write_bytes(ising.read_bytes()[:-3000])
    (folder / "notes.txt").write_text("1 -1")
    (folder / "folder").mkdir()
    io.save(io.load(ising), folder / "ising.nc")
    result.save(folder / "result.nc")
    return folder


SAMPLE = "sample ising-square --size 8 --temperature 2.4 --out new.nc"
ESTIMATE = "estimate spins.npy --periodic"
BAD = {
    "estimate none.nc": "no such file",
    "estimate empty.npy --periodic": "is empty",
    "estimate nan.npy --periodic": "NaN",
    "estimate objects.npy --periodic": "never unpickled",
    "estimate one.npy --periodic": "1 axes",
    "estimate six.npy --periodic": "6 axes",
    "estimate few.npy --periodic": "at least 8",
    "estimate three.npy --periodic --states 2": "3 different states found but 2 declared",
    "estimate cut.nc": "cannot be read as netCDF",
    "estimate site.npy --periodic": "too small to halve",
    "estimate floats.npy --periodic": "--kind",
    "estimate notes.txt --periodic": "the suffix '.txt' is unknown",
    "estimate folder": "is a folder",
    "estimate spins.npy": "say --periodic or --no-periodic",
    f"{ESTIMATE} --out result.nc": "--force",
    f"{ESTIMATE} --out none/new.nc": "does not exist",
    f"{ESTIMATE} --out new.txt": "end the name in .nc",
    f"{ESTIMATE} --out folder --force": "end the name in .nc",
    f"{ESTIMATE} --out new.nc --report none/new.html": "does not exist",
    f"{ESTIMATE} --out new.nc --report new.pdf": "end the name in .html",
    "estimate ising.nc --out ./ising.nc --force": "the samples themselves",
    "estimate ising.nc --report folder/../ising.nc --force": "the samples themselves",
    f"{ESTIMATE} --critic big": "choose from interface, convolutional",
    f"{ESTIMATE} --objective big": "choose from donsker-varadhan, ",
    f"{ESTIMATE} --bound big": "choose from donsker-varadhan, ",
    f"{ESTIMATE} --kind big": "kind must be one of discrete",
    f"{ESTIMATE} --symmetries big": "choose from flip, ",
    f"{ESTIMATE} --axes draw,x": "name 2 axes but the array has 3",
    f"{ESTIMATE} --variable big": "no named variables",
    f"{ESTIMATE} --device big": "choose another one, such as cpu",
    f"{ESTIMATE} --device meta": "choose another one, such as cpu",
    f"{ESTIMATE} --steps 0": "'--steps'",
    f"{ESTIMATE} --steps many": "'--steps'",
    f"{ESTIMATE} --folds 1": "'--folds'",
    f"{ESTIMATE} --threads 0": "'--threads'",
    f"{ESTIMATE} --seed -1": "'--seed'",
    f"{ESTIMATE} --states 0": "positive whole number",
    f"{ESTIMATE} --bogus": "no such option: --bogus ",
    "estimate": "missing argument 'FILE'; see moiety estimate --help",
    "estimate spins.npy nan.npy": "unexpected extra argument",
    SAMPLE.replace("ising-square", "big"): "choose from ising-square, ",
    SAMPLE.replace("--size 8", "--size eight"): "as in 48x80",
    SAMPLE.replace("--size 8", "--size 8x"): "as in 48x80",
    SAMPLE.replace("--size 8", "--size -8"): "as in 48x80",
    SAMPLE.replace("--size 8", "--size 0"): "positive integer",
    SAMPLE.replace("--size 8", "--size 8x8x8"): "2 of them",
    SAMPLE.replace("--size 8", "--size 100000000"): "too large for the memory",
    SAMPLE.replace("--size 8", ""): "needs size",
    SAMPLE.replace("2.4", "-2.4"): "temperature must be a positive number",
    SAMPLE.replace("2.4", "nan"): "temperature must be a positive number",
    SAMPLE.replace("2.4", "hot"): "'--temperature'",
    SAMPLE.replace("new.nc", "result.nc"): "--force",
    SAMPLE.replace("new.nc", "new.txt"): "known are .npy, ",
    SAMPLE.replace("new.nc", "none/new.nc"): "does not exist",
    SAMPLE.replace("--out new.nc", ""): "missing option '--out'",
    f"{SAMPLE} --states 3": "no parameter 'states'; choose from",
    f"{SAMPLE} --samples 7": "at least 8",
    f"{SAMPLE} --chains 0": "at least 1",
    f"{SAMPLE} --seed -1": "at least 0",
    f"{SAMPLE} --algorithm big": "choose from heat-bath, ",
    f"{SAMPLE.replace('ising', 'potts')} --coupling -1 --algorithm wolff": "choose metropolis",
    "exact ising-square": "needs temperature",
    "exact ising-square --temperature 0": "positive number",
    "exact ising-square --temperature 2 --size L": "as in 48x80",
    "exact big --temperature 2": "choose from ising-square, ",
    "report none.nc --out new.html": "no such file",
    "report ising.nc --out new.html": "holds no result",
    "report cut.nc --out new.html": "cannot be read as a result",
    "report result.nc --out new.txt": "end the name in .html",
    "report result.nc --out none/new.html": "does not exist",
    "report result.nc": "missing option '--out'; see moiety report --help",
    "bogus": "no such command 'bogus'; see moiety --help",
    "--bogus": "no such option: --bogus; see moiety --help",
    "": "missing command; see moiety --help",
}


@pytest.mark.parametrize("words", BAD)
def test_bad_input_is_one_line(run, bad, monkeypatch, words):
    monkeypatch.chdir(bad)
    before = {path: path.stat().st_mtime_ns for path in bad.iterdir()}
    done = run(*words.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ") and done.err.count("\n") == 1
    assert BAD[words] in done.err
    assert {path: path.stat().st_mtime_ns for path in bad.iterdir()} == before


def test_outputs_are_checked_before_the_work(run, ising, tmp_path, monkeypatch):
    monkeypatch.setattr(
        io, "load", lambda *_, **__: pytest.fail("read before the outputs were checked")
    )
    for words in (("--out", tmp_path), ("--report", tmp_path / "none" / "x.html")):
        assert run("estimate", ising, *words).code == 2
    with pytest.raises(pytest.fail.Exception):  # negative control
        main(["estimate", str(ising)])


def test_an_estimate_that_cannot_be_made_is_code_1(run, tmp_path):
    np.save(tmp_path / "x.npy", np.full((64, 4, 4), 2.5))
    done = run(
        "estimate", tmp_path / "x.npy", "--periodic", "--kind", "real", "--out", tmp_path / "x.nc"
    )
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert names(tmp_path) == {"x.npy"}


def test_a_bug_keeps_its_traceback(monkeypatch, ising):
    monkeypatch.setattr(io, "load", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["estimate", str(ising)])


# Ctrl-C


def interrupting(monkeypatch, module, presses: int, when) -> None:
    """Press Ctrl-C at the first progress that `when(done, text)` accepts."""
    left = [presses]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let background jobs ignore it

    @contextmanager
    def bar(*_):
        def update(done, total, text):
            while when(done, text) and left[0]:
                left[0] -= 1
                os.kill(os.getpid(), signal.SIGINT)

        yield update

    monkeypatch.setattr(module, "progress_bar", bar)


def test_the_first_interrupt_extrapolates(run, monkeypatch, tmp_path, ising):
    interrupting(monkeypatch, _estimate, 1, lambda done, text: done >= 1)
    done = run("estimate", ising, *QUICK, "--json", "--out", tmp_path / "x.nc")
    assert done.code == 0
    assert "stopped early: 1 of 4 levels are extrapolated" in done.err
    top, next_one, *_ = json.loads(done.out)["levels"]
    assert (top["source"], top["status"], next_one["source"]) == (
        "extrapolated",
        "stopped",
        "estimated",
    )
    assert EntropyResult.load(tmp_path / "x.nc").levels[0].status == "stopped"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_interrupt_aborts(run, monkeypatch, tmp_path, ising):
    interrupting(monkeypatch, _estimate, 2, lambda done, text: True)
    done = run("estimate", ising, *QUICK, "--out", tmp_path / "x.nc")
    assert (done.code, done.out) == (130, "")
    assert done.err == "error: interrupted; no file was left half written\n"
    assert names(tmp_path) == set()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


SLOW = (
    "ising-square",
    "--size",
    8,
    "--temperature",
    2,
    "--samples",
    20000,
)  # 32 rounds of 0.1 s or so


def test_an_interrupt_during_the_burn_in_writes_nothing(run, monkeypatch, tmp_path):
    interrupting(monkeypatch, _sample, 1, lambda done, text: text == "burn-in")
    done = run("sample", *SLOW, "--burn-in", 100000, "--out", tmp_path / "x.nc")
    assert (done.code, done.out) == (130, "")
    assert done.err.endswith("error: stopped during the burn-in, before the first sample\n")
    assert names(tmp_path) == set()


def test_an_interrupt_keeps_the_samples_so_far(run, monkeypatch, tmp_path):
    interrupting(monkeypatch, _sample, 1, lambda done, text: done > 0)
    done = run("sample", *SLOW, "--thinning", 400, "--seed", 4, "--out", tmp_path / "x.nc")
    saved = io.load(tmp_path / "x.nc")
    assert done.code == 130 and f"holds {saved.n} of them" in done.err
    assert done.out.startswith(f"{saved.n} samples of 8x8")
    assert saved.chains == 8 and 8 <= saved.n < 20000 and saved.provenance["complete"] is False
    whole = moiety.system("ising-square", size=8, temperature=2.0).sample(
        saved.n, thinning=400, seed=4
    )
    assert np.array_equal(saved.values, whole.values)  # the same draws as without the interrupt


def test_a_second_interrupt_drops_the_samples(run, monkeypatch, tmp_path):
    interrupting(monkeypatch, _sample, 2, lambda done, text: True)
    done = run("sample", *SLOW, "--out", tmp_path / "x.nc")
    assert (done.code, done.out) == (130, "")
    assert done.err.endswith("error: interrupted; no file was left half written\n")
    assert names(tmp_path) == set()


# As a process


def start(*words, **streams) -> subprocess.Popen:
    command = [sys.executable, "-c", "from moiety.cli import main; main()", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **streams)


def test_a_terminal_sees_progress_and_stdout_stays_pure(ising):
    """A bar on stderr, one JSON object on stdout; Ctrl-C from the keyboard stops early."""
    keyboard, terminal = pty.openpty()
    process = start(
        "estimate", ising, "--steps", "100000", "--json", stderr=terminal, start_new_session=True
    )
    os.close(terminal)
    shown = ""
    while not re.search(r"\dx\d \| \dx\d", shown):  # the first level is under way
        shown += os.read(keyboard, 1000).decode()
    process.send_signal(signal.SIGINT)
    while True:
        try:
            shown += os.read(keyboard, 1000).decode()
        except OSError:  # Linux: the other end is closed
            break
    out = process.communicate()[0]
    os.close(keyboard)
    assert process.returncode == 0
    assert "stopping early" in shown and "stopped early" in shown
    assert "extrapolated" in {level["source"] for level in json.loads(out)["levels"]}


def test_exit_codes_of_processes(ising):
    process = start("exact", "ising-square", stderr=subprocess.PIPE)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (2, "", "error: ising-square needs temperature\n")


@pytest.mark.parametrize("words", [("--help",), ("exact", "ising-chain", "--temperature", "2")])
def test_a_closed_pipe_is_silent(words):
    process = start(*words, stderr=subprocess.PIPE)
    process.stdout.close()  # long before it prints
    assert process.stderr.read() == ""
    assert process.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_stdout_is_one_line():
    command = [
        sys.executable,
        "-c",
        "from moiety.cli import main; main()",
        "exact",
        "ising-chain",
        "--temperature",
        "2",
    ]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "No space left" in done.stderr
