"""The entropy of continuous sites, for which nothing can be counted.

The smallest block is a single site.  Its differential entropy is estimated from the spacings of
the ordered states (Ebrahimi, Pflughoeft and Soofi, Stat. Probab. Lett. 20, 225 (1994),
https://doi.org/10.1016/0167-7152(94)90046-9).  If a common rotation of all angles leaves the
Hamiltonian unchanged, the entropy of an angle is log 2 pi exactly, and that of two angles is
log 2 pi plus the entropy of their difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np
from scipy.stats import differential_entropy

from ..base.errors import EstimateError
from ..geometry.cuts import Shape
from .counting import CountedBlock, Floats

__all__ = ["centred_angles", "free_angles", "site_block"]

_BINS = 200  # of the density from which influences are read
_LEAST_DENSITY = 1e-300


def site_block(values: Floats) -> CountedBlock:
    """The differential entropy of a continuous site, from all sites of all samples.

    Args:
        values: Angles in [0, 2 pi) or reals, shape `(n, *space)`, chain after chain.

    Returns:
        The entropy in nats, relative to the unit of the values; log 2 pi for uniform angles.

    Raises:
        EstimateError: The states are (nearly) all equal: a differential entropy has no lower
            limit.

    Example:
        >>> angles = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(64, 16, 16))
        >>> round(site_block(angles).entropy, 1)  # log 2 pi = 1.84
        1.8
    """
    middle = len(values) // 2
    whole = _spacing_entropy(values)
    halves = [_spacing_entropy(half) for half in (values[:middle], values[middle:])]
    residual = whole - float(np.mean(halves))
    density, edges = np.histogram(values, bins=_BINS, density=True)
    places = np.searchsorted(edges, values.reshape(len(values), -1), side="right") - 1
    log_density = np.log(np.maximum(density, _LEAST_DENSITY))
    influence = -log_density[np.clip(places, 0, _BINS - 1)].mean(axis=1)
    return CountedBlock(whole + residual, residual, abs(residual), influence, values.size)


def free_angles(values: Floats, shape: Shape, periodic: Sequence[bool]) -> CountedBlock:
    """The entropy of one or two neighbouring angles whose common direction is free.

    Args:
        values: Angles in [0, 2 pi), shape `(n, *space)`, chain after chain.
        shape: Sides of the block.
        periodic: Whether the boundary is periodic, for each axis.
    """
    uniform = np.log(2 * np.pi)
    if prod(shape) == 1:
        return CountedBlock(float(uniform), 0.0, 0.0, np.full(len(values), uniform), values.size)
    axis = 1 + shape.index(2)
    following = np.roll(values, -1, axis)
    if not periodic[axis - 1]:
        inside = range(values.shape[axis] - 1)
        values, following = (np.take(part, inside, axis) for part in (values, following))
    difference = site_block(centred_angles(following - values))
    return replace(
        difference, entropy=difference.entropy + uniform, influence=difference.influence + uniform
    )


def centred_angles(angles: Floats) -> Floats:
    """Rotate angles so that most are near the middle of [0, 2 pi).

    Spacings are biased where a range ends at high density.

    Args:
        angles: Angles in radians, any shape.
    """
    middle = np.arctan2(np.sin(angles).mean(), np.cos(angles).mean())
    centred: Floats = np.mod(angles - middle + np.pi, 2 * np.pi)
    return centred


def _spacing_entropy(values: Floats) -> float:
    with np.errstate(divide="ignore"):
        entropy = float(differential_entropy(values.ravel().astype(float), method="ebrahimi"))
    if not np.isfinite(entropy):
        raise EstimateError(
            "the states are equal or take few values, so that they have no density; "
            "read them as discrete states"
        )
    return entropy
