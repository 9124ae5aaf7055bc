"""Lennard-Jones atoms: the equation of state, hybrid Monte Carlo, samples against theory."""

from math import log, pi

import numpy as np
import pytest
from scipy.integrate import quad

from fluids import deviation, per_chain
from moiety import InputError
from moiety.exact import lennard_jones as exact
from moiety.systems.dynamics.hybrid import forces, hybrid
from moiety.systems.dynamics.splitmix import stream
from moiety.systems.lennard_jones import LennardJones
from plain import PlainStream
from statistical import assert_within_sigma

# the same equation of state in teqp 0.23.2 (build_LJ126_TholJPCRD2016)
TEQP = {
    1.5: (-0.5052683665122821, -1.019122178650539, -1.68755531644564, -2.625505273770135),
    2.0: (-0.43121090993979383, -0.9262684446930756, -1.5666630866571456, -2.4116702978445845),
    3.0: (-0.37785834692518594, -0.8349733732978868, -1.4121305500352443, -2.141413904035268),
}
DENSITIES = (0.2, 0.4, 0.6, 0.8)


# -------------------------------------------------------------------- exact answers


@pytest.mark.parametrize("temperature", TEQP)
def test_the_equation_of_state_against_another_program(temperature):
    for density, s in zip(DENSITIES, TEQP[temperature], strict=True):
        found = exact.lennard_jones_excess_entropy(temperature, density)
        assert found == pytest.approx(s, abs=1e-12)


def test_energy_and_pressure_follow_from_one_free_energy():
    temperature, density, step = 1.7, 0.5, 1e-5

    def free(t, rho):  # F / N over the ideal gas
        return exact.lennard_jones_energy(t, rho) - t * exact.lennard_jones_excess_entropy(t, rho)

    slope = (free(temperature + step, density) - free(temperature - step, density)) / (2 * step)
    s = exact.lennard_jones_excess_entropy(temperature, density)
    assert -slope == pytest.approx(s, abs=1e-7)
    slope = (free(temperature, density + step) - free(temperature, density - step)) / (2 * step)
    z = exact.lennard_jones_compressibility(temperature, density)
    assert 1 + density * slope / temperature == pytest.approx(z, abs=1e-7)


def test_the_second_virial_coefficient():
    temperature, density = 2.0, 1e-5
    inside = quad(lambda r: (1 - np.exp(-energy(r) / temperature)) * r**2, 1e-3, 30, limit=200)
    second = 2 * pi * inside[0]
    z = exact.lennard_jones_compressibility(temperature, density)
    assert (z - 1) / density == pytest.approx(second, rel=0.02)  # of the fit


def test_a_fixed_number_of_atoms():
    temperature, density, number, step = 1.8, 0.5, 100, 1e-5

    def stiffness(t):
        low, high = (
            (density + d) * exact.lennard_jones_compressibility(t, density + d)
            for d in (-step, step)
        )
        return (high - low) / (2 * step)

    rise = (log(stiffness(temperature + step)) - log(stiffness(temperature - step))) / (2 * step)
    added = (log(stiffness(temperature)) + temperature * rise) / (2 * number)
    found = exact.lennard_jones_excess_entropy(temperature, density, number)
    found -= exact.lennard_jones_excess_entropy(temperature, density)
    assert found == pytest.approx(added, abs=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda: exact.lennard_jones_excess_entropy(0.5, 0.8),
        lambda: exact.lennard_jones_energy(2.0, -0.1),
        lambda: exact.lennard_jones_compressibility(1.0, 0.3),  # inside the spinodal
        lambda: LennardJones(100, 0.3, 1.0),
        lambda: LennardJones(100, 0.5, float("nan")),
        lambda: LennardJones(100, 0.5, 2.0, cutoff=4.0),  # more than half the side
        lambda: LennardJones(100, 0.5, 2.0, cutoff=0.5),
        lambda: LennardJones(2, 0.5, 2.0),
        lambda: LennardJones(100, 0.5, 2.0).sample(8, algorithm="metropolis"),
    ],
)
def test_invalid_values_raise_a_message_of_a_single_line(call):
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value) and str(caught.value)


# --------------------------------------------------------------------------- kernels


def energy(r):
    """Of a pair."""
    return 4 * (r**-12 - r**-6)


def plain_forces(points, side, cutoff):
    """U, virial and forces of atoms at points, shape `(atoms, 3)`, pair by pair."""
    total, virial, pull = 0.0, 0.0, np.zeros_like(points)
    for i in range(len(points)):
        for j in range(i):
            step = points[i] - points[j]
            step -= side * np.round(step / side)
            r = np.sqrt(step @ step)
            if r < cutoff:
                size = 24 * (2 * r**-12 - r**-6)  # r times the force
                total, virial = total + energy(r), virial + size
                pull[i] += size * step / r**2
                pull[j] -= size * step / r**2
    return total, virial, pull


def plain_update(points, side, cutoff, temperature, step, steps, plain):
    """An update of hybrid Monte Carlo: positions, U, virial and whether it was accepted."""
    momenta = np.empty_like(points)
    for axis in range(3):
        for i in range(len(points)):
            size = np.sqrt(-2 * temperature * np.log(1 - plain.uniform()))
            momenta[i, axis] = size * np.cos(2 * pi * plain.uniform())
    before, old_virial, pull = plain_forces(points, side, cutoff)
    start, moved = before + (momenta**2).sum() / 2, points.copy()
    for _ in range(1 + plain.below(2 * steps - 1)):
        momenta += step / 2 * pull
        moved += step * momenta
        total, virial, pull = plain_forces(moved, side, cutoff)
        momenta += step / 2 * pull
    change = total + (momenta**2).sum() / 2 - start
    if plain.uniform() < np.exp(-change / temperature):
        return moved % side, total, virial, 1.0
    return points, before, old_virial, 0.0


def test_forces_equal_their_plain_twin():
    model = LennardJones(40, 0.5, 2.0)
    points = model._start(0, np.random.default_rng(1))[:-3].reshape(-1, 3)
    found = np.empty((3, 40))
    sums = forces(np.ascontiguousarray(points.T), model.side, model.cutoff**2, found)
    total, virial, pull = plain_forces(points, model.side, model.cutoff)
    np.testing.assert_allclose(sums, [total, virial], rtol=1e-10)
    np.testing.assert_allclose(found.T, pull, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("step", [0.01, 0.03])  # the second is often rejected
def test_updates_equal_their_plain_twin(step):
    model, rng, plain = LennardJones(20, 0.5, 2.0), stream(7), PlainStream(7)
    state, accepted = model._start(0, np.random.default_rng(0)), 0.0
    for _ in range(12):  # one by one: rounding errors grow
        points = state[:-3].reshape(-1, 3).copy()
        points, total, virial, taken = plain_update(
            points, model.side, model.cutoff, 2.0, step, 3, plain
        )
        hybrid(state, model.side, model.cutoff, 2.0, step, 3, 1, rng)
        np.testing.assert_allclose(state[:-3].reshape(-1, 3), points, atol=1e-8)
        np.testing.assert_allclose(state[-3:], [total / 20, virial / 120, taken], atol=1e-7)
        accepted += taken
    assert rng[0] == plain.state and accepted > 0


# --------------------------------------------------------------------------- samples


def test_two_atoms_against_quadrature():
    model, temperature = LennardJones(2, 2 / 4.2**3, 1.0), 1.0
    assert model.cutoff == pytest.approx(2.1)

    def mean(temperature):  # U / 2
        def weight(r):
            return 4 * pi * r**2 * np.exp(-energy(r) / temperature)

        inside = quad(weight, 0.5, model.cutoff)[0]
        outside = model.side**3 - 4 / 3 * pi * model.cutoff**3
        return quad(lambda r: weight(r) * energy(r) / 2, 0.5, model.cutoff)[0] / (inside + outside)

    pairs = model.sample(6000, seed=3, threads=1)
    series = per_chain(pairs.measured["energy"], pairs) - model.tail_energy()
    assert_within_sigma(series, mean(temperature))
    shift, error = deviation(series, mean(2.0))  # negative control
    assert abs(shift) > 5 * error


def test_energy_and_pressure_of_a_liquid():
    model = LennardJones(108, 0.7, 2.0)
    atoms = model.sample(96, seed=2, threads=1)
    u = per_chain(atoms.measured["energy"], atoms)
    z = per_chain(atoms.measured["compressibility"], atoms)
    # the box is small, cut at 2.7: allow 0.3% for uniform atoms beyond the cutoff
    shift, error = deviation(u, exact.lennard_jones_energy(2.0, 0.7))
    assert abs(shift) < 4 * error + 0.003 * abs(u.mean())
    shift, error = deviation(z, exact.lennard_jones_compressibility(2.0, 0.7))
    assert abs(shift) < 4 * error + 0.02
    shift, error = deviation(u - model.tail_energy(), exact.lennard_jones_energy(2.0, 0.7))
    assert shift > 10 * error  # negative control: no tail
    assert atoms.provenance["effective"] > 40 and atoms.provenance["rhat"] < 1.2
    assert atoms.provenance["parameters"]["cutoff"] == model.cutoff
