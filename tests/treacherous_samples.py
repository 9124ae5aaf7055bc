"""Samples that break what the method assumes, with their right values.

A row is (what it is, what makes it, exact entropy per site in nats, words of the reason).  Either
the estimate is refused, or it is doubtful and says why.  `None` as the exact value means that
there is none to compare with.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import lgamma, log
from typing import Any, NamedTuple

import numpy as np

import moiety
from moiety import Samples

__all__ = ["GOOD", "ROWS", "SampleRow"]


class SampleRow(NamedTuple):
    """Treacherous samples."""

    what: str
    make: Callable[[], Samples]
    exact: float | None
    reason: str


N, L = 1024, 8


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def samples(array: Any, periodic: Any = True, **options: Any) -> Samples:
    axes = options.pop("axes", ("draw", *"xyz"[: np.ndim(array) - 1]))
    return Samples.from_array(array, periodic=periodic, axes=axes, **options)


@cache
def ising(temperature: float, n: int = N, seed: int = 0, size: int = L) -> np.ndarray:
    """Independent Ising samples as spins, shape `(n, size, size)`."""
    model = moiety.system("ising-square", size=size, temperature=temperature)
    drawn = model.sample(n, seed=seed, thinning=40)
    return 2 * drawn.values.reshape(-1, size, size)[:n].astype(np.int8) - 1


def exact_ising(temperature: float) -> float:
    value = moiety.system("ising-square", size=L, temperature=temperature).exact_entropy()
    assert value is not None
    return value


def binary(p: Any) -> float:
    """Mean entropy of independent sites that are up with probability p."""
    p = np.asarray(p, float)
    inside = p[(p > 0) & (p < 1)]
    total = -(inside * np.log(inside) + (1 - inside) * np.log(1 - inside)).sum()
    return float(total / p.size)


def independent(p: np.ndarray, seed: int = 0, n: int = N) -> np.ndarray:
    return (2 * (rng(seed).random((n, *p.shape)) < p) - 1).astype(np.int8)


def own_rates() -> np.ndarray:
    return rng(5).choice([0.35, 0.65], size=(L, L))


def frozen() -> Samples:
    spins = independent(np.full((L, L), 0.5), n=512)
    spins[:, 3, 4] = 1
    return samples(spins)


def vacancies() -> Samples:
    spins = independent(np.full((L, L), 0.5))
    return samples(np.where(rng(6).random((L, L)) < 0.25, 0, spins))


def firing() -> Samples:
    return samples(independent(rng(7).beta(1, 6, size=40)))


FIRING = rng(7).beta(1, 6, size=40)
VACANT = 1 - (rng(6).random((L, L)) < 0.25).mean()


@cache
def open_ising(temperature: float = 2.2, n: int = N) -> np.ndarray:
    """An 8x8 Ising lattice with free ends, by rows: each row given those before it is exact."""
    return _by_transfer(1 / temperature, np.ones((L, L)), np.ones((L, L)), n)


def _by_transfer(beta: float, right: np.ndarray, down: np.ndarray, n: int) -> np.ndarray:
    """Exact samples of a lattice with free ends and couplings of each bond.

    Backwards messages over the 2^8 states of a row give the distribution of each row in turn.
    """
    states = 1 - 2 * ((np.arange(2**L)[:, None] >> np.arange(L)) & 1)  # (states, L)
    messages, total = [np.zeros(2**L)], np.zeros(2**L)
    within = [beta * (states[:, :-1] * states[:, 1:]) @ right[row, :-1] for row in range(L)]
    for row in range(L - 2, -1, -1):
        pair = beta * (states * down[row]) @ states.T + within[row + 1] + messages[0]
        top = pair.max(axis=1)
        total = top + np.log(np.exp(pair - top[:, None]).sum(axis=1))
        messages.insert(0, total)
    stream, rows, weights = rng(8), [], np.tile(within[0] + messages[0], (n, 1))
    for row in range(L):
        p = np.exp(weights - weights.max(axis=1, keepdims=True))
        level = p.cumsum(axis=1)
        drawn = (level < stream.random((n, 1)) * level[:, -1:]).sum(axis=1)
        rows.append(states[drawn])
        if row + 1 < L:
            weights = beta * (states[drawn] * down[row]) @ states.T
            weights = weights + within[row + 1] + messages[row + 1]
    return np.stack(rows, axis=1).astype(np.int8)


def open_entropy(beta: float, right: np.ndarray, down: np.ndarray) -> float:
    """S = log Z + beta <E> per site, by a derivative of log Z."""
    step = 1e-4
    logs = [_log_z(b, right, down) for b in (beta - step, beta, beta + step)]
    return (logs[1] - beta * (logs[2] - logs[0]) / (2 * step)) / L**2


def _log_z(beta: float, right: np.ndarray, down: np.ndarray) -> float:
    states = 1 - 2 * ((np.arange(2**L)[:, None] >> np.arange(L)) & 1)
    vector = np.zeros(2**L)
    for row in range(L - 1, -1, -1):
        here = beta * (states[:, :-1] * states[:, 1:]) @ right[row, :-1] + vector
        if row == 0:
            return float(here.max() + np.log(np.exp(here - here.max()).sum()))
        pair = beta * (states * down[row - 1]) @ states.T + here
        top = pair.max(axis=1)
        vector = top + np.log(np.exp(pair - top[:, None]).sum(axis=1))
    raise AssertionError("unreachable")


ONES = np.ones((L, L))
RIGHT, DOWN = rng(9).choice([-1.0, 1.0], size=(2, L, L))
GLASS = 1.0  # beta


def glass() -> Samples:
    return samples(_by_transfer(GLASS, RIGHT, DOWN, N), periodic=False)


def permutations() -> Samples:
    row = np.repeat([-1, 1], 128).astype(np.int8)
    return samples(rng(10).permuted(np.tile(row, (N, 1)), axis=1).reshape(N, 16, 16))


CONSERVED = (lgamma(257) - 2 * lgamma(129)) / 256


def copied() -> Samples:
    return samples(np.concatenate([ising(2.4, 128, seed=11)] * 8))


def images() -> Samples:
    spins = ising(2.4, 128, seed=11)
    turned = [np.rot90(spins, k, axes=(1, 2)) for k in range(4)]
    images = np.concatenate([*turned, *(part[:, ::-1] for part in turned)])
    return samples(images, symmetries=("reflect", "transpose"))


def bootstrapped() -> Samples:
    return samples(ising(2.4, 128, seed=11)[rng(12).integers(128, size=N)])


def trailing_zeros() -> Samples:
    spins = ising(2.4).copy()
    spins[-41:] = 0
    return samples(spins)


def one_restart() -> Samples:
    spins = ising(2.4, N, seed=13).copy()
    spins[512:768] = spins[256:512]
    return samples(spins)


def equal_block() -> Samples:
    spins = ising(2.4, N, seed=14).copy()
    spins[300:364] = spins[300]
    return samples(spins)


def drifting() -> Samples:
    p = np.linspace(0.5, 0.8, N)[:, None, None]
    return samples((2 * (rng(15).random((N, L, L)) < p) - 1).astype(np.int8))


def opposite_phases() -> Samples:
    spins = np.ones((4, 256, L, L), np.int8)
    spins *= np.where(rng(16).random(spins.shape) < 0.02, -1, 1).astype(np.int8)
    spins[2:] *= -1
    return samples(spins, axes="chain,draw,x,y")


def atoms() -> Samples:
    values = rng(17).normal(size=(N, L, L))
    values[rng(18).random(values.shape) < 0.005] = 0.0
    return samples(values, kind="real")


def sublattice_phase() -> Samples:
    signs = np.where(np.indices((L, L)).sum(axis=0) % 2, -1, 1)
    noise = np.where(rng(19).random((N, L, L)) < 0.03, -1, 1)
    return samples((signs * noise).astype(np.int8))


def triples(signs: np.ndarray) -> Samples:
    """In every tile of 2x2, three spins have a product that is the tile's sign with p = 0.9."""
    spins = independent(np.full((L, L), 0.5), seed=21)
    product = spins[:, ::2, 1::2] * spins[:, 1::2, ::2] * signs
    fits = rng(22).random(product.shape) < 0.9
    spins[:, ::2, ::2] = np.where(fits, product, -product)
    return samples(spins)


TILES = rng(23).choice(np.array([-1, 1], np.int8), size=(L // 2, L // 2))
TRIPLES = log(2) - (log(2) - binary([0.1])) / 4


def four_sublattices() -> Samples:
    means = np.tile([[0.2, 0.4], [0.6, 0.8]], (L // 2, L // 2))
    return samples(independent(means, seed=20))


ROWS = [
    SampleRow(
        "own probability at each site",
        lambda: samples(independent(own_rates())),
        binary(own_rates()),
        "homogeneous",
    ),
    SampleRow("one frozen site of 64", frozen, 63 / 64 * log(2), "homogeneous"),
    SampleRow("fixed vacancies", vacancies, VACANT * log(2), "homogeneous"),
    SampleRow("own rates of 40 units", firing, binary(FIRING), "homogeneous"),
    SampleRow("a +-J glass", glass, open_entropy(GLASS, RIGHT, DOWN), "homogeneous"),
    SampleRow(
        "free ends read as periodic",
        lambda: samples(open_ising()),
        open_entropy(1 / 2.2, ONES, ONES),
        "boundar|free|homogeneous|ends",
    ),
    SampleRow(
        "free ends read as a crop",
        lambda: samples(open_ising(), periodic=False),
        open_entropy(1 / 2.2, ONES, ONES),
        "boundar|free|homogeneous|ends",
    ),
    SampleRow("128 of 256 spins up", permutations, CONSERVED, "conserved|same in"),
    SampleRow("128 configurations, 8 times", copied, exact_ising(2.4), "128"),
    SampleRow("8 images of 128 configurations", images, exact_ising(2.4), "128"),
    SampleRow("bootstrap draws of 128", bootstrapped, exact_ising(2.4), "12[0-8]|differ|cop"),
    SampleRow("a restart written twice", one_restart, exact_ising(2.4), "768|differ|cop"),
    SampleRow("4% zeros at the end", trailing_zeros, None, "983|41|all 0|equal"),
    SampleRow("64 equal draws in a row", equal_block, exact_ising(2.4), "300|64|equal|differ"),
    SampleRow("a drift", drifting, None, "drift|first|along"),
    SampleRow("chains in opposite phases", opposite_phases, None, "phase|chains|R-hat"),
    SampleRow("0.5% exact zeros among reals", atoms, None, "0.5|exact|value|densit"),
    SampleRow(
        "one phase of an antiferromagnet",
        sublattice_phase,
        binary([0.03]),
        "sublattice|groups|homogeneous",
    ),
    SampleRow(
        "four sublattices",
        four_sublattices,
        binary([0.2, 0.4, 0.6, 0.8]),
        "sublattice|groups|homogeneous",
    ),
    SampleRow("products of three with own signs", lambda: triples(TILES), TRIPLES, "parity"),
]

GOOD = [
    SampleRow("independent spins", lambda: samples(independent(ONES / 2)), log(2), ""),
    SampleRow("biased spins", lambda: samples(independent(ONES * 0.3)), binary([0.3]), ""),
    SampleRow("Ising, hot", lambda: samples(ising(4.0)), exact_ising(4.0), ""),
    SampleRow("Ising, near T_c", lambda: samples(ising(2.4)), exact_ising(2.4), ""),
    SampleRow("all spins up", lambda: samples(np.ones((N, L, L), np.int8)), 0.0, ""),
]
"""Negative controls: nothing is wrong with these."""
