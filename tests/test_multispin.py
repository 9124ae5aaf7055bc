"""64 lattices in the bits of a word: plain twins; no two lattices share random numbers."""

import numpy as np
import pytest

from moiety.systems._lattice import neighbour_table
from moiety.systems.dynamics.multispin import _BATCH, Odds, flip_costs, sweep
from moiety.systems.dynamics.replica_exchange import exchange
from moiety.systems.dynamics.splitmix import stream
from moiety.systems.dynamics.words import WIDTH, Layout, census, pack, turn, unpack
from plain import PlainStream

SHAPES = [(5, 4), (7,), (2, 3, 3), (1, 1)]


def layout_of(shape):
    return Layout.of(neighbour_table(shape))


def random_words(sites, seed=0):
    return np.random.default_rng(seed).integers(0, 2**64, sites, dtype=np.uint64)


@pytest.mark.parametrize("shape", [*SHAPES, (40, 32)])
def test_neighbours_never_have_the_same_colour(shape):
    layout = layout_of(shape)
    colour = np.searchsorted(layout.bounds, np.arange(len(layout.places)), side="right")
    for row in layout.neighbours:
        assert (colour[row] != colour).all()
    assert sorted(layout.places) == list(range(len(layout.places)))


@pytest.mark.parametrize("shape", SHAPES)
def test_words_and_states_are_the_same(shape):
    layout = layout_of(shape)
    words = random_words(len(layout.places))
    states = unpack(words, layout)
    assert states.shape == (WIDTH, len(words)) and set(np.unique(states)) <= {0, 1}
    np.testing.assert_array_equal(pack(states, layout), words)
    for site, lattice in ((0, 0), (len(words) - 1, 63), (len(words) // 2, 17)):
        assert states[lattice, site] == int(words[layout.places[site]]) >> lattice & 1


def plain_sweep(states, table, layout, costs, rng):
    """Visit sites colour by colour, batch by batch; each lattice draws its digits in turn."""
    site_at = np.argsort(layout.places)
    for first, last in zip(layout.bounds[:-1], layout.bounds[1:], strict=True):
        for start in range(first, last, _BATCH):
            sites = site_at[start : min(start + _BATCH, last)]
            chances = np.array(
                [[chance(states, table, costs, i, r) for r in range(WIDTH)] for i in sites]
            )
            inverted = chances > 0.5  # then the decision not to flip is drawn
            chances = np.minimum(chances, 1 - chances)
            flips, undecided = np.zeros_like(inverted), np.ones_like(inverted)
            for digit in range(1, 54):
                threshold = np.floor(chances * 2.0**digit) % 2 == 1
                bits = np.array([rng.bits() for _ in sites], dtype=object)[:, None]
                bits = ((bits >> np.arange(WIDTH).astype(object)) & 1).astype(bool)
                flips |= undecided & threshold & ~bits
                undecided &= threshold == bits
                if not undecided.any():
                    break
            states[:, sites] ^= (flips ^ inverted).T


def chance(states, table, costs, site, lattice):
    alike = (states[lattice, table[site]] == states[lattice, site]).sum()
    cost = costs[lattice % len(costs), int(states[lattice, site]), alike]
    return 1 / (1 + np.exp(abs(cost))) if cost >= 0 else 1 - 1 / (1 + np.exp(abs(cost)))


@pytest.mark.parametrize(
    ("bond", "field"), [(0.8, 0.0), (-0.8, 0.3), (0.9, -0.2), ("many", 0.0), ("many", -0.4)]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_sweep_equals_its_twin(bond, field, shape):
    table, layout = neighbour_table(shape), layout_of(shape)
    if bond == "many":  # a temperature for each lattice
        bond = np.linspace(0.1, 1.5, WIDTH)
    field = field * bond
    costs = flip_costs(table.shape[1], bond, field)
    odds, rng, plain = Odds.of(costs), stream(11), PlainStream(11)
    words = random_words(len(table))
    states = unpack(words, layout).copy()
    for _ in range(4):
        sweep(words, layout.neighbours, layout.bounds, odds.cases, odds.digits, rng, 1)
        plain_sweep(states, table, layout, costs, plain)
        np.testing.assert_array_equal(unpack(words, layout), states)
    assert int(rng[0]) == plain.state  # equally many random numbers


def test_batches_of_a_colour_are_updated_one_after_another():
    shape = (40, 32)  # 640 sites per colour: three batches, the last half full
    table, layout = neighbour_table(shape), layout_of(shape)
    costs = flip_costs(4, 0.9)
    odds, rng, plain = Odds.of(costs), stream(3), PlainStream(3)
    words = random_words(len(table))
    states = unpack(words, layout).copy()
    sweep(words, layout.neighbours, layout.bounds, odds.cases, odds.digits, rng, 1)
    plain_sweep(states, table, layout, costs, plain)
    np.testing.assert_array_equal(unpack(words, layout), states)


def test_costs_are_those_of_the_energy():
    bond, field, shape = 0.7, -0.3, (3, 4)
    table = neighbour_table(shape)
    costs = flip_costs(4, bond, field)[0]
    states = np.random.default_rng(0).integers(0, 2, 12)

    def weight(at):  # -E/T
        return bond * (at[:, None] == at[table]).sum() / 2 + field * (2 * at - 1).sum()

    for i in range(12):
        turned = states.copy()
        turned[i] ^= 1
        alike = (states[table[i]] == states[i]).sum()
        assert costs[states[i], alike] == pytest.approx(weight(states) - weight(turned))
    odds = Odds.of(flip_costs(6, 500.0, 500.0))  # frozen: no overflow
    assert not odds.digits[[row for alike, _, row, _ in odds.cases if alike > 4]].any()


def test_census_equals_its_twin():
    shape, groups = (4, 6), np.indices((4, 6)).sum(0).ravel() % 3
    table, layout = neighbour_table(shape), layout_of(shape)
    places = np.empty_like(groups)
    places[layout.places] = groups
    words = random_words(24)
    states = unpack(words, layout)
    equal, counts = census(words, layout.neighbours, places)
    assert equal.T.tolist() == [
        (states == states[:, table[:, k]]).sum(axis=1).tolist() for k in range(2)
    ]
    for group in range(3):
        part = states[:, groups == group]
        assert counts[:, group].tolist() == [[8 - row.sum(), row.sum()] for row in part.astype(int)]


def test_lattices_do_not_merge():
    """Lattices that are moved by the same random numbers would merge, whatever their starts."""
    shape, temperature = (8, 8), 3.0
    table, layout = neighbour_table(shape), layout_of(shape)
    odds, rng = Odds.of(flip_costs(4, 2 / temperature)), stream(5)
    words = random_words(64)
    for _ in range(50):
        sweep(words, layout.neighbours, layout.bounds, odds.cases, odds.digits, rng, 20)
        assert len(np.unique(unpack(words, layout), axis=0)) == WIDTH
    states = 2.0 * unpack(words, layout) - 1
    overlap = (states @ states.T / 64)[np.triu_indices(WIDTH, 1)]
    # 2016 pairs of 64 lattices: at least 64 of them independent; 4 sigma
    assert abs(overlap.mean()) < 4 * overlap.std() / np.sqrt(WIDTH)

    generator = np.random.default_rng(5)  # negative control: a common uniform number for all 64
    spins = unpack(random_words(64), layout).astype(int)
    for _ in range(200):
        for i in range(64):
            field = 2 * spins[:, table[i]].sum(axis=1) - 4
            spins[:, i] = generator.random() < 1 / (1 + np.exp(-2 * field / temperature))
    assert len(np.unique(spins, axis=0)) == 1


def test_turn_exchanges_states_of_half_of_the_lattices():
    layout, words = layout_of((3, 3)), random_words(9)
    before = unpack(words, layout)
    rng, turned = stream(2), []
    for _ in range(64):
        now = unpack(words, layout)
        turn(words, rng)
        changed = unpack(words, layout) != now
        assert (changed.all(axis=1) | ~changed.any(axis=1)).all()
        turned.append(changed[:, 0].mean())
    assert abs(np.mean(turned) - 0.5) < 4 * 0.5 / 64  # 64 x 64 coins
    assert (unpack(words, layout) != before).any()


def test_exchanges_keep_the_distribution_of_two_levels():
    """Two temperatures of a two-level system, equilibrated by exchanges alone."""
    scales, energies = np.array([1.0, 0.5]), np.array([0.0, 1.2])  # of lattices 0 and 1
    lattice, rng = np.array([[0, 1]]), stream(7)
    excited = []
    for _ in range(20000):
        exchange(lattice, scales, energies, 0, rng)
        excited.append(lattice[0, 0] == 1)
    weights = np.exp(-np.array([0.5 * 1.2, 1.0 * 1.2]))  # lattice 1 at temperature 1, at 0
    expected = weights[1] / weights.sum()
    # an upper limit: successive states are anticorrelated
    error = np.sqrt(expected * (1 - expected) / 20000)
    assert abs(np.mean(excited) - expected) < 4 * error
    assert abs(np.mean(excited) - 0.5) > 4 * error  # negative control: a coin
