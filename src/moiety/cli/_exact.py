"""`moiety exact`: exact answers, where they are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite
from typing import Annotated, Any

from typer import Option

from ..base.errors import EstimateError, InputError
from ..entropy.choices import model
from ._options import (  # fmt: skip
    Coupling,
    Density,
    Dimensions,
    Field,
    Json,
    Mass,
    Number,
    PackingFraction,
    Potts,
    Stay,
    Stiffness,
    System,
    Temperature,
)
from ._terminal import say

__all__ = ["EXAMPLE", "exact"]

EXAMPLE = """Example:

\b
  moiety exact ising-square --temperature 2.4
  moiety exact ising-square --temperature 2.4 --size 64 --json
  moiety exact ising-square --temperature 2 --size 4 --block 2x2
  moiety exact xy-square --temperature 0.1 --field 0.5 --size 32 --block 16x32
  moiety exact ising-triangular --temperature 1 --coupling -1 --strip 9
  moiety exact xy-square --temperature 4 --high-temperature
  moiety exact hard-disks --packing-fraction 0.3
"""

_Size = Annotated[
    str | None,
    Option(
        metavar="L", help="Side of the torus, or its sides: 64, 48x80 or 48,80; default: infinite."
    ),
]
_Block = Annotated[
    str | None,
    Option(
        metavar="L",
        help="Also the entropy of a block of these sides inside the lattice, and M between it and the next one "
        "along the first axis.",
    ),
]
_Strip = Annotated[
    int | None,
    Option(
        metavar="W",
        help="Instead, of an endless strip W sites wide that closes into a tube, and M across a cut.",
    ),
]
_Open = Annotated[bool, Option("--open", help="Leave the two sides of the strip free.")]
_Hot = Annotated[
    bool,
    Option(
        "--high-temperature",
        help="Instead, the series in J/T of the infinite lattice, and M per bond cut.",
    ),
]


def exact(
    system: System,
    temperature: Temperature = None,
    size: _Size = None,
    coupling: Coupling = None,
    field: Field = None,
    states: Potts = None,
    mass: Mass = None,
    stiffness: Stiffness = None,
    stay: Stay = None,
    particles: Number = None,
    packing_fraction: PackingFraction = None,
    density: Density = None,
    dimensions: Dimensions = None,
    block: _Block = None,
    strip: _Strip = None,
    open_sides: _Open = False,
    high_temperature: _Hot = False,
    as_json: Json = False,
) -> None:
    """Print the exact entropy, energy and heat capacity per site, where they are known.

    Of the infinite lattice, or of the periodic one of the size given: Onsager and
    Kaufman for the Ising square and Houtappel for the triangular lattice without a
    field, the transfer matrix for chains and for narrow lattices, the spectrum for
    the Gaussian field, and enumeration for any system of up to about a million
    states in all; of 64x64 rotors it is a table with errors, from simulations. With
    --block also of a part of the lattice; of rotors in a field that is the limit of
    low temperature. Of particles it is the entropy over the ideal gas, per particle, of
    infinitely many: Tonks for rods, Henderson's equation for disks. Entropies are in
    nats. Ends with code 1 where nothing is known.
    """
    from ..systems import PARTICLE_SYSTEMS

    _check(size, block, strip, open_sides, high_temperature)
    parameters = {
        "temperature": temperature,
        "coupling": coupling,
        "field": field,
        "states": states,
    }
    parameters |= {"mass": mass, "stiffness": stiffness, "stay": stay}
    parameters |= {
        "packing_fraction": packing_fraction,
        "density": density,
        "dimensions": dimensions,
    }
    of_particles = system in PARTICLE_SYSTEMS
    if of_particles:
        parameters["particles"] = particles or _MANY
    elif particles is not None:
        raise InputError(f"{system} is a lattice; --particles is for {', '.join(PARTICLE_SYSTEMS)}")
    source = model(
        system, size or (None if of_particles else "2"), **parameters
    )  # an infinite lattice has any size
    if of_particles:
        found = _gas(source, block or strip is not None or high_temperature)
    elif strip is not None:
        found = _strip(source, strip, not open_sides)
    elif high_temperature:
        found = _hot(source)
    else:
        found = _lattice(source, size, block)
    found = _EMPTY | {"unit": "nats/site", "system": system, "parameters": _said(source)} | found
    if as_json:
        say(json.dumps({name: _finite(value) for name, value in found.items() if name != "label"}))
    else:
        for line in _lines(found):
            say(line)


# what scripts find at all times; the first five are older than the others
_EMPTY = dict.fromkeys(
    ("entropy", "unit", "system", "shape", "parameters", "energy", "heat_capacity")
)
_MANY = 1024  # particles of an infinite system: any number
_EMPTY |= dict.fromkeys(
    ("block", "block_entropy", "strip", "mutual_information", "bond_information", "method", "error")
)


def _check(
    size: str | None, block: str | None, strip: int | None, open_sides: bool, hot: bool
) -> None:
    """Options that exclude one another."""
    if strip is not None and hot:
        raise InputError("--strip and --high-temperature are two questions; ask one at a time")
    for name, asked in (("--strip", strip is not None), ("--high-temperature", hot)):
        if asked and (size or block):
            raise InputError(f"{name} is about an infinite lattice: leave out --size and --block")
    if open_sides and strip is None:
        raise InputError("--open is about the sides of a strip; give --strip too")


def _gas(source: Any, more: Any) -> dict[str, Any]:
    """The excess entropy of particles."""
    if more:
        raise InputError(
            f"of {source.name} the entropy alone is known: leave out --block, --strip and --high-temperature"
        )
    if not hasattr(source, "exact_excess_entropy"):
        raise EstimateError(f"no exact entropy of {source.name} is known")
    label = f"excess over the ideal gas: infinite {source.name}"
    return {
        "entropy": source.exact_excess_entropy(),
        "unit": "nats/particle",
        "label": label,
        "method": "exact",
    }


def _said(source: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in source.parameters().items()
        if name not in ("size", "particles")
    }


def _lattice(source: Any, size: str | None, block: str | None) -> dict[str, Any]:
    """A torus, or the infinite lattice, and perhaps a block of it."""
    from ..exact.blocks import block_answers
    from ..exact.thermal import thermal

    if block is None and (found := _tabulated(source)):
        return found
    part = (
        None if block is None else block_answers(source, _sides(source, block), infinite=not size)
    )
    known = thermal(source, infinite=not size)
    if (block is not None and part is None) or (part is None and known.entropy is None):
        where = (
            "of this size"
            if size
            else "on the infinite lattice; small ones can be enumerated: give --size"
        )
        what = "exact entropy" if block is None else "answer for such a block"
        raise EstimateError(f"no {what} of {source.name} is known for these parameters {where}")
    shape = list(source.shape) if size else None
    lattice = (
        f"{source.name} of {'x'.join(map(str, shape))}" if shape else f"infinite {source.name}"
    )
    found = {
        "shape": shape,
        "entropy": known.entropy,
        "energy": known.energy,
        "heat_capacity": known.heat_capacity,
    }
    found |= {"label": f"exact: {lattice}", "method": "exact"}
    if part is not None:
        found |= {"block": list(_sides(source, block)), "block_entropy": part.entropy}
        found |= {"mutual_information": part.mutual_information}
        if part.limit:
            found |= {"method": part.limit, "label": f"limit of {part.limit}: {lattice}"}
    return found


def _tabulated(source: Any) -> dict[str, Any] | None:
    """Rotors on the lattice whose entropy was integrated from simulations, within that table."""
    from ..exact import xy_reference

    if source.name != "xy-square" or source.shape != xy_reference.SHAPE or source.coupling != 1:
        return None
    try:
        entropy, error = xy_reference.xy_reference_entropy(source.temperature, source.field)
    except InputError:
        return None
    label = f"thermodynamic integration: {source.name} of {'x'.join(map(str, source.shape))}"
    found = {"shape": list(source.shape), "entropy": entropy, "error": error}
    return found | {"label": label, "method": "thermodynamic integration"}


def _sides(source: Any, block: str) -> tuple[int, ...]:
    """The sides of a block, read like those of the lattice; one side stands for equal ones."""
    dimensions = len(source.shape)
    words = [word.strip() for word in block.lower().replace(",", "x").split("x")]
    if not all(word.isascii() and word.isdecimal() for word in words):
        raise InputError(f"block {block!r} cannot be read; give its sides, as in 2x4")
    sides = tuple(map(int, words))
    return sides * dimensions if len(sides) == 1 else sides


def _strip(source: Any, width: int, periodic: bool) -> dict[str, Any]:
    from ..exact.strips import LATTICES, Strip

    if source.name not in LATTICES:
        raise InputError(f"no strips of {source.name}; choose from {', '.join(LATTICES)}")
    strip = Strip(source.name, width, periodic=periodic, **_said(source))
    found = {
        "entropy": strip.entropy(),
        "energy": strip.energy(),
        "mutual_information": strip.information(),
    }
    sides = "periodic" if periodic else "open"
    label = f"exact: {sides} strip of {source.name} {width} wide"
    return found | {
        "label": label,
        "method": "exact",
        "strip": {"width": width, "periodic": periodic},
    }


def _hot(source: Any) -> dict[str, Any]:
    from ..exact import high_temperature as hot

    if source.name not in hot.SERIES:
        raise InputError(f"no series of {source.name}; choose from {', '.join(hot.SERIES)}")
    said = _said(source)
    if said.pop("field", 0) != 0:
        raise InputError("the series is known without a field alone; leave out --field")
    found = {
        "entropy": hot.high_temperature_entropy(source.name, **said),
        "energy": hot.high_temperature_energy(source.name, **said),
        "heat_capacity": hot.high_temperature_heat_capacity(source.name, **said),
        "bond_information": hot.cut_information(source.name, 1, **said),
    }
    label = f"series to order {hot.SERIES[source.name].order} in J/T: infinite {source.name}"
    return found | {"label": label, "method": "high temperature"}


def _lines(found: dict[str, Any]) -> Iterator[str]:
    """What a reader sees, the entropy first."""
    words = ", ".join(f"{name} {number:g}" for name, number in found["parameters"].items())
    note = f"  [{found['label']}, {words}]"
    if found["error"] is not None:
        yield f"s = {found['entropy']:.5f} ± {found['error']:.5f} nats/site{note}"
        return
    known = [line for line in map(_line, *zip(*_WORDS, strict=True), [found] * len(_WORDS)) if line]
    yield known[0] + note
    yield from known[1:]


_WORDS = (
    ("entropy", "s = {:.7f} {unit}"),
    ("energy", "u = {:.7f} a site"),
    ("heat_capacity", "c = {:.7f} a site"),
    ("block_entropy", "S = {:.7f} nats, of a block of {sides}"),
    ("mutual_information", "M = {:.7f} nats, between {parts}"),
    ("bond_information", "M = {:.7f} nats for every bond cut, to second order"),
)


def _line(name: str, words: str, found: dict[str, Any]) -> str | None:
    if found.get(name) is None:
        return None
    sides = "x".join(map(str, found.get("block") or []))
    parts = f"two neighbours of {sides}" if sides else "the two sides of a cut"
    return words.format(found[name], unit=found["unit"], sides=sides, parts=parts)


def _finite(value: Any) -> Any:
    """JSON has no infinity, which the heat capacity can be."""
    return None if isinstance(value, float) and not isfinite(value) else value
