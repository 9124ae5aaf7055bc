r"""Plans of sweeps: what to estimate, over which grid, and along which axis networks are passed on.

    seeds = [1, 2]

    [[system]]
    name = "ising-square"
    size = [32, 64]                                  # a list is an axis of the grid
    temperature = { start = 4.0, stop = 1.5, num = 11 }
    samples = 2048
    chain = "temperature"                            # pass networks on along it, in this order

    [[files]]
    glob = "runs/L{size}_T{temperature}.npy"         # labels are read from the names
    boundary = "periodic"                            # or "free", "crop"

    [estimate]                                       # as on the command line of `moiety estimate`
    precision = 0.001

A state point contains everything that its result depends on, including the state points before it
in its chain.  The hash of this configuration is its name in the store.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..base.errors import InputError
from ..entropy.choices import algorithms
from ._grid import Row, expand_files, expand_systems
from ._labels import same_labels
from ._tables import MOST_POINTS, PlanError, Tables, explain, line_of

__all__ = ["ALGORITHMS", "Chain", "Plan", "Point", "format_label", "read_plan"]

ALGORITHMS = ("critic", "objective", "bound", "steps", "device")  # settings that name objects
_FORMAT = 1  # version of configurations; part of every hash
_LARGEST = 2**20  # bytes of a plan file


@dataclass(frozen=True)
class Point:
    """One state point: everything that its result depends on.

    Args:
        source: `system` with `parameters` and `samples`, or `file` with `digest` and `reading`.
        settings: Settings of the estimate, named as on the command line.
        baselines: Names of the baselines to compute on the same samples.
        seed: Seed for samples and networks.
        labels: Names and values that identify it in a table: `system`, `size`, parameters, `seed`.
        predecessor: Key of the state point that the networks start from, if any.

    Example:
        >>> grid = {"system": "ising-square", "parameters": {"size": 8, "temperature": 2.0}}
        >>> point = Point({**grid, "samples": 64}, {}, (), seed=1)
        >>> point.key == Point({"samples": 64, **grid}, {}, (), seed=1).key, len(point.key)
        (True, 16)
    """

    source: Mapping[str, Any]
    settings: Mapping[str, Any]
    baselines: tuple[str, ...]
    seed: int
    labels: Mapping[str, Any] = field(default_factory=dict, compare=False)
    predecessor: str | None = None

    @property
    def configuration(self) -> dict[str, Any]:
        """Everything that is hashed: of a file its contents, not its path."""
        source = {name: value for name, value in self.source.items() if name != "file"}
        return {
            "format": _FORMAT,
            "source": source,
            "settings": self.settings,
            "baselines": self.baselines,
            "seed": self.seed,
            "before": self.predecessor,
        }

    @property
    def key(self) -> str:
        """Name in the store: the hash of the configuration as sorted JSON."""
        text = json.dumps(self.configuration, sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def __str__(self) -> str:
        return ", ".join(f"{name} {format_label(value)}" for name, value in self.labels.items())


Chain = tuple[Point, ...]
"""State points in the order in which they pass their networks on."""


@dataclass(frozen=True)
class Plan:
    """Independent chains of state points.

    Args:
        chains: The chains; each is one task.
        text: Contents of the plan file, if there was one.
    """

    chains: tuple[Chain, ...]
    text: str = ""

    @property
    def points(self) -> tuple[Point, ...]:
        """All state points."""
        return tuple(point for chain in self.chains for point in chain)

    @classmethod
    def of(cls, tables: Mapping[str, Any], folder: Path = Path()) -> Plan:
        """Make a plan from tables with the structure of a plan file.

        Args:
            tables: Contents of a plan file as nested mappings and lists.
            folder: Folder that relative file patterns start from.

        Returns:
            The plan.

        Raises:
            InputError: A table does not validate, a name is unknown, or no file matches.

        Example:
            >>> grid = {"name": "ising-square", "size": [8, 16], "temperature": [3.0, 2.0]}
            >>> plan = Plan.of({"system": [grid]})
            >>> for point in plan.chains[0]:
            ...     print(point)
            system ising-square, size 8, temperature 3, seed 0
            system ising-square, size 8, temperature 2, seed 0
        """
        try:
            return _expand(Tables.model_validate(tables), folder)
        except ValidationError as error:
            raise InputError(explain(error)[0]) from error


def read_plan(path: str | Path) -> Plan:
    """Read a plan from a TOML file.

    Args:
        path: Name of the file.

    Returns:
        The plan.

    Raises:
        InputError: One line that says what is wrong, with the line number in the file.
    """
    path = Path(path)
    text = _text(path)
    tables = _parsed(path, text)
    try:
        plan = _expand(Tables.model_validate(tables), path.parent)
    except ValidationError as error:
        message, place = explain(error)
        raise InputError(f"{path}:{line_of(text, place)}: {message}") from error
    except PlanError as error:
        raise InputError(f"{path}:{line_of(text, error.place)}: {error}") from error
    return Plan(plan.chains, text)


def _text(path: Path) -> str:
    """Return the text of a plan, which is a file of sensible size: pipes may never end."""
    advice = "give the name of a plan, a TOML file"
    if path.exists() and not path.is_file():
        kind = "is a folder" if path.is_dir() else "is not a regular file"
        raise InputError(f"{path}: {kind}; {advice}")
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise InputError(f"{path}: is longer than {_LARGEST >> 20} MiB; {advice}")
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text in UTF-8; {advice}") from error
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read ({reason}); {advice}") from error


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise InputError(f"{path}: is nested too deeply; a plan has tables of numbers") from error
    except ValueError as error:  # of TOML, or of a number with too many digits
        raise InputError(f"{path}: is not valid TOML: {error}") from error


def _expand(tables: Tables, folder: Path) -> Plan:
    settings = tables.estimate.model_dump(exclude_none=True)
    _check_algorithms(settings)
    if not tables.system and not tables.files:
        raise PlanError((), "names nothing to estimate; add a table [[system]] or [[files]]")
    seeds = [tables.seeds] if isinstance(tables.seeds, int) else tables.seeds
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise PlanError(
            ("seeds",), f"seeds must be different non-negative whole numbers, not {seeds}"
        )
    chains = [
        _chain(row, settings, tables.baselines, seed)
        for row in _limited(_all_rows(tables, folder), len(seeds))
        for seed in seeds
    ]
    plan = Plan(tuple(chains))
    _check_unique(plan.points)
    return plan


def _limited(rows: Iterator[Row], seeds: int) -> Iterator[Row]:
    """Yield rows until there are too many state points."""
    count = 0
    for row in rows:
        count += len(row) * seeds
        if count > MOST_POINTS:
            raise PlanError((), f"there are more than {MOST_POINTS:,} state points; split the plan")
        yield row


def _check_algorithms(settings: Mapping[str, Any]) -> None:
    try:
        algorithms(**{name: settings.get(name) for name in ALGORITHMS})
    except InputError as error:
        blamed = next(
            (
                name
                for name in ALGORITHMS
                if name in settings and repr(settings[name]) in str(error)
            ),
            "",
        )
        raise PlanError(("estimate", blamed), str(error)) from error


def _all_rows(tables: Tables, folder: Path) -> Iterator[Row]:
    for number, system in enumerate(tables.system):
        yield from expand_systems(system, ("system", number))
    for number, files in enumerate(tables.files):
        yield from expand_files(files, folder, ("files", number))


def _check_unique(points: Sequence[Point]) -> None:
    seen: set[str] = set()
    for point in points:
        if point.key in seen:
            raise PlanError((), f"the state point {point} is in the plan twice")
        seen.add(point.key)
    twins = same_labels(points)
    if twins:
        raise PlanError(
            (), f"two state points are called {twins[0]}; give every value of an axis once"
        )


def _chain(row: Row, settings: Mapping[str, Any], baselines: Sequence[str], seed: int) -> Chain:
    """Link the state points of a row: each has the key of its predecessor."""
    chain: list[Point] = []
    for source, labels in row:
        predecessor = chain[-1].key if chain else None
        labels = {**labels, "seed": seed}
        chain.append(Point(source, dict(settings), tuple(baselines), seed, labels, predecessor))
    return tuple(chain)


def format_label(value: Any) -> str:
    """Format the value of a label.

    Args:
        value: A number or text.

    Example:
        >>> format_label(2.0), format_label("4x6")
        ('2', '4x6')
    """
    text = f"{value:g}" if isinstance(value, float) else str(value)
    # A name of a file may hold what rules a terminal.
    return "".join(character if character.isprintable() else "?" for character in text)
