"""Compression and counted blocks against entropies that are known."""

import json
from itertools import pairwise
from math import log

import numpy as np
import pytest
from scipy.stats import vonmises

from moiety import InputError, Samples, system
from moiety.baselines import (
    EnergySeries,
    InfiniteTemperature,
    compression_entropy,
    heat_capacity,
    heat_capacity_of_entropies,
    naive_entropy,
    thermodynamic_integration,
)
from moiety.baselines.compression import ORDERS, _packed, hilbert_curve
from moiety.exact.enumeration import all_states, block_entropy, boltzmann
from moiety.exact.thermal import thermal
from moiety.io import load, save
from moiety.results.result import Estimate

TEMPERATURES = (1.8, 2.269185, 3.5)


def independent(states=2, shape=(256, 16, 16), seed=0):
    values = np.random.default_rng(seed).integers(0, states, size=shape)
    axes = ("draw", "x", "y", "z")[: len(shape)]
    return Samples.from_array(values, periodic=True, axes=axes, states=states)


@pytest.fixture(scope="module")
def ising():
    """32x32, by temperature: samples and exact entropy of the torus."""
    models = {t: system("ising-square", size=32, temperature=t) for t in TEMPERATURES}
    return {t: (model.sample(512, seed=1), model.exact_entropy()) for t, model in models.items()}


def shuffled(samples, seed=0):
    """All states of all samples in random order: correlations are gone, the single sites stay as they were."""
    values = np.random.default_rng(seed).permutation(samples.values.ravel())
    return samples.replace(values=values.reshape(samples.values.shape))


def off(estimate, exact):
    return (estimate.entropy - exact) / estimate.error


# Compression


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("states", [2, 3, 4, 5])
def test_compression_of_uniform_states(states, order):
    # Both sizes are of random data; where bits are wasted, LZMA's own scatter is a few bytes of thousands
    assert compression_entropy(independent(states), order=order).entropy == pytest.approx(
        log(states), abs=1e-3
    )


@pytest.mark.parametrize("order", ORDERS)
def test_compression_of_nothing(order):
    constant = Samples.from_array(np.ones((256, 16, 16), int), periodic=True, states=2)
    assert compression_entropy(constant, order=order).entropy == 0.0
    assert compression_entropy(constant.replace(labels=(1,)), order=order) == Estimate(0.0, 0.0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_compression_errs_upwards(ising, temperature, order):
    samples, exact = ising[temperature]
    found = compression_entropy(samples, order=order)
    assert 0.01 < found.entropy - exact < 0.12  # LZMA's own limit on such lattices
    assert 0 < found.error < 0.01


def test_compression_of_angles():
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(128, 16, 16))
    uniform = compression_entropy(Samples.from_array(angles, periodic=True, kind="angle"))
    assert uniform.entropy == pytest.approx(log(2 * np.pi), abs=1e-3)
    half = compression_entropy(
        Samples.from_array(angles / 2, periodic=True, kind="angle")
    )  # in half of the circle
    assert log(np.pi) - 1e-3 < half.entropy < log(np.pi) + 0.2
    assert compression_entropy(
        Samples.from_array(np.full_like(angles, 0.1), periodic=True, kind="angle")
    ).entropy == pytest.approx(log(np.pi / 8))


def test_compression_sees_correlations(ising):
    samples, exact = ising[2.269185]
    assert compression_entropy(shuffled(samples)).entropy > exact + 0.2  # negative control
    assert compression_entropy(shuffled(samples)).entropy == pytest.approx(log(2), abs=0.05)


def test_hilbert_order_helps_where_rows_lose_neighbours(ising):
    samples, _ = ising[2.269185]
    assert (
        compression_entropy(samples, order="hilbert").entropy
        < compression_entropy(samples).entropy - 0.01
    )


def test_the_error_of_compression_is_its_spread():
    model = system("ising-square", size=16, temperature=2.269185)
    found = [compression_entropy(model.sample(256, seed=seed)) for seed in range(24)]
    spread = np.std([one.entropy for one in found], ddof=1)
    # Spreads of 24 runs scatter by 15%, errors from 16 parts by 18%: their ratio of means by less than 1/3 (2 sigma)
    assert 0.67 < np.mean([one.error for one in found]) / spread < 1.5


@pytest.mark.parametrize("side", [1, 2, 4, 8, 32])
def test_hilberts_curve_steps_to_neighbours_and_leaves_none_out(side):
    curve = hilbert_curve(side)
    x, y = np.divmod(curve, side)
    assert sorted(curve.tolist()) == list(range(side**2))
    assert (abs(np.diff(x)) + abs(np.diff(y)) == 1).all()


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
def test_packing_loses_nothing(bits, monkeypatch):
    monkeypatch.setattr("moiety.baselines.compression._CHUNK_BITS", 256)  # several chunks
    codes = np.random.default_rng(0).integers(0, 2**bits, size=1000, dtype=np.uint8)
    packed = np.unpackbits(np.frombuffer(_packed(codes, bits), np.uint8))[: bits * 1000].reshape(
        1000, bits
    )
    assert (packed @ 2 ** np.arange(bits)[::-1] == codes).all()


@pytest.mark.parametrize(
    ("samples", "order", "said"),
    [
        (Samples.from_array(np.zeros((8, 4, 4)), periodic=True, kind="real"), "rows", "discrete"),
        (Samples.from_array(np.zeros((8, 4, 4)), periodic=True, kind="real"), "rows", "discrete"),
        (independent(), "peano", "rows, hilbert"),
        (independent(shape=(64, 12, 12)), "hilbert", "power of two"),
        (independent(shape=(64, 8, 16)), "hilbert", "8x16"),
        (independent(shape=(64, 16)), "hilbert", "square lattice"),
        (independent(shape=(8, 1, 2)), "rows", "too few"),
    ],
)
def test_compression_refuses(samples, order, said):
    with pytest.raises(InputError, match=said) as raised:
        compression_entropy(samples, order=order)
    assert "\n" not in str(raised.value)


# Counted blocks


@pytest.mark.parametrize("states", [2, 3, 5])
def test_naive_entropy_of_uniform_states(states):
    found = naive_entropy(independent(states, shape=(1024, 16, 16)))
    assert abs(off(found, log(states))) < 4


@pytest.mark.parametrize("shape", [(4, 4), (2, 2), (2, 3), (1, 1)])
def test_naive_entropy_of_a_small_torus_is_that_of_enumeration(shape):
    model = system("ising-square", size=4, temperature=2.5)
    probabilities = boltzmann(model.energy(all_states((4, 4), 2))[0], 2.5)
    block = np.zeros((4, 4), bool)
    block[: shape[0], : shape[1]] = True
    exact = block_entropy(probabilities, block, 2) / block.sum()
    found = naive_entropy(model.sample(8192, seed=1), shape)
    assert found.error < 0.01
    assert (
        abs(found.entropy - exact) < 4 * found.error + 1e-6
    )  # single sites of even chains have next to no spread
    if shape == (4, 4):  # the whole torus
        assert exact == pytest.approx(model.exact_entropy(), abs=1e-12)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_naive_entropy_falls_with_the_block_and_stays_above(ising, temperature):
    samples, exact = ising[temperature]
    found = [naive_entropy(samples, shape) for shape in ((1, 1), (2, 2), (3, 3), (4, 4))]
    assert all(a.entropy > b.entropy for a, b in pairwise(found))
    assert 0.01 < found[-1].entropy - exact < 0.1


def test_naive_entropy_sees_correlations(ising):
    samples, exact = ising[2.269185]
    lone = naive_entropy(samples, (1, 1)).entropy
    found = naive_entropy(shuffled(samples))
    assert found.entropy > exact + 0.2  # negative control
    assert abs(found.entropy - lone) < 5 * found.error


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


def test_the_default_block_is_one_that_the_samples_suffice_for():
    few = independent(shape=(8, 16, 16))
    assert abs(off(naive_entropy(few), log(2))) < 4
    assert naive_entropy(few) != naive_entropy(few, (4, 4))


def test_continuous_states_have_the_single_site():
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(256, 16, 16))
    samples = Samples.from_array(angles, periodic=True, kind="angle")
    assert naive_entropy(samples).entropy == pytest.approx(log(2 * np.pi), abs=0.01)
    with pytest.raises(InputError, match="too many states"):
        naive_entropy(samples, (1, 2))


def test_free_angles_have_a_pair():
    rng = np.random.default_rng(0)
    steps = rng.vonmises(0.0, 4.0, size=(256, 16, 16))  # along a row; rows are independent
    angles = rng.uniform(0, 2 * np.pi, size=(256, 16, 1)) + np.cumsum(steps, axis=2)
    free = Samples.from_array(
        angles.swapaxes(1, 2), axes="draw,x,y", periodic=False, kind="angle", symmetries=("turn",)
    )
    found, exact = naive_entropy(free), (log(2 * np.pi) + float(vonmises(4.0).entropy())) / 2
    assert abs(found.entropy - exact) < 4 * found.error and found == naive_entropy(free, (2, 1))
    assert (
        naive_entropy(free, (1, 2)).entropy > exact + 0.3
    )  # negative control: across the rows there is nothing to see


@pytest.mark.parametrize(
    ("shape", "said"),
    [((4,), "fit"), ((4, 17), "fit"), ((0, 4), "fit"), ((5, 5), "too many states")],
)
def test_naive_entropy_refuses(shape, said):
    with pytest.raises(InputError, match=said):
        naive_entropy(independent(), shape)


# Energies: fluctuations, and their integral from infinite temperature


HOT_TO_COLD = (8.0, 5.0, 4.0, 3.4, 3.0, 2.7, 2.5, 2.35, 2.2, 2.0, 1.7, 1.4)


@pytest.fixture(scope="module")
def cooled():
    """16x16 from hot to cold: models and samples, independent between temperatures."""
    models = [system("ising-square", size=16, temperature=t) for t in HOT_TO_COLD]
    return models, [model.sample(512, seed=k) for k, model in enumerate(models)]


def test_fluctuations_give_the_exact_heat_capacity(cooled):
    models, drawn = cooled
    found = [heat_capacity(EnergySeries.from_samples(samples)) for samples in drawn]
    exact = [thermal(model).heat_capacity for model in models]
    z = np.array([(one.value - value) / one.error for one, value in zip(found, exact, strict=True)])
    # 12 values of |z| > 4 once in 1,300 runs; variances of 512 samples scatter by 6%
    assert abs(z).max() < 4 and all(one.error < 0.2 * one.value for one in found)
    assert (
        max(
            abs(one.value - value) / one.error for one, value in zip(found, exact[1:], strict=False)
        )
        > 4
    )  # negative control


def test_integration_gives_the_exact_entropy(cooled):
    models, drawn = cooled
    found = thermodynamic_integration(
        [EnergySeries.from_samples(samples) for samples in drawn], InfiniteTemperature.from_samples(drawn[0])
    )
    z = [
        (one.entropy - model.exact_entropy()) / one.error
        for one, model in zip(found, models, strict=True)
    ]
    assert max(map(abs, z)) < 4 and max(one.error for one in found) < 0.01
    backwards = thermodynamic_integration(
        [EnergySeries.from_samples(samples) for samples in drawn[::-1]], InfiniteTemperature.from_samples(drawn[0])
    )
    assert [one.entropy for one in backwards] == pytest.approx([one.entropy for one in found[::-1]])
    # negative control: a gap in the sweep shows in the error
    gap = thermodynamic_integration(
        [EnergySeries.from_samples(samples) for samples in (drawn[0], drawn[-1])], InfiniteTemperature.from_samples(drawn[0])
    )
    assert gap[1].error > 10 * found[-1].error


def test_integration_of_free_rotors():
    """A ring of rotors, whose entropy is known: angles start at log 2 pi."""
    models = [
        system("xy-square", size=(1, 8), temperature=t) for t in (6.0, 3.0, 2.0, 1.5, 1.2, 1.0)
    ]
    drawn = [model.sample(1024, seed=k) for k, model in enumerate(models)]
    found = thermodynamic_integration(
        [EnergySeries.from_samples(samples) for samples in drawn], InfiniteTemperature.from_samples(drawn[0])
    )
    for one, model in zip(found, models, strict=True):
        assert abs(one.entropy - model.exact_entropy()) < 4 * one.error


def test_heat_capacity_between_entropies_is_exact_between_close_temperatures():
    temperatures = np.linspace(2.8, 3.2, 9)
    models = [system("ising-square", size=16, temperature=t) for t in temperatures]
    c, error = heat_capacity_of_entropies(
        temperatures, np.array([model.exact_entropy() for model in models]), np.full(9, 0.001)
    )
    middles = [
        system("ising-square", size=16, temperature=t)
        for t in np.sqrt(temperatures[1:] * temperatures[:-1])
    ]
    assert c == pytest.approx([thermal(model).heat_capacity for model in middles], rel=2e-3)
    assert error == pytest.approx(0.001 * np.sqrt(2) / np.diff(np.log(temperatures)))


def test_what_has_no_energy_is_refused(cooled):
    unnamed = independent()
    for bad in (
        unnamed,
        unnamed.replace(
            provenance={"system": "ising-square", "parameters": {"size": 8, "temperature": 1.0}}
        ),
    ):
        with pytest.raises(InputError, match="say which system|no energy"):
            EnergySeries.from_samples(bad)
    series = EnergySeries.from_samples(cooled[1][0])
    with pytest.raises(InputError, match="different temperatures"):
        thermodynamic_integration([series, series], InfiniteTemperature(0.0, 0.0, 1.0))
    with pytest.raises(InputError, match="no infinite temperature"):
        InfiniteTemperature.from_samples(system("gaussian-field", size=4).sample(64, seed=1))
    with pytest.raises(InputError, match="shape"):
        EnergySeries(1.0, 16, np.zeros(8))


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
