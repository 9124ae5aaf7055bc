r"""Do stated error bars hold?  Independent repeats, each with fresh samples and fresh networks.

Every run estimates s by mutual information and, as the cross-check, by the chain rule, and gives
for both

    z = (s - exact) / sqrt(error^2 + exact_error^2),

exact_error being 0 but for the tabulated XY entropies.  If the errors are standard errors of
unbiased, normal estimates, then 68% of |z| lie below 1, 95% below 2.

Runs are made side by side, a thread each, and appended to docs/coverage.csv as they come, so that
an interrupted one resumes; delete it to measure anew.  `validation/coverage.py --group few` runs a
part, and the page is always made of all that the file holds.  Exits with 1 where a target is missed.

Samples with a known tau and a known s, of a Gaussian field: an autoregressive series of
independent fields xi_t, a = (2 tau - 1) / (2 tau + 1),

    phi_t = a phi_{t-1} + sqrt(1 - a^2) xi_t,   phi_0 = xi_0,   tau_int = (1 + a) / (2 (1 - a)),

has the field's own distribution at every t.  Of spins: single-spin heat bath near T_c, as many sweeps
between draws as make tau_int about 20 draws.
"""

if __name__ == "coverage":  # Numba asks for the package of that name, and takes no for an answer
    raise ImportError("this is a program, not the package coverage")

import argparse
import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from _tables import Page, provenance, row
from moiety import Samples, __version__, estimate_entropy, system
from moiety.base.random import Streams
from moiety.chain_rule.estimate import ChainRule
from moiety.data.observables import observables
from moiety.data.statistics import tau_int
from moiety.estimation.training import Training
from moiety.exact.xy_reference import xy_reference_entropy

WITHIN_1, WITHIN_2, LARGEST = (0.55, 0.85), 0.90, 4.0
TAU = 20  # draws
ROUTES = {"mutual information": ("entropy", "error"), "chain rule": ("other", "other_error")}


@dataclass(frozen=True)
class Case:
    """One state point, repeated with several seeds.

    Arguments:
        group: Rows that are judged together.
        name, parameters: Of the system.
        samples: Their number.
        repeats: Runs.
        tau: Autocorrelation time in draws that the samples are given; None for independent ones.
    """

    group: str
    name: str
    parameters: dict[str, Any] = field(hash=False)
    samples: int
    repeats: int
    tau: float | None = None

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value:g}" for name, value in self.parameters.items())
        return (
            f"{self.name} {told}; {self.samples} samples{f', tau {self.tau:g}' if self.tau else ''}"
        )


class Run(NamedTuple):
    """One line of the file."""

    group: str
    case: str
    repeat: int
    sample_seed: int
    network_seed: int
    tau: float
    effective: float
    exact: float
    exact_error: float
    entropy: float
    error: float
    other: float
    other_error: float
    seconds: float
    status: str
    version: str
    day: str

    def z(self, route: str) -> float:
        value, error = (getattr(self, name) for name in ROUTES[route])
        return (value - self.exact) / float(np.hypot(error, self.exact_error))


def plan(quick: bool) -> list[Case]:
    """All cases; tiny ones, which judge nothing, to try the program."""
    size, many, more, few = (16, 128, 256, 64) if quick else (32, 1024, 4096, 256)
    repeats = (lambda count: 1) if quick else (lambda count: count)

    def ising(
        group: str, temperature: float, samples: int, count: int, tau: float | None = None
    ) -> Case:
        return Case(
            group,
            "ising-square",
            {"size": size, "temperature": temperature},
            samples,
            repeats(count),
            tau,
        )

    def triangular(temperature: float, count: int) -> Case:
        parameters = {"size": size, "temperature": temperature, "coupling": -1.0}
        return Case("triangular", "ising-triangular", parameters, many, repeats(count))

    def gaussian(
        group: str, mass: float, samples: int, count: int, tau: float | None = None
    ) -> Case:
        return Case(
            group, "gaussian-field", {"size": size, "mass": mass}, samples, repeats(count), tau
        )

    def xy(
        temperature: float, count: int
    ) -> Case:  # the table's size is the only one with a reference
        return Case(
            "xy", "xy-square", {"size": 64, "temperature": temperature}, many // 2, repeats(count)
        )

    def markov(states: int, stay: float, samples: int, count: int) -> Case:
        parameters = {"size": 64 if quick else 1024, "stay": stay, "states": states}
        return Case("markov", "markov-chain", parameters, samples, repeats(count))

    return [
        *(ising("ising", temperature, many, 3) for temperature in (1.8, 2.269185, 2.4, 3.5)),
        *(triangular(temperature, 3) for temperature in (0.5, 1.0, 2.0)),
        *(xy(temperature, 2) for temperature in (0.4, 0.9, 1.5)),
        *(gaussian("gaussian", mass, many, 3) for mass in (0.5, 1.0)),
        markov(2, 0.9, many // 4, 3), markov(4, 0.9, many // 4, 2),
        *(ising("few", temperature, few, 2) for temperature in (1.8, 2.269185, 2.4)),
        gaussian("few", 0.5, few, 2),
        *(ising("correlated", temperature, more, 2, TAU) for temperature in (2.269185, 2.4)),
        gaussian("correlated", 0.5, more, 2, TAU),
    ]  # fmt: skip


def drawn(case: Case, seed: int) -> Samples:
    """Samples of a case, independent or not."""
    model = system(case.name, **case.parameters)
    if case.tau is None:
        return model.sample(case.samples, seed=seed)
    if case.name == "gaussian-field":
        return autoregressive(model.sample(case.samples, seed=seed), case.tau)
    tried = model.sample(
        512, seed=seed + 1, chains=64, algorithm="heat-bath", thinning=1, burn_in=4096
    )
    thinning = max(round(tried.provenance["tau_int"] / case.tau), 1)
    return model.sample(case.samples, seed=seed, chains=8, algorithm="heat-bath", thinning=thinning)


def autoregressive(independent: Samples, tau: float) -> Samples:
    """The same distribution at every draw, and tau between draws."""
    keep = (2 * tau - 1) / (2 * tau + 1)
    values = independent.values.astype(float)
    for t in range(1, values.shape[1]):
        values[:, t] = keep * values[:, t - 1] + np.sqrt(1 - keep**2) * values[:, t]
    return independent.replace(values=values.astype(independent.values.dtype))


def slowest(samples: Samples) -> float:
    """The longest autocorrelation time in draws of what is seen in samples or was watched while they were drawn.

    Global flips hide how slow the size of the order is from its mean, not from the sampler.
    """
    seen = [tau_int(series) for series in observables(samples).values()]
    return max([*seen, *samples.provenance.get("tau_draws", {}).values()])


def exact(case: Case) -> tuple[float, float]:
    """The entropy per site and its error."""
    if case.name == "xy-square":
        return xy_reference_entropy(
            case.parameters["temperature"], case.parameters.get("field", 0.0)
        )
    return system(case.name, **case.parameters).exact_entropy(), 0.0


def measured(case: Case, repeat: int, seed: int, quick: bool) -> Run:
    """One run of a case, whose seeds no other run has."""
    seeds = [
        Streams(seed).integer(what, str(case), repeat) % 2**31 for what in ("samples", "networks")
    ]
    samples = drawn(case, seeds[0])
    tau = slowest(samples)
    started = perf_counter()
    training = Training(steps=20) if quick else Training()
    rule = (
        ChainRule(seed=seeds[1], training=Training(steps=20), evaluations=2**14, threads=1)
        if quick
        else None
    )
    result = estimate_entropy(samples, seed=seeds[1], training=training, chain_rule=rule, threads=1)
    other = result.cross_check
    return Run(
        case.group, str(case), repeat, *seeds, tau, samples.n / (2 * tau), *exact(case), result.entropy, result.error,
        other.entropy if other else float("nan"), other.error if other else float("nan"),
        perf_counter() - started, "ok" if result.status.ok else "doubtful", __version__, str(date.today()),
    )  # fmt: skip


def read_runs(path: Path) -> list[Run]:
    """Those of an earlier start; a line cut off by an interrupt is passed over."""
    if not path.exists():
        return []
    kinds = [Run.__annotations__[name] for name in Run._fields]
    with path.open(newline="", encoding="utf-8") as file:
        lines = [
            line for line in csv.reader(file) if len(line) == len(kinds) and line[0] != "group"
        ]
    return [Run(*(kind(cell) for kind, cell in zip(kinds, line, strict=True))) for line in lines]


def keep(run: Run, path: Path) -> None:
    """Append it to the file."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(Run._fields)
        writer.writerow(run)


def planned(cases: Sequence[Case], seed: int) -> Iterator[tuple[tuple[str, int, int], Case]]:
    """Runs by what tells them apart in the file: the case, the repeat and its seed."""
    for case in cases:
        for repeat in range(case.repeats):
            yield (
                (str(case), repeat, Streams(seed).integer("samples", str(case), repeat) % 2**31),
                case,
            )


def run_all(cases: Sequence[Case], options: argparse.Namespace) -> list[Run]:
    """What the file lacks is run and kept; all of the plan's runs that are there."""
    known = {(run.case, run.repeat, run.sample_seed): run for run in read_runs(options.rows)}
    lacking = {
        key: case for key, case in planned(cases, options.seed)
        if key not in known and (not options.group or case.group == options.group)
    }  # fmt: skip
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        futures = {
            pool.submit(measured, case, key[1], options.seed, options.quick): key
            for key, case in lacking.items()
        }
        for future in as_completed(futures):
            run = known[futures[future]] = future.result()
            keep(run, options.rows)
            print(
                f"{run.seconds:5.0f} s  {run.case}, repeat {run.repeat}: z {run.z('mutual information'):+.2f}, "
                f"chain rule {run.z('chain rule'):+.2f}", flush=True,
            )  # fmt: skip
    return [known[key] for key, _ in planned(cases, options.seed) if key in known]


def summary(name: str, z: np.ndarray) -> str:
    """One line of the first table."""
    within = (f"{(abs(z) < most).mean():.0%}" for most in (1, 2))
    return row(
        name,
        len(z),
        *within,
        f"{abs(z).max():.2f}",
        f"{np.sqrt((z**2).mean()):.2f}",
        f"{z.mean():+.2f}",
    )


def missed(z: np.ndarray) -> list[str]:
    """The targets that one route misses."""
    one, two = ((abs(z) < most).mean() for most in (1, 2))
    return [
        text
        for text, met in (
            (f"{one:.0%} within one error", WITHIN_1[0] <= one <= WITHIN_1[1]),
            (f"{two:.0%} within two errors", two >= WITHIN_2),
            (f"one of {abs(z).max():.1f} errors", abs(z).max() <= LARGEST),
        )
        if not met
    ]


def show_summaries(runs: Sequence[Run], show: Callable[[str], None]) -> list[str]:
    """Both routes' tables; what they miss."""
    misses = []
    for route in ROUTES:
        z, groups = np.array([run.z(route) for run in runs]), np.array([run.group for run in runs])
        known = np.isfinite(z)
        show(f"\n## {route.capitalize()}\n")
        show.table("group", "runs", "abs(z) < 1", "abs(z) < 2", "largest abs(z)", "rms z", "mean z")
        for group in dict.fromkeys(groups[known]):
            show(summary(group, z[known & (groups == group)]))
        if known.any():
            show(summary("all", z[known]))
            misses += [f"{route}: {text}" for text in missed(z[known])]
        if not known.all():
            misses.append(f"{route}: {len(z) - known.sum()} runs gave no number")
    return misses


def show_runs(runs: Sequence[Run], show: Callable[[str], None]) -> None:
    """Every run, in the order of the plan."""
    show("\n## All runs\n")
    show(
        "tau is the autocorrelation time, in draws, of the slowest observable of the samples or of their sampler (1/2 for"
    )
    show("independent draws). N / 2 tau is the effective sample size.\n")
    names = (
        "case",
        "N / 2 tau",
        "tau",
        "exact",
        "s",
        "error",
        "z",
        "chain rule",
        "error",
        "z",
        "seconds",
        "status",
    )
    show.table(*names)
    for run in runs:
        show(row(
            run.case, f"{run.effective:.0f}", f"{run.tau:.1f}", f"{run.exact:.5f}",
            f"{run.entropy:.5f}", f"{run.error:.5f}", f"{run.z('mutual information'):+.2f}",
            f"{run.other:.5f}", f"{run.other_error:.5f}", f"{run.z('chain rule'):+.2f}", f"{run.seconds:.0f}", run.status,
        ))  # fmt: skip


def report(runs: Sequence[Run], lacking: int, options: argparse.Namespace) -> tuple[Page, bool]:
    """The page, and whether targets are met."""
    show = Page()
    command = f"validation/coverage.py --seed {options.seed}{' --quick' * options.quick}"
    show("# Do stated errors hold?\n")
    show(provenance(command))
    versions = ", ".join(sorted({run.version for run in runs}))
    first, last = min(run.day for run in runs), max(run.day for run in runs)
    show(f"Runs of {first}{f' to {last}' * (last != first)}, version {versions},")
    show(f"{sum(run.seconds for run in runs) / 60:.0f} minutes in all.\n")
    show(
        "Each run draws fresh samples and trains fresh networks; z = (s - exact) / error. Targets, for each route over all runs:"
    )
    show(
        f"{WITHIN_1[0]:.0%} to {WITHIN_1[1]:.0%} within one error (68% is ideal), at least {WITHIN_2:.0%} within two,"
    )
    show(
        f"none beyond {LARGEST:g}. The mean of z shows the bias: a positive value means too much entropy."
    )
    misses = show_summaries(runs, show)
    show_runs(runs, show)
    if lacking:
        show(f"\n{lacking} planned runs are still missing; these figures cover the others.")
    show(f"\nTargets missed.  {'; '.join(misses)}." if misses else "\nAll targets met.")
    return show, not misses


def main():
    groups = list(dict.fromkeys(case.group for case in plan(False)))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", type=Path, help="what is measured, kept between runs; docs/coverage.csv"
    )
    parser.add_argument("--group", choices=groups, help="run this one only")
    parser.add_argument("--processes", type=int, default=2, help="side by side")
    parser.add_argument(
        "--seed", type=int, default=1, help="from which those of all samples and networks follow"
    )
    parser.add_argument(
        "--quick", action="store_true", help="tiny runs, to try the program; they judge nothing"
    )
    parser.add_argument("--out", type=Path, help="docs/coverage.md; with --quick none, by default")
    options = parser.parse_args()
    options.rows = options.rows or Path(
        "coverage_quick.csv" if options.quick else "docs/coverage.csv"
    )
    cases = plan(options.quick)
    runs = run_all(cases, options)
    if not runs:
        sys.exit("no runs")
    page, met = report(runs, sum(case.repeats for case in cases) - len(runs), options)
    out = options.out or (None if options.quick else Path("docs/coverage.md"))
    if out:
        out.write_text(page.text, encoding="utf-8")
    sys.exit(not met)


if __name__ == "__main__":
    main()
