"""Blocks inside solved systems, and thermal averages by name."""

import numpy as np
import pytest

from moiety import InputError
from moiety.exact import chain, enumeration, gaussian, xy
from moiety.exact.blocks import block_answers
from moiety.exact.strips import Strip
from moiety.exact.thermal import thermal
from moiety.systems import SYSTEMS, system


def state_sum(p: np.ndarray, shape: tuple[int, ...], mask: np.ndarray) -> float:
    """Entropy of some sites by sorting the states into bins, independent of the tested code."""
    states = enumeration.all_states(shape, 2)[0][:, mask]
    _, bins = np.unique(states, axis=0, return_inverse=True)
    weights = np.bincount(bins.ravel(), weights=p)
    return float(-(weights * np.log(weights)).sum())


@pytest.fixture(scope="module")
def torus():
    model = system("ising-square", size=(4, 3), temperature=2.0, field=0.3)
    return model, enumeration.boltzmann(model.energy(enumeration.all_states((4, 3), 2))[0], 2.0)


def test_blocks_of_any_shape(torus):
    _, p = torus
    generator = np.random.default_rng(1)
    for _ in range(5):
        labels = generator.integers(3, size=(4, 3))
        first, second = labels == 0, labels == 1
        parts = [state_sum(p, (4, 3), mask) for mask in (first, second, first | second)]
        assert enumeration.block_entropy(p, first, 2) == pytest.approx(parts[0], abs=1e-12)
        information = enumeration.block_information(p, first, second, 2)
        assert information == pytest.approx(parts[0] + parts[1] - parts[2], abs=1e-12)
        # M grows with the block
        assert information <= enumeration.block_information(p, first, ~first, 2) + 1e-12


def test_complementary_blocks_are_halves(torus):
    _, p = torus
    half = np.indices((4, 3))[0] < 2
    halves = enumeration.mutual_information(p, half, 2)
    assert enumeration.block_information(p, half, ~half, 2) == halves
    none, everything = np.zeros((4, 3), dtype=bool), np.ones((4, 3), dtype=bool)
    total = enumeration.entropy(p)
    assert enumeration.block_entropy(p, none, 2) == pytest.approx(0, abs=1e-12)
    assert enumeration.block_entropy(p, everything, 2) == pytest.approx(total, abs=1e-12)
    with pytest.raises(InputError):
        enumeration.block_information(p, half, half, 2)
    with pytest.raises(InputError):
        enumeration.block_entropy(p, half[:3], 2)


def test_blocks_of_a_system(torus):
    model, p = torus
    pair = block_answers(model, (1, 2))
    first, second = np.zeros((2, 4, 3), dtype=bool)
    first[0, :2] = second[1, :2] = True
    information = enumeration.block_information(p, first, second, 2)
    assert pair.entropy == pytest.approx(state_sum(p, (4, 3), first), abs=1e-12)
    assert pair.mutual_information == pytest.approx(information, abs=1e-12)
    assert block_answers(model, (3, 1)).mutual_information is None  # two blocks do not fit


def test_blocks_of_full_rows_need_no_enumeration():
    # 6x4 has too many states; the same rows of a smaller torus are enumerated
    for shape in ((4, 4), (6, 4)):
        model = system("ising-triangular", size=shape, temperature=1.0, coupling=-1.0)
        rows = block_answers(model, (2, 4))
        total = thermal(model).entropy * np.prod(shape)
        assert rows.entropy < total
        if shape == (4, 4):
            assert rows.mutual_information == pytest.approx(2 * rows.entropy - total, abs=1e-11)
    whole = block_answers(model, (6, 4))
    assert whole.entropy == pytest.approx(total, abs=1e-11)
    assert block_answers(model, (2, 2)) is None


def test_segments_of_chains():
    model = system("ising-chain", size=64, temperature=1.0, field=0.2)
    halves = block_answers(model, (32,)).mutual_information
    assert halves == pytest.approx(chain.halves_information(64, 1.0, field=0.2), abs=1e-11)
    infinite = block_answers(model, (5,), infinite=True)
    information = chain.segment_information(1.0, field=0.2)
    assert infinite.mutual_information == pytest.approx(information, abs=1e-12)
    # 64 sites are enough: the far end of the ring does not matter
    assert infinite.entropy == pytest.approx(block_answers(model, (5,)).entropy, abs=1e-9)
    ring = system("ising-chain", size=8, temperature=1.0)
    p = enumeration.boltzmann(ring.energy(enumeration.all_states((8,), 2))[0], 1.0)
    enumerated = state_sum(p, (8,), np.arange(8) < 3)
    assert block_answers(ring, (3,)).entropy == pytest.approx(enumerated, abs=1e-12)
    markov = system("markov-chain", size=8, stay=0.8)
    whole = block_answers(markov, (8,))
    assert whole.entropy == pytest.approx(8 * markov.exact_entropy())
    assert whole.mutual_information is None
    assert block_answers(markov, (9,), infinite=True).mutual_information == markov.information()


def test_gaussian_fields_and_rotors():
    field = system("gaussian-field", size=(8, 6))
    block = block_answers(field, (2, 3))
    entropy = gaussian.gaussian_entropy(field.covariance((2, 3)))
    assert block.mutual_information == pytest.approx(field.information((2, 3), (2, 3)), abs=1e-12)
    assert block.entropy == pytest.approx(entropy, abs=1e-12)
    pair = block_answers(system("xy-square", size=(2, 1), temperature=0.5, field=0.4), (1, 1))
    assert pair.mutual_information == pytest.approx(xy.pair_information(0.5, 2.0, 0.4), abs=1e-12)
    total = xy.pair_entropy(0.5, 2.0, 0.4)
    assert 2 * pair.entropy - pair.mutual_information == pytest.approx(total, abs=1e-12)
    cold = block_answers(system("xy-square", size=8, temperature=0.1, field=0.5), (4, 8))
    assert (cold.entropy, cold.limit) == (None, "low temperature")
    # the doctest of harmonic_information
    assert cold.mutual_information == pytest.approx(0.782019, abs=5e-7)
    assert block_answers(system("xy-square", size=8, temperature=0.1), (4, 8)) is None


def test_blocks_that_do_not_fit(torus):
    model, _ = torus
    for block, infinite in (((5, 1), False), ((0, 1), False), ((2,), False), ((2, 2), True)):
        with pytest.raises(InputError):
            block_answers(model, block, infinite=infinite)


# Thermal averages


CASES = [
    ("ising-square", {"size": (4, 3), "temperature": 1.7}),
    ("ising-square", {"size": (4, 3), "temperature": 1.7, "coupling": -1.0}),
    ("ising-square", {"size": (1, 7), "temperature": 1.7, "field": 0.3}),
    ("ising-triangular", {"size": (4, 3), "temperature": 1.7, "coupling": -1.0}),
    ("ising-triangular", {"size": (1, 7), "temperature": 1.7, "field": 0.3}),
    ("ising-triangular", {"size": (1, 2), "temperature": 1.7}),
    ("ising-triangular", {"size": (4, 3), "temperature": 1.7, "field": 0.3}),
    ("ising-chain", {"size": 7, "temperature": 1.7, "coupling": -1.0}),
    ("ising-cubic", {"size": 2, "temperature": 1.7}),
    ("potts-square", {"size": (3, 2), "temperature": 0.7, "states": 4}),
]


@pytest.mark.parametrize(("name", "parameters"), CASES)
def test_thermal_averages_equal_enumeration(name, parameters):
    model = system(name, **parameters)
    averages, states = thermal(model), parameters.get("states", 2)
    for quantity in ("entropy", "energy", "heat_capacity"):
        exact = getattr(enumeration, f"system_{quantity}")(model, states)
        assert getattr(averages, quantity) == pytest.approx(exact, abs=1e-11), quantity


def test_the_heat_capacity_is_the_slope_of_the_energy():
    for name, parameters in CASES:
        t, step = parameters["temperature"], 1e-4
        up, down = (
            thermal(system(name, **{**parameters, "temperature": t + sign * step}))
            for sign in (1, -1)
        )
        capacity = thermal(system(name, **parameters)).heat_capacity
        slopes = np.array([up.energy - down.energy, t * (up.entropy - down.entropy)]) / (2 * step)
        assert slopes == pytest.approx(np.full(2, capacity), abs=1e-6)


def test_a_narrow_torus_in_a_field():
    model = system("ising-square", size=(8, 6), temperature=2.0, field=0.4)
    averages = thermal(model)
    weak = thermal(system("ising-square", size=(8, 6), temperature=2.0, field=1e-7))
    none = thermal(system("ising-square", size=(8, 6), temperature=2.0))
    assert (weak.entropy, weak.energy) == pytest.approx((none.entropy, none.energy), abs=1e-9)
    assert averages.energy < none.energy - 0.4 and averages.heat_capacity is None


def test_a_thin_antiferromagnet_uses_the_transfer_matrix():
    # too thin for the precision of the four products
    model = system("ising-triangular", size=(4, 80), temperature=0.3, coupling=-1.0)
    strip = Strip("ising-triangular", 4, 0.3, coupling=-1.0)
    assert thermal(model).entropy == pytest.approx(strip.entropy(rows=80), abs=1e-12)
    assert thermal(model).energy == pytest.approx(strip.energy(rows=80), abs=1e-12)


def test_rings_of_rotors():
    ring, square = (
        thermal(system("xy-square", size=size, temperature=0.8, coupling=j))
        for size, j in (((1, 4), 2.0), (2, 1.0))
    )
    assert (square.entropy, square.energy) == pytest.approx((ring.entropy, ring.energy), abs=1e-12)
    # the 2x2 torus by quadrature: 4 pairs of neighbours with two bonds each; one angle is fixed
    t = 2 * np.pi * np.arange(40) / 40
    a, b, c = np.meshgrid(t, t, t, indexing="ij")
    energy = -2 * (np.cos(a) + np.cos(a - b) + np.cos(b - c) + np.cos(c))
    weight = np.exp(-(energy + 8) / 0.8)
    mean = (weight * energy).sum() / weight.sum()
    log_z = np.log(weight.mean()) + 8 / 0.8 + 4 * np.log(2 * np.pi)
    assert square.energy == pytest.approx(mean / 4, abs=1e-10)
    assert square.entropy == pytest.approx((log_z + mean / 0.8) / 4, abs=1e-10)
    assert thermal(system("xy-square", size=(1, 3), temperature=0.8, coupling=-1.0)).entropy is None


def test_averages_agree_with_the_systems_themselves():
    for name in SYSTEMS:
        needed = {} if name == "markov-chain" else {"temperature": 1.3}
        model = system(name, size=2, **needed)
        for own, averages in (
            (model.exact_entropy(), thermal(model)),
            (model.entropy_infinite(), thermal(model, infinite=True)),
        ):
            if own is not None:
                assert averages.entropy == pytest.approx(own, abs=1e-10), name
        assert (averages.entropy is None) == (own is None), name
