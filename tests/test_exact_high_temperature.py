"""High-temperature series: the power with which the error falls is the order of truncation."""

from itertools import product

import numpy as np
import pytest

from moiety import InputError
from moiety.exact import chain, enumeration, houtappel, onsager, xy
from moiety.exact.high_temperature import (
    SERIES,
    cut_information,
    high_temperature_energy,
    high_temperature_entropy,
    high_temperature_heat_capacity,
    series,
)
from moiety.systems import system


def order(error, temperature: float) -> float:
    """The power of 1/T with which an error falls from T to 2T."""
    return float(np.log2(error(temperature) / error(2 * temperature)))


# M


def halves(name: str, shape: tuple[int, ...], temperature: float, **options) -> float:
    states = options.get("states", 2)
    model = system(name, size=shape, temperature=temperature, **options)
    p = enumeration.boltzmann(model.energy(enumeration.all_states(shape, states))[0], temperature)
    return enumeration.mutual_information(p, np.indices(shape)[0] < shape[0] // 2, states)


@pytest.mark.parametrize(
    ("name", "shape", "bonds", "options", "power"),
    [
        ("ising-square", (4, 4), 8, {}, 4),
        ("ising-square", (4, 4), 8, {"field": 0.5}, 4),
        ("ising-triangular", (4, 4), 16, {}, 3),
        ("ising-chain", (6,), 2, {}, 4),
        ("potts-square", (4, 3), 6, {"states": 3}, 3),
        ("potts-square", (4, 1), 2, {"states": 5, "coupling": -1.0}, 3),
    ],
)
def test_halves_of_small_lattices(name, shape, bonds, options, power):
    # a field has no effect at this order
    others = {key: value for key, value in options.items() if key != "field"}

    def error(t: float) -> float:
        return halves(name, shape, t, **options) - cut_information(name, bonds, t, **others)

    assert order(error, 80.0) == pytest.approx(power, abs=0.15)


def test_two_parallel_bonds_count_as_four():
    def error(bonds: int):
        return lambda t: (
            halves("ising-square", (2, 2), t) - cut_information("ising-square", bonds, t)
        )

    assert order(error(8), 80.0) == pytest.approx(4, abs=0.15)
    assert order(error(4), 80.0) == pytest.approx(2, abs=0.15)  # negative control


def test_two_rotors():
    def error(t: float) -> float:
        return xy.pair_information(t, field=0.3) - cut_information("xy-square", 1, t)

    assert order(error, 20.0) == pytest.approx(4, abs=0.1)


# Series

SERIES_OF = {
    "entropy": high_temperature_entropy,
    "energy": high_temperature_energy,
    "heat_capacity": high_temperature_heat_capacity,
}


@pytest.mark.parametrize("last", [2, 4, 6, 10])
@pytest.mark.parametrize("quantity", ["entropy", "energy", "heat_capacity"])
def test_the_square_lattice_against_onsager(last, quantity):
    exact, truncated = getattr(onsager, f"onsager_{quantity}"), SERIES_OF[quantity]

    def error(t: float) -> float:
        return truncated("ising-square", t, order=last) - exact(t)

    power = last + 1 if quantity == "energy" else last + 2  # u is a derivative with respect to K
    assert order(error, 6.0) == pytest.approx(power, abs=0.25)


@pytest.mark.parametrize("last", [2, 3, 4, 7])
@pytest.mark.parametrize("coupling", [1.0, -1.0])
def test_the_triangular_lattice_against_houtappel(last, coupling):
    def error(t: float) -> float:
        truncated = high_temperature_entropy("ising-triangular", t, coupling=coupling, order=last)
        return truncated - houtappel.houtappel_entropy(t, coupling=coupling)

    assert order(error, 16.0) == pytest.approx(last + 1, abs=0.35)


def test_long_series_are_exact():
    for t in (5.0, 8.0, 50.0):
        for quantity, truncated in SERIES_OF.items():
            square = getattr(onsager, f"onsager_{quantity}")(t)
            triangular = getattr(houtappel, f"houtappel_{quantity}")(2 * t, coupling=-1.0)
            values = truncated("ising-square", t), truncated("ising-triangular", 2 * t, -1.0)
            assert values == pytest.approx((square, triangular), abs=1e-12)


def test_two_potts_states_are_ising_spins():
    # J delta = J/2 s s' + J/2, two bonds a site
    potts, ising = np.array(series("potts-square", states=2)), np.array(series("ising-square", 7))
    halved = ising * 0.5 ** np.arange(8)
    halved[1] += 1
    assert potts == pytest.approx(halved, abs=1e-14)


def patch_log_z(rows: int, columns: int, bond: np.ndarray) -> float:
    """ln Z of an open patch, row by row; `bond` is -E / T of a bond, one row per state."""
    states = np.array(list(product(range(len(bond)), repeat=columns)))
    own = sum(
        (bond[states[:, i], states[:, i + 1]] for i in range(columns - 1)), np.zeros(len(states))
    )
    step = np.exp(sum(bond[np.ix_(states[:, i], states[:, i])] for i in range(columns)))
    vector = np.exp(own)
    for _ in range(rows - 1):
        vector = np.exp(own) * (step @ vector)
    return float(np.log(vector.sum()))


def lattice_log_z(bond: np.ndarray) -> float:
    """ln z of the square lattice to K^7: the finite-lattice method with patches of up to 3x2.

    The first neglected patches, 4x2 and 3x3, have closed paths of 8 bonds.
    """
    site = np.log(len(bond))
    pair = patch_log_z(1, 2, bond) - 2 * site
    square = patch_log_z(2, 2, bond) - 4 * pair - 4 * site
    domino = patch_log_z(3, 2, bond) - 2 * square - 7 * pair - 6 * site
    return site + 2 * pair + square + 2 * domino


@pytest.mark.parametrize("states", [2, 3, 5])
@pytest.mark.parametrize("sign", [1, -1])
def test_potts_series_against_patches(states, sign):
    def error(t: float) -> float:
        return lattice_log_z(sign / t * np.eye(states)) - np.polyval(
            series("potts-square", states=states)[::-1], sign / t
        )

    assert abs(error(4.0)) < 1e-6
    assert order(error, 2.0) > 7.5


def test_xy_series_against_patches():
    angles = 2 * np.pi * np.arange(24) / 24  # exact through K^23

    def error(t: float) -> float:
        bond = np.cos(angles[:, None] - angles) / t
        return (
            lattice_log_z(bond)
            + np.log(2 * np.pi / 24)
            - np.polyval(series("xy-square")[::-1], 1 / t)
        )

    assert order(error, 2.0) == pytest.approx(8, abs=0.3)

    def shorter(t: float) -> float:  # negative control: the series without K^6
        return error(t) + series("xy-square")[6] / t**6

    assert order(shorter, 8.0) == pytest.approx(6, abs=0.5)


@pytest.mark.parametrize(
    ("name", "options"), [("xy-square", {}), ("potts-square", {"states": 4, "coupling": -1.0})]
)
def test_entropy_energy_and_heat_capacity_agree(name, options):
    def slope(function) -> float:
        return (function(name, 5.001, **options) - function(name, 4.999, **options)) / 0.002

    capacity = high_temperature_heat_capacity(name, 5.0, **options)
    assert slope(high_temperature_energy) == pytest.approx(capacity, abs=1e-7)
    assert 5 * slope(high_temperature_entropy) == pytest.approx(capacity, abs=1e-7)


def test_refusals():
    for name, t, options in (
        ("ising-cubic", 9.0, {}),
        ("ising-square", 2.2, {}),  # below T_c, the series diverges
        ("ising-square", 9.0, {"order": 41}),
        ("ising-square", 9.0, {"states": 3}),
        ("xy-square", 1.0, {}),
        ("xy-square", 0.0, {}),
    ):
        with pytest.raises(InputError):
            high_temperature_entropy(name, t, **options)
    for name, t in (("gaussian-field", 9.0), ("ising-square", -1.0)):
        with pytest.raises(InputError):
            cut_information(name, 1, t)


def test_series_have_the_declared_order():
    for name, declared in SERIES.items():
        assert declared.radius > 0 and len(series(name)) == declared.order + 1


def test_one_bond_of_a_chain():
    bond = cut_information("ising-chain", 1, 100.0)
    assert chain.segment_information(100.0) == pytest.approx(bond, rel=1e-3)
