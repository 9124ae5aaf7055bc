"""The ladder against a plain recursion, and Eq. 4 as the identity that it is."""

from collections import Counter
from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import InputError
from moiety.geometry.area_law import area_law_factor
from moiety.geometry.cuts import ladder

repeatable = settings(derandomize=True, deadline=None)
shapes = (
    st.lists(st.integers(1, 9), min_size=1, max_size=3)
    .map(tuple)
    .filter(lambda shape: prod(shape) > 1)
)
doublings = st.lists(st.integers(0, 4), min_size=1, max_size=3).filter(
    any
)  # sides that are powers of two


def flags(space):
    return st.tuples(*[st.booleans()] * space)


lattices = shapes.flatmap(lambda shape: st.tuples(st.just(shape), flags(len(shape))))


def plain_tree(shape, depth=1):
    """Every cut of a lattice, one by one: (depth, parent, left, right)."""
    if prod(shape) == 1:
        return
    axis = shape.index(max(shape))
    left, right = (
        shape[:axis] + (side,) + shape[axis + 1 :]
        for side in ((shape[axis] + 1) // 2, shape[axis] // 2)
    )
    yield depth, shape, left, right
    yield from plain_tree(left, depth + 1)
    yield from plain_tree(right, depth + 1)


def bonds_across(cut, shape, periodic):
    """Bonds of the lattice between the two halves of a block, counted one by one."""
    block = set(product(*map(range, cut.parent)))
    first = {site for site in block if site[cut.axis] < cut.left[cut.axis]}
    bonds = 0
    for site, axis in product(block, range(len(shape))):
        onward = [*site]
        onward[axis] += 1
        if periodic[axis]:
            onward[axis] %= shape[axis]
        bonds += tuple(onward) in block and (site in first) != (tuple(onward) in first)
    return bonds


# Blocks


@repeatable
@given(lattices)
def test_the_tree_equals_its_plain_twin(lattice):
    rungs, tree = ladder(*lattice), list(plain_tree(lattice[0]))
    assert {cut.parent: cut.count for cut in rungs.cuts} == Counter(
        parent for _, parent, _, _ in tree
    )
    assert {(cut.parent, cut.left, cut.right) for cut in rungs.cuts} == {
        nodes[1:] for nodes in tree
    }
    assert (rungs.shape, rungs.periodic) == lattice
    for cut in rungs.cuts:
        assert cut.level == min(depth for depth, parent, _, _ in tree if parent == cut.parent)
        assert rungs.children[cut.parent] == cut
    assert sum(cut.count for cut in rungs.cuts) == rungs.volume - 1  # a tree with V_0 leaves
    assert [cut.level for cut in rungs.cuts] == sorted(cut.level for cut in rungs.cuts)


@repeatable
@given(lattices)
def test_halves_are_floor_and_ceiling_of_the_longest_side(lattice):
    for cut in ladder(*lattice).cuts:
        side = cut.parent[cut.axis]
        assert side == max(cut.parent)
        assert (cut.left[cut.axis], cut.right[cut.axis]) == (-(-side // 2), side // 2)
        assert cut.volume == prod(cut.left) == prod(cut.parent) - prod(cut.right)


@repeatable
@given(doublings, st.booleans())
def test_counts_times_volumes_make_the_lattice_at_each_level(doublings, periodic):
    rungs = ladder([2**n for n in doublings], [periodic] * len(doublings))
    assert [cut.level for cut in rungs.cuts] == list(range(1, sum(doublings) + 1))
    for cut in rungs.cuts:
        assert cut.left == cut.right
        assert cut.count * 2 * cut.volume == rungs.volume
        assert cut.volume * 2**cut.level == rungs.volume
        assert rungs.weight(cut) == 1 / (2 * cut.volume)  # Eq. 4


@repeatable
@given(lattices, st.integers(1, 30))
def test_bases_make_the_lattice(lattice, most):
    rungs = ladder(*lattice)
    cuts, bases = rungs.above(lambda shape: prod(shape) <= most)
    assert sum(count * prod(shape) for shape, count in bases.items()) == rungs.volume
    assert all(prod(shape) <= most for shape in bases)
    assert len(set(cuts)) == len(cuts)  # each once
    assert set(cuts) == {cut for cut in rungs.cuts if prod(cut.parent) > most}


def test_cuts_inside_a_base_do_not_count():
    cuts, bases = ladder((5,), (False,)).above({(3,), (1,)}.__contains__)
    assert [(cut.parent, cut.count) for cut in cuts] == [((5,), 1), ((2,), 1)]
    assert bases == {(3,): 1, (1,): 2}  # the pair inside the block of three is not cut


# Eq. 4


def telescoped(rungs, entropies, most):
    """Eq. 4 with M = S(a) + S(b) - S(a, b) of any entropies, down to blocks of `most` sites."""
    informations = {
        cut: entropies[cut.left] + entropies[cut.right] - entropies[cut.parent]
        for cut in rungs.cuts
    }
    return rungs.entropy(
        informations, {shape: s for shape, s in entropies.items() if prod(shape) <= most}
    )


@repeatable
@given(lattices, st.integers(1, 30), st.integers(0, 2**32))
def test_eq_4_telescopes_for_any_entropies(lattice, most, seed):
    rungs, rng = ladder(*lattice), np.random.default_rng(seed)
    blocks = {block for cut in rungs.cuts for block in (cut.parent, cut.left, cut.right)}
    entropies = {block: rng.normal() for block in sorted(blocks)}
    # sums of up to 729 numbers of order 1, rounded at 1e-16 each
    assert telescoped(rungs, entropies, most) == pytest.approx(
        entropies[rungs.shape] / rungs.volume, abs=1e-12
    )


@pytest.mark.parametrize("sides", [(8,), (6,), (4, 6), (3, 2, 4)])
def test_a_missed_information_raises_the_entropy_by_its_weight(sides):
    rungs = ladder(sides, [True] * len(sides))
    bases, informations = {(1,) * len(sides): 0.7}, dict.fromkeys(rungs.cuts, 0.1)
    whole = rungs.entropy(informations, bases)
    for cut in rungs.cuts:
        missed = rungs.entropy({**informations, cut: 0.0}, bases)
        assert missed - whole == pytest.approx(0.1 * rungs.weight(cut), abs=1e-14)


# Interfaces (traps 1 and 2)


@repeatable
@given(lattices)
def test_interface_counts_the_bonds_across(lattice):
    shape, periodic = lattice
    for cut in ladder(shape, periodic).cuts:
        assert cut.interface == bonds_across(cut, shape, periodic)


@pytest.mark.parametrize(
    ("shape", "periodic", "faces", "interfaces"),
    [
        (
            (64, 64),
            (True, True),
            [2, 2, 1, 1, 1, 1],
            [128, 64, 32, 16, 16, 8],
        ),  # 2 L, then 2 L / 2, then one face
        ((64, 64), (False, False), [1, 1, 1, 1, 1, 1], [64, 32, 32, 16, 16, 8]),
        ((64, 64), (False, True), [1, 2, 1, 1], [64, 64, 32, 16]),
        ((8, 2), (True, True), [2, 1, 1, 2], [4, 2, 2, 2]),  # a ring of two sites has two bonds
        ((16,), (True,), [2, 1, 1, 1], [2, 1, 1, 1]),
        ((8, 8, 8), (True, True, True), [2, 2, 2, 1, 1, 1], [128, 64, 32, 16, 8, 4]),
        (
            (5, 3),
            (True, True),
            [2, 1, 2],
            [6, 3, 4],
        ),  # 5x3 into 3x3, cut in the open, and 2x3, across a ring
    ],
)
def test_two_faces_while_a_block_wraps(shape, periodic, faces, interfaces):
    cuts = ladder(shape, periodic).cuts
    assert [cut.faces for cut in cuts[: len(faces)]] == faces
    assert [cut.interface for cut in cuts[: len(faces)]] == interfaces


@pytest.mark.parametrize(
    ("block", "lattice", "factor"),
    [
        ((8, 8), (64, 64), 2.0),
        ((8, 16), (64, 64), 1.5),
        ((1, 1), (8, 8), 2.0),
        ((4,), (64,), 1.0),
        ((4, 4, 4), (16, 16, 16), 3.0),
        ((4, 8, 8), (16, 16, 16), 2.0),
    ],
)
def test_the_series_of_an_area_law(block, lattice, factor):
    """sum_k l_k / (2 V_k) over the cuts above a block, in units of its l_m / V_m (Eq. 10).

    The open lattice lacks the end of the infinite series.  On the torus the second faces
    of the top cuts are that end to the last digit.
    """

    def series(periodic):
        cuts, _ = (rungs := ladder(lattice, [periodic] * len(lattice))).above(
            lambda shape: prod(shape) <= prod(block)
        )
        assert cuts[-1].left == block
        return (
            sum(rungs.weight(cut) * cut.interface for cut in cuts)
            * cuts[-1].volume
            / cuts[-1].interface
        )

    assert area_law_factor(block) == pytest.approx(factor, rel=1e-12)
    assert series(periodic=True) == pytest.approx(factor, rel=1e-12)
    missing = len(lattice) * min(block) / lattice[0]
    assert series(periodic=False) == pytest.approx(factor - missing, rel=1e-12)


def test_the_factor_knows_neither_scale_nor_orientation():
    assert (
        area_law_factor((3, 6))
        == area_law_factor((6, 3))
        == pytest.approx(area_law_factor((16, 8)), rel=1e-12)
    )
    assert area_law_factor((1, 1)) == pytest.approx(area_law_factor((40, 40)), rel=1e-12)


# Bad input


@pytest.mark.parametrize(
    ("shape", "periodic"),
    [
        ((), ()),
        ((1,), (True,)),
        ((1, 1, 1), (True, True, True)),
        ((0, 4), (True, True)),
        ((-4, -4), (True, True)),
        ((4, 4), (True,)),
        ((4,), (True, False)),
    ],
)
def test_bad_lattices(shape, periodic):
    with pytest.raises(InputError) as caught:
        ladder(shape, periodic)
    assert "\n" not in str(caught.value)


def test_messages_name_the_lattice():
    with pytest.raises(InputError, match="^a lattice of 1x1 sites is too small to halve$"):
        ladder((1, 1), (True, True))
    with pytest.raises(InputError, match="^2 sides but 1 periodic flags$"):
        ladder((4, 4), (True,))
