"""Strips by transfer matrix: rings against enumeration, infinite strips against long rings."""

from itertools import product

import numpy as np
import pytest

from moiety import InputError
from moiety.exact import chain, enumeration, kaufman, onsager, triangular_torus
from moiety.exact.strips import LATTICES, Strip
from moiety.systems import system

SMALL = [
    ("ising-square", (4, 3), 2),
    ("ising-square", (3, 4), 2),
    ("ising-square", (2, 2), 2),
    ("ising-square", (5, 1), 2),
    ("ising-triangular", (4, 3), 2),
    ("ising-triangular", (3, 2), 2),
    ("ising-triangular", (4, 1), 2),
    ("potts-square", (3, 3), 3),
    ("potts-square", (4, 2), 4),
]


@pytest.mark.parametrize("temperature", [0.3, 1.0, 20.0])
@pytest.mark.parametrize("coupling", [1.0, -1.0])
@pytest.mark.parametrize("field", [0.0, 0.4])
@pytest.mark.parametrize(("name", "shape", "states"), SMALL)
def test_rings_of_rows_equal_enumeration(name, shape, states, field, coupling, temperature):
    own = {"field": field} if states == 2 else {"states": states}
    model = system(name, size=shape, temperature=temperature, coupling=coupling, **own)
    strip = Strip(name, shape[1], temperature, coupling, **own)
    rows, sites = shape[0], np.prod(shape)
    energies = model.energy(enumeration.all_states(shape, states))[0]
    p = enumeration.boltzmann(energies, temperature)
    ground = energies.min()
    log_z = np.log(np.exp(-(energies - ground) / temperature).sum()) - ground / temperature
    assert strip.entropy(rows) == pytest.approx(enumeration.entropy(p) / sites, abs=1e-11)
    assert strip.energy(rows) == pytest.approx(p @ energies / sites, abs=1e-11)
    assert strip.free_energy(rows) == pytest.approx(-temperature * log_z / sites, abs=1e-11)
    row = np.indices(shape)[0]
    information = enumeration.mutual_information(p, row < rows // 2, states)
    assert strip.information(rows) == pytest.approx(information, abs=1e-11)
    for length in range(1, rows + 1):
        known = enumeration.block_entropy(p, row < length, states)
        assert strip.block_entropy(length, rows) == pytest.approx(known, abs=1e-11)


def test_rings_of_rows_equal_tori():
    for temperature in (1.5, 2.269185, 4.0):
        square = Strip("ising-square", 8, temperature)
        entropy = kaufman.kaufman_entropy(temperature, (10, 8))
        energy = kaufman.kaufman_energy(temperature, (10, 8))
        assert square.entropy(rows=10) == pytest.approx(entropy, abs=1e-12)
        assert square.energy(rows=10) == pytest.approx(energy, abs=1e-12)
        triangular = Strip("ising-triangular", 7, temperature, coupling=-1.0)
        known = triangular_torus.triangular_torus_entropy(temperature, (9, 7), coupling=-1.0)
        assert triangular.entropy(rows=9) == pytest.approx(known, abs=1e-12)


@pytest.mark.parametrize("width", [4, 9, 12])
def test_the_infinite_strip_is_a_long_torus(width):
    strip = Strip("ising-square", width, 2.5)  # correlation length under 10 sites, rings of 4000
    assert strip.entropy() == pytest.approx(kaufman.kaufman_entropy(2.5, (4000, width)), abs=1e-12)
    strip = Strip("ising-triangular", width, 0.5, coupling=-1.0)
    known = triangular_torus.triangular_torus_entropy(0.5, (16 * width, width), coupling=-1.0)
    # the longest torus that is solved; two sectors of the ring still mix
    assert strip.entropy() == pytest.approx(known, abs=1e-4)


def test_a_strip_of_one_site_is_the_chain():
    for coupling, field in ((1.0, 0.0), (-1.0, 0.4), (0.7, -2.0)):
        strip = Strip("ising-square", 1, 0.8, coupling, field)
        entropy = chain.chain_entropy(0.8, None, coupling, field)
        energy = chain.chain_energy(0.8, None, coupling, field)
        information = chain.segment_information(0.8, coupling, field)
        halves = chain.halves_information(9, 0.8, coupling, field)  # they meet at both ends
        assert strip.entropy() == pytest.approx(entropy, abs=1e-13)
        assert strip.energy() == pytest.approx(energy, abs=1e-13)
        assert strip.information() == pytest.approx(information, abs=1e-13)
        assert strip.information(rows=9) == pytest.approx(halves, abs=1e-12)


def test_wider_strips_approach_onsager():
    gaps = [
        abs(Strip("ising-square", width, 3.0).entropy() - onsager.onsager_entropy(3.0))
        for width in (4, 8, 12)
    ]
    # a spin interacts with its image around the cylinder: e^{-w / xi}, xi = 1 / (ln coth K - 2 K)
    xi = 1 / (-np.log(np.tanh(1 / 3)) - 2 / 3)
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] / gaps[1] == pytest.approx(np.exp(-4 / xi), rel=0.25)


def test_a_long_ring_is_the_infinite_strip():
    for periodic in (True, False):
        strip = Strip("potts-square", 3, 1.2, states=3, periodic=periodic)
        rows, information = 200, strip.information()  # the correlation length is below 10
        assert strip.block_entropy(3) == pytest.approx(strip.block_entropy(3, rows), abs=1e-10)
        # halves of a ring meet at both ends
        assert strip.information(rows) == pytest.approx(2 * information, abs=1e-10)
        neighbours = 2 * strip.block_entropy(5) - strip.block_entropy(10)
        assert neighbours == pytest.approx(information, abs=1e-10)


def test_open_strips():
    # two coupled chains, by their 4x4 matrix
    k, h = 1 / 1.3, 0.2 / 1.3
    spins = np.array([[a, b] for a in (-1, 1) for b in (-1, 1)])
    own = k * spins[:, 0] * spins[:, 1] + h * spins.sum(1)
    matrix = np.exp(k * spins @ spins.T + np.add.outer(own, own) / 2)
    strip = Strip("ising-square", 2, 1.3, field=0.2, periodic=False)
    free_energy = -1.3 / 2 * np.log(np.linalg.eigvalsh(matrix)[-1])
    assert strip.free_energy() == pytest.approx(free_energy, abs=1e-12)
    cylinder = Strip("ising-square", 2, 1.3, field=0.2)  # negative control: two bonds per row
    assert abs(cylinder.free_energy() - free_energy) > 0.1


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize(
    ("lattice", "field"),
    [("ising-square", 0.3), ("ising-triangular", 0.0), ("ising-triangular", 0.3)],
)
def test_infinite_strips_by_brute_force(lattice, field, periodic):
    # joint probabilities of two rows from the whole matrix, bond by bond
    width, t, j = 4, 1.4, -0.8
    rows = np.array(list(product((-1, 1), repeat=width)))
    inner = [(i, (i + 1) % width) for i in range(width if periodic else width - 1)]
    outer = [(i, i) for i in range(width)] + (inner if lattice == "ising-triangular" else [])
    own = sum(j * rows[:, a] * rows[:, b] for a, b in inner) + field * rows.sum(1)
    between = sum(j * np.outer(rows[:, a], rows[:, b]) for a, b in outer)
    weights = np.exp((between + np.add.outer(own, own) / 2) / t)
    (value, right), (_, left) = perron(weights), perron(weights.T)
    joint = left[:, None] * weights * right / (value * (left @ right))
    row = enumeration.entropy(joint.sum(1))
    strip = Strip(lattice, width, t, j, field, periodic=periodic)
    assert strip.free_energy() == pytest.approx(-t * np.log(value) / width, abs=1e-12)
    assert strip.block_entropy(1) == pytest.approx(row, abs=1e-11)
    assert strip.entropy() == pytest.approx((enumeration.entropy(joint) - row) / width, abs=1e-11)
    assert strip.information() == pytest.approx(2 * row - enumeration.entropy(joint), abs=1e-11)
    assert strip.energy() == pytest.approx(strip.free_energy() + t * strip.entropy(), abs=1e-11)


def perron(matrix: np.ndarray) -> tuple[float, np.ndarray]:
    vector = np.ones(len(matrix))
    for _ in range(2000):
        vector = matrix @ vector
        value = vector.sum()
        vector /= value
    return value, vector


def test_frozen_strips():
    # both magnetisations stay equally likely, however close the two eigenvalues are
    for width in (4, 12):
        cold = Strip("ising-square", width, 0.2)
        assert cold.information() == pytest.approx(np.log(2), abs=1e-6)
        assert cold.energy() == pytest.approx(-2, abs=1e-6)
    odd = Strip("ising-square", 3, 0.01, coupling=-1.0)  # each row has a broken bond
    assert np.isfinite([odd.entropy(), odd.energy(), odd.information()]).all()
    aligned = Strip("ising-triangular", 6, 0.01, field=1.0)
    assert (aligned.entropy(), aligned.energy()) == pytest.approx((0, -4), abs=1e-12)
    assert aligned.information() == pytest.approx(0, abs=1e-12)


def test_free_spins_have_no_mutual_information():
    strip = Strip("ising-square", 5, 1.0, coupling=0.0, field=0.3)
    assert strip.information() == pytest.approx(0, abs=1e-12)
    assert strip.entropy() == pytest.approx(chain.chain_entropy(1.0, 1, field=0.3), abs=1e-12)


@pytest.mark.parametrize(
    "bad",
    [
        {"lattice": "xy-square"},
        {"width": 0},
        {"width": 13},
        {"temperature": 0.0},
        {"coupling": float("nan")},
        {"states": 3},
        {"lattice": "potts-square", "field": 1.0},
        {"lattice": "potts-square", "states": 5, "width": 6},
    ],
)
def test_bad_strips(bad):
    with pytest.raises(InputError):
        Strip(**{"lattice": LATTICES[0], "width": 4, "temperature": 1.0, **bad})


def test_bad_blocks():
    strip = Strip("ising-square", 3, 1.0)
    for length, rows in ((0, None), (5, 4), (1, 1)):
        with pytest.raises(InputError):
            strip.block_entropy(length, rows)
    with pytest.raises(InputError):
        Strip("ising-square", 12, 1.0).entropy(rows=4)
