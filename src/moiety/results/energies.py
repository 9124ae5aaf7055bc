"""What known energies add to a result: a free energy, and a two-sided bracket of the entropy."""

from __future__ import annotations

from dataclasses import dataclass

from ..base.words import measured

__all__ = ["Bracket", "FreeEnergy"]


@dataclass(frozen=True)
class Bracket:
    """Two bounds between which the entropy lies.

    For the mean energy as it is; an error of the mean energy moves both ends alike.

    Args:
        lower: Lower bound of the entropy per site in nats, from draws of the networks.
        upper: Upper bound, from the samples.
        effective: Effective number of draws as samples, by their weights.
        overlap: How far samples and draws look alike: 1 if they cannot be told apart.
    """

    lower: float
    upper: float
    effective: float
    overlap: float


@dataclass(frozen=True)
class FreeEnergy:
    """Free energy and entropy of samples whose energies are known, per site.

    Args:
        value: Free energy, -T log Z.
        error: Its standard error.
        temperature: Temperature that was given.
        energy: Mean energy.
        energy_error: Its standard error.
        entropy: Entropy in nats, (energy - value) / T.
        entropy_error: Its standard error.
        heat_capacity: Variance of the total energy over T^2 and sites.
        heat_capacity_error: Its standard error.
        fitted_temperature: Temperature at which the networks' -log q has the slope 1/T against E.
        fitted_error: Its standard error.
        bracket: Bounds of the entropy, if the energy of any configuration is known.

    Example:
        >>> found = FreeEnergy(-4.0, 1e-4, 2.0, -1.0, 1e-3, 1.5, 5e-4, 0.7, 0.02, 2.01, 0.02)
        >>> found.log_z
        2.0
    """

    value: float
    error: float
    temperature: float
    energy: float
    energy_error: float
    entropy: float
    entropy_error: float
    heat_capacity: float
    heat_capacity_error: float
    fitted_temperature: float
    fitted_error: float
    bracket: Bracket | None = None

    @property
    def log_z(self) -> float:
        """Log Z per site."""
        return -self.value / self.temperature

    @property
    def log_z_error(self) -> float:
        """Standard error of log Z per site."""
        return self.error / self.temperature

    def __str__(self) -> str:
        return f"F = {measured(self.value, self.error)}"
