"""`--periodic`, a flag that may be followed by names of axes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..base.errors import InputError

__all__ = ["periodic_of", "with_axes"]


_NAMES = re.compile("[xyz](,[xyz])*")


def with_axes(arguments: Sequence[str]) -> list[str]:
    """Arguments in which axes after `--periodic` belong to it.

    The flag takes no value, so that a file may follow it.

    Args:
        arguments: Arguments of the command line.

    Example:
        >>> with_axes(["estimate", "--periodic", "x.npy"])
        ['estimate', '--periodic', 'x.npy']
        >>> with_axes(["estimate", "x.npy", "--periodic", "x,y"])
        ['estimate', 'x.npy', '--periodic-axes', 'x,y']
    """
    words, changed = [*arguments], []
    while words:
        word = words.pop(0)
        if word.startswith("--periodic="):
            changed += ["--periodic-axes", word.removeprefix("--periodic=")]
        elif word == "--periodic" and words and _NAMES.fullmatch(words[0]):
            changed += ["--periodic-axes", words.pop(0)]
        else:
            changed.append(word)
    return changed


def periodic_of(flag: bool | None, axes: str | None) -> bool | str | None:
    """What the user said about periodic boundaries.

    Args:
        flag: `--periodic` or `--no-periodic`, or None.
        axes: Names of the periodic axes, or None.

    Raises:
        InputError: Both were given.

    Example:
        >>> periodic_of(True, None), periodic_of(None, "x,y")
        (True, 'x,y')
    """
    if flag is not None and axes is not None:
        raise InputError("give --periodic or --no-periodic once, or --periodic with names of axes")
    return flag if axes is None else axes
