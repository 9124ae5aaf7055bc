"""Heat capacities and entropies from energies: fluctuations and thermodynamic integration."""

import numpy as np
import pytest

from moiety import InputError, Samples, system
from moiety.baselines import (
    EnergySeries,
    InfiniteTemperature,
    heat_capacity,
    heat_capacity_of_entropies,
    thermodynamic_integration,
)
from moiety.exact.thermal import thermal

HOT_TO_COLD = (8.0, 5.0, 4.0, 3.4, 3.0, 2.7, 2.5, 2.35, 2.2, 2.0, 1.7, 1.4)


@pytest.fixture(scope="module")
def cooled():
    """Models of 16x16 from hot to cold, their samples and energies, and infinite temperature."""
    models = [system("ising-square", size=16, temperature=t) for t in HOT_TO_COLD]
    samples = [model.sample(512, seed=k) for k, model in enumerate(models)]
    return (
        models,
        [EnergySeries.from_samples(part) for part in samples],
        InfiniteTemperature.from_samples(samples[0]),
    )


def test_fluctuations_give_the_exact_heat_capacity(cooled):
    models, energies, _ = cooled
    capacities = [heat_capacity(series) for series in energies]
    exact = np.array([thermal(model).heat_capacity for model in models])
    value, error = np.array([(c.value, c.error) for c in capacities]).T
    # 12 values: |z| > 4 once in 1,300 runs; variances of 512 samples scatter by 6%
    assert (abs(value - exact) < 4 * error).all() and (error < 0.2 * value).all()
    # negative control: exact values of the next temperature
    assert (abs(value[:-1] - exact[1:]) > 4 * error[:-1]).any()


def test_integration_gives_the_exact_entropy(cooled):
    models, energies, hot = cooled
    entropies = thermodynamic_integration(energies, hot)
    for estimate, model in zip(entropies, models, strict=True):
        assert abs(estimate.entropy - model.exact_entropy()) < 4 * estimate.error
        assert estimate.error < 0.01
    backwards = thermodynamic_integration(energies[::-1], hot)[::-1]
    for estimate, same in zip(entropies, backwards, strict=True):
        assert estimate.entropy == pytest.approx(same.entropy)
    # negative control: a gap in the sweep increases the error
    gap = thermodynamic_integration([energies[0], energies[-1]], hot)
    assert gap[1].error > 10 * entropies[-1].error


def test_integration_of_free_rotors():
    """Rotors on a ring have a known entropy; angles start at log 2 pi."""
    models = [
        system("xy-square", size=(1, 8), temperature=t) for t in (6.0, 3.0, 2.0, 1.5, 1.2, 1.0)
    ]
    samples = [model.sample(1024, seed=k) for k, model in enumerate(models)]
    entropies = thermodynamic_integration(
        [EnergySeries.from_samples(part) for part in samples],
        InfiniteTemperature.from_samples(samples[0]),
    )
    for estimate, model in zip(entropies, models, strict=True):
        assert abs(estimate.entropy - model.exact_entropy()) < 4 * estimate.error


def test_heat_capacity_from_entropies_at_close_temperatures():
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


def test_samples_without_an_energy_are_refused(cooled):
    spins = np.random.default_rng(0).choice([-1, 1], size=(16, 16, 16))
    unnamed = Samples.from_array(spins, periodic=True, axes="draw,x,y")
    wrong_size = {"system": "ising-square", "parameters": {"size": 8, "temperature": 1.0}}
    for bad in (unnamed, unnamed.replace(provenance=wrong_size)):
        with pytest.raises(InputError, match="say which system|no energy"):
            EnergySeries.from_samples(bad)
    series = cooled[1][0]
    with pytest.raises(InputError, match="different temperatures"):
        thermodynamic_integration([series, series], InfiniteTemperature(0.0, 0.0, 1.0))
    with pytest.raises(InputError, match="no infinite temperature"):
        InfiniteTemperature.from_samples(system("gaussian-field", size=4).sample(64, seed=1))
    with pytest.raises(InputError, match="shape"):
        EnergySeries(1.0, 16, np.zeros(8))
