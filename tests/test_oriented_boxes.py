"""Boxes keep the orientation to which positions refer, or are refused."""

import struct

import numpy as np
import pytest
from MDAnalysis.lib.formats.libmdaxdr import TRRFile, XTCFile

from io_examples import distance, refusal
from moiety import InputError, io
from moiety.data.particles import Particles
from moiety.io._vectors import described

PARTS = np.random.default_rng(13).random((9, 16, 3))
SYMMETRIC = np.array([[20.0, -3.0, 2.0], [-3.0, 21.0, 4.0], [2.0, 4.0, 22.0]])
TURNED = np.array([[0.0, 12.0, 12.0], [13.0, 0.0, 13.0], [14.0, 14.0, 0.0]])
PERMUTED = np.array([[0.0, 0.0, 9.0], [7.0, 0.0, 0.0], [0.0, 8.0, 0.0]])


def record(content: bytes) -> bytes:
    return struct.pack("i", len(content)) + content + struct.pack("i", len(content))


def write_dcd(path, positions, unitcell, version=24):
    """A DCD file with six numbers for each box."""
    frames, number, _ = positions.shape
    control = [frames, 0, 1, frames, *[0] * 5, 0, 1, *[0] * 8, version]
    text = record(b"CORD" + struct.pack("20i", *control))
    text += record(struct.pack("i", 1) + b"made by a test".ljust(80))
    text += record(struct.pack("i", number))
    for frame in positions.astype(np.float32):
        text += record(struct.pack("6d", *unitcell))
        text += b"".join(record(frame[:, axis].tobytes()) for axis in range(3))
    path.write_bytes(text)


def six(cell):
    return cell[[0, 0, 1, 0, 1, 2], [0, 1, 1, 2, 2, 2]]


def expected(cell):
    return Particles.from_frames(list(PARTS @ cell), cells=cell, periodic=True)


@pytest.mark.parametrize("version", [24, 36, 49])
def test_the_symmetric_boxes_of_charmm(tmp_path, version):
    """An entry below -1 is neither a cosine nor an angle, so that the version does not matter."""
    write_dcd(tmp_path / "x.dcd", PARTS @ SYMMETRIC, six(SYMMETRIC), version)
    read = io.load(tmp_path / "x.dcd")
    np.testing.assert_allclose(read.cells[0], SYMMETRIC)
    assert distance(read, expected(SYMMETRIC)) < 1e-5


@pytest.mark.parametrize("entries", [[3.0, 4.0, 2.0], [0.5, 0.2, -0.3], [60.0, 60.0, 90.0]])
def test_numbers_that_may_be_entries_or_angles(tmp_path, entries):
    cell = np.diag([80.0, 81.0, 82.0])
    cell[[0, 0, 1], [1, 2, 2]] = cell[[1, 2, 2], [0, 0, 1]] = entries
    path = tmp_path / "x.dcd"
    write_dcd(path, PARTS @ cell, six(cell), version=36)
    if np.linalg.eigvalsh(cell).min() > 0:
        np.testing.assert_allclose(io.load(path).cells[0], cell)
    write_dcd(path, PARTS @ cell, six(cell), version=24)
    assert "frame 0: its box is known by lengths and angles only" in refusal(path)


@pytest.mark.parametrize("angle", [0.0, 90.0, 1e-9])
def test_right_angles_in_every_convention(tmp_path, angle):
    cell = np.diag([7.0, 8.0, 9.0])
    numbers = six(cell)
    numbers[[1, 3, 4]] = angle
    write_dcd(tmp_path / "x.dcd", PARTS @ cell, numbers)
    assert distance(io.load(tmp_path / "x.dcd"), expected(cell)) < 1e-5
    write_dcd(tmp_path / "x.dcd", PARTS @ cell, [0.0] * 6)
    assert "frame 0: has no box" in refusal(tmp_path / "x.dcd")


@pytest.mark.parametrize("cell", [SYMMETRIC, TURNED, PERMUTED])
@pytest.mark.parametrize("kind", [XTCFile, TRRFile])
def test_boxes_of_xtc_and_trr_are_not_turned(tmp_path, cell, kind):
    path = tmp_path / ("x.xtc" if kind is XTCFile else "x.trr")
    box, places = cell.astype(np.float32), (PARTS @ cell).astype(np.float32)
    with kind(str(path), "w") as file:
        for k, frame in enumerate(places):
            if kind is XTCFile:
                file.write(frame, box, k, float(k), 1000.0)
            else:
                file.write(frame, None, None, box, k, float(k), 0.0, 16)
    read = io.load(path)
    np.testing.assert_allclose(read.cells[0], cell, atol=1e-5)
    assert distance(read, expected(cell)) < 2e-3


def row(numbers):
    return " ".join(f"{number:.8f}" for number in numbers)


@pytest.mark.parametrize("cell", [SYMMETRIC, TURNED])
def test_boxes_of_dl_poly_are_not_turned(tmp_path, cell):
    text = "made by a test\n         0         3        16\n"
    for k, frame in enumerate(PARTS @ cell):
        text += f"timestep {k + 1} 16 0 3 0.001\n"
        text += "".join(f"{row(edge)}\n" for edge in cell)
        text += "".join(f"Ar {i + 1} 1.0 0.0\n{row(place)}\n" for i, place in enumerate(frame))
    (tmp_path / "x.history").write_text(text)
    assert distance(io.load(tmp_path / "x.history"), expected(cell)) < 1e-5


def test_lengths_and_angles_where_the_format_defines_the_orientation():
    tilted = np.array([4.0, 5.0, 6.0, 80.0, 90.0, 70.0])
    with pytest.raises(InputError, match="not how it is oriented"):
        described(tilted, ".trz")
    assert described(tilted, ".ncdf")[1, 0] == pytest.approx(5 * np.cos(np.deg2rad(70)))
    right = described(np.array([4.0, 5, 6, 90, 90, 90]), ".trz")
    assert right.tolist() == np.diag([4, 5, 6]).tolist()
    assert described(None, ".trz") is None and described(np.zeros(6), ".nc") is None
