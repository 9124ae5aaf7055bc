"""Refinement: which cut is trained further, and why it ends."""

from time import perf_counter

import numpy as np
import pytest

from moiety import estimate_entropy
from moiety.base.deadline import Deadline
from moiety.entropy.budget import BaseTerm, EntropySum, TailTerm
from moiety.entropy.refinement import refine
from moiety.entropy.rungs import Rung
from moiety.estimation.execution import Hooks
from moiety.estimation.history import History
from moiety.estimation.training import Training
from moiety.results.types import Ended, Reason
from moiety.systems import system
from small import SMALL
from stubs import climb_of, information, ladder_cut, samples_of


class Terms:
    """A sum whose error comes from the samples, from late gains, and from the tail."""

    def __init__(self, *late, weights=(1.0, 1.0), rest=0.0, tail=0.0):
        cuts = [ladder_cut(4, 2.0**k, weight) for k, weight in zip((4, 5), weights, strict=True)]
        self.climb = climb_of(cuts)
        for cut, gain in zip(cuts, late, strict=False):
            m = information(1.0, 0.0, late=gain, missing=gain + rest)
            self.climb.rungs.append(Rung(cut, m))
        self.tail, self.refined = [TailTerm(1.0, 1.0, tail)], []
        self.climb.refine = self.refine

    def sum(self):
        estimated = [(cut.weight, m) for cut, m in self.climb.estimated]
        return EntropySum(BaseTerm(1.0, np.zeros(64), 0.0), estimated, self.tail, samples_of(64))

    def refine(self, place, again, task):
        """Double the steps of a cut and halve its late gain."""
        task.tick()
        self.refined.append((place, again))
        cut, m = self.climb.estimated[place]
        rest = m.missing - m.late
        more = History((2 * m.steps,), (0.0,), (0.0,), (0.0,), (1.0,))
        gains = {"late": m.late / 2, "missing": m.late / 2 + rest}
        better = information(1.0, 0.0, histories=(more,), **gains)
        self.climb.rungs[place] = Rung(cut, better)
        return True


def ended(terms, precision=1e-3, deadline=None, hooks=None):
    return refine(terms, precision, deadline or Deadline(perf_counter()), 1.0, hooks or Hooks())


@pytest.mark.parametrize(
    "terms, end, refined",
    [
        (Terms(4e-4, 5e-4), Ended.PRECISION, []),
        (Terms(0.0, 1.5e-3), Ended.PRECISION, [(1, 1)]),  # half of it is within the precision
        (Terms(0.0, 3.5e-3), Ended.PRECISION, [(1, 1), (1, 2)]),
        # what a round gains per step decides: 0.2 / 1, 0.1 / 2, 0.1 / 1, ...; three of a cut
        (Terms(0.1, 0.2), Ended.TRAINING, [(1, 1), (0, 1), (1, 2), (0, 2), (1, 3), (0, 3)]),
        (
            Terms(0.1, 0.2, weights=(8.0, 1.0)),
            Ended.TRAINING,
            [(0, 1), (0, 2), (1, 1), (0, 3), (1, 2), (1, 3)],
        ),
        # without late gains, 2.0 of 2.2 would be left: less than a tenth is to be gained
        (Terms(0.1, 0.1, rest=1.0), Ended.TRAINING, []),
        (Terms(0.1, 0.2, rest=1.0), Ended.TRAINING, [(1, 1)]),  # 2.0 of 2.3, then of 2.2
        (Terms(0.0, 0.4, tail=0.5), Ended.SAMPLES, [(1, 1)]),  # 0.5 of 0.64, then of 0.54
        (Terms(0.0, 0.2, tail=0.5), Ended.SAMPLES, []),
    ],
)
def test_the_cut_with_the_largest_gain_per_step_goes_first(terms, end, refined):
    assert ended(terms) == end and terms.refined == refined


def test_a_refinement_that_fails_is_not_repeated():
    terms = Terms(0.1, 0.2)
    terms.climb.refine = lambda place, again, task: terms.refined.append(place)
    assert ended(terms) == Ended.TRAINING and terms.refined == [1, 0]


def test_requests_to_stop_and_time_limits():
    now = perf_counter()
    late = ended(Terms(0.1, 0.2), deadline=Deadline(now - 10, 5.0))
    asked = ended(Terms(0.1, 0.2), deadline=Deadline(now, None, lambda: True))
    assert (late, asked) == (Ended.TIME_LIMIT, Ended.STOPPED)
    before = Terms(0.1, 0.2)  # the climb was stopped already
    before.climb.rungs[1] = Rung(before.climb.cuts[1], reason=Reason.STOPPED)
    assert ended(before) == Ended.STOPPED and before.refined == []
    # during a refinement: the request is seen by its tick, the loop ends
    answers = iter([False, True, True])
    during = Terms(0.1, 0.2)
    assert ended(during, deadline=Deadline(now, None, lambda: next(answers))) == Ended.STOPPED
    assert during.refined == []


def test_progress_and_names_of_refinements():
    shown, terms = [], Terms(0.1, 0.2)
    ended(terms, hooks=Hooks(progress=lambda *step: shown.append(step)))
    errors = [float(text.removeprefix("refining, error ")) for _, _, text in shown]
    assert errors[0] == pytest.approx(0.3) and errors == sorted(errors, reverse=True)
    assert {step[:2] for step in shown} == {(2, 2)}


def test_real_networks_that_learnt_little_learn_more():
    """On a small lattice above its transition."""
    samples = system("ising-square", size=4, temperature=2.5).sample(2048, seed=1)
    short = Training(steps=25, batch=128, learning_rate=3e-3, check_every=5)
    options = {"training": short, "critic": SMALL, "cross_check": False, "threads": 1}
    lax, strict = (
        estimate_entropy(samples, precision=precision, **options) for precision in (1.0, 1e-4)
    )
    assert lax.ended == "precision"
    assert lax.budget["training"] > lax.budget["samples"]  # else there is nothing to refine
    assert strict.budget["training"] < lax.budget["training"]
    assert strict.entropy < lax.entropy + lax.error  # what was missed made s too large
