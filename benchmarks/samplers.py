"""Samplers of moiety and the fastest Ising samplers on PyPI, on one core.

Run `python benchmarks/samplers.py`.

- *Attempted flips per second*: single-spin updates at T_c, many sweeps per call, no observables.
- *Independent samples per second*: sweeps per second, timed as above, over 2 tau_int, where tau_int
  is the autocorrelation time in sweeps of the slower of energy and |m| per site, measured
  separately.  A sweep is N attempted flips; for Wolff, as many clusters as have N sites in total;
  for clusters of peapods, a Metropolis sweep and a cluster update.

Times on shared machines drift, so contenders take turns; tables give medians, and extremes in
brackets.  Every chain starts in equilibrium: those of moiety and mcising from Swendsen-Wang draws,
those of peapods, whose states cannot be set, after its own Swendsen-Wang sweeps.  Code is compiled
before the clock starts.  Mean energies are compared with exact values of the torus, and XY with an
identity of its equilibrium; the script fails if a deviation exceeds `LIMIT` standard errors.
"""

import os
import sys
from dataclasses import dataclass, replace
from importlib.util import find_spec
from math import ceil, sqrt
from statistics import median
from time import perf_counter

import numpy as np

from contenders import BURN_IN, CONTENDERS, Chain, configurations, paced
from moiety import system
from moiety.base.random import Streams
from moiety.data.statistics import standard_error, tau_int
from moiety.exact.kaufman import kaufman_energy
from moiety.exact.triangular_torus import triangular_torus_energy
from moiety.systems._lattice import neighbour_table, sublattices
from moiety.systems.dynamics.lattice import lattice_dynamics
from moiety.systems.dynamics.splitmix import stream

PEERS = {"peapods": "0.2.0", "mcising": "1.1.0"}
CRITICAL = 2.269185
SIZES = (64, 256)  # for flips per second
SIZE, TEMPERATURES = 64, (1.8, CRITICAL, 3.5)  # for samples per second
XY_TEMPERATURES = (0.5, 0.9, 1.5)
TRIANGULAR_SIZE = 66  # three sublattices fit
TRIANGULAR = (
    (0.5, "heat-bath"),
    (0.5, "mixed"),
    (0.5, "loops"),
    (1.0, "heat-bath"),
    (1.0, "mixed"),
)
OFFSETS = ((1, 0), (0, 1), (1, 1))
REPEATS = 3
SECONDS = 0.15  # duration of a timed call
DRAWS, DRAWS_OF_MANY = 2000, 200  # per repeat: of a single replica, of each of many replicas
APART, APART_OF_MANY = 8, 32  # sweeps between draws of slow single-spin updates
LIMIT = 5.0  # standard errors
SAMPLES = 2048  # for the time of a call of `sample`


@dataclass
class Record:
    """Measurements of a chain: sweeps per second, and draws `(draw, replica, k)`, by repeat."""

    chain: Chain
    sweeps: int
    apart: int = 1
    rates: tuple = ()
    draws: tuple = ()

    @classmethod
    def of(cls, chain, slow=False):
        """A record whose timed calls take `SECONDS`."""
        sweeps = 1
        while (seconds := timed(chain.advance, sweeps)) < SECONDS / 10:
            sweeps *= 2
        apart = 1 if not slow else APART if chain.replicas == 1 else APART_OF_MANY
        return cls(chain, ceil(sweeps * SECONDS / seconds), apart)

    def time(self):
        self.rates += (self.sweeps / timed(self.chain.advance, self.sweeps),)

    def observe(self):
        draws = []
        for _ in range(DRAWS if self.chain.replicas == 1 else DRAWS_OF_MANY):
            self.chain.advance(self.apart)
            draws.append(self.chain.observables())
        self.draws += (np.array(draws),)

    def series(self):
        """Observables, shape `(k, repeat and replica, draw)`."""
        return np.concatenate(self.draws, axis=1).transpose(2, 1, 0)

    def tau(self, series):
        """The autocorrelation time tau_int and its error (Sokal) in sweeps."""
        tau = tau_int(series)
        return self.apart * tau, self.apart * tau * sqrt(2 * (10 * tau + 1) / series.size)

    def rate(self, taus):
        """Independent samples per second: median, smallest, largest."""
        return spread([self.chain.replicas * rate / (2 * max(taus)) for rate in self.rates])


def timed(function, *arguments):
    started = perf_counter()
    function(*arguments)
    return perf_counter() - started


def spread(values):
    return median(values), min(values), max(values)


def significant(value):
    """Two digits of a small number; a large whole number with spaces between thousands."""
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}".replace(",", " ")


def cell(values, unit=1.0):
    middle, least, most = (significant(value / unit) for value in values)
    return f"{middle} [{least}, {most}]"


def plus_minus(tau):
    return f"{significant(tau[0])} ± {significant(tau[1])}"


def heading(*names):
    print(f"\n| {' | '.join(names)} |\n|{'---|' * len(names)}", flush=True)


def row(*cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def off(series, exact):
    """Difference of a mean from its exact value in standard errors."""
    return float((series.mean() - exact) / standard_error(series))


def installed(contenders):
    """Contenders with installed packages; prints how to install the others."""
    missing = [name for name in PEERS if find_spec(name) is None]
    for name in missing:
        print(
            f"{name} is not installed and left out: pip install {name}=={PEERS[name]}",
            file=sys.stderr,
        )
    return [contender for contender in contenders if contender.library not in missing]


def flips(contenders):
    heading("lattice", "sampler", "update", "attempted flips per second (millions)")
    for size in SIZES:
        records = {c: Record.of(c.prepare(size, CRITICAL, seed=1)) for c in contenders if c.slow}
        for _ in range(REPEATS):
            for record in records.values():
                record.time()
        for c, record in records.items():
            rates = [rate * size**2 * record.chain.replicas for rate in record.rates]
            row(f"{size}x{size}", c.library, named(c, record), cell(spread(rates), 1e6))


def samples(contenders):
    """Print the table; return deviations from the exact energy by contender and temperature."""
    heading(
        "T",
        "sampler",
        "update",
        "sweeps/s (1000)",
        "tau of E",
        "tau of \\|m\\|",
        "independent samples/s",
        "deviation of E (σ)",
    )
    deviations = {}
    for temperature in TEMPERATURES:
        slow = {c: c.slow and temperature == CRITICAL for c in contenders}
        records = {c: Record.of(c.prepare(SIZE, temperature, seed=2), slow[c]) for c in contenders}
        in_turns(records.values())
        for c, record in records.items():
            energy, moment = record.series()
            taus = [record.tau(energy), record.tau(abs(moment))]
            sigmas = off(energy, kaufman_energy(temperature, SIZE))
            deviations[f"{c.library} {c.update} T={temperature}"] = sigmas
            stuck = temperature < CRITICAL and (moment.max() < 0 or moment.min() > 0)
            rate = cell(record.rate([tau for tau, _ in taus])) + (
                ", one sign of m only: not ergodic" if stuck else ""
            )
            speeds = cell(spread([speed * record.chain.replicas for speed in record.rates]), 1e3)
            row(
                temperature,
                c.library,
                named(c, record),
                speeds,
                *map(plus_minus, taus),
                rate,
                f"{sigmas:+.1f}",
            )
    return deviations


def named(contender, record):
    return contender.update + (
        f", {record.chain.replicas} at once" if record.chain.replicas > 1 else ""
    )


def in_turns(records):
    for _ in range(REPEATS):
        for record in records:
            record.time()
        for record in records:
            record.observe()


def other_models():
    """Print the table of XY and the triangular antiferromagnet; return deviations."""
    heading(
        "system",
        "T",
        "update",
        "sites/s (millions)",
        "slowest tau",
        "independent samples/s",
        "deviation of check (σ)",
    )
    chains = {("xy-square 64x64", t, "mixed"): xy(t) for t in XY_TEMPERATURES}
    name = f"ising-triangular {TRIANGULAR_SIZE}x{TRIANGULAR_SIZE}, J = -1"
    chains |= {(name, t, a): triangular(t, a) for t, a in TRIANGULAR}
    records = {
        key: (Record.of(chain, slow=key[1:] == (0.5, "heat-bath")), sites)
        for key, (chain, sites) in chains.items()
    }
    in_turns([record for record, _ in records.values()])
    deviations = {}
    for key, (record, sites) in records.items():
        check, *watched = record.series()
        deviations[" ".join(map(str, key))] = sigmas = off(check, 0.0)
        taus = [record.tau(series) for series in (check, *watched)]
        speeds = cell(spread([rate * sites * record.chain.replicas for rate in record.rates]), 1e6)
        row(
            *key,
            speeds,
            plus_minus(max(taus)),
            cell(record.rate([tau for tau, _ in taus])),
            f"{sigmas:+.1f}",
        )
    return deviations


def xy(temperature):
    """A chain of XY rotors with an observable whose mean is zero in equilibrium.

    It is T sum_j cos(t_i - t_j) - J (sum_j sin(t_i - t_j))^2.
    """
    model = system("xy-square", size=SIZE, temperature=temperature)
    dynamics = model._dynamics("mixed")
    state = dynamics.start(0, Streams(3).numpy("start"))
    chain = paced(dynamics, state, stream(3))

    def observables():
        angles = state.reshape(model.shape)
        turns = [angles - np.roll(angles, step, axis) for step in (1, -1) for axis in (0, 1)]
        torque = sum(np.sin(turn) for turn in turns)
        check = temperature * sum(np.cos(turn) for turn in turns).mean() - (torque**2).mean()
        return np.array([[check, *dynamics.observe(state)]])

    return replace(chain, observables=observables), dynamics.sites


def triangular(temperature, algorithm):
    """A chain of the antiferromagnet with the difference of its energy from the exact value."""
    model = system("ising-triangular", size=TRIANGULAR_SIZE, temperature=temperature, coupling=-1.0)
    table, groups = neighbour_table(model.shape, OFFSETS), sublattices(model.shape, 3)
    if algorithm == "loops":
        dynamics = model._loops(table, -2 / temperature, groups)
    else:
        dynamics = lattice_dynamics(table, 2, -2 / temperature, algorithm=algorithm, groups=groups)
    state, rng = dynamics.start(1, Streams(4).numpy("start")), stream(4)
    dynamics.advance(state, rng, 20 * BURN_IN)
    chain = paced(dynamics, state, rng)
    exact = triangular_torus_energy(temperature, model.shape, coupling=-1.0)

    def observables():
        check = model.energy(configurations(dynamics, state, model)) / dynamics.sites - exact
        return np.concatenate([check, np.atleast_2d(dynamics.observe(state))], axis=1)

    return replace(chain, observables=observables), dynamics.sites


def whole_calls():
    """Time for a call of `sample` with burn-in, on two threads."""
    model = system("ising-square", size=SIZE, temperature=CRITICAL)
    model.sample(64)
    seconds = timed(lambda: model.sample(SAMPLES, seed=1, threads=2))
    print(
        f"\n`IsingSquare({SIZE}, {CRITICAL}).sample({SAMPLES})` takes {seconds:.1f} s on two "
        "threads, burn-in included.",
        flush=True,
    )


def main():
    os.environ["RAYON_NUM_THREADS"] = "1"  # for the other packages, which are not loaded yet
    contenders = installed(CONTENDERS)
    flips(contenders)
    deviations = samples(contenders) | other_models()
    whole_calls()
    wrong = [
        f"{name}: {sigmas:+.1f}" for name, sigmas in deviations.items() if not abs(sigmas) < LIMIT
    ]
    if wrong:
        sys.exit(f"WRONG, in standard errors from the exact value: {'; '.join(wrong)}")
    worst = max(map(abs, deviations.values()))
    print(
        f"\nAll {len(deviations)} deviations were within {LIMIT:g} standard errors, "
        f"the largest {worst:.1f}."
    )


if __name__ == "__main__":
    main()
