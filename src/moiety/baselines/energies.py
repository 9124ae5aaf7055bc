"""Energies of samples, the input of fluctuations and thermodynamic integration."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..data.samples import Samples
from ..systems import SYSTEMS, system

__all__ = ["EnergySeries"]


@dataclass(frozen=True, eq=False)
class EnergySeries:
    """Energies of samples at one temperature.

    Args:
        temperature: T in units of energy (k_B = 1).
        sites: Number of lattice sites, N.
        energies: Energies of the whole lattice (not per site), shape `(chains, draws)`.

    Raises:
        InputError: The energies have another shape, are not finite or fewer than 4, or the
            temperature or the number of sites is not positive.

    Example:
        >>> import moiety
        >>> model = moiety.system("ising-square", size=8, temperature=2.0)
        >>> series = EnergySeries.from_samples(model.sample(64, seed=1))
        >>> series.energies.size, series.sites
        (64, 64)
    """

    temperature: float
    sites: int
    energies: np.ndarray

    def __post_init__(self) -> None:
        if (
            self.energies.ndim != 2
            or self.energies.size < 4
            or not np.isfinite(self.energies).all()
        ):
            raise InputError(
                f"energies must be finite, of shape (chains, draws), not {self.energies.shape}"
            )
        if not self.temperature > 0 or self.sites < 1:
            raise InputError(
                f"temperature and sites must be positive, not {self.temperature} and {self.sites}"
            )

    @classmethod
    def from_samples(cls, samples: Samples) -> EnergySeries:
        """Compute the energies of samples.

        Args:
            samples: Samples with their system and its parameters in `provenance`.

        Raises:
            InputError: The system is unknown or has no energy.
        """
        model = model_of(samples)
        return cls(model.temperature, prod(samples.shape), model.energy(samples.values))

    @property
    def deviations(self) -> np.ndarray:
        """Energies minus their mean, shape `(n,)`."""
        return np.asarray((self.energies - self.energies.mean()).ravel())


def model_of(samples: Samples) -> Any:
    """The system that samples come from, by their provenance.

    Args:
        samples: Samples with their system and its parameters in `provenance`.

    Raises:
        InputError: The system is unknown or has no energy.
    """
    name, parameters = samples.provenance.get("system"), samples.provenance.get("parameters")
    if name not in SYSTEMS or not isinstance(parameters, dict):
        raise InputError(
            "the samples do not say which system they come from; "
            "give their energies as an EnergySeries"
        )
    model = system(name, **parameters)
    if not hasattr(model, "temperature") or tuple(model.shape) != tuple(samples.shape):
        raise InputError(f"samples of {name} have no energy at a temperature")
    return model
