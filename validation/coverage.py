r"""Do stated errors hold?  Independent runs, each with new samples and new networks.

Every run estimates s by mutual information and, as the cross-check, by the chain rule.  For both,
$$z = (s - s_{exact}) / \sqrt{error^2 + error_{exact}^2},$$
where the exact value has an error only if it is a tabulated XY entropy.  If the errors are standard
errors of unbiased normal estimates, 68% of |z| are below 1 and 95% below 2.

Runs take one thread each and are appended to docs/coverage.csv, so an interrupted program resumes;
delete the file to repeat all runs.  `validation/coverage.py --group few` runs a part, and the page
always shows the whole file.  The exit code is 1 if a target is missed.

Correlated samples with known tau and s come from Gaussian fields: an autoregressive series of
independent fields xi_t with a = (2 tau - 1) / (2 tau + 1),
$$\phi_t = a \phi_{t-1} + \sqrt{1 - a^2} \xi_t, \quad \phi_0 = \xi_0,
\quad \tau_{int} = (1 + a) / (2 (1 - a)),$$
has the distribution of the field at every t.  Correlated spins come from a single-spin heat bath
near T_c, with as many sweeps between draws as give tau_int of about 20 draws.
"""

if __name__ == "coverage":  # Numba tries to import a package with this name
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
    """A state point, repeated with several seeds.

    Args:
        group: Name of a group of cases in the summary.
        name: Name of the system.
        parameters: Parameters of the system.
        samples: Number of samples.
        repeats: Number of runs.
        tau: Autocorrelation time of the samples in draws; None for independent samples.
    """

    group: str
    name: str
    parameters: dict[str, Any] = field(hash=False)
    samples: int
    repeats: int
    tau: float | None = None

    def __str__(self) -> str:
        parameters = ", ".join(f"{name} {value:g}" for name, value in self.parameters.items())
        tau = f", tau {self.tau:g}" if self.tau else ""
        return f"{self.name} {parameters}; {self.samples} samples{tau}"


class Run(NamedTuple):
    """A line of the file."""

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
    """All cases; with `quick`, tiny cases to try the program."""
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

    def xy(temperature: float, count: int) -> Case:
        parameters = {"size": 64, "temperature": temperature}  # only this size has a reference
        return Case("xy", "xy-square", parameters, many // 2, repeats(count))

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
    """Samples of a case, independent or correlated."""
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
    """Correlate draws with autocorrelation time tau; their distribution stays the same."""
    keep = (2 * tau - 1) / (2 * tau + 1)
    values = independent.values.astype(float)
    for t in range(1, values.shape[1]):
        values[:, t] = keep * values[:, t - 1] + np.sqrt(1 - keep**2) * values[:, t]
    return independent.replace(values=values.astype(independent.values.dtype))


def slowest(samples: Samples) -> float:
    """Longest autocorrelation time in draws, of observables of the samples and of the sampler.

    Global flips hide the slow magnitude of the order parameter in the mean, but not in the sampler.
    """
    times = [tau_int(series) for series in observables(samples).values()]
    return max([*times, *samples.provenance.get("tau_draws", {}).values()])


def exact(case: Case) -> tuple[float, float]:
    """The entropy per site and its error."""
    if case.name == "xy-square":
        return xy_reference_entropy(
            case.parameters["temperature"], case.parameters.get("field", 0.0)
        )
    return system(case.name, **case.parameters).exact_entropy(), 0.0


def measured(case: Case, repeat: int, seed: int, quick: bool) -> Run:
    """Run a case with seeds of its own."""
    seeds = [
        Streams(seed).integer(what, str(case), repeat) % 2**31 for what in ("samples", "networks")
    ]
    samples = drawn(case, seeds[0])
    tau = slowest(samples)
    started = perf_counter()
    training = Training(steps=20) if quick else Training()
    rule = ChainRule(training=Training(steps=20), evaluations=2**14) if quick else None
    result = estimate_entropy(samples, seed=seeds[1], training=training, chain_rule=rule, threads=1)
    other = result.cross_check
    return Run(
        case.group, str(case), repeat, *seeds, tau, samples.n / (2 * tau), *exact(case),
        result.entropy, result.error,
        other.entropy if other else float("nan"), other.error if other else float("nan"),
        perf_counter() - started, "ok" if result.status.ok else "doubtful",
        __version__, str(date.today()),
    )  # fmt: skip


def read_runs(path: Path) -> list[Run]:
    """Read the runs in the file; an incomplete line is skipped."""
    if not path.exists():
        return []
    kinds = [Run.__annotations__[name] for name in Run._fields]
    with path.open(newline="", encoding="utf-8") as file:
        lines = [
            line for line in csv.reader(file) if len(line) == len(kinds) and line[0] != "group"
        ]
    return [Run(*(kind(cell) for kind, cell in zip(kinds, line, strict=True))) for line in lines]


def keep(run: Run, path: Path) -> None:
    """Append a run to the file."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(Run._fields)
        writer.writerow(run)


def planned(cases: Sequence[Case], seed: int) -> Iterator[tuple[tuple[str, int, int], Case]]:
    """All planned runs, with the key that identifies them in the file: case, repeat and seed."""
    for case in cases:
        for repeat in range(case.repeats):
            yield (
                (str(case), repeat, Streams(seed).integer("samples", str(case), repeat) % 2**31),
                case,
            )


def run_all(cases: Sequence[Case], options: argparse.Namespace) -> list[Run]:
    """Run and keep what the file lacks; return all planned runs in it."""
    known = {(run.case, run.repeat, run.sample_seed): run for run in read_runs(options.rows)}
    missing = {
        key: case for key, case in planned(cases, options.seed)
        if key not in known and (not options.group or case.group == options.group)
    }  # fmt: skip
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        futures = {
            pool.submit(measured, case, key[1], options.seed, options.quick): key
            for key, case in missing.items()
        }
        for future in as_completed(futures):
            run = known[futures[future]] = future.result()
            keep(run, options.rows)
            z, other = (f"{run.z(route):+.2f}" for route in ROUTES)
            name = f"{run.case}, repeat {run.repeat}"
            print(f"{run.seconds:5.0f} s  {name}: z {z}, chain rule {other}", flush=True)
    return [known[key] for key, _ in planned(cases, options.seed) if key in known]


def summary(name: str, z: np.ndarray) -> str:
    """A line of the summary."""
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
    """Targets that a route misses."""
    within_1, within_2 = ((abs(z) < most).mean() for most in (1, 2))
    return [
        text
        for text, met in (
            (f"{within_1:.0%} within one error", WITHIN_1[0] <= within_1 <= WITHIN_1[1]),
            (f"{within_2:.0%} within two errors", within_2 >= WITHIN_2),
            (f"largest difference {abs(z).max():.1f} errors", abs(z).max() <= LARGEST),
        )
        if not met
    ]


def show_summaries(runs: Sequence[Run], show: Callable[[str], None]) -> list[str]:
    """Show the summary of both routes; return the missed targets."""
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
    """Show every run in the order of the plan."""
    show("\n## All runs\n")
    show(
        "tau is the autocorrelation time, in draws, of the slowest observable of the samples or of "
        "their sampler (1/2 for"
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
        z, other = (f"{run.z(route):+.2f}" for route in ROUTES)
        show(row(
            run.case, f"{run.effective:.0f}", f"{run.tau:.1f}", f"{run.exact:.5f}",
            f"{run.entropy:.5f}", f"{run.error:.5f}", z,
            f"{run.other:.5f}", f"{run.other_error:.5f}", other, f"{run.seconds:.0f}", run.status,
        ))  # fmt: skip


def report(runs: Sequence[Run], missing: int, options: argparse.Namespace) -> tuple[Page, bool]:
    """The page, and whether all targets are met."""
    show = Page()
    command = f"validation/coverage.py --seed {options.seed}{' --quick' * options.quick}"
    show("# Do stated errors hold?\n")
    show(provenance(command))
    versions = ", ".join(sorted({run.version for run in runs}))
    first, last = min(run.day for run in runs), max(run.day for run in runs)
    show(f"Runs of {first}{f' to {last}' * (last != first)}, version {versions},")
    show(f"{sum(run.seconds for run in runs) / 60:.0f} minutes in all.\n")
    show(
        "Each run draws fresh samples and trains fresh networks; z = (s - exact) / error. Targets, "
        "for each route over all runs:"
    )
    show(
        f"{WITHIN_1[0]:.0%} to {WITHIN_1[1]:.0%} within one error (68% is ideal), "
        f"at least {WITHIN_2:.0%} within two,"
    )
    show(
        f"none beyond {LARGEST:g}. The mean of z shows the bias: a positive value means "
        "too much entropy."
    )
    misses = show_summaries(runs, show)
    show_runs(runs, show)
    if missing:
        show(f"\n{missing} planned runs are still missing; the tables show the others.")
    show(f"\nTargets missed: {'; '.join(misses)}." if misses else "\nAll targets met.")
    return show, not misses


def main():
    groups = list(dict.fromkeys(case.group for case in plan(False)))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", type=Path, help="file that keeps the runs; default docs/coverage.csv"
    )
    parser.add_argument("--group", choices=groups, help="run only this group")
    parser.add_argument("--processes", type=int, default=2, help="number of parallel runs")
    parser.add_argument("--seed", type=int, default=1, help="seed for samples and networks")
    parser.add_argument(
        "--quick", action="store_true", help="tiny runs to try the program, without a verdict"
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
