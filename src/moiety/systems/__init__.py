"""Systems that sample themselves and know their exact answers.

A system is a frozen dataclass with `name`, `shape`, `periodic`, `symmetries`,
`parameters()`, `energy(values)`, `exact_entropy()`, `entropy_infinite()` and
`sample(...)`; a new one is one file and one line below.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from ..errors import InputError
from ._cache import drop_stale_kernels
from .gaussian_field import GaussianField
from .ising_chain import IsingChain
from .ising_cubic import IsingCubic
from .ising_square import IsingSquare
from .ising_triangular import IsingTriangular
from .markov_chain import MarkovChain
from .potts_square import PottsSquare
from .xy_square import XYSquare

__all__ = ["SYSTEMS", "system"]

drop_stale_kernels(Path(__file__).parent)
_KINDS = (
    IsingSquare, IsingTriangular, IsingChain, IsingCubic, PottsSquare, XYSquare, GaussianField, MarkovChain,
)  # fmt: skip
SYSTEMS: dict[str, type] = {kind.name: kind for kind in _KINDS}


def system(name: str, **parameters: Any) -> Any:
    """The system of that name.

    Arguments:
        name: A key of `SYSTEMS`.
        parameters: Its fields.

    Raises:
        InputError: An unknown name, an unknown or a missing parameter, or a bad value.

    Example:
        >>> system("ising-square", size=8, temperature=2.5).shape
        (8, 8)
    """
    if name not in SYSTEMS:
        raise InputError(f"unknown system {name!r}; choose from {', '.join(SYSTEMS)}")
    known = {item.name: item.default is MISSING for item in fields(SYSTEMS[name])}
    for parameter in parameters:
        if parameter not in known:
            raise InputError(f"{name} has no parameter {parameter!r}; choose from {', '.join(known)}")
    missing = [parameter for parameter, required in known.items() if required and parameter not in parameters]
    if missing:
        raise InputError(f"{name} needs {' and '.join(missing)}")
    return SYSTEMS[name](**parameters)
