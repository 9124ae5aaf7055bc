r"""Error against seconds for routes to the entropy of the Ising lattice, on the same samples.

Run `python benchmarks/routes.py`.

- *MICE*: `estimate_entropy`, default settings, no cross-check.
- *chain rule*: `estimate_chain_rule`, default settings.
- *LZMA*: `compression_entropy`, row by row and along a Hilbert curve.
- *counted block*: `naive_entropy`, 4x4.
- *XGBoost*: the chain rule with boosted trees for p(spin | earlier spins within radius 4), as in
  Janik, https://arxiv.org/abs/1909.10831, with two-fold cross-fitting.
- *logistic regression*: the same sites; linear terms and products of three of the nearest earlier
  spins, since the log-odds are odd under a flip of all spins and products of two are even.
- *MINE*: the network of the paper, trained directly on Donsker-Varadhan for at most five minutes;
  missing levels are extrapolated, with a larger error.
- *torch-mist*: MINE of that package with its own network and training, for M of every cut.

XGBoost and the regression treat every site as an interior site and ignore that the torus closes on
its first row.  The clock starts after imports and sampling.  The table and its figure are written
after each row, unless only a part is run.
"""

import argparse
import math
import os
import platform
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from classifiers import boosted, held_out, regressed
from moiety import MoietyError, __version__, estimate_entropy, ladder, system
from moiety.base.random import Streams
from moiety.baselines import compression_entropy, naive_entropy
from moiety.chain_rule.estimate import estimate_chain_rule
from moiety.data.statistics import standard_error
from moiety.entropy.counted_blocks import BlockCounts
from moiety.estimation.critics import ConvolutionalCritic
from moiety.estimation.encoding import Encoding
from moiety.estimation.folds import cross_splits
from moiety.estimation.objectives import DonskerVaradhan
from moiety.estimation.windows import Windows
from moiety.results.plots import COLOURS
from moiety.results.types import Estimate

PEERS = {"xgboost": "xgboost-cpu==3.2.0", "torch_mist": "torch-mist==0.2.17"}
TEMPERATURES = (1.8, 2.269185, 3.5)
SITES = 10**6  # training sites of a classifier per fold
MINE_SECONDS = 300.0
MIST = {"batch_size": 512, "max_iterations": 1500, "hidden_dims": [128, 128]}
MIST_PAIRS = 8000  # pairs for each of training, validation and test
PAINT = ("blue", "vermilion", "green", "purple", "orange", "sky")


@dataclass(frozen=True)
class Run:
    """Options of a method: seed, threads and number of training sites."""

    seed: int
    threads: int
    sites: int


@dataclass(frozen=True)
class Method:
    """A route: `entropy(samples, run) -> Estimate`, a marker, and the package that it needs."""

    name: str
    entropy: Callable[..., Estimate]
    marker: str
    package: str = ""


@dataclass(frozen=True)
class Row:
    method: Method
    temperature: float
    exact: float
    estimate: Estimate
    seconds: float
    note: str = ""


def mice(samples, run):
    result = estimate_entropy(samples, cross_check=False, seed=run.seed, threads=run.threads)
    return Estimate(result.entropy, result.error)


def mine(samples, run):
    trained = {
        "critic": ConvolutionalCritic(),
        "objective": DonskerVaradhan(),
        "time_limit": MINE_SECONDS,
    }
    result = estimate_entropy(
        samples, cross_check=False, seed=run.seed, threads=run.threads, **trained
    )
    return Estimate(result.entropy, result.error)


def chain_rule(samples, run):
    result = estimate_chain_rule(samples, seed=run.seed, threads=run.threads)
    spread = standard_error(result.influence.reshape(samples.chains, samples.draws))
    return Estimate(result.entropy, math.hypot(spread, result.missing))


def lzma_rows(samples, run):
    return compression_entropy(samples)


def lzma_hilbert(samples, run):
    return compression_entropy(samples, order="hilbert")


def counted(samples, run):
    return naive_entropy(samples)


def xgboost_chain(samples, run):
    return held_out(samples, run, boosted)


def logistic_chain(samples, run):
    return held_out(samples, run, regressed)


# torch-mist


def mist(samples, run):
    """Eq. 4 with M from torch-mist; states no error."""
    counts, rungs = BlockCounts(samples), ladder(samples.shape, samples.periodic)
    cuts, bases = rungs.above(counts.is_base)
    total = sum(count * counts[shape].entropy for shape, count in bases.items()) / rungs.volume
    before = torch.get_num_threads()
    torch.set_num_threads(run.threads)
    try:
        lost = sum(rungs.weight(cut) * mist_information(samples, cut, run) for cut in cuts)
    finally:
        torch.set_num_threads(before)
    return Estimate(total - lost, float("nan"))


def mist_information(samples, cut, run):
    from torch_mist import estimate_mi

    values = torch.from_numpy(samples.values.reshape(samples.n, *samples.shape))
    windows = Windows(
        values, cut, samples.periodic, Encoding.of(samples.kind, samples.states, samples.values), ()
    )
    split = cross_splits(samples.chains, samples.draws)[0]
    generator = Streams(run.seed).torch("mist", *cut.left)
    torch.manual_seed(Streams(run.seed).integer("mist weights", *cut.left))

    def pairs(chosen):
        of = torch.from_numpy(np.resize(chosen, MIST_PAIRS))
        return tuple(half.flatten(1) for half in windows.draw(of, generator))

    parts = {
        "data": pairs(split.train),
        "valid_data": pairs(split.validation),
        "test_data": pairs(split.test),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        m = estimate_mi(estimator="mine", verbose=False, early_stopping=False, **parts, **MIST)
    return float(m[0] if isinstance(m, tuple) else m)


METHODS = {
    "mice": Method("MICE", mice, "o"),
    "chain": Method("chain rule", chain_rule, "s"),
    "lzma": Method("LZMA, rows", lzma_rows, "v"),
    "hilbert": Method("LZMA, Hilbert curve", lzma_hilbert, "^"),
    "naive": Method("counted block", counted, "D"),
    "xgboost": Method("XGBoost chain rule", xgboost_chain, "X", "xgboost"),
    "logistic": Method("logistic regression", logistic_chain, "P"),
    "mine": Method("MINE, the paper's CNN", mine, "*"),
    "mist": Method("torch-mist, MINE", mist, "h", "torch_mist"),
}


# The table and its figure


def measured(method, model, samples, run):
    started = perf_counter()
    try:
        estimate, note = method.entropy(samples, run), ""
    except MoietyError as error:
        estimate, note = Estimate(float("nan"), float("nan")), str(error)
    seconds = perf_counter() - started
    return Row(method, model.temperature, model.exact_entropy(), estimate, seconds, note)


def written(row):
    s, error = row.estimate.entropy, row.estimate.error
    start, seconds = f"| {row.method.name} | {row.temperature:.7g}", f"{row.seconds:.1f} |"
    if math.isnan(s):
        return f"{start} | none: {row.note} | | | {seconds}"
    stated = "" if math.isnan(error) else f"{error:.5f}"
    return f"{start} | {s:.5f} | {stated} | {s - row.exact:+.5f} | {seconds}"


def drawn(rows, size):
    """|s - exact| against seconds, with a marker per method and a colour per temperature."""
    figure = Figure(figsize=(8.5, 5), layout="constrained")
    axes = figure.subplots()
    temperatures = list(dict.fromkeys(row.temperature for row in rows))
    paint = {t: COLOURS[PAINT[k % len(PAINT)]] for k, t in enumerate(temperatures)}
    for row in rows:
        off = abs(row.estimate.entropy - row.exact)
        axes.plot(
            row.seconds,
            off,
            row.method.marker,
            color=paint[row.temperature],
            ms=8,
            mec="white",
            mew=0.6,
        )
        if row.estimate.error > 0:
            least = max(off - row.estimate.error, off / 20)  # the logarithmic axis has no zero
            axes.plot(
                [row.seconds] * 2,
                [least, off + row.estimate.error],
                color=paint[row.temperature],
                lw=1,
                alpha=0.5,
                zorder=1,
            )
    axes.set(xscale="log", yscale="log", xlabel="wall time (s)", ylabel="|s − exact| (nats/site)")
    axes.set_title(
        f"Ising lattice {size}x{size}: error against seconds; bars, the stated error", fontsize=10
    )
    axes.grid(alpha=0.25, lw=0.5)
    methods = list(dict.fromkeys(row.method for row in rows))
    handles = [
        Line2D([], [], ls="", marker=m.marker, color="dimgrey", label=m.name) for m in methods
    ]
    handles += [Patch(color=paint[t], label=f"T = {t:.7g}") for t in temperatures]
    figure.legend(handles=handles, loc="outside right center", frameon=False, fontsize=9)
    return figure


def heading(options, exact):
    packages = [
        f"{name} {number}"
        for name in ("torch", "xgboost-cpu", "torch-mist")
        if (number := installed(name))
    ]
    lattice = f"{options.size}x{options.size} Ising lattice, {options.samples} samples"
    machine = f"{platform.machine()} with {os.cpu_count()} cores"
    return [
        f"# Routes to the entropy of the {lattice}\n",
        f"moiety {__version__}, seed {options.seed}, {date.today()}, {machine},",
        f"{options.threads} thread{'s' if options.threads > 1 else ''}; {', '.join(packages)};",
        f"`{command()}`.  Entropies are in nats per site;",
        "exact values (Kaufman's torus): "
        + ", ".join(f"{s:.5f} at T = {t:.7g}" for t, s in exact.items())
        + ".\n",
        "| method | T | s | stated error | s - exact | seconds |",
        "|---|---|---|---|---|---|",
    ]


def installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def command():
    """The command without its output path."""
    arguments = re.sub(r"\s--out[ =]\S+", "", " ".join(["", *sys.argv[1:]]))
    return f"python benchmarks/routes.py{arguments}"


def available(names):
    """Methods with installed packages; prints how to install the others."""
    chosen = []
    for name in names:
        package = METHODS[name].package
        try:
            if package:
                __import__(package)
            chosen.append(METHODS[name])
        except ImportError:
            print(
                f"{METHODS[name].name} left out: {package} is not installed; see {PEERS[package]}",
                file=sys.stderr,
            )
    return chosen


def parsed():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--samples", type=int, default=2048)
    parser.add_argument(
        "--temperatures", type=numbers, default=TEMPERATURES, help="separated by commas"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed for samples and networks")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--sites", type=int, default=SITES, help="training sites of each classifier"
    )
    parser.add_argument(
        "--only", type=methods, default=tuple(METHODS), help=f"some of {','.join(METHODS)}"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="16x16, 256 samples, one temperature, to try the program",
    )
    parser.add_argument(
        "--out", type=Path, help="path without suffix; docs/routes if all methods run, else nothing"
    )
    options = parser.parse_args()
    if options.quick:
        options.size, options.samples, options.sites, options.temperatures = (
            16,
            256,
            20_000,
            TEMPERATURES[1:2],
        )
    if options.out is None and not options.quick and options.only == tuple(METHODS):
        options.out = Path("docs/routes")
    return options


def numbers(text):
    return tuple(map(float, text.split(",")))


def methods(text):
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in METHODS]:
        raise argparse.ArgumentTypeError(
            f"no method {unknown[0]!r}; choose from {', '.join(METHODS)}"
        )
    return names


def main():
    options = parsed()
    run = Run(options.seed, options.threads, options.sites)
    chosen = available(options.only)
    models = [
        system("ising-square", size=options.size, temperature=t) for t in options.temperatures
    ]
    lines = heading(options, {model.temperature: model.exact_entropy() for model in models})
    print("\n".join(lines), flush=True)
    sampled = [
        (model, model.sample(options.samples, seed=options.seed, threads=options.threads))
        for model in models
    ]
    rows = []
    for method in chosen:
        for model, samples in sampled:
            rows.append(measured(method, model, samples, run))
            lines.append(written(rows[-1]))
            print(lines[-1], flush=True)
            if options.out:  # after each row, so that an interrupt keeps finished rows
                options.out.with_suffix(".md").write_text("\n".join(lines) + "\n")
                drawn(rows, options.size).savefig(options.out.with_suffix(".png"), dpi=150)


if __name__ == "__main__":
    main()
