"""The KL divergence that `validation/accuracy.py` prints, against a sum over all states."""

import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from moiety import Samples
from moiety.chain_rule.estimate import estimate_chain_rule
from moiety.systems import system
from test_chain_rule import QUICK

sys.path.append(str(Path(__file__).parents[1] / "validation"))
from _misfit import divergence, log_partition

SHAPE = (3, 4)


def test_divergence_is_that_of_a_sum_over_all_states():
    model = system("ising-square", size=SHAPE, temperature=2.5)
    states = np.array(list(product((-1, 1), repeat=12)), np.int8).reshape(-1, *SHAPE)
    weights = -np.ravel(model.energy(states[:, None])) / model.temperature
    log_z = np.logaddexp.reduce(weights)
    assert log_partition(model) == pytest.approx(log_z / 12)
    estimate = estimate_chain_rule(model.sample(1024, seed=1), QUICK)
    log_p, every = weights - log_z, Samples.from_array(states, periodic=True, axes="draw,x,y")
    exact = np.mean(
        [np.exp(log_p) @ (log_p - estimate.log_density(every, fold)) for fold in (0, 1)]
    )
    found, error = divergence(model, estimate)
    assert abs(found - exact / 12) < 4 * error  # 512 samples
    assert error < exact / 12 / 2  # the check above can fail


def test_log_partition_of_rotors_is_that_of_high_temperature():
    model = system("xy-square", size=64, temperature=4.0)
    coupling = 1 / 4.0
    # ln 2 pi + 2 ln I_0(K) up to 2 v^4 = 0.0005, see `exact.xy_reference`
    expected = np.log(2 * np.pi) + 2 * np.log(np.i0(coupling)) + 2 * (coupling / 2) ** 4
    assert log_partition(model) == pytest.approx(expected, abs=2e-4)
