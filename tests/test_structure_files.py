"""GRO and PDB files with many frames."""

import gzip
import warnings

import numpy as np
import pytest

from io_examples import TILTED, distance, refusal
from moiety import InputError, io
from moiety.data.particles import Particles
from moiety.io._cells import cell_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import MDAnalysis

FRAMES = np.random.default_rng(11).random((9, 14, 3))
NAMES = ["OW", "HW1"] * 7


def gro(parts, cell, digits=3, title="water t= 1.0", velocities=False) -> str:
    lines, width = [], digits + 5
    for frame in parts:
        lines += [title, str(len(frame))]
        for i, place in enumerate(frame @ cell):
            numbers = "".join(f"{x:{width}.{digits}f}" for x in place)
            numbers += "".join(f"{0.1:{width}.{digits + 1}f}" * 3) if velocities else ""
            lines.append(f"{i % 99999 + 1:5d}{'SOL':<5s}{NAMES[i]:>5s}{i + 1:5d}{numbers}")
        order = [0, 4, 8, 1, 2, 3, 5, 6, 7]
        numbers = cell.ravel()[order]
        shown = numbers if numbers[3:].any() else numbers[:3]
        lines.append(" ".join(f"{x:.5f}" for x in shown))
    return "\n".join(lines) + "\n"


def pdb(parts, cell, each="MODEL {k}\n", end="ENDMDL\n", boxes="first") -> str:
    lengths = np.linalg.norm(cell, axis=1)
    a, b, c = cell / lengths[:, None]
    angles = np.rad2deg(np.arccos([b @ c, a @ c, a @ b]))
    box = "CRYST1" + "".join(f"{x:9.3f}" for x in lengths)
    box += "".join(f"{x:7.2f}" for x in angles) + " P 1           1\n"
    text = "REMARK made by a test\n"
    for k, frame in enumerate(parts):
        head, cryst = each.format(k=k + 1), box if boxes == "each" or k == 0 else ""
        text += head + cryst if boxes == "inside" else cryst + head
        for i, (x, y, z) in enumerate(frame @ cell):
            text += f"ATOM  {i + 1:5d} {NAMES[i]:<4s} SOL A{1:4d}    "
            text += f"{x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00          {NAMES[i][0]:>2s}\n"
        text += "TER\n" + end
    return text


def expected(cell, periodic=True):
    return Particles.from_frames(list(FRAMES @ cell), cells=cell, periodic=periodic)


@pytest.mark.parametrize("cell", [np.diag([5.0, 6.0, 7.0]), TILTED])
@pytest.mark.parametrize("digits", [3, 6])
def test_gro_files_with_many_frames(tmp_path, cell, digits):
    (tmp_path / "x.gro").write_text(gro(FRAMES, cell, digits, velocities=digits == 3))
    read = io.load(tmp_path / "x.gro")
    assert (read.n, read.periodic, read.dimensions) == (9, (True,) * 3, 3)
    np.testing.assert_allclose(read.cells[0], cell, atol=1e-5)
    assert distance(read, expected(cell)) <= 0.6 * 10.0**-digits
    assert read.provenance["types"] == ["HW1", "OW"]
    assert [read.provenance["types"][code] for code in read.types[:14]] == NAMES
    with gzip.open(tmp_path / "y.gro.gz", "wt") as file:
        file.write(gro(FRAMES, cell, digits).rstrip("\n"))
    assert io.load(tmp_path / "y.gro.gz").n == 9


def test_gro_agrees_with_mdanalysis_on_a_single_frame(tmp_path):
    cell = TILTED
    (tmp_path / "one.gro").write_text(gro(FRAMES[:1], cell))
    (tmp_path / "x.gro").write_text(8 * gro(FRAMES[:1], cell))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        universe = MDAnalysis.Universe(str(tmp_path / "one.gro"), convert_units=False)
    read = io.load(tmp_path / "x.gro")
    other = Particles.from_frames(
        [universe.atoms.positions] * 8, cells=read.cells[0], periodic=True
    )
    assert distance(read, other) < 1e-5


def test_gro_without_title_box_or_atoms(tmp_path):
    path, cell = tmp_path / "x.gro", np.diag([5.0, 6.0, 7.0])
    path.write_text(gro(FRAMES, cell, title=""))
    assert io.load(path).n == 9
    whole = gro(FRAMES, cell)
    path.write_text(whole.replace("5.00000 6.00000 7.00000", "0.00000 0.00000 0.00000"))
    assert "frame 0, line 17: has no box" in refusal(path)
    path.write_text(whole.replace("5.00000 6.00000 7.00000\n", ""))
    assert "expected a box of 3 or 9 numbers" in refusal(path)
    path.write_text(whole.replace("14\n", "15\n"))
    assert "line 17: expected an atom with three coordinates" in refusal(path)
    path.write_text(whole[: len(whole) // 2])
    assert "truncated" in refusal(path)
    path.write_text(gro(FRAMES[:3], cell))
    assert "3 frames are too few" in refusal(path)


@pytest.mark.parametrize("cell", [np.diag([15.0, 16.0, 17.0]), TILTED])
@pytest.mark.parametrize("boxes", ["first", "each", "inside"])
def test_pdb_files_with_one_box_or_many(tmp_path, cell, boxes):
    path = tmp_path / "x.pdb"
    path.write_text(pdb(FRAMES, cell, boxes=boxes))
    read = io.load(path)
    lengths = np.linalg.norm(cell, axis=1)
    a, b, c = cell / lengths[:, None]
    angles = np.rad2deg(np.arccos([b @ c, a @ c, a @ b]))
    assert (read.n, read.provenance["types"]) == (9, ["H", "O"])
    np.testing.assert_allclose(read.cells[0], cell_of(lengths, angles), atol=2e-3)  # 0.01 degrees
    assert distance(read, expected(cell)) < 5e-3


def test_pdb_frames_may_end_without_models(tmp_path):
    path, cell = tmp_path / "x.pdb", np.diag([15.0, 16.0, 17.0])
    path.write_text(pdb(FRAMES, cell, each="", end="END\n"))
    assert distance(io.load(path), expected(cell)) < 1e-3
    path.write_text(pdb(FRAMES, cell, each="", end="END\n", boxes="each").rstrip())
    assert io.load(path).n == 9


def test_pdb_without_box_or_end(tmp_path):
    path, cell = tmp_path / "x.pdb", np.diag([15.0, 16.0, 17.0])
    whole = pdb(FRAMES, cell)
    path.write_text(whole.replace("CRYST1", "REMARK"))
    assert "has no box (CRYST1)" in refusal(path)
    unit = whole.replace("   15.000   16.000   17.000", "    1.000    1.000    1.000")
    path.write_text(unit)
    assert "has no box (CRYST1)" in refusal(path)
    lines = whole.splitlines(keepends=True)
    path.write_text("".join(lines[:-6]))
    assert "a MODEL without its ENDMDL; truncated?" in refusal(path)
    path.write_text("".join(lines[:-6]) + lines[-6][:40])
    assert "truncated" in refusal(path)
    path.write_text("".join(lines[: len(lines) // 9 * 4]))
    assert refusal(path)


def test_another_file_names_the_particles(tmp_path):
    cell = np.diag([5.0, 6.0, 7.0])
    (tmp_path / "x.gro").write_text(gro(FRAMES, cell))
    (tmp_path / "names.pdb").write_text(pdb(FRAMES[:1], cell))
    read = io.load(tmp_path / "x.gro", topology=tmp_path / "names.pdb")
    assert read.provenance["types"] == ["H", "O"] and read.provenance["topology"] == "names.pdb"
    (tmp_path / "few.pdb").write_text(pdb(FRAMES[:1, :5], cell))
    assert "does not fit: it has 5" in refusal(tmp_path / "x.gro", topology=tmp_path / "few.pdb")
    assert "does not exist" in refusal(tmp_path / "x.gro", topology=tmp_path / "no.pdb")


@pytest.mark.parametrize(
    ("lengths", "angles"), [((4, 5, 6), (60, 60, 150)), ((4, np.nan, 6), (90, 90, 90))]
)
def test_impossible_boxes(lengths, angles):
    with pytest.raises(InputError, match="no box has edges of 4"):
        cell_of(np.array(lengths, float), np.array(angles, float))
