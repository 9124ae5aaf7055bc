r"""What enthalpies and a temperature add to a difference of entropies.

Two phases at one pressure coexist where their Gibbs free energies per particle are the same,

    Delta h - T Delta s = 0,     T_m = Delta h / Delta s,

with Delta h and Delta s at the temperature of the samples, taken as constant between there and T_m.
The errors of h and s are independent: h comes from energies, s from positions.
"""

from __future__ import annotations

import re
from math import hypot, inf, isfinite

from ..base.errors import InputError
from ..results.difference import Coexistence, Measured
from ..results.types import Check
from .energy_choices import mean_energy_of

__all__ = ["coexistence_of", "enthalpy_of", "melting_check"]

_SIGMAS = 2.0  # errors from zero, below which a quotient by Delta s has no useful error
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*", re.IGNORECASE)


def enthalpy_of(text: str) -> tuple[float, float]:
    """Read an enthalpy with or without its error.

    Args:
        text: Such as `"-3120.5"`, `"-3120.5±0.8"` or `"-3120.5+-0.8"`.

    Raises:
        InputError: It is written in another way.

    Example:
        >>> enthalpy_of("-6.1"), enthalpy_of("-6.1±0.02")
        ((-6.1, 0.0), (-6.1, 0.02))
    """
    if _NUMBER.fullmatch(text):
        return float(text), 0.0
    try:
        return mean_energy_of(text)
    except InputError:
        raise InputError(
            f"enthalpy {text!r} cannot be read; give a number, or one with its error, as in"
            " -3120.5±0.8"
        ) from None


def coexistence_of(
    entropy: Measured,
    temperature: float | None,
    enthalpies: tuple[tuple[float, float], tuple[float, float]] | None,
) -> Coexistence | None:
    """Melting temperature and free energies; None if nothing is known.

    Args:
        entropy: Delta s.
        temperature: Temperature of the samples.
        enthalpies: Enthalpy and error of each phase, in the unit of Delta s times temperature.

    Raises:
        InputError: A temperature that is not positive, or enthalpies that are no numbers.

    Example:
        >>> found = coexistence_of(Measured(1.25, 0.05), 2.0, ((-7.0, 0.0), (-4.5, 0.0)))
        >>> print(found.melting, "|", found.free_energy)
        2.000 ± 0.080 | 0.00 ± 0.10
    """
    if temperature is not None and not 0 < temperature < inf:
        raise InputError(f"the temperature must be positive, not {temperature:g}")
    if temperature is None and enthalpies is None:
        return None
    heat = None
    if temperature is not None:
        heat = Measured(temperature * entropy.value, temperature * entropy.error)
    if enthalpies is None:
        return Coexistence(temperature, heat=heat)
    change = _difference(*enthalpies)
    if temperature is None or heat is None:
        return Coexistence(enthalpy=change, melting=_quotient(change, entropy))
    return Coexistence(
        temperature,
        change,
        _quotient(change, entropy),
        Measured(change.value / temperature, change.error / temperature),
        Measured(change.value - heat.value, hypot(change.error, heat.error)),
        heat,
    )


def _difference(first: tuple[float, float], second: tuple[float, float]) -> Measured:
    if not all(isfinite(part) for part in (*first, *second)):
        raise InputError("enthalpies must be finite numbers")
    return Measured(second[0] - first[0], hypot(first[1], second[1]))


def _quotient(change: Measured, entropy: Measured) -> Measured | None:
    """Delta h / Delta s where it is a temperature; None where it is not."""
    if change.value * entropy.value <= 0:
        return None
    value = change.value / entropy.value
    return Measured(
        value, value * hypot(change.error / change.value, entropy.error / entropy.value)
    )


def melting_check(entropy: Measured, found: Coexistence | None) -> tuple[Check, ...]:
    """Whether the differences give a melting temperature.

    Args:
        entropy: Delta s.
        found: Output of `coexistence_of`.

    Example:
        >>> found = coexistence_of(Measured(0.01, 0.02), None, ((-7.0, 0.0), (-4.5, 0.0)))
        >>> melting_check(Measured(0.01, 0.02), found)[0].passed
        False
    """
    if found is None or found.enthalpy is None:
        return ()
    name = "melting temperature"
    if abs(entropy.value) < _SIGMAS * entropy.error:
        text = "Δs is zero within two errors, so that Δh / Δs says nothing: use more samples"
        return (Check(name, False, text),)
    if found.melting is None:
        text = (
            "Δh and Δs have opposite signs, so that one phase is stable at every temperature:"
            " check the order and the sign of the enthalpies"
        )
        return (Check(name, False, text),)
    return (Check(name, True, f"Δh / Δs = {found.melting}"),)
