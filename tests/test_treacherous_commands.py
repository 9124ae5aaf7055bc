"""Every row of the table of bad command lines and plans: one line, its code, nothing written."""

import shlex

import pytest

from treacherous_commands import ROWS, prepare


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("treacherous")
    prepare(folder)
    return folder


def listing(folder):
    """Every name below a folder, with size and time of regular files."""
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns) if path.is_file() else None
        for path in folder.rglob("*")
    }


def is_plan(typed):
    return "[[" in typed


@pytest.mark.parametrize(("what", "typed", "shown", "code"), ROWS, ids=[row[0] for row in ROWS])
def test_one_line_and_nothing_written(run, folder, monkeypatch, what, typed, shown, code):
    monkeypatch.chdir(folder)
    (folder / "bad.toml").write_text(typed if is_plan(typed) else "")
    words = "sweep bad.toml --out new --dry-run" if is_plan(typed) else typed
    before = listing(folder)
    done = run(*shlex.split(words))
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("error: ") and done.err.count("\n") == 1 and len(done.err) < 700
    assert shown in done.err and done.err.rstrip("\n").isprintable()
    assert listing(folder) == before


def test_the_table_is_long_and_its_rows_differ():
    assert len({what for what, *_ in ROWS}) == len(ROWS) >= 100


def test_a_good_plan_passes(run, folder, monkeypatch):  # negative control
    monkeypatch.chdir(folder)
    done = run("sweep", "good.toml", "--out", "new", "--dry-run")
    assert done.code == 0 and "2 of 2 state points to do" in done.out
    assert not (folder / "new").exists()
