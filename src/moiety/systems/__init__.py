"""Systems that sample themselves and know their exact answers.

A system is a frozen dataclass with `name`, `shape`, `periodic`, `symmetries`,
`parameters()`, `energy(values)`, `exact_entropy()`, `entropy_infinite()` and
`sample(...)`; a new one is one file and one line below.  Systems of particles have
`dimensions` and `exact_excess_entropy()` instead of a lattice and its entropies.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from .dynamics.cache import drop_stale_kernels
from .gaussian_field import GaussianField
from .hard_disks import HardDisks
from .hard_rods import HardRods
from .ideal_gas import IdealGas
from .ising_chain import IsingChain
from .ising_cubic import IsingCubic
from .ising_square import IsingSquare
from .ising_triangular import IsingTriangular
from .markov_chain import MarkovChain
from .potts_square import PottsSquare
from .soft_disks import SoftDisks
from .xy_square import XYSquare

__all__ = ["PARTICLE_SYSTEMS", "SYSTEMS", "system"]

drop_stale_kernels(Path(__file__).with_name("dynamics"))
_KINDS = (
    IsingSquare, IsingTriangular, IsingChain, IsingCubic, PottsSquare, XYSquare, GaussianField, MarkovChain,
)  # fmt: skip
_PARTICLE_KINDS = (SoftDisks, HardDisks, HardRods, IdealGas)
SYSTEMS: dict[str, type] = {kind.name: kind for kind in _KINDS}
PARTICLE_SYSTEMS: dict[str, type] = {kind.name: kind for kind in _PARTICLE_KINDS}


def system(name: str, **parameters: Any) -> Any:
    """The system of that name.

    Arguments:
        name: A key of `SYSTEMS` or `PARTICLE_SYSTEMS`.
        parameters: Its fields.

    Raises:
        InputError: An unknown name, an unknown or a missing parameter, or a bad value.

    Example:
        >>> system("ising-square", size=8, temperature=2.5).shape
        (8, 8)
    """
    kinds = SYSTEMS | PARTICLE_SYSTEMS
    if name not in kinds:
        raise InputError(f"unknown system {name!r}; choose from {', '.join(kinds)}")
    known = {item.name: item.default is MISSING for item in fields(kinds[name])}
    for parameter in parameters:
        if parameter not in known:
            raise InputError(
                f"{name} has no parameter {parameter!r}; choose from {', '.join(known)}"
            )
    missing = [
        parameter
        for parameter, required in known.items()
        if required and parameter not in parameters
    ]
    if missing:
        raise InputError(f"{name} needs {' and '.join(missing)}")
    return kinds[name](**parameters)
