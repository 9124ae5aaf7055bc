"""Densities of a site: normalised, symmetric where the Hamiltonian is, and trainable."""

from math import pi

import numpy as np
import pytest
import torch

from moiety.chain_rule.densities import density_for
from moiety.chain_rule.network import ConditionalNetwork
from moiety.chain_rule.views import Neighbourhood
from moiety.estimation.encoding import Encoding

AROUND = Neighbourhood(2, 1)  # three rows of three
ENCODINGS = [
    Encoding("discrete", 2),
    Encoding("discrete", 3),
    Encoding("angle"),
    Encoding("real", mean=1.0, scale=2.0),
]
each_encoding = pytest.mark.parametrize(
    "encoding", ENCODINGS, ids=lambda encoding: f"{encoding.kind}{encoding.states}"
)


def states_of(encoding, shape):
    """Random states."""
    if encoding.kind == "discrete":
        return torch.randint(0, encoding.states, shape, dtype=torch.uint8)
    return 2 * pi * torch.rand(shape) if encoding.kind == "angle" else torch.randn(shape)


def quadrature(encoding):
    """All states, or a fine grid of them, and the weight of each."""
    if encoding.kind == "discrete":
        return torch.arange(encoding.states, dtype=torch.uint8), 1.0
    if encoding.kind == "angle":
        return torch.arange(2000) * 2 * pi / 2000, 2 * pi / 2000
    return torch.linspace(-60, 60, 6001), 120 / 6000


@each_encoding
def test_densities_are_normalised(encoding):
    torch.manual_seed(0)
    density = density_for(encoding, AROUND, ("flip",))
    states, weight = quadrature(encoding)
    target = encoding(states[:, None])[:, :, 0]
    context = encoding(states_of(encoding, (1, 9))).expand(len(target), -1, -1)
    features, frame = density.frame(context, torch.ones(len(target), 1, 9))
    assert features.shape == (len(target), density.features)
    scores = torch.randn(1, density.outputs).expand(len(target), -1)
    log_p = (density.log_density(scores, target, frame) + density.log_volume).detach()
    assert float(log_p.exp().sum() * weight) == pytest.approx(1.0, abs=1e-4)
    # negative control: the square of a density is not normalised
    assert float((2 * log_p).exp().sum() * weight) != pytest.approx(1.0, abs=1e-2)


@each_encoding
def test_gradients_reach_every_parameter(encoding):
    torch.manual_seed(0)
    network = ConditionalNetwork(density_for(encoding, AROUND, ()), 8, parameters=2)
    encoded = encoding(states_of(encoding, (64, 10)))
    context, target = encoded[:, :, 1:], encoded[:, :, 0]
    network(context, torch.ones(64, 1, 9), target, torch.randn(64, 2)).mean().backward()
    for parameter in network.parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0


@torch.no_grad()
def test_a_global_flip_leaves_features_and_densities_unchanged():
    torch.manual_seed(0)
    spins = density_for(Encoding("discrete", 2), AROUND, ("flip",))
    context, target = torch.randint(0, 2, (50, 1, 9)) * 2.0 - 1, torch.ones(50, 1)
    features, frame = spins.frame(context, None)
    flipped_features, flipped_frame = spins.frame(-context, None)
    np.testing.assert_array_equal(flipped_features, features)
    log_p = spins.log_density(features[:, :1], target, frame)
    flipped = spins.log_density(flipped_features[:, :1], -target, flipped_frame)
    np.testing.assert_array_equal(flipped, log_p)
    # negative control: without the symmetry the features change
    plain = density_for(Encoding("discrete", 2), AROUND, ())
    assert not torch.equal(plain.frame(-context, None)[0], plain.frame(context, None)[0])


@torch.no_grad()
def test_a_global_rotation_leaves_features_unchanged():
    torch.manual_seed(0)
    encoding, angles = Encoding("angle"), torch.rand(50, 9) * 6
    for symmetries, frames in ((("turn",), 0), ((), 2)):  # without it, the frame is a feature, too
        rotors = density_for(encoding, AROUND, symmetries)
        plain, rotated = (rotors.frame(encoding(angles + by), None)[0] for by in (0.0, 1.0))
        last = rotors.features - frames
        np.testing.assert_allclose(plain[:, :last], rotated[:, :last], atol=1e-5)
        assert frames == 0 or (plain - rotated)[:, last:].abs().max() > 0.1  # negative control


@torch.no_grad()
def test_bonds_are_products_along_rows():
    spins = density_for(Encoding("discrete", 2), AROUND, ())
    row = torch.tensor([1.0, -1.0, -1.0, 1.0, 0.0, 1.0, -1.0, -1.0, -1.0])
    # no bonds between the ends of rows or with unknown sites
    bonds = torch.tensor([-1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0])
    features, _ = spins.frame(row[None, None], None)
    np.testing.assert_allclose(features[0, 9:], spins.bonds.weight @ bonds, rtol=1e-6)
