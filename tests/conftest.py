"""What several files of tests need."""

from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def one_thread():
    """Threads that wait for a busy core make small networks a hundred times slower."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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
