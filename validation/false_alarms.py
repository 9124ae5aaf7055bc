"""False alarms of `moiety.inspect` over homogeneous systems in equilibrium.

Every state point of the accuracy tables, and others of further systems, gives 24 data sets of 256
samples: single chains, groups of 4 chains and groups of 16 chains.  Half of the state points have
consecutive draws that are correlated (one update apart), the others practically independent ones.
Small lattices make many data sets; windows of a larger lattice are read as such.  The exit code is
1 if more than 1% of the data sets fail any check.  The exact entropy, where it is known, must also
pass the check against the entropies of small blocks.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np

from accuracy import FIELDS, SWEEPS
from moiety import Samples, inspect, system
from moiety.entropy.own_blocks import below_blocks, block_bound

MOST = 0.01  # share of the data sets
DRAWS = 256  # samples of a data set
LAYOUTS = {1: 4, 4: 4, 16: 16}  # chains of a data set: number of chains to cut into such sets


def points() -> Iterator[tuple[str, dict[str, Any]]]:
    """Systems and their parameters."""
    for name, sizes in (("ising", (8, 16, 32)), ("triangular", (6, 12, 24)), ("xy", (8, 16))):
        sweep = SWEEPS[name]
        for size in sizes:
            for point in sweep.points:
                yield sweep.name, {"size": size, **sweep.fixed, **point}
    for point in FIELDS:
        yield "xy-square", {"size": 8, **point}
    for temperature in (0.5, 0.8, 1.2, 2.0):
        yield "ising-square", {"size": 4, "temperature": temperature}
        yield "ising-square", {"size": 8, "temperature": 2 * temperature, "coupling": -1.0}
        yield "ising-square", {"size": 8, "temperature": temperature, "field": 0.2}
        yield "ising-chain", {"size": 16, "temperature": temperature}
        yield "ising-cubic", {"size": 6, "temperature": 3.5 * temperature}
        for states in (3, 4, 7):
            yield "potts-square", {"size": 8, "states": states, "temperature": temperature}
    for mass in (0.1, 0.5, 2.0):
        yield "gaussian-field", {"size": 8, "mass": mass}
        yield "gaussian-field", {"size": 16, "mass": mass}
    for stay in (0.5, 0.9, 0.97):
        yield "markov-chain", {"size": 32, "stay": stay, "states": 2}
        yield "markov-chain", {"size": 16, "stay": stay, "states": 12}


def drawn(name: str, parameters: dict[str, Any], seed: int, correlated: bool) -> Samples:
    """Samples of a state point for all its data sets."""
    chains = sum(LAYOUTS.values())
    options: dict[str, Any] = {"chains": chains, "seed": seed}
    if correlated and name not in ("gaussian-field", "markov-chain"):
        options["thinning"] = 1
    return system(name, **parameters).sample(chains * DRAWS, **options)


def data_sets(samples: Samples) -> Iterator[Samples]:
    """Cut samples into data sets."""
    start = 0
    for chains, number in LAYOUTS.items():
        for first in range(start, start + number, chains):
            for draw in range(0, DRAWS, DRAWS // chains):
                part = samples.values[first : first + chains, draw : draw + DRAWS // chains]
                yield samples.replace(values=np.ascontiguousarray(part))
        start += number


def windows(samples: Samples) -> Iterator[Samples]:
    """The data sets, and for large lattices windows of them."""
    for index, part in enumerate(data_sets(samples)):
        yield part
        if len(part.shape) == 2 and part.shape[0] >= 16 and index % 3 == 0:
            inner = np.ascontiguousarray(part.values[..., :8, :8])
            yield part.replace(values=inner, periodic=(False, False))


def too_low(samples: Samples, exact: float | None) -> dict[str, float]:
    """The check of an entropy against the entropies of blocks, if the exact one fails it."""
    if exact is None or samples.kind != "discrete" or not all(samples.periodic):
        return {}
    bound = block_bound(samples)
    if bound is None or below_blocks(exact, 0.0, bound).passed:
        return {}
    return {"s <= H(block)": (exact - bound.entropy) / bound.error}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="name of a system")
    options = parser.parse_args()
    failed, total, alarmed, started = Counter[str](), 0, 0, perf_counter()
    for index, (name, parameters) in enumerate(points()):
        if options.only not in (None, name):
            continue
        here = Counter[str]()
        correlated = (index + options.seed) % 2 == 0
        exact = system(name, **parameters).exact_entropy()
        for samples in windows(drawn(name, parameters, options.seed + index, correlated)):
            failures = {one.name: one.figure for one in inspect(samples).findings if not one.passed}
            failures |= too_low(samples, exact)
            total, alarmed = total + 1, alarmed + bool(failures)
            for check, figure in failures.items():
                here[check] += 1
                print(f"    {samples!r}: {check} {figure:.3g}", flush=True)
        failed += here
        if here:
            kind = "correlated" if correlated else "independent"
            print(f"{name} {parameters}, {kind} draws: {dict(here)}", flush=True)
    seconds = perf_counter() - started
    print(f"{alarmed} of {total} data sets ({100 * alarmed / total:.2g}%) in {seconds:.0f} s")
    print(", ".join(f"{name}: {count}" for name, count in failed.items()) or "no false alarm")
    return int(alarmed > MOST * total)


if __name__ == "__main__":
    sys.exit(main())
