"""The contract of every file format: saved samples come back, bad files give one clear line."""

import subprocess
import sys
from dataclasses import dataclass
from functools import partial

import gsd.hoomd
import h5netcdf
import h5py
import numpy as np
import pytest
import zarr

from io_examples import FULL, SINGLE, assert_same_particles, contents, fluid, lattice, refusal
from moiety import InputError, Samples, io
from moiety.base.atomic import atomic
from moiety.data.particles import Particles

READ_NPY = {"axes": "chain,draw,x,y", "kind": "real", "periodic": (True, False)}


@dataclass(frozen=True)
class Case:
    """A format with two different contents to save, and the function that writes them."""

    suffix: str
    first: Samples | Particles
    second: Samples | Particles
    writer: tuple[object, str]
    options: dict
    rounding: float = 0.0

    def check(self, path):
        loaded = io.load(path, **self.options)
        if isinstance(self.second, Samples):
            np.testing.assert_array_equal(loaded.values, self.second.values)
        else:
            assert_same_particles(loaded, self.second, self.rounding)


SPINS, REALS = lattice("q=2"), lattice("real")
DISKS, SPHERES = fluid(2), fluid(3)
CASES = {
    "npy": Case(".npy", SPINS, REALS, (np, "save"), READ_NPY),
    "npz": Case(".npz", SPINS, REALS, (np, "savez_compressed"), {}),
    "h5": Case(".h5", SPINS, REALS, (h5py.Group, "create_dataset"), {}),
    "nc": Case(".nc", SPINS, REALS, (h5netcdf.File, "create_variable"), {}),
    "zarr": Case(".zarr", SPINS, REALS, (zarr.Group, "create_array"), {}),
    "particles nc": Case(".nc", DISKS, SPHERES, (h5netcdf.File, "create_variable"), {}),
    "gsd": Case(".gsd", DISKS, SPHERES, (gsd.hoomd.HOOMDTrajectory, "append"), {}, SINGLE),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def test_every_format_has_a_case():
    formats = {id(form) for form in io.FORMATS.values()}
    assert {
        id(io.FORMATS[case.suffix]) for case in CASES.values() if case.first is SPINS
    } == formats
    assert {form.suffixes[0] for form in io.FORMATS.values() if form.attributes} == set(FULL)


# Saving


@every_case
def test_save_replaces_a_file_only_with_force(tmp_path, case):
    path = tmp_path / f"x{case.suffix}"
    io.save(case.first, path)
    before = contents(tmp_path)
    assert "--force" in refusal(path, partial(io.save, case.second))
    assert contents(tmp_path) == before
    io.save(case.second, path, force=True)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    case.check(path)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(28, "No space left on device")])
@every_case
def test_an_interrupted_save_changes_nothing(tmp_path, monkeypatch, case, stop):
    owner, name = case.writer
    write, seen = getattr(owner, name), []

    def stopped(*args, **options):
        write(*args, **options)
        seen.append(list(tmp_path.iterdir()))
        raise stop

    old = tmp_path / f"old{case.suffix}"
    io.save(case.second, old)
    before = contents(tmp_path)
    monkeypatch.setattr(owner, name, stopped)
    for path in (old, tmp_path / f"new{case.suffix}"):
        with pytest.raises(KeyboardInterrupt if stop is KeyboardInterrupt else InputError):
            io.save(case.first, path, force=True)
        assert len(seen.pop()) == 2  # a part was written before
        assert contents(tmp_path) == before
        assert list(tmp_path.iterdir()) == [old]


def test_save_refuses_what_a_format_cannot_hold(tmp_path):
    def refused(name, samples):
        return refusal(tmp_path / name, partial(io.save, samples))

    assert "suffix '.txt' is unknown" in refused("x.txt", SPINS)
    assert "does not exist" in refused("no/x.npz", SPINS)
    assert "not ndarray" in refused("x.npz", SPINS.values)
    assert "float16" in refused("x.nc", REALS.replace(values=np.ones((2, 10, 4, 6), np.float16)))
    assert "JSON" in refused("x.npz", SPINS.replace(provenance={"who": object()}))
    assert "saved as .npy" in refused("x.gsd", SPINS)
    for name in ("x.npz", "x.lammpstrj", "x.xyz.gz", "x.dcd"):
        assert "saved as .gsd, .nc" in refused(name, DISKS)
    for name in ("x.nc", "x.gsd"):
        assert "JSON" in refused(name, DISKS.replace(provenance={"who": object()}))
        text = {"words": np.array(["a"] * 10)}
        assert "measured 'words'" in refused(name, DISKS.replace(measured=text))
    assert list(tmp_path.iterdir()) == []


def test_check_output(tmp_path):
    io.check_output(tmp_path / "x.nc")
    assert "does not exist" in refusal(tmp_path / "no" / "x.nc", io.check_output)
    (tmp_path / "x.nc").write_text("mine")
    assert "exists already" in refusal(tmp_path / "x.nc", io.check_output)
    io.check_output(tmp_path / "x.nc", True)
    assert "does not exist" in refusal(tmp_path / "x.nc" / "y.nc", io.check_output)
    for name in ("folder", "notes.zarr"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text("mine")
        assert "is a folder" in refusal(tmp_path / name, io.check_output, force=True)


def test_atomic_replaces_files_by_folders_and_back(tmp_path):
    path = tmp_path / "x.out"
    for text in ("file", "folder", "folder", "file"):
        with atomic(path) as part:
            assert part.suffix == path.suffix
            if text == "folder":
                part.mkdir()
            (part / "in" if text == "folder" else part).write_text(text)
        assert (path / "in" if text == "folder" else path).read_text() == text
        assert list(tmp_path.iterdir()) == [path]


def test_atomic_writes_through_links(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with atomic(tmp_path / "link.txt") as part:
        part.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


# Bad files

NO_FORMAT = {
    "one byte": b"\0",
    "zeros": bytes(4000),
    "random": np.random.default_rng(0).bytes(5000),
    "text": b"1 2 3\n" * 50,
    "classic netCDF": b"CDF\x01" + bytes(3) + bytes([9] * 40),
    "zip": b"PK\x03\x04" * 9,
}


@pytest.mark.parametrize("suffix", sorted({**io.FORMATS, **io.TRAJECTORIES}))
def test_files_without_a_format(tmp_path, capfd, suffix):
    path = tmp_path / f"x{suffix}"
    for content in NO_FORMAT.values():
        path.write_bytes(content)
        message = refusal(path, **({"periodic": True} if suffix in io.FORMATS else {}))
        if suffix in io.FORMATS:
            assert "cannot be read as" in message or "is a file" in message
    assert capfd.readouterr().err == ""
    path.write_bytes(b"")
    assert "empty (0 bytes)" in refusal(path)
    assert "no such file" in refusal(tmp_path / f"y{suffix}")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@every_case
def test_truncated_files(tmp_path, case):
    path = tmp_path / f"x{case.suffix}"
    io.save(lattice("real", (8, 8)) if case.first is SPINS else SPHERES, path)
    files = [file for file in (path, *path.rglob("*")) if file.is_file()]
    largest = max(files, key=lambda file: file.stat().st_size)
    content = largest.read_bytes()
    for part in (0.02, 0.3, 0.6, 0.95, 0.999):
        largest.write_bytes(content[: int(part * len(content))])
        message = refusal(path, **case.options)
        assert "cannot be read" in message or "truncated" in message, part


def test_missing_files_folders_and_unknown_suffixes(tmp_path):
    assert "no such file" in refusal(tmp_path / "none.npy")
    assert "is a folder" in refusal(tmp_path)
    (tmp_path / "x.npy").mkdir()
    assert "is a folder" in refusal(tmp_path / "x.npy")
    for name in ("x.txt", "x"):
        (tmp_path / name).write_text("1 -1")
        assert ".npy, .npz, .h5, .hdf5, .nc, .zarr" in refusal(tmp_path / name)


def test_line_breaks_in_a_name_stay_out_of_the_message(tmp_path):
    with pytest.raises(InputError) as caught:
        io.load(tmp_path / "a\nb.npy")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("package", "suffix", "extra"),
    [
        ("zarr", ".zarr", "moiety[zarr]"),
        ("gsd", ".gsd", "moiety[particles]"),
        ("MDAnalysis", ".dcd", "moiety[particles]"),
    ],
)
def test_missing_packages_are_named(tmp_path, monkeypatch, package, suffix, extra):
    path = tmp_path / f"x{suffix}"
    if package == "zarr":
        io.save(SPINS, path)
    else:
        path.write_bytes(b"something")
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    assert f"package {package}; install it with pip install '{extra}'" in refusal(path)
    if package != "MDAnalysis":
        samples = SPINS if package == "zarr" else DISKS
        assert extra in refusal(tmp_path / f"y{suffix}", partial(io.save, samples))


def test_importing_is_light():
    heavy = {"zarr", "xarray", "h5py", "h5netcdf", "torch"}
    code = f"import sys, moiety.io; print({heavy} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
