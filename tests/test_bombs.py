"""Small files that ask for much: refused in one line, within two seconds and little memory.

Each file is read in a process of its own whose address space is limited to 1.5 GB, of which the
libraries take 0.2 to 0.4 GB; what the bombs ask for is above 1.6 GB.
"""

import bz2
import gzip
import json
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety import Samples, io
from moiety.io.xyz import _KEYWORDS, _pairs

MEMORY = 1500 * 2**20
SECONDS = 20  # on a busy machine; alone they take one or two

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
    row = b"1 0.5 0.5 0.5\n"
    dump = DUMP.format(10**9, "type x y z").encode()
    packed = pack(dump + row * 2_500_000)  # 35 MB
    (tmp_path / f"x.dump.{suffix}").write_bytes(packed)
    assert len(packed) < 3 * 10**5
    assert "unpacks to more than 30 times" in read(tmp_path / f"x.dump.{suffix}")
    honest = 8 * (DUMP.format(1000, "type x y z").encode() + row * 1000)
    (tmp_path / f"y.dump.{suffix}").write_bytes(pack(honest))  # 50 times smaller
    assert read(tmp_path / f"y.dump.{suffix}") == ""


def test_compressed_arrays(tmp_path):
    bomb, path = tmp_path / "x.npz", tmp_path / "y.npz"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
        archive.open("states.npy", "w", force_zip64=True) as file,
    ):
        header = {"descr": "|i1", "fortran_order": False, "shape": (2_000_000, 1000)}
        np.lib.format.write_array_header_1_0(file, header)
        for _ in range(2000):
            file.write(bytes(10**6))
    assert bomb.stat().st_size < 2 * 2**20
    assert "declares an array of 2.0 GB" in read(bomb, periodic=True)
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
