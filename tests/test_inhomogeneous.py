"""Samples whose sites differ: their entropies, bounds, refusals and what is shown of them."""

import json

import numpy as np
import pytest
from scipy.special import i0e, i1e

from inhomogeneous_samples import (
    binary_entropy,
    diluted_ising,
    frozen_site,
    glass,
    open_ising,
    own_probabilities,
    own_rates,
)
from moiety import EntropyResult, EstimateError, InputError, Samples, estimate_entropy, ladder
from moiety.chain_rule.estimate import estimate_chain_rule, estimate_chain_rules
from moiety.cli._result import in_json, show
from moiety.entropy.own_sites import own_sites
from moiety.estimation.critics import InterfaceCritic
from moiety.report.result import render_report


def own(array, **described):
    """Samples whose sites differ, with free ends."""
    axes = ("draw", "x", "y")[: np.ndim(array)]
    described = {"periodic": False, "axes": axes, **described}
    return Samples.from_array(array, homogeneous=False, **described)


def tiny(n=128):
    """Eight units in a row, each like the one before it or not, with fixed probabilities."""
    rng = np.random.default_rng(5)
    same = rng.random((n, 8)) < [0.5, 0.9, 0.2, 0.8, 0.7, 0.1, 0.9, 0.5]
    return np.cumsum(~same, axis=1) % 2


def spins(model, n, seed):
    return model.sample(n, seed), model.entropy()


def own_normals(seed, n=512):
    """Independent reals, each with its own mean and width, and their entropy."""
    rng = np.random.default_rng(seed)
    mean, width = rng.normal(size=(4, 4)), np.exp(rng.normal(size=(4, 4)))
    entropy = (0.5 * np.log(2 * np.pi * np.e) + np.log(width)).mean()
    return mean + width * rng.normal(size=(n, 4, 4)), entropy


def own_directions(seed, n=512):
    """Independent angles about a direction of each site, and their entropy."""
    rng = np.random.default_rng(seed)
    direction, strength = rng.uniform(0, 2 * np.pi, (4, 4)), rng.choice([1.0, 4.0], (4, 4))
    mean_cosine = i1e(strength) / i0e(strength)
    normal = np.log(2 * np.pi * i0e(strength)) + strength
    return rng.vonmises(direction, strength, (n, 4, 4)) % (2 * np.pi), (
        normal - strength * mean_cosine
    ).mean()


CASES = {
    "own probabilities": lambda seed: own_probabilities(seed, 256),
    "frozen site": lambda seed: frozen_site(seed, 256),
    "own rates": lambda seed: own_rates(seed, 256),
    "glass": lambda seed: spins(glass(seed, 4, 1.5), 512, seed),
    "free ends": lambda seed: spins(open_ising(4), 512, seed),
    "vacancies": lambda seed: spins(diluted_ising(seed, 4), 512, seed),
    "own normals": own_normals,
    "own directions": own_directions,
}
KINDS = {"own normals": "real", "own directions": "angle"}


@pytest.mark.parametrize("name", CASES)
def test_entropies_of_sites_that_differ(name):
    """4 of the stated errors: one false alarm in 10^4, and the seed is fixed."""
    array, exact = CASES[name](1)
    result = estimate_entropy(own(array, kind=KINDS.get(name)), cross_check=False)
    report = f"{result.entropy:.4f} ± {result.error:.4f}, exact {exact:.4f}"
    assert abs(result.entropy - exact) < 4 * result.error, report
    assert result.error < 0.04, report
    failed = {check.name for check in result.status.checks if not check.passed}
    assert failed <= {"samples per site"}, result.status


def test_averages_over_positions_miss_what_sites_know():
    """Negative control: the same samples, read as if their sites were alike."""
    array, exact = own_probabilities(2, 1024)
    result = estimate_entropy(own(array), cross_check=False)
    assert abs(result.entropy - exact) < 4 * result.error
    alike = binary_entropy((array == 1).mean())  # what any average over positions gives, or more
    assert alike - result.entropy > 10 * result.error


@pytest.fixture(scope="module")
def result():
    array, _ = spins(glass(3, 4, 1.5), 256, 3)
    return estimate_entropy(own(array), seed=4)


def test_two_orders_of_the_sites_agree(result):
    other = result.cross_check
    assert result.status.ok and other.sigmas < 3
    assert result.budget["order"] == pytest.approx(abs(result.entropy - other.entropy) / 2)
    assert result.error >= np.hypot(result.budget["samples"], result.budget["folds"])
    assert result.entropy < result.bases[0].entropy  # the glass is correlated


def test_every_surface_shows_a_result_without_levels(result, tmp_path, capsys):
    assert not result.levels and "[site by site; cross-check" in str(result)
    assert json.loads(in_json(result))["levels"] == []
    show(result, 0.4)
    shown = capsys.readouterr().out
    assert "each alone 0.69" in shown and "correlations -0." in shown and "half" not in shown
    result.save(tmp_path / "own.nc")
    again = EntropyResult.load(tmp_path / "own.nc")
    assert again.to_dict() == json.loads(json.dumps(result.to_dict()))
    assert len(again.cross_check.histories) == 2
    assert [axes.get_xlabel() for axes in again.plot().axes] == [
        "entropy (nats/site)", "training step",
    ]  # fmt: skip
    page = render_report(again)
    assert "each site alone" in page and "sites in the other order" in page
    assert "Scale by scale" not in page and "Counted blocks" not in page


def test_the_excess_leaves_out_the_sites():
    whole, excess = (estimate_entropy(own(tiny()), seed=4, excess=flag) for flag in (False, True))
    assert excess.entropy == pytest.approx(whole.entropy - whole.bases[0].entropy)
    assert excess.cross_check.difference == pytest.approx(whole.cross_check.difference)
    assert excess.entropy < -3 * excess.error
    assert "correlations" in render_report(excess)


def test_the_seed_alone_decides():
    samples = own(tiny())

    def entropy(seed, threads):
        return estimate_entropy(samples, seed=seed, threads=threads, cross_check=False).entropy

    assert entropy(1, 2) == entropy(1, 1) != entropy(2, 1)


def test_mean_entropy_of_single_sites():
    array, exact = own_probabilities(0, 4096)
    block = own_sites(own(array))
    # 64 sites of 4,096 samples; each is a mean of two values of -log p that differ by 0.62
    assert abs(block.entropy - exact) < 4 * 0.62 * 0.48 / np.sqrt(array.size)
    alike = own_sites(own(np.sort(array.reshape(4096, 64), axis=0)))
    assert alike.entropy == pytest.approx(block.entropy)  # counts alone matter


def test_a_site_without_a_density_is_named():
    field = np.random.default_rng(0).normal(size=(64, 2, 3))
    field[:, 1, 2] = 0.5
    with pytest.raises(EstimateError, match=r"site \(1, 2\) takes one or few values"):
        estimate_entropy(own(field, kind="real"))


def test_what_needs_equivalent_sites_is_refused():
    array, _ = frozen_site(0, 64)
    samples = own(array)
    with pytest.raises(InputError, match="leave out critic"):
        estimate_entropy(samples, critic=InterfaceCritic())
    cuts = ladder(samples.shape, samples.periodic).cuts
    with pytest.raises(InputError, match="leave out points and cuts"):
        estimate_chain_rule(samples, cuts=cuts)
    with pytest.raises(InputError, match="leave out points and cuts"):
        estimate_chain_rules([samples, samples], [[1.0], [2.0]])
    with pytest.raises(InputError, match="must agree"):
        estimate_chain_rules([samples, samples.replace(homogeneous=True)], [[1.0], [2.0]])


def test_a_stop_before_the_first_order_is_an_error():
    array, _ = frozen_site(0, 64)
    with pytest.raises(EstimateError, match="stopped before the chain rule"):
        estimate_entropy(own(array), should_stop=lambda: True)
    stops = iter([False] * 3)
    with pytest.raises(EstimateError, match="allow more time"):
        estimate_entropy(own(array), should_stop=lambda: next(stops, True))


def test_periodic_axes_keep_their_neighbours_across_the_boundary():
    """A ring whose last site repeats the first has the entropy of seven sites."""
    rng = np.random.default_rng(0)
    spin = rng.choice([-1, 1], size=(256, 8))
    spin[:, -1] = spin[:, 0]
    ring = estimate_entropy(own(spin, periodic=True), cross_check=False)
    assert abs(ring.entropy - 7 / 8 * np.log(2)) < 4 * ring.error
