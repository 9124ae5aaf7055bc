r"""The difference of two entropies per particle, with its parts.

    s_2 - s_1 = [s_ex,2 - s_ex,1] - log(rho_2 / rho_1)

The first part is the difference of the excess entropies over the ideal gas, the second that of the
ideal gas itself: at one temperature the momenta of both phases have the same entropy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..base.words import measured
from .result import EntropyResult
from .types import CrossCheck, Status

__all__ = ["Coexistence", "EntropyDifference", "Measured", "ScaleDifference"]


@dataclass(frozen=True)
class Measured:
    """A number with one standard error, in the unit of its context.

    Args:
        value: The number.
        error: One standard error.

    Example:
        >>> print(Measured(368.2, 12.0))
        368 ± 12
    """

    value: float
    error: float

    def __str__(self) -> str:
        return measured(self.value, self.error)


@dataclass(frozen=True)
class ScaleDifference:
    """What the correlations on one scale add to the difference.

    Args:
        name: `"smallest blocks"`, sides of a half, or `"larger blocks"`.
        volume: Volume of a half in sigma^d; of the smallest one where several are meant.
        information: M of both phases in nats; None for the smallest and for larger blocks.
        terms: Terms of the excess entropies of both phases.
        error: One standard error of the difference of the terms.
    """

    name: str
    volume: float
    information: tuple[Measured, Measured] | None
    terms: tuple[float, float]
    error: float

    @property
    def difference(self) -> Measured:
        """The second term minus the first."""
        return Measured(self.terms[1] - self.terms[0], self.error)


@dataclass(frozen=True)
class Coexistence:
    """What temperature and enthalpies say about the two phases.

    Enthalpies are per particle, divided by k_B, or per mole in joules, as the unit of the entropy.

    Args:
        temperature: Temperature T of the samples, or None.
        enthalpy: Delta h, or None.
        melting: Delta h / Delta s: the temperature at which both phases have the same free
            energy, if neither difference depends on the temperature.
        expected: Delta h / T: what Delta s would be if the phases coexisted at T.
        free_energy: Delta g = Delta h - T Delta s; positive if the first phase is stable.
        heat: T Delta s: the latent heat if the phases coexist at T.
    """

    temperature: float | None = None
    enthalpy: Measured | None = None
    melting: Measured | None = None
    expected: Measured | None = None
    free_energy: Measured | None = None
    heat: Measured | None = None


@dataclass(frozen=True)
class EntropyDifference:
    """The entropy per particle of a second phase minus that of a first one.

    Args:
        names: Names of the phases.
        results: Estimates of their excess entropies, in nats per particle.
        entropy: Delta s, in `unit`, as all entropies here.
        error: One standard error.
        excess: The part of the excess entropies.
        density: The part of the densities, -log(rho_2 / rho_1).
        budget: Parts of the error by name.
        scales: Terms of the excess part by scale, smallest blocks first.
        status: Checks of both estimates and of the comparison.
        cross_check: Delta s by the second route, if both estimates took it.
        coexistence: Melting temperature and free energies, if anything about them is known.
        unit: `"k_B/particle"` or `"J/mol/K"`.
    """

    names: tuple[str, str]
    results: tuple[EntropyResult, EntropyResult]
    entropy: float
    error: float
    excess: Measured
    density: Measured
    budget: Mapping[str, float]
    scales: tuple[ScaleDifference, ...]
    status: Status
    cross_check: CrossCheck | None = None
    coexistence: Coexistence | None = None
    unit: str = "k_B/particle"

    def __str__(self) -> str:
        notes = [f"s({self.names[1]}) - s({self.names[0]})"]
        notes += [f"cross-check {self.cross_check}"] if self.cross_check else []
        notes += [] if self.status.ok else [str(self.status)]
        return f"Δs = {measured(self.entropy, self.error)} {self.unit}  [{'; '.join(notes)}]"

    def summary(self) -> str:
        """The difference, its parts and what they say about coexistence, a line each."""
        lines = [
            str(self),
            f"excess: {self.excess} {self.unit}",
            f"density: {self.density} {self.unit}",
        ]
        known = asdict(self.coexistence) if self.coexistence else {}
        lines += [
            f"{name.replace('_', ' ')}: {measured(part['value'], part['error'])}"
            for name, part in known.items()
            if isinstance(part, dict)
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the training curves, as plain numbers, text, lists and mappings."""
        crossed = self.cross_check
        return {
            "entropy": self.entropy,
            "error": self.error,
            "unit": self.unit,
            "excess": asdict(self.excess),
            "density": asdict(self.density),
            "budget": dict(self.budget),
            "cross_check": {
                name: getattr(crossed, name)
                for name in ("entropy", "error", "difference", "difference_error")
            }
            if crossed
            else None,
            "coexistence": asdict(self.coexistence) if self.coexistence else None,
            "status": {
                "ok": self.status.ok,
                "warnings": list(self.status.warnings),
                "checks": [asdict(check) for check in self.status.checks],
            },
            "levels": [
                {**asdict(scale), "difference": scale.difference.value} for scale in self.scales
            ],
            "phases": [
                {"name": name, **result.to_dict()}
                for name, result in zip(self.names, self.results, strict=True)
            ],
        }
