"""Marks of particles, and the kinds that they tell apart.

A mark is what a particle's state includes besides its position: its type, its diameter, or both.
Two particles are of one kind if their marks are equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .particles import Particles

__all__ = ["EVERY_MARK", "NO_MARKS", "Kinds", "Marks"]

_MOST_DIAMETERS = 32  # that may name the types


@dataclass(frozen=True, eq=False)
class Kinds:
    """Kinds of particles.

    Args:
        number: Number of kinds.
        labels: Kind of each particle, from 0, shape `(total,)`.
    """

    number: int
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Marks:
    """What a particle's state includes besides its position.

    Args:
        types: Whether it includes the type.
        diameters: Whether it includes the diameter.

    Example:
        >>> frames = [np.arange(4.0)[:, None]] * 8
        >>> columns = {"types": np.array([0, 0, 1, 1]), "diameters": np.array([1.0, 2.0, 1.0, 1.0])}
        >>> rods = Particles.from_frames(frames, cells=9.0, periodic=True, **columns)
        >>> Marks().kinds(rods).number, Marks(diameters=False).kinds(rods).number
        (3, 2)
    """

    types: bool = True
    diameters: bool = True

    def known(self, particles: Particles) -> Marks:
        """The marks among these that the particles have.

        Args:
            particles: Frames.
        """
        return Marks(
            self.types and particles.types is not None,
            self.diameters and particles.diameters is not None,
        )

    def kept(self, particles: Particles) -> Particles:
        """The particles without any other marks.

        Args:
            particles: Frames.
        """
        known = self.known(particles)
        dropped = {
            name: None
            for name in ("types", "diameters")
            if getattr(particles, name) is not None and not getattr(known, name)
        }
        return particles.replace(**dropped) if dropped else particles

    def kinds(self, particles: Particles) -> Kinds:
        """The kinds that these marks tell apart.

        Args:
            particles: Frames.
        """
        number, labels = 1, np.zeros(len(particles.positions), np.int64)
        for column in (
            particles.types if self.types else None,
            particles.diameters if self.diameters else None,
        ):
            if column is not None:
                values, places = np.unique(column, return_inverse=True)
                joint = labels * len(values) + places.ravel()
                names, labels = np.unique(joint, return_inverse=True)
                number, labels = len(names), np.asarray(labels, np.int64).ravel()
        return Kinds(number, labels)

    def types_tell(self, particles: Particles) -> bool:
        """Whether types tell more about the particles than the rest of these marks.

        They do not if each diameter goes with one type.  Where diameters are too many to say so,
        as those of a continuous distribution, types are taken to tell more.

        Args:
            particles: Frames.
        """
        if not self.types or particles.types is None:
            return False
        alone = Marks(types=False, diameters=self.diameters).kinds(particles).number
        if alone > _MOST_DIAMETERS:
            return bool((particles.types != particles.types[0]).any())
        return self.kinds(particles).number > alone


EVERY_MARK, NO_MARKS = Marks(), Marks(types=False, diameters=False)
