"""Extended XYZ (https://github.com/libAtoms/extxyz), compressed or not.

A frame is the number of particles, a line of `key=value` pairs, and one line per particle.  The
box is `Lattice="ax ay az bx by bz cx cy cz"`, its corner `Origin="x y z"` (default 0), its periodic
boundaries `pbc="T T F"` (default all), the columns `Properties=species:S:1:pos:R:3`.
Numbers such as `energy=-3.2` are kept.  Plain XYZ has no box and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..base.errors import InputError
from ..data.particles import Particles
from ._format import Periodic
from ._lines import PACKED, Lines, opened, placed, short, whole
from ._trajectory import Frame, TrajectoryFormat, coded, gather

__all__ = ["XYZ"]

# A word and, if a sign follows, the start of its value.  Nothing is read twice, so that the time
# is proportional to the length of the line.
_WORD = re.compile(r"""([^\s="']++)(\s*+=\s*+)?+|.""", re.DOTALL)
_VALUE = re.compile(r"""("(?:[^"\\]|\\.)*+")|(\S++)""")
_BRACKETS = {"'": "'", "{": "}", "[": "]"}
_DIGITS = 4
_LARGEST_WIDTH = 1000  # columns of a property
_PLAIN = "species:S:1:pos:R:3"
_FLAGS = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}
_KEYWORDS = {"lattice", "properties", "pbc", "origin"}


def _read(path: Path, topology: Path | None, periodic: Periodic | None) -> Particles:
    provenance = {"file": path.name, "format": XYZ.name}
    with opened(path) as lines:
        return gather(_frames(lines), periodic=periodic, provenance=provenance)


def _frames(lines: Lines) -> Iterator[Frame]:
    k = 0
    while True:
        with placed(lines, k):
            line = lines.skip_blank()
            if not line:
                return
            frame = _frame(lines, line)
        yield frame
        k += 1


def _frame(lines: Lines, line: str) -> Frame:
    if not line.strip().isdecimal():
        raise InputError(
            f"expected a number of particles, found {short(line)}; is the previous number wrong?"
        )
    pairs = _pairs(lines.take("the line with the box"))
    cell = _cell(pairs)
    corner = _vector(pairs, "origin", 3) if "origin" in pairs else np.zeros(3)
    flags, columns = _periodic(pairs), _columns(pairs.get("properties", _PLAIN))
    axes = [name for name in columns if name.startswith("pos:")]
    radius = next((name for name in ("diameter", "radius") if name in columns), None)
    table = lines.table(whole(line, "a number of particles"), columns, "particle")
    values = table.numbers([*axes, *filter(None, [radius])])
    label = next((name for name in ("species", "type", "element") if name in columns), None)
    types, names = coded(table.labels(label)) if label else (None, ())
    space = len(axes)
    return Frame(
        values[:, :space] - corner[:space],
        cell[:space, :space],
        flags[:space],
        values[:, space] * (2 if radius == "radius" else 1) if radius else None,
        types,
        names,
        _numbers(pairs),
    )


def _pairs(line: str) -> dict[str, str]:
    """Values by key; keywords of the format in lower case.

    Example:
        >>> _pairs('LATTICE="1 0 0" E=-2 pbc = {T T F} free text')
        {'lattice': '1 0 0', 'E': '-2', 'pbc': 'T T F'}
    """
    pairs = {}
    closing = {end: line.rfind(end) for end in _BRACKETS.values()}
    place = 0
    while word := _WORD.match(line, place):
        place = word.end()
        if word[2] and place < len(line):
            end = _end_of_value(line, place, closing)
            key = word[1].lower() if word[1].lower() in _KEYWORDS else word[1]
            pairs[key] = re.sub(r"""^["'{\[]|["'}\]]$""", "", line[place:end])
            place = end
    return pairs


def _end_of_value(line: str, place: int, closing: Mapping[str, int]) -> int:
    """Where a value ends: at its closing quote or bracket, if there is one, or else a space."""
    end = _BRACKETS.get(line[place], "")
    if end and place < closing[end]:
        return line.index(end, place + 1) + 1
    value = _VALUE.match(line, place)
    return value.end() if value else place


def _cell(pairs: Mapping[str, str]) -> np.ndarray:
    if "lattice" not in pairs:
        raise InputError('has no box; extended XYZ needs Lattice="ax ay az bx by bz cx cy cz"')
    return _vector(pairs, "lattice", 9).reshape(3, 3)


def _vector(pairs: Mapping[str, str], key: str, length: int) -> np.ndarray:
    try:
        numbers = np.array([float(word) for word in pairs[key].replace(",", " ").split()])
    except ValueError:
        numbers = np.empty(0)
    if numbers.shape != (length,) or not np.isfinite(numbers).all():
        raise InputError(f"{key.title()} must be {length} numbers, not {short(pairs[key])}")
    return numbers


def _periodic(pairs: Mapping[str, str]) -> tuple[bool, ...]:
    words = pairs.get("pbc", "T T T").replace(",", " ").lower().split()
    if len(words) != 3 or not set(words) <= set(_FLAGS):
        raise InputError(f"pbc must be three flags T or F, not {short(pairs['pbc'])}")
    return tuple(_FLAGS[word] for word in words)


def _columns(properties: str) -> list[str]:
    """Names of the columns; a property with several columns is numbered, as in pos:0.

    Example:
        >>> _columns("species:S:1:pos:R:2")
        ['species', 'pos:0', 'pos:1']
    """
    words = properties.split(":")
    if len(words) % 3 or not all(count.isdecimal() for count in words[2::3]):
        raise InputError(f"Properties must be a list of name:type:columns, not {short(properties)}")
    widest = max(words[2::3], key=lambda count: (len(count), count))
    if len(widest) > _DIGITS or int(widest) > _LARGEST_WIDTH:
        raise InputError(f"a property has {short(widest)} columns; at most {_LARGEST_WIDTH:,}")
    columns = []
    for name, count in zip(words[::3], map(int, words[2::3]), strict=True):
        name = {"radii": "radius"}.get(name.lower(), name.lower())
        several = count > 1 or name == "pos"
        columns += [f"{name}:{place}" for place in range(count)] if several else [name]
    if not 1 <= sum(name.startswith("pos:") for name in columns) <= 3:
        raise InputError(
            f"there is no column pos with 1 to 3 numbers; Properties are {short(properties)}"
        )
    return columns


def _numbers(pairs: Mapping[str, str]) -> dict[str, float]:
    """Values that are single numbers, without the keywords of the format."""
    numbers = {}
    for key, value in pairs.items():
        if key not in _KEYWORDS:
            with suppress(ValueError):
                numbers[key] = float(value)
    return numbers


XYZ = TrajectoryFormat(
    "extended XYZ",
    tuple(plain + packed for packed in ("", *PACKED) for plain in (".xyz", ".extxyz")),
    _read,
)
