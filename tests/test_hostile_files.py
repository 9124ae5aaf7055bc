"""Files that crash libraries, read other files or run code; and data that files lack.

The libraries read such files in a process of their own, so that a crash is one line.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
import zarr

from io_examples import contents, fluid, lattice, refusal
from moiety import EntropyResult, InputError, Samples, io
from moiety.base import atomic as module
from moiety.base.atomic import atomic
from moiety.io import _isolation
from pages import make_result

SPINS = np.random.default_rng(0).choice([-1, 1], size=(1024, 8, 8)).astype(np.int8)


def filled(path, written, **options):
    """An HDF5 dataset of 1,024 draws, of which some were written."""
    with h5py.File(path, "w") as file:
        states = file.create_dataset("s", SPINS.shape, options.pop("dtype", "i1"), **options)
        for part in written:
            states[part] = SPINS[part]


# Crashes


def test_a_crash_of_a_library_is_one_line(tmp_path):
    """A segmentation fault of HDF5 1.14, which looks for a list of references where it finds 0."""
    path = tmp_path / "x.nc"
    with h5py.File(path, "w") as file:
        file["s"] = SPINS
        file["s"].attrs["DIMENSION_LIST"] = 0
    message = refusal(path, periodic=True)
    assert "the library for this format crashed" in message or "cannot be read" in message
    io.save(lattice("q=2"), tmp_path / "y.nc")
    assert io.load(tmp_path / "y.nc").n == lattice("q=2").n  # the next file is read as before


WRITTEN = {
    "lattice.nc": (lambda path: io.save(lattice("q=2"), path), io.load),
    "lattice.h5": (lambda path: io.save(lattice("real"), path), io.load),
    "particles.nc": (lambda path: io.save(fluid(2), path), io.load),
    "particles.gsd": (lambda path: io.save(fluid(3), path), io.load),
    "result.nc": (lambda path: make_result().save(path), EntropyResult.load),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_flipped_bits_are_refused_or_harmless(tmp_path, name):
    """A file with a wrong bit is refused in one line or read; this process goes on."""
    write, read = WRITTEN[name]
    path, rng = tmp_path / name, np.random.default_rng(0)
    write(path)
    content = path.read_bytes()
    for place in rng.integers(len(content), size=12):
        altered = bytearray(content)
        altered[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(altered)
        try:
            read(path)
        except InputError as error:
            assert len(str(error).splitlines()) == 1
    path.write_bytes(content)
    read(path)


LIMITS = """
import json, os, sys, tempfile
from contextlib import contextmanager
import numpy as np
from moiety.io import _child, _isolation
_child._SECONDS, _child._MEMORY = 1, 2**28

@contextmanager
def reader(path, what):
    if what == "abort":
        os.abort()
    while what == "hang":
        pass
    yield [np.ones(2**29)]

_child.READERS = {"mine": reader}
for what in ("abort", "hang", "memory"):
    with tempfile.TemporaryFile() as values, tempfile.TemporaryFile() as answer:
        job = {"reader": "mine", "path": sys.argv[1], "options": {"what": what}}
        status = _child._status(job, values.fileno(), answer.fileno())
        answer.seek(0)
        print(_isolation._ending(status) if status else json.load(answer)["refused"])
"""


def test_limits_of_the_reading_process(tmp_path):
    """A reader that aborts, one that never ends, one that takes 4 GB for a file of one byte."""
    (tmp_path / "x.nc").write_bytes(b"x")
    command = [sys.executable, "-c", LIMITS, str(tmp_path / "x.nc")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    texts = ("crashed (SIGABRT)", "far more time", "far more memory")
    assert all(text in line for text, line in zip(texts, lines, strict=True)), lines


# What a process leaves behind

LOOP = """
import os, sys, time
from moiety import io
from moiety.io import _isolation
io.load(sys.argv[1])
print(_isolation._process(os.getpid())._popen.pid, flush=True)
time.sleep(60)
"""


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_reading_process_ends_with_its_parent(tmp_path, number):
    io.save(lattice("q=2"), tmp_path / "x.nc")
    command = [sys.executable, "-c", LOOP, str(tmp_path / "x.nc")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.send_signal(number)
        parent.wait()
    deadline = time.monotonic() + 20
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)
    assert [file.name for file in tmp_path.iterdir()] == ["x.nc"]


def test_the_reading_process_is_started_again(tmp_path):
    io.save(lattice("q=2"), tmp_path / "x.nc")
    io.load(tmp_path / "x.nc")
    waiting = _isolation._process(os.getpid())
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(2):
        os.kill(waiting._popen.pid, signal.SIGKILL)
        assert io.load(tmp_path / "x.nc").n == lattice("q=2").n
    assert len(os.listdir("/proc/self/fd")) == before


def test_remains_of_killed_processes_are_deleted_after_a_day(tmp_path):
    names = [".moiety-0123456789ab.nc", ".moiety-0123456789ab.zarr", ".moiety-note", "mine.nc"]
    new, kept = ".moiety-ba9876543210.nc", ".moiety-0123456789ab.lost.zarr.old"
    gone = ".moiety-0123456789ab.mine.nc.old"
    for name in (*names, new, kept, gone):
        (tmp_path / name).mkdir() if name.endswith("zarr") else (tmp_path / name).touch()
        if name != new:
            os.utime(tmp_path / name, (0, 0))
    module._sweep_once.cache_clear()
    with atomic(tmp_path / "result.nc") as part:
        part.touch()
    left = {file.name for file in tmp_path.iterdir()}
    # What was replaced and has no successor is the only copy; a name of another form is not ours.
    assert left == {".moiety-note", "mine.nc", new, kept, "result.nc"}


# A full disk

FULL = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from io_examples import fluid, lattice
from pages import make_result
from moiety import InputError, io
large = lattice("real", (40, 40))
writers = {"a.nc": (io.save, large), "a.h5": (io.save, large), "a.npz": (io.save, large),
           "a.npy": (io.save, large), "a.zarr": (io.save, large), "p.nc": (io.save, fluid(3)),
           "p.gsd": (io.save, fluid(3)), "r.nc": (lambda r, path: r.save(path), make_result())}
for size in map(int, sys.argv[3:]):
    folder = Path(sys.argv[2]) / str(size)
    folder.mkdir()
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    for name, (write, what) in writers.items():
        try:
            write(what, folder / name)
        except InputError as error:
            assert len(str(error).splitlines()) == 1
            print(size, name)
"""


def test_a_full_disk_is_one_line(tmp_path):
    """No file may be longer than some bytes; HDF5 crashed at the end of the process."""
    sizes = [0, 1, 600, 2500, 6000, 15_000, 10**6]
    command = [sys.executable, "-c", FULL, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run([*command, *map(str, sizes)], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    refused = [line.split() for line in done.stdout.splitlines()]
    everything = {"a.nc", "a.h5", "a.npz", "a.npy", "a.zarr", "p.nc", "p.gsd", "r.nc"}
    for size in sizes:
        left = {path.name for path in (tmp_path / str(size)).iterdir()}
        assert left == everything - {name for bytes_, name in refused if bytes_ == str(size)}
        assert left == (everything if size == 10**6 else left - {"a.nc", "a.h5", "a.npy"})
        assert not left or size > 600


# Other files of the machine


def test_values_in_other_files_are_refused(tmp_path):
    (tmp_path / "secret").write_bytes(SPINS.tobytes())
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["s"] = SPINS
    for suffix in (".h5", ".nc"):
        names = [tmp_path / f"{kind}{suffix}" for kind in ("external", "virtual", "link")]
        with h5py.File(names[0], "w") as file:
            place = [(str(tmp_path / "secret"), 0, SPINS.nbytes)]
            file.create_dataset("s", SPINS.shape, SPINS.dtype, external=place)
        with h5py.File(names[1], "w") as file:
            layout = h5py.VirtualLayout(SPINS.shape, SPINS.dtype)
            layout[...] = h5py.VirtualSource(str(tmp_path / "other.h5"), "s", SPINS.shape)
            file.create_virtual_dataset("s", layout)
        with h5py.File(names[2], "w") as file:
            file["s"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "s")
        for path, text in zip(names, ("external storage", "virtual", "another file"), strict=True):
            assert text in refusal(path, periodic=True)
            assert text in refusal(path, periodic=True, variable="s")
    assert io.load(tmp_path / "other.h5", periodic=True).n == len(SPINS)


# Zarr


@pytest.fixture
def store(tmp_path):
    """A store of version 2, and a function that changes its metadata."""
    folder = tmp_path / "x.zarr"
    array = zarr.create_array(
        str(folder), shape=SPINS.shape, chunks=(64, 8, 8), dtype="i1", zarr_format=2
    )
    array[...] = SPINS
    metadata = json.loads((folder / ".zarray").read_text())

    def change(**fields):
        (folder / ".zarray").write_text(json.dumps({**metadata, **fields}))
        return folder

    return change


ZARR = {
    "pickle": ({"compressor": {"id": "pickle"}}, "the codec 'pickle'"),
    "a filter": ({"filters": [{"id": "pickle"}]}, "the codec 'pickle'"),
    "JSON": ({"filters": [{"id": "json2"}]}, "the codec 'json2'"),
    "objects": ({"dtype": "|O", "filters": [{"id": "pickle"}]}, "entries of type '|O'"),
    "fields": ({"dtype": [["a", "<i4"]]}, "entries of type"),
    "1e12 chunks": ({"shape": [10**6, 10**6, 8], "chunks": [1, 1, 1]}, "chunks are missing"),
    "a chunk of 1e15": ({"chunks": [1024, 10**6, 10**6]}, "declares a chunk of"),
    "1e15 draws": ({"shape": [10**15, 8, 8]}, "draws 1,024 to 999,999,999,999,999 were never"),
    "no shape": ({"shape": None}, "cannot be read"),
}


@pytest.mark.parametrize("name", ZARR)
def test_hostile_zarr(store, name):
    assert io.load(store(), periodic=True).n == len(SPINS)
    fields, message = ZARR[name]
    assert message in refusal(store(**fields), periodic=True)


def test_links_and_pipes_in_zarr(store):
    folder = store()
    chunk = next(file for file in folder.iterdir() if file.name.startswith("3."))
    content = chunk.read_bytes()
    for make, text in (
        (lambda: chunk.symlink_to("/etc/passwd"), "is a link"),
        (lambda: os.mkfifo(chunk), "a named pipe"),
    ):
        chunk.unlink()
        make()
        assert text in refusal(folder, periodic=True)
    chunk.unlink()
    chunk.write_bytes(content)
    assert np.array_equal(io.load(folder, periodic=True).values[0], SPINS == 1)


# Missing data


@pytest.mark.parametrize(
    ("chunk", "written", "text"),
    [
        (1, [slice(0, 342)], "682 of its 1,024 chunks are missing: draws 342 to 1,023 were never"),
        (100, [slice(0, 342)], "7 of its 11 chunks are missing: draws 400 to 1,023"),
        (1, [slice(5, 1000), slice(1001, 1024)], "draws 0 to 4, 1,000 were never"),
        (2, [slice(0, 1024, 4)], "draws 2 to 3, 6 to 7, 10 to 11, ... were never"),
        (None, [], "draws 0 to 1,023 were never written"),
    ],
)
def test_draws_that_were_never_written_are_named(tmp_path, chunk, written, text):
    chunks = chunk and (chunk, 8, 8)
    filled(tmp_path / "x.h5", written, chunks=chunks)
    assert text in refusal(tmp_path / "x.h5", periodic=True)
    filled(tmp_path / "y.h5", [slice(None)], chunks=chunks)
    assert io.load(tmp_path / "y.h5", periodic=True).n == 1024


@pytest.mark.parametrize("version", [2, 3])
def test_missing_chunks_of_other_programs(tmp_path, version):
    options = {"shape": SPINS.shape, "chunks": (64, 4, 8), "dtype": "i1", "zarr_format": version}
    for name, draws in (("x", 342), ("y", 1024)):
        zarr.create_array(str(tmp_path / f"{name}.zarr"), **options)[:draws] = SPINS[:draws]
    message = refusal(tmp_path / "x.zarr", periodic=True)
    assert "20 of its 32 chunks are missing: draws 384 to 1,023" in message
    assert io.load(tmp_path / "y.zarr", periodic=True).n == 1024


FILLS = {
    "the default of netCDF": ("f4", {}, 9.96921e36),
    "the default of integers": ("i4", {}, -2147483647),
    "_FillValue": ("i2", {"_FillValue": np.int16(7)}, 7),
    "missing_value": ("f8", {"missing_value": -9999.0}, -9999),
    "NaN": ("f4", {"_FillValue": np.float32(np.nan)}, np.nan),
}


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
@pytest.mark.parametrize("name", FILLS)
def test_fill_values_are_missing_data(tmp_path, name, engine):
    dtype, attributes, fill = FILLS[name]
    values = SPINS[:64].astype(dtype)
    for file in ("good.nc", "bad.nc"):
        encoding = {"s": {} if "_FillValue" in attributes else {"_FillValue": None}}
        data = xarray.Dataset({"s": (("time", "x", "y"), values, attributes)})
        data.to_netcdf(tmp_path / file, engine=engine, encoding=encoding)
        values = values.copy()
        values[40:] = values[3, 2] = fill
    assert io.load(tmp_path / "good.nc", periodic=True, kind="discrete").labels == (-1, 1)
    message = refusal(tmp_path / "bad.nc", periodic=True)
    assert "1,544 of 4,096 entries are missing (fill value" in message
    assert "draws 3, 40 to 63" in message


@pytest.mark.parametrize("fill", [-9999, -99, 1000])
def test_fill_values_of_hdf5(tmp_path, fill):
    """Only numbers that are no states mark missing entries: 0 and -1 are common and harmless."""
    filled(tmp_path / "x.h5", [slice(0, 342)], chunks=(100, 8, 8), fillvalue=fill, dtype="i2")
    assert "draws 400 to 1,023" in refusal(tmp_path / "x.h5", periodic=True)
    written = [slice(0, 342), slice(400, 1024)]
    filled(tmp_path / "x.h5", written, chunks=(100, 8, 8), fillvalue=fill, dtype="i2")
    assert "draws 342 to 399" in refusal(tmp_path / "x.h5", periodic=True)
    for harmless in (0, -1, fill):
        filled(tmp_path / "y.h5", [slice(None)], fillvalue=harmless, dtype="i2")
        assert io.load(tmp_path / "y.h5", periodic=True).labels == (-1, 1)


def test_packed_numbers_are_unpacked(tmp_path):
    attributes = {"scale_factor": 0.5, "add_offset": 1.0, "_FillValue": np.int16(-999)}
    data = xarray.Dataset({"s": (("time", "x", "y"), SPINS.astype("i2"), attributes)})
    data.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    loaded = io.load(tmp_path / "x.nc", periodic=True, kind="real")
    assert np.array_equal(loaded.values[0], SPINS * 0.5 + 1)


def test_a_folder_is_as_it_was(tmp_path):
    io.save(lattice("q=2"), tmp_path / "x.nc")
    io.save(lattice("q=2"), tmp_path / "x.zarr")
    before = contents(tmp_path)
    for name in ("x.nc", "x.zarr"):
        io.load(tmp_path / name)
    assert contents(tmp_path) == before
    shutil.rmtree(tmp_path / "x.zarr")
    assert isinstance(io.load(tmp_path / "x.nc"), Samples)


def test_long_options_arrive_whole(tmp_path):
    io.save(lattice("q=2"), tmp_path / "x.h5")
    assert "holds no variable" in refusal(tmp_path / "x.h5", variable="é" * 20_000)
    assert "too long" in refusal(tmp_path / "x.h5", variable="é" * 10**6)
    assert io.load(tmp_path / "x.h5").n == lattice("q=2").n
