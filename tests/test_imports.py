"""Imports follow the layers of pyproject.toml; importing moiety is silent and light."""

import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from importlinter import cli

import moiety

ROOT = Path(__file__).parents[1]
HEAVY = ["torch", "matplotlib", "xarray", "numba", "typer", "scipy", "h5py", "jinja2", "rich"]


def lint(folder: Path, layers: list[str]) -> int:
    """Exit code of the import linter for layers of moiety, the highest first."""
    quoted = ", ".join(f'"{layer}"' for layer in layers)
    (folder / "pyproject.toml").write_text(
        f"""
        [tool.importlinter]
        root_package = "moiety"
        exclude_type_checking_imports = true
        [[tool.importlinter.contracts]]
        name = "layers"
        type = "layers"
        containers = ["moiety"]
        layers = [{quoted}]
        exhaustive = true
        """
    )
    return cli.lint_imports(config_filename=str(folder / "pyproject.toml"), no_cache=True)


@pytest.fixture(scope="module")
def layers() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return project["tool"]["importlinter"]["contracts"][0]["layers"]


def test_imports_follow_the_layers(layers, tmp_path):
    assert lint(tmp_path, layers) == 0
    assert len(layers) <= 11  # ten floors and the door


def test_imports_upwards_and_unknown_packages_are_noticed(layers, tmp_path):
    assert lint(tmp_path, layers[::-1]) != 0
    assert lint(tmp_path, layers[:-1]) != 0


# Importing is light


def fresh_python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60
    )


def test_importing_is_silent_and_light():
    assert all(map(find_spec, HEAVY))  # otherwise their absence proves nothing
    bad = f"sorted(set({HEAVY}) & set(sys.modules))"
    report = f"import sys; sys.exit(' '.join({bad}) or None)"
    for code in ("import moiety", "from moiety import InputError, Samples, ladder"):
        done = fresh_python(f"{code}; {report}")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    heavy = fresh_python(f"import moiety.exact.onsager; {report}")
    assert heavy.returncode == 1 and "scipy" in heavy.stderr  # negative control


def test_public_names():
    assert set(dir(moiety)) == set(moiety.__all__)
    assert issubclass(moiety.InputError, moiety.MoietyError) and issubclass(
        moiety.InputError, ValueError
    )
    assert moiety.EstimateError("half way", learnt=[1, 2]).learnt == [1, 2]
    with pytest.raises(AttributeError):
        moiety.Sample  # noqa: B018  # the access is what raises
