"""Bad and treacherous files and options: how they are made, and what moiety has to say.

A row is (what it is, what makes it, words of the command line, part of the line, exit code).  The
maker gets an empty folder and returns the file; a maker without a result stands for a file that
does not exist.  Parts are regular expressions.
"""

from __future__ import annotations

import gzip
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from moiety import Samples, io
from moiety.data.particles import Particles

__all__ = ["ROWS", "Row"]


class Row(NamedTuple):
    """A bad or treacherous file, or good samples with a bad option."""

    what: str
    make: Callable[[Path], Path]
    words: str
    line: str
    code: int = 2


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def spins(*shape: int) -> np.ndarray:
    return rng().choice([-1, 1], size=shape or (64, 4, 4)).astype(np.int8)


def npy(array: Any, name: str = "x.npy", **options: Any) -> Callable[[Path], Path]:
    """A maker of an array in a NumPy file."""

    def make(folder: Path) -> Path:
        np.save(folder / name, array() if callable(array) else array, **options)
        return folder / name

    return make


def text(content: str | bytes, name: str) -> Callable[[Path], Path]:
    """A maker of a file with this content."""

    def make(folder: Path) -> Path:
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
        return folder / name

    return make


def lattice() -> Samples:
    return Samples.from_array(spins(64, 4, 4), periodic=True, axes="draw,x,y")


def gas(n: int = 16) -> Particles:
    positions = rng().random((n, 20, 2)) * 10
    return Particles.from_frames(positions, cells=10.0, periodic=True, diameters=1.0)


def saved(suffix: str, change: Callable[[Path], Any] = lambda path: None) -> Callable[[Path], Path]:
    """A maker of good samples in a file, which something then changes."""

    def make(folder: Path) -> Path:
        io.save(lattice(), folder / f"x{suffix}")
        change(folder / f"x{suffix}")
        return folder / f"x{suffix}"

    return make


def frames(
    suffix: str, change: Callable[[Path], Any] = lambda path: None
) -> Callable[[Path], Path]:
    """A maker of good frames in a file, which something then changes."""

    def make(folder: Path) -> Path:
        io.save(gas(), folder / f"x{suffix}")
        change(folder / f"x{suffix}")
        return folder / f"x{suffix}"

    return make


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def header(declared: str) -> bytes:
    """A NumPy file with a header and nothing else."""
    body = declared.encode() + b" " * (118 - len(declared) - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body


def hdf5(change: Callable[[Any], Any]) -> Callable[[Path], Path]:
    """A maker of an HDF5 file of another program."""

    def make(folder: Path) -> Path:
        import h5py

        with h5py.File(folder / "x.h5", "w") as file:
            change(file)
        return folder / "x.h5"

    return make


def netcdf(array: np.ndarray, dims: tuple[str, ...], **attributes: Any) -> Callable[[Path], Path]:
    """A maker of a netCDF file of another program."""

    def make(folder: Path) -> Path:
        import xarray

        data = xarray.Dataset({"s": (dims, array, attributes)})
        data.to_netcdf(folder / "x.nc", engine="h5netcdf")
        return folder / "x.nc"

    return make


def zarr_metadata(**changes: Any) -> Callable[[Path], Path]:
    """A maker of a store of Zarr 2 with changed metadata."""

    def make(folder: Path) -> Path:
        store = folder / "x.zarr"
        store.mkdir()
        whole = {
            "zarr_format": 2,
            "shape": [64, 4, 4],
            "chunks": [64, 4, 4],
            "dtype": "|i1",
            "order": "C",
            "compressor": None,
            "filters": None,
            "fill_value": 0,
        }
        (store / ".zarray").write_text(json.dumps({**whole, **changes}))
        (store / "0.0.0").write_bytes(spins(64, 4, 4).tobytes())
        return store

    return make


def zipped(member: str, content: bytes) -> Callable[[Path], Path]:
    """A maker of an archive with one member."""

    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, content)
        return folder / "x.npz"

    return make


def pipe(name: str) -> Callable[[Path], Path]:
    """A maker of a named pipe, from which nothing ever comes."""

    def make(folder: Path) -> Path:
        os.mkfifo(folder / name)
        return folder / name

    return make


def beside(good: Callable[[Path], Path], bad: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """A maker of good samples and, beside them, of something else."""

    def make(folder: Path) -> Path:
        bad(folder)
        return good(folder)

    return make


def linked(target: str, name: str) -> Callable[[Path], Path]:
    """A maker of a link."""

    def make(folder: Path) -> Path:
        (folder / name).symlink_to(target)
        return folder / name

    return make


def missing(name: str) -> Callable[[Path], Path]:
    return lambda folder: folder / name


def folder_named(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).mkdir()
        return folder / name

    return make


def dump(frame: str, repeats: int = 8) -> Callable[[Path], Path]:
    return text(frame * repeats, "x.lammpstrj")


def angles(factor: float, low: float = 0.0) -> np.ndarray:
    return rng().uniform(low, low + factor, size=(64, 4, 4))


def unit_vectors(components: int) -> np.ndarray:
    vectors = rng().normal(size=(64, 8, 8, components))
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def third_filled(file: Any) -> None:
    data = file.create_dataset("s", (60, 4, 4), "i1", chunks=(10, 4, 4))
    data[:20] = spins(20, 4, 4)


def with_attribute(name: str, value: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        file["s"] = spins()
        file["s"].attrs[name] = value

    return change


def altered(path: Path) -> None:
    """A state that the labels do not contain."""
    import h5py

    with h5py.File(path, "r+") as file:
        values = file["states"][...]
        values[0, 0, 0, 0] = 7
        file["states"][...] = values


def set_attribute(name: str, value: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        import h5py

        with h5py.File(path, "r+") as file:
            file["states"].attrs[name] = value

    return change


def external_data(file: Any) -> None:
    file.create_dataset("s", (64, 4, 4), "u1", external=[("/etc/services", 0, 1024)])


def external_link(file: Any) -> None:
    import h5py

    file["s"] = h5py.ExternalLink("/etc/passwd", "/s")


def virtual(file: Any) -> None:
    import h5py

    layout = h5py.VirtualLayout((64, 4, 4), "i1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "s", (64, 4, 4))
    file.create_virtual_dataset("s", layout)


ONE = "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 9\n0 9\n0 9\n"
ATOM = f"{ONE}ITEM: ATOMS id type x y z\n1 1 1 2 3\n"
WIDE = '1\nLattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3:f:R:100000000\nA 1 2 3 4\n'
PERIODIC, LATTICE = "--periodic", "--periodic --axes draw,x,y"
GOOD, BOX = npy(spins()), frames(".gsd")
READINGS = "chain,draw,x,y"

ARRAYS = [
    Row("no file", missing("x.npy"), PERIODIC, "no such file"),
    Row("an empty file", text("", "x.npy"), PERIODIC, "empty"),
    Row("a folder", folder_named("x.npy"), PERIODIC, "folder"),
    Row("a named pipe", pipe("x.npy"), PERIODIC, "pipe|regular|device"),
    Row("an endless device", linked("/dev/zero", "x.npy"), PERIODIC, "device|regular"),
    Row("a link to nothing", linked("nowhere", "x.npy"), PERIODIC, "no such file|link"),
    Row("a link to itself", linked("x.npy", "x.npy"), PERIODIC, "no such file|link|opened"),
    Row("an unknown suffix", text("1 -1", "x.csv"), PERIODIC, "suffix '.csv' is unknown"),
    Row("no suffix", text("1 -1", "spins"), PERIODIC, "suffix '' is unknown"),
    Row("text called .npy", text("1 -1 1\n" * 50, "x.npy"), PERIODIC, "cannot be read as a NumPy"),
    Row(
        "an image called .npy", text(b"\x89PNG\r\n\x1a\n" * 20, "x.npy"), PERIODIC, "cannot be read"
    ),
    Row(
        "a header that ends", text(b"\x93NUMPY\x01\x00v\x00{", "x.npy"), PERIODIC, "cannot be read"
    ),
    Row(
        "a header that declares a terabyte",
        text(
            header("{'descr': '|i1', 'fortran_order': False, 'shape': (1048576, 1024, 1024)}"),
            "x.npy",
        ),
        PERIODIC,
        "declare|larger|bytes|cannot be read",
    ),
    Row(
        "a header with a negative side",
        text(header("{'descr': '|i1', 'fortran_order': False, 'shape': (-1, 4, 4)}"), "x.npy"),
        PERIODIC,
        "cannot be read|negative|declare",
    ),
    Row(
        "half a file", lambda f: (cut(p := GOOD(f)), p)[1], PERIODIC, "cannot be read|declare|bytes"
    ),
    Row(
        "pickled objects",
        npy(lambda: np.full((64, 4, 4), {"a": 1}, object), allow_pickle=True),
        PERIODIC,
        "never unpickled",
    ),
    Row(
        "a pickle called .npy",
        text(pickle.dumps([1, 2]), "x.npy"),
        PERIODIC,
        "cannot be read|pickle",
    ),
    Row("complex numbers", npy(spins() * 1j), PERIODIC, "complex"),
    Row("text as states", npy(np.full((64, 4, 4), "up")), PERIODIC, "numbers|text|str|<U2"),
    Row("dates as states", npy(np.zeros((64, 4, 4), "M8[s]")), PERIODIC, "numbers|dates|datetime"),
    Row(
        "records as states",
        npy(np.zeros((64, 4, 4), "i4,f8")),
        PERIODIC,
        "numbers|record|structured|void",
    ),
    Row(
        "NaN among spins", npy(np.where(spins() > 9, 0.0, np.nan)), f"{LATTICE} --kind real", "NaN"
    ),
    Row(
        "one NaN",
        npy(
            lambda: np.where(
                np.arange(1024).reshape(64, 4, 4) == 7, np.nan, rng().normal(size=(64, 4, 4))
            )
        ),
        f"{LATTICE} --kind real",
        "NaN",
    ),
    Row("infinite numbers", npy(spins() * np.inf), f"{LATTICE} --kind real", "infinite|NaN"),
    Row("no axes", npy(np.int8(1)), PERIODIC, "0 axes"),
    Row("one axis", npy(spins(64)), PERIODIC, "1 axes|1 axis"),
    Row("six axes", npy(np.ones((8, 2, 2, 2, 2, 2))), PERIODIC, "6 axes"),
    Row("no draws", npy(np.ones((0, 4, 4), int)), LATTICE, "empty|no |0|few"),
    Row("a side of 0", npy(np.ones((64, 0, 4), int)), LATTICE, "empty|no |0"),
    Row("seven samples", npy(spins(7, 4, 4)), LATTICE, "at least 8"),
    Row("one configuration", npy(spins(64, 64)), PERIODIC, "axes|one configuration"),
    Row("a single site", npy(spins(64, 1, 1)), LATTICE, "too small to halve"),
    Row("boundaries not said", GOOD, "", "--boundary|--periodic"),
    Row("chains and draws, or three axes", npy(spins(64, 16, 16, 16)), PERIODIC, READINGS),
    Row("chains of 8 draws, or three axes", npy(spins(16, 8, 4, 4)), PERIODIC, READINGS),
    Row("a square: draws or sites", npy(spins(16, 16)), PERIODIC, "axes"),
    Row("a cube: which axis are the draws", npy(spins(8, 8, 8)), PERIODIC, "axes"),
    Row("sites by draws", npy(spins(16, 1000)), PERIODIC, "axes"),
    Row("two names for three axes", GOOD, "--periodic --axes draw,x", "2 axes|3"),
    Row("an unknown name of an axis", GOOD, "--periodic --axes draw,x,q", "q"),
    Row("a name of an axis twice", GOOD, "--periodic --axes draw,x,x", "x"),
    Row("no axis of draws", GOOD, "--periodic --axes x,y,z", "draw"),
    Row("axes of no name", GOOD, "--periodic --axes ,,", "axes|axis"),
    Row("an unknown kind", GOOD, f"{LATTICE} --kind spin", "discrete, angle, real"),
    Row("floats of no stated kind", npy(rng().normal(size=(64, 4, 4))), LATTICE, "--kind|kind"),
    Row(
        "three states, two declared",
        npy(np.arange(1024).reshape(64, 4, 4) % 3),
        f"{LATTICE} --states 2",
        "3",
    ),
    Row("no states", GOOD, f"{LATTICE} --states 0", "positive whole number"),
    Row("300 states", npy(np.arange(1024).reshape(64, 4, 4) % 300), LATTICE, "300|256|states"),
    Row(
        "reals called discrete",
        npy(rng().normal(size=(64, 4, 4))),
        f"{LATTICE} --kind discrete",
        "states|labels|whole",
    ),
    Row("an unknown symmetry", GOOD, f"{LATTICE} --symmetries mirror", "choose from flip"),
    Row("a variable of .npy", GOOD, f"{LATTICE} --variable s", "no named variables"),
    Row("degrees from 0 to 360", npy(angles(360.0)), f"{LATTICE} --kind angle", "0.01745|180"),
    Row(
        "degrees from -180 to 180",
        npy(angles(360.0, -180.0)),
        f"{LATTICE} --kind angle",
        "0.01745|180",
    ),
    Row("whole degrees", npy(np.floor(angles(360.0))), f"{LATTICE} --kind angle", "0.01745|180"),
    Row(
        "unit vectors of 3 components",
        npy(unit_vectors(3)),
        "--periodic --axes draw,x,y,z --kind real",
        "vector",
    ),
    Row(
        "unit vectors of 2 components",
        npy(unit_vectors(2)),
        "--periodic --axes draw,x,y,z --kind real",
        "arctan2|vector",
    ),
    Row(
        "5% exact zeros among reals",
        npy(lambda: rng().normal(size=(512, 4, 4)) * (rng().random((512, 4, 4)) > 0.05)),
        f"{LATTICE} --kind real",
        "no density",
        1,
    ),
    Row(
        "reals that are all equal",
        npy(np.full((64, 4, 4), 2.5)),
        f"{LATTICE} --kind real",
        "equal|same|constant",
        1,
    ),
]

FILES = [
    Row(
        "objects in an archive",
        zipped("a.npy", pickle.dumps({})),
        PERIODIC,
        "cannot be read|pickle",
    ),
    Row("an archive without arrays", zipped("a.txt", b"hello"), PERIODIC, "no array"),
    Row("text called .npz", text("hello", "x.npz"), PERIODIC, "cannot be read"),
    Row("half an archive", saved(".npz", cut), "", "cannot be read"),
    Row(
        "two arrays in an archive",
        lambda f: (np.savez(f / "x.npz", a=spins(), b=spins()), f / "x.npz")[1],
        PERIODIC,
        "--variable",
    ),
    Row(
        "an archive that unpacks to 3 GB",
        zipped(
            "a.npy",
            header("{'descr': '|u1', 'fortran_order': False, 'shape': (3000000, 32, 32)}")
            + bytes(3 * 10**6),
        ),
        PERIODIC,
        "declare|larger|bytes|cannot be read|memory",
    ),
    Row("an empty HDF5 file", hdf5(lambda file: None), PERIODIC, "no array"),
    Row("a group alone", hdf5(lambda file: file.create_group("s")), PERIODIC, "no array"),
    Row("a number alone", hdf5(lambda file: file.create_dataset("s", data=1.0)), PERIODIC, "axes"),
    Row(
        "two datasets",
        hdf5(lambda file: file.update({"a": spins(), "b": spins()})),
        PERIODIC,
        "--variable",
    ),
    Row(
        "text in HDF5",
        hdf5(lambda file: file.create_dataset("s", data=[["up"] * 4] * 64)),
        PERIODIC,
        "numbers|text|object|axes|unpickled",
    ),
    Row("half an HDF5 file", saved(".h5", cut), "", "cannot be read"),
    Row("text called .h5", text("hello" * 99, "x.h5"), PERIODIC, "cannot be read"),
    Row("a dataset filled to a third", hdf5(third_filled), LATTICE, "never written|missing|fill"),
    Row("data in another file", hdf5(external_data), PERIODIC, "external|another file|other files"),
    Row(
        "a link to another file",
        hdf5(external_link),
        PERIODIC,
        "external|link|no array|another file|other files",
    ),
    Row("a virtual dataset", hdf5(virtual), PERIODIC, "virtual|another file|other files"),
    Row(
        "degrees by their unit",
        hdf5(with_attribute("units", "degrees")),
        f"{LATTICE} --kind angle",
        "deg|180",
    ),
    Row(
        "degrees by a sign",
        hdf5(with_attribute("units", "°")),
        f"{LATTICE} --kind angle",
        "deg|°|180",
    ),
    Row(
        "fill values of netCDF",
        netcdf(np.where(spins() > 0, 1.0, 9.96921e36), ("draw", "x", "y"), _FillValue=9.96921e36),
        f"{PERIODIC} --kind real",
        "missing|NaN|fill",
    ),
    Row(
        "missing values -9999",
        netcdf(
            np.where(np.arange(1024).reshape(64, 4, 4) % 50, spins(), np.int32(-9999)).astype("i4"),
            ("draw", "x", "y"),
            missing_value=np.int32(-9999),
        ),
        PERIODIC,
        "missing|NaN|fill",
    ),
    Row("half a netCDF file", saved(".nc", cut), "", "cannot be read"),
    Row("a state without a label", saved(".nc", altered), "", "without labels"),
    Row(
        "a layout of the future",
        saved(".nc", set_attribute("moiety_layout", "7")),
        "",
        "update moiety",
    ),
    Row(
        "labels that are not JSON",
        saved(".nc", set_attribute("moiety_labels", "[-1")),
        "",
        "moiety_labels",
    ),
    Row(
        "a kind that does not exist",
        saved(".nc", set_attribute("moiety_kind", "spin")),
        "",
        "moiety_kind",
    ),
    Row(
        "boundaries of three axes",
        saved(".nc", set_attribute("moiety_periodic", "[true, true, true]")),
        "",
        "periodic|3",
    ),
    Row(
        "a provenance that is a list",
        saved(".nc", set_attribute("moiety_provenance", "[]")),
        "",
        "moiety_provenance",
    ),
    Row("a file called .zarr", text("hello", "x.zarr"), PERIODIC, "is a file"),
    Row(
        "an empty folder called .zarr", folder_named("x.zarr"), PERIODIC, "cannot be read|no array"
    ),
    Row(
        "objects in Zarr",
        zarr_metadata(dtype="|O", filters=[{"id": "pickle"}]),
        PERIODIC,
        "cannot be read|object|numbers|codec|filter",
    ),
    Row(
        "a million chunks in Zarr",
        zarr_metadata(shape=[10**6, 4, 4], chunks=[1, 4, 4]),
        LATTICE,
        "missing|chunks|never written",
    ),
    Row("a shape that is text", zarr_metadata(shape="big"), PERIODIC, "cannot be read"),
    Row(
        "an unknown codec",
        zarr_metadata(compressor={"id": "mine"}),
        PERIODIC,
        "cannot be read|codec",
    ),
    Row("half a GSD file", frames(".gsd", cut), "", "cannot be read|truncated"),
    Row("text called .gsd", text("hello" * 99, "x.gsd"), "", "cannot be read"),
    Row("an empty LAMMPS dump", text("\n\n", "x.lammpstrj"), "", "no frame|cannot|empty|ITEM"),
    Row(
        "a dump that ends in a frame", dump(ATOM[:-9], 1), "--sigma 1", "frame|ends|truncated|atom"
    ),
    Row(
        "a dump of 10^9 atoms",
        dump(ATOM.replace("ATOMS\n1\n", "ATOMS\n1000000000\n")),
        "--sigma 1",
        "declare|atoms|frame",
    ),
    Row(
        "a position that is NaN",
        dump(ATOM.replace("1 2 3\n", "nan 2 3\n")),
        "--sigma 1",
        "finite|nan|NaN",
    ),
    Row("a box without volume", dump(ATOM.replace("0 9\n", "5 5\n", 1)), "--sigma 1", "volume|box"),
    Row("a box of text", dump(ATOM.replace("0 9\n", "a b\n", 1)), "--sigma 1", "box|number|line"),
    Row(
        "columns without positions",
        dump(ATOM.replace("x y z", "vx vy vz")),
        "--sigma 1",
        "position|column|x",
    ),
    Row("three frames", dump(ATOM, 3), "--sigma 1", "at least 8"),
    Row(
        "walls around another box",
        dump(ATOM.replace("pp pp pp", "ff pp pp").replace("1 1 1 2 3", "1 1 -4 2 3")),
        "--sigma 1",
        "frame 0: 100.0% of the particles lie outside",
    ),
    Row("a dump without a suffix", text(8 * ATOM, "dump.melt"), "--sigma 1", "--format"),
    Row("a format that does not exist", dump(ATOM), "--format lamps", "choose from"),
    Row("netCDF as CDF-5", text("CDF\x05" + 64 * "\0", "x.nc"), "--sigma 1", "CDF-5.*nccopy"),
    Row(
        "positions without a box",
        lambda f: (np.savez(f / "x.npz", positions=np.ones((9, 5, 3))), f / "x.npz")[1],
        "--periodic --sigma 1",
        "no box; add an array box",
    ),
    Row(
        "xyz without a box",
        text(8 * "1\nhello\nA 1 2 3\n", "x.xyz"),
        "--sigma 1",
        "Lattice|box|cell",
    ),
    Row("xyz of no number", text("many\n\nA 1 2 3\n", "x.xyz"), "--sigma 1", "number|line 1|count"),
    Row(
        "10^8 columns in 91 bytes",
        text(8 * WIDE, "x.xyz"),
        "--sigma 1",
        "column|declare|Properties",
    ),
    Row(
        "a comment of 100 kB",
        text("1\n" + 'a="' * 33000 + "\nA 1 2 3\n", "x.xyz"),
        "--sigma 1",
        "Lattice|line|long|comment|box",
    ),
    Row(
        "a packed dump cut short",
        text(gzip.compress(8 * ATOM.encode())[:-9], "x.lammpstrj.gz"),
        "--sigma 1",
        "cannot be read|truncated|end",
    ),
    Row("text called .gz", text(8 * ATOM, "x.lammpstrj.gz"), "--sigma 1", "cannot be read|gzip"),
]

OPTIONS = [
    Row("options of lattices for particles", BOX, "--states 2", "states"),
    Row("axes for particles", BOX, "--axes draw,x", "axes"),
    Row("a tail for particles", BOX, "--tail", "--tail"),
    Row("a topology that nobody reads", BOX, "--topology x.gsd", "topology"),
    Row("a topology for a lattice", GOOD, f"{LATTICE} --topology x.pdb", "topology"),
    Row("a resolution for a lattice", GOOD, f"{LATTICE} --resolution 10", "--resolution"),
    Row("a lone atom, no unit of length", dump(ATOM), "", "largest|fit|box"),
    Row("a unit of length of 0", BOX, "--sigma 0", "sigma"),
    Row("a unit of length that is NaN", BOX, "--sigma nan", "sigma"),
    Row("a resolution of NaN", BOX, "--resolution nan", "resolution"),
    Row("a resolution of 0", BOX, "--resolution 0", "resolution"),
    Row("a resolution of 10^9", BOX, "--resolution 1e9", "resolution"),
    Row("a resolution below zero", BOX, "--resolution -10", "resolution"),
    Row("blocks of 10^9 diameters", BOX, "--largest 1e9", "largest|fit|box"),
    Row("blocks larger than the box", BOX, "--largest 8", "largest|fit|box"),
    Row("blocks of no size", BOX, "--largest 0", "largest"),
    Row("blocks of size NaN", BOX, "--largest nan", "largest"),
    Row("an unknown critic", GOOD, f"{LATTICE} --critic big", "choose from interface"),
    Row("a critic of particles", GOOD, f"{LATTICE} --critic points", "particles"),
    Row("an unknown objective", GOOD, f"{LATTICE} --objective mine", "choose from donsker"),
    Row("an unknown bound", GOOD, f"{LATTICE} --bound mine", "choose from donsker"),
    Row("more folds than samples", GOOD, f"{LATTICE} --folds 99", "folds"),
    Row("one fold", GOOD, f"{LATTICE} --folds 1", "folds"),
    Row("no steps", GOOD, f"{LATTICE} --steps 0", "--steps"),
    Row("a precision of 0", GOOD, f"{LATTICE} --precision 0", "precision"),
    Row("a precision of NaN", GOOD, f"{LATTICE} --precision nan", "precision"),
    Row("a time limit of 0", GOOD, f"{LATTICE} --time-limit 0", "time_limit|time-limit"),
    Row("a time limit of NaN", GOOD, f"{LATTICE} --time-limit nan", "time_limit|time-limit"),
    Row("a negative seed", GOOD, f"{LATTICE} --seed -1", "--seed"),
    Row("no thread", GOOD, f"{LATTICE} --threads 0", "--threads"),
    Row("an unknown device", GOOD, f"{LATTICE} --device mine", "cpu"),
    Row("a device of no name", GOOD, [*LATTICE.split(), "--device", ""], "device|cpu"),
    Row("two boundaries", GOOD, "--boundary free --periodic", "boundary|periodic"),
    Row(
        "an unknown boundary",
        GOOD,
        "--boundary open",
        "periodic, free or crop|periodic.*free.*crop",
    ),
    Row("a result in the wrong format", GOOD, f"{LATTICE} --out y.txt", "end the name in .nc"),
    Row("a result over its samples", saved(".nc"), "--out FILE --force", "samples themselves"),
    Row("a result in no folder", GOOD, f"{LATTICE} --out none/y.nc", "does not exist"),
    Row("a page in the wrong format", GOOD, f"{LATTICE} --report y.pdf", "end the name in .html"),
    Row(
        "a result onto a pipe",
        beside(GOOD, pipe("y.nc")),
        f"{LATTICE} --out y.nc --force",
        "pipe|regular|device",
    ),
]

ROWS = [*ARRAYS, *FILES, *OPTIONS]
