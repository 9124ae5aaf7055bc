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
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..base.errors import InputError
from ..entropy.choices import algorithms
from ._grid import Row, of_files, of_systems
from ._tables import Misfit, Tables, line_of, told

__all__ = ["ALGORITHMS", "Chain", "Plan", "Point", "read_plan", "shown"]

ALGORITHMS = ("critic", "objective", "bound", "steps", "device")  # settings that name objects
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
        said = {
            "source": source,
            "settings": self.settings,
            "baselines": self.baselines,
            "seed": self.seed,
        }
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
            return _expanded(Tables.model_validate(tables), folder)
        except ValidationError as error:
            raise InputError(told(error.errors()[0])) from error


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
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); give the name of a plan, a TOML file"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: is no text in UTF-8; give the name of a plan, a TOML file"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: is no TOML: {error}") from error
    try:
        plan = _expanded(Tables.model_validate(tables), path.parent)
    except ValidationError as error:
        first = error.errors()[0]
        line = line_of(text, first["loc"])
        raise InputError(f"{path}:{line}: {told(first)}") from error
    except Misfit as error:
        raise InputError(f"{path}:{line_of(text, error.place)}: {error}") from error
    return Plan(plan.chains, text)


def _expanded(tables: Tables, folder: Path) -> Plan:
    said = tables.estimate.model_dump(exclude_none=True)
    try:
        algorithms(**{name: said.get(name) for name in ALGORITHMS})
    except InputError as error:
        named = next(
            (name for name in ALGORITHMS if name in said and repr(said[name]) in str(error)), ""
        )
        raise Misfit(("estimate", named), str(error)) from error
    if not tables.system and not tables.files:
        raise Misfit((), "names nothing to estimate; add a table [[system]] or [[files]]")
    seeds = [tables.seeds] if isinstance(tables.seeds, int) else tables.seeds
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise Misfit(("seeds",), f"seeds must be different whole numbers from 0 on, not {seeds}")
    chains: list[Chain] = []
    for place, one in enumerate(tables.system):
        for row in of_systems(one, ("system", place)):
            chains += [_linked(row, said, tables.baselines, seed) for seed in seeds]
    for place, files in enumerate(tables.files):
        for row in of_files(files, folder, ("files", place)):
            chains += [_linked(row, said, tables.baselines, seed) for seed in seeds]
    seen: dict[str, Point] = {}
    for point in (point for chain in chains for point in chain):
        if point.key in seen:
            raise Misfit((), f"the state point {point} stands in the plan twice")
        seen[point.key] = point
    return Plan(tuple(chains))


def _linked(rows: Row, settings: Mapping[str, Any], baselines: Sequence[str], seed: int) -> Chain:
    """State points, each told the one before it."""
    chain: list[Point] = []
    for source, labels in rows:
        before = chain[-1].key if chain else None
        chain.append(
            Point(source, dict(settings), tuple(baselines), seed, {**labels, "seed": seed}, before)
        )
    return tuple(chain)


def shown(value: Any) -> str:
    """A label's value in a line of text.

    Example:
        >>> shown(2.0), shown("4x6")
        ('2', '4x6')
    """
    return f"{value:g}" if isinstance(value, float) else str(value)
