"""Bad and treacherous input: one line that says why, the right exit code, nothing written.

The rows stand in `treacherous_files`, `treacherous_commands` and `treacherous_samples`; the table
of `docs/trust.md` is made from them.
"""

import re
import signal

import pytest

import moiety
from moiety import EstimateError, InputError
from moiety.estimation.training import Training
from small import SMALL
from treacherous_files import ROWS as FILES
from treacherous_samples import GOOD
from treacherous_samples import ROWS as SAMPLES

QUICK = {
    "critic": SMALL,
    "training": Training(steps=15, batch=128),
    "cross_check": False,
    "precision": 1.0,
    "seed": 1,
}


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def soon():
    """Whatever is refused is refused soon; most answers take less than a second."""

    def late(*_):
        pytest.fail("there is no answer after a minute")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def untrained(monkeypatch, soon):
    """Whatever is refused is refused before any training."""
    import torch

    def step(*_, **__):
        pytest.fail("a network was trained")

    monkeypatch.setattr(torch.optim.Adam, "step", step)


@pytest.mark.parametrize("row", FILES, ids=lambda row: row.what)
def test_a_file_or_an_option_is_refused_in_one_line(run, untrained, tmp_path, monkeypatch, row):
    monkeypatch.chdir(tmp_path)
    path = row.make(tmp_path)
    words = row.words if isinstance(row.words, list) else row.words.split()
    before = names(tmp_path)
    done = run("estimate", path, *(path if word == "FILE" else word for word in words), "--quiet")
    assert (done.code, done.out) == (row.code, "")
    assert re.fullmatch(r"error: [^\n]+\n", done.err), done.err
    assert re.search(row.line, done.err), done.err
    assert len(done.err) < 600
    assert names(tmp_path) == before


@pytest.mark.parametrize("row", SAMPLES, ids=lambda row: row.what)
def test_samples_that_break_the_assumptions_are_doubtful_and_say_why(one_thread, row):
    reasons = warnings_of(row)
    assert reasons is not None and re.search(row.reason, " ".join(reasons)), reasons


@pytest.mark.parametrize("row", GOOD, ids=lambda row: row.what)
def test_good_samples_raise_no_doubt_about_themselves(one_thread, row):
    inspection = moiety.inspect(row.make())
    assert inspection.ok, inspection.warnings


def warnings_of(row):
    """Warnings about samples, after checking that no confident wrong number comes with them."""
    try:
        result = moiety.estimate_entropy(row.make(), **QUICK)
    except (InputError, EstimateError) as error:
        return [str(error)]
    if result.status.ok:
        near = row.exact is not None and abs(result.entropy - row.exact) < 3 * result.error
        assert near, f"a confident wrong number: {result}, exact {row.exact}"
    return result.status.warnings


def test_there_are_at_least_a_hundred_rows():
    rows = [row.what for row in (*FILES, *SAMPLES)]
    assert len(rows) >= 100 and len(set(rows)) == len(rows)
