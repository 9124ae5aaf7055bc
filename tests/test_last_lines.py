"""A missing final line break is no truncation; a number that lost digits is."""

import gzip

import numpy as np
import pytest

from dump_text import lammps, xyz
from io_examples import fluid, refusal
from moiety import io
from test_planes import write_dump, write_xyz

LIQUID = fluid(3, periodic=(True, True, False))
TEXTS = {".dump": lammps(LIQUID), ".xyz": xyz(LIQUID)}
FRAMES = np.random.default_rng(8).random((9, 20, 3)) * 8


@pytest.mark.parametrize("suffix", TEXTS)
@pytest.mark.parametrize("ending", ["", " ", "\t", "\r\n", "\n\n\n"])
def test_a_missing_final_newline(tmp_path, suffix, ending):
    path = tmp_path / f"x{suffix}"
    path.write_bytes((TEXTS[suffix].rstrip() + ending).encode())
    loaded = io.load(path)
    assert loaded.n == LIQUID.n and (loaded.counts == LIQUID.counts).all()
    with gzip.open(f"{path}.gz", "wb") as file:
        file.write(path.read_bytes())
    assert io.load(f"{path}.gz").n == LIQUID.n


@pytest.mark.parametrize("suffix", [".xyz", ".lammpstrj"])
@pytest.mark.parametrize("digits", [4, 6])
def test_a_number_that_lost_digits(tmp_path, suffix, digits):
    """All numbers have the same number of digits, so that one digit fewer is seen."""
    path = tmp_path / f"x{suffix}"
    write = write_xyz if suffix == ".xyz" else write_dump
    write(path, np.full_like(FRAMES, 0.5), np.full(3, 8.0))
    head, *_ = path.read_text().splitlines(keepends=True)[-21:]
    lines = path.read_text().splitlines()
    start = lines.index(head.strip()) if suffix == ".xyz" else 9
    heads = lines[:start] if suffix == ".lammpstrj" else lines[:2]
    label = "A " if suffix == ".xyz" else ""
    text = "".join(
        "\n".join(heads) + "\n" + "".join(f"{label}{_row(place, digits)}\n" for place in frame)
        for frame in FRAMES / 8
    )
    path.write_text(text.rstrip("\n"))
    assert io.load(path).n == 9
    path.write_text(text.rstrip("\n")[:-1])
    assert "lost digits; truncated?" in refusal(path)
    path.write_text(text.rstrip("\n")[: -digits - 4])
    assert "truncated" in refusal(path)


def _row(place, digits):
    return " ".join(f"{value:.{digits}f}" for value in place)


def test_numbers_of_varying_length_may_end_short(tmp_path):
    """Of numbers with six digits one in ten ends in a zero, which %g leaves out."""
    lines = [f"A {x:g} {y:g} {z:g}" for x, y, z in FRAMES[0]]
    lines[-1], lines[3] = "A 1.2345 2 3.1234", "A 1.2345 2 3.1236"
    frame = '20\nLattice="8 0 0 0 8 0 0 0 8"\n' + "\n".join(lines)
    (tmp_path / "x.xyz").write_text("\n".join([frame] * 8))
    assert io.load(tmp_path / "x.xyz").n == 8
