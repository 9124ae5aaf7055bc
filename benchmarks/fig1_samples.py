"""Time of the samples of the paper's first figure, on all cores: `python benchmarks/fig1_samples.py`.

Three systems of 64x64 at 16 temperatures up to T = 4, and 2,048 samples at each, burn-in and
all, by the default algorithm.  The lowest temperature of each is 0.1.  Compiling comes before
the clock starts: by a short run of the same model, since algorithms differ by temperature.
"""

from time import perf_counter

import numpy as np

from moiety import system

SIZE, SAMPLES = 64, 2048
COUPLINGS = {"ising-square": 1.0, "ising-triangular": -1.0, "xy-square": 1.0}
TEMPERATURES = np.linspace(0.1, 4.0, 16)
WARM_UP = {"samples": 64, "burn_in": 64, "thinning": 1}


def drawn(model):
    """Seconds that all samples of a model take, and what their provenance says."""
    model.sample(**WARM_UP)
    started = perf_counter()
    provenance = model.sample(SAMPLES, seed=1).provenance
    return perf_counter() - started, provenance


def row(*cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main():
    names = ("system", "T", "seconds", "algorithm", "burn-in", "thinning", "effective", "R-hat")
    row(*names)
    print("|---" * len(names) + "|")
    totals = dict.fromkeys(COUPLINGS, 0.0)
    for name, coupling in COUPLINGS.items():
        for temperature in TEMPERATURES:
            seconds, said = drawn(
                system(name, size=SIZE, temperature=float(temperature), coupling=coupling)
            )
            totals[name] += seconds
            mixed = "" if said["rhat"] is None else f"{said['rhat']:.3f}"
            told = (
                said["algorithm"],
                said["burn_in"],
                said["thinning"],
                f"{said['effective']:.0f}",
                mixed,
            )
            row(name, f"{temperature:.3f}", f"{seconds:.2f}", *told)
    for name, seconds in (*totals.items(), ("all", sum(totals.values()))):
        row(name, f"all {len(TEMPERATURES)}" if name in totals else "", f"{seconds:.1f}", *[""] * 5)


if __name__ == "__main__":
    main()
