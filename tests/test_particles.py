"""Frames of particles: accepted forms, refusals, derived quantities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety import InputError, Particles

RNG = np.random.default_rng(0)


def frames(counts=(5, 6, 5, 6, 7, 5, 5, 9), dimensions=2):
    return [RNG.random((count, dimensions)) * 4 for count in counts]


@given(st.integers(1, 3), st.integers(0, 10**6))
def test_positions_are_wrapped_along_periodic_edges_only(dimensions, seed):
    rng = np.random.default_rng(seed)
    cell = np.tril(rng.normal(size=(dimensions, dimensions))) + 5 * np.eye(dimensions)
    flags = tuple(rng.random(dimensions) < 0.5)
    frames = [rng.normal(size=(4, dimensions)) * 20 for _ in range(8)]
    particles = Particles.from_frames(frames, cells=cell, periodic=flags)
    inverse = np.linalg.inv(cell)
    before, after = np.concatenate(frames) @ inverse, particles.positions @ inverse
    for axis, closed in enumerate(flags):
        moved = before[:, axis] - after[:, axis]
        np.testing.assert_allclose(moved, np.round(moved), atol=1e-9)
        if closed:
            assert ((after[:, axis] > -1e-12) & (after[:, axis] < 1)).all()
        else:
            np.testing.assert_allclose(moved, 0, atol=1e-9)
    np.testing.assert_array_equal(particles.frame(3), particles.positions[12:16])


def test_columns_may_be_a_number_an_array_or_one_array_per_frame():
    ragged, equal = frames(), frames((3,) * 8)
    same = Particles.from_frames(ragged, cells=4.0, periodic=True, diameters=1.5)
    assert (same.diameters == 1.5).all()
    common = Particles.from_frames(equal, cells=4.0, periodic=True, types=np.array([0, 1, 1]))
    assert common.types.tolist() == [0, 1, 1] * 8
    each = [np.full(len(frame), k + 1.0) for k, frame in enumerate(ragged)]
    types = [column.astype(int) for column in each]
    gas = Particles.from_frames(ragged, cells=4.0, periodic=True, diameters=each, types=types)
    assert gas.diameters[gas.starts[3]] == 4.0 and gas.types[-1] == 8
    assert gas.counts.tolist() == [5, 6, 5, 6, 7, 5, 5, 9]
    assert gas.density == pytest.approx(48 / (8 * 16))
    assert "5 to 9 particles" in repr(gas) and gas.packing_fraction > 0
    assert Particles.from_frames(ragged, cells=4.0, periodic=False).packing_fraction is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"frames": frames((5,) * 7)}, "7 frames are too few"),
        ({"frames": [np.zeros((0, 2))] * 8}, "no particle in any frame"),
        (
            {"frames": [*frames()[:-1], np.full((3, 2), np.nan)]},
            "frame 7: a position is not finite",
        ),
        ({"frames": [np.zeros((3, 4))] * 8}, "1 to 3 coordinates"),
        ({"frames": [np.zeros(3)] * 8}, "need shapes"),
        ({"cells": 0.0}, "the box has no volume"),
        ({"cells": np.ones((3, 3))}, "do not go with 8 frames"),
        ({"diameters": -1.0}, "frame 0: a diameter is not positive"),
        ({"diameters": np.ones(5)}, "do not match 5 to 9 particles"),
        ({"chains": 3}, "shared evenly"),
    ],
)
def test_refusals(changes, text):
    with pytest.raises(InputError, match=text) as caught:
        Particles.from_frames(**{"frames": frames(), "cells": 4.0, "periodic": True, **changes})
    assert "\n" not in str(caught.value)
