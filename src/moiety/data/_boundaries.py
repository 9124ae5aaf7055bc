"""Boundary conditions: one flag per space axis, and whether all sites are equivalent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..base.errors import InputError

__all__ = [
    "BOUNDARIES",
    "BOUNDARY_UNKNOWN",
    "Periodic",
    "boundary_flags",
    "boundary_of",
    "boundary_text",
    "check_boundary",
]

Periodic = bool | Sequence[bool] | str  # for all axes, one flag per axis, or "x,y"

_AXES = ("x", "y", "z")

BOUNDARIES = {"periodic": (True, True), "free": (False, False), "crop": (False, True)}
"""Whether the boundary is periodic and whether all sites are equivalent, by name."""

BOUNDARY_UNKNOWN = (
    "the boundary conditions are unknown; say --boundary periodic (opposite sides are neighbours),"
    " free (the system ends there) or crop (a part of a larger system)"
)


def boundary_flags(periodic: Periodic, axes: int) -> tuple[bool, ...]:
    """One flag per axis.

    Args:
        periodic: One flag for all axes; a sequence, of which the length is not checked; or the
            names of the periodic axes, `"x,y"`.
        axes: Number of space axes.

    Raises:
        InputError: The flags are not booleans, or an axis does not exist.

    Example:
        >>> boundary_flags(True, 2), boundary_flags([True, False], 2), boundary_flags("y", 2)
        ((True, True), (True, False), (False, True))
    """
    if isinstance(periodic, str):
        return _named(periodic, axes)
    if isinstance(periodic, (bool, np.bool_)):
        return (bool(periodic),) * axes
    flags = _listed(periodic)
    if flags is None:
        raise InputError(
            "periodic must be True, False, a flag for each space axis, or names of axes such as"
            f" 'x,y', not {periodic!r}"
        )
    return flags


def check_boundary(boundary: str | None) -> None:
    """Refuse an unknown name of a boundary.

    Args:
        boundary: The name, or None.
    """
    if boundary is not None and (not isinstance(boundary, str) or boundary not in BOUNDARIES):
        raise InputError(f"boundary must be one of {', '.join(BOUNDARIES)}, not {boundary!r}")


def boundary_of(
    boundary: str | None, periodic: Periodic | None, homogeneous: bool | None, axes: int
) -> tuple[tuple[bool, ...], bool]:
    """The flags per axis and whether all sites are equivalent, from all that the user stated.

    Args:
        boundary: `"periodic"`, `"free"` or `"crop"`, or None.
        periodic: One flag for all axes or one per axis, or None.
        homogeneous: Whether all sites are equivalent, or None.
        axes: Number of space axes.

    Raises:
        InputError: The statements contradict each other, or none tells the boundary.

    Example:
        >>> boundary_of("free", None, None, 2), boundary_of("crop", None, None, 2)
        (((False, False), False), ((False, False), True))
    """
    check_boundary(boundary)
    if homogeneous is not None and not isinstance(homogeneous, (bool, np.bool_)):
        raise InputError(f"homogeneous must be True or False, not {homogeneous!r}")
    if boundary is None:
        if periodic is None:
            raise InputError(BOUNDARY_UNKNOWN)
        return boundary_flags(periodic, axes), bool(homogeneous is None or homogeneous)
    wraps, equivalent = BOUNDARIES[boundary]
    flags = boundary_flags(wraps if periodic is None else periodic, axes)
    if wraps != all(flags):
        raise InputError(
            f"boundary {boundary!r} and periodic={periodic} contradict each other; give one of them"
        )
    if homogeneous and not equivalent:
        raise InputError("sites near free ends differ from others; leave out homogeneous=True")
    return flags, bool(equivalent if homogeneous is None else homogeneous)


def boundary_text(periodic: Sequence[bool]) -> str:
    """Describe boundary conditions for a `repr`.

    Args:
        periodic: One flag per axis.

    Example:
        >>> boundary_text((False, False)), boundary_text((True, False))
        ('open', 'periodic=(True, False)')
    """
    if all(periodic):
        return "periodic"
    return f"periodic={periodic}" if any(periodic) else "open"


def _named(periodic: str, axes: int) -> tuple[bool, ...]:
    """Flags of the axes x, y, z from the names of the periodic ones."""
    names = [name.strip() for name in periodic.split(",")]
    if not set(names) <= set(_AXES):
        raise InputError(
            "periodic must be True, False, a flag for each space axis, or names of axes such as"
            f" 'x,y', not {periodic!r}"
        )
    missing = sorted(set(names) - set(_AXES[:axes]))
    if missing:
        raise InputError(
            f"periodic names the axis {missing[0]}, but the only space axes are"
            f" {', '.join(_AXES[:axes])}"
        )
    return tuple(axis in names for axis in _AXES[:axes])


def _listed(flags: Any) -> tuple[bool, ...] | None:
    if not isinstance(flags, Iterable) or isinstance(flags, (str, bytes)):
        return None
    listed = tuple(flags)
    known = all(isinstance(flag, (bool, int, np.bool_, np.integer)) for flag in listed)
    return tuple(map(bool, listed)) if known and set(listed) <= {0, 1} else None
