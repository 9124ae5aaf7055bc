"""Loops on the triangular lattice: against enumeration, a plain twin of half-links, exact tori."""

from itertools import product
from math import exp, prod

import numpy as np
import pytest
from scipy.stats import chi2

from moiety import InputError
from moiety.data.statistics import tau_int
from moiety.exact.enumeration import all_states, boltzmann
from moiety.exact.triangular_torus import triangular_torus_energy
from moiety.systems.dynamics.loops import (
    _behind,
    _close,
    _open,
    _place,
    _return,
    _steps,
    _worm,
    exit_rule,
    loops,
)
from moiety.systems.dynamics.splitmix import stream
from moiety.systems.ising_triangular import IsingTriangular
from statistical import assert_within_sigma, exact_mean, sublattice_order

LEGS = ((1, 0), (0, 1), (1, 1))
BONDS = (-300.0, -4.0, -1.3, 0.0, 0.4, np.log(2), 1.1, 6.0, 800.0)


def winding(values):
    """Squared difference of the numbers of like pairs along (1, 0) and (1, 1), per site."""
    first, last = (
        (values == np.roll(values, [-x for x in leg], (2, 3))).sum((2, 3)) for leg in LEGS[::2]
    )
    return (first - last.astype(float)) ** 2 / prod(values.shape[2:])


def run(model, draws, returns=1, seed=3, burn_in=50):
    """One chain, shape `(1, draws, *shape)`, from a cold start."""
    bond, rng = 2 * model.coupling / model.temperature, stream(seed)
    state, values = (
        np.zeros(prod(model.shape), np.uint8),
        np.empty((draws, prod(model.shape)), np.uint8),
    )
    loops(state, model.shape, bond, rng, burn_in)
    for draw in range(draws):
        assert loops(state, model.shape, bond, rng, returns) == returns * state.size
        values[draw] = state
    return values.reshape(1, draws, *model.shape)


# ------------------------------------------------------------- the tables


@pytest.mark.parametrize("shape", [(2, 2), (2, 5), (3, 4), (5, 3)])
def test_every_link_joins_two_triangles(shape):
    triangles = {
        _place(x, y, shape) + second for x, y, second in product(*map(range, shape), (0, 1))
    }
    for leg in range(3):
        behind = {at: _behind(at, leg, shape) for at in triangles}
        assert set(behind.values()) == triangles
        assert all((at + other) % 2 == 1 and behind[other] == at for at, other in behind.items())


@pytest.mark.parametrize("shape", [(1, 4), (3, 1), (1, 1)])
def test_sides_of_one(shape):
    with pytest.raises(InputError):
        loops(np.zeros(prod(shape), np.uint8), shape, -1.0, stream(1), 1)


def exit_odds(bond):
    """P(entry -> exit) by odd triangle before the entry, shape `(8, 3, 3)`, from the table."""
    limits, table = exit_rule(bond)
    edges, odds = np.clip([0.0, *limits, 1.0], 0.0, 1.0), np.zeros((8, 3, 3))
    for before, entry, k in product((1, 2, 4, 7), range(3), range(4)):
        after, leg = divmod(int(table[16 * before + 4 * entry + k]), 16)
        assert after == before ^ 1 << entry ^ 1 << leg
        odds[before, entry, leg] += edges[k + 1] - edges[k]
    return odds


def weight(triangle, bond):
    """Weight of an odd triangle, at most 1."""
    return exp(min(bond, 0.0)) if triangle == 7 else exp(min(-bond, 0.0))


@pytest.mark.parametrize("bond", BONDS)
def test_detailed_balance_and_fewest_bounces(bond):
    odds = exit_odds(bond)
    for inside in (0, 3, 5, 6):
        weights = [weight(inside ^ 1 << leg, bond) for leg in range(3)]
        rates = np.array(
            [[weights[i] * odds[inside ^ 1 << i, i, j] for j in range(3)] for i in range(3)]
        )
        np.testing.assert_allclose(rates.sum(1), weights, rtol=1e-14)
        np.testing.assert_allclose(rates, rates.T, rtol=1e-13, atol=1e-300)
        bounces = max(2 * max(weights) - sum(weights), 0.0)  # what no solution can avoid
        np.testing.assert_allclose(rates.trace(), bounces, atol=1e-14)


# ------------------------------------------------------------- small tori, all states


def chi_square(values, model):
    """Chi-square over classes of states of equal energy, order and winding; number of classes."""
    states = all_states(model.shape, 2)
    labels = [
        np.concatenate([f(states)[0], f(values)[0]]).round(6)
        for f in (model.energy, sublattice_order, winding)
    ]
    _, classes = np.unique(np.stack(labels, 1), axis=0, return_inverse=True)
    classes = classes.ravel()
    expected = np.bincount(
        classes[: states.shape[1]], boltzmann(model.energy(states)[0], model.temperature)
    )
    counts = np.bincount(classes[states.shape[1] :], minlength=len(expected))
    expected = expected * counts.sum()
    rare = expected < 20  # merged into a class
    counts, expected = (np.append(n[~rare], n[rare].sum()) for n in (counts, expected))
    kept = expected > 5
    return ((counts - expected) ** 2 / np.maximum(expected, 1e-300))[kept].sum(), kept.sum()


CASES = [
    ((3, 4), 0.7, -1.0),
    ((4, 4), 1.5, -1.0),
    ((3, 3), 0.8, -1.0),
    ((3, 3), 2.0, -1.0),
    ((3, 5), 0.1, -1.0),  # ground states only
    ((4, 4), 0.3, -1.0),
    ((2, 5), 1.0, -1.0),
    ((2, 2), 1.0, -1.0),
    ((3, 4), 4.0, 1.0),
    ((2, 5), 3.0, 1.0),
    ((4, 4), 2.5, 1.0),  # r > 2: the head turns back
    ((3, 3), 1e6, 1.0),
]


@pytest.mark.parametrize(("shape", "temperature", "coupling"), CASES)
def test_against_enumeration(shape, temperature, coupling):
    model = IsingTriangular(shape, temperature, coupling)
    values = run(model, 20000)
    for observable in (model.energy, sublattice_order, winding, lambda v: v[..., 0, 0] * 1.0):
        assert_within_sigma(observable(values), exact_mean(model, observable))
    independent = run(model, 4000, returns=12)
    for observable in (model.energy, sublattice_order, winding):
        assert tau_int(observable(independent)) < 0.5 + 4 * 0.03  # the error of 0.5 from 4000 draws
    statistic, classes = chi_square(independent, model)
    assert statistic < chi2.isf(1e-4, classes - 1)


def test_all_states_are_equally_likely_without_bonds():
    values = run(IsingTriangular((3, 3), 1e6, -1.0), 20000, returns=12)
    counts = np.bincount(values.reshape(-1, 9) @ (1 << np.arange(9)), minlength=512)
    assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < chi2.isf(1e-4, 511)


def run_otherwise(model, draws, step, change=lambda table: table):
    """Like `run`, with another step between states where links close, or another exit table."""
    limits, table = exit_rule(2 * model.coupling / model.temperature)
    table, rng = change(table.copy()), stream(3)
    links, values = (
        np.empty(2 * prod(np.add(model.shape, 2)), np.uint8),
        np.zeros((draws, prod(model.shape)), np.uint8),
    )
    _open(values[0], links, model.shape)
    for draw in range(draws):
        step(links, model.shape, limits, table, rng)
        _close(values[draw], links, model.shape, draw % 2)
    return values.reshape(1, draws, *model.shape)


def exchange_two_exits(table):
    """Exchange p and 1 - p for a head that enters triangle {1} or {2} by leg 0."""
    for before, k in product((2, 4), range(4)):
        after, leg = divmod(int(table[16 * before + k]), 16)
        table[16 * before + k] = 16 * (after ^ 0b110) + 3 - leg
    return table


def at_least_two_worms(links, shape, limits, table, rng):
    """Run a fixed number of worms, then more until the links close."""
    _worm(links, shape, limits, table, _steps(table, shape), rng)
    _return(links, shape, limits, table, rng)


@pytest.mark.parametrize(
    ("temperature", "coupling", "step", "change"),
    [(2.0, -1.0, _return, exchange_two_exits), (3.0, 1.0, at_least_two_worms, np.copy)],
)
def test_enumeration_would_notice_wrong_exits_and_wrong_stops(temperature, coupling, step, change):
    model = IsingTriangular((3, 3), temperature, coupling)
    exact = exact_mean(model, model.energy)
    assert_within_sigma(model.energy(run_otherwise(model, 10000, _return)), exact)
    with pytest.raises(AssertionError):
        assert_within_sigma(model.energy(run_otherwise(model, 10000, step, change)), exact)


# ------------------------------------------------------------- large tori


@pytest.mark.parametrize("size", [36, 64])
@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_energy_of_a_large_torus(size, temperature):
    model = IsingTriangular(size, temperature, -1.0)
    energy = model.energy(run(model, 500, returns=3)) / size**2
    assert_within_sigma(energy, triangular_torus_energy(temperature, size, coupling=-1.0))
    with pytest.raises(AssertionError):  # negative control
        assert_within_sigma(energy, triangular_torus_energy(1.1 * temperature, size, coupling=-1.0))


def exact_winding(temperature, side):
    """Mean of `winding` for J = -1: d^2 ln Z / dx^2 at couplings K + x, K, K - x along the legs."""
    wave = 2 * np.arccos(np.longdouble(-1)) * np.arange(2 * side) / (2 * side)

    def log_z(x):
        k = 2 * (np.array([x, 0, -x]) - 1 / np.longdouble(temperature))
        cosh, sinh, logs = np.cosh(k), np.sinh(k), []
        for a, b in ((0, 1), (1, 0), (1, 1), (0, 0)):
            w1, w2 = wave[a::2, None], wave[b::2]
            modes = (
                cosh.prod()
                + sinh.prod()
                - sinh[0] * np.cos(w1)
                - sinh[1] * np.cos(w2)
                - sinh[2] * np.cos(w1 + w2)
            )
            logs.append(np.log(modes).sum() / 2)
        return logs[0] + np.log(np.exp(np.array(logs) - logs[0]) @ (1, 1, 1, -1))

    step = np.longdouble(0.005)
    second = (
        [-1, 16, -30, 16, -1] @ np.array([log_z(i * step) for i in range(-2, 3)]) / (12 * step**2)
    )
    return float(second) / 4 / side**2


@pytest.mark.parametrize(("side", "temperature"), [(10, 0.5), (24, 0.5), (36, 0.5)])
def test_winding_of_a_large_torus(side, temperature):
    observed = winding(run(IsingTriangular(side, temperature, -1.0), 2000, returns=6))
    assert tau_int(observed) < 1.0
    assert_within_sigma(observed, exact_winding(temperature, side))
    with pytest.raises(AssertionError):  # negative control
        assert_within_sigma(observed, exact_winding(temperature + 0.3, side))


@pytest.mark.parametrize("temperature", [0.01, 0.2])
def test_ground_states_in_all_winding_sectors(temperature):
    # the first excitation, 4 |J| above, has weight exp(-20) at T = 0.2
    model = IsingTriangular(32, temperature, -1.0)
    values = run(model, 400, returns=10)
    # the cold start of equal spins is left at once
    assert (model.energy(values) == -(32**2)).all()
    for observable in (sublattice_order, winding):
        assert tau_int(observable(values)) < 1.2
    assert winding(values).std() > 0
    # negative control: with single spins, chains keep their first winding
    single = model.sample(64, algorithm="metropolis", chains=2, burn_in=400, thinning=50)
    assert (winding(single.values).std(axis=1) == 0).all()
