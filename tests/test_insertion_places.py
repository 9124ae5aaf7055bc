"""Places of insertions: what they see, and integrals over proposals, against direct counts."""

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from moiety import InputError, Particles, system
from moiety.insertion.places import places_of, spacing

SIDE = {1: 40.0, 2: 12.0, 3: 8.0}


def gas(space, n=12, number=80, seed=0, **columns):
    frames = np.random.default_rng(seed).random((n, number, space)) * SIDE[space]
    return Particles.from_frames(frames, cells=SIDE[space], periodic=True, **columns)


def tilted(n=12, number=80):
    cell = np.array([[12.0, 0.0], [3.0, 10.0]])
    frames = np.random.default_rng(3).random((n, number, 2)) @ cell
    return Particles.from_frames(frames, cells=cell, periodic=True)


class AtTheEnd:
    """Random numbers that are all just below 1."""

    def random(self, shape):
        return np.full(shape, 1 - 1e-12)

    def permuted(self, values, axis):
        return values

    def integers(self, most):
        return most - 1


def seen_by_hand(particles, frame, place, radius):
    """Distances of all particles within a radius, over all images."""
    cell, space = particles.cells[frame], particles.dimensions
    shifts = np.stack(np.meshgrid(*[[-1, 0, 1]] * space), -1).reshape(-1, space) @ cell
    apart = (particles.frame(frame)[None] + shifts[:, None] - place).reshape(-1, space)
    distances = np.linalg.norm(apart, axis=1)
    return np.sort(distances[(distances < radius) & (distances > 0)])


@pytest.mark.parametrize("particles", [gas(1), gas(2), gas(3), tilted()], ids=["1", "2", "3", "t"])
def test_at_the_end_a_particle_sees_all_others_within_the_radius(particles):
    places = places_of(particles, 2.0, np.random.default_rng(1))
    seen = places.inserted(np.arange(3), 1, AtTheEnd())  # the last particle of each frame
    scale = spacing(particles)
    order = places.frames.bins.order
    for k in range(3):
        last = order[particles.starts[k + 1] - 1]
        hand = seen_by_hand(particles, k, particles.positions[last], 2.0 * scale)
        found = np.sort(seen.vectors[k][seen.kinds[k] >= 0].norm(dim=-1).numpy()) * scale
        assert found == pytest.approx(hand, abs=1e-5)


def test_particles_are_present_with_a_probability_that_is_the_time():
    particles = gas(2, n=40)
    places = places_of(particles, 2.5, np.random.default_rng(1))
    seen = places.inserted(np.arange(40), 80, np.random.default_rng(2))
    number, expected = (seen.kinds >= 0).sum(1).double(), seen.times.double() * np.pi * 2.5**2
    expected *= 79 / 80  # not itself
    error = float((number - expected).std()) / len(number) ** 0.5 * 2  # neighbours share particles
    assert abs(float((number - expected).mean())) < 4 * error
    assert abs(float((number - expected * seen.times).mean())) > 20 * error  # negative control


@pytest.mark.parametrize("space", [1, 2, 3])
def test_the_weights_of_an_ideal_gas_add_up_to_the_volume(space):
    particles = gas(space, n=24)
    places = places_of(particles, 2.0, np.random.default_rng(1))
    seen = places.proposed(np.arange(24), 400, np.random.default_rng(2))
    weights = seen.weights
    error = float(weights.std()) / len(weights) ** 0.5
    # the cores are the closest of 24 x 80 x 40 pairs: they take less than 1e-3 of the volume
    assert abs(float(weights.mean()) - 1) < 4 * error + 2e-3
    # and so do the parts of it: integral of t^2 over time
    parts = weights * seen.times**2
    assert abs(float(parts.mean()) - 1 / 3) < 4 * float(parts.std()) / len(parts) ** 0.5 + 2e-3


def test_an_integral_does_not_depend_on_the_proposals():
    """A rate that depends on the surroundings, against places anywhere at uniform times."""
    disks = system("hard-disks", particles=100, packing_fraction=0.4).sample(16, seed=1)
    places = places_of(disks, 2.0, np.random.default_rng(1))

    def rate(distances):
        return np.exp(-sum(np.exp(-distances)))

    seen = places.proposed(np.arange(16), 1000, np.random.default_rng(2))
    weights = seen.weights
    scale, there = spacing(disks), (seen.kinds >= 0).numpy()
    far = seen.vectors.norm(dim=-1).numpy() * scale
    values = weights.numpy() * [
        rate(row[is_there]) for row, is_there in zip(far, there, strict=True)
    ]
    rng, direct, side = np.random.default_rng(3), [], float(disks.cells[0, 0, 0])
    for k in range(16):
        for place, time in zip(rng.random((1000, 2)) * side, rng.random(1000), strict=True):
            present = disks.frame(k)[rng.random(100) < time]
            apart = cKDTree(present, boxsize=side).query(place, k=30)[0] if len(present) else []
            apart = np.array([one for one in apart if one < 2.0 * scale])
            direct.append(0.0 if (apart < 1).any() else rate(apart))
    errors = [np.std(one) / len(one) ** 0.5 for one in (values, direct)]
    assert abs(np.mean(values) - np.mean(direct)) < 4 * np.hypot(*errors)
    assert abs(values.mean() / weights.numpy().mean() - np.mean(direct)) > 8 * np.hypot(*errors)
    assert np.std(values) < np.std(direct)  # what the proposals are for


def test_kinds_are_types_and_diameters():
    types, diameters = np.arange(80) % 2, 1.0 + (np.arange(80) % 4 > 1)
    places = places_of(gas(2, types=types, diameters=diameters), 2.0, np.random.default_rng(0))
    assert places.kinds == 4
    seen = places.inserted(np.arange(12), 20, np.random.default_rng(1))
    assert set(seen.own.tolist()) == {0, 1, 2, 3}
    assert set(torch.unique(seen.kinds).tolist()) == {-1, 0, 1, 2, 3}
    with pytest.raises(InputError, match="80 kinds of particles"):
        places_of(gas(2, types=np.arange(80)), 2.0, np.random.default_rng(0))


def test_batches_depend_on_the_random_numbers_alone():
    places = places_of(gas(2), 2.0, np.random.default_rng(0))
    first, again, other = (
        places.proposed(np.arange(4), 10, np.random.default_rng(seed)).weights for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_frames_count_by_their_numbers_and_volumes():
    rng = np.random.default_rng(0)
    frames = [rng.random((n, 2)) * 10 for n in (60, 100) * 6]
    cells = np.array([np.eye(2) * side for side in (10.0, 14.0) * 6])
    uneven = Particles.from_frames(frames, cells=cells, periodic=True)
    places = places_of(uneven, 2.0, np.random.default_rng(1))
    inside = places.inserted(np.arange(12), 10, rng)
    assert inside.weights[::10].tolist() == pytest.approx([0.75, 1.25] * 6)
    volumes = places.proposed(np.arange(12), 2000, rng).weights.reshape(6, 2, 2000).mean((0, 2))
    assert volumes.numpy() == pytest.approx([100 / 148, 196 / 148], rel=0.05)
    frames[3] = np.zeros((0, 2))
    with pytest.raises(InputError, match="frame 3 holds no particles"):
        empty = Particles.from_frames(frames, cells=cells, periodic=True)
        places_of(empty, 2.0, np.random.default_rng(1))


def test_a_frame_may_come_twice_in_a_batch():
    places = places_of(gas(2), 2.0, np.random.default_rng(0))
    weights = places.proposed(np.array([3, 3, 5, 3]), 400, np.random.default_rng(1)).weights
    assert (weights > 0).all()
    assert weights.reshape(4, 400).mean(1).tolist() == pytest.approx([1.0] * 4, abs=0.2)


def test_boxes_that_do_not_do_are_refused():
    frames = np.random.default_rng(0).random((8, 30, 2)) * 5
    walls = Particles.from_frames(frames, cells=5.0, periodic=(True, False))
    with pytest.raises(InputError, match="periodic along every edge"):
        places_of(walls, 2.0, np.random.default_rng(0))
    small = Particles.from_frames(frames, cells=5.0, periodic=True)
    with pytest.raises(InputError, match="more than half of a box of 5"):
        places_of(small, 4.0, np.random.default_rng(0))
