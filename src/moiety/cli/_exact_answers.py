"""Exact answers about lattices, strips and particles, as the JSON object of `moiety exact`."""

from __future__ import annotations

from typing import Any

from ..base.errors import EstimateError, InputError

__all__ = ["Answers", "complete", "for_lattice", "for_particles", "for_strip", "series"]

Answers = dict[str, Any]
"""The JSON object, with an additional `label` for readers."""

_KEYS = (
    "entropy", "unit", "system", "shape", "parameters", "energy", "heat_capacity", "block",
    "block_entropy", "strip", "mutual_information", "bond_information", "method", "error",
)  # fmt: skip


def complete(source: Any, answers: Answers) -> Answers:
    """Return the answers with all keys in a fixed order, None where there is no answer.

    Args:
        source: The system.
        answers: Output of one of the functions below.
    """
    known = {"unit": "nats/site", "system": source.name, "parameters": _parameters(source)}
    return dict.fromkeys(_KEYS) | known | answers


def _parameters(source: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in source.parameters().items()
        if name not in ("size", "particles")
    }


def for_particles(source: Any, more: bool) -> Answers:
    """Return the excess entropy of particles.

    Args:
        source: The system.
        more: Whether the user asks for more than the entropy.
    """
    if more:
        raise InputError(
            f"of {source.name} the entropy alone is known:"
            " leave out --block, --strip and --high-temperature"
        )
    if not hasattr(source, "exact_excess_entropy"):
        raise EstimateError(f"no exact entropy of {source.name} is known")
    return {
        "entropy": source.exact_excess_entropy(),
        "unit": "nats/particle",
        "label": f"excess over the ideal gas: infinite {source.name}",
        "method": "exact",
    }


def for_lattice(source: Any, size: str | None, block: str | None) -> Answers:
    """Return the answers for a torus or the infinite lattice, and for a block of it.

    Args:
        source: The system.
        size: Sides of the torus; None for the infinite lattice.
        block: Sides of the block, if any.
    """
    from ..exact.blocks import block_answers
    from ..exact.thermal import thermal

    if block is None and (answers := _tabulated(source)):
        return answers
    sides = None if block is None else _sides(source, block)
    part = None if sides is None else block_answers(source, sides, infinite=not size)
    known = thermal(source, infinite=not size)
    if part is None and (sides is not None or known.entropy is None):
        raise EstimateError(_unknown(source.name, size, block))
    shape = list(source.shape) if size else None
    lattice = f"{source.name} of {_text(shape)}" if shape else f"infinite {source.name}"
    answers = {
        "shape": shape,
        "entropy": known.entropy,
        "energy": known.energy,
        "heat_capacity": known.heat_capacity,
        "label": f"exact: {lattice}",
        "method": "exact",
    }
    if sides is not None and part is not None:
        answers |= {
            "block": list(sides),
            "block_entropy": part.entropy,
            "mutual_information": part.mutual_information,
        }
        if part.limit:
            answers |= {"method": part.limit, "label": f"limit of {part.limit}: {lattice}"}
    return answers


def _unknown(name: str, size: str | None, block: str | None) -> str:
    what = "exact entropy" if block is None else "answer for such a block"
    where = (
        "of this size"
        if size
        else "on the infinite lattice; small ones can be enumerated: give --size"
    )
    return f"no {what} of {name} is known for these parameters {where}"


def _text(shape: list[int]) -> str:
    return "x".join(map(str, shape))


def _tabulated(source: Any) -> Answers | None:
    """Return the entropy of rotors from the table of thermodynamic integration, if it is there."""
    from ..exact import xy_reference

    if source.name != "xy-square" or source.shape != xy_reference.SHAPE or source.coupling != 1:
        return None
    try:
        entropy, error = xy_reference.xy_reference_entropy(source.temperature, source.field)
    except InputError:
        return None
    shape, method = list(source.shape), "thermodynamic integration"
    return {
        "shape": shape,
        "entropy": entropy,
        "error": error,
        "label": f"{method}: {source.name} of {_text(shape)}",
        "method": method,
    }


def _sides(source: Any, block: str) -> tuple[int, ...]:
    """Parse the sides of a block; a single side stands for equal sides."""
    words = [word.strip() for word in block.lower().replace(",", "x").split("x")]
    if not all(word.isascii() and word.isdecimal() for word in words):
        raise InputError(f"block {block!r} cannot be read; give its sides, as in 2x4")
    sides = tuple(map(int, words))
    return sides * len(source.shape) if len(sides) == 1 else sides


def for_strip(source: Any, width: int, periodic: bool) -> Answers:
    """Return the answers for an infinite strip.

    Args:
        source: The system.
        width: Width of the strip in sites.
        periodic: Whether the strip is periodic across.
    """
    from ..exact.strips import LATTICES, Strip

    if source.name not in LATTICES:
        raise InputError(f"no strips of {source.name}; choose from {', '.join(LATTICES)}")
    strip = Strip(source.name, width, periodic=periodic, **_parameters(source))
    boundary = "periodic" if periodic else "open"
    return {
        "entropy": strip.entropy(),
        "energy": strip.energy(),
        "mutual_information": strip.information(),
        "label": f"exact: {boundary} strip of {source.name} {width} wide",
        "method": "exact",
        "strip": {"width": width, "periodic": periodic},
    }


def series(source: Any) -> Answers:
    """Return the answers of the high-temperature series for the infinite lattice.

    Args:
        source: The system.
    """
    from ..exact import high_temperature as hot

    if source.name not in hot.SERIES:
        raise InputError(f"no series of {source.name}; choose from {', '.join(hot.SERIES)}")
    parameters = _parameters(source)
    if parameters.pop("field", 0) != 0:
        raise InputError("the series is known only without a field; leave out --field")
    order = hot.SERIES[source.name].order
    return {
        "entropy": hot.high_temperature_entropy(source.name, **parameters),
        "energy": hot.high_temperature_energy(source.name, **parameters),
        "heat_capacity": hot.high_temperature_heat_capacity(source.name, **parameters),
        "bond_information": hot.cut_information(source.name, 1, **parameters),
        "label": f"series to order {order} in J/T: infinite {source.name}",
        "method": "high temperature",
    }
