"""H5MD files: boxes in any orientation, boundaries, species, and what does not fit together."""

import h5py
import numpy as np
import pytest

from io_examples import distance, refusal
from moiety import io
from moiety.data.particles import Particles

FRAMES = np.random.default_rng(12).random((9, 20, 3))
SIDES = np.array([7.0, 8.0, 9.0])
TURNED = np.array([[0.0, 5.0, 5.0], [6.0, 0.0, 6.0], [7.0, 7.0, 0.0]])  # no edge lies along x


def write(
    path,
    positions,
    edges,
    boundary=("periodic",) * 3,
    varies=True,
    group="all",
    step=None,
    **others,
):
    """One group of particles; the box varies with time if its edges have an axis for it."""
    with h5py.File(path, "a") as file:
        file.require_group("h5md").attrs["version"] = [1, 1]
        particles = file.require_group(f"particles/{group}")
        steps = np.arange(len(positions)) * 10
        particles["position/value"], particles["position/step"] = positions, steps
        box = particles.create_group("box")
        box.attrs["dimension"] = positions.shape[2]
        if boundary is not None:
            box.attrs["boundary"] = boundary
        if varies:
            box["edges/value"] = edges
            box["edges/step"] = steps if step is None else step
        elif edges is not None:
            box["edges"] = edges
        for name, values in others.items():
            particles[name] = values
    return path


def expected(cell, periodic=True):
    cell = np.diag(cell) if np.ndim(cell) == 1 else cell
    return Particles.from_frames(list(FRAMES @ cell), cells=cell, periodic=periodic)


@pytest.mark.parametrize("cell", [SIDES, np.diag(SIDES), TURNED])
@pytest.mark.parametrize("varies", [False, True])
def test_edges_are_taken_as_they_are(tmp_path, cell, varies):
    whole = expected(cell)
    edges = np.stack([cell] * 9) if varies else cell
    path = write(tmp_path / "x.h5md", whole.positions.reshape(9, 20, 3), edges, varies=varies)
    read = io.load(path)  # without a topology
    np.testing.assert_allclose(read.cells, whole.cells)
    assert distance(read, whole) < 1e-12 and read.types is None


@pytest.mark.parametrize(
    ("boundary", "flags"),
    [
        (("none",) * 3, (False,) * 3),
        (("periodic", "none", "periodic"), (True, False, True)),
        ("periodic", (True,) * 3),
        (np.array([b"none", b"periodic", b"none"]), (False, True, False)),
    ],
)
def test_boundaries_are_honoured(tmp_path, boundary, flags):
    path = write(tmp_path / "x.h5md", FRAMES * SIDES, SIDES, boundary, varies=False)
    assert io.load(path).periodic == flags
    assert io.load(path, periodic="y").periodic == (False, True, False)
    moved = write(tmp_path / "y.h5md", FRAMES * SIDES + 4, SIDES, boundary, varies=False)
    if all(flags):
        assert io.load(moved).n == 9
    else:
        assert "outside the open boundaries" in refusal(moved)


def test_a_file_without_boundaries_asks_for_them(tmp_path):
    path = write(tmp_path / "x.h5md", FRAMES * SIDES, SIDES, None, varies=False)
    assert "say --periodic" in refusal(path)
    assert io.load(path, periodic=True).periodic == (True,) * 3


def test_species_ids_offsets_and_planes(tmp_path):
    ids = np.tile(np.arange(20), (9, 1))
    ids[3:, 18:] = -1  # two particles have left
    kinds = h5py.enum_dtype({"Ar": 4, "Ne": 7}, basetype="i")
    species = np.array([4, 7] * 10, dtype=kinds)
    path = write(tmp_path / "x.h5md", FRAMES * SIDES - 3, SIDES, varies=False, species=species)
    with h5py.File(path, "a") as file:
        file["particles/all/id/value"], file["particles/all/box/offset"] = ids, [-3.0] * 3
    read = io.load(path)
    assert read.counts.tolist() == [20] * 3 + [18] * 6
    assert read.provenance["types"] == ["Ar", "Ne"] and read.types[:4].tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(read.frame(8), (FRAMES * SIDES)[8, :18], atol=1e-12)
    flat = write(
        tmp_path / "y.h5md", (FRAMES * SIDES)[:, :, :2], SIDES[:2], ("periodic",) * 2, False
    )
    assert io.load(flat).dimensions == 2
    flat = write(tmp_path / "z.h5md", FRAMES * SIDES * [1, 0, 1], SIDES, varies=False)
    np.testing.assert_allclose(io.load(flat).cells[0], np.diag([7.0, 9.0]))


def test_what_does_not_fit_together(tmp_path):
    places = FRAMES * SIDES
    assert "has no box" in refusal(write(tmp_path / "a.h5md", places, None, varies=False))
    late = write(tmp_path / "b.h5md", places, np.stack([SIDES] * 9), step=np.arange(9) * 20)
    assert "not written at the same steps" in refusal(late)
    few = write(tmp_path / "c.h5md", places, np.stack([SIDES] * 3))
    assert "not written at the same steps" in refusal(few)
    odd = write(tmp_path / "d.h5md", places, SIDES[:2], varies=False)
    assert "do not go with 3 dimensions" in refusal(odd)
    strange = write(tmp_path / "e.h5md", places, SIDES, ("wall",) * 3, varies=False)
    assert "must be none or periodic" in refusal(strange)
    two = write(tmp_path / "f.h5md", places, SIDES, varies=False)
    write(two, places, SIDES, varies=False, group="other")
    assert "several groups of particles (all, other)" in refusal(two)
    with h5py.File(tmp_path / "g.h5md", "w") as file:
        file["x"] = np.zeros(3)
    assert "holds no positions" in refusal(tmp_path / "g.h5md")
    (tmp_path / "h.h5md").write_bytes(two.read_bytes()[:2000])
    assert "cannot be read as H5MD" in refusal(tmp_path / "h.h5md")


def test_values_in_other_files_are_refused(tmp_path):
    path = write(tmp_path / "x.h5md", FRAMES * SIDES, SIDES, varies=False)
    with h5py.File(path, "a") as file:
        file["particles/all/species"] = h5py.ExternalLink("secret.h5", "/x")
    assert "is a link to another file" in refusal(path)


def test_h5md_with_the_suffix_of_hdf5(tmp_path):
    path = write(tmp_path / "x.h5", FRAMES * SIDES, SIDES, varies=False)
    assert "--format h5md" in refusal(path, boundary="periodic")
    assert io.load(path, format="h5md").n == 9
