"""Convert `Samples` to an array with text attributes, and back.

Discrete states are written as their labels, so that other programs read spins as -1 and +1.
The attributes are `moiety_layout`, `moiety_kind`, and as JSON `moiety_periodic`,
`moiety_labels`, `moiety_symmetries` and `moiety_provenance`; and `moiety_homogeneous`, where
sites are not equivalent.
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

__all__ = ["Description", "as_json", "as_text", "axes_of", "encode", "parsed", "restore"]

_LAYOUT = "1"
_UNITS = {"discrete": "1", "angle": "rad"}
_NAMES = {
    **{name: "draw" for name in ("draw", "time", "sample", "step")},
    **{name: "chain" for name in ("chain", "replica")},
    **{name: name for name in SPACE_AXES},
}


@dataclass(frozen=True)
class Description:
    """The attributes of an array that moiety wrote.

    Args:
        kind: Kind of the states, as in `Samples`.
        periodic: One flag per space axis.
        labels: Labels of discrete states.
        symmetries: Symmetries of the Hamiltonian.
        provenance: Where the samples come from.
        homogeneous: Whether all sites are equivalent.
    """

    kind: str
    periodic: tuple[bool, ...]
    labels: tuple[Any, ...]
    symmetries: tuple[str, ...]
    provenance: Mapping[str, Any]
    homogeneous: bool = True

    @classmethod
    def of(cls, stored: Stored) -> Description | None:
        """Read the description, or return None if another program wrote the file.

        Args:
            stored: An array with its attributes.

        Raises:
            InputError: The attributes are damaged, or a newer version wrote them.
        """
        if "moiety_kind" not in stored.attributes:
            return None
        texts = {
            name: as_text(value)
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
                f"has moiety_kind={texts['moiety_kind']!r}; it must be one of {', '.join(KINDS)}"
            )
        periodic, labels, symmetries = (
            _listed(texts, name) for name in ("periodic", "labels", "symmetries")
        )
        provenance = parsed(texts, "provenance", dict)
        flags, kind = tuple(map(bool, periodic)), texts["moiety_kind"]
        alike = "moiety_homogeneous" not in texts or parsed(texts, "homogeneous", bool)
        return cls(kind, flags, labels, symmetries, provenance, alike)


def encode(samples: Samples, folder: str | os.PathLike[str] | None = None) -> Stored:
    """Convert samples to the array and attributes of a file.

    Args:
        samples: The samples to write.
        folder: Folder of the temporary file that holds an array too large for memory.

    Returns:
        An array with axes `(chain, draw, *space)` and its attributes.
    """
    attributes = {
        "moiety_layout": _LAYOUT,
        "moiety_kind": samples.kind,
        "moiety_periodic": json.dumps(list(samples.periodic)),
        "moiety_labels": as_json(list(samples.labels), "labels"),
        "moiety_symmetries": json.dumps(list(samples.symmetries)),
        "moiety_provenance": as_json(dict(samples.provenance), "provenance"),
    }
    if not samples.homogeneous:
        attributes["moiety_homogeneous"] = json.dumps(False)
    if samples.kind in _UNITS:
        attributes["units"] = _UNITS[samples.kind]
    dims = ("chain", "draw", *SPACE_AXES[: len(samples.shape)])
    array = _labelled(samples, folder) if samples.kind == "discrete" else _floats(samples)
    return Stored(array, dims, attributes)


def restore(stored: Stored, description: Description) -> Samples:
    """Rebuild the samples from a file that moiety wrote.

    Args:
        stored: The array of the file.
        description: Its attributes.

    Raises:
        InputError: The array does not fit its description.
    """
    values = _standard_order(stored)
    if description.kind == "discrete":
        values = _codes(values, description.labels)
    elif values.dtype.kind != "f" or not _is_finite(values):
        raise InputError(
            "the array holds NaN, infinite entries or no real numbers; the file was altered or "
            "damaged"
        )
    return Samples(
        values,
        description.kind,
        description.periodic,
        description.labels,
        description.symmetries,
        description.provenance,
        description.homogeneous,
    )


def axes_of(dims: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Translate the axis names of a file, or return None unless all are known.

    Args:
        dims: Axis names in the file, or None.

    Example:
        >>> axes_of(("x", "y", "time"))
        ('x', 'y', 'draw')
    """
    given = [str(name).lower() for name in dims or ()]
    names = [_NAMES[name] for name in given if name in _NAMES]
    known = names and len(names) == len(given) and len(set(names)) == len(names)
    return tuple(names) if known else None


def _standard_order(stored: Stored) -> np.ndarray:
    """Values with axes `(chain, draw, *space)`, even if another program reordered them."""
    axes = axes_of(stored.dims)
    if axes is None:
        return stored.array
    order = [axes.index(name) for name in ("chain", "draw", *SPACE_AXES) if name in axes]
    values = np.ascontiguousarray(stored.array.transpose(order))
    return values if "chain" in axes else values[None]


def _is_finite(values: np.ndarray) -> bool:
    slabs = scratch.slabs(values.shape, values.itemsize)
    return all(bool(np.isfinite(values[slab]).all()) for slab in slabs)


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
        alphabet = np.arange(len(labels) or 256)  # the file holds codes
    order = np.argsort(alphabet)

    def coded(part: np.ndarray) -> np.ndarray:
        places = np.searchsorted(alphabet[order], part).clip(max=len(alphabet) - 1)
        codes: np.ndarray = order.astype(np.uint8)[places]
        if not (alphabet[codes] == part).all():
            raise InputError(
                f"the array holds states without labels ({len(labels)} labels); it was altered or "
                "damaged"
            )
        return codes

    return scratch.copied(values, np.uint8, coded)


def _alphabet(labels: tuple[Any, ...]) -> np.ndarray | None:
    """Labels in the smallest integer type, or as floats; None if codes must be written."""
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
            f"values of type {samples.values.dtype} cannot be stored; use float32 or float64"
        )
    return samples.values


def as_json(value: Any, name: str) -> str:
    """Write a value as JSON; arrays become lists and paths become text.

    Args:
        value: Numbers, text, lists and mappings.
        name: What the value is, for messages.

    Raises:
        InputError: The value has no JSON form.

    Example:
        >>> as_json({"sizes": np.arange(3)}, "provenance")
        '{"sizes": [0, 1, 2]}'
    """
    try:
        return json.dumps(value, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"the {name} cannot be written as JSON ({error}); use numbers, text, lists and mappings"
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"it contains {type(value).__name__}")


def as_text(value: object) -> str:
    """Decode an attribute that some libraries return as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _listed(texts: Mapping[str, str], name: str) -> tuple[Any, ...]:
    return tuple(parsed(texts, name, list))


def parsed(texts: Mapping[str, str], name: str, kind: type) -> Any:
    """Parse the JSON attribute `moiety_<name>`.

    Args:
        texts: Attributes by name.
        name: Name of the attribute without its prefix.
        kind: Type that the value must have.

    Raises:
        InputError: The attribute is missing, damaged or of another type.
    """
    try:
        value = json.loads(texts[f"moiety_{name}"])
    except (KeyError, ValueError, RecursionError) as error:
        raise InputError(
            f"its attribute moiety_{name} is missing or not JSON; write the file again"
        ) from error
    if not isinstance(value, kind):
        raise InputError(
            f"its attribute moiety_{name} is not a JSON {kind.__name__}; write the file again"
        )
    return value
