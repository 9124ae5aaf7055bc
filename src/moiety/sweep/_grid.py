"""Expand the tables of a plan into state points: grids of systems, and files by their names."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from math import isfinite, prod
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from ..base.errors import InputError
from ..systems import SYSTEMS, system
from ._labels import reserved
from ._tables import MOST_POINTS, Files, Place, PlanError, Range, System, explain

__all__ = ["Row", "expand_files", "expand_systems"]

_LARGEST = 2**53  # number that every format keeps
_AXIS = "temperature"  # default axis along which networks are passed on

Row = list[tuple[dict[str, Any], dict[str, Any]]]
"""Sources and labels of the state points of one chain, in order."""


def expand_systems(table: System, place: Place) -> Iterator[Row]:
    """Yield the chains of a table of systems.

    Args:
        table: System, grid and axis of the chains.
        place: Position of the table in the plan, for error messages.
    """
    if table.name not in SYSTEMS:
        raise PlanError(
            (*place, "name"), f"unknown system {table.name!r}; choose from {', '.join(SYSTEMS)}"
        )
    axes = {
        name: _values(value, (*place, name)) for name, value in (table.model_extra or {}).items()
    }
    if prod(map(len, axes.values())) > MOST_POINTS:
        raise PlanError(
            (*place, "name"),
            f"the grid has {prod(map(len, axes.values())):,} state points; take at most"
            f" {MOST_POINTS:,}",
        )
    for combination in product(*axes.values()):
        _check_parameters(table.name, dict(zip(axes, combination, strict=True)), place)
    for row in _rows(axes, _chain_axis(table.chain, axes, place)):
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
    others = {key: value for key, value in parameters.items() if key != "size"}
    return {"system": name, "size": size, **others}


def _check_parameters(name: str, parameters: dict[str, Any], place: Place) -> None:
    """Construct the system once, and blame the parameter that its error message names."""
    try:
        system(name, **parameters)
    except (InputError, TypeError, ValueError, OverflowError) as error:
        quoted = [  # an unknown parameter is quoted; the message also lists those that are known
            key for key in parameters if repr(key) in str(error)
        ]
        blamed = next((key for key in [*quoted, *parameters] if key in str(error)), "name")
        raise PlanError((*place, blamed), str(error)) from error


def _values(value: Any, place: Place) -> list[Any]:
    """Return the values along an axis of the grid; a single value is an axis of length one."""
    if isinstance(value, Mapping):
        try:
            return Range.model_validate(value).values()
        except ValidationError as error:
            raise PlanError(place, explain(error)[0]) from error
    values = value if isinstance(value, list) else [value]
    if not values:
        raise PlanError(place, "an axis of the grid needs a value")
    return [tuple(item) if isinstance(item, list) else item for item in values]


def _chain_axis(
    choice: str | Literal[False] | None, axes: Mapping[str, Sequence[Any]], place: Place
) -> str | None:
    """Return the axis along which networks are passed on, if any."""
    if isinstance(choice, str) and choice not in axes:
        raise PlanError(
            (*place, "chain"),
            f"there is no axis {choice!r} to pass networks on along; choose from {', '.join(axes)}",
        )
    return (_AXIS if _AXIS in axes else None) if choice is None else choice or None


def _rows(axes: Mapping[str, Sequence[Any]], along: str | None) -> Iterator[list[dict[str, Any]]]:
    """Yield the grid in rows along one axis."""
    others = {name: values for name, values in axes.items() if name != along}
    for combination in product(*others.values()):
        fixed = dict(zip(others, combination, strict=True))
        yield (
            [{name: {**fixed, along: value}[name] for name in axes} for value in axes[along]]
            if along
            else [fixed]
        )


def expand_files(table: Files, folder: Path, place: Place) -> Iterator[Row]:
    """Yield the chains of the files that match a pattern.

    Args:
        table: Pattern, how to read the files, and axis of the chains.
        folder: Folder that relative patterns start from.
        place: Position of the table in the plan, for error messages.
    """
    names = re.findall(r"{(\w+)}", table.glob)
    _check_names(names, table.attributes, place)
    matches = _matches(table, folder, place)
    along = _chain_axis(table.chain, {name: () for name in (*names, *table.attributes)}, place)
    short = len({path.name for path, _ in matches}) == len(matches)
    rows: dict[str, Row] = {}
    for path, values in matches:
        source = {
            "file": str(path.resolve()),
            "digest": _digest(path, (*place, "glob")),
            "reading": table.reading,
        }
        others = json.dumps(
            {name: value for name, value in values.items() if name != along}, sort_keys=True
        )
        rows.setdefault(others if along else str(path), []).append(
            (
                source,
                {
                    "system": "files",
                    "file": path.name if short else _within(path, folder),
                    **values,
                },
            )
        )
    for row in rows.values():
        yield sorted(row, key=lambda entry: _order(entry[1][along]), reverse=True) if along else row


def _within(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def _order(value: Any) -> tuple[bool, Any]:
    """Order numbers, then text."""
    return isinstance(value, str), value


def _check_names(names: Sequence[str], attributes: Sequence[str], place: Place) -> None:
    """Refuse names of labels that a dataset could not hold."""
    for key, found in (("glob", names), ("attributes", attributes)):
        for name in found:
            if not name.isidentifier() or name in reserved():
                raise PlanError(
                    (*place, key), f"a label cannot be called {name!r}; choose another name"
                )
    twice = [name for name in (*names, *attributes) if [*names, *attributes].count(name) > 1]
    if twice:
        raise PlanError((*place, "glob"), f"the label {twice[0]!r} is given twice; give it once")


def _matches(table: Files, folder: Path, place: Place) -> list[tuple[Path, dict[str, Any]]]:
    """Return the files that match, with the values from their names and attributes."""
    pieces = re.split(r"({\w+})", table.glob)
    pattern = "".join(
        f"(?P<{piece[1:-1]}>[^/]+)" if piece[:1] == "{" else _as_pattern(piece) for piece in pieces
    )
    wild = "".join("*" if piece[:1] == "{" else piece for piece in pieces)
    root, wild = (Path("/"), wild[1:]) if wild.startswith("/") else (folder, wild)
    try:
        labelled = re.compile(pattern)
    except re.error as error:
        raise PlanError(
            (*place, "glob"), f"the pattern {table.glob!r} cannot be read: {error}"
        ) from error
    matches = []
    for path in _found(root, wild, (*place, "glob"), table.glob):
        name = path.as_posix() if root == Path("/") else path.relative_to(root).as_posix()
        match = labelled.fullmatch(name)
        values = {key: _number(text) for key, text in match.groupdict().items()} if match else {}
        matches.append((path, {**values, **_attributes(path, table, place)}))
    if not matches:
        raise PlanError((*place, "glob"), f"no file matches {table.glob!r}")
    return matches


def _found(root: Path, wild: str, place: Place, shown: str) -> list[Path]:
    """Return the files that match a pattern; each is a regular file or a Zarr store."""
    try:
        found = sorted(islice(root.glob(wild), MOST_POINTS + 1))
    except (ValueError, NotImplementedError, IndexError) as error:
        raise PlanError(place, f"the pattern {shown!r} cannot be read: {error}") from error
    if len(found) > MOST_POINTS:
        raise PlanError(place, f"more than {MOST_POINTS:,} files match {shown!r}")
    for path in found:
        if path.is_dir() and not _is_zarr(path):
            raise PlanError(place, f"{path} is a folder; give a pattern of files")
        if not path.is_dir() and not path.is_file():
            kind = "a link to nothing" if path.is_symlink() else "not a regular file"
            raise PlanError(place, f"{path} is {kind}; give a pattern of files")
    return found


def _as_pattern(piece: str) -> str:
    """Return a part of a pattern of files as a regular expression."""
    parts = re.split(r"(\[[^\]]+\])", piece)
    return "".join(
        _as_class(part[1:-1])
        if part[:1] == "[" and part[-1:] == "]" and len(part) > 2
        else _as_text(part)
        for part in parts
    )


def _as_class(characters: str) -> str:
    sign, listed = ("^", characters[1:]) if characters[0] == "!" else ("", characters)
    return f"[{sign}{''.join(one if one == '-' else re.escape(one) for one in listed)}]"


def _as_text(piece: str) -> str:
    return (
        re.escape(piece)
        .replace(r"\*\*/", "(?:.*/)?")
        .replace(r"\*", "[^/]*")
        .replace(r"\?", "[^/]")
    )


def _is_zarr(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray"))


def _attributes(path: Path, table: Files, place: Place) -> dict[str, Any]:
    """Read labels from a file: parameters of the system that its samples come from."""
    if not table.attributes:
        return {}
    from ..io import load

    parameters = load(path, **table.reading).provenance.get("parameters", {})
    lacking = [name for name in table.attributes if name not in parameters]
    if lacking:
        raise PlanError((*place, "attributes"), f"{path.name} does not hold {' or '.join(lacking)}")
    return {name: _scalar(parameters[name]) for name in table.attributes}


def _scalar(value: Any) -> int | float | str:
    """Return a number or text; the sides of a lattice become 4x6."""
    if isinstance(value, (list, tuple)):
        return "x".join(map(str, value))
    is_number = isinstance(value, (int, float)) and isfinite(value)
    return value if is_number and abs(value) <= _LARGEST else str(value)


def _digest(path: Path, place: Place) -> str:
    """Return a digest of the contents of a file, or of all files in a folder."""
    try:
        return _digest_of(path)
    except OSError as error:
        raise PlanError(place, f"{path} cannot be read ({error.strerror})") from error


def _digest_of(path: Path) -> str:
    files = sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]
    total = hashlib.blake2b(digest_size=16)
    for file in files:
        with file.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "blake2b").digest())
    return total.hexdigest()


def _number(text: str) -> int | float | str:
    """Return the number that a text is, or the text: a label is a finite number that JSON keeps."""
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if isfinite(value) and abs(value) <= _LARGEST else text
    return text
