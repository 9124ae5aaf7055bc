"""Base classes of the systems: named parameters, a lattice with its boundaries, coupled spins."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ..data.samples import Samples
from ._lattice import checked_number, checked_shape

__all__ = ["LatticeModel", "Model", "SpinModel"]


@dataclass(frozen=True)
class Model(ABC):
    """A system with a name; its parameters are the fields of the dataclass."""

    name: ClassVar[str]

    def parameters(self) -> dict[str, Any]:
        """Parameters by name."""
        return asdict(self)

    def _check_numbers(self, *names: str, positive: bool = False) -> None:
        """Convert parameters to floats.

        Raises:
            InputError: A parameter is not a finite number, or not positive where it must be.
        """
        for name in names:
            number = checked_number(name, getattr(self, name), positive=positive)
            object.__setattr__(self, name, number)


@dataclass(frozen=True)
class LatticeModel(Model):
    """A system on a lattice of `axes` dimensions, periodic unless the subclass says otherwise.

    Args:
        size: Side of the lattice, or one side per axis; a plain number for `axes = 1`.
    """

    axes: ClassVar[int] = 2

    size: int | tuple[int, ...]

    def __post_init__(self) -> None:
        sides = checked_shape(self.size, self.axes)
        object.__setattr__(self, "size", sides if self.axes > 1 else sides[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """Sides of the lattice."""
        return self.size if isinstance(self.size, tuple) else (self.size,)

    @property
    def periodic(self) -> tuple[bool, ...]:
        """Whether the boundaries are periodic, per axis."""
        return (True,) * len(self.shape)

    @property
    @abstractmethod
    def symmetries(self) -> tuple[str, ...]:
        """Symmetries of the Hamiltonian; see `moiety.data.samples.SYMMETRIES`."""

    @abstractmethod
    def energy(self, values: np.ndarray) -> np.ndarray:
        """Total energies, shape `(chain, draw)`, of values of shape `(chain, draw, *space)`."""

    @abstractmethod
    def exact_entropy(self) -> float | None:
        """Entropy per site of this lattice in nats, or None where it is not known."""

    @abstractmethod
    def entropy_infinite(self) -> float | None:
        """Entropy per site of the infinite lattice in nats, or None where it is not known."""

    @abstractmethod
    def sample(self, samples: int = 2048, **options: Any) -> Samples:
        """Practically independent samples."""


@dataclass(frozen=True)
class SpinModel(LatticeModel):
    """Spins at a temperature, coupled to their neighbours and to a field.

    Args:
        size: Side of the lattice, or one side per axis.
        temperature: T in units of energy (k_B = 1).
        coupling: J; negative for an antiferromagnet.
        field: H.
    """

    temperature: float
    coupling: float = 1.0
    field: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_numbers("temperature", positive=True)
        self._check_numbers("coupling", "field")
