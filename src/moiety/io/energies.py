"""Energies of samples: one number for each, in a file of their own or beside the samples."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InputError
from ._format import ENERGY, Format, naming
from .hdf5 import HDF5
from .netcdf import NETCDF
from .numpy_files import NPY, NPZ
from .zarr_store import ZARR

__all__ = ["as_energies", "load_energies"]

_FORMATS: dict[str, Format] = {
    suffix: form for form in (NPY, NPZ, HDF5, NETCDF, ZARR) for suffix in form.suffixes
}
_TEXT = {".txt": None, ".dat": None, ".csv": ","}
"""Separators of columns in text files, by suffix."""


def load_energies(path: str | os.PathLike[str], variable: str | None = None) -> np.ndarray:
    r"""Read one energy for each sample.

    Args:
        path: A file of samples with their energies beside them, as `moiety sample` writes them; an
            array of its own; or text with one number a line (`.txt`, `.dat`, `.csv`).
        variable: Name of the array in a file with several; `"energy"` by default.

    Returns:
        Energies of all chains, one after another, shape `(n,)`.

    Raises:
        InputError: The file or the variable is missing, or it does not hold real numbers.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "energies.txt"
        >>> _ = file.write_text("-3.5\n-2.0\n")
        >>> load_energies(file).tolist()
        [-3.5, -2.0]
    """
    path = Path(path)
    with naming(path, "cannot be read as energies"):
        if not path.exists():
            raise InputError("no such file; check the name")
        found = np.asarray(_read(path, variable))
        if found.dtype.kind not in "iuf" or not 1 <= found.ndim <= 2:
            raise InputError(
                f"one energy for each sample is needed; found {found.dtype} of shape {found.shape}"
            )
        return found.astype(float).ravel()


def _read(path: Path, variable: str | None) -> np.ndarray:
    suffix = path.suffix.lower()
    if suffix in _TEXT:
        return np.loadtxt(path, delimiter=_TEXT[suffix], ndmin=1)
    if suffix not in _FORMATS:
        known = ", ".join([*_TEXT, *_FORMATS])
        raise InputError(f"energies are read from {known}, not from {suffix!r}")
    form = _FORMATS[suffix]
    return form.read(path, variable or (ENERGY if form.attributes else None)).array


def as_energies(energies: Any, n: int) -> np.ndarray:
    """One number for each sample, shape `(n,)`; infinite ones are allowed.

    Args:
        energies: Any array of one or two axes with `n` entries.
        n: Number of samples.

    Raises:
        InputError: Another number of entries, or NaN.

    Example:
        >>> as_energies([[-1, 2], [0, 1]], 4).tolist()
        [-1.0, 2.0, 0.0, 1.0]
    """
    found = np.asarray(energies, dtype=float)
    if found.size != n or found.ndim > 2 or np.isnan(found).any():
        raise InputError(
            f"one energy for each of {n} samples is needed, without NaN; found an array of"
            f" shape {found.shape}"
        )
    return found.ravel()
