"""The tables that a plan may contain, and error messages for tables that do not validate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import shorten
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..base.errors import InputError

__all__ = [
    "MOST_POINTS",
    "Estimate",
    "Files",
    "Place",
    "PlanError",
    "Range",
    "System",
    "Tables",
    "explain",
    "line_of",
]

Place = tuple[str | int, ...]
"""Keys and positions that lead to an entry of a plan, such as `("system", 1, "name")`."""

MOST_POINTS = 100_000  # state points of a plan
_LONGEST = 300  # characters of a message
_Count = Annotated[int, Field(ge=1, le=10**9)]
_Seed = Annotated[int, Field(ge=0, lt=2**63)]
_Positive = Annotated[float, Field(gt=0)]
_AxisNames = Annotated[str, Field(pattern="^[xyz](,[xyz])*$")]


class PlanError(InputError):
    """A mistake in a plan that only shows when the plan is expanded.

    Args:
        place: Entry of the plan that is wrong.
        message: One line that says what is wrong.
    """

    def __init__(self, place: Place, message: str):
        super().__init__(shorten(message, _LONGEST, placeholder=" ..."))
        self.place = place


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Range(_Table):
    """Values from `start` to `stop`, both included."""

    start: float
    stop: float
    num: _Count | None = None
    step: float | None = None

    @model_validator(mode="after")
    def _check_spacing(self) -> Range:
        if (self.num is None) == (self.step is None):
            raise ValueError("a range needs num or step, not both")
        if self.step is not None and not (self.stop - self.start) * self.step > 0:
            raise ValueError(
                f"a step of {self.step:g} does not lead from {self.start:g} to {self.stop:g}"
            )
        return self

    @model_validator(mode="after")
    def _check_length(self) -> Range:
        if not self._length() <= MOST_POINTS:
            raise ValueError(
                f"a range of {self._length():.3g} values is too long; take at most {MOST_POINTS:,}"
            )
        return self

    def _length(self) -> float:
        if self.step is None:
            return self.num or 1
        return (self.stop - self.start) / self.step + 1 + 1e-9

    def values(self) -> list[float]:
        """Return all values, rounded to 12 digits."""
        count = int(self._length())
        stop = self.stop if self.step is None else self.start + (count - 1) * self.step
        return [float(f"{value:.12g}") for value in np.linspace(self.start, stop, count)]


class System(BaseModel):
    """A simulated system; additional entries are its parameters."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)
    name: str
    samples: int = Field(2048, ge=8, le=10**9)
    chain: str | Literal[False] | None = None


class Files(_Table):
    """Files that match a pattern, and how to read them."""

    glob: str
    periodic: bool | list[bool] | _AxisNames | None = None
    boundary: Literal["periodic", "free", "crop"] | None = None
    homogeneous: bool | None = None
    axes: str | None = None
    kind: Literal["discrete", "angle", "real"] | None = None
    states: Annotated[int, Field(ge=1, le=2**31)] | None = None
    symmetries: str | None = None
    variable: str | None = None
    format: str | None = None
    attributes: list[str] = []
    chain: str | Literal[False] | None = None

    @property
    def reading(self) -> dict[str, Any]:
        """Keyword arguments for `io.load`."""
        return self.model_dump(exclude={"glob", "attributes", "chain"}, exclude_none=True)


class Estimate(_Table):
    """Settings of the estimate, named as on the command line."""

    critic: str | None = None
    objective: str | None = None
    bound: str | None = None
    steps: _Count | None = None
    folds: Annotated[int, Field(ge=2, le=10**9)] | None = None
    excess: bool | None = None
    tail: bool | None = None
    cross_check: bool | None = None
    precision: _Positive | None = None
    time_limit: _Positive | None = None
    device: str | None = None


class Tables(_Table):
    """A whole plan."""

    seeds: _Seed | list[_Seed] = 0
    system: list[System] = []
    files: list[Files] = []
    estimate: Estimate = Estimate()
    baselines: list[Literal["naive", "compression", "heat-capacity"]] = []


def explain(error: ValidationError) -> tuple[str, Place]:
    """Describe the first problem of a validation in one line.

    Args:
        error: Problems that pydantic reports.

    Returns:
        The message, and the place of the problem in the plan.
    """
    first = error.errors()[0]
    place = first["loc"]
    if first["type"] == "extra_forbidden":
        return shorten(f"unknown word {place[-1]!r}", _LONGEST, placeholder=" ..."), place
    name = ".".join(part for part in place if isinstance(part, str))
    message = shorten(first["msg"].removeprefix("Value error, "), _LONGEST, placeholder=" ...")
    return (f"{name}: {message[:1].lower()}{message[1:]}" if name else message), place


def line_of(text: str, place: Sequence[str | int]) -> int:
    """Return the number of the line that holds an entry, or else the line of its table.

    Args:
        text: A TOML file.
        place: Keys and positions that lead to the entry.

    Example:
        >>> lines = "seeds = 1", "", "[[system]]", 'name = "a"', "[[system]]", 'name = "b"'
        >>> line_of(chr(10).join(lines), ("system", 1, "name"))
        6
    """
    names = [part for part in place if isinstance(part, str)]
    number = next((part for part in place if isinstance(part, int)), 0)  # of tables with one name
    table, key = (names[0], "".join(names[1:2])) if len(place) > 1 else ("", "".join(names[:1]))
    inside, seen, best = not table, -1, 1
    for line, words in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([\w.-]+)\s*\]+", words)
        if header:
            seen += header[1] == table
            inside = header[1] == table and seen == number
            best = line if inside else best
            if not table and header[1] == key:
                return line
        elif inside and key and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", words):
            return line
    return best
