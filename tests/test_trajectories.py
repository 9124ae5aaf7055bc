"""Particles in and out: what is saved comes back, files of others mean what their programs say."""

import bz2
import gzip
import json
import sys
import warnings
from pathlib import Path

import gsd.hoomd
import h5netcdf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from moiety import InputError, Samples, io
from moiety.data.particles import Particles

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import MDAnalysis
    import MDAnalysisTests.datafiles as real

pytestmark = pytest.mark.filterwarnings("ignore:Reader has no dt")  # of MDAnalysis
TILTED = np.array([[9.0, 0.0, 0.0], [1.5, 8.0, 0.0], [-2.0, 0.7, 7.0]])
PROVENANCE = {
    "system": "disks β",
    "packing": 0.5,
    "seed": None,
    "nested": {"on": True},
    "types": ["A", "B"],
}
SINGLE = 4e-6  # what float32 rounds of a coordinate below 20, with room for its shift to the centre


def example(space: int = 2, tilted: bool = True, **changes) -> Particles:
    """Two chains of five frames whose number of particles and box vary, with all that `Particles` holds."""
    rng = np.random.default_rng(space)
    counts = rng.integers(3, 9, size=10)
    cell = TILTED[:space, :space] if tilted else np.diag(np.diag(TILTED)[:space])
    cells = cell * rng.uniform(0.9, 1.1, size=(10, 1, 1))
    words = {
        "cells": cells,
        "periodic": (True, False, True)[:space],
        "chains": 2,
        "measured": {"potential/energy": rng.normal(size=10), "contacts": np.arange(10)},
        "provenance": PROVENANCE,
        **changes,
    }
    frames = [rng.random((n, space)) @ one for n, one in zip(counts, cells, strict=True)]
    columns = {
        "diameters": rng.uniform(0.8, 1.2, sum(counts)),
        "types": rng.integers(0, 2, sum(counts)).astype(np.int32),
    }
    return Particles.from_frames(frames, **words).replace(**columns)


def distance(found: Particles, wanted: Particles) -> float:
    """Largest difference of a coordinate, across periodic edges."""
    cells = wanted.cells.repeat(wanted.counts, axis=0)
    parts = np.einsum("ni,nij->nj", found.positions - wanted.positions, np.linalg.inv(cells))
    parts -= np.where(wanted.periodic, np.round(parts), 0)
    return float(np.abs(np.einsum("ni,nij->nj", parts, cells)).max())


def assert_same(found: Particles, wanted: Particles, rounded: float = 0.0):
    assert (found.starts == wanted.starts).all() and found.periodic == wanted.periodic
    if rounded:
        assert distance(found, wanted) <= rounded
    for name in ("cells", "diameters", "types", *([] if rounded else ["positions"])):
        one, other = getattr(found, name), getattr(wanted, name)
        assert (one is None) == (other is None), name
        if one is not None:
            np.testing.assert_allclose(one, other, rtol=rounded, atol=rounded, err_msg=name)
            assert one.dtype == other.dtype
    assert found.chains == wanted.chains and found.provenance == wanted.provenance
    assert list(found.measured) == list(wanted.measured)
    for name, values in wanted.measured.items():
        np.testing.assert_array_equal(found.measured[name], values)
        assert found.measured[name].dtype == values.dtype


def refusal(path: Path, call=None, **words) -> str:
    """The message, one line without the name of the file, which it must begin with."""
    with pytest.raises(InputError) as caught:
        (call or io.load)(path, **words)
    message = str(caught.value)
    assert message.splitlines() == [message] and message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


# Writing and reading again


@pytest.mark.parametrize("tilted", [True, False], ids=["tilted", "straight"])
@pytest.mark.parametrize("space", [1, 2, 3])
@pytest.mark.parametrize(("suffix", "rounded"), [(".nc", 0.0), (".gsd", SINGLE)])
def test_round_trip(tmp_path, suffix, rounded, space, tilted):
    particles, path = example(space, tilted), tmp_path / f"x{suffix}"
    io.save(particles, path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert_same(io.load(path), particles, rounded)


@pytest.mark.parametrize(("suffix", "rounded"), [(".nc", 0.0), (".gsd", SINGLE)])
def test_bare_particles(tmp_path, suffix, rounded):
    frames = [np.zeros((0, 3)), *np.random.default_rng(0).random((8, 4, 3)), np.zeros((0, 3))]
    particles = Particles.from_frames(
        frames, cells=1.0, periodic=True
    )  # box and types are the defaults of GSD
    io.save(particles, tmp_path / f"x{suffix}")
    assert_same(io.load(tmp_path / f"x{suffix}"), particles, rounded)
    alike = particles.replace(diameters=np.ones(32), types=np.full(32, 7, np.int32))
    io.save(alike, tmp_path / f"x{suffix}", force=True)
    assert_same(io.load(tmp_path / f"x{suffix}"), alike, rounded)


@pytest.mark.parametrize(
    "names", [["A", "A"], ["β", "A"], ["", "A"], ["1", "0"], "AB", None, ["A"]]
)
def test_types_survive_names_that_gsd_cannot_tell_apart(tmp_path, names):
    particles = example(2, provenance={"types": names})
    io.save(particles, tmp_path / "x.gsd")
    assert_same(io.load(tmp_path / "x.gsd"), particles, SINGLE)


@st.composite
def configurations(draw) -> Particles:
    space, counts = (
        draw(st.integers(1, 3)),
        draw(st.lists(st.integers(0, 4), min_size=8, max_size=10).filter(any)),
    )
    total, n = sum(counts), len(counts)
    number = st.floats(-100, 100, width=32)
    frames = np.split(
        draw(npst.arrays(np.float64, (total, space), elements=number)), np.cumsum(counts)[:-1]
    )
    sides = draw(npst.arrays(np.float64, (n, space), elements=st.floats(0.5, 20, width=32)))
    tilt = draw(npst.arrays(np.float64, (space, space), elements=st.floats(-2, 2, width=32)))
    cells = np.tril(tilt, -1) + sides[:, :, None] * np.eye(space)
    finite = npst.arrays(np.float64, n, elements=st.floats(allow_nan=False, allow_infinity=False))
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
    size = npst.arrays(np.float64, total, elements=st.floats(0.125, 8, width=32))
    kinds = npst.arrays(np.int32, total, elements=st.integers(-3, 9))
    return Particles.from_frames(
        frames,
        cells=cells,
        periodic=draw(st.lists(st.booleans(), min_size=space, max_size=space)),
        chains=draw(st.sampled_from([chains for chains in range(1, n + 1) if n % chains == 0])),
        measured=draw(st.dictionaries(text, finite, max_size=2)),
        provenance=draw(
            st.dictionaries(st.text(), st.none() | st.integers() | st.text(), max_size=2)
        ),
    ).replace(diameters=draw(st.none() | size), types=draw(st.none() | kinds))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(particles=configurations())
def test_round_trip_property(tmp_path, particles):
    io.save(particles, tmp_path / "x.nc", force=True)
    assert_same(io.load(tmp_path / "x.nc"), particles)
    io.save(particles, tmp_path / "x.gsd", force=True)
    assert_same(
        io.load(tmp_path / "x.gsd"), particles, 5e-5
    )  # open edges keep coordinates up to 100


def test_others_read_our_gsd(tmp_path):
    particles = example(2)
    io.save(particles, tmp_path / "x.gsd")
    with gsd.hoomd.open(tmp_path / "x.gsd") as file:
        frame = file[3]
        assert (
            len(file) == 10
            and frame.configuration.dimensions == 2
            and frame.configuration.box[2] == 1
        )
        assert frame.particles.types == ["A", "B"] and frame.log["contacts"] == [3]
        assert json.loads(bytes(file[0].log["moiety/description"]))["provenance"] == PROVENANCE
    (x, y, _, xy, _, _), centred = frame.configuration.box, frame.particles.position
    np.testing.assert_allclose([[x, 0], [xy * y, y]], particles.cells[3], atol=SINGLE)
    np.testing.assert_allclose(
        centred[:, :2] + particles.cells[3].sum(axis=0) / 2, particles.frame(3), atol=SINGLE
    )
    assert not centred[:, 2].any()
    np.testing.assert_allclose(
        frame.particles.diameter, particles.diameters[slice(*particles.starts[3:5])], rtol=1e-6
    )


def test_edges_that_are_said_go_before_those_of_the_file(tmp_path):
    for suffix in (".nc", ".gsd"):
        io.save(example(2), tmp_path / f"x{suffix}")
        assert io.load(tmp_path / f"x{suffix}", periodic=False).periodic == (False, False)
        assert io.load(tmp_path / f"x{suffix}", periodic=[False, True]).periodic == (False, True)
        assert "needs 2 flags" in refusal(tmp_path / f"x{suffix}", periodic=[True] * 3)
        assert "periodic must be" in refusal(tmp_path / f"x{suffix}", periodic="yes")


@pytest.mark.parametrize("suffix", [".nc", ".gsd"])
def test_save_replaces_nothing_unasked_and_is_whole_or_not_there(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"x{suffix}"
    io.save(example(2), path)
    before = path.read_bytes()
    assert "--force" in refusal(path, lambda path: io.save(example(3), path))
    assert path.read_bytes() == before
    io.save(example(3), path, force=True)
    before = path.read_bytes()

    def stopped(*args, **words):
        raise OSError(28, "No space left on device")

    owner, name = (
        (h5netcdf.File, "create_variable")
        if suffix == ".nc"
        else (gsd.hoomd.HOOMDTrajectory, "append")
    )
    monkeypatch.setattr(owner, name, stopped)
    assert "No space left" in refusal(path, lambda path: io.save(example(2), path, force=True))
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == [path.name]


def test_save_refuses_what_it_cannot_write(tmp_path):
    for name in ("x.npz", "x.lammpstrj", "x.xyz.gz", "x.dcd"):
        assert "saved as .gsd, .nc" in refusal(
            tmp_path / name, lambda path: io.save(example(2), path)
        )
    spins = Samples.from_array(np.ones((9, 4), int), states=2, periodic=True)
    assert "saved as .npy" in refusal(tmp_path / "x.gsd", lambda path: io.save(spins, path))
    turned = example(2).replace(cells=example(2).cells[:, ::-1])
    assert "frame 0: GSD wants" in refusal(tmp_path / "x.gsd", lambda path: io.save(turned, path))
    io.save(turned, tmp_path / "turned.nc")
    assert_same(io.load(tmp_path / "turned.nc"), turned)
    for suffix in (".nc", ".gsd"):
        for odd in (
            {"measured": {"words": np.array(["a"] * 10)}},
            {"provenance": {"who": object()}},
        ):
            path = tmp_path / f"x{suffix}"
            said = refusal(path, lambda path, odd=odd: io.save(example(2, **odd), path))
            assert "measured 'words'" in said or "JSON" in said
    assert [file.name for file in tmp_path.iterdir()] == ["turned.nc"]


# What is said of particles and of lattices


def test_words_of_lattices_are_refused_for_particles_and_the_other_way(tmp_path):
    io.save(example(2), tmp_path / "x.gsd")
    io.save(example(2), tmp_path / "x.nc")
    lattice = {
        "axes": "draw,x",
        "kind": "real",
        "states": 2,
        "symmetries": "flip",
        "variable": "states",
    }
    for path in (tmp_path / "x.gsd", tmp_path / "x.nc"):
        for name, value in lattice.items():
            assert f"{name} can be said of lattices only" in refusal(path, **{name: value})
        assert "topology is for formats like" in refusal(path, topology="x.psf")
    io.save(Samples.from_array(np.arange(36).reshape(9, 4) % 2, periodic=True), tmp_path / "y.nc")
    assert "topology is for particles" in refusal(tmp_path / "y.nc", topology="x.psf")
    assert isinstance(io.load(tmp_path / "y.nc"), Samples)


# LAMMPS dumps

LAMMPS_STYLES = ["", "s", "u", "su"]


def lammps(
    particles: Particles,
    style: str = "",
    *,
    corner=(-3, 2, 0.5),
    flags="pp pp ff",
    extra=(),
    shuffled=0,
    away=(1, 1, 1),
) -> str:
    """Text of a dump of particles in space; unwrapped coordinates are some boxes away along the axes that say so."""
    rng, text = np.random.default_rng(shuffled), []
    for k in range(particles.n):
        cell, number = particles.cells[k], int(particles.counts[k])
        parts = particles.frame(k) @ np.linalg.inv(cell)
        if "u" in style:
            parts = (
                parts
                + rng.integers(-2, 3, size=parts.shape)
                * np.array([flag == "pp" for flag in flags.split()])
                * away
            )
        shown = parts if "s" in style else parts @ cell + corner
        corners = np.indices((2, 2, 2)).reshape(3, 8).T @ cell
        low, high = corners.min(axis=0) + corner, corners.max(axis=0) + corner
        # LAMMPS bounds y by the tilt yz alone, x by all; the corners of the box say the same
        tilts = [cell[1, 0], cell[2, 0], cell[2, 1]]
        rows = [
            f"{a!r} {b!r} {t!r}"
            for a, b, t in zip(low.tolist(), high.tolist(), map(float, tilts), strict=True)
        ]
        text += ["ITEM: TIMESTEP", str(100 * k), "ITEM: NUMBER OF ATOMS", str(number)]
        text += [f"ITEM: BOX BOUNDS xy xz yz {flags}", *rows]
        names = [f"{axis}{style}" for axis in "xyz"]
        text += [f"ITEM: ATOMS id type {' '.join([*names, *(name for name, _ in extra)])}"]
        start = particles.starts[k]
        for i in rng.permutation(number) if shuffled else range(number):
            row = [i + 1, particles.types[start + i] + 1, *map(repr, shown[i].tolist())]
            text.append(
                " ".join(map(str, row + [repr(float(column[start + i])) for _, column in extra]))
                + " "
            )
    return "\n".join(text) + "\n"


@pytest.fixture
def liquid() -> Particles:
    return example(3, periodic=(True, True, False))


@pytest.mark.parametrize("style", LAMMPS_STYLES)
@pytest.mark.parametrize("shuffled", [0, 1])
def test_lammps_columns_all_give_the_same_positions(tmp_path, liquid, style, shuffled):
    path = tmp_path / "x.lammpstrj"
    path.write_text(
        lammps(liquid, style, shuffled=shuffled, extra=[("radius", liquid.diameters / 2)])
    )
    found = io.load(path)
    assert distance(found, liquid) < 1e-12 and found.periodic == liquid.periodic
    np.testing.assert_allclose(found.cells, liquid.cells, atol=1e-12)
    np.testing.assert_array_equal(found.types, liquid.types + 1)
    np.testing.assert_allclose(found.diameters, liquid.diameters, rtol=1e-15)
    assert found.provenance == {"file": "x.lammpstrj", "format": "a LAMMPS dump"}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tilts=st.tuples(*[st.floats(-5, 5)] * 3),
    corner=st.tuples(*[st.floats(-50, 50)] * 3),
    data=st.data(),
)
def test_lammps_boxes_of_any_tilt(tmp_path, tilts, corner, data):
    cell = TILTED.copy()
    cell[1, 0], cell[2, 0], cell[2, 1] = tilts
    frames = np.random.default_rng(0).random((8, 5, 3)) @ cell
    types = np.zeros(5, int)
    wanted = Particles.from_frames(frames, cells=cell, periodic=True, types=types)
    style = data.draw(st.sampled_from(LAMMPS_STYLES))
    path = tmp_path / "x.dump"
    path.write_text(
        lammps(
            wanted, style, corner=corner, flags="pp pp pp", shuffled=data.draw(st.integers(0, 3))
        )
    )
    found = io.load(path)
    np.testing.assert_allclose(found.cells, wanted.cells, atol=1e-12)
    assert distance(found, wanted) < 1e-11


def test_lammps_general_box_and_mixed_columns(tmp_path):
    head = "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS abc origin pp pp fs\n"
    box = "1 2 0 -1\n-2 1 0 -2\n0 0.5 3 -3\nITEM: ATOMS x yu z element\n"
    (tmp_path / "x.dump").write_text(8 * (head + box + "0 0 -2 Ar\n-0.5 0 -1 Ne\n"))
    found = io.load(tmp_path / "x.dump")
    np.testing.assert_array_equal(found.cells[0], [[1, 2, 0], [-2, 1, 0], [0, 0.5, 3]])
    wanted = Particles.from_frames(
        [[[1.0, 2, 1], [0.5, 2, 2]]] * 8, cells=found.cells[0], periodic=(True, True, False)
    )
    assert distance(found, wanted) < 1e-12 and found.periodic == (True, True, False)
    assert found.types[:2].tolist() == [0, 1] and found.provenance["types"] == ["Ar", "Ne"]


@pytest.mark.parametrize(("suffix", "opener"), [(".gz", gzip.open), (".bz2", bz2.open)])
@pytest.mark.parametrize("plain", [".lammpstrj", ".dump", ".lammpsdump", ".LAMMPSTRJ"])
def test_packed_dumps(tmp_path, liquid, plain, suffix, opener):
    path = tmp_path / f"x.0{plain}{suffix}"
    with opener(path, "wt") as file:
        file.write(lammps(liquid))
    assert distance(io.load(path), liquid) < 1e-12
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    message = refusal(path)
    assert message.startswith("frame ") and "truncated" in message


def test_periodic_edges_may_be_unknown(tmp_path, liquid):
    path = tmp_path / "x.dump"
    path.write_text(lammps(liquid, flags=""))
    assert "say --periodic" in refusal(path)
    assert io.load(path, periodic=[True, False, True]).periodic == (True, False, True)
    path.write_text(lammps(liquid, flags="pp fm ss"))
    assert io.load(path).periodic == (True, False, False)


# The plane


@pytest.mark.parametrize("style", LAMMPS_STYLES)
def test_a_plane_is_seen_by_its_z(tmp_path, liquid, style):
    cells = liquid.cells * [1, 1, 0] + np.diag([0, 0, 1.0])
    flat = liquid.replace(positions=liquid.positions * [1, 1, 0] + [0, 0, 0.5], cells=cells)
    (tmp_path / "x.dump").write_text(lammps(flat, style, flags="pp pp pp", away=(1, 1, 0)))
    found = io.load(tmp_path / "x.dump")
    assert found.dimensions == 2 and found.periodic == (True, True)
    np.testing.assert_allclose(found.cells, liquid.cells[:, :2, :2], atol=1e-12)
    plane = Particles.from_frames(
        [flat.frame(k)[:, :2] for k in range(10)], cells=found.cells, periodic=True
    )
    assert distance(found, plane) < 1e-12


def test_one_particle_out_of_the_plane_makes_it_space(tmp_path, liquid):
    positions = liquid.positions * [1, 1, 0]
    positions[-1, 2] = 0.001
    (tmp_path / "x.dump").write_text(lammps(liquid.replace(positions=positions)))
    assert io.load(tmp_path / "x.dump").dimensions == 3


def test_a_dump_without_z_is_of_the_plane(tmp_path):
    head = "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp pp\n-1 1\n-2 2\n-0.5 0.5\n"
    (tmp_path / "x.dump").write_text(8 * (head + "ITEM: ATOMS x y diameter\n0 1 .5\n0 0 1\n"))
    found = io.load(tmp_path / "x.dump")
    assert found.positions[0].tolist() == [1, 3] and found.cells[0].tolist() == [[2, 0], [0, 4]]
    assert found.diameters[0] == 0.5


@pytest.mark.parametrize("dimensions", [2, 3])
def test_gsd_says_its_dimensions(tmp_path, dimensions):
    rng, path = np.random.default_rng(0), tmp_path / "x.gsd"
    centred = rng.uniform(-0.5, 0.5, (9, 6, 3)) * [
        1,
        1,
        dimensions == 2,
    ]  # z counts for nothing in the plane
    box = [5.0, 4.0, 3.0, 0.5, 0.25, -0.5]
    edges = np.array([[5, 0, 0], [2, 4, 0], [0.75, -1.5, 3]])
    with gsd.hoomd.open(path, "w") as file:
        for k, one in enumerate(centred):
            frame = gsd.hoomd.Frame()
            frame.configuration.box, frame.configuration.dimensions, frame.configuration.step = (
                box,
                dimensions,
                k,
            )
            frame.particles.N, frame.particles.position = 6 - k % 2, (one @ edges)[: 6 - k % 2]
            frame.log = {
                "energy": np.array([0.5 * k]),
                "forces": np.ones((4, 2)),
                "Simulation/timestep": np.array([k]),
            }
            file.append(frame)
    found = io.load(path)
    cell = edges[:dimensions, :dimensions]
    frames = [
        (one @ edges)[: 6 - k % 2, :dimensions] + cell.sum(axis=0) / 2
        for k, one in enumerate(centred)
    ]
    wanted = Particles.from_frames(frames, cells=cell, periodic=True)
    assert found.dimensions == dimensions and (found.starts == wanted.starts).all()
    assert distance(found, wanted) < SINGLE
    assert (found.diameters, found.types) == (None, None)
    assert list(found.measured) == ["energy"] and found.measured["energy"][3] == 1.5


# Extended XYZ


def xyz(particles: Particles, pbc: str = "T T F", origin=(0.0, 0.0, 0.0)) -> str:
    text = []
    for k in range(particles.n):
        box = " ".join(map(repr, particles.cells[k].ravel().tolist()))
        said = f'Properties=id:I:1:species:S:1:pos:R:3:radius:R:1:velo:R:3 pbc="{pbc}" energy={-k}.5 step={k} name=a'
        text += [
            str(particles.counts[k]),
            f'Lattice="{box}" Origin="{" ".join(map(str, origin))}" {said}',
        ]
        for i in range(particles.starts[k], particles.starts[k + 1]):
            where = " ".join(map(repr, (particles.positions[i] + origin).tolist()))
            text.append(
                f"{i} {'AB'[particles.types[i]]} {where} {float(particles.diameters[i] / 2)!r} 1 2 3"
            )
    return "\n".join(text) + "\n"


@pytest.mark.parametrize("suffix", [".xyz", ".extxyz", ".xyz.gz"])
def test_extended_xyz(tmp_path, liquid, suffix):
    path = tmp_path / f"x{suffix}"
    with (gzip.open if suffix.endswith("gz") else open)(path, "wt") as file:
        file.write(xyz(liquid, origin=(1.0, -4.0, 2.0)))
    found = io.load(path)
    assert distance(found, liquid) < 1e-12 and found.periodic == (True, True, False)
    np.testing.assert_array_equal(found.cells, liquid.cells)
    np.testing.assert_array_equal(found.types, liquid.types)
    np.testing.assert_allclose(found.diameters, liquid.diameters, rtol=1e-15)
    assert found.provenance["types"] == ["A", "B"] and list(found.measured) == ["energy"]
    assert found.measured["energy"][2] == -2.5
    assert io.load(path, periodic=True).periodic == (True,) * 3


def test_types_of_xyz_are_one_list_whatever_a_frame_lacks(tmp_path):
    frames = [
        f'2\nlattice="1 0 0 0 1 0 0 0 1"\n{a} 0.1 0.2 0.3\n{b} 0.5 0.6 0.7\n'
        for a, b in ("BB", "AB", "CA", "71")
    ]
    (tmp_path / "x.xyz").write_text(2 * "".join(frames))
    found = io.load(tmp_path / "x.xyz")
    names = found.provenance["types"]
    assert (
        "".join(names[code] for code in found.types) == "BBABCA71" * 2
        and found.periodic == (True,) * 3
    )


def test_a_plane_in_xyz(tmp_path, liquid):
    flat = liquid.replace(
        positions=liquid.positions * [1, 1, 0],
        cells=liquid.cells * [1, 1, 0] + np.diag([0, 0, 1.0]),
    )
    (tmp_path / "x.xyz").write_text(xyz(flat, "T T T"))
    assert io.load(tmp_path / "x.xyz").dimensions == 2


# Broken text

DUMP_LINES = 9  # before the particles of the first frame


def broken(liquid, change) -> str:
    lines = lammps(liquid).splitlines(keepends=True)
    change(lines)
    return "".join(lines)


def put(number: int, text: str):
    return lambda lines: lines.__setitem__(number - 1, text and f"{text}\n")


BROKEN_DUMPS = {
    "NaN": (put(11, "2 1 nan 1 1"), "frame 0, line 11: x is 'nan', no finite number"),
    "word": (put(11, "2 1 0 1 one"), "frame 0, line 11: z is 'one', no finite number"),
    "short row": (
        put(12, "3 1 0.5"),
        "frame 0, line 12: expected atom of 5 columns, found '3 1 0.5'",
    ),
    "blank row": (put(12, " "), "frame 0, line 12: expected atom of 5 columns, found a blank line"),
    "too many": (
        put(4, "40"),
        "found 'ITEM: TIMESTEP'; truncated, or the number of particles is wrong?",
    ),
    "too few": (put(4, "2"), "frame 1, line 12: expected an ITEM of a LAMMPS dump, found '3 "),
    "no number": (put(4, "many"), "frame 0, line 4: expected the number of atoms, found 'many'"),
    "no box": (
        lambda lines: lines.__delitem__(slice(4, 8)),
        "frame 0, line 5: the box (ITEM: ...) is missing",
    ),
    "bounds": (put(6, "0 wide"), "frame 0, line 8: expected bounds of the box, found '0 wide'"),
    "flat box": (put(6, "1 1 0"), "the box has no volume"),
    "column": (
        put(9, "ITEM: ATOMS id type x z vy"),
        "frame 0, line 9: there is no column y (or ys, yu, ysu); it has id",
    ),
    "scaled": (put(9, "ITEM: ATOMS id type x ys z"), "some coordinates are scaled and others not"),
    "twice": (put(11, "1 1 0.5 0.5 0.5"), "the atom with id 1 is there twice"),
    "no dump": (
        put(1, "x y z"),
        "frame 0, line 1: expected an ITEM of a LAMMPS dump, found 'x y z'",
    ),
    "types": (
        lambda lines: lines.__setitem__(8, lines[8].replace("type", "vx")),
        "frame 1: only some frames say the types",
    ),
    "one frame": (lambda lines: lines.__delitem__(slice(DUMP_LINES + 8, None)), "truncated"),
}


@pytest.mark.parametrize("name", BROKEN_DUMPS)
def test_broken_dumps(tmp_path, liquid, name):
    change, words = BROKEN_DUMPS[name]
    (tmp_path / "x.dump").write_text(broken(liquid, change))
    assert words in refusal(tmp_path / "x.dump")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(part=st.floats(0.001, 0.999), form=st.sampled_from([".dump", ".xyz"]))
def test_text_cut_anywhere_is_a_refusal_unless_between_frames(tmp_path, part, form):
    liquid = example(3)
    text = lammps(liquid) if form == ".dump" else xyz(liquid)
    mark = "ITEM: TIMESTEP"
    cut = text[: max(int(part * len(text)), 1)]
    path = tmp_path / f"x{form}"
    path.write_text(cut)
    with pytest.raises(InputError) as caught:
        found = io.load(path)
        assert found.n < 10 and text.startswith(cut + (mark if form == ".dump" else ""))
        raise InputError(f"{path}: cut between frames")
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


XYZ_FRAME = (
    '2\nLattice="4 0 0 0 4 0 0 0 4" pbc="T T T" Properties=species:S:1:pos:R:3\nA 1 2 3\nB 2 3 1\n'
)
BROKEN_XYZ = {
    "plain": (lambda text: text.replace("Lattice=", "Box="), "frame 0, line 2: has no box"),
    "lattice": (
        lambda text: text.replace('0 0 4"', '0 4"'),
        "frame 0, line 2: Lattice must be 9 numbers",
    ),
    "pbc": (lambda text: text.replace("T T T", "yes"), "frame 0, line 2: pbc must be three flags"),
    "properties": (
        lambda text: text.replace("pos:R:3", "pos:R"),
        "frame 0, line 2: Properties must be",
    ),
    "no pos": (
        lambda text: text.replace("pos:R:3", "velo:R:3"),
        "frame 0, line 2: there is no column pos",
    ),
    "NaN": (
        lambda text: text.replace("B 2 3 1", "B 2 inf 1", 1),
        "frame 0, line 4: pos:1 is 'inf'",
    ),
    "too many": (
        lambda text: text.replace("2\n", "3\n", 1),
        "frame 0, line 5: expected particle of 4 columns, found '2'",
    ),
    "too few": (
        lambda text: text.replace("2\n", "1\n", 1),
        "frame 1, line 4: expected a number of particles, found 'B 2 3 1'",
    ),
    "few frames": (lambda text: text[: len(text) // 2], "4 frames are too few; at least 8"),
    "blank": (lambda text: "\n\n", "holds no frames"),
    "open plane": (
        lambda text: text.replace("T T T", "T T F", 1),
        "frame 1: its edges are periodic otherwise",
    ),
}


@pytest.mark.parametrize("name", BROKEN_XYZ)
def test_broken_xyz(tmp_path, name):
    change, words = BROKEN_XYZ[name]
    path = tmp_path / "x.xyz"
    path.write_text(8 * XYZ_FRAME)
    assert io.load(path).n == 8  # it was whole before
    path.write_text(change(8 * XYZ_FRAME))
    assert words in refusal(path)


# Broken binaries

NO_FORMAT = {
    "zeros": bytes(4000),
    "random": np.random.default_rng(0).bytes(5000),
    "text": b"1 2 3\n" * 50,
    "byte": b"\0",
}


@pytest.mark.parametrize("content", NO_FORMAT.values(), ids=NO_FORMAT)
@pytest.mark.parametrize("suffix", [suffix for suffix in io.TRAJECTORIES if suffix != ".nc"])
def test_files_of_no_format(tmp_path, capfd, suffix, content):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    assert refusal(path)
    assert capfd.readouterr().err == ""
    path.write_bytes(b"")
    assert "empty (0 bytes)" in refusal(path)
    assert "no such file" in refusal(tmp_path / f"y{suffix}")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95, 0.999])
@pytest.mark.parametrize("suffix", [".nc", ".gsd"])
def test_truncated_files(tmp_path, suffix, part):
    path = tmp_path / f"x{suffix}"
    io.save(example(3), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    assert "cannot be read" in refusal(path) or "truncated" in refusal(path)


def test_altered_files_of_ours(tmp_path):
    io.save(example(2), tmp_path / "x.nc")
    with h5netcdf.File(tmp_path / "x.nc", "a") as file:
        file["positions"][3, 0] = np.nan
    assert "frame 0: a position is not finite" in refusal(tmp_path / "x.nc")
    with h5netcdf.File(tmp_path / "x.nc", "a") as file:
        file.attrs["moiety_particles"] = "99"
    assert "update moiety" in refusal(tmp_path / "x.nc")


def test_gsd_without_frames_positions_or_numbers(tmp_path):
    path = tmp_path / "x.gsd"
    with gsd.hoomd.open(path, "w"):
        pass
    assert "holds no frames" in refusal(path)
    for values, words in (
        ([[np.nan, 0, 0]], "frame 3: a position is NaN"),
        (None, "holds no positions"),
    ):
        with gsd.hoomd.open(path, "w") as file:
            for k in range(8):
                frame = gsd.hoomd.Frame()
                frame.particles.N, frame.configuration.box = 1, [4, 4, 4, 0, 0, 0]
                frame.particles.position = (
                    None if values is None else values if k == 3 else [[1, 0.5, 0.25]]
                )
                file.append(frame)
        assert words in refusal(path)


@pytest.mark.parametrize(("package", "suffix"), [("gsd", ".gsd"), ("MDAnalysis", ".dcd")])
def test_packages_that_are_not_installed(tmp_path, monkeypatch, package, suffix):
    (tmp_path / f"x{suffix}").write_bytes(b"something")
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    assert f"package {package}; install it with pip install 'moiety[particles]'" in refusal(
        tmp_path / f"x{suffix}"
    )
    if suffix == ".gsd":
        assert "moiety[particles]" in refusal(
            tmp_path / "y.gsd", lambda path: io.save(example(2), path)
        )


# Trajectories that others made


def universe_of(path, *more, **words):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MDAnalysis.Universe(str(path), *more, convert_units=False, to_guess=(), **words)


def as_particles(universe, corner=(0, 0, 0)) -> Particles:
    """Particles by way of MDAnalysis alone."""
    frames, cells = [], []
    for step in universe.trajectory:
        frames.append(step.positions.astype(float) - corner)
        cells.append(MDAnalysis.lib.mdamath.triclinic_vectors(step.dimensions, dtype=np.float64))
    return Particles.from_frames(frames, cells=np.stack(cells), periodic=True)


@pytest.fixture(scope="module")
def water() -> tuple[str, Particles]:
    """Text of a dump of 11 frames of 4500 atoms with all kinds of columns, and what MDAnalysis reads of it."""
    with bz2.open(real.LAMMPSDUMP_allcoords, "rt") as file:
        return file.read(), as_particles(
            universe_of(real.LAMMPSDUMP_allcoords, format="LAMMPSDUMP")
        )


@pytest.mark.parametrize("style", LAMMPS_STYLES)
def test_a_real_dump_of_water(tmp_path, water, style):
    """One kind of columns is left at a time."""
    whole, wanted = water
    left = " ".join(
        f"{axis}{other}" if other == style else "-" for other in LAMMPS_STYLES for axis in "xyz"
    )
    text = whole.replace("x y z xs ys zs xu yu zu xsu ysu zsu", left)
    with gzip.open(tmp_path / "x.lammpstrj.gz", "wt", compresslevel=1) as file:
        file.write(text)
    found = io.load(tmp_path / "x.lammpstrj.gz")
    assert text.count(left) == 11 and (found.n, found.counts[0], set(found.types.tolist())) == (
        11,
        4500,
        {1, 2},
    )
    np.testing.assert_allclose(found.cells, wanted.cells, rtol=1e-6)
    # Six digits are written: half of the last one is 5e-5 of 10 < x < 100 in both, 5e-6 of a box of side 36 if scaled.
    assert distance(found, wanted) < (5e-6 * 36 + 6e-5 if "s" in style else 1.1e-4)


def test_a_real_tilted_dump(tmp_path):
    """Albite, eight times over, beside the positions of its data file by LAMMPS itself.

    MDAnalysis takes the corner of the box off scaled positions, too, which have it off: only its box is compared.
    """
    text = Path(real.LAMMPSDUMP_triclinic).read_text()
    (tmp_path / "y.dump").write_text(8 * f"{text}\n" + text)
    assert "frame 8, line 234: the last line is not finished" in refusal(tmp_path / "y.dump")
    (tmp_path / "x.dump").write_text(8 * f"{text}\n")
    found, step = (
        io.load(tmp_path / "x.dump"),
        universe_of(real.LAMMPSDUMP_triclinic, format="LAMMPSDUMP").trajectory[0],
    )
    cell = MDAnalysis.lib.mdamath.triclinic_vectors(step.dimensions, dtype=np.float64)
    np.testing.assert_allclose(found.cells[0], cell, atol=2e-5)
    lines = Path(real.LAMMPSdata_triclinic).read_text().splitlines()
    corner = [float(line.split()[0]) for line in lines if line.endswith("hi")]
    atoms = np.array([line.split()[:5] for line in lines if len(line.split()) == 8], float)
    where = atoms[np.argsort(atoms[:, 0]), 2:] - corner
    wanted = Particles.from_frames([where] * 8, cells=found.cells[0], periodic=True)
    assert len(where) == 17 and distance(found, wanted) < 2e-5  # six digits of scaled positions


def test_a_real_gsd():
    found, universe = io.load(real.GSD_long), universe_of(real.GSD_long)
    wanted = as_particles(universe, corner=(-10.8,) * 3)
    assert (found.n, found.counts[0], found.dimensions) == (8, 5832, 3)
    assert distance(found, wanted) < 2e-6
    assert found.provenance == {"file": "example_longer.gsd", "format": "GSD", "types": ["R", "A"]}
    assert [found.provenance["types"][code] for code in found.types[:5]] == universe.atoms.types[
        :5
    ].tolist()


REAL = {
    "xtc": (real.XTC_multi_frame, 10, 10),
    "trr": (real.TRR_multi_frame, 10, 10),
    "ncdf": (real.NCDF, 30, 2661),
}
REAL |= {"dcd": (real.waterDCD, 10, 15), "tilted dcd": (real.DCD_TRICLINIC, 10, 375)}


@pytest.mark.parametrize("name", REAL)
def test_real_files_by_way_of_mdanalysis(tmp_path, name):
    source, frames, number = REAL[name]
    path = tmp_path / Path(source).name
    path.write_bytes(Path(source).read_bytes())
    found = io.load(path)
    assert (found.n, found.counts[0], found.periodic, found.types) == (
        frames,
        number,
        (True,) * 3,
        None,
    )
    assert distance(found, as_particles(universe_of(path))) < 1e-9
    for beside in tmp_path.glob(".*"):
        beside.unlink()  # MDAnalysis left them just now
    assert io.load(path, periodic=False).periodic == (False,) * 3
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_trajectory_of_amber_by_its_conventions(tmp_path):
    (tmp_path / "x.nc").write_bytes(Path(real.NCDF).read_bytes())
    np.testing.assert_array_equal(
        io.load(tmp_path / "x.nc").positions, io.load(real.NCDF).positions
    )


def test_a_topology_names_the_particles(tmp_path):
    found = io.load(real.waterDCD, topology=real.waterPSF)
    assert (
        found.provenance["topology"] == Path(real.waterPSF).name
        and len(found.provenance["types"]) == 2
    )
    assert found.types.reshape(10, 15)[0].tolist() == [1, 0, 0] * 5
    assert "does not exist" in refusal(Path(real.waterDCD), topology="no.psf")
    assert "does not go with it" in refusal(Path(real.waterDCD), topology=real.PSF)
    assert "has no box" in refusal(Path(real.DCD), topology=real.PSF)
    coordinates = tmp_path / "x.mdcrd"
    coordinates.write_bytes(Path(real.TRJ).read_bytes())  # without their number
    assert "needs topology=" in refusal(coordinates)


@pytest.mark.parametrize("name", REAL)
def test_real_files_that_are_cut(tmp_path, name):
    path = tmp_path / Path(REAL[name][0]).name
    content = Path(REAL[name][0]).read_bytes()
    for part in (0.05, 0.55, 0.95):
        path.write_bytes(content[: int(part * len(content))])
        message = refusal(path)
        assert "truncated" in message or "damaged" in message


def test_real_files_that_are_too_little(tmp_path):
    assert "frames are too few" in refusal(Path(real.GSD_bonds))
    assert "has no box" in refusal(Path(real.XYZ_mini))
    assert "no column x" in refusal(Path(real.LAMMPSDUMP_nocoords))
    assert "1 frames are too few" in refusal(Path(real.two_water_gro))
