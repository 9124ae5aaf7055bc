"""Cross-fitting: splits, and one network per fold that never sees its held-out samples."""

from threading import Event
from time import sleep

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from moiety import InputError
from moiety.base.errors import Stopped
from moiety.estimation.execution import Execution, Task
from moiety.estimation.folds import cross_fit, cross_splits, disagreement, one_thread, side_by_side
from moiety.estimation.history import History, TrainingStatus
from moiety.estimation.training import Trained, Training, minimise

# --- Splits


@settings(derandomize=True, deadline=None)
@given(st.integers(1, 9), st.integers(4, 40), st.integers(2, 4), st.floats(0.05, 0.5))
def test_splits_are_disjoint_and_cover_all_samples(chains, draws, folds, share):
    n = chains * draws
    assume(n >= 16)
    splits = cross_splits(chains, draws, folds, share)
    assert np.concatenate([split.test for split in splits]).tolist() == list(range(n))  # each once
    for split in splits:
        sets = (split.train, split.validation, split.test)
        assert sorted(np.concatenate(sets).tolist()) == list(range(n))
        assert min(map(len, sets)) >= 1
        expected = max(share * (n - len(split.test)), 2)  # two can be paired
        assert len(split.validation) == pytest.approx(expected, abs=1)
        for indices, most_runs in zip(sets, (2, 1, 1), strict=True):  # the two ends are joined
            runs = np.count_nonzero(np.diff(indices, append=indices[0] + n) != 1)
            assert runs <= most_runs
        if chains % folds == 0:
            assert len(set(split.test // draws)) * draws == len(split.test)  # whole chains


def test_validation_is_far_from_the_test_set():
    for split in cross_splits(1, 300, folds=3):
        distance = np.abs(split.validation[:, None] - split.test).min()
        assert distance >= 80  # half of the 160 draws for training


# --- Cross-fitting


class Mean(nn.Module):
    """A network that learns one number."""

    def __init__(self):
        super().__init__()
        self.value = nn.Parameter(torch.randn(()))


def fit_mean(values):
    """A `fit` that learns the mean of the training samples and reads the distances from it."""

    def fit(fold):
        train, held_out = (
            torch.from_numpy(values[part]) for part in (fold.split.train, fold.split.test)
        )
        generator = fold.streams.torch("train")

        def loss():
            batch = train[torch.randint(len(train), (64,), generator=generator)]
            return (batch - fold.network.value).square().mean()

        def judge(network):
            return -float((train - network.value).square().mean()), float(network.value)

        trained = minimise(
            fold.network,
            loss,
            judge,
            Training(steps=100, learning_rate=0.2, check_every=50),
            tick=fold.tick,
            on_check=fold.on_check,
        )
        return trained, (held_out - trained.module.value.detach()).numpy()

    return fit


def fitted(values, execution, folds=2, **options):
    splits = cross_splits(1, len(values), folds)
    return cross_fit(splits, "mean", Mean, fit_mean(values), execution, **options)


def test_the_network_of_a_fold_never_sees_its_held_out_samples():
    # the samples of each fold have a number of their own: a network can only know the others'
    values = np.repeat(np.float32([0.0, 1.0, 5.0]), 40)
    folds = fitted(values, Execution(seed=1), folds=3)
    learnt = [float(module.value) for module in folds.modules]
    expected = [values[split.train].mean() for split in folds.splits]  # 2 if nothing is held out
    assert learnt == pytest.approx(expected, abs=0.4)  # batches of 64 err by 0.2
    distances = folds.gathered(folds.readings)
    np.testing.assert_allclose(distances, values - np.repeat(learnt, 40), rtol=1e-6)


def test_averages_weigh_folds_by_their_samples():
    folds = fitted(np.arange(13.0), Execution(), folds=3)
    assert [len(split.test) for split in folds.splits] == [4, 5, 4] and folds.samples == 13
    assert folds.mean([1.0, 2.0, 3.0]) == pytest.approx((4 + 10 + 12) / 13)
    indices = [split.test.astype(float) for split in folds.splits]
    np.testing.assert_array_equal(folds.gathered(indices), np.arange(13.0))
    assert folds.late_gain() == folds.mean([history.late_gain for history in folds.histories])
    assert folds.status == TrainingStatus.worst(trained.status for trained in folds.trained)


def test_the_seed_alone_decides_the_numbers():
    values = np.random.default_rng(0).normal(size=40)

    def numbers(seed, threads):
        folds = fitted(values, Execution(seed=seed, threads=threads))
        return folds.gathered(folds.readings).tolist(), folds.histories

    before = torch.random.get_rng_state()
    assert numbers(1, 2) == numbers(1, 1) != numbers(2, 1)
    assert torch.equal(torch.random.get_rng_state(), before)  # the user's own numbers are untouched


def test_a_warm_start_copies_the_weights_of_each_fold():
    def unchanged(fold):
        trained = Trained(fold.network, TrainingStatus.CONVERGED, History())
        return trained, float(fold.network.value.detach())

    given = [{"value": torch.tensor(3.0)}, {"value": torch.tensor(4.0)}]
    splits = cross_splits(1, 12, 3)
    warm = cross_fit(splits, "mean", Mean, unchanged, Execution(), warm_start=given)
    assert warm.readings == (3.0, 4.0, 3.0)  # in turn, as there are fewer networks than folds
    cold = cross_fit(splits, "mean", Mean, unchanged, Execution())
    assert len(set(cold.readings)) == 3  # each fold has its own initial weights
    other = cross_fit(splits, "other", Mean, unchanged, Execution())
    assert cold.readings != other.readings


def test_every_check_is_reported_with_its_fold():
    seen = []
    task = Task(on_check=lambda fold, history: seen.append((fold, history.steps[-1])))
    fitted(np.arange(16.0), Execution(), task=task)
    assert sorted(seen) == [(fold, step) for fold in (0, 1) for step in (50, 100)]


def test_folds_disagree_by_half_their_variance():
    noise = 0.1 * torch.randn(2, 20_000, generator=torch.Generator().manual_seed(0))
    # the mean of 20,000 variances of two numbers, each with variance 0.02
    assert disagreement(noise) == pytest.approx(0.005, abs=4 * 0.005 * (2 / 20_000) ** 0.5)
    assert disagreement(noise[:1].expand(2, -1)) == 0.0  # negative control: folds that agree


def test_a_pair_on_which_folds_are_far_apart_counts_linearly():
    # one fold gives F = -90 to one pair in 4,096, another -1: half the variance would be 0.48
    scores = torch.zeros(2, 4096)
    scores[:, 0] = torch.tensor([-90.0, -1.0])
    assert disagreement(scores) == pytest.approx((89 / 2 - 1 / 4) / 4096)
    third = torch.cat([scores, scores[:1]])  # two of the three pairs of folds are far apart
    assert disagreement(third) == pytest.approx(2 / 3 * disagreement(scores))


# --- Side by side


@pytest.mark.parametrize("failing", [0, 1])
def test_an_exception_in_one_fold_stops_the_others(failing):
    started, stopped, before = Event(), [], torch.get_num_threads()

    def run(fold, tick):
        if fold == failing:
            started.wait(timeout=30)
            raise RuntimeError("this fold failed")
        started.set()
        try:
            for _ in range(300):  # 3 seconds, unless it is stopped
                tick()
                sleep(0.01)
        except Stopped:
            stopped.append(fold)
            raise

    with pytest.raises(RuntimeError, match="this fold failed"):
        side_by_side(run, 2, Execution(threads=2))
    assert stopped == [1 - failing]
    assert torch.get_num_threads() == before


def test_results_are_in_the_order_of_the_folds():
    turn = [Event(), Event(), Event()]

    def run(fold, tick):
        if fold < 2:  # the last fold finishes first
            turn[fold + 1].wait(timeout=30)
        turn[fold].set()
        return fold, torch.get_num_threads()

    assert side_by_side(run, 3, Execution(threads=3)) == [(0, 1), (1, 1), (2, 1)]


def test_one_thread_ends_with_the_threads_of_before():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    with pytest.raises(RuntimeError, match="fails"), one_thread():
        assert torch.get_num_threads() == 1
        raise RuntimeError("fails")
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)


@pytest.mark.parametrize("setting", [{"folds": 1}, {"threads": 0}])
def test_settings_out_of_range(setting):
    with pytest.raises(InputError, match="at least"):
        Execution(**setting)


def test_a_fold_needs_four_samples():
    Execution(folds=4).check_folds(16)
    with pytest.raises(InputError, match="2 to 3, a quarter of the samples"):
        Execution(folds=4).check_folds(15)
