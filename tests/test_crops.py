"""Crops of particles: who is in them, where, in images and points; and the critic of points."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import InputError
from moiety.data.particles import Particles
from moiety.estimation.critics import PointsCritic
from moiety.estimation.crops import Crops, CropShape
from moiety.estimation.objectives import OBJECTIVES
from moiety.estimation.training import Batch, scores
from moiety.geometry.space import BlockCut


def a_gas(dimensions=2, count=60, side=9.0, seed=0, periodic=True, cells=None, frames=8):
    rng = np.random.default_rng(seed)
    edges = side * np.eye(dimensions) if cells is None else np.asarray(cells, float)
    positions = [rng.random((count, dimensions)) @ edges for _ in range(frames)]
    return Particles.from_frames(
        positions, cells=edges, periodic=periodic, diameters=1.0 + rng.random(count)
    )


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# ------------------------------------------------------------------------------- crops


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.booleans(), st.integers(0, 10**6))
def test_a_crop_holds_what_lies_in_it(dimensions, periodic, seed):
    """As many particles, and the same distances between them, as somewhere in the frame."""
    gas = a_gas(dimensions, count=30, side=4.0, seed=seed, periodic=periodic)
    cut = BlockCut((0.7, 1.3, 1.9)[:dimensions])
    samples = torch.arange(8)
    a, b = Crops(gas, cut, None).draw(samples, generator(seed))
    for k in range(8):
        found = []
        for half, points, sign in ((0, a, -1), (1, b, 1)):
            real = points[k][points[k, :, -1] > 0].numpy()
            assert (points[k][points[k, :, -1] == 0] == 0).all()
            assert (real[:, 0] >= 0).all() and (real[:, 0] <= cut.half[0] + 1e-6).all()
            for axis in range(1, dimensions):
                assert ((real[:, axis] >= -1e-6) & (real[:, axis] <= cut.half[axis] + 1e-6)).all()
            real[:, 0] *= sign
            found.append(real)
        crop = np.concatenate(found)
        frame, d = gas.frame(k), dimensions
        for one in range(1, len(crop)):
            apart = frame[:, None] - frame[None]
            apart -= 4.0 * np.round(apart / 4.0) * periodic
            distances = np.sqrt((apart**2).sum(axis=2))
            here = np.sqrt(((crop[one, :d] - crop[0, :d]) ** 2).sum())
            both = [
                np.isclose(gas.diameters[: len(frame)], crop[which, d], atol=1e-6)
                for which in (0, one)
            ]
            assert np.isclose(distances[np.ix_(*both)], here, atol=1e-5).any() or (
                periodic and here > 2.0
            )


@pytest.mark.parametrize(
    "cells", [[[9.0, 0], [0, 9.0]], [[9.0, 0.0], [4.0, 8.0]], [[12.0, 0.0], [-3.0, 7.0]]]
)
def test_crops_are_even_over_the_box(cells):
    """The mean number in a half is density times volume, in triclinic boxes, too."""
    gas, cut = a_gas(cells=cells, count=80, frames=40), BlockCut((1.0, 2.0))
    samples = np.arange(40).repeat(400)
    numbers = Crops(gas, cut, None).count(samples, generator(1))
    expected = gas.density * cut.volume
    error = numbers.reshape(40, 400).mean(axis=1).std(ddof=1) / np.sqrt(40)
    error = max(error, numbers.std() / np.sqrt(len(numbers)))
    assert (
        abs(numbers.mean() - expected) < 4 * error
    )  # one false alarm in 10^4, and the seeds are fixed
    assert abs(numbers.mean() - 1.1 * expected) > 4 * error  # negative control


def test_images_and_points_tell_the_same():
    gas, cut = a_gas(count=90), BlockCut((1.0, 2.0))
    images = Crops(gas, cut, 10, "image").draw(torch.arange(8), generator(3))
    points = Crops(gas, cut, 10, "points").draw(torch.arange(8), generator(3))
    assert images[0].shape == (8, 1, 10, 20)
    black = np.float32(np.sqrt(10**2 / gas.density))
    for half in (0, 1):
        built = np.zeros((8, 10, 20), np.float32)
        for k, rows in enumerate(points[half].numpy()):
            for x, y, _, real in rows:
                if real:
                    row = int(x * 10)
                    built[k, 9 - row if half == 0 else row, int(y * 10)] = (
                        black  # the first half ends at the interface
                    )
        np.testing.assert_array_equal(built, images[half][:, 0].numpy())
    inside = points[0][..., :2][points[0][..., -1] > 0] * 10
    np.testing.assert_allclose(inside - inside.floor(), 0.5, atol=1e-4)  # centres of pixels


@pytest.mark.parametrize("resolution", [2, 10, 40])
def test_pixels_are_as_large_at_all_resolutions(resolution):
    """Their mean square is 1 but for pixels that hold several centres."""
    gas, cut = a_gas(count=90, frames=40), BlockCut((1.0, 2.0))
    a, b = Crops(gas, cut, resolution, "image").draw(torch.arange(40).repeat(100), generator(1))
    mean = gas.density / resolution**2
    expected = (
        1 - np.exp(-mean)
    ) / mean  # a pixel that holds two centres is as black as one of one
    found = torch.cat([a, b]).square().mean(dim=(1, 2, 3)).numpy()
    frames = found.reshape(2, 100, 40).mean(axis=(0, 1))
    error = max(frames.std(ddof=1) / np.sqrt(40), found.std() / np.sqrt(len(found)))
    assert (
        abs(found.mean() - expected) < 4 * error
    )  # one false alarm in 10^4, and the seeds are fixed
    assert abs(found.mean() - 1.2 * expected) > 4 * error  # negative control


def test_a_generator_gives_the_same_crops_again():
    crops = Crops(a_gas(), BlockCut((1.0, 1.0)), 10)
    one, two, other = (crops.draw(torch.arange(8), generator(seed))[0] for seed in (1, 1, 2))
    assert torch.equal(one, two) and not (one.shape == other.shape and torch.equal(one, other))


def test_crops_that_cannot_be():
    gas = a_gas(side=3.0)
    with pytest.raises(InputError, match="do not fit into a box"):
        Crops(gas, BlockCut((2.0, 2.0)), 10)
    with pytest.raises(InputError, match="whole numbers of pixels"):
        Crops(gas, BlockCut((0.5, 0.5)), 7)
    with pytest.raises(InputError, match="a resolution"):
        Crops(gas, BlockCut((0.5, 0.5)), None, "image")
    with pytest.raises(InputError, match="rectangular"):
        Crops(a_gas(periodic=(True, False), cells=[[9.0, 0], [2, 9.0]]), BlockCut((0.5, 0.5)), 10)


# ------------------------------------------------------------------------------ critic


def a_batch(dimensions=2, told=True, seed=0):
    gas, cut = (
        a_gas(dimensions, count=60, side=4.0, seed=seed),
        BlockCut((1.0, 2.0, 2.0)[:dimensions]),
    )
    crops = Crops(gas, cut, 10, diameters=told)
    a, b = crops.draw(torch.arange(8).repeat(4), generator(seed))
    torch.manual_seed(1)
    network = PointsCritic(width=8).build(crops.shape)
    assert crops.shape == CropShape(cut.half, int(told))
    return network, a, b


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_gradients_reach_every_parameter(dimensions, told, objective):
    network, a, b = a_batch(dimensions, told)
    kind = OBJECTIVES[objective]()
    batch = Batch(a, b, tuple(range(3, 3 + kind.products)))
    loss, _ = kind.loss(*scores(network, batch), None)
    loss.backward()
    for name, parameter in network.named_parameters():
        last = name == "numbers.2.bias" and objective in (
            "donsker-varadhan",
            "infonce",
        )  # which no constant concerns
        assert parameter.grad is not None and (parameter.grad.abs().max() > 0 or last), name


@torch.no_grad()
def test_neither_the_order_of_particles_nor_padding_nor_the_batch_matters():
    network, a, b = a_batch()
    found = network(a, b)
    order = torch.randperm(a.shape[1], generator=generator(5))
    padded = torch.cat([a[:, order], torch.zeros_like(a[:, :2])], dim=1)
    torch.testing.assert_close(network(padded, b), found, rtol=1e-4, atol=1e-4)
    rows = torch.randperm(len(a), generator=generator(6))
    torch.testing.assert_close(network(a[rows], b[rows]), found[rows], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(network(a.flip(0), b), found, atol=1e-3)  # negative control
    nearer = a.clone()
    nearer[..., 0] *= 0.5
    assert not torch.allclose(network(nearer, b), found, atol=1e-3)


@torch.no_grad()
def test_empty_halves_have_scores():
    network, a, b = a_batch()
    assert torch.isfinite(network(torch.zeros_like(a), torch.zeros_like(b))).all()
