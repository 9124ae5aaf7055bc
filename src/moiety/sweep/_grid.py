"""From the tables of a plan to its state points: grids of systems, and files by what their names say."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from ..base.errors import InputError
from ..systems import SYSTEMS, system
from ._tables import Files, Misfit, Range, System, told

__all__ = ["Row", "of_files", "of_systems"]

_AXIS = "temperature"  # along which networks are handed on unless told otherwise

Row = list[tuple[dict[str, Any], dict[str, Any]]]
"""Sources and labels of state points that hand their networks on, in this order."""


def of_systems(table: System, place: tuple[str | int, ...]) -> Iterator[Row]:
    """The state points of a table: those of one row hand their networks on."""
    if table.name not in SYSTEMS:
        raise Misfit(
            (*place, "name"), f"unknown system {table.name!r}; choose from {', '.join(SYSTEMS)}"
        )
    axes = {
        name: _values(value, (*place, name)) for name, value in (table.model_extra or {}).items()
    }
    for combination in product(*axes.values()):
        _tried(table.name, dict(zip(axes, combination, strict=True)), place)
    for row in _rows(axes, _chained(table.chain, axes, place)):
        yield [
            (
                {"system": table.name, "parameters": parameters, "samples": table.samples},
                _labels(table.name, parameters),
            )
            for parameters in row
        ]


def _labels(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    sides = system(name, **parameters).shape
    size = sides[0] if len(set(sides)) == 1 else "x".join(map(str, sides))
    return {
        "system": name,
        "size": size,
        **{key: value for key, value in parameters.items() if key != "size"},
    }


def _tried(name: str, parameters: dict[str, Any], place: tuple[str | int, ...]) -> None:
    try:
        system(name, **parameters)
    except (InputError, TypeError) as error:
        quoted = [
            key for key in parameters if repr(key) in str(error)
        ]  # an unknown one, in a list of those known
        named = next((key for key in [*quoted, *parameters] if key in str(error)), "name")
        raise Misfit((*place, named), str(error)) from error


def _values(value: Any, place: tuple[str | int, ...]) -> list[Any]:
    """Those along an axis of the grid; of a single value, it alone."""
    if isinstance(value, Mapping):
        try:
            return Range.model_validate(value).values()
        except ValidationError as error:
            raise Misfit(place, told(error.errors()[0])) from error
    values = value if isinstance(value, list) else [value]
    if not values:
        raise Misfit(place, "an axis of the grid needs a value")
    return [tuple(one) if isinstance(one, list) else one for one in values]


def _chained(
    said: str | Literal[False] | None,
    axes: Mapping[str, Sequence[Any]],
    place: tuple[str | int, ...],
) -> str | None:
    """The axis along which networks are handed on, if any."""
    if isinstance(said, str) and said not in axes:
        raise Misfit(
            (*place, "chain"),
            f"there is no axis {said!r} to hand networks on along; choose from {', '.join(axes)}",
        )
    return (_AXIS if _AXIS in axes else None) if said is None else said or None


def _rows(axes: Mapping[str, Sequence[Any]], along: str | None) -> Iterator[list[dict[str, Any]]]:
    """The grid, in rows along one axis."""
    others = {name: values for name, values in axes.items() if name != along}
    for combination in product(*others.values()):
        fixed = dict(zip(others, combination, strict=True))
        yield (
            [{name: {**fixed, along: value}[name] for name in axes} for value in axes[along]]
            if along
            else [fixed]
        )


def of_files(table: Files, folder: Path, place: tuple[str | int, ...]) -> Iterator[Row]:
    """The files that a glob finds, by the values in their names."""
    names = re.findall(r"{(\w+)}", table.glob)
    if len(set(names)) < len(names):
        raise Misfit((*place, "glob"), f"a name stands twice in {table.glob!r}")
    pieces = re.split(r"({\w+})", table.glob)
    pattern = "".join(
        f"(?P<{piece[1:-1]}>[^/]+)" if piece[:1] == "{" else _as_pattern(piece) for piece in pieces
    )
    wild = "".join("*" if piece[:1] == "{" else piece for piece in pieces)
    root, wild = (Path("/"), wild[1:]) if wild.startswith("/") else (folder, wild)
    found = []
    for path in sorted(root.glob(wild)):
        fits = re.fullmatch(
            pattern, path.as_posix() if root == Path("/") else path.relative_to(root).as_posix()
        )
        values = {name: _number(text) for name, text in fits.groupdict().items()} if fits else {}
        found.append((path, {**values, **_attributes(path, table, place)}))
    if not found:
        raise Misfit((*place, "glob"), f"no file is called like {table.glob!r}")
    along = _chained(table.chain, {name: () for name in (*names, *table.attributes)}, place)
    rows: dict[str, Row] = {}
    for path, values in found:
        source = {"file": str(path.resolve()), "digest": _digest(path), "reading": table.reading}
        others = json.dumps(
            {name: value for name, value in values.items() if name != along}, sort_keys=True
        )
        rows.setdefault(others if along else str(path), []).append(
            (source, {"system": "files", "file": path.name, **values})
        )
    for row in rows.values():
        yield sorted(row, key=lambda one: one[1][along], reverse=True) if along else row


def _as_pattern(piece: str) -> str:
    return (
        re.escape(piece)
        .replace(r"\*\*/", "(?:.*/)?")
        .replace(r"\*", "[^/]*")
        .replace(r"\?", "[^/]")
    )


def _attributes(path: Path, table: Files, place: tuple[str | int, ...]) -> dict[str, Any]:
    """Values that a file says of itself: parameters of the system whose samples it holds."""
    if not table.attributes:
        return {}
    from ..io import load

    said = load(path, **table.reading).provenance.get("parameters", {})
    lacking = [name for name in table.attributes if name not in said]
    if lacking:
        raise Misfit(
            (*place, "attributes"), f"{path.name} does not say its {' and '.join(lacking)}"
        )
    return {name: said[name] for name in table.attributes}


def _digest(path: Path) -> str:
    """Of what a file holds; of a folder, of all its files."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    found = hashlib.blake2b(digest_size=16)
    for one in files:
        with one.open("rb") as stream:
            found.update(hashlib.file_digest(stream, "blake2b").digest())
    return found.hexdigest()


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
