"""Thermodynamic integration of XY: the recipe on solved lattices, the table in both limits."""

import importlib.util
from math import log, pi, tau
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ive

from moiety import InputError
from moiety.data.statistics import standard_error
from moiety.exact import xy
from moiety.exact.xy_reference import xy_reference_entropy, xy_reference_table
from moiety.systems.xy_square import XYSquare

FIELDS = (0.0, 0.05, 0.1, 0.5, 1.0)
SITES = 64 * 64


@pytest.fixture(scope="module")
def recipe():
    path = Path(__file__).parents[1] / "validation" / "xy_reference.py"
    spec = importlib.util.spec_from_file_location("xy_reference_recipe", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The recipe


def small_torus(temperature, field, points=128):
    """Entropy per site of the 2x2 torus, a ring of four double bonds, by its transfer operator."""
    t = tau * np.arange(points) / points
    bonds = 2 * np.cos(t[:, None] - t) + field * (np.cos(t)[:, None] + np.cos(t)) / 2

    def log_z(beta):
        scale = bonds.max()
        matrix = np.exp(beta * (bonds - scale)) * tau / points
        return 4 * beta * scale + log(np.trace(np.linalg.matrix_power(matrix, 4)))

    step, beta = 1e-4, 1 / temperature
    return (log_z(beta) - beta * (log_z(beta + step) - log_z(beta - step)) / (2 * step)) / 4


@pytest.mark.parametrize("field", [0.0, 0.5])
def test_the_recipe_reproduces_the_2x2_torus(recipe, field):
    betas = recipe.inverse_temperatures(2, coldest=0.2)
    rows = recipe.measured(2, field, betas, 0.006, 1)
    temperatures = np.array([0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.5, 4.0])
    result = recipe.integrate(rows, temperatures)
    exact = np.array([small_torus(t, field) for t in temperatures])
    if field == 0:
        ring = [xy.chain_entropy(t, 4, 2.0) for t in temperatures]
        np.testing.assert_allclose(exact, ring, atol=1e-7)
    # eight correlated values: 3.5 sigma is one false alarm in a few hundred seeds
    assert (abs(result.entropy - exact) < 3.5 * result.error).all()
    assert result.error.max() < 0.008
    assert 0.4 < result.chi_square < 2.0  # 14 degrees of freedom, 0.38 each: four sigma at most
    wrong = np.array([small_torus(1.05 * t, field) for t in temperatures])
    assert (abs(result.entropy - wrong) > 3.5 * result.error).any()  # negative control


def test_the_quadrature_alone(recipe):
    # no noise: two independent chains have as many bonds as the torus
    betas = recipe.inverse_temperatures()
    rows = [recipe.Row(0.0, beta, 2 * xy.chain_energy(1 / beta), 1e-6, 1, 0.5) for beta in betas]
    result = recipe.integrate(rows, recipe.TEMPERATURES)
    exact = np.array([2 * xy.chain_entropy(t) - log(2 * pi) for t in recipe.TEMPERATURES])
    assert (abs(result.entropy - exact) < result.error + 1e-8).all()
    assert result.error.max() < 1.5e-4  # half of the statistical error of the table


def test_errors_are_propagated_from_the_energies(recipe):
    # entropies are linear in the energies: move each energy by its error, one at a time
    betas, temperatures = recipe.inverse_temperatures(3), [0.1, 0.5, 1.0, 3.0]
    energies = np.array([2 * xy.chain_energy(1 / beta) for beta in betas])
    errors = 3e-4 / betas

    def integrated(shift):
        columns = zip(betas, energies + shift, errors, strict=True)
        return recipe.integrate([recipe.Row(0.0, *row, 1, 0.5) for row in columns], temperatures)

    start = integrated(0)
    moves = [integrated(shift).entropy - start.entropy for shift in np.diag(errors)]
    expected = np.sqrt(np.square(moves).sum(axis=0))
    np.testing.assert_allclose(start.statistical, expected, rtol=1e-6)
    assert (np.abs(moves).max(axis=0) < 0.9 * expected).all()  # no energy dominates


def test_known_rows_are_not_measured_again(recipe, tmp_path):
    betas, path = [0.1, 0.2], tmp_path / "rows.csv"
    first = recipe.measured(2, 0.0, betas, 0.05, 1)
    path.write_text("\n".join(",".join(map(repr, map(float, row))) for row in first))
    again = recipe.measured(
        2, 0.0, betas, 0.05, 1, recipe.read_rows(path), keep=lambda row: pytest.fail("measured")
    )
    assert again == first
    assert recipe.read_rows(tmp_path / "none.csv") == []


# The table


def spin_waves(temperature, field):
    """Entropy per site of spin waves, and a of ln Z / N = harmonic + a T (second order)."""
    wave = 2 - 2 * np.cos(tau * np.arange(64) / 64)
    bonds = (wave[:, None] + wave).ravel()
    stiffness = bonds + field
    kept = stiffness > 1e-12
    waves = 0.5 * (1 + np.log(tau * temperature / stiffness[kept])).sum()
    zero_mode = log(tau * np.sqrt(SITES)) if field == 0 else 0.0
    bond = (bonds[kept] / stiffness[kept]).sum() / (2 * SITES)
    site = (1 / stiffness[kept]).sum() / SITES
    return (waves + zero_mode) / SITES, (2 * bond**2 + field * site**2) / 8


@pytest.mark.parametrize("field", FIELDS)
def test_the_cold_end_matches_spin_waves(field):
    # u = -2 - H + T/2 (1/N less at H = 0) + a T^2 + b T^3 + c T^4, and therefore
    # s = harmonic + 2 a T + 3/2 b T^2 + 4/3 c T^3: only small terms are fitted
    table = xy_reference_table(field)
    cold = table[table[:, 0] <= 0.3]
    t, entropy, error, energy = cold.T
    harmonic, a = spin_waves(t[0], field)
    rest = energy + 2 + field - t / 2 * (1 - (field == 0) / SITES) - a * t**2
    b, c = np.linalg.lstsq(np.stack([t**3, t**4], 1) / t[:, None], rest / t, rcond=None)[0]
    expected = harmonic + 2 * a * t[0] + 1.5 * b * t[0] ** 2 + 4 / 3 * c * t[0] ** 3
    assert abs(1.5 * b * t[0] ** 2) < 0.004  # otherwise the fit would dominate the theory
    assert abs(entropy[0] - expected) < 3.5 * error[0]
    # negative control: the table resolves the first correction
    assert abs(entropy[0] - harmonic) > 3.5 * error[0]


def test_the_hot_end_matches_the_series():
    k = 1 / 4.0
    v, second = ive([1, 2], k) / ive(0, k)
    slope = 2 * v + 8 * v**3 * ((1 + second) / 2 - v**2)
    expected = log(tau) + 2 * (log(ive(0, k)) + k) + 2 * v**4 - k * slope
    entropy, error = xy_reference_entropy(4.0)
    assert abs(entropy - expected) < 3.5 * np.hypot(error, 4e-5)  # 10 v^6 is neglected


@pytest.mark.parametrize(("temperature", "field"), [(0.9, 0.0), (0.3, 1.0)])
def test_energies_match_samples(temperature, field):
    model = XYSquare(64, temperature, field=field)
    energies = model.energy(model.sample(256, seed=7).values) / SITES
    table = xy_reference_table(field)
    at = int(np.flatnonzero(table[:, 0] == temperature)[0])
    error = np.hypot(standard_error(energies), temperature * table[at, 2])
    assert abs(energies.mean() - table[at, 3]) < 4 * error
    assert abs(energies.mean() - table[at + 1, 3]) > 4 * error  # negative control


@pytest.mark.parametrize("field", FIELDS)
def test_the_table_is_consistent(field):
    t, entropy, error, energy = xy_reference_table(field).T
    assert (t[0], t[-1]) == (0.1, 4.0) and len(t) >= 40
    assert error.max() < 5e-4
    assert (np.diff(entropy) > 0).all() and entropy[-1] < log(tau)
    # T ds = du between rows, with the geometric mean of T: correct to second order in ln T
    steps = np.diff(energy) / np.sqrt(t[1:] * t[:-1])
    np.testing.assert_allclose(np.diff(entropy), steps, atol=4e-4)


def test_entropies_between_the_rows():
    table = xy_reference_table(0.0)
    for temperature, entropy, error, _ in table:
        assert xy_reference_entropy(temperature) == pytest.approx((entropy, error), abs=1e-12)
    below, between, above = (xy_reference_entropy(t) for t in (0.9, 0.92, 0.95))
    assert below[0] < between[0] < above[0]
    assert between[1] > min(below[1], above[1])  # the error of the spline is added


def test_values_outside_the_table_are_refused():
    for temperature, field in (
        (0.09, 0.0),
        (4.1, 0.0),
        (float("nan"), 0.0),
        (1.0, 0.2),
        (1.0, -0.5),
    ):
        with pytest.raises(InputError):
            xy_reference_entropy(temperature, field)
