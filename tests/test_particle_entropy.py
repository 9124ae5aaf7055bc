"""The excess entropy of particles: exact answers, its terms, and how it ends."""

from functools import partial

import numpy as np
import pytest

from moiety import (
    EntropyResult,
    EstimateError,
    InputError,
    Particles,
    estimate_excess_entropy,
    system,
)
from moiety.estimation.critics import ConvolutionalCritic, InterfaceCritic
from moiety.estimation.training import Training

excess = partial(estimate_excess_entropy, threads=1)
QUICK = Training(steps=80, batch=256)


@pytest.fixture
def few_counted_blocks(monkeypatch):
    """Where nothing depends on the precision of the counts."""
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**14)


@pytest.fixture(scope="module")
def gas() -> Particles:
    return system("ideal-gas", particles=60, density=0.5).sample(48, seed=1)


@pytest.fixture(scope="module")
def rods():
    """Rods at a third of the line, and their estimate."""
    model = system("hard-rods", particles=64, density=1 / 3)
    particles = model.sample(128, seed=1)
    return model, excess(particles, training=QUICK, seed=1)


def test_independent_points_share_nothing(gas, few_counted_blocks):
    brief = Training(steps=30, batch=128)
    result = excess(gas, largest=1.0, training=brief, seed=1)
    for level in result.levels:
        assert abs(level.mutual_information) < 4 * level.error + 1e-4
    # an ideal gas has blocks with two centres, whose arrangement is left out: part of the error
    assert abs(result.entropy) < 2 * result.error and result.budget["base"] > 0


def test_rods_against_tonks(rods):
    model, result = rods
    # 4 of the stated errors: one false alarm in 10^4 if they hold, and the seeds are fixed
    assert abs(result.entropy - model.exact_excess_entropy()) < 4 * result.error
    assert result.error < 0.05 and result.budget["base"] == 0  # no block of half a rod holds two
    other = system("hard-rods", particles=64, density=0.6).exact_excess_entropy()
    assert abs(result.entropy - other) > 4 * result.error  # negative control
    assert result.unit == "nats/particle" and result.levels[0].source == "extrapolated"
    # in one dimension M is the same at all sizes, once the blocks are longer than a few rods
    large = [level for level in result.levels if level.source == "estimated"][:2]
    apart = abs(large[0].mutual_information - large[1].mutual_information)
    assert apart < 4 * np.hypot(large[0].error, large[1].error) + 0.02


def test_the_terms_add_up(rods):
    result = rods[1]
    start = result.bases[0].entropy / (result.samples["density"] * np.prod(result.bases[0].shape))
    assert result.entropy == pytest.approx(
        start - sum(level.weight * level.mutual_information for level in result.levels)
    )
    assert result.error == pytest.approx(np.sqrt(sum(part**2 for part in result.budget.values())))


def test_results_of_particles_are_saved_and_drawn(rods, tmp_path):
    result = rods[1]
    result.save(tmp_path / "rods.nc")
    again = EntropyResult.load(tmp_path / "rods.nc")
    assert again.to_dict() == result.to_dict()
    labels = [axes.get_xlabel() for axes in again.plot().axes]
    assert "volume of the half V (σ)" in labels and "entropy (nats/particle)" in labels
    assert result.networks.cuts.keys() == {(2 * level.shape[0],) for level in result.levels[1:]}


def test_lengths_are_measured_in_diameters(gas, few_counted_blocks):
    """The same gas in other units gives the same numbers."""
    scaled = gas.replace(
        positions=gas.positions * 3.7, cells=gas.cells * 3.7, diameters=gas.diameters * 3.7
    )
    bare = scaled.replace(diameters=None)
    brief = Training(steps=4, batch=128)
    options = {"largest": 0.5, "training": brief, "seed": 1, "diameters": False}
    first, second, third = (
        excess(particles, sigma=sigma, **options)
        for particles, sigma in ((gas, None), (scaled, None), (bare, 3.7))
    )
    assert first.entropy == pytest.approx(second.entropy, rel=1e-5)
    assert first.entropy == pytest.approx(third.entropy, rel=1e-5)
    for result, sigma, origin in (
        (first, 1.0, "the smallest diameter"),
        (second, 3.7, "the smallest diameter"),
        (third, 3.7, "as given"),
    ):
        configuration = result.provenance["configuration"]
        assert (configuration["sigma"], configuration["sigma_origin"]) == (sigma, origin)


def test_without_diameters_the_first_peak_is_the_unit_of_length(few_counted_blocks):
    rods = system("hard-rods", particles=64, density=0.6).sample(48, seed=1)
    bare = rods.replace(
        positions=rods.positions * 2.86, cells=rods.cells * 2.86, diameters=None,
        provenance={"units": "metal", "length_unit": "angstrom"},
    )  # fmt: skip
    options = {"largest": 1.0, "training": Training(steps=4, batch=128), "seed": 1}
    result = excess(bare, cross_check=False, **options)
    configuration = result.provenance["configuration"]
    assert configuration["sigma"] == pytest.approx(2.86, rel=0.06)  # windows of 4% on either side
    said = {check.name: check for check in result.status.checks}["unit of length"]
    assert said.passed
    assert said.message == f"sigma = {configuration['sigma']} angstrom: the first peak of g(r)"
    assert result.read_as["shape"] == pytest.approx([64 / 0.6 * 2.86])  # in the unit of the file
    assert "units metal" in result.read_as["text"]
    given = excess(bare, sigma=configuration["sigma"], cross_check=False, **options)
    assert given.entropy == result.entropy  # what the result records repeats it


@pytest.mark.parametrize(
    "critic", [InterfaceCritic(), ConvolutionalCritic(layers=1, filters=4, hidden=8)]
)
def test_critics_of_images_serve_too(gas, critic, few_counted_blocks):
    options = {"largest": 1.0, "critic": critic, "training": Training(steps=15, batch=128)}
    result = excess(gas, resolution=10, seed=1, **options)
    with pytest.raises(InputError, match="needs a resolution"):
        excess(gas, **options)
    assert all(abs(level.mutual_information) < 4 * level.error + 1e-3 for level in result.levels)


def test_a_stop_leaves_the_rest_to_the_area_law(gas, few_counted_blocks):
    asked = iter([False] * 700 + [True] * 10**6)
    result = excess(
        gas,
        largest=2.0,
        training=Training(steps=20, check_every=10),
        seed=1,
        should_stop=lambda: next(asked),
    )
    assert 0 < sum(level.source == "estimated" for level in result.levels) < 5
    assert result.ended == "stopped"
    with pytest.raises(EstimateError):
        excess(gas, should_stop=lambda: True)


def test_bad_input(gas, few_counted_blocks):
    for words, text in (
        ({"folds": 1}, "folds must be"),
        ({"time_limit": -1.0}, "time_limit"),
        ({"largest": 0.1}, "largest must be"),
        ({"sigma": 0.0}, "sigma must be positive"),
        ({"resolution": 7.0}, "whole numbers of pixels"),
        ({"resolution": 0.0}, "from 2 to 1000"),
        ({"resolution": -10.0}, "from 2 to 1000"),
        ({"resolution": 1e9}, "from 2 to 1000"),
        ({"resolution": np.nan}, "from 2 to 1000"),
        ({"resolution": np.inf}, "from 2 to 1000"),
        ({"largest": np.nan}, "largest must be"),
        ({"largest": np.inf}, "largest must be"),
        ({"largest": 1e9}, "set largest to at most"),
        ({"sigma": 1e9}, "sigma"),
        ({"sigma": 1e-9}, "sigma"),
        ({"sigma": np.nan}, "sigma must be positive"),
    ):
        with pytest.raises(InputError, match=text):
            excess(gas, **words)


def einstein_crystal(width=0.1, frames=16, seed=1):
    """A square lattice, displaced as a whole in each frame, with Gaussian displacements."""
    rng = np.random.default_rng(seed)
    sites = np.stack(np.meshgrid(*[np.arange(12.0)] * 2), axis=-1).reshape(-1, 2)
    points = [sites + rng.random(2) + width * rng.normal(size=sites.shape) for _ in range(frames)]
    return Particles.from_frames(points, cells=12.0, periodic=True, diameters=1.0)


def test_a_crystal_keeps_its_orientation_unless_asked(gas, few_counted_blocks):
    options = {"training": Training(steps=2), "largest": 0.5, "cross_check": False}
    solid = einstein_crystal()
    turned = [
        result.provenance["configuration"]["isotropic"]
        for result in (
            excess(gas, **options),
            excess(solid, **options),
            excess(solid, isotropic=True, **options),
        )
    ]
    assert turned == [True, False, True]


def test_what_large_blocks_know_of_the_lattice_is_part_of_the_error(gas, few_counted_blocks):
    options = {"training": Training(steps=2), "cross_check": False}
    small, large = (excess(einstein_crystal(), largest=side, **options) for side in (0.5, 1.0))
    # (d/2) log 2 / (rho V) in two dimensions at density 1, with blocks of 0.25 and 1
    assert small.budget["phase"] == pytest.approx(np.log(2) / 0.25)
    assert large.budget["phase"] == pytest.approx(np.log(2))
    assert small.error >= small.budget["phase"]
    assert "phase" not in excess(gas, largest=0.5, **options).budget  # negative control
