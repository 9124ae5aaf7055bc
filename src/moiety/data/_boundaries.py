"""Boundary conditions, one flag per space axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["boundary_flags", "boundary_text"]


def boundary_flags(periodic: bool | Sequence[bool], axes: int) -> tuple[bool, ...]:
    """One flag per axis.

    Args:
        periodic: One flag for all axes, or a sequence, of which the length is not checked.
        axes: Number of space axes.

    Example:
        >>> boundary_flags(True, 2), boundary_flags([1, 0], 2)
        ((True, True), (True, False))
    """
    if isinstance(periodic, (bool, np.bool_)):
        return (bool(periodic),) * axes
    return tuple(map(bool, periodic))


def boundary_text(periodic: Sequence[bool]) -> str:
    """Describe boundary conditions for a `repr`.

    Example:
        >>> boundary_text((False, False)), boundary_text((True, False))
        ('open', 'periodic=(True, False)')
    """
    if all(periodic):
        return "periodic"
    return f"periodic={periodic}" if any(periodic) else "open"
