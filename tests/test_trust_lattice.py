"""What an estimate does with the findings about its samples."""

from dataclasses import replace
from functools import partial
from math import comb, log

import numpy as np
import pytest

from moiety import InputError, Samples
from moiety import estimate_entropy as estimate_both_ways
from moiety.chain_rule.estimate import ChainRule, estimate_chain_rule
from moiety.data.statistics import series_error
from moiety.entropy.conserved_totals import entropy_of_totals
from moiety.entropy.distinct import distinct_samples
from moiety.entropy.limits import entropy_limits
from moiety.estimation.training import Training
from moiety.geometry.cuts import ladder
from moiety.inspection import Finding, Inspection
from moiety.results.types import Source
from moiety.systems import system
from small import SMALL
from stubs import information

BRIEF = Training(steps=5, batch=128)  # where it does not matter what is learnt
RULE = ChainRule(evaluations=2**12, training=Training(steps=4, batch=256))
OPTIONS = {"critic": SMALL, "training": BRIEF, "precision": 1.0, "threads": 1}
estimate_entropy = partial(estimate_both_ways, **OPTIONS, cross_check=False)
NO_COPIES = Finding("copies", True, 0.0, "no sample is a copy of another")
COPIES = Finding("copies", False, 8.0, "only 64 of 256 samples differ")
SAME_TOTAL = Finding("conserved", False, 0.0, "the total is the same in all samples")


@pytest.fixture
def found(monkeypatch):
    """Replaces the inspection by one that finds this."""

    def install(*findings, **parts):
        answer = Inspection(findings, **parts)
        monkeypatch.setattr("moiety.entropy.inspected.inspect", lambda samples: answer)

    return install


@pytest.fixture(scope="module")
def few():
    return system("ising-square", size=4, temperature=2.5).sample(64, seed=1, threads=1)


def repeated(samples, times):
    """The samples several times over, and the first index of each."""
    places = np.arange(samples.n * times).reshape(samples.chains, -1)
    first = np.tile(places[:, : samples.draws], times)
    many = samples.replace(values=np.concatenate([samples.values] * times, axis=1))
    return many, first.ravel()


def numbers(result):
    return result.entropy, result.error, [level.mutual_information for level in result.levels]


# Copies


def test_copies_count_once(few, found):
    """The estimate is that of the different samples, to the last bit."""
    many, first = repeated(few, 4)
    found(NO_COPIES)
    alone, counted = estimate_entropy(few), estimate_entropy(many)
    found(COPIES, originals=first)
    result = estimate_entropy(many)
    assert numbers(result) == numbers(alone)
    assert (result.samples["n"], result.samples["distinct"]) == (256, 64)
    assert result.samples["effective"] == alone.samples["effective"] <= 64
    assert result.status.warnings[0] == COPIES.message
    # negative control: counted four times, they promise half the error
    assert counted.budget["samples"] < 0.6 * alone.budget["samples"]
    assert "distinct" not in alone.samples


def test_a_given_cross_check_that_has_seen_copies_is_made_again(few, found):
    many, first = repeated(few, 4)
    given = estimate_chain_rule(many, RULE, threads=1)
    found(COPIES, originals=first)
    again = estimate_both_ways(many, **OPTIONS, cross_check=given, chain_rule=RULE)
    assert again.cross_check.entropy != given.entropy
    found(NO_COPIES)
    fresh = estimate_both_ways(few, **OPTIONS, chain_rule=RULE)
    assert again.cross_check.entropy == fresh.cross_check.entropy
    # negative control: without copies the given one is used
    kept = estimate_both_ways(many, **OPTIONS, cross_check=given)
    assert kept.cross_check.entropy == given.entropy


@pytest.mark.parametrize(
    "chains, originals, left",
    [
        (4, [0, 1, 2, 3, *range(12, 16)], (2, 4)),  # whole chains are copies of others
        (4, [0, 1, 4, 5, 8, 9, 12, 13], (4, 2)),  # as many in each
        (4, [0, 1, 2, 3, 4, 8, 9, 12], (1, 8)),  # ragged
        (1, range(9), (1, 9)),
    ],
)
def test_chains_stay_chains_where_they_stay_equal(chains, originals, left):
    values = np.random.default_rng(0).integers(0, 2, size=(chains, 16 // chains, 4, 4))
    samples = Samples.from_array(values, axes="chain,draw,x,y", periodic=True)
    first = np.full(16, min(originals))
    first[list(originals)] = list(originals)
    distinct = distinct_samples(samples, first)
    assert (distinct.chains, distinct.draws) == left
    kept = samples.values.reshape(16, 4, 4)[list(originals)]
    assert np.array_equal(distinct.values.reshape(-1, 4, 4), kept)
    assert distinct_samples(samples, None) is samples


def test_too_few_that_differ_are_refused(few, found):
    with pytest.raises(InputError, match="only 7 of 64 samples differ; at least 8 must"):
        distinct_samples(few, np.arange(64) % 7)
    found(COPIES, originals=np.arange(64) % 8)
    with pytest.raises(InputError, match="a quarter of the samples"):  # of those that differ
        estimate_entropy(few, folds=3)


# Conserved quantities


@pytest.fixture
def proportional(monkeypatch, found):
    """An estimate whose M follows the area law exactly."""

    def estimate(conserved):
        samples = system("ising-square", size=32, temperature=4.0).sample(64, seed=1, threads=1)

        def answer(source, *arguments, **options):
            return information(0.02 * source.interface, 1e-5, influence=np.zeros(64))

        monkeypatch.setattr("moiety.entropy.climb.mutual_information_of", answer)
        found(replace(SAME_TOTAL, passed=not conserved), conserved=conserved)
        return estimate_entropy(samples)

    return estimate


def test_a_conserved_total_leaves_nothing_to_the_area_law(proportional):
    def followed(result):
        return sum(level.source == Source.EXTRAPOLATED for level in result.levels)

    bound, free = proportional(conserved=True), proportional(conserved=False)
    assert followed(bound) == 0 and bound.status.warnings[0] == SAME_TOTAL.message
    assert followed(free) > 0  # negative control: without it, the law holds


def fixed_total(size, n, seed=0):
    """Independent sites, half of them up in every sample."""
    rng, spins = np.random.default_rng(seed), np.repeat([-1, 1], size * size // 2)
    values = np.array([rng.permutation(spins) for _ in range(n)]).reshape(n, size, size)
    return Samples.from_array(values, periodic=True)


def chance_of_each_number(sites):
    """Probabilities of the number of sites up in one half, if half of all sites are up."""
    half = sites // 2
    return np.array([comb(half, k) * comb(half, half - k) / comb(sites, half)
                     for k in range(half + 1)])  # fmt: skip


@pytest.mark.parametrize("size, n", [(8, 1024), (16, 512)])
def test_halves_share_the_number_that_fixes_the_total(size, n):
    samples, p = fixed_total(size, n), chance_of_each_number(size * size)
    cut = ladder(samples.shape, samples.periodic).cuts[0]
    entropy, influence = entropy_of_totals(samples, cut)
    exact = -(p * np.log(np.maximum(p, 1e-300))).sum()
    # 4 errors: one false alarm in 10^4; the influences carry the error
    assert abs(entropy - exact) < 4 * series_error(influence, samples) + 0.002
    assert abs(influence.mean()) < 1e-9
    free = samples.replace(values=np.random.default_rng(1).integers(0, 2, samples.values.shape))
    assert entropy_of_totals(free, cut) is None  # negative control: no conserved total


def test_a_conserved_total_lowers_the_entropy_even_if_no_critic_sees_it(monkeypatch):
    """16x16 sites, 128 up: log C(256, 128) / 256 = 0.6814, of which a blind critic sees nothing.

    The cut of the whole lattice gives back 0.0110 of the 0.0117; smaller cuts share the rest.
    """
    samples = fixed_total(16, 512)
    blind = information(0.0, missing=0.1, influence=np.zeros(512))
    monkeypatch.setattr("moiety.entropy.climb.mutual_information_of", lambda *a, **b: blind)
    result = estimate_entropy(samples)
    exact = log(comb(256, 128)) / 256
    assert abs(result.entropy - exact) < 0.002 < log(2) - exact
    assert "conserved quantity" in result.status.warnings[0]
    assert result.levels[0].mutual_information == pytest.approx(2.8, abs=0.1)
    # negative control: where the critic sees more, its number stands
    seeing = information(5.0, missing=0.1, influence=np.zeros(512))
    monkeypatch.setattr(
        "moiety.entropy.climb.mutual_information_of",
        lambda source, *a, **b: seeing if source.key == (16, 16) else blind,
    )
    assert estimate_entropy(samples).levels[0].mutual_information == 5.0


# Limits of the entropy


@pytest.mark.parametrize("chance", [0.3, 0.02])
def test_the_mean_entropy_of_the_sites_is_corrected_for_few_samples(chance):
    """Means of 200 sets of 64 samples; 4 standard errors, one false alarm in 10^4."""
    rng = np.random.default_rng(3)
    exact = -(chance * np.log(chance) + (1 - chance) * np.log(1 - chance))
    limits = [
        entropy_limits(Samples.from_array(spins, periodic=True, states=2))
        for spins in rng.random((200, 64, 4, 4)) < chance
    ]
    means = np.array([limit.sites for limit in limits])
    off = abs(means.mean() - exact)
    tail = 0.1 * exact if chance < 0.1 else 0.0  # states that never occurred are not corrected for
    assert off < 4 * means.std() / np.sqrt(200) + tail
    errors = np.mean([limit.error for limit in limits])
    assert 0.7 * means.std() < errors < 1.5 * means.std()  # the errors are those that occur


def test_sites_of_their_own_have_a_lower_limit_than_log_q():
    rng = np.random.default_rng(0)
    chances = rng.choice([0.35, 0.65], size=(8, 8))
    uneven = Samples.from_array(rng.random((1024, 8, 8)) < chances, periodic=True)
    limits = entropy_limits(uneven)
    exact = -(0.35 * np.log(0.35) + 0.65 * np.log(0.65))
    assert abs(limits.sites - exact) < 4 * limits.error + 1e-4  # 4 errors: one in 10^4
    shuffled = uneven.replace(values=rng.permuted(uneven.values.reshape(1024, 64), axis=1)
                              .reshape(1, 1024, 8, 8))  # fmt: skip
    assert entropy_limits(shuffled).sites > 0.69  # negative control: all sites alike
    assert entropy_limits(Samples.from_array(rng.normal(size=(16, 4)), periodic=True,
                                             kind="real", axes="draw,x")) is None  # fmt: skip


def test_sites_of_their_own_are_doubtful_by_their_entropies_alone(found, monkeypatch):
    """Averaged over positions, the sites of two kinds look like one that is free to be both."""
    rng = np.random.default_rng(0)
    chances = rng.choice([0.35, 0.65], size=(8, 8))
    known = information(0.0, influence=np.zeros(1024))
    monkeypatch.setattr("moiety.entropy.climb.mutual_information_of", lambda *a, **b: known)
    found()
    for spread, doubtful in ((chances, True), (np.full((8, 8), 0.5), False)):
        samples = Samples.from_array(rng.random((1024, 8, 8)) < spread, periodic=True)
        failed = [check.name for check in estimate_entropy(samples).status.checks
                  if not check.passed]  # fmt: skip
        assert ("s <= H(site)" in failed) == doubtful


# No false alarms


def test_equal_samples_have_no_entropy_and_raise_no_doubt():
    for states in (None, 2, 3):
        constant = Samples.from_array(np.zeros((64, 8, 8), int), periodic=True, states=states)
        result = estimate_entropy(constant)
        assert result.entropy == pytest.approx(0.0, abs=1e-6)
        assert result.status.ok, str(result.status)


def test_the_unit_of_a_continuous_field_raises_no_doubt(found, monkeypatch):
    """Its differential entropy may be negative, so that M exceeds it."""
    known = information(0.05, influence=np.zeros(128))
    monkeypatch.setattr("moiety.entropy.climb.mutual_information_of", lambda *a, **b: known)
    found()
    values = np.random.default_rng(0).normal(size=(128, 8, 8))
    for unit in (1.0, 1e-3):
        field = Samples.from_array(values * unit, kind="real", periodic=True)
        result = estimate_entropy(field)
        assert result.status.ok, str(result.status)
    assert result.entropy < -4


def test_columns_that_share_nothing_raise_no_doubt(found, monkeypatch):
    """M falls from cuts across the columns to cuts between them; along either it grows."""
    found()

    def answer(source, *arguments, **options):
        across = source.cut.axis == 1
        m = 0.1 * source.interface * across
        return information(m, 1e-3, influence=np.zeros(256))

    monkeypatch.setattr("moiety.entropy.climb.mutual_information_of", answer)
    rng = np.random.default_rng(0)
    free = Samples.from_array(rng.integers(0, 2, (256, 16, 16)), periodic=True)
    status = estimate_entropy(free).status
    assert "M grows with size" not in [c.name for c in status.checks if not c.passed]
