"""The process that reads files: `python -m moiety.io._child SOCKET`, started by `_isolation`.

It imports the libraries of a format once.  Each file is read by a copy of it with limits: memory
of 1 GiB and 64 times the size of the file, and processor time of 5 s and 2 s for each megabyte.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import astuple
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from . import (
    _dataset,
    _topology,
    gsd_files,
    h5md,
    hdf5,
    mdanalysis,
    netcdf,
    netcdf_particles,
    zarr_store,
)
from ._coding import as_json
from ._format import DAMAGE, cause
from ._isolation import Tree
from ._limits import bytes_of, check_size, size_of
from ._missing import Source, decoded
from ._spool import Place, Spool

__all__ = ["READERS", "answer", "main", "packed"]

READERS: Mapping[str, Callable[..., AbstractContextManager[Any]]] = {
    "hdf5": hdf5.opened,
    "netcdf": netcdf.opened,
    "dataset": _dataset.opened,
    "zarr": zarr_store.opened,
    "gsd": gsd_files.opened,
    "h5md": h5md.opened,
    "mdanalysis": mdanalysis.opened,
    "labels": _topology.opened,
    "particles": netcdf_particles.opened,
}
_LIBRARIES = {"zarr": ["zarr"], "gsd": ["gsd.hoomd"], "mdanalysis": ["MDAnalysis"]}
_LIBRARIES["labels"] = _LIBRARIES["mdanalysis"]
_MESSAGE = 2**20
_MEMORY, _MEMORY_PER_BYTE = 2**30, 64
_SECONDS, _SECONDS_PER_MEGABYTE, _PATIENCE = 5, 2, 20
_LONGEST_ANSWER = 2**26  # characters of all attributes
_KINDS = "biufcSU"  # of arrays that can be handed over
_PLAIN_KINDS = "biufSUO"  # of attributes
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def main(number: int) -> None:
    """Read files until the other side closes the socket.

    Args:
        number: Number of the open socket.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with socket.socket(fileno=number) as line:
        while True:
            message, files, _, _ = socket.recv_fds(line, _MESSAGE, 2)
            while message and not message.endswith(b"\n"):
                more = line.recv(_MESSAGE)
                message = message + more if more else b""
            if not message:
                return
            job = json.loads(message)
            for library in _LIBRARIES.get(job["reader"], ["h5py"]):
                with suppress(ImportError):  # the copy says so
                    import_module(library)
            line.send(str(_status(job, *files)).encode())
            for file in files:
                os.close(file)


def _status(job: Mapping[str, Any], values: int, place: int) -> int:
    """Run a job in a copy of this process, and return its exit status."""
    copy = os.fork()
    if not copy:
        _run(job, values, place)
    return os.waitpid(copy, 0)[1]


def answer(job: Mapping[str, Any], values: int) -> bytes:
    """Read a file and describe what it holds, in JSON.

    Args:
        job: Reader, path and options.
        values: Number of the open file that receives the arrays.
    """
    text = json.dumps(_answer(job, Path(job["path"]), Spool(values))).encode()
    if len(text) > _LONGEST_ANSWER:
        return json.dumps({"refused": "its attributes are too long; damaged?"}).encode()
    return text


def _run(job: Mapping[str, Any], values: int, place: int) -> NoReturn:
    code = 1
    try:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        _limit(size_of(Path(job["path"])))
        text = answer(job, values)
        with open(place, "wb") as file:
            file.write(text)
        code = 0
    finally:
        os._exit(code)


def _limit(size: int) -> None:
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        memory = pages * resource.getpagesize() + _MEMORY + _MEMORY_PER_BYTE * size
        _lower(resource.RLIMIT_AS, memory)
    seconds = _SECONDS + int(_SECONDS_PER_MEGABYTE * size / 1e6)
    _lower(resource.RLIMIT_CPU, int(time.process_time()) + seconds)
    signal.alarm(_PATIENCE * seconds)


def _lower(which: int, value: int) -> None:
    soft, hard = resource.getrlimit(which)
    known = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(which, (min([value, *known]), hard))


def _answer(job: Mapping[str, Any], path: Path, spool: Spool) -> dict[str, Any]:
    try:
        with READERS[job["reader"]](path, **job["options"]) as found:
            return packed(found, spool, size_of(path))
    except InputError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": "cannot be read: it takes far more memory than its size; damaged?"}
    except (*DAMAGE, StopIteration, ImportError) as error:
        return {"failed": cause(error)}


def packed(found: Source | Particles | Tree, spool: Spool, size: int) -> dict[str, Any]:
    """Write the arrays of what was read to a spool, and describe them.

    Args:
        found: What was read.
        spool: Where the arrays go.
        size: Bytes of the file.
    """
    if isinstance(found, Source):
        return _packed_array(found, spool, size)
    if isinstance(found, Tree):
        return _packed_tree(found, spool)
    columns = {name: getattr(found, name) for name in ("positions", "starts", "cells")}
    columns |= {"diameters": found.diameters, "types": found.types}
    plain = {"periodic": list(found.periodic), "chains": found.chains}
    return {
        "columns": {
            name: astuple(spool.put(array)) for name, array in columns.items() if array is not None
        },
        "measured": {
            name: astuple(spool.put(np.asarray(array))) for name, array in found.measured.items()
        },
        "fields": {
            **plain,
            "provenance": json.loads(as_json(dict(found.provenance), "provenance")),
        },
    }


def _packed_array(source: Source, spool: Spool, size: int) -> dict[str, Any]:
    shape = tuple(map(int, source.array.shape))
    if source.array.dtype.kind not in _KINDS:
        raise InputError(f"holds entries of type {source.array.dtype}, not numbers")
    check_size(bytes_of(shape, source.array.dtype), size)
    place = spool.put_slabs(shape, source.dtype, decoded(source))
    return {"array": astuple(place), "dims": source.dims, "attributes": _plain(source.attributes)}


def _packed_tree(tree: Tree, spool: Spool) -> dict[str, Any]:
    variables = {}
    for name, (dims, values, attributes) in tree.variables.items():
        place: Place | None = None if isinstance(values, list) else spool.put(values)
        texts = values if place is None else None
        variables[name] = (dims, place and astuple(place), texts, _plain(attributes))
    return {"variables": variables, "attributes": _plain(tree.attributes)}


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes that are text or numbers, in JSON; others describe nothing that is read."""
    kept = {name: _plain_value(value) for name, value in attributes.items()}
    return {name: value for name, value in kept.items() if value is not None}


def _plain_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain_value(value.tolist()) if value.dtype.kind in _PLAIN_KINDS else None
    if isinstance(value, list):
        return [_plain_value(entry) for entry in value]
    return value if isinstance(value, (str, int, float)) else None


if __name__ == "__main__":
    main(int(sys.argv[1]))
