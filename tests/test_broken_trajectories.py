"""Broken text files of particles: the message names the frame and the line."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dump_text import lammps, xyz
from io_examples import fluid, refusal
from moiety import InputError, io

HEADER = 9  # lines before the atoms of the first frame
LIQUID = fluid(3, periodic=(True, True, False))


def put(number: int, text: str):
    """Replace a line, counted from 1."""
    return lambda lines: [*lines[: number - 1], f"{text}\n", *lines[number:]]


BROKEN_DUMPS = {
    "NaN": (put(11, "2 1 nan 1 1"), "frame 0, line 11: x is 'nan', not a finite number"),
    "word": (put(11, "2 1 0 1 one"), "frame 0, line 11: z is 'one', not a finite number"),
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
        lambda lines: lines[:4] + lines[8:],
        "frame 0, line 5: the box (ITEM: ...) is missing",
    ),
    "bounds": (put(6, "0 wide"), "frame 0, line 8: expected bounds of the box, found '0 wide'"),
    "flat box": (put(6, "1 1 0"), "the box has no volume"),
    "column": (
        put(9, "ITEM: ATOMS id type x z vy"),
        "frame 0, line 9: there is no column y (or ys, yu, ysu); it has id",
    ),
    "scaled": (put(9, "ITEM: ATOMS id type x ys z"), "some coordinates are scaled and others not"),
    "twice": (put(11, "1 1 0.5 0.5 0.5"), "the id 1 belongs to two atoms"),
    "no dump": (
        put(1, "x y z"),
        "frame 0, line 1: expected an ITEM of a LAMMPS dump, found 'x y z'",
    ),
    "types": (
        lambda lines: [*lines[:8], lines[8].replace("type", "vx"), *lines[9:]],
        "frame 1: only some frames contain types",
    ),
    "a part of a frame": (lambda lines: lines[: HEADER + 2], "truncated"),
}


@pytest.mark.parametrize("name", BROKEN_DUMPS)
def test_broken_dumps(tmp_path, name):
    change, message = BROKEN_DUMPS[name]
    lines = lammps(LIQUID).splitlines(keepends=True)
    (tmp_path / "x.dump").write_text("".join(change(lines)))
    assert message in refusal(tmp_path / "x.dump")


TEXTS = {".dump": lammps(LIQUID), ".xyz": xyz(LIQUID)}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(part=st.floats(0.001, 0.999), suffix=st.sampled_from([".dump", ".xyz"]))
def test_truncated_text_is_refused_unless_cut_between_frames(tmp_path, part, suffix):
    text = TEXTS[suffix]
    cut = text[: max(int(part * len(text)), 1)]
    path = tmp_path / f"x{suffix}"
    path.write_text(cut)
    try:
        loaded = io.load(path)
    except InputError as error:
        assert str(error).startswith(f"{path}: ")
        assert "\n" not in str(error)
    else:
        whole = io.load(_complete(tmp_path, suffix))
        assert (loaded.counts == whole.counts[: loaded.n]).all()
        # a number that is cut by one of its sixteen digits is not noticed
        np.testing.assert_allclose(
            loaded.positions, whole.positions[: len(loaded.positions)], rtol=0, atol=1e-12
        )


def _complete(folder, suffix):
    path = folder / f"complete{suffix}"
    path.write_text(TEXTS[suffix])
    return path


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
        "frame 1: its periodic boundaries differ",
    ),
}


@pytest.mark.parametrize("name", BROKEN_XYZ)
def test_broken_xyz(tmp_path, name):
    change, message = BROKEN_XYZ[name]
    path = tmp_path / "x.xyz"
    path.write_text(8 * XYZ_FRAME)
    assert io.load(path).n == 8  # the file was good before
    path.write_text(change(8 * XYZ_FRAME))
    assert message in refusal(path)
