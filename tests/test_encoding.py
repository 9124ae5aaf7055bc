"""States of a site as numbers for a network."""

import numpy as np
import pytest
import torch

from moiety.estimation.encoding import Encoding

REALS = torch.linspace(-3, 3, 30).view(5, 3, 2)


def test_encodings():
    block = torch.tensor([[[0, 1], [2, 0]]], dtype=torch.uint8)
    spins, potts = Encoding("discrete", 2), Encoding("discrete", 3)
    assert spins(block.clamp(max=1)).tolist() == [[[[-1, 1], [1, -1]]]]
    assert potts(block).tolist() == [[[[1, 0], [0, 1]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]]]
    assert potts.flipped(block).tolist() == [[[2, 1], [0, 2]]]


def test_angles_have_no_branch_cut():
    encoding, angles = Encoding("angle"), torch.tensor([[0.5, 3.1415]])
    assert torch.allclose(encoding(angles), encoding(angles - 2 * np.pi), atol=1e-6)
    assert torch.allclose(encoding(encoding.flipped(angles))[:, 1], -angles.sin())


@pytest.mark.parametrize(
    ("encoding", "values"),
    [
        (Encoding("discrete", 1), torch.zeros(5, 3, 2, dtype=torch.uint8)),
        (Encoding("discrete", 2), torch.ones(5, 3, 2, dtype=torch.uint8)),
        (Encoding("discrete", 7), torch.full((5, 3, 2), 6, dtype=torch.uint8)),
        (Encoding("angle"), REALS),
        (Encoding("angle"), REALS.double()),
        (Encoding("real", mean=3.0, scale=0.1), REALS.double()),
    ],
)
def test_channels_and_precision(encoding, values):
    before = values.clone()
    encoded = encoding(values)
    assert encoded.shape == (5, encoding.channels, 3, 2)
    assert encoded.dtype == torch.float32
    assert torch.equal(values, before)  # unchanged
    assert torch.equal(encoding.flipped(encoding.flipped(values)), values)


def test_reals_are_standardised():
    values = np.random.default_rng(0).normal(5.0, 0.1, (50, 4)).astype(np.float32)
    encoded = Encoding.of("real", 0, values)(torch.from_numpy(values))
    assert (encoded.mean().item(), encoded.std().item()) == pytest.approx((0, 1), abs=0.01)
    constant = np.full((9, 4), 5.0)
    assert not Encoding.of("real", 0, constant)(torch.from_numpy(constant)).any()  # not 0 / 0
    assert Encoding.of("discrete", 2, values) == Encoding("discrete", 2)
