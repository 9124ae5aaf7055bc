"""The shape of a stored result, checked before anything is made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import inf
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError
from .energies import Bracket, FreeEnergy
from .types import Base, Check, CrossCheck, Level, ScaleEntropy

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["check_mapping"]

_LARGEST = 1e100  # squares of larger numbers overflow
_LARGEST_DEPTH = 100  # of brackets in each other


@dataclass(frozen=True)
class _Status:
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class _Samples:
    """Every field is optional; those that are there have the type that pages and plots expect."""

    n: int = 0
    effective: float = 0
    tau: float | None = None
    rhat: float | None = None
    shape: tuple[float, ...] = ()


@dataclass(frozen=True)
class _Stored:
    entropy: float
    error: float
    unit: str
    budget: dict[str, float]
    levels: tuple[Level, ...]
    bases: tuple[Base, ...]
    status: _Status
    samples: _Samples
    cross_check: CrossCheck | None
    timing: dict[str, float]
    provenance: dict[str, Any]
    ended: str = ""
    read_as: dict[str, Any] = field(default_factory=dict)
    free_energy: FreeEnergy | None = None
    bracket: Bracket | None = None
    scales: tuple[ScaleEntropy, ...] = ()


def check_mapping(mapping: Any) -> None:
    """Refuse a mapping that does not have the shape of a result.

    Args:
        mapping: What a file holds in the place of a result, in JSON.

    Raises:
        InputError: A field is missing or of another type; names the first one.

    Example:
        >>> check_mapping({"entropy": "high"})
        Traceback (most recent call last):
        ...
        moiety.base.errors.InputError: its field entropy is not valid (input should be ...
    """
    from pydantic import ValidationError

    if isinstance(mapping, Mapping):
        _check_depth(mapping)
    try:
        found = _adapter().validate_json(json.dumps(mapping), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "result"
        reason = first["msg"][:1].lower() + first["msg"][1:]
        raise InputError(
            f"its field {place} is not valid ({reason}); write the result again"
        ) from None
    for name, number, is_good in _numbers(found):
        if not is_good:
            raise InputError(f"its field {name} cannot be {number:g}; write the result again")


@cache
def _adapter() -> TypeAdapter[_Stored]:
    from pydantic import TypeAdapter

    return TypeAdapter(_Stored)


def _numbers(stored: _Stored) -> Iterator[tuple[str, float, bool]]:
    """Names and values of numbers, and whether pages and plots can show them."""
    errors = {"error": stored.error}
    errors |= {f"budget.{name}": part for name, part in stored.budget.items()}
    errors |= {f"levels.{k}.error": level.error for k, level in enumerate(stored.levels)}
    errors |= {f"bases.{k}.error": base.error for k, base in enumerate(stored.bases)}
    for name, error in errors.items():
        yield name, error, not (error < 0 or _LARGEST < error < inf)
    for k, level in enumerate(stored.levels):
        for name in ("volume", "interface"):
            yield f"levels.{k}.{name}", getattr(level, name), 0 < getattr(level, name) < _LARGEST


def _check_depth(value: Any) -> None:
    """Refuse deep nesting, without recursion."""
    level = [value]
    for _ in range(_LARGEST_DEPTH):
        parts = [part.values() if isinstance(part, Mapping) else part for part in level]
        level = [entry for part in parts for entry in part if isinstance(entry, (Mapping, list))]
        if not level:
            return
    raise InputError("it is nested too deeply; damaged?")
