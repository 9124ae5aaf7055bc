"""Samples and particles that use every field, and assertions about files."""

from pathlib import Path

import numpy as np
import pytest

from moiety import InputError, Samples, io
from moiety.data.particles import Particles

FULL = [".npz", ".h5", ".nc", ".zarr"]  # one suffix per format of lattices that keeps everything
EVERY = [".npy", *FULL]
KINDS = ["q=2", "q=3", "angle", "real"]
TILTED = np.array([[9.0, 0.0, 0.0], [1.5, 8.0, 0.0], [-2.0, 0.7, 7.0]])
SINGLE = 4e-6  # rounding of a coordinate below 20 to float32, with room for the shift to the centre
PROVENANCE = {
    "system": "ising β",
    "temperature": 2.269,
    "seed": None,
    "size": [4, 6],
    "nested": {"on": True},
}


def lattice(kind: str, space: tuple[int, ...] = (4, 6), **changes) -> Samples:
    """Two chains of ten draws."""
    rng, shape = np.random.default_rng(1), (2, 10, *space)
    array, states = {
        "q=2": (rng.choice([-1, 1], size=shape), None),
        "q=3": (rng.integers(0, 2, size=shape), 3),  # the last state never occurs
        "angle": (rng.uniform(-np.pi, np.pi, size=shape).astype(np.float32), None),
        "real": (rng.normal(size=shape), None),
    }[kind]
    options = {
        "axes": ("chain", "draw", *"xyz"[: len(space)]),
        "periodic": [axis % 2 == 0 for axis in range(len(space))],
        "symmetries": ("flip", "reflect"),
        "provenance": PROVENANCE,
        "kind": kind if kind in ("angle", "real") else "discrete",
        **changes,
    }
    return Samples.from_array(array, states=states, **options)


def fluid(space: int = 2, tilted: bool = True, **changes) -> Particles:
    """Two chains of five frames with varying numbers of particles and boxes."""
    rng = np.random.default_rng(space)
    counts = rng.integers(3, 9, size=10)
    cell = TILTED[:space, :space] if tilted else np.diag(np.diag(TILTED)[:space])
    cells = cell * rng.uniform(0.9, 1.1, size=(10, 1, 1))
    options = {
        "cells": cells,
        "periodic": (True, False, True)[:space],
        "chains": 2,
        "measured": {"potential/energy": rng.normal(size=10), "contacts": np.arange(10)},
        "provenance": PROVENANCE | {"types": ["A", "B"]},
        **changes,
    }
    frames = [rng.random((n, space)) @ edges for n, edges in zip(counts, cells, strict=True)]
    columns = {
        "diameters": rng.uniform(0.8, 1.2, sum(counts)),
        "types": rng.integers(0, 2, sum(counts)).astype(np.int32),
    }
    return Particles.from_frames(frames, **options).replace(**columns)


def assert_same_samples(loaded: Samples, expected: Samples):
    assert loaded.values.dtype == expected.values.dtype
    assert loaded.values.shape == expected.values.shape
    assert loaded.values.tobytes() == expected.values.tobytes()
    for name in ("kind", "periodic", "labels", "symmetries", "provenance"):
        assert getattr(loaded, name) == getattr(expected, name), name
    assert list(map(type, loaded.labels)) == list(map(type, expected.labels))


def assert_same_particles(loaded: Particles, expected: Particles, rounding: float = 0.0):
    assert (loaded.starts == expected.starts).all()
    if rounding:
        assert distance(loaded, expected) <= rounding
    for name in ("cells", "diameters", "types", *([] if rounding else ["positions"])):
        column, wanted = getattr(loaded, name), getattr(expected, name)
        assert (column is None) == (wanted is None), name
        if column is not None:
            np.testing.assert_allclose(column, wanted, rtol=rounding, atol=rounding, err_msg=name)
            assert column.dtype == wanted.dtype
    for name in ("periodic", "chains", "provenance"):
        assert getattr(loaded, name) == getattr(expected, name), name
    assert list(loaded.measured) == list(expected.measured)
    for name, values in expected.measured.items():
        np.testing.assert_array_equal(loaded.measured[name], values)
        assert loaded.measured[name].dtype == values.dtype


def distance(loaded: Particles, expected: Particles) -> float:
    """Largest difference of a coordinate, across periodic boundaries."""
    cells = expected.cells.repeat(expected.counts, axis=0)
    parts = np.einsum("ni,nij->nj", loaded.positions - expected.positions, np.linalg.inv(cells))
    parts -= np.where(expected.periodic, np.round(parts), 0)
    return float(np.abs(np.einsum("ni,nij->nj", parts, cells)).max())


def refusal(path: Path, call=io.load, **options) -> str:
    """The one-line message of a refused file, without the name of the file at its start."""
    with pytest.raises(InputError) as caught:
        call(path, **options)
    message = str(caught.value)
    assert message.splitlines() == [message]
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file in a folder."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}
