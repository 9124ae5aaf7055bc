"""Accuracy of both routes on 64x64 lattices along temperature.

Each system has 2,048 samples per temperature.  The chain rule has a single network for all of them.
The mutual information route starts cold, and each temperature starts from the networks of the
previous one.  One temperature is then repeated cold by both routes, which shows the time saved and
any change of the result.  z = (s - exact) / error, where the error includes that of a tabulated
reference.  KL is the divergence of the chain rule's networks from the system, in nats per site: it
is known so well that it tells networks apart where s - exact is the luck of the samples.

`validation/accuracy.py --only xy` renews one part of docs/accuracy.md.  The exit code is 1 if a
target is missed.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from _misfit import divergence
from _tables import MISSED, Page, provenance, renewed, row
from moiety import EntropyResult, Samples, estimate_entropy, system
from moiety.chain_rule.estimate import ChainRule, estimate_chain_rule, estimate_chain_rules
from moiety.estimation.training import Training
from moiety.exact.xy_reference import xy_reference_entropy

MOST_OFF = {"mutual information": 0.003, "chain rule": 0.002}
APART = 3.0  # standard errors between the routes
COLD = {"mutual information": 90.0, "chain rule": 20.0}  # seconds per state point
WARM = {"mutual information": 25.0, "chain rule": 5.0}
LOG_2 = float(np.log(2))


@dataclass(frozen=True)
class Sweep:
    """State points of a system; each starts from the networks of the previous one.

    Args:
        name: Name of the system.
        points: Parameters of each state point by name.
        again: Index of the state point to repeat cold.
        fixed: Common parameters.
        steps: Training steps of the single network of the chain rule.
    """

    name: str
    points: tuple[Mapping[str, float], ...]
    again: int
    fixed: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 3000


def temperatures(*values: float) -> tuple[Mapping[str, float], ...]:
    return tuple({"temperature": value} for value in values)


FIELDS = tuple({"field": h, "temperature": t} for h in (0.1, 0.5, 1.0) for t in (0.3, 0.9))
SWEEPS = {
    "ising": Sweep("ising-square", temperatures(5, 3.5, 2.7, 2.4, 2.269185, 2.1, 1.8, 1.5, 1.0), 4),
    "triangular": Sweep(
        "ising-triangular", temperatures(4, 2, 1, 0.5, 0.2, 0.1), 3, {"coupling": -1.0}
    ),
    "xy": Sweep("xy-square", temperatures(3, 1.5, 1.1, 0.9, 0.7, 0.4, 0.2), 3),
    "xy-field": Sweep("xy-square", FIELDS, 3),
}


@dataclass(frozen=True)
class Setting:
    """Size, number of samples and seed of a run; `quick` marks a tiny run to try the program."""

    size: int
    samples: int
    seed: int
    quick: bool

    def model(self, sweep: Sweep, point: Mapping[str, float]) -> Any:
        return system(sweep.name, size=self.size, **sweep.fixed, **point)

    def samples_of(self, sweep: Sweep) -> list[Samples]:
        return [
            self.model(sweep, point).sample(self.samples, seed=self.seed + k)
            for k, point in enumerate(sweep.points)
        ]

    def training(self) -> Training | None:
        return Training(steps=20) if self.quick else None

    def rule(self, steps: int | None = None) -> ChainRule:
        """The chain rule for a state point, or for a sweep with a given number of steps."""
        default = ChainRule()
        steps = 20 if self.quick else steps or default.training.steps
        evaluations = 2**14 if self.quick else default.evaluations
        return replace(
            default, training=replace(default.training, steps=steps), evaluations=evaluations
        )


def known(setting: Setting, sweep: Sweep, point: Mapping[str, float]) -> tuple[float, float]:
    """The exact entropy per site, or a reference with its error."""
    if sweep.name != "xy-square":
        return setting.model(sweep, point).exact_entropy(), 0.0
    return xy_reference_entropy(point["temperature"], point.get("field", 0.0))


def along_sweep(
    setting: Setting, drawn: Sequence[Samples], rules: Sequence[Any]
) -> list[EntropyResult]:
    """Results by mutual information along the sweep, with the chain rule as cross-check."""
    results: list[EntropyResult] = []
    for samples, rule in zip(drawn, rules, strict=True):
        results.append(
            estimate_entropy(
                samples,
                warm_start=results[-1] if results else None,
                cross_check=rule,
                seed=setting.seed,
                training=setting.training(),
            )
        )
        print(f"    {results[-1]}", flush=True)
    return results


def compared(value: float, error: float, exact: tuple[float, float]) -> list[str]:
    """Cells: value ± error, difference from the exact value, z."""
    return [
        f"{value:.5f} ± {error:.5f}",
        f"{value - exact[0]:+.5f}",
        f"{(value - exact[0]) / np.hypot(error, exact[1]):+.2f}",
    ]


def swept(setting: Setting, sweep: Sweep, show: Page) -> list[str]:
    """Show the table of a system; return the missed targets."""
    drawn = setting.samples_of(sweep)
    started = perf_counter()
    rules = estimate_chain_rules(
        drawn,
        [[*point.values()] for point in sweep.points],
        config=setting.rule(sweep.steps),
        seed=setting.seed,
    )
    each = (perf_counter() - started) / len(drawn)
    results = along_sweep(setting, drawn, rules)
    show.table(
        *sweep.points[0],
        "exact",
        "mutual information",
        "deviation",
        "z",
        "seconds",
        "chain rule",
        "deviation",
        "z",
        "KL",
        "difference / error",
        "status",
    )
    misses, offs, apart, misfits = [], {route: [] for route in MOST_OFF}, [], []
    for point, result, rule in zip(sweep.points, results, rules, strict=True):
        exact, other = known(setting, sweep, point), result.cross_check
        apart.append(other.sigmas)
        cells = [f"{value:g}" for value in point.values()] + [f"{exact[0]:.5f}"]
        cells += [*compared(result.entropy, result.error, exact), f"{result.timing['total']:.0f}"]
        misfits.append(divergence(setting.model(sweep, point), rule))
        cells += [
            *compared(other.entropy, other.error, exact),
            "{:.5f} ± {:.5f}".format(*misfits[-1]),
            f"{apart[-1]:.1f}",
            "ok" if result.status.ok else "doubtful",
        ]
        show(row(*cells))
        offs["mutual information"].append(result.entropy - exact[0])
        offs["chain rule"].append(other.entropy - exact[0])
    for route, most in MOST_OFF.items():
        worst = max(map(abs, offs[route]))
        mean = np.mean(np.abs(offs[route]))
        show(
            f"\n{route.capitalize()}: |s - exact| is at most {worst:.5f} (target {most}), "
            f"{mean:.5f} on average."
        )
        misses += [f"{route}: |s - exact| up to {worst:.4f}"] if worst > most else []
    show(f"\nKL of the networks: {np.mean([misfit for misfit, _ in misfits]):.5f} on average.")
    misses += [f"the routes differ by {max(apart):.1f} errors"] if max(apart) > APART else []
    seconds = {
        "mutual information": np.mean([result.timing["total"] for result in results[1:]]),
        "chain rule": each,
    }
    return misses + saved(setting, sweep, drawn, results, seconds, show)


def saved(
    setting: Setting,
    sweep: Sweep,
    drawn: Sequence[Samples],
    results: Sequence[EntropyResult],
    warm: Mapping[str, float],
    show: Page,
) -> list[str]:
    """Repeat a state point cold; return the missed targets."""
    samples, before = drawn[sweep.again], results[sweep.again]
    cold = estimate_entropy(
        samples, cross_check=False, seed=setting.seed, training=setting.training()
    )
    rule = estimate_chain_rule(samples, setting.rule(), seed=setting.seed)
    point = ", ".join(f"{name} {value:g}" for name, value in sweep.points[sweep.again].items())
    show(
        f"\nCold start at {point}, compared with the sweep (seconds per state point: the mean over "
        "all but the first, for the chain rule over all):\n"
    )
    show.table(
        "route",
        "cold s",
        "s in the sweep",
        "cold seconds",
        "seconds in the sweep",
        "speed-up",
        "cold KL",
    )
    entropies = {
        "mutual information": (cold.entropy, before.entropy),
        "chain rule": (rule.entropy, before.cross_check.entropy),
    }
    seconds, misses = {"mutual information": cold.timing["total"], "chain rule": rule.seconds}, []
    misfit, error = divergence(setting.model(sweep, sweep.points[sweep.again]), rule)
    misfits = {"mutual information": "", "chain rule": f"{misfit:.5f} ± {error:.5f}"}
    for route, (alone, chained) in entropies.items():
        times = f"{seconds[route]:.0f}", f"{warm[route]:.1f}"
        show(
            row(
                route,
                f"{alone:.5f}",
                f"{chained:.5f}",
                *times,
                f"{seconds[route] / warm[route]:.1f}x",
                misfits[route],
            )
        )
        misses += [f"{route}: {seconds[route]:.0f} s cold"] if seconds[route] > COLD[route] else []
        misses += (
            [f"{route}: {warm[route]:.1f} s in the sweep"] if warm[route] > WARM[route] else []
        )
    return misses


def limits(setting: Setting, show: Page) -> list[str]:
    """Limits of M: log 2 at low temperature, l / (2 T^2) at high temperature."""
    misses = []
    for temperature, name, most in ((0.8, "M - log 2", 0.02), (10.0, "2 T^2 M / l - 1", 0.10)):
        model = system("ising-square", size=setting.size, temperature=temperature)
        samples = model.sample(setting.samples, seed=setting.seed)
        result = estimate_entropy(
            samples, seed=setting.seed, cross_check=False, training=setting.training()
        )
        entropy = f"s = {result.entropy:.5f} ± {result.error:.5f}"
        exact, seconds = model.exact_entropy(), result.timing["total"]
        show(f"\nT = {temperature:g}: {entropy}, exact {exact:.5f}, {seconds:.0f} s\n")
        show.table("half", "interface", "M", "error", f"{name} (at most {most})")
        for level in result.levels:
            m = level.mutual_information
            off = m - LOG_2 if temperature < 1 else 2 * temperature**2 * m / level.interface - 1
            show(
                row(
                    "x".join(map(str, level.shape)),
                    level.interface,
                    f"{m:.4f}",
                    f"{level.error:.4f}",
                    f"{off:+.4f}",
                )
            )
            misses += [f"{name} {off:+.3f} at T = {temperature:g}"] if abs(off) > most else []
    return misses


def part(name: str, options: argparse.Namespace) -> str:
    """Make a section of the page."""
    size, samples = (16, 128) if options.quick else (64, 2048)
    show, setting = Page(), Setting(size, samples, options.seed, options.quick)
    print(f"\n## {name}\n")
    quick = " --quick" * setting.quick
    show(provenance(f"validation/accuracy.py --only {name} --seed {setting.seed}{quick}") + "\n")
    misses = limits(setting, show) if name == "limits" else swept(setting, SWEEPS[name], show)
    show(f"\n{MISSED}: {'; '.join(misses)}." if misses else "\nTargets met.")
    return show.text.strip("\n")


HEADING = (
    "# Accuracy\n\n"
    "64x64 sites, 2,048 samples per state point, default settings. Entropies are in nats per site; "
    "errors are one\n"
    "standard error. Rows follow the sweep: the mutual information route starts cold in the first "
    "row and warm, from the\n"
    "networks of the row above, in the others. The chain rule trains one network for the whole "
    "table. KL is the\n"
    "divergence of that network from the exact system, per site; for rotors, log Z is known to "
    "0.0002. Targets:\n\n"
    + "".join(
        f"- {route}: |s - exact| at most {most}, {COLD[route]:.0f} s cold, "
        f"{WARM[route]:.0f} s in the sweep\n"
        for route, most in MOST_OFF.items()
    )
    + f"- both routes: they differ by at most {APART:g} errors"
)


if __name__ == "__main__":
    sys.exit(
        renewed(
            __doc__.splitlines()[0], HEADING, (*SWEEPS, "limits"), Path("docs/accuracy.md"), part
        )
    )
