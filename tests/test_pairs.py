"""Joint halves are neighbours in one sample; product halves come from samples far apart."""

from itertools import permutations, product

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from moiety.base import scratch
from moiety.base.random import Streams
from moiety.estimation.pairs import Encoding, PairShape, Windows, cross_splits, shifts, spread_out
from moiety.geometry.cuts import ladder

repeatable = settings(derandomize=True, deadline=None)
PLAIN = Encoding("real")  # values as they are: mean 0, scale 1


def generator(seed=0):
    return Streams(seed).torch("pairs")


def tagged(n, shape):
    """Every value tells its sample and its site; exact in single precision."""
    sites = np.arange(np.prod(shape)).reshape(shape)
    return torch.from_numpy(
        (1000.0 * np.arange(n).reshape(-1, *[1] * len(shape)) + sites).astype(np.float32)
    )


def places(block, shape):
    """Samples and lattice coordinates of a tagged block, shapes `(n, ...)` and `(space, n, ...)`."""
    tags = block.numpy().astype(int)
    return tags // 1000, np.array(np.unravel_index(tags % 1000, shape))


@st.composite
def cuts(draw):
    shape = draw(
        st.lists(st.integers(1, 6), min_size=1, max_size=3)
        .map(tuple)
        .filter(lambda s: np.prod(s) > 1)
    )
    periodic = draw(st.tuples(*[st.booleans()] * len(shape)))
    return draw(st.sampled_from(ladder(shape, periodic).cuts)), shape, periodic


# Windows


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
    for axis, found in enumerate(sites.reshape(len(shape), 24, -1)):
        onward = found[:, :1] + steps[order.index(axis)]
        assert (found == (onward % shape[axis] if periodic[axis] else onward)).all()
    strangers, _ = places(b.roll(2, 0)[:, 0], shape)
    assert (strangers.reshape(24, -1) != picked[:, None].numpy()).all()  # negative control


@pytest.mark.parametrize("periodic", [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("level", [1, 3, 5])
def test_every_place_is_as_likely_as_any_other(periodic, level):
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
    # at most 30 places at 4.5 sigma: one false alarm in 5000
    assert np.abs(counts[counts > 0] - expected).max() <= 4.5 * np.sqrt(expected)


@repeatable
@given(cuts(), st.integers(0, 99))
def test_windows_of_large_samples_are_no_copies(case, seed):
    """And they are those of open edges, where the block does not close on itself."""
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
    assert (
        frames == frames.reshape(12, -1)[:, 0].reshape(12, *[1] * (frames.ndim - 1))
    ).all()  # of one sample
    for along, inner in zip(
        coordinates, cut.parent, strict=True
    ):  # over an edge the spread would be larger
        assert (np.ptp(along.reshape(12, -1), axis=1) == inner - 1).all()


def test_same_stream_same_windows():
    cut = ladder((8, 8), (True, True)).cuts[3]
    windows = Windows(tagged(9, (8, 8)), cut, (True, True), PLAIN, ("reflect", "transpose"))
    first, again, other = (
        windows.raw(torch.arange(9), generator(seed), augment=True) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


# Symmetries


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
    sample = np.array(
        [[0, 0, 1, 0], [1, 0, 0, 0], [1, 1, 0, 1], [0, 0, 0, 0]], np.uint8
    )  # no image is like another
    cut = ladder((4, 4), (False, False)).cuts[0]
    windows = Windows(
        torch.from_numpy(sample)[None], cut, (False, False), Encoding("discrete", 2), symmetries
    )
    rng = generator()

    def found(augment):  # the transposition is drawn once a batch
        batches = [windows.raw(torch.zeros(40, dtype=int), rng, augment=augment) for _ in range(30)]
        return {block.tobytes() for block in torch.cat(batches).numpy()}

    assert found(augment=True) == symmetric_images(sample, symmetries)
    assert len(found(augment=True)) == images
    assert found(augment=False) == {sample.tobytes()}  # negative control


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


@pytest.mark.parametrize(
    ("energy", "symmetries", "kept"),
    [
        (square_energy, ("flip", "reflect", "transpose", "invert"), True),
        (triangular_energy, ("flip", "transpose", "invert"), True),
        (triangular_energy, ("reflect",), False),  # negative control, trap 10
        (
            lambda spins: square_energy(spins) - spins.sum(axis=(1, 2)),
            ("flip",),
            False,
        ),  # in a field
    ],
    ids=["square", "triangular", "triangular reflected", "flipped in a field"],
)
def test_symmetries_of_the_energy(energy, symmetries, kept):
    values = np.random.default_rng(0).integers(0, 2, (200, 6, 6), dtype=np.uint8)
    cut = ladder((6, 6), (True, True)).cuts[0]  # its window is the whole torus, from any origin
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


def test_transposition_needs_equal_sides_and_edges():
    def orientations(shape, periodic):
        cut = ladder(shape, periodic).cuts[-1]
        windows = Windows(tagged(1, shape), cut, periodic, PLAIN, ("transpose",))
        rng, seen = generator(), set()
        for _ in range(60):
            _, sites = places(
                windows.raw(torch.zeros(1, dtype=int), rng, augment=True).flatten(), shape
            )
            seen.add(tuple(np.flatnonzero(np.diff(sites, axis=1).ravel())))
        return len(seen)

    assert orientations((4, 4), (True, True)) == 2
    assert orientations((4, 4), (True, False)) == 1
    assert orientations((4, 5), (True, True)) == 1
    assert orientations((3, 3, 3), (False, False, False)) == len(list(permutations("xyz"))) / 2


# Codes


REALS = torch.linspace(-3, 3, 30).view(5, 3, 2)


def test_encodings():
    block = torch.tensor([[[0, 1], [2, 0]]], dtype=torch.uint8)
    spins, potts = Encoding("discrete", 2)(block.clamp(max=1)), Encoding("discrete", 3)(block)
    assert spins.tolist() == [[[[-1, 1], [1, -1]]]]
    assert potts.tolist() == [[[[1, 0], [0, 1]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]]]
    assert Encoding("discrete", 3).flipped(block).tolist() == [[[2, 1], [0, 2]]]
    angles = torch.tensor([[0.5, 3.1415]])
    assert torch.allclose(
        Encoding("angle")(angles), Encoding("angle")(angles - 2 * np.pi), atol=1e-6
    )  # no branch cut
    assert torch.allclose(Encoding("angle")(Encoding("angle").flipped(angles))[:, 1], -angles.sin())


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
    coded = encoding(values)
    assert coded.shape == (5, encoding.channels, 3, 2)
    assert coded.dtype == torch.float32
    assert torch.equal(values, before)  # left as they were
    assert torch.equal(encoding.flipped(encoding.flipped(values)), values)


def test_reals_are_standardised():
    values = np.random.default_rng(0).normal(5.0, 0.1, (50, 4)).astype(np.float32)
    coded = Encoding.of("real", 0, values)(torch.from_numpy(values))
    assert (coded.mean().item(), coded.std().item()) == pytest.approx((0, 1), abs=0.01)
    assert not Encoding.of("real", 0, np.full((9, 4), 5.0))(
        torch.full((9, 4), 5.0)
    ).any()  # constant: no 0 / 0
    assert Encoding.of("discrete", 2, values) == Encoding("discrete", 2)


# Which samples


@repeatable
@given(st.integers(1, 9), st.integers(4, 40), st.integers(2, 4), st.floats(0.05, 0.5))
def test_splits_are_disjoint_and_cover(chains, draws, folds, share):
    n = chains * draws
    assume(n >= 16)
    splits = cross_splits(chains, draws, folds, share)
    assert np.concatenate([split.test for split in splits]).tolist() == list(range(n))  # each once
    for split in splits:
        everything = np.concatenate([split.train, split.validation, split.test])
        assert sorted(everything.tolist()) == list(range(n))
        assert min(len(split.train), len(split.validation), len(split.test)) >= 1
        assert len(split.validation) == pytest.approx(
            max(share * (n - len(split.test)), 2), abs=1
        )  # two can be paired
        for indices, runs in (
            (split.test, 1),
            (split.validation, 1),
            (split.train, 2),
        ):  # the ends are joined
            assert np.count_nonzero(np.diff(indices, append=indices[0] + n) != 1) <= runs
        if chains % folds == 0:
            assert len(set(split.test // draws)) * draws == len(split.test)  # whole chains


def test_validation_is_far_from_the_test_set():
    for split in cross_splits(1, 300, folds=3):
        assert (
            np.abs(split.validation[:, None] - split.test).min() >= 80
        )  # of the 160 draws that are trained on


@repeatable
@given(st.integers(1, 60), st.integers(1, 90), st.integers(0, 99))
def test_spread_out_is_even_and_in_order(length, size, seed):
    indices = 100 + 3 * np.arange(length)
    picks = spread_out(indices, size, generator(seed)).numpy()
    assert len(picks) == size and (np.diff(picks) >= 0).all()
    counts = np.bincount((picks - 100) // 3, minlength=length)
    assert set(picks) <= set(indices) and counts.max() - counts.min() <= 1


@repeatable
@given(
    st.integers(2, 400),
    st.integers(2, 400),
    st.floats(0.5, 20),
    st.integers(1, 8),
    st.integers(0, 99),
)
def test_partners_are_three_tau_apart(samples, size, tau, count, seed):
    assume(2 * (3 * tau + 1) * size / samples + 2 <= size)  # a ring of draws has room for it
    rng = generator(seed)
    picks = spread_out(np.arange(samples), size, rng)
    rolls = shifts(size, samples, tau, count, rng)
    assert 1 <= len(rolls) == len(set(rolls)) <= count
    for roll in rolls:
        assert (picks - picks.roll(roll)).abs().min() >= 3 * tau
    assert (
        picks - picks.roll(1)
    ).abs().min() < 3 * tau or samples / size > 3 * tau  # negative control


def test_all_rolls_that_are_far_enough_are_used():
    rolls = {roll for seed in range(200) for roll in shifts(100, 100, 5.0, 4, generator(seed))}
    assert rolls == set(range(16, 85))
    assert len(shifts(100, 100, 5.0, 1000, generator())) == 69
    assert shifts(100, 100, 1000.0, 4, generator()) == (50,)  # no room: as far as can be


def test_turns_turn_both_halves_alike():
    values = torch.rand(1, 4, 4, dtype=torch.float64) * 6
    cut = ladder((4, 4), (True, True)).cuts[-1]
    turned, plain = (
        Windows(values, cut, (True, True), Encoding("angle"), names) for names in (("turn",), ())
    )
    picks = torch.zeros(64, dtype=int)
    (a, b), (c, d) = (
        w.draw(picks, torch.Generator().manual_seed(1), augment=True) for w in (turned, plain)
    )

    def inner(x, y):
        return (x * y).sum(dim=1).flatten(1)

    torch.testing.assert_close(inner(a, b), inner(c, d))
    assert (a - c).abs().max() > 0.5  # negative control: they are turned
    codes = torch.zeros(1, 4, 4, dtype=torch.uint8)  # no angles, nothing to turn
    spins = Windows(codes, cut, (True, True), Encoding("discrete", 2), ("turn",))
    assert all((half == -1).all() for half in spins.draw(picks, torch.Generator(), augment=True))
