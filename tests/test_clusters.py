"""Kernels of discrete states equal their plain twins: clusters, single spins, random streams."""

from math import prod

import numpy as np
import pytest

from moiety.systems._lattice import neighbour_table
from moiety.systems.dynamics.clusters import mixed, swendsen_wang, wolff
from moiety.systems.dynamics.metropolis import metropolis, observe
from moiety.systems.dynamics.splitmix import below, next_bits, stream, uniform
from plain import PlainStream


def plain_clusters(values, neighbours, bond, rng):
    """Sets of sites joined by frozen bonds, in the order of their first sites."""
    owner = list(range(len(values)))
    for i, row in enumerate(neighbours):
        for j in row[: len(row) // 2]:
            if (values[i] == values[j]) == (bond > 0) and rng.uniform() < 1 - np.exp(-abs(bond)):
                low, high = sorted((owner[i], owner[j]))
                owner = [low if label == high else label for label in owner]
    return [[i for i, label in enumerate(owner) if label == first] for first in sorted(set(owner))]


def plain_swendsen_wang(values, neighbours, states, bond, field, rng):
    for cluster in plain_clusters(values, neighbours, bond, rng):
        moment = sum(2 * int(values[i]) - 1 for i in cluster)
        flip = field != 0 and rng.uniform() < 1 / (1 + np.exp(2 * field * moment))
        shift = int(flip) if field != 0 else rng.below(states)
        for i in cluster:
            values[i] = (int(values[i]) + shift) % states


def plain_wolff(values, neighbours, states, bond, field, rng):
    """The state of the ghost never changes: if it is in the cluster, all other sites turn.

    Between like states every neighbour draws a number, between unlike states only those that could
    join.
    """
    shift, first = 1 + rng.below(states - 1), rng.below(len(values))
    old, sites = values.copy(), range(len(values))
    cluster, waiting, ghost = {first}, [first], False

    def offer(j, satisfied, strength):
        could = j not in cluster and satisfied
        if (could or bond > 0) and rng.bits() < (1 - np.exp(-strength)) * 2.0**64 and could:
            cluster.add(j)
            waiting.append(j)

    while waiting:
        i = waiting.pop(0)
        for j in neighbours[i]:
            offer(j, (old[i] == old[j]) == (bond > 0), abs(bond))
        if (
            field != 0
            and not ghost
            and old[i] == (field > 0)
            and rng.bits() < (1 - np.exp(-2 * abs(field))) * 2.0**64
        ):
            ghost = True
            for j in sites:
                offer(j, old[j] == (field > 0), 2 * abs(field))
    for i in set(sites) - cluster if ghost else cluster:
        values[i] = (int(values[i]) + shift) % states
    if field == 0:
        values[:] = (values.astype(int) + rng.below(states)) % states


def plain_metropolis(values, neighbours, states, bond, field, rng):
    def weight(at):
        equal = sum(
            int(at[i] == at[j]) for i, row in enumerate(neighbours) for j in row[: len(row) // 2]
        )
        return bond * equal + field * (2.0 * at - 1).sum()

    for _ in range(len(values)):
        i = rng.below(len(values))
        proposed = values.copy()
        proposed[i] = (int(values[i]) + 1 + rng.below(states - 1)) % states
        gain = weight(proposed) - weight(values)
        if gain >= -1e-12 or rng.uniform() < np.exp(gain):
            values[:] = proposed


def plain_mixed(*arguments):
    plain_swendsen_wang(*arguments)
    plain_metropolis(*arguments)


@pytest.mark.parametrize(
    ("kernel", "twin", "states", "bond", "field"),
    [
        (swendsen_wang, plain_swendsen_wang, 2, 0.9, 0.0),
        (swendsen_wang, plain_swendsen_wang, 4, 0.9, 0.0),
        (swendsen_wang, plain_swendsen_wang, 2, -0.9, 0.2),
        (wolff, plain_wolff, 2, 0.9, 0.0),
        (wolff, plain_wolff, 2, -0.9, 0.0),
        (wolff, plain_wolff, 3, 0.9, 0.0),
        (wolff, plain_wolff, 2, 0.9, 0.2),
        (wolff, plain_wolff, 2, -0.9, -0.2),
        (mixed, plain_mixed, 2, -0.9, 0.2),
        (metropolis, plain_metropolis, 2, 0.9, 0.2),
        (metropolis, plain_metropolis, 3, -0.9, 0.0),
    ],
)
def test_kernels_equal_their_twins(kernel, twin, states, bond, field):
    shape = (5, 4)
    neighbours = neighbour_table(shape)
    fast = np.random.default_rng(0).integers(0, states, prod(shape), dtype=np.uint8)
    slow, rng, plain = fast.copy(), stream(11), PlainStream(11)
    for _ in range(12):
        assert kernel(fast, neighbours, states, bond, field, rng, 1) > 0
        twin(slow, neighbours.tolist(), states, bond, field, plain)
        np.testing.assert_array_equal(fast, slow)
    assert int(rng[0]) == plain.state  # equally many random numbers


def test_streams_equal_their_twin():
    rng, plain = stream(2**63 - 1), PlainStream(2**63 - 1)
    for _ in range(100):
        assert int(next_bits(rng)) == plain.bits()
        assert uniform(rng) == plain.uniform()
        assert below(rng, 7) == plain.below(7)


def test_observe_equals_its_twin():
    shape, groups = (2, 5, 3), np.arange(30) % 2
    values = np.random.default_rng(0).integers(0, 3, shape, dtype=np.uint8)
    equal, counts = np.empty(3, np.int64), np.empty((2, 3), np.int64)
    observe(values.ravel(), neighbour_table(shape), equal, counts, groups)
    assert equal.tolist() == [(values == np.roll(values, -1, axis)).sum() for axis in range(3)]
    assert counts.tolist() == [
        np.bincount(values.ravel()[groups == group]).tolist() for group in (0, 1)
    ]
