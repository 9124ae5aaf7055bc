"""The cross-check by the chain rule: its difference, the error of it, and its warm start."""

from functools import partial

import numpy as np
import pytest

from moiety import InputError, estimate_entropy
from moiety.chain_rule.estimate import ChainRule, ChainRuleEstimate
from moiety.chain_rule.orders import RowByRow
from moiety.entropy.budget import BaseTerm, EntropySum, TailTerm
from moiety.entropy.cross_check import compare, given_estimate
from moiety.estimation.history import History, TrainingStatus
from moiety.estimation.training import Training
from moiety.systems import system
from small import SMALL
from stubs import information, samples_of

N = 64
NOISE = np.random.default_rng(0).normal(size=(3, N))


def chain_rule(entropy=0.5, missing=0.0, influence=None, status=TrainingStatus.CONVERGED):
    influence = NOISE[0] if influence is None else influence
    history = History((1,), (-0.6,), (-0.6,), (-0.6,), (-0.6,))
    return ChainRuleEstimate(
        entropy,
        entropy + missing,
        influence,
        missing,
        RowByRow(),
        (),
        {},
        status,
        (history,),
        (),
        1.0,
    )


def terms_of(influence, **parts):
    """A sum with this influence; `parts` are fields of its single estimated cut."""
    estimated = [(1.0, information(0.1, influence=-influence, **parts))]
    return EntropySum(BaseTerm(0.6, 0 * influence, 0.0), estimated, (), samples_of(N))


def test_noise_that_both_routes_share_cancels():
    other = chain_rule()
    same = compare(terms_of(NOISE[0]), 0.51, 0.0, other)
    assert same.entropy == 0.5 and same.difference == pytest.approx(0.01)
    assert same.error == pytest.approx(1 / np.sqrt(N), rel=0.4)
    assert same.difference_error == pytest.approx(0.0, abs=1e-12)
    apart = compare(terms_of(NOISE[1]), 0.51, 0.0, other)  # negative control: independent noise
    assert apart.difference_error > same.error


def test_errors_of_training_and_of_the_tail_do_not_cancel():
    terms = terms_of(NOISE[0], missing=0.3, spread=0.4)
    tail = EntropySum(terms.base, terms.estimated, [TailTerm(1.0, 0.0, 1.2)], terms.samples)
    assert compare(terms, 0.5, 0.0, chain_rule()).difference_error == pytest.approx(0.5)
    assert compare(tail, 0.5, 0.0, chain_rule()).difference_error == pytest.approx(1.3)
    missing = compare(terms_of(NOISE[0]), 0.5, 0.0, chain_rule(missing=0.25))
    assert missing.difference_error == pytest.approx(0.25)
    noise = compare(terms_of(NOISE[0]), 0.5, 0.0, chain_rule()).error
    assert missing.error == pytest.approx(np.hypot(0.25, noise))


def test_an_excess_entropy_leaves_out_the_site_in_both_routes():
    crossed = compare(terms_of(NOISE[0]), -0.1, 0.65, chain_rule(0.5))
    assert crossed.entropy == pytest.approx(0.5 - 0.65)
    assert crossed.difference == pytest.approx(-0.1 + 0.15)
    assert crossed.histories[0].bound == pytest.approx((-0.6 + 0.65,))  # minus the entropy


def test_an_estimate_of_other_samples_is_refused():
    assert given_estimate(True, N) is None and given_estimate(False, N) is None
    assert given_estimate(chain_rule(status=TrainingStatus.DIVERGED), N) is None
    known = given_estimate(chain_rule(), N)
    assert known.entropy == 0.5 and known.histories == ()
    with pytest.raises(InputError, match="belongs to 64 samples, not to these 32"):
        given_estimate(chain_rule(), 32)


def test_the_chain_rule_starts_warm_too():
    near, far = (
        system("ising-square", size=(8, 4), temperature=t).sample(256, seed=k)
        for k, t in enumerate((2.6, 2.5))
    )
    training = Training(steps=100, batch=512, averaging=0.98, check_every=50)
    rule = ChainRule(width=16, evaluations=2**14, training=training)
    brief = Training(steps=5, batch=128)
    estimate = partial(
        estimate_entropy, critic=SMALL, training=brief, precision=1.0, chain_rule=rule, threads=1
    )
    before = estimate(near)
    assert len(before.networks.chain_rule) == 2
    warm, cold = (estimate(far, warm_start=start).cross_check for start in (before, None))
    assert abs(warm.entropy - cold.entropy) < 4 * np.hypot(warm.error, cold.error)
    assert warm.entropy != cold.entropy  # the same seed, but other weights at the start
