"""Entropy by the chain rule of classifiers: XGBoost and logistic regression."""

from itertools import combinations

import numpy as np

from moiety.base.random import Streams
from moiety.data.statistics import standard_error
from moiety.estimation.folds import cross_splits
from moiety.results.types import Estimate

RADIUS, NEAREST = 4, 10  # radius of the earlier spins; number of nearest spins in products
READ = 10**6  # evaluated sites of all folds
JUDGED = 200_000  # validation sites for early stopping of the boosting
BOOSTING = {
    "max_depth": 6,
    "learning_rate": 0.15,
    "min_child_weight": 50,
    "max_bin": 2,
    "tree_method": "hist",
}
ROUNDS, PATIENCE = 400, 10  # depths 4 to 8 end within 0.0005 at T_c, 10 is 0.0017 worse
NEWTON_STEPS, PART = 6, 50_000  # sites per part


def held_out(samples, run, fit):
    """Mean of -log p(spin | earlier spins) over sites of held-out samples.

    Args:
        samples: Samples of the lattice.
        run: Seed, threads and number of training sites.
        fit: `fit(train, judge, run) -> predict`; both sets are (earlier spins, spin), and
            `predict(before)` is the probability of 1.
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
    """Steps to earlier sites within the radius, nearest first, shape `(24, 2)`."""
    around = range(-RADIUS, RADIUS + 1)
    steps = [
        (x, y) for x in around for y in around if (x, y) < (0, 0) and x * x + y * y <= RADIUS**2
    ]
    return np.array(sorted(steps, key=lambda step: step[0] ** 2 + step[1] ** 2))


def at_sites(samples, chosen, sites, rng):
    """Earlier spins, shape `(sites, 24)`, and spins, as 0 and 1, at random sites of the samples."""
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
    """Newton's method for the log-likelihood; so few weights need no early stopping."""
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
