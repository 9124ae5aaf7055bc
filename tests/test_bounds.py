"""Bounds for a pair of Gaussians, where the critic and M are known."""

from math import exp

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gaussian_pairs import BATCH, BATCHES, CORRELATION, INFORMATION, assert_mean, averages, scored
from moiety.estimation.objectives import BOUNDS, DonskerVaradhanBound, NWJBound

repeatable = settings(derandomize=True, deadline=None, max_examples=50)
every_bound = pytest.mark.parametrize("bound", [kind() for kind in BOUNDS.values()], ids=BOUNDS)


@every_bound
def test_bounds_of_the_optimal_critic_equal_the_mutual_information(bound):
    assert_mean([bound(*scored(BATCH, 4, seed)) for seed in range(BATCHES)], INFORMATION)


@every_bound
def test_bounds_of_independent_halves_are_not_positive(bound):
    values = np.array([bound(*scored(BATCH, 4, seed, correlation=0.0)) for seed in range(BATCHES)])
    assert values.mean() < 4 * values.std() / np.sqrt(BATCHES)  # 4 sigma
    weights, _, product = averages()
    assert_mean(values, (weights * product).sum())  # minus a KL divergence


@every_bound
def test_bounds_are_in_double_precision_and_independent_of_order(bound):
    joint, product = (scores.float() for scores in scored(1000, 3))
    value = bound(joint, product)
    assert isinstance(value, float)
    order = torch.randperm(3000, generator=torch.Generator().manual_seed(0))
    assert bound(joint.flip(0), product.flatten()[order]) == pytest.approx(value, abs=1e-13)


@every_bound
def test_influences_are_changes_by_another_copy_of_a_pair(bound):
    joint, product = scored(2000)
    value, influences = bound(joint, product), bound.influence(joint, product)
    for k in (0, 5, 17):
        for place, scores in enumerate((joint, product[0])):
            pairs = [joint, product[0]]
            pairs[place] = torch.cat([scores, scores[k : k + 1]])
            change = (bound(*pairs) - value) * (len(scores) + 1)
            influence = float(influences[place].flatten()[k])
            assert change == pytest.approx(influence, abs=influence**2 / 2000 + 1e-9)
    means = [float(influence.mean()) for influence in influences]
    assert means == pytest.approx([0.0, 0.0], abs=1e-12)


def test_one_log_mean_exp_over_everything():
    """A mean of logarithms over batches of n would be too large by Var(e^F) / 2n."""
    bound, batch = DonskerVaradhanBound(), 8
    joint, product = scored(BATCH * 8, 1)
    whole = bound(joint, product)
    batches = zip(joint.split(batch), product.flatten().split(batch), strict=True)
    parts = np.mean([bound(*scores) for scores in batches])
    variance = 1 / (1 - CORRELATION**2) - 1  # <e^2F> - 1 over product pairs
    expected = variance / (2 * batch)  # higher orders are in (Var / n)^2
    assert parts - whole == pytest.approx(expected, rel=0.3)


scores_list = npst.arrays(
    np.float64, npst.array_shapes(max_dims=1, max_side=20), elements=st.floats(-300, 300)
)


@repeatable
@given(scores_list, scores_list)
def test_donsker_varadhan_is_never_below_nwj(joint, product):
    joint, product = torch.from_numpy(joint), torch.from_numpy(product)
    dv, nwj = DonskerVaradhanBound()(joint, product), NWJBound()(joint, product)
    assert dv >= nwj - 1e-9 * (1 + abs(nwj))
    shift = dv - float(joint.mean())  # - log <e^F>: with that offset they are the same
    assert NWJBound()(joint + shift, product + shift) == pytest.approx(dv, abs=1e-9 * (1 + abs(dv)))


@repeatable
@given(scores_list, scores_list, st.floats(-100, 100))
def test_donsker_varadhan_does_not_depend_on_the_offset(joint, product, offset):
    joint, product = torch.from_numpy(joint), torch.from_numpy(product)
    moved = DonskerVaradhanBound()(joint + offset, product + offset)
    assert moved == pytest.approx(DonskerVaradhanBound()(joint, product), abs=1e-9)


def test_nwj_depends_on_the_offset():
    joint, product = scored(BATCH, 4)
    assert NWJBound()(joint + 1, product + 1) == pytest.approx(
        INFORMATION + 1 - exp(1) + 1, abs=0.1
    )
