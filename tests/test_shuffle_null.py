"""Halves that are paired anew share nothing: the pairs themselves must not bring information in."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from moiety.data.samples import Samples
from moiety.estimation.estimator import Estimator
from moiety.estimation.execution import Execution
from moiety.estimation.mutual_information import mutual_information_of
from moiety.estimation.training import Training
from moiety.estimation.windows import Windows, windows_of
from moiety.geometry.cuts import ladder
from moiety.systems import system
from small import SMALL

SAMPLES = 192
QUICK = Estimator(critic=SMALL, training=Training(steps=60, batch=128))


@dataclass
class Repaired:
    """A source whose second halves come from other samples, one for each.

    Args:
        source: Where the halves come from.
        partner: The sample that each sample's second half comes from.
    """

    source: Windows
    partner: torch.Tensor
    shape: object = field(init=False)

    def __post_init__(self):
        self.shape, self.key = self.source.shape, self.source.key
        self.interface, self.reads = self.source.interface, self.source.reads

    def draw(self, samples, generator, *, augment=False):
        left, _ = self.source.draw(samples, generator, augment=augment)
        _, right = self.source.draw(self.partner[samples], generator, augment=augment)
        return left, right


def strongly_coupled():
    """Real numbers whose common mean all sites share, so that blocks of 16 share 1.7 nats."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=(SAMPLES, 1, 1)) + 0.5 * rng.normal(size=(SAMPLES, 8, 8))
    return Samples.from_array(values, kind="real", periodic=True)


CASES = {
    "ising": lambda: system("ising-square", size=8, temperature=1.5).sample(SAMPLES, seed=2),
    "field": strongly_coupled,
}


@pytest.mark.parametrize("name, level", [("ising", 0), ("field", 1)])
def test_halves_of_different_samples_share_nothing(name, level):
    """Within 4 errors, one false alarm in 10^4; the same halves as they were share a lot."""
    samples = CASES[name]()
    cut = ladder(samples.shape, samples.periodic).cuts[level]
    source = windows_of(samples, cut)
    partner = torch.from_numpy(np.random.default_rng(5).permutation(SAMPLES))
    shape, execution = (samples.chains, samples.draws), Execution(threads=1)
    null = mutual_information_of(Repaired(source, partner), shape, QUICK, execution)
    assert abs(null.value) < 4 * null.error, f"{null.value} ± {null.error}"
    assert null.error < 0.1
    paired = mutual_information_of(source, shape, QUICK, execution)  # negative control
    assert paired.value > 0.4 and paired.value > 5 * paired.error, f"{paired.value}"
