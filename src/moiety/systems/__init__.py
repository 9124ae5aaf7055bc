"""Systems that sample themselves and know their exact answers.

A system is a frozen dataclass with `name`, `shape`, `periodic`, `symmetries`, `parameters()`,
`energy(values)`, `exact_entropy()`, `entropy_infinite()` and `sample(...)`.  Systems of particles
have `dimensions` and `exact_excess_entropy()` instead of a lattice and its entropies.  A new
system is one file and one line below.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ._models import LatticeModel, Model
from .dynamics.cache import drop_stale_kernels
from .gaussian_field import GaussianField
from .hard_disks import HardDisks
from .hard_rods import HardRods
from .hard_spheres import HardSpheres
from .ideal_gas import IdealGas
from .ising_chain import IsingChain
from .ising_cubic import IsingCubic
from .ising_square import IsingSquare
from .ising_triangular import IsingTriangular
from .lennard_jones import LennardJones
from .markov_chain import MarkovChain
from .potts_square import PottsSquare
from .soft_disks import SoftDisks
from .xy_square import XYSquare

__all__ = ["PARTICLE_SYSTEMS", "SYSTEMS", "system"]

drop_stale_kernels(Path(__file__).parent)
_LATTICE_MODELS: tuple[type[LatticeModel], ...] = (
    IsingSquare,
    IsingTriangular,
    IsingChain,
    IsingCubic,
    PottsSquare,
    XYSquare,
    GaussianField,
    MarkovChain,
)
_PARTICLE_MODELS: tuple[type[Model], ...] = (
    SoftDisks,
    HardDisks,
    HardSpheres,
    LennardJones,
    HardRods,
    IdealGas,
)
SYSTEMS: dict[str, type[Any]] = {model.name: model for model in _LATTICE_MODELS}
PARTICLE_SYSTEMS: dict[str, type[Any]] = {model.name: model for model in _PARTICLE_MODELS}


def system(name: str, **parameters: Any) -> Any:
    """Construct a system by name.

    Args:
        name: A key of `SYSTEMS` or `PARTICLE_SYSTEMS`.
        parameters: Parameters of the system.

    Raises:
        InputError: An unknown name, an unknown or a missing parameter, or an invalid value.

    Example:
        >>> system("ising-square", size=8, temperature=2.5).shape
        (8, 8)
    """
    models = SYSTEMS | PARTICLE_SYSTEMS
    if name not in models:
        raise InputError(f"unknown system {name!r}; choose from {', '.join(models)}")
    required = {item.name: item.default is MISSING for item in fields(models[name])}
    for parameter in parameters:
        if parameter not in required:
            raise InputError(
                f"{name} has no parameter {parameter!r}; choose from {', '.join(required)}"
            )
    missing = [key for key, needed in required.items() if needed and key not in parameters]
    if missing:
        raise InputError(f"{name} needs {' and '.join(missing)}")
    return models[name](**parameters)
