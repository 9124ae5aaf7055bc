"""Cuts against a plain recursion, and Eq. 4 as an identity."""

from collections import Counter
from itertools import pairwise, product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import InputError
from moiety.geometry.cuts import ladder
from moiety.geometry.space import BlockCut, block_ladder
from plain import entropy_per_site

repeatable = settings(derandomize=True, deadline=None)
shapes = (
    st.lists(st.integers(1, 9), min_size=1, max_size=3)
    .map(tuple)
    .filter(lambda shape: prod(shape) > 1)
)
doublings = st.lists(st.integers(0, 4), min_size=1, max_size=3).filter(any)  # sides are 2^n


def flags(space):
    return st.tuples(*[st.booleans()] * space)


lattices = shapes.flatmap(lambda shape: st.tuples(st.just(shape), flags(len(shape))))


def plain_tree(shape, depth=1):
    """Every cut of a lattice, one by one: (depth, parent, left, right)."""
    if prod(shape) == 1:
        return
    axis = shape.index(max(shape))
    left, right = (
        (*shape[:axis], side, *shape[axis + 1 :])
        for side in ((shape[axis] + 1) // 2, shape[axis] // 2)
    )
    yield depth, shape, left, right
    yield from plain_tree(left, depth + 1)
    yield from plain_tree(right, depth + 1)


def bonds_across(cut, shape, periodic):
    """Count the bonds of the lattice between the two halves of a block, one by one."""
    block = set(product(*map(range, cut.parent)))
    first = {site for site in block if site[cut.axis] < cut.left[cut.axis]}
    bonds = 0
    for site, axis in product(block, range(len(shape))):
        neighbour = [*site]
        neighbour[axis] += 1
        if periodic[axis]:
            neighbour[axis] %= shape[axis]
        bonds += tuple(neighbour) in block and (site in first) != (tuple(neighbour) in first)
    return bonds


# Blocks


@repeatable
@given(lattices)
def test_the_tree_equals_its_plain_twin(lattice):
    tree, twin = ladder(*lattice), list(plain_tree(lattice[0]))
    assert {cut.parent: cut.count for cut in tree.cuts} == Counter(
        parent for _, parent, _, _ in twin
    )
    assert {(cut.parent, cut.left, cut.right) for cut in tree.cuts} == {node[1:] for node in twin}
    for cut in tree.cuts:
        assert cut.level == min(depth for depth, parent, _, _ in twin if parent == cut.parent)
        assert tree.children[cut.key] == cut
    assert sum(cut.count for cut in tree.cuts) == tree.volume - 1  # a tree with V_0 leaves
    assert [cut.level for cut in tree.cuts] == sorted(cut.level for cut in tree.cuts)


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
    tree = ladder([2**n for n in doublings], [periodic] * len(doublings))
    assert [cut.level for cut in tree.cuts] == list(range(1, sum(doublings) + 1))
    for cut in tree.cuts:
        assert cut.left == cut.right
        assert cut.count * 2 * cut.volume == tree.volume
        assert cut.volume * 2**cut.level == tree.volume
        assert tree.weight(cut) == 1 / (2 * cut.volume)  # Eq. 4


def telescoped(tree, entropies, most):
    """Eq. 4 with M = S(a) + S(b) - S(a, b) for any entropies, down to blocks of `most` sites.

    A sum over kinds of cuts with their counts; the plain twin goes block by block.
    """
    mutual_information = {
        cut: entropies[cut.left] + entropies[cut.right] - entropies[cut.parent] for cut in tree.cuts
    }
    cuts, counts = tree.above(lambda shape: prod(shape) <= most)
    bases = {shape: entropies[shape] for shape in counts}
    total = sum(count * bases[shape] for shape, count in counts.items())
    known = {cut.key: value for cut, value in mutual_information.items()}
    total -= sum(cut.count * known[cut.key] for cut in cuts)
    return total / tree.volume, entropy_per_site(tree, mutual_information, bases)


@repeatable
@given(lattices, st.integers(1, 30), st.integers(0, 2**32))
def test_eq_4_telescopes_for_any_entropies(lattice, most, seed):
    tree, rng = ladder(*lattice), np.random.default_rng(seed)
    blocks = {block for cut in tree.cuts for block in (cut.parent, cut.left, cut.right)}
    entropies = {block: rng.normal() for block in sorted(blocks)}
    # sums of up to 729 numbers of order 1, rounded at 1e-16 each
    expected = entropies[tree.shape] / tree.volume
    assert telescoped(tree, entropies, most) == pytest.approx((expected, expected), abs=1e-12)


@pytest.mark.parametrize("sides", [(8,), (6,), (4, 6), (3, 2, 4)])
def test_the_weight_is_the_derivative_of_the_entropy(sides):
    tree = ladder(sides, [True] * len(sides))
    bases, mutual_information = {(1,) * len(sides): 0.7}, dict.fromkeys(tree.cuts, 0.1)
    entropy = entropy_per_site(tree, mutual_information, bases)
    for cut in tree.cuts:
        without = entropy_per_site(tree, {**mutual_information, cut: 0.0}, bases)
        assert without - entropy == pytest.approx(0.1 * tree.weight(cut), abs=1e-14)


# Interfaces


@repeatable
@given(lattices)
def test_interface_counts_the_bonds_across(lattice):
    shape, periodic = lattice
    for cut in ladder(shape, periodic).cuts:
        assert cut.interface == bonds_across(cut, shape, periodic)


@pytest.mark.parametrize(
    ("shape", "periodic", "faces", "interfaces"),
    [
        # 2 L, then 2 L / 2, then one face
        ((64, 64), (True, True), [2, 2, 1, 1, 1, 1], [128, 64, 32, 16, 16, 8]),
        ((64, 64), (False, False), [1, 1, 1, 1, 1, 1], [64, 32, 32, 16, 16, 8]),
        ((64, 64), (False, True), [1, 2, 1, 1], [64, 64, 32, 16]),
        ((8, 2), (True, True), [2, 1, 1, 2], [4, 2, 2, 2]),  # a ring of two sites has two bonds
        ((16,), (True,), [2, 1, 1, 1], [2, 1, 1, 1]),
        ((8, 8, 8), (True, True, True), [2, 2, 2, 1, 1, 1], [128, 64, 32, 16, 8, 4]),
        # 5x3 into 3x3, which is cut in the open, and 2x3, which is cut across a ring
        ((5, 3), (True, True), [2, 1, 2], [6, 3, 4]),
    ],
)
def test_two_faces_while_a_block_wraps(shape, periodic, faces, interfaces):
    cuts = ladder(shape, periodic).cuts
    assert [cut.faces for cut in cuts[: len(faces)]] == faces
    assert [cut.interface for cut in cuts[: len(faces)]] == interfaces


def area_law_factor(block, doublings=200):
    """The factor f in s = s(block) - f M(block) / V(block) if the area law holds above (Eq. 10).

    Two blocks are joined at their longest face, the result likewise, and so on:
    f = 1/2 sum_j (l_j / l_0) (V_0 / V_j), where l / V is 1 / (shortest side).
    """
    sides, total, start = [float(side) for side in block], 0.0, 1.0 / min(block)
    for _ in range(doublings):
        short = sides.index(min(sides))
        total += 0.5 / sides[short] / start
        sides[short] *= 2.0
    return total


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
    of the top cuts add exactly that end.
    """

    def series(periodic):
        tree = ladder(lattice, [periodic] * len(lattice))
        cuts, _ = tree.above(lambda shape: prod(shape) <= prod(block))
        last = cuts[-1]
        assert last.left == block
        total = sum(tree.weight(cut) * cut.interface for cut in cuts)
        return total * last.volume / last.interface

    assert area_law_factor(block) == pytest.approx(factor, rel=1e-12)
    assert series(periodic=True) == pytest.approx(factor, rel=1e-12)
    missing = len(lattice) * min(block) / lattice[0]
    assert series(periodic=False) == pytest.approx(factor - missing, rel=1e-12)


# Blocks of space


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_blocks_of_space_double_along_the_shortest_side(dimensions):
    cuts = block_ladder(0.5, dimensions, 2.0)
    for cut, following in pairwise(cuts):
        assert following.volume == 2 * cut.volume and sorted(cut.parent) == sorted(following.half)
        assert cut.half[0] == min(cut.half)
        assert (cut.key, cut.interface) == (cut.parent, cut.face)
    assert max(cuts[-1].half) <= 2.0 < max(cuts[-1].parent)
    # an area law summed up to infinity
    long = block_ladder(0.5, dimensions, 2.0**40)[: 30 * dimensions]
    total = sum(cut.interface / (2 * cut.volume) for cut in long)
    factor = area_law_factor(cuts[0].half)
    assert total == pytest.approx(factor * cuts[0].interface / cuts[0].volume, rel=1e-5)


def test_faces_of_blocks_of_space():
    assert [BlockCut((0.5, 2.0, 3.0)[:d]).face for d in (1, 2, 3)] == [1, 2.0, 6.0]
    assert str(BlockCut((0.5, 2.0))) == "2x0.5"


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


def test_cuts_inside_a_base_do_not_count():
    cuts, bases = ladder((5,), (False,)).above({(3,), (1,)}.__contains__)
    assert [(cut.parent, cut.count) for cut in cuts] == [((5,), 1), ((2,), 1)]
    assert bases == {(3,): 1, (1,): 2}  # the pair inside the block of three is not cut


def test_messages_name_the_lattice():
    with pytest.raises(InputError, match="^a lattice of 1x1 sites is too small to halve$"):
        ladder((1, 1), (True, True))
    with pytest.raises(InputError, match="^2 sides but 1 periodic flags$"):
        ladder((4, 4), (True,))
