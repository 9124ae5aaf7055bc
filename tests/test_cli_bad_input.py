"""Bad input: code 2 and one line that says what to do; nothing else is printed or written."""

import numpy as np
import pytest

import moiety
from moiety import Samples, io
from moiety.cli import main

SPINS = np.random.default_rng(0).choice([-1, 1], size=(64, 8, 8)).astype(np.int8)


@pytest.fixture(scope="module")
def bad(tmp_path_factory, ising):
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
    (folder / "ising.nc").write_bytes(ising.read_bytes())
    flat = Samples.from_array(np.ones((64, 4, 4), np.int8), periodic=True)
    moiety.estimate_entropy(flat, cross_check=False).save(folder / "result.nc")
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
    "estimate spins.npy": "say --boundary periodic",
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
    def load(*_, **__):
        pytest.fail("samples were read before the outputs were checked")

    monkeypatch.setattr(io, "load", load)
    for words in (("--out", tmp_path), ("--report", tmp_path / "none" / "x.html")):
        assert run("estimate", ising, *words).code == 2
    with pytest.raises(pytest.fail.Exception):  # negative control
        main(["estimate", str(ising)])


def test_an_impossible_estimate_is_code_1(run, tmp_path):
    np.save(tmp_path / "x.npy", np.full((64, 4, 4), 2.5))
    words = (tmp_path / "x.npy", "--periodic", "--kind", "real", "--out", tmp_path / "x.nc")
    done = run("estimate", *words)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


def test_a_bug_keeps_its_traceback(monkeypatch, ising):
    monkeypatch.setattr(io, "load", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["estimate", str(ising)])
