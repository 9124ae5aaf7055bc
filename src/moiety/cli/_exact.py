"""`moiety exact`: print exact answers, where they are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import inf, isfinite, prod
from typing import Annotated, Any

from typer import Option

from ..base.errors import InputError
from ..entropy.choices import model
from ._exact_answers import Answers, complete, for_lattice, for_particles, for_strip, series
from ._options import (
    Coupling,
    Cutoff,
    Density,
    Dimensions,
    Field,
    Json,
    Mass,
    Number,
    PackingFraction,
    Phase,
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
  moiety exact lennard-jones --density 0.6 --temperature 2
"""

_MOST_SIDE = 10**6
# Sites of lattices whose modes are summed one by one: some seconds and 1 GiB.
_MOST_SITES = {"gaussian-field": 10**8, "ising-triangular": 10**7}
_MANY = 2048  # particles of an infinite system, 4 k^3; the answer does not depend on the number

_Size = Annotated[
    str | None,
    Option(
        metavar="L",
        help="Side of the torus, or all sides: 64, 48x80 or 48,80; default: infinite lattice.",
    ),
]
_Block = Annotated[
    str | None,
    Option(
        metavar="L",
        help="Also print the entropy of a block of these sides, and M between it and its"
        " neighbour along the first axis.",
    ),
]
_Strip = Annotated[
    int | None,
    Option(
        metavar="W",
        help="Answer for an infinite strip instead, W sites wide and periodic across, with M"
        " across a cut.",
    ),
]
_Open = Annotated[bool, Option("--open", help="Use open boundaries along the strip.")]
_Hot = Annotated[
    bool,
    Option(
        "--high-temperature",
        help="Answer by the series in J/T for the infinite lattice instead, with M per bond that"
        " is cut.",
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
    phase: Phase = None,
    cutoff: Cutoff = None,
    block: _Block = None,
    strip: _Strip = None,
    open_sides: _Open = False,
    high_temperature: _Hot = False,
    as_json: Json = False,
) -> None:
    """Print the exact entropy, energy and heat capacity per site, where they are known.

    Answers are for the infinite lattice, or for a periodic one of the given size.
    They come from Onsager and Kaufman for the square Ising lattice and Houtappel for
    the triangular one (both without a field), from the transfer matrix for chains and
    narrow lattices, from the spectrum for the Gaussian field, and from enumeration
    for any system of up to about a million states. For 64x64 rotors they come from a
    table of simulations, with errors. --block adds a part of the lattice; for rotors
    in a field this is the limit of low temperature.

    For particles the answer is the excess entropy per particle over the ideal gas in
    an infinite system: Tonks for rods, Henderson's equation for disks. Entropies are
    in nats. The exit code is 1 if no answer is known.
    """
    from ..systems import PARTICLE_SYSTEMS

    _check(size, block, strip, open_sides, high_temperature)
    is_gas = system in PARTICLE_SYSTEMS
    if particles is not None and not is_gas:
        raise InputError(f"{system} is a lattice; --particles is for {', '.join(PARTICLE_SYSTEMS)}")
    source = model(
        system,
        size or (None if is_gas else "2"),  # an infinite lattice has any size
        temperature=temperature,
        coupling=coupling,
        field=field,
        states=states,
        mass=mass,
        stiffness=stiffness,
        stay=stay,
        particles=(particles or _MANY) if is_gas else None,
        packing_fraction=packing_fraction,
        density=density,
        dimensions=dimensions,
        phase=phase,
        cutoff=cutoff,
    )
    if size:
        _check_size(source)
    if is_gas:
        answers = for_particles(source, bool(block) or strip is not None or high_temperature)
    elif strip is not None:
        answers = for_strip(source, strip, not open_sides)
    elif high_temperature:
        answers = series(source)
    else:
        answers = for_lattice(source, size, block)
    _print(complete(source, answers), as_json)


def _check(
    size: str | None, block: str | None, strip: int | None, open_sides: bool, hot: bool
) -> None:
    """Refuse options that exclude one another."""
    if strip is not None and hot:
        raise InputError("--strip and --high-temperature are two questions; ask one at a time")
    for name, asked in (("--strip", strip is not None), ("--high-temperature", hot)):
        if asked and (size or block):
            raise InputError(f"{name} is about an infinite lattice: leave out --size and --block")
    if open_sides and strip is None:
        raise InputError("--open is about the sides of a strip; give --strip too")


def _check_size(source: Any) -> None:
    """Refuse a torus whose modes would fill the memory."""
    sides = source.shape
    if max(sides) > _MOST_SIDE or prod(sides) > _MOST_SITES.get(source.name, inf):
        raise InputError(
            f"a torus of {'x'.join(map(str, sides))} is too large; leave out --size for the"
            " infinite lattice"
        )


def _print(answers: Answers, as_json: bool) -> None:
    if as_json:
        say(json.dumps({key: _finite(answers[key]) for key in answers if key != "label"}))
        return
    for line in _lines(answers):
        say(line)


def _lines(answers: Answers) -> Iterator[str]:
    """Yield the lines for a reader, the entropy first."""
    parameters = ", ".join(
        f"{name} {_text(value)}" for name, value in answers["parameters"].items()
    )
    source = f"  [{answers['label']}, {parameters}]"
    if answers["error"] is not None:
        yield f"s = {answers['entropy']:.5f} ± {answers['error']:.5f} nats/site{source}"
        return
    lines = [_line(key, template, answers) for key, template in _TEMPLATES.items()]
    first, *others = filter(None, lines)
    yield first + source
    yield from others


_TEMPLATES = {
    "entropy": "s = {:.7f} {unit}",
    "energy": "u = {:.7f} per site",
    "heat_capacity": "c = {:.7f} per site",
    "block_entropy": "S = {:.7f} nats, of a block of {sides}",
    "mutual_information": "M = {:.7f} nats, between {parts}",
    "bond_information": "M = {:.7f} nats for every bond cut, to second order",
}


def _line(key: str, template: str, answers: Answers) -> str | None:
    if answers.get(key) is None:
        return None
    sides = "x".join(map(str, answers.get("block") or []))
    parts = f"two neighbours of {sides}" if sides else "the two sides of a cut"
    return template.format(answers[key], unit=answers["unit"], sides=sides, parts=parts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _finite(value: Any) -> Any:
    """Replace infinity, which the heat capacity can be, by null."""
    return None if isinstance(value, float) and not isfinite(value) else value
