"""Single positions that differ: a frozen site or a broken bond in a large lattice.

The deviation of a position is compared with its error over units, or with the mean error of all
positions if that is larger: a frozen site has no error of its own.  The limit is that of Student's
t for as many positions and quantities as were compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from .fields import Field
from .units import Units

__all__ = ["Outlier", "outlier_of"]

_CHANCE = 1e-4  # of a false alarm, over all positions
_MARGIN = 1.2


@dataclass(frozen=True)
class Outlier:
    """The position that differs most in one local quantity.

    Args:
        name: The quantity.
        place: The position in words.
        sigmas: Its deviation from the mean of all positions, in standard errors.
        limit: Deviation that chance does not reach.
        count: Number of positions beyond the limit.
    """

    name: str
    place: str
    sigmas: float
    limit: float
    count: int = 0

    @property
    def certain(self) -> bool:
        """Whether the position differs by more than chance."""
        return self.sigmas > self.limit


def outlier_of(field: Field, units: Units) -> Outlier:
    """Find the position that differs most.

    Args:
        field: Means of a local quantity.
        units: The units of these means.

    Example:
        >>> from ..data.samples import Samples
        >>> from .fields import unit_fields
        >>> from .units import units_of
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(512, 16, 16))
        >>> spins[:, 3, 4] = 1
        >>> samples = Samples.from_array(spins, periodic=True)
        >>> units = units_of(samples)
        >>> outlier_of(unit_fields(samples, units)[0], units).place
        'position (3, 4)'
    """
    deviations = field.deviations
    if units.number < 3 or not deviations.any():
        return Outlier(field.name, "", 0.0, np.inf)
    variance = deviations.var(axis=0, ddof=1)
    error = np.sqrt(np.maximum(variance, variance.mean()) / units.number)
    sigmas = np.abs(deviations.mean(axis=0)) / np.maximum(error, 1e-300)
    worst = int(sigmas.argmax())
    limit = _MARGIN * float(student.isf(_CHANCE / (2 * sigmas.size), units.number - 1))
    count = int((sigmas > limit).sum())
    return Outlier(field.name, _place(field, worst), float(sigmas[worst]), limit, count)


def _place(field: Field, index: int) -> str:
    if field.pairs is not None:
        return "sites {} and {}".format(*field.pairs[index].tolist())
    position = np.unravel_index(index, field.means.shape[1:])
    return f"position ({', '.join(map(str, position))})"
