"""The fit recovers a known area law, with correct errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety.geometry.area_law import AreaLaw, fit_area_law, is_level
from moiety.geometry.cuts import ladder
from moiety.geometry.space import block_ladder
from plain import entropy_per_site

repeatable = settings(derandomize=True, deadline=None)
LENGTHS = np.array([4.0, 8.0, 8.0, 16.0, 16.0, 32.0])
ERRORS = 0.002 * LENGTHS
REPEATS = 400


def fits(alpha, beta, *, proportional, errors=ERRORS):
    noise = np.random.default_rng(0).normal(size=(REPEATS, len(LENGTHS)))
    values = beta + alpha * LENGTHS + noise * errors
    return [fit_area_law(LENGTHS, row, errors, proportional=proportional) for row in values]


def assert_pulls(values, errors, expected, spread=True):
    """Mean 0 ± 1/sqrt(400) and spread 1 ± 1/sqrt(800) in units of the errors, 4 sigma of each."""
    pulls = (np.array(values) - expected) / np.array(errors)
    assert abs(pulls.mean()) < 4 / np.sqrt(REPEATS)
    assert pulls.std() < 1 + 4 / np.sqrt(2 * REPEATS)
    assert not spread or pulls.std() > 1 - 4 / np.sqrt(2 * REPEATS)


# The fit


@pytest.mark.parametrize(("alpha", "beta"), [(0.1, np.log(2)), (0.05, 0.0), (0.2, -0.3)])
def test_alpha_and_beta_are_recovered(alpha, beta):
    laws = fits(alpha, beta, proportional=False)
    assert_pulls([law.alpha for law in laws], [law.covariance[0, 0] ** 0.5 for law in laws], alpha)
    assert_pulls([law.beta for law in laws], [law.covariance[1, 1] ** 0.5 for law in laws], beta)
    for length in (8.0, 128.0):  # within the data and beyond: the covariance counts
        lines = [law.beta + length * law.alpha for law in laws]
        errors = [AreaLaw(law.alpha, law.beta, law.covariance).error(length) for law in laws]
        assert_pulls(lines, errors, beta + length * alpha)
    uncorrelated = [
        AreaLaw(law.alpha, law.beta, np.diag(np.diag(law.covariance))).error(8.0) for law in laws
    ]
    with pytest.raises(AssertionError):  # negative control
        assert_pulls([law.beta + 8.0 * law.alpha for law in laws], uncorrelated, beta + 8.0 * alpha)


def test_a_proportional_law_is_recovered():
    laws = fits(0.1, 0.0, proportional=True)
    assert {law.beta for law in laws} == {0.0}
    alphas, errors = ([law.alpha for law in laws], [law.covariance[0, 0] ** 0.5 for law in laws])
    assert_pulls(alphas, errors, 0.1, spread=False)  # errors include the scatter: conservative
    with pytest.raises(AssertionError):  # negative control: data with a beta
        biased = [law.alpha for law in fits(0.1, 0.3, proportional=True)]
        assert_pulls(biased, errors, 0.1, spread=False)


def test_scatter_beyond_the_errors_is_part_of_the_error():
    densities = np.array([0.09, 0.11, 0.09, 0.11, 0.09, 0.11])
    for scale in (1e-6, 1e-4):
        law = fit_area_law(LENGTHS, densities * LENGTHS, scale * LENGTHS, proportional=True)
        assert law.error(1.0) == pytest.approx(0.01, rel=0.01)


def test_precise_points_count_more():
    errors = np.where(np.arange(len(LENGTHS)) == 1, 1e-4, 1.0)
    law = fit_area_law(LENGTHS, np.where(errors < 1, 0.1, 0.5) * LENGTHS, errors, proportional=True)
    assert law.alpha == pytest.approx(0.1, abs=1e-4)


def test_a_proportional_law_by_hand():
    """Alpha is the mean of M / l with weights (l / sigma)^2; its error has two parts."""
    law = fit_area_law([2.0, 4.0], [0.4, 1.2], [0.1, 0.1], proportional=True)
    weights, densities = np.array([400.0, 1600.0]), np.array([0.2, 0.3])
    alpha = (weights * densities).sum() / weights.sum()
    assert law.alpha == pytest.approx(alpha, rel=1e-12)  # two lengths are enough
    assert law.error(1.0) ** 2 == pytest.approx(1 / weights.sum() + 0.05**2, rel=1e-12)


def test_the_limit_of_level_data_is_two_errors():
    def level(deviation):
        densities = np.array([0.1 - deviation, 0.1 + deviation])
        return is_level([1.0, 1.0], densities, [1e-3, 1e-3], rise=0.01)

    assert level(1.9e-3) and not level(2.1e-3)


def test_exact_data_give_the_exact_law():
    for beta in (0.0, 0.7):
        law = fit_area_law(LENGTHS, beta + 0.1 * LENGTHS, 0 * LENGTHS, proportional=False)
        assert (law.alpha, law.beta) == pytest.approx((0.1, beta), abs=1e-9)
        assert law(1000.0) == pytest.approx(beta + 100.0)


@pytest.mark.parametrize("proportional", [True, False])
def test_one_length_leaves_one_law(proportional):
    law = fit_area_law([8.0, 8.0], [0.9, 0.8], [0.1, 0.02], proportional=proportional)
    assert (law.alpha, law.beta, law.alternative) == (0.1, 0.0, None)  # through the last point
    assert law.error(16.0) == pytest.approx(0.04)
    assert law(8.0) == 0.8


# Uncertainty


def test_the_distance_to_the_alternative_is_part_of_the_error():
    law = fit_area_law(LENGTHS, 0.7 + 0.1 * LENGTHS, ERRORS, proportional=False)
    other = law.alternative
    assert (other.beta, other.alternative) == (0.0, None)
    assert other(32.0) == pytest.approx(0.7 + 3.2)  # beta = 0 through the last cut
    alone = AreaLaw(law.alpha, law.beta, law.covariance)
    for length in (16.0, 64.0, 256.0):
        assert law.error(length) == pytest.approx(
            np.hypot(alone.error(length), abs(law(length) - other(length)) / 3)
        )
    assert law.error(256.0) > 4 * alone.error(256.0)  # far away it dominates
    assert fit_area_law(LENGTHS, 0.1 * LENGTHS, ERRORS, proportional=True).alternative is None


@repeatable
@given(
    st.floats(-1, 1),
    st.floats(-10, 10),
    st.floats(0, 1e6),
    st.lists(st.floats(-1, 1), min_size=4, max_size=4),
)
def test_information_and_error_are_never_negative(alpha, beta, length, entries):
    root = np.array(entries).reshape(2, 2)
    other = AreaLaw(0.1, 0.0, np.zeros((2, 2)))
    law = AreaLaw(alpha, beta, root @ root.T, alternative=other)
    assert law(length) == max(beta + alpha * length, 0.0)
    assert law.error(length) >= abs(law(length) - other(length)) / 3


# Constant M / interface


def test_level_data_are_recognised():
    flat, slope = 0.1 * LENGTHS, 0.1 * LENGTHS + 0.02 * np.arange(6) * LENGTHS
    small, large = 1e-3 * LENGTHS, 2e-2 * LENGTHS
    assert is_level(LENGTHS, flat, small, rise=0.05)
    assert not is_level(LENGTHS, slope, small, rise=0.05)  # negative control
    assert not is_level(LENGTHS, flat, large, rise=0.05)  # too noisy to tell
    assert is_level(LENGTHS, flat, large, rise=0.5)
    uneven = flat * (1 + 0.03 * (-1) ** np.arange(6))
    assert is_level(LENGTHS, uneven, 1e-9 * LENGTHS, rise=0.05)  # errors below the tolerated rise
    assert not is_level(LENGTHS, uneven, 1e-9 * LENGTHS, rise=0.01)
    assert not is_level(LENGTHS, -flat, small, rise=0.05)
    assert not is_level(LENGTHS, 0 * flat, 0 * small, rise=0.05)
    assert not is_level(LENGTHS, flat + np.log(2), small, rise=0.05)  # M / interface still falls


@repeatable
@given(st.floats(1e-3, 1e3), st.floats(0.01, 0.3), st.integers(0, 2**32))
def test_level_is_independent_of_units(scale, rise, seed):
    rng = np.random.default_rng(seed)
    values = (0.1 + 0.005 * rng.normal(size=6)) * LENGTHS
    errors = 0.005 * rng.random(6) * LENGTHS
    verdicts = {
        is_level(LENGTHS, values, errors, rise=rise),
        is_level(LENGTHS * scale, values, errors, rise=rise),
        is_level(LENGTHS, values * scale, errors * scale, rise=rise),
        is_level(LENGTHS[::-1], values[::-1], errors[::-1], rise=rise),
    }
    assert len(verdicts) == 1


# Eq. 10


def test_extrapolated_cuts_of_a_lattice_give_equation_10():
    """s = s_m - 2 M / V_m on a torus that obeys the area law above its blocks of 8x8."""
    tree = ladder((64, 64), (True, True))
    cuts, _ = tree.above(lambda shape: shape == (8, 8))
    known, s_m = [cut for cut in cuts if cut.level > 3], 0.4
    law = fit_area_law(
        [cut.interface for cut in known],
        [0.05 * cut.interface for cut in known],
        [1e-4] * 3,
        proportional=True,
    )
    entropy = entropy_per_site(tree, {cut: law(cut.interface) for cut in cuts}, {(8, 8): 64 * s_m})
    assert entropy == pytest.approx(s_m - 2 * law(8) / 64, abs=1e-12)
    # negative control: the factor of 2:1 blocks
    assert entropy != pytest.approx(s_m - 1.5 * law(8) / 64, abs=1e-3)


def test_blocks_of_space_have_a_rim():
    """M = 0.35 A - 0.05 P for faces of blocks: a law with a constant instead is far off."""
    cuts = block_ladder(1.0, 3, 8.0)
    faces, rims = ([getattr(cut, name) for cut in cuts] for name in ("face", "rim"))
    values = [0.35 * face - 0.05 * rim for face, rim in zip(faces, rims, strict=True)]
    law = fit_area_law(faces[:5], values[:5], [0.01] * 5, proportional=False, rims=rims[:5])
    constant = fit_area_law(faces[:5], values[:5], [0.01] * 5, proportional=False)
    for face, rim, m in zip(faces[5:], rims[5:], values[5:], strict=True):
        assert law(face, rim) == pytest.approx(m)
        assert law.error(face, rim) > 0
    assert abs(constant(faces[-1]) - values[-1]) > 3 * constant.error(faces[-1])  # the control
