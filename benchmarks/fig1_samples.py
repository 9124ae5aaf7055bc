"""Time for the samples of Fig. 1 of the paper on all cores: `python benchmarks/fig1_samples.py`.

Three systems of 64x64 at 16 temperatures from 0.1 to 4, with 2,048 samples each by the default
algorithm, including burn-in.  A short run of the same model compiles the code before the clock
starts, since the algorithm depends on temperature.
"""

from time import perf_counter

import numpy as np

from moiety import system

SIZE, SAMPLES = 64, 2048
COUPLINGS = {"ising-square": 1.0, "ising-triangular": -1.0, "xy-square": 1.0}
TEMPERATURES = np.linspace(0.1, 4.0, 16)
WARM_UP = {"samples": 64, "burn_in": 64, "thinning": 1}


def sampled(model):
    """Seconds for all samples of a model, and their provenance."""
    model.sample(**WARM_UP)
    started = perf_counter()
    provenance = model.sample(SAMPLES, seed=1).provenance
    return perf_counter() - started, provenance


def row(*cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main():
    names = (
        "system",
        "T",
        "seconds",
        "algorithm",
        "burn-in (sweeps)",
        "thinning (sweeps)",
        "effective sample size",
        "R-hat",
    )
    row(*names)
    print("|---" * len(names) + "|")
    totals = dict.fromkeys(COUPLINGS, 0.0)
    for name, coupling in COUPLINGS.items():
        for temperature in TEMPERATURES:
            model = system(name, size=SIZE, temperature=float(temperature), coupling=coupling)
            seconds, provenance = sampled(model)
            totals[name] += seconds
            rhat = "" if provenance["rhat"] is None else f"{provenance['rhat']:.3f}"
            cells = [provenance[key] for key in ("algorithm", "burn_in", "thinning")]
            cells += [f"{provenance['effective']:.0f}", rhat]
            row(name, f"{temperature:.3f}", f"{seconds:.2f}", *cells)
    for name, seconds in (*totals.items(), ("all", sum(totals.values()))):
        row(name, f"all {len(TEMPERATURES)}" if name in totals else "", f"{seconds:.1f}", *[""] * 5)


if __name__ == "__main__":
    main()
