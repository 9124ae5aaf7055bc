"""The probe: peaks and area laws of known curves, with errors of the right size."""

from math import log

import numpy as np
import pytest

from moiety import InputError
from moiety.exact.kaufman import kaufman_heat_capacity
from moiety.probe import area_fit, kink, peak, peak_of_slope, peaks, slope

X = np.linspace(1.0, 3.4, 25)
TOP = 2.2718  # between two points
PACKING = np.array([0.5, 0.58, 0.66, 0.72, 0.77, 0.8, 0.82, 0.835, 0.85, 0.87, 0.9, 0.95, 1.0])


def bump(x):
    return 1 / (1 + ((x - TOP) / 0.5) ** 2)


def step(x):
    return np.arctan((x - TOP) / 0.5)


@pytest.mark.parametrize(("curve", "find"), [(bump, peak), (step, peak_of_slope)])
def test_errors_of_a_peak_have_the_right_size(curve, find, monkeypatch):
    monkeypatch.setattr(peaks, "_DRAWS", 100)  # gives an error to 7%
    rng, error, z = np.random.default_rng(0), np.full(len(X), 0.01), []
    for seed in range(60):
        top = find(X, curve(X) + error * rng.normal(size=len(X)), error, seed)
        assert top.inside
        assert top.at_error < 0.3
        z.append((top.at - TOP) / top.at_error)
    # On average 41 of 60 values are within one error and 57 within two; three sigma of a binomial
    # are 11 and 5.  There may be more, since the error includes the spacing of the points.
    assert np.sum(np.abs(z) < 1) >= 30
    assert np.sum(np.abs(z) < 2) >= 52
    precise = find(X, curve(X), 1e-6 * error)
    assert abs(precise.at - TOP) < 0.02
    assert abs(precise.at - TOP - 0.2) > 5 * precise.at_error  # negative control


def test_the_peak_of_an_exact_heat_capacity():
    temperatures = np.linspace(2.0, 2.6, 25)
    c = np.array([kaufman_heat_capacity(t, 64) for t in temperatures])
    top = peak(temperatures, c, np.full(25, 1e-3))
    fine = np.linspace(2.25, 2.35, 201)
    exact = fine[np.argmax([kaufman_heat_capacity(t, 64) for t in fine])]
    assert abs(top.at - exact) < 2 * top.at_error < 0.03


def test_an_increasing_curve_has_its_peak_at_the_end():
    top = peak(X, X, np.full(len(X), 1e-3))
    assert (top.inside, top.at) == (False, X[-1])
    assert "end" in str(top)


def test_slopes_halfway_between_points():
    at, slopes, error = slope(X, X**2, np.full(len(X), 0.1))
    assert slopes == pytest.approx(2 * at)
    assert error == pytest.approx(0.1 * np.sqrt(2) / np.diff(X))


def test_area_law_and_its_errors():
    rng, sites = np.random.default_rng(1), np.array([1.0, 2, 4, 8, 16, 32])
    error, z = 0.005 * sites, []
    for _ in range(40):
        law = area_fit(sites, 0.2 * sites + log(2) + error * rng.normal(size=6), error)
        z += [(law.alpha - 0.2) / law.alpha_error, (law.beta - log(2)) / law.beta_error]
    assert np.std(z) == pytest.approx(1, abs=0.25)  # three sigma for 80 values in correlated pairs
    assert law.points == 5  # single sites are left out


def test_area_law_leaves_out_large_errors_and_chi2_shows_curvature():
    sites = np.array([1.0, 2, 4, 8, 16, 32])
    noisy = np.where(sites > 20, 50.0, 0.2 * sites + 0.7)
    law = area_fit(sites, noisy, np.where(sites > 20, 40.0, 0.01))
    assert law.points == 4
    assert law.alpha == pytest.approx(0.2)
    assert area_fit(sites, 0.01 * sites**2, np.full(6, 0.001)).chi2 > 100  # negative control


@pytest.mark.parametrize("change", [0.0, 3.0])
def test_a_change_of_slope_is_significant_only_where_there_is_one(change):
    rng, error = np.random.default_rng(0), np.full(len(PACKING), 0.02)
    line = 1 - 2 * PACKING + change * np.maximum(PACKING - 0.841, 0)
    for seed in range(5):
        fit = kink(PACKING, line + error * rng.normal(size=len(PACKING)), error, seed)
        if change:  # 4 errors: one false alarm in 10^4, and the seeds are fixed
            assert abs(fit.at - 0.841) < 4 * fit.at_error + 0.002
            assert abs(fit.change - change) < 4 * fit.change_error
            assert fit.significant
            assert fit.improvement > 50
        else:  # two more parameters, one of them free over many positions: chi^2 falls by < 20
            assert fit.improvement < 20
            assert fit.at_error > 0.03


@pytest.mark.parametrize(
    ("find", "x", "message"),
    [
        (peak, X[:2], "ascending order"),
        (peak, X[::-1], "ascending order"),
        (slope, X[:1], "ascending order"),
        (kink, X[:3], "too few"),
        (area_fit, np.array([4.0, 8.0]), "three blocks"),
    ],
)
def test_too_few_points_are_refused(find, x, message):
    with pytest.raises(InputError, match=message):
        find(x, x, 0.01 * np.ones_like(x))
