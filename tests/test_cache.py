"""Compiled kernels are dropped when any source of their package changes."""

from pathlib import Path

import moiety.systems
from moiety.systems.dynamics.cache import drop_stale_kernels


def package(folder):
    """A package with a kernel that calls a kernel of its subpackage, both compiled."""
    for name, text in (("caller.py", "1"), ("inner/callee.py", "2")):
        source = folder / name
        (source.parent / "__pycache__").mkdir(parents=True)
        source.write_text(text)
    drop_stale_kernels(folder)
    for cache in (folder / "__pycache__", folder / "inner" / "__pycache__"):
        for name in ("kernel.run-1.nbi", "kernel.run-1.1.nbc", "kernel.cpython.pyc"):
            (cache / name).write_text("compiled")
    return folder


def compiled(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("kernel.*")}


def test_nothing_is_dropped_while_nothing_changes(tmp_path):
    folder = package(tmp_path)
    assert not drop_stale_kernels(folder)
    assert len(compiled(folder)) == 6


def test_a_change_of_the_subpackage_drops_the_kernels_of_both_folders(tmp_path):
    folder = package(tmp_path)
    (folder / "inner" / "callee.py").write_text("3")
    assert drop_stale_kernels(folder)
    assert compiled(folder) == {
        "__pycache__/kernel.cpython.pyc",
        "inner/__pycache__/kernel.cpython.pyc",
    }
    assert not drop_stale_kernels(folder)


def test_a_change_of_the_package_drops_the_kernels_of_both_folders(tmp_path):
    folder = package(tmp_path)
    (folder / "caller.py").write_text("3")
    assert drop_stale_kernels(folder)
    assert not any(name.endswith(("nbi", "nbc")) for name in compiled(folder))


def test_a_folder_that_cannot_be_written_is_not_an_error(tmp_path):
    (tmp_path / "caller.py").write_text("1")
    (tmp_path / "__pycache__").write_text("a file, so nothing can be stored here")
    assert drop_stale_kernels(tmp_path)


def test_importing_the_package_drops_its_stale_kernels():
    folder = Path(moiety.systems.__file__).parent
    kernels = [path for path in folder.rglob("*.py") if "@njit" in path.read_text()]
    assert {path.parent.name for path in kernels} == {"systems", "dynamics"}
    assert not drop_stale_kernels(folder)  # done when the package was imported
