"""The driver of all Markov chains: stops, rounds, scratch files, statistics of the draws."""

import numpy as np
import pytest

from moiety import InputError
from moiety.base import scratch
from moiety.base.errors import Stopped
from moiety.data.statistics import mser, tau_int
from moiety.systems import system
from moiety.systems.dynamics.driver import Dynamics, run_chains
from moiety.systems.dynamics.lattice import orders


def noise(correlation=0.0, offset=0.0, width=1):
    """Autoregressive processes at three sites."""

    def start(number, generator):
        return np.full((width, 3), offset + 0.0)

    def advance(state, rng, updates):
        for _ in range(updates):
            rng[0] += np.uint64(1)
            generator = np.random.default_rng(int(rng[0]))
            state[:] = correlation * state + np.sqrt(1 - correlation**2) * generator.normal(
                size=state.shape
            )
        return updates * 3

    return Dynamics(
        start, advance, lambda state: state[:, :1], 3, width, lambda state: state, float
    )


def test_independent_draws_have_their_number_as_effective_sample_size():
    drawn = run_chains(noise(), samples=800, seed=1, burn_in=0, thinning=1)
    assert drawn.values.shape == (8, 100, 3) and drawn.complete
    assert drawn.effective > 800 / 1.3  # tau_int = 0.5 + 2 x 0.07
    assert drawn.rhat < 1.05


def test_correlated_draws_have_a_smaller_effective_sample_size():
    drawn = run_chains(noise(0.9), samples=2000, seed=1, burn_in=100, thinning=1)
    # an AR(1) process: tau = (1 + a) / (1 - a) / 2 = 9.5, here measured to about a quarter
    assert 2000 / (2 * 9.5 * 1.5) < drawn.effective < 2000 / (2 * 9.5 / 1.5)


def test_thinning_makes_them_independent():
    drawn = run_chains(noise(0.9), samples=800, seed=1)
    assert 30 < drawn.thinning < 80 and drawn.burn_in >= 50 * 9.5 / 1.5
    assert tau_int(drawn.values[..., 0]) < 0.5 + 2 * 0.07


def test_a_drift_makes_the_burn_in_long():
    def drifting(offset):
        still = noise(offset=offset)

        def advance(state, rng, updates):
            drift = state[:, 1:2] * 0.997**updates
            still.advance(state, rng, updates)
            state[:, :1] += drift
            state[:, 1:2] = drift
            return 3 * updates

        return Dynamics(still.start, advance, still.observe, 3, 1, still.read, float)

    near, far = (
        run_chains(drifting(offset), samples=16, seed=1, thinning=1).burn_in
        for offset in (0.0, 100.0)
    )
    assert near <= 512 and far >= 2048  # 100 x 0.997^1500 = 1, the size of the noise


def test_wide_states_hold_many_chains():
    drawn = run_chains(noise(width=5), samples=80, seed=1, burn_in=4, thinning=2)
    assert drawn.values.shape == (10, 8, 3)  # two states of five chains
    many = run_chains(noise(width=64), samples=256, burn_in=4, thinning=2)
    assert many.values.shape == (32, 8, 3)  # at least 8 draws from each chain
    some = run_chains(noise(width=5), samples=60, chains=7, seed=1, burn_in=4, thinning=2)
    assert some.values.shape == (7, 9, 3)
    np.testing.assert_array_equal(some.values[:, :8], drawn.values[:7])


def test_a_stop_keeps_whole_rounds_of_all_chains():
    reports = []

    def stop():
        return bool(reports) and reports[-1] > 0

    whole = run_chains(noise(), samples=6400, seed=1, burn_in=0, thinning=1)
    some = run_chains(
        noise(),
        samples=6400,
        seed=1,
        burn_in=0,
        thinning=1,
        progress=lambda done, total: reports.append(done),
        should_stop=stop,
    )
    draws = some.values.shape[1]
    assert not some.complete and 0 < draws < 800
    np.testing.assert_array_equal(some.values, whole.values[:, :draws])


def test_a_stop_before_the_first_draws_is_an_exception():
    with pytest.raises(Stopped, match="burn-in"):
        run_chains(noise(), samples=64, seed=1, should_stop=lambda: True)
    with pytest.raises(Stopped, match="0 samples"):
        run_chains(noise(), samples=64, seed=1, burn_in=0, should_stop=lambda: True)


def test_failures_of_a_chain_reach_the_caller():
    def advance(state, rng, updates):
        raise InputError("no way")

    with pytest.raises(InputError, match="no way"):
        run_chains(
            Dynamics(lambda number, generator: np.zeros(3), advance, lambda state: (0.0,), 3),
            samples=16,
        )


@pytest.mark.parametrize("algorithm", ["swendsen-wang", "heat-bath"])
def test_large_draws_live_on_disk(monkeypatch, tmp_path, algorithm):
    model = system("ising-square", size=8, temperature=2.5)
    in_memory = model.sample(256, seed=1, algorithm=algorithm, burn_in=8, thinning=1)
    monkeypatch.setattr(scratch, "LARGEST_IN_MEMORY", 1000)
    on_disk = model.sample(256, seed=1, algorithm=algorithm, burn_in=8, thinning=1, folder=tmp_path)
    assert is_mapped(on_disk.values) and not is_mapped(in_memory.values)
    np.testing.assert_array_equal(on_disk.values, in_memory.values)
    assert not list(tmp_path.iterdir())  # the file has no name


def is_mapped(array):
    import mmap

    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(getattr(array, "obj", array), mmap.mmap)


def test_released_pages_keep_their_values(monkeypatch):
    monkeypatch.setattr(scratch, "LARGEST_IN_MEMORY", 1000)
    array = scratch.empty((100, 100), np.int64)
    array[:] = np.arange(10000).reshape(100, 100)
    scratch.release(array[:50])
    assert (array.ravel() == np.arange(10000)).all()
    scratch.release(np.zeros(3))  # nothing to release


def test_a_full_disk_raises_at_once(monkeypatch):
    monkeypatch.setattr(scratch, "LARGEST_IN_MEMORY", 1000)
    with pytest.raises(OSError):
        scratch.empty((2**60,), np.uint8)


def test_mser_finds_the_transient():
    generator = np.random.default_rng(2)
    series = generator.normal(size=(4, 1000))
    assert mser(series) < 300
    shifted = series.copy()
    shifted[:, :400] += 3.0
    assert 390 <= mser(shifted) <= 450
    assert mser(np.ones((2, 50))) == 0
    frozen = np.full((8, 200), 1e7 + 0.1)  # a frozen series has no noise to minimise
    frozen[::2, :3] = generator.normal(size=(4, 3))
    assert mser(frozen) == 3


def test_orders_see_sublattices_and_stripes():
    equal = np.array([[16, 0], [8, 8]])
    counts = np.array([[[8, 0], [0, 8]], [[4, 4], [4, 4]]])  # (lattice, group, state)
    observed = orders(equal, counts, 1.0, 0.25)
    assert observed.shape == (2, 5)
    # energy, variance of bonds over directions, sites in state 0, uniform and sublattice order
    np.testing.assert_allclose(observed, [[-16, 64, 8, 128, 128], [-16, 0, 8, 128, 0]], atol=1e-12)
    single = orders(equal[0], np.array([[3, 13]]), 1.0, 0.25)
    assert single.tolist() == [-16 - 0.25 * 10, 64, 3, 9 + 169]


def test_provenance_shows_what_is_slow():
    model = system("ising-square", size=16, temperature=1.5)
    provenance = model.sample(256, seed=1, algorithm="heat-bath", burn_in=64, thinning=8).provenance
    assert set(provenance["tau_draws"]) == {"energy", "anisotropy", "magnetisation", "order"}
    assert provenance["effective"] == 256 / (2 * max(provenance["tau_draws"].values()))
    cold = system("ising-square", size=16, temperature=1.5, coupling=-1.0).sample(16, burn_in=8)
    assert "sublattice order" in cold.provenance["tau_draws"]
