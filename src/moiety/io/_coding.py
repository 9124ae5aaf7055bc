"""`Samples` as an array with text attributes, and back.

Discrete states are written as their labels, so that others read spins as -1 and +1.
Attributes are text, JSON but for the kind: `moiety_kind`, `moiety_periodic`,
`moiety_labels`, `moiety_symmetries`, `moiety_provenance`, `moiety_layout`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np

from ..base import scratch
from ..base.errors import InputError
from ..data.samples import KINDS, SPACE_AXES, Samples
from ._format import Stored, parts

__all__ = ["Description", "as_json", "axes_of", "encode", "parsed", "restore"]

_LAYOUT = "1"
_UNITS = {"discrete": "1", "angle": "rad"}
_NAMES = {
    **{name: "draw" for name in ("draw", "time", "sample", "step")},
    **{name: "chain" for name in ("chain", "replica")},
    **{name: name for name in SPACE_AXES},
}


@dataclass(frozen=True)
class Description:
    """What a file of ours says about its array; fields as in `Samples`."""

    kind: str
    periodic: tuple[bool, ...]
    labels: tuple[Any, ...]
    symmetries: tuple[str, ...]
    provenance: Mapping[str, Any]

    @classmethod
    def of(cls, stored: Stored) -> Description | None:
        """The description in a file, or None if it is not one of ours."""
        if "moiety_kind" not in stored.attributes:
            return None
        texts = {
            name: _text(value)
            for name, value in stored.attributes.items()
            if name.startswith("moiety_")
        }
        if texts.get("moiety_layout") != _LAYOUT:
            layout = texts.get("moiety_layout")
            raise InputError(
                f"has layout {layout!r}, this version reads {_LAYOUT!r}; update moiety"
            )
        if texts["moiety_kind"] not in KINDS:
            raise InputError(
                f"says moiety_kind={texts['moiety_kind']!r}; it must be one of {', '.join(KINDS)}"
            )
        periodic, labels, symmetries = (
            _listed(texts, name) for name in ("periodic", "labels", "symmetries")
        )
        provenance = parsed(texts, "provenance", dict)
        return cls(texts["moiety_kind"], tuple(map(bool, periodic)), labels, symmetries, provenance)


def encode(samples: Samples, folder: str | os.PathLike[str] | None = None) -> Stored:
    """Samples as they are written, in axes `(chain, draw, *space)`.

    Arguments:
        folder: Where labels go that are too many for the memory.
    """
    attributes = {
        "moiety_layout": _LAYOUT,
        "moiety_kind": samples.kind,
        "moiety_periodic": json.dumps(list(samples.periodic)),
        "moiety_labels": as_json(list(samples.labels), "labels"),
        "moiety_symmetries": json.dumps(list(samples.symmetries)),
        "moiety_provenance": as_json(dict(samples.provenance), "provenance"),
    }
    if samples.kind in _UNITS:
        attributes["units"] = _UNITS[samples.kind]
    dims = ("chain", "draw", *SPACE_AXES[: len(samples.shape)])
    return Stored(
        _labelled(samples, folder) if samples.kind == "discrete" else _floats(samples),
        dims,
        attributes,
    )


def restore(stored: Stored, said: Description) -> Samples:
    """The samples in a file of ours."""
    values = _standard_order(stored)
    if said.kind == "discrete":
        values = _codes(values, said.labels)
    elif values.dtype.kind != "f" or not all(
        np.isfinite(values[part]).all() for part in scratch.slabs(values.shape, values.itemsize)
    ):
        raise InputError(
            "the array holds NaN or infinite entries, or no real numbers; the file was altered or damaged"
        )
    return Samples(values, said.kind, said.periodic, said.labels, said.symmetries, said.provenance)


def axes_of(dims: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Our names of the axes that a file names, or None unless all are known.

    Example:
        >>> axes_of(("x", "y", "time"))
        ('x', 'y', 'draw')
    """
    names = [_NAMES.get(str(name).lower()) for name in dims or ()]
    known = names and None not in names and len(set(names)) == len(names)
    return tuple(names) if known else None


def _standard_order(stored: Stored) -> np.ndarray:
    """Values in axes `(chain, draw, *space)`, whatever others did to a file of ours."""
    axes = axes_of(stored.dims)
    if axes is None:
        return stored.array
    order = [axes.index(name) for name in ("chain", "draw", *SPACE_AXES) if name in axes]
    values = np.ascontiguousarray(stored.array.transpose(order))
    return values if "chain" in axes else values[None]


def _labelled(samples: Samples, folder: str | os.PathLike[str] | None) -> np.ndarray:
    alphabet = _alphabet(samples.labels)
    known, values = len(samples.labels) or 256, samples.values
    labelled = values if alphabet is None else scratch.empty(values.shape, alphabet.dtype, folder)
    for part in parts(values):
        largest = values[part].max()
        if largest >= known:
            raise InputError(f"state code {largest} has no label; there are {known} labels")
        if alphabet is not None:
            labelled[part] = alphabet[values[part]]
        scratch.release(values)
        scratch.release(labelled)
    return labelled


def _codes(values: np.ndarray, labels: tuple[Any, ...]) -> np.ndarray:
    alphabet = _alphabet(labels)
    if alphabet is None:
        alphabet = np.arange(len(labels) or 256)  # codes were written
    order = np.argsort(alphabet)

    def coded(part: np.ndarray) -> np.ndarray:
        places = np.searchsorted(alphabet[order], part).clip(max=len(alphabet) - 1)
        codes = order.astype(np.uint8)[places]
        if not (alphabet[codes] == part).all():
            raise InputError(
                f"the array holds states without labels ({len(labels)} labels); it was altered or damaged"
            )
        return codes

    return scratch.copied(values, np.uint8, coded)


def _alphabet(labels: tuple[Any, ...]) -> np.ndarray | None:
    """Labels in the smallest integer type, or as floats; None if codes are to be written."""
    if not all(type(label) in (int, float) for label in labels):
        return None
    numbers = np.array(labels)
    distinct = len(labels) > 0 and len(np.unique(numbers)) == len(labels)
    if numbers.dtype.kind not in "iuf" or not distinct or numbers.tolist() != list(labels):
        return None
    for dtype in (np.int8, np.uint8, np.int16, np.int32):
        if numbers.dtype.kind in "iu" and (numbers.astype(dtype) == numbers).all():
            return numbers.astype(dtype)
    return numbers


def _floats(samples: Samples) -> np.ndarray:
    if samples.values.dtype not in (np.float32, np.float64):
        raise InputError(
            f"values of type {samples.values.dtype} are not stored; make them float32 or float64"
        )
    return samples.values


def as_json(value: Any, name: str) -> str:
    """JSON of a value; arrays become lists and paths text.

    Example:
        >>> as_json({"sizes": np.arange(3)}, "provenance")
        '{"sizes": [0, 1, 2]}'
    """
    try:
        return json.dumps(value, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        words = (
            f"the {name} cannot be written as JSON ({error}); use numbers, text, lists and mappings"
        )
        raise InputError(words) from error


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} found")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _listed(texts: Mapping[str, str], name: str) -> tuple[Any, ...]:
    return tuple(parsed(texts, name, list))


def parsed(texts: Mapping[str, str], name: str, kind: type) -> Any:
    """The JSON of the attribute `moiety_<name>`, which must be of one kind."""
    try:
        value = json.loads(texts[f"moiety_{name}"])
    except (KeyError, ValueError, RecursionError) as error:
        raise InputError(
            f"its attribute moiety_{name} is missing or no JSON; write the file anew"
        ) from error
    if not isinstance(value, kind):
        raise InputError(
            f"its attribute moiety_{name} is no JSON {kind.__name__}; write the file anew"
        )
    return value
