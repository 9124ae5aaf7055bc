r"""Routes to the entropy of the Ising lattice, error against seconds on the same samples: `python benchmarks/routes.py`.

- *MICE*: `estimate_entropy`, default settings, no cross-check.
- *chain rule*: `estimate_conditional`, default settings.
- *LZMA*: `compression_entropy`, row by row and along a Hilbert curve.
- *counted block*: `naive_entropy`, 4x4.
- *XGBoost*: the chain rule with boosted trees for p(spin | spins before it within radius 4), as in
  Janik, arXiv 1909.10831; half of the samples learn, the other half is read, and the other way round.
- *logistic regression*: the same sites; the linear terms and products of three of the nearest
  spins before, since products of two are even under a flip of all spins and the log-odds is odd.
- *MINE*: the paper's network, trained straight on Donsker-Varadhan, for five minutes at most: what it has
  not reached by then is extrapolated, and the error says so.
- *torch-mist*: MINE of that package with its own network and training, for M of every cut.

XGBoost and the regression take every site as one deep inside: the torus closing on its first row
is not theirs to see.  Importing comes before the clock starts; so does sampling.  Prints a table
and writes it with its figure, row by row, unless only a part was asked for.
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
from itertools import combinations
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from moiety import MoietyError, __version__, estimate_entropy, ladder, system
from moiety.base.random import Streams
from moiety.baselines import compression_entropy, naive_entropy
from moiety.chain_rule.estimate import ChainRule, estimate_conditional
from moiety.data.statistics import standard_error
from moiety.entropy.counted_blocks import BlockCounts
from moiety.estimation.critics import ConvolutionalCritic
from moiety.estimation.objectives import DonskerVaradhan
from moiety.estimation.pairs import Encoding, Windows, cross_splits
from moiety.results.plots import COLOURS
from moiety.results.result import Estimate

PEERS = {"xgboost": "xgboost-cpu==3.2.0", "torch_mist": "torch-mist==0.2.17"}
TEMPERATURES = (1.8, 2.269185, 3.5)
RADIUS, NEAREST = 4, 10  # of the spins before; those whose products are taken
SITES, READ = 10**6, 10**6  # a fold learns from, all folds are read at
JUDGED = 200_000  # sites that stop the boosting
BOOSTING = {
    "max_depth": 6,
    "learning_rate": 0.15,
    "min_child_weight": 50,
    "max_bin": 2,
    "tree_method": "hist",
}
ROUNDS, PATIENCE = 400, 10  # depths 4 to 8 end within 0.0005 at T_c, 10 is 0.0017 worse
NEWTON_STEPS, PART = 6, 50_000  # sites at once
MINE_SECONDS = 300.0
MIST = {"batch_size": 512, "max_iterations": 1500, "hidden_dims": [128, 128]}
MIST_PAIRS = 8000  # of each of training, validation and test
PAINT = ("blue", "vermilion", "green", "purple", "orange", "sky")


@dataclass(frozen=True)
class Run:
    """What a method is given beside the samples."""

    seed: int
    threads: int
    sites: int


@dataclass(frozen=True)
class Method:
    """A route: `entropy(samples, run) -> Estimate`, a marker, the package that it needs."""

    name: str
    entropy: Callable[..., Estimate]
    marker: str
    package: str = ""


@dataclass(frozen=True)
class Row:
    method: Method
    temperature: float
    exact: float
    found: Estimate
    seconds: float
    note: str = ""


def mice(samples, run):
    found = estimate_entropy(samples, cross_check=False, seed=run.seed, threads=run.threads)
    return Estimate(found.entropy, found.error)


def mine(samples, run):
    trained = {
        "critic": ConvolutionalCritic(),
        "objective": DonskerVaradhan(),
        "time_limit": MINE_SECONDS,
    }
    found = estimate_entropy(
        samples, cross_check=False, seed=run.seed, threads=run.threads, **trained
    )
    return Estimate(found.entropy, found.error)


def chain_rule(samples, run):
    found = estimate_conditional(samples, ChainRule(seed=run.seed, threads=run.threads))
    spread = standard_error(found.influence.reshape(samples.chains, samples.draws))
    return Estimate(found.entropy, math.hypot(spread, found.missing))


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


# Chain rules of classifiers


def held_out(samples, run, fit):
    """Mean of -log p(spin | spins before) over sites of samples that the classifier did not learn from.

    Arguments:
        fit: `fit(train, judge, run) -> predict`, both sets as (spins before, spin), and
            `predict(before)` the probability of 1.
    """
    surprise = np.empty(samples.n)
    for fold, split in enumerate(cross_splits(samples.chains, samples.draws, validation=0.1)):
        rng = Streams(run.seed).numpy("routes", fold)
        train, judge = (
            at_sites(samples, split.train, run.sites, rng),
            at_sites(samples, split.validation, JUDGED, rng),
        )
        predict = fit(train, judge, run)
        before, spin = at_sites(samples, split.test, min(READ, run.sites) // 2, rng)
        p = np.clip(predict(before), 1e-7, 1 - 1e-7)
        surprise[split.test] = (
            -np.log(np.where(spin, p, 1 - p)).reshape(len(split.test), -1).mean(axis=1)
        )
    return Estimate(
        float(surprise.mean()), standard_error(surprise.reshape(samples.chains, samples.draws))
    )


def places_before():
    """Steps to the sites before one within the radius, nearest first, shape `(24, 2)`."""
    around = range(-RADIUS, RADIUS + 1)
    steps = [
        (x, y) for x in around for y in around if (x, y) < (0, 0) and x * x + y * y <= RADIUS**2
    ]
    return np.array(sorted(steps, key=lambda step: step[0] ** 2 + step[1] ** 2))


def at_sites(samples, chosen, sites, rng):
    """Spins before, shape `(sites, 24)`, and spins, as 0 and 1, at random sites, equally many of each sample."""
    values = samples.values.reshape(samples.n, *samples.shape)
    of = np.repeat(chosen, max(sites // len(chosen), 1))
    x, y = (rng.integers(0, side, len(of)) for side in samples.shape)
    steps, (rows, columns) = places_before(), samples.shape
    before = values[
        of[:, None], (x[:, None] + steps[:, 0]) % rows, (y[:, None] + steps[:, 1]) % columns
    ]
    return before, values[of, x, y]


def boosted(train, judge, run):
    import xgboost

    options = {"max_bin": BOOSTING["max_bin"], "nthread": run.threads}
    learnt = xgboost.QuantileDMatrix(*train, **options)
    judged = xgboost.QuantileDMatrix(*judge, ref=learnt, **options)
    settings = {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "seed": run.seed,
        "nthread": run.threads,
    }
    model = xgboost.train(
        settings | BOOSTING,
        learnt,
        ROUNDS,
        evals=[(judged, "")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    return lambda before: model.inplace_predict(
        before, iteration_range=(0, model.best_iteration + 1)
    )


def regressed(train, judge, run):
    """Newton's method for the log-likelihood; nothing to judge with so few weights."""
    terms, spin = odd_terms(train[0]), train[1]
    parts = np.array_split(np.arange(len(spin)), max(len(spin) // PART, 1))
    weights = np.zeros(terms.shape[1], np.float32)
    for _ in range(NEWTON_STEPS):
        slope, curvature = np.zeros(len(weights)), 1e-3 * np.eye(len(weights))
        for part in parts:
            x, p = terms[part], sigmoid(terms[part] @ weights)
            slope += x.T @ (spin[part] - p)
            curvature += x.T @ (x * (p * (1 - p))[:, None])
        weights += np.linalg.solve(curvature, slope).astype(np.float32)
    return lambda before: sigmoid(odd_terms(before) @ weights)


def odd_terms(before):
    spins = 2 * before.astype(np.float32) - 1
    a, b, c = np.array(list(combinations(range(NEAREST), 3))).T
    return np.concatenate([spins, spins[:, a] * spins[:, b] * spins[:, c]], axis=1)


def sigmoid(scores):
    return 0.5 * (1 + np.tanh(0.5 * scores))


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
        found = estimate_mi(estimator="mine", verbose=False, early_stopping=False, **parts, **MIST)
    return float(found[0] if isinstance(found, tuple) else found)


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
        found, note = method.entropy(samples, run), ""
    except MoietyError as error:
        found, note = Estimate(float("nan"), float("nan")), str(error)
    return Row(
        method, model.temperature, model.exact_entropy(), found, perf_counter() - started, note
    )


def written(row):
    s, error = row.found.entropy, row.found.error
    if math.isnan(s):
        return f"| {row.method.name} | {row.temperature:.7g} | none: {row.note} | | | {row.seconds:.1f} |"
    stated = "" if math.isnan(error) else f"{error:.5f}"
    return f"| {row.method.name} | {row.temperature:.7g} | {s:.5f} | {stated} | {s - row.exact:+.5f} | {row.seconds:.1f} |"


def drawn(rows, size):
    """|s - exact| against seconds: a marker a method, a colour a temperature."""
    figure = Figure(figsize=(8.5, 5), layout="constrained")
    axes = figure.subplots()
    temperatures = list(dict.fromkeys(row.temperature for row in rows))
    paint = {t: COLOURS[PAINT[k % len(PAINT)]] for k, t in enumerate(temperatures)}
    for row in rows:
        off = abs(row.found.entropy - row.exact)
        axes.plot(
            row.seconds,
            off,
            row.method.marker,
            color=paint[row.temperature],
            ms=8,
            mec="white",
            mew=0.6,
        )
        if row.found.error > 0:
            least = max(off - row.found.error, off / 20)  # an error bar to 0 has no end here
            axes.plot(
                [row.seconds] * 2,
                [least, off + row.found.error],
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
        f"{name} {found}"
        for name in ("torch", "xgboost-cpu", "torch-mist")
        if (found := installed(name))
    ]
    return [
        f"# Routes to the entropy of the {options.size}x{options.size} Ising lattice, {options.samples} samples\n",
        f"moiety {__version__}, seed {options.seed}, {date.today()}, {platform.machine()} with {os.cpu_count()} cores,",
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
    """Without where it is written to."""
    told = re.sub(r"\s--out[ =]\S+", "", " ".join(["", *sys.argv[1:]]))
    return f"python benchmarks/routes.py{told}"


def available(names):
    """The methods that can run; says how to get the others."""
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
        "--temperatures", type=numbers, default=TEMPERATURES, help="with commas between them"
    )
    parser.add_argument("--seed", type=int, default=1, help="of samples and networks")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sites", type=int, default=SITES, help="that each classifier learns from")
    parser.add_argument(
        "--only", type=methods, default=tuple(METHODS), help=f"some of {','.join(METHODS)}"
    )
    parser.add_argument(
        "--quick", action="store_true", help="16x16, 256 samples, one temperature: does it run?"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="name without suffix; docs/routes where all of it runs, else nothing",
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
            if options.out:  # after each row: an interrupt keeps those that are done
                options.out.with_suffix(".md").write_text("\n".join(lines) + "\n")
                drawn(rows, options.size).savefig(options.out.with_suffix(".png"), dpi=150)


if __name__ == "__main__":
    main()
