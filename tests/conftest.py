"""Fixtures that several files of tests share."""

from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def one_thread():
    """Run torch on one thread; threads that wait for a busy core make small networks slow."""
    from moiety.estimation.folds import one_thread

    with one_thread():
        yield


@pytest.fixture(scope="session")
def ising(tmp_path_factory):
    """A file with samples of a 4x4 torus, which leave two cuts to networks."""
    import moiety
    from moiety import io

    path = tmp_path_factory.mktemp("ising") / "ising.nc"
    model = moiety.system("ising-square", size=4, temperature=3.0)
    io.save(model.sample(256, seed=1, algorithm="swendsen-wang"), path)
    return path


@pytest.fixture
def run(capsys, monkeypatch):
    """`run("exact", ...)` -> code, out, err, as in a terminal of 80 columns."""
    from moiety.cli import main

    monkeypatch.setenv("COLUMNS", "80")

    def call(*words) -> SimpleNamespace:
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return SimpleNamespace(code=end.value.code, out=out, err=err)

    return call
