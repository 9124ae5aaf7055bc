"""Frames of particles: what is taken, what is refused, what is told of them."""

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
    given_ = [rng.normal(size=(4, dimensions)) * 20 for _ in range(8)]
    found = Particles.from_frames(given_, cells=cell, periodic=flags)
    before, after = (
        np.concatenate(list(parts)) @ np.linalg.inv(cell)
        for parts in (given_, map(found.frame, range(8)))
    )
    for axis, closed in enumerate(flags):
        moved = before[:, axis] - after[:, axis]
        np.testing.assert_allclose(moved, np.round(moved), atol=1e-9)
        assert (
            ((after[:, axis] > -1e-12) & (after[:, axis] < 1)).all()
            if closed
            else np.allclose(moved, 0, atol=1e-9)
        )


def test_columns_may_be_one_number_common_or_a_frame_each():
    ragged, alike = frames(), frames((3,) * 8)
    assert (
        Particles.from_frames(ragged, cells=4.0, periodic=True, diameters=1.5).diameters == 1.5
    ).all()
    common = Particles.from_frames(alike, cells=4.0, periodic=True, types=np.array([0, 1, 1]))
    assert common.types.tolist() == [0, 1, 1] * 8
    each = [np.full(len(frame), k + 1.0) for k, frame in enumerate(ragged)]
    found = Particles.from_frames(
        ragged, cells=4.0, periodic=True, diameters=each, types=[one.astype(int) for one in each]
    )
    assert found.diameters[found.starts[3]] == 4.0 and found.types[-1] == 8
    assert found.counts.tolist() == [5, 6, 5, 6, 7, 5, 5, 9] and found.density == pytest.approx(
        48 / (8 * 16)
    )
    assert "5 to 9 particles" in repr(found) and found.packing_fraction > 0
    assert Particles.from_frames(ragged, cells=4.0, periodic=False).packing_fraction is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"frames": frames((5,) * 7)}, "7 frames are too few"),
        ({"frames": [np.zeros((0, 2))] * 8}, "no particle in any frame"),
        ({"frames": [*frames()[:-1], np.full((3, 2), np.nan)]}, "frame 7: a position is not finite"),
        ({"frames": [np.zeros((3, 4))] * 8}, "1 to 3 coordinates"),
        ({"frames": [np.zeros(3)] * 8}, "need shapes"),
        ({"cells": 0.0}, "the box has no volume"),
        ({"cells": np.ones((3, 3))}, "do not go with 8 frames"),
        ({"diameters": -1.0}, "frame 0: a diameter is not positive"),
        ({"diameters": np.ones(5)}, "do not match 5 to 9 particles"),
        ({"chains": 3}, "shared evenly"),
    ],
)
def test_what_is_refused(changes, text):
    with pytest.raises(InputError, match=text) as said:
        Particles.from_frames(**{"frames": frames(), "cells": 4.0, "periodic": True, **changes})
    assert "\n" not in str(said.value)
