"""Exact results against each other, against enumeration, and against published numbers."""

import numpy as np
import pytest

from moiety import InputError
from moiety.exact import EXACT
from moiety.exact.chain import chain_entropy, halves_information, segment_information
from moiety.exact.enumeration import (
    all_states,
    boltzmann,
    entropy,
    mutual_information,
    system_entropy,
)
from moiety.exact.kaufman import kaufman_energy, kaufman_entropy, kaufman_log_z
from moiety.exact.onsager import (
    CRITICAL_TEMPERATURE,
    onsager_energy,
    onsager_entropy,
    onsager_free_energy,
)
from moiety.systems import system

CATALAN = 0.915965594177219
TEMPERATURES = (0.3, 0.8, 1.8, CRITICAL_TEMPERATURE, 2.4, 3.5, 10.0)


def test_onsager_at_the_critical_point():
    # in closed form: ln z = ln(2)/2 + 2 G / pi, u = -sqrt 2
    log_z = np.log(2) / 2 + 2 * CATALAN / np.pi
    free_energy = onsager_free_energy(CRITICAL_TEMPERATURE)
    assert -free_energy / CRITICAL_TEMPERATURE == pytest.approx(log_z, abs=1e-9)
    assert onsager_energy(CRITICAL_TEMPERATURE) == pytest.approx(-np.sqrt(2), abs=1e-9)


@pytest.mark.parametrize("temperature", [1.8, 2.1, 2.4, 3.0])
def test_onsager_entropy_is_the_slope_of_the_free_energy(temperature):
    step = 1e-3  # third differences times step^2: below 1e-5 this far from T_c
    above, below = (onsager_free_energy(temperature + sign * step) for sign in (1, -1))
    slope = (above - below) / (2 * step)
    assert onsager_entropy(temperature) == pytest.approx(-slope, abs=1e-5)


@pytest.mark.parametrize(
    ("temperature", "torus", "infinite"),
    [
        (1.8, 0.0935228, 0.0933535),
        (CRITICAL_TEMPERATURE, 0.30234, 0.30647),
        (2.4, 0.3968273, 0.3969334),
        (3.5, 0.5922081, 0.5922081),
    ],
)
def test_known_entropies(temperature, torus, infinite):
    # half a unit of the last digit quoted
    digits = 6e-6 if temperature == CRITICAL_TEMPERATURE else 6e-8
    assert EXACT["ising-square"](temperature, 64) == pytest.approx(torus, abs=digits)
    assert EXACT["ising-square"](temperature) == pytest.approx(infinite, abs=digits)


@pytest.mark.parametrize("size", [(4, 4), (3, 4), (4, 3), (2, 3), (2, 2)])
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_kaufman_equals_enumeration(size, temperature):
    model = system("ising-square", size=size, temperature=temperature)
    energies = model.energy(all_states(size, 2))[0]
    weights = np.exp(-(energies - energies.min()) / temperature)
    log_z = np.log(weights.sum()) - energies.min() / temperature
    energy = (boltzmann(energies, temperature) * energies).sum() / np.prod(size)
    assert kaufman_entropy(temperature, size) == pytest.approx(system_entropy(model, 2), abs=1e-10)
    assert kaufman_log_z(temperature, size) == pytest.approx(log_z, rel=1e-10)
    assert kaufman_energy(temperature, size) == pytest.approx(energy, abs=1e-10)


def test_the_fourth_product_of_kaufman_has_a_sign():
    # negative control: with |g_0| in place of g_0, the entropy of 4x4 at T = 3 is wrong by
    # far more than the tolerance above
    from moiety.exact import kaufman

    right, modes = kaufman_entropy(3.0, 4), kaufman._modes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            kaufman, "_modes", lambda *a: tuple(x * np.sign(modes(*a)[0]) for x in modes(*a))
        )
        assert abs(kaufman_entropy(3.0, 4) - right) > 1e-4


def test_kaufman_limits():
    assert kaufman_entropy(1e-3, 64) * 64**2 == pytest.approx(np.log(2), abs=1e-8)
    assert kaufman_entropy(1e6, 64) == pytest.approx(np.log(2), abs=1e-9)
    assert kaufman_entropy(2.0, 8, coupling=-1.0) == kaufman_entropy(2.0, 8)
    for bad in (
        {"size": 5, "coupling": -1.0},
        {"size": 1},
        {"size": (4, 4, 4)},
        {"size": 4, "temperature": 0.0},
    ):
        with pytest.raises(InputError):
            kaufman_entropy(**{"temperature": 2.0, **bad})


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("coupling", [1.0, -1.0, 0.0])
@pytest.mark.parametrize("field", [0.0, 0.3, -0.7])
@pytest.mark.parametrize("temperature", [0.4, 3.0])
def test_a_ring_equals_enumeration(size, coupling, field, temperature):
    model = system(
        "ising-chain", size=size, temperature=temperature, coupling=coupling, field=field
    )
    assert model.exact_entropy() == pytest.approx(system_entropy(model, 2), abs=1e-10)
    if size > 1:
        probabilities = boltzmann(model.energy(all_states((size,), 2))[0], temperature)
        half = np.arange(size) < size - size // 2
        exact = halves_information(size, temperature, coupling, field)
        assert exact == pytest.approx(mutual_information(probabilities, half, 2), abs=1e-10)


def test_the_infinite_chain():
    assert chain_entropy(1.0) == pytest.approx(np.log(2 * np.cosh(1)) - np.tanh(1), abs=1e-12)
    assert chain_entropy(1.0) == pytest.approx(chain_entropy(1.0, 400), abs=1e-12)
    # J = -1, H = 2, T -> 0: no two neighbours both down, the golden mean
    assert chain_entropy(1e-4, coupling=-1.0, field=2.0) == pytest.approx(
        np.log((1 + np.sqrt(5)) / 2), abs=1e-9
    )
    # the halves of a long ring meet at both ends
    assert halves_information(100, 1.0) == pytest.approx(2 * segment_information(1.0), abs=1e-8)
    # cold: log 2 and not 2 log 2, because there is one magnetisation
    assert halves_information(8, 0.05) == pytest.approx(np.log(2), abs=1e-9)
    # negative control
    assert segment_information(1.0, coupling=0.0) == pytest.approx(0.0, abs=1e-12)


def test_independent_sites_and_refusals():
    uniform = boltzmann(np.zeros(27), 1.0)
    assert entropy(uniform) == pytest.approx(3 * np.log(3))
    half = np.array([True, False, True])
    assert mutual_information(uniform, half, 3) == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(InputError):
        all_states((5, 5), 2)
    with pytest.raises(InputError):
        EXACT["ising-square"](2.0, 4, field=1.0)
