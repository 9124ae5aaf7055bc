"""Crops of particles: which particles they hold, as images and as points; the critic of points."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import InputError
from moiety.data.kinds import NO_MARKS, Marks
from moiety.data.particles import Particles
from moiety.estimation.critics import PointsCritic
from moiety.estimation.crops import Crops, CropShape
from moiety.estimation.objectives import OBJECTIVES
from moiety.estimation.scores import Batch, scores
from moiety.geometry.space import BlockCut

TYPES = np.arange(60) % 3


def a_gas(dimensions=2, count=60, side=9.0, seed=0, periodic=True, cells=None, frames=8, **others):
    rng = np.random.default_rng(seed)
    edges = side * np.eye(dimensions) if cells is None else np.asarray(cells, float)
    positions = [rng.random((count, dimensions)) @ edges for _ in range(frames)]
    return Particles.from_frames(
        positions,
        cells=edges,
        periodic=periodic,
        **{"diameters": 1.0 + rng.random(count), **others},
    )


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# ------------------------------------------------------------------------------- crops


def crop_of(cut, a, b, k):
    """Particles of a crop with the interface at 0, and checks that they lie inside it."""
    parts = []
    for points, sign in ((a, -1), (b, 1)):
        real = points[k][points[k, :, -1] > 0].numpy()
        assert (points[k][points[k, :, -1] == 0] == 0).all()
        for axis, side in enumerate(cut.half):
            assert ((real[:, axis] >= -1e-6) & (real[:, axis] <= side + 1e-6)).all()
        real[:, 0] *= sign
        parts.append(real)
    return np.concatenate(parts)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 3), st.booleans(), st.integers(0, 10**6))
def test_a_crop_is_a_piece_of_its_frame(dimensions, periodic, seed):
    """Its particles have the diameters and mutual distances of particles of the frame."""
    gas = a_gas(dimensions, count=30, side=4.0, seed=seed, periodic=periodic)
    cut, d = BlockCut((0.7, 1.3, 1.9)[:dimensions]), dimensions
    a, b = Crops(gas, cut, None).draw(torch.arange(8), generator(seed))
    for k in range(8):
        crop, frame = crop_of(cut, a, b, k), gas.frame(k)
        apart = frame[:, None] - frame[None]
        apart -= 4.0 * np.round(apart / 4.0) * periodic
        distances = np.sqrt((apart**2).sum(axis=2))
        same = np.isclose(gas.diameters[:30], crop[:, d : d + 1], atol=1e-6)  # (crop, frame)
        for place in range(1, len(crop)):
            here = np.sqrt(((crop[place, :d] - crop[0, :d]) ** 2).sum())
            candidates = distances[np.ix_(same[0], same[place])]
            nearest_image = not periodic or here <= 2.0
            assert np.isclose(candidates, here, atol=1e-5).any() or not nearest_image


def assert_mean(frames, values, expected, wrong):
    """4 standard errors, the larger of those over frames and over crops: 1 false alarm in 10^4."""
    over_frames = frames.std(ddof=1) / np.sqrt(len(frames))
    error = max(over_frames, values.std() / np.sqrt(len(values)))
    assert abs(values.mean() - expected) < 4 * error
    assert abs(values.mean() - wrong) > 4 * error  # negative control


@pytest.mark.parametrize(
    "cells", [[[9.0, 0], [0, 9.0]], [[9.0, 0.0], [4.0, 8.0]], [[12.0, 0.0], [-3.0, 7.0]]]
)
def test_crops_are_uniform_over_the_box(cells):
    """The mean number in a half is density times volume, also in triclinic boxes."""
    gas, cut = a_gas(cells=cells, count=80, frames=40), BlockCut((1.0, 2.0))
    numbers = Crops(gas, cut, None).count(np.arange(40).repeat(400), generator(1))
    expected = gas.density * cut.volume
    assert_mean(numbers.reshape(40, 400).mean(axis=1), numbers, expected, 1.1 * expected)


def test_images_and_points_hold_the_same():
    gas, cut = a_gas(count=90), BlockCut((1.0, 2.0))
    images = Crops(gas, cut, 10, "image", NO_MARKS).draw(torch.arange(8), generator(3))
    points = Crops(gas, cut, 10, "points", NO_MARKS).draw(torch.arange(8), generator(3))
    assert images[0].shape == (8, 1, 10, 20)
    black = np.float32(np.sqrt(10**2 / gas.density))
    for half in (0, 1):
        expected = np.zeros((8, 10, 20), np.float32)
        for k, rows in enumerate(points[half].numpy()):
            for x, y, real in rows:
                if real:
                    row = int(x * 10)  # from the interface, where the first half ends
                    expected[k, 9 - row if half == 0 else row, int(y * 10)] = black
        np.testing.assert_array_equal(expected, images[half][:, 0].numpy())
    inside = points[0][..., :2][points[0][..., -1] > 0] * 10
    np.testing.assert_allclose(inside - inside.floor(), 0.5, atol=1e-4)  # centres of pixels


@pytest.mark.parametrize("resolution", [2, 10, 40])
def test_the_mean_square_of_pixels_is_independent_of_resolution(resolution):
    """It is 1 except for pixels that hold several centres, which count once."""
    gas, cut = a_gas(count=90, frames=40), BlockCut((1.0, 2.0))
    crops = Crops(gas, cut, resolution, "image", NO_MARKS)
    a, b = crops.draw(torch.arange(40).repeat(50), generator(1))
    mean = gas.density / resolution**2
    expected = (1 - np.exp(-mean)) / mean
    squares = torch.cat([a, b]).square().mean(dim=(1, 2, 3)).numpy()
    frames = squares.reshape(2, 50, 40).mean(axis=(0, 1))
    assert_mean(frames, squares, expected, 1.2 * expected)


def test_a_generator_gives_the_same_crops_again():
    crops = Crops(a_gas(), BlockCut((1.0, 1.0)), 10)
    first, again, other = (crops.draw(torch.arange(8), generator(seed))[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not (first.shape == other.shape and torch.equal(first, other))


def test_shapes_and_costs():
    gas = a_gas(side=9.0)
    points = Crops(gas, BlockCut((1.0, 2.0)), 10, "points")
    image = Crops(gas, BlockCut((1.0, 2.0)), 10, "image", NO_MARKS)
    assert points.shape == CropShape((1.0, 2.0), features=1)
    assert image.shape.left == image.shape.right == (10, 20) and not any(image.shape.wraps)
    assert points.key == (2.0, 2.0) and points.interface == 12  # 6 sites per unit of length
    assert points.reads == 40  # twice 81 / 4
    chain = Crops(a_gas(1), BlockCut((0.5,)), 10, "image", NO_MARKS)
    assert chain.shape.left == (5, 1) and chain.interface == 6


def test_impossible_crops():
    gas = a_gas(side=3.0)
    with pytest.raises(InputError, match="do not fit into a box"):
        Crops(gas, BlockCut((2.0, 2.0)), 10)
    with pytest.raises(InputError, match="whole numbers of pixels"):
        Crops(gas, BlockCut((0.5, 0.5)), 7)
    with pytest.raises(InputError, match="a resolution"):
        Crops(gas, BlockCut((0.5, 0.5)), None, "image")
    skew = a_gas(periodic=(True, False), cells=[[9.0, 0], [2, 9.0]])
    with pytest.raises(InputError, match="rectangular"):
        Crops(skew, BlockCut((0.5, 0.5)), 10)


# ------------------------------------------------------------------------------- kinds


def test_points_and_images_have_the_kinds_of_their_frames():
    gas, cut = a_gas(types=TYPES, diameters=None), BlockCut((1.0, 2.0))
    points = Crops(gas, cut, 10, "points").draw(torch.arange(8), generator(3))
    bare = Crops(gas, cut, 10, "points", NO_MARKS).draw(torch.arange(8), generator(3))
    images = Crops(gas, cut, 10, "image").draw(torch.arange(8), generator(3))
    assert images[0].shape == (8, 3, 10, 20)
    black = np.float32(np.sqrt(10**2 / (gas.density / 3)))
    for half in (0, 1):
        assert torch.equal(points[half][..., [0, 1, 3]], bare[half])
        expected = np.zeros((8, 3, 10, 20), np.float32)
        for k, rows in enumerate(points[half].numpy()):
            for x, y, kind, real in rows:
                if real:
                    row = int(x * 10)
                    expected[k, int(kind), 9 - row if half == 0 else row, int(y * 10)] = black
        np.testing.assert_array_equal(expected, images[half].numpy())
    whole = BlockCut((4.5, 9.0))  # all particles of a frame are in one of the halves
    every = torch.cat(Crops(gas, whole, None).draw(torch.arange(8), generator(1)), dim=1)
    assert torch.bincount(every[..., 2][every[..., -1] > 0].long()).tolist() == [160] * 3


def test_types_that_the_diameters_tell_are_no_kinds():
    cut, sizes = BlockCut((1.0, 2.0)), 1.0 + TYPES
    shapes = [
        Crops(a_gas(types=types, diameters=sizes), cut, None).shape for types in (TYPES, None)
    ]
    assert shapes[0] == shapes[1] == CropShape(cut.half, 1)
    many = Crops(a_gas(types=TYPES), cut, None).shape  # each particle has a diameter of its own
    assert many == CropShape(cut.half, 1, kinds=3)
    finer = Crops(a_gas(types=np.arange(60) % 6, diameters=sizes), cut, None).shape
    assert finer == CropShape(cut.half, 1, kinds=6)  # gaps follow from the diameters
    alike = Crops(a_gas(types=np.full(60, 7), diameters=None), cut, None).shape
    assert alike == CropShape(cut.half, 0)
    image = Crops(a_gas(types=TYPES, diameters=sizes), cut, 10, "image").shape
    assert image.channels == 3


def test_too_many_kinds_are_refused():
    many, cut = a_gas(types=np.arange(60), diameters=None), BlockCut((1.0, 2.0))
    with pytest.raises(InputError, match="60 types of particles.*--no-types"):
        Crops(many, cut, None)
    with pytest.raises(InputError, match="60 kinds by type and diameter.*critics of images"):
        Crops(a_gas(), cut, 10, "image")
    assert Crops(many, cut, None, marks=NO_MARKS).shape == CropShape(cut.half, 0)


def test_gaps_are_measured_from_the_smallest_distance_of_two_kinds():
    """Sites of a lattice of spacing 1.5, in columns of two types."""
    sites = 1.5 * np.stack(np.meshgrid(np.arange(8.0), np.arange(8.0)), -1).reshape(-1, 2)
    columns = (sites[:, 0] // 1.5).astype(int) // 2 % 2  # 0 0 1 1 0 0 1 1
    lattice = Particles.from_frames([sites] * 8, cells=12.0, periodic=True, types=columns)
    shape = Crops(lattice, BlockCut((1.0, 2.0)), None).shape
    np.testing.assert_allclose(shape.contacts, 1.5)
    few = Particles.from_frames([sites] * 8, cells=12.0, periodic=True, types=np.arange(64) == 9)
    contacts = np.array(Crops(few, BlockCut((1.0, 2.0)), None).shape.contacts)
    np.testing.assert_allclose(contacts, [[1.5, 1.5], [1.5, 1.0]])  # there is one a frame


# ------------------------------------------------------------------------------ critic


def a_batch(dimensions=2, diameters=True, seed=0, types=None):
    gas = a_gas(dimensions, count=60, side=4.0, seed=seed, types=types)
    cut = BlockCut((1.0, 2.0, 2.0)[:dimensions])
    crops = Crops(gas, cut, 10, marks=Marks(diameters=diameters))
    a, b = crops.draw(torch.arange(8).repeat(4), generator(seed))
    torch.manual_seed(1)
    network = PointsCritic(width=8).build(crops.shape)
    assert crops.shape.features == diameters and crops.shape.kinds == (1 if types is None else 3)
    return network, a, b


@pytest.mark.parametrize(
    ("dimensions", "diameters", "types", "objective"),
    [
        *[(2, True, None, objective) for objective in OBJECTIVES],
        *[(d, True, None, "nwj") for d in (1, 3)],
        *[(d, False, None, "nwj") for d in (1, 2, 3)],
        *[(2, diameters, TYPES, "nwj") for diameters in (True, False)],
    ],
)
def test_gradients_reach_every_parameter(dimensions, diameters, types, objective):
    network, a, b = a_batch(dimensions, diameters, types=types)
    kind = OBJECTIVES[objective]()
    batch = Batch(a, b, tuple(range(3, 3 + kind.products)))
    loss, _ = kind.loss(*scores(network, batch), None)
    loss.backward()
    # these losses do not depend on a constant
    constant = {"numbers.2.bias"} if objective in ("donsker-varadhan", "infonce") else set()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0 or name in constant, name


@torch.no_grad()
@pytest.mark.parametrize("types", [None, TYPES])
def test_scores_do_not_depend_on_order_padding_or_batch(types):
    network, a, b = a_batch(types=types)
    known = network(a, b)
    order = torch.randperm(a.shape[1], generator=generator(5))
    padded = torch.cat([a[:, order], torch.zeros_like(a[:, :2])], dim=1)
    torch.testing.assert_close(network(padded, b), known, rtol=1e-4, atol=1e-4)
    rows = torch.randperm(len(a), generator=generator(6))
    torch.testing.assert_close(network(a[rows], b[rows]), known[rows], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(network(a.flip(0), b), known, atol=1e-3)  # negative control
    nearer = a.clone()
    nearer[..., 0] *= 0.5
    assert not torch.allclose(network(nearer, b), known, atol=1e-3)


@torch.no_grad()
@pytest.mark.parametrize("diameters", [True, False])
def test_scores_depend_on_the_kinds(diameters):
    network, a, b = a_batch(diameters=diameters, types=TYPES)
    other = a.clone()
    other[..., -2] = (other[..., -2] + 1) % 3 * (other[..., -1] > 0)
    assert not torch.allclose(network(other, b), network(a, b), atol=1e-3)


@torch.no_grad()
def test_empty_halves_have_scores():
    network, a, b = a_batch()
    assert torch.isfinite(network(torch.zeros_like(a), torch.zeros_like(b))).all()


def columns():
    """Particles on the lines x = 0.3, 1.3, ... of a box that is longer along y."""
    rng = np.random.default_rng(4)
    x = 0.3 + np.arange(8.0).repeat(20)
    frames = [np.column_stack([x, rng.random(160) * 10]) for _ in range(16)]
    return Particles.from_frames(frames, cells=(8.0, 10.0), periodic=True)


def on_lines(crops, axis):
    """Whether coordinates along an axis of each first half differ by whole numbers."""
    points = crops.draw(torch.arange(16).repeat(20), generator(1))[0]
    there = points[..., -1] > 0
    turns = 2 * np.pi * points[..., axis].double()
    waves = torch.where(there, torch.polar(torch.ones_like(turns), turns), 0).sum(1).abs()
    return bool((waves - there.sum(1)).abs().max() < 1e-4)


@pytest.mark.parametrize("half, axis", [((2.0, 2.0), 1), ((2.0, 4.0), 0), ((4.0, 4.0), 1)])
def test_a_crystal_keeps_its_orientation(half, axis):
    """The first doubling is along y, the longest axis, the next one along x, and so on."""
    assert on_lines(Crops(columns(), BlockCut(half), None, isotropic=False), axis)
    assert not on_lines(Crops(columns(), BlockCut(half), None, isotropic=False), 1 - axis)
    assert not on_lines(Crops(columns(), BlockCut(half), None), axis)  # negative control


def test_in_space_three_doublings_have_three_axes():
    """Each parent is the half of the next cut, along the same axes of space."""
    rng = np.random.default_rng(5)
    gas = Particles.from_frames(rng.random((8, 60, 3)) * 9, cells=9.0, periodic=True)
    halves = [(1.0, 1.0, 1.0), (1.0, 2.0, 1.0), (1.0, 2.0, 2.0), (2.0, 2.0, 2.0)]
    orders = [Crops(gas, BlockCut(half), None, isotropic=False)._orders for half in halves]
    assert [order.tolist() for order in orders] == [
        [[0, 1, 2]],
        [[1, 0, 2]],
        [[2, 0, 1]],
        [[0, 1, 2]],
    ]
