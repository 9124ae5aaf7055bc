"""The sum of Eq. 4: its value, the influence of the samples, and the parts of its error."""

from dataclasses import replace
from math import hypot, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import Particles, Samples, estimate_entropy, estimate_excess_entropy
from moiety.data.statistics import series_error
from moiety.entropy.budget import BaseTerm, EntropySum, TailTerm, total_error
from stubs import information, samples_of

N = 32
numbers = st.floats(-5, 5)
sizes = st.floats(0, 5)


@st.composite
def sums(draw):
    """A sum of random terms over `N` samples in one or four chains."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))

    def estimate():
        parts = {"missing": draw(sizes), "spread": draw(sizes), "late": draw(sizes)}
        influence = rng.normal(size=N)
        return information(draw(numbers), draw(sizes), **parts, influence=influence)

    base = BaseTerm(draw(numbers), rng.normal(size=N), draw(sizes))
    estimated = [(draw(sizes), estimate()) for _ in range(draw(st.integers(0, 4)))]
    tail = [TailTerm(draw(sizes), draw(sizes), draw(sizes)) for _ in range(draw(st.integers(0, 4)))]
    return EntropySum(base, estimated, tail, samples_of(N, draw(st.sampled_from([1, 4]))))


def plain_sum(terms):
    """Entropy, influence and budget, term by term."""
    entropy, base = terms.base.entropy, terms.base.error
    influence = [float(value) for value in terms.base.influence]
    training = folds = tail = late = 0.0
    for weight, m in terms.estimated:
        entropy -= weight * m.value
        for sample in range(N):
            influence[sample] -= weight * m.influence[sample]
        training += weight * m.missing
        late += weight * m.late
        folds = sqrt(folds**2 + (weight * m.spread) ** 2)
    for term in terms.tail:
        entropy -= term.weight * term.mutual_information
        tail += term.weight * term.error
    samples = series_error(np.array(influence), terms.samples)
    parts = {"samples": samples, "base": base, "training": training, "folds": folds, "tail": tail}
    return entropy, influence, parts, late


def agrees(terms, other):
    """Whether a sum has the value, the influence and the error of the plain loop over `other`."""
    entropy, influence, parts, late = plain_sum(other)
    error = 0.0
    for part in parts.values():
        error = hypot(error, part)
    near = pytest.approx
    return (
        terms.entropy == near(entropy, abs=1e-9)
        and terms.influence == near(np.array(influence), abs=1e-9)
        and terms.budget == near(parts, abs=1e-9)
        and terms.late == near(late, abs=1e-9)
        and terms.error == near(error, abs=1e-9)
    )


@settings(max_examples=60, deadline=None)
@given(sums())
def test_the_sum_against_a_plain_loop(terms):
    assert agrees(terms, terms)


@pytest.fixture
def terms():
    """A base, two estimated cuts and two extrapolated ones, no two numbers alike."""
    rng = np.random.default_rng(0)
    first, second, third = rng.normal(size=(3, N))
    slow = first + np.repeat([3.0, -3.0, 2.0, -2.0], N // 4)  # so that chains make a difference
    small = information(0.3, 0.01, missing=0.02, spread=0.05, late=0.015, influence=second)
    large = information(0.5, 0.03, missing=0.07, spread=0.04, late=0.011, influence=third)
    base = BaseTerm(0.69, slow, 0.001)
    tail = [TailTerm(1 / 32, 0.9, 0.2), TailTerm(1 / 64, 1.7, 0.3)]
    return EntropySum(base, [(1 / 8, small), (1 / 16, large)], tail, samples_of(N, 4))


def change(terms, place, **changes):
    """The terms with one estimated cut changed."""
    estimated = list(terms.estimated)
    weight, m = estimated[place]
    estimated[place] = (changes.pop("weight", weight), replace(m, **changes))
    return replace(terms, estimated=estimated)


def test_every_wrong_term_is_noticed(terms):
    """Negative control: the plain loop tells each of these sums from the right one."""
    assert agrees(terms, terms)
    flat = terms.estimated[0][1].influence * 0
    wrong = [
        change(terms, 0, weight=1 / 16),
        change(terms, 1, value=0.49),
        change(terms, 0, missing=0.03),
        change(terms, 0, late=0.0),
        change(terms, 1, spread=0.0),
        change(terms, 0, influence=flat),
        replace(terms, base=replace(terms.base, error=0.002)),
        replace(terms, base=replace(terms.base, influence=flat)),
        replace(terms, tail=terms.tail[:1]),
        replace(terms, tail=[replace(terms.tail[0], error=0.1), terms.tail[1]]),
        replace(terms, samples=samples_of(N, 1)),
    ]
    assert not any(agrees(other, terms) for other in wrong)


def test_influences_of_different_terms_cancel_sample_by_sample(terms):
    """The error of the sum is that of the summed influence, not a sum of errors."""
    influence = np.random.default_rng(1).normal(size=N)
    cancelling = [(0.5, information(1.0, influence=influence / 0.5))]
    base = BaseTerm(1.0, influence, 0.0)
    together = EntropySum(base, cancelling, (), samples_of(N))
    assert together.budget["samples"] == pytest.approx(0.0, abs=1e-12)
    swapped = influence[[1, 0, *range(2, N)]]  # negative control: two samples exchanged
    apart = replace(together, estimated=[(0.5, information(1.0, influence=swapped / 0.5))])
    difference = abs(influence[0] - influence[1])
    assert sorted(np.abs(apart.influence)) == pytest.approx([*[0.0] * (N - 2), *[difference] * 2])
    assert apart.budget["samples"] > 0.1 * difference / np.sqrt(N)


def test_how_each_part_adds_up(terms):
    """Training and tail add up without cancelling, folds in quadrature, and parts in quadrature."""
    budget = terms.budget
    assert budget["base"] == 0.001
    assert budget["training"] == pytest.approx(0.02 / 8 + 0.07 / 16)
    assert budget["folds"] == pytest.approx(hypot(0.05 / 8, 0.04 / 16))
    assert budget["tail"] == pytest.approx(0.2 / 32 + 0.3 / 64)
    assert terms.late == pytest.approx(0.015 / 8 + 0.011 / 16)
    assert terms.error == total_error(budget) == pytest.approx(np.linalg.norm([*budget.values()]))


def test_lattices_and_particles_go_through_this_sum(monkeypatch):
    """A sum that is wrong on purpose makes both results wrong by as much."""
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**12)
    rng = np.random.default_rng(0)
    spins = Samples.from_array(rng.integers(2, size=(32, 4, 4)), periodic=True)
    gas = Particles.from_frames(
        rng.random((16, 30, 2)) * 8, cells=8.0, periodic=True, diameters=1.0
    )
    known = {
        16: information(0.1, influence=np.zeros(16)),
        32: information(0.1, influence=np.zeros(32)),
    }
    monkeypatch.setattr(
        "moiety.entropy.climb.mutual_information_of",
        lambda source, shape, *rest, **options: known[shape[0] * shape[1]],
    )

    def results():
        lattice = estimate_entropy(spins, cross_check=False, precision=1.0)
        return lattice, estimate_excess_entropy(gas, largest=0.5, cross_check=False)

    before = results()
    right, parts = EntropySum.entropy.fget, ("samples", "base", "training", "folds", "tail")
    monkeypatch.setattr(EntropySum, "entropy", property(lambda terms: right(terms) + 1.0))
    monkeypatch.setattr(EntropySum, "budget", property(lambda terms: dict.fromkeys(parts, 3.0)))
    for result, wrong in zip(before, results(), strict=True):
        assert wrong.entropy == pytest.approx(result.entropy + 1.0)
        assert wrong.error == pytest.approx(3.0 * sqrt(5))
