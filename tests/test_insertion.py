"""Excess entropy from insertions: exact answers in one to three dimensions, and kinds."""

import numpy as np
import pytest
import torch

from moiety import Particles, system
from moiety.base.errors import Stopped
from moiety.estimation.history import TrainingStatus
from moiety.estimation.training import Training
from moiety.insertion.estimate import Insertions, estimate_by_insertion
from moiety.insertion.network import InsertionRate, Surroundings

QUICK = Insertions(
    width=32,
    evaluations=2**14,
    training=Training(steps=150, batch=256, learning_rate=5e-3, averaging=0.97),
)


def off(particles, exact, config=QUICK, **options):
    """Deviation from the exact value, and the stated error."""
    found = estimate_by_insertion(particles, config, seed=1, **options)
    return found.entropy - exact, found.error, found


def rods(lengths, density, n=64, number=256, seed=0):
    """Rods of given lengths in any order on a ring: uniform gaps, so independent frames."""
    rng, side = np.random.default_rng(seed), number / density
    frames, types = [], []
    for _ in range(n):
        kinds = rng.integers(len(lengths), size=number)
        sizes = np.asarray(lengths)[kinds]
        cuts = np.sort(rng.random(number)) * (side - sizes.sum())
        before = np.concatenate([[0.0], np.cumsum((sizes + np.roll(sizes, -1)) / 2)[:-1]])
        frames.append((cuts + before + rng.random() * side)[:, None] % side)
        types.append(kinds)
    return frames, types, side


def test_an_ideal_gas_has_no_excess():
    frames = np.random.default_rng(0).random((64, 128, 3)) * 8
    found, error, estimate = off(Particles.from_frames(frames, cells=8.0, periodic=True), 0.0)
    assert abs(found) < 4 * error < 0.15
    assert estimate.integral == pytest.approx(1, abs=0.02)


def test_hard_rods_and_a_negative_control():
    frames, _, side = rods([1.0], 0.5)
    particles = Particles.from_frames(frames, cells=side, periodic=True)
    found, error, estimate = off(particles, np.log(0.5))
    assert abs(found) < 4 * error < 0.15
    assert estimate.entropy < estimate.bound and estimate.status != TrainingStatus.DIVERGED
    # the same rods without their order: every second one moved anywhere
    rng = np.random.default_rng(5)
    for frame in frames:
        frame[::2] = rng.random((len(frame[::2]), 1)) * side
    mixed = Particles.from_frames(frames, cells=side, periodic=True)
    assert off(mixed, np.log(0.5))[0] > 8 * error


def test_hard_disks():
    disks = system("hard-disks", particles=256, packing_fraction=0.3)
    found, error, _ = off(disks.sample(64, seed=1), disks.exact_excess_entropy())
    assert abs(found) < 4 * error < 0.15


def test_types_are_part_of_the_state():
    """Rods of two lengths in any order: log(1 - covered), in excess of the ideal mixture."""
    frames, types, side = rods([0.5, 1.5], 0.5)
    exact = np.log(1 - 0.5)
    mixture = Particles.from_frames(frames, cells=side, periodic=True, types=types)
    found, error, _ = off(mixture, exact)
    assert abs(found) < 4 * error < 0.15
    dropped = Particles.from_frames(frames, cells=side, periodic=True)
    assert off(dropped, exact)[0] > 5 * error  # without them each rod could be of either length


def test_numbers_of_particles_may_vary():
    rng = np.random.default_rng(0)
    frames = [rng.random((rng.poisson(100), 2)) * 10 for _ in range(64)]
    found, error, _ = off(Particles.from_frames(frames, cells=10.0, periodic=True), 0.0)
    assert abs(found) < 4 * error < 0.15


@pytest.mark.parametrize("space", [1, 2, 3])
def test_rates_do_not_depend_on_orientation_or_numbering(space):
    torch.manual_seed(0)
    network = InsertionRate(space, 2, 0.9, 2.5, 16)
    for parameter in network.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.3)
    vectors = torch.randn(5, 7, space)
    kinds = torch.randint(-1, 2, (5, 7))
    own, times = torch.tensor([0, 1, 0, 1, 0]), torch.rand(5)
    turn = torch.linalg.qr(torch.randn(space, space))[0]
    order = torch.randperm(7)
    rate = network(Surroundings(vectors, kinds, own, times, times))
    moved = Surroundings((vectors @ turn)[:, order], kinds[:, order], own, times, times)
    turned = network(moved)
    torch.testing.assert_close(turned, rate, rtol=1e-3, atol=1e-3)
    longer = network(Surroundings(1.1 * vectors, kinds, own, times, times))
    assert (longer - rate).abs().max() > 0.01  # negative control


def test_seeds_repeat_and_a_stop_is_heard():
    frames = np.random.default_rng(0).random((16, 64, 2)) * 8
    particles = Particles.from_frames(frames, cells=8.0, periodic=True)
    short = Insertions(width=16, evaluations=2**10, training=Training(steps=20, batch=64))
    first, again = (estimate_by_insertion(particles, short, seed=3, threads=t) for t in (1, 2))
    assert first.entropy == again.entropy and first.error == again.error
    with pytest.raises(Stopped):
        estimate_by_insertion(particles, short, should_stop=lambda: True)
