"""The probe: peaks and area laws where they are known, with errors that hold."""

from math import log

import numpy as np
import pytest

from moiety import InputError
from moiety.exact.kaufman import kaufman_heat_capacity
from moiety.probe import area_fit, peak, peak_of_slope, slope

PLACES = np.linspace(1.0, 3.4, 25)
TOP = 2.2718  # not at a place


def bump(x):
    return 1 / (1 + ((x - TOP) / 0.5) ** 2)


@pytest.mark.parametrize(
    ("curve", "find"), [(bump, peak), (lambda x: np.arctan((x - TOP) / 0.5), peak_of_slope)]
)
def test_errors_of_a_peak_hold(curve, find):
    rng, error, z = np.random.default_rng(0), np.full(len(PLACES), 0.01), []
    for seed in range(60):
        found = find(PLACES, curve(PLACES) + error * rng.normal(size=len(PLACES)), error, seed)
        assert found.inside and found.at_error < 0.3
        z.append((found.at - TOP) / found.at_error)
    # of 60 values 41 are within one error, 57 within two, on average; 3 sigma of a binomial are 11 and 5. More are
    # allowed: the spacing of places is in the error, too
    assert np.sum(np.abs(z) < 1) >= 30 and np.sum(np.abs(z) < 2) >= 52
    sure = find(PLACES, curve(PLACES), 1e-6 * error)
    assert abs(sure.at - TOP) < 0.02
    assert abs(sure.at - TOP - 0.2) > 5 * sure.at_error  # negative control


def test_the_peak_of_an_exact_heat_capacity():
    temperatures = np.linspace(2.0, 2.6, 25)
    c = np.array([kaufman_heat_capacity(t, 64) for t in temperatures])
    found = peak(temperatures, c, np.full(25, 1e-3))
    fine = np.linspace(2.2, 2.4, 801)
    assert (
        abs(found.at - fine[np.argmax([kaufman_heat_capacity(t, 64) for t in fine])])
        < 2 * found.at_error
        < 0.03
    )


def test_a_curve_that_only_rises_has_its_peak_at_the_end():
    found = peak(PLACES, PLACES, np.full(len(PLACES), 1e-3))
    assert not found.inside and found.at == PLACES[-1] and "end" in str(found)


def test_slopes_are_those_halfway():
    at, found, error = slope(PLACES, PLACES**2, np.full(len(PLACES), 0.1))
    assert found == pytest.approx(2 * at) and error == pytest.approx(
        0.1 * np.sqrt(2) / np.diff(PLACES)
    )


def test_an_area_law_with_its_errors():
    rng, sites = np.random.default_rng(1), np.array([1.0, 2, 4, 8, 16, 32])
    error, z = 0.005 * sites, []
    for _ in range(40):
        found = area_fit(sites, 0.2 * sites + log(2) + error * rng.normal(size=6), error)
        z += [(found.alpha - 0.2) / found.alpha_error, (found.beta - log(2)) / found.beta_error]
    assert np.std(z) == pytest.approx(
        1, abs=0.25
    )  # of 80 values: 3 sigma, for half of them are correlated
    assert found.points == 5  # single sites are no law
    noisy = area_fit(
        sites, np.where(sites > 20, 50.0, 0.2 * sites + 0.7), np.where(sites > 20, 40.0, 0.01)
    )
    assert noisy.points == 4 and noisy.alpha == pytest.approx(
        0.2
    )  # what is hardly known is left out
    curved = area_fit(sites, 0.01 * sites**2, np.full(6, 0.001))
    assert curved.chi2 > 100  # negative control: no area law


def test_what_has_no_peak_or_law_is_refused():
    for call in (
        lambda: peak(PLACES[:2], PLACES[:2], PLACES[:2]),
        lambda: peak(PLACES[::-1], PLACES, PLACES),
        lambda: slope(PLACES[:1], PLACES[:1], PLACES[:1]),
    ):
        with pytest.raises(InputError, match="rising order"):
            call()
    with pytest.raises(InputError, match="three blocks"):
        area_fit(np.array([4.0, 8.0]), np.ones(2), np.full(2, 0.01))
