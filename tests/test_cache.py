"""Compiled kernels are dropped when any source of their folder changes."""

from pathlib import Path

import moiety.systems
from moiety.systems.dynamics.cache import drop_stale_kernels


def test_kernels_go_with_any_change_of_the_sources(tmp_path):
    cache = tmp_path / "__pycache__"
    cache.mkdir()
    (tmp_path / "caller.py").write_text("1")
    (tmp_path / "callee.py").write_text("2")
    drop_stale_kernels(tmp_path)
    for name in ("caller.one.nbi", "caller.one.1.nbc", "caller.cpython.pyc"):
        (cache / name).write_text("compiled")
    assert not drop_stale_kernels(tmp_path)
    assert len(list(cache.glob("caller.*"))) == 3  # nothing has changed
    (tmp_path / "callee.py").write_text("3")
    assert drop_stale_kernels(tmp_path)
    assert [path.name for path in cache.glob("caller.*")] == ["caller.cpython.pyc"]


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "caller.py").write_text("1")
    (tmp_path / "__pycache__").write_text("a file, where nothing can be put")
    assert drop_stale_kernels(tmp_path)


def test_the_package_looks_after_its_kernels():
    assert not drop_stale_kernels(Path(moiety.systems.__file__).parent)  # done when it was imported
