"""The parts of a file format: a name, suffixes, a reader and a writer.

A reader turns a path into a `Stored` array.  It raises `InputError` without naming the file, or
an exception of its library; `naming` turns either into one line.
"""

from __future__ import annotations

import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np

from ..base import scratch
from ..base.errors import InputError
from ._positions import positions_in, refuse_positions

__all__ = [
    "DAMAGE",
    "ENERGY",
    "PERIODIC_UNKNOWN",
    "VARIABLE",
    "Format",
    "Periodic",
    "Stored",
    "cause",
    "choose",
    "chunks",
    "fill",
    "naming",
    "parts",
]

Periodic = bool | Sequence[bool] | str  # for all axes, one flag per axis, or "x,y"

ENERGY = "energy"  # name of the energies beside it
VARIABLE = "states"  # name of the array in files that moiety writes
PERIODIC_UNKNOWN = (
    "the file does not say whether the boundaries are periodic; say --periodic, --no-periodic, or"
    " --periodic x,y for some axes"
)
_CHUNK_BYTES = 2**20
_CHUNKS_AT_ONCE = 64
_NAMES_LISTED = 12

# Exceptions of the libraries for files that are truncated, damaged, or in another format than
# their suffix suggests.  Damaged headers cause all of them.
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
    """An array as a file stores it.

    Args:
        array: Any shape and dtype.
        dims: Names of its axes, or None where the file has none.
        attributes: Attributes of the array in the file, by name.
        energies: Energy of each sample, to be written beside the array, shape `(n,)`.
    """

    array: np.ndarray
    dims: tuple[str, ...] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    energies: np.ndarray | None = None

    def native(self) -> Stored:
        """A copy in the byte order of this machine."""
        dtype = self.array.dtype
        array = self.array if dtype.isnative else self.array.astype(dtype.newbyteorder("="))
        return replace(self, array=array)


@dataclass(frozen=True)
class Format:
    """A file format for samples of lattices.

    Args:
        name: Name for messages.
        suffixes: Suffixes in lower case, with the dot.
        read: Reads the variable of a given name (or None) from a path.
        write: Writes an array with axes `(chain, draw, *space)` to a path.
        attributes: Whether the format can hold more than the array.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, str | None], Stored]
    write: Callable[[Path, Stored], None]
    attributes: bool = True


@contextmanager
def naming(path: Path, failure: str) -> Iterator[None]:
    """Turn every failure inside the block into a one-line `InputError` that names the file.

    Args:
        path: The file.
        failure: What went wrong, for exceptions of a library, such as "cannot be read".
    """
    try:
        yield
    except InputError as error:
        raise InputError(_one_line(f"{path}: {error}")) from None
    except DAMAGE as error:
        raise InputError(_one_line(f"{path}: {failure} ({cause(error)})")) from error


def cause(error: BaseException) -> str:
    """Shorten the message of an exception.

    Args:
        error: Exception of a library.

    Example:
        >>> cause(KeyError()), cause(OSError(28, "No space left on device"))
        ('KeyError', 'No space left on device')
    """
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shorten(words, 160, placeholder=" ...") or type(error).__name__


def choose(arrays: Mapping[str, Any], variable: str | None) -> str:
    """Find the name of the array that holds the states.

    Args:
        arrays: Arrays by name; anything with a `dtype` and `ndim`.
        variable: The user's choice, or None, which works where only one array is numeric and has
            two axes or more.

    Raises:
        InputError: No array, or several plausible arrays.

    Example:
        >>> choose({"time": np.arange(9), "spins": np.ones((9, 4))}, None)
        'spins'
    """
    names = ", ".join([*arrays][:_NAMES_LISTED]) + (", ..." if len(arrays) > _NAMES_LISTED else "")
    if not arrays:
        raise InputError("holds no array")
    if variable is not None and variable not in arrays:
        raise InputError(f"holds no variable {variable!r}; it has {names}")
    plausible = [name for name, array in arrays.items() if _is_plausible(array)]
    chosen = variable
    if chosen is None and len(plausible) == 1:
        chosen = plausible[0]
    if chosen is None and len(arrays) == 1:
        chosen = next(iter(arrays))
    chosen = chosen or positions_in(arrays, None)
    if chosen is None:
        example = next(iter(plausible or arrays))
        raise InputError(
            f"holds several variables ({names}); choose the states, for example --variable"
            f" {example}"
        )
    refuse_positions(chosen, arrays[chosen])
    return chosen


def chunks(array: np.ndarray) -> tuple[int, ...]:
    """Sides of chunks of about one megabyte, each with consecutive draws of one chain.

    Args:
        array: Shape `(chain, draw, *space)`.

    Example:
        >>> chunks(np.zeros((4, 1000, 64, 64), np.int8))
        (1, 256, 64, 64)
    """
    space = array.shape[2:]
    draws = _CHUNK_BYTES // max(array.itemsize * int(np.prod(space)), 1)
    return (1, min(max(draws, 1), array.shape[1]), *space)


def parts(array: np.ndarray) -> Iterator[tuple[int, slice]]:
    """Indices of pieces of some 64 MiB, each with whole chunks of one chain.

    Args:
        array: Shape `(chain, draw, *space)`.

    Example:
        >>> [*parts(np.zeros((1, 20000, 64, 64), np.int8))]
        [(0, slice(0, 16384, None)), (0, slice(16384, 32768, None))]
    """
    draws = chunks(array)[1] * _CHUNKS_AT_ONCE
    for chain in range(array.shape[0]):
        for first in range(0, array.shape[1], draws):
            yield chain, slice(first, first + draws)


def fill(dataset: Any, array: np.ndarray, check: Callable[[], None]) -> None:
    """Write an array part by part and release the memory of an array that lives on disk.

    Args:
        dataset: Variable of a file, of the same shape as the array.
        array: Shape `(chain, draw, *space)`.
        check: Called after every part; raises if writing failed.
    """
    for part in parts(array):
        dataset[part] = array[part]
        check()
        scratch.release(array)


def _is_plausible(array: Any) -> bool:
    return getattr(array.dtype, "kind", "O") in "biufc" and array.ndim >= 2


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
