"""Autocorrelation, convergence and errors of series with known statistics."""

import numpy as np
import pytest

from moiety import InputError, Particles, Samples
from moiety.data.observables import observables
from moiety.data.statistics import (
    block_labels,
    effective_samples,
    jackknife_error,
    rhat,
    series_error,
    standard_error,
    tau_int,
)


def autoregressive(memory, chains=8, draws=4000, seed=0):
    """x_t = a x_{t-1} + noise, unit variance, stationary; tau_int = (1 + a) / (1 - a) / 2."""
    noise = np.random.default_rng(seed).normal(size=(chains, draws)) * np.sqrt(1 - memory**2)
    noise[:, 0] /= np.sqrt(1 - memory**2)
    for t in range(1, draws):
        noise[:, t] += memory * noise[:, t - 1]
    return noise


def tau_error(tau, n, window=5.0):
    """Standard error of tau_int by Madras and Sokal, J. Stat. Phys. 50, 109 (1988)."""
    return tau * np.sqrt(2 * (2 * window * tau + 1) / n)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_tau_int_of_an_autoregressive_process(memory):
    series = autoregressive(memory)
    tau = (1 + memory) / (1 - memory) / 2
    sigma = tau_error(tau, series.size)
    # 4 sigma: less than one false alarm in 10^4; the window neglects less than 1% of tau
    assert abs(tau_int(series) - tau) < 4 * sigma + 0.01 * tau
    assert effective_samples(series) == pytest.approx(series.size / (2 * tau_int(series)))
    shuffled = np.random.default_rng(1).permutation(series.ravel()).reshape(series.shape)
    assert abs(tau_int(shuffled) - 0.5) < 4 * tau_error(0.5, series.size)  # negative control


def test_fft_autocovariance_equals_the_plain_sum():
    from moiety.data.statistics import _autocovariance

    x = np.random.default_rng(0).normal(size=(3, 17))
    plain = [(x[:, : 17 - t] * x[:, t:]).mean() for t in range(17)]
    np.testing.assert_allclose(_autocovariance(x), plain, atol=1e-12)


def test_chains_in_different_places_are_correlated_and_unmixed():
    series = autoregressive(0.0, draws=500)
    separated = series + 3 * np.arange(8)[:, None]
    assert tau_int(separated) > 100 > 1 > tau_int(series)
    assert rhat(separated) > 1.5
    assert abs(rhat(series) - 1) < 0.02  # its spread for 16 half-chains of 250 draws is about 0.003


def test_standard_error_is_the_spread_of_the_means():
    means, errors = [], []
    for seed in range(200):
        series = autoregressive(0.8, chains=2, draws=500, seed=seed)
        means.append(series.mean())
        errors.append(standard_error(series))
    # the spread of 200 means has a relative error of 1/sqrt(400) = 5%
    assert np.mean(errors) == pytest.approx(np.std(means), rel=4 * 0.05)
    naive = series.std() / np.sqrt(series.size)
    assert np.std(means) > 2 * naive  # negative control: without tau it is 3 times too small


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (8, 1), (8, 5), (2, 9), (1, 10), (4, 10)])
def test_short_series_are_handled(shape):
    series = np.random.default_rng(0).normal(size=shape)
    assert 0.5 <= tau_int(series) <= series.size
    assert np.isnan(rhat(series)) == (shape[1] < 2 and shape != (1, 1))
    assert np.isnan(standard_error(series)) == (series.size < 2)


def test_constant_series():
    constant = np.full((4, 20), 0.1)
    assert tau_int(constant) == 0.5
    assert rhat(constant) == 1.0
    assert standard_error(constant) == pytest.approx(0.0, abs=1e-15)
    assert rhat(np.arange(4.0)[:, None] * np.ones(20)) == np.inf
    assert effective_samples(np.arange(4.0)[:, None] * np.ones(20)) < 5  # about one per stuck chain


@pytest.mark.parametrize(
    ("chains", "draws", "parts"),
    [(8, 5, 4), (8, 5, 8), (8, 5, 3), (2, 100, 5), (1, 7, 7), (3, 7, 2)],
)
def test_blocks_are_contiguous_and_of_equal_size(chains, draws, parts):
    labels = block_labels(chains, draws, parts)
    flat = labels.ravel()
    assert labels.shape == (chains, draws)
    assert (np.diff(flat) >= 0).all()  # contiguous in chain-major order
    counts = np.bincount(flat, minlength=parts)
    assert len(counts) == parts and counts.max() - counts.min() <= 1
    if chains % parts == 0:
        assert (labels == labels[:, :1]).all()  # whole chains


def test_the_jackknife_error_of_a_mean():
    series = autoregressive(0.9, chains=40, draws=200)
    by_chain = jackknife_error(series, block_labels(40, 200, 40))
    # 40 blocks give an error to 1/sqrt(2 * 39) = 11%
    assert by_chain == pytest.approx(series.mean(axis=1).std(ddof=1) / np.sqrt(40))
    assert by_chain == pytest.approx(standard_error(series), rel=4 * 0.11)
    singles = jackknife_error(series[:, ::40], block_labels(40, 5, 200))
    assert singles == pytest.approx(series[:, ::40].std(ddof=1) / np.sqrt(200))


def test_series_errors_need_only_chains_and_draws():
    rng = np.random.default_rng(0)
    influence = autoregressive(0.9, chains=2, draws=200).ravel()
    lattice = Samples.from_array(
        rng.integers(0, 2, (2, 200, 4)), axes="chain,draw,x", periodic=True
    )
    gas = Particles.from_frames(rng.random((400, 3, 2)), cells=1.0, periodic=True, chains=2)
    error = series_error(influence, lattice)
    assert error == series_error(influence, gas)
    series = influence.reshape(2, 200)
    jackknife = jackknife_error(series, block_labels(2, 200, 40))
    assert error == max(jackknife, standard_error(series)) > 2 * series.std() / np.sqrt(400)


def test_bad_input():
    with pytest.raises(InputError):
        tau_int(np.zeros((2, 3, 4)))
    with pytest.raises(InputError):
        tau_int(np.zeros((0, 3)))
    with pytest.raises(InputError):
        block_labels(1, 5, 6)
    with pytest.raises(InputError):
        jackknife_error(np.zeros((2, 3)), np.zeros((2, 3), int))


def test_global_flips_do_not_hide_slow_order():
    magnetisation = 0.5 + 0.1 * autoregressive(0.9, chains=4, draws=500)
    rng = np.random.default_rng(1)
    up = rng.random((4, 500, 16, 16)) < (1 + magnetisation)[..., None, None] / 2
    flipped = up ^ rng.integers(0, 2, (4, 500, 1, 1)).astype(bool)
    raw = {"array": flipped.astype(np.uint8), "axes": "chain,draw,x,y", "periodic": True}
    series = observables(Samples.from_array(**raw, symmetries=("flip",)))
    # 9.5 for the magnetisation alone; the noise of single sites reduces it
    assert tau_int(series["order size"]) > 4 > 1.5 > tau_int(series["order"])
    assert "order size" not in observables(Samples.from_array(**raw))
