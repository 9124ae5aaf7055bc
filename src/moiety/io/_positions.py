"""Arrays that are positions of particles by their name and shape, not states of a lattice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base.errors import InputError

__all__ = ["are_positions", "positions_in", "refuse_positions"]

_NAMES = {"position", "coordinate", "coord", "pos", "xyz", "point", "particle", "centre", "center"}
_AXES = (2, 3, 4)  # of one frame, of frames, of chains of frames
_FRAMES_AXES = 3  # frame, particle, coordinate
_SPACE = 3


def are_positions(name: str, array: Any) -> bool:
    """Whether an array holds positions of particles: the last of its axes has 1 to 3 coordinates.

    Args:
        name: Its name, perhaps with the path of groups before it.
        array: Anything with a `dtype` and a `shape`.

    Example:
        >>> import numpy as np
        >>> are_positions("run/Coordinates", np.zeros((8, 40, 3)))
        True
        >>> are_positions("spins", np.zeros((8, 40, 3))), are_positions("pos", np.zeros((8, 9, 9)))
        (False, False)
    """
    last = name.rpartition("/")[2].lower()
    shape = tuple(getattr(array, "shape", ()))
    kind = getattr(array.dtype, "kind", "O")
    named = bool({last, last.removesuffix("s")} & _NAMES)
    return named and kind in "fiu" and len(shape) in _AXES and 1 <= shape[-1] <= _SPACE


def positions_in(arrays: Mapping[str, Any], variable: str | None) -> str | None:
    """Name of the array `(frame, particle, coordinate)` that would be read, or None.

    Args:
        arrays: Arrays by name.
        variable: The user's choice, or None.
    """
    found = [
        name
        for name, array in arrays.items()
        if are_positions(name, array) and len(array.shape) == _FRAMES_AXES
    ]
    if variable is not None:
        return variable if variable in found else None
    return found[0] if len(found) == 1 else None


def refuse_positions(name: str, array: Any) -> None:
    """Refuse an array of positions where samples of a lattice are read.

    Args:
        name: Its name.
        array: The array.

    Raises:
        InputError: It holds positions.
    """
    if are_positions(name, array):
        raise InputError(
            f"its array {name} holds positions of particles, which are no lattice: save them as"
            " .npz with the arrays positions (frame, particle, coordinate) and box, as .gsd or"
            " extended XYZ; or use moiety.Particles.from_frames"
        )
