"""Small files that ask for much: refused in one line, within two seconds and little memory.

Each file is read in a process of its own whose address space is limited to 1.5 GB, of which the
libraries take 0.2 to 0.4 GB; most bombs ask for more than 1.6 GB.
"""

import bz2
import gzip
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib

import gsd.fl
import h5py
import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from moiety import Samples, io
from moiety.io.xyz import _KEYWORDS, _pairs

MEMORY = 1500 * 2**20
SECONDS = 60  # on a busy machine; alone they take one or two

READ = f"""
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
from moiety import InputError, io
start, refused = time.perf_counter(), ""
try:
    io.load(sys.argv[1], **json.loads(sys.argv[2]))
except InputError as error:
    refused = str(error)
print(json.dumps([refused, time.perf_counter() - start]))
"""


def read(path, **options) -> str:
    """The line that refuses a file, read in a process with little memory; "" if it is read."""
    command = [sys.executable, "-c", READ, str(path), json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr[-500:]
    refused, _ = json.loads(done.stdout)
    assert len(refused.splitlines()) <= 1 and len(refused) < 700
    return refused


XYZ_HEAD = '2\nLattice="4 0 0 0 4 0 0 0 4" '
XYZ_ROWS = "A 1 2 3\nB 2 3 1\n"


def xyz(comment: str, rows: str = XYZ_ROWS) -> str:
    return 8 * f"{XYZ_HEAD}{comment}\n{rows}"


DUMP = "ITEM: NUMBER OF ATOMS\n{}\nITEM: BOX BOUNDS pp pp pp\n0 1\n0 1\n0 1\nITEM: ATOMS {}\n"
TEXTS = {
    "a property of 1e8 columns": ("x.xyz", xyz("Properties=f:R:100000000:pos:R:3"), "columns"),
    "a property of 1e30 columns": ("x.xyz", xyz(f"Properties=f:R:1{'0' * 30}:pos:R:3"), "columns"),
    "1e18 particles": (
        "x.xyz",
        xyz("").replace("2\n", f"1{'0' * 18}\n", 1),
        "expected a number of particles",
    ),
    "1e14 particles": ("x.xyz", xyz("").replace("2\n", f"1{'0' * 14}\n", 1), "the file ends after"),
    "1e5 digits": (
        "x.xyz",
        xyz("").replace("2\n", f"1{'0' * 10**5}\n", 1),
        "expected a number of particles",
    ),
    "a label of 20 kB": ("x.xyz", xyz("", "A" * 20_000 + " 1 2 3\nB 2 3 1\n"), "20,000 characters"),
    "one line of 2 MB": ("x.xyz", xyz("x" * 2**21), "more than 1,048,576 characters"),
    "1e14 atoms": ("x.dump", DUMP.format(10**14, "x y z"), "the file ends after"),
    "1e5 digits of atoms": ("x.dump", DUMP.format("9" * 10**5, "x y"), "expected the number of"),
    "1e5 columns": ("x.dump", DUMP.format(1, "q " * 10**5) + "1\n", "there is no column x"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(tmp_path, name):
    file, text, message = TEXTS[name]
    (tmp_path / file).write_text(text)
    assert message in read(tmp_path / file)


COMMENTS = {
    "a word": "x" * 200_000,
    "blanks": "x" + " " * 200_000 + "y",
    "words": "x " * 100_000,
    "equal signs": "=" * 200_000,
    "open brackets": "k={ " * 50_000,
    "open lists": "k=[ " * 50_000,
    "open quotes": """k=' k=" """ * 25_000,
    "escapes": 'k="' + "\\" * 200_000,
    "keys": "".join(f"k{n}=1 " for n in range(20_000)),
}


@pytest.mark.parametrize("name", COMMENTS)
def test_long_comments_are_parsed_in_linear_time(tmp_path, name):
    """1.6 MB in all; in quadratic time each would take minutes."""
    (tmp_path / "x.xyz").write_text(xyz(COMMENTS[name]))
    assert read(tmp_path / "x.xyz") == ""


PAIR = re.compile(r"""([^\s="']+)\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*'|\{[^}]*\}|\[[^\]]*\]|\S+)""")


def plainly(line):
    """The pairs of a line by one regular expression, which takes quadratic time."""
    pairs = {key: re.sub(r"""^["'{\[]|["'}\]]$""", "", value) for key, value in PAIR.findall(line)}
    return {key.lower() if key.lower() in _KEYWORDS else key: value for key, value in pairs.items()}


@given(st.text(alphabet="ak=\"'{}[]\\ \n1", max_size=30))
def test_pairs_are_those_of_a_regular_expression(line):
    assert _pairs(line) == plainly(line)


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress)])
def test_compressed_text(tmp_path, suffix, pack):
    rows = 2500 * b"1 0.5 0.5 0.5\n"
    dump = DUMP.format(10**9, "type x y z").encode()
    packed = pack(dump) + 1000 * pack(rows)  # 35 MB, in as many streams
    (tmp_path / f"x.dump.{suffix}").write_bytes(packed)
    assert len(packed) < 3 * 10**5
    assert "unpacks to more than 30 times" in read(tmp_path / f"x.dump.{suffix}")
    honest = 8 * (DUMP.format(1000, "type x y z").encode() + rows[: 14 * 1000])
    (tmp_path / f"y.dump.{suffix}").write_bytes(pack(honest))  # 50 times smaller
    assert read(tmp_path / f"y.dump.{suffix}") == ""


def test_compressed_arrays(tmp_path):
    bomb, path = tmp_path / "x.npz", tmp_path / "y.npz"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
        archive.open("states.npy", "w", force_zip64=True) as file,
    ):
        header = {"descr": "|i1", "fortran_order": False, "shape": (700_000, 1000)}
        np.lib.format.write_array_header_1_0(file, header)
        for _ in range(700):
            file.write(bytes(10**6))
    assert bomb.stat().st_size < 2 * 2**20
    assert "declares an array of 0.7 GB" in read(bomb, periodic=True)
    io.save(Samples.from_array(np.ones((2048, 64, 64), np.int8), periodic=True), path)
    assert 300 * path.stat().st_size < 2048 * 64 * 64  # as small as a bomb
    assert read(path) == ""


@pytest.mark.parametrize("version", [1, 2])
def test_headers_of_arrays(tmp_path, version):
    shape = (10**9, 10**9)
    header = repr({"descr": "<f8", "fortran_order": False, "shape": shape}).encode() + b"\n"
    size = len(header).to_bytes(2 * version, "little")
    start = b"\x93NUMPY" + bytes([version, 0])
    (tmp_path / "x.npy").write_bytes(start + size + header + bytes(64))
    assert "holds 64; truncated?" in read(tmp_path / "x.npy", periodic=True)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", start + size + header + bytes(64))
    assert "damaged?" in read(tmp_path / "x.npz", periodic=True)
    with zipfile.ZipFile(tmp_path / "y.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"\x93NUMPY\2\0" + b"\xff\xff\xff\x7f" + bytes(10**7))
    assert "its header declares" in read(tmp_path / "y.npz", periodic=True)
    for empty in ("|V0", "|S0"):
        header = repr({"descr": empty, "fortran_order": False, "shape": (10**9, 4)}).encode()
        (tmp_path / "z.npy").write_bytes(
            start + len(header).to_bytes(2 * version, "little") + header
        )
        assert "truncated?" in read(tmp_path / "z.npy", periodic=True)


@pytest.mark.parametrize("suffix", sorted({**io.FORMATS, **io.TRAJECTORIES}))
def test_devices_and_pipes_are_refused(tmp_path, suffix):
    os.mkfifo(tmp_path / f"pipe{suffix}")
    for device in ("zero", "random", "null", "full"):
        (tmp_path / f"{device}{suffix}").symlink_to(f"/dev/{device}")
    for path in tmp_path.iterdir():
        with pytest.raises(ValueError, match="is a device or a named pipe"):
            io.load(path)


def chunks_of_hdf5(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("s", (10**6, 8, 8), "i1", chunks=(1, 8, 8))


def zeros_of_hdf5(path):
    with h5py.File(path, "w") as file:
        options = {"chunks": (10, 10**6), "compression": "gzip"}
        states = file.create_dataset("s", (1700, 10**6), "i1", **options)
        packed = zlib.compress(bytes(10**7))
        for draw in range(0, 1700, 10):
            states.id.write_direct_chunk((draw, 0), packed)


def chunk_of_hdf5(path):
    with h5py.File(path, "w") as file:
        states = file.create_dataset("s", (2**28, 8), "i1", chunks=(2**28, 8), compression="gzip")
        states.id.write_direct_chunk((0, 0), b"x" * 100)


def dimensions_of_netcdf(path):
    """The classic format: two dimensions of 2e9 and a variable over both."""
    words = [b"CDF\2", 0, 10, 2, 1, b"x\0\0\0", 2 * 10**9, 1, b"y\0\0\0", 2 * 10**9]
    words += [0, 0, 11, 1, 1, b"s\0\0\0", 2, 0, 1, 0, 0, 1, 0, 0, 200]
    write_words(path, [*words, bytes(200)])


def write_words(path, words):
    path.write_bytes(
        b"".join(word if isinstance(word, bytes) else word.to_bytes(4, "big") for word in words)
    )


def particles_of_gsd(path):
    with gsd.fl.open(path, "w", application="a", schema="hoomd", schema_version=[1, 4]) as file:
        for _ in range(8):
            file.write_chunk("particles/N", np.array([10**8], np.uint32))
            file.write_chunk("configuration/box", np.array([4, 4, 4, 0, 0, 0], np.float32))
            file.write_chunk("particles/position", np.ones((3, 3), np.float32))
            file.end_frame()


def atoms_of_dcd(path):
    """A header of 84 bytes, a title of 80 and 1e9 atoms, in the byte order of this machine."""
    title = struct.pack("=3i80s", 84, 84, 1, bytes(80))
    header = struct.pack("=i4s20i", 84, b"CORD", 8, *[0] * 18, 24)
    path.write_bytes(header + title + struct.pack("=i3i", 84, 4, 10**9, 4) + bytes(500))


def atoms_of_xtc(path):
    write_words(path, 8 * [1995, 10**9, 1, 0, *[0] * 9, 10**9, 0, *[0] * 20])


def chunks_of_zarr(path):
    path.mkdir()
    metadata = {"zarr_format": 2, "shape": [10**6, 8], "chunks": [1, 8], "dtype": "|i1"}
    metadata |= {"compressor": None, "filters": None, "fill_value": 0, "order": "C"}
    (path / ".zarray").write_text(json.dumps(metadata))


def zeros_of_zarr(path):
    options = {"shape": (400, 10**7), "chunks": (10, 10**7), "dtype": "i1"}
    array = zarr.create_array(str(path), **options, config={"write_empty_chunks": True})
    array[:10] = 0
    first = path / "c" / "0"
    for place in range(1, 40):
        shutil.copytree(first, path / "c" / str(place))


LIBRARIES = {
    "1e6 chunks of HDF5": ("x.h5", chunks_of_hdf5, "draws 0 to 999,999 were never written"),
    "zeros of HDF5": ("x.h5", zeros_of_hdf5, "declares an array of 1.7 GB"),
    "a chunk of HDF5": ("x.h5", chunk_of_hdf5, "declares a chunk of 2.1 GB"),
    "dimensions of netCDF": ("x.nc", dimensions_of_netcdf, "cannot be read"),
    "particles of GSD": ("x.gsd", particles_of_gsd, "frame 0: declares 100,000,000 particles"),
    "atoms of DCD": ("x.dcd", atoms_of_dcd, ""),
    "atoms of XTC": ("x.xtc", atoms_of_xtc, ""),
    "chunks of Zarr": ("x.zarr", chunks_of_zarr, "draws 0 to 999,999 were never written"),
    "zeros of Zarr": ("x.zarr", zeros_of_zarr, "declares an array of 4.0 GB"),
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_libraries(tmp_path, name):
    file, write, message = LIBRARIES[name]
    write(tmp_path / file)
    options = {} if file.endswith(("gsd", "dcd", "xtc")) else {"periodic": True}
    refused = read(tmp_path / file, **options)
    assert refused and message in refused
