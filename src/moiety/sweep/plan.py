r"""Plans of sweeps: what is estimated, over which grid, and along what networks are handed on.

    seeds = [1, 2]

    [[system]]
    name = "ising-square"
    size = [32, 64]                                  # a list is an axis of the grid
    temperature = { start = 4.0, stop = 1.5, num = 11 }
    samples = 2048
    chain = "temperature"                            # networks are handed on along it, in this order

    [[files]]
    glob = "runs/L{size}_T{temperature}.npy"         # values are taken from names
    periodic = true

    [estimate]                                       # as on the command line of `moiety estimate`
    precision = 0.001

A state point knows all that its result depends on, the state points before it in its chain included, and
is called by the hash of that.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..choices import algorithms
from ..errors import InputError
from ..systems import SYSTEMS, system

__all__ = ["ALGORITHMS", "BASELINES", "Chain", "Plan", "Point", "read_plan", "shown"]

ALGORITHMS = ("critic", "objective", "bound", "steps", "device")  # settings that name objects
BASELINES = ("naive", "compression", "heat-capacity")
_AXIS = "temperature"  # along which networks are handed on unless told otherwise
_FORMAT = 1  # of configurations: results of others are never taken for those of this one


@dataclass(frozen=True)
class Point:
    """One state point, by all that its result depends on.

    Arguments:
        source: `system` with `parameters` and `samples`, or `file` with its `digest` and how it is read.
        settings: Of the estimate, by the words of the command line.
        baselines: Other routes that are taken on the same samples.
        seed: Of samples and networks.
        labels: What tells it from others in a table: `system`, `size`, parameters, `seed`.
        before: Key of the state point whose networks it starts from, if any.

    Example:
        >>> one = Point({"system": "ising-square", "parameters": {"size": 8, "temperature": 2.0}, "samples": 64}, {}, (), 1)
        >>> one.key == Point(dict(reversed(one.source.items())), {}, (), 1).key, len(one.key)
        (True, 16)
    """

    source: Mapping[str, Any]
    settings: Mapping[str, Any]
    baselines: tuple[str, ...]
    seed: int
    labels: Mapping[str, Any] = field(default_factory=dict, compare=False)
    before: str | None = None

    @property
    def configuration(self) -> dict[str, Any]:
        """What is hashed: of a file what it holds, not where it lies."""
        source = {name: value for name, value in self.source.items() if name != "file"}
        said = {"source": source, "settings": self.settings, "baselines": self.baselines, "seed": self.seed}
        return {"format": _FORMAT, **said, "before": self.before}

    @property
    def key(self) -> str:
        """Name in the store: the hash of the canonical configuration."""
        text = json.dumps(self.configuration, sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def __str__(self) -> str:
        return ", ".join(f"{name} {shown(value)}" for name, value in self.labels.items())


Chain = tuple[Point, ...]
"""State points that hand their networks on, in this order."""


@dataclass(frozen=True)
class Plan:
    """Chains of state points.

    Arguments:
        chains: Independent of each other.
        text: Of the file that it was read from.
    """

    chains: tuple[Chain, ...]
    text: str = ""

    @property
    def points(self) -> tuple[Point, ...]:
        """All of them."""
        return tuple(point for chain in self.chains for point in chain)

    @classmethod
    def of(cls, tables: Mapping[str, Any], folder: Path = Path()) -> Plan:
        """The plan that tables describe, as a TOML file would; files are looked for from `folder` on.

        Raises:
            InputError: Tables that do not fit, systems or algorithms that are unknown, no files found.

        Example:
            >>> plan = Plan.of({"system": [{"name": "ising-square", "size": [8, 16], "temperature": [3.0, 2.0]}]})
            >>> [[str(point) for point in chain] for chain in plan.chains][0]
            ['system ising-square, size 8, temperature 3, seed 0', 'system ising-square, size 8, temperature 2, seed 0']
        """
        try:
            return _expanded(_Tables.model_validate(tables), folder)
        except ValidationError as error:
            raise InputError(_told(error.errors()[0])) from error


def read_plan(path: str | Path) -> Plan:
    """The plan in a TOML file.

    Raises:
        InputError: One line that says what is wrong, with the number of the line in the file.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give the name of a plan, a TOML file") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text in UTF-8; give the name of a plan, a TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: is no TOML: {error}") from error
    try:
        plan = _expanded(_Tables.model_validate(tables), path.parent)
    except ValidationError as error:
        first = error.errors()[0]
        line = _line(text, first["loc"])
        raise InputError(f"{path}:{line}: {_told(first)}") from error
    except _Misfit as error:
        raise InputError(f"{path}:{_line(text, error.place)}: {error}") from error
    return Plan(plan.chains, text)


class _Misfit(InputError):
    """Something in a table that its words alone do not show to be wrong."""

    def __init__(self, place: Sequence[str | int], message: str):
        super().__init__(message)
        self.place = tuple(place)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Range(_Table):
    """From `start` to `stop`, both in."""

    start: float
    stop: float
    num: int | None = Field(None, ge=1)
    step: float | None = None

    @model_validator(mode="after")
    def _either(self) -> _Range:
        if (self.num is None) == (self.step is None):
            raise ValueError("a range needs num or step, not both")
        if self.step is not None and not (self.stop - self.start) * self.step > 0:
            raise ValueError(f"a step of {self.step:g} does not lead from {self.start:g} to {self.stop:g}")
        return self

    def values(self) -> list[float]:
        steps = self.num or int((self.stop - self.start) / self.step + 1 + 1e-9)  # type: ignore[operator]
        stop = self.stop if self.num else self.start + (steps - 1) * self.step  # type: ignore[operator]
        return [float(f"{value:.12g}") for value in np.linspace(self.start, stop, steps)]


class _System(BaseModel):
    """Its parameters are those of the system."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str
    samples: int = Field(2048, ge=8)
    chain: str | Literal[False] | None = None


class _Files(_Table):
    glob: str
    periodic: bool | list[bool] | None = None
    axes: str | None = None
    kind: Literal["discrete", "angle", "real"] | None = None
    states: int | None = None
    symmetries: str | None = None
    variable: str | None = None
    attributes: list[str] = []
    chain: str | Literal[False] | None = None

    @property
    def reading(self) -> dict[str, Any]:
        """Words for `io.load`."""
        return self.model_dump(exclude={"glob", "attributes", "chain"}, exclude_none=True)


class _Estimate(_Table):
    critic: str | None = None
    objective: str | None = None
    bound: str | None = None
    steps: int | None = Field(None, ge=1)
    folds: int | None = Field(None, ge=2)
    excess: bool | None = None
    tail: bool | None = None
    cross_check: bool | None = None
    precision: float | None = Field(None, gt=0)
    time_limit: float | None = Field(None, gt=0)
    device: str | None = None


class _Tables(_Table):
    seeds: int | list[int] = 0
    system: list[_System] = []
    files: list[_Files] = []
    estimate: _Estimate = _Estimate()
    baselines: list[Literal[BASELINES]] = []  # type: ignore[valid-type]


def _expanded(tables: _Tables, folder: Path) -> Plan:
    said = tables.estimate.model_dump(exclude_none=True)
    try:
        algorithms(**{name: said.get(name) for name in ALGORITHMS})
    except InputError as error:
        named = next((name for name in ALGORITHMS if name in said and repr(said[name]) in str(error)), "")
        raise _Misfit(("estimate", named), str(error)) from error
    if not tables.system and not tables.files:
        raise _Misfit((), "names nothing to estimate; add a table [[system]] or [[files]]")
    seeds = [tables.seeds] if isinstance(tables.seeds, int) else tables.seeds
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise _Misfit(("seeds",), f"seeds must be different whole numbers from 0 on, not {seeds}")
    chains: list[Chain] = []
    for place, one in enumerate(tables.system):
        for row in _systems(one, ("system", place)):
            chains += [_linked(row, said, tables.baselines, seed) for seed in seeds]
    for place, files in enumerate(tables.files):
        for row in _files(files, folder, ("files", place)):
            chains += [_linked(row, said, tables.baselines, seed) for seed in seeds]
    seen: dict[str, Point] = {}
    for point in (point for chain in chains for point in chain):
        if point.key in seen:
            raise _Misfit((), f"the state point {point} stands in the plan twice")
        seen[point.key] = point
    return Plan(tuple(chains))


def _linked(rows: Sequence[tuple[dict[str, Any], dict[str, Any]]], settings: Mapping[str, Any], baselines: Sequence[str], seed: int) -> Chain:
    """State points, each told the one before it."""
    chain: list[Point] = []
    for source, labels in rows:
        before = chain[-1].key if chain else None
        chain.append(Point(source, dict(settings), tuple(baselines), seed, {**labels, "seed": seed}, before))
    return tuple(chain)


_Row = list[tuple[dict[str, Any], dict[str, Any]]]  # of sources and labels


def _systems(table: _System, place: tuple[str | int, ...]) -> Iterator[_Row]:
    """The state points of a table: those of one row hand their networks on."""
    if table.name not in SYSTEMS:
        raise _Misfit((*place, "name"), f"unknown system {table.name!r}; choose from {', '.join(SYSTEMS)}")
    axes = {name: _values(value, (*place, name)) for name, value in (table.model_extra or {}).items()}
    for combination in product(*axes.values()):
        _tried(table.name, dict(zip(axes, combination, strict=True)), place)
    for row in _rows(axes, _chained(table.chain, axes, place)):
        yield [
            ({"system": table.name, "parameters": parameters, "samples": table.samples}, _labels(table.name, parameters))
            for parameters in row
        ]


def _labels(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    sides = system(name, **parameters).shape
    size = sides[0] if len(set(sides)) == 1 else "x".join(map(str, sides))
    return {"system": name, "size": size, **{key: value for key, value in parameters.items() if key != "size"}}


def _tried(name: str, parameters: dict[str, Any], place: tuple[str | int, ...]) -> None:
    try:
        system(name, **parameters)
    except (InputError, TypeError) as error:
        quoted = [key for key in parameters if repr(key) in str(error)]  # an unknown one, in a list of those known
        named = next((key for key in [*quoted, *parameters] if key in str(error)), "name")
        raise _Misfit((*place, named), str(error)) from error


def _values(value: Any, place: tuple[str | int, ...]) -> list[Any]:
    """Those along an axis of the grid; of a single value, it alone."""
    if isinstance(value, Mapping):
        try:
            return _Range.model_validate(value).values()
        except ValidationError as error:
            raise _Misfit(place, _told(error.errors()[0])) from error
    values = value if isinstance(value, list) else [value]
    if not values:
        raise _Misfit(place, "an axis of the grid needs a value")
    return [tuple(one) if isinstance(one, list) else one for one in values]


def _chained(said: str | Literal[False] | None, axes: Mapping[str, Sequence[Any]], place: tuple[str | int, ...]) -> str | None:
    """The axis along which networks are handed on, if any."""
    if isinstance(said, str) and said not in axes:
        raise _Misfit((*place, "chain"), f"there is no axis {said!r} to hand networks on along; choose from {', '.join(axes)}")
    return (_AXIS if _AXIS in axes else None) if said is None else said or None


def _rows(axes: Mapping[str, Sequence[Any]], along: str | None) -> Iterator[list[dict[str, Any]]]:
    """The grid, in rows along one axis."""
    others = {name: values for name, values in axes.items() if name != along}
    for combination in product(*others.values()):
        fixed = dict(zip(others, combination, strict=True))
        yield [{name: {**fixed, along: value}[name] for name in axes} for value in axes[along]] if along else [fixed]


def _files(table: _Files, folder: Path, place: tuple[str | int, ...]) -> Iterator[_Row]:
    """The files that a glob finds, by the values in their names."""
    names = re.findall(r"{(\w+)}", table.glob)
    if len(set(names)) < len(names):
        raise _Misfit((*place, "glob"), f"a name stands twice in {table.glob!r}")
    pieces = re.split(r"({\w+})", table.glob)
    pattern = "".join(f"(?P<{piece[1:-1]}>[^/]+)" if piece[:1] == "{" else _as_pattern(piece) for piece in pieces)
    wild = "".join("*" if piece[:1] == "{" else piece for piece in pieces)
    root, wild = (Path("/"), wild[1:]) if wild.startswith("/") else (folder, wild)
    found = []
    for path in sorted(root.glob(wild)):
        fits = re.fullmatch(pattern, path.as_posix() if root == Path("/") else path.relative_to(root).as_posix())
        values = {name: _number(text) for name, text in fits.groupdict().items()} if fits else {}
        found.append((path, {**values, **_attributes(path, table, place)}))
    if not found:
        raise _Misfit((*place, "glob"), f"no file is called like {table.glob!r}")
    along = _chained(table.chain, {name: () for name in (*names, *table.attributes)}, place)
    rows: dict[str, _Row] = {}
    for path, values in found:
        source = {"file": str(path.resolve()), "digest": _digest(path), "reading": table.reading}
        others = json.dumps({name: value for name, value in values.items() if name != along}, sort_keys=True)
        rows.setdefault(others if along else str(path), []).append((source, {"system": "files", "file": path.name, **values}))
    for row in rows.values():
        yield sorted(row, key=lambda one: one[1][along], reverse=True) if along else row


def _as_pattern(piece: str) -> str:
    return re.escape(piece).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")


def _attributes(path: Path, table: _Files, place: tuple[str | int, ...]) -> dict[str, Any]:
    """Values that a file says of itself: parameters of the system whose samples it holds."""
    if not table.attributes:
        return {}
    from ..io import load

    said = load(path, **table.reading).provenance.get("parameters", {})
    lacking = [name for name in table.attributes if name not in said]
    if lacking:
        raise _Misfit((*place, "attributes"), f"{path.name} does not say its {' and '.join(lacking)}")
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


def shown(value: Any) -> str:
    """A label's value in a line of text.

    Example:
        >>> shown(2.0), shown("4x6")
        ('2', '4x6')
    """
    return f"{value:g}" if isinstance(value, float) else str(value)


def _told(error: Mapping[str, Any]) -> str:
    """What a validation found, in a line."""
    name = ".".join(str(part) for part in error["loc"] if isinstance(part, str))
    if error["type"] == "extra_forbidden":
        return f"unknown word {error['loc'][-1]!r}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{name}: {message[:1].lower()}{message[1:]}" if name else message


def _line(text: str, place: Sequence[str | int]) -> int:
    """The line of a TOML file that an entry stands in, or that of the table it should be in.

    Example:
        >>> lines = "seeds = 1", "", "[[system]]", 'name = "a"', "[[system]]", 'name = "b"'
        >>> _line(chr(10).join(lines), ("system", 1, "name"))
        6
    """
    names = [part for part in place if isinstance(part, str)]
    number = next((part for part in place if isinstance(part, int)), 0)  # of tables with one name
    table, key = (names[0], "".join(names[1:2])) if len(place) > 1 else ("", "".join(names[:1]))
    inside, seen, found = not table, -1, 1
    for line, words in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([\w.-]+)\s*\]+", words)
        if header:
            seen += header[1] == table
            inside = header[1] == table and seen == number
            found = line if inside else found
            if not table and header[1] == key:
                return line
        elif inside and key and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", words):
            return line
    return found
