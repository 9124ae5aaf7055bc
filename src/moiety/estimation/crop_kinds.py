"""Kinds of particles as critics of blocks see them, and how near two kinds come.

Points carry a kind where types tell more than diameters do; images have a channel for each kind.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from ..base.errors import InputError
from ..data.kinds import Kinds, Marks
from ..data.particles import Particles
from ..inspection.neighbours import pairs_of_run

__all__ = ["MOST_KINDS", "contacts_of", "kinds_seen"]

MOST_KINDS = 32
_FEWEST = 50  # pairs of two kinds, from which the smallest distance is taken
_SHELL = 2.0  # in mean spacings; pairs within are searched

Contacts = tuple[tuple[float, ...], ...]

_CONTACTS: WeakKeyDictionary[Particles, Contacts] = WeakKeyDictionary()


def kinds_seen(particles: Particles, sees: str, marks: Marks) -> Kinds:
    """The kinds of particles that a critic has to be shown.

    Args:
        particles: Frames.
        sees: What the critic sees: `"points"`, which have diameters anyway, or an `"image"`.
        marks: What is part of a particle's state.

    Raises:
        InputError: More kinds than critics tell apart.

    Example:
        >>> frames = [np.arange(4.0)[:, None]] * 8
        >>> columns = {"types": np.array([0, 0, 1, 1]), "diameters": np.array([1.0, 1.0, 2.0, 2.0])}
        >>> rods = Particles.from_frames(frames, cells=9.0, periodic=True, **columns)
        >>> [kinds_seen(rods, sees, Marks()).number for sees in ("points", "image")]
        [1, 2]
    """
    if sees == "points":
        alone = Marks(types=marks.types_tell(particles), diameters=False)
        seen = alone.kinds(particles)
    else:
        seen = marks.kinds(particles)
    if seen.number > MOST_KINDS:
        what = "types" if sees == "points" else "kinds by type and diameter"
        raise InputError(
            f"{seen.number} {what} of particles; critics of {sees.removesuffix('s')}s tell at most"
            f" {MOST_KINDS} apart: name fewer, or leave them out (--no-types)"
        )
    return seen


def contacts_of(particles: Particles) -> Contacts:
    """Smallest distance of each two types, in the unit of the positions.

    It is 1 where too few pairs are near each other.  Critics measure gaps from it.

    Args:
        particles: Frames, in units of the diameter.

    Example:
        >>> frames = [np.array([0.0, 2.0, 3.0, 5.0])[:, None]] * 64
        >>> rods = Particles.from_frames(
        ...     frames, cells=9.0, periodic=True, types=np.array([0, 1, 1, 0])
        ... )
        >>> contacts_of(rods)
        ((4.0, 2.0), (2.0, 1.0))
    """
    if particles not in _CONTACTS:
        _CONTACTS[particles] = _smallest(particles)
    return _CONTACTS[particles]


def _smallest(particles: Particles) -> Contacts:
    kinds = Marks(diameters=False).kinds(particles)
    spacing = float(particles.density ** (-1 / particles.dimensions))
    first, second, distances = pairs_of_run(particles, _SHELL * spacing)
    pair = kinds.labels[first] * kinds.number + kinds.labels[second]
    least = np.full(kinds.number**2, np.inf)
    np.minimum.at(least, pair, distances)
    both = np.bincount(pair, minlength=kinds.number**2).reshape(kinds.number, kinds.number)
    times = both + both.T * (1 - np.eye(kinds.number))
    square = least.reshape(both.shape)
    contacts = np.where(times >= _FEWEST, np.minimum(square, square.T), 1.0)
    return tuple(tuple(row) for row in contacts.tolist())
