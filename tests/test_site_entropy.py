"""Entropies of continuous sites against those of von Mises distributions."""

import numpy as np
import pytest
from scipy.stats import vonmises

from moiety import EstimateError, Samples
from moiety.entropy.counted_blocks import BlockCounts
from moiety.entropy.site_entropy import site_block


@pytest.mark.parametrize("shape", [(1, 2), (2, 1)])
def test_two_free_angles_against_the_von_mises_entropy_of_their_difference(shape):
    """Independent pairs: h(t, t') = log 2 pi + h(t' - t), even if samples are not isotropic."""
    rng = np.random.default_rng(3)
    first = rng.normal(0.0, 0.3, size=(512, 16, 1, 1))
    second = first + rng.vonmises(0.0, 4.0, size=first.shape)
    values = np.concatenate([first, second], axis=3).reshape(512, 16, 2)
    values = values if shape == (1, 2) else values.transpose(0, 2, 1)
    symmetric = Samples.from_array(
        values, kind="angle", periodic=False, axes="draw,x,y", symmetries=("turn",)
    )
    counts = BlockCounts(symmetric)
    assert counts.is_base(shape) and not counts.is_base((2, 2))
    assert counts[(1, 1)].entropy == pytest.approx(np.log(2 * np.pi), abs=1e-12)
    block, exact = counts[shape], np.log(2 * np.pi) + vonmises(4.0).entropy()
    assert abs(block.entropy - exact) < 4 * block.influence.std() / np.sqrt(512)  # over samples
    plain = BlockCounts(symmetric.replace(symmetries=()))  # negative control: no symmetry stated
    assert not plain.is_base(shape) and plain[(1, 1)].entropy < np.log(2 * np.pi) - 0.1


def test_the_peak_of_a_density_of_angles_is_not_cut_in_two():
    """Angles are rotated until the peak is in the middle; spacings at the ends are biased."""
    values = np.random.default_rng(1).vonmises(0.0, 15.0, size=(512, 1000))
    exact = vonmises(15.0).entropy()
    samples = Samples.from_array(values, kind="angle", axes="draw,x", periodic=True)
    centred = BlockCounts(samples)[(1,)]
    assert abs(centred.entropy - exact) < 4 * centred.influence.std() / np.sqrt(512)
    assert BlockCounts(samples.replace(values=np.mod(samples.values + 3.0, 2 * np.pi)))[
        (1,)
    ].entropy == pytest.approx(centred.entropy, abs=1e-3)  # wherever the peak is
    cut = site_block(np.mod(values, 2 * np.pi)).entropy  # negative control: a peak at both ends
    assert cut - exact > 2 * abs(centred.entropy - exact)


def test_equal_states_have_no_density():
    with pytest.raises(EstimateError, match="no density"):
        site_block(np.ones((8, 16)))
