"""Compression and counted blocks against exact entropies; all baselines on the command line."""

import json
from itertools import pairwise
from math import log

import numpy as np
import pytest
from scipy.stats import vonmises

from moiety import InputError, Samples, system
from moiety.baselines import compression_entropy, naive_entropy
from moiety.baselines.compression import ORDERS, _packed, hilbert_curve
from moiety.exact.enumeration import all_states, block_entropy, boltzmann
from moiety.io import load, save
from moiety.results.types import Estimate

TEMPERATURES = (1.8, 2.269185, 3.5)


def independent(states=2, shape=(256, 16, 16), seed=0):
    values = np.random.default_rng(seed).integers(0, states, size=shape)
    axes = ("draw", "x", "y", "z")[: len(shape)]
    return Samples.from_array(values, periodic=True, axes=axes, states=states)


@pytest.fixture(scope="module")
def ising():
    """Samples and exact entropy of the 32x32 torus, by temperature."""
    models = {t: system("ising-square", size=32, temperature=t) for t in TEMPERATURES}
    return {t: (model.sample(512, seed=1), model.exact_entropy()) for t, model in models.items()}


def shuffled(samples, seed=0):
    """All states of all samples in random order, which destroys correlations."""
    values = np.random.default_rng(seed).permutation(samples.values.ravel())
    return samples.replace(values=values.reshape(samples.values.shape))


def sigmas(estimate, exact):
    return (estimate.entropy - exact) / estimate.error


# Compression


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("states", [2, 3, 4, 5])
def test_compression_of_uniform_states(states, order):
    # both sizes are of random data; if bits are wasted, LZMA scatters by a few bytes in thousands
    entropy = compression_entropy(independent(states), order=order).entropy
    assert entropy == pytest.approx(log(states), abs=1e-3)


@pytest.mark.parametrize("order", ORDERS)
def test_compression_of_constant_states(order):
    constant = Samples.from_array(np.ones((256, 16, 16), int), periodic=True, states=2)
    assert compression_entropy(constant, order=order).entropy == 0.0
    assert compression_entropy(constant.replace(labels=(1,)), order=order) == Estimate(0.0, 0.0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_compression_overestimates(ising, temperature, order):
    samples, exact = ising[temperature]
    compressed = compression_entropy(samples, order=order)
    assert 0.01 < compressed.entropy - exact < 0.12  # the limit of LZMA on such lattices
    assert 0 < compressed.error < 0.01


def test_compression_of_angles():
    def entropy(angles):
        return compression_entropy(Samples.from_array(angles, periodic=True, kind="angle")).entropy

    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(128, 16, 16))
    assert entropy(angles) == pytest.approx(log(2 * np.pi), abs=1e-3)
    assert log(np.pi) - 1e-3 < entropy(angles / 2) < log(np.pi) + 0.2  # half of the circle
    assert entropy(np.full_like(angles, 0.1)) == pytest.approx(log(np.pi / 8))


def test_compression_sees_correlations(ising):
    samples, exact = ising[2.269185]
    assert compression_entropy(shuffled(samples)).entropy > exact + 0.2  # negative control
    assert compression_entropy(shuffled(samples)).entropy == pytest.approx(log(2), abs=0.05)


def test_hilbert_order_keeps_neighbours_together(ising):
    samples, _ = ising[2.269185]
    assert (
        compression_entropy(samples, order="hilbert").entropy
        < compression_entropy(samples).entropy - 0.01
    )


def test_the_error_of_compression_is_its_spread():
    # 24 independent sets of 2 chains x 128 draws, sampled in one run
    model = system("ising-square", size=16, temperature=2.269185)
    runs = model.sample(24 * 256, chains=24 * 2, seed=0)
    estimates = [
        compression_entropy(runs.replace(values=values)) for values in np.split(runs.values, 24)
    ]
    spread = np.std([estimate.entropy for estimate in estimates], ddof=1)
    # the spread of 24 runs scatters by 15%, errors from 16 parts by 18%: 1/3 is 2 sigma
    assert 0.67 < np.mean([estimate.error for estimate in estimates]) / spread < 1.5


@pytest.mark.parametrize("side", [1, 2, 4, 8, 32])
def test_hilberts_curve_visits_all_sites_by_steps_to_neighbours(side):
    curve = hilbert_curve(side)
    x, y = np.divmod(curve, side)
    assert sorted(curve.tolist()) == list(range(side**2))
    assert (abs(np.diff(x)) + abs(np.diff(y)) == 1).all()


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
def test_packing_loses_nothing(bits, monkeypatch):
    monkeypatch.setattr("moiety.baselines.compression._CHUNK_BITS", 256)  # several chunks
    codes = np.random.default_rng(0).integers(0, 2**bits, size=1000, dtype=np.uint8)
    packed = np.unpackbits(np.frombuffer(_packed(codes, bits), np.uint8))[: bits * 1000]
    assert (packed.reshape(1000, bits) @ 2 ** np.arange(bits)[::-1] == codes).all()


@pytest.mark.parametrize(
    ("samples", "order", "message"),
    [
        (Samples.from_array(np.zeros((8, 4, 4)), periodic=True, kind="real"), "rows", "discrete"),
        (independent(), "peano", "rows, hilbert"),
        (independent(shape=(64, 12, 12)), "hilbert", "power of two"),
        (independent(shape=(64, 8, 16)), "hilbert", "8x16"),
        (independent(shape=(64, 16)), "hilbert", "square lattice"),
        (independent(shape=(8, 1, 2)), "rows", "too few"),
    ],
)
def test_compression_refuses(samples, order, message):
    with pytest.raises(InputError, match=message) as raised:
        compression_entropy(samples, order=order)
    assert "\n" not in str(raised.value)


# Counted blocks


@pytest.mark.parametrize("states", [2, 3, 5])
def test_naive_entropy_of_uniform_states(states):
    naive = naive_entropy(independent(states, shape=(1024, 16, 16)))
    assert abs(sigmas(naive, log(states))) < 4


@pytest.fixture(scope="module")
def small():
    """A 4x4 torus: model, probabilities of all states, samples."""
    model = system("ising-square", size=4, temperature=2.5)
    probabilities = boltzmann(model.energy(all_states((4, 4), 2))[0], 2.5)
    return model, probabilities, model.sample(8192, seed=1)


@pytest.mark.parametrize("shape", [(4, 4), (2, 2), (2, 3), (1, 1)])
def test_naive_entropy_equals_enumeration(small, shape):
    model, probabilities, samples = small
    block = np.zeros((4, 4), bool)
    block[: shape[0], : shape[1]] = True
    exact = block_entropy(probabilities, block, 2) / block.sum()
    naive = naive_entropy(samples, shape)
    assert naive.error < 0.01
    # single sites of an even number of chains have almost no spread
    assert abs(naive.entropy - exact) < 4 * naive.error + 1e-6
    if shape == (4, 4):  # the whole torus
        assert exact == pytest.approx(model.exact_entropy(), abs=1e-12)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_naive_entropy_decreases_with_the_block_and_stays_above(ising, temperature):
    samples, exact = ising[temperature]
    growing = [naive_entropy(samples, shape) for shape in ((1, 1), (2, 2), (3, 3), (4, 4))]
    assert all(a.entropy > b.entropy for a, b in pairwise(growing))
    assert 0.01 < growing[-1].entropy - exact < 0.1


def test_naive_entropy_sees_correlations(ising):
    samples, exact = ising[2.269185]
    site = naive_entropy(samples, (1, 1)).entropy
    naive = naive_entropy(shuffled(samples))
    assert naive.entropy > exact + 0.2  # negative control
    assert abs(naive.entropy - site) < 5 * naive.error


@pytest.mark.parametrize(
    ("lattice", "states", "shape"),
    [
        ((16, 16), 2, (4, 4)),
        ((64,), 2, (16,)),
        ((16, 2), 2, (8, 2)),
        ((8, 8, 8), 2, (4, 2, 2)),
        ((16, 16), 3, (3, 3)),
        ((2, 2), 2, (2, 2)),
    ],
)
def test_the_default_block_is_large_and_nearly_square(lattice, states, shape):
    samples = independent(states, shape=(2**21 // int(np.prod(lattice)), *lattice))
    assert naive_entropy(samples) == naive_entropy(samples, shape)


def test_few_samples_have_a_small_default_block():
    few = independent(shape=(8, 16, 16))
    assert abs(sigmas(naive_entropy(few), log(2))) < 4
    assert naive_entropy(few) != naive_entropy(few, (4, 4))


def test_continuous_states_have_single_sites_as_blocks():
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(256, 16, 16))
    samples = Samples.from_array(angles, periodic=True, kind="angle")
    assert naive_entropy(samples).entropy == pytest.approx(log(2 * np.pi), abs=0.01)
    with pytest.raises(InputError, match="too many states"):
        naive_entropy(samples, (1, 2))


def test_free_angles_have_pairs_as_blocks():
    rng = np.random.default_rng(0)
    steps = rng.vonmises(0.0, 4.0, size=(256, 16, 16))  # along a row; rows are independent
    angles = rng.uniform(0, 2 * np.pi, size=(256, 16, 1)) + np.cumsum(steps, axis=2)
    free = Samples.from_array(
        angles.swapaxes(1, 2), axes="draw,x,y", periodic=False, kind="angle", symmetries=("turn",)
    )
    naive, exact = naive_entropy(free), (log(2 * np.pi) + float(vonmises(4.0).entropy())) / 2
    assert abs(naive.entropy - exact) < 4 * naive.error and naive == naive_entropy(free, (2, 1))
    # negative control: across the rows there is no correlation
    assert naive_entropy(free, (1, 2)).entropy > exact + 0.3


@pytest.mark.parametrize(
    ("shape", "message"),
    [((4,), "fit"), ((4, 17), "fit"), ((0, 4), "fit"), ((5, 5), "too many states")],
)
def test_naive_entropy_refuses(shape, message):
    with pytest.raises(InputError, match=message):
        naive_entropy(independent(), shape)


# Command line


def test_baselines_on_the_command_line(run, tmp_path):
    for t in (4.0, 3.0):
        save(
            system("ising-square", size=8, temperature=t).sample(64, seed=1), tmp_path / f"T{t}.nc"
        )
    first = tmp_path / "T4.0.nc"
    for name in ("compression", "naive", "heat-capacity"):
        done = run("baseline", name, first)
        assert done.code == 0 and "exact" in done.out and "±" in done.out
    assert (
        json.loads(run("baseline", "naive", first, "--block", "2x2", "--json").out)["entropy"]
        == naive_entropy(load(first), (2, 2)).entropy
    )
    assert (
        run("baseline", "thermodynamic-integration", first, tmp_path / "T3.0.nc").out.count("s = ")
        == 2
    )
    other = tmp_path / "L4.nc"
    save(system("ising-square", size=4, temperature=2.0).sample(64, seed=1), other)
    for words in (
        ("nothing", first),
        ("naive", first, "--order", "hilbert"),
        ("naive", first, "--block", "4"),
        ("thermodynamic-integration", first, other),
    ):
        refused = run("baseline", *words)
        assert refused.code == 2 and len(refused.err.strip().splitlines()) == 1
