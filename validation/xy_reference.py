r"""Entropy of the XY model on the 64x64 torus by thermodynamic integration.

This makes the table of `moiety.exact.xy_reference`, with u = <E> / N including the field:
$$s(\beta) = \ln 2\pi - \int_0^\beta u \, d\beta' + \beta u(\beta).$$

1. u is measured at 102 beta from 0.01 to 10, on a grid of x = beta / (1 + beta) that is dense
   around the maximum of the heat capacity.  E is measured after every update of the default
   sampler until beta times the standard error of u, with autocorrelation, is below `--target`.
   Every seed repeats all measurements.
2. u / x is fitted by a quintic spline with a knot at every third beta and weights 1 / error^2; at
   x = 0 its exact value is -(J^2 + H^2 / 2).  If chi^2 per degree of freedom exceeds 1, the errors
   are scaled to match.
3. s is linear in u, so the statistical error follows from those of u, with all correlations
   between temperatures.
4. Error of the spline: the fitted curve is fitted again with half the knots, and a quarter of the
   largest change of s nearby is added.  (The error of a quintic falls by 2^6 if there are twice
   as many knots.  It fell by 13 for a similar step, a tanh in x of width 0.04.  The two chains of
   the test differ by 0.00006 at T = 0.125.)

Run `python validation/xy_reference.py --rows FILE`; FILE keeps all measurements, so the run can be
interrupted.  The table is written when the rows of all fields are complete.
"""

import argparse
import csv
import math
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
from scipy.interpolate import BSpline, CubicSpline

import moiety
from moiety.base.random import Streams
from moiety.data.statistics import standard_error, tau_int
from moiety.systems.dynamics.splitmix import stream
from moiety.systems.xy_square import XYSquare

FIELDS = (0.0, 0.05, 0.1, 0.5, 1.0)
COLDEST = 0.1
TEMPERATURES = np.round(  # denser where a spline through the table needs it
    np.concatenate([
        np.arange(0.1, 0.3, 0.025), np.arange(0.3, 0.7, 0.05), np.arange(0.7, 1.6, 0.025),
        np.arange(1.6, 2.0, 0.1), np.arange(2.0, 4.01, 0.25),
    ]), 10,
)  # fmt: skip
TABLE = Path(moiety.__file__).parent / "exact" / "xy_reference.csv"
DEGREE, KNOT_EVERY, HALF_THE_KNOTS = 5, 3, 0.25
WAVES = 0.8  # a single piece of the spline is enough for larger x (T < 0.25)
BURN_IN, BATCH, MOST = 500, 1000, 60_000
EXACT = 1e-7  # error of u / x at x = 0


class Row(NamedTuple):
    """A measured energy per site."""

    field: float
    beta: float
    energy: float
    error: float
    updates: int
    tau_int: float
    seed: int = 0


def inverse_temperatures(coarse=1, coldest=COLDEST):
    """Grid of beta in ascending order; spacings of x = beta / (1 + beta) are scaled by `coarse`."""
    last = 1 / (1 + coldest)
    hot, peak = np.arange(0.01 * coarse, 0.4, 0.01 * coarse), np.arange(0.4, 0.58, 0.004 * coarse)
    x = np.concatenate(
        [hot, peak, np.linspace(0.58, last, 1 + math.ceil((last - 0.58) / (0.02 * coarse)))]
    )
    return x / (1 - x)


def measure(model, state, seed, target, burn_in=BURN_IN):
    """Measure the energy of a system; advances `state`."""
    dynamics, rng, beta = model._dynamics("mixed"), stream(seed), 1 / model.temperature
    dynamics.advance(state, rng, burn_in)
    energies = np.empty(0)
    while len(energies) < MOST:
        batch = np.empty(BATCH)
        for i in range(BATCH):
            dynamics.advance(state, rng, 1)
            bonds, east, *_ = dynamics.observe(state)
            batch[i] = -(model.coupling * bonds + model.field * east) / dynamics.sites
        energies = np.concatenate([energies, batch])
        error = standard_error(energies)
        if beta * error < target and len(energies) >= 2 * BATCH:
            break
    return Row(model.field, beta, energies.mean(), error, len(energies), tau_int(energies))


def measured(size, field, betas, target, seed, known=(), keep=lambda row: None):
    """All rows of a field, from hot to cold; known rows are not measured again."""
    done = {round(row.beta, 9): row for row in known if (row.field, row.seed) == (field, seed)}
    streams, rows = Streams(seed), []
    state = streams.numpy("start", field).uniform(0, 2 * np.pi, size * size)
    for i, beta in enumerate(betas):
        row = done.get(round(beta, 9))
        if row is None:
            fresh = not rows or round(rows[-1].beta, 9) in done
            burn_in = BURN_IN * (4 if fresh else 1)
            model, key = XYSquare(size, 1 / beta, field=field), streams.integer("chain", field, i)
            row = measure(model, state, key, target, burn_in)._replace(seed=seed)
            keep(row)
        rows.append(row)
    return rows


class Entropies(NamedTuple):
    """Entropies and energies per site with errors, and chi^2 of the fit per degree of freedom."""

    entropy: np.ndarray
    statistical: np.ndarray
    quadrature: np.ndarray
    energy: np.ndarray
    chi_square: float

    @property
    def error(self):
        return np.hypot(self.statistical, self.quadrature)


def integrate(rows, temperatures):
    """Integrate the rows of a field."""
    x, values, errors = _data(rows)
    knots = _knots(x, KNOT_EVERY)
    solve = _solver(x, errors, knots)
    coefficients = solve @ values
    to_entropy = _functional(temperatures, knots)
    entropy = math.log(2 * math.pi) + to_entropy @ coefficients
    smooth = _basis(x, knots) @ coefficients
    chi_square = (((values - smooth) / errors) ** 2).sum() / (len(x) - len(coefficients))
    statistical = np.sqrt(max(chi_square, 1) * ((to_entropy @ solve * errors) ** 2).sum(axis=1))
    at = 1 / (1 + np.asarray(temperatures))
    energy = at * (_basis(at, knots) @ coefficients)
    quadrature = _quadrature_error(x, errors, coefficients, temperatures)
    return Entropies(entropy, statistical, quadrature, energy, chi_square)


def _quadrature_error(x, errors, coefficients, temperatures):
    """Step 4: the largest error within a quarter of each temperature, since its sign oscillates."""
    coldest = 1 / x.max() - 1
    grid = np.geomspace(coldest * (1 + 1e-9), 4, 100)
    fine, coarse = _knots(x, KNOT_EVERY), _knots(x, 2 * KNOT_EVERY)
    again = _solver(x, errors, coarse) @ _basis(x, fine) @ coefficients
    change = abs(_functional(grid, coarse) @ again - _functional(grid, fine) @ coefficients)
    near = abs(np.log(np.divide.outer(temperatures, grid))) < 0.25
    return HALF_THE_KNOTS * np.where(near, change, 0).max(axis=1)


def _data(rows):
    """Columns x, u / x and its errors, with x = 0."""
    beta, u, error = (
        np.array([getattr(row, name) for row in rows]) for name in ("beta", "energy", "error")
    )
    x = beta / (1 + beta)
    slope = -(1 + rows[0].field ** 2 / 2)
    return (
        np.concatenate([[0], x]),
        np.concatenate([[slope], u / x]),
        np.concatenate([[EXACT], error / x]),
    )


def _knots(x, every):
    """Knots of a clamped spline at every `every`-th x, none in the regime of spin waves."""
    x = np.unique(x)
    inner = x[every : len(x) - every : every]
    inner = inner[inner < WAVES]
    return np.concatenate([[x[0]] * (DEGREE + 1), inner, [x[-1]] * (DEGREE + 1)])


def _basis(x, knots):
    return BSpline.design_matrix(np.clip(x, knots[0], knots[-1]), knots, DEGREE).toarray()


def _solver(x, errors, knots):
    """Matrix from values to coefficients of the weighted least-squares fit."""
    return np.linalg.pinv(_basis(x, knots) / errors[:, None]) / errors


def _functional(temperatures, knots):
    """Matrix from coefficients of u / x to beta u - int u dbeta, by Gauss-Legendre quadrature.

    dbeta = dx / (1 - x)^2.
    """
    points, weights = np.polynomial.legendre.leggauss(12)
    rows = []
    for temperature in temperatures:
        end = 1 / (1 + temperature)
        edges = np.unique(np.append(knots[knots < end], end))
        half = np.diff(edges)[:, None] / 2
        x = (edges[:-1, None] + half * (1 + points)).ravel()
        weight = (half * weights).ravel() * x / (1 - x) ** 2
        rows.append(
            end / temperature * _basis(np.array([end]), knots)[0] - weight @ _basis(x, knots)
        )
    return np.array(rows)


def between_rows(rows, entropies):
    """Largest error of a cubic spline in ln T through the table, at the midpoints."""
    middles = (TEMPERATURES[1:] + TEMPERATURES[:-1]) / 2
    spline = CubicSpline(np.log(TEMPERATURES), entropies.entropy)
    return abs(spline(np.log(middles)) - integrate(rows, middles).entropy).max()


def read_rows(path):
    """Read the rows measured so far."""
    if not path.exists():
        return []
    with path.open() as file:
        return [Row(*map(float, line)) for line in csv.reader(file)]


def write_table(path, results, arguments):
    """Write the table of `moiety.exact.xy_reference`."""
    command = f"python validation/xy_reference.py {arguments}"
    lines = [
        "# XY model, 64x64 torus, J = 1: entropy per site in nats by thermodynamic integration, "
        "angles in radians.",
        "# Recipe: validation/xy_reference.py.  error: one sigma, statistical and quadrature.",
        f"# {date.today()}, moiety {moiety.__version__}: {command}",
        "field,temperature,entropy,error,energy",
    ]
    for field, table in results.items():
        for t, s, e, u in zip(TEMPERATURES, table.entropy, table.error, table.energy, strict=True):
            lines.append(f"{field:g},{t:g},{s:.6f},{e:.6f},{u:.6f}")
    path.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=Path, required=True, help="file that keeps the measurements")
    parser.add_argument(
        "--target", type=float, default=4e-4, help="largest beta times the error of u"
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[1, 2], help="every beta is measured once per seed"
    )
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args()
    started = perf_counter()

    def keep(row):
        with options.rows.open("a") as file:
            csv.writer(file).writerow(row)
        where = f"{perf_counter() - started:6.0f} s  H = {row.field:g}  T = {1 / row.beta:.4f}"
        what = (
            f"u = {row.energy:.6f} ± {row.error:.6f}  {row.updates} updates, tau {row.tau_int:.2f}"
        )
        print(where, what, sep="  ", flush=True)

    results, known, betas = {}, read_rows(options.rows), inverse_temperatures()
    for field in FIELDS:
        passes = [
            measured(64, field, betas, options.target, seed, known, keep) for seed in options.seeds
        ]
        rows = [row for measurements in passes for row in measurements]
        results[field] = table = integrate(rows, TEMPERATURES)
        print(
            f"H = {field:g}: chi^2 / dof {table.chi_square:.2f}, largest error "
            f"{table.error.max():.5f}, of the quadrature {table.quadrature.max():.5f}, "
            f"of the spline in ln T {between_rows(rows, table):.6f}"
        )
    seeds = " ".join(map(str, options.seeds))
    arguments = f"--rows {options.rows} --target {options.target:g} --seeds {seeds}"
    write_table(options.out, results, arguments)


if __name__ == "__main__":
    main()
