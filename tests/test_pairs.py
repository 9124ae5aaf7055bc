"""Product pairs: halves of samples far apart in time."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from moiety.base.random import Streams
from moiety.estimation.pairs import shifts, spread_out

repeatable = settings(derandomize=True, deadline=None)


def generator(seed=0):
    return Streams(seed).torch("pairs")


@repeatable
@given(st.integers(1, 60), st.integers(1, 90), st.integers(0, 99))
def test_spread_out_is_even_and_in_order(length, size, seed):
    indices = 100 + 3 * np.arange(length)
    picks = spread_out(indices, size, generator(seed)).numpy()
    assert len(picks) == size and (np.diff(picks) >= 0).all()
    counts = np.bincount((picks - 100) // 3, minlength=length)
    assert set(picks) <= set(indices) and counts.max() - counts.min() <= 1


@repeatable
@given(
    st.integers(2, 400),
    st.integers(2, 400),
    st.floats(0.5, 20),
    st.integers(1, 8),
    st.integers(0, 99),
)
def test_partners_are_three_tau_apart(samples, size, tau, count, seed):
    assume(2 * (3 * tau + 1) * size / samples + 2 <= size)  # a ring of draws has room for them
    rng = generator(seed)
    picks = spread_out(np.arange(samples), size, rng)
    rolls = shifts(size, samples, tau, count, rng)
    assert 1 <= len(rolls) == len(set(rolls)) <= count
    for roll in rolls:
        assert (picks - picks.roll(roll)).abs().min() >= 3 * tau
    neighbours = (picks - picks.roll(1)).abs().min()
    assert neighbours < 3 * tau or samples / size > 3 * tau  # negative control


def test_all_rolls_that_are_far_enough_are_used():
    rolls = {roll for seed in range(200) for roll in shifts(100, 100, 5.0, 4, generator(seed))}
    assert rolls == set(range(16, 85))
    assert len(shifts(100, 100, 5.0, 1000, generator())) == 69
    assert shifts(100, 100, 1000.0, 4, generator()) == (50,)  # no room: as far as possible
