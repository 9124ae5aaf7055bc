"""Hostile files in formats with structure: each case is a valid file with a few things wrong.

A case is made from its number alone.  Two to four changes are drawn from attributes, types, shapes,
chunks, filters and links that other programs could have written, and some that none would.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from moiety import Samples, io
from moiety.data.particles import Particles

__all__ = ["FORMATS"]

Rng = np.random.Generator

TEXTS = (
    "",
    "x" * 20000,
    "\n\r\0",
    "[" * 3000,
    "{",
    "NaN",
    "null",
    "[1e999]",
    '{"a": {}}',
    "ä",
    "-1",
)
NUMBERS = (0, -1, 1, 2**31, -(2**63), 2**63, 1e308, 1e-320, float("nan"), float("inf"), True, None)
NAMES = (
    "units", "_FillValue", "missing_value", "DIMENSION_LIST", "DIMENSION_LABELS", "CLASS", "NAME",
    "REFERENCE_LIST", "_ARRAY_DIMENSIONS", "scale_factor", "add_offset", "valid_range", "calendar",
    "coordinates", "_Netcdf4Dimid", "_nc3_strict", "_NCProperties", "moiety_layout", "moiety_kind",
    "moiety_periodic", "moiety_labels", "moiety_symmetries", "moiety_provenance", "moiety_chains",
    "moiety_particles", "moiety_homogeneous", "moiety_result",
)  # fmt: skip
DTYPES = (
    "i1", "u1", ">i4", "i8", "u8", "f2", ">f8", "f4", "c16", "?", "S3", "U2", "V5", "M8[s]",
    "m8[D]", "i2", "f8", "O",
)  # fmt: skip
SHAPES = (
    (),
    (0,),
    (9,),
    (9, 0),
    (0, 4),
    (1, 1),
    (9, 2, 2),
    (8, 9, 2),
    (2, 8, 2, 2),
    (1,) * 9,
    (3, 3),
)


def pick(rng: Rng, values: Any) -> Any:
    return values[int(rng.integers(len(values)))]


def value(rng: Rng) -> Any:
    """A hostile value of an attribute."""
    kind = rng.integers(5)
    if kind == 0:
        return pick(rng, TEXTS)
    if kind == 1:
        return pick(rng, [number for number in NUMBERS if number is not None])
    if kind == 2:
        return np.array([], pick(rng, ("f8", "i4", "S1")))
    if kind == 3:
        return np.zeros(pick(rng, ((1,), (3, 2), (1000,))), pick(rng, ("f8", "u1", "S4", "?")))
    return pick(rng, (np.bytes_(b"\xff\xfe"), np.float16(1), np.complex64(1j), np.void(b"abc")))


def spins() -> Samples:
    array = np.random.default_rng(0).choice([-1, 1], size=(9, 2, 3))
    return Samples.from_array(array, periodic=True, axes="draw,x,y")


def gas() -> Particles:
    positions = np.random.default_rng(1).random((8, 3, 3)) * 4
    return Particles.from_frames(positions, cells=4.0, periodic=True, diameters=1.0)


# HDF5 and netCDF-4


def hdf5(rng: Rng, path: Path) -> None:
    """A file of HDF5, ours or of another program."""
    import h5py

    _start(rng, path)
    with h5py.File(path, "r+") as file:
        for _ in range(int(rng.integers(1, 4))):
            change = pick(
                rng, (_attribute, _attribute, _replaced, _replaced, _linked, _scaled, _grown)
            )
            try:
                change(rng, file)
            except (TypeError, ValueError, OSError, KeyError, RuntimeError, AttributeError):
                continue  # the library itself refuses to write this


def _start(rng: Rng, path: Path) -> None:
    import h5py

    if rng.random() < 0.6:
        io.save(pick(rng, (spins, gas))() if path.suffix == ".nc" else spins(), path)
        return
    with h5py.File(path, "w") as file:
        file["a"] = np.ones((9, 2, 3), np.int8)


def _names(file: Any) -> list[str]:
    return [*file] or ["a"]


def _attribute(rng: Rng, file: Any) -> None:
    target = file if rng.random() < 0.3 else file[pick(rng, _names(file))]
    target.attrs[pick(rng, NAMES)] = value(rng)


def _replaced(rng: Rng, file: Any) -> None:
    """Another dataset under the same name: type, shape, chunks, filters."""
    import h5py

    name = pick(rng, _names(file))
    kept = dict(file[name].attrs) if name in file else {}
    del file[name]
    shape, dtype = pick(rng, SHAPES), pick(rng, DTYPES)
    options: dict[str, Any] = {}
    if shape and 0 not in shape and rng.random() < 0.5:
        options = {"chunks": True, "compression": pick(rng, (None, "gzip", "lzf"))}
        options["shuffle"], options["fletcher32"] = rng.random(2) < 0.5
    if rng.random() < 0.2:
        options["fillvalue"] = value(rng)
    if dtype == "O":
        dtype = pick(rng, (h5py.string_dtype(), h5py.vlen_dtype("i4"), h5py.ref_dtype))
    elif dtype == "V5" and rng.random() < 0.7:
        dtype = np.dtype([("a", "i4"), ("b", "f8", (2,))])
    dataset = file.create_dataset(name, shape, dtype, **options)
    dataset.attrs.update(kept)


def _linked(rng: Rng, file: Any) -> None:
    """Links, virtual and external data, and groups."""
    import h5py

    name, kind = pick(rng, _names(file)), rng.integers(6)
    del file[name]
    if kind == 0:
        file[name] = h5py.SoftLink(pick(rng, ("/", name, "/none")))
    elif kind == 1:
        file[name] = h5py.ExternalLink(pick(rng, ("/etc/passwd", "none.h5", file.filename)), "/a")
    elif kind == 2:
        layout = h5py.VirtualLayout((9, 2, 3), "i1")
        layout[:] = h5py.VirtualSource("/etc/passwd", "a", (9, 2, 3))
        file.create_virtual_dataset(name, layout)
    elif kind == 3:
        file.create_dataset(name, (9, 4), "u1", external=[("/etc/passwd", 0, 36)])
    elif kind == 4:
        group = file.create_group(name)
        group["again"] = file["/"]
        group["b"] = np.ones((9, 4))
    else:
        file[name] = np.dtype("f8")  # a named type


def _scaled(rng: Rng, file: Any) -> None:
    """Dimension scales in odd places."""
    names = _names(file)
    first, second = file[pick(rng, names)], file[pick(rng, names)]
    first.make_scale(pick(rng, TEXTS)[:100])
    if not second.shape:
        return
    second.dims[0].attach_scale(first)
    if rng.random() < 0.5:
        second.dims[0].label = pick(rng, ("draw", "x", "time", "", "x" * 5000))
    if rng.random() < 0.3:
        del file[pick(rng, names)]


def _grown(rng: Rng, file: Any) -> None:
    """Sizes and numbers of chunks that nothing in the file fills."""
    shape, chunks = pick(
        rng,
        (
            ((10**6, 10), (1, 10)),
            ((10**9, 4, 4), (10**3, 4, 4)),
            ((9, 10**7), (9, 10**6)),
            ((2**40, 2), (2**20, 2)),
        ),
    )
    del file[pick(rng, _names(file))]
    packed = pick(rng, (None, "gzip"))
    dataset = file.create_dataset("big", shape, "u1", chunks=chunks, compression=packed)
    if rng.random() < 0.5:
        dataset[0] = 1


# Zarr


def zarr(rng: Rng, path: Path) -> None:
    """A store of Zarr with changed metadata and chunks."""
    import zarr as library

    if rng.random() < 0.5:
        io.save(spins(), path)
    else:
        version = pick(rng, (2, 3))
        library.save_array(str(path), np.ones((9, 2, 3), np.int8), zarr_format=version)
    files = [file for file in sorted(path.rglob("*")) if file.is_file()]
    for _ in range(int(rng.integers(1, 4))):
        file = pick(rng, files)
        if file.name in ("zarr.json", ".zarray", ".zattrs", ".zgroup") and file.exists():
            _edited(rng, file)
        elif rng.random() < 0.5:
            file.unlink(missing_ok=True)
        elif file.exists():
            file.write_bytes(_flipped(rng, file.read_bytes()))


def _edited(rng: Rng, file: Path) -> None:
    try:
        data = json.loads(file.read_text())
    except ValueError:
        return
    places = list(_places(data))
    if not places:
        return
    container, key = pick(rng, places)
    options = (
        *TEXTS,
        *NUMBERS,
        [],
        {},
        [10**9, 10**9],
        [0],
        [1, 1, 1],
        "|O",
        "<f2",
        "<U4",
        "int64",
    )
    container[key] = pick(rng, options)
    if rng.random() < 0.2:
        text = '[{"id": "pickle"}]', '[{"id": "vlen-utf8"}]', '[{"name": "bytes"}]'
        data[pick(rng, ("filters", "codecs", "compressor"))] = json.loads(pick(rng, text))
    if rng.random() < 0.3:
        data["shape"], data["chunks"] = [10**6, 1, 1], [1, 1, 1]
    file.write_text(json.dumps(data))


def _places(data: Any) -> Any:
    """Every entry of nested lists and mappings, as container and key."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, part in list(items):
        yield data, key
        if isinstance(part, (dict, list)):
            yield from _places(part)


def _flipped(rng: Rng, data: bytes) -> bytes:
    if not data:
        return b"x"
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(
        changed[: int(rng.integers(1, len(changed) + 1))] if rng.random() < 0.3 else changed
    )


# GSD


def gsd(rng: Rng, path: Path) -> None:
    """A file of GSD whose chunks have odd sizes, types and contents."""
    import gsd.fl

    chunks = {
        "configuration/box": np.array([4, 4, 4, 0, 0, 0], np.float32),
        "configuration/dimensions": np.array([3], np.uint8),
        "particles/N": np.array([3], np.uint32),
        "particles/position": np.zeros((3, 3), np.float32),
        "particles/diameter": np.ones(3, np.float32),
        "particles/types": np.frombuffer(b"A\0", np.uint8).reshape(1, 2),
        "log/moiety/description": np.frombuffer(b"{}", np.uint8),
        "log/energy": np.ones(1),
    }
    kept = {name: part for name, part in chunks.items() if rng.random() < 0.8}
    with gsd.fl.open(
        str(path), "w", "fuzz", pick(rng, ("hoomd", "hoomd", "other")), [1, 4]
    ) as file:
        for _ in range(int(pick(rng, (0, 7, 8, 9)))):
            for name, part in kept.items():
                try:
                    file.write_chunk(name, _odd(rng, part) if rng.random() < 0.15 else part)
                except (ValueError, TypeError, RuntimeError, OSError):
                    continue
            file.end_frame()
    if rng.random() < 0.3:
        path.write_bytes(_flipped(rng, path.read_bytes()))


def _odd(rng: Rng, part: np.ndarray) -> np.ndarray:
    kind = rng.integers(5)
    if kind == 0:
        return np.full(part.shape, pick(rng, (0, 1, 200)), part.dtype)
    if kind == 1:
        return np.zeros(pick(rng, ((0,), (1,), (7,), (2, 2), (3, 4))), part.dtype)
    if kind == 2:
        return part.astype(pick(rng, ("f8", "u1", "i8", "u4", "f4")))
    if kind == 3 and part.dtype.kind == "f":
        return np.full(part.shape, pick(rng, (np.nan, np.inf, -1.0, 1e38, 0.0)), part.dtype)
    if part.dtype == np.uint32:
        return np.array([pick(rng, (0, 10**8, 2**32 - 1))], np.uint32)
    text = pick(
        rng, (b'{"layout": 1}', b"[" * 2000, b"\xff", b'{"layout": 1, "frames": -1}', b"null")
    )
    return np.frombuffer(text, np.uint8)


def remove(path: Path) -> None:
    """Delete a file or a store."""
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


FORMATS: dict[str, tuple[str, Callable[[Rng, Path], None]]] = {
    "hdf5": (".h5", hdf5),
    "netcdf": (".nc", hdf5),
    "zarr": (".zarr", zarr),
    "gsd": (".gsd", gsd),
}
"""Suffix, and what makes a case at a path."""
