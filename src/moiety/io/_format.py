"""What a file format is: a name, its suffixes, a reader and a writer.

A reader turns a path into a `Stored` array and raises `InputError` without naming
the file, or whatever its library raises; `naming` makes one line of either.
"""

from __future__ import annotations

import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np

from ..base import scratch
from ..base.errors import InputError

__all__ = [
    "DAMAGE",
    "VARIABLE",
    "Format",
    "Stored",
    "cause",
    "choose",
    "chunks",
    "fill",
    "naming",
    "parts",
]

VARIABLE = "states"  # the name of the array in files of our own
_CHUNK_BYTES = 2**20
_CHUNKS_AT_ONCE = 64
_NAMES_LISTED = 12

# What the libraries below raise for files that are truncated, damaged, or of another
# format than their suffix says.  Damaged headers make them fail in all these ways.
DAMAGE = (
    OSError,
    EOFError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, eq=False)
class Stored:
    """An array as it stands in a file.

    Arguments:
        array: Any shape and dtype.
        dims: The names of its axes, where the file has some.
        attributes: What the file says about it, by name.
    """

    array: np.ndarray
    dims: tuple[str, ...] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Format:
    """A file format.

    Arguments:
        name: For messages.
        suffixes: Lower case, with the dot.
        read: Takes the path and the name of a variable or None.
        write: Takes the path and what is to be written in axes `(chain, draw, *space)`.
        attributes: Whether it can hold more than the array.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, str | None], Stored]
    write: Callable[[Path, Stored], None]
    attributes: bool = True


@contextmanager
def naming(path: Path, failure: str) -> Iterator[None]:
    """Turn every failure inside the block into a one-line `InputError` that names the file."""
    try:
        yield
    except InputError as error:
        raise InputError(_one_line(f"{path}: {error}")) from None
    except DAMAGE as error:
        raise InputError(_one_line(f"{path}: {failure} ({cause(error)})")) from error


def cause(error: BaseException) -> str:
    """What a library says of a failure, in short.

    Example:
        >>> cause(KeyError()), cause(OSError(28, "No space left on device"))
        ('KeyError', 'No space left on device')
    """
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shorten(words, 160, placeholder=" ...") or type(error).__name__


def choose(arrays: Mapping[str, Any], variable: str | None) -> str:
    """The name of the array that holds the states.

    Arguments:
        arrays: By name; anything with a `dtype` and `ndim`.
        variable: The user's choice; may be left out where one array only is numeric
            and has two axes or more.

    Example:
        >>> choose({"time": np.arange(9), "spins": np.ones((9, 4))}, None)
        'spins'
    """
    names = ", ".join([*arrays][:_NAMES_LISTED]) + (", ..." if len(arrays) > _NAMES_LISTED else "")
    if not arrays:
        raise InputError("holds no array")
    if variable is not None:
        if variable not in arrays:
            raise InputError(f"holds no variable {variable!r}; it has {names}")
        return variable
    plausible = [name for name, array in arrays.items() if _is_plausible(array)]
    if len(plausible) == 1:
        return plausible[0]
    if len(arrays) == 1:
        return next(iter(arrays))
    example = next(iter(plausible or arrays))
    raise InputError(
        f"holds several variables ({names}); say which are the states, for example --variable {example}"
    )


def chunks(array: np.ndarray) -> tuple[int, ...]:
    """Sides of chunks of about one megabyte: consecutive draws of one chain.

    Example:
        >>> chunks(np.zeros((4, 1000, 64, 64), np.int8))
        (1, 256, 64, 64)
    """
    space = array.shape[2:]
    draws = _CHUNK_BYTES // max(array.itemsize * int(np.prod(space)), 1)
    return (1, min(max(draws, 1), array.shape[1]), *space)


def parts(array: np.ndarray) -> Iterator[tuple[int, slice]]:
    """Whole chunks of one chain, some 64 MiB at a time.

    Example:
        >>> [*parts(np.zeros((1, 20000, 64, 64), np.int8))]
        [(0, slice(0, 16384, None)), (0, slice(16384, 32768, None))]
    """
    draws = chunks(array)[1] * _CHUNKS_AT_ONCE
    for chain in range(array.shape[0]):
        for first in range(0, array.shape[1], draws):
            yield chain, slice(first, first + draws)


def fill(dataset: Any, array: np.ndarray) -> None:
    """Write an array part by part, letting go of the memory of one that lives on disk."""
    for part in parts(array):
        dataset[part] = array[part]
        scratch.release(array)


def _is_plausible(array: Any) -> bool:
    return getattr(array.dtype, "kind", "O") in "biufc" and array.ndim >= 2


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
