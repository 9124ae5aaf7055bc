"""The parsers that `make fuzz` feeds with bytes: seeds, and what reads them.

A target reads one input from a path and returns, or raises `InputError` with one line.  Everything
else is a crash.
"""

from __future__ import annotations

import io as streams
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from moiety import InputError, Samples, io
from moiety.cli._baseline import _sides as block_sides
from moiety.data.particles import Particles
from moiety.entropy.choices import _sides as lattice_sides
from moiety.results.result import EntropyResult
from moiety.results.storage import from_dataset
from moiety.sweep import Store, read_plan

__all__ = ["TARGETS", "Target"]

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from pages import make_result


@dataclass(frozen=True)
class Target:
    """A parser.

    Args:
        suffix: Suffix of the file that holds the input.
        seeds: Makes valid inputs.
        read: Reads a file.
        longest: Largest input in bytes.
        words: Words that mutations insert.
    """

    suffix: str
    seeds: Callable[[Path], list[bytes]]
    read: Callable[[Path], Any]
    longest: int = 2048
    words: tuple[str, ...] = ()


def _spins() -> Samples:
    spins = np.random.default_rng(0).choice([-1, 1], size=(8, 2, 3))
    return Samples.from_array(spins, periodic=True, axes="draw,x,y")


def _gas(space: int = 3) -> Particles:
    positions = np.random.default_rng(1).random((8, 3, space)) * 4
    return Particles.from_frames(positions, cells=4.0, periodic=True)


def _saved(samples: Samples | Particles, suffix: str) -> Callable[[Path], list[bytes]]:
    def seeds(folder: Path) -> list[bytes]:
        path = folder / f"seed{suffix}"
        io.save(samples, path, force=True)
        return [path.read_bytes()]

    return seeds


def _load(path: Path) -> Any:
    return io.load(path, periodic=True)


def _dumps(_: Path) -> list[bytes]:
    box = "ITEM: BOX BOUNDS pp pp ff\n0 4\n0 4\n0 4\n"
    tilted = "ITEM: BOX BOUNDS xy xz yz pp pp pp\n0 5 1\n0 4 0\n0 4 0\n"
    files = []
    for bounds, columns in ((box, "id type x y z"), (tilted, "id type xs ys zs radius")):
        row = "1 1 0.5 1 1.5" + " 0.5" * ("radius" in columns)
        frame = "ITEM: TIMESTEP\n{}\nITEM: NUMBER OF ATOMS\n1\n{}ITEM: ATOMS {}\n{}\n"
        files.append("".join(frame.format(k, bounds, columns, row) for k in range(8)).encode())
    return files


def _xyz(_: Path) -> list[bytes]:
    comment = 'Lattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3:radius:R:1 pbc="T T F"'
    files = [
        8 * f"1\n{comment}\nA 1 2 3 0.5\n",
        8 * '2\nLattice="4 0 0 0 4 0 0 0 4"\nA 1 2 3\nB 2 2 1\n',
    ]
    return [text.encode() for text in files]


def _gro(_: Path) -> list[bytes]:
    atom = "    1SOL     OW    1   1.000   2.000   3.000\n"
    return [f"t\n1\n{atom}{box}\n".encode() * 8 for box in ("4 4 4", "4 4 4 0 0 1 0 1 1")]


def _pdb(_: Path) -> list[bytes]:
    box = "CRYST1   15.000   16.000   17.000  90.00  90.00  80.00 P 1           1\n"
    atom = "ATOM      1 OW   SOL A   1       1.000   2.000   3.000  1.00  0.00           O\n"
    models = 8 * f"MODEL\n{atom}ENDMDL\n"
    return [f"{box}{models}".encode(), 8 * f"{box}{atom}END\n".encode()]


def _npy(_: Path) -> list[bytes]:
    files = []
    for array in (np.ones((9, 2, 3), np.int8), np.zeros((9, 4)), np.ones((8, 2, 2), ">i4", "F")):
        stream = streams.BytesIO()
        np.save(stream, array)
        files.append(stream.getvalue())
    return files


def _plans(_: Path) -> list[bytes]:
    first = """seeds = [1, 2]
[[system]]
name = "ising-square"
size = [4, 8]
temperature = { start = 4.0, stop = 2.0, num = 3 }
field = 0.5
samples = 64
[estimate]
precision = 0.01
critic = "convolutional"
"""
    second = """baselines = ["naive"]
[[files]]
glob = "*_T{temperature}.npy"
periodic = true
chain = "temperature"
[[system]]
name = "markov-chain"
size = 8
stay = [0.9, 0.5]
"""
    return [first.encode(), second.encode()]


def _results(folder: Path) -> list[bytes]:
    return [json.dumps(make_result().to_dict()).encode()]


def _read_result(path: Path) -> None:
    import xarray

    from moiety.io._format import naming
    from moiety.report import render_report

    text = path.read_bytes().decode("utf-8", "replace")
    with naming(path, "cannot be read as a result"):
        result = EntropyResult(**from_dataset(xarray.Dataset(attrs={"moiety_result": text})))
    str(result)
    render_report(result)


def _stores(folder: Path) -> list[bytes]:
    """Files of a store: a letter that says which, and the JSON."""
    kept = _store_folder(folder)
    point = next((kept / "points").iterdir())
    beat = json.dumps({"share": 0.5, "text": "x", "host": "h", "process": 1, "at": 9e9, "since": 1})
    texts = [(kept / "plan.json").read_text(), (point / "done.json").read_text(), beat]
    return [letter + text.encode() for letter, text in zip((b"p", b"d", b"r"), texts, strict=True)]


def _store_folder(folder: Path) -> Path:
    from moiety.sweep import Plan

    kept = folder / "store"
    if not kept.is_dir():
        grid = {"name": "ising-chain", "size": 4, "temperature": [2.0], "samples": 64}
        plan = Plan.of({"system": [grid], "estimate": {"cross_check": False, "steps": 5}})
        store = Store(kept)
        store.save_plan(plan)
        store.save(plan.points[0], make_result(), {}, 1.0)
    return kept


def _read_store(path: Path) -> None:
    from moiety.report import render_sweep_report
    from moiety.sweep import collect

    data, kept = path.read_bytes(), path.parent / "store"
    point = next((kept / "points").iterdir())
    names = {b"p": kept / "plan.json", b"d": point / "done.json", b"r": point / "running.json"}
    target = names.get(data[:1], kept / "plan.json")
    before = target.read_bytes() if target.is_file() else None
    try:
        target.write_bytes(data[1:])
        for verb in (lambda s: [str(one) for one in s.states()], collect, render_sweep_report):
            try:
                verb(Store.open(kept))
            except InputError as error:
                _one_line(error)
    finally:
        target.unlink() if before is None else target.write_bytes(before)


def _one_line(error: InputError) -> None:
    if len(str(error).splitlines()) != 1:
        raise AssertionError(f"not one line: {error!r}")


def _options(_: Path) -> list[bytes]:
    lines = [
        "9,2,3|draw,x,y|discrete|2|flip|1",
        "2,8,3|chain,draw,x|real||turn|0",
        "9,4||angle|||1",
    ]
    return [text.encode() for text in lines]


def _read_options(path: Path) -> None:
    """Shape, axes, kind, states, symmetries and boundaries as texts."""
    fields = path.read_bytes().decode("utf-8", "replace").split("|")
    shape, axes, kind, states, symmetries, periodic = [*fields, *[""] * 6][:6]
    for parse in (lattice_sides, block_sides):
        try:
            parse(shape)
        except InputError as error:
            _one_line(error)
    sides = [int(side) % 13 for side in shape.split(",")[:6] if side.isascii() and side.isdigit()]
    array = np.random.default_rng(0).choice([-1.0, 1.0], size=sides)
    file = path.with_suffix(".npy")
    np.save(file, array if kind in ("real", "angle") else array.astype(np.int8))
    io.load(
        file,
        axes=axes or None,
        kind=kind or None,
        states=int(states) if states.isascii() and states.isdigit() and len(states) < 6 else None,
        symmetries=symmetries or None,
        periodic=periodic == "1",
    )


def _zarr(folder: Path) -> list[bytes]:
    """The metadata of an array, in both versions of the format."""
    path = folder / "seed.zarr"
    io.save(_spins(), path, force=True)
    old = {
        "zarr_format": 2, "shape": [9, 2, 3], "chunks": [9, 2, 3], "dtype": "|i1", "order": "C",
        "compressor": None, "filters": None, "fill_value": 0,
    }  # fmt: skip
    return [(path / "states" / "zarr.json").read_bytes(), json.dumps(old).encode()]


def _read_zarr(path: Path) -> None:
    store = path.parent / "input.zarr"
    if not (store / "states").is_dir():
        shutil.copytree(path.parent / "seed.zarr", store)
        (store / "zarr.json").unlink()
    data = path.read_bytes()
    for name in ("zarr.json", ".zarray"):
        (store / "states" / name).unlink(missing_ok=True)
    old = b'"zarr_format": 2' in data
    (store / "states" / (".zarray" if old else "zarr.json")).write_bytes(data)
    shutil.rmtree(alone := path.parent / "alone.zarr", ignore_errors=True)
    shutil.copytree(store / "states", alone)
    io.load(alone, periodic=True)


TOML = ("start", "stop", "num", "step", "1e308", "nan", "inf", "[[files]]", "**/", "{a}", "seeds")
JSON = ("null", "NaN", "Infinity", "1e999", "[]", "{}", "-1", '""', "true", "[[[[")
NUMBERS = ("nan", "inf", "1e308", "-1", "9" * 20, "0", "1e-320")

TARGETS: dict[str, Target] = {
    "lammps": Target(
        ".lammpstrj", _dumps, _load, 4096, ("ITEM: ", "BOX BOUNDS", "abc origin", *NUMBERS)
    ),
    "xyz": Target(".xyz", _xyz, _load, 4096, ("Properties=", "Lattice=", ":R:", ":S:", *NUMBERS)),
    "gro": Target(".gro", _gro, _load, 4096, NUMBERS),
    "pdb": Target(".pdb", _pdb, _load, 4096, ("CRYST1", "MODEL\n", "ENDMDL\n", "END\n", *NUMBERS)),
    "npy": Target(".npy", _npy, _load, 1024, ("'descr'", "'O'", "True", "(", "<f2", "|V8", "<U9")),
    "npz": Target(".npz", _saved(_spins(), ".npz"), _load, 4096),
    "plan": Target(".toml", _plans, read_plan, 2048, TOML),
    "result": Target(".json", _results, _read_result, 8192, JSON),
    "store": Target(".bin", _stores, _read_store, 4096, JSON),
    "options": Target(".txt", _options, _read_options, 256, ("draw", "chain", "x", ",", "|", "-0")),
    "zarr": Target(".json", _zarr, _read_zarr, 4096, (*JSON, '"<f8"', '"|O"', '"pickle"')),
    "hdf5": Target(".h5", _saved(_spins(), ".h5"), _load, 2**15),
    "netcdf": Target(".nc", _saved(_spins(), ".nc"), _load, 2**15),
    "particles": Target(".nc", _saved(_gas(), ".nc"), _load, 2**15),
    "gsd": Target(".gsd", _saved(_gas(), ".gsd"), _load, 2**14),
}
