"""Upper bounds on s from small blocks, each counted at its own position."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import Samples, estimate_entropy, inspect
from moiety.entropy.own_blocks import BlockBound, below_blocks, block_bound
from moiety.estimation.training import Training
from moiety.systems import system
from small import SMALL
from treacherous_samples import TILES, TRIPLES, binary, triples

AXES = {1: "draw,x", 2: "draw,x,y", 3: "draw,x,y,z"}


def drawn(p, n, seed=0):
    """Independent sites that are up with probability p."""
    values = np.random.default_rng(seed).random((n, *p.shape)) < p
    return values.astype(np.int8)


def spins(values, periodic=True):
    return Samples.from_array(values, periodic=periodic, axes=AXES[values.ndim - 1])


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    st.sampled_from([(40,), (9,), (8, 8), (5, 7), (2, 6), (3, 4, 5)]),
    st.booleans(),
    st.integers(0, 10**6),
)
def test_independent_sites_reach_the_bound(shape, periodic, seed):
    """Blocks of independent sites say what the sites say: within 5 errors, one in 10^5 times 40."""
    p = np.random.default_rng(seed).choice([0.1, 0.3, 0.5], size=shape)
    bound = block_bound(spins(drawn(p, 1024, seed), periodic))
    assert abs(bound.entropy - binary(p)) < 5 * bound.error + 1e-3
    assert bound.error < 0.01 and np.prod(bound.shape) == 4


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("start", [0, 1])
def test_the_blocks_find_the_pairs_wherever_these_start(periodic, start):
    """Pairs of equal neighbours, (0, 1), (2, 3), ... or (1, 2), (3, 4), ...: s = log(2) / 2.

    Moved in a lattice with free ends, one pair in five has its sites at opposite ends.
    """
    sites = drawn(np.full((6, 5), 0.5), 1024)
    values = sites.repeat(2, axis=2)
    if start:
        values = np.roll(values, 1, axis=2)
    exact = log(2) / 2 * (1.2 if start and not periodic else 1.0)
    bound = block_bound(spins(values, periodic))
    assert abs(bound.entropy - exact) < 4 * bound.error + 1e-3
    assert bound.entropy < 0.65 * log(2)


def test_sides_that_are_no_multiple_leave_single_sites():
    """Seven sites in a row: one block of four, and three alone."""
    values = drawn(np.full(7, 0.5), 4096)
    values[:, 1:4] = values[:, :1]
    bound = block_bound(spins(values, periodic=False))
    assert abs(bound.entropy - 4 * log(2) / 7) < 4 * bound.error + 1e-4


@pytest.mark.parametrize("temperature", [1.5, 2.0, 2.4, 3.0, 6.0])
def test_the_exact_entropy_stays_below(temperature):
    model = system("ising-square", size=8, temperature=temperature)
    bound = block_bound(model.sample(1024, seed=4, thinning=20))
    assert below_blocks(model.exact_entropy(), 0.0, bound).passed
    tight = below_blocks(bound.entropy + 5 * bound.error + 1e-3, 0.0, bound)
    assert not tight.passed and "missed how sites" in tight.message  # negative control


def test_too_few_samples_for_a_bound():
    assert block_bound(spins(drawn(np.full((4, 4), 0.5), 63))) is None
    assert block_bound(spins(drawn(np.full((4, 4), 0.5), 66))).shape in {(1, 2), (2, 1)}


def test_an_error_excuses_and_a_trifle_does_not_matter():
    bound = BlockBound((2, 2), 0.5, 0.001)
    assert below_blocks(0.503, 0.0, bound).passed and not below_blocks(0.505, 0.0, bound).passed
    assert below_blocks(0.505, 0.002, bound).passed
    assert below_blocks(0.5009, 0.0, BlockBound((2, 2), 0.5, 0.0)).passed


QUICK = {"critic": SMALL, "training": Training(steps=20, batch=128), "precision": 1.0}


@pytest.mark.parametrize("homogeneous", [True, False])
def test_products_of_three_that_no_estimate_sees_are_doubtful(homogeneous):
    """Sites and bonds are alike everywhere and the networks learn nothing: s is 0.09 too large."""
    options = QUICK if homogeneous else {"training": QUICK["training"]}
    given = triples(TILES).replace(homogeneous=homogeneous)
    result = estimate_entropy(given, **options, threads=1, cross_check=False)
    assert result.entropy > TRIPLES + 0.05
    failed = {check.name for check in result.status.checks if not check.passed}
    assert "s <= H(block)" in failed and ("homogeneous" in failed) == homogeneous


def test_products_of_three_that_are_the_same_everywhere_are_not_inhomogeneous():
    """Negative control: each sample has its tiles at a random place."""
    values = triples(np.ones_like(TILES)).values[0]
    moves = np.random.default_rng(0).integers(0, 2, size=(len(values), 2))
    mixed = [np.roll(one, move, (0, 1)) for one, move in zip(values, moves, strict=True)]
    assert inspect(spins(np.array(mixed))).ok
    assert not inspect(spins(values)).ok
