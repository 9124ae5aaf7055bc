"""The climb: what is trained, from which networks, and what is left to the area law."""

from math import log

import numpy as np
import pytest

from moiety import EstimateError
from moiety.base.errors import Stopped
from moiety.entropy.lattice_terms import ladder_cut as lattice_cut
from moiety.entropy.rungs import ClimbRules
from moiety.estimation.estimator import scale_learning_rate
from moiety.estimation.execution import Task
from moiety.estimation.history import TrainingStatus
from moiety.estimation.networks import Networks
from moiety.estimation.training import Training
from moiety.geometry.cuts import ladder
from moiety.results.types import Reason
from stubs import Answers, climb_of, information, ladder_cut, samples_of

LENGTHS = (4, 8, 16, 32)  # interfaces of the cuts, smallest first


@pytest.fixture
def answers(monkeypatch):
    """Replaces the estimator by known answers."""

    def install(*values):
        known = Answers(*values)
        monkeypatch.setattr("moiety.entropy.climb.mutual_information_of", known)
        return known

    return install


def cuts_of(*lengths, **options):
    return [ladder_cut(length, volume=2.0**k, **options) for k, length in enumerate(lengths, 4)]


def climbed(answers, values, cuts=None, **options):
    """A climb through known values, and the calls of the estimator."""
    known, climb = answers(*values), climb_of(cuts or cuts_of(*LENGTHS), **options)
    for cut in climb.cuts:
        climb.take(cut, Task())
    return climb, known.calls


def proportional(error=1e-3, slope=0.2, lengths=LENGTHS[:3]):
    """Three estimates that follow the area law."""
    return [information(slope * length, error) for length in lengths]


def test_every_cut_is_estimated_where_nothing_speaks_against_it(answers):
    values = [information(m) for m in (1.0, 1.7, 2.9, 5.0)]
    climb, calls = climbed(answers, values)
    assert [m for _, m in climb.estimated] == values and len(calls) == 4
    assert climb.extrapolated == [] and climb.reason is None and not climb.is_stopped


@pytest.mark.parametrize(
    "rules, weight, below, skips",
    [
        ({}, 1e-5, proportional(), True),
        ({"tail": False}, 1e-5, proportional(), False),
        ({}, 1.0, proportional(), False),  # the law's error would matter for the entropy
        ({}, 1e-5, [information(m) for m in (0.8, 1.6, 2.8)], False),  # M / l falls by an eighth
        ({"rise": 0.2}, 1e-5, [information(m) for m in (0.8, 1.6, 2.8)], True),
        ({}, 1e-5, proportional(error=0.2), False),  # too noisy to look level
    ],
)
def test_a_law_that_holds_replaces_the_training(answers, rules, weight, below, skips):
    climb, calls = climbed(
        answers,
        [*below, information(6.4)],
        cuts_of(*LENGTHS, weight=weight),
        rules=ClimbRules(**rules),
    )
    assert [reason for _, reason in climb.extrapolated] == [Reason.AREA_LAW] * skips
    assert len(calls) == 4 - skips


def test_a_law_is_known_from_three_cuts_with_two_interfaces(answers):
    two, _ = climbed(answers, proportional(lengths=(4, 8)), cuts_of(4, 8))
    same, _ = climbed(answers, proportional(lengths=(4, 4, 4)), cuts_of(4, 4, 4))
    three, _ = climbed(answers, proportional(lengths=(4, 4, 8)), cuts_of(4, 4, 8))
    assert (two.law_holds(), same.law_holds(), three.law_holds()) == (False, False, True)


@pytest.mark.parametrize("slope, skips", [(0.2, True), (0.02, False)])
def test_a_cut_that_must_be_beyond_the_samples_is_not_trained(answers, slope, skips):
    """The top cut has 128 sites of interface: 25.6 or 2.6 nats; the limit is log 25.6."""
    samples = samples_of(256, shape=(64, 64))
    rungs = ladder(samples.shape, samples.periodic)
    known = [cut for cut in reversed(rungs.cuts) if 16 <= cut.volume <= 256]
    cuts = [lattice_cut(cut, rungs, samples, "cpu") for cut in (*known, rungs.cuts[0])]
    values = [information(slope * cut.interface) for cut in cuts]
    calls = answers(*values).calls
    climb = climb_of(cuts, ClimbRules(tail=False), effective=256.0)
    assert climb.certifiable(cuts[-1]) == pytest.approx(log(256))
    assert climb.certifiable(cuts[0]) == pytest.approx(log(256 * 4096 / 32))  # a window of 2 x 16
    for cut in cuts:
        climb.take(cut, Task())
    assert [reason for _, reason in climb.extrapolated] == [Reason.BEYOND_SAMPLES] * skips
    assert len(calls) == len(cuts) - skips


def test_without_prediction_it_is_trained(answers):
    rules = ClimbRules(tail=False, predicts=False)
    climb, calls = climbed(
        answers, [*proportional(), information(6.4)], rules=rules, effective=100.0
    )
    assert len(calls) == 4
    # log 100 = 4.6: the estimate is rejected all the same
    assert [reason for _, reason in climb.extrapolated] == [Reason.BEYOND_SAMPLES]


@pytest.mark.parametrize(
    "answer, reason",
    [
        (information(6.4), None),
        (information(6.4, status=TrainingStatus.OUT_OF_BUDGET), None),
        (information(6.4, status=TrainingStatus.DIVERGED), Reason.DIVERGED),
        (information(log(1e4) + 0.01), Reason.BEYOND_SAMPLES),
        (information(log(1e4) - 0.01), None),
        (information(6.4, support=9.0), Reason.BEYOND_SAMPLES),
        (information(6.4, support=11.0), None),
        (information(0.9, support=9.0), None),  # less than a nat, which few pairs carry as well
        (Stopped("at once"), Reason.STOPPED),
    ],
)
def test_an_estimate_is_rejected_for_a_reason(answers, answer, reason):
    climb, calls = climbed(
        answers,
        [answer, information(7.0)],
        cuts_of(32, 64),
        effective=1e4,
        rules=ClimbRules(tail=False),
    )
    assert climb.reason == reason and climb.is_stopped == (reason == Reason.STOPPED)
    assert len(climb.estimated) == (0 if reason else 2)
    # cuts above a rejected one are left to the law for the same reason, without training
    assert [why for _, why in climb.extrapolated] == ([reason] * 2 if reason else [])
    assert len(calls) == (1 if reason else 2)


@pytest.mark.parametrize(
    "m, error, tail, reasons",
    [
        (4.7, 3.3, True, [Reason.AREA_LAW]),
        (4.7, 3.3, False, []),
        (6.0, 0.7, True, []),
        (6.4, 1e-3, True, []),
        (1.0, 0.3, True, []),
    ],
)
def test_a_poorly_known_m_is_left_to_the_law(answers, m, error, tail, reasons):
    """Only a relative error above a fifth that is larger than the law's own gives way."""
    below = [information(0.2 * length, 0.2) for length in (8, 16, 16)]
    climb, calls = climbed(
        answers,
        [*below, information(m, error)],
        cuts_of(8, 16, 16, 32),
        rules=ClimbRules(tail=tail),
    )
    assert [reason for _, reason in climb.extrapolated] == reasons and len(calls) == 4


def test_the_law_needs_an_estimate_or_counted_cuts(answers):
    climb, _ = climbed(answers, [Stopped("at once")])
    with pytest.raises(EstimateError, match="before any level"):
        climb.law()
    assert climb.law(lambda: [(4.0, 1.0, 0.4, 1e-3)])(20.0) == pytest.approx(2.0)
    full, _ = climbed(answers, proportional(slope=0.3), cuts_of(*LENGTHS[:3]))
    assert full.law()(100.0) == pytest.approx(30.0)
    # counted cuts help only where fewer than four were estimated
    values, rules = proportional(lengths=(4, 4, 8, 8)), ClimbRules(tail=False)
    four, _ = climbed(answers, values, cuts_of(4, 4, 8, 8), rules=rules)
    assert four.law(lambda: [(4.0, 1.0, 400.0, 1e-6)])(100.0) == pytest.approx(20.0)


# Networks


@pytest.mark.parametrize(
    "slows_down, rates", [(True, [1.0, 1 / np.sqrt(8), 0.25]), (False, [1.0, 1.0, 1.0])]
)
def test_each_cut_starts_from_the_one_below(answers, slows_down, rates):
    """The longer the interface, the slower the training that starts from a smaller cut."""
    modules = [(f"network {k}", "other fold") for k in range(3)]
    values = [information(1.0 + k, modules=own) for k, own in enumerate(modules)]
    _, calls = climbed(answers, values, cuts_of(4, 8, 16), rules=ClimbRules(slows_down=slows_down))
    assert [call.warm_start for call in calls] == [(), *modules[:2]]
    full = Training().learning_rate
    assert [call.training.learning_rate for call in calls] == pytest.approx(
        [full * r for r in rates]
    )


def test_a_cut_without_networks_below_starts_anew(answers):
    _, calls = climbed(answers, [information(1.0), information(2.0)], cuts_of(4, 16))
    assert calls[1].warm_start == ()


def test_earlier_networks_come_first(answers):
    """Those of the same block, else of the nearest volume; then a short training is enough."""
    cuts = cuts_of(4, 8, 16)  # keys (16, 4), (32, 8), (64, 16)
    earlier = Networks({(32.0, 8.0): ("same",), (16.0, 5.0): ("near",), (900.0, 1.0): ("far",)})
    values = [information(k, modules=("below",)) for k in (1.0, 2.0, 3.0)]
    _, calls = climbed(answers, values, cuts, warm_start=earlier)
    assert [call.warm_start for call in calls] == [("near",), ("same",), ("far",)]
    assert all(call.training == Training().warm() for call in calls)


def test_what_the_estimator_is_given(answers):
    known = answers(information(1.0), information(2.0))
    climb = climb_of([ladder_cut(4, effort=0.5), ladder_cut(8, volume=32.0, effort=0.25)], seed=7)
    task = Task()
    climb.take(climb.cuts[0], task, seconds=3.0)
    climb.take(climb.cuts[1], task)
    first, second = known.calls
    assert (first.training.seconds, second.training.seconds) == (3.0, None)
    assert (first.effort, second.effort) == (1.0, 0.5)  # relative to the smallest cut
    assert first.tau == 0.5 and first.shape == (4, 16) and first.task is task
    assert first.execution.seed == 7 and first.source.interface == 4


# Refining


@pytest.fixture
def refinable(answers):
    """A climb of two cuts, and a function that refines the second one to a known answer."""
    before = information(2.0, 0.2, modules=("networks",), seconds=5.0)
    climb, _ = climbed(answers, [information(1.0), before], cuts_of(4, 8), seed=3)

    def refine(answer, again=1):
        known = answers(answer)
        return climb.refine(1, again, Task()), known.calls[0]

    return climb, before, refine


@pytest.mark.parametrize(
    "after",
    [
        information(1.9, 0.1),
        information(2.1, 0.2, missing=0.05),  # a larger error than before, but a larger bound
    ],
)
def test_refining_keeps_a_smaller_error_or_a_larger_bound(refinable, after):
    climb, before, refine = refinable
    kept, call = refine(after)
    (_, untouched), (_, m) = climb.estimated
    assert kept and m is after and untouched.value == 1.0
    assert call.warm_start == ("networks",) and call.part.before is before
    assert call.training == scale_learning_rate(Training(), 8)  # as in the climb


@pytest.mark.parametrize(
    "answer",
    [
        information(2.0, 0.2),
        information(1.9, 0.3),
        information(2.2, 0.3, missing=0.2),
        information(2.2, 0.1, status=TrainingStatus.DIVERGED),
    ],
)
def test_refining_changes_nothing_otherwise(refinable, answer):
    climb, before, refine = refinable
    assert not refine(answer)[0] and climb.estimated[1][1] is before


def test_a_stop_while_refining_changes_nothing(refinable):
    climb, before, refine = refinable
    with pytest.raises(Stopped):
        refine(Stopped("now"))
    assert climb.estimated[1][1] is before


@pytest.mark.parametrize("earlier, share", [(None, 0.25), (Networks({(16.0, 4.0): ("n",)}), 1.0)])
def test_first_budgets(answers, earlier, share):
    known = answers(information(1.0, 0.5), information(1.0, 0.4))
    climb = climb_of(cuts_of(4), ClimbRules(first=0.25), warm_start=earlier)
    climb.take(climb.cuts[0], Task())
    assert climb.refine(0, 1, Task())
    assert [call.part.share for call in known.calls] == [share, share]
    assert len({call.training for call in known.calls}) == 1


def test_each_refinement_takes_new_pairs_and_doubles_the_steps(answers):
    known = answers(information(1.0, 0.5), information(1.0, 0.4), information(1.0, 0.3))
    climb = climb_of(cuts_of(4), ClimbRules(first=0.25))
    climb.take(climb.cuts[0], Task())
    assert climb.refine(0, 1, Task()) and climb.refine(0, 2, Task())
    assert [call.part.share for call in known.calls] == [0.25, 0.25, 0.5]
    assert [call.part.number for call in known.calls] == [0, 1, 2]
    assert {call.execution.seed for call in known.calls} == {0}  # the same held-out pairs
