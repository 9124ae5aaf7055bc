"""Windows: both halves of a block from one sample, and images under the symmetries."""

from itertools import permutations, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety.base import scratch
from moiety.base.random import Streams
from moiety.estimation.encoding import Encoding
from moiety.estimation.pairs import PairShape
from moiety.estimation.windows import Windows
from moiety.geometry.cuts import ladder

repeatable = settings(derandomize=True, deadline=None)
PLAIN = Encoding("real")  # values unchanged: mean 0, scale 1


def generator(seed=0):
    return Streams(seed).torch("pairs")


def tagged(n, shape):
    """Values that encode their sample and site, exactly in single precision."""
    sites = np.arange(np.prod(shape)).reshape(shape)
    return torch.from_numpy(
        (1000.0 * np.arange(n).reshape(-1, *[1] * len(shape)) + sites).astype(np.float32)
    )


def places(block, shape):
    """Samples `(n, ...)` and lattice coordinates `(space, n, ...)` of a tagged block."""
    tags = block.numpy().astype(int)
    return tags // 1000, np.array(np.unravel_index(tags % 1000, shape))


@st.composite
def cuts(draw):
    sides = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)
    shape = draw(sides.filter(lambda shape: np.prod(shape) > 1))
    periodic = draw(st.tuples(*[st.booleans()] * len(shape)))
    return draw(st.sampled_from(ladder(shape, periodic).cuts)), shape, periodic


@repeatable
@given(cuts(), st.integers(0, 99))
def test_halves_are_neighbours_in_one_sample(case, seed):
    cut, shape, periodic = case
    windows = Windows(tagged(12, shape), cut, periodic, PLAIN)
    picked = torch.arange(12).repeat_interleave(2)
    a, b = windows.draw(picked, generator(seed))
    pair = PairShape.of(cut, channels=1)
    assert windows.shape == pair
    assert (a.shape, b.shape) == ((24, 1, *pair.left), (24, 1, *pair.right))
    samples, sites = places(torch.cat([a, b], dim=2)[:, 0], shape)
    assert (samples == picked.numpy().reshape(-1, *[1] * len(pair.left))).all()
    order = [cut.axis, *[axis for axis in range(len(shape)) if axis != cut.axis]]
    steps = np.indices([cut.parent[axis] for axis in order]).reshape(len(shape), -1)
    for axis, along in enumerate(sites.reshape(len(shape), 24, -1)):
        expected = along[:, :1] + steps[order.index(axis)]
        assert (along == (expected % shape[axis] if periodic[axis] else expected)).all()
    others, _ = places(b.roll(2, 0)[:, 0], shape)
    assert (others.reshape(24, -1) != picked[:, None].numpy()).all()  # negative control


@pytest.mark.parametrize("periodic", [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("level", [1, 3, 5])
def test_all_positions_are_equally_likely(periodic, level):
    shape = (6, 5)
    cut = ladder(shape, periodic).cuts[level - 1]
    windows = Windows(tagged(1, shape), cut, periodic, PLAIN)
    sides = zip(shape, cut.parent, periodic, strict=True)
    allowed = [range(whole if closed else whole - side + 1) for whole, side, closed in sides]
    block = windows.raw(torch.zeros(9000, dtype=int), generator())
    _, sites = places(block.reshape(9000, -1)[:, 0], shape)
    counts = np.zeros(shape)
    np.add.at(counts, tuple(sites), 1)
    expected = 9000 / windows.positions
    assert set(map(tuple, np.argwhere(counts))) == set(product(*allowed))
    assert windows.positions == np.prod([len(starts) for starts in allowed])
    # at most 30 positions at 4.5 sigma: one false alarm in 5000
    assert np.abs(counts[counts > 0] - expected).max() <= 4.5 * np.sqrt(expected)


@repeatable
@given(cuts(), st.integers(0, 99))
def test_windows_of_large_samples_are_views(case, seed):
    """They are those of open boundaries, where no block closes on itself."""
    cut, shape, periodic = case
    values = tagged(12, shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scratch, "LARGEST_IN_MEMORY", 0)
        lean = Windows(values, cut, periodic, PLAIN, ("transpose",))
    assert all(
        view.untyped_storage().data_ptr() == values.untyped_storage().data_ptr()
        for view in lean._views
    )
    sides = zip(shape, cut.parent, strict=True)
    assert lean.positions == np.prod([side - inner + 1 for side, inner in sides])
    a, b = lean.draw(torch.arange(12), generator(seed))
    frames, coordinates = places(torch.cat([a, b], dim=2)[:, 0], shape)
    of_one_sample = frames.reshape(12, -1)
    assert (of_one_sample == of_one_sample[:, :1]).all()
    for along, inner in zip(coordinates, cut.parent, strict=True):
        # across a boundary the spread would be larger
        assert (np.ptp(along.reshape(12, -1), axis=1) == inner - 1).all()


def test_the_stream_decides_the_windows():
    cut = ladder((8, 8), (True, True)).cuts[3]
    windows = Windows(tagged(9, (8, 8)), cut, (True, True), PLAIN, ("reflect", "transpose"))
    first, again, other = (
        windows.raw(torch.arange(9), generator(seed), augment=True) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


# --- Symmetries


def symmetric_images(block, symmetries):
    """All images of one square block of two states, as bytes."""
    images = [block]
    if "flip" in symmetries:
        images += [1 - image for image in images]
    if "reflect" in symmetries:
        images += [image[::-1] for image in images]
        images += [image[:, ::-1] for image in images]
    if "invert" in symmetries:
        images += [image[::-1, ::-1] for image in images]
    if "transpose" in symmetries:
        images += [image.T for image in images]
    return {np.ascontiguousarray(image).tobytes() for image in images}


@pytest.mark.parametrize(
    ("symmetries", "images"),
    [
        ((), 1),
        (("flip",), 2),
        (("reflect",), 4),
        (("invert",), 2),
        (("transpose",), 2),
        (("flip", "reflect", "transpose"), 16),
    ],
)
def test_augmentation_makes_every_image_and_no_other(symmetries, images):
    rows = [[0, 0, 1, 0], [1, 0, 0, 0], [1, 1, 0, 1], [0, 0, 0, 0]]  # all images are different
    sample = np.array(rows, np.uint8)
    cut = ladder((4, 4), (False, False)).cuts[0]
    windows = Windows(
        torch.from_numpy(sample)[None], cut, (False, False), Encoding("discrete", 2), symmetries
    )
    rng = generator()

    def drawn(augment):  # the axes are transposed or not once per batch
        batches = [windows.raw(torch.zeros(40, dtype=int), rng, augment=augment) for _ in range(30)]
        return {block.tobytes() for block in torch.cat(batches).numpy()}

    assert drawn(augment=True) == symmetric_images(sample, symmetries)
    assert len(drawn(augment=True)) == images
    assert drawn(augment=False) == {sample.tobytes()}  # negative control


@repeatable
@given(cuts(), st.sets(st.sampled_from(["reflect", "invert", "transpose"])), st.integers(0, 99))
def test_augmented_sites_keep_their_neighbours(case, symmetries, seed):
    cut, shape, periodic = case
    windows = Windows(tagged(6, shape), cut, periodic, PLAIN, tuple(symmetries))
    block = windows.raw(torch.arange(6), generator(seed), augment=True)
    samples, sites = places(block, shape)
    assert (samples == np.arange(6).reshape(-1, *[1] * (samples.ndim - 1))).all()
    sides = np.array(shape).reshape(-1, *[1] * samples.ndim)
    closed = np.array(periodic).reshape(sides.shape)
    for axis in range(1, samples.ndim):
        step = np.abs(np.diff(sites, axis=axis + 1))
        step = np.where(closed, np.minimum(step, sides - step), step)
        assert (step.sum(axis=0) == 1).all()


def square_energy(spins):
    return -sum((spins * np.roll(spins, 1, axis)).sum(axis=(1, 2)) for axis in (1, 2))


def triangular_energy(spins):
    """On a sheared array: neighbours (1, 0), (0, 1) and (1, 1)."""
    return square_energy(spins) - (spins * np.roll(spins, (1, 1), (1, 2))).sum(axis=(1, 2))


def energy_in_field(spins):
    return square_energy(spins) - spins.sum(axis=(1, 2))


@pytest.mark.parametrize(
    ("energy", "symmetries", "kept"),
    [
        (square_energy, ("flip", "reflect", "transpose", "invert"), True),
        (triangular_energy, ("flip", "transpose", "invert"), True),
        (triangular_energy, ("reflect",), False),  # negative controls
        (energy_in_field, ("flip",), False),
    ],
    ids=["square", "triangular", "triangular reflected", "flipped in a field"],
)
def test_images_have_the_energy_of_the_original(energy, symmetries, kept):
    values = np.random.default_rng(0).integers(0, 2, (200, 6, 6), dtype=np.uint8)
    cut = ladder((6, 6), (True, True)).cuts[0]  # the window is the whole torus, from any origin
    windows = Windows(
        torch.from_numpy(values), cut, (True, True), Encoding("discrete", 2), symmetries
    )
    plain, images = (
        windows.raw(torch.arange(200), generator(3), augment=augment).numpy()
        for augment in (False, True)
    )
    expected = energy(2.0 * values - 1)
    np.testing.assert_array_equal(energy(2.0 * plain - 1), expected)
    assert (energy(2.0 * images - 1) == expected).all() == kept


def test_axes_are_transposed_only_if_sides_and_boundaries_agree():
    def orientations(shape, periodic):
        cut = ladder(shape, periodic).cuts[-1]
        windows = Windows(tagged(1, shape), cut, periodic, PLAIN, ("transpose",))
        rng, seen = generator(), set()
        for _ in range(60):
            block = windows.raw(torch.zeros(1, dtype=int), rng, augment=True)
            _, sites = places(block.flatten(), shape)
            seen.add(tuple(np.flatnonzero(np.diff(sites, axis=1).ravel())))
        return len(seen)

    assert orientations((4, 4), (True, True)) == 2
    assert orientations((4, 4), (True, False)) == 1
    assert orientations((4, 5), (True, True)) == 1
    assert orientations((3, 3, 3), (False, False, False)) == len(list(permutations("xyz"))) / 2


def test_a_turn_rotates_both_halves_alike():
    values = 6 * torch.rand(1, 4, 4, dtype=torch.float64, generator=generator())
    cut = ladder((4, 4), (True, True)).cuts[-1]
    picks = torch.zeros(64, dtype=int)

    def halves(*symmetries):
        windows = Windows(values, cut, (True, True), Encoding("angle"), symmetries)
        return windows.draw(picks, torch.Generator().manual_seed(1), augment=True)

    def inner(x, y):
        return (x * y).sum(dim=1).flatten(1)

    (a, b), (c, d) = halves("turn"), halves()
    torch.testing.assert_close(inner(a, b), inner(c, d))
    assert (a - c).abs().max() > 0.5  # negative control: they are rotated


def test_a_turn_leaves_discrete_states_alone():
    codes, cut = torch.zeros(1, 4, 4, dtype=torch.uint8), ladder((4, 4), (True, True)).cuts[-1]
    spins = Windows(codes, cut, (True, True), Encoding("discrete", 2), ("turn",))
    halves = spins.draw(torch.zeros(64, dtype=int), torch.Generator(), augment=True)
    assert all((half == -1).all() for half in halves)
