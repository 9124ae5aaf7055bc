"""Imports run downwards: a module may use the rows above its own, and nothing in a circle."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

import pytest

import moiety

ROOT = Path(moiety.__file__).parent
TABLE = """
    errors random scratch clock _types
    samples chains geometry particles
    io systems exact
    pairs critics objectives crops
    contexts densities
    training
    readout sites scalars
    mutual_information conditional
    blocks tail plots
    climb
    results
    checks
    entropy excess
    baselines choices probe
    sweep
    report paper
    cli
    __main__
"""
ROWS = {module: row for row, line in enumerate(TABLE.strip().splitlines(), start=1) for module in line.split()}
HEAVY = ["torch", "matplotlib", "xarray", "numba", "typer", "scipy", "h5py", "jinja2", "rich"]


def all_modules() -> dict[str, Path]:
    """Dotted names below `moiety`, such as "io.hdf5"; a package is called as its `__init__`."""
    files = {path: path.relative_to(ROOT).with_suffix("").parts for path in sorted(ROOT.rglob("*.py"))}
    return {".".join(parts[:-1] if parts[-1] == "__init__" else parts): path for path, parts in files.items()}


def used_by(module: str, source: str, modules, is_package: bool = False) -> set[str]:
    """The modules of moiety that a source imports, at its top or in a function, but not for types alone."""
    base = ["moiety", *filter(None, module.split("."))]
    package = base if is_package else base[:-1]
    found = set()
    for node in _nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package[: len(package) - node.level + 1] if node.level else []
            parent = ".".join([*parts, *filter(None, [node.module])])
            submodules = {f"{parent}.{alias.name}" for alias in node.names}
            known = {name for name in submodules if name.removeprefix("moiety.") in modules}
            found |= known | ({parent} if len(known) < len(submodules) else set())
    inside = {name.removeprefix("moiety").removeprefix(".") for name in found if name.split(".")[0] == "moiety"}
    return inside - {module}


def _nodes(tree: ast.AST):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _nodes(node)


def row(module: str) -> int:
    """Row of the table; the root itself, which may not import any of it, is row 0."""
    top = module.split(".")[0]
    if top and top not in ROWS:
        pytest.fail(f"{module} is not in the table of DESIGN.md")
    return ROWS.get(top, 0)


MODULES = all_modules()
GRAPH = {
    module: used_by(module, path.read_text(), MODULES, path.name == "__init__.py") for module, path in MODULES.items()
}


def test_the_graph_is_seen():
    assert {"", "errors", "samples", "io", "io.hdf5", "critics", "systems.ising_square"} <= set(GRAPH)
    assert "geometry" in GRAPH["pairs"] and "exact.kaufman" in GRAPH["systems.ising_square"]
    assert GRAPH["random"] == set()  # torch is no module of ours
    assert set.union(*GRAPH.values()) <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downwards(module):
    upwards = {name for name in GRAPH[module] if row(name) > row(module)}
    assert not upwards, f"{module} is in row {row(module)} and imports {upwards}"


def test_no_cycles():
    order = list(TopologicalSorter(GRAPH).static_order())
    assert set(order) == set(MODULES)


def test_the_table_is_complete():
    assert {module.split(".")[0] for module in MODULES} - {""} <= set(ROWS)


# Negative controls: sources that break the rules are seen to


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("from .errors import InputError", {"errors"}),
        ("from . import errors, samples", {"errors", "samples"}),
        ("from . import __version__", {""}),
        ("from .io import hdf5, load", {"io.hdf5", "io"}),
        ("import moiety.entropy", {"entropy"}),
        ("import moiety\nfrom moiety import entropy as e, Samples", {"", "entropy"}),
        ("def f():\n    if x:\n        from .cli import main", {"cli"}),
        ("if TYPE_CHECKING:\n    from .cli import main", set()),
        ("if typing.TYPE_CHECKING:\n    from .cli import main\nfrom .tail import is_level", {"tail"}),
        ("import numpy, torch.nn\nfrom scipy import errors", set()),
    ],
)
def test_every_way_to_import_is_seen(source, used):
    assert used_by("pairs", source, {"errors", "samples", "io", "io.hdf5", "entropy", "cli", "tail"}) == used


def test_relative_imports_are_resolved():
    both, source = {"io._format", "errors"}, "from ._format import x\nfrom .. import errors"
    assert used_by("io.hdf5", source, both) == both
    assert used_by("io", source, both, is_package=True) == both
    assert used_by("io.deep.module", "from ...errors import y\nfrom .._format import x", both) == both


def test_a_circle_and_a_stranger_would_be_seen():
    with pytest.raises(CycleError):
        TopologicalSorter({**GRAPH, "errors": {"pairs"}}).prepare()
    with pytest.raises(pytest.fail.Exception):
        row("helpers.core")
    assert row("entropy") > row("critics.interface") > row("")


# Importing is light


def fresh_python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)


def test_importing_is_silent_and_light():
    assert all(map(find_spec, HEAVY))  # else their absence would prove nothing
    report = f"import sys; bad = sorted(set({HEAVY}) & set(sys.modules)); sys.exit(' '.join(bad) or None)"
    for code in ("import moiety", "from moiety import InputError, Samples, ladder"):
        done = fresh_python(f"{code}; {report}")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    heavy = fresh_python(f"import moiety.pairs; {report}")
    assert heavy.returncode == 1 and "torch" in heavy.stderr  # negative control


def test_public_names_are_what_they_say():
    assert set(dir(moiety)) == set(moiety.__all__)
    assert issubclass(moiety.InputError, moiety.MoietyError) and issubclass(moiety.InputError, ValueError)
    assert moiety.EstimateError("half way", learnt=[1, 2]).learnt == [1, 2]
    with pytest.raises(AttributeError):
        moiety.Sample
