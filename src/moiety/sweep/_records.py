"""The JSON files of a store as types: what does not validate counts as damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["Beat", "Done", "Marker", "SavedPlan", "SavedPoint", "parsed"]

_Label = int | float | str | bool | list[int | float | str]
_Share = Annotated[float, Field(ge=0, le=1)]
_Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Time = Annotated[float, Field(allow_inf_nan=False)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="allow")


class Marker(_Record):
    """Contents of `moiety-store.json`."""

    format: Annotated[int, Field(ge=1)]


class SavedPoint(_Record):
    """A state point in `plan.json` and `point.json`."""

    source: dict[str, Any]
    settings: dict[str, Any]
    baselines: list[str]
    seed: Annotated[int, Field(ge=0)]
    labels: dict[str, _Label]
    before: str | None


class SavedPlan(_Record):
    """Contents of `plan.json`."""

    version: str
    chains: list[Annotated[list[SavedPoint], Field(min_length=1)]]


class Baseline(_Record):
    """Value of a baseline and its standard error."""

    value: float
    error: float


class Done(_Record):
    """Contents of `done.json`."""

    entropy: float
    error: float
    ok: bool
    baselines: dict[str, Baseline]
    seconds: _Seconds
    host: str
    version: str
    at: _Time
    files: dict[str, str]


class Beat(_Record):
    """Contents of `running.json`."""

    share: _Share
    text: str
    host: str
    process: int
    at: _Time
    since: _Time


_Any = TypeVar("_Any", bound=_Record)


def parsed(kind: type[_Any], data: Mapping[str, Any] | None) -> _Any | None:
    """Return data as a record; None if there are none or they do not validate.

    Args:
        kind: Type of the record.
        data: Contents of a JSON file.

    Example:
        >>> parsed(Marker, {"format": 1}), parsed(Marker, {}), parsed(Marker, None)
        (Marker(format=1), None, None)
    """
    if data is None:
        return None
    try:
        return kind.model_validate(data)
    except (ValidationError, RecursionError):
        return None
