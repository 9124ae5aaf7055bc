"""Accuracy of `estimate_entropy` on the 64x64 Ising lattice, default settings, no cross-check: `make validate`.

Prints, and keeps in docs/validation.md, one row a temperature with z = (s - exact) / error,
then M per level at the two temperatures where theory says what it must be.  Exits with 1 where
a target is missed.
"""

import argparse
import sys
from pathlib import Path
from time import perf_counter

from _tables import Page, provenance
from moiety import estimate_entropy, system

TEMPERATURES = (1.8, 2.1, 2.269185, 2.4, 2.7, 3.5)
MOST_ERROR, MOST_SIGMAS, MOST_SECONDS = 0.004, 3.0, 150.0
LOG_2 = 0.6931471805599453


def estimated(temperature, seed):
    model = system("ising-square", size=64, temperature=temperature)
    samples = model.sample(2048, seed=seed)
    started = perf_counter()
    return model.exact_entropy(), estimate_entropy(samples, seed=seed, cross_check=False), perf_counter() - started


def accuracy(seed, show):
    """Rows of the table, and whether all targets are met."""
    met = True
    show("| T | exact | s | error | s - exact | z | seconds | levels from the area law | status |")
    show("|---|---|---|---|---|---|---|---|---|")
    for temperature in TEMPERATURES:
        exact, result, seconds = estimated(temperature, seed)
        difference = result.entropy - exact
        met &= abs(difference) <= MOST_ERROR and abs(difference) <= MOST_SIGMAS * result.error and seconds <= MOST_SECONDS
        tail = sum(level.source == "extrapolated" for level in result.levels)
        show(
            f"| {temperature:g} | {exact:.5f} | {result.entropy:.5f} | {result.error:.5f} | {difference:+.5f} "
            f"| {difference / result.error:+.2f} | {seconds:.0f} | {tail} | {result.status} |"
        )
    return met


def limits(seed, show):
    """M -> log 2 at low temperature, l / (2 T^2) at high temperature."""
    met = True
    for temperature, name in ((0.8, "M - log 2 (at most 0.02)"), (10.0, "2 T^2 M / l - 1 (at most 0.10)")):
        exact, result, seconds = estimated(temperature, seed)
        show(f"\nT = {temperature:g}: s = {result.entropy:.5f} ± {result.error:.5f}, exact {exact:.5f}, {seconds:.0f} s\n")
        show(f"| half | interface | M | error | {name} |\n|---|---|---|---|---|")
        for level in result.levels:
            m = level.mutual_information
            off = m - LOG_2 if temperature < 1 else 2 * temperature**2 * m / level.interface - 1
            met &= abs(off) <= (0.02 if temperature < 1 else 0.10)
            shape = "x".join(map(str, level.shape))
            show(f"| {shape} | {level.interface} | {m:.4f} | {level.error:.4f} | {off:+.4f} |")
    return met


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of samples and networks")
    parser.add_argument("--out", type=Path, default=Path("docs/validation.md"))
    options = parser.parse_args()
    show = Page()
    show("# Accuracy on the 64x64 Ising lattice, 2,048 samples, default settings, no cross-check\n")
    show(provenance(f"validation/run.py --seed {options.seed}"))
    show("Run by `make validate`.  Errors are in nats per site, the exact value is Kaufman's")
    show(f"torus.  Targets: |s - exact| <= {MOST_ERROR}, |z| <= {MOST_SIGMAS:g}, {MOST_SECONDS:.0f} s.\n")
    met = [accuracy(options.seed, show), limits(options.seed, show)]
    show("\nAll targets met." if all(met) else "\nA target was missed.")
    options.out.write_text(show.text)
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
