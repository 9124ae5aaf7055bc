"""What a plan may say: its tables, and what is told of one that does not fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..base.errors import InputError

__all__ = ["Estimate", "Files", "Misfit", "Range", "System", "Tables", "line_of", "told"]

BASELINES = ("naive", "compression", "heat-capacity")


class Misfit(InputError):
    """Something in a table that its words alone do not show to be wrong."""

    def __init__(self, place: Sequence[str | int], message: str):
        super().__init__(message)
        self.place = tuple(place)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(_Table):
    """From `start` to `stop`, both in."""

    start: float
    stop: float
    num: int | None = Field(None, ge=1)
    step: float | None = None

    @model_validator(mode="after")
    def _either(self) -> Range:
        if (self.num is None) == (self.step is None):
            raise ValueError("a range needs num or step, not both")
        if self.step is not None and not (self.stop - self.start) * self.step > 0:
            raise ValueError(
                f"a step of {self.step:g} does not lead from {self.start:g} to {self.stop:g}"
            )
        return self

    def values(self) -> list[float]:
        steps = self.num or int((self.stop - self.start) / self.step + 1 + 1e-9)  # type: ignore[operator]
        stop = self.stop if self.num else self.start + (steps - 1) * self.step  # type: ignore[operator]
        return [float(f"{value:.12g}") for value in np.linspace(self.start, stop, steps)]


class System(BaseModel):
    """Its parameters are those of the system."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str
    samples: int = Field(2048, ge=8)
    chain: str | Literal[False] | None = None


class Files(_Table):
    """Files by a pattern of their names, and how they are read."""

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


class Estimate(_Table):
    """Settings, by the words of the command line."""

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


class Tables(_Table):
    """All of a plan."""

    seeds: int | list[int] = 0
    system: list[System] = []
    files: list[Files] = []
    estimate: Estimate = Estimate()
    baselines: list[Literal[BASELINES]] = []  # type: ignore[valid-type]


def told(error: Mapping[str, Any]) -> str:
    """What a validation found, in a line."""
    name = ".".join(str(part) for part in error["loc"] if isinstance(part, str))
    if error["type"] == "extra_forbidden":
        return f"unknown word {error['loc'][-1]!r}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{name}: {message[:1].lower()}{message[1:]}" if name else message


def line_of(text: str, place: Sequence[str | int]) -> int:
    """The line of a TOML file that an entry stands in, or that of the table it should be in.

    Example:
        >>> lines = "seeds = 1", "", "[[system]]", 'name = "a"', "[[system]]", 'name = "b"'
        >>> line_of(chr(10).join(lines), ("system", 1, "name"))
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
