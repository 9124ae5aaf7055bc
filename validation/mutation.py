"""Mutation testing: which mistakes in the sum of the entropy would the tests notice?

mutmut (https://mutmut.readthedocs.io) changes one operator, number, string or argument at a time
in a copy of the sources and runs the tests that reach it.  [tool.mutmut] in pyproject.toml names
the modules and their tests.  mutmut skips decorated functions, so properties of the copy become
plain methods first:

    @property                     def _get_volume(self): ...
    def volume(self): ...   ->    volume = property(_get_volume)

The score is the share of mutants that make a test fail.  A mutant that no test reaches is alive.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPY = ROOT / "mutants"
SPINNER = tuple("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
DEAD = ("killed", "timeout", "segfault", "caught by type check")


def with_plain_properties(source: str) -> str:
    r"""Return a module whose properties are methods that `property` wraps.

    Args:
        source: Text of the module.

    Example:
        >>> print(with_plain_properties("class A:\n @property\n def x(self): return 1"))
        class A:
         def _get_x(self): return 1
         x = property(_get_x)
    """
    lines = source.splitlines()
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    methods = [item for node in classes for item in node.body if isinstance(item, ast.FunctionDef)]
    for method in sorted(methods, key=lambda method: -method.lineno):
        wrappers = [ast.unparse(decorator) for decorator in method.decorator_list]
        if wrappers in (["property"], ["cached_property"]):
            indent = " " * method.col_offset
            lines.insert(
                method.end_lineno, f"{indent}{method.name} = {wrappers[0]}(_get_{method.name})"
            )
            head = lines[method.lineno - 1]
            lines[method.lineno - 1] = head.replace(
                f"def {method.name}", f"def _get_{method.name}", 1
            )
            del lines[method.decorator_list[0].lineno - 1]
    return "\n".join(lines)


def prepare() -> None:
    """Copy sources and tests to a folder in which mutmut runs."""
    shutil.rmtree(COPY, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, COPY / name, ignore=ignored)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (COPY / "pyproject.toml").write_text(text, encoding="utf-8")
    for name in tomllib.loads(text)["tool"]["mutmut"]["only_mutate"]:
        module = COPY / name
        source = with_plain_properties(module.read_text(encoding="utf-8"))
        module.write_text(source + "\n", encoding="utf-8")


def mutmut(*words: str) -> str:
    """Run mutmut in the copy and return what it prints.

    Args:
        words: Its command line.
    """
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "mutmut", *words]
    done = subprocess.run(
        command,
        cwd=COPY,
        env=environment | {"OMP_NUM_THREADS": "1"},
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith(SPINNER)]
    if done.returncode:
        sys.exit("\n".join([*lines[-20:], "mutmut failed; do the tests of [tool.mutmut] pass?"]))
    return "\n".join(lines)


def report(least: float) -> bool:
    """Print survivors and the score of each module; return whether the score suffices.

    Args:
        least: Smallest score that suffices, in percent.
    """
    outcomes = dict(
        line.strip().rsplit(": ", 1) for line in mutmut("results", "--all", "1").splitlines()
    )
    outcomes = {name: outcome for name, outcome in outcomes.items() if outcome != "not checked"}
    for name, outcome in outcomes.items():
        if outcome not in DEAD:
            diff = mutmut("show", name).splitlines()
            changes = [line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---")]
            print(f"{name}: {outcome}", *changes, sep="\n", end="\n\n")
    modules = {name: name.rpartition(".")[0] for name in outcomes}
    alive = Counter(modules[name] for name, outcome in outcomes.items() if outcome not in DEAD)
    for module, count in Counter(modules.values()).items():
        print(f"{module}: {count - alive[module]} of {count} mutants killed")
    score = 100 * (1 - alive.total() / len(outcomes))
    print(f"{score:.1f}% of {len(outcomes)} mutants killed, {least:g}% wanted")
    return score >= least


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="only these mutants, as 'moiety.geometry.cuts.*'")
    parser.add_argument("--least", type=float, default=85, help="percent of mutants to be killed")
    options = parser.parse_args()
    prepare()
    mutmut("run", *options.names)
    sys.exit(not report(options.least))
