"""The entropy of one phase minus that of another: exact answers, errors, and what is refused."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from moiety import EntropyResult, InputError, Particles, Training, entropy_difference, system
from moiety.base.errors import Stopped
from moiety.entropy.coexistence import coexistence_of, enthalpy_of, melting_check
from moiety.entropy.difference_terms import subtract
from moiety.results.difference import Measured

QUICK = {"threads": 1, "training": Training(steps=80, batch=256), "cross_check": False}
NAMES = ("dense", "thin")


def rods(density, seed=1):
    return system("hard-rods", particles=64, density=density).sample(96, seed=seed)


@pytest.fixture(scope="module")
def phases():
    return rods(0.5), rods(0.25)


@pytest.fixture(scope="module")
def found(phases):
    """Rods at two densities, whose entropies are known exactly."""
    return entropy_difference(*phases, names=NAMES, seed=1, **QUICK)


def test_rods_against_tonks(found):
    exact = log(1 - 0.25) - log(1 - 0.5) + log(0.5 / 0.25)
    # 3 of the stated errors: one false alarm in 400 if they hold, and the seeds are fixed
    assert abs(found.entropy - exact) < 3 * found.error < 0.2
    assert abs(found.density.value - log(2)) < 1e-12 and found.density.error == 0
    assert abs(found.entropy) > 10 * found.error  # negative control: it is not zero


def test_one_density_twice_differs_by_nothing():
    """The negative control: the same state point, other frames."""
    same = entropy_difference(rods(0.5, 1), rods(0.5, 2), seed=1, **QUICK)
    assert abs(same.entropy) < 3 * same.error and same.density.value == 0
    frames = rods(0.5)
    twice = entropy_difference(frames, frames, seed=1, **QUICK)
    assert twice.entropy == 0  # the same random numbers


def test_the_parts_add_up(found):
    terms = sum(scale.difference.value for scale in found.scales)
    assert found.excess.value == pytest.approx(terms)
    assert found.entropy == pytest.approx(found.excess.value + found.density.value)
    assert found.error == pytest.approx(np.sqrt(sum(part**2 for part in found.budget.values())))
    first, second = found.results
    assert found.budget["training"] == pytest.approx(
        np.hypot(first.budget["training"], second.budget["training"])
    )
    assert [scale.name for scale in found.scales][:2] == ["smallest blocks", "0.5"]
    levels = {"x".join(f"{side:g}" for side in level.shape): level for level in first.levels}
    known = found.scales[1]
    assert known.information[0].value == levels["0.5"].mutual_information


def test_results_give_the_same_difference_as_frames(found, tmp_path):
    for name, result in zip(NAMES, found.results, strict=True):
        result.save(tmp_path / f"{name}.nc")
    again = [EntropyResult.load(tmp_path / f"{name}.nc") for name in NAMES]
    stored = entropy_difference(*again, names=NAMES)
    assert stored.to_dict() == found.to_dict()
    swapped = entropy_difference(*again[::-1], names=NAMES)
    assert swapped.entropy == pytest.approx(-found.entropy) and swapped.error == found.error


def test_units(found):
    molar = subtract(found.results, NAMES, "J/mol/K")
    for part in ("entropy", "error"):
        assert getattr(molar, part) == pytest.approx(8.314462618 * getattr(found, part))
    assert molar.scales[1].difference.value == pytest.approx(
        8.314462618 * found.scales[1].difference.value
    )
    assert molar.scales[1].information == found.scales[1].information  # M stays in nats
    with pytest.raises(InputError, match="unknown unit 'eV'"):
        entropy_difference(*found.results, unit="eV")


def changed(result, **configuration):
    provenance = dict(result.provenance)
    provenance["configuration"] = provenance["configuration"] | configuration
    return replace(result, provenance=provenance)


@pytest.mark.parametrize(
    "name, value", [("resolution", 10.0), ("largest", 2.0), ("critic", {"name": "InterfaceCritic"})]
)
def test_results_of_other_settings_are_refused(found, name, value):
    other = changed(found.results[1], **{name: value})
    with pytest.raises(InputError, match=f"dense and thin differ in {name}"):
        entropy_difference(found.results[0], other, names=NAMES)
    entropy_difference(found.results[0], changed(found.results[1], seed=5))  # these may differ


def test_results_without_a_common_length_are_refused(found):
    first, second = found.results
    other = replace(second, provenance={**second.provenance, "sigma": 1.1})
    with pytest.raises(InputError, match="differ in sigma"):
        entropy_difference(first, other)
    bare = replace(second, provenance={k: v for k, v in second.provenance.items() if k != "sigma"})
    with pytest.raises(InputError, match="does not record its unit of length"):
        entropy_difference(first, bare)
    with pytest.raises(InputError, match="cannot change them"):
        entropy_difference(first, second, seed=1)


def test_frames_that_do_not_go_together_are_refused(phases, found):
    dense, thin = phases
    wider = thin.replace(diameters=1.2 * thin.diameters)
    plane = system("ideal-gas", particles=60, density=0.5).sample(16, seed=1)
    bare = thin.replace(diameters=None)
    crowded = Particles.from_frames(
        np.random.default_rng(1).random((16, 4, 1)) * 6, cells=6.0, periodic=True, diameters=1.0
    )
    for other, text in (
        (wider, "smallest diameters of dense and thin differ"),
        (plane, "dense has 1 dimensions and thin has 2"),
        (bare, "dense has diameters of particles and thin has none"),
        (crowded, "thin: blocks of 8 diameters do not fit"),
        (found.results[1], "one holds frames and the other a result"),
    ):
        with pytest.raises(InputError, match=text):
            entropy_difference(dense, other, names=NAMES, **QUICK)


def test_without_diameters_both_are_measured_in_the_first_peak_of_the_first(phases):
    dense, thin = (phase.replace(diameters=None) for phase in phases)
    found = entropy_difference(dense, thin, names=NAMES, **QUICK)
    sigmas = [result.provenance["sigma"] for result in found.results]
    # rods of length 1; in thin gases alone the peak lies elsewhere
    assert sigmas[0] == sigmas[1] == pytest.approx(1.0, abs=0.25)


def test_a_density_that_varies_adds_its_error(found):
    first, second = found.results
    loose = replace(second, provenance={**second.provenance, "density_error": 0.01})
    sampled = entropy_difference(first, loose)
    assert sampled.density.error == pytest.approx(0.01)
    # within a phase both parts move together: their errors add linearly
    assert sampled.budget["samples"] == pytest.approx(
        np.hypot(first.budget["samples"], second.budget["samples"] + 0.01)
    )


def test_another_mixture_is_noticed(found):
    first, second = found.results
    other = {**second.samples, "packing_fraction": 1.1 * second.samples["packing_fraction"]}
    checks = {c.name: c for c in entropy_difference(first, second).status.checks}
    assert checks["one substance"].passed
    found = entropy_difference(first, replace(second, samples=other))
    checks = {check.name: check for check in found.status.checks}
    assert not checks["one substance"].passed and "10%" in checks["one substance"].message


def test_a_doubtful_phase_makes_the_difference_doubtful(found):
    first, second = found.results
    check = replace(second.status.checks[0], passed=False, message="walls")
    doubtful = replace(second, status=replace(second.status, checks=(check,)))
    status = entropy_difference(first, doubtful, names=NAMES).status
    assert not status.ok and "thin: walls" in status.warnings


def test_a_stop_between_the_phases_makes_no_difference(phases):
    made = []
    with pytest.raises(Stopped, match="before thin was begun"):
        entropy_difference(
            *phases, names=NAMES, on_result=lambda which, _: made.append(which),
            should_stop=lambda: bool(made), largest=0.5, **QUICK,
        )  # fmt: skip
    assert made == [0]


def test_progress_counts_both_phases(phases):
    steps = []
    options = {**QUICK, "training": Training(steps=5)}
    entropy_difference(
        *phases, names=NAMES, largest=0.5, progress=lambda *step: steps.append(step), **options
    )
    done, totals, texts = zip(*steps, strict=True)
    assert list(done) == sorted(done) and set(totals) == {2}
    assert texts[0].startswith("dense: ") and texts[-1].startswith("thin: ")


def test_melting_temperature_and_free_energies():
    entropy = Measured(1.25, 0.05)
    known = coexistence_of(entropy, 1.5, ((-7.0, 0.03), (-4.5, 0.04)))
    assert known.melting.value == pytest.approx(2.0)
    assert known.melting.error == pytest.approx(2.0 * np.hypot(0.05 / 2.5, 0.05 / 1.25))
    assert known.free_energy.value == pytest.approx(2.5 - 1.5 * 1.25)  # the solid is stable
    assert known.expected.value == pytest.approx(2.5 / 1.5)
    assert melting_check(entropy, known)[0].passed
    assert coexistence_of(entropy, None, None) is None and melting_check(entropy, None) == ()
    assert coexistence_of(entropy, 2.0, None).heat.value == pytest.approx(2.5)


def test_what_is_no_melting_temperature_is_said():
    swapped = ((-4.5, 0.0), (-7.0, 0.0))
    (check,) = melting_check(Measured(1.2, 0.1), coexistence_of(Measured(1.2, 0.1), None, swapped))
    assert not check.passed and "opposite signs" in check.message
    for temperature in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="temperature must be positive"):
            coexistence_of(Measured(1.2, 0.1), temperature, None)


@pytest.mark.parametrize("text", ["", "warm", "1±", "nan", "inf", "1±2±3", "--1"])
def test_enthalpies_that_are_none_are_refused(text):
    with pytest.raises(InputError, match="cannot be read"):
        enthalpy_of(text)
