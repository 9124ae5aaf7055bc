"""The area law where the axes differ, as in weakly coupled columns."""

from functools import partial

import numpy as np
import pytest

from moiety import Samples, estimate_entropy
from moiety.entropy.climb import Climb
from moiety.estimation.training import Training
from moiety.geometry.cuts import ladder
from moiety.results.types import Source
from small import SMALL
from stubs import information

OPTIONS = {"critic": SMALL, "training": Training(steps=5, batch=128), "precision": 1.0}
estimate = partial(estimate_entropy, **OPTIONS, threads=1, cross_check=False)


def deficit(result, slopes):
    """What the mutual information takes away from s, with the true M and with that of a result."""
    rungs = ladder((64, 64), (True, True))
    true = [slopes[cut.axis] * cut.interface for cut in rungs.cuts]
    weights = [level.weight for level in result.levels if level.source != Source.COUNTED]
    found = [level.mutual_information for level in result.levels if level.source != Source.COUNTED]
    return np.dot(weights, true[: len(weights)]), np.dot(weights, found)


@pytest.mark.parametrize("slopes", [(0.2, 0.0), (0.0, 0.2), (0.2, 0.1), (0.05, 0.2), (0.3, 0.28)])
def test_each_axis_has_a_law_of_its_own_where_they_differ(slopes, monkeypatch):
    """M per site of interface depends on the axis; large cuts are beyond what 512 samples show."""

    def answer(source, *arguments, **options):
        m = slopes[source.cut.axis] * source.interface
        return information(m, max(0.004 * m, 2e-3), influence=np.zeros(512))

    monkeypatch.setattr("moiety.entropy.climb.mutual_information_of", answer)
    spins = np.random.default_rng(0).integers(0, 2, (512, 64, 64))
    result = estimate(Samples.from_array(spins, periodic=True))
    assert any(level.source == Source.EXTRAPOLATED for level in result.levels)
    true, summed = deficit(result, slopes)
    assert abs(summed - true) < 4 * result.budget["tail"] + 1e-9  # 4 errors: one in 10^4


def test_without_laws_of_their_own_columns_lose_what_they_share(monkeypatch):
    """Negative control: one law for both axes misses 0.006, with an error of 0.00001."""
    monkeypatch.setattr(Climb, "_has_own_law", lambda self, cut: False)
    with pytest.raises(AssertionError):
        test_each_axis_has_a_law_of_its_own_where_they_differ((0.2, 0.0), monkeypatch)
