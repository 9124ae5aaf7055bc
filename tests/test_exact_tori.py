"""Lattices without field: triangular torus, heat capacities, chains, limits of temperature."""

from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest

from moiety import InputError
from moiety.exact import EXACT, chain, enumeration, houtappel, kaufman, onsager, triangular_torus
from moiety.exact.strips import Strip
from moiety.systems import system

CRITICAL = (onsager.CRITICAL_TEMPERATURE, houtappel.CRITICAL_TEMPERATURE)
TEMPERATURES = (0.05, 0.3, 1.0, 2.0, *CRITICAL, 5.0, 50.0)


@lru_cache
def all_energies(name: str, size: tuple[int, ...], coupling: float, field: float) -> np.ndarray:
    side = size if len(size) > 1 else size[0]
    model = system(name, size=side, temperature=1.0, coupling=coupling, field=field)
    return model.energy(enumeration.all_states(model.shape, 2))[0]


def enumerated(
    name: str, size: tuple[int, ...], temperature: float, coupling=1.0, field=0.0
) -> SimpleNamespace:
    """s, u and c per site and ln Z, by summing over all states."""
    energies, sites = all_energies(name, size, coupling, field), np.prod(size)
    p, ground = enumeration.boltzmann(energies, temperature), energies.min()
    mean = p @ energies
    return SimpleNamespace(
        entropy=enumeration.entropy(p) / sites,
        energy=mean / sites,
        heat_capacity=p @ (energies - mean) ** 2 / temperature**2 / sites,
        log_z=np.log(np.exp(-(energies - ground) / temperature).sum()) - ground / temperature,
    )


def slope(function, temperature: float, step: float = 1e-3, **options) -> float:
    """Derivative from five points; the error is the fifth derivative times step^4 / 30."""
    near, far = (
        function(temperature + n * step, **options) - function(temperature - n * step, **options)
        for n in (1, 2)
    )
    return (8 * near - far) / (12 * step)


# Triangular torus


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (3, 4), (4, 4), (2, 5), (3, 6)])
@pytest.mark.parametrize("coupling", [1.0, -1.0, 0.3])
def test_triangular_torus_equals_enumeration(shape, coupling):
    for temperature in TEMPERATURES:
        known = enumerated("ising-triangular", shape, temperature, coupling)
        for name in ("entropy", "energy", "heat_capacity"):
            value = getattr(triangular_torus, f"triangular_torus_{name}")(
                temperature, shape, coupling=coupling
            )
            assert value == pytest.approx(getattr(known, name), abs=1e-12), (name, temperature)
        log_z = triangular_torus.triangular_torus_log_z(temperature, shape, coupling=coupling)
        assert log_z == pytest.approx(known.log_z, rel=1e-12)


def test_the_periodic_product_has_a_sign():
    # negative control: with |1 - 3y| in place of 1 - 3y, the entropy of 4x4 at T = 5 is wrong by
    # far more than 1e-12
    right, product = triangular_torus.triangular_torus_entropy(5.0, 4), triangular_torus._product
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            triangular_torus,
            "_product",
            lambda *a: (*product(*a)[:3], product(*a)[3] * np.sign(product(*a)[3][0])),
        )
        assert abs(triangular_torus.triangular_torus_entropy(5.0, 4) - right) > 1e-4


def test_known_numbers_of_the_triangular_torus():
    # half a unit of the last digit quoted in systems/ising_triangular.py
    for side, *quoted in ((60, 0.32877, -0.99758), (64, 0.32949, -0.99715)):
        values = [
            triangular_torus.triangular_torus_entropy(0.5, side, coupling=-1.0),
            triangular_torus.triangular_torus_energy(0.5, side, coupling=-1.0),
        ]
        assert values == pytest.approx(quoted, abs=5e-6)
    # correlations are short at T = 1: finite and infinite lattice agree to 1e-8
    exact = EXACT["ising-triangular"]
    assert exact(1.0, 64, coupling=-1.0) == pytest.approx(exact(1.0, coupling=-1.0), abs=1e-8)


@pytest.mark.parametrize("shape", [4, 6, 64, (5, 7)])
def test_limits_of_the_triangular_torus(shape):
    n, m = (shape, shape) if isinstance(shape, int) else shape
    entropy = triangular_torus.triangular_torus_entropy
    assert entropy(0.01, shape) * n * m == pytest.approx(np.log(2), abs=1e-8)
    for sign in (1, -1):
        hot, cold, warmer = (entropy(t, shape, coupling=sign) for t in (1e3, 0.01, 0.02))
        # ln 2 - 3/2 K^2 - 4 K^3 sign; the next term is 8 K^4, more if three or four steps wind
        # around the torus
        assert hot == pytest.approx(np.log(2) - 1.5e-6 - 4e-9 * sign, abs=1e-10 if n > 3 else 1e-8)
        assert cold == pytest.approx(warmer, abs=1e-12)
    energy = triangular_torus.triangular_torus_energy(0.01, shape, coupling=-1.0)
    capacity = triangular_torus.triangular_torus_heat_capacity(1e-9, shape, coupling=-1.0)
    assert (energy, capacity) == pytest.approx((-1, 0), abs=1e-12)


def test_the_frozen_triangular_torus_counts_its_ground_states():
    model = system("ising-triangular", size=(4, 4), temperature=0.01, coupling=-1.0)
    energies = model.energy(enumeration.all_states((4, 4), 2))
    states = (energies == energies.min()).sum()
    assert states > 2  # the ferromagnet has 2
    cold = 16 * triangular_torus.triangular_torus_entropy(0.01, 4, coupling=-1.0)
    assert cold == pytest.approx(np.log(states), abs=1e-12)


@pytest.mark.parametrize("shape", [(64, 4), (4, 64), (80, 5)])
@pytest.mark.parametrize("temperature", [0.02, 0.3, 1.0])
def test_thin_antiferromagnets_keep_eleven_digits(shape, temperature):
    # the transfer matrix adds only positive numbers
    strip = Strip("ising-triangular", min(shape), temperature, coupling=-1.0)
    value = triangular_torus.triangular_torus_entropy(temperature, shape, coupling=-1.0)
    assert value == pytest.approx(strip.entropy(rows=max(shape)), abs=1e-11)
    with pytest.raises(InputError):
        triangular_torus.triangular_torus_entropy(temperature, (65, 4), coupling=-1.0)
    # ferromagnets may be thinner
    assert triangular_torus.triangular_torus_entropy(temperature, (65, 4)) >= 0


@pytest.mark.parametrize(
    "bad", [{"shape": 1}, {"shape": (4, 1)}, {"shape": (4, 4, 4)}, {"temperature": 0.0}]
)
def test_refusals_of_the_triangular_torus(bad):
    with pytest.raises(InputError):
        triangular_torus.triangular_torus_entropy(**{"temperature": 2.0, "shape": 4, **bad})


# Heat capacities


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (3, 4), (4, 3), (4, 4), (2, 5)])
def test_kaufman_heat_capacity_equals_enumeration(size):
    for temperature in (0.02, *TEMPERATURES, 1e4):
        known = enumerated("ising-square", size, temperature).heat_capacity
        capacity = kaufman.kaufman_heat_capacity(temperature, size)
        assert capacity == pytest.approx(known, abs=1e-12), temperature


@pytest.mark.parametrize("temperature", [0.3, 0.5, 1.0, 1.8, 2.5, 3.5, 10.0])
def test_onsager_heat_capacity_is_the_slope_of_the_energy(temperature):
    capacity = onsager.onsager_heat_capacity(temperature)
    assert capacity == pytest.approx(slope(onsager.onsager_energy, temperature), abs=1e-10)
    assert capacity == pytest.approx(kaufman.kaufman_heat_capacity(temperature, 512), abs=1e-10)


@pytest.mark.parametrize("coupling", [1.0, -1.0])
@pytest.mark.parametrize("temperature", [0.15, 0.3, 1.0, 2.0, 3.0, 5.0, 20.0])
def test_houtappel_heat_capacity_is_the_slope_of_the_energy(temperature, coupling):
    capacity = houtappel.houtappel_heat_capacity(temperature, coupling=coupling)
    expected = slope(houtappel.houtappel_energy, temperature, coupling=coupling)
    assert capacity == pytest.approx(expected, abs=1e-10)


def test_limits_of_heat_capacities():
    for capacity in (onsager.onsager_heat_capacity, lambda t: kaufman.kaufman_heat_capacity(t, 64)):
        assert capacity(1e-3) == 0
        assert capacity(1e6) == pytest.approx(2e-12, rel=1e-6)  # two bonds per site, K^2 each
    assert kaufman.kaufman_heat_capacity(1e9, 4) == pytest.approx(2e-18, rel=1e-6)
    # logarithmic at T_c: ten times closer adds ln(10) times Onsager's amplitude 8 K_c^2 / pi
    tc = onsager.CRITICAL_TEMPERATURE
    growth = 8 / np.pi / tc**2 * np.log(10)
    near, nearer = (onsager.onsager_heat_capacity(tc + step) for step in (1e-5, 1e-6))
    assert nearer - near == pytest.approx(growth, rel=1e-3)


def test_energies_are_correct_beyond_the_caps():
    assert onsager.onsager_free_energy(1e-4) == onsager.onsager_free_energy(1e-300) == -2.0
    assert onsager.onsager_free_energy(2e-3, coupling=-3.0) == -6.0
    assert kaufman.kaufman_log_z(1e-3, 4) == pytest.approx(32000 + np.log(2), abs=1e-9)
    assert kaufman.kaufman_energy(1e9, 8) == pytest.approx(-2e-9, rel=1e-9)
    # f = u - T s on both sides of the cap
    for t in (0.002, 0.0034, 0.5, 2.0):
        f, u, s = (
            getattr(onsager, f"onsager_{name}")(t) for name in ("free_energy", "energy", "entropy")
        )
        assert f == pytest.approx(u - t * s, abs=1e-12)


# Chains


@pytest.mark.parametrize("size", [1, 2, 3, 8, 11])
@pytest.mark.parametrize("coupling", [1.0, -1.0, 0.0, 0.37])
@pytest.mark.parametrize("field", [0.0, 0.3, -2.0])
def test_rings_equal_enumeration(size, coupling, field):
    for temperature in (0.02, 0.1, 0.4, 3.0, 100.0):  # cold odd antiferromagnets keep ln 2N
        known = enumerated("ising-chain", (size,), temperature, coupling, field)
        for name in ("entropy", "energy", "heat_capacity"):
            value = getattr(chain, f"chain_{name}")(temperature, size, coupling, field)
            assert value == pytest.approx(getattr(known, name), abs=1e-11), (name, temperature)


def test_the_heat_capacity_of_the_infinite_chain():
    known = (1 / 0.7 / np.cosh(1 / 0.7)) ** 2
    assert chain.chain_heat_capacity(0.7) == pytest.approx(known, abs=1e-13)
    expected = slope(lambda t: chain.chain_energy(t, None, -1.0, 0.6), 0.7)
    assert chain.chain_heat_capacity(0.7, None, -1.0, 0.6) == pytest.approx(expected, abs=1e-9)
    assert chain.chain_energy(1e-9) == -1.0
    assert chain.chain_entropy(1e-9, 3, coupling=-1.0) == pytest.approx(np.log(6) / 3, abs=1e-12)
