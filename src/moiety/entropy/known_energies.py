"""Energies that the user knows: of the samples, or of any configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any

import numpy as np

from ..base import scratch
from ..base.errors import InputError
from ..data.samples import Samples
from ..io.energies import as_energies

__all__ = ["Energy", "KnownEnergies", "energy_of", "evaluated"]

Energy = Callable[[Samples], np.ndarray]
"""Energy of each whole configuration, infinite where it is forbidden, shape `(n,)`."""

_ALIKE = 1e-5  # of the spread of the energies: files may hold single precision


@dataclass(frozen=True, eq=False)
class KnownEnergies:
    """The temperature of some samples, and what is known of their energies.

    Args:
        temperature: Temperature in the unit of the energies (k_B = 1).
        energies: Energy of each whole configuration, shape `(n,)` or `(chains, draws)`.
        energy: Function that returns the energies of any configurations, or a system of moiety.
        mean: Mean energy of a longer record, of the whole lattice, and its standard error.

    Raises:
        InputError: No energies at all, a temperature that is not positive, or a mean energy that
            is not a number with its error.

    Example:
        >>> known = KnownEnergies(2.0, energies=np.array([-3.0, -1.0]))
        >>> known.temperature, known.energy is None
        (2.0, True)
    """

    temperature: float
    energies: np.ndarray | None = None
    energy: Energy | None = None
    mean: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.temperature < inf:
            raise InputError(f"the temperature must be positive, not {self.temperature}")
        if self.energies is None and self.energy is None:
            raise InputError("give the energies of the samples, or a function of the energy")
        if self.mean is not None and not (
            len(self.mean) == 2 and all(map(isfinite, self.mean)) and self.mean[1] >= 0
        ):
            raise InputError(
                f"the mean energy is a number and its error, such as (-6100.2, 0.8), not"
                f" {self.mean}"
            )
        if self.energy is not None and not callable(self.energy):
            object.__setattr__(self, "energy", energy_of(self.energy))

    def of(self, samples: Samples) -> np.ndarray:
        """Energies of the samples, shape `(n,)`.

        Args:
            samples: The samples that the energies belong to.

        Raises:
            InputError: Another number of energies, NaN or infinite ones, or energies that differ
                from those of the function.
        """
        computed = None if self.energy is None else evaluated(self.energy, samples)
        given = computed if self.energies is None else as_energies(self.energies, samples.n)
        assert given is not None  # one of the two is known
        if not np.isfinite(given).all():
            raise InputError("a sample has an infinite energy: it cannot have been drawn")
        if computed is not None and self.energies is not None:
            _compare(given, computed)
        return given

    def without_copies(self, originals: np.ndarray | None) -> KnownEnergies:
        """The energies of the samples that are no copy of another.

        Args:
            originals: Index of the sample that each sample is a copy of, or its own index; None
                if no sample is a copy.
        """
        if originals is None or self.energies is None:
            return self
        kept = np.flatnonzero(originals == np.arange(len(originals)))
        return replace(self, energies=as_energies(self.energies, len(originals))[kept])


def energy_of(model: Any) -> Energy:
    """The energy function of a system of moiety.

    Args:
        model: The system.

    Raises:
        InputError: It has no energy.

    Example:
        >>> import moiety
        >>> model = moiety.system("ising-square", size=4, temperature=2.0)
        >>> energy_of(model)(model.sample(8, seed=1)).shape
        (8,)
    """
    if not hasattr(model, "energy"):
        raise InputError(f"{model!r} is no function of the energy, and no system with an energy")

    def energy(samples: Samples) -> np.ndarray:
        flat = samples.values.reshape(1, samples.n, *samples.shape)
        parts = scratch.slabs(flat.shape[1:], flat.itemsize, axes=1)
        return np.concatenate([model.energy(flat[:, part]).ravel() for (part,) in parts])

    return energy


def evaluated(energy: Energy, samples: Samples) -> np.ndarray:
    """Energies of configurations by a function, shape `(n,)`; may be infinite.

    Args:
        energy: The function.
        samples: The configurations.

    Raises:
        InputError: It returns another number of energies, or NaN.
    """
    return as_energies(energy(samples), samples.n)


def _compare(given: np.ndarray, computed: np.ndarray) -> None:
    apart = np.abs(given - computed)
    worst = int(apart.argmax())
    if apart[worst] > _ALIKE * max(float(np.abs(computed).max()), 1e-300):
        raise InputError(
            f"the energies differ from those of the function: {given[worst]:g} and"
            f" {computed[worst]:g} for sample {worst}; give the whole lattice's energy in the same"
            " unit, or leave one of them out"
        )
