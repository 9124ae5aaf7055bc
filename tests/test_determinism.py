"""The same seed gives bitwise the same numbers, with any number of threads, for every verb.

Each run is a process of its own, because `OMP_NUM_THREADS` is read once.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("every_verb.py")
RUNS = {"plain": (1, 1), "two OpenMP threads": (2, 2), "three threads": (1, 3)}


@pytest.fixture(scope="module")
def digests(tmp_path_factory):
    """Digests of the numbers of every verb, by run."""
    return {
        name: verbs(tmp_path_factory.mktemp("run"), omp, threads)
        for name, (omp, threads) in RUNS.items()
    }


def verbs(folder, omp, threads):
    environment = {**os.environ, "OMP_NUM_THREADS": str(omp)}
    command = [sys.executable, str(SCRIPT), str(folder), str(threads)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", [name for name in RUNS if name != "plain"])
def test_the_seed_alone_decides_the_numbers(digests, name):
    assert len(digests["plain"]) >= 14
    different = {v for v, number in digests["plain"].items() if digests[name][v] != number}
    assert different == set()


def test_verbs_differ_from_each_other(digests):
    """Negative control: a digest that is the same for everything would show nothing."""
    assert len(set(digests["plain"].values())) == len(digests["plain"])
