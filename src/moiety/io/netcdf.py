"""netCDF files: a variable `states` with named dimensions and its attributes.

moiety writes netCDF-4 and reads the classic format, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from . import mdanalysis
from ._fill_values import decoder, marks
from ._format import ENERGY, VARIABLE, Format, Periodic, Stored, choose, chunks, fill
from ._hdf5_tree import attributes_of, check_links, check_values, variables
from ._isolation import ask, ask_for_array
from ._missing import Source
from ._stream import writing
from ._trajectory import with_periodic
from .amber import amber_particles, is_amber_hdf5
from .netcdf_particles import holds_particles, is_amber, is_classic, particles_of

if TYPE_CHECKING:
    import h5py

__all__ = ["HOLDS_RESULT", "NETCDF", "fill_values", "opened", "read_any"]

HOLDS_RESULT = "holds the result of an estimate"
"""How the message begins about a file that `EntropyResult.load` reads."""


@contextmanager
def opened(
    path: Path, variable: str | None, topology: str | None, periodic: Any
) -> Iterator[Source | Particles]:
    """Open a variable, or read particles: all of these files have the suffix `.nc`.

    Args:
        path: The file.
        variable: Name of the variable, or None.
        topology: A file that names the particles of an Amber trajectory, or None.
        periodic: Periodic flags for particles, or None.

    Raises:
        InputError: There is no such variable, or its values are not complete.
    """
    if is_amber(path):
        with mdanalysis.opened(path, topology=topology, periodic=periodic, name=path.name) as found:
            yield found
    elif is_classic(path):
        with _classic(path, variable) as source:
            yield source
    else:
        with _hierarchical(path, variable, periodic) as source_or_particles:
            yield source_or_particles


def read_any(
    path: Path, variable: str | None, topology: Path | None, periodic: Periodic | None
) -> Stored | Particles:
    """Read samples of a lattice or of particles.

    Args:
        path: The file.
        variable: Name of the variable, or None.
        topology: A file that names the particles of an Amber trajectory, or None.
        periodic: Periodic flags for particles, or None.
    """
    where = str(topology.absolute()) if topology else None
    found = ask("netcdf", path, variable=variable, topology=where, periodic=periodic)
    if not isinstance(found, (Stored, Particles)):
        raise TypeError("it holds no samples")
    return found


def _read(path: Path, variable: str | None) -> Stored:
    return ask_for_array("netcdf", path, variable=variable, topology=None, periodic=None)


def _write(path: Path, stored: Stored) -> None:
    import h5netcdf

    with writing(path) as stream, h5netcdf.File(stream, "w") as file:
        dims = stored.dims or ()
        file.dimensions = dict(zip(dims, stored.array.shape, strict=True))
        variable = file.create_variable(
            VARIABLE,
            dims,
            stored.array.dtype,
            chunks=chunks(stored.array),
            compression="gzip",
            compression_opts=4,
            shuffle=True,
            fletcher32=True,
        )
        fill(variable, stored.array, stream.check)
        variable.attrs.update(stored.attributes)
        if stored.energies is not None:
            file.dimensions["sample"] = len(stored.energies)
            file.create_variable(ENERGY, ("sample",), data=stored.energies)


@contextmanager
def _hierarchical(
    path: Path, variable: str | None, periodic: Periodic | None
) -> Iterator[Source | Particles]:
    import h5py

    with h5py.File(path, "r") as file:
        if holds_particles(file):
            yield with_periodic(particles_of(file), periodic)
            return
        if is_amber_hdf5(file):
            yield amber_particles(file, periodic, path.name)
            return
        _refuse_results(file.attrs)
        found = {name: (dims, dataset) for name, dims, dataset in variables(file)}
        data = {name: item for name, (dims, item) in found.items() if dims != (name,)}
        check_links(file, data, variable)
        dims, dataset = found[choose(data, variable)]
        attributes = attributes_of(dataset)
        is_ours = "moiety_kind" in attributes
        check_values(dataset, dims, path)
        yield Source(
            dataset, dims, attributes, () if is_ours else fill_values(dataset), decoder(attributes)
        )


@contextmanager
def _classic(path: Path, variable: str | None) -> Iterator[Source]:
    import scipy.io

    with scipy.io.netcdf_file(path, "r", mmap=True, maskandscale=False) as file:
        _refuse_results(file._attributes)
        data = {
            name: _Classic(item.data, item.dimensions)
            for name, item in file.variables.items()
            if item.dimensions != (name,)
        }
        name = choose(data, variable)
        attributes = dict(file.variables[name]._attributes)
        chosen = data.pop(name)
        missing = marks(attributes, chosen.dtype)
        yield Source(chosen.data, chosen.dimensions, attributes, missing, decoder(attributes))


@dataclass(frozen=True)
class _Classic:
    data: Any
    dimensions: tuple[str, ...]

    @property
    def dtype(self) -> np.dtype:
        dtype: np.dtype = self.data.dtype
        return dtype

    @property
    def ndim(self) -> int:
        return len(self.dimensions)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.data.shape)


def _refuse_results(attributes: Any) -> None:
    if "moiety_result" in attributes:
        raise InputError(f"{HOLDS_RESULT}, not samples; moiety report shows it")


def fill_values(dataset: h5py.Dataset) -> tuple[Any, ...]:
    """Values that mark missing entries of a dataset.

    Args:
        dataset: The dataset.
    """
    import h5py

    names = [name for name in ("_FillValue", "missing_value") if name in dataset.attrs]
    plist = dataset.id.get_create_plist()
    chosen = plist.fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED
    fill = dataset.fillvalue if chosen and dataset.dtype.kind in "iuf" else None
    return marks({name: dataset.attrs[name] for name in names}, np.dtype(dataset.dtype), fill)


NETCDF = Format("netCDF", (".nc",), _read, _write)
