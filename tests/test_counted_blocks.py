"""Counted entropies against a plain count, known distributions and exact marginals."""

from collections import Counter
from itertools import chain, product
from math import log, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import Samples
from moiety.data.statistics import standard_error
from moiety.entropy.counted_blocks import BlockCounts
from moiety.entropy.counting import (
    MOST_BITS,
    count_block,
    fits_counting,
    grassberger_entropy,
    window_codes,
)
from moiety.exact.chain import chain_entropy
from moiety.exact.enumeration import all_states, boltzmann, entropy
from moiety.geometry.cuts import ladder
from moiety.systems import system

repeatable = settings(derandomize=True, deadline=None, max_examples=50)


def iid(probabilities, shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.choice(len(probabilities), p=probabilities, size=shape).astype(np.uint8)


def plain_windows(sample, shape, periodic):
    """The window at every position of a sample as a flat tuple of states, in order."""
    sides = list(zip(sample.shape, shape, periodic, strict=True))
    for start in product(
        *[range(whole if closed else whole - side + 1) for whole, side, closed in sides]
    ):
        runs = [
            [(at + k) % whole for k in range(side)]
            for at, (whole, side, _) in zip(start, sides, strict=True)
        ]
        yield tuple(int(sample[site]) for site in product(*runs))


@st.composite
def cases(draw):
    space = draw(st.integers(1, 3))
    sides = draw(st.tuples(*[st.integers(1, 5)] * space))
    shape = tuple(draw(st.integers(1, min(side, 3))) for side in sides)
    states = draw(st.integers(1, 4).filter(lambda q: fits_counting(shape, q)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    values = rng.integers(0, states, size=(3, *sides)).astype(np.uint8)
    return values, shape, draw(st.tuples(*[st.booleans()] * space)), states


# Codes


@repeatable
@given(cases())
def test_codes_identify_the_windows_of_the_plain_twin(case):
    values, shape, periodic, states = case
    codes = window_codes(values, shape, periodic, states)
    windows = [window for sample in values for window in plain_windows(sample, shape, periodic)]
    assert codes.shape == (3, len(windows) // 3)
    assert codes.min() >= 0 and codes.max() < states ** prod(shape)
    pairs = set(zip(codes.ravel().tolist(), windows, strict=True))
    assert len(pairs) == len(set(codes.ravel().tolist())) == len(set(windows))  # one to one


def test_every_state_has_its_code():
    values = all_states((2, 3), 2)[0]
    codes = window_codes(values, (2, 3), (False, False), 2)
    assert sorted(codes.ravel().tolist()) == list(range(2**6))
    assert window_codes(values, (2, 3), (True, True), 2).shape == (2**6, 6)


@repeatable
@given(st.lists(st.integers(1, 9), min_size=1, max_size=3), st.integers(1, 300))
def test_fits_counting(shape, states):
    assert fits_counting(tuple(shape), states) == (states ** prod(shape) <= 2**MOST_BITS)


# Entropies of counts


@pytest.mark.parametrize(
    "probabilities",
    [
        np.full(64, 1 / 64),
        np.full(2, 0.5),
        0.3 * 0.7 ** np.arange(60),
        np.array([0.97, 0.01, 0.01, 0.01]),
    ],
    ids=["uniform 64", "coin", "geometric", "rare"],
)
def test_grassberger_removes_the_bias_of_few_counts(probabilities):
    counts = np.random.default_rng(0).multinomial(200, probabilities, size=4000)
    estimates = np.array([grassberger_entropy(row) for row in counts])
    bias = estimates.mean() - entropy(probabilities)
    # 4 sigma of the mean; the formula assumes Poisson counts, a fixed total leaves 1 / (2 N)
    assert abs(bias) < 4 * estimates.std() / np.sqrt(4000) + 1 / 400
    plug_in = np.mean([entropy(row / 200) for row in counts])
    lost = (np.count_nonzero(probabilities > 1e-3) - 1) / 400  # Miller and Madow
    assert plug_in < entropy(probabilities) - 0.5 * lost  # negative control


@repeatable
@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=20).filter(any),
    st.randoms(use_true_random=False),
)
def test_grassberger_ignores_order_and_empty_states(counts, random):
    shuffled = [*counts, 0, 0]
    random.shuffle(shuffled)
    assert grassberger_entropy(np.array(shuffled)) == pytest.approx(
        grassberger_entropy(np.array(counts)), abs=1e-12
    )


# Blocks


@repeatable
@given(cases())
def test_influence_and_correction_agree_with_the_plain_count(case):
    values, shape, periodic, states = case
    block = count_block(values, shape, periodic, states)
    windows = [list(plain_windows(sample, shape, periodic)) for sample in values]
    counts, total = Counter(chain.from_iterable(windows)), sum(map(len, windows))
    surprise = [np.mean([log(total / counts[window]) for window in row]) for row in windows]
    np.testing.assert_allclose(block.influence, surprise, atol=1e-12)
    plug_in = entropy(np.array([*counts.values()]) / total)
    assert block.windows == total
    assert block.entropy - block.correction == pytest.approx(plug_in, abs=1e-12)
    assert block.entropy >= 0 and block.bias_error >= 0


def assert_counted(block, expected, error, sigmas=4.0):
    """4 sigma, from the spread over samples and the remaining bias: one false alarm in 10^4."""
    sigma = np.hypot(error, block.bias_error)
    assert abs(block.entropy - expected) < sigmas * sigma, (
        f"{block.entropy:.5f} ± {sigma:.5f} against {expected:.5f}"
    )


def over_samples(block, chains=1):
    return standard_error(block.influence.reshape(chains, -1))


@pytest.mark.parametrize(
    ("probabilities", "space", "shape"),
    [
        ([0.3, 0.7], (64,), (8,)),
        ([0.3, 0.7], (16, 16), (2, 4)),
        ([0.5, 0.3, 0.2], (12, 12), (2, 3)),
        ([0.4, 0.6], (6, 6, 6), (2, 2, 2)),
        ([0.1, 0.2, 0.3, 0.4], (8, 8), (1, 1)),
    ],
)
@pytest.mark.parametrize("closed", [True, False])
def test_independent_sites(probabilities, space, shape, closed):
    values = iid(probabilities, (256, *space))
    block = count_block(values, shape, (closed,) * len(space), len(probabilities))
    assert_counted(block, prod(shape) * entropy(np.array(probabilities)), over_samples(block))


def test_bias_is_removed():
    # 64 states from 200 samples of 5 windows, 200 times: the mean has 1/14 of the error of each
    blocks = [
        count_block(iid([0.4, 0.6], (200, 10), seed), (6,), (False,), 2) for seed in range(200)
    ]
    estimates = np.array([block.entropy for block in blocks])
    exact = 6 * entropy(np.array([0.4, 0.6]))
    sigma = estimates.std() / np.sqrt(len(estimates))
    assert abs(estimates.mean() - exact) < 4 * sigma
    plug_in = estimates - [block.correction for block in blocks]
    assert plug_in.mean() < exact - 10 * sigma  # negative control
    errors = [over_samples(block) for block in blocks]
    assert np.mean(errors) == pytest.approx(estimates.std(), rel=4 * 0.05)  # 1 / sqrt(400)


def test_repeated_windows_are_recognised():
    # 16 states from 256 samples of 25 equal sites: the counts look 25 times as good as they are
    samples = [
        np.broadcast_to(iid(np.full(16, 1 / 16), (256, 1), seed), (256, 25)) for seed in range(200)
    ]
    blocks = [count_block(values, (1,), (True,), 16) for values in samples]
    estimates = np.array([block.entropy for block in blocks])
    assert abs(estimates.mean() - log(16)) < 4 * estimates.std() / np.sqrt(len(estimates))
    lost = 15 / (2 * 256)  # by counting; Grassberger's formula sees nearly nothing of it
    plug_in = estimates - [block.correction for block in blocks]
    assert plug_in.mean() == pytest.approx(log(16) - lost, rel=1e-3)  # negative control
    # the error of the bias is half of what was removed: 24/25 of the loss, ± the spread of halves
    errors = [block.bias_error for block in blocks]
    assert np.mean(errors) == pytest.approx(0.96 * lost / 2, rel=0.2)


def test_the_sample_is_the_unit_of_the_error():
    # every sample is a single bit, repeated: its windows carry no more information
    values = np.broadcast_to(iid([0.2, 0.8], (400, 1, 1), 3), (400, 8, 8))
    block = count_block(values, (2, 2), (False, False), 2)
    assert_counted(block, entropy(np.array([0.2, 0.8])), over_samples(block))
    deviation = log(0.8 / 0.2) * np.sqrt(0.2 * 0.8)  # of -log p, by hand
    assert block.influence.std() == pytest.approx(deviation, rel=4 * 0.0375)  # 4 sigma of 400 bits
    as_windows = deviation / np.sqrt(block.windows)  # negative control: the number of windows
    assert as_windows < over_samples(block) / 5


@pytest.mark.parametrize("length", [1, 3, 8, 14])
def test_segments_of_the_ising_chain(length):
    # tanh(1)^64 = 3e-8: as good as infinite
    model = system("ising-chain", size=64, temperature=1.0)
    samples = model.sample(2048, seed=3)
    block = count_block(samples.values.reshape(-1, 64), (length,), samples.periodic, 2)
    exact = log(2) + (length - 1) * chain_entropy(1.0)
    assert_counted(block, exact, over_samples(block, samples.chains))
    with pytest.raises(AssertionError):  # negative control: independent spins
        assert_counted(block, (length + 1) * log(2), over_samples(block, samples.chains))


@pytest.mark.parametrize(
    ("name", "size", "temperature"), [("ising-square", (3, 4), 2.0), ("potts-square", (3, 3), 1.2)]
)
@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 2)])
def test_marginals_of_enumerated_lattices(name, size, temperature, shape):
    model = system(name, size=size, temperature=temperature)
    states = {"ising-square": 2, "potts-square": 3}[name]
    everything = all_states(size, states)[0]
    weights = boltzmann(model.energy(everything[None])[0], temperature)
    corner = everything[(slice(None), *map(slice, shape))]
    at_origin = window_codes(corner, shape, (False, False), states)[:, 0]
    marginal = np.bincount(at_origin, weights=weights)
    drawn = everything[np.random.default_rng(1).choice(len(weights), p=weights, size=4000)]
    block = count_block(drawn, shape, (True, True), states)
    assert_counted(block, entropy(marginal), over_samples(block))
    if shape == (2, 2):  # negative control: an isolated block differs from a marginal
        alone = system(name, size=shape, temperature=temperature)
        with pytest.raises(AssertionError):
            assert_counted(block, prod(shape) * alone.exact_entropy(), over_samples(block))


def test_a_constant_array_has_no_entropy():
    block = count_block(np.ones((64, 8, 8), np.uint8), (2, 2), (True, True), 2)
    # Grassberger's series for a single state that occurred n times starts with 1/(4 n^2)
    assert block.entropy == pytest.approx(0.0, abs=1e-6)
    assert not block.influence.any()
    single = count_block(np.zeros((8, 4), np.uint8), (4,), (True,), 1)
    assert single.entropy == pytest.approx(0.0, abs=1e-3)


def test_large_sets_are_counted_in_chunks(monkeypatch):
    values = iid([0.3, 0.7], (37, 5, 5))
    whole = count_block(values, (2, 2), (True, False), 2)
    monkeypatch.setattr("moiety.entropy.counting._CHUNK_SITES", 10 * 25)
    parts = count_block(values, (2, 2), (True, False), 2)
    for name in ("entropy", "bias_error", "windows"):
        assert getattr(parts, name) == getattr(whole, name)
    np.testing.assert_array_equal(parts.influence, whole.influence)


def test_mutual_information_of_a_cut_inside_a_base():
    samples = system("ising-chain", size=32, temperature=1.0).sample(512, seed=2)
    counts, cut = BlockCounts(samples), ladder((32,), (True,)).cuts[-1]
    value, influence = counts.mutual_information(cut)
    assert value == pytest.approx(2 * counts[(1,)].entropy - counts[(2,)].entropy, abs=1e-12)
    expected = 2 * counts[(1,)].influence - counts[(2,)].influence
    np.testing.assert_allclose(influence, expected, atol=1e-12)
    exact = log(2) - chain_entropy(1.0)  # tanh(1)^32 = 2e-4: as good as infinite
    error = standard_error(influence.reshape(samples.chains, -1))
    assert abs(value - exact) < 4 * error and exact > 10 * error


def test_blocks_with_too_few_samples_are_refused():
    counts = BlockCounts(Samples.from_array(iid([0.5, 0.5], (64, 4, 4)), periodic=True))
    assert counts.is_base((1, 1)) and not counts.is_base((4, 4)) and not counts.is_base((4, 5))
    assert counts.refused == [(4, 4)] and not counts.fits((4, 5))


def test_continuous_sites_are_counted_alone_and_free_angles_in_pairs():
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(64, 4, 4))
    options = {"kind": "angle", "periodic": True}
    fixed = BlockCounts(Samples.from_array(angles, **options))
    free = BlockCounts(Samples.from_array(angles, symmetries=("turn",), **options))
    sizes = [(1, 1), (1, 2), (1, 3)]
    assert [fixed.is_base(shape) for shape in sizes] == [True, False, False]
    assert [free.is_base(shape) for shape in sizes] == [True, True, False]
