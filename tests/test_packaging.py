"""What a wheel contains, without building one, and versions that have to agree."""

import re
import tomllib
from pathlib import Path

import pytest
from setuptools import Distribution

import moiety

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "moiety"


@pytest.fixture
def shipped(monkeypatch) -> set[Path]:
    """Files other than modules that setuptools puts into a wheel."""
    monkeypatch.chdir(ROOT)
    distribution = Distribution()
    distribution.parse_config_files()
    distribution.include_package_data = False  # skips writing a manifest, which names no more
    build = distribution.get_command_obj("build_py")
    build.ensure_finalized()
    return {Path(folder, name) for _, folder, _, names in build.data_files for name in names}


def test_a_wheel_has_every_file_that_is_not_a_module(shipped):
    files = {
        path.relative_to(ROOT)
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".py" and path.parent.name != "__pycache__"
    }
    assert shipped == files
    assert Path("src/moiety/py.typed") in files  # types are part of the interface (PEP 561)


def test_versions_agree():
    for name, pattern in (
        ("pyproject.toml", r'^version = "(.*)"$'),
        ("CITATION.cff", r"^version: (.*)$"),
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert re.findall(pattern, text, re.MULTILINE) == [moiety.__version__], name


def test_every_requirement_is_pinned():
    """constraints.txt names each package that pyproject.toml asks for."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = re.findall(r'"([A-Za-z][\w-]*)(?:\[\w+\])?>=', text)
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    names = {normalised(line.split("==")[0]) for line in pins}
    assert len(wanted) > 30 and {normalised(name) for name in wanted} <= names
    assert pins == sorted(pins, key=str.lower) and all("==" in pin for pin in pins)


def test_mutation_testing_names_files_that_exist():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    named = [
        *tools["mutmut"]["only_mutate"],
        *tools["mutmut"]["pytest_add_cli_args_test_selection"],
    ]
    assert len(named) > 8 and all((ROOT / name).is_file() for name in named)


def normalised(name: str) -> str:
    """Project names compare without case, and with `_` as `-` (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
