"""The loop kernel equals its plain twin, which keeps both halves of every link."""

from itertools import product
from math import exp, prod

import numpy as np
import pytest

from moiety.systems.dynamics.loops import loops
from moiety.systems.dynamics.splitmix import stream
from plain import PlainStream

LEGS = ((1, 0), (0, 1), (1, 1))


def shifted(site, leg, shape):
    return tuple((x + step) % side for x, step, side in zip(site, LEGS[leg], shape, strict=True))


def plain_triangles(shape):
    """The three links (site, leg) of every triangle; the two triangles of a site are adjacent."""
    for site in product(*map(range, shape)):
        yield [(site, 0), (shifted(site, 0, shape), 1), (site, 2)]
        yield [(shifted(site, 1, shape), 0), (site, 1), (site, 2)]


def plain_exit(legs, entry, bond, rng):
    """Leg of exit of a triangle with links `legs` before the head entered by leg `entry`."""
    u, r = rng.uniform(), exp(bond)
    p, others = min(r / 2, 1), [(entry + 1) % 3, (entry + 2) % 3]
    if sum(legs) == 3:
        return others[0] if u < p / r else others[1] if u < 2 * p / r else entry
    if legs[entry]:
        return others[u >= 0.5]
    set_leg, third = sorted(others, key=lambda leg: -legs[leg])
    return third if u < p else set_leg


def plain_worm(halves, triangles, bond, rng):
    triangle, leg = rng.below(len(triangles)), rng.below(3)
    start = triangles[triangle][leg]
    while True:
        left = plain_exit([halves[triangle, k] for k in range(3)], leg, bond, rng)
        halves[triangle, leg] ^= 1
        halves[triangle, left] ^= 1
        link = triangles[triangle][left]
        if link == start:
            return
        others = (i for i, links in enumerate(triangles) if i != triangle and link in links)
        triangle, leg = next(others), left


def plain_spins(halves, triangles, shape, first):
    """Spins from following all links, or None if two paths disagree."""
    links = {triangles[i][leg]: d for (i, leg), d in halves.items()}
    # both halves of a link are equal
    assert all(d == links[triangles[i][leg]] for (i, leg), d in halves.items())
    spins = {(0, 0): first}
    while len(spins) < prod(shape):
        for (site, leg), d in links.items():
            if site in spins:
                spins.setdefault(shifted(site, leg, shape), spins[site] ^ 1 ^ d)
    if any(spins[site] ^ spins[shifted(site, leg, shape)] == d for (site, leg), d in links.items()):
        return None
    return spins


def plain_loops(values, shape, bond, rng, updates):
    triangles, spins = list(plain_triangles(shape)), values.reshape(shape).tolist()
    halves = {
        (i, leg): int(spins[x][y] == spins[s][t])
        for i, links in enumerate(triangles)
        for leg, ((x, y), _) in enumerate(links)
        for s, t in [shifted((x, y), leg, shape)]
    }
    for _ in range(updates):
        plain_worm(halves, triangles, bond, rng)
        while plain_spins(halves, triangles, shape, 0) is None:
            plain_worm(halves, triangles, bond, rng)
    closed = plain_spins(halves, triangles, shape, rng.below(2))
    values[:] = [closed[site] for site in product(*map(range, shape))]


@pytest.mark.parametrize("bond", [-3.0, -0.5, 0.0, 0.5, 1.2])
@pytest.mark.parametrize("shape", [(5, 4), (3, 3), (2, 5), (2, 2)])
def test_kernel_equals_its_twin(shape, bond):
    fast = np.random.default_rng(0).integers(0, 2, prod(shape), dtype=np.uint8)
    slow, rng, plain = fast.copy(), stream(11), PlainStream(11)
    for updates in (0, 1, 2, 3, 1, 1):
        loops(fast, shape, bond, rng, updates)
        plain_loops(slow, shape, bond, plain, updates)
        np.testing.assert_array_equal(fast, slow)
    assert int(rng[0]) == plain.state  # equally many random numbers
