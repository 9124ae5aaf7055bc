"""Halves of different samples, paired anew at the same place: what a critic knows of the place."""

from functools import cache

import numpy as np
import pytest
import torch

from moiety import Samples
from moiety.entropy.re_paired import re_paired
from moiety.estimation.estimator import Estimator
from moiety.estimation.execution import Execution
from moiety.estimation.mutual_information import estimate_mutual_information
from moiety.estimation.re_pairing import PlaceEffect, place_effect, score_at_same_places
from moiety.estimation.training import Training
from moiety.estimation.windows import windows_of
from moiety.geometry.cuts import ladder
from moiety.systems import system
from small import SMALL
from stubs import information, ladder_cut
from treacherous_samples import independent, samples, vacancies

QUICK = Estimator(critic=SMALL, training=Training(steps=60, batch=128))


class Product(torch.nn.Module):
    """A critic that knows only the mean of each half: F = mean(a) mean(b)."""

    def forward(self, a, b):
        return a.flatten(1).mean(dim=1) * b.flatten(1).mean(dim=1)


def differences(given, seed=0, indices=None):
    cut = ladder(given.shape, given.periodic).cuts[1]
    indices = np.arange(given.n) if indices is None else indices
    generator = torch.Generator().manual_seed(seed)
    source = windows_of(given, cut)
    return score_at_same_places(source, indices, Product(), lambda scores: scores, generator)


def own_means(spread):
    """Reals around the same gradient of means in each sample."""
    means = spread * np.cos(2 * np.pi * np.arange(8) / 8)[:, None]
    values = np.random.default_rng(1).normal(size=(128, 8, 8)) + means
    return Samples.from_array(values, kind="real", periodic=True, axes="draw,x,y")


def test_what_is_known_of_the_place():
    """Both halves lie in the same four rows, whose mean varies from place to place."""
    given = own_means(1.0)
    cut = ladder(given.shape, given.periodic).cuts[1]
    assert (cut.parent, cut.axis) == ((4, 8), 1)
    values = given.values.reshape(-1, 8, 8)
    rows = (values.mean(axis=(0, 2)) - values.mean()) / values.std()
    means = np.mean([np.roll(rows, -k) for k in range(4)], axis=0)
    found = differences(given)
    error = found.std(ddof=1) / len(found) ** 0.5
    assert abs(found.mean() - means.var()) < 4 * error < 0.06  # one in 10^4
    assert found.mean() > 8 * error
    alike = differences(own_means(0.0))  # negative control
    assert abs(alike.mean()) < 4 * alike.std(ddof=1) / len(alike) ** 0.5


def test_partners_are_half_the_samples_apart():
    """The second half of a held-out set is unlike the first: every pair has one of each."""
    values = np.ones((64, 8, 8), np.int8)
    values[:32] = -1
    given = Samples.from_array(values, periodic=True, axes="draw,x,y")
    seen = []

    class Seen(torch.nn.Module):
        def forward(self, a, b):
            seen.append((a.flatten(1)[:, 0], b.flatten(1)[:, 0]))
            return a.new_zeros(len(a))

    cut = ladder(given.shape, given.periodic).cuts[1]
    for indices in (np.arange(64), np.arange(24, 40)):
        score_at_same_places(
            windows_of(given, cut), indices, Seen(), lambda x: x, torch.Generator().manual_seed(0)
        )
    assert len(seen) > 2 and all(torch.equal(a, -b) for a, b in seen)


def test_long_interfaces_are_not_asked():
    values = np.random.default_rng(0).choice([-1, 1], size=(16, 64, 64))
    given = Samples.from_array(values, periodic=True, axes="draw,x,y")
    cut = ladder(given.shape, given.periodic).cuts[0]  # 128 sites of interface: two reads
    asked = score_at_same_places(
        windows_of(given, cut), np.arange(16), Product(), lambda x: x, torch.Generator()
    )
    assert np.isnan(asked).all() and place_effect(asked, (1, 16)) is None


@cache
def effects(name):
    given = {
        "vacancies": vacancies,
        "ising": lambda: system("ising-square", size=8, temperature=2.0).sample(512, seed=2),
        "triangular": lambda: system("ising-triangular", size=6, temperature=0.5).sample(512),
        "rotors": lambda: system("xy-square", size=8, temperature=0.7).sample(512, seed=2),
        "field": lambda: system("gaussian-field", size=8).sample(512, seed=2),
        "independent": lambda: samples(independent(np.full((8, 8), 0.3))),
    }[name]()
    cuts = [cut for cut in ladder(given.shape, given.periodic).cuts if cut.volume >= 8]
    run = Execution(threads=1)
    return [estimate_mutual_information(given, cut, QUICK, run).places for cut in cuts[:2]]


@pytest.mark.parametrize("name", ["ising", "triangular", "rotors", "field", "independent"])
def test_equivalent_places_tell_a_critic_nothing(name):
    """Three errors in ten trials, one-sided: one false alarm in 70 seeds, and the seed is fixed."""
    assert max(effect.sigmas for effect in effects(name)) < 3


def test_vacancies_at_fixed_places_do():
    """The control of the test above; a full training reaches 220 standard errors."""
    assert max(effect.sigmas for effect in effects("vacancies")) > 5


def test_the_worst_cut_is_named():
    cuts = [ladder_cut(4), ladder_cut(8), ladder_cut(16)]
    known = [PlaceEffect(0.01, 0.02), PlaceEffect(0.3, 0.05), None]
    estimated = [(cut, information(0.5, places=at)) for cut, at in zip(cuts, known, strict=True)]
    (check,) = re_paired(estimated, "look for walls")
    assert not check.passed and check.name == "re-paired halves"
    assert "interface 8 score" in check.message and check.message.endswith("; look for walls")
    assert "0.3 nats (6 standard errors)" in check.message
    (check,) = re_paired([estimated[0], estimated[2]], "look for walls")
    assert check.passed and "walls" not in check.message
    assert re_paired(estimated[2:], "") == ()


def test_a_critic_that_scores_all_pairs_alike_raises_no_doubt():
    (check,) = re_paired(
        [(ladder_cut(4), information(0.0, places=place_effect(np.zeros(64), (4, 16))))], ""
    )
    assert check.passed
