"""`--periodic x,y` and `--format`: what a file does not say."""

import numpy as np
import pytest

from dump_text import lammps
from io_examples import contents, fluid, refusal
from moiety import InputError, Samples, io
from moiety.data._boundaries import boundary_flags
from moiety.sweep.plan import Plan
from test_planes import in_space, write_gsd, write_xyz

LIQUID = fluid(3, periodic=(True, True, False))
GAS = np.random.default_rng(6).random((10, 50, 3)) * 8
SIDES = np.full(3, 8.0)
SPINS = np.random.default_rng(0).choice([-1, 1], size=(32, 6, 6, 6))


# Axes


@pytest.mark.parametrize("names", ["x", "y,z", "z,x", "x,y,z", "x, y"])
def test_periodic_names_axes_of_particles(tmp_path, names):
    expected = tuple(axis in names for axis in "xyz")
    for suffix, write in ((".xyz", write_xyz), (".gsd", write_gsd)):
        write(tmp_path / f"x{suffix}", GAS, SIDES)
        assert io.load(tmp_path / f"x{suffix}", periodic=names).periodic == expected
    (tmp_path / "x.dump").write_text(lammps(LIQUID, flags=""))
    assert io.load(tmp_path / "x.dump", periodic="x,y").periodic == (True, True, False)


def test_names_are_those_of_the_file_where_an_axis_is_left_out(tmp_path):
    write_xyz(tmp_path / "x.xyz", in_space("xz"), np.array([7.0, 1.0, 9.0]))
    for names, flags in (("x,z", (True, True)), ("z", (False, True)), ("x,y", (True, False))):
        assert io.load(tmp_path / "x.xyz", periodic=names).periodic == flags


@pytest.mark.parametrize("names", ["w", "x,w", "xy", "x,,y", "", "yes"])
def test_unknown_axes_are_refused(tmp_path, names):
    write_xyz(tmp_path / "x.xyz", GAS, SIDES)
    assert "periodic must be" in refusal(tmp_path / "x.xyz", periodic=names)
    np.save(tmp_path / "x.npy", SPINS)
    assert "periodic must be" in refusal(tmp_path / "x.npy", periodic=names)


def test_an_axis_that_does_not_exist():
    with pytest.raises(InputError, match="names the axis z, but the only space axes are x, y"):
        boundary_flags("x,z", 2)


def test_periodic_names_axes_of_lattices(tmp_path):
    np.save(tmp_path / "x.npy", SPINS)
    read = io.load(tmp_path / "x.npy", axes="draw,x,y,z", periodic="x,z")
    assert read.periodic == (True, False, True) and read.homogeneous
    free = Samples.from_array(SPINS, axes="draw,x,y,z", periodic="x,y", boundary="free")
    assert free.periodic == (True, True, False) and not free.homogeneous
    io.save(free, tmp_path / "x.nc")
    assert io.load(tmp_path / "x.nc", periodic="y").periodic == (False, True, False)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--periodic",), "6x6x6, periodic, "),
        (("--no-periodic",), "6x6x6, crop, "),
        (("--periodic", "x,y"), "periodic along x and y, otherwise crop"),
        (("--periodic=z",), "periodic along z, otherwise crop"),
        (("--periodic", "z", "--boundary", "crop"), "periodic along z, otherwise crop"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_the_flag_takes_axes_and_no_file(run, tmp_path, words, text, first):
    np.save(tmp_path / "x.npy", SPINS)
    file = (tmp_path / "x.npy",)
    rest = (*words, *file) if first else (*file, *words)
    done = run("inspect", *rest, "--axes", "draw,x,y,z")
    assert done.code == 0 and text in " ".join(done.out.split())


def test_contradictions_are_one_line(run, tmp_path):
    np.save(tmp_path / "x.npy", SPINS)
    for words in (("--no-periodic", "--periodic", "x"), ("--periodic=sideways",)):
        done = run("inspect", tmp_path / "x.npy", *words)
        assert done.code == 2 and len(done.err.splitlines()) == 1 and not done.out


def test_plans_take_axes(tmp_path):
    np.save(tmp_path / "x.npy", SPINS)
    files = {"glob": str(tmp_path / "x.npy"), "axes": "draw,x,y,z", "format": "npy"}
    (point,) = Plan.of({"files": [files | {"periodic": "x,y"}]}).points
    assert point.source["reading"]["periodic"] == "x,y"
    assert io.load(point.source["file"], **point.source["reading"]).periodic == (True, True, False)


# Formats


@pytest.mark.parametrize("name", ["dump", "dump.melt", "melt.0", "dump.1000000", "x.LAMMPS"])
def test_names_without_a_known_suffix_ask_for_a_format(run, tmp_path, name):
    path = tmp_path / name
    path.write_text(lammps(LIQUID))
    done = run("inspect", path)
    assert done.code == 2 and "--format" in done.err and not done.out
    for words in ("lammps", "lammpstrj", ".dump", "LAMMPS"):
        assert io.load(path, format=words).n == LIQUID.n
    done = run("inspect", path, "--format", "lammps")
    assert done.code == 0 and "10 frames" in done.out


def test_formats_of_lattices_and_of_libraries(tmp_path):
    np.save(tmp_path / "x.npy", SPINS)
    (tmp_path / "x.npy").rename(tmp_path / "spins")
    words = {"axes": "draw,x,y,z", "boundary": "periodic"}
    assert io.load(tmp_path / "spins", format="npy", **words).n == 32
    write_gsd(tmp_path / "x.gsd", GAS, SIDES)
    (tmp_path / "x.gsd").rename(tmp_path / "run.7")
    assert io.load(tmp_path / "run.7", format="gsd").n == 10
    io.save(LIQUID, tmp_path / "x.nc")
    (tmp_path / "x.nc").rename(tmp_path / "y")
    assert io.load(tmp_path / "y", format="netcdf").n == LIQUID.n


def test_the_format_overrides_the_suffix(tmp_path):
    (tmp_path / "x.xyz").write_text(lammps(LIQUID))
    assert io.load(tmp_path / "x.xyz", format="lammps").n == LIQUID.n
    assert "expected a number of particles" in refusal(tmp_path / "x.xyz")


def test_unknown_formats_and_wrong_ones_write_nothing(run, tmp_path):
    (tmp_path / "dump.melt").write_text(lammps(LIQUID))
    before = contents(tmp_path)
    for name, text in (
        ("lamps", "choose from"),
        ("gsd", "cannot be read"),
        ("npy", "cannot be read"),
    ):
        words = ("--format", name, "--out", tmp_path / "r.nc")
        done = run("estimate", tmp_path / "dump.melt", *words)
        assert done.code == 2 and text in done.err
    assert contents(tmp_path) == before
