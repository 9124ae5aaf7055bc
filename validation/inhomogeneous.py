"""Accuracy on samples whose sites differ: the table of docs/choose.md.

    python validation/inhomogeneous.py --seeds 3

Each case is drawn anew for every seed, couplings and probabilities included.  Entropies are exact:
sums over sites, or transfer matrices from row to row.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter

from moiety import Samples, estimate_entropy

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from inhomogeneous_samples import (
    diluted_ising,
    frozen_site,
    glass,
    open_ising,
    own_probabilities,
    own_rates,
)

SAMPLES = 1024


def drawn(model, seed):
    """Samples of a model with free ends, and its entropy."""
    return model.sample(SAMPLES, seed), model.entropy()


CASES = {
    "spins, each with its own p": lambda seed: own_probabilities(seed, SAMPLES),
    "one frozen spin": lambda seed: frozen_site(seed, SAMPLES),
    "64 units, each with its own rate": lambda seed: own_rates(seed, SAMPLES),
    "free ends, Ising, T = 2.2": lambda seed: drawn(open_ising(), seed),
    "the same, a quarter vacant": lambda seed: drawn(diluted_ising(seed), seed),
    "±J glass, T = 1.5": lambda seed: drawn(glass(seed, temperature=1.5), seed),
}


def row(name: str, seed: int) -> str:
    """One estimate as a row of the table."""
    array, exact = CASES[name](seed)
    axes = ("draw", "x", "y")[: array.ndim]
    started = perf_counter()
    result = estimate_entropy(Samples.from_array(array, axes=axes, boundary="free"), seed=seed)
    sigmas = (result.entropy - exact) / result.error
    values = f"{result.entropy:.4f} | {result.error:.4f} | {exact:.4f} | {sigmas:+.1f}"
    return f"| {name} | {seed} | {values} | {perf_counter() - started:.0f} |"


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=3)
    chosen = options.parse_args()
    print("| samples | seed | s | error | exact | deviation / error | seconds |")
    print("|---|---|---|---|---|---|---|")
    for name in CASES:
        for seed in range(chosen.seeds):
            print(row(name, seed), flush=True)


if __name__ == "__main__":
    main()
