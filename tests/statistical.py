"""Assertions about means of samples, in sigmas of their autocorrelation-aware errors."""

import numpy as np

from moiety.data.statistics import standard_error, tau_int
from moiety.exact.enumeration import all_states, boltzmann


def assert_within_sigma(series, expected, sigmas=4.0):
    """4 sigma: about one false alarm in 10^4 tests, and the seeds are fixed."""
    mean, error = np.mean(series), max(standard_error(series), 1e-12)
    report = f"{mean:.5f} ± {error:.5f} against {expected:.5f}, tau_int {tau_int(series):.2f}"
    assert abs(mean - expected) < sigmas * error, report


def assert_same_mean(first, second, sigmas=4.0):
    """Means of two independent series agree."""
    error = np.hypot(standard_error(first), standard_error(second))
    assert abs(first.mean() - second.mean()) < sigmas * error, (first.mean(), second.mean(), error)


def exact_mean(model, observable, states=2):
    """Mean of an observable over all states of a small lattice."""
    values = all_states(model.shape, states)
    return (boltzmann(model.energy(values)[0], model.temperature) * observable(values)[0]).sum()


def sublattice_order(values):
    """|sum s exp(2 pi i (x + y) / 3)|^2 per site."""
    phases = np.exp(2j * np.pi * np.indices(values.shape[2:]).sum(0) / 3)
    return np.abs(((2.0 * values - 1) * phases).sum((2, 3))) ** 2 / phases.size
