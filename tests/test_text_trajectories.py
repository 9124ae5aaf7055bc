"""LAMMPS dumps and extended XYZ files: boxes, columns, planes."""

import bz2
import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dump_text import LAMMPS_STYLES, lammps, xyz
from io_examples import TILTED, distance, fluid, refusal
from moiety import io
from moiety.data.particles import Particles


@pytest.fixture
def liquid() -> Particles:
    return fluid(3, periodic=(True, True, False))


@pytest.mark.parametrize("style", LAMMPS_STYLES)
@pytest.mark.parametrize("shuffled", [0, 1])
def test_all_styles_of_columns_give_the_same_positions(tmp_path, liquid, style, shuffled):
    path = tmp_path / "x.lammpstrj"
    extra = [("radius", liquid.diameters / 2)]
    path.write_text(lammps(liquid, style, shuffled=shuffled, extra=extra))
    loaded = io.load(path)
    assert distance(loaded, liquid) < 1e-12 and loaded.periodic == liquid.periodic
    np.testing.assert_allclose(loaded.cells, liquid.cells, atol=1e-12)
    np.testing.assert_array_equal(loaded.types, liquid.types + 1)
    np.testing.assert_allclose(loaded.diameters, liquid.diameters, rtol=1e-15)
    assert loaded.provenance == {"file": "x.lammpstrj", "format": "a LAMMPS dump"}


def test_the_style_of_units_of_a_dump_is_kept(tmp_path, liquid):
    """LAMMPS names it once, before the first snapshot (dump_modify units yes)."""
    path, text = tmp_path / "x.lammpstrj", lammps(liquid)
    for style, unit in (("lj", None), ("metal", "angstrom"), ("nano", "nanometers")):
        path.write_text(f"ITEM: UNITS\n{style}\n{text}")
        loaded = io.load(path)
        assert distance(loaded, liquid) < 1e-12  # lengths stay those of the file
        assert loaded.provenance["units"] == style and loaded.reading.endswith(f"units {style}")
        assert loaded.provenance.get("length_unit") == unit
    path.write_text(f"ITEM: UNITS\nmetal\n{text}ITEM: UNITS\nreal\n{text}")
    assert "the units are real, those of the frames before metal" in refusal(path)
    path.write_text(f"ITEM: UNITS\nparsec\n{text}")
    assert "the units must be one of lj, real" in refusal(path)
    path.write_text(text)
    assert "units" not in io.load(path).provenance and "units" not in io.load(path).reading


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tilts=st.tuples(*[st.floats(-5, 5)] * 3),
    corner=st.tuples(*[st.floats(-50, 50)] * 3),
    style=st.sampled_from(LAMMPS_STYLES),
    shuffled=st.integers(0, 3),
)
def test_lammps_boxes_of_any_tilt(tmp_path, tilts, corner, style, shuffled):
    cell = TILTED.copy()
    cell[1, 0], cell[2, 0], cell[2, 1] = tilts
    frames = np.random.default_rng(0).random((8, 5, 3)) @ cell
    types = np.zeros(5, int)
    expected = Particles.from_frames(frames, cells=cell, periodic=True, types=types)
    path = tmp_path / "x.dump"
    options = {"corner": corner, "flags": "pp pp pp", "shuffled": shuffled}
    path.write_text(lammps(expected, style, **options))
    loaded = io.load(path)
    np.testing.assert_allclose(loaded.cells, expected.cells, atol=1e-12)
    assert distance(loaded, expected) < 1e-11


def test_lammps_general_box(tmp_path):
    head = "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS abc origin pp pp fs\n"
    box = "1 2 0 -1\n-2 1 0 -2\n0 0.5 3 -3\nITEM: ATOMS x y z element\n"
    (tmp_path / "x.dump").write_text(8 * (head + box + "0 0 -2 Ar\n-0.5 0 -1 Ne\n"))
    loaded = io.load(tmp_path / "x.dump")
    np.testing.assert_array_equal(loaded.cells[0], [[1, 2, 0], [-2, 1, 0], [0, 0.5, 3]])
    expected = Particles.from_frames(
        [[[1.0, 2, 1], [0.5, 2, 2]]] * 8, cells=loaded.cells[0], periodic=(True, True, False)
    )
    assert distance(loaded, expected) < 1e-12 and loaded.periodic == (True, True, False)
    assert loaded.types[:2].tolist() == [0, 1] and loaded.provenance["types"] == ["Ar", "Ne"]


@pytest.mark.parametrize(("packed", "opener"), [(".gz", gzip.open), (".bz2", bz2.open)])
@pytest.mark.parametrize("suffix", [".lammpstrj", ".dump", ".lammpsdump", ".LAMMPSTRJ"])
def test_compressed_dumps(tmp_path, liquid, suffix, packed, opener):
    path = tmp_path / f"x.0{suffix}{packed}"
    with opener(path, "wt") as file:
        file.write(lammps(liquid))
    assert distance(io.load(path), liquid) < 1e-12
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    message = refusal(path)
    assert message.startswith("frame ") and "truncated" in message


def test_a_dump_without_periodic_flags(tmp_path, liquid):
    path = tmp_path / "x.dump"
    path.write_text(lammps(liquid, flags=""))
    assert "say --periodic" in refusal(path)
    assert io.load(path, periodic=[True, False, True]).periodic == (True, False, True)
    path.write_text(lammps(liquid, flags="pp fm ss"))
    assert io.load(path).periodic == (True, False, False)


# Two dimensions


@pytest.mark.parametrize("style", LAMMPS_STYLES)
def test_constant_z_means_two_dimensions(tmp_path, liquid, style):
    cells = liquid.cells * [1, 1, 0] + np.diag([0, 0, 1.0])
    flat = liquid.replace(positions=liquid.positions * [1, 1, 0] + [0, 0, 0.5], cells=cells)
    (tmp_path / "x.dump").write_text(lammps(flat, style, flags="pp pp pp", unwrapped=(1, 1, 0)))
    loaded = io.load(tmp_path / "x.dump")
    assert loaded.dimensions == 2 and loaded.periodic == (True, True)
    np.testing.assert_allclose(loaded.cells, liquid.cells[:, :2, :2], atol=1e-12)
    plane = Particles.from_frames(
        [flat.frame(k)[:, :2] for k in range(10)], cells=loaded.cells, periodic=True
    )
    assert distance(loaded, plane) < 1e-12


def test_a_single_particle_outside_the_plane_means_three_dimensions(tmp_path, liquid):
    positions = liquid.positions * [1, 1, 0]
    positions[-1, 2] = 0.001
    (tmp_path / "x.dump").write_text(lammps(liquid.replace(positions=positions)))
    assert io.load(tmp_path / "x.dump").dimensions == 3


def test_a_dump_without_z_is_two_dimensional(tmp_path):
    head = "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n2\n"
    box = "ITEM: BOX BOUNDS pp pp pp\n-1 1\n-2 2\n-0.5 0.5\n"
    (tmp_path / "x.dump").write_text(8 * (head + box + "ITEM: ATOMS x y diameter\n0 1 .5\n0 0 1\n"))
    loaded = io.load(tmp_path / "x.dump")
    assert loaded.positions[0].tolist() == [1, 3] and loaded.cells[0].tolist() == [[2, 0], [0, 4]]
    assert loaded.diameters[0] == 0.5


# Extended XYZ


@pytest.mark.parametrize("suffix", [".xyz", ".extxyz", ".xyz.gz"])
def test_extended_xyz(tmp_path, liquid, suffix):
    path = tmp_path / f"x{suffix}"
    with (gzip.open if suffix.endswith("gz") else open)(path, "wt") as file:
        file.write(xyz(liquid, origin=(1.0, -4.0, 2.0)))
    loaded = io.load(path)
    assert distance(loaded, liquid) < 1e-12 and loaded.periodic == (True, True, False)
    np.testing.assert_array_equal(loaded.cells, liquid.cells)
    np.testing.assert_array_equal(loaded.types, liquid.types)
    np.testing.assert_allclose(loaded.diameters, liquid.diameters, rtol=1e-15)
    assert loaded.provenance["types"] == ["A", "B"] and list(loaded.measured) == ["energy"]
    assert loaded.measured["energy"][2] == -2.5
    assert io.load(path, periodic=True).periodic == (True,) * 3


def test_types_of_xyz_share_a_list_of_names(tmp_path):
    frames = [
        f'2\nlattice="1 0 0 0 1 0 0 0 1"\n{a} 0.1 0.2 0.3\n{b} 0.5 0.6 0.7\n'
        for a, b in ("BB", "AB", "CA", "71")
    ]
    (tmp_path / "x.xyz").write_text(2 * "".join(frames))
    loaded = io.load(tmp_path / "x.xyz")
    names = loaded.provenance["types"]
    assert "".join(names[code] for code in loaded.types) == "BBABCA71" * 2
    assert loaded.periodic == (True,) * 3


def test_xyz_in_two_dimensions(tmp_path, liquid):
    flat = liquid.replace(
        positions=liquid.positions * [1, 1, 0],
        cells=liquid.cells * [1, 1, 0] + np.diag([0, 0, 1.0]),
    )
    (tmp_path / "x.xyz").write_text(xyz(flat, "T T T"))
    assert io.load(tmp_path / "x.xyz").dimensions == 2
