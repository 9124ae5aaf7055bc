"""Reading and writing samples: one file a format, one line each in `FORMATS`.

Files that `save` wrote say all about their samples.  Of raw arrays of others the
user says what the file does not: always whether the edges are periodic.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..samples import KINDS, Samples
from ._atomic import atomic, check_output
from ._coding import Description, axes_of, encode, restore
from ._format import Format, Stored, naming
from .hdf5 import HDF5
from .netcdf import NETCDF
from .numpy_files import NPY, NPZ
from .zarr_store import ZARR

__all__ = ["FORMATS", "check_output", "load", "save"]

FORMATS: dict[str, Format] = {suffix: form for form in (NPY, NPZ, HDF5, NETCDF, ZARR) for suffix in form.suffixes}


def load(
    path: str | os.PathLike[str],
    *,
    axes: Sequence[str] | str | None = None,
    kind: str | None = None,
    states: int | None = None,
    periodic: bool | Sequence[bool] | None = None,
    symmetries: Sequence[str] | str | None = None,
    variable: str | None = None,
) -> Samples:
    """Samples from a file; its suffix tells the format.

    What is said here goes before what the file says.

    Arguments:
        path: A file, or the folder of a Zarr store.
        axes: Names of the array's axes in order, as in `Samples.from_array`; may be
            left out where the file names them (`draw`, `time`, `sample` or `step`;
            `chain` or `replica`; `x`, `y`, `z`) or the shape tells.
        kind: `"discrete"`, `"angle"` or `"real"`; may be left out for integers and
            for floats in units of `rad`.
        states: Declared number q of discrete states.
        periodic: For all space axes, or one flag for each; needed for raw arrays.
        symmetries: As in `Samples`; a sequence or `"flip,reflect"`.
        variable: Name of the array; may be left out where one only is plausible.

    Raises:
        InputError: The file is missing, empty, damaged, of no known format, or
            holds no samples; or more needs to be said.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "spins.npy"
        >>> np.save(file, np.random.default_rng(0).choice([-1, 1], size=(32, 8, 8)))
        >>> load(file, periodic=True)
        <Samples discrete q=2, 1 chain x 32 draws of 8x8, periodic>
    """
    path = Path(path)
    with naming(path, "cannot be opened"):
        form = _format_of_input(path)
    with naming(path, f"cannot be read as {form.name}; damaged, incomplete or another format?"):
        stored = _native(form.read(path, variable))
        said = Description.of(stored)
    with naming(path, "holds no samples as described"):
        _check_words(kind, states, periodic)
        words = {"axes": axes, "kind": kind, "states": states, "periodic": periodic, "symmetries": _names(symmetries)}
        return _foreign(stored, **words) if said is None else _ours(stored, said, **words)


def save(samples: Samples, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write samples to a file; its suffix tells the format.

    All of `Samples` is kept, except in `.npy` files, which hold the array alone.
    The provenance is kept as JSON: its tuples come back as lists.

    Arguments:
        samples: What to write.
        path: A file, or the folder of a Zarr store.
        force: Whether a file that is there already may be replaced.

    Raises:
        InputError: The path is taken, its folder missing, its suffix unknown, or it
            cannot be written.

    Example:
        >>> import tempfile
        >>> field = np.random.default_rng(0).normal(size=(16, 12))
        >>> file = Path(tempfile.mkdtemp()) / "field.npz"
        >>> save(Samples.from_array(field, kind="real", periodic=False), file)
        >>> load(file)
        <Samples real, 1 chain x 16 draws of 12, open>
    """
    path = Path(path)
    with naming(path, "cannot be written"):
        form = _format_of(path)
        if not isinstance(samples, Samples):
            raise InputError(f"Samples can be saved, not {type(samples).__name__}; see Samples.from_array")
    check_output(path, force)
    with naming(path, "cannot be written"), atomic(path) as part:
        form.write(part, _native(encode(samples, path.parent)))


def _format_of(path: Path) -> Format:
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise InputError(f"the suffix {path.suffix!r} is unknown; known are {', '.join(FORMATS)}")
    return form


def _format_of_input(path: Path) -> Format:
    if not path.exists():
        raise InputError("no such file; check the name")
    if path.is_dir() and path.suffix.lower() not in ZARR.suffixes:
        raise InputError("is a folder; give a file in it")
    form = _format_of(path)
    if not path.is_dir() and path.stat().st_size == 0:
        raise InputError("the file is empty (0 bytes); write it anew")
    if form.directory and not path.is_dir():
        raise InputError(f"is a file, but {form.name} is a folder; check the suffix")
    return form


def _ours(stored: Stored, said: Description, *, axes, kind, states, periodic, symmetries) -> Samples:
    """Samples of a file that `save` wrote."""
    if symmetries is None:
        symmetries = said.symmetries
    if axes is None and kind in (None, said.kind) and states in (None, len(said.labels)):
        samples = restore(stored, said)
        flags = said.periodic if periodic is None else _flags(periodic, len(samples.shape))
        return samples.replace(periodic=flags, symmetries=symmetries)
    if axes is not None and periodic is None and len(set(said.periodic)) > 1:
        raise InputError("its edges differ from axis to axis; with other axes, say periodic, too")
    return Samples.from_array(
        stored.array,
        periodic=said.periodic if periodic is None else periodic,
        axes=axes or axes_of(stored.dims) or "chain,draw,x,y,z".split(",")[: stored.array.ndim],
        kind=kind or said.kind,
        states=states,
        symmetries=symmetries,
        provenance=said.provenance,
    )


def _foreign(stored: Stored, *, axes, kind, states, periodic, symmetries) -> Samples:
    """Samples of a raw array."""
    if periodic is None:
        raise InputError("the file does not say whether the edges are periodic; say --periodic or --no-periodic")
    return Samples.from_array(
        stored.array,
        periodic=periodic,
        axes=axes or axes_of(stored.dims),
        kind=_kind_by_units(stored, kind),
        states=states,
        symmetries=symmetries or (),
    )


def _kind_by_units(stored: Stored, kind: str | None) -> str | None:
    units = str(stored.attributes.get("units", "")).lower()
    if units.startswith("degree") and kind == "angle":
        raise InputError(f"the angles are in units of {units}; convert them to radians")
    radians = units in ("rad", "radian", "radians") and stored.array.dtype.kind == "f"
    return "angle" if kind is None and radians else kind


def _native(stored: Stored) -> Stored:
    """The same in the byte order of this machine."""
    dtype = stored.array.dtype
    array = stored.array if dtype.isnative else stored.array.astype(dtype.newbyteorder("="))
    return Stored(array, stored.dims, stored.attributes)


def _check_words(kind: Any, states: Any, periodic: Any) -> None:
    if kind is not None and kind not in KINDS:
        raise InputError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if states is not None and (not isinstance(states, (int, np.integer)) or isinstance(states, bool) or states < 1):
        raise InputError(f"states must be a positive whole number, not {states!r}")
    flags = () if periodic is None else (periodic,) if isinstance(periodic, (bool, np.bool_)) else periodic
    if not isinstance(flags, Iterable) or not all(isinstance(flag, (bool, np.bool_)) for flag in flags):
        raise InputError(f"periodic must be True, False or one of them for each space axis, not {periodic!r}")


def _names(symmetries: Sequence[str] | str | None) -> tuple[str, ...] | None:
    if symmetries is None:
        return None
    names = symmetries.split(",") if isinstance(symmetries, str) else tuple(symmetries)
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"symmetries must be names, not {symmetries!r}")
    return tuple(name.strip() for name in names if name.strip())


def _flags(periodic: bool | Sequence[bool], space: int) -> tuple[bool, ...]:
    return (bool(periodic),) * space if isinstance(periodic, (bool, np.bool_)) else tuple(map(bool, periodic))
