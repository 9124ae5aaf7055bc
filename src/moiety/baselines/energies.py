"""Energies of samples, which fluctuations and thermodynamic integration start from."""

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

    Arguments:
        temperature: In units of energy (k_B = 1).
        sites: N of the lattice.
        energies: Of the whole lattice, not a site, shape `(chains, draws)`.

    Raises:
        InputError: Energies of another shape, not finite or too few, a temperature that is not positive.

    Example:
        >>> import moiety
        >>> model = moiety.system("ising-square", size=8, temperature=2.0)
        >>> series = EnergySeries.of(model.sample(64, seed=1))
        >>> series.energies.size, series.sites
        (64, 64)
    """

    temperature: float
    sites: int
    energies: np.ndarray

    def __post_init__(self):
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
    def of(cls, samples: Samples) -> EnergySeries:
        """Those of samples that say which system they are of.

        Raises:
            InputError: They do not, or it has no energy.
        """
        model = model_of(samples)
        return cls(model.temperature, prod(samples.shape), model.energy(samples.values))

    @property
    def deviations(self) -> np.ndarray:
        """Energies less their mean, shape `(n,)`."""
        return (self.energies - self.energies.mean()).ravel()


def model_of(samples: Samples) -> Any:
    """The system that samples say they are of."""
    said = samples.provenance
    name, parameters = said.get("system"), said.get("parameters")
    if name not in SYSTEMS or not isinstance(parameters, dict):
        raise InputError(
            "the samples do not say which system they are of; give their energies as an EnergySeries"
        )
    model = system(name, **parameters)
    if not hasattr(model, "temperature") or tuple(model.shape) != tuple(samples.shape):
        raise InputError(f"samples of {name} have no energy at a temperature")
    return model
